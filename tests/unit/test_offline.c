// SPDX-License-Identifier: GPL-2.0-only
/* The map that couchectl check rebuilds, and what it finds wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/block.h"
#include "kernel/core/journal.h"
#include "sample.h"
#include "tools/offline_map.h"
#include "tools/offline_repair.h"

static struct couche_offline o;

static void attach(u32 leg)
{
	o.leg[leg].super = o.super;
	o.leg[leg].path = strdup("leg");
	o.leg[leg].fd = memfd_create("leg", 0);
	assert_true(o.leg[leg].fd >= 0);
	o.leg[leg].sectors = o.super.leg[leg].sectors;
	assert_int_equal(ftruncate(o.leg[leg].fd, o.leg[leg].sectors * 512), 0);
}

/* Legs 0-1 meta, 2-3 hot, 4-9 cold (sample_super), only leg 0 has a device. */
static void make_leg(void)
{
	memset(&o, 0, sizeof(o));
	sample_super(&o.super);
	o.super.page_checkpoint = 0;
	o.super.clean = 1;
	o.super.generation = 1000;
	o.super.journal_seq = 100;
	o.seed = couche_block_seed(o.super.pool_uuid);
	o.has_meta = true;
	attach(0);
}

static int setup(void **state)
{
	make_leg();
	return 0;
}

static int teardown(void **state)
{
	couche_offline_close(&o);
	return 0;
}

static void write_block(u64 sector, const void *block)
{
	assert_int_equal(pwrite(o.leg[0].fd, block, COUCHE_BLOCK_SIZE, sector * 512),
			 COUCHE_BLOCK_SIZE);
}

static void write_page(u32 number, void *block)
{
	couche_page_seal(block, 7, o.seed);
	write_block(o.super.map_start + (u64)number * 2 * COUCHE_BLOCK_SECTORS, block);
}

/* Group 0 is cold on legs 4-9, segment 0; group 1 the same with @segment. */
static void write_groups(u32 segment)
{
	struct couche_group_desc group = { .nr = 6, .k = 4, .tier = COUCHE_TIER_COLD };
	void *block = sample_block();
	unsigned int i, nr;

	couche_page_init(block, COUCHE_PAGE_GROUP, 0, 0, 0);
	for (nr = 0; nr < 2; nr++) {
		for (i = 0; i < 6; i++)
			group.seg[i] = (struct couche_segment){ 4 + i, nr ? segment : 0 };
		couche_page_set_group(block, nr, &group);
	}
	write_page(0, block);
	free(block);
}

/* Volume 1 with 300 extents. */
static void sample_volume_1(struct couche_volume_desc *volume)
{
	sample_volume(volume);
	volume->id = 1;
	volume->flags = 0;
	volume->sectors = 300ULL * o.super.extent_sectors;
}

static void write_volume_of(u32 extents)
{
	struct couche_volume_desc volume;
	void *block = sample_block();

	sample_volume_1(&volume);
	volume.sectors = (u64)extents * o.super.extent_sectors;
	couche_page_init(block, COUCHE_PAGE_VOLUME, 0, 0, 1);
	couche_page_set_volume(block, 1, &volume);
	write_page(1, block);
	free(block);
}

static void write_volume(void)
{
	write_volume_of(300);
}

static struct couche_place cold_place(u32 group, u32 row)
{
	return (struct couche_place){
		.group = to_couche_group(group), .row = to_couche_row(row), .generation = 5,
		.rows = 65, .tier = COUCHE_TIER_COLD, .flags = COUCHE_EXTENT_MAPPED,
	};
}

static void write_map_page(u32 number, u32 index, const struct couche_place *places,
			   unsigned int nr)
{
	void *block = sample_block();
	unsigned int i;

	couche_page_init(block, COUCHE_PAGE_MAP, 1, index, number);
	for (i = 0; i < nr; i++)
		couche_page_set_extent(block, i, &places[i]);
	write_page(number, block);
	free(block);
}

