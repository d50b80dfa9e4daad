/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source copies that a migration was told to keep (I9).
 *
 * When an extent moves and its old copy is preserved, the old rows stay taken
 * and are remembered here with the generation of the new copy. As long as the
 * extent has that generation, both copies are the same: moving it back is a
 * change of the map without any copying. Any other change of the extent drops
 * the old copy, and so does a tier that has run out of rows.
 *
 * Kept in memory only: after a restart the rows are free. Under
 * pool->preserved_lock, inside config_lock and outside alloc_lock.
 */
#ifndef COUCHE_PRESERVE_H
#define COUCHE_PRESERVE_H

#include "core/types.h"

struct couche_free;
struct couche_pool;

struct couche_preserved {
	struct couche_place place;	/* of the kept copy */
	u32 generation;			/* of the copy it was made from, and equals */
	u64 batch;			/* whose commit moved the extent away */
};

int couche_preserve_add(struct couche_pool *pool, u32 volume, couche_extent_t extent,
			const struct couche_preserved *kept);
void couche_preserve_undo(struct couche_pool *pool, u32 volume, couche_extent_t extent);
void couche_preserve_set_batch(struct couche_pool *pool, u32 volume, couche_extent_t extent,
			       u64 batch);
struct couche_free *couche_preserve_drop(struct couche_pool *pool, u32 volume,
					 couche_extent_t extent);
struct couche_free *couche_preserve_take_match(struct couche_pool *pool, u32 volume,
					       couche_extent_t extent, u32 generation, u8 tier,
					       struct couche_preserved *ret);
bool couche_preserve_reclaim(struct couche_pool *pool, u8 tier);
void couche_preserve_drop_copies(struct couche_pool *pool);
void couche_preserve_drop_all(struct couche_pool *pool);
void couche_preserve_drop_volume(struct couche_pool *pool, u32 volume);
void couche_preserve_destroy(struct couche_pool *pool);

#endif /* COUCHE_PRESERVE_H */
