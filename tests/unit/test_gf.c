// SPDX-License-Identifier: GPL-2.0-only
/* The field and the matrices against their definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "gf.h"
#include "matrix.h"

/* Schoolbook: multiply as polynomials, then divide by 0x11d. */
static u8 mul_by_definition(u8 a, u8 b)
{
	unsigned int product = 0, bit;

	for (bit = 0; bit < 8; bit++)
		if (b >> bit & 1)
			product ^= (unsigned int)a << bit;
	for (bit = 14; bit >= 8; bit--)
		if (product >> bit & 1)
			product ^= 0x11dU << (bit - 8);
	return product;
}

static void test_mul_is_by_definition(void **state)
{
	unsigned int a, b;

	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++)
			assert_int_equal(couche_gf_mul(a, b),
					 mul_by_definition(a, b));
}

static void test_inverse_times_itself_is_one(void **state)
{
	unsigned int a;

	assert_int_equal(couche_gf_inv(0), 0);
	for (a = 1; a < 256; a++)
		assert_int_equal(mul_by_definition(a, couche_gf_inv(a)), 1);
}

/* What GF2P8AFFINEQB computes, from Intel's manual. */
static u8 affine_apply(u64 matrix, u8 x)
{
	unsigned int i;
	u8 result = 0;

	for (i = 0; i < 8; i++) {
		u8 row = matrix >> (8 * (7 - i));

		result |= __builtin_parity(row & x) << i;
	}
	return result;
}

static void test_affine_matrix_multiplies(void **state)
{
	unsigned int c, x;

	for (c = 0; c < 256; c++)
		for (x = 0; x < 256; x++)
			assert_int_equal(affine_apply(couche_gf_affine(c), x),
					 mul_by_definition(c, x));
}

static void test_nibble_tables_multiply(void **state)
{
	u8 table[COUCHE_GF_NIBBLES];
	unsigned int c, x;

	for (c = 0; c < 256; c++) {
		couche_gf_nibbles(c, table);
		for (x = 0; x < 256; x++)
			assert_int_equal(table[x & 15] ^ table[16 + (x >> 4)],
					 mul_by_definition(c, x));
	}
}

static void test_inverse_matrix_times_itself_is_identity(void **state)
{
	u8 a[16 * 16], copy[16 * 16], inverse[16 * 16];
	unsigned int round, i, j, l, n, regular = 0;

	srandom(2);
	for (round = 0; round < 200; round++) {
		n = 1 + random() % 16;
		for (i = 0; i < n * n; i++)
			a[i] = random() % 4 ? random() : 0;
		memcpy(copy, a, n * n);
		if (couche_matrix_invert(copy, inverse, n))
			continue;
		regular++;
		for (i = 0; i < n; i++) {
			for (j = 0; j < n; j++) {
				u8 sum = 0;

				for (l = 0; l < n; l++)
					sum ^= mul_by_definition(a[i * n + l],
								 inverse[l * n + j]);
				assert_int_equal(sum, i == j);
			}
		}
	}
	assert_true(regular > 100);
}

static void test_singular_matrix_is_refused(void **state)
{
	u8 a[9] = { 1, 2, 3, 4, 5, 6, 1 ^ 4, 2 ^ 5, 3 ^ 6 }, inverse[9];
	u8 zero[4] = {};

	assert_int_equal(couche_matrix_invert(a, inverse, 3), -EDOM);
	assert_int_equal(couche_matrix_invert(zero, inverse, 2), -EDOM);
}

/* The determinant of the rows and columns in two sets of equal size, is it 0? */
static bool minor_is_singular(const u8 *rows, unsigned int k, u32 row_set,
			      u32 col_set)
{
	u8 a[16], inverse[16];
	unsigned int n = 0;
	u32 r, c;

	for (r = row_set; r; r &= r - 1)
		for (c = col_set; c; c &= c - 1)
			a[n++] = rows[__builtin_ctz(r) * k + __builtin_ctz(c)];
	return couche_matrix_invert(a, inverse, __builtin_popcount(row_set));
}

/* The next larger number with as many bits set. */
static u32 next_set(u32 set)
{
	u32 low = set & -set, carry = set + low;

	return carry | ((set ^ carry) >> (2 + __builtin_ctz(set)));
}

/* A code is MDS if and only if no square part of its parity is singular. */
static bool matrix_is_mds(unsigned int k, unsigned int m)
{
	u8 rows[4 * COUCHE_MATRIX_MAX_SHARDS];
	u32 row_set, col_set;

	couche_matrix_parity(rows, k, m, COUCHE_MATRIX_VANDERMONDE);
	for (row_set = 1; row_set < 1U << m; row_set++) {
		unsigned int n = __builtin_popcount(row_set);

		if (n > k)
			continue;
		for (col_set = (1U << n) - 1; col_set < 1U << k;
		     col_set = next_set(col_set))
			if (minor_is_singular(rows, k, row_set, col_set))
				return false;
	}
	return true;
}

/* A part of a matrix that is MDS is MDS: the largest stand for all. */
static void test_allowed_vandermonde_is_mds(void **state)
{
	assert_true(matrix_is_mds(21, 4));
	assert_true(matrix_is_mds(29, 3));
}

static void test_vandermonde_22_4_is_not_mds(void **state)
{
	assert_false(matrix_is_mds(22, 4));
	assert_int_equal(couche_codec_check(22, 4, COUCHE_MATRIX_VANDERMONDE),
			 -EDOM);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mul_is_by_definition),
		cmocka_unit_test(test_inverse_times_itself_is_one),
		cmocka_unit_test(test_affine_matrix_multiplies),
		cmocka_unit_test(test_nibble_tables_multiply),
		cmocka_unit_test(test_inverse_matrix_times_itself_is_identity),
		cmocka_unit_test(test_singular_matrix_is_refused),
		cmocka_unit_test(test_allowed_vandermonde_is_mds),
		cmocka_unit_test(test_vandermonde_22_4_is_not_mds),
	};

	return cmocka_run_group_tests_name("gf", tests, NULL, NULL);
}
