// SPDX-License-Identifier: GPL-2.0-only
#include "agent/observe/prometheus.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lib/buf.h"
#include "agent/lib/cleanup.h"
#include "agent/lib/json.h"

#define LABEL_QUANTITY "couche_quantity"
#define LABEL_WINDOW "couche_window"

/* Below this part of the window the average says too little. */
#define MIN_COVERAGE 0.8
/* Points at which coverage is sampled: 5 % steps. */
#define COVERAGE_POINTS 20
/* A sample may be this old however short the window is, in seconds. */
#define MIN_AGE_LIMIT 90.0

enum quantity {
	QUANTITY_IOPS = 1,
	QUANTITY_COVERAGE = 2,
	QUANTITY_AGE = 4,
	QUANTITY_ALL = 7,
};

static const char *join_of(const struct couche_rung *rung)
{
	return rung->join ? rung->join : "";
}

static void append_labels(const struct couche_rung *rung, struct couche_buf *query)
{
	if (rung->pool_uuid_label)
		couche_buf_printf(query, "%s,", rung->pool_uuid_label);
	if (rung->pool_label)
		couche_buf_printf(query, "%s,", rung->pool_label);
	couche_buf_puts(query, rung->volume_label);
}

static void append_by(const struct couche_rung *rung, const char *aggregation,
		      struct couche_buf *query)
{
	couche_buf_printf(query, "%s by (", aggregation);
	append_labels(rung, query);
	couche_buf_puts(query, ")");
}

/* Summed before the addition: a volume may be served by different nodes in a window. */
static void append_iops(const struct couche_rung *rung, uint64_t window_ms,
			struct couche_buf *query)
{
	unsigned long long window = window_ms;

	append_by(rung, "sum", query);
	couche_buf_printf(query, "(rate(%s[%llums])%s)+", rung->reads, window, join_of(rung));
	append_by(rung, "sum", query);
	couche_buf_printf(query, "(rate(%s[%llums])%s)", rung->writes, window, join_of(rung));
}

static void append_coverage(const struct couche_rung *rung, uint64_t window_ms,
			    struct couche_buf *query)
{
	uint64_t step_ms = window_ms / COVERAGE_POINTS;

	if (step_ms < 1000)
		step_ms = 1000;
	couche_buf_puts(query, "count_over_time(");
	append_by(rung, "sum", query);
	couche_buf_printf(query, "(%s%s)[%llums:%llums])/%g", rung->reads, join_of(rung),
			  (unsigned long long)window_ms, (unsigned long long)step_ms,
			  fmax(1.0, floor((double)window_ms / (double)step_ms)));
}

static void append_age(const struct couche_rung *rung, struct couche_buf *query)
{
	couche_buf_puts(query, "time()-");
	append_by(rung, "max", query);
	couche_buf_printf(query, "(timestamp(%s)%s)", rung->reads, join_of(rung));
}

static void append_quantity(const struct couche_rung *rung, enum quantity quantity,
			    uint64_t window_ms, struct couche_buf *query)
{
	const char *name = "age";

	couche_buf_puts(query, query->len ? " or " : "");
	couche_buf_puts(query, "label_replace(label_replace(");
	if (quantity == QUANTITY_IOPS) {
		name = "iops";
		append_iops(rung, window_ms, query);
	} else if (quantity == QUANTITY_COVERAGE) {
		name = "coverage";
		append_coverage(rung, window_ms, query);
	} else {
		append_age(rung, query);
	}
	couche_buf_printf(query, ",\"" LABEL_QUANTITY "\",\"%s\",\"\",\"\"),\"" LABEL_WINDOW
			  "\",\"%llu\",\"\",\"\")", name, (unsigned long long)window_ms);
}

void couche_prom_query(const struct couche_rung *rung, const uint64_t *windows,
		       size_t nr_windows, struct couche_buf *query)
{
	for (size_t i = 0; i < nr_windows && i < COUCHE_PROM_MAX_WINDOWS; i++) {
		append_quantity(rung, QUANTITY_IOPS, windows[i], query);
		append_quantity(rung, QUANTITY_COVERAGE, windows[i], query);
		append_quantity(rung, QUANTITY_AGE, windows[i], query);
	}
}

static int compare_entries(const void *left, const void *right)
{
	const struct couche_prom_entry *a = left, *b = right;
	int order;

	order = strcmp(a->pool_uuid, b->pool_uuid);
	if (!order)
		order = strcmp(a->pool, b->pool);
	if (!order)
		order = strcmp(a->volume, b->volume);
	if (!order)
		order = (a->window_ms > b->window_ms) - (a->window_ms < b->window_ms);
	return order;
}

static void entry_destroy(struct couche_prom_entry *entry)
{
	free(entry->pool_uuid);
	free(entry->pool);
	free(entry->volume);
}

