// SPDX-License-Identifier: GPL-2.0-only
#include "watchdog.h"

#include <linux/device-mapper.h>
#include <linux/jiffies.h>

#include "flight.h"
#include "group.h"
#include "leg.h"
#include "pool.h"

#define DM_MSG_PREFIX "couche-pool"

static bool other_meta(const struct couche_pool *pool, const struct couche_leg *leg)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		const struct couche_leg *other = &pool->legs[i];

		if (other != leg && other->role == COUCHE_ROLE_META &&
		    couche_leg_current(other) && !couche_flight_fenced(other))
			return true;
	}
	return false;
}

/* Can the data do without this leg? If in doubt, no. Under spare_lock. */
static bool is_spare(struct couche_pool *pool, struct couche_leg *leg)
{
	unsigned int gone = 0;
	u32 i;

	if (leg->role == COUCHE_NO_ROLE)
		return true;
	if (READ_ONCE(leg->state) != COUCHE_LEG_ONLINE)
		return true;
	if (leg->role == COUCHE_ROLE_META)
		return other_meta(pool, leg);
	for (i = 0; i < pool->nr_legs; i++) {
		const struct couche_leg *other = &pool->legs[i];

		gone += other != leg && other->role == leg->role &&
			(!couche_leg_current(other) || couche_flight_fenced(other));
	}
	return gone < couche_shape_least_m(pool, leg->role - COUCHE_ROLE_HOT) ||
	       couche_group_survives(pool, leg);
}

static void watch_leg(struct couche_pool *pool, struct couche_leg *leg)
{
	struct couche_flight *flight, *next;
	LIST_HEAD(given_up);
	unsigned int nr;

	if (!couche_flight_overdue(leg))
		return;
	mutex_lock(&pool->spare_lock);
	WRITE_ONCE(leg->spare, is_spare(pool, leg));
	nr = couche_flight_collect(leg, &given_up);
	mutex_unlock(&pool->spare_lock);
	if (!nr)
		return;
	DMWARN("%s: leg %u has not answered for %u ms: %u bios wait", pool->device,
	       leg->index, jiffies_to_msecs(READ_ONCE(pool->leg_timeout)), nr);
	/* The one who waits holds it until it ends. */
	list_for_each_entry_safe(flight, next, &given_up, list)
		flight->ops->end(flight, BLK_STS_TIMEOUT);
	if (test_bit(POOL_ACTIVE, &pool->flags))
		couche_leg_ask_to_fail(leg);
}

static void watch_work(struct work_struct *work)
{
	struct couche_pool *pool = container_of(work, struct couche_pool, watch_work.work);
	unsigned long timeout = READ_ONCE(pool->leg_timeout);
	u32 i;

	if (!timeout)
		return;
	for (i = 0; i < COUCHE_MAX_LEGS; i++)
		watch_leg(pool, &pool->legs[i]);
	queue_delayed_work(pool->watch_wq, &pool->watch_work, max(timeout / 8, 1UL));
}

/**
 * couche_watchdog_init() - Prepare the watchdog of a pool
 * @pool: the pool
 *
 * Context: process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int couche_watchdog_init(struct couche_pool *pool)
{
	spin_lock_init(&pool->orphan_lock);
	init_waitqueue_head(&pool->orphan_wait);
	INIT_DELAYED_WORK(&pool->watch_work, watch_work);
	pool->watch_wq = alloc_ordered_workqueue("couche_watch", WQ_MEM_RECLAIM | WQ_HIGHPRI);
	return pool->watch_wq ? 0 : -ENOMEM;
}

/**
 * couche_watchdog_set_timeout() - How long may a leg take to answer?
 * @pool: the pool
 * @seconds: 0: as long as it likes
 *
 * Counts for what is submitted from now on.
 *
 * Context: process.
 */
void couche_watchdog_set_timeout(struct couche_pool *pool, unsigned int seconds)
{
	WRITE_ONCE(pool->leg_timeout, seconds * HZ);
	if (seconds)
		mod_delayed_work(pool->watch_wq, &pool->watch_work, 1);
}

/**
 * couche_watchdog_destroy() - Stop the watchdog
 * @pool: quiet; couche_watchdog_init() may have failed
 *
 * Context: process; sleeps.
 */
void couche_watchdog_destroy(struct couche_pool *pool)
{
	if (!pool->watch_wq)
		return;
	WRITE_ONCE(pool->leg_timeout, 0);
	cancel_delayed_work_sync(&pool->watch_work);
	destroy_workqueue(pool->watch_wq);
}
