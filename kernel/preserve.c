// SPDX-License-Identifier: GPL-2.0-only
#include "preserve.h"

#include <linux/slab.h>

#include "commit.h"
#include "group.h"
#include "pool.h"

#define RECLAIM_AT_ONCE	16	/* copies given up when a tier is full */

/* Extents of a volume number less than 2^38, volumes less than 2^11. */
static unsigned long key_of(u32 volume, couche_extent_t extent)
{
	return (unsigned long)volume << 48 | from_couche_extent(extent);
}

/**
 * couche_preserve_add() - Remember a kept copy
 * @pool: the pool
 * @volume: whose extent
 * @extent: its number
 * @kept: the copy; its rows belong to us from now on
 *
 * Context: process; sleeps.
 * Return: 0, or -ENOMEM: the rows are still the caller's.
 */
int couche_preserve_add(struct couche_pool *pool, u32 volume, couche_extent_t extent,
			const struct couche_preserved *kept)
{
	struct couche_preserved *copy = kmemdup(kept, sizeof(*kept), GFP_NOIO);
	int err;

	if (!copy)
		return -ENOMEM;
	mutex_lock(&pool->preserved_lock);
	err = xa_insert(&pool->preserved, key_of(volume, extent), copy, GFP_NOIO);
	mutex_unlock(&pool->preserved_lock);
	if (err)
		kfree(copy);
	return err ? -ENOMEM : 0;
}

static bool take_locked(struct couche_pool *pool, unsigned long key, struct couche_preserved *ret)
{
	struct couche_preserved *kept = xa_erase(&pool->preserved, key);

	if (!kept)
		return false;
	*ret = *kept;
	kfree(kept);
	return true;
}

/**
 * couche_preserve_undo() - Take back couche_preserve_add()
 * @pool: the pool
 * @volume: whose extent
 * @extent: its number; it did not move, and its rows are in use
 *
 * Needs no memory, for an entry that stayed would give up rows that are in use.
 *
 * Context: process; sleeps. As the extent's owner, before the commit.
 */
void couche_preserve_undo(struct couche_pool *pool, u32 volume, couche_extent_t extent)
{
	struct couche_preserved taken;

	mutex_lock(&pool->preserved_lock);
	take_locked(pool, key_of(volume, extent), &taken);
	mutex_unlock(&pool->preserved_lock);
}

/**
 * couche_preserve_set_batch() - From this commit on the copy may be given up
 * @pool: the pool
 * @volume: whose extent
 * @extent: its number
 * @batch: whose commit moved the extent away from it
 *
 * Context: process; sleeps.
 */
void couche_preserve_set_batch(struct couche_pool *pool, u32 volume, couche_extent_t extent,
			       u64 batch)
{
	struct couche_preserved *kept;

	mutex_lock(&pool->preserved_lock);
	kept = xa_load(&pool->preserved, key_of(volume, extent));
	if (kept)
		kept->batch = batch;
	mutex_unlock(&pool->preserved_lock);
}

/**
 * couche_preserve_drop() - Give up a kept copy: the extent is changing
 * @pool: the pool
 * @volume: whose extent
 * @extent: its number
 *
 * Context: process; sleeps. As the extent's owner.
 * Return: its rows, for couche_commit_free_locked(); NULL when there is none.
 */
struct couche_free *couche_preserve_drop(struct couche_pool *pool, u32 volume,
					 couche_extent_t extent)
{
	unsigned long key = key_of(volume, extent);
	struct couche_preserved *kept, taken;
	struct couche_free *old = NULL;

	if (xa_empty(&pool->preserved))
		return NULL;
	mutex_lock(&pool->preserved_lock);
	kept = xa_load(&pool->preserved, key);
	/* Without memory it stays, outdated by its generation, for the next. */
	if (kept)
		old = couche_commit_free_alloc(&kept->place);
	if (old)
		take_locked(pool, key, &taken);
	mutex_unlock(&pool->preserved_lock);
	return old;
}

/**
 * couche_preserve_take_match() - Take a kept copy that can serve again
 * @pool: the pool
 * @volume: whose extent
 * @extent: its number
 * @generation: of the extent as it is
 * @tier: where a copy is wanted
 * @ret: the copy; its rows are the caller's
 *
 * Context: process; sleeps. As the extent's owner.
 * Return: its rows, for kfree() once they are in use, or else for
 * couche_commit_free_locked(); NULL when there is none, or no memory.
 */
