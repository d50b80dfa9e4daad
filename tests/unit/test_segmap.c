// SPDX-License-Identifier: GPL-2.0-only
/* Segments of a leg. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/errno.h>

#include "sample.h"
#include "segmap.h"

static void test_lowest_free_segment_first(void **state)
{
	struct couche_segmap s;
	u32 segment, i;

	assert_int_equal(couche_segmap_init(&s, 70), 0);
	for (i = 0; i < 70; i++) {
		assert_int_equal(couche_segmap_get(&s, &segment), 0);
		assert_int_equal(segment, i);
	}
	assert_int_equal(couche_segmap_get(&s, &segment), -ENOSPC);
	assert_int_equal(s.free, 0);
	assert_int_equal(couche_segmap_used(&s), 70);
	couche_segmap_put(&s, 65);
	couche_segmap_put(&s, 3);
	couche_segmap_put(&s, 40);
	assert_int_equal(s.free, 3);
	assert_int_equal(couche_segmap_get(&s, &segment), 0);
	assert_int_equal(segment, 3);
	assert_int_equal(couche_segmap_get(&s, &segment), 0);
	assert_int_equal(segment, 40);
	assert_int_equal(couche_segmap_get(&s, &segment), 0);
	assert_int_equal(segment, 65);
	couche_segmap_destroy(&s);
}

static void test_marked_segments_are_not_given(void **state)
{
	struct couche_segmap s;
	u32 segment;

	assert_int_equal(couche_segmap_init(&s, 4), 0);
	assert_int_equal(couche_segmap_mark(&s, 0), 0);
	assert_int_equal(couche_segmap_mark(&s, 2), 0);
	assert_int_equal(couche_segmap_mark(&s, 2), -EEXIST);
	assert_int_equal(couche_segmap_mark(&s, 4), -ERANGE);
	assert_int_equal(couche_segmap_mark(&s, ~0u), -ERANGE);
	assert_int_equal(s.free, 2);
	assert_int_equal(couche_segmap_get(&s, &segment), 0);
	assert_int_equal(segment, 1);
	assert_int_equal(couche_segmap_get(&s, &segment), 0);
	assert_int_equal(segment, 3);
	assert_int_equal(couche_segmap_get(&s, &segment), -ENOSPC);
	couche_segmap_destroy(&s);
}

static void test_leg_without_segments(void **state)
{
	struct couche_segmap s;
	u32 segment;

	assert_int_equal(couche_segmap_init(&s, 0), 0);
	assert_int_equal(couche_segmap_get(&s, &segment), -ENOSPC);
	assert_int_equal(couche_segmap_mark(&s, 0), -ERANGE);
	couche_segmap_destroy(&s);
	couche_segmap_destroy(&s);
}

static void test_random_use_agrees_with_a_model(void **state)
{
	struct couche_segmap s;
	bool model[129] = { false };
	u32 step, i, segment, lowest, free_nr;

	assert_int_equal(couche_segmap_init(&s, 129), 0);
	for (step = 0; step < 20000; step++) {
		i = sample_random() % 129;
		for (lowest = 0; lowest < 129 && model[lowest]; lowest++)
			;
		if (model[i]) {
			couche_segmap_put(&s, i);
			model[i] = false;
		} else if (sample_random() & 1) {
			assert_int_equal(couche_segmap_mark(&s, i), 0);
			model[i] = true;
		} else {
			assert_int_equal(couche_segmap_get(&s, &segment), 0);
			assert_int_equal(segment, lowest);
			model[segment] = true;
		}
		for (free_nr = 0, i = 0; i < 129; i++)
			free_nr += !model[i];
		assert_int_equal(s.free, free_nr);
	}
	couche_segmap_destroy(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lowest_free_segment_first),
		cmocka_unit_test(test_marked_segments_are_not_given),
		cmocka_unit_test(test_leg_without_segments),
		cmocka_unit_test(test_random_use_agrees_with_a_model),
	};

	return cmocka_run_group_tests_name("segmap", tests, NULL, NULL);
}
