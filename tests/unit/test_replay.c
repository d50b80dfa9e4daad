// SPDX-License-Identifier: GPL-2.0-only
/* By which rules the map is put together from pages and records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/kernel.h>
#include <string.h>

#include "kernel/core/bounds.h"
#include "kernel/core/replay.h"

static void test_a_page_needs_its_volume(void **state)
{
	assert_int_equal(couche_replay_map_page(0, 0, false), COUCHE_REPLAY_REMOVE);
	assert_int_equal(couche_replay_map_page(1, 0, false), COUCHE_REPLAY_SET);
	assert_int_equal(couche_replay_map_page(COUCHE_PAGE_EXTENTS, 0, false),
			 COUCHE_REPLAY_SET);
	assert_int_equal(couche_replay_map_page(COUCHE_PAGE_EXTENTS + 1, 1, false),
			 COUCHE_REPLAY_SET);
}

/* The id was used again, then a checkpoint was cut. */
static void test_a_page_that_does_not_fit_is_in_doubt(void **state)
{
	assert_int_equal(couche_replay_map_page(COUCHE_PAGE_EXTENTS, 1, false),
			 COUCHE_REPLAY_DOUBT);
	assert_int_equal(couche_replay_map_page(COUCHE_PAGE_EXTENTS, 0, true),
			 COUCHE_REPLAY_DOUBT);
	assert_int_equal(couche_replay_map_page(COUCHE_MAX_EXTENTS, UINT32_MAX, false),
			 COUCHE_REPLAY_DOUBT);
}

static void test_an_extent_is_within_its_volume(void **state)
{
	assert_int_equal(couche_replay_extent(0, to_couche_extent(0)), COUCHE_REPLAY_KEEP);
	assert_int_equal(couche_replay_extent(5, to_couche_extent(4)), COUCHE_REPLAY_SET);
	assert_int_equal(couche_replay_extent(5, to_couche_extent(5)), COUCHE_REPLAY_KEEP);
}

static void test_groups_come_go_and_change(void **state)
{
	const struct couche_group_desc none = {}, one = { .nr = 6, .k = 4 };
	struct couche_group_desc other = one;

	other.seg[3].segment = 1;
	assert_int_equal(couche_replay_group(NULL, &one), COUCHE_REPLAY_SET);
	assert_int_equal(couche_replay_group(&one, &one), COUCHE_REPLAY_KEEP);
	assert_int_equal(couche_replay_group(&one, &other), COUCHE_REPLAY_SET);
	assert_int_equal(couche_replay_group(&one, &none), COUCHE_REPLAY_REMOVE);
	assert_int_equal(couche_replay_group(NULL, &none), COUCHE_REPLAY_KEEP);
}

/* The profile's, and while that is being changed the one before; no more. */
static void test_a_tier_has_two_shapes(void **state)
{
	const struct couche_profile p = { .k = 4, .m = 2, .matrix = 0, .csum = 1 };
	const struct couche_group_desc same = { .nr = 6, .k = 4 }, before = { .nr = 5, .k = 3 };
	const struct couche_group_desc more[] = {
		{ .nr = 5, .k = 4 }, { .nr = 6, .k = 3 }, { .nr = 5, .k = 3, .matrix = 1 },
	};
	struct couche_replay_shape other = {};
	unsigned int i;

	assert_false(couche_replay_third_shape(&other, &p, &same));
	assert_false(couche_replay_third_shape(&other, &p, &before));
	for (i = 0; i < ARRAY_SIZE(more); i++)
		assert_true(couche_replay_third_shape(&other, &p, &more[i]));
	assert_false(couche_replay_third_shape(&other, &p, &before));
	assert_false(couche_replay_third_shape(&other, &p, &same));
	memset(&other, 0, sizeof(other));
	assert_false(couche_replay_third_shape(&other, &p, &more[2]));
	assert_true(couche_replay_third_shape(&other, &p, &before));
}

static void test_volumes_come_go_and_grow(void **state)
{
	const struct couche_volume_desc none = {}, small = { .id = 1, .sectors = 8 },
					large = { .id = 1, .sectors = 16 };

	assert_int_equal(couche_replay_volume(NULL, &small), COUCHE_REPLAY_SET);
	assert_int_equal(couche_replay_volume(&small, &large), COUCHE_REPLAY_SET);
	assert_int_equal(couche_replay_volume(&large, &small), COUCHE_REPLAY_KEEP);
	assert_int_equal(couche_replay_volume(&small, &none), COUCHE_REPLAY_REMOVE);
	assert_int_equal(couche_replay_volume(NULL, &none), COUCHE_REPLAY_KEEP);
}

static void test_places_have_bounds(void **state)
{
	struct couche_place place = {
		.group = to_couche_group(9), .row = to_couche_row(99),
		.flags = COUCHE_EXTENT_MAPPED,
	};

	assert_null(couche_replay_place_error(&place, 10, 100));
	assert_string_equal(couche_replay_place_error(&place, 9, 100), "group: out of range");
	assert_string_equal(couche_replay_place_error(&place, 10, 99),
			    "row: beyond the end of its segment");
	place.flags = 0;
	assert_null(couche_replay_place_error(&place, 0, 0));
}

static void test_groups_are_as_many_as_the_map_can_hold(void **state)
{
	assert_int_equal(couche_replay_max_groups(3), 3 * COUCHE_PAGE_GROUPS);
	assert_int_equal(couche_replay_max_groups(UINT32_MAX), COUCHE_MAX_GROUP_NUMBER / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_needs_its_volume),
		cmocka_unit_test(test_a_page_that_does_not_fit_is_in_doubt),
		cmocka_unit_test(test_an_extent_is_within_its_volume),
		cmocka_unit_test(test_groups_come_go_and_change),
		cmocka_unit_test(test_a_tier_has_two_shapes),
		cmocka_unit_test(test_volumes_come_go_and_grow),
		cmocka_unit_test(test_places_have_bounds),
		cmocka_unit_test(test_groups_are_as_many_as_the_map_can_hold),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
