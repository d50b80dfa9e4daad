/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sweep: a walk over all extents of a pool that goes on beside everything
 * else. Rebuilder, scrub, drain and reshape are sweeps; what they look for and do is
 * theirs.
 *
 * The worker (pool->control_wq) takes one page of the map at a time, sorts
 * what is wanted of it by where it lies, and sends a few visitors into
 * pool->relocate_wq, who take one extent after the other from this list; with
 * a rate one each, which the worker hands out when it is due. It returns when it is
 * paused, stopped or the pool is suspended, and goes on from its place later.
 * A visit holds its volume (couche_volume_get()), no lock.
 *
 * A sweep with an interval starts by itself so long after it ended, or after
 * its pool was activated; one that is paused does not.
 *
 * Orders and numbers are under sweep->lock; place and batch are the worker's.
 * Made with the pool, freed with it. A visit that fails is counted, and the
 * sweep goes on.
 */
#ifndef COUCHE_SWEEP_H
#define COUCHE_SWEEP_H

#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core/page.h"
#include "core/types.h"
#include "info.h"
#include "stripe.h"

struct couche_pool;
struct couche_sweep;
struct couche_volume;

/* An extent as it was when it was put on the list. */
struct couche_sweep_item {
	couche_extent_t extent;
	struct couche_place place;
};

struct couche_sweep_ops {
	u8 kind;			/* enum couche_sweep_kind */
	u8 ended;			/* state in which it ends, enum couche_sweep_state */
	/* Count what the next pass is for; false: that was all. */
	bool (*next_pass)(struct couche_sweep *sweep);
	/* Under sweep->lock: does not sleep. */
	bool (*wanted)(struct couche_sweep *sweep, const struct couche_place *place);
	int (*visit)(struct couche_sweep *sweep, struct couche_volume *volume,
		     const struct couche_sweep_item *item);
	/* All passes are over: is something left that has to wait? */
	bool (*waits)(struct couche_sweep *sweep);
	u64 (*rate)(void);		/* bytes a second where no order says so */
	void (*report)(struct couche_sweep *sweep);	/* in place of its event, or NULL */
};

struct couche_sweep_slot {
	struct work_struct work;
	struct couche_sweep *sweep;
	struct couche_sweep_item item;
	bool busy;
};

struct couche_sweep {
	struct couche_pool *pool;
	const struct couche_sweep_ops *ops;
	spinlock_t lock;
	struct couche_sweep_info info;
	bool again;			/* from the first pass on: something changed */
	wait_queue_head_t wait;
	struct delayed_work work;
	struct delayed_work timer;	/* starts it by itself, see couche_sweep_set_interval() */
	u32 interval;			/* seconds; 0: never */
	time64_t ended;			/* in seconds since boot: the last time, or when made */

	/* the worker's place */
	bool passing;
	int level;			/* the owner's: which pass this is */
	unsigned long skip_tiers;	/* the owner's: where there is no room, a bit each */
	u64 told;			/* the owner's: what the log said last; 0: nothing */
	unsigned int unavoidable[COUCHE_NR_TIERS];	/* the owner's: legs that must be lacked */
	u64 bytes_when_full;		/* moved when room ran out */
	unsigned long volume;
	u32 page;
	u64 next;			/* first place in the page not yet visited */
	ktime_t last;			/* when a visit was let go, 0: none since it began */
	ktime_t reported;
	unsigned int nr_busy;
	unsigned int nr_items;
	unsigned int cursor;		/* into items, under lock */
	struct couche_sweep_slot slots[COUCHE_STRIPES_BACKGROUND];
	struct couche_sweep_item items[COUCHE_PAGE_EXTENTS];
};

struct couche_sweep *couche_sweep_create(struct couche_pool *pool,
					 const struct couche_sweep_ops *ops);
void couche_sweep_free(struct couche_sweep *sweep);
void couche_sweep_kick(struct couche_sweep *sweep);
bool couche_sweep_goes_on(struct couche_sweep *sweep);
u64 couche_sweep_count(struct couche_sweep *sweep,
		       void (*each)(struct couche_sweep *sweep, const struct couche_place *place));
void couche_sweep_set_interval(struct couche_sweep *sweep, u32 seconds);
void couche_sweep_pause(struct couche_sweep *sweep);
void couche_sweep_unpause(struct couche_sweep *sweep);
int couche_sweep_relocate(struct couche_sweep *sweep, struct couche_volume *volume,
			  const struct couche_sweep_item *item, u32 flags, const char **why);
int couche_sweep_move(struct couche_sweep *sweep, struct couche_volume *volume,
		      const struct couche_sweep_item *item, const char *stays);
bool couche_sweep_room_made(struct couche_sweep *sweep);
bool couche_sweep_waits(struct couche_sweep *sweep, const char *what);
int couche_sweep_run(struct couche_sweep *sweep, enum couche_sweep_order order, u64 rate,
		     const char **why);
void couche_sweep_describe(struct couche_sweep *sweep, struct couche_sweep_info *info);

#endif /* COUCHE_SWEEP_H */
