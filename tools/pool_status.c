// SPDX-License-Identifier: GPL-2.0-only
/* couchectl pool list and status */
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "pool.h"
#include "size.h"

static bool only_unhealthy;

const struct couche_option couche_pool_status_options[] = {
	{ "unhealthy", 'x', COUCHE_OPTION_FLAG, &only_unhealthy, NULL,
	  "show pools that need attention only" },
	{ NULL }
};

/* What ails a pool, counted over its legs and volumes. */
struct health {
	unsigned int failed, missing, restoring;
	char legs[64];			/* those that should be seen to: "3, 6" */
	uint64_t errors, lost_extents;
	bool exhausted;			/* a tier lost all it can */
	const char *tier;		/* that one */
	bool cold_short;		/* the cold tier has too few legs for a whole stripe */
	bool cold_closed;		/* for any */
	bool full;			/* nothing new can be written */
	bool cold_there;		/* the pool has a cold tier */
};

/* What one command knows of a pool. */
struct report {
	struct couche_nl_pool pool;
	struct couche_nl_leg *legs;
	struct couche_nl_volume *volumes;
	struct couche_nl_migration *migrations;
	size_t nr_legs, nr_volumes, nr_migrations;
	struct health health;
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

static void note_leg(struct health *health, unsigned int index)
{
	size_t len = strlen(health->legs);

	snprintf(health->legs + len, sizeof(health->legs) - len, "%s%u",
		 len ? ", " : "", index);
}

static void judge_legs(const struct report *report, struct health *health)
{
	const struct couche_nl_tier *cold =
		&report->pool.tier[COUCHE_TIER_COLD];
	unsigned int lost[COUCHE_ROLE_COLD + 1] = { 0 }, nr_meta = 0, nr_cold = 0;
	uint8_t tier;
	size_t i;

	for (i = 0; i < report->nr_legs; i++) {
		const struct couche_nl_leg *leg = &report->legs[i];
		bool bad = !leg->present || leg->state != COUCHE_LEG_ONLINE;

		nr_meta += leg->role == COUCHE_ROLE_META;
		nr_cold += leg->role == COUCHE_ROLE_COLD;
		health->errors += leg->read_errors + leg->write_errors + leg->csum_errors;
		if (!bad || leg->role > COUCHE_ROLE_COLD)
			continue;
		lost[leg->role]++;
		if (!leg->present)
			health->missing++;
		else if (leg->state == COUCHE_LEG_RESTORING)
			health->restoring++;
		else
			health->failed++;
		if (!leg->present || leg->state == COUCHE_LEG_FAILED)
			note_leg(health, leg->index);
	}
	nr_cold -= lost[COUCHE_ROLE_COLD];
	health->cold_short = nr_cold < cold->k + cold->m;
	health->cold_closed = nr_cold < cold->min_healthy;
	if (lost[COUCHE_ROLE_META] && lost[COUCHE_ROLE_META] + 1 >= nr_meta) {
		health->exhausted = true;
		health->tier = "meta";
	}
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		unsigned int n = lost[tier + COUCHE_ROLE_HOT];

		if (n && n >= report->pool.tier[tier].m) {
			health->exhausted = true;
			health->tier = couche_tier_name(tier);
		}
	}
}

/* New data goes to the tiers that are written in place; is there room? */
static bool is_full(const struct couche_nl_pool *pool)
{
	uint64_t room = 0;
	uint8_t tier;

	for (tier = 0; tier < COUCHE_TIER_COLD; tier++) {
		const struct couche_nl_tier *t = &pool->tier[tier];

		if (t->k && t->sectors > t->used_sectors)
			room += (t->sectors - t->used_sectors) / (t->k + t->m);
	}
	return room < pool->extent_sectors;
}

static void judge(struct report *report)
{
	struct health *health = &report->health;
	size_t i;

	memset(health, 0, sizeof(*health));
	judge_legs(report, health);
	health->full = is_full(&report->pool);
	health->cold_there = report->pool.tier[COUCHE_TIER_COLD].k;
	for (i = 0; i < report->nr_volumes; i++)
		health->lost_extents += report->volumes[i].lost_extents;
}

