// SPDX-License-Identifier: GPL-2.0-only
/* Journal blocks: records in, records out; anything else ends the log. */
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

#include "block.h"
#include "bounds.h"
#include "journal.h"
#include "sample.h"

#define SEED 0xfeedbeefu
#define SEQUENCE 0x100000001ULL
#define POSITION 42

static int decode(const void *block, const char **field)
{
	bool commit;

	*field = NULL;
	return couche_journal_decode(block, SEQUENCE, POSITION, SEED, &commit, field);
}

static void seal(void *block)
{
	couche_journal_seal(block, SEQUENCE, POSITION, true, SEED);
}

static void test_records_round_trip(void **state)
{
	struct couche_place place;
	struct couche_group_desc group;
	struct couche_volume_desc volume, removed = { .id = 0 };
	struct couche_stage_desc stage;
	struct couche_record rec;
	unsigned int cursor = 0;
	const char *field = NULL;
	void *block = sample_block();
	bool commit = false;

	sample_place(&place);
	sample_group(&group);
	sample_volume(&volume);
	sample_stage(&stage);
	couche_journal_begin(block);
	assert_int_equal(couche_journal_bytes(block), 0);
	assert_true(couche_journal_add_extent(block, 7, to_couche_extent(123456), &place));
	assert_int_equal(couche_journal_bytes(block), 32);
	assert_true(couche_journal_add_group(block, to_couche_group(9), &group));
	assert_true(couche_journal_add_volume(block, volume.id, &volume));
	assert_true(couche_journal_add_volume(block, 5, &removed));
	assert_true(couche_journal_add_stage(block, 77, &stage));
	assert_int_equal(couche_journal_bytes(block), 32 + 272 + 136 + 136 + 40);
	seal(block);

	assert_int_equal(couche_journal_decode(block, SEQUENCE, POSITION, SEED,
					       &commit, &field), 0);
	assert_true(commit);
	assert_int_equal(couche_journal_next(block, &cursor, &rec, &field), 1);
	assert_int_equal(rec.type, COUCHE_RECORD_EXTENT);
	assert_int_equal(rec.id, 7);
	assert_int_equal(from_couche_extent(rec.extent), 123456);
	assert_memory_equal(&rec.place, &place, sizeof(place));
	assert_int_equal(couche_journal_next(block, &cursor, &rec, &field), 1);
	assert_int_equal(rec.type, COUCHE_RECORD_GROUP);
	assert_int_equal(rec.id, 9);
	assert_memory_equal(&rec.group, &group, sizeof(group));
	assert_int_equal(couche_journal_next(block, &cursor, &rec, &field), 1);
	assert_int_equal(rec.type, COUCHE_RECORD_VOLUME);
	assert_int_equal(rec.id, volume.id);
	assert_memory_equal(&rec.volume, &volume, sizeof(volume));
	assert_int_equal(couche_journal_next(block, &cursor, &rec, &field), 1);
	assert_int_equal(rec.id, 5);
	assert_int_equal(rec.volume.sectors, 0);
	assert_int_equal(couche_journal_next(block, &cursor, &rec, &field), 1);
	assert_int_equal(rec.type, COUCHE_RECORD_STAGE);
	assert_int_equal(rec.id, 77);
	assert_memory_equal(&rec.stage, &stage, sizeof(stage));
	assert_int_equal(couche_journal_next(block, &cursor, &rec, &field), 0);
	assert_int_equal(couche_journal_next(block, &cursor, &rec, &field), 0);
	free(block);
}

static void test_block_fills_up_and_not_more(void **state)
{
	struct couche_place place;
	struct couche_group_desc group;
	struct couche_record rec;
	unsigned int nr = 0, seen = 0, cursor = 0;
	const char *field = NULL;
	u8 *block = sample_block(), *copy = sample_block();

	sample_group(&group);
	couche_journal_begin(block);
	for (sample_place(&place);
	     couche_journal_add_extent(block, 1, to_couche_extent(nr), &place);
	     sample_place(&place))
		nr++;
	assert_int_equal(nr, COUCHE_JOURNAL_PAYLOAD / 32);
	assert_int_equal(couche_journal_bytes(block), COUCHE_JOURNAL_PAYLOAD);

	memcpy(copy, block, COUCHE_BLOCK_SIZE);
	assert_false(couche_journal_add_group(block, to_couche_group(0), &group));
	assert_memory_equal(copy, block, COUCHE_BLOCK_SIZE);
	seal(block);
	assert_int_equal(decode(block, &field), 0);
	while (couche_journal_next(block, &cursor, &rec, &field) == 1)
		assert_int_equal(from_couche_extent(rec.extent), seen++);
	assert_int_equal(seen, nr);
	free(block);
	free(copy);
}

