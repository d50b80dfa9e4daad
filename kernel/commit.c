// SPDX-License-Identifier: GPL-2.0-only
#include "commit.h"

#include <linux/blkdev.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core/journal.h"
#include "group.h"
#include "leg.h"
#include "map_area.h"
#include "pool.h"
#include "stage.h"
#include "superblock.h"
#include "trace.h"

static void *batch_block(struct couche_commit *c, unsigned int half, unsigned int i)
{
	return c->blocks + (((size_t)half * COUCHE_COMMIT_BLOCKS + i) << COUCHE_BLOCK_SHIFT);
}

static bool batch_has_room(struct couche_commit *c, unsigned int blocks)
{
	return !READ_ONCE(c->frozen) && READ_ONCE(c->nr) + blocks < COUCHE_COMMIT_BLOCKS;
}

/**
 * couche_commit_begin_slots() - Open a section that also changes what slots hold
 * @pool: the pool
 * @slots: so many records of slots will be added, COUCHE_COMMIT_SLOTS at most
 *
 * As couche_commit_begin(). All its records are in one commit.
 *
 * Context: process; sleeps until the open batch has room.
 * Return: 0, or a negative errno when the metadata failed: nothing is locked.
 */
int couche_commit_begin_slots(struct couche_pool *pool, u32 slots)
{
	u32 records = COUCHE_JOURNAL_PAYLOAD / sizeof(struct couche_disk_record_stage);
	struct couche_commit *c = &pool->commit;
	/* Without slots at most one new block is added. */
	unsigned int blocks = 1 + DIV_ROUND_UP(slots, records);

	BUILD_BUG_ON(2 + COUCHE_COMMIT_SLOTS * sizeof(struct couche_disk_record_stage) /
		     (COUCHE_JOURNAL_PAYLOAD - sizeof(struct couche_disk_record_stage)) >=
		     COUCHE_COMMIT_BLOCKS);

	for (;;) {
		int err;

		spin_lock_irq(&c->lock);
		err = couche_pool_writable(pool) ? c->error : -EROFS;
		if (!err && batch_has_room(c, blocks))
			return 0;
		spin_unlock_irq(&c->lock);
		if (err)
			return err;
		queue_work(pool->commit_wq, &c->work);
		wait_event(c->wait, batch_has_room(c, blocks) || READ_ONCE(c->error));
	}
}

/**
 * couche_commit_begin() - Open a section that changes the map
 * @pool: the pool
 *
 * Takes commit.lock. The section must be short, add at most three records and
 * end with couche_commit_end().
 *
 * Context: process; sleeps until the open batch has room.
 * Return: 0, or a negative errno when the metadata failed: nothing is locked.
 */
int couche_commit_begin(struct couche_pool *pool)
{
	return couche_commit_begin_slots(pool, 0);
}

static void *batch_next_block_locked(struct couche_commit *c)
{
	void *block = batch_block(c, c->half, c->nr++);

	couche_journal_begin(block);
	return block;
}

static void *batch_last_block_locked(struct couche_commit *c)
{
	return c->nr ? batch_block(c, c->half, c->nr - 1) : batch_next_block_locked(c);
}

/**
 * couche_commit_extent_locked() - Move an extent: in the map and in the journal
 * @pool: the pool
 * @volume: id of the volume whose extent it is
 * @map_page: the page its entry stands in
 * @extent: its number
 * @to: the new place; flags 0 unmaps it
 *
 * Context: inside a commit section.
 */
void couche_commit_extent_locked(struct couche_pool *pool, u32 volume, u32 map_page,
				 couche_extent_t extent, const struct couche_place *to)
{
	struct couche_commit *c = &pool->commit;

	lockdep_assert_held(&c->lock);
	if (!couche_journal_add_extent(batch_last_block_locked(c), volume, extent, to))
		couche_journal_add_extent(batch_next_block_locked(c), volume, extent, to);
	couche_map_area_set_dirty_locked(pool, map_page);
}

/**
 * couche_commit_group_locked() - Record a new group
 * @pool: the pool
 * @nr: its number
 * @desc: its segments
 * @map_page: the page its record stands in
 *
 * Context: inside a commit section.
 */
