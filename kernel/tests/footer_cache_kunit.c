// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cache of stripe checksums: it answers with what was put under a key, or
 * not at all, while entries are replaced and others read and write.
 */
#include <kunit/test.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../footer_cache.h"
#include "race.h"

#define ROWS	64
/* Much more than the cache holds, so that every set is replaced. */
#define MANY	200000
#define KEYS	64

/* A checksum tells its key and row. */
static u32 crc_of(const struct couche_footer_key *key, u32 row)
{
	return (key->group * 31 + key->row) * 31 + key->generation * 1000003 +
	       key->shard * 257 + row * 0x9e3779b1;
}

static void put(struct couche_footer_cache *cache, const struct couche_footer_key *key,
		u32 *crcs)
{
	u32 row;

	for (row = 0; row < ROWS; row++)
		crcs[row] = crc_of(key, row);
	couche_footer_cache_put(cache, key, ROWS, crcs);
}

/* 1: right, 0: not there, -1: there, but not what was put. */
static int get(struct couche_footer_cache *cache, const struct couche_footer_key *key,
	       u32 first, u32 nr)
{
	u32 crcs[ROWS + 1], i;

	crcs[nr] = 0x5a5a5a5a;
	if (!couche_footer_cache_get(cache, key, first, nr, crcs))
		return 0;
	for (i = 0; i < nr; i++)
		if (crcs[i] != crc_of(key, first + i))
			return -1;
	return crcs[nr] == 0x5a5a5a5a ? 1 : -1;
}

static int footers_init(struct kunit *test)
{
	test->priv = couche_footer_cache_create(ROWS);
	return test->priv ? 0 : -ENOMEM;
}

static void footers_exit(struct kunit *test)
{
	couche_footer_cache_free(test->priv);
}

