// SPDX-License-Identifier: GPL-2.0-only
#include "group_shape.h"

#include <linux/math.h>

#include "core/placement.h"
#include "group.h"
#include "leg.h"
#include "superblock.h"

/* Of a tier and not dissolved; NULL where there is none. */
static struct couche_group *group_of(struct couche_pool *pool, u32 nr, u8 tier)
{
	struct couche_group *group = pool->groups[nr];

	return group && !group->dissolved && group->desc.tier == tier ? group : NULL;
}

/**
 * couche_group_has_profile() - Does a group look like this?
 * @pool: the pool
 * @tier: of which
 * @profile: k, m and matrix count
 *
 * Context: process; sleeps. Takes alloc_lock.
 * Return: whether there is one.
 */
bool couche_group_has_profile(struct couche_pool *pool, u8 tier,
			      const struct couche_profile *profile)
{
	const struct couche_shape *shape = couche_shape_find(pool, tier, profile);
	bool found = false;
	u32 i;

	mutex_lock(&pool->alloc_lock);
	for (i = 0; shape && i < pool->nr_groups && !found; i++) {
		struct couche_group *group = group_of(pool, i, tier);

		found = group && group->shape == shape;
	}
	mutex_unlock(&pool->alloc_lock);
	return found;
}

/* Legs that new groups of a tier can have. */
static unsigned int list_legs(struct couche_pool *pool, u8 tier,
			      struct couche_placement_leg *legs)
{
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		const struct couche_leg *leg = &pool->legs[i];

		if (leg->role != couche_role_of_tier(tier))
			continue;
		legs[nr++] = (struct couche_placement_leg){
			.usable = couche_leg_writable(leg) && !couche_leg_draining(leg),
			.free_segments = leg->segments.free,
			.total_segments = leg->segments.segments,
		};
	}
	return nr;
}

/* Groups of a shape that hold what the tier does; is one of them begun? */
static u64 count_groups(struct couche_pool *pool, u8 tier, const struct couche_geometry *geo,
			const struct couche_shape *shape, bool *begun)
{
	u32 in_group = pool->super.segment_sectors / COUCHE_BLOCK_SECTORS / geo->rows;
	u64 extents = 0;
	u32 i;

	*begun = false;
	for (i = 0; i < pool->nr_groups; i++) {
		struct couche_group *group = group_of(pool, i, tier);

		if (!group)
			continue;
		extents += (group->rows.rows - group->rows.free) / group->shape->geo.rows;
		*begun |= group->shape == shape && group->rows.free >= geo->rows &&
			  !couche_group_lost(pool, group);
	}
	return DIV_ROUND_UP_ULL(extents, in_group);
}

static bool can_begin(const struct couche_placement_leg *legs, unsigned int nr, unsigned int want)
{
	unsigned int i, spare = 0;

	for (i = 0; i < nr; i++)
		spare += legs[i].usable && legs[i].free_segments;
	return spare >= want;
}

/**
 * couche_group_fits_profile() - Is there room to give all extents of a tier a shape?
 * @pool: the pool
 * @tier: which
 * @profile: of the shape; a checked one
 * @why: what was wrong
 *
 * Counted, not tried: failure domains may want more.
 *
 * Context: process; sleeps. Takes alloc_lock.
 * Return: 0 or -ENOSPC.
 */
int couche_group_fits_profile(struct couche_pool *pool, u8 tier,
			      const struct couche_profile *profile, const char **why)
{
	unsigned int want = profile->k + profile->m, nr;
	struct couche_placement_leg legs[COUCHE_MAX_LEGS];
	struct couche_geometry geo;
	u64 groups;
	bool begun;

	couche_geometry_init(&geo, profile, pool->super.extent_sectors);
	mutex_lock(&pool->alloc_lock);
	nr = list_legs(pool, tier, legs);
	groups = count_groups(pool, tier, &geo, couche_shape_find(pool, tier, profile), &begun);
	mutex_unlock(&pool->alloc_lock);
	*why = "profile: the legs of the tier have no room for its extents in that shape";
	if (!couche_placement_fits(legs, nr, want, groups))
		return -ENOSPC;
	*why = "profile: fewer than k + m legs of the tier have a free segment to begin with";
	return begun || can_begin(legs, nr, want) ? 0 : -ENOSPC;
}

/**
 * couche_group_use_shape() - New groups of a tier get another shape, durably
 * @pool: the pool
 * @shape: which, and of what tier
 * @profile: the same, for the superblock
 *
 * Context: process; sleeps. Takes alloc_lock, and super_lock inside.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_group_use_shape(struct couche_pool *pool, struct couche_shape *shape,
			   const struct couche_profile *profile)
{
	int err;

	mutex_lock(&pool->alloc_lock);
	err = couche_superblock_set_profile(pool, shape->tier, profile);
	if (!err) {
		WRITE_ONCE(shape->min_healthy, couche_profile_min_healthy(profile));
		WRITE_ONCE(pool->shape[shape->tier], shape);
		pool->open[shape->tier].nr = 0;
	}
	mutex_unlock(&pool->alloc_lock);
	return err;
}

/**
 * couche_group_end_shapes() - If all groups are like their profiles, say so, durably
 * @pool: the pool; that groups were dissolved is durable
 *
 * Context: process; sleeps. Takes alloc_lock, and super_lock inside.
 * Return: 0; -EAGAIN when there are others; -EIO when the metadata failed.
 */
int couche_group_end_shapes(struct couche_pool *pool)
{
	int err = 0;
	u32 i;

	mutex_lock(&pool->alloc_lock);
	for (i = 0; i < pool->nr_groups && !err; i++)
		err = couche_group_outdated(pool, pool->groups[i]) ? -EAGAIN : 0;
	if (!err)
		err = couche_superblock_end_shapes(pool);
	mutex_unlock(&pool->alloc_lock);
	return err;
}
