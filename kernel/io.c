// SPDX-License-Identifier: GPL-2.0-only
#include "io.h"

#include <linux/bio.h>
#include <linux/blkdev.h>

#include "bounce.h"
#include "commit.h"
#include "compat.h"
#include "core/heat.h"
#include "group.h"
#include "leg.h"
#include "stage_io.h"
#include "trace.h"

/**
 * couche_io_enter() - Keep what the bio is about to use
 * @io: the bio, outside of io_gate
 *
 * Context: any.
 */
void couche_io_enter(struct couche_io *io)
{
	io->side = couche_io_gate_enter(&io->volume->pool->io_gate);
	io->flags |= IO_INSIDE;
}

/**
 * couche_io_leave() - Let go of it; fine when it holds nothing
 * @io: the bio
 *
 * Context: any.
 */
void couche_io_leave(struct couche_io *io)
{
	if (io->flags & IO_INSIDE) {
		io->flags &= ~IO_INSIDE;
		couche_io_gate_leave(&io->volume->pool->io_gate, io->side);
	}
}

/**
 * couche_io_queue() - Go on in a worker
 * @io: the bio
 * @fn: what to do there
 *
 * Context: any.
 * Return: DM_MAPIO_SUBMITTED, for map functions to return.
 */
int couche_io_queue(struct couche_io *io, work_func_t fn)
{
	struct couche_pool *pool = io->volume->pool;
	bool inside = io->flags & IO_INSIDE;

	couche_io_own(io);
	INIT_WORK(&io->work, fn);
	/* Works outside may wait for those inside, never the other way round. */
	queue_work(inside ? pool->leg_wq : pool->io_wq, &io->work);
	return DM_MAPIO_SUBMITTED;
}

/*
 * Whoever is inside from now on is the caller: a bio that leaves in order to wait
 * must be seen where it waits before it is gone from here, or a suspend could
 * overlook it (couche_io_hold_all()). From there on it may end any moment.
 */
static unsigned int stand_in(struct couche_io *io)
{
	io->flags &= ~IO_INSIDE;
	return io->side;
}

/**
 * couche_io_queue_outside() - Leave io_gate, and go on in a worker
 * @io: the bio, inside io_gate
 * @fn: what to do there
 *
 * Context: any.
 * Return: DM_MAPIO_SUBMITTED, for map functions to return.
 */
int couche_io_queue_outside(struct couche_io *io, work_func_t fn)
{
	struct couche_pool *pool = io->volume->pool;
	unsigned int side = stand_in(io);

	couche_io_queue(io, fn);
	couche_io_gate_leave(&pool->io_gate, side);
	return DM_MAPIO_SUBMITTED;
}

/**
 * couche_io_defer() - Leave io_gate, and go on when the extent is free
 * @io: the bio, inside io_gate
 * @word: the extent's entry
 * @until: bits of it that must be clear
 *
 * Context: any.
 * Return: DM_MAPIO_SUBMITTED, for map functions to return.
 */
int couche_io_defer(struct couche_io *io, atomic64_t *word, u64 until)
{
	struct couche_pool *pool = io->volume->pool;
	unsigned int side = stand_in(io);

	couche_pool_defer(pool, couche_io_bio(io), word, until);
	couche_io_gate_leave(&pool->io_gate, side);
	return DM_MAPIO_SUBMITTED;
}

/**
 * couche_io_wait_slots() - Leave io_gate, and go on when there are slots
 * @io: the bio, inside io_gate
 * @nr: how many
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_SUBMITTED, for map functions to return.
 */
int couche_io_wait_slots(struct couche_io *io, u32 nr)
{
	struct couche_pool *pool = io->volume->pool;
	unsigned int side = stand_in(io);

	couche_stage_wait(pool->stage, couche_io_bio(io), nr);
	couche_io_gate_leave(&pool->io_gate, side);
	return DM_MAPIO_SUBMITTED;
}

/**
 * couche_io_sector() - Where the bio's data lies, k = 1
 * @io: inside io_gate, group and word set
 * @shard: which copy
 *
 * Context: any.
 * Return: first sector on the copy's leg.
 */
sector_t couche_io_sector(struct couche_io *io, unsigned int shard)
{
	return couche_group_sector(io->volume->pool, io->group, shard,
				   couche_entry_row(io->word)) +
	       couche_io_offset(io);
}

/* Others shall not wait for a device that hangs: nothing new is put there. */
static void io_late(struct couche_flight *flight)
{
	couche_io_leave(container_of(flight, struct couche_io, flight));
}

static const struct couche_flight_ops io_flight_ops = {
	.late = io_late,
};

/**
 * couche_io_to_leg() - Point the bio at a shard of its extent, k = 1
 * @io: inside io_gate, group and word set
 * @shard: which copy
 *
 * Context: any.
 * Return: DM_MAPIO_REMAPPED, for map functions to return.
 */
