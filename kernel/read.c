// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads. An extent that was never written reads as zeros; one with k = 1 and
 * no checksums is read where it lies, from any current copy; a stripe goes to
 * read_stripe.c.
 */
#include <linux/bio.h>

#include "group.h"
#include "io.h"
#include "leg.h"
#include "trace.h"

static bool is_stripe(const struct couche_pool *pool, u8 tier)
{
	return pool->geometry[tier].footers > 0;
}

static int read_zeros(struct couche_io *io)
{
	couche_io_leave(io);
	zero_fill_bio(couche_io_bio(io));
	io->flags |= IO_ENDED;
	bio_endio(couche_io_bio(io));
	return DM_MAPIO_SUBMITTED;
}

/* A current copy that has not failed this bio, starting at a place of its own. */
static int choose_copy(struct couche_io *io)
{
	unsigned int i, nr = io->group->desc.nr;
	unsigned int first = from_couche_extent(couche_io_extent(io)) % nr;

	/* Until they are made equal, the copy that the others will be made from. */
	if ((io->word & ENTRY_OPEN) && READ_ONCE(io->volume->pool->resync_open))
		first = 0;
	for (i = 0; i < nr; i++) {
		unsigned int shard = (first + i) % nr;
		struct couche_leg *leg = couche_group_leg(io->volume->pool, io->group, shard);

		if (!(io->tried & BIT(shard)) && couche_leg_current(leg))
			return shard;
	}
	return -EIO;
}

/**
 * couche_read_map() - A read comes in
 * @io: the bio, inside io_gate
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_*.
 */
int couche_read_map(struct couche_io *io)
{
	couche_extent_t extent = couche_io_extent(io);
	struct couche_map_page *page;
	struct couche_entry *entry;
	int shard;

	page = couche_volume_page(io->volume, extent);
	if (!page)
		return read_zeros(io);
	entry = couche_volume_entry(page, extent);
	io->word = couche_entry_read(entry, &io->generation);
	if (!(io->word & ENTRY_MAPPED))
		return read_zeros(io);
	io->group = couche_group_find(io->volume->pool, couche_entry_group(io->word));
	if (is_stripe(io->volume->pool, couche_entry_tier(io->word)))
		return couche_read_stripe_map(io);
	shard = choose_copy(io);
	if (shard < 0) {
		couche_io_leave(io);
		return DM_MAPIO_KILL;
	}
	return couche_io_to_leg(io, shard);
}

static void read_retry_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);

	int shard = choose_copy(io);

	if (shard < 0) {
		couche_io_end(io, BLK_STS_IOERR);
		return;
	}
	couche_io_to_leg(io, shard);
	submit_bio_noacct(couche_io_bio(io));
}

/**
 * couche_read_retry() - Read another copy
 * @io: a read that failed on io->shard
 *
 * Context: any, also interrupt.
 * Return: 1 when it is on its way again, 0 when there is no other copy.
 */
int couche_read_retry(struct couche_io *io)
{
	io->tried |= BIT(io->shard);
	if (choose_copy(io) < 0)
		return 0;
	couche_io_rearm(io);
	atomic64_inc(&io->volume->degraded_reads);
	trace_couche_read_retry(io->volume->desc.id, couche_io_extent(io), io->shard);
	couche_io_queue(io, read_retry_work);
	return 1;
}
