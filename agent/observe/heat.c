// SPDX-License-Identifier: GPL-2.0-only
#include "agent/observe/heat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/decide/policy.h"
#include "agent/lib/buf.h"
#include "agent/lib/cleanup.h"
#include "agent/lib/uuid.h"
#include "agent/observe/fetch.h"

struct couche_heat_source {
	struct couche_fetch *fetch;
	char *shown_url;
	uint64_t cache_ms;
	couche_heat_done_fn done;
	void *userdata;

	/* the walk that runs */
	bool busy;
	size_t rung;
	const struct couche_ladder *ladder;
	const struct couche_view *view;
	uint64_t windows[COUCHE_PROM_MAX_WINDOWS];
	size_t nr_windows;

	/* what the last one brought */
	struct couche_prom_table table;
	char *rung_name;		/* NULL: no answer */
	uint64_t fresh_until_ms;
	enum couche_kind kind;
	char message[512];
};

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A name alone stands for a volume only if no other pool has the same. */
static bool name_is_unique(const struct couche_view *view, size_t volume)
{
	for (size_t i = 0; i < view->nr_volumes; i++)
		if (i != volume && !strcmp(view->volumes[i].name, view->volumes[volume].name))
			return false;
	return true;
}

static struct couche_heat table_heat(const struct couche_prom_table *table,
				     const struct couche_view *view, size_t index,
				     uint64_t window_ms)
{
	const struct couche_view_volume *volume = &view->volumes[index];
	const struct couche_view_pool *pool = &view->pools[volume->pool];
	char uuid[COUCHE_UUID_TEXT], dm_name[2 * COUCHE_NAME_SIZE];
	struct couche_heat heat;

	couche_uuid_format(pool->uuid, uuid);
	heat = couche_prom_heat(table, uuid, pool->name, volume->name, window_ms);
	if (heat.state == COUCHE_HEAT_MISSING)
		heat = couche_prom_heat(table, "", pool->name, volume->name, window_ms);
	if (heat.state == COUCHE_HEAT_MISSING) {
		snprintf(dm_name, sizeof(dm_name), "%s-%s", pool->name, volume->name);
		heat = couche_prom_heat(table, "", "", dm_name, window_ms);
	}
	if (heat.state == COUCHE_HEAT_MISSING && name_is_unique(view, index))
		heat = couche_prom_heat(table, "", "", volume->name, window_ms);
	return heat;
}

static bool knows_any(const struct couche_heat_source *source,
		      const struct couche_prom_table *table)
{
	for (size_t i = 0; i < source->view->nr_volumes; i++)
		for (size_t w = 0; w < source->nr_windows; w++)
			if (table_heat(table, source->view, i, source->windows[w]).state !=
			    COUCHE_HEAT_MISSING)
				return true;
	return false;
}

static void end_walk(struct couche_heat_source *source, enum couche_kind kind,
		     const char *message)
{
	source->kind = kind;
	snprintf(source->message, sizeof(source->message), "%s", message);
	source->busy = false;
	source->done(source->userdata);
}

static int ask(struct couche_heat_source *source)
{
	_cleanup_(couche_buf_destroy) struct couche_buf query = { 0 };

	couche_prom_query(&source->ladder->rungs[source->rung], source->windows,
			  source->nr_windows, &query);
	if (couche_buf_error(&query))
		return couche_buf_error(&query);
	return couche_fetch_start(source->fetch, couche_buf_text(&query));
}

static void next_rung(struct couche_heat_source *source)
{
	if (++source->rung >= source->ladder->nr)
		end_walk(source, COUCHE_KIND_NONE, "");
	else if (ask(source))
		end_walk(source, COUCHE_KIND_IO, "the question cannot be sent");
}

static void take_answer(struct couche_heat_source *source, struct couche_prom_table *table)
{
	const struct couche_rung *rung = &source->ladder->rungs[source->rung];

	if (!knows_any(source, table)) {
		couche_prom_table_destroy(table);
		next_rung(source);
		return;
	}
	source->table = *table;
	source->rung_name = strdup(rung->name);
	source->fresh_until_ms = clock_ms(CLOCK_MONOTONIC) + source->cache_ms;
	end_walk(source, COUCHE_KIND_NONE, "");
}

