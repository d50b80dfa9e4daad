// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is staged of an extent that is written in place is written there, as its
 * owner, and then the extent gets another generation, which drops its slots: no
 * rows are needed and nothing else of it is read or written.
 *
 * Their records are durable before the first of it is written. So whatever a
 * crash leaves half written, or on some copies only, lies under slots, and a
 * recovery comes here again. The commit that drops them flushes what was
 * written before (I3), and the slots are not reused before it is durable (I4).
 */
#include <linux/blkdev.h>
#include <linux/slab.h>

#include "commit.h"
#include "extent_lock.h"
#include "group.h"
#include "leg.h"
#include "preserve.h"
#include "repair.h"
#include "stage_io.h"
#include "stripe.h"
#include "write.h"

struct apply {
	struct couche_pool *pool;
	struct couche_map_page *page;
	struct couche_entry *entry;
	struct couche_stripe_id id;
	struct couche_stripe *stripe;
	u32 lost;			/* granules that no meta leg has */
};

/* One that is lost is not in memory either. */
static bool is_merged(const struct apply *a, u32 granule)
{
	struct couche_stage_hit hit;

	return couche_stage_find(a->pool->stage, a->id.volume, a->id.extent, granule, &hit) &&
	       !hit.unreadable;
}

/**
 * couche_stage_make_durable() - Have all that is staged of an extent recorded
 * @pool: a pool with a data journal
 * @volume: id of the volume
 * @extent: its extent, the caller's own
 *
 * Context: process; sleeps for a commit, not inside io_gate.
 * Return: 0, or the error that stopped the metadata.
 */
int couche_stage_make_durable(struct couche_pool *pool, u32 volume, couche_extent_t extent)
{
	struct couche_commit *c = &pool->commit;

	/* A commit under way may have recorded them, and not be over. */
	if (!couche_stage_has_fresh(pool->stage, volume, extent) &&
	    READ_ONCE(c->durable_id) == READ_ONCE(c->open_id))
		return 0;
	return couche_commit_all(pool);
}

/**
 * couche_stage_record_lost_locked() - Record what still lies over an extent that moved
 * @pool: a pool with a data journal
 * @volume: id of the volume
 * @extent: its extent, of which only lost slots are left
 *
 * Context: inside the commit section that moves it, begun with room for them.
 */
void couche_stage_record_lost_locked(struct couche_pool *pool, u32 volume,
				     couche_extent_t extent)
{
	u32 granule, granules = couche_stage_granules(pool);
	struct couche_stage *stage = pool->stage;
	struct couche_stage_hit hit;

	for (granule = 0; granule < granules; granule++)
		if (couche_stage_find(stage, volume, extent, granule, &hit))
			couche_commit_slot_locked(pool, hit.slot, &stage->slots[hit.slot].desc,
						  stage->map_pages[hit.slot / COUCHE_PAGE_STAGES]);
}

/* The granules that were staged, those that follow each other at once. */
static void submit_copy(struct apply *a, struct couche_leg *leg, sector_t to, unsigned int shard,
			struct couche_batch *batch)
{
	u32 granules = couche_stage_granules(a->pool), first, end;
	size_t len;

	for (first = 0; first < granules; first = end + 1) {
		for (end = first; end < granules && is_merged(a, end); end++)
			;
		len = (size_t)(end - first) << COUCHE_BLOCK_SHIFT;
		if (len)
			couche_leg_submit(leg, REQ_OP_WRITE,
					  to + (sector_t)first * COUCHE_BLOCK_SECTORS,
					  a->stripe->data + ((size_t)first << COUCHE_BLOCK_SHIFT),
					  len, batch, shard);
	}
}

static int write_copies(struct apply *a)
{
	struct couche_group *group = couche_group_find(a->pool, a->id.place.group);
	u32 row = from_couche_row(a->id.place.row), tried = 0, failed;
	struct couche_batch batch;
	struct blk_plug plug;
	unsigned int i;

	couche_batch_begin(&batch);
	batch.hold = couche_stripe_hold(a->stripe);
	blk_start_plug(&plug);
	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(a->pool, group, i);

		if (!couche_leg_writable(leg))
			continue;
		tried |= BIT(i);
		submit_copy(a, leg, couche_group_sector(a->pool, group, i, row), i, &batch);
	}
	blk_finish_plug(&plug);
	failed = couche_batch_wait(&batch);
	return couche_write_settle(a->pool, group, failed, tried & ~failed);
}

