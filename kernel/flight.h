/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bio on its way to a leg that somebody may stop waiting for.
 *
 * A device that hangs cannot be made to give a bio back, and until it does it
 * may read and write the bio's memory. So two hold a flight: the device, until
 * the bio ends, and whoever waits for it; ops->free() gets it, with the bio
 * and its memory, when both have let go. ops->end() is called once: when the
 * bio has ended, on whatever context that is, or when the pool's watchdog has
 * given it up after leg_timeout, with BLK_STS_TIMEOUT. It lets go with
 * couche_flight_put(), at once or later.
 *
 * A leg with bios that were given up is fenced: it gets no others, they fail
 * at once, until all of those have come back. So nothing that was given up
 * can land on top of something newer; a leg is not restored before that
 * either, and the pool is not freed.
 *
 * A flight is FLIGHT_PATIENT when its failure would be the pool's: a flush, or a
 * write of metadata. It is given up only if the data can do without the leg. A
 * FLIGHT_BACKGROUND one reads what is to be moved, and is given up as well when the
 * pool is suspended or takes no changes any more: then nothing is moved.
 *
 * A bio that is not ours cannot be given up; but it can be watched:
 * couche_flight_watch() and couche_flight_unwatch(). When it is overdue its
 * leg is fenced, and ops->late() is called, under the bucket's lock.
 *
 * The list a flight stands on belongs to a bucket of its leg, under its lock,
 * which is the innermost of all. Nothing here fails or takes memory.
 */
#ifndef COUCHE_FLIGHT_H
#define COUCHE_FLIGHT_H

#include <linux/blk_types.h>
#include <linux/refcount.h>

#include "leg_types.h"

struct couche_flight;
struct couche_pool;

struct couche_flight_ops {
	void (*end)(struct couche_flight *flight, blk_status_t status);
	void (*free)(struct couche_flight *flight);
	void (*late)(struct couche_flight *flight);	/* of those that are watched only */
};

/* How long may it take? */
enum couche_patience {
	FLIGHT_USUAL,		/* leg_timeout */
	FLIGHT_PATIENT,		/* longer, if the data cannot do without the leg */
	FLIGHT_BACKGROUND,	/* likewise, as long as the pool goes on */
	FLIGHT_FOREVER,		/* as long as the device likes: its memory is not ours */
};

struct couche_flight {
	struct list_head list;
	const struct couche_flight_ops *ops;
	struct couche_leg *leg;
	struct couche_flight_bucket *bucket;	/* NULL: never given up */
	unsigned long since;			/* jiffies */
	u32 life;				/* of the leg */
	enum couche_patience patience;
	bool refused;				/* its leg was fenced: it was not sent */
	bool given_up;				/* under the bucket's lock */
	refcount_t holders;
};

void couche_flight_leg_init(struct couche_leg *leg);
bool couche_flight_begin(struct couche_flight *flight, struct couche_leg *leg,
			 const struct couche_flight_ops *ops, enum couche_patience patience);
void couche_flight_land(struct couche_flight *flight, blk_status_t status);
void couche_flight_put(struct couche_flight *flight);
void couche_flight_watch(struct couche_flight *flight, struct couche_leg *leg,
			 const struct couche_flight_ops *ops);
void couche_flight_unwatch(struct couche_flight *flight);

bool couche_flight_overdue(struct couche_leg *leg);
unsigned int couche_flight_collect(struct couche_leg *leg, struct list_head *given_up);
void couche_flight_new_device(struct couche_leg *leg);
void couche_flight_wait_orphans(struct couche_pool *pool);

/**
 * couche_flight_fenced() - Does its device still have bios that were given up?
 * @leg: the leg
 *
 * Context: any.
 * Return: true when new bios to it fail at once.
 */
static inline bool couche_flight_fenced(const struct couche_leg *leg)
{
	return READ_ONCE(leg->orphans);
}

#endif /* COUCHE_FLIGHT_H */
