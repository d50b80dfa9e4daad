/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows for extents: which groups of a tier new extents go to, on which legs a
 * new group is made, and what is done about a tier that is full. Groups that
 * hold nothing any more give their segments back here, too.
 *
 * Open groups and segments are under pool->alloc_lock. Rows that were handed
 * out belong to the caller until a commit section publishes them.
 */
#ifndef COUCHE_GROUP_ALLOC_H
#define COUCHE_GROUP_ALLOC_H

#include "core/types.h"

struct couche_leg;
struct couche_place;
struct couche_pool;

int couche_group_alloc(struct couche_pool *pool, u8 tier, struct couche_place *to,
		       const char **why);
int couche_group_dissolve_others(struct couche_pool *pool, u32 *left, u32 *gone);
int couche_group_dissolve_empty(struct couche_pool *pool, u32 leg, u32 *left);
bool couche_group_fits_without(struct couche_pool *pool, const struct couche_leg *leg);
void couche_group_forget_open(struct couche_pool *pool);

#endif /* COUCHE_GROUP_ALLOC_H */
