// SPDX-License-Identifier: GPL-2.0-only
/* Footers: checksums come back only for the very shard they were made for. */
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
#include "footer.h"
#include "sample.h"

#define SEED 0xcafef00du

/* Shard 3 of an extent of 256 blocks in 4+2. */
static void sample_footer(struct couche_footer *f)
{
	memset(f, 0, sizeof(*f));
	memset(f->pool_uuid, 0x11, sizeof(f->pool_uuid));
	f->volume = 3;
	f->generation = 70000;
	f->extent = to_couche_extent(0x100000002ULL);
	f->group = to_couche_group(12);
	f->row = to_couche_row(650);
	f->shard = 3;
	f->k = 4;
	f->m = 2;
	f->rows = 65;
	f->footers = 1;
	f->extent_sectors = 2048;
	f->born = 66000;
}

static u32 *sample_crcs(unsigned int nr)
{
	u32 *crcs = calloc(nr, sizeof(*crcs));
	unsigned int i;

	assert_non_null(crcs);
	for (i = 0; i < nr; i++)
		crcs[i] = sample_random();
	return crcs;
}

static void test_round_trip(void **state)
{
	struct couche_footer f;
	const char *field = NULL;
	u32 *crcs = sample_crcs(64), *back = calloc(64, sizeof(*back));
	void *block = sample_block();

	sample_footer(&f);
	assert_int_equal(couche_footer_share(&f, 0), 64);
	couche_footer_encode(&f, 0, crcs, block, SEED);
	assert_int_equal(couche_footer_decode(block, &f, 0, SEED, back, &field), 0);
	assert_memory_equal(crcs, back, 64 * sizeof(*crcs));
	free(block);
	free(crcs);
	free(back);
}

static void test_long_shard_has_several_footers(void **state)
{
	const unsigned int data_rows = COUCHE_MAX_DATA_ROWS;
	struct couche_footer f;
	const char *field = NULL;
	u32 *crcs = sample_crcs(data_rows), *back = calloc(data_rows, sizeof(*back));
	void *block = sample_block();
	unsigned int n, total = 0;

	sample_footer(&f);
	f.k = 1;
	f.footers = couche_footer_blocks(data_rows);
	f.rows = data_rows + f.footers;
	assert_int_equal(f.footers, 17);
	for (n = 0; n < f.footers; n++) {
		total += couche_footer_share(&f, n);
		couche_footer_encode(&f, n, crcs, block, SEED);
		assert_int_equal(couche_footer_decode(block, &f, n, SEED,
						      back + n * COUCHE_FOOTER_CRCS, &field), 0);
		/* Each of them only in its own place. */
		assert_int_equal(couche_footer_decode(block, &f, (n + 1) % 17, SEED,
						      back, &field), -ESTALE);
		sample_assert_field("place", field, "first_crc");
	}
	assert_int_equal(total, data_rows);
	assert_memory_equal(crcs, back, data_rows * sizeof(*crcs));
	assert_int_equal(couche_footer_share(&f, n), 0);
	assert_int_equal(couche_footer_decode(block, &f, n, SEED, back, &field), -EINVAL);
	free(block);
	free(crcs);
	free(back);
}

static void test_blocks_of_footer(void **state)
{
	assert_int_equal(COUCHE_FOOTER_CRCS, 1000);
	assert_int_equal(couche_footer_blocks(1), 1);
	assert_int_equal(couche_footer_blocks(1000), 1);
	assert_int_equal(couche_footer_blocks(1001), 2);
	assert_int_equal(couche_footer_blocks(COUCHE_MAX_DATA_ROWS), COUCHE_MAX_FOOTERS);
}

static void test_fields_stand_where_the_format_says(void **state)
{
	struct couche_footer f;
	u32 *crcs = sample_crcs(64);
	u8 *block = sample_block();

	sample_footer(&f);
	crcs[63] = 0x04030201;
	couche_footer_encode(&f, 0, crcs, block, SEED);
	assert_memory_equal(block, "chft", 4);
	assert_memory_equal(block + 8, f.pool_uuid, 16);
	assert_int_equal(block[24], 3);			/* volume */
	assert_int_equal(block[28], 0x70);		/* generation 0x11170 */
	assert_int_equal(block[32], 2);			/* extent */
	assert_int_equal(block[36], 1);
	assert_int_equal(block[40], 12);		/* group */
	assert_int_equal(block[44], 0x8a);		/* row 0x28a */
	assert_int_equal(block[48], 3);			/* shard */
	assert_int_equal(block[49], 4);
	assert_int_equal(block[50], 2);
	assert_int_equal(block[52], 65);		/* rows */
	assert_int_equal(block[54], 1);			/* footers */
	assert_int_equal(block[60], 64);		/* nr_crcs */
	assert_int_equal(block[68], 0xd0);		/* born 0x101d0 */
	assert_int_equal(block[69], 1);
	assert_memory_equal(block + 96 + 63 * 4, "\1\2\3\4", 4);
	free(block);
	free(crcs);
}

