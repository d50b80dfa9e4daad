// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/observe/policyfile.h"

#define HEAD(kind, name)							\
	"apiVersion: storage.billyronks.io/v1\nkind: " kind "\nmetadata:\n  name: " name	\
	"\nspec:\n"
#define POLICY(spec) HEAD("StoragePolicy", "p") spec

static char why[512];

static int parse(const char *text, struct couche_config *config)
{
	why[0] = '\0';
	return couche_policyfile_parse("f.yaml", text, strlen(text), config, why, sizeof(why));
}

static void assert_refused(const char *text, const char *expected)
{
	struct couche_config config;

	assert_int_equal(parse(text, &config), -EINVAL);
	if (!strstr(why, expected)) {
		print_error("'%s' does not hold '%s'\n", why, expected);
		fail();
	}
}

static void defaults_are_those_of_the_custom_resource(void **state)
{
	struct couche_config config;
	const struct couche_policy *policy;

	assert_int_equal(parse(POLICY("  {}\n"), &config), 0);
	assert_int_equal(config.policies.nr_policies, 1);
	policy = &config.policies.policies[0];
	assert_string_equal(policy->name, "p");
	assert_true(policy->marks.high == 5000 && policy->marks.warm == 2000 &&
		    policy->marks.low == 500);
	assert_int_equal(policy->window_ms, 3600000);
	assert_int_equal(policy->cooldown_ms, 86400000);
	assert_int_equal(policy->max_concurrent, 2);
	assert_int_equal(policy->timeout_ms, 0);
	assert_true(policy->enabled);
	assert_false(policy->dry_run);
	assert_int_equal(policy->ec_min_bytes, 10737418240ULL);
	assert_int_equal(config.ladder.nr, 3);
	couche_config_destroy(&config);
}

/* A manifest of the older system, word for word in its fields. */
static void manifests_of_the_older_system_are_taken(void **state)
{
	static const char text[] =
		HEAD("StoragePolicy", "production-tiering")
		"  highWatermarkIOPS: 5000    # hot\n"
		"  warmWatermarkIOPS: 0\n"
		"  lowWatermarkIOPS: 500\n"
		"  samplingWindow: \"1h\"\n"
		"  cooldownPeriod: \"24h\"\n"
		"  storageClassName: \"mayastor\"\n"
		"  hotPoolSelector: {matchLabels: {storage-tier: hot}}\n"
		"  coldPoolSelector: {matchLabels: {storage-tier: cold}}\n"
		"  volumeSelector:\n"
		"    matchLabels: {app: db}\n"
		"    matchExpressions: [{key: tier, operator: NotIn, values: [a, b]}]\n"
		"  ecPolicyRef: standard-ec\n"
		"  ecMinVolumeSizeBytes: 1048576\n"
		"  migrationTimeout: 45m\n"
		"  enabled: true\n"
		"---\n"
		HEAD("ErasureCodingPolicy", "standard-ec")
		"  dataShards: 4\n  parityShards: 2\n  stripeSizeBytes: 1048576\n"
		"  algorithm: ReedSolomon\n"
		"  journalConfig: {journalSizeBytes: 10737418240, replicationFactor: 3}\n";
	struct couche_config config;
	const struct couche_policy *policy;

	assert_int_equal(parse(text, &config), 0);
	policy = &config.policies.policies[0];
	assert_true(policy->marks.warm == 0);
	assert_int_equal(policy->nr_selector, 2);
	assert_int_equal(policy->timeout_ms, 2700000);
	assert_non_null(policy->ec);
	assert_int_equal(policy->ec->k, 4);
	couche_config_destroy(&config);
}

static void our_own_fields_are_taken(void **state)
{
	static const char text[] =
		POLICY("  volumes: [\"tank/vol*\", \"x/*\"]\n  preservationMode: true\n"
		       "  verifyCopies: true\n  maxBytesPerSecond: 1000000\n")
		"---\n---\n"
		HEAD("MetricLadder", "mine")
		"  rungs:\n  - {name: a, reads: r, writes: w, volumeLabel: v, poolLabel: p}\n";
	struct couche_config config;

	assert_int_equal(parse(text, &config), 0);
	assert_int_equal(config.policies.policies[0].nr_volumes, 2);
	assert_true(config.policies.policies[0].preserve);
	assert_true(config.policies.policies[0].verify);
	assert_int_equal(config.policies.policies[0].rate_bytes, 1000000);
	assert_int_equal(config.ladder.nr, 1);
	assert_string_equal(config.ladder.rungs[0].reads, "r");
	assert_null(config.ladder.rungs[0].join);
	couche_config_destroy(&config);
}

