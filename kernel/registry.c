// SPDX-License-Identifier: GPL-2.0-only
/*
 * All pools of this kernel, by UUID and by the device their table made.
 */
#include <linux/device-mapper.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "activation.h"
#include "control.h"
#include "pool.h"

static LIST_HEAD(pools);
static DEFINE_MUTEX(pools_lock);
static u64 last_serial;		/* pools are listed in the order of theirs */

static struct couche_pool *find_locked(const u8 *uuid)
{
	struct couche_pool *pool;

	list_for_each_entry(pool, &pools, list)
		if (!memcmp(pool->super.pool_uuid, uuid, COUCHE_UUID_SIZE))
			return pool;
	return NULL;
}

/**
 * couche_registry_get() - The pool of a UUID, made if there is none
 * @uuid: which pool
 * @md: the device whose table asks; a pool belongs to one device
 * @why: what was wrong
 *
 * Context: process; sleeps.
 * Return: a reference, or an ERR_PTR of -EBUSY or -ENOMEM.
 */
struct couche_pool *couche_registry_get(const u8 *uuid, struct mapped_device *md,
					const char **why)
{
	struct couche_pool *pool;

	mutex_lock(&pools_lock);
	pool = find_locked(uuid);
	if (pool && pool->md != md) {
		*why = "uuid: another device has this pool";
		pool = ERR_PTR(-EBUSY);
	} else if (pool) {
		couche_pool_get(pool);
	} else {
		*why = "no memory for a pool";
		pool = couche_pool_create(uuid) ?: ERR_PTR(-ENOMEM);
		if (!IS_ERR(pool)) {
			pool->md = md;
			pool->serial = ++last_serial;
			strscpy(pool->device, dm_device_name(md), sizeof(pool->device));
			list_add_tail(&pool->list, &pools);
		}
	}
	mutex_unlock(&pools_lock);
	return pool;
}

/**
 * couche_registry_find_bdev() - The pool whose device this is
 * @bdev: a pool device
 *
 * Context: process; sleeps.
 * Return: a reference, or NULL.
 */
struct couche_pool *couche_registry_find_bdev(struct block_device *bdev)
{
	struct couche_pool *pool, *found = NULL;

	mutex_lock(&pools_lock);
	list_for_each_entry(pool, &pools, list)
		if (dm_disk(pool->md) == bdev->bd_disk &&
		    test_bit(POOL_ACTIVE, &pool->flags)) {
			couche_pool_get(pool);
			found = pool;
		}
	mutex_unlock(&pools_lock);
	return found;
}

/**
 * couche_pool_find() - The active pool of a UUID
 * @uuid: which pool
 *
 * Context: process; sleeps.
 * Return: a reference, or NULL.
 */
struct couche_pool *couche_pool_find(const u8 uuid[COUCHE_UUID_SIZE])
{
	struct couche_pool *pool;

	mutex_lock(&pools_lock);
	pool = find_locked(uuid);
	if (pool && test_bit(POOL_ACTIVE, &pool->flags))
		couche_pool_get(pool);
	else
		pool = NULL;
	mutex_unlock(&pools_lock);
	return pool;
}

/**
 * couche_pool_find_next() - Walk over the active pools
 * @cursor: 0 at the start; advanced to what the pool alone ever has, so that
 *	    the walk goes on where it was although pools come and go
 *
 * Context: process; sleeps.
 * Return: a reference, or NULL at the end.
 */
struct couche_pool *couche_pool_find_next(u64 *cursor)
{
	struct couche_pool *pool, *found = NULL;

	mutex_lock(&pools_lock);
	list_for_each_entry(pool, &pools, list) {
		if (pool->serial <= *cursor || !test_bit(POOL_ACTIVE, &pool->flags))
			continue;
		couche_pool_get(pool);
		found = pool;
		*cursor = pool->serial;
		break;
	}
	mutex_unlock(&pools_lock);
	return found;
}

/**
 * couche_registry_drop() - Find a pool no more: its activation failed
 * @pool: the pool; references stay valid
 *
 * Context: process; sleeps.
 */
void couche_registry_drop(struct couche_pool *pool)
{
	mutex_lock(&pools_lock);
	list_del_init(&pool->list);
	mutex_unlock(&pools_lock);
}

static void release_locked(struct kref *ref)
{
	struct couche_pool *pool = container_of(ref, struct couche_pool, ref);

	list_del(&pool->list);
	mutex_unlock(&pools_lock);
	couche_pool_free(pool);
}

/**
 * couche_pool_put() - Let go of a pool
 * @pool: the pool
 *
 * Context: process; sleeps.
 */
void couche_pool_put(struct couche_pool *pool)
{
	kref_put_mutex(&pool->ref, release_locked, &pools_lock);
}
