// SPDX-License-Identifier: GPL-2.0-only
/* What is written into the superblocks while a pool is in use, but for legs. */
#include "pool.h"
#include "superblock.h"

/**
 * couche_superblock_set_clean() - Note that nothing is open, or that it may be
 * @pool: the pool
 * @clean: true after the last write of a deactivation
 *
 * Context: process; sleeps.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_set_clean(struct couche_pool *pool, bool clean)
{
	int err = 0;

	mutex_lock(&pool->super_lock);
	if (pool->super.clean != clean) {
		pool->super.clean = clean;
		if (clean)
			pool->super.generation = pool->generation;
		err = couche_superblock_write_locked(pool, true);
	}
	mutex_unlock(&pool->super_lock);
	return err;
}
