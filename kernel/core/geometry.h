/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an extent is cut into shards. Shards are contiguous: shard i of k holds
 * the extent's blocks [i * data_rows, (i + 1) * data_rows); what is missing at
 * the end is zeros. Parity shards follow. With checksums each shard ends in
 * footer blocks. A long read of one place thus touches one leg.
 *
 * A geometry is a constant of (profile, extent size). Pure functions, no
 * locks, any context, nothing can fail on a profile that was checked
 * (couche_super_check(), couche_tableline_decode()).
 */
#ifndef COUCHE_CORE_GEOMETRY_H
#define COUCHE_CORE_GEOMETRY_H

#include <linux/types.h>

#include "types.h"

struct couche_geometry {
	u8 k, m;
	u16 data_rows;		/* rows of data in each shard */
	u16 footers;		/* rows of checksums after them */
	u16 rows;		/* both */
};

/* A range of sectors that lies in one data shard. */
struct couche_piece {
	u8 shard;
	u32 sector;		/* from the start of the shard */
	u32 sectors;
};

void couche_geometry_init(struct couche_geometry *geo,
			  const struct couche_profile *profile,
			  u32 extent_sectors);
void couche_geometry_locate(const struct couche_geometry *geo, u32 block,
			    unsigned int *shard, u32 *row);
bool couche_geometry_next_piece(const struct couche_geometry *geo, u32 *offset,
				u32 *len, struct couche_piece *ret);

#endif
