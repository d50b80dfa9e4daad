// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map entries: what their words can hold, and owning an extent while others
 * want it and change its flags.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "../core/bounds.h"
#include "../extent_lock.h"
#include "race.h"

#define GROUP_MAX	(COUCHE_MAX_GROUP_NUMBER - 1)
#define ROW_MAX		((1U << 20) - 1)
#define NOBODY		0

static const struct couche_place places[] = {
	{ .flags = COUCHE_EXTENT_MAPPED },
	{ .group = (__force couche_group_t)GROUP_MAX, .row = (__force couche_row_t)ROW_MAX,
	  .generation = U32_MAX, .rows = U16_MAX, .tier = COUCHE_NR_TIERS - 1,
	  .flags = COUCHE_EXTENT_MAPPED | COUCHE_EXTENT_OPEN },
	{ .group = (__force couche_group_t)GROUP_MAX, .flags = COUCHE_EXTENT_MAPPED },
	{ .row = (__force couche_row_t)ROW_MAX, .flags = COUCHE_EXTENT_MAPPED },
	{ .generation = U32_MAX, .flags = COUCHE_EXTENT_MAPPED },
	{ .rows = U16_MAX, .flags = COUCHE_EXTENT_MAPPED },
	{ .tier = COUCHE_NR_TIERS - 1, .flags = COUCHE_EXTENT_MAPPED },
	{ .flags = COUCHE_EXTENT_MAPPED | COUCHE_EXTENT_OPEN },
};

static void expect_place(struct kunit *test, const struct couche_place *got,
			 const struct couche_place *want)
{
	KUNIT_EXPECT_EQ(test, from_couche_group(got->group), from_couche_group(want->group));
	KUNIT_EXPECT_EQ(test, from_couche_row(got->row), from_couche_row(want->row));
	KUNIT_EXPECT_EQ(test, got->generation, want->generation);
	KUNIT_EXPECT_EQ(test, got->rows, want->rows);
	KUNIT_EXPECT_EQ(test, got->tier, want->tier);
	KUNIT_EXPECT_EQ(test, got->flags, want->flags);
}

static u64 entry_word(const struct couche_entry *entry)
{
	return atomic64_read(&entry->word);
}

static void entry_holds_places_up_to_the_limits(struct kunit *test)
{
	static const u64 states[] = { 0, ENTRY_STATE, ENTRY_KEPT, ENTRY_STATE | ENTRY_KEPT };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(states); j++) {
			struct couche_entry entry = {};
			struct couche_place got;

			couche_entry_set(&entry, &places[i], states[j]);
			got = couche_entry_place(&entry);
			expect_place(test, &got, &places[i]);
			KUNIT_EXPECT_EQ(test, entry_word(&entry) & (ENTRY_STATE | ENTRY_KEPT),
					states[j]);
		}
	}
}

static void entry_of_an_unmapped_extent_is_no_place(struct kunit *test)
{
	static const struct couche_place nowhere;
	struct couche_entry entry = {};
	struct couche_place got;

	couche_entry_set(&entry, &places[1], 0);
	couche_entry_set(&entry, &nowhere, ENTRY_BUSY);
	got = couche_entry_place(&entry);
	expect_place(test, &got, &nowhere);
	KUNIT_EXPECT_EQ(test, entry_word(&entry), ENTRY_BUSY);
}

/* A pool as far as letting go of an extent looks at it: no bio waits. */
static struct couche_pool *idle_pool(struct kunit *test)
{
	struct couche_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	bio_list_init(&pool->deferred);
	return pool;
}

static void owning_keeps_the_place(struct kunit *test)
{
	struct couche_pool *pool = idle_pool(test);
	unsigned int i;
	u64 word;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct couche_entry entry = {};
		struct couche_place got;
		u64 before;

		couche_entry_set(&entry, &places[i], ENTRY_KEPT);
		before = entry_word(&entry);
		KUNIT_EXPECT_TRUE(test, couche_extent_try_own(&entry, &word));
		KUNIT_EXPECT_EQ(test, word, before);
		KUNIT_EXPECT_EQ(test, entry_word(&entry), before | ENTRY_BUSY);
		got = couche_entry_place(&entry);
		expect_place(test, &got, &places[i]);
		couche_extent_disown(pool, &entry);
		KUNIT_EXPECT_EQ(test, entry_word(&entry), before);
	}
}

