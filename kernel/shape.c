// SPDX-License-Identifier: GPL-2.0-only
#include "shape.h"

#include <linux/slab.h>

#include "core/codec.h"
#include "pool.h"

/**
 * couche_shape_find() - The shape that a profile asks for, if there is one
 * @pool: the pool
 * @tier: enum couche_tier
 * @profile: k, m and matrix count
 *
 * Context: any.
 * Return: the shape, or NULL.
 */
struct couche_shape *couche_shape_find(const struct couche_pool *pool, u8 tier,
				       const struct couche_profile *profile)
{
	struct couche_shape *shape;

	for (shape = smp_load_acquire(&pool->shapes); shape; shape = shape->next)
		if (shape->tier == tier && shape->geo.k == profile->k &&
		    shape->geo.m == profile->m && shape->matrix == profile->matrix)
			return shape;
	return NULL;
}

/**
 * couche_shape_make() - The shape that a profile asks for
 * @pool: the pool
 * @tier: enum couche_tier
 * @profile: a checked one
 *
 * Context: process, before the pool is active or under alloc_lock; sleeps.
 * Return: one that was there or a new one; NULL when there is no memory.
 */
struct couche_shape *couche_shape_make(struct couche_pool *pool, u8 tier,
				       const struct couche_profile *profile)
{
	struct couche_shape *shape = couche_shape_find(pool, tier, profile);

	if (shape)
		return shape;
	shape = kzalloc(sizeof(*shape), GFP_NOIO);
	if (!shape)
		return NULL;
	couche_geometry_init(&shape->geo, profile, pool->super.extent_sectors);
	shape->tier = tier;
	shape->matrix = profile->matrix;
	shape->min_healthy = couche_profile_min_healthy(profile);
	shape->codec = couche_codec_create(profile->k, profile->m, profile->matrix);
	if (!shape->codec) {
		kfree(shape);
		return NULL;
	}
	shape->next = pool->shapes;
	smp_store_release(&pool->shapes, shape);
	return shape;
}

/**
 * couche_shape_least_m() - How many legs may a tier lose, whatever its groups look like?
 * @pool: the pool
 * @tier: one that it has
 *
 * It may stand more: what couche_group_survives() says is exact.
 *
 * Context: any.
 * Return: the number.
 */
unsigned int couche_shape_least_m(const struct couche_pool *pool, u8 tier)
{
	unsigned int m = pool->super.profile[tier].m;
	const struct couche_shape *shape;

	for (shape = smp_load_acquire(&pool->shapes); shape; shape = shape->next)
		if (shape->tier == tier)
			m = min_t(unsigned int, m, shape->geo.m);
	return m;
}

/**
 * couche_shape_most_m() - How many legs can any group lose?
 * @pool: the pool
 *
 * Context: any.
 * Return: the number.
 */
unsigned int couche_shape_most_m(const struct couche_pool *pool)
{
	const struct couche_shape *shape;
	unsigned int m = 0;

	for (shape = smp_load_acquire(&pool->shapes); shape; shape = shape->next)
		m = max_t(unsigned int, m, shape->geo.m);
	return m;
}

/**
 * couche_shape_free_all() - Free every shape
 * @pool: the pool, with no groups left
 *
 * Context: process.
 */
void couche_shape_free_all(struct couche_pool *pool)
{
	struct couche_shape *shape;

	while ((shape = pool->shapes)) {
		pool->shapes = shape->next;
		couche_codec_free(shape->codec);
		kfree(shape);
	}
}
