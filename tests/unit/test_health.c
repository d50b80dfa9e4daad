// SPDX-License-Identifier: GPL-2.0-only
/* What couchectl pool status says of a pool that is not well, and advises. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/health.h"

#define NR_LEGS		10
#define EXTENT		2048
#define SEGMENT		16384
#define HELD		SEGMENT	/* sectors of a leg that are in use */

/* Legs 0-1 meta, 2-3 hot, 4-9 cold, all well; 1+1 and 4+2. */
static struct couche_nl_pool pool;
static struct couche_nl_leg legs[COUCHE_MAX_LEGS];
static unsigned int nr_legs;
static uint64_t lost_reads;
static char status[COUCHE_HEALTH_TEXT], action[COUCHE_HEALTH_TEXT];

static int setup(void **state)
{
	unsigned int i;

	memset(&pool, 0, sizeof(pool));
	memset(legs, 0, sizeof(legs));
	nr_legs = NR_LEGS;
	lost_reads = 0;
	pool.extent_sectors = EXTENT;
	pool.segment_sectors = SEGMENT;
	pool.tier[COUCHE_TIER_HOT] = (struct couche_nl_tier){
		.k = 1, .m = 1, .min_healthy = 1, .sectors = 20 * SEGMENT,
		.used_sectors = 2 * EXTENT,
	};
	pool.tier[COUCHE_TIER_COLD] = (struct couche_nl_tier){
		.k = 4, .m = 2, .csum = 1, .min_healthy = 4, .sectors = 60 * SEGMENT,
		.used_sectors = 6 * (EXTENT / 4 + 8),
	};
	for (i = 0; i < NR_LEGS; i++)
		legs[i] = (struct couche_nl_leg){
			.index = i,
			.role = i < 2 ? COUCHE_ROLE_META : i < 4 ? COUCHE_ROLE_HOT :
								   COUCHE_ROLE_COLD,
			.state = COUCHE_LEG_ONLINE,
			.present = true,
			.sectors = COUCHE_DATA_START + 10 * SEGMENT,
			.used_sectors = HELD,
		};
	return 0;
}

/* A hot leg of so many segments, of which so many are in groups. */
static void set_hot(unsigned int i, uint64_t segments, uint64_t used)
{
	legs[i].role = COUCHE_ROLE_HOT;
	legs[i].sectors = COUCHE_DATA_START + segments * SEGMENT;
	legs[i].used_sectors = used * SEGMENT;
}

/* What the kernel says of the tier then: the legs in service, and what is in use. */
static void set_hot_tier(uint64_t segments, uint64_t used_sectors)
{
	pool.tier[COUCHE_TIER_HOT].sectors = segments * SEGMENT;
	pool.tier[COUCHE_TIER_HOT].used_sectors = used_sectors;
}

static void fill_hot(void)
{
	set_hot(2, 10, 10);
	set_hot(3, 10, 10);
	set_hot_tier(20, 20 * SEGMENT);
}

static void fail_leg(unsigned int i)
{
	legs[i].state = COUCHE_LEG_FAILED;
	pool.degraded = true;
}

/* Is it well? And fills status and action. */
static bool judge(void)
{
	struct couche_health health;

	couche_health_judge(&health, &pool, legs, nr_legs);
	health.lost_reads = lost_reads;
	couche_health_describe(&health, "tank", status, action);
	return couche_health_good(&health);
}

static void expect(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is not in '%s'", what, text);
}

static void expect_not(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("'%s' is in '%s'", what, text);
}

static void test_a_pool_that_is_well_says_nothing(void **state)
{
	assert_true(judge());
	assert_string_equal(status, "");
	assert_string_equal(action, "");
}

static void test_covered_errors_are_told(void **state)
{
	legs[5].csum_errors = 3;
	assert_true(judge());
	expect(status, "3 errors");
}

