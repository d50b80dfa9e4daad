// SPDX-License-Identifier: GPL-2.0-only
/*
 * Legs come and go while the pool is in use.
 *
 * A table only offers devices: at a place where the pool has no leg, or where
 * one has failed. The orders here make legs of them. So a table may be longer
 * or older than the pool, and a crash at any instant leaves a pool that starts
 * with either.
 */
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/uuid.h>

#include "commit.h"
#include "control.h"
#include "core/replay.h"
#include "drain.h"
#include "group.h"
#include "group_alloc.h"
#include "leg.h"
#include "pool.h"
#include "preserve.h"
#include "superblock.h"

#define DM_MSG_PREFIX "couche-pool"

/* Carry out an order about a leg that the pool has, under config_lock. */
static int order_leg(struct couche_pool *pool, u32 index, const char **why,
		     int (*order)(struct couche_pool *pool, struct couche_leg *leg,
				  const char **why))
{
	struct couche_leg *leg;
	int err;

	mutex_lock(&pool->config_lock);
	err = couche_control_find_leg(pool, index, &leg, why) ?: order(pool, leg, why);
	mutex_unlock(&pool->config_lock);
	return err;
}

/* For the time of an order the leg's device is the one that is offered. */
static void take_offer(struct couche_leg *leg)
{
	leg->dev = leg->offered->bd_dev;
	couche_flight_new_device(leg);
	WRITE_ONCE(leg->bdev, leg->offered);
	leg->offered = NULL;
}

static void decline_offer(struct couche_leg *leg)
{
	leg->offered = leg->bdev;
	leg->dev = 0;
	WRITE_ONCE(leg->bdev, NULL);
}

static int check_offer(struct couche_pool *pool, struct couche_leg *leg, const char **why)
{
	int err;

	*why = "leg: the pool's table names no new device for it";
	if (!leg->offered)
		return -ENODEV;
	take_offer(leg);
	err = couche_superblock_check_new(pool, leg);
	decline_offer(leg);
	*why = err == -EEXIST ? "leg: its new device holds something; wipe it first" :
				"leg: its new device cannot be read";
	return err;
}

static void describe(const struct couche_leg *leg, u8 role, u16 domain,
		     struct couche_super_change *change)
{
	struct couche_super_leg *to = &change->leg;

	memset(change, 0, sizeof(*change));
	change->index = leg->index;
	to->role = role;
	to->domain = domain;
	to->state = COUCHE_LEG_FAILED;	/* until it is restored */
	to->sectors = round_down(bdev_nr_sectors(leg->offered), COUCHE_BLOCK_SECTORS);
	generate_random_uuid(to->uuid);
}

/* A meta leg's map begins blank, whatever the device held. */
static int prepare_meta(struct couche_pool *pool, struct couche_leg *leg,
			const struct couche_super_change *change)
{
	u32 pages = change->moved ? change->map_pages : pool->super.map_pages;

	if (change->leg.role != COUCHE_ROLE_META)
		return 0;
	return blkdev_issue_zeroout(leg->bdev, pool->super.map_start,
				    (u64)pages * 2 * COUCHE_BLOCK_SECTORS, GFP_KERNEL, 0);
}

static u32 segments_of(struct couche_pool *pool, const struct couche_super_change *change)
{
	if (change->leg.role == COUCHE_ROLE_META)
		return 0;
	return div_u64(change->leg.sectors - COUCHE_DATA_START, pool->super.segment_sectors);
}

/* Under alloc_lock, so that no page of the map is given out meanwhile. */
static int change_set(struct couche_pool *pool, struct couche_super_change *change)
{
	int err = 0;

	if (change->moved)
		err = couche_group_grow(pool, couche_replay_max_groups(change->map_pages));
	if (err)
		return err;
	return change->moved ? couche_commit_relayout(pool, change) :
			       couche_superblock_change(pool, change);
}

/* The device becomes the leg, failed at first; then it is taken into use. */
static int join(struct couche_pool *pool, struct couche_leg *leg,
		struct couche_super_change *change, bool keep_segments)
{
	struct couche_segmap segments = {};
	int err = 0;

	if (!keep_segments)
		err = couche_segmap_init(&segments, segments_of(pool, change));
	if (err)
		return err;
	take_offer(leg);
	err = prepare_meta(pool, leg, change);
	mutex_lock(&pool->alloc_lock);
	if (!err)
		err = change_set(pool, change);
	if (!err && !keep_segments)
		swap(leg->segments, segments);
	mutex_unlock(&pool->alloc_lock);
	couche_segmap_destroy(&segments);
	if (err) {
		decline_offer(leg);
		return err;
	}
	return couche_control_restore(pool, leg);
}

