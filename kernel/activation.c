// SPDX-License-Identifier: GPL-2.0-only
#include "activation.h"

#include <linux/device-mapper.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bounce.h"
#include "commit.h"
#include "control.h"
#include "core/replay.h"
#include "core/tableline.h"
#include "destage.h"
#include "drain.h"
#include "flight.h"
#include "footer_cache.h"
#include "group.h"
#include "io.h"
#include "leg.h"
#include "map_area.h"
#include "migrate.h"
#include "preserve.h"
#include "rebuild.h"
#include "recover.h"
#include "repair.h"
#include "reshape.h"
#include "resync.h"
#include "scrub.h"
#include "shape.h"
#include "stage_io.h"
#include "stripe.h"
#include "superblock.h"
#include "sweep.h"
#include "watchdog.h"
#include "write.h"

#define DM_MSG_PREFIX "couche-pool"

static void destroy_workqueues(struct couche_pool *pool)
{
	struct workqueue_struct *queues[] = {
		pool->io_wq, pool->start_wq, pool->leg_wq, pool->relocate_wq, pool->control_wq,
		pool->commit_wq, pool->release_wq,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++)
		if (queues[i])
			destroy_workqueue(queues[i]);
}

static int create_workqueues(struct couche_pool *pool)
{
	unsigned int flags = WQ_MEM_RECLAIM | WQ_UNBOUND;

	pool->io_wq = alloc_workqueue("couche_io", flags | WQ_HIGHPRI, 0);
	pool->leg_wq = alloc_workqueue("couche_leg", flags | WQ_HIGHPRI, 0);
	pool->start_wq = alloc_workqueue("couche_start", flags | WQ_HIGHPRI, 0);
	pool->relocate_wq = alloc_workqueue("couche_relocate", flags,
					    2 * COUCHE_STRIPES_BACKGROUND);
	pool->control_wq = alloc_workqueue("couche_control", flags, 0);
	pool->commit_wq = alloc_ordered_workqueue("couche_commit", WQ_MEM_RECLAIM | WQ_HIGHPRI);
	pool->release_wq = alloc_workqueue("couche_release", flags, 1);
	if (pool->io_wq && pool->leg_wq && pool->start_wq && pool->relocate_wq &&
	    pool->control_wq && pool->commit_wq && pool->release_wq)
		return 0;
	return -ENOMEM;
}

static void init_fields(struct couche_pool *pool, const u8 *uuid)
{
	kref_init(&pool->ref);
	memcpy(pool->super.pool_uuid, uuid, COUCHE_UUID_SIZE);
	INIT_LIST_HEAD(&pool->list);
	INIT_LIST_HEAD(&pool->migrations);
	mutex_init(&pool->config_lock);
	mutex_init(&pool->super_lock);
	mutex_init(&pool->spare_lock);
	mutex_init(&pool->ti_lock);
	mutex_init(&pool->alloc_lock);
	spin_lock_init(&pool->deferred_lock);
	bio_list_init(&pool->deferred);
	bio_list_init(&pool->held);
	xa_init(&pool->volumes);
	mutex_init(&pool->preserved_lock);
	xa_init(&pool->preserved);
	INIT_WORK(&pool->deferred_work, couche_io_deferred_work);
	INIT_WORK(&pool->release_work, couche_commit_release_work);
	INIT_WORK(&pool->resync_work, couche_resync_work);
	INIT_WORK(&pool->fail_work, couche_control_fail_work);
	pool->seed = couche_super_seed(uuid);
}

static void legs_changed(struct couche_pool *pool)
{
	couche_sweep_kick(pool->rebuild);
	couche_reshape_look(pool);
}

static void shards_missing(struct couche_pool *pool)
{
	couche_rebuild_look(pool->rebuild);
}

static int create_healers(struct couche_pool *pool)
{
	pool->legs_changed = legs_changed;
	pool->shards_missing = shards_missing;
	pool->repair = couche_repair_create(pool);
	pool->rebuild = couche_sweep_create(pool, &couche_rebuild_ops);
	pool->scrub = couche_sweep_create(pool, &couche_scrub_ops);
	pool->drain = couche_sweep_create(pool, &couche_drain_ops);
	pool->reshape = couche_sweep_create(pool, &couche_reshape_ops);
	return pool->repair && pool->rebuild && pool->scrub && pool->drain && pool->reshape ?
	       0 : -ENOMEM;
}

