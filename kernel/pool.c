// SPDX-License-Identifier: GPL-2.0-only
#include "pool.h"

#include <linux/device-mapper.h>

#include "core/heat.h"

#define DM_MSG_PREFIX "couche-pool"

/**
 * couche_pool_notify() - Wake whoever waits for an event of the pool's device
 * @pool: the pool
 *
 * Context: process.
 */
void couche_pool_notify(struct couche_pool *pool)
{
	mutex_lock(&pool->ti_lock);
	if (pool->ti)
		dm_table_event(pool->ti->table);
	mutex_unlock(&pool->ti_lock);
}

/**
 * couche_pool_bind() - Which table's target is the pool's
 * @pool: the pool
 * @ti: the target, or NULL
 *
 * Context: process; sleeps.
 */
void couche_pool_bind(struct couche_pool *pool, struct dm_target *ti)
{
	mutex_lock(&pool->ti_lock);
	WRITE_ONCE(pool->ti, ti);
	mutex_unlock(&pool->ti_lock);
}

/**
 * couche_pool_stop_writes() - From here on writes and flushes get an error
 * @pool: the pool
 *
 * Context: any but interrupt.
 * Return: false when that was so already.
 */
bool couche_pool_stop_writes(struct couche_pool *pool)
{
	struct couche_commit *c = &pool->commit;
	unsigned long flags;

	if (test_and_set_bit(POOL_FAILED, &pool->flags))
		return false;
	spin_lock_irqsave(&c->lock, flags);
	if (!c->error)
		c->error = -EIO;
	spin_unlock_irqrestore(&c->lock, flags);
	wake_up_all(&c->wait);
	return true;
}

/**
 * couche_pool_fail() - Take no more writes: the metadata cannot be trusted
 * @pool: the pool
 * @why: for the log, once
 *
 * Context: process.
 */
void couche_pool_fail(struct couche_pool *pool, const char *why)
{
	if (!couche_pool_stop_writes(pool))
		return;
	DMERR("%s: %s; no more writes until it is activated anew", pool->device, why);
	couche_pool_notify(pool);
}

/**
 * couche_pool_sync_io() - Wait for the bios that are on their way to legs now
 * @pool: the pool
 *
 * Context: process; sleeps. Not from inside io_gate.
 */
void couche_pool_sync_io(struct couche_pool *pool)
{
	couche_io_gate_sync(&pool->io_gate);
}

/**
 * couche_pool_heat_now() - The clock of heat counters
 *
 * Context: any.
 * Return: half-lives since boot.
 */
u32 couche_pool_heat_now(void)
{
	return (u32)ktime_get_seconds() / COUCHE_HEAT_HALF_LIFE;
}

/**
 * couche_pool_defer() - Keep a bio until its extent is free
 * @pool: the pool
 * @bio: a volume's bio, outside of io_gate
 * @word: the extent's entry
 * @until: bits of it that must be clear
 *
 * Context: any that submits bios.
 */
void couche_pool_defer(struct couche_pool *pool, struct bio *bio, atomic64_t *word,
		       u64 until)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->deferred_lock, flags);
	bio_list_add(&pool->deferred, bio);
	spin_unlock_irqrestore(&pool->deferred_lock, flags);
	/* Its owner may have let go, and kicked, before the bio was there. */
	smp_mb();
	if (!(atomic64_read(word) & until))
		couche_pool_kick(pool);
}

/**
 * couche_pool_kick() - Look at the kept bios again
 * @pool: the pool
 *
 * Context: any, after an extent was let go.
 */
void couche_pool_kick(struct couche_pool *pool)
{
	smp_mb();
	if (!bio_list_empty(&pool->deferred))
		queue_work(pool->io_wq, &pool->deferred_work);
}

/**
 * couche_pool_hold() - Keep a bio if the pool is being suspended
 * @pool: the pool
 * @bio: a volume's bio, outside of io_gate
 *
 * Context: any that submits bios.
 * Return: whether it was kept.
 */
bool couche_pool_hold(struct couche_pool *pool, struct bio *bio)
{
	unsigned long flags;
	bool hold;

	spin_lock_irqsave(&pool->deferred_lock, flags);
	hold = test_bit(POOL_HOLDING, &pool->flags);
	if (hold)
		bio_list_add(&pool->held, bio);
	spin_unlock_irqrestore(&pool->deferred_lock, flags);
	return hold;
}
