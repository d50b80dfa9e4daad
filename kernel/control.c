// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"

#include <linux/device-mapper.h>
#include <linux/kdev_t.h>

#include "commit.h"
#include "core/heat.h"
#include "destage.h"
#include "flight.h"
#include "group.h"
#include "group_alloc.h"
#include "leg.h"
#include "pool.h"
#include "preserve.h"
#include "resync.h"
#include "shape.h"
#include "stage_io.h"
#include "superblock.h"
#include "sweep.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

static void tier_space(struct couche_pool *pool, struct couche_pool_info *info)
{
	unsigned int tier;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (leg->role == COUCHE_ROLE_META || !couche_leg_writable(leg))
			continue;
		info->tier_sectors[leg->role - COUCHE_ROLE_HOT] +=
			(u64)leg->segments.segments * pool->super.segment_sectors;
	}
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		info->tier_used_sectors[tier] =
			atomic64_read(&pool->tier_used[tier]) * COUCHE_BLOCK_SECTORS;
}

static void stage_info(struct couche_stage *stage, struct couche_pool_info *info)
{
	info->stage_slots = stage->nr;
	spin_lock_irq(&stage->lock);
	info->stage_used = stage->nr_used - stage->nr_dropped;
	info->stage_stuck = stage->stuck;
	info->flush_left = stage->flush_left;
	spin_unlock_irq(&stage->lock);
	info->staged_granules = atomic64_read(&stage->staged_granules);
	info->destaged_granules = atomic64_read(&stage->destaged_granules);
}

/**
 * couche_pool_info() - Describe a pool
 * @pool: an active pool
 * @info: filled in
 *
 * Context: process.
 */
void couche_pool_info(struct couche_pool *pool, struct couche_pool_info *info)
{
	struct couche_volume *volume;
	unsigned long id;
	u32 i;

	memset(info, 0, sizeof(*info));
	memcpy(info->uuid, pool->super.pool_uuid, COUCHE_UUID_SIZE);
	strscpy(info->name, pool->super.name, sizeof(info->name));
	info->extent_sectors = pool->super.extent_sectors;
	info->segment_sectors = pool->super.segment_sectors;
	info->read_only = !couche_pool_writable(pool);
	info->metadata_failed = test_bit(POOL_FAILED, &pool->flags);
	info->journal_blocks = pool->super.journal_blocks;
	info->journal_used = READ_ONCE(pool->commit.used);
	info->commits = READ_ONCE(pool->commit.commits);
	info->checkpoints = READ_ONCE(pool->commit.checkpoints);
	memcpy(info->profile, pool->super.profile, sizeof(info->profile));
	for (i = 0; i < pool->nr_legs; i++) {
		if (!couche_leg_member(&pool->legs[i]))
			continue;
		info->nr_legs++;
		info->degraded |= !couche_leg_current(&pool->legs[i]);
	}
	tier_space(pool, info);
	if (pool->stage)
		stage_info(pool->stage, info);
	couche_pool_repair_info(pool, &info->repair);
	couche_pool_sweep_info(pool, COUCHE_SWEEP_REBUILD, &info->rebuild);
	couche_pool_sweep_info(pool, COUCHE_SWEEP_SCRUB, &info->scrub);
	couche_pool_sweep_info(pool, COUCHE_SWEEP_RESHAPE, &info->reshape);
	/* Not under config_lock, whose holder may be waiting for a leg that hangs. */
	xa_for_each(&pool->volumes, id, volume)
		info->nr_volumes++;
}

static void leg_counters(const struct couche_leg *leg, struct couche_leg_info *info)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct couche_leg_counters *c = per_cpu_ptr(leg->counters, cpu);

		info->reads += READ_ONCE(c->reads);
		info->writes += READ_ONCE(c->writes);
	}
	info->read_errors = atomic_read(&leg->read_errors);
	info->write_errors = atomic_read(&leg->write_errors);
	info->csum_errors = atomic_read(&leg->csum_errors);
	info->scrub_errors = atomic_read(&leg->scrub_errors);
	info->repairs = atomic_read(&leg->repairs);
}