static void test_errors_without_redundancy_are_not_covered(void **state)
{
	pool.tier[COUCHE_TIER_HOT].m = 0;
	legs[3].role = COUCHE_ROLE_COLD;
	legs[2].read_errors = 100;
	legs[5].csum_errors = 3;
	assert_false(judge());
	expect_not(status, "covered");
	expect(status, "Leg 2 reported 100 errors, and no other leg can stand in");
	expect(action, "couchectl leg drain tank LEG");
	expect(action, "couchectl migrate tank/VOLUME");
}

static void test_nor_are_those_of_a_last_copy(void **state)
{
	fail_leg(2);
	legs[3].read_errors = 60;
	legs[3].write_errors = 4;
	assert_false(judge());
	expect_not(status, "All data is readable");
	expect(status, "Leg 3 reported 64 errors");
	expect_not(action, "leg drain");
	expect(action, "couchectl leg restore tank 2");
}

static void test_nor_those_of_an_only_meta_leg(void **state)
{
	legs[0].read_errors = 1;
	assert_true(judge());
	legs[1].role = COUCHE_ROLE_COLD;
	assert_false(judge());
	expect_not(status, "covered");
	expect(action, "couchectl leg add tank --meta DEVICE");
}

static void test_failed_legs_are_named_with_both_remedies(void **state)
{
	fail_leg(4);
	assert_false(judge());
	assert_string_equal(status,
			    "Legs out of service: 1 failed. All data is readable. What moves to the cold tier lacks shards until they return.");
	expect(action, "couchectl leg restore tank 4");
	expect(action, "couchectl leg replace tank 4 DEVICE");
	legs[6].present = false;
	judge();
	expect(status, "1 failed, 1 missing. All data is readable; the cold legs stand no further loss.");
	expect(action, "the legs 4, 6");
}

static void test_all_tiers_that_stand_no_loss_are_named(void **state)
{
	fail_leg(0);
	fail_leg(2);
	fail_leg(4);
	judge();
	expect(status, "the meta and hot legs stand no further loss");
	fail_leg(5);
	judge();
	expect(status, "the meta and hot and cold legs stand no further loss");
}

static void test_a_new_profile_is_not_trusted_before_it_is_everywhere(void **state)
{
	pool.sweep[COUCHE_SWEEP_RESHAPE].state = COUCHE_SWEEP_WAITING;
	assert_true(judge());
	fail_leg(4);
	judge();
	expect(status, "some of its stripes may stand no further loss");
	pool.sweep[COUCHE_SWEEP_RESHAPE].state = COUCHE_SWEEP_IDLE;
	judge();
	expect_not(status, "no further loss");
}

static void test_the_cold_tier_takes_what_its_legs_take(void **state)
{
	fail_leg(0);
	legs[4].state = COUCHE_LEG_RESTORING;
	judge();
	expect_not(status, "cold tier");
	legs[4].state = COUCHE_LEG_ONLINE;
	legs[4].draining = true;
	judge();
	expect(status, "What moves to the cold tier lacks shards");
	pool.tier[COUCHE_TIER_COLD].min_healthy = 6;
	judge();
	expect(status, "nothing moves to the cold tier");
}

static void test_what_was_rebuilt_is_not_missed(void **state)
{
	fail_leg(4);
	fail_leg(5);
	legs[4].used_sectors = 0;
	legs[5].used_sectors = 0;
	judge();
	expect_not(status, "no further loss");
}

static void test_what_a_scrub_could_not_mend_may_be_lost(void **state)
{
	pool.sweep[COUCHE_SWEEP_SCRUB].failed = 93;
	fail_leg(4);
	fail_leg(5);
	assert_false(judge());
	expect(status, "could not bring 93 extents in order");
	expect_not(status, "All data is readable");
	expect(action, "couchectl verify");
	expect(action, "the legs 4, 5");
}

static void test_what_a_scrub_had_no_room_for_need_not_be_lost(void **state)
{
	pool.sweep[COUCHE_SWEEP_SCRUB].failed = 3;
	pool.sweep[COUCHE_SWEEP_SCRUB].error = -EIO;
	assert_false(judge());
	expect(status, "in order: they may be lost.");
	pool.sweep[COUCHE_SWEEP_SCRUB].error = -ENOSPC;
	assert_false(judge());
	expect_not(status, "they may be lost");
	expect(status, "there was no room");
	expect(action, "couchectl pool scrub start tank");
}

