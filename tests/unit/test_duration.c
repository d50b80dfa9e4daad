// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/lib/duration.h"

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{ "1ms", 1 }, { "10s", 10000 }, { "30m", 1800000 }, { "1h", 3600000 },
		{ "24h", 86400000 }, { "7d", 604800000 }, { "2w", 1209600000 },
		{ "1h30m", 5400000 }, { "1w1d1h1m1s1ms", 694861001 }, { "90m", 5400000 },
		{ "3650d", COUCHE_DURATION_MAX_MS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ms = 0;

		assert_int_equal(couche_duration_parse(cases[i].text, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "h", "1", "1x", "-1h", "1.5h", " 1h", "1h ", "30m1h", "1h1h", "1hm", "1 h",
		"0x1h", "1H", "h1",
	};
	static const char *const range[] = {
		"0s", "0h0m", "3651d", "99999999999999999999s", "999999999999999w",
	};
	uint64_t ms = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(couche_duration_parse(bad[i], &ms), -EINVAL);
	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		assert_int_equal(couche_duration_parse(range[i], &ms), -ERANGE);
	assert_int_equal(ms, 77);
}

static void what_is_written_reads_back(void **state)
{
	static const uint64_t values[] = {
		1, 999, 1000, 61000, 3600000, 5400000, 86399999, COUCHE_DURATION_MAX_MS,
	};
	char text[32];
	uint64_t ms;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		couche_duration_format(values[i], text, sizeof(text));
		assert_int_equal(couche_duration_parse(text, &ms), 0);
		assert_int_equal(ms, values[i]);
	}
	couche_duration_format(0, text, sizeof(text));
	assert_string_equal(text, "0s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(what_is_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
