// SPDX-License-Identifier: GPL-2.0-only
/* Superblock: what goes in comes out, nothing unsound decodes. */
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
#include "record.h"
#include "sample.h"
#include "super.h"

#define SET(member, val) SAMPLE_SET(struct couche_super, member, val)

static void reseal(struct couche_disk_super *d)
{
	d->crc = cpu_to_le32(couche_block_crc(d, offsetof(struct couche_disk_super, crc),
					      couche_super_seed(d->pool_uuid)));
}

static void test_round_trip(void **state)
{
	struct couche_super s, back;
	const char *field = NULL;
	void *block = sample_block();

	sample_super(&s);
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), 0);
	assert_null(field);
	assert_memory_equal(&s, &back, sizeof(s));
	free(block);
}

static void test_fields_stand_where_the_format_says(void **state)
{
	static const u8 magic[] = { 0, 'c', 'o', 'c', 'h', 's', 'b', '1' };
	struct couche_super s;
	u8 *block = sample_block();

	sample_super(&s);
	couche_super_encode(&s, block);
	assert_memory_equal(block, magic, sizeof(magic));
	assert_int_equal(block[12], COUCHE_FORMAT_VERSION);
	assert_memory_equal(block + 16, s.pool_uuid, 16);
	assert_int_equal(block[56], 7);			/* sequence */
	assert_int_equal(block[64], 8);			/* checkpoint */
	assert_int_equal(block[72], 2);			/* leg_index */
	assert_int_equal(block[76], 10);		/* nr_legs */
	assert_int_equal(block[81], 8);			/* extent_sectors 0x800 */
	assert_int_equal(block[86], 2);			/* segment_sectors 0x20000 */
	assert_int_equal(block[112], 0xef);		/* journal_seq */
	assert_int_equal(block[120], 5);		/* journal_pos */
	assert_int_equal(block[128], 77);		/* generation */
	assert_string_equal((char *)block + 136, "tank");
	assert_int_equal(block[200], 1);		/* profile[hot].k */
	assert_int_equal(block[216], 4);		/* profile[cold].k */
	assert_int_equal(block[240], 6);		/* page_checkpoint */
	assert_int_equal(block[255], 0xfe);		/* page_sum */
	assert_memory_equal(block + 512, s.leg[0].uuid, 16);
	assert_int_equal(block[512 + 32 * 4 + 24], COUCHE_ROLE_COLD);
	free(block);
}

static void test_block_without_superblock(void **state)
{
	struct couche_super s;
	const char *field = NULL;
	u8 *block = sample_block();

	assert_int_equal(couche_super_decode(block, &s, &field), -ENODATA);
	sample_assert_field("no magic", field, "magic");
	assert_false(couche_super_block_is_zero(block));
	memset(block, 0, COUCHE_BLOCK_SIZE);
	assert_int_equal(couche_super_decode(block, &s, &field), -ENODATA);
	assert_true(couche_super_block_is_zero(block));
	block[COUCHE_BLOCK_SIZE - 1] = 1;
	assert_false(couche_super_block_is_zero(block));
	free(block);
}

static void test_every_flipped_bit_is_seen(void **state)
{
	struct couche_super s, back;
	const char *field;
	u8 *block = sample_block();
	unsigned int i;

	sample_super(&s);
	couche_super_encode(&s, block);
	for (i = 0; i < COUCHE_BLOCK_SIZE; i++) {
		u8 bit = 1 << i % 8;

		field = NULL;
		block[i] ^= bit;
		assert_int_equal(couche_super_decode(block, &back, &field),
				 i < 8 ? -ENODATA : -EILSEQ);
		assert_non_null(field);
		block[i] ^= bit;
	}
	assert_int_equal(couche_super_decode(block, &back, &field), 0);
	free(block);
}