static void test_reads_that_found_nothing_are_told_with_the_legs(void **state)
{
	lost_reads = 2;
	fail_leg(7);
	assert_false(judge());
	expect(status, "2 reads since the pool was started");
	expect_not(status, "All data is readable");
	expect(action, "couchectl leg restore tank 7");
}

static void test_a_pool_without_a_leg_for_new_data_says_so(void **state)
{
	fail_leg(2);
	fail_leg(3);
	pool.tier[COUCHE_TIER_HOT].sectors = 0;
	judge();
	expect(status, "Writes to new places fail: too few hot or warm legs take them.");
	setup(state);
	fail_leg(2);
	judge();
	expect_not(status, "Writes to new places");
	pool.tier[COUCHE_TIER_HOT].min_healthy = 2;
	judge();
	expect(status, "Writes to new places fail: too few");
}

static void test_a_full_tier_passes_on_what_one_without_legs_does_not(void **state)
{
	pool.tier[COUCHE_TIER_WARM] = (struct couche_nl_tier){ .k = 1, .min_healthy = 1 };
	legs[9].role = COUCHE_ROLE_WARM;
	fill_hot();
	assert_true(judge());
	fail_leg(2);
	fail_leg(3);
	judge();
	expect(status, "Writes to new places fail");
}

/* Its share is used by nobody else, and the kernel writes on without it. */
static void test_a_mirror_without_a_leg_is_not_full(void **state)
{
	set_hot(2, 100, 60);
	set_hot(3, 100, 60);
	set_hot_tier(100, 120 * SEGMENT);
	fail_leg(2);
	assert_false(judge());
	expect_not(status, "full");
	legs[2].present = false;
	judge();
	expect_not(status, "full");
	/* Nor when all room left is in groups. */
	set_hot(2, 60, 60);
	set_hot(3, 60, 60);
	set_hot_tier(60, 120 * SEGMENT - 2 * EXTENT);
	judge();
	expect_not(status, "full");
	set_hot_tier(60, 120 * SEGMENT);
	judge();
	expect(status, "The pool is full");
}

static void test_a_small_leg_fills_a_mirror(void **state)
{
	set_hot(2, 10, 10);
	set_hot(3, 100, 10);
	set_hot_tier(110, 20 * SEGMENT - 2 * EXTENT);
	assert_true(judge());
	set_hot_tier(110, 20 * SEGMENT);
	assert_false(judge());
	expect(status, "The pool is full");
}

static void test_legs_that_are_drained_are_no_room(void **state)
{
	set_hot(2, 10, 10);
	set_hot(3, 10, 10);
	set_hot(4, 10, 4);
	legs[4].draining = true;
	legs[4].drain_left = 3 * (SEGMENT / EXTENT);
	set_hot_tier(30, 22 * SEGMENT);
	assert_false(judge());
	expect(status, "The pool is full");
	/* One row more is free than on the draining leg. */
	set_hot_tier(30, 22 * SEGMENT - 2 * EXTENT);
	assert_true(judge());
}

static void test_new_data_needs_a_leg_that_is_up_to_date(void **state)
{
	set_hot(2, 10, 10);
	set_hot(3, 10, 5);
	set_hot(4, 10, 5);
	set_hot_tier(30, 20 * SEGMENT);
	legs[3].state = COUCHE_LEG_RESTORING;
	legs[4].state = COUCHE_LEG_RESTORING;
	judge();
	expect(status, "The pool is full");
	legs[4].state = COUCHE_LEG_ONLINE;
	judge();
	expect_not(status, "full");
}

static void test_a_full_pool_says_so_beside_failed_legs(void **state)
{
	fill_hot();
	assert_false(judge());
	expect(action, "couchectl migrate tank/VOLUME --to cold");
	fail_leg(4);
	judge();
	expect(status, "1 failed.");
	expect(status, "The pool is full");
}

