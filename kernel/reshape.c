// SPDX-License-Identifier: GPL-2.0-only
#include "reshape.h"

#include <linux/delay.h>
#include <linux/device-mapper.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>

#include "commit.h"
#include "control.h"
#include "core/codec.h"
#include "group.h"
#include "group_alloc.h"
#include "group_shape.h"
#include "leg.h"
#include "preserve.h"
#include "stripe.h"
#include "superblock.h"
#include "sweep.h"

#define DM_MSG_PREFIX "couche-pool"

#define AGAIN_MS	10	/* until groups that are not empty yet are looked at again */

static unsigned int reshape_rate_kib;
module_param(reshape_rate_kib, uint, 0644);
MODULE_PARM_DESC(reshape_rate_kib, "KiB of volumes given another shape in a second, per pool; 0: no limit (default 0)");

static u64 rate(void)
{
	return (u64)READ_ONCE(reshape_rate_kib) << 10;
}

static bool wanted(struct couche_sweep *s, const struct couche_place *place)
{
	return !(s->skip_tiers & BIT(place->tier)) &&
	       couche_group_shape(s->pool, place) != READ_ONCE(s->pool->shape[place->tier]);
}

static void count(struct couche_sweep *s)
{
	u64 left = couche_sweep_count(s, NULL);

	spin_lock(&s->lock);
	s->info.total = s->info.done + left;
	spin_unlock(&s->lock);
}

/* Give back what is empty by now, and end it if that was all. */
static int settle(struct couche_pool *pool, u32 *left)
{
	u32 gone;
	int err;

	couche_preserve_drop_all(pool);
	err = couche_commit_all(pool);
	if (err)
		return err;
	couche_commit_reclaim(pool);
	err = couche_group_dissolve_others(pool, left, &gone) ?: couche_commit_all(pool);
	if (err || *left)
		return err;
	err = couche_group_end_shapes(pool);
	*left = err == -EAGAIN;
	return err == -EAGAIN ? 0 : err;
}

/*
 * Rows come back with a commit, and writes that were on their way when the
 * profile changed may still have put an extent there: look until nothing is
 * left.
 */
static bool not_done_yet(struct couche_sweep *s)
{
	u32 left;

	if (!couche_sweep_goes_on(s))
		return true;
	if (settle(s->pool, &left) || !left || s->info.failed)
		return false;
	msleep(AGAIN_MS);
	return true;
}

static bool next_pass(struct couche_sweep *s)
{
	if (s->level < 0 ? !couche_superblock_mixed(s->pool) : !not_done_yet(s))
		return false;
	s->level = 0;
	count(s);
	return true;
}

static int visit(struct couche_sweep *s, struct couche_volume *volume,
		 const struct couche_sweep_item *item)
{
	return couche_sweep_move(s, volume, item, "keeps its shape");
}

static bool waits(struct couche_sweep *s)
{
	if (!couche_superblock_mixed(s->pool)) {
		if (s->info.done)
			DMINFO("%s: profile: done, %llu extents", s->pool->device, s->info.done);
		return false;
	}
	return couche_sweep_waits(s, "profile");
}

const struct couche_sweep_ops couche_reshape_ops = {
	.kind = COUCHE_SWEEP_RESHAPE,
	.ended = COUCHE_SWEEP_IDLE,
	.next_pass = next_pass,
	.wanted = wanted,
	.visit = visit,
	.waits = waits,
	.rate = rate,
};

/**
 * couche_reshape_look() - Go on with a change of a profile, if there is one
 * @pool: a pool
 *
 * Context: any but interrupt.
 */
void couche_reshape_look(struct couche_pool *pool)
{
	if (couche_superblock_mixed(pool))
		couche_sweep_kick(pool->reshape);
}

static unsigned int legs_in_order(struct couche_pool *pool, u8 tier)
{
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		nr += pool->legs[i].role == couche_role_of_tier(tier) &&
		      couche_leg_writable(&pool->legs[i]) && !couche_leg_draining(&pool->legs[i]);
	return nr;
}

