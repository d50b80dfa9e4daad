// SPDX-License-Identifier: GPL-2.0-only
#include "migrate.h"

#include <linux/ktime.h>
#include <linux/slab.h>

#include "commit.h"
#include "control.h"
#include "event.h"
#include "group.h"
#include "pool.h"
#include "relocate.h"
#include "stripe.h"
#include "trace.h"
#include "volume.h"

#define SLOTS		COUCHE_STRIPES_BACKGROUND	/* relocations at a time */
#define RUNNING_MAX	16	/* migrations of one pool */
#define ENDED_MAX	64	/* kept for information */
#define EVENT_MS	500	/* between two progress events */

struct slot {
	struct work_struct work;
	struct couche_migration *migration;
	couche_extent_t extent;
	bool busy;
};

struct couche_migration {
	struct list_head list;
	struct work_struct work;
	struct couche_pool *pool;
	struct couche_volume *volume;
	struct couche_migrate_args args;
	struct couche_migration_info info;
	ktime_t ordered, started, reported;
	bool ended;
	bool cancel;
	spinlock_t lock;		/* slots, info, batch, error */
	wait_queue_head_t wait;
	struct slot slots[SLOTS];
	unsigned int nr_busy;
	u64 batch;			/* latest commit to wait for */
	int error;
};

static s64 ms_since(ktime_t then)
{
	return ktime_ms_delta(ktime_get(), then);
}

static void report(struct couche_migration *m, bool always)
{
	struct couche_migration_info info;

	if (!always && ms_since(m->reported) < EVENT_MS)
		return;
	m->reported = ktime_get();
	m->info.elapsed_ms = ms_since(m->started);
	spin_lock(&m->lock);
	info = m->info;
	spin_unlock(&m->lock);
	couche_event_migration(m->pool, &info);
}

static void account(struct couche_migration *m, const struct couche_relocation *r, int err)
{
	spin_lock(&m->lock);
	m->info.races += r->races;
	if (!err) {
		m->info.moved++;
		m->info.bytes += (u64)m->pool->super.extent_sectors << SECTOR_SHIFT;
		m->batch = max(m->batch, r->batch);
	} else if (err == -ENODATA || err == -EALREADY) {
		m->info.skipped++;
	} else if (!m->error) {
		m->error = err;
	}
	spin_unlock(&m->lock);
}

static bool goes_on(void *migration)
{
	struct couche_migration *m = migration;

	return !READ_ONCE(m->cancel);
}

static void slot_work(struct work_struct *work)
{
	struct slot *slot = container_of(work, struct slot, work);
	struct couche_migration *m = slot->migration;
	struct couche_relocation r = {
		.volume = m->volume,
		.extent = slot->extent,
		.tier = m->args.tier,
		.flags = (m->args.verify ? RELOCATE_VERIFY : 0) |
			 (m->args.preserve ? RELOCATE_PRESERVE : 0),
	};

	account(m, &r, couche_relocate_patiently(&r, goes_on, m));
	spin_lock(&m->lock);
	slot->busy = false;
	m->nr_busy--;
	spin_unlock(&m->lock);
	wake_up_all(&m->wait);
}

static bool paused(struct couche_migration *m)
{
	return test_bit(POOL_SUSPENDED, &m->pool->flags);
}

static struct slot *take_slot(struct couche_migration *m)
{
	struct slot *slot = NULL;
	unsigned int i;

	spin_lock(&m->lock);
	for (i = 0; i < SLOTS && !slot && !paused(m); i++)
		if (!m->slots[i].busy)
			slot = &m->slots[i];
	if (slot) {
		slot->busy = true;
		m->nr_busy++;
	}
	spin_unlock(&m->lock);
	return slot;
}

static void wait_idle(struct couche_migration *m)
{
	wait_event(m->wait, !READ_ONCE(m->nr_busy));
}

static bool timed_out(const struct couche_migration *m)
{
	return m->args.timeout_ms && ms_since(m->started) > m->args.timeout_ms;
}

/* Not faster than asked for: sleep until the bytes so far are due. */
static void pace(struct couche_migration *m)
{
	u64 due;

	if (!m->args.rate_bytes)
		return;
	due = div64_u64(m->info.bytes * MSEC_PER_SEC, m->args.rate_bytes);
	while (ms_since(m->started) < due && !READ_ONCE(m->cancel) && !timed_out(m))
		wait_event_timeout(m->wait, READ_ONCE(m->cancel),
				   msecs_to_jiffies(min_t(u64, due, EVENT_MS)));
}

static void skip(struct couche_migration *m, u64 nr)
{
	spin_lock(&m->lock);
	m->info.skipped += nr;
	spin_unlock(&m->lock);
}

/*
 * So many extents from here on are not worth a slot: this one, if it is not mapped
 * elsewhere, or all up to the next page of the map.
 */
