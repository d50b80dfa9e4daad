// SPDX-License-Identifier: GPL-2.0-only
#include "drain.h"

#include <linux/delay.h>
#include <linux/device-mapper.h>

#include "commit.h"
#include "event.h"
#include "group.h"
#include "group_alloc.h"
#include "leg.h"
#include "pool.h"
#include "preserve.h"
#include "relocate.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

#define BUSY_MS		10	/* until an extent in use is looked at again */
#define EVENT_MS	500	/* between two progress events */

struct drain {
	struct couche_pool *pool;
	u64 legs;		/* bit per leg that is draining */
	u64 left;		/* extents that could not be moved this time */
	int err;		/* why, of the last one */
	ktime_t reported;
};

/**
 * couche_drain_start() - Look for legs that are to be emptied
 * @pool: an active pool
 *
 * Context: any.
 */
void couche_drain_start(struct couche_pool *pool)
{
	queue_work(pool->control_wq, &pool->drain_work);
}

static u64 draining_legs(struct couche_pool *pool)
{
	u64 legs = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (couche_leg_member(&pool->legs[i]) && couche_leg_draining(&pool->legs[i]))
			legs |= BIT_ULL(i);
	return legs;
}

static bool goes_on(void *who)
{
	struct drain *d = who;

	return !test_bit(POOL_SUSPENDED, &d->pool->flags) && couche_pool_writable(d->pool) &&
	       draining_legs(d->pool) == d->legs;
}

/* Which of the draining legs hold a part of this extent? */
static u64 legs_of(struct drain *d, struct couche_entry *entry, u32 *generation)
{
	struct couche_pool *pool = d->pool;
	struct couche_group *group;
	u64 word, legs = 0;
	unsigned int i;
	unsigned int side;

	side = couche_io_gate_enter(&pool->io_gate);
	word = atomic64_read(&entry->word);
	if (word & ENTRY_MAPPED) {
		group = couche_group_find(pool, couche_entry_group(word));
		for (i = 0; i < group->desc.nr; i++)
			legs |= BIT_ULL(group->desc.seg[i].leg);
		*generation = couche_entry_place(entry).generation;
	}
	couche_io_gate_leave(&pool->io_gate, side);
	return legs & d->legs;
}

static void count_left(struct drain *d, u64 legs)
{
	u32 i;

	for (i = 0; i < d->pool->nr_legs; i++)
		if (legs & BIT_ULL(i))
			atomic64_inc(&d->pool->legs[i].drain_left);
}

static void report(struct drain *d, u64 legs, bool always)
{
	u32 i;

	if (!always && ktime_ms_delta(ktime_get(), d->reported) < EVENT_MS)
		return;
	d->reported = ktime_get();
	for (i = 0; i < d->pool->nr_legs; i++)
		if (legs & BIT_ULL(i))
			couche_event_leg(d->pool, i);
}

static void count_moved(struct drain *d, u64 legs)
{
	u32 i;

	for (i = 0; i < d->pool->nr_legs; i++) {
		struct couche_leg *leg = &d->pool->legs[i];

		if (!(legs & BIT_ULL(i)))
			continue;
		atomic64_inc(&leg->drain_moved);
		atomic64_add_unless(&leg->drain_left, -1, 0);
	}
	report(d, legs, false);
}

/* Out of room, or of legs: what follows would meet the same. */
static bool hopeless(int err)
{
	return err == -ENOSPC || err == -ENODEV || err == -EROFS;
}

static int move_extent(struct drain *d, struct couche_volume *volume, couche_extent_t extent,
		       struct couche_entry *entry)
{
	struct couche_relocation r = { .volume = volume, .extent = extent,
				       .flags = RELOCATE_REPAIR };
	u64 legs;
	int err;

	while ((legs = legs_of(d, entry, &r.generation))) {
		if (!goes_on(d))
			return -EINTR;
		err = couche_relocate_patiently(&r, goes_on, d);
		if (!err) {
			count_moved(d, legs);
		} else if (err != -EBUSY && err != -EAGAIN && err != -ENODATA &&
			   err != -EALREADY) {
			d->left++;
			d->err = err;
			DMWARN_LIMIT("%s: volume %u extent %llu stays where it is: %s (%d)",
				     d->pool->device, volume->desc.id,
				     from_couche_extent(extent), r.why, err);
			return hopeless(err) ? err : 0;
		}
	}
	return 0;
}