static void write_extents(u32 index, const struct couche_place *places, unsigned int nr)
{
	write_map_page(2, index, places, nr);
}

/* Set aside for the slots of the data journal. */
static u32 slot_pages(void)
{
	return (o.super.stage_slots + COUCHE_PAGE_STAGES - 1) / COUCHE_PAGE_STAGES;
}

static void check(void)
{
	struct couche_map *map = couche_map_load(&o);

	couche_map_check(map);
	couche_map_destroy(map);
}

static const struct couche_finding *expect_loss(const char *object, const char *what)
{
	size_t i;

	for (i = 0; i < o.findings.nr; i++) {
		const struct couche_finding *f = &o.findings.list[i];

		if (f->severity == COUCHE_FINDING_LOSS && !strcmp(f->object, object) &&
		    !strcmp(f->what, what))
			return f;
	}
	for (i = 0; i < o.findings.nr; i++)
		print_message("found %s: %s\n", o.findings.list[i].object,
			      o.findings.list[i].what);
	fail_msg("not found: %s: %s", object, what);
	return NULL;
}

static void expect_findings(unsigned int nr)
{
	assert_int_equal(o.findings.nr, nr);
}

static void write_sound(void)
{
	struct couche_place places[2] = { cold_place(0, 0), cold_place(0, 65) };

	write_groups(1);
	write_volume();
	write_extents(0, places, 2);
}

static void test_a_sound_map_is_clean(void **state)
{
	struct couche_map *map;

	write_sound();
	map = couche_map_load(&o);
	couche_map_check(map);
	assert_int_equal(map->volume[1]->mapped[COUCHE_TIER_COLD], 2);
	assert_int_equal(map->used_pages, slot_pages() + 3);
	couche_map_destroy(map);
	expect_findings(0);
}

/* All pages are of sequence 7; here, page 2 once had @sequence. */
static void promise_pages(u64 checkpoint, u64 sequence)
{
	write_sound();
	o.super.page_checkpoint = checkpoint;
	o.super.page_sum = couche_page_term(0, 7) + couche_page_term(1, 7) +
			   couche_page_term(2, sequence);
	check();
}

static void test_pages_are_of_the_checkpoint(void **state)
{
	promise_pages(7, 7);
	expect_findings(0);
}

static void test_an_older_page_is_a_loss(void **state)
{
	promise_pages(8, 8);
	expect_loss("map pages of checkpoint 8",
		    "sequence: one is older than that, a write to it was lost");
	expect_findings(1);
}

static void test_cut_pages_do_not_count(void **state)
{
	struct couche_map *map;

	write_sound();
	o.super.page_checkpoint = 6;
	o.super.page_sum = 0;
	map = couche_map_load(&o);
	assert_null(map->volume[1]);
	couche_map_destroy(map);
	expect_findings(0);
}

static void damage_slot_b(void)
{
	void *block = sample_block();

	write_sound();
	memset(block, 0x5a, COUCHE_BLOCK_SIZE);
	write_block(o.super.map_start + 5 * COUCHE_BLOCK_SECTORS, block);
	free(block);
}

/* How many repairs are noted when slot B of page 2 is damaged. */
static size_t repairs_of_slot_b(void)
{
	struct couche_repairs repairs = {};
	size_t nr;

	damage_slot_b();
	o.repairs = &repairs;
	check();
	o.repairs = NULL;
	nr = repairs.nr;
	couche_repairs_destroy(&repairs);
	return nr;
}

static void test_a_slot_no_leg_has_is_mended_on_all_legs(void **state)
{
	o.super.leg[1].state = COUCHE_LEG_FAILED;
	assert_int_equal(repairs_of_slot_b(), 1);
}

/* The absent leg may have the newest version just there. */
static void test_or_on_none_if_one_is_absent(void **state)
{
	assert_int_equal(o.super.leg[1].state, COUCHE_LEG_ONLINE);
	assert_int_equal(repairs_of_slot_b(), 0);
}

static void check_noting(struct couche_repairs *repairs)
{
	o.repairs = repairs;
	check();
	o.repairs = NULL;
}