static int check_free_place(struct couche_pool *pool, u32 index, const char **why)
{
	*why = "leg: the pool cannot have so many";
	if (index >= COUCHE_MAX_LEGS)
		return -EINVAL;
	*why = "leg: an index before it is free";
	if (index > pool->nr_legs)
		return -EINVAL;
	*why = "leg: the pool has one there";
	return index < pool->nr_legs && couche_leg_member(&pool->legs[index]) ? -EEXIST : 0;
}

static int plan_add(struct couche_pool *pool, struct couche_leg *leg,
		    struct couche_super_change *change, const char **why)
{
	u8 role = leg->offered_role;
	int err;

	*why = "leg: the pool has no tier of this role";
	if (role != COUCHE_ROLE_META && !pool->super.profile[role - COUCHE_ROLE_HOT].k)
		return -EINVAL;
	describe(leg, role, leg->offered_domain, change);
	/* As it stands, or with a larger map. */
	err = couche_superblock_check_change(pool, change, why);
	return err ?: couche_superblock_plan_areas(pool, change, why);
}

/**
 * couche_leg_add() - A device that the table offers becomes a leg
 * @pool: an active pool
 * @index: its place: the first free one, or one that was removed
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock and alloc_lock.
 * Return: 0; -EINVAL, -EEXIST when the place or the device is taken, -ENODEV,
 * -ENOSPC when the map has no room on a meta leg, -EBUSY, -EROFS, -EIO, -ENOMEM.
 */
int couche_leg_add(struct couche_pool *pool, u32 index, const char **why)
{
	struct couche_super_change change;
	struct couche_leg *leg;
	int err;

	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why) ?: check_free_place(pool, index, why);
	if (err)
		goto out;
	leg = &pool->legs[index];
	err = check_offer(pool, leg, why) ?: plan_add(pool, leg, &change, why);
	if (err)
		goto out;
	*why = "leg: it cannot be written";
	err = join(pool, leg, &change, false);
	if (!err)
		DMINFO("%s: leg %u was added", pool->device, index);
out:
	mutex_unlock(&pool->config_lock);
	return err;
}

static int replace(struct couche_pool *pool, struct couche_leg *leg,
		   const char **why)
{
	struct couche_super_change change;
	int err;

	*why = "leg: it has not failed";
	err = leg->state != COUCHE_LEG_FAILED ? -EALREADY : check_offer(pool, leg, why);
	if (err)
		return err;
	describe(leg, leg->role, leg->domain, &change);
	change.leg.flags = leg->flags;
	*why = "leg: its new device is smaller";
	err = change.leg.sectors < leg->sectors ? -EINVAL :
	      couche_superblock_check_change(pool, &change, why);
	if (err)
		return err;
	/* What is beyond the old size stays unused: groups know the old one. */
	change.leg.sectors = leg->sectors;
	/* What is kept is not in the map, so nobody would write it to the new one. */
	couche_preserve_drop_all(pool);
	*why = "leg: it cannot be written";
	err = join(pool, leg, &change, true);
	if (!err)
		DMINFO("%s: leg %u was replaced", pool->device, leg->index);
	return err;
}

/**
 * couche_leg_replace() - A new device takes the place of a failed leg
 * @pool: an active pool
 * @index: which leg
 * @why: what was wrong
 *
 * It must be as large as the segments in use reach; copies are made equal by
 * the resync. The old device has another UUID and is not taken any more.
 *
 * Context: process; sleeps. Takes config_lock and alloc_lock.
 * Return: 0; -ENOENT, -EALREADY when it has not failed, -EINVAL, -EEXIST,
 * -ENODEV, -EBUSY, -EROFS, -EIO, -ENOMEM.
 */
int couche_leg_replace(struct couche_pool *pool, u32 index, const char **why)
{
	return order_leg(pool, index, why, replace);
}

static int check_removable(struct couche_pool *pool, struct couche_leg *leg, const char **why)
{
	*why = "leg: it is in use; drain it first, or let it fail";
	if (leg->state != COUCHE_LEG_FAILED && !couche_leg_draining(leg))
		return -EBUSY;
	*why = "leg: there are groups on it; drain it first";
	return couche_segmap_used(&leg->segments) ? -EBUSY : 0;
}

static void forget(struct couche_pool *pool, struct couche_leg *leg)
{
	struct couche_segmap segments = {};

	mutex_lock(&pool->alloc_lock);
	swap(leg->segments, segments);
	mutex_unlock(&pool->alloc_lock);
	couche_segmap_destroy(&segments);
	leg->offered = leg->bdev;
	leg->dev = 0;
	WRITE_ONCE(leg->bdev, NULL);
	couche_pool_sync_io(pool);
}