void couche_commit_group_locked(struct couche_pool *pool, couche_group_t nr,
				const struct couche_group_desc *desc, u32 map_page)
{
	struct couche_commit *c = &pool->commit;

	if (!couche_journal_add_group(batch_last_block_locked(c), nr, desc))
		couche_journal_add_group(batch_next_block_locked(c), nr, desc);
	couche_map_area_set_dirty_locked(pool, map_page);
}

/**
 * couche_commit_volume_locked() - Record a new, changed or removed volume
 * @pool: the pool
 * @id: volume id
 * @desc: its description; sectors 0 removes it and unmaps all it had
 * @map_page: the page its record stands in
 *
 * Context: inside a commit section.
 */
void couche_commit_volume_locked(struct couche_pool *pool, u32 id,
				 const struct couche_volume_desc *desc, u32 map_page)
{
	struct couche_commit *c = &pool->commit;

	if (!couche_journal_add_volume(batch_last_block_locked(c), id, desc))
		couche_journal_add_volume(batch_next_block_locked(c), id, desc);
	couche_map_area_set_dirty_locked(pool, map_page);
}

/**
 * couche_commit_slot_locked() - Record what a slot of the data journal now holds
 * @pool: the pool
 * @slot: its number
 * @desc: what it holds
 * @map_page: the page its record stands in
 *
 * Context: inside a commit section with room for it, couche_commit_begin_slots().
 */
void couche_commit_slot_locked(struct couche_pool *pool, u32 slot,
			       const struct couche_stage_desc *desc, u32 map_page)
{
	struct couche_commit *c = &pool->commit;

	if (!couche_journal_add_stage(batch_last_block_locked(c), slot, desc))
		couche_journal_add_stage(batch_next_block_locked(c), slot, desc);
	couche_map_area_set_dirty_locked(pool, map_page);
}

/**
 * couche_commit_free_alloc() - Prepare the freeing of an extent's rows
 * @place: where it lives
 *
 * Context: process; sleeps.
 * Return: for couche_commit_free_locked() or kfree(); NULL without memory.
 */
struct couche_free *couche_commit_free_alloc(const struct couche_place *place)
{
	struct couche_free *old = kmalloc(sizeof(*old), GFP_NOIO);

	if (old) {
		old->group = place->group;
		old->row = place->row;
		old->rows = place->rows;
	}
	return old;
}

/**
 * couche_commit_free_locked() - Free rows once this section is durable
 * @pool: the pool
 * @old: what to free, or NULL; owned by the commit from now on
 *
 * Context: inside a commit section.
 */
void couche_commit_free_locked(struct couche_pool *pool, struct couche_free *old)
{
	if (old)
		list_add_tail(&old->list, &pool->commit.frees);
}

/**
 * couche_commit_end() - Close a section
 * @pool: the pool
 *
 * Context: process.
 * Return: the batch it went into, for couche_commit_wait().
 */
u64 couche_commit_end(struct couche_pool *pool)
{
	u64 id = pool->commit.open_id;

	spin_unlock_irq(&pool->commit.lock);
	return id;
}

/**
 * couche_commit_wait() - Wait until a batch is durable
 * @pool: the pool
 * @id: from couche_commit_end()
 *
 * Context: process; sleeps.
 * Return: 0, or the error that stopped the metadata.
 */
int couche_commit_wait(struct couche_pool *pool, u64 id)
{
	struct couche_commit *c = &pool->commit;

	if (READ_ONCE(c->durable_id) > id)
		return 0;
	queue_work(pool->commit_wq, &c->work);
	wait_event(c->wait, READ_ONCE(c->durable_id) > id || READ_ONCE(c->error));
	return READ_ONCE(c->durable_id) > id ? 0 : READ_ONCE(c->error);
}

/**
 * couche_commit_all() - Make durable all that was acknowledged so far
 * @pool: the pool
 *
 * Context: process; sleeps.
 * Return: 0, or the error that stopped the metadata.
 */
int couche_commit_all(struct couche_pool *pool)
{
	return couche_commit_wait(pool, READ_ONCE(pool->commit.open_id));
}

/**
 * couche_commit_checkpoint() - Commit, then write all dirty map pages
 * @pool: the pool
 *
 * Context: process; sleeps.
 * Return: 0, or the error that stopped the metadata.
 */
int couche_commit_checkpoint(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;

	WRITE_ONCE(c->want_checkpoint, true);
	queue_work(pool->commit_wq, &c->work);
	flush_work(&c->work);
	return READ_ONCE(c->error);
}

