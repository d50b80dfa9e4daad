// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to an extent that has no place to be written in: a first write, or a
 * write to a stripe. A stripe that is overwritten whole is not read. And writes
 * to what is staged, when they cannot be staged themselves.
 *
 * Data before map: what the write does not cover is zeroed and its data is
 * written before the map names the new rows. The worker owns the extent all
 * the while.
 */
#include <linux/bio.h>
#include <linux/slab.h>

#include "bounce.h"
#include "commit.h"
#include "extent_lock.h"
#include "group.h"
#include "group_alloc.h"
#include "io.h"
#include "leg.h"
#include "preserve.h"
#include "relocate.h"
#include "stage_io.h"
#include "trace.h"
#include "write.h"

struct provision {
	struct couche_io *io;
	struct couche_pool *pool;
	struct couche_map_page *page;
	struct couche_entry *entry;
	couche_extent_t extent;
	u64 word;			/* of the entry when we came to own it */
	struct couche_place to;
	struct couche_group *group;
	u32 epoch;			/* of the pool's legs when filling began */
	u32 failed;			/* copies that missed something */
	u32 written;
};

/* Landing tier first; a full one sends the write to the next that takes it. */
static int find_rows(struct provision *p, const char **why)
{
	int err = -ENOSPC;
	u8 tier;

	for (tier = p->pool->landing; err == -ENOSPC && tier < COUCHE_TIER_COLD; tier++)
		if (p->pool->super.profile[tier].k)
			err = couche_group_alloc(p->pool, tier, &p->to, why);
	if (!err)
		p->group = couche_group_find(p->pool, p->to.group);
	return err;
}

static int zero_range(struct provision *p, unsigned int shard, u32 from, u32 sectors)
{
	struct couche_leg *leg = couche_group_leg(p->pool, p->group, shard);
	sector_t base = couche_group_sector(p->pool, p->group, shard,
					    from_couche_row(p->to.row));

	return couche_leg_zero(leg, base + from, sectors);
}

/* Zero what the bio leaves of the extent, on every copy. */
static void zero_rest(struct provision *p)
{
	u32 from = couche_io_offset(p->io);
	u32 end = from + bio_sectors(couche_io_bio(p->io));
	u32 all = p->pool->super.extent_sectors;
	unsigned int i;

	for (i = 0; i < p->group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(p->pool, p->group, i);

		if (!couche_leg_writable(leg))
			continue;
		if (zero_range(p, i, 0, from) || zero_range(p, i, end, all - end))
			p->failed |= BIT(i);
		else
			p->written |= BIT(i);
	}
}

static int write_data(struct provision *p, unsigned int shard)
{
	sector_t sector = couche_group_sector(p->pool, p->group, shard,
					      from_couche_row(p->to.row)) +
			  couche_io_offset(p->io);

	return couche_bounce_write_wait(couche_group_leg(p->pool, p->group, shard), sector,
					couche_io_bio(p->io));
}

static int fill_rows(struct provision *p)
{
	unsigned int i;

	p->epoch = READ_ONCE(p->pool->epoch);
	smp_rmb();
	zero_rest(p);
	for (i = 0; i < p->group->desc.nr; i++)
		if ((p->written & BIT(i)) && write_data(p, i)) {
			p->written &= ~BIT(i);
			p->failed |= BIT(i);
		}
	return couche_write_settle(p->pool, p->group, p->failed, p->written);
}

static int publish(struct provision *p)
{
	struct couche_place from = couche_entry_place(p->entry);
	struct couche_free *old = NULL, *kept;
	int err;

	p->to.generation = couche_commit_next_generation(p->pool);
	if (p->group->desc.nr > 1)
		p->to.flags |= COUCHE_EXTENT_OPEN;
	if (from.flags & COUCHE_EXTENT_MAPPED) {
		old = couche_commit_free_alloc(&from);
		if (!old)
			return -ENOMEM;
	}
	kept = couche_preserve_drop(p->pool, p->io->volume->desc.id, p->extent);
	err = couche_commit_begin(p->pool);
	if (err) {
		kfree(old);
		kfree(kept);
		return err;
	}
	if (p->epoch != READ_ONCE(p->pool->epoch)) {
		/* A leg that was skipped has come back: fill it as well. */
		couche_commit_free_locked(p->pool, kept);
		couche_commit_end(p->pool);
		kfree(old);
		return -EAGAIN;
	}
	couche_extent_move_locked(p->page, p->extent, &p->to, 0);
	couche_commit_free_locked(p->pool, old);
	couche_commit_free_locked(p->pool, kept);
	couche_commit_end(p->pool);
	atomic64_inc(&p->io->volume->generation);
	couche_pool_kick(p->pool);
	return 0;
}