static void mistakes_are_named_with_line_column_and_field(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "f.yaml:1:1: holds no StoragePolicy" },
		{ "a: [", "f.yaml:2:1: not YAML" },
		{ "\ta: b", "not YAML" },
		{ "- a", "f.yaml:1:1: must be a mapping" },
		{ "{}", "the field apiVersion is missing" },
		{ "apiVersion: v1\nkind: StoragePolicy\nmetadata: {name: x}\nspec: {}",
		  "apiVersion: is 'v1', must be storage.billyronks.io/v1" },
		{ HEAD("Pod", "x") "  {}", "kind: is 'Pod', must be" },
		{ HEAD("StoragePolicy", "X_Y") "  {}", "f.yaml:4:9: metadata.name: is 'X_Y'" },
		{ POLICY("  highWaterMarkIOPS: 1"),
		  "f.yaml:6:3: spec.highWaterMarkIOPS: unknown field" },
		{ POLICY("  dryRun: yes"),
		  "f.yaml:6:11: spec.dryRun: is 'yes', must be true or false" },
		{ POLICY("  dryRun: \"true\""), "must be true or false" },
		{ POLICY("  enabled: true\n  enabled: true"),
		  "f.yaml:7:3: spec.enabled: given twice" },
		{ POLICY("  lowWatermarkIOPS: -1"), "is '-1', must be a whole number" },
		{ POLICY("  lowWatermarkIOPS: 1.5"), "must be a whole number" },
		{ POLICY("  lowWatermarkIOPS: \"5\""), "must be a whole number" },
		{ POLICY("  lowWatermarkIOPS: [1]"), "must be a whole number" },
		{ POLICY("  lowWatermarkIOPS: 99999999999999999999"), "must be a whole number" },
		{ POLICY("  lowWatermarkIOPS: 3000"),
		  "spec.warmWatermarkIOPS: is 2000, must lie between" },
		{ POLICY("  warmWatermarkIOPS: 0\n  highWatermarkIOPS: 500"),
		  "spec.highWatermarkIOPS: is 500, must be more than" },
		{ POLICY("  samplingWindow: 60"),
		  "spec.samplingWindow: is '60', must be a duration" },
		{ POLICY("  cooldownPeriod: 0s"), "must be a duration" },
		{ POLICY("  maxConcurrentMigrations: 0"), "from 1 to 1000" },
		{ POLICY("  ecPolicyRef: none-such"),
		  "f.yaml:6:16: spec.ecPolicyRef: no ErasureCodingPolicy 'none-such'" },
		{ POLICY("  volumes: tank/*"), "spec.volumes: must be a list" },
		{ POLICY("  volumes: []"), "spec.volumes: is empty" },
		{ POLICY("  volumes: [tank]"), "spec.volumes[0]: is 'tank', must be a pattern" },
		{ POLICY("  volumeSelector: {matchExpressions: [{key: a, operator: Like}]}"),
		  "spec.volumeSelector.matchExpressions[0].operator: is 'Like'" },
		{ POLICY("  volumeSelector: {matchExpressions: [{key: a, operator: In}]}"),
		  "In and NotIn need values" },
		{ POLICY("  volumeSelector: {matchExpressions: [{operator: Exists}]}"),
		  "the field key is missing" },
		{ POLICY("  volumeSelector: {matchLabels: [a]}"), "must be a mapping" },
		{ POLICY("  {}\n---\n") POLICY("  {}"), "a StoragePolicy 'p' is there already" },
		{ POLICY("  {}\n---\n") HEAD("ErasureCodingPolicy", "e") "  dataShards: 40",
		  "40 + 2 shards, at most 32" },
		{ POLICY("  {}\n---\n") HEAD("ErasureCodingPolicy", "e") "  stripeSizeBytes: 5",
		  "must be from 65536 to 67108864" },
		{ POLICY("  {}\n---\n") HEAD("MetricLadder", "l") "  rungs: []",
		  "at least one rung" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].text, cases[i].expected);
}

static void a_bomb_of_aliases_costs_nothing(void **state)
{
	assert_refused("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
		       "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n",
		       "a: unknown field");
}

static void text_after_a_nul_is_not_overlooked(void **state)
{
	struct couche_config config;
	static const char text[] = POLICY("  dryRun: \"a\\0b\"\n");

	assert_int_equal(couche_policyfile_parse("f", text, sizeof(text) - 1, &config, why,
						 sizeof(why)), -EINVAL);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	struct couche_config config;

	assert_int_equal(couche_policyfile_load("/none/such", &config, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "/none/such: No such file"));
	assert_int_equal(couche_policyfile_load("/dev/zero", &config, why, sizeof(why)), -EFBIG);
	assert_non_null(strstr(why, "larger than 1 MiB"));
	assert_int_equal(couche_policyfile_load("/", &config, why, sizeof(why)), -EISDIR);
}

static void the_example_is_right(void **state)
{
	struct couche_config config;

	assert_int_equal(couche_policyfile_load("deploy/policies/example.yaml", &config, why,
						sizeof(why)), 0);
	assert_non_null(config.policies.policies[0].ec);
	couche_config_destroy(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_custom_resource),
		cmocka_unit_test(manifests_of_the_older_system_are_taken),
		cmocka_unit_test(our_own_fields_are_taken),
		cmocka_unit_test(mistakes_are_named_with_line_column_and_field),
		cmocka_unit_test(a_bomb_of_aliases_costs_nothing),
		cmocka_unit_test(text_after_a_nul_is_not_overlooked),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(the_example_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
