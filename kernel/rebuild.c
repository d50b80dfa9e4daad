// SPDX-License-Identifier: GPL-2.0-only
#include "rebuild.h"

#include <linux/device-mapper.h>
#include <linux/moduleparam.h>

#include "commit.h"
#include "group.h"
#include "group_alloc.h"
#include "leg.h"
#include "pool.h"
#include "relocate.h"
#include "shape.h"
#include "sweep.h"
#include "trace.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

#define ATTEMPTS	3	/* at an extent, while legs fail under it */
/* Of passes that only count: what can be helped, and all that lacks something. */
#define ANY_LEVEL	(-2)
#define ALL_LEVELS	(-3)

static unsigned int rebuild_rate_kib;
module_param(rebuild_rate_kib, uint, 0644);
MODULE_PARM_DESC(rebuild_rate_kib, "KiB of volumes rebuilt in a second, per pool; 0: no limit (default 0)");

static u64 rate(void)
{
	return (u64)READ_ONCE(rebuild_rate_kib) << 10;
}

/* How many more legs its extents can lose; -1: nothing is wrong with it. */
static int level_of(struct couche_pool *pool, const struct couche_group *group)
{
	int lost = couche_group_lost(pool, group);
	int m = group->desc.nr - group->desc.k;

	/* Without redundancy there is nothing to rebuild from. */
	return lost && m ? max(m - lost, 0) : -1;
}

static bool wanted(struct couche_sweep *s, const struct couche_place *place)
{
	const struct couche_group *group = couche_group_find(s->pool, place->group);
	int level = level_of(s->pool, group);

	if (level < 0 || (s->skip_tiers & BIT(place->tier)))
		return false;
	if (s->level == ALL_LEVELS)
		return true;
	if (couche_group_lost(s->pool, group) <= s->unavoidable[place->tier])
		return false;
	return s->level == ANY_LEVEL || level == s->level;
}

/* How many legs must even a new group of the tier lack? */
static unsigned int unavoidable(struct couche_pool *pool, u8 tier)
{
	const struct couche_shape *shape = READ_ONCE(pool->shape[tier]);
	unsigned int healthy = 0, want = shape ? shape->geo.k + shape->geo.m : 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		healthy += pool->legs[i].role == couche_role_of_tier(tier) &&
			   couche_leg_writable(&pool->legs[i]);
	return healthy < want ? want - healthy : 0;
}

static u64 count_extents(struct couche_sweep *s, int which)
{
	int level = s->level;
	u64 count;

	s->level = which;
	count = couche_sweep_count(s, NULL);
	s->level = level;
	return count;
}

static void begin(struct couche_sweep *s)
{
	u64 left;
	u8 tier;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		s->unavoidable[tier] = unavoidable(s->pool, tier);
	left = count_extents(s, ANY_LEVEL);
	spin_lock(&s->lock);
	s->info.total = s->info.done + left;
	spin_unlock(&s->lock);
	if (left)
		DMINFO("%s: rebuild: %llu extents lie on failed legs", s->pool->device, left);
}

static bool next_pass(struct couche_sweep *s)
{
	if (s->level < 0)
		begin(s);
	return ++s->level < (int)couche_shape_most_m(s->pool);
}

static int visit(struct couche_sweep *s, struct couche_volume *volume,
		 const struct couche_sweep_item *item)
{
	unsigned int tries = 0;
	int err;

	/* A leg that fails under the writing is avoided by the next attempt. */
	do {
		err = couche_sweep_relocate(s, volume, item, RELOCATE_BETTER, NULL);
	} while (err == -EIO && ++tries < ATTEMPTS && couche_sweep_goes_on(s));
	if (err == -ENOSPC || err == -ENODEV)
		set_bit(item->place.tier, &s->skip_tiers);
	trace_couche_rebuild_extent(volume->desc.id, item->extent, err);
	return err;
}

/*
 * What was moved away leaves groups behind that take nothing new, because of
 * the failed leg, but still hold segments of the others.
 */
static void make_room(struct couche_pool *pool)
{
	u32 i, left;

	couche_commit_reclaim(pool);
	for (i = 0; i < pool->nr_legs; i++) {
		const struct couche_leg *leg = &pool->legs[i];

		if (couche_leg_member(leg) && leg->role != COUCHE_ROLE_META &&
		    !couche_leg_writable(leg) && couche_group_dissolve_empty(pool, i, &left))
			return;
	}
}

static bool waits(struct couche_sweep *s)
{
	u64 left, unplaced;
	unsigned long skipped = s->skip_tiers;

	make_room(s->pool);
	if (couche_sweep_room_made(s))
		return false;
	left = count_extents(s, ANY_LEVEL);
	s->skip_tiers = 0;
	unplaced = count_extents(s, ALL_LEVELS);
	s->skip_tiers = skipped;
	if (unplaced && unplaced != s->told)
		DMWARN("%s: rebuild: %llu extents wait for a healthy leg or for room, %llu could not be read or written",
		       s->pool->device, unplaced - left, left);
	else if (!unplaced && s->info.done)
		DMINFO("%s: rebuild: done, %llu extents", s->pool->device, s->info.done);
	s->told = unplaced;
	return unplaced;
}

const struct couche_sweep_ops couche_rebuild_ops = {
	.kind = COUCHE_SWEEP_REBUILD,
	.ended = COUCHE_SWEEP_IDLE,
	.next_pass = next_pass,
	.wanted = wanted,
	.visit = visit,
	.waits = waits,
	.rate = rate,
};

/**
 * couche_rebuild_look() - Something was written that lacks shards
 * @rebuild: of its pool
 *
 * One that is at it, or waits for better legs, finds it by itself.
 *
 * Context: any but interrupt.
 */
void couche_rebuild_look(struct couche_sweep *rebuild)
{
	struct couche_sweep_info info;

	couche_sweep_describe(rebuild, &info);
	if (info.state == COUCHE_SWEEP_IDLE)
		couche_sweep_kick(rebuild);
}
