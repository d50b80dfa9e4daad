// SPDX-License-Identifier: GPL-2.0-only
/* Table line of the pool: what is understood, and what is refused how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "sample.h"
#include "tableline.h"

#define UUID "00112233-4455-6677-8899-aAbBcCdDeEfF"
#define LEGS "meta /dev/m hot /dev/h0"
#define COLD "cold /dev/c0 cold /dev/c1 cold /dev/c2 cold /dev/c3 cold /dev/c4 cold /dev/c5"

static char line[4096];
static char *words[512];

static int decode(const char *text, struct couche_tableline *ret, const char **field)
{
	unsigned int nr = 0;
	char *word, *save = NULL;

	assert_true(strlen(text) < sizeof(line));
	strcpy(line, text);
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		words[nr++] = word;
	*field = NULL;
	memset(ret, 0xa5, sizeof(*ret));
	return couche_tableline_decode(nr, words, ret, field);
}

static void decode_ok(const char *text, struct couche_tableline *ret)
{
	const char *field;

	if (decode(text, ret, &field))
		fail_msg("\"%s\": %s", text, field);
}

static void test_everything_said(void **state)
{
	struct couche_tableline t;
	static const u8 uuid[] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	};

	decode_ok(UUID " 8 meta 8:16 hot 8:32 hot 8:33 warm 8:34 warm 8:35 "
		  "cold a cold b cold c 29 format name tank extent 4096 segment 16384 "
		  "hot 1+1 warm 1+0 cold 2+1 cold_matrix cauchy cold_min_healthy 3 "
		  "domains 0,1,2,3,4,5,65535,7 leg_timeout 5 data_journal 16384 "
		  "destage_threshold 70 destage_interval 0 scrub_interval 604800", &t);
	assert_int_equal(t.leg_timeout, 5);
	assert_memory_equal(t.uuid, uuid, sizeof(uuid));
	assert_int_equal(t.nr_legs, 8);
	assert_int_equal(t.leg[0].role, COUCHE_ROLE_META);
	assert_int_equal(t.leg[2].role, COUCHE_ROLE_HOT);
	assert_int_equal(t.leg[3].role, COUCHE_ROLE_WARM);
	assert_int_equal(t.leg[7].role, COUCHE_ROLE_COLD);
	assert_string_equal(t.leg[2].device, "8:33");
	assert_string_equal(t.leg[7].device, "c");
	assert_true(t.format);
	assert_false(t.readonly);
	assert_string_equal(t.name, "tank");
	assert_int_equal(t.extent_sectors, 4096);
	assert_int_equal(t.segment_sectors, 16384);
	assert_memory_equal(&t.profile[0], (&(struct couche_profile){ 1, 1, 0, 0, 0 }), 5);
	assert_memory_equal(&t.profile[1], (&(struct couche_profile){ 1, 0, 0, 0, 0 }), 5);
	assert_memory_equal(&t.profile[2], (&(struct couche_profile){ 2, 1, 1, 1, 3 }), 5);
	assert_int_equal(t.stage_slots, 2048);
	assert_int_equal(t.destage_threshold, 70);
	assert_int_equal(t.destage_interval, 0);
	assert_int_equal(t.scrub_interval, 604800);
	assert_int_equal(t.leg[1].domain, 1);
	assert_int_equal(t.leg[6].domain, 65535);
	assert_int_equal(t.given, (1 << COUCHE_NR_FEATURE_ARGS) - 1 -
			 (1 << COUCHE_FEATURE_ARG_READONLY));
}

static void test_defaults(void **state)
{
	struct couche_tableline t;

	decode_ok(UUID " 2 " LEGS " 0", &t);
	assert_int_equal(t.given, 0);
	assert_false(t.format || t.readonly);
	assert_string_equal(t.name, "");
	assert_int_equal(t.extent_sectors, 2048);
	assert_int_equal(t.segment_sectors, 131072);
	assert_memory_equal(&t.profile[0], (&(struct couche_profile){ 1, 0, 0, 0, 0 }), 5);
	assert_memory_equal(&t.profile[1], (&(struct couche_profile){ 0, 0, 0, 0, 0 }), 5);
	assert_memory_equal(&t.profile[2], (&(struct couche_profile){ 0, 0, 0, 0, 0 }), 5);
	assert_int_equal(t.stage_slots, 0);
	assert_int_equal(t.destage_threshold, 80);
	assert_int_equal(t.destage_interval, 30);
	assert_int_equal(t.scrub_interval, 0);
	assert_int_equal(t.leg[1].domain, 0);

	decode_ok(UUID " 8 " LEGS " " COLD " 1 format", &t);
	assert_memory_equal(&t.profile[2], (&(struct couche_profile){ 4, 2, 0, 1, 0 }), 5);
	decode_ok(UUID " 3 " LEGS " warm w 1 readonly", &t);
	assert_memory_equal(&t.profile[1], (&(struct couche_profile){ 1, 0, 0, 0, 0 }), 5);
	assert_true(t.readonly);
}

/* Wide profiles need the other matrix; it is taken unless one was named. */
static void test_matrix_follows_the_profile(void **state)
{
	struct couche_tableline t;
	const char *field;

	decode_ok(UUID " 8 " LEGS " " COLD " 2 cold 10+4", &t);
	assert_int_equal(t.profile[2].matrix, 0);
	decode_ok(UUID " 8 " LEGS " " COLD " 2 cold 10+6", &t);
	assert_int_equal(t.profile[2].matrix, 1);
	assert_int_equal(decode(UUID " 8 " LEGS " " COLD " 4 cold 10+6 cold_matrix vandermonde",
				&t, &field), -EINVAL);
	sample_assert_field("named", field, "cold_matrix: cannot restore");
}

