// SPDX-License-Identifier: GPL-2.0-only
#include "repair.h"

#include <linux/device-mapper.h>
#include <linux/slab.h>

#include "control.h"
#include "event.h"
#include "group.h"
#include "pool.h"
#include "relocate.h"
#include "stripe.h"
#include "trace.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

#define QUEUE_MAX	128	/* extents that wait */

struct item {
	struct couche_stripe_id id;
	u64 legs;			/* bit per leg whose shard was wrong */
};

struct couche_repair {
	struct couche_pool *pool;
	struct work_struct work;
	spinlock_t lock;		/* what follows */
	struct item items[QUEUE_MAX];	/* a ring; the first is in hand */
	unsigned int first, nr;
	u64 done, failed, dropped;
};

static struct item *item_at(struct couche_repair *repair, unsigned int i)
{
	return &repair->items[(repair->first + i) % QUEUE_MAX];
}

static bool same_extent(const struct couche_stripe_id *a, const struct couche_stripe_id *b)
{
	return a->volume == b->volume &&
	       from_couche_extent(a->extent) == from_couche_extent(b->extent) &&
	       a->place.generation == b->place.generation;
}

/* Is the extent on the queue? Then this is one more reason. */
static bool merge_locked(struct couche_repair *repair, const struct couche_stripe_id *id, u64 legs)
{
	unsigned int i;

	for (i = 0; i < repair->nr; i++) {
		struct item *item = item_at(repair, i);

		if (!same_extent(&item->id, id))
			continue;
		item->legs |= legs;
		return true;
	}
	return false;
}

static bool may_go_on(void *who)
{
	const struct couche_repair *repair = who;

	return test_bit(POOL_ACTIVE, &repair->pool->flags) &&
	       !test_bit(POOL_SUSPENDED, &repair->pool->flags) &&
	       couche_pool_writable(repair->pool);
}

/**
 * couche_repair_queue() - Have an extent repaired, some time
 * @repair: of its pool
 * @id: the extent, where it was read
 * @legs: bit per leg whose shard was wrong there, couche_group_legs(); not 0
 *
 * Context: any. Does not sleep.
 */
void couche_repair_queue(struct couche_repair *repair, const struct couche_stripe_id *id, u64 legs)
{
	unsigned long flags;
	bool queued = false;

	spin_lock_irqsave(&repair->lock, flags);
	if (merge_locked(repair, id, legs)) {
		queued = true;
	} else if (repair->nr == QUEUE_MAX) {
		repair->dropped++;
	} else {
		struct item *item = item_at(repair, repair->nr++);

		item->id = *id;
		item->legs = legs;
		queued = true;
	}
	spin_unlock_irqrestore(&repair->lock, flags);
	if (queued && may_go_on(repair))
		queue_work(repair->pool->control_wq, &repair->work);
}

/* The first of the queue, which stays there until it is done with. */
static bool first_item(struct couche_repair *repair, struct item *ret)
{
	bool any;

	spin_lock_irq(&repair->lock);
	any = repair->nr;
	if (any)
		*ret = *item_at(repair, 0);
	spin_unlock_irq(&repair->lock);
	return any;
}

static void drop_first(struct couche_repair *repair)
{
	spin_lock_irq(&repair->lock);
	repair->first = (repair->first + 1) % QUEUE_MAX;
	repair->nr--;
	spin_unlock_irq(&repair->lock);
}

static void count_replaced(struct couche_pool *pool, u64 legs)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (legs & BIT_ULL(i))
			atomic_inc(&pool->legs[i].repairs);
}

/**
 * couche_repair_note() - An extent was repaired, or could not be
 * @repair: of its pool
 * @id: the extent, where it was wrong
 * @legs: bit per leg whose shard was wrong, not 0
 * @error: 0 when it lies elsewhere now, -ENODATA or -EALREADY when others had
 *	   moved it before
 *
 * Counts, names the legs that lied, and tells the listeners, and the log of what
 * could not be.
 *
 * Context: process; sleeps.
 */
