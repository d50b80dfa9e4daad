// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/lib/buf.h"
#include "agent/observe/prometheus.h"

#define NOW_MS 1700000000000ULL
#define UUID "11111111-2222-3333-4444-555555555555"
#define HOUR_MS 3600000ULL

static struct couche_rung rung = {
	.name = (char *)"ours", .reads = (char *)"r_total", .writes = (char *)"w_total",
	.pool_uuid_label = (char *)"pool_uuid", .pool_label = (char *)"pool",
	.volume_label = (char *)"volume",
};

static enum couche_kind kind;
static char why[256];

#define LABELS(quantity)							\
	"{\"metric\":{\"pool_uuid\":\"" UUID "\",\"pool\":\"tank\",\"volume\":\"v\","	\
	"\"couche_quantity\":\"" quantity "\",\"couche_window\":\"3600000\"},"
#define SAMPLE(quantity, value) LABELS(quantity) "\"value\":[1700000000.5,\"" value "\"]}"
#define VECTOR(results)								\
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" results "]}}"
#define GOOD(iops, coverage, age)						\
	SAMPLE("iops", iops) "," SAMPLE("coverage", coverage) "," SAMPLE("age", age)

static int parse(const char *body, struct couche_prom_table *table)
{
	why[0] = '\0';
	return couche_prom_parse(&rung, body, strlen(body), NOW_MS, table, &kind, why,
				 sizeof(why));
}

/* The heat that a whole answer gives the volume "v". */
static struct couche_heat heat_of(const char *body)
{
	struct couche_prom_table table;
	struct couche_heat heat;

	assert_int_equal(parse(body, &table), 0);
	assert_int_equal(kind, COUCHE_KIND_NONE);
	heat = couche_prom_heat(&table, UUID, "tank", "v", HOUR_MS);
	couche_prom_table_destroy(&table);
	return heat;
}

static void assert_refused(const char *body, int error, enum couche_kind expected)
{
	struct couche_prom_table table;

	assert_int_equal(parse(body, &table), error);
	assert_int_equal(kind, expected);
	assert_true(*why);
	assert_int_equal(table.nr, 0);
	assert_int_equal(couche_prom_heat(&table, UUID, "tank", "v", HOUR_MS).state,
			 COUCHE_HEAT_MISSING);
}

static void a_good_answer_is_believed(void **state)
{
	struct couche_heat heat = heat_of(VECTOR(GOOD("12.5", "1", "3")));

	assert_int_equal(heat.state, COUCHE_HEAT_KNOWN);
	assert_true(heat.iops == 12.5);
	heat = heat_of(VECTOR(GOOD("0", "0.8", "720")));
	assert_int_equal(heat.state, COUCHE_HEAT_KNOWN);
	assert_true(heat.iops == 0);
	/* notes that are not warnings */
	heat = heat_of("{\"status\":\"success\",\"infos\":[\"x\"],\"warnings\":[],\"data\":"
		       "{\"resultType\":\"vector\",\"result\":[" GOOD("1", "1", "1") "]}}");
	assert_int_equal(heat.state, COUCHE_HEAT_KNOWN);
}

