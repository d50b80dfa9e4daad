// SPDX-License-Identifier: GPL-2.0-only
/*
 * A checkpoint writes every map page that changed to the slot that does not
 * hold its newest version, and then moves the journal's tail.
 *
 * Pages are encoded first and the open batch is committed next, so that all a
 * page says is durable in the journal, with the data it points at, before the
 * page is written. A crash in between leaves pages newer than the tail. They do
 * not count: a recovery takes those that the superblock says made the checkpoint
 * before, none of which this one writes over, and replays the journal from there.
 */
#include <linux/bitmap.h>

#include "commit.h"
#include "core/page.h"
#include "group.h"
#include "leg.h"
#include "map_area.h"
#include "pool.h"
#include "stage.h"
#include "superblock.h"
#include "trace.h"
#include "volume.h"

struct checkpoint {
	struct couche_pool *pool;
	void *pages;
	u32 numbers[COUCHE_CHECKPOINT_PAGES];
	unsigned int nr;
	u64 sequence;
	u64 written;
};

static void encode_page_locked(struct couche_pool *pool, u32 number, void *block)
{
	struct couche_page_slot *slot = &pool->area.slots[number];

	switch (slot->type) {
	case COUCHE_PAGE_MAP:
		couche_volume_encode_map(slot->map, number, block);
		break;
	case COUCHE_PAGE_GROUP:
		couche_group_encode_page(pool, slot->index, number, block);
		break;
	case COUCHE_PAGE_VOLUME:
		couche_volume_encode_page(pool, slot->index, number, block);
		break;
	case COUCHE_PAGE_STAGE:
		couche_stage_encode_page(pool->stage, slot->index, number, block);
		break;
	default:
		couche_page_init(block, COUCHE_PAGE_FREE, 0, 0, number);
	}
}

/* Collect dirty pages from number on; returns where to go on. */
static u32 collect_pages(struct checkpoint *cp, u32 number)
{
	struct couche_pool *pool = cp->pool;

	for (cp->nr = 0; cp->nr < COUCHE_CHECKPOINT_PAGES; number++) {
		void *block = cp->pages + ((size_t)cp->nr << COUCHE_BLOCK_SHIFT);

		spin_lock_irq(&pool->commit.lock);
		number = find_next_bit(pool->area.dirty, pool->area.nr, number);
		if (number >= pool->area.nr) {
			spin_unlock_irq(&pool->commit.lock);
			break;
		}
		__clear_bit(number, pool->area.dirty);
		encode_page_locked(pool, number, block);
		spin_unlock_irq(&pool->commit.lock);
		couche_page_seal(block, cp->sequence, pool->seed);
		cp->numbers[cp->nr++] = number;
	}
	return number;
}

static int write_pages(struct checkpoint *cp)
{
	struct couche_pool *pool = cp->pool;
	struct couche_batch batch;
	unsigned int i;
	u64 failed;
	u32 l;

	couche_batch_begin(&batch);
	for (l = 0; l < pool->nr_legs; l++) {
		struct couche_leg *leg = &pool->legs[l];

		if (leg->role != COUCHE_ROLE_META || !couche_leg_writable(leg))
			continue;
		for (i = 0; i < cp->nr; i++) {
			u32 number = cp->numbers[i];
			u8 slot = pool->area.slots[number].slot ^ 1;

			couche_leg_submit(leg, REQ_OP_WRITE | REQ_META,
					  couche_map_area_sector(pool, number, slot),
					  cp->pages + ((size_t)i << COUCHE_BLOCK_SHIFT),
					  COUCHE_BLOCK_SIZE, &batch, l);
		}
	}
	failed = couche_batch_wait(&batch);
	for (i = 0; i < cp->nr; i++) {
		u32 number = cp->numbers[i];
		u8 slot = pool->area.slots[number].slot ^ 1;

		couche_map_area_set_version(pool, number, slot, cp->sequence);
	}
	cp->written += cp->nr;
	return failed ? couche_superblock_fail_legs(pool, failed) : 0;
}

static int flush_meta_legs(struct couche_pool *pool)
{
	struct couche_batch batch;
	u64 failed;
	u32 i;

	couche_batch_begin(&batch);
	for (i = 0; i < pool->nr_legs; i++)
		if (pool->legs[i].role == COUCHE_ROLE_META &&
		    couche_leg_writable(&pool->legs[i]))
			couche_leg_submit_flush(&pool->legs[i], &batch, i);
	failed = couche_batch_wait(&batch);
	return failed ? couche_superblock_fail_legs(pool, failed) : 0;
}

static void set_frozen(struct couche_pool *pool, bool frozen)
{
	struct couche_commit *c = &pool->commit;

	spin_lock_irq(&c->lock);
	c->frozen = frozen;
	spin_unlock_irq(&c->lock);
	wake_up_all(&c->wait);
	if (pool->stage)
		couche_stage_set_frozen(pool->stage, frozen);
}

/* No batch may begin that the ring could not hold. */
static bool ring_is_short(struct couche_pool *pool)
{
	u32 ring = pool->super.journal_blocks;
	u32 slots = pool->stage ? ring / COUCHE_STAGE_RING_SHARE : 0;

	return ring - pool->commit.used < 3 * COUCHE_COMMIT_BLOCKS + 2 * slots;
}