static u64 count_idle(struct couche_migration *m, u64 extent, u64 end)
{
	u32 index = div_u64(extent, COUCHE_PAGE_EXTENTS);
	struct couche_map_page *page = couche_volume_next_page(m->volume, &index);
	u64 first = (u64)index * COUCHE_PAGE_EXTENTS, word;

	if (!page || first >= end)
		return end - extent;
	if (first > extent)
		return first - extent;
	word = atomic64_read(&couche_volume_entry(page, to_couche_extent(extent))->word);
	return !(word & ENTRY_MAPPED) || couche_entry_tier(word) == m->args.tier;
}

static void move_all(struct couche_migration *m)
{
	u64 i, skipped, end = m->info.first + m->info.count;

	for (i = m->info.first; i < end; i++) {
		struct slot *slot;

		if (READ_ONCE(m->error) || READ_ONCE(m->cancel) || timed_out(m))
			break;
		skipped = count_idle(m, i, end);
		if (skipped) {
			skip(m, skipped);
			i += skipped - 1;
			continue;
		}
		pace(m);
		wait_event(m->wait, (slot = take_slot(m)) || READ_ONCE(m->cancel));
		if (!slot)
			break;
		slot->extent = to_couche_extent(i);
		queue_work(m->pool->relocate_wq, &slot->work);
		report(m, false);
	}
	wait_idle(m);
}

static u8 outcome(struct couche_migration *m)
{
	if (m->error)
		return COUCHE_MIGRATION_FAILED;
	if (m->info.moved + m->info.skipped == m->info.count)
		return COUCHE_MIGRATION_DONE;
	if (m->cancel)
		return COUCHE_MIGRATION_CANCELLED;
	return COUCHE_MIGRATION_TIMEOUT;
}

static void forget_oldest_locked(struct couche_pool *pool)
{
	struct couche_migration *m, *next;
	unsigned int ended = 0;

	list_for_each_entry(m, &pool->migrations, list)
		ended += m->ended;
	list_for_each_entry_safe(m, next, &pool->migrations, list) {
		if (ended <= ENDED_MAX)
			break;
		if (!m->ended)
			continue;
		list_del(&m->list);
		kfree(m);
		ended--;
	}
}

static void end(struct couche_migration *m)
{
	struct couche_pool *pool = m->pool;
	unsigned int i;

	/* Idle they are; but one may still be on its way out of waking us. */
	for (i = 0; i < SLOTS; i++)
		flush_work(&m->slots[i].work);
	couche_volume_close(m->volume);
	mutex_lock(&pool->config_lock);
	m->volume = NULL;
	m->info.state = outcome(m);
	m->info.error = m->error;
	m->info.elapsed_ms = ms_since(m->started);
	mutex_unlock(&pool->config_lock);
	report(m, true);
	mutex_lock(&pool->config_lock);
	pool->nr_migrations--;
	m->ended = true;
	forget_oldest_locked(pool);
	mutex_unlock(&pool->config_lock);
	couche_pool_notify(pool);
}

static void migration_work(struct work_struct *work)
{
	struct couche_migration *m = container_of(work, struct couche_migration, work);
	int err;

	m->started = ktime_get();
	if (m->args.expiry_ms && ms_since(m->ordered) > m->args.expiry_ms) {
		m->error = -ESTALE;
	} else {
		m->info.state = COUCHE_MIGRATION_SCALE_UP;
		report(m, true);
		move_all(m);
		m->info.state = COUCHE_MIGRATION_WAIT_SYNC;
		err = m->info.moved ? couche_commit_wait(m->pool, m->batch) : 0;
		if (err && !m->error)
			m->error = err;
	}
	end(m);
}

static int check_args(struct couche_pool *pool, const struct couche_migrate_args *args,
		      const char **why)
{
	struct couche_volume *volume = xa_load(&pool->volumes, args->volume);

	*why = "pool: it takes no changes";
	if (!couche_pool_writable(pool))
		return -EROFS;
	*why = "pool: it is suspended";
	if (!test_bit(POOL_ACTIVE, &pool->flags) || test_bit(POOL_SUSPENDED, &pool->flags))
		return -EBUSY;
	*why = "volume: no such id";
	if (!volume)
		return -ENOENT;
	*why = "tier: the pool has no such tier";
	if (args->tier >= COUCHE_NR_TIERS || !pool->super.profile[args->tier].k)
		return -EINVAL;
	*why = "first, count: beyond the end of the volume";
	if (args->first >= volume->nr_extents || args->count > volume->nr_extents - args->first)
		return -EINVAL;
	*why = "generation: the volume has changed since the decision";
	if (args->generation && args->generation != atomic64_read(&volume->generation))
		return -ESTALE;
	*why = "too many migrations are running";
	return pool->nr_migrations >= RUNNING_MAX ? -EAGAIN : 0;
}

static bool overlaps_locked(struct couche_pool *pool, const struct couche_migrate_args *args)
{
	struct couche_migration *m;

	list_for_each_entry(m, &pool->migrations, list)
		if (!m->ended && m->info.volume == args->volume)
			return true;
	return false;
}

