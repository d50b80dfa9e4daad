// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to extents that have a place of their own kind: in place, to every
 * copy. A stripe is never changed: what is written to one goes to the data
 * journal (stage_write.c), and so does what is written to any extent of a volume
 * that asks for it. All else (no place yet, a stripe that is overwritten whole,
 * or where there is no data journal) goes to provision.c first.
 */
#include <linux/bio.h>

#include "bounce.h"
#include "commit.h"
#include "flight.h"
#include "group.h"
#include "io.h"
#include "leg.h"
#include "repair.h"
#include "stage_io.h"
#include "stripe.h"
#include "superblock.h"
#include "trace.h"
#include "write.h"

/**
 * couche_write_settle() - Decide about a write that some copies missed
 * @pool: the pool
 * @group: where it went, k = 1
 * @failed: bit per copy that failed
 * @written: bit per copy that succeeded
 *
 * The legs that missed it are failed, durably, before the write may count as
 * done: they must never be read as current again.
 *
 * Context: process; sleeps.
 * Return: 0, or -EIO when no copy took it, or none that is current: the last one
 * may have failed since the group was chosen.
 */
int couche_write_settle(struct couche_pool *pool, const struct couche_group *group,
			u32 failed, u32 written)
{
	int err = 0;

	if (!written)
		return -EIO;
	if (failed)
		err = couche_superblock_fail_legs(pool, couche_group_legs(group, failed));
	if (!err && !couche_group_keeps_write(pool, group, couche_group_legs(group, ~written)))
		err = -EIO;
	return err;
}

/*
 * A write failed, and of the copies that are current one may have it and another
 * not. What a read finds must not depend on which of them is asked: until a
 * repair has made new ones of the first, it is the first. A restart does the
 * same with all that is open.
 */
static void note_split(struct couche_io *io, u32 tried)
{
	struct couche_pool *pool = io->volume->pool;
	couche_extent_t extent = couche_io_extent(io);
	struct couche_map_page *page = couche_volume_page(io->volume, extent);
	struct couche_entry *entry = couche_volume_entry(page, extent);
	struct couche_stripe_id id = {
		.volume = io->volume->desc.id,
		.extent = extent,
		.place = couche_entry_place(entry),
	};

	WRITE_ONCE(pool->split, true);
	atomic64_or(ENTRY_SPLIT, &entry->word);
	couche_repair_queue(pool->repair, &id, couche_group_legs(io->group, tried));
}

/**
 * couche_write_settle_io() - Decide about a write in place that some copies missed
 * @io: inside io_gate, with its group
 * @failed: bit per copy that failed
 * @written: bit per copy that succeeded
 *
 * Context: process; sleeps.
 * Return: as couche_write_settle(); when it fails the copies are made equal, by
 * and by.
 */
int couche_write_settle_io(struct couche_io *io, u32 failed, u32 written)
{
	int err = couche_write_settle(io->volume->pool, io->group, failed, written);

	if (err && hweight32(failed | written) > 1)
		note_split(io, failed | written);
	return err;
}

static void late_landed(void *private)
{
	struct couche_io *io = private;

	if (atomic_dec_and_test(&io->pending))
		couche_io_end(io, BLK_STS_IOERR);
}

static void settle_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	u32 failed = atomic_read(&io->failed);

	if (!couche_write_settle_io(io, failed, io->tried & ~failed)) {
		couche_bounce_put_kept(&io->late, NULL, NULL, NULL);
		couche_io_end(io, BLK_STS_OK);
		return;
	}
	/*
	 * What was given up will land on a leg that stays in use, so the pages are
	 * not the writer's again before. Behind the fence nobody waits for it.
	 */
	couche_io_leave(io);
	atomic_set(&io->pending, 1);
	couche_bounce_put_kept(&io->late, &io->pending, late_landed, io);
	late_landed(io);
}

static void copies_put(struct couche_io *io)
{
	if (!atomic_dec_and_test(&io->pending))
		return;
	if (atomic_read(&io->failed) ||
	    !couche_group_keeps_write(io->volume->pool, io->group,
				      couche_group_legs(io->group, ~io->tried)))
		couche_io_queue(io, settle_work);
	else
		couche_io_end(io, BLK_STS_OK);
}

static u32 copy_on(const struct couche_group *group, const struct couche_leg *leg)
{
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++)
		if (group->desc.seg[i].leg == leg->index)
			return BIT(i);
	return 0;
}

static void copy_done(struct couche_bounce *bounce, void *private, blk_status_t status)
{
	struct couche_io *io = private;

	if (status)
		atomic_or(copy_on(io->group, couche_bounce_leg(bounce)), &io->failed);
	if (status == BLK_STS_TIMEOUT)
		couche_bounce_keep(bounce, &io->late);
	else
		couche_bounce_put(bounce);
	copies_put(io);
}

/* Send the bio's data to every copy of the place; couche_io_end() follows. */
static void write_copies(struct couche_io *io, u32 row)
{
	struct couche_pool *pool = io->volume->pool;
	unsigned int i;

	atomic_set(&io->pending, 1);
	atomic_set(&io->failed, 0);
	init_llist_head(&io->late);
	io->tried = 0;
	for (i = 0; i < io->group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, io->group, i);

		if (!couche_leg_writable(leg))
			continue;
		io->tried |= BIT(i);
		couche_bounce_write(leg, couche_group_sector(pool, io->group, i, row) +
					 couche_io_offset(io),
				    couche_io_bio(io), &io->pending, copy_done, io);
	}
	copies_put(io);
}

static void write_copies_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);

	write_copies(io, couche_entry_row(io->word));
}