/**
 * couche_leg_info() - Describe a leg
 * @pool: an active pool
 * @index: which leg
 * @info: filled in
 *
 * Context: process.
 * Return: 0; -ENODATA when there is none at this place; -ENOENT past the last.
 */
int couche_leg_info(struct couche_pool *pool, u32 index, struct couche_leg_info *info)
{
	struct couche_leg *leg;

	if (index >= pool->nr_legs)
		return -ENOENT;
	leg = &pool->legs[index];
	if (!couche_leg_member(leg))
		return -ENODATA;
	memset(info, 0, sizeof(*info));
	info->index = index;
	memcpy(info->uuid, leg->uuid, COUCHE_UUID_SIZE);
	info->role = leg->role;
	info->state = READ_ONCE(leg->state);
	info->domain = leg->domain;
	info->present = READ_ONCE(leg->bdev);
	if (info->present) {
		info->major = MAJOR(leg->dev);
		info->minor = MINOR(leg->dev);
	}
	info->sectors = leg->sectors;
	info->draining = couche_leg_draining(leg);
	info->drain_left = atomic64_read(&leg->drain_left);
	info->drain_moved = atomic64_read(&leg->drain_moved);
	info->used_sectors = (u64)couche_segmap_used(&leg->segments) *
			     pool->super.segment_sectors;
	leg_counters(leg, info);
	return 0;
}

/**
 * couche_control_changeable() - Does the pool take orders now?
 * @pool: the pool, under config_lock, which a suspend waits for
 * @why: why not
 *
 * Nothing is written while the pool is suspended, and a table with other
 * devices may be about to come.
 *
 * Context: process.
 * Return: 0; -EBUSY when it is not active, or suspended; -EROFS.
 */
int couche_control_changeable(struct couche_pool *pool, const char **why)
{
	*why = "pool: it is not active, or suspended";
	if (!test_bit(POOL_ACTIVE, &pool->flags) || test_bit(POOL_SUSPENDED, &pool->flags))
		return -EBUSY;
	*why = "pool: it takes no changes";
	return couche_pool_writable(pool) ? 0 : -EROFS;
}

/**
 * couche_control_find_leg() - The leg that an order is about
 * @pool: the pool, under config_lock
 * @index: which leg
 * @leg: set to it
 * @why: what was wrong
 *
 * Context: process.
 * Return: 0; -ENOENT; -EBUSY not active, or suspended; -EROFS.
 */
int couche_control_find_leg(struct couche_pool *pool, u32 index, struct couche_leg **leg,
			    const char **why)
{
	*why = "leg: no such index";
	if (index >= pool->nr_legs || !couche_leg_member(&pool->legs[index]))
		return -ENOENT;
	*leg = &pool->legs[index];
	return couche_control_changeable(pool, why);
}

/* One that hangs is as good as failed. */
static unsigned int others_online(struct couche_pool *pool, const struct couche_leg *leg)
{
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		nr += i != leg->index && pool->legs[i].role == leg->role &&
		      couche_leg_current(&pool->legs[i]) &&
		      !couche_flight_fenced(&pool->legs[i]);
	return nr;
}

/* What a role needs so that nothing is lost and something can be written. */
static unsigned int needed_online(struct couche_pool *pool, const struct couche_leg *leg)
{
	unsigned int legs = 0;
	u32 i;

	if (leg->role == COUCHE_ROLE_META)
		return 1;
	for (i = 0; i < pool->nr_legs; i++)
		legs += pool->legs[i].role == leg->role;
	return legs - couche_shape_least_m(pool, leg->role - COUCHE_ROLE_HOT);
}

/**
 * couche_leg_fail() - Take a leg out of use, by order
 * @pool: an active pool
 * @index: which leg
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0; -ENOENT, -EALREADY, -EBUSY when data would be lost, -EROFS, -EIO.
 */
