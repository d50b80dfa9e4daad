// SPDX-License-Identifier: GPL-2.0-only
/* couchectl pool list and status */
#include <stdio.h>
#include <string.h>

#include "health.h"
#include "plan.h"
#include "pool.h"
#include "size.h"

static bool only_unhealthy;

const struct couche_option couche_pool_status_options[] = {
	{ "unhealthy", 'x', COUCHE_OPTION_FLAG, &only_unhealthy, NULL,
	  "show pools that need attention only" },
	{ NULL }
};

/* What one command knows of a pool. */
struct report {
	struct couche_nl_pool pool;
	struct couche_nl_leg *legs;
	struct couche_nl_volume *volumes;
	struct couche_nl_migration *migrations;
	size_t nr_legs, nr_volumes, nr_migrations;
	struct couche_health health;
};

static void report_destroy(struct report *report)
{
	free(report->legs);
	free(report->volumes);
	free(report->migrations);
}

static bool is_running(const struct couche_nl_migration *migration)
{
	return migration->state < COUCHE_MIGRATION_DONE;
}

static int fill(struct couche_nl *nl, struct report *report)
{
	const struct couche_nl_pool_id *id = &report->pool.id;
	size_t i;
	int r;

	r = couche_nl_legs(nl, id->uuid, &report->legs, &report->nr_legs);
	if (!r)
		r = couche_nl_volumes(nl, id->uuid, &report->volumes, &report->nr_volumes);
	if (!r)
		r = couche_nl_migrations(nl, id->uuid, &report->migrations,
					 &report->nr_migrations);
	if (r)
		return couche_session_fail(nl, r, id->name, "its state cannot be read");
	couche_health_judge(&report->health, &report->pool, report->legs, report->nr_legs);
	for (i = 0; i < report->nr_volumes; i++)
		report->health.lost_reads += report->volumes[i].lost_extents;
	return 0;
}

static void show_report(cJSON *object, const struct report *report)
{
	char status[COUCHE_HEALTH_TEXT], action[COUCHE_HEALTH_TEXT];
	cJSON *array;
	size_t i;

	couche_show_pool(object, &report->pool);
	couche_health_describe(&report->health, report->pool.id.name, status, action);
	couche_doc_add_bool(object, "healthy", couche_health_good(&report->health));
	couche_doc_add_text(object, "status", *status ? status : NULL);
	couche_doc_add_text(object, "action", *action ? action : NULL);
	for (i = 0; i < COUCHE_NL_SWEEPS; i++)
		couche_show_sweep(couche_doc_add_object(object, couche_sweep_name(i)),
				  &report->pool.id, &report->pool.sweep[i]);
	array = couche_doc_add_array(object, "legs");
	for (i = 0; i < report->nr_legs; i++)
		couche_show_leg(couche_doc_append_object(array), &report->legs[i]);
	array = couche_doc_add_array(object, "volumes");
	for (i = 0; i < report->nr_volumes; i++)
		couche_show_volume(couche_doc_append_object(array), &report->volumes[i],
				   report->pool.extent_sectors);
	array = couche_doc_add_array(object, "migrations");
	for (i = 0; i < report->nr_migrations; i++) {
		if (is_running(&report->migrations[i]))
			couche_show_migrations(array, &report->migrations[i], 1,
					       report->volumes, report->nr_volumes);
	}
}

static void print_migrations(const cJSON *migrations)
{
	char bytes[COUCHE_SIZE_TEXT], elapsed[COUCHE_SIZE_TEXT];
	const cJSON *m;

	cJSON_ArrayForEach(m, migrations)
		printf("  move: migration %llu of volume %s to %s: %s, %s in %s\n",
		       (unsigned long long)couche_doc_number(m, "id"),
		       couche_doc_text(m, "volume"),
		       couche_doc_text(m, "to"), couche_doc_text(m, "state"),
		       couche_size_format(couche_doc_number(m, "moved_bytes"), bytes),
		       couche_eta_format(couche_doc_number(m, "elapsed_ms"), elapsed));
}