struct couche_free *couche_preserve_take_match(struct couche_pool *pool, u32 volume,
					       couche_extent_t extent, u32 generation, u8 tier,
					       struct couche_preserved *ret)
{
	struct couche_preserved *kept;
	struct couche_free *rows = NULL;

	if (xa_empty(&pool->preserved))
		return NULL;
	mutex_lock(&pool->preserved_lock);
	kept = xa_load(&pool->preserved, key_of(volume, extent));
	if (kept && kept->generation == generation && kept->place.tier == tier)
		rows = couche_commit_free_alloc(&kept->place);
	if (rows)
		take_locked(pool, key_of(volume, extent), ret);
	mutex_unlock(&pool->preserved_lock);
	return rows;
}

static void put_rows(struct couche_pool *pool, const struct couche_preserved *kept)
{
	couche_group_put_rows(pool, kept->place.group, kept->place.row, kept->place.rows);
}

/**
 * couche_preserve_reclaim() - Give up some kept copies: a tier is full
 * @pool: the pool
 * @tier: which
 *
 * Context: process; sleeps, not under alloc_lock nor inside io_gate.
 * Return: whether rows came free.
 */
bool couche_preserve_reclaim(struct couche_pool *pool, u8 tier)
{
	struct couche_preserved taken[RECLAIM_AT_ONCE];
	u64 durable = READ_ONCE(pool->commit.durable_id);
	struct couche_preserved *kept;
	unsigned int i, nr = 0;
	unsigned long key;

	mutex_lock(&pool->preserved_lock);
	xa_for_each(&pool->preserved, key, kept)
		if (nr < RECLAIM_AT_ONCE && kept->place.tier == tier && kept->batch < durable)
			take_locked(pool, key, &taken[nr++]);
	mutex_unlock(&pool->preserved_lock);
	if (!nr)
		return false;
	couche_pool_sync_io(pool);
	for (i = 0; i < nr; i++)
		put_rows(pool, &taken[i]);
	return true;
}

static void drop_tiers(struct couche_pool *pool, bool all)
{
	u8 tier;

	if (xa_empty(&pool->preserved) || couche_commit_all(pool))
		return;
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		if (all || !pool->super.profile[tier].csum)
			while (couche_preserve_reclaim(pool, tier))
				;
}

/**
 * couche_preserve_drop_copies() - Give up all kept copies without checksums
 * @pool: a leg of it is coming back, and may have missed writes to them
 *
 * Context: process; sleeps, not inside io_gate.
 */
void couche_preserve_drop_copies(struct couche_pool *pool)
{
	drop_tiers(pool, false);
}

/**
 * couche_preserve_drop_all() - Give up all kept copies
 * @pool: a leg of it is to be emptied
 *
 * Context: process; sleeps, not inside io_gate.
 */
void couche_preserve_drop_all(struct couche_pool *pool)
{
	drop_tiers(pool, true);
}

/**
 * couche_preserve_drop_volume() - Give up what is kept of a volume
 * @pool: the pool
 * @volume: removed, durably
 *
 * Context: process; sleeps.
 */
void couche_preserve_drop_volume(struct couche_pool *pool, u32 volume)
{
	struct couche_preserved *kept, taken;
	unsigned long key;

	mutex_lock(&pool->preserved_lock);
	xa_for_each_range(&pool->preserved, key, kept, key_of(volume, to_couche_extent(0)),
			  key_of(volume + 1, to_couche_extent(0)) - 1)
		if (take_locked(pool, key, &taken))
			put_rows(pool, &taken);
	mutex_unlock(&pool->preserved_lock);
}

/**
 * couche_preserve_destroy() - Forget everything
 * @pool: about to be freed
 *
 * Context: process.
 */
void couche_preserve_destroy(struct couche_pool *pool)
{
	struct couche_preserved *kept;
	unsigned long key;

	xa_for_each(&pool->preserved, key, kept)
		kfree(kept);
	xa_destroy(&pool->preserved);
}