static void owned_or_copied_extents_are_refused(struct kunit *test)
{
	struct couche_pool *pool = idle_pool(test);
	struct couche_entry entry = {};
	u64 word;

	couche_entry_set(&entry, &places[1], ENTRY_MOVING | ENTRY_DIRTIED);
	KUNIT_EXPECT_FALSE(test, couche_extent_try_own(&entry, &word));
	KUNIT_EXPECT_EQ(test, word, entry_word(&entry));
	KUNIT_EXPECT_FALSE(test, word & ENTRY_BUSY);
	couche_extent_disown(pool, &entry);

	KUNIT_EXPECT_TRUE(test, couche_extent_try_own(&entry, &word));
	KUNIT_EXPECT_FALSE(test, couche_extent_try_own(&entry, &word));
	couche_extent_disown(pool, &entry);
	KUNIT_EXPECT_EQ(test, entry_word(&entry) & ENTRY_STATE, 0ULL);
}

struct race {
	struct couche_pool *pool;
	struct couche_entry entry;
	int owner;		/* plain: only the owner touches it */
	u64 owned;		/* likewise */
	unsigned long start;	/* jiffies */
	atomic_t nr_clashes;
	atomic_t nr_refused;
	atomic_t nr_lost_flags;
};

struct owner {
	struct race *race;
	int name;
	u64 rounds;
};

static void race_own(struct owner *me)
{
	struct race *race = me->race;
	u64 word;

	while (!couche_extent_try_own(&race->entry, &word)) {
		atomic_inc(&race->nr_refused);
		cond_resched();
	}
	if (word & ENTRY_STATE || READ_ONCE(race->owner) != NOBODY)
		atomic_inc(&race->nr_clashes);
	WRITE_ONCE(race->owner, me->name);
	WRITE_ONCE(race->owned, READ_ONCE(race->owned) + 1);
	if (READ_ONCE(race->owner) != me->name)
		atomic_inc(&race->nr_clashes);
	WRITE_ONCE(race->owner, NOBODY);
	couche_extent_disown(race->pool, &race->entry);
	cond_resched();
}

static void own_and_disown(void *context)
{
	struct owner *me = context;

	while (!couche_race_over(me->race->start, atomic_read(&me->race->nr_refused))) {
		race_own(me);
		me->rounds++;
	}
}

/* As writes do it: flags come and go whoever owns the extent. */
static void open_and_close(void *context)
{
	struct race *race = context;

	while (!couche_race_over(race->start, atomic_read(&race->nr_refused))) {
		atomic64_or(ENTRY_OPEN, &race->entry.word);
		if (!(entry_word(&race->entry) & ENTRY_OPEN))
			atomic_inc(&race->nr_lost_flags);
		atomic64_andnot(ENTRY_OPEN, &race->entry.word);
		if (entry_word(&race->entry) & ENTRY_OPEN)
			atomic_inc(&race->nr_lost_flags);
		cond_resched();
	}
}

static void racing_owners_take_turns(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct couche_place want = places[1], got;
	struct owner owners[] = { { .race = race, .name = 1 }, { .race = race, .name = 2 } };
	struct couche_racer racers[] = {
		{ .run = own_and_disown, .context = &owners[0] },
		{ .run = own_and_disown, .context = &owners[1] },
		{ .run = open_and_close, .context = race },
	};

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race);
	want.flags = COUCHE_EXTENT_MAPPED;
	race->pool = idle_pool(test);
	race->start = jiffies;
	couche_entry_set(&race->entry, &want, ENTRY_KEPT);
	couche_race_run(test, racers, ARRAY_SIZE(racers));

	KUNIT_EXPECT_EQ(test, atomic_read(&race->nr_clashes), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->nr_lost_flags), 0);
	KUNIT_EXPECT_EQ(test, race->owned, owners[0].rounds + owners[1].rounds);
	KUNIT_EXPECT_EQ(test, entry_word(&race->entry) & (ENTRY_STATE | ENTRY_KEPT), ENTRY_KEPT);
	got = couche_entry_place(&race->entry);
	expect_place(test, &got, &want);
	/* Or it was no race. */
	KUNIT_EXPECT_GT(test, atomic_read(&race->nr_refused), 0);
}

static struct kunit_case entry_cases[] = {
	KUNIT_CASE(entry_holds_places_up_to_the_limits),
	KUNIT_CASE(entry_of_an_unmapped_extent_is_no_place),
	KUNIT_CASE(owning_keeps_the_place),
	KUNIT_CASE(owned_or_copied_extents_are_refused),
	KUNIT_CASE(racing_owners_take_turns),
	{}
};

static struct kunit_suite entry_suite = {
	.name = "couche-entry",
	.test_cases = entry_cases,
};

kunit_test_suite(entry_suite);