/* "rebuild: running, 12 of 34 extents, 1.2GiB"; one that is idle is not told. */
static void print_sweep(const cJSON *pool, uint8_t kind)
{
	const cJSON *sweep = couche_doc_get(pool, couche_sweep_name(kind));
	const char *state = couche_doc_text(sweep, "state");
	char bytes[COUCHE_SIZE_TEXT];

	if (!strcmp(state, couche_sweep_state_name(COUCHE_SWEEP_IDLE)))
		return;
	/* How many extents wait only the kernel's log says. */
	if (!strcmp(state, couche_sweep_state_name(COUCHE_SWEEP_WAITING)) &&
	    !couche_doc_number(sweep, "extents_total")) {
		printf("%7s: waiting for a healthy leg or for room\n", couche_sweep_name(kind));
		return;
	}
	printf("%7s: %s, %llu of %llu extents, %s", couche_sweep_name(kind), state,
	       (unsigned long long)couche_doc_number(sweep, "extents_done"),
	       (unsigned long long)couche_doc_number(sweep, "extents_total"),
	       couche_size_format(couche_doc_number(sweep, "bytes"), bytes));
	if (couche_doc_number(sweep, "shards_wrong"))
		printf(", %llu wrong shards, %llu repaired",
		       (unsigned long long)couche_doc_number(sweep, "shards_wrong"),
		       (unsigned long long)couche_doc_number(sweep, "shards_repaired"));
	if (couche_doc_number(sweep, "extents_failed"))
		printf(", %llu extents could not be brought in order",
		       (unsigned long long)couche_doc_number(sweep, "extents_failed"));
	putchar('\n');
}

/* "  stage: 1.2MiB of 16MiB hold what is in no stripe yet, 1MiB to be flushed" */
static void print_data_journal(const cJSON *pool)
{
	uint64_t size = couche_doc_number(pool, "data_journal_bytes");
	uint64_t left = couche_doc_number(pool, "flush_left_bytes");
	char has[COUCHE_SIZE_TEXT], used[COUCHE_SIZE_TEXT];

	if (!size)
		return;
	printf("  stage: %s of %s hold what is in no stripe yet",
	       couche_size_format(couche_doc_number(pool, "data_journal_used_bytes"), used),
	       couche_size_format(size, has));
	if (left)
		printf(", %s to be flushed", couche_size_format(left, used));
	if (cJSON_IsTrue(couche_doc_get(pool, "data_journal_stuck")))
		printf("; for want of legs or room nothing can be merged");
	putchar('\n');
}

static void print_drains(const cJSON *legs)
{
	const cJSON *leg;

	cJSON_ArrayForEach(leg, legs) {
		if (!cJSON_IsTrue(couche_doc_get(leg, "draining")))
			continue;
		printf("  drain: leg %llu: %llu extents moved, %llu left",
		       (unsigned long long)couche_doc_number(leg, "index"),
		       (unsigned long long)couche_doc_number(leg, "drain_moved_extents"),
		       (unsigned long long)couche_doc_number(leg, "drain_left_extents"));
		if (!couche_doc_number(leg, "used_bytes"))
			printf("; it is empty and may be removed");
		putchar('\n');
	}
}

static void print_text(const struct couche_ctl *ctl, const cJSON *pool)
{
	static const struct couche_column tier_columns[] = {
		{ "TIER", "tier" }, { "PROFILE", "profile" },
		{ "SIZE", "usable_bytes", COUCHE_COLUMN_SIZE },
		{ "USED", "used_bytes", COUCHE_COLUMN_SIZE },
		{ "FREE", "free_bytes", COUCHE_COLUMN_SIZE },
		{ "RAW-USED", "raw_used_bytes", COUCHE_COLUMN_SIZE },
		{ NULL }
	};
	const char *status = couche_doc_text(pool, "status");

	printf("  pool: %s\n state: %s\n", couche_doc_text(pool, "name"),
	       couche_doc_text(pool, "state"));
	if (*status)
		printf("status: %s\naction: %s\n", status, couche_doc_text(pool, "action"));
	print_migrations(couche_doc_get(pool, "migrations"));
	print_sweep(pool, COUCHE_SWEEP_REBUILD);
	print_sweep(pool, COUCHE_SWEEP_SCRUB);
	print_sweep(pool, COUCHE_SWEEP_RESHAPE);
	print_drains(couche_doc_get(pool, "legs"));
	print_data_journal(pool);
	putchar('\n');
	couche_doc_print_table(ctl, tier_columns, couche_doc_get(pool, "tiers"), "  ");
	putchar('\n');
	/* the first column, the pool, is in the heading already */
	couche_doc_print_table(ctl, couche_leg_columns + 1, couche_doc_get(pool, "legs"), "  ");
}

