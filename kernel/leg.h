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
 * without it.
 */
#ifndef COUCHE_LEG_H
#define COUCHE_LEG_H

#include <linux/atomic.h>
#include <linux/blk_types.h>
#include <linux/completion.h>
#include <linux/percpu.h>

#include "core/segmap.h"
#include "core/types.h"

struct couche_pool;

#define COUCHE_NO_ROLE	0xff	/* of a place in the leg table that is not in use */

struct couche_leg_counters {
	u64 reads;
	u64 writes;
};

struct couche_leg {
	struct couche_pool *pool;
	struct block_device *bdev;
	u32 index;
	u8 role;			/* enum couche_role, or COUCHE_NO_ROLE */
	u8 state;			/* enum couche_leg_state */
	u16 domain;
	u8 uuid[COUCHE_UUID_SIZE];
	u64 sectors;
	struct block_device *offered;	/* under config_lock */
	u8 offered_role;		/* what the table says */
	u16 offered_domain;
	u32 flags;			/* COUCHE_LEG_FLAG_*; set under super_lock */
	atomic64_t drain_left;		/* extents still to be moved away */
	atomic64_t drain_moved;
	int dirty;			/* written since its last flush */
	dev_t dev;			/* of the device it was last bound to */
	u32 epoch;			/* grows with every change of state */
	int fail_asked;			/* had too many errors, see fail_work */
	struct couche_segmap segments;	/* tier legs; under pool->alloc_lock */
	struct couche_leg_counters __percpu *counters;
	atomic_t read_errors;
	atomic_t write_errors;
	atomic_t csum_errors;
	atomic_t scrub_errors;		/* shards that scrubs found wrong */
	atomic_t repairs;		/* shards replaced because they were wrong */
};

/* Several bios in flight that one caller waits for. */
struct couche_batch {
	atomic_t pending;
	struct completion done;
	u64 failed;			/* bit per tag, set with set_bit() semantics */
};

int couche_leg_bios_init(struct couche_pool *pool);
int couche_leg_init(struct couche_leg *leg, struct couche_pool *pool, u32 index);
void couche_leg_destroy(struct couche_leg *leg);

void couche_batch_begin(struct couche_batch *batch);
u64 couche_batch_wait(struct couche_batch *batch);

void couche_leg_submit(struct couche_leg *leg, blk_opf_t opf, sector_t sector,
		       void *buf, size_t len, struct couche_batch *batch, unsigned int tag);
void couche_leg_submit_flush(struct couche_leg *leg, struct couche_batch *batch,
			     unsigned int tag);
int couche_leg_io(struct couche_leg *leg, blk_opf_t opf, sector_t sector, void *buf,
		  size_t len);
int couche_leg_zero(struct couche_leg *leg, sector_t sector, u32 sectors);

void couche_leg_note(struct couche_leg *leg, bool write);
void couche_leg_note_error(struct couche_leg *leg, bool write);
void couche_leg_check_errors(struct couche_leg *leg);

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