/* A device that was replaced, in the place of one that is absent. */
static void test_a_replaced_device_is_no_leg(void **state)
{
	_cleanup_(couche_repairs_destroy) struct couche_repairs repairs = {};

	attach(1);
	o.leg[1].super.leg[1].uuid[0]++;
	assert_false(couche_offline_is_current(&o, 1));
	damage_slot_b();
	check_noting(&repairs);
	assert_int_equal(repairs.nr, 0);
}

/* Page 3 was never written; these slots of it are damaged on leg 0: a mask. */
static void damage_unwritten(unsigned int slots)
{
	void *block = sample_block();
	unsigned int s;

	write_sound();
	o.super.page_checkpoint = 7;
	o.super.page_sum = couche_page_term(0, 7) + couche_page_term(1, 7) +
			   couche_page_term(2, 7);
	memset(block, 0x5a, COUCHE_BLOCK_SIZE);
	for (s = 0; s < 2; s++)
		if (slots & (1u << s))
			write_block(o.super.map_start + (6 + s) * COUCHE_BLOCK_SECTORS, block);
	free(block);
}

/* On leg 0 this slot of page 3 gets what that one is. */
static void expect_copy(const struct couche_repairs *repairs, u32 slot, int from, u32 from_slot)
{
	u64 page = o.super.map_start + 6 * COUCHE_BLOCK_SECTORS;
	size_t i;

	for (i = 0; i < repairs->nr; i++) {
		const struct couche_repair *repair = &repairs->list[i];

		if (repair->leg == 0 && repair->sector == page + slot * COUCHE_BLOCK_SECTORS &&
		    repair->from == from &&
		    repair->from_sector == page + from_slot * COUCHE_BLOCK_SECTORS)
			return;
	}
	fail_msg("slot %u does not become slot %u of leg %d", slot, from_slot, from);
}

static void test_a_page_never_written_becomes_blank(void **state)
{
	_cleanup_(couche_repairs_destroy) struct couche_repairs repairs = {};

	damage_unwritten(3);
	attach(1);
	check_noting(&repairs);
	expect_copy(&repairs, 0, 1, 0);
	expect_copy(&repairs, 1, 1, 1);
}

static void test_on_one_leg_too(void **state)
{
	_cleanup_(couche_repairs_destroy) struct couche_repairs repairs = {};

	o.super.leg[1].state = COUCHE_LEG_FAILED;
	damage_unwritten(1);
	check_noting(&repairs);
	assert_int_equal(repairs.nr, 1);
	expect_copy(&repairs, 0, 0, 1);
}

/* What stood there may have been the only version. */
static void test_but_not_where_that_is_a_guess(void **state)
{
	_cleanup_(couche_repairs_destroy) struct couche_repairs repairs = {};

	o.super.leg[1].state = COUCHE_LEG_FAILED;
	damage_unwritten(1);
	o.super.page_checkpoint = 0;
	check_noting(&repairs);
	assert_int_equal(repairs.nr, 0);
}

