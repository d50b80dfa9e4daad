// SPDX-License-Identifier: GPL-2.0-only
#include "flight.h"

#include <linux/jiffies.h>

#include "pool.h"

/**
 * couche_flight_leg_init() - Nothing is on its way to a leg
 * @leg: the leg
 *
 * Context: process.
 */
void couche_flight_leg_init(struct couche_leg *leg)
{
	unsigned int i;

	for (i = 0; i < COUCHE_FLIGHT_BUCKETS; i++) {
		spin_lock_init(&leg->flights[i].lock);
		INIT_LIST_HEAD(&leg->flights[i].list);
	}
}

static void prepare(struct couche_flight *flight, struct couche_leg *leg,
		    const struct couche_flight_ops *ops, enum couche_patience patience)
{
	flight->ops = ops;
	flight->leg = leg;
	flight->bucket = NULL;
	flight->life = READ_ONCE(leg->life);
	flight->patience = patience;
	flight->refused = false;
	flight->given_up = false;
}

static void enlist(struct couche_flight *flight)
{
	unsigned long irq;

	flight->since = jiffies;
	flight->bucket = &flight->leg->flights[raw_smp_processor_id() % COUCHE_FLIGHT_BUCKETS];
	spin_lock_irqsave(&flight->bucket->lock, irq);
	list_add_tail(&flight->list, &flight->bucket->list);
	spin_unlock_irqrestore(&flight->bucket->lock, irq);
}

/* Is there nothing to do but wait, however long it takes? */
static bool waits(const struct couche_flight *flight)
{
	struct couche_pool *pool = flight->leg->pool;

	if (READ_ONCE(flight->leg->spare))
		return false;
	if (flight->patience == FLIGHT_BACKGROUND)
		return couche_pool_writable(pool) && !test_bit(POOL_HOLDING, &pool->flags);
	return flight->patience == FLIGHT_PATIENT;
}

/* Off its list; whether it was given up before. */
static bool delist(struct couche_flight *flight)
{
	unsigned long irq;
	bool late;

	if (!flight->bucket)
		return false;
	spin_lock_irqsave(&flight->bucket->lock, irq);
	late = flight->given_up;
	if (!late)
		list_del(&flight->list);
	spin_unlock_irqrestore(&flight->bucket->lock, irq);
	return late;
}

/**
 * couche_flight_begin() - A bio is about to be submitted
 * @flight: of the bio
 * @leg: where to
 * @ops: what follows
 * @patience: when to give it up
 *
 * Context: any that submits bios.
 * Return: false when the leg is fenced: ops->end() has been called, for what was
 * refused, and the bio must not be submitted.
 */
bool couche_flight_begin(struct couche_flight *flight, struct couche_leg *leg,
			 const struct couche_flight_ops *ops, enum couche_patience patience)
{
	prepare(flight, leg, ops, patience);
	refcount_set(&flight->holders, 2);
	if (couche_flight_fenced(leg) && !waits(flight)) {
		flight->refused = true;
		couche_flight_put(flight);
		ops->end(flight, BLK_STS_IOERR);
		return false;
	}
	if (patience != FLIGHT_FOREVER && READ_ONCE(leg->pool->leg_timeout))
		enlist(flight);
	return true;
}

/**
 * couche_flight_put() - Let go of a flight
 * @flight: held by the caller
 *
 * Context: any.
 */
void couche_flight_put(struct couche_flight *flight)
{
	if (refcount_dec_and_test(&flight->holders))
		flight->ops->free(flight);
}

/* The last orphan of a leg takes the fence down. */
static void orphan_back(struct couche_leg *leg, u32 life)
{
	struct couche_pool *pool = leg->pool;
	unsigned long irq;

	spin_lock_irqsave(&pool->orphan_lock, irq);
	if (life == leg->life) {
		WRITE_ONCE(leg->orphans, leg->orphans - 1);
		if (!leg->orphans)
			WRITE_ONCE(leg->fail_asked, 0);
	}
	/* Whoever waits may free the pool as soon as the lock is free. */
	if (!--pool->orphans)
		wake_up(&pool->orphan_wait);
	spin_unlock_irqrestore(&pool->orphan_lock, irq);
}

/**
 * couche_flight_land() - A bio has ended
 * @flight: of the bio; not to be looked at afterwards
 * @status: outcome
 *
 * Context: any, also interrupt.
 */
