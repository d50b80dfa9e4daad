/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A map from shards alone: which version of each extent counts, and which
 * segments a group has.
 *
 * Generations are counted by the pool, so versions are placed from the newest
 * to the oldest. One is taken if k of its shards are whole and fit what newer
 * ones say: a segment has one group, a group has one segment for each shard,
 * and rows have one extent. What does not fit is left over from before its
 * segments or rows were given to others. Segments that no shard tells of are
 * chosen on legs that are not current, which may lack shards.
 *
 * One thread. The owner destroys the map.
 */
#ifndef COUCHE_TOOLS_RESCUE_MAP_H
#define COUCHE_TOOLS_RESCUE_MAP_H

#include "offline_map.h"
#include "rescue.h"

struct couche_rescue_counts {
	u64 groups;
	u64 extents;
	u64 degraded;		/* fewer than k + m whole shards */
	u32 generation;		/* the highest that was seen */
};

int couche_rescue_place(struct couche_rescue *r, struct couche_map *map,
			struct couche_rescued_volume *volumes,
			struct couche_rescue_counts *counts);

#endif
