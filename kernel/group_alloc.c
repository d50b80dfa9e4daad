// SPDX-License-Identifier: GPL-2.0-only
#include "group_alloc.h"

#include <linux/slab.h>

#include "commit.h"
#include "core/placement.h"
#include "event.h"
#include "group.h"
#include "leg.h"
#include "map_area.h"
#include "preserve.h"
#include "superblock.h"
#include "trace.h"

/* Below this part of a tier in free segments the agent is told. */
#define SPACE_LOW_DIVISOR	10

static bool touches_draining(struct couche_pool *pool, const struct couche_group *group)
{
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++)
		if (couche_leg_draining(couche_group_leg(pool, group, i)))
			return true;
	return false;
}

/*
 * A copy on a leg that is being restored is not read yet, nor believed after a
 * crash. Were all of a group on such legs, nobody could read what is written
 * there; a shard proves itself.
 */
static bool is_sure(struct couche_pool *pool, u8 tier, const struct couche_leg *leg)
{
	return couche_pool_striped(pool, tier) || couche_leg_current(leg);
}

static bool has_sure_leg(struct couche_pool *pool, const struct couche_group *group)
{
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++)
		if (is_sure(pool, group->desc.tier, couche_group_leg(pool, group, i)))
			return true;
	return false;
}

/*
 * Shards and copies that have no leg now are put there when the leg returns or
 * is replaced. Without all of them only if there is no other way, and never
 * with fewer than the profile says.
 */
static bool group_usable(struct couche_pool *pool, const struct couche_group *group,
			 unsigned int missing)
{
	return couche_group_lost(pool, group) <= missing && has_sure_leg(pool, group) &&
	       !touches_draining(pool, group);
}

/* How many shards or copies may be missing from what is written. */
static unsigned int may_miss(const struct couche_shape *shape)
{
	return shape->geo.k + shape->geo.m - shape->min_healthy;
}

static unsigned int list_legs(struct couche_pool *pool, u8 tier, bool healthy,
			      struct couche_placement_leg *legs)
{
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (leg->role != couche_role_of_tier(tier))
			continue;
		legs[nr].index = i;
		legs[nr].domain = leg->domain;
		legs[nr].usable = !couche_leg_draining(leg) &&
				  couche_leg_writable(leg) == healthy;
		/* Of the others nothing is asked: what they lack is known. */
		legs[nr].sure = !healthy || is_sure(pool, tier, leg);
		legs[nr].free_segments = leg->segments.free;
		legs[nr++].total_segments = leg->segments.segments;
	}
	return nr;
}

static unsigned int count_usable(const struct couche_placement_leg *legs, unsigned int nr)
{
	unsigned int i, usable = 0;

	for (i = 0; i < nr; i++)
		usable += legs[i].usable;
	return usable;
}

/*
 * Healthy legs first, and so for the data. Those that failed have their places
 * behind: what they should hold is written when they come back.
 */
static int place_shards(struct couche_pool *pool, u8 tier, unsigned int missing, u32 *chosen,
			const char **why)
{
	const struct couche_geometry *geo = &pool->shape[tier]->geo;
	struct couche_placement_leg legs[COUCHE_MAX_LEGS];
	unsigned int nr, want = geo->k + geo->m, healthy;
	int err;

	nr = list_legs(pool, tier, true, legs);
	healthy = min(count_usable(legs, nr), want);
	if (healthy + missing < want)
		healthy = want;		/* which is refused, with a reason */
	err = couche_placement_choose(legs, nr, healthy, geo->m, chosen, why);
	if (err || healthy == want)
		return err;
	nr = list_legs(pool, tier, false, legs);
	return couche_placement_choose(legs, nr, want - healthy, geo->m, chosen + healthy,
				       why);
}

static int choose_legs(struct couche_pool *pool, u8 tier, unsigned int missing,
		       struct couche_group_desc *desc, const char **why)
{
	const struct couche_shape *shape = pool->shape[tier];
	u32 chosen[COUCHE_MAX_SHARDS];
	unsigned int i;
	int err;

	desc->k = shape->geo.k;
	desc->nr = shape->geo.k + shape->geo.m;
	desc->tier = tier;
	desc->matrix = shape->matrix;
	err = place_shards(pool, tier, missing, chosen, why);
	if (err)
		return err;
	for (i = 0; i < desc->nr; i++) {
		desc->seg[i].leg = chosen[i];
		/* Chosen for having a free one, and we hold alloc_lock. */
		couche_segmap_get(&pool->legs[chosen[i]].segments, &desc->seg[i].segment);
	}
	return 0;
}

