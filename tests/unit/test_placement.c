// SPDX-License-Identifier: GPL-2.0-only
/* Placement: different legs, domains as even as can be, emptiest first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/errno.h>

#include "couche_format.h"
#include "placement.h"
#include "sample.h"

static void leg(struct couche_placement_leg *l, u32 index, u16 domain, u32 free_segments)
{
	*l = (struct couche_placement_leg){
		.index = index, .domain = domain, .usable = true, .sure = true,
		.free_segments = free_segments, .total_segments = 100,
	};
}

static bool has(const u32 *legs, unsigned int nr, u32 index)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (legs[i] == index)
			return true;
	}
	return false;
}

static void test_emptiest_legs_are_chosen(void **state)
{
	struct couche_placement_leg legs[4];
	const char *why = "?";
	u32 out[2];

	leg(&legs[0], 10, 0, 50);
	leg(&legs[1], 11, 0, 70);
	leg(&legs[2], 12, 0, 60);
	leg(&legs[3], 13, 0, 69);
	assert_int_equal(couche_placement_choose(legs, 4, 2, 1, out, &why), 0);
	assert_null(why);
	assert_true(has(out, 2, 11) && has(out, 2, 13));

	/* By fraction: the small leg is the emptier one. */
	legs[0].total_segments = 51;
	assert_int_equal(couche_placement_choose(legs, 4, 1, 0, out, &why), 0);
	assert_int_equal(out[0], 10);
}

static void test_domains_come_before_space(void **state)
{
	struct couche_placement_leg legs[4];
	const char *why = "?";
	u32 out[3];

	leg(&legs[0], 0, 1, 90);
	leg(&legs[1], 1, 1, 89);
	leg(&legs[2], 2, 2, 5);
	leg(&legs[3], 3, 0, 1);
	assert_int_equal(couche_placement_choose(legs, 4, 3, 1, out, &why), 0);
	assert_null(why);
	assert_true(has(out, 3, 0) && has(out, 3, 2) && has(out, 3, 3));
}

/* 4+2 on three domains: two shards in each, so any domain may be lost. */
static void test_few_domains_are_shared_evenly(void **state)
{
	struct couche_placement_leg legs[12];
	unsigned int i, in[4] = { 0 };
	const char *why = "?";
	u32 out[6];

	for (i = 0; i < 12; i++)
		leg(&legs[i], i, 1 + i / 4, i < 4 ? 100 : 10 + i);
	assert_int_equal(couche_placement_choose(legs, 12, 6, 2, out, &why), 0);
	assert_null(why);
	for (i = 0; i < 6; i++)
		in[legs[out[i]].domain]++;
	assert_int_equal(in[1], 2);
	assert_int_equal(in[2], 2);
	assert_int_equal(in[3], 2);
}

static void test_crowded_domain_is_reported(void **state)
{
	struct couche_placement_leg legs[6];
	unsigned int i;
	const char *why = NULL;
	u32 out[6];

	for (i = 0; i < 6; i++)
		leg(&legs[i], i, 1 + (i > 2), 10);
	assert_int_equal(couche_placement_choose(legs, 6, 6, 2, out, &why), 0);
	sample_assert_field("crowd", why, "one failure domain holds more than m");
	assert_int_equal(couche_placement_choose(legs, 6, 6, 3, out, &why), 0);
	assert_null(why);
	assert_int_equal(couche_placement_choose(legs, 6, 4, 0, out, &why), 0);
	assert_null(why);
}

static void test_too_few_legs(void **state)
{
	struct couche_placement_leg legs[3];
	const char *why = NULL;
	u32 out[3];

	leg(&legs[0], 0, 0, 10);
	leg(&legs[1], 1, 0, 10);
	leg(&legs[2], 2, 0, 0);
	assert_int_equal(couche_placement_choose(legs, 3, 3, 1, out, &why), -ENOSPC);
	sample_assert_field("space", why, "fewer legs with a free segment");
	legs[2].usable = false;
	assert_int_equal(couche_placement_choose(legs, 3, 3, 1, out, &why), -ENODEV);
	sample_assert_field("health", why, "fewer healthy legs");
	legs[2].free_segments = 99;
	assert_int_equal(couche_placement_choose(legs, 3, 3, 1, out, &why), -ENODEV);
	assert_int_equal(couche_placement_choose(legs, 3, 2, 1, out, &why), 0);
	assert_false(has(out, 2, 2));
	assert_int_equal(couche_placement_choose(legs, 0, 1, 0, out, &why), -ENODEV);
	assert_int_equal(couche_placement_choose(legs, 3, 0, 0, out, &why), -EINVAL);
	assert_int_equal(couche_placement_choose(legs, 65, 3, 0, out, &why), -EINVAL);
	assert_int_equal(couche_placement_choose(legs, 3, 33, 0, out, &why), -EINVAL);
}

