// SPDX-License-Identifier: GPL-2.0-only
#include "resync.h"

#include <linux/device-mapper.h>

#include "commit.h"
#include "event.h"
#include "extent_lock.h"
#include "group.h"
#include "group_alloc.h"
#include "pool.h"
#include "stripe.h"
#include "superblock.h"
#include "trace.h"

#define DM_MSG_PREFIX "couche-pool"

#define WALKERS	COUCHE_STRIPES_BACKGROUND	/* extents at a time */

/**
 * couche_resync_needed() - Is there still something to make equal?
 * @pool: the pool
 *
 * Context: process.
 * Return: true while an extent is open or a leg is being restored.
 */
bool couche_resync_needed(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (pool->legs[i].role != COUCHE_ROLE_META &&
		    READ_ONCE(pool->legs[i].state) == COUCHE_LEG_RESTORING)
			return true;
	return READ_ONCE(pool->resync_open);
}

/**
 * couche_resync_start() - Begin, or begin anew
 * @pool: the pool
 *
 * Context: any.
 */
void couche_resync_start(struct couche_pool *pool)
{
	queue_work(pool->control_wq, &pool->resync_work);
}

static u64 restoring_legs(struct couche_pool *pool, const struct couche_group *group)
{
	u64 legs = 0;
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, group, i);

		if (READ_ONCE(leg->state) == COUCHE_LEG_RESTORING)
			legs |= BIT_ULL(leg->index);
	}
	return legs;
}

static u64 restoring_legs_of(struct couche_pool *pool, u64 word)
{
	return restoring_legs(pool, couche_group_find(pool, couche_entry_group(word)));
}

static bool wants_resync(struct couche_pool *pool, u64 word)
{
	bool copies = !couche_pool_striped(pool, couche_entry_tier(word));
	struct couche_group *group;

	if (!(word & ENTRY_MAPPED))
		return false;
	group = couche_group_find(pool, couche_entry_group(word));
	if (copies && group->desc.nr == 1)
		return false;
	return (copies && (word & ENTRY_OPEN) && pool->resync_open) ||
	       restoring_legs(pool, group);
}

/*
 * A leg that was away, or is new, gets the shards it does not have. It can do
 * without those of an extent that is lost, but not of one that cannot be read
 * just now: nobody would come back to it.
 */
static int fill(struct couche_pool *pool, struct couche_stripe *stripe,
		const struct couche_stripe_id *id, u64 legs)
{
	int err = couche_stripe_fill(pool, stripe, id, legs);

	if (!err)
		return 0;
	DMWARN_LIMIT("%s: volume %u extent %llu %s", pool->device, id->volume,
		     from_couche_extent(id->extent),
		     err == -EILSEQ ? "is lost; the leg that is restored does without it" :
				      "cannot be read; its leg is not restored");
	couche_event_repair(pool, id->volume, from_couche_extent(id->extent), fls64(legs) - 1,
			    err);
	return err == -EILSEQ ? 0 : err;
}

/* As its owner, with no write under way: read one copy, write the others. */
static int equalize(struct couche_pool *pool, struct couche_volume *volume,
		    couche_extent_t extent, struct couche_entry *entry, u64 legs)
{
	struct couche_stripe_id id = {
		.volume = volume->desc.id,
		.extent = extent,
		.place = couche_entry_place(entry),
	};
	struct couche_stripe *stripe = couche_stripe_get(pool, false);
	int err;

	if (couche_pool_striped(pool, id.place.tier)) {
		/* Stripes are not written in place: nothing can be under way. */
		err = fill(pool, stripe, &id, legs);
	} else {
		couche_pool_sync_io(pool);
		err = couche_stripe_load_extent(pool, stripe, &id);
		if (!err)
			err = couche_stripe_store(pool, stripe, &id);
	}
	couche_stripe_put(pool, stripe);
	trace_couche_resync(volume->desc.id, extent, err);
	return err;
}

/* Which legs a pass is for, at which of their lives it began, and what it met. */
struct pass {
	struct couche_pool *pool;
	u64 legs;
	u32 epoch[COUCHE_MAX_LEGS];
	atomic64_t behind;		/* bit per leg that lacks something */
	int err;
};

static int resync_extent(struct pass *pass, struct couche_map_page *page, unsigned int i)
{
	struct couche_pool *pool = pass->pool;
	struct couche_entry *entry = &page->entries[i];
	couche_extent_t extent = to_couche_extent((u64)page->index * COUCHE_PAGE_EXTENTS + i);
	u64 word;
	int err = 0;

	while (wants_resync(pool, atomic64_read(&entry->word))) {
		if (!couche_extent_try_own(entry, &word)) {
			schedule_timeout_uninterruptible(1);
			continue;
		}
		if (wants_resync(pool, word)) {
			u64 legs = restoring_legs_of(pool, word);

			err = equalize(pool, page->volume, extent, entry, legs);
			if (err)
				atomic64_or(legs, &pass->behind);
		}
		couche_extent_disown(pool, entry);
		break;
	}
	return err;
}