static void put_segments(struct couche_pool *pool, const struct couche_group_desc *desc)
{
	unsigned int i;

	for (i = 0; i < desc->nr; i++)
		couche_segmap_put(&pool->legs[desc->seg[i].leg].segments, desc->seg[i].segment);
}

static int free_number(struct couche_pool *pool, u32 *nr)
{
	for (*nr = 0; *nr < pool->max_groups; ++*nr)
		if (*nr >= pool->nr_groups || !pool->groups[*nr] || pool->groups[*nr]->dissolved)
			return 0;
	return -ENOSPC;
}

static u32 group_page(struct couche_pool *pool, u32 nr)
{
	u32 index = nr / COUCHE_PAGE_GROUPS;
	u32 *page = &pool->area.group_pages[index];

	if (*page == COUCHE_NO_PAGE)
		*page = couche_map_area_get(pool, COUCHE_PAGE_GROUP, index, NULL);
	return *page;
}

static struct couche_group *group_create(struct couche_pool *pool, u8 tier,
					 unsigned int missing, const char **why)
{
	struct couche_group_desc desc = {};
	u32 nr, page;
	int err;

	*why = "no group number is free";
	err = free_number(pool, &nr);
	if (err)
		return ERR_PTR(err);
	*why = "the map area is full";
	page = group_page(pool, nr);
	if (page == COUCHE_NO_PAGE)
		return ERR_PTR(-ENOSPC);
	err = choose_legs(pool, tier, missing, &desc, why);
	if (err)
		return ERR_PTR(err);
	err = couche_group_add(pool, to_couche_group(nr), &desc, why);
	if (err)
		goto err_segments;
	*why = "the metadata takes no changes";
	err = couche_commit_begin(pool);
	if (err)
		goto err_group;
	couche_commit_group_locked(pool, to_couche_group(nr), &desc, page);
	couche_commit_end(pool);
	trace_couche_group(nr, tier, desc.nr);
	return pool->groups[nr];

err_group:
	couche_alloc_destroy(&pool->groups[nr]->rows);
	pool->groups[nr]->dissolved = true;
err_segments:
	put_segments(pool, &desc);
	return ERR_PTR(err);
}

static bool is_open(const struct couche_open_groups *open, const struct couche_group *group)
{
	unsigned int i;

	for (i = 0; i < open->nr; i++)
		if (open->group[i] == group)
			return true;
	return false;
}

/* As many groups in turn as the tier's legs can serve side by side. */
static unsigned int open_wanted(struct couche_pool *pool, u8 tier)
{
	const struct couche_geometry *geo = &pool->shape[tier]->geo;
	unsigned int i, legs = 0;

	for (i = 0; i < pool->nr_legs; i++)
		legs += pool->legs[i].role == couche_role_of_tier(tier);
	return clamp_t(unsigned int, legs / (geo->k + geo->m), 1,
		       COUCHE_MAX_OPEN_GROUPS);
}

/* Open groups with room for an extent, old ones before new ones. */
static int open_groups(struct couche_pool *pool, u8 tier, u32 rows, unsigned int missing,
		       const char **why)
{
	struct couche_open_groups *open = &pool->open[tier];
	unsigned int wanted = open_wanted(pool, tier);
	struct couche_group *group;
	u32 i;

	for (i = 0; i < pool->nr_groups && open->nr < wanted; i++) {
		group = pool->groups[i];
		if (group && !group->dissolved && group->shape == pool->shape[tier] &&
		    group->rows.free >= rows &&
		    group_usable(pool, group, missing) && !is_open(open, group))
			open->group[open->nr++] = group;
	}
	while (open->nr < wanted) {
		group = group_create(pool, tier, missing, why);
		if (IS_ERR(group))
			return open->nr ? 0 : PTR_ERR(group);
		open->group[open->nr++] = group;
	}
	return 0;
}

/*
 * Groups that have all their legs, or else those that lack as few as possible.
 * A tier of stripes that is only full waits for rows that come back.
 */
static int refill_open(struct couche_pool *pool, u8 tier, u32 rows, const char **why)
{
	const struct couche_shape *shape = pool->shape[tier];
	struct couche_open_groups *open = &pool->open[tier];
	int err, first = 0;

	for (open->missing = 0; open->missing <= may_miss(shape); open->missing++) {
		err = open_groups(pool, tier, rows, open->missing, why);
		if (!err)
			return 0;
		first = first == -ENOSPC ? first : err;
		if (shape->geo.footers && !open->missing && err != -ENODEV)
			break;
	}
	open->missing = 0;
	return first;
}

/*
 * Who does without a leg because an empty group can holds spare_lock until the leg
 * counts as gone: that is before the group's first rows are given, or after.
 */
