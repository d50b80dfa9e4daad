// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/decide/classify.h"

static const struct couche_watermarks marks = { .high = 5000, .warm = 2000, .low = 500 };
static const struct couche_watermarks no_warm = { .high = 5000, .warm = 0, .low = 500 };

static struct couche_heat known(double iops)
{
	return (struct couche_heat){ .state = COUCHE_HEAT_KNOWN, .iops = iops };
}

static enum couche_class class_of(double iops)
{
	struct couche_heat heat = known(iops);

	return couche_classify(&heat, &marks);
}

static enum couche_class target(double iops, enum couche_class current)
{
	struct couche_heat heat = known(iops);

	return couche_classify_target(&heat, &marks, current, true);
}

static void class_changes_beyond_the_watermarks_only(void **state)
{
	assert_int_equal(class_of(5000.1), COUCHE_CLASS_HOT);
	assert_int_equal(class_of(5000), COUCHE_CLASS_WARM);
	assert_int_equal(class_of(2000), COUCHE_CLASS_WARM);
	assert_int_equal(class_of(500), COUCHE_CLASS_WARM);
	assert_int_equal(class_of(499.9), COUCHE_CLASS_COLD);
	assert_int_equal(class_of(0), COUCHE_CLASS_COLD);
}

static void unknown_heat_has_no_class_and_no_target(void **state)
{
	for (int s = COUCHE_HEAT_MISSING; s < COUCHE_NR_HEAT_STATES; s++) {
		for (int current = COUCHE_CLASS_HOT; current <= COUCHE_CLASS_UNKNOWN; current++) {
			/* even if a number is there */
			struct couche_heat heat = { (enum couche_heat_state)s, 0 };

			assert_int_equal(couche_classify(&heat, &marks), COUCHE_CLASS_UNKNOWN);
			assert_int_equal(couche_classify_target(&heat, &marks,
								(enum couche_class)current, true),
					 COUCHE_CLASS_UNKNOWN);
			assert_int_equal(couche_classify_target(&heat, &no_warm,
								(enum couche_class)current, false),
					 COUCHE_CLASS_UNKNOWN);
		}
	}
}

static void nonsense_that_claims_to_be_known_is_unknown(void **state)
{
	assert_int_equal(class_of(NAN), COUCHE_CLASS_UNKNOWN);
	assert_int_equal(class_of(-1), COUCHE_CLASS_UNKNOWN);
	assert_int_equal(class_of(-INFINITY), COUCHE_CLASS_UNKNOWN);
}

static void hysteresis_keeps_a_volume_between_its_watermarks(void **state)
{
	/* hot goes down below warm only */
	assert_int_equal(target(4000, COUCHE_CLASS_HOT), COUCHE_CLASS_HOT);
	assert_int_equal(target(2000, COUCHE_CLASS_HOT), COUCHE_CLASS_HOT);
	assert_int_equal(target(1999, COUCHE_CLASS_HOT), COUCHE_CLASS_WARM);
	/* cold goes up at warm only */
	assert_int_equal(target(600, COUCHE_CLASS_COLD), COUCHE_CLASS_COLD);
	assert_int_equal(target(1999, COUCHE_CLASS_COLD), COUCHE_CLASS_COLD);
	assert_int_equal(target(2000, COUCHE_CLASS_COLD), COUCHE_CLASS_WARM);
	/* warm stays in the whole band */
	assert_int_equal(target(500, COUCHE_CLASS_WARM), COUCHE_CLASS_WARM);
	assert_int_equal(target(5000, COUCHE_CLASS_WARM), COUCHE_CLASS_WARM);
}

static void beyond_the_outer_watermarks_history_does_not_matter(void **state)
{
	for (int current = COUCHE_CLASS_HOT; current <= COUCHE_CLASS_UNKNOWN; current++) {
		assert_int_equal(target(6000, (enum couche_class)current), COUCHE_CLASS_HOT);
		assert_int_equal(target(1, (enum couche_class)current), COUCHE_CLASS_COLD);
	}
}

static void without_a_warm_tier_the_band_moves_nothing(void **state)
{
	struct couche_heat heat = known(1000);

	for (int current = COUCHE_CLASS_HOT; current <= COUCHE_CLASS_UNKNOWN; current++) {
		enum couche_class where = (enum couche_class)current;

		assert_int_equal(couche_classify_target(&heat, &no_warm, where, true), where);
		assert_int_equal(couche_classify_target(&heat, &marks, where, false), where);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(class_changes_beyond_the_watermarks_only),
		cmocka_unit_test(unknown_heat_has_no_class_and_no_target),
		cmocka_unit_test(nonsense_that_claims_to_be_known_is_unknown),
		cmocka_unit_test(hysteresis_keeps_a_volume_between_its_watermarks),
		cmocka_unit_test(beyond_the_outer_watermarks_history_does_not_matter),
		cmocka_unit_test(without_a_warm_tier_the_band_moves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