#define SET(member, val) SAMPLE_SET(struct couche_footer, member, val)
static const struct sample_spoil others[] = {
	{ "pool", SET(pool_uuid[15], 0x12), "pool_uuid" },
	{ "volume", SET(volume, 4), "volume" },
	{ "older generation", SET(generation, 69999), "generation" },
	{ "newer generation", SET(generation, 70001), "generation" },
	{ "extent", SET(extent, 2), "extent:" },
	{ "group", SET(group, 13), "group" },
	{ "row", SET(row, 0), "row:" },
	{ "shard", SET(shard, 2), "shard" },
	{ "k", SET(k, 5), "k:" },
	{ "m", SET(m, 3), "m:" },
	{ "matrix", SET(matrix, 1), "matrix" },
	{ "rows", SET(rows, 66), "rows" },
	{ "footers", SET(footers, 2), "footers" },
	{ "extent size", SET(extent_sectors, 4096), "extent_sectors" },
};

/* I6: another identity or generation is a lost shard. */
static void test_other_shards_are_refused(void **state)
{
	u32 *crcs = sample_crcs(65), *back = calloc(65, sizeof(*back));
	void *block = sample_block();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		struct couche_footer f, other;
		const char *field = NULL;

		sample_footer(&f);
		other = f;
		sample_spoil(&other, &others[i]);
		couche_footer_encode(&other, 0, crcs, block, SEED);
		if (couche_footer_decode(block, &f, 0, SEED, back, &field) != -ESTALE)
			fail_msg("%s: taken", others[i].name);
		sample_assert_field(others[i].name, field, others[i].field);
		assert_int_equal(back[0], 0);
	}
	free(block);
	free(crcs);
	free(back);
}

static void test_every_flipped_bit_is_seen(void **state)
{
	struct couche_footer f;
	const char *field = NULL;
	u32 *crcs = sample_crcs(64), *back = calloc(64, sizeof(*back));
	u8 *block = sample_block();
	unsigned int i;

	sample_footer(&f);
	couche_footer_encode(&f, 0, crcs, block, SEED);
	for (i = 0; i < COUCHE_BLOCK_SIZE; i++) {
		block[i] ^= 1 << i % 8;
		assert_int_equal(couche_footer_decode(block, &f, 0, SEED, back, &field), -EILSEQ);
		block[i] ^= 1 << i % 8;
	}
	assert_int_equal(couche_footer_decode(block, &f, 0, SEED + 1, back, &field), -EILSEQ);
	assert_int_equal(back[0], 0);
	free(block);
	free(crcs);
	free(back);
}

/* Without a map: who is it? */
static void test_a_footer_says_who_it_is(void **state)
{
	u32 *crcs = sample_crcs(2500);
	void *block = sample_block();
	struct couche_footer f, back;
	const char *field = NULL;
	unsigned int n;

	sample_footer(&f);
	memset(&back, 0, sizeof(back));
	couche_footer_encode(&f, 0, crcs, block, SEED);
	assert_int_equal(couche_footer_identify(block, SEED, &back, &n, &field), 0);
	assert_int_equal(n, 0);
	assert_memory_equal(&f, &back, sizeof(f));
	assert_int_equal(couche_footer_identify(block, SEED + 1, &back, &n, &field), -EILSEQ);

	f.rows = 2503;
	f.footers = 3;
	couche_footer_encode(&f, 2, crcs, block, SEED);
	assert_int_equal(couche_footer_identify(block, SEED, &back, &n, &field), 0);
	assert_int_equal(n, 2);
	free(block);
	free(crcs);
}

static const struct sample_spoil senseless[] = {
	{ "volume", SET(volume, 0), "volume" },
	{ "extent", SET(extent, COUCHE_MAX_EXTENTS), "extent" },
	{ "group", SET(group, COUCHE_MAX_GROUPS), "group" },
	{ "row", SET(row, COUCHE_MAX_ROWS - 64), "row" },
	{ "k zero", SET(k, 0), "k" },
	{ "k + m", SET(k, 31), "k" },
	{ "matrix", SET(matrix, 2), "matrix" },
	{ "shard", SET(shard, 6), "shard" },
	{ "rows", SET(rows, 1), "rows" },
	{ "born", SET(born, 70001), "born" },
	{ "footers", SET(footers, 2), "rows" },
};

/* I7: a checksum that is right does not make the rest right. */
static void test_a_senseless_footer_is_refused(void **state)
{
	u32 *crcs = sample_crcs(20000);
	void *block = sample_block();
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(senseless); i++) {
		struct couche_footer f, back;
		const char *field = NULL;

		sample_footer(&f);
		sample_spoil(&f, &senseless[i]);
		couche_footer_encode(&f, 0, crcs, block, SEED);
		if (couche_footer_identify(block, SEED, &back, &n, &field) != -EINVAL)
			fail_msg("%s: taken", senseless[i].name);
		sample_assert_field(senseless[i].name, field, senseless[i].field);
	}
	free(block);
	free(crcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_long_shard_has_several_footers),
		cmocka_unit_test(test_blocks_of_footer),
		cmocka_unit_test(test_fields_stand_where_the_format_says),
		cmocka_unit_test(test_other_shards_are_refused),
		cmocka_unit_test(test_every_flipped_bit_is_seen),
		cmocka_unit_test(test_a_footer_says_who_it_is),
		cmocka_unit_test(test_a_senseless_footer_is_refused),
	};

	return cmocka_run_group_tests_name("footer", tests, NULL, NULL);
}
