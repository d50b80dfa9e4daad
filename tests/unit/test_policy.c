// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/decide/policy.h"

#define NR 4
#define NOW 1000000000ULL
#define HOUR 3600000ULL
#define GIB 2097152ULL		/* sectors */

/* One pool of hot, warm and cold 4+2, and volumes that live on the hot tier. */
struct world {
	struct couche_view_pool pool;
	struct couche_view_volume volumes[NR];
	struct couche_view_migration migrations[NR];
	struct couche_view view;
	struct couche_ec_policy ec;
	struct couche_policy policy[2];
	struct couche_policies policies;
	struct couche_heat heats[NR];
	struct couche_past pasts[NR];
	struct couche_policy_input input;
	struct couche_decision decisions[NR];
};

static void world_init(struct world *world)
{
	static char *all[] = { (char *)"tank/*" };

	*world = (struct world){
		.pool = {
			.name = "tank", .extent_sectors = 2048,
			.tiers = {
				{ 1, 0, 100 * GIB, 0 }, { 1, 0, 100 * GIB, 0 },
				{ 4, 2, 100 * GIB, 0 },
			},
		},
		.policy = { {
			.name = (char *)"first", .volumes = all, .nr_volumes = 1,
			.marks = { 5000, 2000, 500 }, .window_ms = HOUR, .cooldown_ms = 24 * HOUR,
			.max_concurrent = 10, .enabled = true, .ec_min_bytes = 10 * GIB * 512,
		} },
	};
	world->view = (struct couche_view){
		.valid = true, .pools = &world->pool, .nr_pools = 1,
		.volumes = world->volumes, .nr_volumes = NR, .migrations = world->migrations,
	};
	world->policies = (struct couche_policies){ .policies = world->policy, .nr_policies = 1 };
	for (unsigned int i = 0; i < NR; i++) {
		struct couche_view_volume *volume = &world->volumes[i];

		volume->id = i + 1;
		snprintf(volume->name, sizeof(volume->name), "vol%u", i);
		volume->sectors = 10 * GIB;
		volume->generation = 100 + i;
		volume->tier_extents[COUCHE_TIER_HOT] = 1024;
		world->heats[i] = (struct couche_heat){ COUCHE_HEAT_KNOWN, 10 };
	}
	world->input = (struct couche_policy_input){
		.view = &world->view, .policies = &world->policies, .heats = world->heats,
		.pasts = world->pasts, .now_ms = NOW, .max_concurrent = 10,
	};
}

static size_t decide(struct world *world)
{
	return couche_policy_decide(&world->input, world->decisions);
}

static enum couche_reason reason_of_first(struct world *world)
{
	decide(world);
	return world->decisions[0].reason;
}

static void cold_volumes_go_down_with_their_generation(void **state)
{
	struct world world;

	world_init(&world);
	assert_int_equal(decide(&world), NR);
	assert_int_equal(world.decisions[2].from, COUCHE_CLASS_HOT);
	assert_int_equal(world.decisions[2].to, COUCHE_CLASS_COLD);
	assert_int_equal(world.decisions[2].generation, 102);
	assert_ptr_equal(world.decisions[2].policy, &world.policy[0]);
}

/* Every kind of doubt, on every tier, for every number that may come with it. */
static void unknown_heat_never_moves_anything(void **state)
{
	static const double numbers[] = { 0, 1, 1000, 1e9 };
	struct world world;

	for (int s = COUCHE_HEAT_MISSING; s < COUCHE_NR_HEAT_STATES; s++) {
		for (unsigned int tier = 0; tier < COUCHE_NR_TIERS; tier++) {
			world_init(&world);
			for (unsigned int i = 0; i < NR; i++) {
				world.heats[i].state = (enum couche_heat_state)s;
				world.heats[i].iops = numbers[i];
				world.volumes[i].tier_extents[COUCHE_TIER_HOT] = 0;
				world.volumes[i].tier_extents[tier] = 1024;
			}
			assert_int_equal(decide(&world), 0);
			for (unsigned int i = 0; i < NR; i++) {
				assert_int_equal(world.decisions[i].reason,
						 COUCHE_REASON_UNKNOWN_HEAT);
				assert_int_equal(world.decisions[i].to, COUCHE_CLASS_UNKNOWN);
			}
		}
	}
}

static void a_volume_rests_for_its_cooldown(void **state)
{
	struct world world;

	world_init(&world);
	world.pasts[0].cooldown_from_ms = NOW - 24 * HOUR + 1;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_COOLDOWN);
	world.pasts[0].cooldown_from_ms = NOW - 24 * HOUR;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_MOVE);
	/* the clock was set back */
	world.pasts[0].cooldown_from_ms = NOW + HOUR;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_COOLDOWN);
}

