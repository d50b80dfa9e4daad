// SPDX-License-Identifier: GPL-2.0-only
#include "destage.h"

#include <linux/slab.h>

#include "commit.h"
#include "relocate.h"
#include "stage_io.h"
#include "stripe.h"
#include "trace.h"
#include "volume.h"

#define WORKERS		COUCHE_STRIPES_BACKGROUND
#define FAILURES_MAX	64	/* in a row, then writers need not wait for us */

struct destage_worker {
	struct couche_destage *destage;
	struct work_struct work;
	unsigned int index;
};

struct couche_destage {
	struct couche_pool *pool;
	u32 threshold;			/* percent */
	u32 interval;			/* seconds; 0: for ever */
	bool paused;
	atomic_t failures;		/* since the last success */
	struct delayed_work timer;
	struct destage_worker worker[WORKERS];
};

static bool expired(const struct couche_destage *d, struct list_head *list)
{
	const struct couche_slot *oldest = list_first_entry_or_null(list, struct couche_slot, list);

	return oldest && d->interval && (u32)ktime_get_seconds() - oldest->since >= d->interval;
}

/* More workers the more there is above the threshold: no bursts. */
static unsigned int workers_for_fill(const struct couche_stage *stage, u32 threshold)
{
	u32 low = div_u64((u64)stage->nr * threshold, 100);
	u32 used = stage->nr_used - stage->nr_dropped - stage->nr_lost;

	if (used <= low)
		return 0;
	return min_t(u32, WORKERS, 1 + (used - low) * WORKERS / (stage->nr - low + 1));
}

static unsigned int workers_wanted(struct couche_destage *d)
{
	struct couche_stage *stage = d->pool->stage;
	const struct couche_slot *oldest;
	unsigned int nr = 0;

	if (READ_ONCE(d->paused) || !couche_pool_writable(d->pool))
		return 0;
	spin_lock_irq(&stage->lock);
	oldest = list_first_entry_or_null(&stage->staged, struct couche_slot, list);
	if (!oldest)
		nr = 0;
	else if (stage->flush_left || !bio_list_empty(&stage->waiting))
		nr = WORKERS;
	else
		nr = max_t(unsigned int, workers_for_fill(stage, d->threshold),
			   expired(d, &stage->staged));
	spin_unlock_irq(&stage->lock);
	return nr;
}

/*
 * Dropped slots are free, and fresh ones can be destaged, after a commit. Who waits
 * tries again then, and goes around the journal if too many are lost.
 */
static void commit_if_needed(struct couche_destage *d)
{
	struct couche_stage *stage = d->pool->stage;
	bool needed;

	spin_lock_irq(&stage->lock);
	needed = stage->nr_dropped > stage->nr / 16 ||
		 stage->nr_unsealed > stage->max_unsealed / 2 ||
		 (!bio_list_empty(&stage->waiting) &&
		  (stage->nr_dropped || stage->nr_fresh || stage->nr_lost)) ||
		 expired(d, &stage->fresh);
	spin_unlock_irq(&stage->lock);
	if (needed)
		queue_work(d->pool->commit_wq, &d->pool->commit.work);
}

static bool is_in_place(struct couche_volume *volume, couche_extent_t extent)
{
	struct couche_map_page *page = couche_volume_find_page(volume, extent);
	u64 word = page ? atomic64_read(&couche_volume_entry(page, extent)->word) : 0;

	return (word & ENTRY_MAPPED) &&
	       !couche_pool_striped(volume->pool, couche_entry_tier(word));
}

static int merge(struct couche_volume *volume, couche_extent_t extent)
{
	struct couche_pool *pool = volume->pool;
	struct couche_relocation r = {
		.volume = volume,
		.extent = extent,
		.flags = RELOCATE_DESTAGE,
	};
	int err;

	if (is_in_place(volume, extent))
		return couche_stage_apply(volume, extent);
	err = couche_relocate(&r);
	if (err != -ENOSPC)
		return err;
	/* Its own tier is full: what is written to may as well be warm or hot. */
	r.flags = 0;
	for (r.tier = pool->landing; err == -ENOSPC && r.tier < COUCHE_TIER_COLD; r.tier++)
		if (pool->super.profile[r.tier].k)
			err = couche_relocate(&r);
	return err;
}

static int destage_extent(struct couche_pool *pool, const struct couche_stage_desc *desc)
{
	unsigned long id = desc->volume;
	struct couche_volume *volume = couche_volume_get(pool, &id);
	int err = -ENOENT;

	if (!volume)
		return err;
	if (id == desc->volume)
		err = merge(volume, desc->extent);
	couche_volume_put(volume);
	trace_couche_destage(desc->volume, desc->extent, err);
	return err;
}

/* Somebody else moves it, or did: that is no failure. */
static bool is_failure(int err)
{
	return err && err != -EBUSY && err != -EAGAIN && err != -EALREADY && err != -ENODATA &&
	       err != -ENOENT;
}

/*
 * Nothing can be destaged, so writers need not wait for it; or something can
 * again. As it is under the lock: one worker fails while another succeeds.
 */
static void set_stuck(struct couche_destage *d)
{
	struct couche_stage *stage = d->pool->stage;
	bool stuck;

	spin_lock_irq(&stage->lock);
	stuck = atomic_read(&d->failures) >= FAILURES_MAX;
	stage->stuck = stuck;
	spin_unlock_irq(&stage->lock);
	if (stuck)
		couche_stage_wake(stage);
}