/* A group's shape is its tier's, or, during a change, any that fits a segment. */
static void test_shapes_of_groups(void **state)
{
	static const struct {
		u8 tier, nr, k, matrix;
		int plain, mixed;
	} cases[] = {
		{ 2, 6, 4, 0, 0, 0 },			/* the profile's */
		{ 2, 6, 4, 1, -EINVAL, 0 },		/* but for the matrix */
		{ 2, 5, 4, 0, -EINVAL, 0 },
		{ 2, 11, 8, 0, -EINVAL, 0 },
		{ 2, 32, 2, 1, -EINVAL, 0 },
		/* A footer more than the segment has rows. */
		{ 2, 32, 1, 1, -EINVAL, -EINVAL },
		{ 2, 1, 1, 0, -EINVAL, -EINVAL },
		{ 0, 2, 1, 0, 0, 0 },
		{ 0, 3, 1, 0, -EINVAL, -EINVAL },	/* hot tiers do not change */
		{ 1, 1, 1, 0, -EINVAL, -EINVAL },	/* no such tier */
	};
	struct couche_super s;
	const char *field;
	unsigned int i;

	sample_super(&s);
	s.segment_sectors = s.extent_sectors;
	memset(&s.profile[1], 0, sizeof(s.profile[1]));
	s.profile[0] = (struct couche_profile){ .k = 1, .m = 1 };
	s.profile[2] = (struct couche_profile){ .k = 4, .m = 2, .csum = 1 };
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct couche_group_desc group = {
			.tier = cases[i].tier, .nr = cases[i].nr, .k = cases[i].k,
			.matrix = cases[i].matrix,
		};

		s.incompat &= ~COUCHE_FEATURE_INCOMPAT_SHAPES;
		field = NULL;
		assert_int_equal(couche_super_check_shape(&s, &group, &field), cases[i].plain);
		assert_int_equal(!field, !cases[i].plain);
		s.incompat |= COUCHE_FEATURE_INCOMPAT_SHAPES;
		field = NULL;
		assert_int_equal(couche_super_check_shape(&s, &group, &field), cases[i].mixed);
		assert_int_equal(!field, !cases[i].mixed);
	}
}

static void test_shapes_are_of_a_cold_tier(void **state)
{
	struct couche_super s, back;
	const char *field = NULL;
	void *block = sample_block();
	u32 i;

	sample_super(&s);
	s.incompat |= COUCHE_FEATURE_INCOMPAT_SHAPES;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	memset(&s.profile[2], 0, sizeof(s.profile[2]));
	for (i = 0; i < s.nr_legs; i++)
		if (s.leg[i].role == COUCHE_ROLE_COLD)
			s.leg[i].role = COUCHE_ROLE_HOT;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), -EINVAL);
	sample_assert_field("incompat", field, "incompat");
	free(block);
}

/* Slots over what is written in place, and volumes that ask for it. */
static void test_staging_of_all_is_said(void **state)
{
	struct couche_volume_desc volume = { .flags = COUCHE_VOLUME_JOURNAL_ALL }, plain = {};
	struct couche_super s, back;
	const char *field = NULL;
	void *block = sample_block();

	sample_super(&s);
	assert_false(couche_super_stages(&s, COUCHE_TIER_HOT));
	assert_true(couche_super_stages(&s, COUCHE_TIER_COLD));
	assert_int_equal(couche_super_check_volume(&s, &plain, &field), 0);
	assert_int_equal(couche_super_check_volume(&s, &volume, &field), -EINVAL);
	sample_assert_field("volume", field, "volume flags: not as");

	s.incompat |= COUCHE_FEATURE_INCOMPAT_STAGE_ALL;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	assert_true(couche_super_stages(&s, COUCHE_TIER_HOT));
	assert_int_equal(couche_super_check_volume(&s, &volume, &field), 0);

	s.incompat = COUCHE_FEATURE_INCOMPAT_STAGE_ALL;
	s.stage_slots = 0;
	s.stage_start = 0;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), -EINVAL);
	sample_assert_field("incompat", field, "incompat: a data journal");
	free(block);
}