void couche_repair_note(struct couche_repair *repair, const struct couche_stripe_id *id, u64 legs,
			int error)
{
	bool gone = error == -ENODATA || error == -EALREADY;

	trace_couche_repair(id->volume, id->extent, error);
	if (gone)
		return;
	if (!error)
		count_replaced(repair->pool, legs);
	else
		DMWARN_LIMIT("%s: volume %u extent %llu could not be mended (%d)",
			     repair->pool->device, id->volume, from_couche_extent(id->extent),
			     error);
	spin_lock_irq(&repair->lock);
	if (error)
		repair->failed++;
	else
		repair->done++;
	spin_unlock_irq(&repair->lock);
	couche_event_repair(repair->pool, id->volume, from_couche_extent(id->extent),
			    fls64(legs) - 1, error);
}

static int relocate(struct couche_repair *repair, const struct item *item)
{
	unsigned long id = item->id.volume;
	struct couche_volume *volume = couche_volume_get(repair->pool, &id);
	struct couche_relocation r = {
		.volume = volume,
		.extent = item->id.extent,
		.flags = RELOCATE_REPAIR,
		.generation = item->id.place.generation,
	};
	int err = -ENODATA;

	if (volume && id == item->id.volume)
		err = couche_relocate_patiently(&r, may_go_on, repair);
	if (volume)
		couche_volume_put(volume);
	return err;
}

static void repair_work(struct work_struct *work)
{
	struct couche_repair *repair = container_of(work, struct couche_repair, work);
	struct item item;

	while (may_go_on(repair) && first_item(repair, &item)) {
		int err = relocate(repair, &item);

		couche_repair_note(repair, &item.id, item.legs, err);
		drop_first(repair);
	}
}

/**
 * couche_pool_repair_info() - What has mended itself
 * @pool: an active pool
 * @info: filled in
 *
 * Context: process.
 */
void couche_pool_repair_info(struct couche_pool *pool, struct couche_repair_info *info)
{
	struct couche_repair *repair = pool->repair;

	spin_lock_irq(&repair->lock);
	info->queued = repair->nr;
	info->done = repair->done;
	info->failed = repair->failed;
	info->dropped = repair->dropped;
	spin_unlock_irq(&repair->lock);
	info->reconstructions = atomic64_read(&pool->reconstructions);
	info->reconstruction_reads = atomic64_read(&pool->reconstruction_reads);
}

/**
 * couche_repair_pause() - Wait until no extent is being repaired
 * @repair: of a pool that has POOL_SUSPENDED set
 *
 * Context: process; sleeps, without locks.
 */
void couche_repair_pause(struct couche_repair *repair)
{
	cancel_work_sync(&repair->work);
}

/**
 * couche_repair_unpause() - Go on after couche_repair_pause()
 * @repair: of a pool that has POOL_SUSPENDED clear
 *
 * Context: process.
 */
void couche_repair_unpause(struct couche_repair *repair)
{
	queue_work(repair->pool->control_wq, &repair->work);
}

/**
 * couche_repair_create() - Make a pool's queue
 * @pool: the pool
 *
 * Context: process; sleeps.
 * Return: the queue, or NULL when there is no memory.
 */
struct couche_repair *couche_repair_create(struct couche_pool *pool)
{
	struct couche_repair *repair = kzalloc(sizeof(*repair), GFP_KERNEL);

	if (!repair)
		return NULL;
	repair->pool = pool;
	spin_lock_init(&repair->lock);
	INIT_WORK(&repair->work, repair_work);
	return repair;
}

/**
 * couche_repair_free() - Forget what waits
 * @repair: of a pool that is not active any more, or NULL
 *
 * Context: process; sleeps.
 */
void couche_repair_free(struct couche_repair *repair)
{
	if (!repair)
		return;
	couche_repair_pause(repair);
	kfree(repair);
}