static void a_failure_backs_off(void **state)
{
	struct world world;

	world_init(&world);
	world.pasts[0].backoff_until_ms = NOW + 1;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_BACKOFF);
	world.pasts[0].backoff_until_ms = NOW;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_MOVE);
}

static void limits_hold_for_the_node_and_for_a_policy(void **state)
{
	struct world world;

	world_init(&world);
	world.input.max_concurrent = 2;
	assert_int_equal(decide(&world), 2);
	assert_int_equal(world.decisions[2].reason, COUCHE_REASON_CONCURRENCY);

	world_init(&world);
	world.policy[0].max_concurrent = 1;
	assert_int_equal(decide(&world), 1);
}

static void running_migrations_count(void **state)
{
	struct world world;

	world_init(&world);
	world.input.max_concurrent = 2;
	world.pasts[0].moving = true;
	world.migrations[0] = (struct couche_view_migration){ .id = 9, .volume = 2 };
	world.view.nr_migrations = 1;
	assert_int_equal(decide(&world), 0);
	assert_int_equal(world.decisions[0].reason, COUCHE_REASON_MOVING);
	assert_int_equal(world.decisions[1].reason, COUCHE_REASON_MOVING);
	assert_int_equal(world.decisions[2].reason, COUCHE_REASON_CONCURRENCY);
	/* one that ended does not */
	world.migrations[0].state = COUCHE_VIEW_DONE;
	assert_int_equal(decide(&world), 1);
}

static void the_hottest_goes_first_then_the_coldest(void **state)
{
	struct world world;

	world_init(&world);
	world.input.max_concurrent = 1;
	world.heats[1].iops = 3;
	assert_int_equal(decide(&world), 1);
	assert_int_equal(world.decisions[1].reason, COUCHE_REASON_MOVE);

	for (unsigned int i = 2; i < NR; i++) {
		world.volumes[i].tier_extents[COUCHE_TIER_HOT] = 0;
		world.volumes[i].tier_extents[COUCHE_TIER_COLD] = 1024;
		world.heats[i].iops = 6000 + i;
	}
	assert_int_equal(decide(&world), 1);
	assert_int_equal(world.decisions[3].reason, COUCHE_REASON_MOVE);
	assert_int_equal(world.decisions[3].to, COUCHE_CLASS_HOT);
}

static void dry_run_and_stopping_move_nothing(void **state)
{
	struct world world;

	world_init(&world);
	world.input.dry_run = true;
	assert_int_equal(decide(&world), 0);
	assert_int_equal(world.decisions[0].reason, COUCHE_REASON_DRY_RUN);
	assert_int_equal(world.decisions[0].to, COUCHE_CLASS_COLD);
	world_init(&world);
	world.policy[0].dry_run = true;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_DRY_RUN);
	world_init(&world);
	world.input.stopping = true;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_STOPPING);
	world_init(&world);
	world.policy[0].enabled = false;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_DISABLED);
}

static void small_volumes_are_not_erasure_coded(void **state)
{
	struct world world;

	world_init(&world);
	world.volumes[0].sectors--;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_EC_TOO_SMALL);
	/* a cold tier of mirrors takes them */
	world.pool.tiers[COUCHE_TIER_COLD].k = 1;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_MOVE);
}

static void the_cold_tier_must_be_what_the_policy_names(void **state)
{
	struct world world;

	world_init(&world);
	world.ec = (struct couche_ec_policy){ .k = 4, .m = 2, .stripe_bytes = 1 << 20 };
	world.policy[0].ec = &world.ec;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_MOVE);
	world.ec.m = 3;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_EC_MISMATCH);
	world.ec.m = 2;
	world.ec.stripe_bytes = 2 << 20;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_EC_MISMATCH);
}

static void a_tier_that_is_missing_or_full_is_refused(void **state)
{
	struct world world;

	world_init(&world);
	/* 1024 extents of 1 MiB: 65 rows on six legs each */
	world.pool.tiers[COUCHE_TIER_COLD].sectors = 1024ULL * 65 * 8 * 6;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_MOVE);
	world.pool.tiers[COUCHE_TIER_COLD].sectors--;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_NO_SPACE);
	world.pool.tiers[COUCHE_TIER_COLD].used_sectors = UINT64_MAX;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_NO_SPACE);
	world.pool.tiers[COUCHE_TIER_COLD] = (struct couche_view_tier){ 0 };
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_NO_TIER);
}