static bool take_rows_of(struct couche_pool *pool, struct couche_group *group,
			 unsigned int missing, struct couche_place *to)
{
	bool empty = group->rows.free == group->rows.rows, taken;

	if (empty)
		mutex_lock(&pool->spare_lock);
	taken = group_usable(pool, group, missing) &&
		!couche_alloc_get(&group->rows, to->rows, &to->row);
	if (empty)
		mutex_unlock(&pool->spare_lock);
	return taken;
}

static int take_rows(struct couche_pool *pool, u8 tier, struct couche_place *to)
{
	struct couche_open_groups *open = &pool->open[tier];

	while (open->nr) {
		unsigned int i = open->next++ % open->nr;
		struct couche_group *group = open->group[i];

		if (take_rows_of(pool, group, open->missing, to)) {
			to->group = group->nr;
			atomic64_add(to->rows * group->desc.nr, &pool->tier_used[tier]);
			return 0;
		}
		open->group[i] = open->group[--open->nr];
	}
	return -ENOSPC;
}

static bool space_low(struct couche_pool *pool, u8 tier, u64 *free, u64 *total)
{
	u32 i;

	*free = 0;
	*total = 0;
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (leg->role != couche_role_of_tier(tier) || couche_leg_draining(leg))
			continue;
		*free += (u64)leg->segments.free * pool->super.segment_sectors;
		*total += (u64)leg->segments.segments * pool->super.segment_sectors;
	}
	if (*free >= *total / SPACE_LOW_DIVISOR) {
		clear_bit(tier, &pool->space_low);
		return false;
	}
	return !test_and_set_bit(tier, &pool->space_low);
}

static void close_open(struct couche_pool *pool, const struct couche_group *group)
{
	struct couche_open_groups *open = &pool->open[group->desc.tier];
	unsigned int i;

	for (i = 0; i < open->nr; i++)
		if (open->group[i] == group)
			open->group[i--] = open->group[--open->nr];
}

/*
 * Rows are put back only when no durable map and no bio names them, so an
 * empty group's segments may be used again at once.
 */
static int dissolve(struct couche_pool *pool, struct couche_group *group)
{
	static const struct couche_group_desc none;
	u32 nr = from_couche_group(group->nr);
	int err;

	close_open(pool, group);
	err = couche_commit_begin(pool);
	if (err)
		return err;
	WRITE_ONCE(group->dissolved, true);
	couche_commit_group_locked(pool, group->nr, &none,
				   pool->area.group_pages[nr / COUCHE_PAGE_GROUPS]);
	couche_commit_end(pool);
	put_segments(pool, &group->desc);
	couche_alloc_destroy(&group->rows);
	trace_couche_group(nr, group->desc.tier, 0);
	return 0;
}

/**
 * couche_group_dissolve_others() - Give back empty groups that have an older shape
 * @pool: the pool
 * @left: how many of these hold something
 * @gone: how many were given back
 *
 * Context: process; sleeps. Takes alloc_lock.
 * Return: 0, or a negative errno when the metadata takes no changes.
 */
int couche_group_dissolve_others(struct couche_pool *pool, u32 *left, u32 *gone)
{
	int err = 0;
	u32 i;

	*left = 0;
	*gone = 0;
	mutex_lock(&pool->alloc_lock);
	for (i = 0; i < pool->nr_groups && !err; i++) {
		struct couche_group *group = pool->groups[i];

		if (!couche_group_outdated(pool, group))
			continue;
		if (group->rows.free == group->rows.rows) {
			err = dissolve(pool, group);
			*gone += !err;
		} else {
			++*left;
		}
	}
	mutex_unlock(&pool->alloc_lock);
	return err;
}

/* Segments of groups that are empty, and of a shape that nothing gets any more. */
static bool take_back_others(struct couche_pool *pool)
{
	u32 left, gone = 0;

	return couche_superblock_mixed(pool) &&
	       !couche_group_dissolve_others(pool, &left, &gone) && gone;
}

/**
 * couche_group_alloc() - Find rows for one extent
 * @pool: the pool
 * @tier: where
 * @to: place; group, row, rows, tier and flags are set, the generation is not
 * @why: what was in the way
 *
 * The rows belong to the caller until a commit section publishes them or
 * couche_group_put_rows() gives them back.
 *
 * Context: process; sleeps, not inside io_gate. Takes alloc_lock. A full tier
 * waits for rows that are on their way back.
 * Return: 0; -ENOSPC full, -ENODEV no such tier or too few legs, -EROFS.
 */