static void test_fields_stand_where_the_format_says(void **state)
{
	struct couche_place place = { .generation = 5 };
	u8 *block = sample_block();

	couche_journal_begin(block);
	couche_journal_add_extent(block, 7, to_couche_extent(0x0201), &place);
	seal(block);
	assert_memory_equal(block, "chjl", 4);
	assert_int_equal(block[8], 1);			/* sequence */
	assert_int_equal(block[12], 1);
	assert_int_equal(block[16], POSITION);
	assert_int_equal(block[20], 32);		/* bytes */
	assert_int_equal(block[22], 1);			/* flags */
	assert_int_equal(block[64], COUCHE_RECORD_EXTENT);
	assert_int_equal(block[66], 32);
	assert_int_equal(block[68], 7);
	assert_int_equal(block[72], 1);
	assert_int_equal(block[73], 2);
	assert_int_equal(block[88], 5);
	free(block);
}

static void test_log_ends_at_blocks_of_other_rounds(void **state)
{
	const char *field;
	void *block = sample_block();
	bool commit = true;

	couche_journal_begin(block);
	couche_journal_seal(block, SEQUENCE, POSITION, false, SEED);
	assert_int_equal(decode(block, &field), 0);
	assert_int_equal(couche_journal_decode(block, SEQUENCE, POSITION, SEED,
					       &commit, &field), 0);
	assert_false(commit);
	couche_journal_seal(block, SEQUENCE - 1, POSITION, true, SEED);
	assert_int_equal(decode(block, &field), -ESTALE);
	sample_assert_field("old", field, "journal sequence");
	couche_journal_seal(block, SEQUENCE + COUCHE_JOURNAL_JUMP, POSITION, true, SEED);
	assert_int_equal(decode(block, &field), -ESTALE);
	couche_journal_seal(block, SEQUENCE, POSITION + 1, true, SEED);
	assert_int_equal(decode(block, &field), -ESTALE);
	sample_assert_field("moved", field, "journal position");
	couche_journal_seal(block, SEQUENCE, POSITION, true, SEED ^ 1);
	assert_int_equal(decode(block, &field), -EILSEQ);
	memset(block, 0, COUCHE_BLOCK_SIZE);
	assert_int_equal(decode(block, &field), -ENODATA);
	free(block);
}

static void test_every_flipped_bit_is_seen(void **state)
{
	struct couche_group_desc group;
	const char *field;
	u8 *block = sample_block();
	unsigned int i;

	sample_group(&group);
	couche_journal_begin(block);
	couche_journal_add_group(block, to_couche_group(1), &group);
	seal(block);
	for (i = 0; i < COUCHE_BLOCK_SIZE; i++) {
		block[i] ^= 0x80 >> i % 8;
		assert_int_equal(decode(block, &field), i < 4 ? -ENODATA : -EILSEQ);
		block[i] ^= 0x80 >> i % 8;
	}
	assert_int_equal(decode(block, &field), 0);
	free(block);
}

/* A block with one record of each type, for spoiling. */
static struct couche_disk_journal *sample_journal(void)
{
	struct couche_disk_journal *d = sample_block();
	struct couche_place place;
	struct couche_group_desc group = { .nr = 1, .k = 1 };
	struct couche_volume_desc volume;
	struct couche_stage_desc stage;

	sample_place(&place);
	sample_volume(&volume);
	sample_stage(&stage);
	volume.id = 4;
	couche_journal_begin(d);
	couche_journal_add_extent(d, 7, to_couche_extent(1), &place);
	couche_journal_add_group(d, to_couche_group(9), &group);
	couche_journal_add_volume(d, 4, &volume);
	couche_journal_add_stage(d, 8, &stage);
	return d;
}

#define BLOCK(member, val) SAMPLE_SET(struct couche_disk_journal, member, val)
#define AT(where, type, member, val) \
	offsetof(struct couche_disk_journal, payload) + (where) + \
	offsetof(struct type, member), sizeof(((struct type *)0)->member), val
#define EXTENT(member, val) AT(0, couche_disk_record_extent, member, val)
#define GROUP(member, val) AT(32, couche_disk_record_group, member, val)
#define VOLUME(member, val) AT(304, couche_disk_record_volume, member, val)
#define STAGE(member, val) AT(440, couche_disk_record_stage, member, val)

