// SPDX-License-Identifier: GPL-2.0-only
#include "account.h"

#include <linux/bitmap.h>
#include <linux/sched/mm.h>

#include "group.h"
#include "leg.h"
#include "pool.h"
#include "preserve.h"
#include "stage.h"
#include "volume.h"

#define GROUPS	256

/* Rows that the map and the kept copies name, of each group. */
struct recount {
	struct couche_pool *pool;
	u32 rows[GROUPS];
	u64 tier_used[COUCHE_NR_TIERS];
};

static struct couche_group *group_of(struct recount *r, const struct couche_place *place)
{
	u32 nr = from_couche_group(place->group);

	if (nr >= r->pool->nr_groups || nr >= GROUPS || !r->pool->groups[nr] ||
	    r->pool->groups[nr]->dissolved)
		model_fail("I3", "the map names group %u, which there is not", nr);
	return r->pool->groups[nr];
}

static void count(struct recount *r, const struct couche_place *place, unsigned long *taken[])
{
	struct couche_group *group = group_of(r, place);
	u32 nr = from_couche_group(place->group), row = from_couche_row(place->row), i;

	for (i = row; i < row + place->rows; i++) {
		if (!test_bit(i, group->rows.map))
			model_fail("I4", "group %u row %u is in use and counts as free", nr, i);
		if (__test_and_set_bit(i, taken[nr]))
			model_fail("I4", "group %u row %u belongs to two extents", nr, i);
	}
	r->rows[nr] += place->rows;
	r->tier_used[group->desc.tier] += place->rows * group->desc.nr;
}

static void count_volume(struct recount *r, struct couche_volume *volume, unsigned long *taken[])
{
	u64 tiers[COUCHE_NR_TIERS] = {};
	u64 extent;
	u8 tier;

	for (extent = 0; extent < volume->nr_extents; extent++) {
		struct couche_map_page *page;
		struct couche_place place;

		page = couche_volume_page(volume, to_couche_extent(extent));
		if (!page)
			continue;
		place = couche_entry_place(couche_volume_entry(page, to_couche_extent(extent)));
		if (!place.flags)
			continue;
		count(r, &place, taken);
		tiers[place.tier]++;
	}
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		if (tiers[tier] != (u64)atomic64_read(&volume->tier_extents[tier]))
			model_fail("accounting", "volume %u has %llu extents in tier %u and counts %lld",
				   volume->desc.id, tiers[tier], tier,
				   atomic64_read(&volume->tier_extents[tier]));
}

static void compare(const struct recount *r)
{
	struct couche_pool *pool = r->pool;
	u32 i;
	u8 tier;

	for (i = 0; i < pool->nr_groups; i++) {
		struct couche_group *group = pool->groups[i];

		if (group && !group->dissolved &&
		    group->rows.rows - group->rows.free != r->rows[i])
			model_fail("accounting", "group %u has %u rows in use and counts %u", i,
				   r->rows[i], group->rows.rows - group->rows.free);
	}
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		if (r->tier_used[tier] != (u64)atomic64_read(&pool->tier_used[tier]))
			model_fail("accounting", "tier %u has %llu rows in use and counts %lld",
				   tier, r->tier_used[tier], atomic64_read(&pool->tier_used[tier]));
}

/* A segment is one group's, and counts as taken. */
static void check_segments(struct couche_pool *pool)
{
	u64 taken[COUCHE_MAX_LEGS] = {};
	u32 i, j;

	for (i = 0; i < pool->nr_groups; i++) {
		struct couche_group *group = pool->groups[i];

		if (!group || group->dissolved)
			continue;
		for (j = 0; j < group->desc.nr; j++) {
			u32 leg = group->desc.seg[j].leg, segment = group->desc.seg[j].segment;

			if (leg >= pool->nr_legs || !couche_leg_member(&pool->legs[leg]))
				model_fail("I3", "group %u has a segment of leg %u, which there is not",
					   i, leg);
			if (segment >= 64 || (taken[leg] & BIT_ULL(segment)))
				model_fail("I4", "leg %u segment %u belongs to two groups", leg,
					   segment);
			taken[leg] |= BIT_ULL(segment);
		}
	}
	for (i = 0; i < pool->nr_legs; i++)
		if (hweight64(taken[i]) != couche_segmap_used(&pool->legs[i].segments))
			model_fail("accounting", "leg %u has %u segments in use and counts %u", i,
				   (u32)hweight64(taken[i]),
				   couche_segmap_used(&pool->legs[i].segments));
}

static void check_slots(const struct couche_stage *stage)
{
	u32 states[SLOT_DROPPED + 1] = {};
	u32 i, left = 0;

	for (i = 0; i < stage->nr; i++) {
		const struct couche_slot *slot = &stage->slots[i];

		states[slot->state]++;
		left += couche_slot_counts(slot) && slot->state != SLOT_LOST &&
			slot->desc.sequence < stage->flush_until;
	}
	if (states[SLOT_LOST] != stage->nr_lost || left != stage->flush_left)
		model_fail("accounting", "slots: %u lost, %u to be flushed; counted %u and %u",
			   states[SLOT_LOST], left, stage->nr_lost, stage->flush_left);
	if (stage->nr - states[SLOT_FREE] != stage->nr_used || states[SLOT_WRITING] ||
	    states[SLOT_FRESH] != stage->nr_fresh || states[SLOT_DROPPED] != stage->nr_dropped)
		model_fail("accounting", "slots: %u of %u free, %u writing, %u fresh, %u dropped; counted %u used, %u fresh, %u dropped",
			   states[SLOT_FREE], stage->nr, states[SLOT_WRITING],
			   states[SLOT_FRESH], states[SLOT_DROPPED], stage->nr_used,
			   stage->nr_fresh, stage->nr_dropped);
}

/**
 * account_check() - Is what is counted what there is?
 * @pool: suspended, so that nothing changes and nothing is about to be freed
 */
void account_check(struct couche_pool *pool)
{
	struct recount r = { .pool = pool };
	unsigned long *taken[GROUPS] = {};
	struct couche_preserved *kept;
	struct couche_volume *volume;
	unsigned long index;
	u32 i;

	for (i = 0; i < pool->nr_groups && i < GROUPS; i++)
		if (pool->groups[i])
			taken[i] = kcalloc(BITS_TO_LONGS(pool->groups[i]->rows.rows),
					   sizeof(long), GFP_KERNEL);
	xa_for_each(&pool->volumes, index, volume)
		count_volume(&r, volume, taken);
	xa_for_each(&pool->preserved, index, kept)
		count(&r, &kept->place, taken);
	compare(&r);
	check_segments(pool);
	if (pool->stage)
		check_slots(pool->stage);
	for (i = 0; i < GROUPS; i++)
		kfree(taken[i]);
}