/* A bit of the only version of page 2 flips, in a pool with no checkpoint's sum. */
static void damage_only_version(void)
{
	u64 at = (o.super.map_start + 4 * COUCHE_BLOCK_SECTORS) * 512 + 3000;
	u8 byte;

	write_sound();
	assert_int_equal(pread(o.leg[0].fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(o.leg[0].fd, &byte, 1, at), 1);
}

static void test_its_only_version_damaged_is_a_loss(void **state)
{
	_cleanup_(couche_repairs_destroy) struct couche_repairs repairs = {};

	o.super.leg[1].state = COUCHE_LEG_FAILED;
	damage_only_version();
	check_noting(&repairs);
	expect_loss("map page 2", "sequence: its only version is damaged on every leg");
	assert_int_equal(repairs.nr, 0);
}

/* The other leg has lost the write of all pages: two come back, one does not. */
static void test_also_if_the_other_leg_is_blank(void **state)
{
	_cleanup_(couche_repairs_destroy) struct couche_repairs repairs = {};
	size_t i;

	attach(1);
	damage_only_version();
	check_noting(&repairs);
	expect_loss("map page 2", "sequence: its only version is damaged on every leg");
	for (i = 0; i < repairs.nr; i++)
		assert_int_equal(repairs.list[i].leg, 1);
}

static void test_two_extents_may_not_share_rows(void **state)
{
	struct couche_place places[2] = { cold_place(1, 100), cold_place(1, 164) };

	write_groups(1);
	write_volume();
	write_extents(0, places, 2);
	check();
	expect_loss("volume 1 extent 1", "row: shared with volume 1 extent 0");
	expect_findings(1);
}

static void test_two_groups_may_not_share_segments(void **state)
{
	write_groups(0);
	check();
	expect_loss("group 1", "segment: 0 belongs to group 0");
	expect_findings(6);
}

static void test_a_segment_is_on_its_leg(void **state)
{
	write_groups(15);
	check();
	expect_loss("group 1", "segment: 15 is beyond the end of the leg");
	expect_findings(6);
}

/*
 * Legs 4-11 are cold, 4-6 are missing. Group 0 is on 4-9, group 1 on 6-11; the
 * extent is in this one.
 */
static void lose_three_legs(u32 group_used)
{
	struct couche_group_desc group = { .nr = 6, .k = 4, .tier = COUCHE_TIER_COLD };
	struct couche_place place = cold_place(group_used, 0);
	void *block = sample_block();
	struct couche_map *map;
	unsigned int i, nr;

	for (i = 10; i < 12; i++) {
		o.super.leg[i] = o.super.leg[9];
		o.super.leg[i].uuid[0] += i;
	}
	o.super.nr_legs = 12;
	for (i = 1; i < 12; i++)
		if (i < 4 || i > 6)
			attach(i);
	couche_page_init(block, COUCHE_PAGE_GROUP, 0, 0, 0);
	for (nr = 0; nr < 2; nr++) {
		for (i = 0; i < 6; i++)
			group.seg[i] = (struct couche_segment){ 4 + 2 * nr + i, nr };
		couche_page_set_group(block, nr, &group);
	}
	write_page(0, block);
	free(block);
	write_volume();
	write_extents(0, &place, 1);
	couche_offline_check_supers(&o);
	map = couche_map_load(&o);
	couche_map_check_legs(map);
	couche_map_destroy(map);
}

static void test_legs_without_data_are_not_missed(void **state)
{
	lose_three_legs(1);
	assert_int_equal(o.findings.count[COUCHE_FINDING_LOSS], 0);
}

static void test_legs_with_data_are(void **state)
{
	lose_three_legs(0);
	expect_loss("cold legs", "legs: 3 of 8 are missing or stale, 2 may be");
	assert_int_equal(o.findings.count[COUCHE_FINDING_LOSS], 1);
}

struct bad_place {
	struct couche_place place;
	const char *what;
};

static void test_places_are_within_bounds(void **state)
{
	struct bad_place bad[] = {
		{ cold_place(2, 0), "group: does not exist" },
		{ cold_place(0xfffffff, 0), "group: out of range" },
		{ cold_place(0, 16384), "row: beyond the end of its segment" },
		{ cold_place(0, 16320), "row: past the end of its group" },
		{ cold_place(0, 0), "tier: not that of its group" },
		{ cold_place(0, 0), "rows: not those of its group's shape" },
		{ cold_place(0, 0), "generation: from the future" },
	};
	unsigned int i;

	bad[4].place.tier = COUCHE_TIER_HOT;
	bad[5].place.rows = 64;
	bad[6].place.generation = 1000;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		teardown(NULL);
		make_leg();
		write_groups(1);
		write_volume();
		write_extents(0, &bad[i].place, 1);
		check();
		expect_loss("volume 1 extent 0", bad[i].what);
		expect_findings(1);
	}
}

