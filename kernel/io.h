/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bio on its way through a volume: dm's per-bio data.
 *
 * Life of a bio: couche_io_map() (target_volume.c) looks at the operation and
 * hands it to read.c or write.c. Those either point it at a leg, and dm sends
 * it on, or keep it, do their work in a worker and end it with
 * couche_io_end(). Either way it comes by couche_io_done() once, where errors
 * are counted, mirrors are tried again and FUA waits for its commit.
 *
 * While IO_INSIDE is set the bio stands inside pool->io_gate, which keeps the
 * rows it uses from being reused. It is dropped before anything that waits
 * for a commit or for the owner of an extent; and when a leg does not answer
 * in time: then no rows there are reused until it has (couche_group_lost()).
 */
#ifndef COUCHE_IO_H
#define COUCHE_IO_H

#include <linux/device-mapper.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

#include "flight.h"
#include "volume.h"

struct couche_bounce;

enum couche_io_flag {
	IO_INSIDE	= 1 << 0,	/* inside io_gate */
	IO_ENDED	= 1 << 1,	/* status is final, only dm is left */
	IO_WATCHED	= 1 << 3,	/* flight is in use */
	IO_FUA		= 1 << 2,	/* came with REQ_FUA, which a leg without a cache strips */
	IO_OVERLAY	= 1 << 4,	/* what is staged is to be laid over what is read */
	IO_AROUND	= 1 << 5,	/* nothing of before it is staged: in place it may go */
	IO_LATE		= 1 << 6,	/* a copy was given up */
};

struct couche_io {
	struct couche_volume *volume;
	struct work_struct work;
	struct couche_leg *leg;		/* where dm sent it, or NULL */
	struct couche_group *group;
	struct couche_bounce *bounce;	/* read.c */
	struct llist_head late;		/* write.c: bounces that were given up */
	struct couche_flight flight;	/* while dm has it on its way to leg */
	struct bvec_iter iter;		/* as it came in */
	u64 word;			/* the entry as it was read */
	u32 generation;
	unsigned int side;		/* of the gate */
	u32 tried;			/* mirrors that failed it, a bit each */
	u8 shard;
	u8 flags;
	atomic_t pending;		/* clones in flight */
	atomic_t failed;		/* mirrors whose clone failed, a bit each */
};

/**
 * couche_io_of() - What we keep about a bio
 * @bio: of a volume
 *
 * Context: any.
 * Return: dm's per-bio data of it.
 */
static inline struct couche_io *couche_io_of(struct bio *bio)
{
	return dm_per_bio_data(bio, sizeof(struct couche_io));
}

/**
 * couche_io_bio() - The bio it is about
 * @io: what we keep
 *
 * Context: any.
 * Return: the bio.
 */
static inline struct bio *couche_io_bio(struct couche_io *io)
{
	return dm_bio_from_per_bio_data(io, sizeof(struct couche_io));
}

/**
 * couche_io_extent() - The extent a bio goes to
 * @io: the bio, which crosses none
 *
 * Context: any.
 * Return: its number.
 */
static inline couche_extent_t couche_io_extent(struct couche_io *io)
{
	return couche_volume_extent(io->volume, io->iter.bi_sector);
}

/**
 * couche_io_offset() - Where in its extent a bio begins
 * @io: the bio
 *
 * Context: any.
 * Return: sectors from the extent's start.
 */
static inline u32 couche_io_offset(struct couche_io *io)
{
	return io->iter.bi_sector & (io->volume->pool->super.extent_sectors - 1);
}

/**
 * couche_io_whole_extent() - Does a bio cover all of its extent?
 * @io: the bio
 *
 * Context: any.
 * Return: true when no byte of the extent stays.
 */
static inline bool couche_io_whole_extent(struct couche_io *io)
{
	return !couche_io_offset(io) &&
	       io->iter.bi_size >> SECTOR_SHIFT == io->volume->pool->super.extent_sectors;
}

/**
 * couche_io_own() - Send bios of our own in place of this one
 * @io: the bio, before it is cloned
 *
 * From here on it may wait; a clone that may not would look failed. And the
 * submitter of a polled bio polls that very bio: a clone that has to be polled
 * would never end.
 *
 * Context: any.
 */
static inline void couche_io_own(struct couche_io *io)
{
	couche_io_bio(io)->bi_opf &= ~(REQ_NOWAIT | REQ_POLLED);
}

void couche_io_enter(struct couche_io *io);
void couche_io_leave(struct couche_io *io);
int couche_io_queue(struct couche_io *io, work_func_t fn);
int couche_io_queue_outside(struct couche_io *io, work_func_t fn);
int couche_io_defer(struct couche_io *io, atomic64_t *word, u64 until);
int couche_io_wait_slots(struct couche_io *io, u32 nr);
sector_t couche_io_sector(struct couche_io *io, unsigned int shard);
int couche_io_to_leg(struct couche_io *io, unsigned int shard);
void couche_io_end(struct couche_io *io, blk_status_t status);
int couche_io_map(struct couche_io *io);
void couche_io_resume(struct bio *bio);
void couche_io_rearm(struct couche_io *io);
int couche_io_done(struct couche_io *io, blk_status_t *status);
void couche_io_deferred_work(struct work_struct *work);
void couche_io_hold_all(struct couche_pool *pool);
void couche_io_release_all(struct couche_pool *pool);

/* read.c */
int couche_read_map(struct couche_io *io);
int couche_read_retry(struct couche_io *io);
int couche_read_in_place(struct couche_io *io);
/* read_stripe.c */
int couche_read_stripe_map(struct couche_io *io);
/* write.c */
int couche_write_map(struct couche_io *io);
int couche_write_in_place(struct couche_io *io, work_func_t copies);
/* unmap.c: discard and write-zeroes */
int couche_unmap_map(struct couche_io *io);
/* provision.c: writes that need a place first */
void couche_provision_work(struct work_struct *work);

#endif /* COUCHE_IO_H */