/* A leg came back in between: from the start, or else the error it is. */
static void end_or_retry(struct provision *p, int err)
{
	if (err == -EAGAIN)
		couche_io_resume(couche_io_bio(p->io));
	else
		couche_io_end(p->io, errno_to_blk_status(err));
}

/* As the extent's owner: find rows, fill them, publish them. */
static void place_write(struct provision *p)
{
	const char *why = "";
	int err;

	err = find_rows(p, &why);
	if (err)
		goto disown;
	err = fill_rows(p);
	if (!err)
		err = publish(p);
	if (err) {
		couche_group_put_rows(p->pool, p->to.group, p->to.row, p->to.rows);
		goto disown;
	}
	trace_couche_provision(p->io->volume->desc.id, p->extent, p->to.tier);
	couche_io_end(p->io, BLK_STS_OK);
	return;

disown:
	couche_extent_disown(p->pool, p->entry);
	end_or_retry(p, err);
}

/* As the extent's owner: move the stripe to where it can be written. */
static void promote(struct provision *p)
{
	struct couche_relocation r = {
		.volume = p->io->volume,
		.extent = p->extent,
		.tier = p->pool->landing,
		.flags = RELOCATE_OWNED | RELOCATE_URGENT,
	};
	int err = couche_relocate(&r);

	while (err == -ENOSPC && ++r.tier < COUCHE_TIER_COLD)
		if (p->pool->super.profile[r.tier].k)
			err = couche_relocate(&r);
	if (err) {
		couche_extent_disown(p->pool, p->entry);
		end_or_retry(p, err);
		return;
	}
	atomic64_inc(&p->io->volume->promotes);
	couche_io_resume(couche_io_bio(p->io));
}

/* Would readers not see what is written in place? */
static bool lies_under_slots(const struct provision *p)
{
	return (p->word & ENTRY_STAGED) &&
	       couche_stage_count(p->pool->stage, p->io->volume->desc.id, p->extent,
				  couche_io_offset(p->io) / COUCHE_BLOCK_SECTORS,
				  p->io->iter.bi_size >> COUCHE_BLOCK_SHIFT);
}

/*
 * As the extent's owner: write back what is staged of it, so that the write may
 * go in place, past the data journal. What is staged from here on came beside it.
 * What is lost of it stays over the extent: only a new place is not under that. Nor
 * does all of an extent need any slot, if they cannot be written back now.
 */
static void go_around(struct provision *p, bool data)
{
	int err = 0;

	if (p->word & ENTRY_STAGED)
		err = couche_stage_apply_owned(p->page, p->extent, true);
	if (err || lies_under_slots(p)) {
		if (data && couche_io_whole_extent(p->io)) {
			place_write(p);
			return;
		}
		err = err ?: -EIO;
	}
	if (p->word & ENTRY_STAGED)
		p->io->flags |= IO_AROUND;
	couche_extent_disown(p->pool, p->entry);
	if (err)
		couche_io_end(p->io, errno_to_blk_status(err));
	else
		couche_io_resume(couche_io_bio(p->io));
}

/**
 * couche_provision_work() - Give a write a place
 * @work: of a struct couche_io outside of io_gate
 *
 * Context: pool->io_wq; sleeps.
 */
void couche_provision_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	struct provision p = { .io = io, .pool = io->volume->pool };
	bool data = bio_op(couche_io_bio(io)) == REQ_OP_WRITE;
	const char *why = "";
	bool stripe;

	p.extent = couche_io_extent(io);
	p.page = couche_volume_page_get(io->volume,
					from_couche_extent(p.extent) / COUCHE_PAGE_EXTENTS,
					&why);
	if (IS_ERR(p.page)) {
		couche_io_end(io, errno_to_blk_status(PTR_ERR(p.page)));
		return;
	}
	p.entry = couche_volume_entry(p.page, p.extent);
	if (!couche_extent_try_own(p.entry, &p.word)) {
		couche_io_enter(io);
		couche_io_defer(io, &p.entry->word, ENTRY_BUSY | ENTRY_MOVING);
		return;
	}
	if (!(p.word & ENTRY_MAPPED) && !data) {
		/* Zeroes over nothing: somebody unmapped it meanwhile. */
		couche_extent_disown(p.pool, p.entry);
		couche_io_end(io, BLK_STS_OK);
		return;
	}
	stripe = couche_pool_striped(p.pool, couche_entry_tier(p.word));
	if (!(p.word & ENTRY_MAPPED) || (stripe && data && couche_io_whole_extent(io)))
		place_write(&p);
	else if (stripe)
		promote(&p);
	else
		go_around(&p, data);
}
