/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Groups while a tier's profile is changed: is there room for the other shape,
 * which shape new groups get, and whether all have it. group_alloc.h gives back
 * those that have an older one.
 *
 * All of it under pool->alloc_lock, which these take. What the superblock says
 * of the profile and what new groups are given change together under it.
 * Refusals come with a reason and change nothing.
 */
#ifndef COUCHE_GROUP_SHAPE_H
#define COUCHE_GROUP_SHAPE_H

#include "core/types.h"

struct couche_pool;
struct couche_profile;
struct couche_shape;

bool couche_group_has_profile(struct couche_pool *pool, u8 tier,
			      const struct couche_profile *profile);
int couche_group_fits_profile(struct couche_pool *pool, u8 tier,
			      const struct couche_profile *profile, const char **why);
int couche_group_use_shape(struct couche_pool *pool, struct couche_shape *shape,
			   const struct couche_profile *profile);
int couche_group_end_shapes(struct couche_pool *pool);

#endif /* COUCHE_GROUP_SHAPE_H */