static void destage_work(struct work_struct *work)
{
	struct destage_worker *w = container_of(work, struct destage_worker, work);
	struct couche_destage *d = w->destage;
	struct couche_stage *stage = d->pool->stage;
	struct couche_stage_desc desc;

	while (workers_wanted(d) > w->index && couche_stage_pick(stage, &desc)) {
		int err = destage_extent(d->pool, &desc);

		commit_if_needed(d);
		if (is_failure(err) && atomic_inc_return(&d->failures) >= FAILURES_MAX) {
			/* The timer tries again. */
			set_stuck(d);
			return;
		}
		if (!err && atomic_xchg(&d->failures, 0) >= FAILURES_MAX)
			set_stuck(d);
		if (err)
			schedule_timeout_uninterruptible(1);
	}
}

/**
 * couche_destage_kick() - Writers wait, or there may be something to do
 * @pool: the pool
 *
 * Context: any.
 */
void couche_destage_kick(struct couche_pool *pool)
{
	struct couche_destage *d = pool->destage;
	unsigned int i;

	if (!d || READ_ONCE(d->paused))
		return;
	queue_work(pool->commit_wq, &pool->commit.work);
	for (i = 0; i < WORKERS; i++)
		queue_work(pool->relocate_wq, &d->worker[i].work);
}

/* Writers wait. */
static void hurry_work(struct work_struct *work)
{
	struct couche_stage *stage = container_of(work, struct couche_stage, hurry_work);

	couche_destage_kick(stage->pool);
}

static void timer_work(struct work_struct *work)
{
	struct couche_destage *d = container_of(to_delayed_work(work), struct couche_destage,
						timer);
	unsigned int i, wanted = workers_wanted(d);

	commit_if_needed(d);
	/* They wait for nothing when the pool takes no more writes. */
	if (!couche_pool_writable(d->pool))
		couche_stage_wake(d->pool->stage);
	for (i = 0; i < wanted; i++)
		queue_work(d->pool->relocate_wq, &d->worker[i].work);
	if (!READ_ONCE(d->paused))
		queue_delayed_work(d->pool->control_wq, &d->timer, HZ / 4);
}

/**
 * couche_destage_flush() - Merge all that is staged now
 * @pool: the pool
 *
 * Context: process; sleeps for a commit, not for the merging.
 * Return: 0; -ENODEV when there is no data journal, or the error that stopped
 * the metadata.
 */
int couche_destage_flush(struct couche_pool *pool)
{
	int err;

	if (!pool->destage)
		return -ENODEV;
	couche_stage_flush(pool->stage);
	err = couche_commit_all(pool);
	if (!err)
		couche_destage_kick(pool);
	return err;
}

/**
 * couche_destage_pause() - Stop, and wait until nothing is under way
 * @pool: the pool
 *
 * Context: process; sleeps.
 */
void couche_destage_pause(struct couche_pool *pool)
{
	struct couche_destage *d = pool->destage;
	unsigned int i;

	if (!d)
		return;
	WRITE_ONCE(d->paused, true);
	cancel_delayed_work_sync(&d->timer);
	cancel_work_sync(&pool->stage->hurry_work);
	for (i = 0; i < WORKERS; i++)
		cancel_work_sync(&d->worker[i].work);
}

/**
 * couche_destage_unpause() - Go on
 * @pool: the pool
 *
 * Context: process.
 */
void couche_destage_unpause(struct couche_pool *pool)
{
	struct couche_destage *d = pool->destage;

	if (!d)
		return;
	WRITE_ONCE(d->paused, false);
	queue_delayed_work(pool->control_wq, &d->timer, 0);
}

/**
 * couche_destage_set() - When is it to work?
 * @pool: the pool
 * @threshold: percent of the slots that may be in use
 * @interval: seconds that something may stay; 0: for ever
 *
 * Context: any.
 */
void couche_destage_set(struct couche_pool *pool, u32 threshold, u32 interval)
{
	if (!pool->destage)
		return;
	WRITE_ONCE(pool->destage->threshold, threshold);
	WRITE_ONCE(pool->destage->interval, interval);
}

/**
 * couche_destage_create() - Make the destager of a pool with a data journal
 * @pool: the pool; couche_destage_unpause() starts it
 * @threshold: as for couche_destage_set()
 * @interval: likewise
 *
 * Context: process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int couche_destage_create(struct couche_pool *pool, u32 threshold, u32 interval)
{
	struct couche_destage *d;
	unsigned int i;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	d->pool = pool;
	d->threshold = threshold;
	d->interval = interval;
	d->paused = true;
	INIT_DELAYED_WORK(&d->timer, timer_work);
	INIT_WORK(&pool->stage->hurry_work, hurry_work);
	for (i = 0; i < WORKERS; i++) {
		d->worker[i].destage = d;
		d->worker[i].index = i;
		INIT_WORK(&d->worker[i].work, destage_work);
	}
	pool->destage = d;
	return 0;
}

/**
 * couche_destage_free() - The opposite; fine when it was never made
 * @pool: the pool, quiet
 *
 * Context: process; sleeps.
 */
void couche_destage_free(struct couche_pool *pool)
{
	couche_destage_pause(pool);
	kfree(pool->destage);
	pool->destage = NULL;
}