void couche_prom_table_destroy(struct couche_prom_table *table)
{
	for (size_t i = 0; i < table->nr; i++)
		entry_destroy(&table->entries[i]);
	free(table->entries);
	*table = (struct couche_prom_table){ 0 };
}

/* A label of a result; an absent or unused one is "". NULL: not acceptable. */
static char *copy_label(const cJSON *metric, const char *name)
{
	const cJSON *label = name ? cJSON_GetObjectItemCaseSensitive(metric, name) : NULL;
	const char *text = cJSON_GetStringValue(label);

	if (label && (!text || strlen(text) >= COUCHE_PROM_MAX_LABEL))
		return NULL;
	return strdup(text ? text : "");
}

static enum quantity quantity_parse(const char *name)
{
	if (!name)
		return 0;
	if (!strcmp(name, "iops"))
		return QUANTITY_IOPS;
	if (!strcmp(name, "coverage"))
		return QUANTITY_COVERAGE;
	if (!strcmp(name, "age"))
		return QUANTITY_AGE;
	return 0;
}

/* The number of a sample; a NaN stands for everything that is not one. */
static double number_parse(const char *text)
{
	double value;
	char *end;

	if (!text || !*text || !strchr("0123456789.+-", *text))
		return NAN;
	value = strtod(text, &end);
	return *end || !isfinite(value) ? NAN : value;
}

/* [ <seconds since the epoch>, "<value>" ] of about now. */
static int value_parse(const cJSON *value, uint64_t now_ms, double *ret)
{
	const cJSON *time = cJSON_GetArrayItem(value, 0);
	const cJSON *number = cJSON_GetArrayItem(value, 1);

	if (cJSON_GetArraySize(value) != 2 || !cJSON_IsNumber(time) || !cJSON_IsString(number))
		return -EBADMSG;
	if (!(fabs(time->valuedouble * 1000 - (double)now_ms) <= COUCHE_PROM_MAX_SKEW_MS))
		return -ESTALE;
	*ret = number_parse(number->valuestring);
	return 0;
}

static void entry_set(struct couche_prom_entry *entry, enum quantity quantity, double value)
{
	if (!(value >= 0))
		entry->invalid = true;
	entry->seen |= quantity;
	if (quantity == QUANTITY_IOPS)
		entry->iops = value;
	else if (quantity == QUANTITY_COVERAGE)
		entry->coverage = value;
	else
		entry->age = value;
}

static int result_parse(const struct couche_rung *rung, const cJSON *result, uint64_t now_ms,
			struct couche_prom_entry *entry)
{
	const cJSON *metric = cJSON_GetObjectItemCaseSensitive(result, "metric");
	enum quantity quantity = quantity_parse(couche_json_string(metric, LABEL_QUANTITY));
	double window = number_parse(couche_json_string(metric, LABEL_WINDOW));
	double value;
	int ret;

	if (!cJSON_IsObject(metric) || !quantity || !(window >= 1 && window < 1e15))
		return -EBADMSG;
	ret = value_parse(cJSON_GetObjectItemCaseSensitive(result, "value"), now_ms, &value);
	if (ret)
		return ret;
	entry->pool_uuid = copy_label(metric, rung->pool_uuid_label);
	entry->pool = copy_label(metric, rung->pool_label);
	entry->volume = copy_label(metric, rung->volume_label);
	if (!entry->pool_uuid || !entry->pool || !entry->volume)
		return -EBADMSG;
	entry->window_ms = (uint64_t)window;
	/* a clock that runs ahead of Prometheus is not a negative age */
	if (quantity == QUANTITY_AGE && value < 0 && value > -COUCHE_PROM_MAX_SKEW_MS / 1000.0)
		value = 0;
	entry_set(entry, quantity, value);
	return 0;
}

/* Join the quantities of one volume and window; a quantity said twice is no good. */
static void merge(struct couche_prom_table *table)
{
	size_t nr = 0;

	qsort(table->entries, table->nr, sizeof(*table->entries), compare_entries);
	for (size_t i = 0; i < table->nr; i++) {
		struct couche_prom_entry *from = &table->entries[i], *to;

		if (!nr || compare_entries(&table->entries[nr - 1], from)) {
			table->entries[nr++] = *from;
			continue;
		}
		to = &table->entries[nr - 1];
		to->invalid |= from->invalid || (to->seen & from->seen);
		to->seen |= from->seen;
		to->iops += from->iops;
		to->coverage += from->coverage;
		to->age += from->age;
		entry_destroy(from);
	}
	table->nr = nr;
}