static void setup(struct couche_migration *m, struct couche_pool *pool,
		  const struct couche_migrate_args *args)
{
	unsigned int i;

	m->pool = pool;
	m->args = *args;
	m->volume = xa_load(&pool->volumes, args->volume);
	m->volume->open_count++;
	m->ordered = ktime_get();
	m->started = m->ordered;
	m->info.id = ++pool->next_migration;
	m->info.volume = args->volume;
	m->info.first = args->first;
	m->info.count = args->count ?: m->volume->nr_extents - args->first;
	m->info.tier = args->tier;
	spin_lock_init(&m->lock);
	init_waitqueue_head(&m->wait);
	INIT_WORK(&m->work, migration_work);
	for (i = 0; i < SLOTS; i++) {
		INIT_WORK(&m->slots[i].work, slot_work);
		m->slots[i].migration = m;
	}
}

/**
 * couche_migrate_start() - Order extents to be moved to a tier
 * @pool: an active pool
 * @args: what
 * @id: set to the migration's id
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0; -EINVAL, -ENOENT, -ESTALE, -EBUSY (another migration of the
 * volume, or the pool is suspended), -EAGAIN, -EROFS, -ENOMEM.
 */
int couche_migrate_start(struct couche_pool *pool, const struct couche_migrate_args *args,
			 u32 *id, const char **why)
{
	struct couche_migration *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int err;

	*why = "no memory";
	if (!m)
		return -ENOMEM;
	mutex_lock(&pool->config_lock);
	err = check_args(pool, args, why);
	if (!err && overlaps_locked(pool, args)) {
		*why = "volume: another migration of it is running";
		err = -EBUSY;
	}
	if (!err) {
		setup(m, pool, args);
		*id = m->info.id;
		list_add_tail(&m->list, &pool->migrations);
		pool->nr_migrations++;
		queue_work(pool->control_wq, &m->work);
	}
	mutex_unlock(&pool->config_lock);
	if (err)
		kfree(m);
	return err;
}

/**
 * couche_migrate_cancel() - Stop a migration after the extents in hand
 * @pool: the pool
 * @id: which
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0, -ENOENT, or -EALREADY when it has ended.
 */
int couche_migrate_cancel(struct couche_pool *pool, u32 id)
{
	struct couche_migration *m;
	int err = -ENOENT;

	mutex_lock(&pool->config_lock);
	list_for_each_entry(m, &pool->migrations, list) {
		if (m->info.id != id)
			continue;
		err = m->ended ? -EALREADY : 0;
		WRITE_ONCE(m->cancel, true);
		wake_up_all(&m->wait);
		break;
	}
	mutex_unlock(&pool->config_lock);
	return err;
}

/**
 * couche_migrate_info_next() - Walk over running and ended migrations
 * @pool: the pool
 * @id: lowest id wanted
 * @info: filled in
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0, or -ENOENT.
 */
int couche_migrate_info_next(struct couche_pool *pool, u32 id, struct couche_migration_info *info)
{
	struct couche_migration *m;
	int err = -ENOENT;

	mutex_lock(&pool->config_lock);
	list_for_each_entry(m, &pool->migrations, list) {
		if (m->info.id < id)
			continue;
		spin_lock(&m->lock);
		*info = m->info;
		spin_unlock(&m->lock);
		if (!m->ended)
			info->elapsed_ms = ms_since(m->started);
		err = 0;
		break;
	}
	mutex_unlock(&pool->config_lock);
	return err;
}

/**
 * couche_migrate_pause() - Wait until no migration touches an extent
 * @pool: has POOL_SUSPENDED set
 *
 * Context: process; sleeps.
 */
void couche_migrate_pause(struct couche_pool *pool)
{
	struct couche_migration *m;

	/* Slots in hand come to their end; no new one is taken. */
	mutex_lock(&pool->config_lock);
	list_for_each_entry(m, &pool->migrations, list) {
		if (m->ended)
			continue;
		/* Behind a take_slot() that did not see the suspend yet. */
		spin_lock(&m->lock);
		spin_unlock(&m->lock);
		wait_idle(m);
	}
	mutex_unlock(&pool->config_lock);
}

/**
 * couche_migrate_unpause() - Let migrations go on
 * @pool: has POOL_SUSPENDED clear
 *
 * Context: process; sleeps.
 */
void couche_migrate_unpause(struct couche_pool *pool)
{
	struct couche_migration *m;

	mutex_lock(&pool->config_lock);
	list_for_each_entry(m, &pool->migrations, list)
		wake_up_all(&m->wait);
	mutex_unlock(&pool->config_lock);
}

/**
 * couche_migrate_forget_all() - Cancel and free all migrations
 * @pool: about to be freed
 *
 * Context: process; sleeps.
 */
void couche_migrate_forget_all(struct couche_pool *pool)
{
	struct couche_migration *m, *next;
	LIST_HEAD(all);

	mutex_lock(&pool->config_lock);
	list_splice_init(&pool->migrations, &all);
	mutex_unlock(&pool->config_lock);
	list_for_each_entry(m, &all, list) {
		WRITE_ONCE(m->cancel, true);
		wake_up_all(&m->wait);
	}
	list_for_each_entry_safe(m, next, &all, list) {
		flush_work(&m->work);
		kfree(m);
	}
}