static void test_missing_devices(void **state)
{
	struct couche_tableline t;
	const char *field;

	decode_ok(UUID " 4 meta - hot a cold - cold - 0", &t);
	assert_null(t.leg[0].device);
	assert_null(t.leg[3].device);
	assert_string_equal(t.leg[1].device, "a");
	assert_int_equal(decode(UUID " 2 meta - hot a 1 format", &t, &field), -EINVAL);
	sample_assert_field("format", field, "format: a device is missing");
}

static const struct {
	const char *line, *field;
} bad[] = {
	{ "", "pool uuid: missing" },
	{ "tank 2 " LEGS " 0", "pool uuid: 'tank' is not a UUID" },
	{ UUID "0 2 " LEGS " 0", "pool uuid: '" },
	{ "0011223344556677-8899-aabbccddeeff 2 " LEGS " 0", "pool uuid" },
	{ "00112233-4455-6677-8899-aabbccddeefg 2 " LEGS " 0", "pool uuid" },
	{ "00000000-0000-0000-0000-000000000000 2 " LEGS " 0", "pool uuid" },
	{ "00112233-4455-6677-8899-aabbccddeef 2 " LEGS " 0", "pool uuid" },
	{ UUID, "legs: number missing" },
	{ UUID " x", "legs: 'x' is no number" },
	{ UUID " 0 0", "legs: '0' is no number of legs" },
	{ UUID " -1 0", "legs: '-1'" },
	{ UUID " 2x " LEGS " 0", "legs: '2x'" },
	{ UUID " 99999999999999999999 " LEGS " 0", "legs: '9999" },
	{ UUID " 4294967298 " LEGS " 0", "legs: '4294967298'" },
	{ UUID " 65 " LEGS " 0", "legs: more than 64" },
	{ UUID " 3 " LEGS, "legs: fewer" },
	{ UUID " 3 " LEGS " cold", "legs: fewer" },
	{ UUID " 2 meta a tepid b 0", "legs: role 'tepid'" },
	{ UUID " 2 meta a hot a 0", "legs: device 'a' listed twice" },
	{ UUID " 1 hot a 0", "legs: no meta leg" },
	{ UUID " 5 meta a meta b meta c meta d hot e 0", "legs: more than 3 meta" },
	{ UUID " 2 " LEGS, "feature args: number missing" },
	{ UUID " 2 " LEGS " many", "feature args: 'many'" },
	{ UUID " 2 " LEGS " 1", "feature args: fewer" },
	{ UUID " 2 " LEGS " 1 format readonly", "feature args: more" },
	{ UUID " 2 " LEGS " 0 format", "feature args: more" },
	{ UUID " 2 " LEGS " 2 colour blue", "feature arg 'colour' unknown" },
	{ UUID " 2 " LEGS " 2 format format", "feature arg 'format' given twice" },
	{ UUID " 2 " LEGS " 4 extent 2048 extent 4096", "feature arg 'extent' given twice" },
	{ UUID " 2 " LEGS " 1 name", "feature arg 'name' has no value" },
	{ UUID " 2 " LEGS " 2 name t\001nk", "name: 't?nk'" },
	{ UUID " 2 " LEGS " 2 name 0123456789012345678901234567890123456789012345678901234567890123",
	  "name: not within 1..63" },
	{ UUID " 2 " LEGS " 2 extent 2047", "extent: '2047'" },
	{ UUID " 2 " LEGS " 2 extent 64", "extent: '64'" },
	{ UUID " 2 " LEGS " 2 extent 262144", "extent: '262144'" },
	{ UUID " 2 " LEGS " 2 extent 1MiB", "extent: '1MiB'" },
	{ UUID " 2 " LEGS " 2 segment 1024", "segment: '1024'" },
	{ UUID " 2 " LEGS " 2 segment 8388609", "segment: '8388609'" },
	{ UUID " 2 " LEGS " 2 segment 131073", "segment: not a multiple" },
	{ UUID " 2 " LEGS " 4 extent 131072 segment 65536", "segment: not a multiple" },
	{ UUID " 2 " LEGS " 2 hot 2+0", "hot: '2+0'" },
	{ UUID " 2 " LEGS " 2 hot 1+3", "hot: '1+3'" },
	{ UUID " 2 " LEGS " 2 hot 1", "hot: '1'" },
	{ UUID " 2 " LEGS " 2 hot 1+", "hot: '1+'" },
	{ UUID " 2 " LEGS " 2 hot 1+1x", "hot: '1+1x'" },
	{ UUID " 2 " LEGS " 2 warm 0+1", "warm: '0+1'" },
	{ UUID " 8 " LEGS " " COLD " 2 cold 0+2", "cold: '0+2'" },
	{ UUID " 8 " LEGS " " COLD " 2 cold 31+2", "cold: '31+2'" },
	{ UUID " 8 " LEGS " " COLD " 2 cold 4294967297+2", "cold: '4294967297+2'" },
	{ UUID " 8 " LEGS " " COLD " 2 cold_matrix hilbert", "cold_matrix: 'hilbert'" },
	{ UUID " 2 " LEGS " 2 cold_matrix cauchy", "cold_matrix: no cold" },
	{ UUID " 2 " LEGS " 2 data_journal 2040", "data_journal: '2040' is not" },
	{ UUID " 2 " LEGS " 2 data_journal 2052", "data_journal: '2052' is not" },
	{ UUID " 2 " LEGS " 2 data_journal 33554440", "data_journal: '33554440' is not" },
	{ UUID " 2 " LEGS " 3 format data_journal 2048", "data_journal: no cold tier" },
	{ UUID " 2 " LEGS " 2 destage_threshold 96", "destage_threshold: '96' is not" },
	{ UUID " 2 " LEGS " 2 destage_interval -1", "destage_interval: '-1' is not" },
	{ UUID " 2 " LEGS " 2 destage_interval 86401", "destage_interval: '86401' is not" },
	{ UUID " 2 " LEGS " 2 scrub_interval weekly", "scrub_interval: 'weekly' is not" },
	{ UUID " 2 " LEGS " 2 scrub_interval 31536001", "scrub_interval: '31536001' is not" },
	{ UUID " 8 " LEGS " " COLD " 2 cold_min_healthy 0", "cold_min_healthy: '0'" },
	{ UUID " 8 " LEGS " " COLD " 2 cold_min_healthy 33", "cold_min_healthy: '33'" },
	{ UUID " 8 " LEGS " " COLD " 2 cold_min_healthy k", "cold_min_healthy: 'k'" },
	{ UUID " 8 " LEGS " " COLD " 3 format cold_min_healthy 3", "cold_min_healthy: not within" },
	{ UUID " 8 " LEGS " " COLD " 3 format cold_min_healthy 7", "cold_min_healthy: not within" },
	{ UUID " 8 " LEGS " " COLD " 4 cold_min_healthy 4 cold 2+1",
	  "cold_min_healthy: not within" },
	{ UUID " 2 " LEGS " 2 cold_min_healthy 1", "cold_min_healthy: no cold" },
	{ UUID " 2 " LEGS " 2 domains 1", "domains: not one" },
	{ UUID " 2 " LEGS " 2 domains 1,2,3", "domains: not one" },
	{ UUID " 2 " LEGS " 2 domains 1,", "domains: not a number" },
	{ UUID " 2 " LEGS " 2 domains 1,65536", "domains: not a number" },
	{ UUID " 2 " LEGS " 2 leg_timeout soon", "leg_timeout: 'soon'" },
	{ UUID " 2 " LEGS " 2 leg_timeout 86401", "leg_timeout: '86401'" },
	{ UUID " 2 " LEGS " 2 leg_timeout -1", "leg_timeout: '-1'" },
	{ UUID " 2 " LEGS " 1 leg_timeout", "feature arg 'leg_timeout'" },
	{ UUID " 2 " LEGS " 2 format readonly", "format: not together" },
	{ UUID " 2 " LEGS " 3 format hot 1+1", "hot: fewer legs" },
	{ UUID " 2 " LEGS " 3 format warm 1+0", "warm: no warm legs" },
	{ UUID " 2 " LEGS " 3 format cold 4+2", "cold: no cold legs" },
	{ UUID " 7 " LEGS " cold a cold b cold c cold d cold e 1 format", "cold: fewer" },
	{ UUID " 7 meta m " COLD " 1 format", "legs: neither hot nor warm" },
};