static bool is_healthy(const struct report *report)
{
	const struct health *health = &report->health;

	return !report->pool.degraded && !report->pool.read_only &&
	       !health->failed && !health->missing && !health->restoring &&
	       !health->lost_extents && !health->full;
}

static void describe_restore(const struct health *h, const char *name,
			     char *action, size_t size)
{
	if (h->failed + h->missing == 1)
		snprintf(action, size, "Attach or repair the device, then 'couchectl leg restore %s %s'.",
			 name, h->legs);
	else
		snprintf(action, size, "Attach or repair the devices, then 'couchectl leg restore %s LEG' for each of the legs %s.",
			 name, h->legs);
}

static const char *cold_consequence(const struct health *h)
{
	if (h->cold_closed)
		return " With these few legs nothing moves to the cold tier.";
	if (h->cold_short)
		return " What moves to the cold tier lacks shards until they return.";
	return "";
}

static void describe(const struct report *report, char *status, char *action, size_t size)
{
	const struct health *h = &report->health;
	const char *name = report->pool.id.name;

	if (report->pool.read_only) {
		snprintf(status, size, "The metadata could not be written; the pool takes no more writes.");
		snprintf(action, size, "Look at the meta legs and the kernel log, then export and import the pool.");
	} else if (h->lost_extents) {
		snprintf(status, size, "%llu extents cannot be read: more of their shards are lost than there is parity.",
			 (unsigned long long)h->lost_extents);
		snprintf(action, size, "Bring back a lost leg with 'couchectl leg restore %s LEG'; else restore from a backup.",
			 name);
	} else if (h->failed + h->missing) {
		char failed[32] = "", missing[32] = "";

		if (h->failed)
			snprintf(failed, sizeof(failed), "%u failed", h->failed);
		if (h->missing)
			snprintf(missing, sizeof(missing), "%s%u missing", h->failed ? ", " : "",
				 h->missing);
		snprintf(status, size, "Legs out of service: %s%s. All data is readable%s%s%s.%s",
			 failed, missing, h->exhausted ? "; the " : "", h->exhausted ? h->tier : "",
			 h->exhausted ? " legs stand no further loss" : "",
			 cold_consequence(h));
		describe_restore(h, name, action, size);
	} else if (h->full) {
		snprintf(status, size, "The pool is full: writes to new places fail with 'no space left'.");
		if (h->cold_there)
			snprintf(action, size, "Make room: 'couchectl migrate %s/VOLUME --to cold', delete files and run fstrim, or remove a volume.",
				 name);
		else
			snprintf(action, size, "Make room: 'couchectl leg add %s', delete files and run fstrim, or remove a volume.",
				 name);
	} else if (h->restoring) {
		snprintf(status, size, "%u legs are being brought up to date.", h->restoring);
		snprintf(action, size, "Wait; follow it with 'couchectl events'.");
	} else if (h->errors) {
		snprintf(status, size, "Devices reported %llu errors; all of them were repaired or are covered.",
			 (unsigned long long)h->errors);
		snprintf(action, size, "Look at the error columns of 'couchectl leg list %s' and replace a device that has many.",
			 name);
	} else {
		status[0] = '\0';
		action[0] = '\0';
	}
}

static int fill(struct couche_nl *nl, struct report *report)
{
	const struct couche_nl_pool_id *id = &report->pool.id;
	int r;

	r = couche_nl_legs(nl, id->uuid, &report->legs, &report->nr_legs);
	if (!r)
		r = couche_nl_volumes(nl, id->uuid, &report->volumes, &report->nr_volumes);
	if (!r)
		r = couche_nl_migrations(nl, id->uuid, &report->migrations,
					 &report->nr_migrations);
	if (r)
		return couche_session_fail(nl, r, id->name, "its state cannot be read");
	judge(report);
	return 0;
}

static void show_report(cJSON *object, const struct report *report)
{
	char status[256], action[256];
	cJSON *array;
	size_t i;

	couche_show_pool(object, &report->pool);
	describe(report, status, action, sizeof(status));
	couche_doc_add_bool(object, "healthy", is_healthy(report));
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
	if (!is_healthy(&report))
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