static int check(struct couche_pool *pool, u8 tier, const struct couche_profile *new,
		 const char **why)
{
	const struct couche_profile *old = &pool->super.profile[tier];

	*why = "profile: only that of the cold tier can be changed";
	if (tier != COUCHE_TIER_COLD)
		return -EINVAL;
	*why = "profile: the pool has no such tier";
	if (!old->k)
		return -ENODEV;
	*why = "profile: the tier has it already";
	if (old->k == new->k && old->m == new->m && old->matrix == new->matrix)
		return -EALREADY;
	if (couche_superblock_check_profile(pool, tier, new, why))
		return -EINVAL;
	*why = "profile: fewer than k + m legs of the tier are in order";
	return legs_in_order(pool, tier) < new->k + new->m ? -EBUSY : 0;
}

/* Nobody has it before it is the tier's. */
static struct couche_shape *make_shape(struct couche_pool *pool, u8 tier,
				       const struct couche_profile *profile)
{
	unsigned int noio = memalloc_noio_save();
	struct couche_shape *shape;

	mutex_lock(&pool->alloc_lock);
	shape = couche_shape_make(pool, tier, profile);
	mutex_unlock(&pool->alloc_lock);
	memalloc_noio_restore(noio);
	return shape;
}

static int set_profile(struct couche_pool *pool, u8 tier, const struct couche_profile *profile,
		       const char **why)
{
	struct couche_shape *shape;
	int err;

	err = check(pool, tier, profile, why);
	if (err)
		return err;
	*why = "profile: another change is under way; only the way back is open";
	if (couche_superblock_mixed(pool) && !couche_group_has_profile(pool, tier, profile))
		return -EBUSY;
	err = couche_group_fits_profile(pool, tier, profile, why);
	if (err)
		return err;
	*why = "no memory";
	shape = make_shape(pool, tier, profile);
	if (!shape)
		return -ENOMEM;
	err = couche_stripe_pool_grow(pool, &shape->geo);
	if (err)
		return err;
	*why = "the metadata takes no changes";
	return couche_group_use_shape(pool, shape, profile);
}

/**
 * couche_pool_set_profile() - Store the extents of a tier in another way
 * @pool: an active pool
 * @args: which tier, and how
 * @why: what was wrong
 *
 * New extents are stored so at once, the others one by one.
 *
 * Context: process; sleeps. Takes config_lock and alloc_lock.
 * Return: 0 when it has begun; -EINVAL, -ENODEV, -EALREADY, -EBUSY too few legs
 * or another change under way, -ENOSPC, -ENOMEM, -EROFS, -EIO.
 */
int couche_pool_set_profile(struct couche_pool *pool, const struct couche_profile_args *args,
			    const char **why)
{
	struct couche_profile profile = {
		.k = args->k, .m = args->m, .matrix = args->matrix, .csum = 1,
		.min_healthy = args->min_healthy,
	};
	const char *ignored;
	int err;

	if (args->matrix == COUCHE_ANY_MATRIX)
		profile.matrix = couche_codec_check(args->k, args->m, COUCHE_MATRIX_VANDERMONDE) ?
			COUCHE_MATRIX_CAUCHY : COUCHE_MATRIX_VANDERMONDE;
	mutex_lock(&pool->config_lock);
	err = couche_control_changeable(pool, why) ?: set_profile(pool, args->tier, &profile, why);
	mutex_unlock(&pool->config_lock);
	if (err)
		return err;
	DMINFO("%s: profile: the cold tier is to be %u+%u", pool->device, profile.k, profile.m);
	couche_sweep_run(pool->reshape, COUCHE_SWEEP_RATE, args->rate_bytes, &ignored);
	/* One that is under way, paused even, finds it by itself. */
	couche_sweep_run(pool->reshape, COUCHE_SWEEP_START, U64_MAX, &ignored);
	couche_sweep_kick(pool->reshape);
	return 0;
}