static int remove(struct couche_pool *pool, struct couche_leg *leg,
		  const char **why)
{
	struct couche_super_change change = { .index = leg->index };
	int err;

	mutex_lock(&pool->alloc_lock);
	err = check_removable(pool, leg, why) ?:
	      couche_superblock_check_change(pool, &change, why);
	/* The map may still name groups on it that were dissolved just now. */
	if (!err) {
		*why = "leg: the journal cannot be written";
		err = couche_commit_all(pool);
	}
	if (!err) {
		*why = "leg: the superblocks cannot be written";
		err = couche_superblock_change(pool, &change);
	}
	mutex_unlock(&pool->alloc_lock);
	if (err)
		return err;
	forget(pool, leg);
	couche_group_forget_open(pool);
	DMINFO("%s: leg %u was removed", pool->device, leg->index);
	return 0;
}

/**
 * couche_leg_remove() - A leg that nobody needs leaves the pool
 * @pool: an active pool
 * @index: which leg: drained, or failed
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock and alloc_lock.
 * Return: 0; -ENOENT, -EBUSY when it is needed, -EINVAL when too few are left
 * for the profile, -EROFS, -EIO, -ENOMEM.
 */
int couche_leg_remove(struct couche_pool *pool, u32 index, const char **why)
{
	return order_leg(pool, index, why, remove);
}

static unsigned int others_for_new(struct couche_pool *pool, const struct couche_leg *leg)
{
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		const struct couche_leg *other = &pool->legs[i];

		nr += other != leg && other->role == leg->role &&
		      couche_leg_writable(other) && !couche_leg_draining(other);
	}
	return nr;
}

static int check_drainable(struct couche_pool *pool, const struct couche_leg *leg,
			   const char **why)
{
	const struct couche_profile *p;

	*why = "leg: a meta leg is not drained; let it fail and remove it";
	if (leg->role == COUCHE_ROLE_META)
		return -EINVAL;
	*why = "leg: it is being drained already";
	if (couche_leg_draining(leg))
		return -EALREADY;
	p = &pool->super.profile[leg->role - COUCHE_ROLE_HOT];
	*why = "leg: fewer than k + m others of its tier are in order";
	if (others_for_new(pool, leg) < p->k + p->m)
		return -EBUSY;
	*why = "leg: the others of its tier have no room for what it holds";
	return couche_group_fits_without(pool, leg) ? 0 : -ENOSPC;
}

static int drain(struct couche_pool *pool, struct couche_leg *leg,
		 const char **why)
{
	int err = check_drainable(pool, leg, why);

	if (err)
		return err;
	atomic64_set(&leg->drain_left, 0);
	atomic64_set(&leg->drain_moved, 0);
	*why = "leg: its state cannot be written";
	err = couche_superblock_set_leg_flags(pool, leg, leg->flags | COUCHE_LEG_FLAG_DRAINING);
	if (err)
		return err;
	couche_group_forget_open(pool);
	couche_drain_start(pool);
	return 0;
}

/**
 * couche_leg_drain() - Begin to empty a leg
 * @pool: an active pool
 * @index: which leg; may have failed
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock and alloc_lock.
 * Return: 0 when it has begun; -ENOENT, -EINVAL a meta leg, -EALREADY, -EBUSY
 * too few others, -ENOSPC no room on them, -EROFS, -EIO.
 */
int couche_leg_drain(struct couche_pool *pool, u32 index, const char **why)
{
	return order_leg(pool, index, why, drain);
}

static int drain_cancel(struct couche_pool *pool, struct couche_leg *leg,
			const char **why)
{
	int err;

	*why = "leg: it is not being drained";
	if (!couche_leg_draining(leg))
		return -EALREADY;
	*why = "leg: its state cannot be written";
	err = couche_superblock_set_leg_flags(pool, leg,
					      leg->flags & ~COUCHE_LEG_FLAG_DRAINING);
	couche_group_forget_open(pool);
	/* Others may go on. */
	couche_drain_start(pool);
	return err;
}

/**
 * couche_leg_drain_cancel() - Use a leg again that was being emptied
 * @pool: an active pool
 * @index: which leg
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock and alloc_lock.
 * Return: 0; -ENOENT, -EALREADY when it is not drained, -EBUSY, -EROFS, -EIO.
 */
int couche_leg_drain_cancel(struct couche_pool *pool, u32 index, const char **why)
{
	return order_leg(pool, index, why, drain_cancel);
}
