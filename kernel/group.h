/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Groups: k + m segments on different legs, from which extents get rows.
 *
 * A group's description never changes after it is published in pool->groups,
 * so lookups need no lock. Its row bitmap is under pool->alloc_lock. Groups
 * live until the pool is freed, also those that were dissolved: a reader may
 * be late. Bitmaps are rebuilt from the map at
 * activation and never stored.
 */
#ifndef COUCHE_GROUP_H
#define COUCHE_GROUP_H

#include "core/alloc.h"
#include "core/page.h"
#include "pool.h"
#include "shape.h"

struct couche_group {
	struct couche_group_desc desc;
	couche_group_t nr;
	bool dissolved;			/* its segments are free, and its number */
	const struct couche_shape *shape;	/* NULL until recovery has seen to it */
	struct couche_alloc rows;
};

int couche_group_add(struct couche_pool *pool, couche_group_t nr,
		     const struct couche_group_desc *desc, const char **why);
int couche_group_replay(struct couche_pool *pool, couche_group_t nr,
			const struct couche_group_desc *desc, const char **why);
void couche_group_free_all(struct couche_pool *pool);
void couche_group_put_rows(struct couche_pool *pool, couche_group_t nr, couche_row_t row,
			   u16 rows);
int couche_group_mark(struct couche_pool *pool, const struct couche_place *place,
		      const char **why);
void couche_group_encode_page(struct couche_pool *pool, u32 index, u32 number, void *block);
int couche_group_grow(struct couche_pool *pool, u32 max_groups);
unsigned int couche_group_lost(struct couche_pool *pool, const struct couche_group *group);
bool couche_group_keeps_write(struct couche_pool *pool, const struct couche_group *group,
			      u64 missed);
bool couche_group_survives(struct couche_pool *pool, const struct couche_leg *leg);

/**
 * couche_group_find() - A group by its number
 * @pool: the pool
 * @nr: below max_groups
 *
 * Context: any.
 * Return: the group, which lives as long as the pool, or NULL.
 */
static inline struct couche_group *couche_group_find(struct couche_pool *pool,
						     couche_group_t nr)
{
	struct couche_group **groups;

	/* The table may have grown for this number: after the word that names it. */
	smp_rmb();
	groups = smp_load_acquire(&pool->groups);
	return smp_load_acquire(&groups[from_couche_group(nr)]);
}

/**
 * couche_group_shape() - How the extent at a place is cut and encoded
 * @pool: the pool
 * @place: of an extent, or where one is to go
 *
 * Context: any.
 * Return: the shape, which lives as long as the pool.
 */
static inline const struct couche_shape *couche_group_shape(struct couche_pool *pool,
							    const struct couche_place *place)
{
	return couche_group_find(pool, place->group)->shape;
}

/**
 * couche_group_outdated() - Has a group another shape than new ones get?
 * @pool: the pool, under alloc_lock
 * @group: one of its groups, or NULL
 *
 * Context: process.
 * Return: true while its tier's profile is being changed.
 */
static inline bool couche_group_outdated(const struct couche_pool *pool,
					 const struct couche_group *group)
{
	return group && !group->dissolved && group->shape != pool->shape[group->desc.tier];
}

/**
 * couche_group_touches() - Has a group a segment on this leg?
 * @group: the group
 * @leg: index of the leg
 *
 * Context: any.
 * Return: whether it has.
 */
static inline bool couche_group_touches(const struct couche_group *group, u32 leg)
{
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++)
		if (group->desc.seg[i].leg == leg)
			return true;
	return false;
}

/**
 * couche_group_leg() - The leg of a shard
 * @pool: the pool
 * @group: the group
 * @shard: which one
 *
 * Context: any.
 * Return: the leg, which may have no device.
 */
static inline struct couche_leg *couche_group_leg(struct couche_pool *pool,
						  const struct couche_group *group,
						  unsigned int shard)
{
	return &pool->legs[group->desc.seg[shard].leg];
}

/**
 * couche_group_legs() - The legs of some shards
 * @group: the group
 * @shards: bit per shard
 *
 * Context: any.
 * Return: bit per leg.
 */
static inline u64 couche_group_legs(const struct couche_group *group, u32 shards)
{
	unsigned int i;
	u64 legs = 0;

	for (i = 0; i < group->desc.nr; i++)
		if (shards & BIT(i))
			legs |= BIT_ULL(group->desc.seg[i].leg);
	return legs;
}

/**
 * couche_group_sector() - Where a row of a shard lies on its leg
 * @pool: the pool
 * @group: the group
 * @shard: which one
 * @row: counted from the start of the segment
 *
 * Context: any.
 * Return: the sector.
 */
static inline sector_t couche_group_sector(const struct couche_pool *pool,
					   const struct couche_group *group,
					   unsigned int shard, u32 row)
{
	return COUCHE_DATA_START +
	       (sector_t)group->desc.seg[shard].segment * pool->super.segment_sectors +
	       (sector_t)row * COUCHE_BLOCK_SECTORS;
}

#endif /* COUCHE_GROUP_H */
