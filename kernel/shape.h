/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shapes: what groups of a tier look like, and how extents in them are cut and
 * encoded. A tier has one that new groups get, that of its profile; while its
 * profile is being changed, older groups have another. Who has a place asks its
 * group (couche_group_shape()), never the tier.
 *
 * Shapes are made at activation, or under alloc_lock and before any group has
 * them. They never change, nor go away before the pool is freed, so that
 * looking at one needs no lock. Making one may fail for want of memory.
 */
#ifndef COUCHE_SHAPE_H
#define COUCHE_SHAPE_H

#include "core/geometry.h"
#include "core/types.h"

struct couche_codec;
struct couche_pool;

struct couche_shape {
	struct couche_shape *next;
	struct couche_geometry geo;
	struct couche_codec *codec;
	u8 tier;
	u8 matrix;
	u8 min_healthy;		/* shards, or copies, that must be written */
};

struct couche_shape *couche_shape_make(struct couche_pool *pool, u8 tier,
				       const struct couche_profile *profile);
struct couche_shape *couche_shape_find(const struct couche_pool *pool, u8 tier,
				       const struct couche_profile *profile);
unsigned int couche_shape_least_m(const struct couche_pool *pool, u8 tier);
unsigned int couche_shape_most_m(const struct couche_pool *pool);
void couche_shape_free_all(struct couche_pool *pool);

#endif /* COUCHE_SHAPE_H */