int couche_group_alloc(struct couche_pool *pool, u8 tier, struct couche_place *to,
		       const char **why)
{
	unsigned int hurried = 0;
	u64 free, total;
	bool low;
	int err;

	*why = "the pool has no such tier";
	if (!pool->super.profile[tier].k)
		return -ENODEV;
	to->tier = tier;
	to->flags = COUCHE_EXTENT_MAPPED;

	do {
		mutex_lock(&pool->alloc_lock);
		to->rows = pool->shape[tier]->geo.rows;
		do {
			err = take_rows(pool, tier, to);
			if (!err)
				break;
			err = refill_open(pool, tier, to->rows, why);
		} while (!err);
		low = space_low(pool, tier, &free, &total);
		mutex_unlock(&pool->alloc_lock);
		if (low)
			couche_event_space(pool, tier, free, total);
	} while (err == -ENOSPC && ((!hurried++ && couche_commit_reclaim(pool)) ||
				    couche_preserve_reclaim(pool, tier) ||
				    take_back_others(pool)));
	return err;
}

/**
 * couche_group_forget_open() - Choose afresh which groups new extents go to
 * @pool: a leg of it changed its state
 *
 * Context: process; sleeps.
 */
void couche_group_forget_open(struct couche_pool *pool)
{
	u8 tier;

	mutex_lock(&pool->alloc_lock);
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		pool->open[tier].nr = 0;
	mutex_unlock(&pool->alloc_lock);
}

/**
 * couche_group_dissolve_empty() - Give back the segments of groups that hold nothing
 * @pool: the pool
 * @leg: of groups that have a segment on this leg
 * @left: how many of these hold something
 *
 * Context: process; sleeps. Takes alloc_lock.
 * Return: 0, or a negative errno when the metadata takes no changes.
 */
int couche_group_dissolve_empty(struct couche_pool *pool, u32 leg, u32 *left)
{
	int err = 0;
	u32 i;

	*left = 0;
	mutex_lock(&pool->alloc_lock);
	for (i = 0; i < pool->nr_groups && !err; i++) {
		struct couche_group *group = pool->groups[i];

		if (!group || group->dissolved || !couche_group_touches(group, leg))
			continue;
		if (group->rows.free == group->rows.rows)
			err = dissolve(pool, group);
		else
			++*left;
	}
	mutex_unlock(&pool->alloc_lock);
	return err;
}

/* The tier's legs without one, as new groups would find them. */
static unsigned int list_others(struct couche_pool *pool, const struct couche_leg *without,
				struct couche_placement_leg *legs)
{
	unsigned int i, nr = list_legs(pool, without->role - COUCHE_ROLE_HOT, true, legs);

	for (i = 0; i < nr; i++)
		legs[i].usable &= legs[i].index != without->index;
	return nr;
}

static bool can_form(struct couche_placement_leg *legs, unsigned int nr,
		     const struct couche_shape *shape, u64 groups)
{
	for (; groups; groups--) {
		if (couche_placement_form(legs, nr, shape->geo.k + shape->geo.m, shape->geo.m))
			return false;
		cond_resched();
	}
	return true;
}

/**
 * couche_group_fits_without() - Have the other legs room for what lies on one?
 * @pool: the pool
 * @leg: which is to be emptied
 *
 * What is on draining legs already needs room as well. A group that is left
 * gives back its segments only when it is empty, so they do not count.
 *
 * Context: process; sleeps. Takes alloc_lock.
 * Return: whether they have.
 */
bool couche_group_fits_without(struct couche_pool *pool, const struct couche_leg *leg)
{
	const struct couche_shape *shape = pool->shape[leg->role - COUCHE_ROLE_HOT];
	u32 in_group = pool->super.segment_sectors / COUCHE_BLOCK_SECTORS / shape->geo.rows;
	struct couche_placement_leg legs[COUCHE_MAX_LEGS];
	u64 extents = 0, room = 0;
	unsigned int nr;
	u32 i;

	mutex_lock(&pool->alloc_lock);
	for (i = 0; i < pool->nr_groups; i++) {
		struct couche_group *group = pool->groups[i];

		if (!group || group->dissolved ||
		    couche_role_of_tier(group->desc.tier) != leg->role)
			continue;
		if (couche_group_touches(group, leg->index) || touches_draining(pool, group))
			extents += (group->rows.rows - group->rows.free) / group->shape->geo.rows;
		else if (group->shape == shape && group_usable(pool, group, 0))
			room += group->rows.free / shape->geo.rows;
	}
	nr = list_others(pool, leg, legs);
	mutex_unlock(&pool->alloc_lock);
	return extents <= room ||
	       can_form(legs, nr, shape, DIV_ROUND_UP_ULL(extents - room, in_group));
}