static void test_bad_lines_are_named(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct couche_tableline t;
		const char *field;

		if (decode(bad[i].line, &t, &field) != -EINVAL)
			fail_msg("\"%s\": taken", bad[i].line);
		sample_assert_field(bad[i].line, field, bad[i].field);
	}
}

static void test_long_words_fit_the_complaint(void **state)
{
	struct couche_tableline t;
	char text[1200];
	const char *field;

	snprintf(text, sizeof(text), UUID " 2 " LEGS " 1 %01000d", 7);
	assert_int_equal(decode(text, &t, &field), -EINVAL);
	assert_ptr_equal(field, t.why);
	assert_true(strlen(field) < sizeof(t.why));
	sample_assert_field("long", field, "feature arg '00000000");
	assert_string_equal(field + strlen(field) - 9, "' unknown");
}

static void test_sixty_four_legs(void **state)
{
	struct couche_tableline t;
	char text[4096];
	size_t used;
	unsigned int i;

	used = snprintf(text, sizeof(text), UUID " 64 meta m hot h");
	for (i = 2; i < 64; i++)
		used += snprintf(text + used, sizeof(text) - used, " cold c%u", i);
	snprintf(text + used, sizeof(text) - used, " 1 format");
	decode_ok(text, &t);
	assert_int_equal(t.nr_legs, 64);
	assert_string_equal(t.leg[63].device, "c63");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_said),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_matrix_follows_the_profile),
		cmocka_unit_test(test_missing_devices),
		cmocka_unit_test(test_bad_lines_are_named),
		cmocka_unit_test(test_long_words_fit_the_complaint),
		cmocka_unit_test(test_sixty_four_legs),
	};

	return cmocka_run_group_tests_name("tableline", tests, NULL, NULL);
}