int couche_io_to_leg(struct couche_io *io, unsigned int shard)
{
	struct couche_pool *pool = io->volume->pool;
	struct bio *bio = couche_io_bio(io);

	io->leg = couche_group_leg(pool, io->group, shard);
	io->shard = shard;
	couche_leg_note(io->leg, op_is_write(bio_op(bio)));
	bio_set_dev(bio, io->leg->bdev);
	bio->bi_iter.bi_sector = couche_io_sector(io, shard);
	if (READ_ONCE(pool->leg_timeout)) {
		io->flags |= IO_WATCHED;
		couche_flight_watch(&io->flight, io->leg, &io_flight_ops);
	}
	return DM_MAPIO_REMAPPED;
}

/**
 * couche_io_end() - End a bio that dm does not have
 * @io: the bio
 * @status: outcome
 *
 * Context: any.
 */
void couche_io_end(struct couche_io *io, blk_status_t status)
{
	struct bio *bio = couche_io_bio(io);

	couche_io_leave(io);
	io->leg = NULL;
	bio->bi_status = status;
	bio_endio(bio);
}

/* Data alone is counted: what is discarded is not in use, let alone hot. */
static void note(struct couche_io *io)
{
	struct bio *bio = couche_io_bio(io);
	struct couche_volume *volume = io->volume;
	bool write = op_is_write(bio_op(bio));
	struct couche_map_page *page = couche_volume_page(volume, couche_io_extent(io));
	struct couche_volume_counters *c;

	if (!bio_has_data(bio))
		return;
	/* A bio out of an interrupt may make it miss one: they are statistics. */
	c = get_cpu_ptr(volume->counters);
	if (write) {
		c->writes++;
		c->written_sectors += bio_sectors(bio);
	} else {
		c->reads++;
		c->read_sectors += bio_sectors(bio);
	}
	put_cpu_ptr(volume->counters);
	if (page) {
		u32 i = from_couche_extent(couche_io_extent(io)) % COUCHE_PAGE_EXTENTS;

		couche_heat_note(&page->heat[i], write, couche_pool_heat_now());
	}
}

/* Inside io_gate; whoever keeps the bio decides how long. */
static int dispatch(struct couche_io *io)
{
	switch (bio_op(couche_io_bio(io))) {
	case REQ_OP_READ:
		return couche_read_map(io);
	case REQ_OP_WRITE:
		return couche_write_map(io);
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		return couche_unmap_map(io);
	default:
		couche_io_leave(io);
		return DM_MAPIO_KILL;
	}
}

/**
 * couche_io_map() - A bio comes in
 * @io: its sector counts from the start of the volume
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_*.
 */
int couche_io_map(struct couche_io *io)
{
	struct bio *bio = couche_io_bio(io);
	u32 left;

	/* Some kernels split discards and write-zeroes at the target's end only. */
	left = io->volume->pool->super.extent_sectors -
	       (bio->bi_iter.bi_sector & (io->volume->pool->super.extent_sectors - 1));
	if (bio_op(bio) == REQ_OP_READ)
		left = min_t(u32, left, COUCHE_BOUNCE_MAX_BYTES >> SECTOR_SHIFT);
	if (bio_sectors(bio) > left)
		dm_accept_partial_bio(bio, left);
	io->iter = bio->bi_iter;
	trace_couche_bio_map(io->volume->desc.id, bio, 0);
	if (bio->bi_opf & REQ_PREFLUSH) {
		io->flags |= IO_ENDED;
		couche_commit_bio(io->volume->pool, bio);
		return DM_MAPIO_SUBMITTED;
	}
	if (op_is_write(bio_op(bio)) && !couche_pool_writable(io->volume->pool))
		return DM_MAPIO_KILL;
	if (bio->bi_opf & REQ_FUA)
		io->flags |= IO_FUA;
	couche_io_enter(io);
	note(io);
	while (unlikely(test_bit(POOL_HOLDING, &io->volume->pool->flags))) {
		/* Out first: a bio that is kept may be gone the next moment. */
		couche_io_leave(io);
		if (couche_pool_hold(io->volume->pool, bio))
			return DM_MAPIO_SUBMITTED;
		couche_io_enter(io);
	}
	return dispatch(io);
}

/**
 * couche_io_resume() - Map a bio again that had waited
 * @bio: a volume's bio, kept since couche_io_map()
 *
 * Context: process.
 */
void couche_io_resume(struct bio *bio)
{
	struct couche_io *io = couche_io_of(bio);

	couche_io_enter(io);
	switch (dispatch(io)) {
	case DM_MAPIO_REMAPPED:
		submit_bio_noacct(bio);
		break;
	case DM_MAPIO_KILL:
		couche_io_end(io, BLK_STS_IOERR);
		break;
	}
}

