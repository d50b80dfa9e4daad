// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads. An extent that was never written reads as zeros; one with k = 1 and
 * no checksums is read where it lies, from any current copy; a stripe goes to
 * read_stripe.c. Where some of an extent is staged, stage_read.c sees to it.
 */
#include <linux/bio.h>

#include "bounce.h"
#include "flight.h"
#include "group.h"
#include "io.h"
#include "leg.h"
#include "stage_io.h"
#include "trace.h"

#define DM_MSG_PREFIX "couche-pool"

#define COPY_IN_ENDIO	(16U << 10)	/* more is copied by a worker */

/* Of a volume's read that is sent in its place. */
#define BOUNCE_STRIPPED	(REQ_NOWAIT | REQ_POLLED)

static bool is_stripe(const struct couche_pool *pool, u8 tier)
{
	return couche_pool_striped(pool, tier);
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
	if ((io->word & ENTRY_SPLIT) ||
	    ((io->word & ENTRY_OPEN) && READ_ONCE(io->volume->pool->resync_open)))
		first = 0;
	for (i = 0; i < nr; i++) {
		unsigned int shard = (first + i) % nr;
		struct couche_leg *leg = couche_group_leg(io->volume->pool, io->group, shard);

		if (!(io->tried & BIT(shard)) && couche_leg_current(leg) &&
		    !couche_flight_fenced(leg))
			return shard;
	}
	return -EIO;
}

/*
 * No copy is left to be asked. Who only reads ahead comes again, and where a leg
 * hangs, or did so when it was asked, nothing is known.
 */
static void note_lost(struct couche_io *io)
{
	struct couche_volume *volume = io->volume;
	unsigned int i;

	if ((couche_io_bio(io)->bi_opf & REQ_RAHEAD) || (io->flags & IO_LATE) ||
	    !(io->flags & IO_INSIDE) || !test_bit(POOL_ACTIVE, &volume->pool->flags))
		return;
	for (i = 0; i < io->group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(volume->pool, io->group, i);

		if (couche_leg_current(leg) && couche_flight_fenced(leg))
			return;
	}
	atomic64_inc(&volume->lost);
	DMERR_LIMIT("%s: volume %u extent %llu cannot be read", volume->pool->device,
		    volume->desc.id, from_couche_extent(couche_io_extent(io)));
}

/* What lies there has been read; what is staged comes over it. */
static void end_copy(struct couche_io *io)
{
	if (io->flags & IO_OVERLAY)
		couche_io_queue(io, couche_stage_overlay_work);
	else
		couche_io_end(io, BLK_STS_OK);
}

static void copy_out(struct couche_io *io)
{
	struct bio *bio = couche_io_bio(io);
	struct bvec_iter iter = io->iter;
	unsigned int left = iter.bi_size, i;

	for (i = 0; left; i++, left -= COUCHE_BLOCK_SIZE)
		couche_bounce_copy(bio, &iter, couche_bounce_block(io->bounce, i),
				   COUCHE_BLOCK_SIZE);
	couche_bounce_put(io->bounce);
	end_copy(io);
}

static void copy_out_work(struct work_struct *work)
{
	copy_out(container_of(work, struct couche_io, work));
}

/* The device is done with our pages, or has been given up. */
static void bounce_done(struct couche_bounce *bounce, void *private, blk_status_t status)
{
	struct couche_io *io = private;

	if (!status && io->iter.bi_size <= COPY_IN_ENDIO) {
		copy_out(io);
	} else if (!status) {
		couche_io_queue(io, copy_out_work);
	} else {
		couche_bounce_put(bounce);
		if (status == BLK_STS_TIMEOUT)
			io->flags |= IO_LATE;
		if (!couche_read_retry(io))
			couche_io_end(io, BLK_STS_IOERR);
	}
}

/*
 * Read a copy. Where there are others the device may be given up, so it reads
 * into pages of ours.
 */
static int read_copy(struct couche_io *io, unsigned int shard, gfp_t gfp)
{
	struct couche_pool *pool = io->volume->pool;
	struct couche_leg *leg = couche_group_leg(pool, io->group, shard);

	io->bounce = NULL;
	if (io->group->desc.nr > 1)
		io->bounce = couche_bounce_read(leg, couche_io_sector(io, shard),
						couche_io_bio(io)->bi_opf & ~BOUNCE_STRIPPED,
						io->iter.bi_size, gfp);
	if (!io->bounce)
		return couche_io_to_leg(io, shard);
	couche_io_own(io);
	io->leg = NULL;
	io->shard = shard;
	couche_bounce_send(io->bounce, bounce_done, io);
	return DM_MAPIO_SUBMITTED;
}

/**
 * couche_read_in_place() - Read from an extent that has no checksums
 * @io: inside io_gate, with word and group
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_*.
 */
int couche_read_in_place(struct couche_io *io)
{
	int shard = choose_copy(io);

	if (shard < 0) {
		note_lost(io);
		couche_io_leave(io);
		return DM_MAPIO_KILL;
	}
	return read_copy(io, shard, GFP_NOWAIT);
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

	page = couche_volume_page(io->volume, extent);
	if (!page)
		return read_zeros(io);
	entry = couche_volume_entry(page, extent);
	io->word = couche_entry_read(entry, &io->generation);
	if (!(io->word & ENTRY_MAPPED))
		return read_zeros(io);
	io->group = couche_group_find(io->volume->pool, couche_entry_group(io->word));
	if (io->word & ENTRY_STAGED)
		return couche_stage_read_map(io);
	return is_stripe(io->volume->pool, couche_entry_tier(io->word)) ?
	       couche_read_stripe_map(io) : couche_read_in_place(io);
}

static void read_retry_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	int shard;

	if (!(io->flags & IO_INSIDE)) {
		/* It was late, and the extent may have moved since: look again. */
		io->flags &= ~IO_OVERLAY;
		couche_io_resume(couche_io_bio(io));
		return;
	}
	shard = choose_copy(io);
	if (shard < 0) {
		note_lost(io);
		couche_io_end(io, BLK_STS_IOERR);
		return;
	}
	if (read_copy(io, shard, GFP_NOIO) == DM_MAPIO_REMAPPED)
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
	if (choose_copy(io) < 0) {
		note_lost(io);
		return 0;
	}
	couche_io_rearm(io);
	atomic64_inc(&io->volume->degraded_reads);
	trace_couche_read_retry(io->volume->desc.id, couche_io_extent(io), io->shard);
	couche_io_queue(io, read_retry_work);
	return 1;
}
