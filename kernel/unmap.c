// SPDX-License-Identifier: GPL-2.0-only
/*
 * Discard and write-zeroes. An extent that is covered whole loses its place
 * and reads as zeros; part of one is zeroed where it lies, or, for a discard,
 * left alone.
 */
#include <linux/bio.h>
#include <linux/slab.h>

#include "commit.h"
#include "extent_lock.h"
#include "group.h"
#include "io.h"
#include "leg.h"
#include "preserve.h"
#include "trace.h"
#include "write.h"

static int unmap_owned(struct couche_io *io, struct couche_map_page *page,
		       struct couche_entry *entry)
{
	struct couche_pool *pool = io->volume->pool;
	struct couche_place from = couche_entry_place(entry);
	struct couche_place gone = {};
	struct couche_free *old, *kept;
	int err;

	if (!(from.flags & COUCHE_EXTENT_MAPPED)) {
		couche_extent_disown(pool, entry);
		return 0;
	}
	old = couche_commit_free_alloc(&from);
	/* What is dropped has to be freed. */
	kept = old ? couche_preserve_drop(pool, io->volume->desc.id, couche_io_extent(io)) : NULL;
	err = old ? couche_commit_begin(pool) : -ENOMEM;
	if (err) {
		kfree(old);
		kfree(kept);
		couche_extent_disown(pool, entry);
		return err;
	}
	couche_extent_move_locked(page, couche_io_extent(io), &gone, 0);
	couche_commit_free_locked(pool, old);
	couche_commit_free_locked(pool, kept);
	couche_commit_end(pool);
	atomic64_inc(&io->volume->generation);
	couche_pool_kick(pool);
	return 0;
}

static void unmap_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	couche_extent_t extent = couche_io_extent(io);
	struct couche_map_page *page = couche_volume_find_page(io->volume, extent);
	struct couche_entry *entry = couche_volume_entry(page, extent);
	u64 word;
	int err;

	if (!couche_extent_try_own(entry, &word)) {
		couche_io_enter(io);
		couche_io_defer(io, &entry->word, ENTRY_BUSY | ENTRY_MOVING);
		return;
	}
	err = unmap_owned(io, page, entry);
	trace_couche_unmap(io->volume->desc.id, couche_io_extent(io), err);
	couche_io_end(io, errno_to_blk_status(err));
}

/* Zero part of an extent that is written in place. */
static void zero_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	struct couche_pool *pool = io->volume->pool;
	u32 row = couche_entry_row(io->word);
	u32 failed = 0, written = 0;
	unsigned int i;
	int err;

	for (i = 0; i < io->group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, io->group, i);
		sector_t sector = couche_group_sector(pool, io->group, i, row);

		if (!couche_leg_writable(leg))
			continue;
		if (couche_leg_zero(leg, sector + couche_io_offset(io),
				    io->iter.bi_size >> SECTOR_SHIFT))
			failed |= BIT(i);
		else
			written |= BIT(i);
	}
	err = couche_write_settle_io(io, failed, written);
	couche_io_end(io, errno_to_blk_status(err));
}

static int end_now(struct couche_io *io)
{
	couche_io_end(io, BLK_STS_OK);
	return DM_MAPIO_SUBMITTED;
}

/**
 * couche_unmap_map() - A discard or write-zeroes comes in
 * @io: the bio, within one extent, inside io_gate
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_*.
 */
int couche_unmap_map(struct couche_io *io)
{
	struct couche_map_page *page;
	struct couche_entry *entry;
	bool zeroes = bio_op(couche_io_bio(io)) == REQ_OP_WRITE_ZEROES;

	page = couche_volume_page(io->volume, couche_io_extent(io));
	if (!page)
		return end_now(io);
	entry = couche_volume_entry(page, couche_io_extent(io));
	io->word = atomic64_read_acquire(&entry->word);
	if (!(io->word & (ENTRY_MAPPED | ENTRY_BUSY)))
		return end_now(io);
	if (couche_io_whole_extent(io))
		return couche_io_queue_outside(io, unmap_work);
	return zeroes ? couche_write_in_place(io, zero_work) : end_now(io);
}
