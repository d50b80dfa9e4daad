// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target "couche-pool": legs, settings, messages. It takes no bios itself.
 */
#include <linux/slab.h>

#include "activation.h"
#include "compat.h"
#include "control.h"
#include "core/tableline.h"
#include "destage.h"
#include "flight.h"
#include "io.h"
#include "leg.h"
#include "pool.h"
#include "superblock.h"
#include "sweep.h"
#include "target.h"
#include "watchdog.h"

#define DM_MSG_PREFIX "couche-pool"

struct target_pool {
	struct couche_pool *pool;
	struct couche_tableline line;
	struct dm_dev *devs[COUCHE_MAX_LEGS];
	char name[COUCHE_NAME_SIZE];
	bool failed;			/* activation of it did */
};

static void pool_dtr(struct dm_target *ti)
{
	struct target_pool *tp = ti->private;
	u32 i;

	if (tp->pool) {
		if (READ_ONCE(tp->pool->ti) == ti)
			couche_pool_deactivate(tp->pool);
		couche_pool_put(tp->pool);
	}
	for (i = 0; i < COUCHE_MAX_LEGS; i++)
		if (tp->devs[i])
			dm_put_device(ti, tp->devs[i]);
	kvfree(tp);
}

static int same_device_twice(const struct target_pool *tp, u32 i)
{
	u32 j;

	for (j = 0; j < i; j++)
		if (tp->devs[j] && tp->devs[j]->bdev == tp->devs[i]->bdev)
			return -EEXIST;
	return 0;
}

static int open_legs(struct dm_target *ti, struct target_pool *tp)
{
	u32 i;
	int err;

	for (i = 0; i < tp->line.nr_legs; i++) {
		const char *device = tp->line.leg[i].device;

		if (!device)
			continue;
		err = dm_get_device(ti, device, dm_table_get_mode(ti->table), &tp->devs[i]);
		if (err) {
			DMERR("leg %u: device %s cannot be opened", i, device);
			ti->error = "legs: a device cannot be opened";
			return err;
		}
		err = same_device_twice(tp, i);
		if (err) {
			DMERR("leg %u: device %s is named twice", i, device);
			ti->error = "legs: a device is named twice";
			return err;
		}
	}
	return 0;
}

/*
 * Legs keep their roles. A table may name fewer, if the others have failed,
 * and more: their devices are offered, for an order to add them.
 */
static int check_roles(struct couche_pool *pool, const struct couche_tableline *line)
{
	u32 i;

	if (!test_bit(POOL_ACTIVE, &pool->flags))
		return 0;
	for (i = 0; i < min(line->nr_legs, pool->nr_legs); i++)
		if (couche_leg_member(&pool->legs[i]) &&
		    pool->legs[i].role != line->leg[i].role)
			return -EINVAL;
	return 0;
}

static struct block_device *table_bdev(const struct target_pool *tp, u32 i)
{
	return tp->devs[i] ? tp->devs[i]->bdev : NULL;
}

/* A leg in use cannot be swapped for another device under the pool's feet. */
static bool leg_mismatch(const struct target_pool *tp, u32 i)
{
	const struct couche_leg *leg = &tp->pool->legs[i];
	struct block_device *bdev = table_bdev(tp, i);

	return couche_leg_member(leg) && leg->state != COUCHE_LEG_FAILED &&
	       (!bdev || bdev->bd_dev != leg->dev);
}

static int check_devices(const struct target_pool *tp)
{
	struct couche_pool *pool = tp->pool;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		if (!test_bit(POOL_ACTIVE, &pool->flags) || !leg_mismatch(tp, i))
			continue;
		DMERR("%s: leg %u: its device may change only after it failed", pool->device, i);
		return -EBUSY;
	}
	return 0;
}

static int pool_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct target_pool *tp = kvzalloc(sizeof(*tp), GFP_KERNEL);
	struct couche_pool *pool;
	const char *why = NULL;
	int err;

	if (!tp) {
		ti->error = "no memory";
		return -ENOMEM;
	}
	ti->private = tp;
	err = couche_tableline_decode(argc, argv, &tp->line, &why);
	if (err) {
		DMERR("table: %s", why);
		ti->error = "table line is wrong; the log says where";
		goto err_dtr;
	}
	/* argv is gone after this function. */
	strscpy(tp->name, tp->line.name, sizeof(tp->name));
	tp->line.name = tp->name;
	err = open_legs(ti, tp);
	if (err)
		goto err_dtr;
	pool = couche_registry_get(tp->line.uuid, dm_table_get_md(ti->table), &why);
	if (IS_ERR(pool)) {
		err = PTR_ERR(pool);
		ti->error = (char *)why;
		goto err_dtr;
	}
	tp->pool = pool;
	err = check_roles(pool, &tp->line);
	if (err) {
		ti->error = "legs: roles must stay as they are";
		goto err_dtr;
	}
	err = check_devices(tp);
	if (err) {
		ti->error = "legs: the device of one in use may not change";
		goto err_dtr;
	}
	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->discards_supported = true;
	return 0;

