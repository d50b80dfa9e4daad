// SPDX-License-Identifier: GPL-2.0-only
#include "geometry.h"

#include <linux/minmax.h>

#include "footer.h"

/**
 * couche_geometry_init() - work out rows and shards
 * @geo: filled in
 * @profile: a checked one, k is not zero
 * @extent_sectors: size of an extent
 *
 * Context: Any.
 */
void couche_geometry_init(struct couche_geometry *geo,
			  const struct couche_profile *profile,
			  u32 extent_sectors)
{
	u32 blocks = extent_sectors / COUCHE_BLOCK_SECTORS;

	geo->k = profile->k;
	geo->m = profile->m;
	geo->data_rows = (blocks + profile->k - 1) / profile->k;
	geo->footers = profile->csum ? couche_footer_blocks(geo->data_rows) : 0;
	geo->rows = geo->data_rows + geo->footers;
}

/**
 * couche_geometry_locate() - where a block of an extent lives
 * @geo: of the extent
 * @block: number within the extent
 * @shard: its data shard
 * @row: its row, counted from the extent's first row
 *
 * Context: Any.
 */
void couche_geometry_locate(const struct couche_geometry *geo, u32 block,
			    unsigned int *shard, u32 *row)
{
	*shard = block / geo->data_rows;
	*row = block % geo->data_rows;
}

/**
 * couche_geometry_next_piece() - cut a range of an extent into shards
 * @geo: of the extent
 * @offset: sector within the extent where the range begins; moves on
 * @len: sectors in the range; shrinks
 * @ret: the first piece of the range
 *
 * Call it until it says no. The range must lie within the extent.
 *
 * Context: Any.
 * Return: true with a piece in @ret, false when nothing was left.
 */
bool couche_geometry_next_piece(const struct couche_geometry *geo, u32 *offset,
				u32 *len, struct couche_piece *ret)
{
	u32 shard_sectors = (u32)geo->data_rows * COUCHE_BLOCK_SECTORS;

	if (!*len)
		return false;
	ret->shard = *offset / shard_sectors;
	ret->sector = *offset % shard_sectors;
	ret->sectors = min(*len, shard_sectors - ret->sector);
	*offset += ret->sectors;
	*len -= ret->sectors;
	return true;
}
