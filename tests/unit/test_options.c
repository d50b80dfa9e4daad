// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/options.h"

#define MAX_WORDS 8

static const char *set_name, *set_value;
static char why[512];

static const char *env(const char *name)
{
	return set_name && !strcmp(name, set_name) ? set_value : NULL;
}

/* Parses up to two words, with one variable set. */
static int parse(const char *name, const char *value, const char *first, const char *second,
		 struct couche_options *options)
{
	char *argv[MAX_WORDS] = { (char *)"couchestor", (char *)first, (char *)second };
	int argc = 1 + !!first + !!second;

	set_name = name;
	set_value = value;
	why[0] = '\0';
	return couche_options_parse(argc, argv, env, options, why, sizeof(why));
}

static void defaults_are_the_contract(void **state)
{
	struct couche_options options;

	assert_int_equal(parse(NULL, NULL, NULL, NULL, &options), 0);
	assert_string_equal(options.prometheus_url,
			    "http://prometheus.monitoring.svc.cluster.local:9090");
	assert_int_equal(options.max_concurrent_migrations, 2);
	assert_int_equal(options.migration_timeout_minutes, 30);
	assert_int_equal(options.sync_poll_interval_seconds, 10);
	assert_false(options.dry_run);
	assert_false(options.preservation_mode);
	assert_string_equal(options.mayastor_namespace, "mayastor");
	assert_string_equal(options.metrics_addr.text, "0.0.0.0:8080");
	assert_string_equal(options.health_addr.text, "0.0.0.0:8081");
	assert_int_equal(options.log_level, COUCHE_LOG_INFO);
	assert_false(options.log_json);
	assert_null(options.policy_file);
	assert_int_equal(options.mode, COUCHE_MODE_ALL);
}

static void a_flag_beats_its_variable_even_a_wrong_one(void **state)
{
	struct couche_options options;

	assert_int_equal(parse("MIGRATION_TIMEOUT_MINUTES", "5", NULL, NULL, &options), 0);
	assert_int_equal(options.migration_timeout_minutes, 5);
	assert_int_equal(parse("MIGRATION_TIMEOUT_MINUTES", "5", "--migration-timeout-minutes", "7",
			       &options), 0);
	assert_int_equal(options.migration_timeout_minutes, 7);
	assert_int_equal(parse("MIGRATION_TIMEOUT_MINUTES", "x", "--migration-timeout-minutes=7",
			       NULL, &options), 0);
	assert_int_equal(options.migration_timeout_minutes, 7);
	assert_int_equal(parse("DRY_RUN", "true", "--dry-run=false", NULL, &options), 0);
	assert_false(options.dry_run);
}

static void an_empty_variable_is_not_set(void **state)
{
	struct couche_options options;

	assert_int_equal(parse("METRICS_ADDR", "", NULL, NULL, &options), 0);
	assert_string_equal(options.metrics_addr.text, "0.0.0.0:8080");
}

static void a_bare_switch_is_true_and_takes_no_word(void **state)
{
	struct couche_options options;

	assert_int_equal(parse(NULL, NULL, "--dry-run", "--log-json", &options), 0);
	assert_true(options.dry_run);
	assert_true(options.log_json);
	assert_int_equal(parse(NULL, NULL, "--dry-run", "false", &options), -EINVAL);
	assert_non_null(strstr(why, "'false' is not an option"));
}

static void bad_values_are_named(void **state)
{
	static const struct {
		const char *flag, *value, *allowed;
	} cases[] = {
		{ "--max-concurrent-migrations", "-1", "a whole number from 1 to 1000" },
		{ "--max-concurrent-migrations", "1001", "a whole number from 1 to 1000" },
		{ "--migration-timeout-minutes", "4294967297", "a whole number from 1 to 10080" },
		{ "--sync-poll-interval-seconds", "1s", "a whole number from 1 to 3600" },
		{ "--dry-run=", "", "true or false" },
		{ "--log-level", "INFO", "trace, debug, info, warn or error" },
		{ "--mode", "both", "agent, controller or all" },
		{ "--metrics-addr", "0.0.0.0", "a numeric address and a port" },
		{ "--metrics-addr", "0.0.0.0:0", "a numeric address and a port" },
		{ "--metrics-addr", "::1:80", "a numeric address and a port" },
		{ "--health-addr", "[::1]:65536", "a numeric address and a port" },
		{ "--mayastor-namespace", "Mayastor", "1 to 63 lower-case" },
		{ "--prometheus-url", "prometheus", "http://host" },
		{ "--prometheus-url", "http://x/?a=b", "http://host" },
		{ "--prometheus-url", "file:///etc/passwd", "http://host" },
	};
	struct couche_options options;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool equals = strchr(cases[i].flag, '=');

		assert_int_equal(parse(NULL, NULL, cases[i].flag, equals ? NULL : cases[i].value,
				       &options), -EINVAL);
		assert_non_null(strstr(why, cases[i].value));
		assert_non_null(strstr(why, cases[i].allowed));
		assert_memory_equal(why, cases[i].flag, strcspn(cases[i].flag, "="));
	}
}

static void addresses_of_both_families_are_read(void **state)
{
	struct couche_options options;

	assert_int_equal(parse(NULL, NULL, "--metrics-addr", "[::]:9000", &options), 0);
	assert_int_equal(options.metrics_addr.any.sa_family, AF_INET6);
	assert_int_equal(parse(NULL, NULL, "--metrics-addr", "127.0.0.1:9000", &options), 0);
	assert_int_equal(options.metrics_addr.any.sa_family, AF_INET);
	assert_int_equal(ntohs(options.metrics_addr.v4.sin_port), 9000);
}

static void help_is_shown_whatever_the_variables_say(void **state)
{
	struct couche_options options;

	assert_int_equal(parse("MODE", "wrong", "--help", NULL, &options), 0);
	assert_true(options.help);
	assert_int_equal(parse("MODE", "wrong", "--version", NULL, &options), 0);
	assert_true(options.version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_contract),
		cmocka_unit_test(a_flag_beats_its_variable_even_a_wrong_one),
		cmocka_unit_test(an_empty_variable_is_not_set),
		cmocka_unit_test(a_bare_switch_is_true_and_takes_no_word),
		cmocka_unit_test(bad_values_are_named),
		cmocka_unit_test(addresses_of_both_families_are_read),
		cmocka_unit_test(help_is_shown_whatever_the_variables_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