static void on_answer(const struct couche_fetch_result *result, void *userdata)
{
	struct couche_heat_source *source = userdata;
	const struct couche_rung *rung = &source->ladder->rungs[source->rung];
	struct couche_prom_table table = { 0 };
	char why[256] = "", message[512];
	enum couche_kind kind;
	int r;

	if (result->error) {
		snprintf(message, sizeof(message), "%s: %s", source->shown_url, result->message);
		end_walk(source, COUCHE_KIND_PROMETHEUS_CONNECTION, message);
		return;
	}
	r = couche_prom_parse(rung, result->body, result->len, clock_ms(CLOCK_REALTIME), &table,
			      &kind, why, sizeof(why));
	if (result->status != 200) {
		couche_prom_table_destroy(&table);
		/* an error page is not worth quoting, an error object is */
		snprintf(message, sizeof(message), "%s: HTTP status %ld%s%s", source->shown_url,
			 result->status, r == -EREMOTEIO ? ", " : "",
			 r == -EREMOTEIO ? why : "");
		end_walk(source, COUCHE_KIND_PROMETHEUS_QUERY, message);
		return;
	}
	if (r) {
		snprintf(message, sizeof(message), "%s: %s", source->shown_url, why);
		end_walk(source, kind, message);
		return;
	}
	take_answer(source, &table);
}

int couche_heat_source_create(sd_event *event, const char *base_url, uint64_t cache_ms,
			      couche_heat_done_fn done, void *userdata,
			      struct couche_heat_source **ret)
{
	struct couche_heat_source *source = calloc(1, sizeof(*source));
	_cleanup_free_ char *url = NULL;
	int r;

	if (!source)
		return -ENOMEM;
	source->cache_ms = cache_ms < COUCHE_HEAT_CACHE_MS ? cache_ms : COUCHE_HEAT_CACHE_MS;
	source->done = done;
	source->userdata = userdata;
	r = couche_fetch_url(base_url, &url, &source->shown_url);
	if (!r)
		r = couche_fetch_create(event, url, on_answer, source, &source->fetch);
	if (r) {
		couche_heat_source_free(source);
		return r;
	}
	*ret = source;
	return 0;
}

static void collect_windows(struct couche_heat_source *source,
			    const struct couche_policies *policies)
{
	source->nr_windows = 0;
	for (size_t i = 0; i < policies->nr_policies; i++) {
		uint64_t window = policies->policies[i].window_ms;
		size_t w = 0;

		while (w < source->nr_windows && source->windows[w] != window)
			w++;
		if (w == source->nr_windows && w < COUCHE_PROM_MAX_WINDOWS)
			source->windows[source->nr_windows++] = window;
	}
}

int couche_heat_source_refresh(struct couche_heat_source *source,
			       const struct couche_ladder *ladder,
			       const struct couche_policies *policies,
			       const struct couche_view *view)
{
	if (source->busy)
		return 0;
	if (source->rung_name && clock_ms(CLOCK_MONOTONIC) < source->fresh_until_ms)
		return 1;
	couche_heat_source_forget(source);
	collect_windows(source, policies);
	if (!source->nr_windows || !view->nr_volumes || !ladder->nr)
		return 1;
	source->ladder = ladder;
	source->view = view;
	source->rung = 0;
	if (ask(source)) {
		source->kind = COUCHE_KIND_IO;
		snprintf(source->message, sizeof(source->message), "the question cannot be sent");
		return 1;
	}
	source->busy = true;
	return 0;
}

bool couche_heat_source_busy(const struct couche_heat_source *source)
{
	return source->busy;
}

struct couche_heat couche_heat_source_get(const struct couche_heat_source *source,
					  const struct couche_view *view, size_t volume,
					  uint64_t window_ms)
{
	if (source->kind)
		return (struct couche_heat){ .state = COUCHE_HEAT_FAILED };
	if (!source->rung_name || clock_ms(CLOCK_MONOTONIC) >= source->fresh_until_ms)
		return (struct couche_heat){ .state = COUCHE_HEAT_MISSING };
	return table_heat(&source->table, view, volume, window_ms);
}

const char *couche_heat_source_error(const struct couche_heat_source *source,
				     enum couche_kind *ret_kind)
{
	*ret_kind = source->kind;
	return source->message;
}

const char *couche_heat_source_rung(const struct couche_heat_source *source)
{
	return source->rung_name;
}

void couche_heat_source_forget(struct couche_heat_source *source)
{
	couche_prom_table_destroy(&source->table);
	free(source->rung_name);
	source->rung_name = NULL;
	source->kind = COUCHE_KIND_NONE;
	*source->message = '\0';
}

void couche_heat_source_free(struct couche_heat_source *source)
{
	if (!source)
		return;
	couche_fetch_free(source->fetch);
	couche_heat_source_forget(source);
	free(source->shown_url);
	free(source);
}