/**
 * couche_io_rearm() - Make a bio that has come back fit to be sent again
 * @io: the bio
 *
 * Context: any.
 */
void couche_io_rearm(struct couche_io *io)
{
	struct bio *bio = couche_io_bio(io);

	bio->bi_iter = io->iter;
	bio->bi_status = BLK_STS_OK;
	/* Whoever split it below us has chained to it and is done. */
	bio_clear_flag(bio, BIO_CHAIN);
	atomic_set(&bio->__bi_remaining, 1);
}

/**
 * couche_io_done() - A bio has come back, from a leg or from ourselves
 * @io: the bio
 * @status: outcome so far; may be changed
 *
 * Context: any, also interrupt.
 * Return: DM_ENDIO_DONE, or DM_ENDIO_INCOMPLETE when it is not over.
 */
int couche_io_done(struct couche_io *io, blk_status_t *status)
{
	struct bio *bio = couche_io_bio(io);
	bool write = op_is_write(bio_op(bio));
	u32 life = io->leg ? READ_ONCE(io->leg->life) : 0;

	if (io->flags & IO_WATCHED) {
		/* First: until then the watchdog may change the flags as well. */
		couche_flight_unwatch(&io->flight);
		io->flags &= ~IO_WATCHED;
		life = io->flight.life;
	}
	if (*status == BLK_STS_AGAIN)
		goto leave;	/* no error: it would have had to wait */
	if (io->leg) {
		if (*status)
			couche_leg_note_error(io->leg, life, write);
		else if (write)
			couche_leg_set_dirty(io->leg);
	}
	if (*status && io->leg && !write && couche_read_retry(io))
		return DM_ENDIO_INCOMPLETE;
	if (!*status && (io->flags & IO_OVERLAY)) {
		couche_io_rearm(io);
		couche_io_queue(io, couche_stage_overlay_work);
		return DM_ENDIO_INCOMPLETE;
	}
leave:
	couche_io_leave(io);
	io->leg = NULL;
	if (write && !*status && (io->flags & (IO_FUA | IO_ENDED)) == IO_FUA &&
	    couche_commit_pending(io->volume->pool)) {
		io->flags |= IO_ENDED;
		couche_io_rearm(io);
		couche_commit_bio(io->volume->pool, bio);
		return DM_ENDIO_INCOMPLETE;
	}
	trace_couche_bio_done(io->volume->desc.id, bio, (__force int)*status);
	return DM_ENDIO_DONE;
}

static void resume_bios(struct couche_pool *pool, struct bio_list *list)
{
	struct bio_list bios;
	struct bio *bio;

	spin_lock_irq(&pool->deferred_lock);
	bios = *list;
	bio_list_init(list);
	spin_unlock_irq(&pool->deferred_lock);
	while ((bio = bio_list_pop(&bios)))
		couche_io_resume(bio);
}

/**
 * couche_io_deferred_work() - Send on the bios that waited for their extents
 * @work: pool->deferred_work
 *
 * Context: pool->io_wq; sleeps.
 */
void couche_io_deferred_work(struct work_struct *work)
{
	struct couche_pool *pool = container_of(work, struct couche_pool, deferred_work);

	resume_bios(pool, &pool->deferred);
}

/* Links of the longest chain of works that one bio goes through. */
#define IO_CHAIN	4

/* For slots of the data journal: the destager is at work. */
static bool writers_wait(struct couche_pool *pool)
{
	if (!pool->stage || bio_list_empty(&pool->stage->waiting))
		return false;
	schedule_timeout_uninterruptible(1);
	return true;
}

/**
 * couche_io_hold_all() - Keep new bios of all volumes, end the others
 * @pool: the pool, about to be suspended
 *
 * Context: process; sleeps.
 */
void couche_io_hold_all(struct couche_pool *pool)
{
	unsigned int i;

	set_bit(POOL_HOLDING, &pool->flags);
	do {
		for (i = 0; i < IO_CHAIN; i++) {
			couche_pool_sync_io(pool);
			flush_workqueue(pool->io_wq);
			flush_workqueue(pool->leg_wq);
		}
	} while (!bio_list_empty(&pool->deferred) || writers_wait(pool));
	couche_pool_sync_io(pool);
}

/**
 * couche_io_release_all() - Let the kept bios go on
 * @pool: the pool, resumed
 *
 * Context: process; sleeps.
 */
void couche_io_release_all(struct couche_pool *pool)
{
	spin_lock_irq(&pool->deferred_lock);
	clear_bit(POOL_HOLDING, &pool->flags);
	spin_unlock_irq(&pool->deferred_lock);
	resume_bios(pool, &pool->held);
	if (pool->stage)
		couche_stage_wake(pool->stage);
}