static void test_versions_and_features(void **state)
{
	struct couche_super s, back;
	const char *field = NULL;
	void *block = sample_block();
	struct couche_disk_super *d = block;

	sample_super(&s);
	s.compat = 1ULL << 63;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), 0);
	assert_true(back.compat == 1ULL << 63);

	s.ro_compat = 2;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), -EROFS);
	sample_assert_field("ro_compat", field, "ro_compat");
	assert_memory_equal(&s, &back, sizeof(s));

	/* Unknown and unsound: unsound wins, or it would be mounted read only. */
	s.clean = 2;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), -EINVAL);
	s.clean = 0;

	s.incompat |= 8;
	couche_super_encode(&s, block);
	assert_int_equal(couche_super_decode(block, &back, &field), -EPROTONOSUPPORT);
	sample_assert_field("incompat", field, "incompat");

	s.incompat = COUCHE_FEATURE_INCOMPAT_STAGE;
	couche_super_encode(&s, block);
	d->version = cpu_to_le32(2);
	reseal(d);
	assert_int_equal(couche_super_decode(block, &back, &field), -EPROTONOSUPPORT);
	sample_assert_field("version", field, "version");
	free(block);
}

static const struct sample_spoil spoils[] = {
	{ "name with a blank", SET(name[1], ' '), "name" },
	{ "name with a control character", SET(name[0], '\n'), "name" },
	{ "name beyond ASCII", SET(name[0], 0xe9), "name" },
	{ "sequence", SET(sequence, COUCHE_MAX_SEQUENCE + 1), "sequence" },
	{ "checkpoint", SET(checkpoint, ~0ULL), "checkpoint" },
	{ "page checkpoint", SET(page_checkpoint, 9), "page_checkpoint" },
	{ "journal_seq", SET(journal_seq, ~0ULL), "journal_seq" },
	{ "clean", SET(clean, 2), "clean" },
	{ "leg_index beyond nr_legs", SET(leg_index, 10), "leg_index" },
	{ "no legs", SET(nr_legs, 0), "nr_legs" },
	{ "too many legs", SET(nr_legs, 65), "nr_legs" },
	{ "huge number of legs", SET(nr_legs, ~0u), "nr_legs" },
	{ "leg beyond nr_legs", SET(nr_legs, 9), "leg: used beyond" },
	{ "extent no power of two", SET(extent_sectors, 2056), "extent_sectors" },
	{ "extent of nothing", SET(extent_sectors, 0), "extent_sectors" },
	{ "extent too small", SET(extent_sectors, 64), "extent_sectors" },
	{ "extent too large", SET(extent_sectors, 262144), "extent_sectors" },
	{ "segment of nothing", SET(segment_sectors, 0), "segment_sectors" },
	{ "segment too small", SET(segment_sectors, 1024), "segment_sectors" },
	{ "segment too large", SET(segment_sectors, 1u << 24), "segment_sectors" },
	{ "segment no multiple", SET(segment_sectors, 131080), "segment_sectors" },
	{ "map not aligned", SET(map_start, 2052), "map_start" },
	{ "map in the superblock", SET(map_start, 8), "map_start" },
	{ "map past the end", SET(map_start, 1048576), "map_start" },
	{ "map far past the end", SET(map_start, 0xfffffffffffff000ULL), "map_start" },
	{ "map too long", SET(map_pages, ~0u), "map_start" },
	{ "map of no pages", SET(map_pages, 0), "map_pages" },
	{ "journal not aligned", SET(journal_start, 65537), "journal_start" },
	{ "journal in the superblock", SET(journal_start, 0), "journal_start" },
	{ "journal over the map", SET(journal_start, 2048 + 8), "journal_start" },
	{ "journal past the smaller leg", SET(journal_start, 1048576 - 8), "journal_start" },
	{ "journal too short", SET(journal_blocks, 255), "journal_blocks" },
	{ "journal too long", SET(journal_blocks, ~0u), "journal_blocks" },
	{ "journal_pos past the ring", SET(journal_pos, 16384), "journal_pos" },
	{ "hot k 2", SET(profile[0].k, 2), "profile k" },
	{ "hot m 3", SET(profile[0].m, 3), "profile m" },
	{ "hot checksums", SET(profile[0].csum, 1), "profile csum" },
	{ "hot legs without profile", SET(profile[0], 0), "profile k: zero, but the tier" },
	{ "warm profile without legs", SET(profile[1].k, 1), "nr_legs" },
	{ "absent tier with m", SET(profile[1].m, 1), "profile k: zero, but the profile" },
	{ "cold k too large for its legs", SET(profile[2].k, 5), "nr_legs" },
	{ "cold k + m beyond 32", SET(profile[2].m, 29), "profile k" },
	{ "cold k and m of 255", SET(profile[2].k, 255), "profile k" },
	{ "cold not restorable", SET(profile[2].m, 5), "profile matrix" },
	{ "cold matrix", SET(profile[2].matrix, 2), "profile matrix: unknown" },
	{ "cold csum", SET(profile[2].csum, 2), "profile csum" },
	{ "cold without csum", SET(profile[2].csum, 0), "profile csum" },
	{ "cold needs fewer shards than k", SET(profile[2].min_healthy, 3), "profile min_healthy" },
	{ "cold needs more shards than k + m", SET(profile[2].min_healthy, 7),
	  "profile min_healthy" },
	{ "cold needs 255 shards", SET(profile[2].min_healthy, 255), "profile min_healthy" },
	{ "hot needs shards", SET(profile[0].min_healthy, 1), "profile min_healthy" },
	{ "absent tier needs shards", SET(profile[1].min_healthy, 1), "profile k: zero, but" },
	{ "leg state", SET(leg[3].state, 4), "leg state" },
	{ "leg role", SET(leg[3].role, 4), "leg role" },
	{ "leg slot half empty", SET(leg[3].state, 0), "leg: an unused slot" },
	{ "unused leg with sectors", SET(leg[63].sectors, 1), "leg: an unused slot" },
	{ "unused leg with a domain", SET(leg[63].domain, 1), "leg: an unused slot" },
	{ "unused leg with a role", SET(leg[10].role, 1), "leg: an unused slot" },
	{ "leg without sectors", SET(leg[0].sectors, 0), "leg sectors" },
	{ "tier leg without a segment", SET(leg[4].sectors, 2048 + 131071), "leg sectors" },
	{ "leg too large", SET(leg[4].sectors, ~0ULL), "leg sectors: too large" },
	{ "leg of too many segments", SET(leg[4].sectors, 1ULL << 52), "leg sectors: too many" },
	{ "meta leg cut short", SET(leg[0].sectors, 4096), "map_start" },
	{ "slots without the feature", SET(incompat, 0), "stage_slots: not as" },
	{ "feature without slots", SET(stage_slots, 0), "stage_slots: not as" },
	{ "too few slots", SET(stage_slots, 255), "stage_slots: not within" },
	{ "too many slots", SET(stage_slots, (1 << 22) + 1), "stage_slots: not within" },
	{ "slots over the journal", SET(stage_start, 8192), "stage_start: overlaps" },
	{ "slots past the end", SET(stage_start, 1048576 - 8), "stage_start: not aligned" },
	{ "slots not aligned", SET(stage_start, 1048576 - 4096 * 8 - 1),
	  "stage_start: not aligned" },
	{ "four meta legs", SET(leg[2].role, 0), "nr_legs" },
	{ "too few cold legs", SET(leg[4].role, 1), "nr_legs" },
};

