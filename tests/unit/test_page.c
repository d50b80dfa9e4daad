// SPDX-License-Identifier: GPL-2.0-only
/* Map pages and the records in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "bounds.h"
#include "page.h"
#include "sample.h"

#define SEED 0x12345678u
#define NUMBER 99

static void *sealed_page(enum couche_page_type type, u32 volume, u32 index)
{
	void *block = sample_block();

	couche_page_init(block, type, volume, index, NUMBER);
	couche_page_seal(block, 1000, SEED);
	return block;
}

static void test_extents_round_trip(void **state)
{
	struct couche_place place[COUCHE_PAGE_EXTENTS], back;
	struct couche_page_head head;
	const char *field = NULL;
	void *block = sample_block();
	unsigned int i;

	couche_page_init(block, COUCHE_PAGE_MAP, 3, 17, NUMBER);
	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		sample_place(&place[i]);
		if (i % 7 == 0)
			memset(&place[i], 0, sizeof(place[i]));
		couche_page_set_extent(block, i, &place[i]);
	}
	couche_page_seal(block, 1000, SEED);

	assert_int_equal(couche_page_decode(block, NUMBER, SEED, &head, &field), 0);
	assert_int_equal(head.type, COUCHE_PAGE_MAP);
	assert_int_equal(head.volume, 3);
	assert_int_equal(head.index, 17);
	assert_int_equal(head.sequence, 1000);
	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		assert_int_equal(couche_page_get_extent(block, i, &back, &field), 0);
		assert_memory_equal(&back, &place[i], sizeof(back));
	}
	assert_int_equal(couche_page_get_extent(block, i, &back, &field), -EINVAL);
	assert_int_equal(couche_page_get_extent(block, ~0u, &back, &field), -EINVAL);
	free(block);
}

static void test_groups_round_trip(void **state)
{
	struct couche_group_desc group[COUCHE_PAGE_GROUPS], back;
	const char *field = NULL;
	void *block = sample_block();
	unsigned int i;

	couche_page_init(block, COUCHE_PAGE_GROUP, 0, 2, NUMBER);
	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		sample_group(&group[i]);
		if (i == 4)
			memset(&group[i], 0, sizeof(group[i]));
		couche_page_set_group(block, i, &group[i]);
	}
	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		assert_int_equal(couche_page_get_group(block, i, &back, &field), 0);
		assert_memory_equal(&back, &group[i], sizeof(back));
	}
	assert_int_equal(couche_page_get_group(block, i, &back, &field), -EINVAL);
	free(block);
}

static void test_volumes_round_trip(void **state)
{
	struct couche_volume_desc volume[COUCHE_PAGE_VOLUMES], back;
	const char *field = NULL;
	void *block = sample_block();
	unsigned int i;

	couche_page_init(block, COUCHE_PAGE_VOLUME, 0, 2, NUMBER);
	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		sample_volume(&volume[i]);
		if (i == 4)
			memset(&volume[i], 0, sizeof(volume[i]));
		couche_page_set_volume(block, i, &volume[i]);
	}
	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		assert_int_equal(couche_page_get_volume(block, i, &back, &field), 0);
		assert_memory_equal(&back, &volume[i], sizeof(back));
	}
	assert_int_equal(couche_page_get_volume(block, i, &back, &field), -EINVAL);
	free(block);
}

static void test_slots_round_trip(void **state)
{
	struct couche_stage_desc stage[COUCHE_PAGE_STAGES], back;
	const char *field = NULL;
	void *block = sample_block();
	unsigned int i;

	couche_page_init(block, COUCHE_PAGE_STAGE, 0, 2, NUMBER);
	for (i = 0; i < COUCHE_PAGE_STAGES; i++) {
		sample_stage(&stage[i]);
		if (i == 4)
			memset(&stage[i], 0, sizeof(stage[i]));
		couche_page_set_stage(block, i, &stage[i]);
	}
	for (i = 0; i < COUCHE_PAGE_STAGES; i++) {
		assert_int_equal(couche_page_get_stage(block, i, &back, &field), 0);
		assert_memory_equal(&back, &stage[i], sizeof(back));
	}
	assert_int_equal(couche_page_get_stage(block, i, &back, &field), -EINVAL);
	free(block);
}

static void test_fields_stand_where_the_format_says(void **state)
{
	struct couche_place place = {
		.group = to_couche_group(0x04030201), .row = to_couche_row(0x00070605),
		.generation = 0x0c0b0a09, .rows = 0x0e0d, .tier = 2, .flags = 3,
	};
	static const u8 bytes[] = { 1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 2, 3 };
	u8 *block = sample_block();

	couche_page_init(block, COUCHE_PAGE_MAP, 3, 17, NUMBER);
	couche_page_set_extent(block, 2, &place);
	assert_memory_equal(block, "chpg", 4);
	assert_int_equal(block[16], NUMBER);
	assert_int_equal(block[20], COUCHE_PAGE_MAP);
	assert_int_equal(block[24], 3);
	assert_int_equal(block[28], 17);
	assert_memory_equal(block + 64 + 32, bytes, sizeof(bytes));
	free(block);
}

static void test_every_flipped_bit_is_seen(void **state)
{
	struct couche_page_head head;
	const char *field = NULL;
	u8 *block = sealed_page(COUCHE_PAGE_FREE, 0, 0);
	unsigned int i;

	for (i = 0; i < COUCHE_BLOCK_SIZE; i++) {
		block[i] ^= 1 << i % 8;
		assert_int_equal(couche_page_decode(block, NUMBER, SEED, &head, &field),
				 i < 4 ? -ENODATA : -EILSEQ);
		block[i] ^= 1 << i % 8;
	}
	assert_int_equal(couche_page_decode(block, NUMBER, SEED, &head, &field), 0);
	free(block);
}

static void test_pages_of_other_pools_and_places(void **state)
{
	struct couche_page_head head;
	const char *field = NULL;
	u8 *block = sealed_page(COUCHE_PAGE_FREE, 0, 0);

	assert_int_equal(couche_page_decode(block, NUMBER, SEED + 1, &head, &field), -EILSEQ);
	assert_int_equal(couche_page_decode(block, NUMBER + 1, SEED, &head, &field), -EINVAL);
	sample_assert_field("number", field, "page number");
	memset(block, 0, COUCHE_BLOCK_SIZE);
	assert_int_equal(couche_page_decode(block, NUMBER, SEED, &head, &field), -ENODATA);
	free(block);
}

static void assert_head(int expected, u8 type, u32 volume, u32 index, u64 sequence,
			const char *starts)
{
	struct couche_page_head head;
	const char *field = NULL;
	void *block = sample_block();

	couche_page_init(block, type, volume, index, NUMBER);
	couche_page_seal(block, sequence, SEED);
	assert_int_equal(couche_page_decode(block, NUMBER, SEED, &head, &field), expected);
	if (expected)
		sample_assert_field(starts, field, starts);
	free(block);
}

static void test_unsound_heads_are_named(void **state)
{
	assert_head(-EINVAL, 5, 0, 0, 1, "page type");
	assert_head(-EINVAL, 255, 0, 0, 1, "page type");
	assert_head(-EINVAL, COUCHE_PAGE_MAP, 0, 0, 1, "volume id");
	assert_head(0, COUCHE_PAGE_MAP, 1, 0, 1, NULL);
	assert_head(0, COUCHE_PAGE_MAP, 1024, 0, 1, NULL);
	assert_head(-EINVAL, COUCHE_PAGE_MAP, 1025, 0, 1, "volume id");
	assert_head(-EINVAL, COUCHE_PAGE_GROUP, 1, 0, 1, "page volume");
	assert_head(-EINVAL, COUCHE_PAGE_FREE, 0, 1, 1, "page index");
	assert_head(0, COUCHE_PAGE_VOLUME, 0, 33, 1, NULL);
	assert_head(-EINVAL, COUCHE_PAGE_VOLUME, 0, 34, 1, "page index");
	assert_head(-EINVAL, COUCHE_PAGE_GROUP, 0, ~0u, 1, "page index");
	assert_head(-EINVAL, COUCHE_PAGE_MAP, 1, ~0u, 1, "page index");
	assert_head(-EINVAL, COUCHE_PAGE_FREE, 0, 0, ~0ULL, "page sequence");
}

#define PLACE(member, val) SAMPLE_SET(struct couche_place, member, val)
static const struct sample_spoil places[] = {
	{ "flags", PLACE(flags, 0x05), "extent flags: unknown" },
	{ "all flags", PLACE(flags, 0xff), "extent flags: unknown" },
	{ "open, not mapped", PLACE(flags, COUCHE_EXTENT_OPEN), "extent flags: not mapped" },
	{ "place, not mapped", PLACE(flags, 0), "extent flags: not mapped, but it has" },
	{ "tier", PLACE(tier, 3), "extent tier" },
	{ "group", PLACE(group, COUCHE_MAX_GROUPS), "extent group" },
	{ "no rows", PLACE(rows, 0), "extent rows" },
	{ "many rows", PLACE(rows, COUCHE_MAX_SHARD_ROWS + 1), "extent rows" },
	{ "row", PLACE(row, COUCHE_MAX_ROWS), "extent row:" },
	{ "row that wraps", PLACE(row, ~0u), "extent row:" },
};

static void test_unsound_places_are_named(void **state)
{
	void *block = sealed_page(COUCHE_PAGE_MAP, 1, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct couche_place place, back;
		const char *field = NULL;

		do {
			sample_place(&place);
		} while (!from_couche_group(place.group));
		sample_spoil(&place, &places[i]);
		couche_page_set_extent(block, 251, &place);
		assert_int_equal(couche_page_get_extent(block, 251, &back, &field), -EINVAL);
		sample_assert_field(places[i].name, field, places[i].field);
	}
	free(block);
}

static void test_rows_end_with_the_segment(void **state)
{
	void *block = sealed_page(COUCHE_PAGE_MAP, 1, 0);
	struct couche_place place = { .rows = 66, .flags = COUCHE_EXTENT_MAPPED }, back;
	const char *field = NULL;

	place.row = to_couche_row(COUCHE_MAX_ROWS - 66);
	couche_page_set_extent(block, 0, &place);
	assert_int_equal(couche_page_get_extent(block, 0, &back, &field), 0);
	place.row = to_couche_row(COUCHE_MAX_ROWS - 65);
	couche_page_set_extent(block, 0, &place);
	assert_int_equal(couche_page_get_extent(block, 0, &back, &field), -EINVAL);
	free(block);
}

static void test_unmapped_extent_keeps_its_generation(void **state)
{
	void *block = sealed_page(COUCHE_PAGE_MAP, 1, 0);
	struct couche_place place = { .generation = 9 }, back;
	const char *field = NULL;

	couche_page_set_extent(block, 0, &place);
	assert_int_equal(couche_page_get_extent(block, 0, &back, &field), 0);
	assert_memory_equal(&place, &back, sizeof(back));
	free(block);
}

#define GROUP(member, val) SAMPLE_SET(struct couche_disk_group, member, val)
static const struct sample_spoil groups[] = {
	{ "nr", GROUP(nr, 33), "group nr" },
	{ "nr of 255", GROUP(nr, 255), "group nr" },
	{ "k 0", GROUP(k, 0), "group k" },
	{ "k above nr", GROUP(k, 7), "group k" },
	{ "not restorable", GROUP(k, 1), "group matrix: cannot" },
	{ "tier", GROUP(tier, 3), "group tier" },
	{ "matrix", GROUP(matrix, 2), "group matrix: unknown" },
	{ "leg", GROUP(seg[0].leg, 64), "group leg: not within" },
	{ "leg far off", GROUP(seg[5].leg, ~0u), "group leg: not within" },
	{ "same leg", GROUP(seg[5].leg, 10), "group leg: used twice" },
	{ "segment", GROUP(seg[2].segment, COUCHE_MAX_SEGMENTS), "group segment" },
};

static void test_unsound_groups_are_named(void **state)
{
	struct couche_disk_page *d = sealed_page(COUCHE_PAGE_GROUP, 0, 0);
	struct couche_group_desc group = { .nr = 6, .k = 4 }, back;
	unsigned int i;

	for (i = 0; i < 6; i++)
		group.seg[i].leg = 10 + i;
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		const char *field = NULL;

		couche_page_set_group(d, 14, &group);
		sample_spoil(&d->group[14], &groups[i]);
		assert_int_equal(couche_page_get_group(d, 14, &back, &field), -EINVAL);
		sample_assert_field(groups[i].name, field, groups[i].field);
	}
	free(d);
}

/* A free record may hold anything; it reads as zeros. */
static void test_free_records_are_zero(void **state)
{
	struct couche_disk_page *d = sample_block();
	struct couche_group_desc group, no_group = { .nr = 0 };
	struct couche_volume_desc volume, no_volume = { .id = 0 };
	const char *field = NULL;

	d->group[3].nr = 0;
	assert_int_equal(couche_page_get_group(d, 3, &group, &field), 0);
	assert_memory_equal(&group, &no_group, sizeof(group));
	d->volumes[3].sectors = 0;
	assert_int_equal(couche_page_get_volume(d, 3, &volume, &field), 0);
	assert_memory_equal(&volume, &no_volume, sizeof(volume));
	free(d);
}