/**
 * couche_commit_relayout() - Move map and journal on the meta legs
 * @pool: the pool, under config_lock and alloc_lock
 * @change: where to, and the leg that it is for
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM, -EIO: the pool is as it was, or has failed.
 */
int couche_commit_relayout(struct couche_pool *pool, struct couche_super_change *change)
{
	struct couche_relayout r = { .change = change, .err = -EIO };
	struct couche_commit *c = &pool->commit;
	unsigned int noio = memalloc_noio_save();

	r.slots = kvcalloc(change->map_pages, sizeof(*r.slots), GFP_KERNEL);
	r.dirty = kvcalloc(BITS_TO_LONGS(change->map_pages), sizeof(long), GFP_KERNEL);
	memalloc_noio_restore(noio);
	if (r.slots && r.dirty) {
		WRITE_ONCE(c->relayout, &r);
		queue_work(pool->commit_wq, &c->work);
		flush_work(&c->work);
		WRITE_ONCE(c->relayout, NULL);
	} else {
		r.err = -ENOMEM;
	}
	kvfree(r.slots);
	kvfree(r.dirty);
	return r.err;
}

/**
 * couche_commit_pending() - Is there a map change that is not durable yet?
 * @pool: the pool
 *
 * Context: any.
 * Return: true when a flush would have something to wait for.
 */
bool couche_commit_pending(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;

	/* Whoever sees the batch, or what is staged, emptied sees that it was closed. */
	return smp_load_acquire(&c->nr) || !couche_superblock_settled(pool) ||
	       (pool->stage && smp_load_acquire(&pool->stage->nr_fresh)) ||
	       READ_ONCE(c->durable_id) != READ_ONCE(c->open_id);
}

/**
 * couche_commit_bio() - End a FLUSH or FUA bio once everything is durable
 * @pool: the pool
 * @bio: a flush, or a write that has been done; ended with the outcome
 *
 * Context: any, also from endio.
 */
void couche_commit_bio(struct couche_pool *pool, struct bio *bio)
{
	struct couche_commit *c = &pool->commit;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	bio_list_add(&c->waiters, bio);
	spin_unlock_irqrestore(&c->lock, flags);
	queue_work(pool->commit_wq, &c->work);
}

/*
 * Data before map: everything written so far must be durable before a record
 * that points at it is. A leg that cannot flush may have lost writes; where
 * mirrors or parity cover for it the leg fails, elsewhere the pool does.
 */
static int flush_data_legs(struct couche_pool *pool)
{
	bool slots = pool->stage && xchg(&pool->stage->dirty, 0);
	struct couche_batch batch;
	u64 failed;
	u32 i;

	couche_batch_begin(&batch);
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (!couche_leg_writable(leg))
			continue;
		if (leg->role == COUCHE_ROLE_META ? slots : READ_ONCE(leg->dirty)) {
			xchg(&leg->dirty, 0);
			couche_leg_submit_flush(leg, &batch, i);
		}
	}
	failed = couche_batch_wait(&batch);
	return failed ? couche_superblock_fail_legs(pool, failed) : 0;
}

/* Write blocks of the closed half to one run of the ring on every meta leg. */
static unsigned int submit_run(struct couche_pool *pool, void *buf, u32 pos, unsigned int nr,
			       struct couche_batch *batch)
{
	sector_t sector = pool->super.journal_start + (sector_t)pos * COUCHE_BLOCK_SECTORS;
	unsigned int legs = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (leg->role != COUCHE_ROLE_META || !couche_leg_writable(leg))
			continue;
		legs += couche_leg_current(leg);
		couche_leg_submit(leg, REQ_OP_WRITE | REQ_FUA | REQ_SYNC | REQ_META, sector, buf,
				  (size_t)nr << COUCHE_BLOCK_SHIFT, batch, i);
	}
	return legs;
}

