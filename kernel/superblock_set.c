// SPDX-License-Identifier: GPL-2.0-only
/* What is written into the superblocks while a pool is in use, but for legs. */
#include <linux/slab.h>

#include "pool.h"
#include "superblock.h"

/**
 * couche_superblock_mixed() - May a tier have groups of more than one shape?
 * @pool: active
 *
 * Context: any.
 * Return: true while a profile is being changed.
 */
bool couche_superblock_mixed(const struct couche_pool *pool)
{
	return READ_ONCE(pool->super.incompat) & COUCHE_FEATURE_INCOMPAT_SHAPES;
}

/**
 * couche_superblock_set_profile() - New extents of a tier get another shape, durably
 * @pool: the pool
 * @tier: of which
 * @profile: passed couche_superblock_check_profile()
 *
 * From now on groups may differ from the profile.
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_set_profile(struct couche_pool *pool, u8 tier,
				  const struct couche_profile *profile)
{
	int err;

	mutex_lock(&pool->super_lock);
	pool->super.profile[tier] = *profile;
	WRITE_ONCE(pool->super.incompat,
		   pool->super.incompat | COUCHE_FEATURE_INCOMPAT_SHAPES);
	err = couche_superblock_write_locked(pool, false);
	mutex_unlock(&pool->super_lock);
	return err;
}

/**
 * couche_superblock_end_shapes() - All groups are like their profiles again, durably
 * @pool: the pool
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_end_shapes(struct couche_pool *pool)
{
	int err = 0;

	mutex_lock(&pool->super_lock);
	if (couche_superblock_mixed(pool)) {
		WRITE_ONCE(pool->super.incompat,
			   pool->super.incompat & ~COUCHE_FEATURE_INCOMPAT_SHAPES);
		err = couche_superblock_write_locked(pool, false);
	}
	mutex_unlock(&pool->super_lock);
	return err;
}

/**
 * couche_superblock_stage_all() - Slots may lie over any extent from now on, durably
 * @pool: the pool, which has a data journal
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_stage_all(struct couche_pool *pool)
{
	int err = 0;

	mutex_lock(&pool->super_lock);
	if (!(pool->super.incompat & COUCHE_FEATURE_INCOMPAT_STAGE_ALL)) {
		WRITE_ONCE(pool->super.incompat,
			   pool->super.incompat |
				   COUCHE_FEATURE_INCOMPAT_STAGE_ALL);
		err = couche_superblock_write_locked(pool, false);
	}
	mutex_unlock(&pool->super_lock);
	return err;
}

/**
 * couche_superblock_check_profile() - Would the pool make sense with it?
 * @pool: the pool
 * @tier: of which
 * @profile: the new one
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int couche_superblock_check_profile(struct couche_pool *pool, u8 tier,
				    const struct couche_profile *profile, const char **why)
{
	struct couche_super *s = couche_superblock_copy(pool);
	int err;

	*why = "no memory";
	if (!s)
		return -ENOMEM;
	s->profile[tier] = *profile;
	err = couche_super_check(s, why);
	kfree(s);
	return err;
}

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