#define VOLUME(member, val) SAMPLE_SET(struct couche_disk_volume, member, val)
static const struct sample_spoil volumes[] = {
	{ "id 0", VOLUME(id, 0), "volume id" },
	{ "id", VOLUME(id, 1025), "volume id" },
	{ "flags", VOLUME(flags, 2), "volume flags" },
	{ "part of a block", VOLUME(sectors, 12),
	  "volume sectors: not a multiple" },
	{ "sectors", VOLUME(sectors, COUCHE_MAX_VOLUME_SECTORS + 8),
	  "volume sectors: more" },
	{ "all sectors", VOLUME(sectors, ~7ULL), "volume sectors: more" },
	{ "name", VOLUME(name[3], 0x7f), "volume name" },
};

static void test_unsound_volumes_are_named(void **state)
{
	struct couche_disk_page *d = sealed_page(COUCHE_PAGE_VOLUME, 0, 0);
	struct couche_volume_desc volume, back;
	const char *field = NULL;
	unsigned int i;

	sample_volume(&volume);
	for (i = 0; i < ARRAY_SIZE(volumes); i++) {
		couche_page_set_volume(d, 30, &volume);
		sample_spoil(&d->volumes[30], &volumes[i]);
		assert_int_equal(couche_page_get_volume(d, 30, &back, &field), -EINVAL);
		sample_assert_field(volumes[i].name, field, volumes[i].field);
	}
	couche_page_set_volume(d, 30, &volume);
	memset(d->volumes[30].name, 'a', COUCHE_NAME_SIZE);
	assert_int_equal(couche_page_get_volume(d, 30, &back, &field), -EINVAL);
	sample_assert_field("no NUL", field, "volume name");
	couche_page_set_volume(d, 30, &volume);
	memset(d->volumes[30].uuid, 0, COUCHE_UUID_SIZE);
	assert_int_equal(couche_page_get_volume(d, 30, &back, &field), -EINVAL);
	sample_assert_field("no uuid", field, "volume uuid");
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extents_round_trip),
		cmocka_unit_test(test_groups_round_trip),
		cmocka_unit_test(test_volumes_round_trip),
		cmocka_unit_test(test_slots_round_trip),
		cmocka_unit_test(test_fields_stand_where_the_format_says),
		cmocka_unit_test(test_every_flipped_bit_is_seen),
		cmocka_unit_test(test_pages_of_other_pools_and_places),
		cmocka_unit_test(test_unsound_heads_are_named),
		cmocka_unit_test(test_unsound_places_are_named),
		cmocka_unit_test(test_rows_end_with_the_segment),
		cmocka_unit_test(test_unmapped_extent_keeps_its_generation),
		cmocka_unit_test(test_unsound_groups_are_named),
		cmocka_unit_test(test_free_records_are_zero),
		cmocka_unit_test(test_unsound_volumes_are_named),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
