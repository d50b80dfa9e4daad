// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmsetup message <pool> 0 <verb> <arguments>
 */
#include <linux/kstrtox.h>

#include "commit.h"
#include "control.h"
#include "core/tableline.h"
#include "pool.h"
#include "stage.h"
#include "target.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

struct message {
	const char *verb;
	unsigned int args;
	int (*run)(struct couche_pool *pool, const struct message *m,
		   char **argv, const char **why);
	int (*leg_order)(struct couche_pool *pool, u32 index, const char **why);
	enum couche_sweep_kind sweep;
};

static int number(const char *text, u64 max, u64 *ret, const char **why)
{
	*why = "an argument is not a number in its range";
	return kstrtou64(text, 10, ret) || *ret > max ? -EINVAL : 0;
}

static int create_volume(struct couche_pool *pool, const struct message *m,
			 char **argv, const char **why)
{
	u64 id, sectors;
	int err;

	err = number(argv[1], U32_MAX, &id, why) ?: number(argv[2], U64_MAX, &sectors, why);
	if (err)
		return err;
	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why) ?:
	      couche_volume_create(pool, id, sectors, argv[3], why);
	mutex_unlock(&pool->config_lock);
	return err;
}

static int remove_volume(struct couche_pool *pool, const struct message *m,
			 char **argv, const char **why)
{
	u64 id;
	int err;

	err = number(argv[1], U32_MAX, &id, why);
	if (err)
		return err;
	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why) ?: couche_volume_remove(pool, id, why);
	if (!err)
		couche_stage_drop_volume(pool->stage, id);
	mutex_unlock(&pool->config_lock);
	return err;
}

static int resize_volume(struct couche_pool *pool, const struct message *m,
			 char **argv, const char **why)
{
	u64 id, sectors;
	int err;

	err = number(argv[1], U32_MAX, &id, why) ?: number(argv[2], U64_MAX, &sectors, why);
	if (err)
		return err;
	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why) ?: couche_volume_resize(pool, id, sectors, why);
	mutex_unlock(&pool->config_lock);
	return err;
}

static int set_journal(struct couche_pool *pool, const struct message *m,
		       char **argv, const char **why)
{
	static const char * const names[] = { "cold", "all" };
	int err, which = match_string(names, ARRAY_SIZE(names), argv[2]);
	u64 id;

	err = number(argv[1], U32_MAX, &id, why);
	if (err)
		return err;
	*why = "journal: must be cold or all";
	if (which < 0)
		return -EINVAL;
	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why) ?:
	      couche_volume_set_journal(pool, id, which, why);
	mutex_unlock(&pool->config_lock);
	return err;
}

static int order_leg(struct couche_pool *pool, const struct message *m,
		     char **argv, const char **why)
{
	u64 index;

	return number(argv[1], COUCHE_MAX_LEGS, &index, why) ?: m->leg_order(pool, index, why);
}

static int tier_number(const char *name, u8 *tier, const char **why)
{
	int i = match_string(&couche_role_names[COUCHE_ROLE_HOT], COUCHE_NR_TIERS, name);

	*why = "tier: must be hot, warm or cold";
	*tier = i;
	return i < 0 ? -EINVAL : 0;
}

static int migrate(struct couche_pool *pool, const struct message *m,
		   char **argv, const char **why)
{
	struct couche_migrate_args args = {};
	u64 volume;
	u32 id;
	int err;

	err = number(argv[1], U32_MAX, &volume, why) ?:
	      number(argv[2], U64_MAX, &args.first, why) ?:
	      number(argv[3], U64_MAX, &args.count, why) ?:
	      tier_number(argv[4], &args.tier, why);
	if (err)
		return err;
	args.volume = volume;
	return couche_migrate_start(pool, &args, &id, why);
}

static int cancel(struct couche_pool *pool, const struct message *m,
		  char **argv, const char **why)
{
	u64 id;
	int err;

	err = number(argv[1], U32_MAX, &id, why);
	*why = err ? *why : "migration: no such id, or it has ended";
	return err ?: couche_migrate_cancel(pool, id);
}

static int checkpoint(struct couche_pool *pool, const struct message *m,
		      char **argv, const char **why)
{
	return couche_control_changeable(pool, why) ?: couche_commit_checkpoint(pool);
}