/* A volume that has writes to all its extents staged, and a slot over a hot one. */
static void write_staging_of_all(void)
{
	struct couche_stage_desc slot = {
		.volume = 1, .generation = 5, .sequence = 1, .flags = COUCHE_STAGE_ZERO,
	};
	struct couche_place place = cold_place(0, 0);
	struct couche_volume_desc volume;
	void *block = sample_block();

	write_groups(1);
	sample_volume_1(&volume);
	volume.flags = COUCHE_VOLUME_JOURNAL_ALL;
	couche_page_init(block, COUCHE_PAGE_VOLUME, 0, 0, 1);
	couche_page_set_volume(block, 1, &volume);
	write_page(1, block);
	place.tier = COUCHE_TIER_HOT;
	write_extents(0, &place, 1);
	couche_page_init(block, COUCHE_PAGE_STAGE, 0, 0, 3);
	couche_page_set_stage(block, 0, &slot);
	write_page(3, block);
	free(block);
}

static void check_slots(void)
{
	struct couche_map *map = couche_map_load(&o);

	couche_map_check_slots(map);
	couche_map_destroy(map);
}

static void test_staging_of_all_needs_its_feature(void **state)
{
	write_staging_of_all();
	check_slots();
	expect_loss("volume 1", "volume flags: not as the incompat feature says");

	teardown(NULL);
	make_leg();
	write_staging_of_all();
	write_volume();
	check_slots();
	expect_loss("slot 0", "the extent that it names is no stripe");
	expect_findings(1);

	teardown(NULL);
	make_leg();
	o.super.incompat |= COUCHE_FEATURE_INCOMPAT_STAGE_ALL;
	write_staging_of_all();
	check_slots();
	expect_findings(0);
}

static void test_extents_end_with_their_volume(void **state)
{
	struct couche_place places[49] = {};

	places[48] = cold_place(0, 0);
	write_groups(1);
	write_volume();
	write_extents(1, places, 49);
	check();
	expect_loss("volume 1 extent 300", "extent: beyond the end of its volume");
	expect_findings(1);
}

static void write_log(u32 pos, void (*add)(void *block), bool commit)
{
	void *block = sample_block();

	couche_journal_begin(block);
	add(block);
	couche_journal_seal(block, 100 + pos, o.super.journal_pos + pos, commit, o.seed);
	write_block(o.super.journal_start +
		    (u64)(o.super.journal_pos + pos) * COUCHE_BLOCK_SECTORS, block);
	free(block);
}

static void add_extent(void *block)
{
	struct couche_place place = cold_place(1, 0);

	couche_journal_add_extent(block, 1, to_couche_extent(0), &place);
}

static void add_removal(void *block)
{
	struct couche_volume_desc volume = {};

	couche_journal_add_volume(block, 1, &volume);
}

static void test_whole_commits_are_replayed(void **state)
{
	struct couche_map *map;

	write_sound();
	write_log(0, add_extent, true);
	write_log(1, add_removal, false);
	map = couche_map_load(&o);
	assert_int_equal(map->journal.commits, 1);
	assert_int_equal(map->journal.blocks, 1);
	assert_non_null(map->volume[1]);
	assert_int_equal(from_couche_group(couche_map_find_page(map, 1, 0)->place[0].group), 1);
	couche_map_destroy(map);
}

static void test_a_removed_volume_takes_its_map_along(void **state)
{
	struct couche_map *map;

	write_sound();
	write_log(0, add_removal, true);
	write_log(1, add_extent, true);
	map = couche_map_load(&o);
	assert_null(map->volume[1]);
	assert_int_equal(map->nr_pages, 0);
	couche_map_check(map);
	couche_map_destroy(map);
	expect_findings(0);
}

static void add_again(void *block)
{
	struct couche_volume_desc volume;

	sample_volume_1(&volume);
	couche_journal_add_volume(block, 1, &volume);
}

static void add_far_extent(void *block)
{
	struct couche_place place = cold_place(1, 0);

	couche_journal_add_extent(block, 1, to_couche_extent(COUCHE_PAGE_EXTENTS), &place);
}

