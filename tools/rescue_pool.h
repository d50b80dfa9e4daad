/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool made anew around its cold legs: new metadata legs with a superblock,
 * a map and an empty journal, and new hot and warm legs for those that are
 * lost too. The cold legs are not written to: they learn of it when the pool
 * is imported, for its sequence is far above theirs.
 *
 * One thread. Devices belong to the caller's command line; an int is 0 or an
 * exit code whose line was printed.
 */
#ifndef COUCHE_TOOLS_RESCUE_POOL_H
#define COUCHE_TOOLS_RESCUE_POOL_H

#include "device.h"
#include "options.h"
#include "rescue_map.h"

/* A device that becomes a leg. */
struct couche_rescue_leg {
	u32 index;
	u8 role;
	struct couche_device device;
};

struct couche_rescue_pool {
	struct couche_rescue *r;
	struct couche_map *map;
	struct couche_rescue_leg leg[COUCHE_MAX_LEGS];
	unsigned int nr;
	struct couche_rescue_counts counts;
};

int couche_rescue_pool_plan(struct couche_rescue_pool *pool, const struct couche_ctl *ctl,
			    const struct couche_words *devices);
int couche_rescue_pool_names(const struct couche_words *names,
			     struct couche_rescued_volume *volumes);
int couche_rescue_pool_fill(struct couche_rescue_pool *pool,
			    struct couche_rescued_volume *volumes);
int couche_rescue_pool_write(struct couche_rescue_pool *pool, const struct couche_ctl *ctl);
void couche_rescue_pool_destroy(struct couche_rescue_pool *pool);

#endif
