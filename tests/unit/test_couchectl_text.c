// SPDX-License-Identifier: GPL-2.0-only
/* What couchectl reads and writes as text: sizes, tables, JSON, YAML, progress. */
#include <endian.h>
#include <errno.h>
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

#include "tools/device.h"
#include "tools/doc.h"
#include "tools/options.h"
#include "tools/plan.h"
#include "tools/size.h"
#include "tools/wait.h"

/* Runs print(ctl, doc) with standard output in @out. */
static void capture(void (*print)(const struct couche_ctl *ctl, const cJSON *doc),
		    const struct couche_ctl *ctl, const cJSON *doc, char *out, size_t size)
{
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	size_t len;

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	print(ctl, doc);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	len = fread(out, 1, size - 1, file);
	out[len] = '\0';
	fclose(file);
}

static void sizes_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		int error;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "64KiB", 0, 65536 }, { "1M", 0, 1048576 },
		{ "1MB", 0, 1000000 }, { "1.5GiB", 0, 1610612736 }, { "0.1T", 0, 109951162777 },
		{ "2048s", 0, 1048576 }, { "16777215T", 0, 16777215ULL << 40 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 }, { "16777216T", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "1.", -EINVAL, 0 },
		{ ".5G", -EINVAL, 0 },
		{ "1 GiB", -EINVAL, 0 }, { "1Gi", -EINVAL, 0 }, { "1GiBx", -EINVAL, 0 },
		{ "1.0000000001G", -EINVAL, 0 }, { "0x10", -EINVAL, 0 },
	};
	uint64_t bytes;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("# %s\n", cases[i].text);
		assert_int_equal(couche_size_parse(cases[i].text, &bytes), cases[i].error);
		if (!cases[i].error)
			assert_int_equal(bytes, cases[i].bytes);
	}
	assert_int_equal(couche_rate_parse("50MiB/s", &bytes), 0);
	assert_int_equal(bytes, 50 << 20);
	assert_int_equal(couche_rate_parse("/s", &bytes), -EINVAL);
}

static void sizes_are_written_for_people(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" }, { 1023, "1023B" }, { 1024, "1KiB" }, { 1536, "1.5KiB" },
		{ 1048575, "1MiB" }, { 1048576, "1MiB" }, { 10ULL << 30, "10GiB" },
		{ 150ULL << 20, "150MiB" }, { UINT64_MAX, "16EiB" },
	};
	char text[COUCHE_SIZE_TEXT];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(couche_size_format(cases[i].bytes, text), cases[i].text);
	assert_string_equal(couche_eta_format(9900, text), "9.9s");
	assert_string_equal(couche_eta_format(59999, text), "59s");
	assert_string_equal(couche_eta_format(185000, text), "3m05s");
	assert_string_equal(couche_eta_format(7800000, text), "2h10m");
	assert_string_equal(couche_eta_format(442800000, text), "5d03h");
}

static const struct couche_column columns[] = {
	{ "NAME", "name" }, { "SIZE", "tier.bytes", COUCHE_COLUMN_SIZE },
	{ "TIME", "ms", COUCHE_COLUMN_DURATION, true }, { "NOTE", "note" },
	{ NULL }
};

static cJSON *make_doc(void)
{
	cJSON *doc = couche_doc_create("sample list");
	cJSON *rows = couche_doc_add_array(doc, "rows");
	cJSON *row = couche_doc_append_object(rows);

	couche_doc_add_text(row, "name", "a \"b\"");
	couche_doc_add_number(couche_doc_add_object(row, "tier"), "bytes", UINT64_MAX);
	couche_doc_add_number(row, "ms", 1500);
	couche_doc_add_text(row, "note", NULL);
	row = couche_doc_append_object(rows);
	couche_doc_add_text(row, "name", "no");
	couche_doc_add_number(couche_doc_add_object(row, "tier"), "bytes", 1536);
	couche_doc_add_number(row, "ms", 0);
	couche_doc_add_bool(row, "note", false);
	couche_doc_add_array(doc, "empty");
	return doc;
}

static void print_rows(const struct couche_ctl *ctl, const cJSON *doc)
{
	static const struct couche_list list = { "rows", "name", columns };

	couche_doc_print_list(ctl, &list, doc);
}

static void check_output(const struct couche_ctl *ctl, const char *want)
{
	cJSON *doc = make_doc();
	char out[2048];

	capture(print_rows, ctl, doc, out, sizeof(out));
	assert_string_equal(out, want);
	cJSON_Delete(doc);
}

static void tables_align_and_hide_wide_columns(void **state)
{
	struct couche_ctl ctl = { .output = COUCHE_OUTPUT_TABLE };

	check_output(&ctl, "NAME     SIZE  NOTE\na \"b\"   16EiB  -\nno     1.5KiB  no\n");
	ctl.output = COUCHE_OUTPUT_WIDE;
	check_output(&ctl,
		     "NAME     SIZE  TIME  NOTE\na \"b\"   16EiB  1.5s  -\nno     1.5KiB  0.0s  no\n");
}