static int check_envelope(const cJSON *answer, enum couche_kind *ret_kind, char *why,
			  size_t why_size)
{
	const char *status = couche_json_string(answer, "status");
	const char *error = couche_json_string(answer, "error");
	const cJSON *warnings = cJSON_GetObjectItemCaseSensitive(answer, "warnings");
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data");

	*ret_kind = COUCHE_KIND_PROMETHEUS_QUERY;
	if (status && strcmp(status, "success")) {
		snprintf(why, why_size, "the server reports: %s", error ? error : status);
		return -EREMOTEIO;
	}
	if (cJSON_GetArraySize(warnings) > 0 || (warnings && !cJSON_IsArray(warnings) &&
						 !cJSON_IsNull(warnings))) {
		const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(warnings, 0));

		snprintf(why, why_size, "the server warns: %s", text ? text : "?");
		return -EREMOTEIO;
	}
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "isPartial")) ||
	    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "isPartial"))) {
		snprintf(why, why_size, "the server says that its answer is partial");
		return -EREMOTEIO;
	}
	*ret_kind = COUCHE_KIND_PROMETHEUS_PARSE;
	if (!status || !cJSON_IsObject(data)) {
		snprintf(why, why_size, "not an answer to a query: no status or no data");
		return -EBADMSG;
	}
	return 0;
}

static int table_parse(const struct couche_rung *rung, const cJSON *results, uint64_t now_ms,
		       struct couche_prom_table *table, char *why, size_t why_size)
{
	const cJSON *result;

	table->entries = calloc((size_t)cJSON_GetArraySize(results) + 1,
				sizeof(*table->entries));
	if (!table->entries)
		return -ENOMEM;
	cJSON_ArrayForEach(result, results) {
		int ret = result_parse(rung, result, now_ms, &table->entries[table->nr++]);

		if (ret) {
			snprintf(why, why_size, ret == -ESTALE ?
				 "result %zu is of another time; compare the clocks" :
				 "result %zu is not a sample of this query", table->nr - 1);
			return ret;
		}
	}
	merge(table);
	return 0;
}

static void table_cleanup(struct couche_prom_table *table)
{
	couche_prom_table_destroy(table);
}

int couche_prom_parse(const struct couche_rung *rung, const char *body, size_t len,
		      uint64_t now_ms, struct couche_prom_table *ret,
		      enum couche_kind *ret_kind, char *why, size_t why_size)
{
	_cleanup_(table_cleanup) struct couche_prom_table table = { 0 };
	_cleanup_(couche_json_free) cJSON *answer = NULL;
	const cJSON *data, *results;
	const char *type;
	int r;

	*ret = (struct couche_prom_table){ 0 };
	*ret_kind = COUCHE_KIND_PROMETHEUS_PARSE;
	r = couche_json_parse(body, len, COUCHE_PROM_MAX_VALUES, &answer);
	if (r) {
		snprintf(why, why_size, r == -E2BIG ? "the answer holds too many values" :
			 "the answer is not JSON");
		return -EBADMSG;
	}
	r = check_envelope(answer, ret_kind, why, why_size);
	if (r)
		return r;
	data = cJSON_GetObjectItemCaseSensitive(answer, "data");
	type = couche_json_string(data, "resultType");
	results = cJSON_GetObjectItemCaseSensitive(data, "result");
	if (!type || strcmp(type, "vector") || !cJSON_IsArray(results)) {
		snprintf(why, why_size, "resultType is %.64s instead of vector",
			 type ? type : "missing");
		return -EBADMSG;
	}
	r = table_parse(rung, results, now_ms, &table, why, why_size);
	if (r)
		return r;
	*ret_kind = COUCHE_KIND_NONE;
	*ret = table;
	table = (struct couche_prom_table){ 0 };
	return 0;
}

static struct couche_heat entry_heat(const struct couche_prom_entry *entry)
{
	double limit = fmax((double)entry->window_ms / 1000 / 5, MIN_AGE_LIMIT);

	if (entry->invalid)
		return (struct couche_heat){ .state = COUCHE_HEAT_INVALID };
	if (!(entry->seen & QUANTITY_AGE) || entry->age > limit)
		return (struct couche_heat){ .state = COUCHE_HEAT_STALE };
	if (!(entry->seen & QUANTITY_COVERAGE) || entry->coverage < MIN_COVERAGE)
		return (struct couche_heat){ .state = COUCHE_HEAT_SPARSE };
	if (entry->seen != QUANTITY_ALL)
		return (struct couche_heat){ .state = COUCHE_HEAT_MISSING };
	return (struct couche_heat){ .state = COUCHE_HEAT_KNOWN, .iops = entry->iops };
}

struct couche_heat couche_prom_heat(const struct couche_prom_table *table, const char *pool_uuid,
				    const char *pool, const char *volume, uint64_t window_ms)
{
	const struct couche_prom_entry key = {
		.pool_uuid = (char *)pool_uuid,
		.pool = (char *)pool,
		.volume = (char *)volume,
		.window_ms = window_ms,
	};
	const struct couche_prom_entry *entry = NULL;

	if (table->nr)
		entry = bsearch(&key, table->entries, table->nr, sizeof(key), compare_entries);
	if (!entry)
		return (struct couche_heat){ .state = COUCHE_HEAT_MISSING };
	return entry_heat(entry);
}