static void a_degraded_pool_moves_up_only(void **state)
{
	struct world world;

	world_init(&world);
	world.pool.degraded = true;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_DEGRADED);
	world.volumes[0].tier_extents[COUCHE_TIER_HOT] = 0;
	world.volumes[0].tier_extents[COUCHE_TIER_COLD] = 1024;
	world.heats[0].iops = 9000;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_MOVE);
	world.pool.read_only = true;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_READ_ONLY);
}

static void only_what_is_out_of_place_moves(void **state)
{
	struct world world;

	world_init(&world);
	world.volumes[0].tier_extents[COUCHE_TIER_HOT] = 0;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_EMPTY);
	world.volumes[0].tier_extents[COUCHE_TIER_COLD] = 1024;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_IN_PLACE);
	/* a write promoted one extent */
	world.volumes[0].tier_extents[COUCHE_TIER_HOT] = 1;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_MOVE);
	assert_int_equal(world.decisions[0].to, COUCHE_CLASS_COLD);
}

static void the_first_policy_that_matches_counts(void **state)
{
	static char *mine[] = { (char *)"tank/vol[01]", (char *)"other/*" };
	struct world world;

	world_init(&world);
	world.policy[1] = world.policy[0];
	world.policies.nr_policies = 2;
	world.policy[0].volumes = mine;
	world.policy[0].nr_volumes = 2;
	assert_ptr_equal(couche_policy_select(&world.policies, "tank", "vol1"), &world.policy[0]);
	assert_ptr_equal(couche_policy_select(&world.policies, "tank", "vol2"), &world.policy[1]);
	assert_ptr_equal(couche_policy_select(&world.policies, "other", "x"), &world.policy[0]);
	assert_null(couche_policy_select(&world.policies, "third", "x"));
	world.policies.nr_policies = 0;
	assert_int_equal(reason_of_first(&world), COUCHE_REASON_NO_POLICY);
}

static void selectors_see_pool_and_volume_as_labels(void **state)
{
	static char *values[] = { (char *)"vol1", (char *)"vol3" };
	struct couche_requirement requirement = {
		.key = (char *)"storage.billyronks.io/volume", .op = COUCHE_SELECTOR_IN,
		.values = values, .nr_values = 2,
	};
	struct world world;

	world_init(&world);
	world.policy[0].selector = &requirement;
	world.policy[0].nr_selector = 1;
	assert_non_null(couche_policy_select(&world.policies, "tank", "vol3"));
	assert_null(couche_policy_select(&world.policies, "tank", "vol2"));
	requirement.op = COUCHE_SELECTOR_NOT_IN;
	assert_null(couche_policy_select(&world.policies, "tank", "vol3"));
	assert_non_null(couche_policy_select(&world.policies, "tank", "vol2"));
	requirement.key = (char *)"app";
	requirement.op = COUCHE_SELECTOR_EXISTS;
	assert_null(couche_policy_select(&world.policies, "tank", "vol2"));
	requirement.op = COUCHE_SELECTOR_DOES_NOT_EXIST;
	assert_non_null(couche_policy_select(&world.policies, "tank", "vol2"));
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
	for (int i = 0; i < COUCHE_NR_REASONS; i++) {
		assert_non_null(couche_reason_name((enum couche_reason)i));
		assert_non_null(couche_reason_sentence((enum couche_reason)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cold_volumes_go_down_with_their_generation),
		cmocka_unit_test(unknown_heat_never_moves_anything),
		cmocka_unit_test(a_volume_rests_for_its_cooldown),
		cmocka_unit_test(a_failure_backs_off),
		cmocka_unit_test(limits_hold_for_the_node_and_for_a_policy),
		cmocka_unit_test(running_migrations_count),
		cmocka_unit_test(the_hottest_goes_first_then_the_coldest),
		cmocka_unit_test(dry_run_and_stopping_move_nothing),
		cmocka_unit_test(small_volumes_are_not_erasure_coded),
		cmocka_unit_test(the_cold_tier_must_be_what_the_policy_names),
		cmocka_unit_test(a_tier_that_is_missing_or_full_is_refused),
		cmocka_unit_test(a_degraded_pool_moves_up_only),
		cmocka_unit_test(only_what_is_out_of_place_moves),
		cmocka_unit_test(the_first_policy_that_matches_counts),
		cmocka_unit_test(selectors_see_pool_and_volume_as_labels),
		cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