/*
 * Volume 1 was removed and made anew, larger. Then a checkpoint was cut: it
 * has written the map pages of the new one, but not yet that there is one.
 */
static void write_cut_checkpoint(void)
{
	struct couche_place old = cold_place(0, 0), near = cold_place(0, 65),
			    far = cold_place(1, 0);

	write_groups(1);
	write_volume_of(100);
	write_map_page(2, 0, &old, 1);
	write_map_page(3, 0, &near, 1);
	write_map_page(4, 1, &far, 1);
}

static void test_the_log_explains_pages_of_a_new_volume(void **state)
{
	struct couche_map *map;

	write_cut_checkpoint();
	write_log(0, add_removal, true);
	write_log(1, add_again, true);
	write_log(2, add_extent, true);
	write_log(3, add_far_extent, true);
	map = couche_map_load(&o);
	assert_non_null(map->volume[1]);
	assert_int_equal(map->volume[1]->nr_extents, 300);
	assert_int_equal(from_couche_group(couche_map_find_page(map, 1, 0)->place[0].group), 1);
	assert_int_equal(from_couche_group(couche_map_find_page(map, 1, 1)->place[0].group), 1);
	assert_int_equal(map->used_pages, slot_pages() + 4);
	couche_map_destroy(map);
	expect_findings(0);
}

static void test_without_a_removal_such_pages_are_a_loss(void **state)
{
	write_cut_checkpoint();
	write_log(0, add_again, true);
	check();
	expect_loss("volume 1", "map pages: index: beyond its end, or twice the same");
}

static void add_dissolved_group(void *block)
{
	struct couche_group_desc group = {};

	couche_journal_add_group(block, to_couche_group(1), &group);
}

static void add_other_group(void *block)
{
	struct couche_group_desc group = { .nr = 6, .k = 4, .tier = COUCHE_TIER_COLD };
	unsigned int i;

	for (i = 0; i < 6; i++)
		group.seg[i] = (struct couche_segment){ 4 + i, 2 };
	couche_journal_add_group(block, to_couche_group(1), &group);
}

static void test_groups_are_dissolved_and_made_anew(void **state)
{
	struct couche_map *map;

	write_sound();
	write_log(0, add_dissolved_group, true);
	map = couche_map_load(&o);
	assert_non_null(couche_map_group(map, 0));
	assert_null(couche_map_group(map, 1));
	couche_map_destroy(map);
	expect_findings(0);

	write_log(1, add_other_group, true);
	map = couche_map_load(&o);
	assert_int_equal(couche_map_group(map, 1)->seg[0].segment, 2);
	couche_map_check(map);
	couche_map_destroy(map);
	expect_findings(0);
}

static void test_a_gap_in_the_log_is_a_loss(void **state)
{
	char object[32];

	write_sound();
	write_log(1, add_extent, true);
	write_log(2, add_extent, true);
	check();
	snprintf(object, sizeof(object), "journal block %u", o.super.journal_pos);
	expect_loss(object,
		    "journal magic: no journal block: the log goes on behind it, 2 blocks are lost");
}

/* Not to make the pool anew, which gives up far more. */
static void expect_remedy(const struct couche_finding *loss, const char *remedy)
{
	const char *told = couche_finding_remedy(&o, loss);

	if (strstr(told, "rescue") || !strstr(told, remedy))
		fail_msg("for %s: %s", loss->object, told);
}

static void test_a_lost_end_of_the_log_is_given_up_alone(void **state)
{
	const struct couche_finding *loss;
	u64 sector = o.super.journal_start + (u64)o.super.journal_pos * COUCHE_BLOCK_SECTORS;
	char object[64];

	write_sound();
	o.super.clean = 0;
	assert_int_equal(ftruncate(o.leg[0].fd, sector * 512), 0);
	check();
	snprintf(object, sizeof(object), "journal block %u, sector %llu", o.super.journal_pos,
		 sector);
	loss = expect_loss(object,
			   "cannot be read on any metadata leg, and what was committed last may be there");
	expect_remedy(loss, "write zeros to the 4 KiB at that sector");
}