int couche_leg_fail(struct couche_pool *pool, u32 index, const char **why)
{
	struct couche_leg *leg;
	int err;

	mutex_lock(&pool->config_lock);
	err = couche_control_find_leg(pool, index, &leg, why);
	if (err)
		goto out;
	*why = "leg: it has failed already";
	err = leg->state == COUCHE_LEG_FAILED ? -EALREADY : 0;
	if (err)
		goto out;
	*why = "leg: without it data would be lost";
	err = others_online(pool, leg) >= needed_online(pool, leg) ||
	      (leg->role != COUCHE_ROLE_META && couche_group_survives(pool, leg)) ? 0 : -EBUSY;
	if (err)
		goto out;
	*why = "leg: its state cannot be written";
	err = couche_superblock_fail_legs(pool, BIT_ULL(index));
	if (!err)
		couche_group_forget_open(pool);
out:
	mutex_unlock(&pool->config_lock);
	return err;
}

/**
 * couche_control_fail_work() - Fail the legs that had too many errors, or hang
 * @work: pool->fail_work
 *
 * One that the data cannot do without stays, and goes on counting. A pool that
 * is suspended comes here again when it goes on.
 *
 * Context: process; sleeps. Takes config_lock.
 */
void couche_control_fail_work(struct work_struct *work)
{
	struct couche_pool *pool = container_of(work, struct couche_pool, fail_work);
	const char *why;
	u32 i;
	int err;

	for (i = 0; i < pool->nr_legs && !test_bit(POOL_SUSPENDED, &pool->flags); i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (!READ_ONCE(leg->fail_asked) || leg->state == COUCHE_LEG_FAILED)
			continue;
		err = couche_leg_fail(pool, i, &why);
		if (err == -EALREADY)
			continue;
		if (err)
			DMWARN("%s: leg %u has %s: %s", pool->device, i,
			       couche_flight_fenced(leg) ? "hung" : "many errors", why);
		else
			DMWARN("%s: leg %u failed: %s", pool->device, i,
			       couche_flight_fenced(leg) ? "it hangs" : "too many errors");
	}
}

static int fill_meta(struct couche_pool *pool, struct couche_leg *leg)
{
	int err = couche_stage_copy(pool, leg);

	if (err)
		return err;
	spin_lock_irq(&pool->commit.lock);
	bitmap_set(pool->area.dirty, 0, pool->area.nr);
	spin_unlock_irq(&pool->commit.lock);
	return couche_commit_checkpoint(pool);
}

/*
 * It takes all writes from here on, and is trusted when it has what is staged
 * and a checkpoint of every page, which flushes, has gone through.
 */
static int restore_meta(struct couche_pool *pool, struct couche_leg *leg)
{
	u32 epoch;
	int err;

	err = couche_superblock_set_leg_state(pool, leg, COUCHE_LEG_RESTORING);
	if (err)
		return err;
	epoch = READ_ONCE(leg->epoch);
	err = fill_meta(pool, leg) ?: couche_superblock_set_restored(pool, leg, epoch);
	if (!err)
		return 0;
	/* Half of it is worth nothing: as before, so that it can be tried again. */
	couche_superblock_fail_legs(pool, BIT_ULL(leg->index));
	return err == -EAGAIN ? -EIO : err;
}

/**
 * couche_control_restore() - Take a failed leg into use, or a new one
 * @pool: the pool, under config_lock
 * @leg: has a device and a superblock of its own
 *
 * A tier leg takes writes at once and is made current by the resync; stripes
 * on it prove themselves by their footers. A meta leg has missed the journal:
 * it gets everything anew with the next checkpoint, which writes all pages.
 *
 * Context: process; sleeps.
 * Return: 0 when it has begun; -EIO, -ENOMEM or -ETIMEDOUT: a meta leg has failed
 * again.
 */
int couche_control_restore(struct couche_pool *pool, struct couche_leg *leg)
{
	int err;

	atomic_set(&leg->read_errors, 0);
	atomic_set(&leg->write_errors, 0);
	atomic_set(&leg->csum_errors, 0);
	WRITE_ONCE(leg->fail_asked, 0);
	if (leg->role == COUCHE_ROLE_META)
		return restore_meta(pool, leg);
	err = couche_superblock_set_leg_state(pool, leg, COUCHE_LEG_RESTORING);
	if (!err) {
		couche_preserve_drop_copies(pool);
		couche_group_forget_open(pool);
		couche_resync_start(pool);
	}
	return err;
}