static int flush(struct couche_pool *pool, const struct message *m, char **argv,
		 const char **why)
{
	return couche_pool_flush(pool, why);
}

static int set_profile(struct couche_pool *pool, const struct message *m,
		       char **argv, const char **why)
{
	struct couche_profile_args args = {
		.matrix = COUCHE_ANY_MATRIX,
		.rate_bytes = U64_MAX,
	};
	struct couche_profile profile;
	int err;

	err = tier_number(argv[1], &args.tier, why);
	if (err)
		return err;
	*why = "profile: is not <k>+<m> with k + m within 1..32";
	if (!couche_tableline_profile(argv[2], &profile))
		return -EINVAL;
	args.k = profile.k;
	args.m = profile.m;
	return couche_pool_set_profile(pool, &args, why);
}

static int sweep_order(const char *name, enum couche_sweep_order *order, const char **why)
{
	static const char * const names[] = COUCHE_SWEEP_ORDER_NAMES;
	int i = match_string(names, COUCHE_SWEEP_RATE, name);

	*why = "order: must be start, pause, resume or stop";
	*order = i;
	return i < 0 ? -EINVAL : 0;
}

static int sweep(struct couche_pool *pool, const struct message *m,
		 char **argv, const char **why)
{
	enum couche_sweep_order order;

	return sweep_order(argv[1], &order, why) ?:
	       couche_pool_sweep(pool, m->sweep, order, U64_MAX, why);
}

static int sweep_rate(struct couche_pool *pool, const struct message *m,
		      char **argv, const char **why)
{
	u64 rate;

	return number(argv[1], U64_MAX - 1, &rate, why) ?:
	       couche_pool_sweep(pool, m->sweep, COUCHE_SWEEP_RATE, rate, why);
}

static const struct message messages[] = {
	{ "create_volume", 3, create_volume },
	{ "remove_volume", 1, remove_volume },
	{ "resize_volume", 2, resize_volume },
	{ "set_journal", 2, set_journal },
	{ "fail_leg", 1, order_leg, .leg_order = couche_leg_fail },
	{ "restore_leg", 1, order_leg, .leg_order = couche_leg_restore },
	{ "add_leg", 1, order_leg, .leg_order = couche_leg_add },
	{ "replace_leg", 1, order_leg, .leg_order = couche_leg_replace },
	{ "remove_leg", 1, order_leg, .leg_order = couche_leg_remove },
	{ "drain_leg", 1, order_leg, .leg_order = couche_leg_drain },
	{ "undrain_leg", 1, order_leg, .leg_order = couche_leg_drain_cancel },
	{ "migrate", 4, migrate },
	{ "cancel", 1, cancel },
	{ "checkpoint", 0, checkpoint },
	{ "flush", 0, flush },
	{ "rebuild", 1, sweep, .sweep = COUCHE_SWEEP_REBUILD },
	{ "rebuild_rate", 1, sweep_rate, .sweep = COUCHE_SWEEP_REBUILD },
	{ "scrub", 1, sweep, .sweep = COUCHE_SWEEP_SCRUB },
	{ "scrub_rate", 1, sweep_rate, .sweep = COUCHE_SWEEP_SCRUB },
	{ "set_profile", 2, set_profile },
	{ "reshape", 1, sweep, .sweep = COUCHE_SWEEP_RESHAPE },
	{ "reshape_rate", 1, sweep_rate, .sweep = COUCHE_SWEEP_RESHAPE },
};

/**
 * couche_pool_message() - Carry out a message to a pool
 * @pool: the pool
 * @argc: how many words
 * @argv: the verb and its arguments
 *
 * Context: process; sleeps.
 * Return: 0, or a negative errno with the reason logged.
 */
int couche_pool_message(struct couche_pool *pool, unsigned int argc, char **argv)
{
	const char *why = "unknown message";
	unsigned int i;
	int err = -EINVAL;

	for (i = 0; argc && i < ARRAY_SIZE(messages); i++) {
		if (strcasecmp(argv[0], messages[i].verb))
			continue;
		why = "wrong number of arguments";
		if (argc - 1 == messages[i].args)
			err = messages[i].run(pool, &messages[i], argv, &why);
		break;
	}
	if (err)
		DMERR("%s: message %s: %s (%d)", pool->device, argc ? argv[0] : "", why, err);
	return err;
}