err_dtr:
	pool_dtr(ti);
	return err;
}

static int pool_map(struct dm_target *ti, struct bio *bio)
{
	return DM_MAPIO_KILL;
}

/* A failed leg may get any device; is it the one that was lost? */
static bool is_stranger(struct couche_pool *pool, struct couche_leg *leg, dev_t before)
{
	if (!test_bit(POOL_ACTIVE, &pool->flags))
		return false;
	if (!couche_leg_member(leg))
		return true;
	return leg->state == COUCHE_LEG_FAILED && leg->bdev && leg->dev != before &&
	       couche_superblock_check_leg(pool, leg);
}

static void bind_device(const struct target_pool *tp, u32 i)
{
	struct couche_leg *leg = &tp->pool->legs[i];
	struct block_device *bdev = table_bdev(tp, i);
	dev_t before = leg->dev;

	leg->offered = NULL;
	leg->offered_role = tp->line.leg[i].role;
	leg->offered_domain = tp->line.leg[i].domain;
	leg->dev = bdev ? bdev->bd_dev : 0;
	if (leg->dev != before)
		couche_flight_new_device(leg);
	WRITE_ONCE(leg->bdev, bdev);
	if (!is_stranger(tp->pool, leg, before))
		return;
	WRITE_ONCE(leg->bdev, NULL);
	leg->dev = 0;
	leg->offered = bdev;
}

static void bind_devices(const struct target_pool *tp)
{
	u32 i;

	couche_watchdog_set_timeout(tp->pool, tp->line.leg_timeout);
	for (i = 0; i < COUCHE_MAX_LEGS; i++)
		bind_device(tp, i);
}

/*
 * The table does not fit any more, for a leg came back since it was loaded.
 * dm has put it in place all the same and will close the devices of the one
 * before: part with those, hold the bios, and wait for a table that fits.
 */
static void part_with_devices(const struct target_pool *tp)
{
	u32 i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		if (tp->pool->legs[i].bdev != table_bdev(tp, i))
			WRITE_ONCE(tp->pool->legs[i].bdev, NULL);
		tp->pool->legs[i].offered = NULL;
	}
}

/* At once, as orders see it: what fits must not change before it is in place. */
static int take_devices(struct dm_target *ti, struct target_pool *tp)
{
	int err;

	mutex_lock(&tp->pool->config_lock);
	err = check_devices(tp);
	if (err)
		part_with_devices(tp);
	else
		bind_devices(tp);
	mutex_unlock(&tp->pool->config_lock);
	couche_pool_bind(tp->pool, ti);
	return err;
}

static int pool_preresume(struct dm_target *ti)
{
	struct target_pool *tp = ti->private;
	struct couche_pool *pool = tp->pool;
	int err;

	if (tp->failed) {
		DMERR("%s: this table could not be activated; load one anew", pool->device);
		return -EINVAL;
	}
	err = take_devices(ti, tp);
	if (err)
		return err;
	couche_destage_set(pool, tp->line.destage_threshold, tp->line.destage_interval);
	if (test_bit(POOL_ACTIVE, &pool->flags)) {
		err = couche_pool_wake(pool);
	} else {
		err = couche_pool_activate(pool, &tp->line);
		if (err) {
			tp->failed = true;
			couche_registry_drop(pool);
		}
	}
	if (!err)
		couche_sweep_set_interval(pool->scrub, tp->line.scrub_interval);
	return err;
}

static void pool_resume(struct dm_target *ti)
{
	struct target_pool *tp = ti->private;

	couche_io_release_all(tp->pool);
}

static void pool_presuspend(struct dm_target *ti)
{
	struct target_pool *tp = ti->private;

	couche_io_hold_all(tp->pool);
}

static void pool_presuspend_undo(struct dm_target *ti)
{
	struct target_pool *tp = ti->private;

	couche_io_release_all(tp->pool);
}

static void pool_postsuspend(struct dm_target *ti)
{
	struct target_pool *tp = ti->private;

	couche_pool_quiesce(tp->pool);
}

static char leg_letter(const struct couche_leg *leg)
{
	static const char letters[] = { '-', 'A', 'F', 'r' };
	u8 state = READ_ONCE(leg->state);

	return state == COUCHE_LEG_ONLINE && couche_flight_fenced(leg) ? 'h' : letters[state & 3];
}

static const char * const sweep_states[] = COUCHE_SWEEP_STATE_NAMES;

static void status_healing(const struct couche_pool_info *info, char *result,
			   unsigned int maxlen)
{
	const struct couche_sweep_info *rebuild = &info->rebuild, *scrub = &info->scrub;
	const struct couche_repair_info *repair = &info->repair;
	unsigned int sz = 0;

	DMEMIT(" %llu/%llu/%llu/%llu %llu/%llu", repair->queued, repair->done, repair->failed,
	       repair->dropped, repair->reconstructions, repair->reconstruction_reads);
	DMEMIT(" %s %llu/%llu/%llu", sweep_states[rebuild->state], rebuild->done,
	       rebuild->total, rebuild->failed);
	DMEMIT(" %s %llu/%llu/%llu %llu/%llu", sweep_states[scrub->state], scrub->done,
	       scrub->total, scrub->failed, scrub->repaired, scrub->bad);
}

