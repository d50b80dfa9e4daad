// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "options.h"
#include "plan.h"
#include "pool.h"

#define SECTOR	512

static bool only_now;
static volatile sig_atomic_t interrupted;

static const struct couche_option events_options[] = {
	{ "now", 0, COUCHE_OPTION_FLAG, &only_now, NULL, "print what is, then end" },
	{ NULL }
};

static void on_signal(int signo)
{
	interrupted = 1;
}

static cJSON *begin_event(const char *verb, const char *kind, const uint8_t *uuid)
{
	cJSON *event = couche_doc_create("events");
	struct tm utc;
	struct timespec now;
	char when[64];
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(when + len, sizeof(when) - len, ".%03ldZ", now.tv_nsec / 1000000);
	couche_doc_add_text(event, "time", when);
	couche_doc_add_text(event, "event", verb);
	couche_doc_add_text(event, "kind", kind);
	couche_doc_add_uuid(event, "pool_uuid", uuid);
	return event;
}

/* Identity, sizes and counters: for "-o wide" and for documents. */
static bool is_detail(const cJSON *item)
{
	static const char * const names[] = {
		"uuid", "extent_bytes", "segment_bytes", "journal_bytes", "journal_used_bytes",
		"data_journal_bytes", "data_journal_used_bytes", "staged_bytes", "destaged_bytes",
		"flush_left_bytes", "data_journal_stuck",
		"commits", "checkpoints", "domain", "present", "used_bytes", "reads", "writes",
		"read_bytes", "written_bytes", "active", "generation", "extents", "first_extent",
		"skipped_extents", "races", "rate_bytes",
		"interval_seconds",
	};
	static const char * const counts[] = {
		"read_errors", "write_errors", "csum_errors", "lost_extents", "degraded_reads",
		"promotes", "suppressed", "scrub_errors", "repairs", "extents_failed",
		"shards_wrong", "shards_repaired", "drain_left_extents", "drain_moved_extents",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(item->string, names[i]))
			return true;
	}
	/* what did not happen is not worth a word */
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (!strcmp(item->string, counts[i]))
			return cJSON_IsRaw(item) && !strcmp(item->valuestring, "0");
	}
	return false;
}

/* "change leg pool:tank index:3 state:failed": one line, names and values. */
static void print_member(const struct couche_ctl *ctl, const cJSON *item)
{
	if (ctl->output == COUCHE_OUTPUT_TABLE && is_detail(item))
		return;
	if (cJSON_IsRaw(item) || cJSON_IsString(item))
		printf(" %s:%s", item->string, item->valuestring);
	else if (cJSON_IsBool(item))
		printf(" %s:%s", item->string, cJSON_IsTrue(item) ? "yes" : "no");
}

static void end_event(const struct couche_ctl *ctl, cJSON *event, const char *body)
{
	const cJSON *object = couche_doc_get(event, body);
	const cJSON *item;

	if (ctl->output == COUCHE_OUTPUT_JSON) {
		couche_doc_print_json_line(event);
	} else if (ctl->output == COUCHE_OUTPUT_YAML) {
		puts("---");
		couche_doc_print_yaml(event);
	} else {
		if (ctl->output != COUCHE_OUTPUT_NAME)
			printf("%s ", couche_doc_text(event, "time"));
		printf("%s %s", couche_doc_text(event, "event"), couche_doc_text(event, "kind"));
		cJSON_ArrayForEach(item, object)
			print_member(ctl, item);
		putchar('\n');
	}
	fflush(stdout);
	cJSON_Delete(event);
}

static void print_migration(const struct couche_ctl *ctl, const char *verb,
			    const struct couche_nl_migration *migration)
{
	cJSON *event = begin_event(verb, "migration", migration->pool.uuid);

	couche_show_migration(couche_doc_add_object(event, "migration"), migration);
	end_event(ctl, event, "migration");
}

static void print_leg(const struct couche_ctl *ctl, const char *verb,
		      const struct couche_nl_leg *leg)
{
	cJSON *event = begin_event(verb, "leg", leg->pool.uuid);

	couche_show_leg(couche_doc_add_object(event, "leg"), leg);
	end_event(ctl, event, "leg");
}

static void print_degraded(const struct couche_ctl *ctl, const struct couche_nl_degraded *d)
{
	cJSON *event = begin_event("read", "degraded", d->pool.uuid);
	cJSON *object = couche_doc_add_object(event, "degraded");

	couche_doc_add_text(object, "pool", d->pool.name);
	couche_doc_add_number(object, "volume_id", d->volume);
	couche_doc_add_number(object, "extent", d->extent);
	couche_doc_add_number(object, "leg", d->leg);
	couche_doc_add_number(object, "suppressed", d->suppressed);
	end_event(ctl, event, "degraded");
}

static void print_space(const struct couche_ctl *ctl, const struct couche_nl_space *s)
{
	cJSON *event = begin_event("low", "space", s->pool.uuid);
	cJSON *object = couche_doc_add_object(event, "space");

	couche_doc_add_text(object, "pool", s->pool.name);
	couche_doc_add_text(object, "tier", couche_tier_name(s->tier));
	couche_doc_add_number(object, "raw_free_bytes", s->free_sectors * SECTOR);
	couche_doc_add_number(object, "raw_bytes", s->sectors * SECTOR);
	couche_doc_add_number(object, "suppressed", s->suppressed);
	end_event(ctl, event, "space");
}

static void print_sweep(const struct couche_ctl *ctl, const char *verb,
			const struct couche_nl_pool_id *pool,
			const struct couche_nl_sweep *sweep)
{
	const char *kind = couche_sweep_name(sweep->kind);
	cJSON *event = begin_event(verb, kind, pool->uuid);

	couche_show_sweep(couche_doc_add_object(event, kind), pool, sweep);
	end_event(ctl, event, kind);
}