/* With as many legs as shards each leg gets its turn at every shard. */
/* I1: what nobody would believe after a crash is not all there is of an extent. */
static void test_one_leg_is_sure(void **state)
{
	struct couche_placement_leg legs[4];
	const char *why = NULL;
	u32 out[2];

	leg(&legs[0], 0, 1, 10);
	leg(&legs[1], 1, 1, 10);
	leg(&legs[2], 2, 2, 90);
	leg(&legs[3], 3, 2, 90);
	legs[2].sure = false;
	legs[3].sure = false;
	assert_int_equal(couche_placement_choose(legs, 4, 2, 1, out, &why), 0);
	assert_true(has(out, 2, 0) || has(out, 2, 1));
	/* The other is in the other domain, though it is not sure. */
	assert_true(has(out, 2, 2) || has(out, 2, 3));
	assert_int_equal(couche_placement_choose(legs, 4, 1, 0, out, &why), 0);
	assert_true(has(out, 1, 0) || has(out, 1, 1));
	legs[0].free_segments = 0;
	legs[1].free_segments = 0;
	assert_int_equal(couche_placement_choose(legs, 4, 2, 1, out, &why), -ENOSPC);
	legs[0].usable = false;
	legs[1].usable = false;
	assert_int_equal(couche_placement_choose(legs, 4, 2, 1, out, &why), -ENODEV);
	sample_assert_field("sure", why, "no leg is up to date");
}

static void test_parity_goes_round(void **state)
{
	struct couche_placement_leg legs[6];
	unsigned int turn, i, parity[6] = { 0 };
	const char *why;
	u32 out[6];

	for (i = 0; i < 6; i++)
		leg(&legs[i], i, 0, 100);
	for (turn = 0; turn < 60; turn++) {
		assert_int_equal(couche_placement_choose(legs, 6, 6, 2, out, &why), 0);
		parity[out[4]]++;
		parity[out[5]]++;
		for (i = 0; i < 6; i++)
			legs[i].free_segments--;
	}
	for (i = 0; i < 6; i++)
		assert_int_equal(parity[i], 20);
}

/* Largest number in one domain that some choice of @want cannot avoid. */
static unsigned int least_crowd(const struct couche_placement_leg *legs,
				unsigned int nr, unsigned int want)
{
	unsigned int cap, i, room, in[8];

	for (cap = 1;; cap++) {
		memset(in, 0, sizeof(in));
		room = 0;
		for (i = 0; i < nr; i++) {
			if (!legs[i].usable || !legs[i].free_segments)
				continue;
			if (!legs[i].domain || in[legs[i].domain]++ < cap)
				room++;
		}
		if (room >= want)
			return cap;
	}
}

static void check_choice(const struct couche_placement_leg *legs, unsigned int nr,
			 const u32 *out, unsigned int want)
{
	unsigned int i, in[8] = { 0 }, crowd = 1;

	for (i = 0; i < want; i++) {
		assert_true(out[i] < nr);
		assert_false(has(out, i, out[i]));
		assert_true(legs[out[i]].usable && legs[out[i]].free_segments);
		if (legs[out[i]].domain && ++in[legs[out[i]].domain] > crowd)
			crowd = in[legs[out[i]].domain];
	}
	assert_int_equal(crowd, least_crowd(legs, nr, want));
}