static const struct sample_spoil spoils[] = {
	{ "flags", BLOCK(flags, 2), "journal flags" },
	{ "bytes past the block", BLOCK(bytes, COUCHE_JOURNAL_PAYLOAD + 8),
	  "journal bytes" },
	{ "bytes far past the block", BLOCK(bytes, 0xffff), "journal bytes" },
	{ "bytes cut a record", BLOCK(bytes, 304 + 128),
	  "record len: past the end" },
	{ "bytes cut a head", BLOCK(bytes, 304 + 4),
	  "journal bytes: not the end" },
	{ "bytes with a tail of zeros", BLOCK(bytes, 480 + 8), "record type" },
	{ "type 0", EXTENT(head.type, 0), "record type" },
	{ "type 5", GROUP(head.type, 5), "record type" },
	{ "type of another length", EXTENT(head.type, COUCHE_RECORD_GROUP),
	  "record len" },
	{ "len 0", EXTENT(head.len, 0), "record len" },
	{ "len odd", EXTENT(head.len, 33), "record len" },
	{ "len too long", VOLUME(head.len, 144), "record len" },
	{ "volume 0", EXTENT(head.id, 0), "volume id" },
	{ "volume 1025", EXTENT(head.id, 1025), "volume id" },
	{ "extent", EXTENT(extent, COUCHE_MAX_EXTENTS), "record extent" },
	{ "place", EXTENT(to.tier, 3), "extent tier" },
	{ "group number", GROUP(head.id, COUCHE_MAX_GROUPS), "record group" },
	{ "group", GROUP(to.nr, 33), "group nr" },
	{ "volume id", VOLUME(head.id, 5), "record id" },
	{ "volume id 0", VOLUME(head.id, 0), "volume id" },
	{ "volume", VOLUME(to.flags, 2), "volume flags" },
	{ "slot", STAGE(head.id, COUCHE_MAX_STAGE_SLOTS), "record slot" },
	{ "stage extent", STAGE(to.extent, COUCHE_MAX_EXTENTS),
	  "stage extent" },
	{ "stage sequence", STAGE(to.sequence, COUCHE_MAX_SEQUENCE + 1),
	  "stage sequence" },
	{ "stage granule", STAGE(to.granule, COUCHE_MAX_DATA_ROWS),
	  "stage granule" },
	{ "stage flags", STAGE(to.flags, 2), "stage flags" },
	{ "stage volume", STAGE(to.volume, 0), "volume id" },
};

static void test_unsound_blocks_are_named(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spoils); i++) {
		struct couche_disk_journal *d = sample_journal();
		const char *field;

		seal(d);
		sample_spoil(d, &spoils[i]);
		d->crc = cpu_to_le32(couche_block_crc(d, offsetof(struct couche_disk_journal, crc),
						      SEED));
		if (decode(d, &field) != -EINVAL)
			fail_msg("%s: decoded", spoils[i].name);
		sample_assert_field(spoils[i].name, field, spoils[i].field);
		free(d);
	}
}

/* Even a block that was never decoded is walked without a step outside. */
static void test_walk_of_garbage_ends(void **state)
{
	u32 *block = sample_block();
	unsigned int round, i, cursor, records;
	struct couche_record rec;
	const char *field = NULL;

	for (round = 0; round < 2000; round++) {
		for (i = 0; i < COUCHE_BLOCK_SIZE / 4; i++)
			block[i] = sample_random();
		cursor = sample_random();
		for (records = 0; couche_journal_next((void *)block, &cursor, &rec, &field) == 1;)
			assert_true(++records < COUCHE_JOURNAL_PAYLOAD / 32);
	}
	free(block);
}

/* Sound records up to the very end, and a length that says there are more. */
static void test_walk_stops_at_the_end_of_the_block(void **state)
{
	struct couche_disk_journal *d = sample_block();
	struct couche_place place = { .generation = 1 };
	struct couche_record rec;
	unsigned int cursor = 0;
	const char *field = NULL;

	couche_journal_begin(d);
	while (couche_journal_add_extent(d, 1, to_couche_extent(1), &place))
		;
	cursor = couche_journal_bytes(d);
	d->bytes = cpu_to_le16(0xfff8);
	assert_int_equal(couche_journal_next(d, &cursor, &rec, &field), -EINVAL);
	sample_assert_field("length", field, "journal bytes: past the end");
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_round_trip),
		cmocka_unit_test(test_block_fills_up_and_not_more),
		cmocka_unit_test(test_fields_stand_where_the_format_says),
		cmocka_unit_test(test_log_ends_at_blocks_of_other_rounds),
		cmocka_unit_test(test_every_flipped_bit_is_seen),
		cmocka_unit_test(test_unsound_blocks_are_named),
		cmocka_unit_test(test_walk_of_garbage_ends),
		cmocka_unit_test(test_walk_stops_at_the_end_of_the_block),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
