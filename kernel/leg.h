/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A leg: one block device of the pool, its state and its counters, and the
 * only place that submits bios of our own to devices.
 *
 * The device belongs to the pool's dm table, which holds it open; bdev is NULL
 * for a leg that is missing. A device the table names where the pool knows no
 * leg, or another device, is offered: it may become that leg by order. Legs
 * live as long as the pool. The state changes under pool->super_lock and is
 * read without a lock: a reader that sees the old state at worst sends one
 * more bio to a leg that is about to fail.
 *
 * Buffers are kernel virtual addresses (kmalloc or vmalloc), block aligned.
 * A failed bio is counted here; what follows from it is the caller's business.
 * After too many errors of any kind the leg is failed, where the others can do
 * without it; likewise when it does not answer within the pool's leg_timeout.
 * A bio is then given up (flight.h), and its buffer still belongs to the
 * device: what is written from lives as long as the pool, what is read into
 * needs a couche_hold.
 */
#ifndef COUCHE_LEG_H
#define COUCHE_LEG_H

#include <linux/blk_types.h>
#include <linux/completion.h>
#include <linux/workqueue.h>

#include "flight.h"
#include "leg_types.h"

struct couche_pool;

/*
 * Keeps buffers for a device that was given up: one hold for whoever made it,
 * one for each bio; free() is called in a worker.
 */
struct couche_hold {
	refcount_t refs;
	struct work_struct work;
	struct couche_pool *pool;
	void (*free)(struct couche_hold *hold);
};

/* Several bios in flight that one caller waits for. */
struct couche_batch {
	atomic_t pending;
	struct completion done;
	u64 failed;			/* bit per tag, set with set_bit() semantics */
	u64 abandoned;			/* likewise: reads that were given up */
	bool unanswered;		/* some were given up, or not sent for others that were */
	bool quiet;			/* an error is not the leg's */
	bool background;		/* reads are FLIGHT_BACKGROUND */
	struct couche_hold *hold;	/* of the buffers, or NULL */
};

int couche_leg_bios_init(struct couche_pool *pool);
int couche_leg_init(struct couche_leg *leg, struct couche_pool *pool, u32 index);
void couche_leg_destroy(struct couche_leg *leg);

void couche_hold_init(struct couche_hold *hold, struct couche_pool *pool,
		      void (*free)(struct couche_hold *hold));
void couche_hold_put(struct couche_hold *hold);

void couche_batch_begin(struct couche_batch *batch);
u64 couche_batch_wait(struct couche_batch *batch);

void couche_leg_submit(struct couche_leg *leg, blk_opf_t opf, sector_t sector,
		       void *buf, size_t len, struct couche_batch *batch, unsigned int tag);
void couche_leg_submit_flush(struct couche_leg *leg, struct couche_batch *batch,
			     unsigned int tag);
int couche_leg_read(struct couche_leg *leg, blk_opf_t opf, sector_t sector, void *buf,
		    size_t len);
int couche_leg_read_block(struct couche_leg *leg, sector_t sector, void *buf, bool quiet,
			  bool background);
int couche_leg_zero(struct couche_leg *leg, sector_t sector, u32 sectors);

void couche_leg_note(struct couche_leg *leg, bool write);
void couche_leg_note_error(struct couche_leg *leg, u32 life, bool write);
void couche_leg_note_flight_error(const struct couche_flight *flight, bool write);
void couche_leg_check_errors(struct couche_leg *leg);
void couche_leg_ask_to_fail(struct couche_leg *leg);

/**
 * couche_leg_writable() - Does it take writes, and so may hold something?
 * @leg: the leg
 *
 * Context: any.
 * Return: true when it has a device and is online or being restored.
 */
static inline bool couche_leg_writable(const struct couche_leg *leg)
{
	u8 state = READ_ONCE(leg->state);

	return READ_ONCE(leg->bdev) &&
	       (state == COUCHE_LEG_ONLINE || state == COUCHE_LEG_RESTORING);
}

/**
 * couche_leg_current() - Is what it holds current, also where no checksum could tell?
 * @leg: the leg
 *
 * Context: any.
 * Return: true when it has a device and is online.
 */
static inline bool couche_leg_current(const struct couche_leg *leg)
{
	return READ_ONCE(leg->bdev) && READ_ONCE(leg->state) == COUCHE_LEG_ONLINE;
}

/**
 * couche_leg_draining() - Is it to be emptied?
 * @leg: the leg
 *
 * Context: any.
 * Return: true when nothing new may be put there.
 */
static inline bool couche_leg_draining(const struct couche_leg *leg)
{
	return READ_ONCE(leg->flags) & COUCHE_LEG_FLAG_DRAINING;
}

/**
 * couche_leg_member() - Is this place of the leg table in use?
 * @leg: the leg
 *
 * Context: any.
 * Return: false for a leg that was removed or never added.
 */
static inline bool couche_leg_member(const struct couche_leg *leg)
{
	return READ_ONCE(leg->state) != COUCHE_LEG_NONE;
}

/**
 * couche_leg_set_dirty() - A write has ended that no flush made durable yet
 * @leg: the leg
 *
 * Context: any.
 */
static inline void couche_leg_set_dirty(struct couche_leg *leg)
{
	if (!READ_ONCE(leg->dirty))
		WRITE_ONCE(leg->dirty, 1);
}

#endif /* COUCHE_LEG_H */