static void test_no_choice_is_less_crowded(void **state)
{
	unsigned int round, i, nr, want, candidates, good = 0;
	struct couche_placement_leg legs[64];
	const char *why;
	u32 out[32], again[32];

	for (round = 0; round < 5000; round++) {
		nr = 1 + sample_random() % 64;
		want = 1 + sample_random() % 32;
		candidates = 0;
		for (i = 0; i < nr; i++) {
			leg(&legs[i], i, sample_random() % 8, sample_random() % 5);
			legs[i].usable = sample_random() % 4;
			candidates += legs[i].usable && legs[i].free_segments;
		}
		if (couche_placement_choose(legs, nr, want, 2, out, &why)) {
			assert_true(candidates < want);
			continue;
		}
		good++;
		check_choice(legs, nr, out, want);
		assert_int_equal(couche_placement_choose(legs, nr, want, 2, again, &why), 0);
		assert_memory_equal(out, again, want * sizeof(*out));
	}
	assert_true(good > 1000);
}

/* As couche_placement_choose() would take them, if it went by free segments alone. */
static bool placed(const u32 *segments, unsigned int nr, unsigned int want, unsigned int groups)
{
	u32 left[8];
	unsigned int i, best;
	bool taken[8];

	memcpy(left, segments, sizeof(left));
	for (; groups; groups--) {
		unsigned int shard;

		memset(taken, 0, sizeof(taken));
		for (shard = 0; shard < want; shard++) {
			for (best = nr, i = 0; i < nr; i++) {
				if (!taken[i] && left[i] && (best == nr || left[i] > left[best]))
					best = i;
			}
			if (best == nr)
				return false;
			taken[best] = true;
			left[best]--;
		}
	}
	return true;
}

static void test_room_is_what_can_be_placed(void **state)
{
	struct couche_placement_leg legs[8];
	unsigned int round, i, nr, want, groups, fit = 0;
	u32 segments[8];

	for (round = 0; round < 20000; round++) {
		nr = 1 + rand() % 8;
		want = 1 + rand() % 8;
		groups = rand() % 12;
		for (i = 0; i < nr; i++) {
			segments[i] = rand() % 10;
			leg(&legs[i], i, 0, 0);
			legs[i].total_segments = segments[i];
			legs[i].usable = rand() % 8;
			if (!legs[i].usable)
				segments[i] = 0;
		}
		fit += placed(segments, nr, want, groups);
		assert_int_equal(couche_placement_fits(legs, nr, want, groups),
				 placed(segments, nr, want, groups));
	}
	assert_in_range(fit, round / 10, round * 9 / 10);
}

static unsigned int formed(struct couche_placement_leg *legs, unsigned int nr,
			   unsigned int want, unsigned int groups)
{
	unsigned int done = 0;

	while (done < groups && !couche_placement_form(legs, nr, want, 1))
		done++;
	return done;
}

/* There would be room for eight, were the last leg always taken. */
static void test_groups_are_formed_as_they_are_chosen(void **state)
{
	struct couche_placement_leg legs[3];
	static const u32 segments[3][2] = { { 2, 4 }, { 6, 12 }, { 12, 24 } };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		leg(&legs[i], i, 0, segments[i][0]);
		legs[i].total_segments = segments[i][0];
	}
	assert_true(couche_placement_fits(legs, 3, 2, 8));
	for (i = 0; i < 3; i++)
		legs[i].total_segments = segments[i][1];
	assert_int_equal(formed(legs, 3, 2, 8), 7);
	assert_true(legs[0].free_segments + legs[1].free_segments == 0);
	for (i = 0; i < 3; i++)
		leg(&legs[i], i, 0, 8);
	assert_int_equal(formed(legs, 3, 2, 20), 12);
	assert_int_equal(legs[0].free_segments + legs[1].free_segments + legs[2].free_segments, 0);
	assert_int_equal(formed(legs, 3, 2, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emptiest_legs_are_chosen),
		cmocka_unit_test(test_domains_come_before_space),
		cmocka_unit_test(test_few_domains_are_shared_evenly),
		cmocka_unit_test(test_crowded_domain_is_reported),
		cmocka_unit_test(test_too_few_legs),
		cmocka_unit_test(test_one_leg_is_sure),
		cmocka_unit_test(test_parity_goes_round),
		cmocka_unit_test(test_no_choice_is_less_crowded),
		cmocka_unit_test(test_room_is_what_can_be_placed),
		cmocka_unit_test(test_groups_are_formed_as_they_are_chosen),
	};

	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