static void doubt_about_a_volume_is_unknown_never_zero(void **state)
{
	static const struct {
		const char *body;
		enum couche_heat_state state;
	} cases[] = {
		{ VECTOR(""), COUCHE_HEAT_MISSING },
		{ VECTOR(SAMPLE("coverage", "1") "," SAMPLE("age", "1")), COUCHE_HEAT_MISSING },
		{ VECTOR(SAMPLE("iops", "0") "," SAMPLE("age", "1")), COUCHE_HEAT_SPARSE },
		{ VECTOR(SAMPLE("iops", "0") "," SAMPLE("coverage", "1")), COUCHE_HEAT_STALE },
		{ VECTOR(GOOD("0", "0.79", "1")), COUCHE_HEAT_SPARSE },
		{ VECTOR(GOOD("0", "1", "721")), COUCHE_HEAT_STALE },
		{ VECTOR(GOOD("NaN", "1", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("+Inf", "1", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("-Inf", "1", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("-0.1", "1", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("", "1", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("0 ", "1", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("1e999", "1", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("0", "NaN", "1")), COUCHE_HEAT_INVALID },
		{ VECTOR(GOOD("0", "1", "NaN")), COUCHE_HEAT_INVALID },
		/* said twice, even if both agree */
		{ VECTOR(GOOD("0", "1", "1") "," SAMPLE("iops", "0")), COUCHE_HEAT_INVALID },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(heat_of(cases[i].body).state, cases[i].state);
}

static void an_answer_that_is_not_whole_is_refused(void **state)
{
	assert_refused("{\"status\":\"success\",\"warnings\":[\"w\"],\"data\":{\"resultType\":"
		       "\"vector\",\"result\":[]}}", -EREMOTEIO, COUCHE_KIND_PROMETHEUS_QUERY);
	assert_true(strstr(why, "w"));
	assert_refused("{\"status\":\"success\",\"isPartial\":true,\"data\":{\"resultType\":"
		       "\"vector\",\"result\":[]}}", -EREMOTEIO, COUCHE_KIND_PROMETHEUS_QUERY);
	assert_refused("{\"status\":\"error\",\"error\":\"too much\"}", -EREMOTEIO,
		       COUCHE_KIND_PROMETHEUS_QUERY);
	assert_true(strstr(why, "too much"));
}

static void what_is_not_an_answer_is_refused(void **state)
{
	static const char *const bodies[] = {
		"", "x", "{", "[]", "null", "{}", "{\"status\":\"success\"}",
		"{\"status\":\"success\",\"data\":[]}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\"}}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"0\"]}}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":{}}}",
		VECTOR("1"), VECTOR("{}"), VECTOR("{\"metric\":{}}"),
		VECTOR(LABELS("iops") "\"value\":[1700000000,0]}"),
		VECTOR(LABELS("iops") "\"value\":[\"1700000000\",\"0\"]}"),
		VECTOR(LABELS("iops") "\"value\":[1700000000]}"),
		VECTOR(LABELS("iops") "\"values\":[[1700000000,\"0\"]]}"),
		VECTOR(SAMPLE("mood", "0")),
		VECTOR(GOOD("0", "1", "1")) "x",
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_refused(bodies[i], -EBADMSG, COUCHE_KIND_PROMETHEUS_PARSE);
}

static void an_answer_of_another_time_is_refused(void **state)
{
	assert_refused(VECTOR(LABELS("iops") "\"value\":[1699999699,\"0\"]}"), -ESTALE,
		       COUCHE_KIND_PROMETHEUS_PARSE);
	assert_refused(VECTOR(LABELS("iops") "\"value\":[1700000301,\"0\"]}"), -ESTALE,
		       COUCHE_KIND_PROMETHEUS_PARSE);
	assert_refused(VECTOR(LABELS("iops") "\"value\":[1e300,\"0\"]}"), -ESTALE,
		       COUCHE_KIND_PROMETHEUS_PARSE);
}

static void too_many_values_are_refused_before_they_cost_memory(void **state)
{
	struct couche_buf body = { 0 };

	couche_buf_puts(&body, "[0");
	for (int i = 0; i < COUCHE_PROM_MAX_VALUES; i++)
		couche_buf_puts(&body, ",0");
	couche_buf_puts(&body, "]");
	assert_refused(couche_buf_text(&body), -EBADMSG, COUCHE_KIND_PROMETHEUS_PARSE);
	assert_non_null(strstr(why, "too many"));
	couche_buf_destroy(&body);
}

static void names_windows_and_pools_are_kept_apart(void **state)
{
	struct couche_prom_table table;

	assert_int_equal(parse(VECTOR(GOOD("5", "1", "1")), &table), 0);
	assert_int_equal(couche_prom_heat(&table, UUID, "tank", "v", HOUR_MS).state,
			 COUCHE_HEAT_KNOWN);
	assert_int_equal(couche_prom_heat(&table, UUID, "tank", "w", HOUR_MS).state,
			 COUCHE_HEAT_MISSING);
	assert_int_equal(couche_prom_heat(&table, UUID, "pool", "v", HOUR_MS).state,
			 COUCHE_HEAT_MISSING);
	assert_int_equal(couche_prom_heat(&table, "", "tank", "v", HOUR_MS).state,
			 COUCHE_HEAT_MISSING);
	assert_int_equal(couche_prom_heat(&table, UUID, "tank", "v", HOUR_MS + 1).state,
			 COUCHE_HEAT_MISSING);
	couche_prom_table_destroy(&table);
}

static void one_question_asks_for_all_windows(void **state)
{
	const uint64_t windows[] = { 10000, HOUR_MS };
	struct couche_buf query = { 0 };

	couche_prom_query(&rung, windows, 2, &query);
	assert_non_null(strstr(couche_buf_text(&query),
			       "sum by (pool_uuid,pool,volume)(rate(r_total[10000ms]))+"
			       "sum by (pool_uuid,pool,volume)(rate(w_total[10000ms]))"));
	assert_non_null(strstr(couche_buf_text(&query), "[3600000ms:180000ms])/20"));
	assert_non_null(strstr(couche_buf_text(&query), "[10000ms:1000ms])/10"));
	assert_non_null(strstr(couche_buf_text(&query), "time()-max by"));
	assert_null(strchr(couche_buf_text(&query), '\n'));
	couche_buf_destroy(&query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_answer_is_believed),
		cmocka_unit_test(doubt_about_a_volume_is_unknown_never_zero),
		cmocka_unit_test(an_answer_that_is_not_whole_is_refused),
		cmocka_unit_test(what_is_not_an_answer_is_refused),
		cmocka_unit_test(an_answer_of_another_time_is_refused),
		cmocka_unit_test(too_many_values_are_refused_before_they_cost_memory),
		cmocka_unit_test(names_windows_and_pools_are_kept_apart),
		cmocka_unit_test(one_question_asks_for_all_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