static void test_unsound_superblocks_are_named(void **state)
{
	void *block = sample_block();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spoils); i++) {
		struct couche_super s, back;
		const char *field = NULL;

		sample_super(&s);
		sample_spoil(&s, &spoils[i]);
		if (couche_super_check(&s, &field) != -EINVAL)
			fail_msg("%s: passed", spoils[i].name);
		sample_assert_field(spoils[i].name, field, spoils[i].field);

		/* The decoder says the same, of a block with a good checksum. */
		field = NULL;
		couche_super_encode(&s, block);
		if (couche_super_decode(block, &back, &field) != -EINVAL)
			fail_msg("%s: decoded", spoils[i].name);
		sample_assert_field(spoils[i].name, field, spoils[i].field);
	}
	free(block);
}

static void assert_unsound(const struct couche_super *s, const char *starts)
{
	const char *field = NULL;

	assert_int_equal(couche_super_check(s, &field), -EINVAL);
	sample_assert_field(starts, field, starts);
}

static void test_uuids(void **state)
{
	struct couche_super s;

	sample_super(&s);
	memcpy(s.leg[9].uuid, s.leg[0].uuid, sizeof(s.leg[0].uuid));
	assert_unsound(&s, "leg uuid: used twice");
	memset(s.leg[9].uuid, 0, sizeof(s.leg[9].uuid));
	assert_unsound(&s, "leg uuid: all zero");
	sample_super(&s);
	memset(s.pool_uuid, 0, sizeof(s.pool_uuid));
	assert_unsound(&s, "pool_uuid");
}