static void test_nothing_is_moved_to_a_cold_tier_without_room(void **state)
{
	unsigned int i;

	fill_hot();
	for (i = 4; i < NR_LEGS; i++)
		legs[i].used_sectors = 10 * SEGMENT;
	/* 31 extents to a group, and in one of the ten groups there is room for one more. */
	pool.tier[COUCHE_TIER_COLD].used_sectors = (310 - 1) * 6 * (EXTENT / 4 + 8);
	judge();
	expect(action, "--to cold");
	pool.tier[COUCHE_TIER_COLD].used_sectors = 310 * 6 * (EXTENT / 4 + 8);
	judge();
	expect_not(action, "--to cold");
	expect(action, "couchectl leg add tank");
}

static void test_read_only_is_asked_for_or_a_failure(void **state)
{
	pool.read_only = true;
	assert_false(judge());
	assert_string_equal(status, "The pool was started read-only.");
	pool.metadata_failed = true;
	judge();
	expect(status, "The metadata could not be written");
}

static void test_texts_fit(void **state)
{
	unsigned int i;

	lost_reads = UINT64_MAX;
	pool.sweep[COUCHE_SWEEP_SCRUB].failed = UINT64_MAX;
	pool.tier[COUCHE_TIER_HOT].sectors = 0;
	nr_legs = COUCHE_MAX_LEGS;
	for (i = NR_LEGS; i < nr_legs; i++) {
		legs[i] = legs[9];
		legs[i].index = i;
	}
	for (i = 0; i < nr_legs; i++)
		fail_leg(i);
	legs[9].state = COUCHE_LEG_RESTORING;
	judge();
	expect(action, " 39, 40, 41, 42,");
	expect(action, ", 63;");
	expect(status, "1 legs are being brought up to date.");
	expect(action, "couchectl events");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_pool_that_is_well_says_nothing, setup),
		cmocka_unit_test_setup(test_covered_errors_are_told, setup),
		cmocka_unit_test_setup(test_errors_without_redundancy_are_not_covered, setup),
		cmocka_unit_test_setup(test_nor_are_those_of_a_last_copy, setup),
		cmocka_unit_test_setup(test_nor_those_of_an_only_meta_leg, setup),
		cmocka_unit_test_setup(test_failed_legs_are_named_with_both_remedies, setup),
		cmocka_unit_test_setup(test_all_tiers_that_stand_no_loss_are_named, setup),
		cmocka_unit_test_setup(test_a_new_profile_is_not_trusted_before_it_is_everywhere,
				       setup),
		cmocka_unit_test_setup(test_the_cold_tier_takes_what_its_legs_take, setup),
		cmocka_unit_test_setup(test_what_was_rebuilt_is_not_missed, setup),
		cmocka_unit_test_setup(test_what_a_scrub_could_not_mend_may_be_lost, setup),
		cmocka_unit_test_setup(test_what_a_scrub_had_no_room_for_need_not_be_lost, setup),
		cmocka_unit_test_setup(test_reads_that_found_nothing_are_told_with_the_legs, setup),
		cmocka_unit_test_setup(test_a_pool_without_a_leg_for_new_data_says_so, setup),
		cmocka_unit_test_setup(test_a_full_tier_passes_on_what_one_without_legs_does_not,
				       setup),
		cmocka_unit_test_setup(test_a_mirror_without_a_leg_is_not_full, setup),
		cmocka_unit_test_setup(test_a_small_leg_fills_a_mirror, setup),
		cmocka_unit_test_setup(test_legs_that_are_drained_are_no_room, setup),
		cmocka_unit_test_setup(test_new_data_needs_a_leg_that_is_up_to_date, setup),
		cmocka_unit_test_setup(test_a_full_pool_says_so_beside_failed_legs, setup),
		cmocka_unit_test_setup(test_nothing_is_moved_to_a_cold_tier_without_room, setup),
		cmocka_unit_test_setup(test_read_only_is_asked_for_or_a_failure, setup),
		cmocka_unit_test_setup(test_texts_fit, setup),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
