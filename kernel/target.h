/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two device-mapper targets, as thin-pool and thin are to each other:
 * couche-pool binds legs and settings to a pool and takes messages, couche
 * is a volume of it. Here is only dm glue; what a bio does begins in io.c.
 */
#ifndef COUCHE_TARGET_H
#define COUCHE_TARGET_H

#include <linux/device-mapper.h>

struct couche_pool;

extern struct target_type couche_pool_target;
extern struct target_type couche_volume_target;

/* target_message.c */
int couche_pool_message(struct couche_pool *pool, unsigned int argc, char **argv);

#endif /* COUCHE_TARGET_H */