static int write_back(struct apply *a, bool urgent)
{
	int err;

	a->stripe = couche_stripe_get(a->pool, urgent);
	err = couche_stage_merge(a->pool, a->stripe, &a->id, &a->lost);
	if (!err && a->lost > COUCHE_COMMIT_SLOTS)
		err = -EIO;
	if (!err)
		err = write_copies(a);
	couche_stripe_put(a->pool, a->stripe);
	return err;
}

/* A repair that was to make its copies equal looks for the older generation. */
static void repair_again(struct apply *a)
{
	struct couche_group *group = couche_group_find(a->pool, a->id.place.group);

	a->id.place = couche_entry_place(a->entry);
	couche_repair_queue(a->pool->repair, &a->id,
			    couche_group_legs(group, GENMASK(group->desc.nr - 1, 0)));
}

/* The same place, and the caller still owns it. */
static int drop_slots(struct apply *a)
{
	u64 split = atomic64_read(&a->entry->word) & ENTRY_SPLIT;
	u32 generation = couche_commit_next_generation(a->pool);
	struct couche_place to;
	struct couche_free *kept;
	int err;

	kept = couche_preserve_drop(a->pool, a->id.volume, a->id.extent);
	err = couche_commit_begin_slots(a->pool, a->lost);
	if (err) {
		kfree(kept);
		return err;
	}
	to = couche_entry_place(a->entry);
	to.generation = generation;
	/* The note that copies may differ must not be believed before it is durable. */
	if (!(atomic64_read(&a->entry->word) & ENTRY_OPENED))
		to.flags &= ~COUCHE_EXTENT_OPEN;
	couche_extent_move_locked(a->page, a->id.extent, &to,
				  ENTRY_BUSY | split | (a->lost ? ENTRY_STAGED : 0));
	couche_commit_free_locked(a->pool, kept);
	couche_commit_end(a->pool);
	if (split)
		repair_again(a);
	return 0;
}

/**
 * couche_stage_apply_owned() - Write back what is staged of an extent
 * @page: the page of the map that the extent stands in
 * @extent: mapped, written in place, and the caller's own
 * @urgent: a bio waits
 *
 * When this succeeds nothing is staged of it but what is lost, and the caller
 * still owns it.
 *
 * Context: process; sleeps, not inside io_gate. Takes a stripe.
 * Return: 0; -EIO (also when more than COUCHE_COMMIT_SLOTS are lost), -ENOMEM,
 * -ETIMEDOUT, or the error that stopped the metadata: all that was staged still is.
 */
int couche_stage_apply_owned(struct couche_map_page *page, couche_extent_t extent, bool urgent)
{
	struct couche_volume *volume = page->volume;
	struct couche_pool *pool = volume->pool;
	struct couche_entry *entry = couche_volume_entry(page, extent);
	struct apply a = {
		.pool = pool,
		.page = page,
		.entry = entry,
		.id = {
			.volume = volume->desc.id,
			.extent = extent,
			.place = couche_entry_place(entry),
		},
	};
	int err;

	/* For writes that were let in before it was owned. */
	couche_pool_sync_io(pool);
	if (!couche_stage_count(pool->stage, a.id.volume, extent, 0, couche_stage_granules(pool))) {
		atomic64_andnot(ENTRY_STAGED, &entry->word);
		return 0;
	}
	err = couche_stage_make_durable(pool, a.id.volume, extent);
	if (!err)
		err = write_back(&a, urgent);
	return err ?: drop_slots(&a);
}

/**
 * couche_stage_apply() - Write back what is staged of an extent, if it is written in place
 * @volume: kept from being removed
 * @extent: its number
 *
 * Context: process; sleeps, not inside io_gate. Takes a stripe.
 * Return: as couche_stage_apply_owned(); -EBUSY owned by another, -ENODATA not
 * mapped, -EALREADY it is a stripe by now.
 */
int couche_stage_apply(struct couche_volume *volume, couche_extent_t extent)
{
	struct couche_pool *pool = volume->pool;
	struct couche_map_page *page = couche_volume_find_page(volume, extent);
	struct couche_entry *entry;
	int err;
	u64 word;

	if (!page)
		return -ENODATA;
	entry = couche_volume_entry(page, extent);
	if (!couche_extent_try_own(entry, &word))
		return -EBUSY;
	if (!(word & ENTRY_MAPPED))
		err = -ENODATA;
	else if (couche_pool_striped(pool, couche_entry_tier(word)))
		err = -EALREADY;
	else
		err = couche_stage_apply_owned(page, extent, false);
	couche_extent_disown(pool, entry);
	return err;
}