static void print_all(const struct couche_ctl *ctl, const cJSON *doc)
{
	const cJSON *pools = couche_doc_get(doc, "pools");
	const cJSON *pool;
	bool first = true;

	if (couche_doc_print_whole(ctl, doc))
		return;
	if (!pools->child)
		puts(only_unhealthy ? "all pools are healthy" :
		     "no active pools; couchectl pool import lists those that could be started");
	cJSON_ArrayForEach(pool, pools) {
		if (ctl->output == COUCHE_OUTPUT_NAME) {
			puts(couche_doc_text(pool, "name"));
			continue;
		}
		if (!first)
			putchar('\n');
		first = false;
		print_text(ctl, pool);
	}
}

static int add_report(struct couche_nl *nl, const struct couche_nl_pool *pool, cJSON *array,
		      bool *unhealthy)
{
	_cleanup_(report_destroy) struct report report = { .pool = *pool };
	int r = fill(nl, &report);

	if (r)
		return r;
	if (!couche_health_good(&report.health))
		*unhealthy = true;
	else if (only_unhealthy)
		return 0;
	show_report(couche_doc_append_object(array), &report);
	return 0;
}

/**
 * couche_pool_status() - couchectl pool status [-x] [NAME]
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code, COUCHE_EXIT_DEGRADED if a pool is not healthy.
 */
int couche_pool_status(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("pool status");
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	_cleanup_free_ struct couche_nl_pool *pools = NULL;
	cJSON *array = couche_doc_add_array(doc, "pools");
	struct couche_nl_pool one;
	bool unhealthy = false;
	size_t nr = 1, i;
	int r;

	if (nr_args > 1)
		return couche_fail(COUCHE_EXIT_USAGE, "pool status", "takes one NAME at most");
	r = couche_session_open(&nl);
	if (r)
		return r;
	if (nr_args) {
		r = couche_session_pool(nl, args[0], &one);
	} else {
		r = couche_nl_pools(nl, &pools, &nr);
		if (r)
			return couche_session_fail(nl, r, "pools", "cannot list them");
	}
	for (i = 0; i < nr && !r; i++)
		r = add_report(nl, nr_args ? &one : &pools[i], array, &unhealthy);
	if (r)
		return r;
	print_all(ctl, doc);
	return unhealthy ? COUCHE_EXIT_DEGRADED : 0;
}

/**
 * couche_pool_list() - couchectl pool list
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_pool_list(struct couche_ctl *ctl, int nr_args, char **args)
{
	static const struct couche_column columns[] = {
		{ "NAME", "name" }, { "STATE", "state" },
		{ "LEGS", "nr_legs", COUCHE_COLUMN_NUMBER },
		{ "VOLUMES", "nr_volumes", COUCHE_COLUMN_NUMBER },
		{ "SIZE", "usable_bytes", COUCHE_COLUMN_SIZE },
		{ "USED", "used_bytes", COUCHE_COLUMN_SIZE },
		{ "FREE", "free_bytes", COUCHE_COLUMN_SIZE },
		{ "DATA-JOURNAL", "data_journal_bytes", COUCHE_COLUMN_SIZE, true },
		{ "STAGED", "data_journal_used_bytes", COUCHE_COLUMN_SIZE, true },
		{ "EXTENT", "extent_bytes", COUCHE_COLUMN_SIZE, true },
		{ "SEGMENT", "segment_bytes", COUCHE_COLUMN_SIZE, true },
		{ "UUID", "uuid", COUCHE_COLUMN_TEXT, true },
		{ NULL }
	};
	static const struct couche_list list = { "pools", "name", columns };
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("pool list");
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	_cleanup_free_ struct couche_nl_pool *pools = NULL;
	cJSON *array = couche_doc_add_array(doc, "pools");
	size_t nr, i;
	int r;

	if (nr_args)
		return couche_fail(COUCHE_EXIT_USAGE, args[0],
				   "pool list takes no arguments; see couchectl pool status %s",
				   args[0]);
	r = couche_session_open(&nl);
	if (r)
		return r;
	r = couche_nl_pools(nl, &pools, &nr);
	if (r)
		return couche_session_fail(nl, r, "pools", "cannot list them");
	for (i = 0; i < nr; i++)
		couche_show_pool(couche_doc_append_object(array), &pools[i]);
	couche_doc_print_list(ctl, &list, doc);
	return 0;
}