static void scripts_get_tabs_and_exact_numbers(void **state)
{
	struct couche_ctl ctl = {
		.output = COUCHE_OUTPUT_TABLE, .no_headers = true, .exact = true
	};

	check_output(&ctl, "a \"b\"\t18446744073709551615\t-\nno\t1536\tno\n");
	ctl = (struct couche_ctl){ .output = COUCHE_OUTPUT_NAME };
	check_output(&ctl, "a \"b\"\nno\n");
}

static void json_keeps_large_numbers(void **state)
{
	struct couche_ctl ctl = { .output = COUCHE_OUTPUT_JSON };

	check_output(&ctl,
		     "{\n  \"output_version\": {\n    \"command\": \"sample list\",\n"
		     "    \"vers_major\": 1,\n    \"vers_minor\": 1\n  },\n  \"rows\": [\n    {\n"
		     "      \"name\": \"a \\\"b\\\"\",\n      \"tier\": {\n"
		     "        \"bytes\": 18446744073709551615\n      },\n      \"ms\": 1500,\n"
		     "      \"note\": null\n    },\n    {\n      \"name\": \"no\",\n"
		     "      \"tier\": {\n        \"bytes\": 1536\n      },\n      \"ms\": 0,\n"
		     "      \"note\": false\n    }\n  ],\n  \"empty\": []\n}\n");
}

static void yaml_quotes_what_is_no_plain_word(void **state)
{
	struct couche_ctl ctl = { .output = COUCHE_OUTPUT_YAML };

	check_output(&ctl,
		     "output_version:\n  command: sample list\n  vers_major: 1\n  vers_minor: 1\n"
		     "rows:\n- name: \"a \\\"b\\\"\"\n  tier:\n    bytes: 18446744073709551615\n"
		     "  ms: 1500\n  note: null\n- name: \"no\"\n  tier:\n    bytes: 1536\n"
		     "  ms: 0\n  note: false\nempty: []\n");
}

static void format_migration(const struct couche_nl_migration *migration, bool bar, char *out)
{
	struct couche_progress progress;

	couche_progress_of_migration(migration, &progress);
	couche_progress_format(&progress, bar, out);
}

static void progress_without_an_end_has_a_time(void **state)
{
	struct couche_progress progress = {
		.state = "restoring", .elapsed_ms = 2000, .endless = true,
	};
	char text[COUCHE_PROGRESS_TEXT];

	couche_progress_format(&progress, true, text);
	assert_string_equal(text, "restoring, 2.0s");
}

static void progress_knows_rate_and_time_left(void **state)
{
	struct couche_nl_migration migration = {
		.state = COUCHE_MIGRATION_SCALE_UP, .count = 100, .moved = 20, .skipped = 20,
		.bytes = 20 << 20, .elapsed_ms = 2000,
	};
	char text[COUCHE_PROGRESS_TEXT];

	format_migration(&migration, true, text);
	assert_string_equal(text,
			    "[############..................]  40% 20MiB scale-up 10MiB/s ETA 6.0s");
	format_migration(&migration, false, text);
	assert_string_equal(text, " 40% 20MiB scale-up 10MiB/s ETA 6.0s");
	migration.state = COUCHE_MIGRATION_DONE;
	migration.moved = 80;
	format_migration(&migration, false, text);
	assert_string_equal(text, "100% 20MiB done 10MiB/s");
	migration = (struct couche_nl_migration){ .state = COUCHE_MIGRATION_ANALYZE };
	format_migration(&migration, true, text);
	assert_string_equal(text, "[..............................]   0% 0B analyze");
}

static void lists_of_words_end_at_the_next_option(void **state)
{
	static struct couche_words devices, rest;
	static uint64_t size;
	static const struct couche_option options[] = {
		{ "device", 'd', COUCHE_OPTION_LIST, &devices, "DEV...", "" },
		{ "size", 's', COUCHE_OPTION_SIZE, &size, "SIZE", "" },
		{ NULL }
	};
	char *argv[] = {
		"name", "--device", "a", "b", "-nojson", "--device=c", "-s1M", "--", "-x"
	};
	struct couche_ctl ctl;

	assert_int_equal(couche_options_parse(&ctl, options, 9, argv, &rest), 0);
	assert_int_equal(devices.nr, 3);
	assert_string_equal(devices.word[2], "c");
	assert_int_equal(rest.nr, 2);
	assert_string_equal(rest.word[0], "name");
	assert_string_equal(rest.word[1], "-x");
	assert_int_equal(size, 1 << 20);
	assert_true(ctl.dry_run);
	assert_int_equal(ctl.output, COUCHE_OUTPUT_JSON);
}