/* Some workers go through one page of the map together. */
struct page_walk {
	struct pass *pass;
	struct couche_map_page *page;
	atomic_t next;
};

struct walker {
	struct work_struct work;
	struct page_walk *walk;
};

static bool goes_on(const struct pass *pass)
{
	return !test_bit(POOL_SUSPENDED, &pass->pool->flags);
}

static void walker_work(struct work_struct *work)
{
	struct page_walk *w = container_of(work, struct walker, work)->walk;
	unsigned int i;
	int err;

	while ((i = atomic_inc_return(&w->next) - 1) < COUCHE_PAGE_EXTENTS && goes_on(w->pass)) {
		err = resync_extent(w->pass, w->page, i);
		if (err)
			WRITE_ONCE(w->pass->err, err);
	}
}

static bool page_wants_resync(struct couche_pool *pool, struct couche_map_page *page)
{
	unsigned int i;

	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++)
		if (wants_resync(pool, atomic64_read(&page->entries[i].word)))
			return true;
	return false;
}

static void resync_page(struct pass *pass, struct couche_map_page *page)
{
	struct page_walk walk = { .pass = pass, .page = page, .next = ATOMIC_INIT(0) };
	struct couche_pool *pool = pass->pool;
	struct walker walkers[WALKERS];
	unsigned int i;

	if (!page_wants_resync(pool, page))
		return;
	for (i = 0; i < WALKERS; i++) {
		walkers[i].walk = &walk;
		INIT_WORK_ONSTACK(&walkers[i].work, walker_work);
		queue_work(pool->relocate_wq, &walkers[i].work);
	}
	for (i = 0; i < WALKERS; i++) {
		flush_work(&walkers[i].work);
		destroy_work_on_stack(&walkers[i].work);
	}
}

static void resync_volume(struct pass *pass, struct couche_volume *volume)
{
	struct couche_map_page *page;
	u32 i = 0;

	for (; goes_on(pass) && (page = couche_volume_next_page(volume, &i)); i++)
		resync_page(pass, page);
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

static void begin_pass(struct couche_pool *pool, struct pass *pass)
{
	u32 i;

	pass->pool = pool;
	pass->legs = 0;
	pass->err = 0;
	atomic64_set(&pass->behind, 0);
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		/* The epoch first: a leg that fails and returns meanwhile is not done. */
		pass->epoch[i] = READ_ONCE(leg->epoch);
		smp_rmb();
		if (leg->role != COUCHE_ROLE_META &&
		    READ_ONCE(leg->state) == COUCHE_LEG_RESTORING)
			pass->legs |= BIT_ULL(i);
	}
}

static void end_pass(struct couche_pool *pool, const struct pass *pass)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (!(pass->legs & ~atomic64_read(&pass->behind) & BIT_ULL(i)) ||
		    couche_superblock_set_restored(pool, leg, pass->epoch[i]))
			continue;
		/* Shards that were not there yet are no fault of the device. */
		atomic_set(&leg->csum_errors, 0);
		DMINFO("%s: leg %u is restored", pool->device, i);
	}
	couche_group_forget_open(pool);
}

/**
 * couche_resync_work() - One pass over all volumes
 * @work: pool->resync_work
 *
 * What cannot be made equal keeps the legs that it is about from being restored,
 * and nothing else. It is tried again when another leg comes back, by order
 * (couche_leg_restore()), and after a suspend.
 *
 * Context: pool->control_wq; sleeps.
 */
void couche_resync_work(struct work_struct *work)
{
	struct couche_pool *pool = container_of(work, struct couche_pool, resync_work);
	struct couche_volume *volume;
	struct pass pass;
	unsigned long id = 0;
	int err;

	if (!couche_resync_needed(pool) || !couche_pool_writable(pool))
		return;
	begin_pass(pool, &pass);
	while (goes_on(&pass) && (volume = next_volume(pool, &id))) {
		resync_volume(&pass, volume);
		couche_volume_close(volume);
		id++;
	}
	/* A suspend cut it: it begins anew afterwards. */
	if (!goes_on(&pass))
		return;
	err = couche_commit_all(pool);
	if (err || pass.err)
		DMWARN("%s: copies could not all be made equal: %d", pool->device, err ?: pass.err);
	if (err)
		return;
	if (!pass.err)
		WRITE_ONCE(pool->resync_open, false);
	end_pass(pool, &pass);
}
