/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pool holds of a leg; leg.h says what it means and who may change
 * it, and is for those who do something with one.
 */
#ifndef COUCHE_LEG_TYPES_H
#define COUCHE_LEG_TYPES_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "core/segmap.h"
#include "core/types.h"

struct block_device;
struct couche_pool;

#define COUCHE_NO_ROLE	0xff	/* of a place in the leg table that is not in use */

struct couche_leg_counters {
	u64 reads;
	u64 writes;
};

#define COUCHE_FLIGHT_BUCKETS	8

struct couche_flight_bucket {
	spinlock_t lock;
	struct list_head list;		/* of flights, oldest first */
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
	int fail_asked;			/* had too many errors or hangs, see fail_work */
	struct couche_flight_bucket flights[COUCHE_FLIGHT_BUCKETS];
	unsigned int orphans;		/* bios given up and not back; under orphan_lock */
	u32 life;			/* likewise; grows with each device it gets */
	bool spare;			/* when it was fenced, others could do without it */
	struct couche_segmap segments;	/* tier legs; under pool->alloc_lock */
	struct couche_leg_counters __percpu *counters;
	atomic_t read_errors;
	atomic_t write_errors;
	atomic_t csum_errors;
	atomic_t scrub_errors;		/* shards that scrubs found wrong */
	atomic_t repairs;		/* shards replaced because they were wrong */
};

#endif /* COUCHE_LEG_TYPES_H */