static void test_the_only_metadata_leg_is_not_failed(void **state)
{
	damage_slot_b();
	check();
	expect_findings(1);
	expect_remedy(&o.findings.list[0], "import the pool, then: couchectl leg add --meta, leg fail");
	attach(1);
	expect_remedy(&o.findings.list[0], "import the pool, then: couchectl leg fail, leg restore");
}

static void test_a_lost_slot_is_written_anew(void **state)
{
	struct couche_stage_desc slot = {
		.volume = 1, .extent = to_couche_extent(1), .granule = 3, .generation = 5,
		.sequence = 1, .crc = 1,
	};
	const struct couche_finding *loss;
	void *block = sample_block();

	write_sound();
	couche_page_init(block, COUCHE_PAGE_STAGE, 0, 0, 3);
	couche_page_set_stage(block, 7, &slot);
	write_page(3, block);
	free(block);
	check_slots();
	loss = expect_loss("slot 7",
			   "no metadata leg has it as it was written: volume 1 sector 2072");
	expect_remedy(loss, "import the pool as it is, and write these 4 KiB of the volume anew");
}

/* I7: nor does it take forever. */
static void test_a_map_larger_than_its_legs_is_a_loss(void **state)
{
	char object[32];

	write_sound();
	o.super.map_pages = ~0u;
	alarm(60);
	check();
	alarm(0);
	snprintf(object, sizeof(object), "map page %llu",
		 (o.leg[0].sectors - o.super.map_start) / (2 * COUCHE_BLOCK_SECTORS));
	expect_loss(object, "is behind the end of every metadata leg");
}

/* I7: whatever a block says, the map is read to its end. */
static void test_random_damage_is_survived(void **state)
{
	unsigned int round, i;
	u8 byte;

	for (round = 0; round < 300; round++) {
		u32 number = sample_random() % 3;
		u64 at = (o.super.map_start + (u64)number * 2 * COUCHE_BLOCK_SECTORS) * 512;
		void *block = sample_block();

		teardown(NULL);
		make_leg();
		write_sound();
		assert_int_equal(pread(o.leg[0].fd, block, COUCHE_BLOCK_SIZE, at),
				 COUCHE_BLOCK_SIZE);
		for (i = 0; i < 4; i++) {
			byte = sample_random();
			((u8 *)block)[16 + sample_random() % 600] = byte;
		}
		write_page(number, block);
		check();
		free(block);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_sound_map_is_clean, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages_are_of_the_checkpoint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_older_page_is_a_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_pages_do_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_slot_no_leg_has_is_mended_on_all_legs,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_or_on_none_if_one_is_absent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_replaced_device_is_no_leg, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_page_never_written_becomes_blank, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_on_one_leg_too, setup, teardown),
		cmocka_unit_test_setup_teardown(test_but_not_where_that_is_a_guess, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_its_only_version_damaged_is_a_loss, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_also_if_the_other_leg_is_blank, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_two_extents_may_not_share_rows, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_two_groups_may_not_share_segments, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_segment_is_on_its_leg, setup, teardown),
		cmocka_unit_test_setup_teardown(test_legs_without_data_are_not_missed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_legs_with_data_are, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places_are_within_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_staging_of_all_needs_its_feature, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_extents_end_with_their_volume, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_whole_commits_are_replayed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_removed_volume_takes_its_map_along, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_log_explains_pages_of_a_new_volume, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_without_a_removal_such_pages_are_a_loss, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_groups_are_dissolved_and_made_anew, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_gap_in_the_log_is_a_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_lost_end_of_the_log_is_given_up_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_lost_slot_is_written_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_only_metadata_leg_is_not_failed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_map_larger_than_its_legs_is_a_loss, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_random_damage_is_survived, setup, teardown),
	};

	return cmocka_run_group_tests_name("offline", tests, NULL, NULL);
}