static void footers_are_found_by_the_row(struct kunit *test)
{
	const struct couche_footer_key key = { 7, 640, .generation = 3, .shard = 5 };
	u32 crcs[ROWS];

	KUNIT_EXPECT_EQ(test, get(test->priv, &key, 0, ROWS), 0);
	put(test->priv, &key, crcs);
	KUNIT_EXPECT_EQ(test, get(test->priv, &key, 0, ROWS), 1);
	KUNIT_EXPECT_EQ(test, get(test->priv, &key, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, get(test->priv, &key, ROWS - 1, 1), 1);
	KUNIT_EXPECT_EQ(test, get(test->priv, &key, 11, 17), 1);
}

/* After a change of the profile: more rows than an entry holds, or fewer. */
static void footers_of_other_shapes_are_found(struct kunit *test)
{
	const struct couche_footer_key small = { 7, 640, .generation = 3, .shard = 5 };
	const struct couche_footer_key large = { 9, 640, .generation = 4, .shard = 5 };
	u32 rows = 4 * ROWS - 3, row, *crcs = kunit_kcalloc(test, rows, sizeof(*crcs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, crcs);
	for (row = 0; row < rows; row++)
		crcs[row] = crc_of(&large, row);
	couche_footer_cache_put(test->priv, &large, rows, crcs);
	KUNIT_EXPECT_EQ(test, get(test->priv, &large, 0, ROWS), 1);
	KUNIT_EXPECT_EQ(test, get(test->priv, &large, ROWS - 1, 2), 1);
	KUNIT_EXPECT_EQ(test, get(test->priv, &large, 2 * ROWS + 5, ROWS), 1);
	KUNIT_EXPECT_EQ(test, get(test->priv, &large, rows - 1, 1), 1);
	for (row = 0; row < 3; row++)
		crcs[row] = crc_of(&small, row);
	couche_footer_cache_put(test->priv, &small, 3, crcs);
	KUNIT_EXPECT_EQ(test, get(test->priv, &small, 0, 3), 1);
	KUNIT_EXPECT_EQ(test, get(test->priv, &small, 2, 1), 1);
}

static void footers_of_other_shards_are_not_answered(struct kunit *test)
{
	const struct couche_footer_key key = { 7, 640, .generation = 3, .shard = 5 };
	struct couche_footer_key other;
	u32 crcs[ROWS];

	put(test->priv, &key, crcs);
	other = key;
	other.group++;
	KUNIT_EXPECT_EQ(test, get(test->priv, &other, 0, 1), 0);
	other = key;
	other.row += ROWS;
	KUNIT_EXPECT_EQ(test, get(test->priv, &other, 0, 1), 0);
	other = key;
	other.shard--;
	KUNIT_EXPECT_EQ(test, get(test->priv, &other, 0, 1), 0);
}

/* Rows that were freed and written anew hold another extent's shard. */
static void footers_of_old_generations_are_not_answered(struct kunit *test)
{
	struct couche_footer_key key = { .group = 1, .row = 128, .shard = 2 };
	u32 crcs[ROWS], generation;

	for (generation = 1; generation <= 64; generation++) {
		key.generation = generation;
		KUNIT_ASSERT_EQ(test, get(test->priv, &key, 0, ROWS), 0);
		put(test->priv, &key, crcs);
		KUNIT_ASSERT_EQ(test, get(test->priv, &key, 0, ROWS), 1);
		key.generation = generation + 1;
		KUNIT_ASSERT_EQ(test, get(test->priv, &key, 0, ROWS), 0);
	}
	/* All of one set: the first ones made room, and are gone. */
	key.generation = 1;
	KUNIT_EXPECT_EQ(test, get(test->priv, &key, 0, ROWS), 0);
}

static void footers_replace_the_oldest(struct kunit *test)
{
	struct couche_footer_key key = { .generation = 1 };
	unsigned int kept = 0;
	u32 crcs[ROWS], i;

	for (i = 0; i < MANY; i++) {
		key.group = i / 1000;
		key.row = i % 1000 * ROWS;
		put(test->priv, &key, crcs);
		if (get(test->priv, &key, 0, ROWS) != 1) {
			KUNIT_FAIL(test, "what was just put is not there: %u", i);
			return;
		}
	}
	for (i = 0; i < MANY; i++) {
		int got;

		key.group = i / 1000;
		key.row = i % 1000 * ROWS;
		got = get(test->priv, &key, 0, ROWS);
		KUNIT_ASSERT_GE(test, got, 0);
		kept += got;
	}
	/* The hash spreads them: most of 4 MiB is in use, and no more than it. */
	KUNIT_EXPECT_GT(test, kept, 4096U * 1024 / (ROWS * 4) / 2);
	KUNIT_EXPECT_LE(test, kept, 4096U * 1024 / (ROWS * 4));
}

static void footers_may_be_none(struct kunit *test)
{
	const struct couche_footer_key key = { .generation = 1 };
	struct couche_footer_cache *none = couche_footer_cache_create(0);
	u32 crcs[ROWS];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, none);
	put(none, &key, crcs);
	KUNIT_EXPECT_EQ(test, get(none, &key, 0, 1), 0);
	couche_footer_cache_free(none);
}

struct race {
	struct couche_footer_cache *cache;
	unsigned long start;	/* jiffies */
	atomic_t nr_found;
	atomic_t nr_wrong;
};

static struct couche_footer_key racing_key(u32 i)
{
	struct couche_footer_key key;

	/* Few sets, so that readers and the writer meet in them. */
	i = i * 2654435761U >> 8;
	key.group = 3;
	key.row = i % KEYS * ROWS;
	key.generation = 1 + i / KEYS % 8;
	key.shard = 0;
	return key;
}

static void read_all(void *context)
{
	struct race *race = context;
	u32 i;

	for (i = 0; !couche_race_over(race->start, atomic_read(&race->nr_found)); i++) {
		struct couche_footer_key key = racing_key(i);
		int got = get(race->cache, &key, 0, ROWS);

		if (got < 0)
			atomic_inc(&race->nr_wrong);
		else if (got)
			atomic_inc(&race->nr_found);
		cond_resched();
	}
}

static void write_all(void *context)
{
	struct race *race = context;
	u32 crcs[ROWS], i;

	for (i = 0; !couche_race_over(race->start, atomic_read(&race->nr_found)); i++) {
		struct couche_footer_key key = racing_key(i);

		put(race->cache, &key, crcs);
		cond_resched();
	}
}

static void footers_are_whole_while_they_are_replaced(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct couche_racer racers[] = {
		{ .run = read_all, .context = race },
		{ .run = read_all, .context = race },
		{ .run = write_all, .context = race },
	};

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race);
	race->cache = test->priv;
	race->start = jiffies;
	couche_race_run(test, racers, ARRAY_SIZE(racers));
	KUNIT_EXPECT_EQ(test, atomic_read(&race->nr_wrong), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&race->nr_found), 0);
}

static struct kunit_case footer_cache_cases[] = {
	KUNIT_CASE(footers_are_found_by_the_row),
	KUNIT_CASE(footers_of_other_shapes_are_found),
	KUNIT_CASE(footers_of_other_shards_are_not_answered),
	KUNIT_CASE(footers_of_old_generations_are_not_answered),
	KUNIT_CASE(footers_replace_the_oldest),
	KUNIT_CASE(footers_may_be_none),
	KUNIT_CASE(footers_are_whole_while_they_are_replaced),
	{}
};

static struct kunit_suite footer_cache_suite = {
	.name = "couche-footer-cache",
	.init = footers_init,
	.exit = footers_exit,
	.test_cases = footer_cache_cases,
};

kunit_test_suite(footer_cache_suite);