static int write_dirty(struct couche_pool *pool, bool frozen)
{
	struct couche_commit *c = &pool->commit;
	struct checkpoint cp = {
		.pool = pool,
		.pages = c->pages,
		.sequence = pool->super.checkpoint + 1,
	};
	struct couche_journal_tail tail = { .seq = c->seq, .pos = c->pos };
	u32 used = c->used;
	u32 number = 0;
	int err = 0;

	while (!err && number < pool->area.nr) {
		set_frozen(pool, frozen || ring_is_short(pool));
		number = collect_pages(&cp, number);
		if (!cp.nr)
			break;
		err = couche_commit_once(pool);
		if (!err)
			err = write_pages(&cp);
	}
	if (!err)
		err = flush_meta_legs(pool);
	tail.page_checkpoint = cp.sequence;
	tail.page_sum = pool->area.sum;
	if (!err)
		err = couche_superblock_checkpoint(pool, &tail);
	if (!err) {
		c->used -= used;
		c->checkpoints++;
	}
	trace_couche_checkpoint(cp.sequence, cp.written, err);
	return err;
}

/**
 * couche_checkpoint_write() - Write the dirty pages, move the journal's tail
 * @pool: the pool
 *
 * Context: commit worker only, right after a commit; sleeps.
 * Return: 0, or a negative errno: the old tail stands and stays valid, and the
 * metadata has failed, for pages count as written that are not.
 */
int couche_checkpoint_write(struct couche_pool *pool)
{
	int err = write_dirty(pool, false);

	set_frozen(pool, false);
	return err;
}

/*
 * With appenders frozen: all of it to the pages. Writes that have their slots may
 * still come to their end, and what a page says of them is committed before it
 * is written; so until no commit had anything to write.
 */
static int empty_journal(struct couche_pool *pool)
{
	int err;

	do {
		err = write_dirty(pool, true);
	} while (!err && pool->commit.used);
	return err;
}

/* New pages begin blank, where the journal was, which holds nothing now. */
static int zero_new_pages(struct couche_pool *pool, u32 map_pages)
{
	sector_t from = couche_map_area_sector(pool, pool->area.nr, 0);
	sector_t to = couche_map_area_sector(pool, map_pages, 0);
	u64 failed = 0;
	int err = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (leg->role == COUCHE_ROLE_META && couche_leg_writable(leg) &&
		    couche_leg_zero(leg, from, to - from))
			failed |= BIT_ULL(i);
	}
	if (failed)
		err = couche_superblock_fail_legs(pool, failed);
	return err ?: flush_meta_legs(pool);
}

static void adopt_slots(struct couche_pool *pool, struct couche_relayout *r)
{
	struct couche_map_area *area = &pool->area;

	spin_lock_irq(&pool->commit.lock);
	memcpy(r->slots, area->slots, area->nr * sizeof(*r->slots));
	bitmap_copy(r->dirty, area->dirty, area->nr);
	swap(r->slots, area->slots);
	swap(r->dirty, area->dirty);
	area->nr = r->change->map_pages;
	spin_unlock_irq(&pool->commit.lock);
}

/**
 * couche_checkpoint_relayout() - A larger map, and the journal behind it
 * @pool: the pool
 * @r: where to
 *
 * The journal is emptied first, so that what stands where the map grows is
 * not needed, and the superblock makes it all true at once. A crash before
 * leaves an empty journal in its old place.
 *
 * Context: commit worker only; sleeps.
 * Return: 0, and r->err is 0, or says why the old layout stands; a negative errno,
 * in both, when pages count as written that are not, as couche_checkpoint_write():
 * the metadata has failed.
 */
int couche_checkpoint_relayout(struct couche_pool *pool, struct couche_relayout *r)
{
	struct couche_commit *c = &pool->commit;
	int err;

	set_frozen(pool, true);
	err = couche_commit_once(pool);
	if (!err)
		err = empty_journal(pool);
	r->err = err;
	if (err)
		goto out;
	r->err = zero_new_pages(pool, r->change->map_pages);
	if (r->err)
		goto out;
	r->change->journal_seq = c->seq + COUCHE_JOURNAL_JUMP;
	r->err = couche_superblock_change(pool, r->change);
	if (r->err)
		goto out;
	c->seq = r->change->journal_seq;
	c->pos = 0;
	adopt_slots(pool, r);
out:
	set_frozen(pool, false);
	return err;
}

/**
 * couche_commit_next_generation() - A generation no extent ever had
 * @pool: the pool
 *
 * The superblock promises a range; half-way through, a checkpoint renews it,
 * and should that ever come too late, we wait for it.
 *
 * Context: process; sleeps.
 * Return: the generation.
 */
u32 couche_commit_next_generation(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;
	u32 generation, left;

	for (;;) {
		spin_lock_irq(&c->lock);
		left = READ_ONCE(pool->super.generation) - pool->generation;
		generation = pool->generation;
		if (left > 1 || c->error)
			pool->generation++;
		spin_unlock_irq(&c->lock);
		if (left < COUCHE_GENERATION_STEP / 2 && !READ_ONCE(c->want_checkpoint)) {
			WRITE_ONCE(c->want_checkpoint, true);
			queue_work(pool->commit_wq, &c->work);
		}
		if (left > 1 || READ_ONCE(c->error))
			return generation;
		couche_commit_checkpoint(pool);
	}
}