/**
 * couche_leg_restore() - Take a failed leg back into use
 * @pool: an active pool
 * @index: which leg; its device must be in the pool's table
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0 when it has begun; -ENOENT, -ENODEV, -EALREADY, -EROFS, -EIO,
 * -ENOMEM; -ESTALE: its device is not this leg; -EBUSY while its device has bios
 * that were given up; -ETIMEDOUT: another leg, which has what it lacks, does not
 * answer.
 */
int couche_leg_restore(struct couche_pool *pool, u32 index, const char **why)
{
	static const char another[] = "leg: its superblock is not the one of this leg; replace it";
	struct couche_leg *leg;
	int err;

	mutex_lock(&pool->config_lock);
	err = couche_control_find_leg(pool, index, &leg, why);
	if (err)
		goto out;
	if (leg->state == COUCHE_LEG_RESTORING && leg->role != COUCHE_ROLE_META) {
		/* What could not be read before is tried once more. */
		couche_resync_start(pool);
		goto out;
	}
	*why = "leg: it has not failed";
	err = leg->state != COUCHE_LEG_FAILED ? -EALREADY : 0;
	if (err)
		goto out;
	*why = another;
	err = leg->offered ? -ESTALE : 0;
	if (err)
		goto out;
	*why = "leg: it has no device; load a table that names one first";
	err = leg->bdev ? 0 : -ENODEV;
	if (err)
		goto out;
	*why = "leg: its device has not given back all it was sent";
	err = couche_flight_fenced(leg) ? -EBUSY : 0;
	if (err)
		goto out;
	err = couche_superblock_check_leg(pool, leg);
	*why = err == -ESTALE ? another : "leg: its superblock cannot be read";
	if (err)
		goto out;
	*why = "leg: it cannot be written, or given what it is to hold";
	err = couche_control_restore(pool, leg);
out:
	mutex_unlock(&pool->config_lock);
	return err;
}

static void volume_counters(const struct couche_volume *volume, struct couche_volume_info *info)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct couche_volume_counters *c = per_cpu_ptr(volume->counters, cpu);

		info->reads += READ_ONCE(c->reads);
		info->writes += READ_ONCE(c->writes);
		info->read_sectors += READ_ONCE(c->read_sectors);
		info->written_sectors += READ_ONCE(c->written_sectors);
	}
}

static void volume_info(const struct couche_volume *volume, struct couche_volume_info *info)
{
	unsigned int tier;

	memset(info, 0, sizeof(*info));
	info->id = volume->desc.id;
	memcpy(info->uuid, volume->desc.uuid, COUCHE_UUID_SIZE);
	strscpy(info->name, volume->desc.name, sizeof(info->name));
	info->sectors = volume->desc.sectors;
	info->generation = atomic64_read(&volume->generation);
	info->extents = volume->nr_extents;
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		info->tier_extents[tier] = atomic64_read(&volume->tier_extents[tier]);
	info->degraded_reads = atomic64_read(&volume->degraded_reads);
	info->promotes = atomic64_read(&volume->promotes);
	info->lost_extents = atomic64_read(&volume->lost);
	info->active = volume->open_count > 0;
	info->journal_all = volume->desc.flags & COUCHE_VOLUME_JOURNAL_ALL;
	volume_counters(volume, info);
}

/**
 * couche_volume_info_next() - Walk over volumes
 * @pool: an active pool
 * @id: lowest id wanted
 * @info: filled in
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0, or -ENOENT.
 */
int couche_volume_info_next(struct couche_pool *pool, u32 id, struct couche_volume_info *info)
{
	struct couche_volume *volume;
	unsigned long index = id;

	mutex_lock(&pool->config_lock);
	volume = xa_find(&pool->volumes, &index, ULONG_MAX, XA_PRESENT);
	if (volume)
		volume_info(volume, info);
	mutex_unlock(&pool->config_lock);
	return volume ? 0 : -ENOENT;
}

static bool extent_info(struct couche_map_page *page, unsigned int i,
			struct couche_extent_info *info)
{
	struct couche_place place = couche_entry_place(&page->entries[i]);