static void status_info(struct couche_pool *pool, char *result, unsigned int maxlen)
{
	struct couche_pool_info info;
	unsigned int sz = 0, tier;
	u32 i;

	if (!test_bit(POOL_ACTIVE, &pool->flags)) {
		DMEMIT("Inactive");
		return;
	}
	couche_pool_info(pool, &info);
	DMEMIT("%s ", test_bit(POOL_FAILED, &pool->flags) ? "Fail" :
		      info.read_only ? "ro" : "rw");
	for (i = 0; i < pool->nr_legs; i++)
		DMEMIT("%c", leg_letter(&pool->legs[i]));
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		DMEMIT(" %llu/%llu", info.tier_used_sectors[tier], info.tier_sectors[tier]);
	DMEMIT(" %llu/%llu %u %llu %llu", info.journal_used, info.journal_blocks,
	       info.nr_volumes, info.commits, info.checkpoints);
	status_healing(&info, result + sz, maxlen - sz);
	sz += strlen(result + sz);
	DMEMIT(" %u/%u %llu/%llu", info.stage_used, info.stage_slots, info.staged_granules,
	       info.destaged_granules);
	DMEMIT(" %s %llu/%llu/%llu", sweep_states[info.reshape.state], info.reshape.done,
	       info.reshape.total, info.reshape.failed);
}

/* How it is run; the layout is in the superblocks. */
static void status_settings(const struct couche_tableline *line, char *result,
			    unsigned int maxlen)
{
	const struct {
		enum couche_tableline_feature feature;
		u32 value;
	} settings[] = {
		{ COUCHE_FEATURE_ARG_LEG_TIMEOUT, line->leg_timeout },
		{ COUCHE_FEATURE_ARG_DESTAGE_THRESHOLD, line->destage_threshold },
		{ COUCHE_FEATURE_ARG_DESTAGE_INTERVAL, line->destage_interval },
		{ COUCHE_FEATURE_ARG_SCRUB_INTERVAL, line->scrub_interval },
	};
	unsigned int sz = 0, nr = line->readonly, i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		nr += line->given & BIT(settings[i].feature) ? 2 : 0;
	DMEMIT(" %u%s", nr, line->readonly ? " readonly" : "");
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (line->given & BIT(settings[i].feature))
			DMEMIT(" %s %u", couche_feature_names[settings[i].feature],
			       settings[i].value);
}

static void status_table(struct target_pool *tp, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;
	u32 i;

	DMEMIT("%pUb %u", tp->line.uuid, tp->line.nr_legs);
	for (i = 0; i < tp->line.nr_legs; i++)
		DMEMIT(" %s %s", couche_role_names[tp->line.leg[i].role],
		       tp->devs[i] ? tp->devs[i]->name : "-");
	status_settings(&tp->line, result + sz, maxlen - sz);
}

static void pool_status(struct dm_target *ti, status_type_t type, unsigned int flags,
			char *result, unsigned int maxlen)
{
	struct target_pool *tp = ti->private;

	switch (type) {
	case STATUSTYPE_INFO:
		status_info(tp->pool, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		status_table(tp, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		*result = '\0';
		break;
	}
}

static int pool_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			unsigned int maxlen)
{
	struct target_pool *tp = ti->private;

	return couche_pool_message(tp->pool, argc, argv);
}

static int pool_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn,
				void *data)
{
	struct target_pool *tp = ti->private;
	int err = 0;
	u32 i;

	for (i = 0; i < tp->line.nr_legs && !err; i++)
		if (tp->devs[i] && tp->line.leg[i].role != COUCHE_ROLE_META)
			err = fn(ti, tp->devs[i], 0, ti->len, data);
	return err;
}

static void pool_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct target_pool *tp = ti->private;

	limits->logical_block_size = COUCHE_BLOCK_SIZE;
	limits->physical_block_size = COUCHE_BLOCK_SIZE;
	limits->io_min = COUCHE_BLOCK_SIZE;
	couche_limits_set_discard(limits, tp->line.extent_sectors);
}

struct target_type couche_pool_target = {
	.name = "couche-pool",
	.features = DM_TARGET_SINGLETON | DM_TARGET_ALWAYS_WRITEABLE | DM_TARGET_IMMUTABLE |
		    DM_TARGET_NOWAIT,	/* volumes inherit it from here */
	.version = { 1, 0, 0 },
	.module = THIS_MODULE,
	.ctr = pool_ctr,
	.dtr = pool_dtr,
	.map = pool_map,
	.preresume = pool_preresume,
	.resume = pool_resume,
	.presuspend = pool_presuspend,
	.presuspend_undo = pool_presuspend_undo,
	.postsuspend = pool_postsuspend,
	.status = pool_status,
	.message = pool_message,
	.iterate_devices = pool_iterate_devices,
	.io_hints = pool_io_hints,
};