void couche_flight_land(struct couche_flight *flight, blk_status_t status)
{
	const struct couche_flight_ops *ops = flight->ops;
	struct couche_leg *leg = flight->leg;
	u32 life = flight->life;
	bool late = delist(flight);

	/* If late, this may free it; if not, the one who waits holds it. */
	couche_flight_put(flight);
	if (late)
		orphan_back(leg, life);
	else
		ops->end(flight, status);
}

/**
 * couche_flight_watch() - A bio that is not ours is about to be submitted
 * @flight: of the bio
 * @leg: where to
 * @ops: late() counts
 *
 * Context: any that submits bios, in a pool with a leg_timeout.
 */
void couche_flight_watch(struct couche_flight *flight, struct couche_leg *leg,
			 const struct couche_flight_ops *ops)
{
	prepare(flight, leg, ops, FLIGHT_USUAL);
	enlist(flight);
}

/**
 * couche_flight_unwatch() - It has come back
 * @flight: that was watched
 *
 * Context: any, also interrupt.
 */
void couche_flight_unwatch(struct couche_flight *flight)
{
	if (delist(flight))
		orphan_back(flight->leg, flight->life);
}

static bool overdue(const struct couche_flight *flight)
{
	return time_after_eq(jiffies, flight->since + READ_ONCE(flight->leg->pool->leg_timeout));
}

/**
 * couche_flight_overdue() - Has a leg not answered in time?
 * @leg: the leg
 *
 * Context: process.
 * Return: whether a bio is older than leg_timeout.
 */
bool couche_flight_overdue(struct couche_leg *leg)
{
	struct couche_flight *flight;
	bool any = false;
	unsigned int i;

	for (i = 0; i < COUCHE_FLIGHT_BUCKETS && !any; i++) {
		struct couche_flight_bucket *bucket = &leg->flights[i];

		spin_lock_irq(&bucket->lock);
		flight = list_first_entry_or_null(&bucket->list, struct couche_flight, list);
		any = flight && overdue(flight);
		spin_unlock_irq(&bucket->lock);
	}
	return any;
}

static void give_up_locked(struct couche_flight *flight, struct list_head *given_up)
{
	struct couche_leg *leg = flight->leg;

	flight->given_up = true;
	/* The fence first: who was waited for by others shall not be missed before. */
	spin_lock(&leg->pool->orphan_lock);
	leg->pool->orphans++;
	if (flight->life == leg->life)
		WRITE_ONCE(leg->orphans, leg->orphans + 1);
	spin_unlock(&leg->pool->orphan_lock);
	if (flight->ops->late) {
		list_del(&flight->list);
		flight->ops->late(flight);
	} else {
		list_move_tail(&flight->list, given_up);
	}
}

/**
 * couche_flight_collect() - Give up what is overdue, and fence the leg
 * @leg: the leg; leg->spare says whether patient ones count
 * @given_up: those whose ops->end() the caller must call
 *
 * Those that are younger get their own time; new ones fail at once.
 *
 * Context: process.
 * Return: how many, also of those that were only watched.
 */
unsigned int couche_flight_collect(struct couche_leg *leg, struct list_head *given_up)
{
	struct couche_flight *flight, *next;
	unsigned int i, nr = 0;

	for (i = 0; i < COUCHE_FLIGHT_BUCKETS; i++) {
		struct couche_flight_bucket *bucket = &leg->flights[i];

		spin_lock_irq(&bucket->lock);
		list_for_each_entry_safe(flight, next, &bucket->list, list) {
			if (!overdue(flight))
				break;
			if (waits(flight))
				continue;
			give_up_locked(flight, given_up);
			nr++;
		}
		spin_unlock_irq(&bucket->lock);
	}
	return nr;
}

/**
 * couche_flight_new_device() - A leg gets another device
 * @leg: what its last one still has does not concern the new one
 *
 * Context: process.
 */
void couche_flight_new_device(struct couche_leg *leg)
{
	spin_lock_irq(&leg->pool->orphan_lock);
	leg->life++;
	WRITE_ONCE(leg->orphans, 0);
	WRITE_ONCE(leg->fail_asked, 0);
	spin_unlock_irq(&leg->pool->orphan_lock);
}

/**
 * couche_flight_wait_orphans() - Wait until the devices have given all bios back
 * @pool: the pool
 *
 * As long as it takes: the memory of the bios is ours, and their code.
 *
 * Context: process; sleeps.
 */
void couche_flight_wait_orphans(struct couche_pool *pool)
{
	spin_lock_irq(&pool->orphan_lock);
	wait_event_lock_irq(pool->orphan_wait, !pool->orphans, pool->orphan_lock);
	spin_unlock_irq(&pool->orphan_lock);
}