static int write_journal(struct couche_pool *pool, unsigned int half, unsigned int nr)
{
	struct couche_commit *c = &pool->commit;
	u32 ring = pool->super.journal_blocks;
	unsigned int first = min(nr, ring - c->pos);
	struct couche_batch batch;
	unsigned int i, legs;
	u64 failed;

	for (i = 0; i < nr; i++)
		couche_journal_seal(batch_block(c, half, i), c->seq + i, (c->pos + i) % ring,
				    i == nr - 1, pool->seed);
	couche_batch_begin(&batch);
	legs = submit_run(pool, batch_block(c, half, 0), c->pos, first, &batch);
	if (first < nr)
		submit_run(pool, batch_block(c, half, first), 0, nr - first, &batch);
	failed = couche_batch_wait(&batch);
	c->seq += nr;
	c->pos = (c->pos + nr) % ring;
	c->used += nr;
	if (!legs)
		return -EIO;
	return failed ? couche_superblock_fail_legs(pool, failed) : 0;
}

/* Fresh slots go into what room is left; true: more blocks are needed for them. */
static bool add_slots(struct couche_pool *pool, unsigned int half, unsigned int *nr, u32 *left)
{
	struct couche_commit *c = &pool->commit;

	while (*left && *nr < COUCHE_COMMIT_BLOCKS) {
		void *block = batch_block(c, half, *nr);
		bool any;

		couche_journal_begin(block);
		spin_lock_irq(&c->lock);
		any = couche_stage_seal_locked(pool->stage, block, left);
		spin_unlock_irq(&c->lock);
		*nr += any;
	}
	return *left;
}

/* The batch, and as many commits more as the slots need that were fresh then. */
static int write_batch(struct couche_pool *pool, unsigned int half, unsigned int nr, u32 slots)
{
	bool more;
	int err = 0;

	do {
		more = add_slots(pool, half, &nr, &slots);
		if (nr)
			err = write_journal(pool, half, nr);
		nr = 0;
	} while (!err && more);
	return err;
}

/*
 * With a data journal at a quarter of the ring: until the tail moves, up to two
 * commits of a whole batch and an eighth of the ring for slots follow, before
 * the checkpoint keeps everybody out.
 */
static bool needs_checkpoint(struct couche_pool *pool)
{
	return READ_ONCE(pool->commit.want_checkpoint) ||
	       pool->commit.used > pool->super.journal_blocks / (pool->stage ? 4 : 2);
}

static void end_waiters(struct bio_list *waiters, int err)
{
	struct bio *bio;

	while ((bio = bio_list_pop(waiters))) {
		if (err && !bio->bi_status)
			bio->bi_status = errno_to_blk_status(err);
		bio_endio(bio);
	}
}

/**
 * couche_commit_once() - Close the open batch and make it durable
 * @pool: the pool
 *
 * Context: commit worker only; sleeps.
 * Return: 0, or a negative errno, after which the pool takes no more writes.
 */
int couche_commit_once(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;
	struct bio_list waiters;
	unsigned int half, nr;
	LIST_HEAD(frees);
	LIST_HEAD(slots);
	u32 nr_slots = 0;
	u64 id;
	int err;

	spin_lock_irq(&c->lock);
	half = c->half;
	nr = c->nr;
	id = c->open_id++;
	c->half ^= 1;
	/* Pairs with couche_commit_pending(). */
	smp_store_release(&c->nr, 0);
	waiters = c->waiters;
	bio_list_init(&c->waiters);
	list_splice_init(&c->frees, &frees);
	if (pool->stage)
		nr_slots = couche_stage_close_locked(pool->stage, &slots);
	err = c->error;
	spin_unlock_irq(&c->lock);
	wake_up_all(&c->wait);

	trace_couche_commit(id, nr, c->seq);
	if (!err)
		err = flush_data_legs(pool);
	/* What was written without a leg, which had failed, must not be read from it. */
	if (!err)
		err = couche_superblock_settle(pool);
	if (!err)
		err = write_batch(pool, half, nr, nr_slots);
	/* Nor may a meta leg that failed, and did not get them, count for one that did. */
	if (!err)
		err = couche_superblock_settle(pool);

	spin_lock_irq(&c->lock);
	if (err)
		c->error = err;
	else
		c->durable_id = id + 1;
	c->commits++;
	list_splice_tail_init(&frees, err ? &c->frees : &c->durable_frees);
	spin_unlock_irq(&c->lock);
	if (err)
		couche_pool_fail(pool, "a commit could not be made durable");
	wake_up_all(&c->wait);
	end_waiters(&waiters, err);
	if (pool->stage)
		couche_stage_set_durable(pool->stage, &slots, err);
	if (!list_empty(&c->durable_frees) || couche_stage_has_durable(pool->stage))
		queue_work(pool->release_wq, &pool->release_work);
	return err;
}

