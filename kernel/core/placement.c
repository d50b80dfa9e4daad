// SPDX-License-Identifier: GPL-2.0-only
#include "placement.h"

#include <linux/errno.h>

#include <linux/minmax.h>

#include "couche_format.h"

struct choice {
	const struct couche_placement_leg *legs;
	unsigned int nr;
	u8 in_domain[COUCHE_MAX_LEGS];	/* chosen legs that share the leg's domain */
	bool chosen[COUCHE_MAX_LEGS];
};

static bool is_candidate(const struct couche_placement_leg *leg)
{
	return leg->usable && leg->free_segments;
}

/* a has a larger part of its segments free than b */
static bool is_emptier(const struct couche_placement_leg *a,
		       const struct couche_placement_leg *b)
{
	return (u64)a->free_segments * b->total_segments >
	       (u64)b->free_segments * a->total_segments;
}

static bool share_domain(const struct couche_placement_leg *a,
			 const struct couche_placement_leg *b)
{
	return a == b || (a->domain && a->domain == b->domain);
}

/* Always to the domain that has fewest: no other way puts fewer into one. */
static unsigned int choose_next(const struct choice *c, bool sure)
{
	unsigned int i, best = c->nr;

	for (i = 0; i < c->nr; i++) {
		if (c->chosen[i] || !is_candidate(&c->legs[i]) || (sure && !c->legs[i].sure))
			continue;
		if (best == c->nr || c->in_domain[i] < c->in_domain[best] ||
		    (c->in_domain[i] == c->in_domain[best] &&
		     is_emptier(&c->legs[i], &c->legs[best])))
			best = i;
	}
	return best;
}

static int check_supply(const struct couche_placement_leg *legs, unsigned int nr,
			unsigned int want, const char **why)
{
	unsigned int i, usable = 0, candidates = 0, sure = 0, sure_candidates = 0;

	if (nr > COUCHE_MAX_LEGS || !want || want > COUCHE_MAX_SHARDS) {
		*why = "not within 1..32 shards on 1..64 legs";
		return -EINVAL;
	}
	for (i = 0; i < nr; i++) {
		usable += legs[i].usable;
		candidates += is_candidate(&legs[i]);
		sure += legs[i].usable && legs[i].sure;
		sure_candidates += is_candidate(&legs[i]) && legs[i].sure;
	}
	if (usable < want) {
		*why = "fewer healthy legs than k + m";
		return -ENODEV;
	}
	if (candidates < want) {
		*why = "fewer legs with a free segment than k + m";
		return -ENOSPC;
	}
	if (!sure_candidates) {
		*why = sure ? "no leg with a free segment is up to date" : "no leg is up to date";
		return sure ? -ENOSPC : -ENODEV;
	}
	return 0;
}

/**
 * couche_placement_choose() - choose the legs of a new group
 * @legs: legs of the tier, usable or not, each with its own index
 * @nr: how many, at most COUCHE_MAX_LEGS
 * @want: shards of the group, k + m
 * @m: how many of them may be lost
 * @ret_legs: gets @want indexes, shard by shard
 * @why: says what was wrong. On success NULL, or a sentence if one failure
 *	domain got more than @m shards because there is no other way
 *
 * Context: Any.
 * Return: 0; -ENODEV if fewer than @want legs are usable or none is sure;
 * -ENOSPC if fewer than @want of these, or no sure one, have a free segment;
 * -EINVAL if a number is out of range.
 */
int couche_placement_choose(const struct couche_placement_leg *legs,
			    unsigned int nr, unsigned int want, unsigned int m,
			    u32 *ret_legs, const char **why)
{
	struct choice c = { .legs = legs, .nr = nr };
	unsigned int shard, i, best, turn = 0, crowd = 0;
	int r;

	r = check_supply(legs, nr, want, why);
	if (r)
		return r;

	for (shard = 0; shard < want; shard++) {
		best = choose_next(&c, !shard);
		/* Take turns: else the same legs would hold the parity of all groups. */
		if (!shard)
			turn = legs[best].free_segments % want;
		ret_legs[(shard + turn) % want] = legs[best].index;
		c.chosen[best] = true;
		for (i = 0; i < nr; i++)
			c.in_domain[i] += share_domain(&legs[i], &legs[best]);
		if (c.in_domain[best] > crowd)
			crowd = c.in_domain[best];
	}
	*why = m && crowd > m ? "one failure domain holds more than m shards" : NULL;
	return 0;
}

/**
 * couche_placement_form() - what would be left if one more group were formed?
 * @legs: legs of the tier, each with its own index; of those that
 *	couche_placement_choose() takes one segment is free no more
 * @nr: how many, at most COUCHE_MAX_LEGS
 * @want: shards of the group, k + m
 * @m: how many of them may be lost
 *
 * Asked as often as there will be groups it says whether all can be formed. That
 * is less than what could be: a choice does not look ahead.
 *
 * Context: Any.
 * Return: 0, or as couche_placement_choose().
 */
int couche_placement_form(struct couche_placement_leg *legs, unsigned int nr,
			  unsigned int want, unsigned int m)
{
	u32 chosen[COUCHE_MAX_SHARDS];
	unsigned int shard, i;
	const char *why;
	int r;

	r = couche_placement_choose(legs, nr, want, m, chosen, &why);
	if (r)
		return r;
	for (shard = 0; shard < want; shard++) {
		for (i = 0; legs[i].index != chosen[shard]; i++)
			;
		legs[i].free_segments--;
	}
	return 0;
}

/**
 * couche_placement_fits() - have empty legs room for so many groups?
 * @legs: legs of the tier; total_segments is what counts, of those usable
 * @nr: how many
 * @want: shards of a group, k + m
 * @groups: how many
 *
 * A group takes one segment of a leg, so a leg is good for no more groups than
 * it has segments, nor for more segments than there are groups. Failure domains
 * and the order of choices may need more than that.
 *
 * Context: Any.
 * Return: whether they have.
 */
bool couche_placement_fits(const struct couche_placement_leg *legs, unsigned int nr,
			   unsigned int want, u64 groups)
{
	u64 segments = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (legs[i].usable)
			segments += min_t(u64, legs[i].total_segments, groups);
	}
	return segments >= groups * want;
}