static int walk_volume(struct drain *d, struct couche_volume *volume, bool move)
{
	u32 i, j;
	u32 generation;
	int err = 0;

	for (i = 0; i < volume->nr_pages; i++) {
		couche_extent_t first = to_couche_extent((u64)i * COUCHE_PAGE_EXTENTS);
		struct couche_map_page *page = couche_volume_find_page(volume, first);

		for (j = 0; page && j < COUCHE_PAGE_EXTENTS && !err; j++) {
			struct couche_entry *entry = &page->entries[j];
			couche_extent_t extent = to_couche_extent(from_couche_extent(first) + j);

			if (!move)
				count_left(d, legs_of(d, entry, &generation));
			else
				err = move_extent(d, volume, extent, entry);
		}
		if (err || !goes_on(d))
			return err ?: -EINTR;
		cond_resched();
	}
	return 0;
}

/* A volume with an id from here on, kept from being removed. */
static struct couche_volume *next_volume(struct couche_pool *pool, unsigned long *id)
{
	struct couche_volume *volume;

	mutex_lock(&pool->config_lock);
	volume = xa_find(&pool->volumes, id, ULONG_MAX, XA_PRESENT);
	if (volume)
		volume->open_count++;
	mutex_unlock(&pool->config_lock);
	return volume;
}

static int walk(struct drain *d, bool move)
{
	struct couche_volume *volume;
	unsigned long id = 0;
	int err = 0;

	while (!err && (volume = next_volume(d->pool, &id))) {
		err = walk_volume(d, volume, move);
		couche_volume_close(volume);
		id++;
	}
	return err;
}

/* Groups whose rows are all back; more of them the later it is. */
static u32 dissolve(struct drain *d)
{
	u32 i, left, sum = 0;

	for (i = 0; i < d->pool->nr_legs; i++) {
		if (!(d->legs & BIT_ULL(i)))
			continue;
		if (couche_group_dissolve_empty(d->pool, i, &left))
			return U32_MAX;
		sum += left;
	}
	return sum;
}

static void begin_counting(struct drain *d)
{
	u32 i;

	for (i = 0; i < d->pool->nr_legs; i++)
		if (d->legs & BIT_ULL(i))
			atomic64_set(&d->pool->legs[i].drain_left, 0);
	walk(d, false);
}

/*
 * Rows come back with a commit, and writes that were on their way when the
 * drain began may still have put an extent there: look until nothing is left.
 */
static int empty_legs(struct drain *d)
{
	int err;

	for (;;) {
		begin_counting(d);
		report(d, d->legs, true);
		d->left = 0;
		err = walk(d, true);
		if (err && !hopeless(err))
			return err;
		couche_preserve_drop_all(d->pool);
		if (couche_commit_all(d->pool))
			return -EIO;
		couche_commit_reclaim(d->pool);
		if (!dissolve(d))
			return couche_commit_all(d->pool);
		if (d->left)
			return d->err;
		if (!goes_on(d))
			return -EINTR;
		msleep(BUSY_MS);
	}
}

/**
 * couche_drain_work() - Empty the legs that are draining
 * @work: pool->drain_work
 *
 * Context: pool->control_wq; sleeps.
 */
void couche_drain_work(struct work_struct *work)
{
	struct drain d = { .pool = container_of(work, struct couche_pool, drain_work) };
	int err;

	d.legs = draining_legs(d.pool);
	if (!d.legs || !goes_on(&d))
		return;
	err = empty_legs(&d);
	if (!err)
		begin_counting(&d);
	report(&d, d.legs, true);
	couche_pool_notify(d.pool);
	if (err && err != -EINTR)
		DMWARN("%s: %llu extents could not be moved from the legs that are drained: %d",
		       d.pool->device, d.left, err);
}