/*
 * The first write to a mirrored extent since activation: note durably that
 * its copies may differ from now on, so that a crash has them made equal.
 */
static void open_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	struct couche_pool *pool = io->volume->pool;
	couche_extent_t extent = couche_io_extent(io);
	struct couche_map_page *page = couche_volume_find_page(io->volume, extent);
	struct couche_entry *entry = couche_volume_entry(page, extent);
	struct couche_place place;
	u32 generation;
	u64 word, batch;
	int err;

	err = couche_commit_begin(pool);
	if (err) {
		couche_io_end(io, errno_to_blk_status(err));
		return;
	}
	/* Set now, so that a page written meanwhile has it; believed below. */
	word = atomic64_fetch_or(ENTRY_OPEN, &entry->word);
	generation = entry->generation;
	if (word & ENTRY_MAPPED) {
		place = couche_entry_place(entry);
		couche_commit_extent_locked(pool, io->volume->desc.id, page->number, extent,
					    &place);
	} else {
		atomic64_andnot(ENTRY_OPEN, &entry->word);
	}
	batch = couche_commit_end(pool);
	err = couche_commit_wait(pool, batch);
	spin_lock_irq(&pool->commit.lock);
	/* It may have moved away and back to a copy that was kept, and not open. */
	if (!err && entry->generation == generation && (word & ENTRY_MAPPED) &&
	    (atomic64_read(&entry->word) & ENTRY_OPEN))
		atomic64_or(ENTRY_OPENED, &entry->word);
	spin_unlock_irq(&pool->commit.lock);
	if (err)
		couche_io_end(io, errno_to_blk_status(err));
	else
		couche_io_resume(couche_io_bio(io));
}

/*
 * Tell whoever copies this extent, or keeps a copy of it, that it changes;
 * false: look again.
 */
static bool mark_dirtied(struct couche_entry *entry, u64 word, u64 staged)
{
	u64 marked = (word & ~ENTRY_KEPT) | staged;

	if (word & ENTRY_MOVING)
		marked |= ENTRY_DIRTIED;
	return marked == word || atomic64_try_cmpxchg(&entry->word, (s64 *)&word, marked);
}

/*
 * Does a part of what is written in place go to the data journal? Wherever some
 * of the extent is there already, in any case: slots would lie over what is
 * newer.
 */
static bool is_journaled(const struct couche_io *io)
{
	const struct couche_volume *volume = io->volume;
	bool asked = READ_ONCE(volume->desc.flags) & COUCHE_VOLUME_JOURNAL_ALL;

	return (io->word & ENTRY_STAGED || (asked && volume->pool->stage)) &&
	       !(io->flags & IO_AROUND);
}

/* What becomes of a write to a mapped extent. */
enum way {
	WAY_IN_PLACE,
	WAY_JOURNAL,
	WAY_PROVISION,
};

static enum way choose_way(struct couche_io *io)
{
	const struct couche_pool *pool = io->volume->pool;

	if (couche_pool_striped(pool, couche_entry_tier(io->word)))
		return pool->stage && !couche_io_whole_extent(io) ? WAY_JOURNAL : WAY_PROVISION;
	if (likely(!is_journaled(io)))
		return WAY_IN_PLACE;
	if (!couche_io_whole_extent(io))
		return WAY_JOURNAL;
	return io->word & ENTRY_STAGED ? WAY_PROVISION : WAY_IN_PLACE;
}

static bool is_away(const struct couche_leg *leg)
{
	return !couche_leg_writable(leg) || couche_flight_fenced(leg);
}

/**
 * couche_write_in_place() - Change an extent where it lies, or see to it first
 * @io: inside io_gate
 * @copies: what to do in a worker when it may be changed; NULL: a plain write
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_*.
 */
int couche_write_in_place(struct couche_io *io, work_func_t copies)
{
	struct couche_pool *pool = io->volume->pool;
	struct couche_map_page *page = couche_volume_page(io->volume, couche_io_extent(io));
	struct couche_entry *entry;
	enum way way;

	if (!page)
		goto provision;
	entry = couche_volume_entry(page, couche_io_extent(io));
	do {
		io->word = couche_entry_read(entry, &io->generation);
		if (io->word & ENTRY_BUSY)
			return couche_io_defer(io, &entry->word, ENTRY_BUSY);
		if (!(io->word & ENTRY_MAPPED))
			goto provision;
		way = choose_way(io);
		if (way == WAY_PROVISION)
			goto provision;
	} while (!mark_dirtied(entry, io->word, way == WAY_JOURNAL ? ENTRY_STAGED : 0));

	io->group = couche_group_find(pool, couche_entry_group(io->word));
	if (io->group->desc.nr == 1 && !couche_pool_striped(pool, couche_entry_tier(io->word)) &&
	    is_away(couche_group_leg(pool, io->group, 0))) {
		couche_io_leave(io);
		return DM_MAPIO_KILL;
	}
	if (way == WAY_JOURNAL)
		return couche_stage_write_map(io);
	if (io->group->desc.nr == 1 && !copies)
		return couche_io_to_leg(io, 0);
	if (io->group->desc.nr == 1 || (io->word & ENTRY_OPENED))
		return couche_io_queue(io, copies ?: write_copies_work);
	return couche_io_queue_outside(io, open_work);

provision:
	return couche_io_queue_outside(io, couche_provision_work);
}

/**
 * couche_write_map() - A write comes in
 * @io: the bio, inside io_gate
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_*.
 */
int couche_write_map(struct couche_io *io)
{
	return couche_write_in_place(io, NULL);
}