	if (!(place.flags & COUCHE_EXTENT_MAPPED))
		return false;
	info->extent = (u64)page->index * COUCHE_PAGE_EXTENTS + i;
	info->tier = place.tier;
	info->flags = place.flags;
	info->generation = place.generation;
	info->group = from_couche_group(place.group);
	info->row = from_couche_row(place.row);
	couche_heat_read(READ_ONCE(page->heat[i]), couche_pool_heat_now(), &info->reads,
			 &info->writes);
	return true;
}

static int volume_extents(struct couche_volume *volume, u64 first,
			  struct couche_extent_info *infos, unsigned int nr)
{
	unsigned int found = 0;

	while (first < volume->nr_extents && found < nr) {
		struct couche_map_page *page = volume->pages[first / COUCHE_PAGE_EXTENTS];

		if (!page) {
			first = (first / COUCHE_PAGE_EXTENTS + 1) * COUCHE_PAGE_EXTENTS;
			continue;
		}
		found += extent_info(page, first % COUCHE_PAGE_EXTENTS, &infos[found]);
		first++;
	}
	return found;
}

/**
 * couche_volume_extents() - Describe mapped extents
 * @pool: an active pool
 * @id: the volume
 * @first: extent to begin with
 * @infos: filled in
 * @nr: how many at most
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: how many, 0 at the end, or -ENOENT.
 */
int couche_volume_extents(struct couche_pool *pool, u32 id, u64 first,
			  struct couche_extent_info *infos, unsigned int nr)
{
	struct couche_volume *volume;
	int found = -ENOENT;

	mutex_lock(&pool->config_lock);
	volume = xa_load(&pool->volumes, id);
	if (volume)
		found = volume_extents(volume, first, infos, nr);
	mutex_unlock(&pool->config_lock);
	return found;
}

static struct couche_sweep *sweep_of(struct couche_pool *pool, enum couche_sweep_kind kind)
{
	switch (kind) {
	case COUCHE_SWEEP_SCRUB:
		return pool->scrub;
	case COUCHE_SWEEP_RESHAPE:
		return pool->reshape;
	default:
		return pool->rebuild;
	}
}

/**
 * couche_pool_sweep() - Order a rebuild, a scrub or a reshape about
 * @pool: the pool
 * @kind: which of them
 * @order: what
 * @rate: bytes a second from now on; 0: the module's, U64_MAX: as before
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0; -EALREADY, -EBUSY when the pool is not active, -EROFS, -EINVAL.
 */
int couche_pool_sweep(struct couche_pool *pool, enum couche_sweep_kind kind,
		      enum couche_sweep_order order, u64 rate, const char **why)
{
	int err;

	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why);
	if (!err)
		err = couche_sweep_run(sweep_of(pool, kind), order, rate, why);
	mutex_unlock(&pool->config_lock);
	return err;
}

/**
 * couche_pool_sweep_info() - How far is a rebuild, a scrub or a reshape?
 * @pool: an active pool
 * @kind: which of them
 * @info: filled in
 *
 * Context: process.
 */
void couche_pool_sweep_info(struct couche_pool *pool, enum couche_sweep_kind kind,
			    struct couche_sweep_info *info)
{
	couche_sweep_describe(sweep_of(pool, kind), info);
}

/**
 * couche_pool_flush() - Merge into stripes all that the data journal holds now
 * @pool: the pool
 * @why: what was wrong
 *
 * Returns when that is durable and ordered; couche_pool_info() says how much is
 * left of it. It goes on until nothing is, or the pool is deactivated.
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: 0; -EBUSY when the pool is not active, or suspended; -EROFS; -ENODEV
 * without a data journal; else the error that stopped the metadata.
 */
int couche_pool_flush(struct couche_pool *pool, const char **why)
{
	int err;

	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why);
	if (!err) {
		err = couche_destage_flush(pool);
		*why = err == -ENODEV ? "the pool has no data journal" :
					"the metadata takes no changes";
	}
	mutex_unlock(&pool->config_lock);
	return err;
}