static void commit_work(struct work_struct *work)
{
	struct couche_commit *c = container_of(work, struct couche_commit, work);
	struct couche_pool *pool = container_of(c, struct couche_pool, commit);
	struct couche_relayout *r;
	int err;

	err = couche_commit_once(pool);
	if (err || !couche_pool_writable(pool))
		return;
	if (needs_checkpoint(pool)) {
		WRITE_ONCE(c->want_checkpoint, false);
		err = couche_checkpoint_write(pool);
	}
	r = READ_ONCE(c->relayout);
	if (!err && r) {
		/* Once: the next run may come before whoever ordered it is awake. */
		WRITE_ONCE(c->relayout, NULL);
		err = couche_checkpoint_relayout(pool, r);
	}
	if (err) {
		spin_lock_irq(&c->lock);
		c->error = err;
		spin_unlock_irq(&c->lock);
		couche_pool_fail(pool, "a checkpoint could not be written");
		wake_up_all(&c->wait);
	}
}

/**
 * couche_commit_release_work() - Hand durably freed rows back to their groups
 * @work: pool->release_work
 *
 * Waits for the bios that may still be on their way to those rows. A worker of
 * its own, because a commit must not wait for a slow leg.
 */
void couche_commit_release_work(struct work_struct *work)
{
	struct couche_pool *pool = container_of(work, struct couche_pool, release_work);
	struct couche_commit *c = &pool->commit;
	struct couche_free *old, *next;
	LIST_HEAD(frees);

	spin_lock_irq(&c->lock);
	list_splice_init(&c->durable_frees, &frees);
	spin_unlock_irq(&c->lock);
	if (pool->stage)
		couche_stage_release(pool->stage);
	if (list_empty(&frees))
		return;
	couche_pool_sync_io(pool);
	list_for_each_entry_safe(old, next, &frees, list) {
		couche_group_put_rows(pool, old->group, old->row, old->rows);
		kfree(old);
	}
}

/**
 * couche_commit_reclaim() - Hurry the rows that are about to be free
 * @pool: the pool
 *
 * Freed rows come back with the next commit, which without a flush nobody may
 * have asked for.
 *
 * Context: process; sleeps, not inside io_gate.
 * Return: whether there were any.
 */
bool couche_commit_reclaim(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;
	bool any;

	spin_lock_irq(&c->lock);
	any = !list_empty(&c->frees) || !list_empty(&c->durable_frees);
	spin_unlock_irq(&c->lock);
	if (!any)
		return flush_work(&pool->release_work);
	if (couche_commit_all(pool))
		return false;
	queue_work(pool->release_wq, &pool->release_work);
	flush_work(&pool->release_work);
	return true;
}

/**
 * couche_commit_init() - Prepare the commit of a pool
 * @pool: the pool; its journal position is set by recovery
 *
 * Context: process; sleeps.
 * Return: 0, or -ENOMEM.
 */
int couche_commit_init(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;

	spin_lock_init(&c->lock);
	init_waitqueue_head(&c->wait);
	bio_list_init(&c->waiters);
	INIT_LIST_HEAD(&c->frees);
	INIT_LIST_HEAD(&c->durable_frees);
	INIT_WORK(&c->work, commit_work);
	c->blocks = vzalloc(2 * COUCHE_COMMIT_BLOCKS * COUCHE_BLOCK_SIZE);
	c->pages = vzalloc(COUCHE_CHECKPOINT_PAGES * COUCHE_BLOCK_SIZE);
	return c->blocks && c->pages ? 0 : -ENOMEM;
}

static void free_frees(struct list_head *frees)
{
	struct couche_free *old, *next;

	list_for_each_entry_safe(old, next, frees, list)
		kfree(old);
	INIT_LIST_HEAD(frees);
}

/**
 * couche_commit_destroy() - Free what couche_commit_init() took
 * @pool: the pool, quiet
 *
 * Context: process. Rows whose freeing never became durable are simply
 * forgotten: the bitmaps are rebuilt from the map at the next activation.
 */
void couche_commit_destroy(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;

	free_frees(&c->frees);
	free_frees(&c->durable_frees);
	vfree(c->blocks);
	vfree(c->pages);
}
