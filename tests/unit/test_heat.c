// SPDX-License-Identifier: GPL-2.0-only
/* Heat: counts, halves with time, saturates, forgives clocks that disagree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/errno.h>

#include "heat.h"

static u32 cell_of(u32 reads, u32 writes, u32 now)
{
	u32 cell = 0;

	while (reads--)
		couche_heat_note(&cell, false, now);
	while (writes--)
		couche_heat_note(&cell, true, now);
	return cell;
}

static void assert_heat(u32 cell, u32 now, u32 reads, u32 writes)
{
	u32 r = ~0u, w = ~0u;

	couche_heat_read(cell, now, &r, &w);
	assert_int_equal(r, reads);
	assert_int_equal(w, writes);
}

static void test_reads_and_writes_count_apart(void **state)
{
	assert_heat(0, 0, 0, 0);
	assert_heat(0, 12345, 0, 0);
	assert_heat(cell_of(5, 0, 1), 1, 5, 0);
	assert_heat(cell_of(0, 3, 1), 1, 0, 3);
	assert_heat(cell_of(100, 70, 7), 7, 100, 70);
}

static void test_counts_halve_with_time(void **state)
{
	u32 cell = cell_of(1000, 40, 50);

	assert_heat(cell, 51, 500, 20);
	assert_heat(cell, 52, 250, 10);
	assert_heat(cell, 55, 31, 1);
	assert_heat(cell, 59, 1, 0);
	assert_heat(cell, 60, 0, 0);
	assert_heat(cell, 50 + 900, 0, 0);
}

static void test_noting_decays_first(void **state)
{
	u32 cell = cell_of(100, 10, 50);

	couche_heat_note(&cell, true, 52);
	assert_heat(cell, 52, 25, 3);
	couche_heat_note(&cell, false, 53);
	assert_heat(cell, 53, 13, 1);
}

/* Neither count runs over into the other. */
static void test_counts_saturate(void **state)
{
	u32 cell = cell_of(COUCHE_HEAT_MAX + 500, 1, 9);

	assert_heat(cell, 9, COUCHE_HEAT_MAX, 1);
	cell = cell_of(1, COUCHE_HEAT_MAX + 500, 9);
	assert_heat(cell, 9, 1, COUCHE_HEAT_MAX);
	cell = cell_of(COUCHE_HEAT_MAX + 1, COUCHE_HEAT_MAX + 1, 1023);
	assert_heat(cell, 1023, COUCHE_HEAT_MAX, COUCHE_HEAT_MAX);
	assert_heat(cell, 1024, COUCHE_HEAT_MAX / 2, COUCHE_HEAT_MAX / 2);
}

static void test_age_wraps_with_its_bits(void **state)
{
	u32 cell = cell_of(64, 0, 1023);

	assert_heat(cell, 1026, 8, 0);
	cell = cell_of(64, 0, 0xffffffff);
	assert_heat(cell, 1, 16, 0);
}

/* A CPU whose time is a little behind does not see an ancient cell. */
static void test_slow_clocks_do_not_erase(void **state)
{
	u32 cell = cell_of(64, 5, 100);

	assert_heat(cell, 99, 64, 5);
	couche_heat_note(&cell, false, 99);
	assert_heat(cell, 99, 65, 5);
}

/* Two accesses per half-life settle: 2, 1 + 2, 1 + 2, ... */
static void test_steady_access_settles(void **state)
{
	u32 cell = 0, now;

	for (now = 0; now < 5000; now++) {
		couche_heat_note(&cell, false, now);
		couche_heat_note(&cell, false, now);
	}
	assert_heat(cell, now - 1, 3, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_and_writes_count_apart),
		cmocka_unit_test(test_counts_halve_with_time),
		cmocka_unit_test(test_noting_decays_first),
		cmocka_unit_test(test_counts_saturate),
		cmocka_unit_test(test_age_wraps_with_its_bits),
		cmocka_unit_test(test_slow_clocks_do_not_erase),
		cmocka_unit_test(test_steady_access_settles),
	};

	return cmocka_run_group_tests_name("heat", tests, NULL, NULL);
}