static void an_option_with_one_value_is_given_once(void **state)
{
	static struct couche_words devices, rest;
	static const char *name;
	static uint64_t size;
	static const struct couche_option options[] = {
		{ "device", 'd', COUCHE_OPTION_LIST, &devices, "DEV...", "" },
		{ "name", 0, COUCHE_OPTION_TEXT, &name, "NAME", "" },
		{ "size", 's', COUCHE_OPTION_SIZE, &size, "SIZE", "" },
		{ NULL }
	};
	char *twice[] = { "-s1M", "--size=1M" };
	char *texts[] = { "--name", "a", "--name", "b" };
	char *global[] = { "-ojson", "-o", "yaml" };
	char *fine[] = { "-nn", "-d", "a", "-d", "b", "--name=-s", "-s2M" };
	struct couche_ctl ctl;

	assert_int_equal(couche_options_parse(&ctl, options, 2, twice, &rest),
			 COUCHE_EXIT_USAGE);
	assert_int_equal(couche_options_parse(&ctl, options, 4, texts, &rest),
			 COUCHE_EXIT_USAGE);
	assert_int_equal(couche_options_parse(&ctl, options, 3, global, &rest),
			 COUCHE_EXIT_USAGE);
	assert_int_equal(couche_options_parse(&ctl, options, 7, fine, &rest),
			 0);
	assert_int_equal(devices.nr, 2);
	assert_int_equal(size, 2 << 20);
}

#define LEGS	"00000000-0000-0000-0000-000000000000 4 meta /dev/a hot /dev/b cold - cold /dev/d"
#define LAYOUT	"format name t extent 2048 segment 131072 hot 1+0 cold 1+1 cold_matrix cauchy domains 0,1,2,7"

/* What looks like a superblock, with a name that would move a cursor. */
static void names_on_devices_are_visible(void **state)
{
	struct couche_disk_super super = {
		.magic = htole64(COUCHE_SB_MAGIC), .name = "a\033[2J\tb\x80"
	};
	struct couche_device device;
	char path[32];
	int fd = memfd_create("device", 0);

	assert_int_equal(ftruncate(fd, 2 << 20), 0);
	assert_int_equal(pwrite(fd, &super, sizeof(super), COUCHE_SB_SLOT_A * 512),
			 sizeof(super));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(couche_device_open_image(&device, path), 0);
	assert_int_equal(couche_device_check_free(&device, true), 0);
	assert_true(device.foreign);
	assert_string_equal(device.contents, "a leg of pool 'a?[2J?b?' "
			    "(00000000-0000-0000-0000-000000000000)");
	close(fd);
}

static void table_lines_match_the_plan(void **state)
{
	struct couche_plan plan = {
		.name = "t", .nr_legs = 4, .extent_sectors = 2048, .segment_sectors = 131072,
		.leg = {
			{ "/dev/a", 524288, COUCHE_ROLE_META, 0 },
			{ "/dev/b", 524288, COUCHE_ROLE_HOT, 1 },
			{ NULL, 524288, COUCHE_ROLE_COLD, 2 },
			{ "/dev/d", 524288, COUCHE_ROLE_COLD, 7 },
		},
		.profile = { [COUCHE_TIER_HOT] = { 1, 0 }, [COUCHE_TIER_COLD] = { 1, 1, 1 } },
	};
	char text[1024], small[64];

	assert_int_equal(couche_plan_params(&plan, true, text, sizeof(text)), 0);
	assert_string_equal(text, LEGS " 15 " LAYOUT);
	assert_int_equal(couche_plan_params(&plan, false, text, sizeof(text)), 0);
	assert_string_equal(text, LEGS " 0");
	assert_int_equal(couche_plan_params(&plan, false, small, sizeof(small)), -E2BIG);

	plan.stage_slots = 512;
	plan.settings.given[COUCHE_SETTING_LEG_TIMEOUT] = true;
	plan.settings.value[COUCHE_SETTING_DESTAGE_THRESHOLD] = 70;
	plan.settings.given[COUCHE_SETTING_DESTAGE_THRESHOLD] = true;
	plan.settings.value[COUCHE_SETTING_SCRUB_INTERVAL] = 604800;
	plan.settings.given[COUCHE_SETTING_SCRUB_INTERVAL] = true;
	assert_int_equal(couche_plan_params(&plan, true, text, sizeof(text)), 0);
	assert_string_equal(text, LEGS " 23 format name t extent 2048 segment 131072 hot 1+0 cold 1+1 "
			    "cold_matrix cauchy data_journal 4096 domains 0,1,2,7 "
			    "leg_timeout 0 destage_threshold 70 scrub_interval 604800");
	plan.read_only = true;
	assert_int_equal(couche_plan_params(&plan, false, text, sizeof(text)), 0);
	assert_string_equal(text, LEGS " 7 readonly leg_timeout 0 destage_threshold 70 "
			    "scrub_interval 604800");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read_exactly),
		cmocka_unit_test(sizes_are_written_for_people),
		cmocka_unit_test(tables_align_and_hide_wide_columns),
		cmocka_unit_test(scripts_get_tabs_and_exact_numbers),
		cmocka_unit_test(json_keeps_large_numbers),
		cmocka_unit_test(yaml_quotes_what_is_no_plain_word),
		cmocka_unit_test(progress_without_an_end_has_a_time),
		cmocka_unit_test(progress_knows_rate_and_time_left),
		cmocka_unit_test(lists_of_words_end_at_the_next_option),
		cmocka_unit_test(an_option_with_one_value_is_given_once),
		cmocka_unit_test(names_on_devices_are_visible),
		cmocka_unit_test(table_lines_match_the_plan),
	};

	couche_doc_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
