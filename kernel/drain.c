// SPDX-License-Identifier: GPL-2.0-only
#include "drain.h"

#include <linux/delay.h>

#include "commit.h"
#include "event.h"
#include "group.h"
#include "group_alloc.h"
#include "leg.h"
#include "pool.h"
#include "preserve.h"
#include "sweep.h"

#define AGAIN_MS	10	/* until legs that are not empty yet are looked at again */

static u64 rate(void)
{
	return 0;
}

static bool leg_drains(const struct couche_leg *leg)
{
	return couche_leg_member(leg) && couche_leg_draining(leg);
}

static bool any_drains(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (leg_drains(&pool->legs[i]))
			return true;
	return false;
}

/* Which of the draining legs hold a part of what lies there? */
static u64 legs_of(struct couche_pool *pool, const struct couche_place *place)
{
	struct couche_group *group = couche_group_find(pool, place->group);
	unsigned int i;
	u64 legs = 0;

	for (i = 0; i < group->desc.nr; i++)
		if (leg_drains(couche_group_leg(pool, group, i)))
			legs |= BIT_ULL(group->desc.seg[i].leg);
	return legs;
}

static bool wanted(struct couche_sweep *s, const struct couche_place *place)
{
	return !(s->skip_tiers & BIT(place->tier)) && legs_of(s->pool, place);
}

static void count_left(struct couche_sweep *s, const struct couche_place *place)
{
	u64 legs = legs_of(s->pool, place);
	u32 i;

	for (i = 0; i < s->pool->nr_legs; i++)
		if (legs & BIT_ULL(i))
			atomic64_inc(&s->pool->legs[i].drain_left);
}

static void count(struct couche_sweep *s)
{
	u32 i;

	for (i = 0; i < s->pool->nr_legs; i++)
		if (leg_drains(&s->pool->legs[i]))
			atomic64_set(&s->pool->legs[i].drain_left, 0);
	couche_sweep_count(s, count_left);
}

static void count_moved(struct couche_pool *pool, u64 legs)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		if (!(legs & BIT_ULL(i)))
			continue;
		atomic64_inc(&pool->legs[i].drain_moved);
		atomic64_add_unless(&pool->legs[i].drain_left, -1, 0);
	}
}

/* Groups whose rows are all back; more of them the later it is. */
static u32 dissolve(struct couche_pool *pool)
{
	u32 i, left, sum = 0;

	for (i = 0; i < pool->nr_legs; i++) {
		if (!leg_drains(&pool->legs[i]))
			continue;
		if (couche_group_dissolve_empty(pool, i, &left))
			return U32_MAX;
		sum += left;
	}
	return sum;
}

/*
 * Rows come back with a commit, and writes that were on their way when the
 * drain began may still have put an extent there: look until nothing is left.
 */
static bool not_empty_yet(struct couche_sweep *s)
{
	if (!couche_sweep_goes_on(s))
		return true;
	couche_preserve_drop_all(s->pool);
	if (couche_commit_all(s->pool))
		return false;
	couche_commit_reclaim(s->pool);
	if (!dissolve(s->pool) || s->info.failed)
		return false;
	msleep(AGAIN_MS);
	return true;
}

static bool next_pass(struct couche_sweep *s)
{
	if (s->level < 0 ? !any_drains(s->pool) : !not_empty_yet(s))
		return false;
	s->level = 0;
	count(s);
	return true;
}

static int visit(struct couche_sweep *s, struct couche_volume *volume,
		 const struct couche_sweep_item *item)
{
	u64 legs = legs_of(s->pool, &item->place);
	int err = couche_sweep_move(s, volume, item, "stays where it is");

	if (!err)
		count_moved(s->pool, legs);
	return err;
}

static bool waits(struct couche_sweep *s)
{
	if (!s->info.failed) {
		count(s);
		return false;
	}
	return couche_sweep_waits(s, "drain");
}

static void report(struct couche_sweep *s)
{
	u32 i;

	for (i = 0; i < s->pool->nr_legs; i++)
		if (leg_drains(&s->pool->legs[i]))
			couche_event_leg(s->pool, i);
}

const struct couche_sweep_ops couche_drain_ops = {
	.ended = COUCHE_SWEEP_IDLE,
	.next_pass = next_pass,
	.wanted = wanted,
	.visit = visit,
	.waits = waits,
	.rate = rate,
	.report = report,
};

/**
 * couche_drain_start() - Look for legs that are to be emptied
 * @pool: a pool
 *
 * Context: any but interrupt.
 */
void couche_drain_start(struct couche_pool *pool)
{
	if (any_drains(pool))
		couche_sweep_kick(pool->drain);
}