static void test_name_needs_its_nul(void **state)
{
	struct couche_super s;
	const char *field = NULL;

	sample_super(&s);
	memset(s.name, 'x', sizeof(s.name));
	assert_unsound(&s, "name");
	s.name[sizeof(s.name) - 1] = '\0';
	assert_int_equal(couche_super_check(&s, &field), 0);
	s.name[0] = '\0';
	assert_int_equal(couche_super_check(&s, &field), 0);
}

/* What stands behind the NUL of a name is of no interest. */
static void test_name_is_cut_at_its_nul(void **state)
{
	struct couche_super s, back;
	const char *field = NULL;
	void *block = sample_block();
	struct couche_disk_super *d = block;

	sample_super(&s);
	couche_super_encode(&s, block);
	d->name[20] = '\n';
	reseal(d);
	assert_int_equal(couche_super_decode(block, &back, &field), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	free(block);
}

static void test_meta_legs(void **state)
{
	struct couche_super s;
	const char *field = NULL;

	sample_super(&s);
	s.profile[COUCHE_TIER_HOT].m = 0;
	s.leg[2].role = COUCHE_ROLE_META;
	assert_int_equal(couche_super_check(&s, &field), 0);
	s.leg[4].role = COUCHE_ROLE_META;
	assert_unsound(&s, "leg role: more than 3 meta legs");

	sample_super(&s);
	s.leg[0].role = COUCHE_ROLE_HOT;
	s.leg[1].role = COUCHE_ROLE_HOT;
	assert_unsound(&s, "leg role: no meta leg");
}

static void test_failed_legs_still_count(void **state)
{
	struct couche_super s;
	const char *field = NULL;

	sample_super(&s);
	s.leg[4].state = COUCHE_LEG_FAILED;
	s.leg[5].state = COUCHE_LEG_RESTORING;
	assert_int_equal(couche_super_check(&s, &field), 0);
	memset(&s.leg[4], 0, sizeof(s.leg[4]));
	assert_unsound(&s, "nr_legs");
	memset(&s.leg[2], 0, sizeof(s.leg[2]));
	assert_unsound(&s, "leg_index");
}

static void test_pool_needs_a_tier_to_write_to(void **state)
{
	struct couche_super s;

	sample_super(&s);
	memset(&s.profile[COUCHE_TIER_HOT], 0, sizeof(s.profile[0]));
	s.leg[2].role = COUCHE_ROLE_COLD;
	s.leg[3].role = COUCHE_ROLE_COLD;
	assert_unsound(&s, "profile k: neither hot nor warm");
}

/* A shard of the largest extent with its footers has to fit a segment. */
static void test_shard_fits_its_segment(void **state)
{
	struct couche_super s;
	const char *field = NULL;

	sample_super(&s);
	s.extent_sectors = 131072;
	assert_int_equal(couche_super_check(&s, &field), 0);
	s.profile[COUCHE_TIER_COLD].k = 1;
	assert_unsound(&s, "segment_sectors: too small for an extent");
}

static void test_layout_follows_the_smallest_meta_leg(void **state)
{
	struct couche_super s, again;
	const char *field = NULL;
	u64 end;

	sample_super(&s);
	s.incompat = 0;
	s.stage_slots = 0;
	s.stage_start = 0;
	assert_int_equal(couche_super_layout(&s, &field), 0);
	assert_int_equal(s.map_start, COUCHE_DATA_START);
	assert_true(s.journal_start == s.map_start + 16ULL * s.map_pages);
	assert_int_equal(s.journal_blocks, COUCHE_DEFAULT_JOURNAL_BLOCKS);
	/* 8 legs of 15 segments, 64 extents each, twice: 61 pages of extents */
	assert_int_equal(s.map_pages, 61 + 8 + 34 + 16 + 240);

	s.leg[1].sectors = s.journal_start + 1000 * 8 + 7;
	assert_int_equal(couche_super_layout(&s, &field), 0);
	assert_int_equal(s.journal_blocks, 1000);
	end = s.journal_start + 8 * s.journal_blocks;
	assert_true(end <= s.leg[1].sectors);
	assert_int_equal(couche_super_check(&s, &field), 0);
	again = s;
	assert_int_equal(couche_super_layout(&again, &field), 0);
	assert_memory_equal(&s, &again, sizeof(s));

	s.leg[1].sectors = s.journal_start + 256 * 8;
	assert_int_equal(couche_super_layout(&s, &field), 0);
	assert_int_equal(s.journal_blocks, 256);
	s.leg[1].sectors--;
	assert_int_equal(couche_super_layout(&s, &field), -ENOSPC);
	sample_assert_field("small", field, "leg sectors: a meta leg is too small");
}

static void test_data_journal_stands_at_the_end_and_stays_there(void **state)
{
	struct couche_super s;
	const char *field = NULL;
	u32 pages;

	sample_super(&s);
	assert_true(s.stage_start == 1048576 - 4096 * 8);
	assert_true(s.journal_start + 8ULL * s.journal_blocks <= s.stage_start);
	pages = s.map_pages;
	s.stage_slots = 4096 - 126;
	assert_int_equal(couche_super_layout(&s, &field), 0);
	assert_int_equal(s.map_pages, pages - 1);
	assert_true(s.stage_start == 1048576 - 4096 * 8);

	/* A further meta leg has to have room for it. */
	s.leg[0].sectors = 1048576 - 126 * 8;
	assert_int_equal(couche_super_check(&s, &field), 0);
	s.leg[0].sectors--;
	assert_int_equal(couche_super_layout(&s, &field), 0);
	assert_int_equal(couche_super_check(&s, &field), -EINVAL);
	sample_assert_field("leg", field, "stage_start: not aligned or not inside");
	s.stage_start = 0;
	s.stage_slots = COUCHE_MAX_STAGE_SLOTS;
	assert_int_equal(couche_super_layout(&s, &field), -ENOSPC);
}

static void test_layout_refuses_what_it_cannot_divide_by(void **state)
{
	struct couche_super s;
	const char *field = NULL;

	sample_super(&s);
	s.segment_sectors = 0;
	assert_int_equal(couche_super_layout(&s, &field), -EINVAL);
	sample_super(&s);
	s.extent_sectors = 0;
	assert_int_equal(couche_super_layout(&s, &field), -EINVAL);
	sample_super(&s);
	s.nr_legs = 65;
	assert_int_equal(couche_super_layout(&s, &field), -EINVAL);
}

static void test_segments_of_legs(void **state)
{
	struct couche_super s;

	sample_super(&s);
	assert_int_equal(couche_super_segments(&s, 0), 0);
	assert_int_equal(couche_super_segments(&s, 4), 15);
	assert_int_equal(couche_super_segments(&s, 40), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_fields_stand_where_the_format_says),
		cmocka_unit_test(test_block_without_superblock),
		cmocka_unit_test(test_every_flipped_bit_is_seen),
		cmocka_unit_test(test_shapes_of_groups),
		cmocka_unit_test(test_shapes_are_of_a_cold_tier),
		cmocka_unit_test(test_staging_of_all_is_said),
		cmocka_unit_test(test_versions_and_features),
		cmocka_unit_test(test_unsound_superblocks_are_named),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_name_needs_its_nul),
		cmocka_unit_test(test_name_is_cut_at_its_nul),
		cmocka_unit_test(test_meta_legs),
		cmocka_unit_test(test_failed_legs_still_count),
		cmocka_unit_test(test_pool_needs_a_tier_to_write_to),
		cmocka_unit_test(test_shard_fits_its_segment),
		cmocka_unit_test(test_layout_follows_the_smallest_meta_leg),
		cmocka_unit_test(test_data_journal_stands_at_the_end_and_stays_there),
		cmocka_unit_test(test_layout_refuses_what_it_cannot_divide_by),
		cmocka_unit_test(test_segments_of_legs),
	};

	return cmocka_run_group_tests_name("super", tests, NULL, NULL);
}
