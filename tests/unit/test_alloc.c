// SPDX-License-Identifier: GPL-2.0-only
/* Rows of a group, against a model of one byte per row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/errno.h>

#include "alloc.h"
#include "sample.h"

static void test_rows_are_given_side_by_side(void **state)
{
	struct couche_alloc a;
	couche_row_t row;

	assert_int_equal(couche_alloc_init(&a, 200), 0);
	assert_int_equal(couche_alloc_get(&a, 65, &row), 0);
	assert_int_equal(from_couche_row(row), 0);
	assert_int_equal(couche_alloc_get(&a, 65, &row), 0);
	assert_int_equal(from_couche_row(row), 65);
	assert_int_equal(couche_alloc_get(&a, 65, &row), 0);
	assert_int_equal(from_couche_row(row), 130);
	assert_int_equal(a.free, 5);
	assert_int_equal(couche_alloc_get(&a, 65, &row), -ENOSPC);
	assert_int_equal(couche_alloc_get(&a, 6, &row), -ENOSPC);
	assert_int_equal(couche_alloc_get(&a, 5, &row), 0);
	assert_int_equal(from_couche_row(row), 195);
	assert_int_equal(couche_alloc_get(&a, 1, &row), -ENOSPC);
	couche_alloc_destroy(&a);
}

/* Next-fit: a hole behind the hint is taken only after the end was reached. */
static void test_holes_wait_for_the_next_round(void **state)
{
	struct couche_alloc a;
	couche_row_t row;

	assert_int_equal(couche_alloc_init(&a, 40), 0);
	assert_int_equal(couche_alloc_get(&a, 10, &row), 0);
	assert_int_equal(couche_alloc_get(&a, 10, &row), 0);
	couche_alloc_put(&a, to_couche_row(0), 10);
	assert_int_equal(a.free, 30);
	assert_int_equal(couche_alloc_get(&a, 10, &row), 0);
	assert_int_equal(from_couche_row(row), 20);
	assert_int_equal(couche_alloc_get(&a, 10, &row), 0);
	assert_int_equal(from_couche_row(row), 30);
	assert_int_equal(couche_alloc_get(&a, 10, &row), 0);
	assert_int_equal(from_couche_row(row), 0);
	assert_int_equal(a.free, 0);
	couche_alloc_destroy(&a);
}

static void test_free_but_scattered_is_no_space(void **state)
{
	struct couche_alloc a;
	couche_row_t row;
	u32 i;

	assert_int_equal(couche_alloc_init(&a, 64), 0);
	for (i = 0; i < 64; i += 2)
		assert_int_equal(couche_alloc_mark(&a, to_couche_row(i), 1), 0);
	assert_int_equal(a.free, 32);
	assert_int_equal(couche_alloc_get(&a, 2, &row), -ENOSPC);
	assert_int_equal(couche_alloc_get(&a, 1, &row), 0);
	assert_int_equal(from_couche_row(row), 1);
	couche_alloc_destroy(&a);
}

static void test_marking(void **state)
{
	struct couche_alloc a;

	assert_int_equal(couche_alloc_init(&a, 100), 0);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(10), 10), 0);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(10), 10), -EEXIST);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(1), 10), -EEXIST);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(19), 1), -EEXIST);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(0), 100), -EEXIST);
	assert_int_equal(a.free, 90);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(0), 10), 0);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(20), 80), 0);
	assert_int_equal(a.free, 0);
	couche_alloc_destroy(&a);
}

static void test_rows_beyond_the_group(void **state)
{
	struct couche_alloc a;
	couche_row_t row;

	assert_int_equal(couche_alloc_init(&a, 0), -EINVAL);
	assert_int_equal(couche_alloc_init(&a, 100), 0);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(100), 1), -ERANGE);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(99), 2), -ERANGE);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(99), ~0u), -ERANGE);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(~0u), 2), -ERANGE);
	assert_int_equal(couche_alloc_mark(&a, to_couche_row(0), 0), -ERANGE);
	assert_int_equal(couche_alloc_get(&a, 0, &row), -EINVAL);
	assert_int_equal(couche_alloc_get(&a, 101, &row), -ENOSPC);
	assert_int_equal(couche_alloc_get(&a, ~0u, &row), -ENOSPC);
	assert_int_equal(a.free, 100);
	couche_alloc_destroy(&a);
}

#define ROWS 1000

static u32 model_free(const u8 *model)
{
	u32 i, nr = 0;

	for (i = 0; i < ROWS; i++)
		nr += !model[i];
	return nr;
}

static u32 model_longest(const u8 *model)
{
	u32 i, run = 0, longest = 0;

	for (i = 0; i < ROWS; i++) {
		run = model[i] ? 0 : run + 1;
		if (run > longest)
			longest = run;
	}
	return longest;
}

static void test_random_use_agrees_with_a_model(void **state)
{
	static u8 model[ROWS];
	struct { u32 row, rows; } taken[ROWS];
	unsigned int nr = 0, step, i;
	struct couche_alloc a;
	couche_row_t row;

	assert_int_equal(couche_alloc_init(&a, ROWS), 0);
	for (step = 0; step < 20000; step++) {
		u32 rows = 1 + sample_random() % 40;

		if (nr && sample_random() % 100 < 48) {
			i = sample_random() % nr;
			couche_alloc_put(&a, to_couche_row(taken[i].row), taken[i].rows);
			memset(model + taken[i].row, 0, taken[i].rows);
			taken[i] = taken[--nr];
		} else if (couche_alloc_get(&a, rows, &row)) {
			assert_true(model_longest(model) < rows);
		} else {
			u32 first = from_couche_row(row);

			assert_true(first + rows <= ROWS);
			for (i = first; i < first + rows; i++)
				assert_int_equal(model[i], 0);
			memset(model + first, 1, rows);
			taken[nr].row = first;
			taken[nr++].rows = rows;
		}
		assert_int_equal(a.free, model_free(model));
	}
	couche_alloc_destroy(&a);
	couche_alloc_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_given_side_by_side),
		cmocka_unit_test(test_holes_wait_for_the_next_round),
		cmocka_unit_test(test_free_but_scattered_is_no_space),
		cmocka_unit_test(test_marking),
		cmocka_unit_test(test_rows_beyond_the_group),
		cmocka_unit_test(test_random_use_agrees_with_a_model),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