/* What goes on by itself, and is to be quiet: POOL_SUSPENDED is set. */
static void pause_healers(struct couche_pool *pool)
{
	couche_sweep_pause(pool->reshape);
	couche_sweep_pause(pool->drain);
	couche_destage_pause(pool);
	couche_sweep_pause(pool->scrub);
	couche_sweep_pause(pool->rebuild);
	couche_repair_pause(pool->repair);
}

static void unpause_healers(struct couche_pool *pool)
{
	couche_repair_unpause(pool->repair);
	couche_sweep_unpause(pool->rebuild);
	couche_sweep_unpause(pool->scrub);
	couche_sweep_unpause(pool->drain);
	couche_sweep_unpause(pool->reshape);
	couche_destage_unpause(pool);
}

/**
 * couche_pool_create() - Make a pool that is not active yet
 * @uuid: which pool
 *
 * Context: process; sleeps.
 * Return: the pool with one reference, or NULL when there is no memory.
 */
struct couche_pool *couche_pool_create(const u8 *uuid)
{
	struct couche_pool *pool = kvzalloc(sizeof(*pool), GFP_KERNEL);
	u32 i;
	int err;

	if (!pool)
		return NULL;
	init_fields(pool, uuid);
	if (couche_io_gate_init(&pool->io_gate)) {
		kvfree(pool);
		return NULL;
	}
	/* First: what is freed of it are lists, which have to be ones. */
	err = couche_commit_init(pool);
	if (!err)
		err = couche_watchdog_init(pool);
	if (!err)
		err = couche_leg_bios_init(pool);
	if (!err)
		err = couche_bounce_init(pool);
	if (!err)
		err = create_workqueues(pool);
	if (!err)
		err = create_healers(pool);
	pool->super_blocks = vzalloc(COUCHE_MAX_LEGS * COUCHE_BLOCK_SIZE);
	for (i = 0; i < COUCHE_MAX_LEGS && !err; i++)
		err = couche_leg_init(&pool->legs[i], pool, i);
	if (!err && pool->super_blocks)
		return pool;
	couche_pool_free(pool);
	return NULL;
}

/**
 * couche_pool_free() - Free a pool
 * @pool: quiet and without users; may be half made
 *
 * Context: process; sleeps.
 */
void couche_pool_free(struct couche_pool *pool)
{
	unsigned int i;

	couche_migrate_forget_all(pool);
	couche_sweep_free(pool->reshape);
	couche_sweep_free(pool->drain);
	couche_sweep_free(pool->scrub);
	couche_sweep_free(pool->rebuild);
	couche_repair_free(pool->repair);
	couche_watchdog_destroy(pool);
	couche_destage_free(pool);
	destroy_workqueues(pool);
	couche_preserve_destroy(pool);
	couche_volume_free_all(pool);
	couche_group_free_all(pool);
	couche_map_area_destroy(pool);
	couche_commit_destroy(pool);
	couche_stripe_pool_free(pool);
	couche_stage_writes_destroy(pool);
	couche_stage_free(pool);
	couche_footer_cache_free(pool->footers);
	couche_shape_free_all(pool);
	for (i = 0; i < COUCHE_MAX_LEGS; i++)
		couche_leg_destroy(&pool->legs[i]);
	vfree(pool->super_blocks);
	bioset_exit(&pool->bounces);
	bioset_exit(&pool->read_bounces);
	bioset_exit(&pool->bios);
	couche_io_gate_destroy(&pool->io_gate);
	kvfree(pool);
}

/*
 * Can a leg not answer for its data? A copy without checksums counts only on
 * a leg that was online; a stripe's shard proves itself.
 */
static bool leg_missing(const struct couche_pool *pool, u32 i)
{
	const struct couche_leg *leg = &pool->legs[i];
	bool proves_itself = pool->super.profile[leg->role - COUCHE_ROLE_HOT].csum;

	return !leg->bdev ||
	       !(proves_itself || pool->super.leg[i].state == COUCHE_LEG_ONLINE);
}

/* Does any group of the tier hold something that nobody has? */
static bool groups_lost(struct couche_pool *pool, u8 tier)
{
	u32 i;

	for (i = 0; i < pool->nr_groups; i++) {
		struct couche_group *group = pool->groups[i];
		unsigned int j, missing = 0;

		if (!group || group->desc.tier != tier || group->rows.free == group->rows.rows)
			continue;
		for (j = 0; j < group->desc.nr; j++)
			missing += leg_missing(pool, group->desc.seg[j].leg);
		if (missing > group->desc.nr - group->desc.k)
			return true;
	}
	return false;
}

