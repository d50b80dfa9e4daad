// SPDX-License-Identifier: GPL-2.0-only
/* Geometry: every sector of an extent in one place, for every profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "bounds.h"
#include "geometry.h"

static const u32 extents[] = { 128, 256, 2048, 16384, 131072 };

static void test_known_geometries(void **state)
{
	static const struct {
		u8 k, m, csum;
		u32 extent_sectors;
		u16 data_rows, footers;
	} known[] = {
		{ 1, 0, 0, 2048, 256, 0 },
		{ 1, 2, 0, 128, 16, 0 },
		{ 4, 2, 1, 2048, 64, 1 },
		{ 10, 4, 1, 2048, 26, 1 },
		{ 3, 1, 1, 2048, 86, 1 },
		{ 32, 0, 1, 128, 1, 1 },
		{ 1, 2, 1, 131072, 16384, 17 },
		{ 4, 2, 1, 131072, 4096, 5 },
	};
	struct couche_geometry geo;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		struct couche_profile p = {
			.k = known[i].k, .m = known[i].m, .csum = known[i].csum,
		};

		couche_geometry_init(&geo, &p, known[i].extent_sectors);
		assert_int_equal(geo.k, known[i].k);
		assert_int_equal(geo.m, known[i].m);
		assert_int_equal(geo.data_rows, known[i].data_rows);
		assert_int_equal(geo.footers, known[i].footers);
		assert_int_equal(geo.rows, known[i].data_rows + known[i].footers);
	}
}

/* Blocks follow one another in a shard, then in the next one. */
static void test_blocks_have_one_place_each(void **state)
{
	unsigned int k, e, block, shard;
	u32 row;

	for (k = 1; k <= 32; k++) {
		for (e = 0; e < 3; e++) {
			struct couche_profile p = { .k = k, .csum = 1 };
			struct couche_geometry geo;
			unsigned int next_shard = 0, next_row = 0;

			couche_geometry_init(&geo, &p, extents[e]);
			for (block = 0; block < extents[e] / 8; block++) {
				couche_geometry_locate(&geo, block, &shard, &row);
				assert_int_equal(shard, next_shard);
				assert_int_equal(row, next_row);
				assert_true(shard < k);
				if (++next_row == geo.data_rows) {
					next_row = 0;
					next_shard++;
				}
			}
		}
	}
}

static void check_range(const struct couche_geometry *geo, u32 offset, u32 len)
{
	u32 at = offset, left = len, sum = 0;
	u32 shard_sectors = geo->data_rows * 8u;
	struct couche_piece piece;
	int last = -1;

	while (couche_geometry_next_piece(geo, &at, &left, &piece)) {
		assert_true(piece.sectors > 0);
		assert_true(piece.shard > last || last < 0);
		assert_true(piece.shard < geo->k);
		assert_true(piece.sector + piece.sectors <= shard_sectors);
		/* the piece is what the extent has there */
		assert_int_equal(piece.shard * shard_sectors + piece.sector, offset + sum);
		sum += piece.sectors;
		assert_int_equal(at, offset + sum);
		assert_int_equal(left, len - sum);
		last = piece.shard;
	}
	assert_int_equal(sum, len);
}

static void test_pieces_cover_every_range(void **state)
{
	unsigned int k, offset, len;

	for (k = 1; k <= 17; k++) {
		struct couche_profile p = { .k = k, .csum = 1 };
		struct couche_geometry geo;

		couche_geometry_init(&geo, &p, 128);
		for (offset = 0; offset < 128; offset++) {
			for (len = 0; len <= 128 - offset; len++)
				check_range(&geo, offset, len);
		}
		couche_geometry_init(&geo, &p, 131072);
		check_range(&geo, 0, 131072);
		check_range(&geo, 65533, 31);
	}
}

static void test_nothing_exceeds_the_bounds(void **state)
{
	unsigned int k, e;

	for (k = 1; k <= 32; k++) {
		for (e = 0; e < ARRAY_SIZE(extents); e++) {
			struct couche_profile p = { .k = k, .csum = 1 };
			struct couche_geometry geo;

			couche_geometry_init(&geo, &p, extents[e]);
			assert_true(geo.rows <= COUCHE_MAX_SHARD_ROWS);
			assert_true(geo.footers <= COUCHE_MAX_FOOTERS);
			assert_true((u32)geo.data_rows * k * 8 >= extents[e]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_geometries),
		cmocka_unit_test(test_blocks_have_one_place_each),
		cmocka_unit_test(test_pieces_cover_every_range),
		cmocka_unit_test(test_nothing_exceeds_the_bounds),
	};

	return cmocka_run_group_tests_name("geometry", tests, NULL, NULL);
}
