// SPDX-License-Identifier: GPL-2.0-only
#include "agent/decide/policy.h"

#include <stdlib.h>

enum couche_class couche_policy_current(const struct couche_view_volume *volume)
{
	enum couche_class current = COUCHE_CLASS_UNKNOWN;
	uint64_t most = 0;

	for (unsigned int tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		if (volume->tier_extents[tier] > most) {
			most = volume->tier_extents[tier];
			current = (enum couche_class)tier;
		}
	}
	return current;
}

/* Extents that a move to @to would touch. */
static uint64_t misplaced(const struct couche_view_volume *volume, enum couche_class to)
{
	uint64_t count = 0;

	for (unsigned int tier = 0; tier < COUCHE_NR_TIERS; tier++)
		if (tier != (unsigned int)to)
			count += volume->tier_extents[tier];
	return count;
}

/* Raw space for @extents in a tier of k+m, footers and rounding included. */
static bool has_space(const struct couche_view_pool *pool, enum couche_class to,
		      uint64_t extents)
{
	const struct couche_view_tier *tier = &pool->tiers[to];
	uint64_t free_sectors, rows, need;

	if (tier->used_sectors >= tier->sectors)
		return false;
	free_sectors = tier->sectors - tier->used_sectors;
	rows = (pool->extent_sectors / COUCHE_BLOCK_SECTORS + tier->k - 1) / tier->k + 1;
	return !__builtin_mul_overflow(rows * COUCHE_BLOCK_SECTORS * (tier->k + tier->m),
				       extents, &need) && need <= free_sectors;
}

/* A cold tier of k > 1 is erasure coding: is it meant for this volume? */
static enum couche_reason check_ec(const struct couche_policy *policy,
				   const struct couche_view_pool *pool,
				   const struct couche_view_volume *volume)
{
	const struct couche_view_tier *cold = &pool->tiers[COUCHE_TIER_COLD];
	const struct couche_ec_policy *ec = policy->ec;

	if (cold->k > 1 && volume->sectors < policy->ec_min_bytes / 512)
		return COUCHE_REASON_EC_TOO_SMALL;
	if (ec && (ec->k != cold->k || ec->m != cold->m ||
		   (ec->stripe_bytes && ec->stripe_bytes / 512 != pool->extent_sectors)))
		return COUCHE_REASON_EC_MISMATCH;
	return COUCHE_REASON_MOVE;
}

static enum couche_reason check_pool(const struct couche_view_pool *pool,
				     const struct couche_view_volume *volume,
				     const struct couche_decision *decision)
{
	bool colder = decision->to > decision->from;
	enum couche_reason reason;

	if (pool->read_only)
		return COUCHE_REASON_READ_ONLY;
	if (!pool->tiers[decision->to].k)
		return COUCHE_REASON_NO_TIER;
	if (decision->to == COUCHE_CLASS_COLD) {
		reason = check_ec(decision->policy, pool, volume);
		if (reason != COUCHE_REASON_MOVE)
			return reason;
	}
	/* going up leaves lost shards behind, going down would add to them */
	if (pool->degraded && (colder || decision->to == COUCHE_CLASS_COLD))
		return COUCHE_REASON_DEGRADED;
	if (!has_space(pool, decision->to, misplaced(volume, decision->to)))
		return COUCHE_REASON_NO_SPACE;
	return COUCHE_REASON_MOVE;
}

static bool in_kernel(const struct couche_view *view, const struct couche_view_volume *volume)
{
	for (size_t i = 0; i < view->nr_migrations; i++) {
		const struct couche_view_migration *migration = &view->migrations[i];

		if (migration->pool == volume->pool && migration->volume == volume->id &&
		    couche_view_running(migration))
			return true;
	}
	return false;
}

static enum couche_reason check_past(const struct couche_policy_input *input,
				     const struct couche_past *past,
				     const struct couche_policy *policy)
{
	/* a rest that begins in the future is a clock that was set back */
	if (past->cooldown_from_ms > input->now_ms ||
	    (past->cooldown_from_ms &&
	     input->now_ms - past->cooldown_from_ms < policy->cooldown_ms))
		return COUCHE_REASON_COOLDOWN;
	if (past->backoff_until_ms > input->now_ms)
		return COUCHE_REASON_BACKOFF;
	return COUCHE_REASON_MOVE;
}

/* Everything but the limits that volumes share. */
static enum couche_reason decide_volume(const struct couche_policy_input *input, size_t index,
					struct couche_decision *decision)
{
	const struct couche_view_volume *volume = &input->view->volumes[index];
	const struct couche_view_pool *pool = &input->view->pools[volume->pool];
	const struct couche_heat *heat = &input->heats[index];
	const struct couche_policy *policy;
	enum couche_reason reason;

