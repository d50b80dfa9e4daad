/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a pool: it is made, brought to life from what its legs hold,
 * made quiet and woken, and taken down. This is the top: it knows all that
 * goes on in a pool, and nothing but the table (target_pool.c) and the list of
 * pools (registry.c) calls it.
 *
 * Process context, one caller at a time: dm's suspend and resume of the pool's
 * device, or whoever drops the last reference.
 */
#ifndef COUCHE_ACTIVATION_H
#define COUCHE_ACTIVATION_H

#include <linux/types.h>

struct couche_pool;
struct couche_tableline;

struct couche_pool *couche_pool_create(const u8 *uuid);
void couche_pool_free(struct couche_pool *pool);
int couche_pool_activate(struct couche_pool *pool, const struct couche_tableline *line);
void couche_pool_quiesce(struct couche_pool *pool);
int couche_pool_wake(struct couche_pool *pool);
void couche_pool_deactivate(struct couche_pool *pool);

#endif /* COUCHE_ACTIVATION_H */