/*
 * Degraded, yes; with data that nobody has, no. More legs than the profile
 * stands may be missing if what lay on them has been rebuilt on others.
 */
static int check_redundancy(struct couche_pool *pool)
{
	u8 tier;
	u32 i;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		int missing = 0, legs = 0, m = couche_shape_least_m(pool, tier);

		for (i = 0; i < pool->nr_legs; i++) {
			if (pool->legs[i].role != couche_role_of_tier(tier))
				continue;
			legs++;
			missing += leg_missing(pool, i);
		}
		if (missing > m && (missing == legs || groups_lost(pool, tier))) {
			DMERR("%s: %s: %d legs are missing or stale and had data, the profile allows %d; attach more of them",
			      pool->device, couche_role_names[couche_role_of_tier(tier)], missing,
			      m);
			return -ENODEV;
		}
	}
	return 0;
}

/* In memory only: the pool is read-only. */
static void fail_missing(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (!pool->legs[i].bdev && couche_leg_member(&pool->legs[i]))
			WRITE_ONCE(pool->legs[i].state, COUCHE_LEG_FAILED);
}

static int setup_legs(struct couche_pool *pool)
{
	u32 i;
	int err = 0;

	for (i = 0; i < pool->nr_legs && !err; i++) {
		struct couche_leg *leg = &pool->legs[i];
		const struct couche_super_leg *sl = &pool->super.leg[i];

		leg->state = sl->state;
		leg->domain = sl->domain;
		leg->flags = sl->flags;
		leg->sectors = sl->sectors;
		memcpy(leg->uuid, sl->uuid, COUCHE_UUID_SIZE);
		if (leg->role == COUCHE_ROLE_META || leg->role == COUCHE_NO_ROLE)
			continue;
		err = couche_segmap_init(&leg->segments, couche_super_segments(&pool->super, i));
	}
	if (err)
		return err;
	pool->max_groups = couche_replay_max_groups(pool->super.map_pages);
	if (pool->super.generation > COUCHE_GENERATION_MAX) {
		DMERR("%s: superblock: generation: used up", pool->device);
		return -EINVAL;
	}
	pool->groups = kvcalloc(pool->max_groups, sizeof(*pool->groups), GFP_KERNEL);
	return pool->groups ? 0 : -ENOMEM;
}

static int setup_tiers(struct couche_pool *pool)
{
	struct couche_super *s = &pool->super;
	u8 tier;

	pool->extent_shift = ilog2(s->extent_sectors);
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		const struct couche_profile *p = &s->profile[tier];

		if (!p->k)
			continue;
		pool->shape[tier] = couche_shape_make(pool, tier, p);
		if (!pool->shape[tier])
			return -ENOMEM;
		if (pool->shape[tier]->geo.footers)
			pool->striped |= BIT(tier);
	}
	pool->landing = s->profile[COUCHE_TIER_HOT].k ? COUCHE_TIER_HOT : COUCHE_TIER_WARM;
	pool->footers = couche_footer_cache_create(s->profile[COUCHE_TIER_COLD].k ?
						   pool->shape[COUCHE_TIER_COLD]->geo.data_rows :
						   0);
	return pool->footers ? 0 : -ENOMEM;
}

static int open_superblocks(struct couche_pool *pool, const struct couche_tableline *line)
{
	bool zero;
	int err;
	u32 i;

	pool->nr_legs = line->nr_legs;
	for (i = 0; i < line->nr_legs; i++)
		pool->legs[i].role = line->leg[i].role;
	err = couche_superblock_probe(pool, &zero);
	if (err)
		return err;
	if (zero && !line->format) {
		DMERR("%s: superblock: the legs are blank, and the table does not say format",
		      pool->device);
		return -ENODEV;
	}
	if (zero)
		err = couche_superblock_format(pool, line);
	return err ?: couche_superblock_load(pool, line);
}

static int setup_stage(struct couche_pool *pool, const struct couche_tableline *line)
{
	int err;

	if (!pool->super.stage_slots)
		return 0;
	err = couche_stage_create(pool);
	if (!err)
		err = couche_stage_writes_init(pool);
	if (!err)
		err = couche_destage_create(pool, line->destage_threshold, line->destage_interval);
	return err;
}

/**
 * couche_pool_activate() - Bring a pool to life
 * @pool: legs and devices are from the table
 * @line: the table
 *
 * Context: process, at the first resume; sleeps.
 * Return: 0, or a negative errno with the reason logged: nothing was written,
 * unless a format was asked for.
 */