	*decision = (struct couche_decision){
		.class = COUCHE_CLASS_UNKNOWN,
		.from = couche_policy_current(volume),
		.to = COUCHE_CLASS_UNKNOWN,
		.heat_state = heat->state,
		.generation = volume->generation,
	};
	policy = couche_policy_select(input->policies, pool->name, volume->name);
	if (!policy)
		return COUCHE_REASON_NO_POLICY;
	decision->policy = policy;
	if (heat->state == COUCHE_HEAT_KNOWN)
		decision->iops = heat->iops;
	decision->class = couche_classify(heat, &policy->marks);
	if (!policy->enabled)
		return COUCHE_REASON_DISABLED;
	if (input->pasts[index].moving || in_kernel(input->view, volume))
		return COUCHE_REASON_MOVING;
	if (decision->class == COUCHE_CLASS_UNKNOWN)
		return COUCHE_REASON_UNKNOWN_HEAT;
	if (decision->from == COUCHE_CLASS_UNKNOWN)
		return COUCHE_REASON_EMPTY;
	decision->to = couche_classify_target(heat, &policy->marks, decision->from,
					      pool->tiers[COUCHE_TIER_WARM].k);
	if (!misplaced(volume, decision->to) ||
	    (decision->to == decision->from && decision->class == COUCHE_CLASS_WARM))
		return COUCHE_REASON_IN_PLACE;
	reason = check_past(input, &input->pasts[index], policy);
	if (reason != COUCHE_REASON_MOVE)
		return reason;
	return check_pool(pool, volume, decision);
}

struct candidate {
	size_t index;
	const struct couche_decision *decision;
};

/* Hotter before colder; the hottest and the coldest first; then stable. */
static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	bool a_up = a->decision->to < COUCHE_CLASS_COLD &&
		    a->decision->to <= a->decision->from;
	bool b_up = b->decision->to < COUCHE_CLASS_COLD &&
		    b->decision->to <= b->decision->from;

	if (a_up != b_up)
		return a_up ? -1 : 1;
	if (a->decision->iops != b->decision->iops)
		return (a->decision->iops > b->decision->iops) == a_up ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

static size_t count_running(const struct couche_policy_input *input,
			    const struct couche_decision *decisions,
			    const struct couche_policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < input->view->nr_volumes; i++)
		if ((!policy || decisions[i].policy == policy) &&
		    (decisions[i].reason == COUCHE_REASON_MOVE ||
		     decisions[i].reason == COUCHE_REASON_MOVING))
			count++;
	return count;
}

/* Grant moves in order of urgency until the limits are reached. */
static void grant(const struct couche_policy_input *input, struct couche_decision *decisions,
		  const struct candidate *candidates, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct couche_decision *decision = &decisions[candidates[i].index];

		if (input->stopping)
			decision->reason = COUCHE_REASON_STOPPING;
		else if (input->dry_run || decision->policy->dry_run)
			decision->reason = COUCHE_REASON_DRY_RUN;
		else if (count_running(input, decisions, NULL) >= input->max_concurrent ||
			 count_running(input, decisions, decision->policy) >=
				 decision->policy->max_concurrent)
			decision->reason = COUCHE_REASON_CONCURRENCY;
		else
			decision->reason = COUCHE_REASON_MOVE;
	}
}

size_t couche_policy_decide(const struct couche_policy_input *input,
			    struct couche_decision *decisions)
{
	size_t nr_volumes = input->view->nr_volumes, nr = 0, moves = 0;
	struct candidate *candidates;

	/* without memory nothing moves: candidates only ever get fewer */
	candidates = calloc(nr_volumes + 1, sizeof(*candidates));
	for (size_t i = 0; i < nr_volumes; i++) {
		decisions[i].reason = decide_volume(input, i, &decisions[i]);
		if (decisions[i].reason != COUCHE_REASON_MOVE)
			continue;
		decisions[i].reason = COUCHE_REASON_CONCURRENCY;
		if (candidates)
			candidates[nr++] = (struct candidate){ i, &decisions[i] };
	}
	if (nr)
		qsort(candidates, nr, sizeof(*candidates), compare_candidates);
	if (candidates)
		grant(input, decisions, candidates, nr);
	for (size_t i = 0; i < nr_volumes; i++)
		moves += decisions[i].reason == COUCHE_REASON_MOVE;
	free(candidates);
	return moves;
}