static void print_repair(const struct couche_ctl *ctl, const struct couche_nl_repair *r)
{
	cJSON *event = begin_event("read", "repair", r->pool.uuid);
	cJSON *object = couche_doc_add_object(event, "repair");

	couche_doc_add_text(object, "pool", r->pool.name);
	couche_doc_add_number(object, "volume_id", r->volume);
	couche_doc_add_number(object, "extent", r->extent);
	couche_doc_add_number(object, "leg", r->leg);
	couche_doc_add_bool(object, "repaired", !r->error);
	couche_doc_add_text(object, "error",
			    r->error ? couche_migration_error_text(r->error) : NULL);
	couche_doc_add_number(object, "suppressed", r->suppressed);
	end_event(ctl, event, "repair");
}

static void print_event(const struct couche_ctl *ctl, const struct couche_nl_event *event)
{
	switch (event->type) {
	case COUCHE_NL_EVENT_MIGRATION:
		print_migration(ctl, "change", &event->migration);
		break;
	case COUCHE_NL_EVENT_LEG:
		print_leg(ctl, "change", &event->leg);
		break;
	case COUCHE_NL_EVENT_DEGRADED:
		print_degraded(ctl, &event->degraded);
		break;
	case COUCHE_NL_EVENT_SPACE:
		print_space(ctl, &event->space);
		break;
	case COUCHE_NL_EVENT_SWEEP:
		print_sweep(ctl, "change", &event->sweep.pool, &event->sweep.sweep);
		break;
	case COUCHE_NL_EVENT_REPAIR:
		print_repair(ctl, &event->repair);
		break;
	}
}

static int print_pool_now(const struct couche_ctl *ctl, struct couche_nl *nl,
			  const struct couche_nl_pool *pool)
{
	_cleanup_free_ struct couche_nl_leg *legs = NULL;
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	_cleanup_free_ struct couche_nl_migration *migrations = NULL;
	size_t nr_legs, nr_volumes, nr_migrations, i;
	cJSON *event;
	int r;

	r = couche_nl_legs(nl, pool->id.uuid, &legs, &nr_legs);
	if (!r)
		r = couche_nl_volumes(nl, pool->id.uuid, &volumes, &nr_volumes);
	if (!r)
		r = couche_nl_migrations(nl, pool->id.uuid, &migrations, &nr_migrations);
	if (r)
		return couche_session_fail(nl, r, pool->id.name, "its state cannot be read");
	event = begin_event("exists", "pool", pool->id.uuid);
	couche_show_pool(couche_doc_add_object(event, "pool"), pool);
	end_event(ctl, event, "pool");
	for (i = 0; i < COUCHE_NL_SWEEPS; i++)
		print_sweep(ctl, "exists", &pool->id, &pool->sweep[i]);
	for (i = 0; i < nr_legs; i++)
		print_leg(ctl, "exists", &legs[i]);
	for (i = 0; i < nr_volumes; i++) {
		event = begin_event("exists", "volume", pool->id.uuid);
		couche_show_volume(couche_doc_add_object(event, "volume"), &volumes[i],
				   pool->extent_sectors);
		end_event(ctl, event, "volume");
	}
	for (i = 0; i < nr_migrations; i++)
		print_migration(ctl, "exists", &migrations[i]);
	return 0;
}

static int print_now(const struct couche_ctl *ctl, struct couche_nl *nl)
{
	_cleanup_free_ struct couche_nl_pool *pools = NULL;
	size_t nr, i;
	int r;

	r = couche_nl_pools(nl, &pools, &nr);
	if (r)
		return couche_session_fail(nl, r, "pools", "cannot list them");
	for (i = 0; i < nr && !r; i++)
		r = print_pool_now(ctl, nl, &pools[i]);
	return r;
}

/* A reader that was too slow starts again from what is. */
static int lost_events(const struct couche_ctl *ctl, struct couche_nl *nl)
{
	fputs("couchectl: events: some were lost; the state follows\n", stderr);
	return print_now(ctl, nl);
}

static int follow(const struct couche_ctl *ctl, struct couche_nl *nl)
{
	struct pollfd fd = { .fd = couche_nl_fd(nl), .events = POLLIN };
	struct couche_nl_event event;
	int r;

	while (!interrupted) {
		if (poll(&fd, 1, -1) < 0)
			continue;
		while (!(r = couche_nl_next_event(nl, &event)))
			print_event(ctl, &event);
		if (r == -ENOBUFS)
			r = lost_events(ctl, nl);
		else if (r == -EAGAIN)
			r = 0;
		else
			r = couche_session_fail(nl, r, "events", "cannot be read");
		if (r)
			return r;
		if (ferror(stdout))
			return 0;	/* main() says so */
	}
	return COUCHE_EXIT_INTERRUPTED;
}

static int run_events(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct sigaction action = { .sa_handler = on_signal };
	int r;

	if (nr_args)
		return couche_fail(COUCHE_EXIT_USAGE, args[0], "events takes no arguments; leave it out");
	r = couche_session_open(&nl);
	if (r)
		return r;
	if (!only_now) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		r = couche_nl_subscribe(nl);
		if (r)
			return couche_session_fail(nl, r, "events", "cannot be subscribed to");
	}
	/* subscribed first: nothing falls between what is and what happens */
	r = print_now(ctl, nl);
	if (r || only_now)
		return r;
	return follow(ctl, nl);
}

const struct couche_command couche_events_commands[] = {
	{ NULL, "", "Print what is and what happens, one line each, until interrupted.",
	  events_options, run_events },
	{ NULL }
};