int couche_pool_activate(struct couche_pool *pool, const struct couche_tableline *line)
{
	int err;

	err = open_superblocks(pool, line);
	if (!err)
		err = setup_legs(pool);
	if (!err)
		err = setup_tiers(pool);
	if (!err)
		err = couche_map_area_init(pool);
	if (!err)
		err = setup_stage(pool, line);
	if (!err)
		err = couche_recover(pool);
	if (!err)
		err = couche_stripe_pool_create(pool);
	if (!err)
		err = check_redundancy(pool);
	pool->resync_open = !pool->super.clean;
	if (!err && line->readonly) {
		set_bit(POOL_READ_ONLY, &pool->flags);
		fail_missing(pool);
	}
	if (!err && !line->readonly)
		err = couche_superblock_start(pool);
	if (!err && !line->readonly)
		err = couche_commit_checkpoint(pool);
	if (err)
		return err;
	set_bit(POOL_ACTIVE, &pool->flags);
	queue_work(pool->control_wq, &pool->resync_work);
	/* For legs that had too many errors until now. */
	queue_work(pool->io_wq, &pool->fail_work);
	couche_sweep_kick(pool->rebuild);
	couche_drain_start(pool);
	couche_reshape_look(pool);
	couche_destage_unpause(pool);
	return 0;
}

/**
 * couche_pool_quiesce() - Stop what goes on by itself, make all durable
 * @pool: its volumes are suspended
 *
 * Context: process; sleeps.
 */
void couche_pool_quiesce(struct couche_pool *pool)
{
	bool clean;

	if (!test_bit(POOL_ACTIVE, &pool->flags))
		return;
	/* Orders under way end before, those that come are refused. */
	mutex_lock(&pool->config_lock);
	set_bit(POOL_SUSPENDED, &pool->flags);
	mutex_unlock(&pool->config_lock);
	couche_migrate_pause(pool);
	pause_healers(pool);
	flush_work(&pool->resync_work);
	flush_workqueue(pool->relocate_wq);
	if (!couche_pool_writable(pool))
		return;
	if (!couche_commit_checkpoint(pool)) {
		flush_work(&pool->release_work);
		clean = !couche_resync_needed(pool) && !READ_ONCE(pool->split);
		couche_superblock_set_clean(pool, clean);
	}
}

/**
 * couche_pool_deactivate() - Part with the devices: the last table goes
 * @pool: suspended; others may still hold references
 *
 * Context: process; sleeps. Afterwards nobody finds the pool, and no bio of it
 * goes to a device.
 */
void couche_pool_deactivate(struct couche_pool *pool)
{
	u32 i;

	/* Nobody else may begin with the devices while they still have bios. */
	couche_flight_wait_orphans(pool);
	couche_registry_drop(pool);
	mutex_lock(&pool->config_lock);
	clear_bit(POOL_ACTIVE, &pool->flags);
	set_bit(POOL_SUSPENDED, &pool->flags);
	mutex_unlock(&pool->config_lock);
	couche_pool_bind(pool, NULL);
	couche_migrate_forget_all(pool);
	pause_healers(pool);
	drain_workqueue(pool->control_wq);
	drain_workqueue(pool->commit_wq);
	drain_workqueue(pool->release_wq);
	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		WRITE_ONCE(pool->legs[i].bdev, NULL);
		pool->legs[i].offered = NULL;
	}
	couche_pool_sync_io(pool);
	/* No table can find it any more: what volumes still send ends in errors. */
	couche_pool_stop_writes(pool);
	couche_io_release_all(pool);
	couche_flight_wait_orphans(pool);
}

/**
 * couche_pool_wake() - Go on after couche_pool_quiesce()
 * @pool: the pool
 *
 * Context: process; sleeps.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_pool_wake(struct couche_pool *pool)
{
	int err = 0;

	if (!test_bit(POOL_SUSPENDED, &pool->flags))
		return 0;
	/* Before the first order: what a clean pool says is all there is. */
	if (couche_pool_writable(pool))
		err = couche_superblock_set_clean(pool, false);
	clear_bit(POOL_SUSPENDED, &pool->flags);
	couche_migrate_unpause(pool);
	queue_work(pool->control_wq, &pool->resync_work);
	queue_work(pool->io_wq, &pool->fail_work);
	unpause_healers(pool);
	couche_drain_start(pool);
	couche_reshape_look(pool);
	return err;
}
