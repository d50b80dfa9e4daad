// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "plan.h"
#include "pool.h"
#include "size.h"
#include "wait.h"

static struct {
	const char *to;
	const char *range;
	uint64_t rate, expiry, timeout;
	bool preserve, verify, wait, cancel_on_interrupt;
} opt;

static const struct couche_option migrate_options[] = {
	{ "to", 't', COUCHE_OPTION_TEXT, &opt.to, "TIER", "hot, warm or cold" },
	{ "range", 0, COUCHE_OPTION_TEXT, &opt.range, "FIRST:COUNT",
	  "these extents only (default: all)" },
	{ "rate", 0, COUCHE_OPTION_RATE, &opt.rate, "RATE", "at most so much, such as 50MiB/s" },
	{ "preserve", 0, COUCHE_OPTION_FLAG, &opt.preserve, NULL,
	  "keep the source copy until its space is needed" },
	{ "verify", 0, COUCHE_OPTION_FLAG, &opt.verify, NULL,
	  "read the new copy back before the old one is given up" },
	{ "expiry", 0, COUCHE_OPTION_DURATION, &opt.expiry, "TIME",
	  "forget it unless it began by then" },
	{ "timeout", 0, COUCHE_OPTION_DURATION, &opt.timeout, "TIME",
	  "stop it unless it ended by then" },
	{ "wait", 'w', COUCHE_OPTION_FLAG, &opt.wait, NULL, "wait until it ended" },
	{ "cancel-on-interrupt", 0, COUCHE_OPTION_FLAG, &opt.cancel_on_interrupt, NULL,
	  "with --wait: Ctrl-C cancels the migration" },
	{ NULL }
};

static const struct couche_option wait_options[] = {
	{ "cancel-on-interrupt", 0, COUCHE_OPTION_FLAG, &opt.cancel_on_interrupt, NULL,
	  "Ctrl-C cancels the migration" },
	{ NULL }
};

static int parse_range(const struct couche_nl_volume *volume, const char *object,
		       struct couche_nl_migrate *args)
{
	char first[32];
	const char *colon;

	if (!opt.range)
		return 0;
	colon = strchr(opt.range, ':');
	if (!colon || (size_t)(colon - opt.range) >= sizeof(first))
		goto bad;
	snprintf(first, sizeof(first), "%.*s", (int)(colon - opt.range), opt.range);
	if (couche_uint_parse(first, UINT64_MAX, &args->first) ||
	    couche_uint_parse(colon + 1, UINT64_MAX, &args->count) || !args->count)
		goto bad;
	if (args->first >= volume->extents || args->count > volume->extents - args->first)
		return couche_fail(COUCHE_EXIT_USAGE, object,
				   "has %llu extents, the range %s ends behind them; give a smaller one",
				   (unsigned long long)volume->extents, opt.range);
	return 0;
bad:
	return couche_fail(COUCHE_EXIT_USAGE, "--range",
			   "'%s' is no range; give FIRST:COUNT in extents, such as 0:64",
			   opt.range);
}

static int set_ms(const char *option, uint64_t ms, uint32_t *to)
{
	if (ms > UINT32_MAX)
		return couche_fail(COUCHE_EXIT_USAGE, option, "is too long; give 49 days at most");
	*to = ms;
	return 0;
}

static int parse_tier(const char *object, uint8_t *tier)
{
	if (!opt.to)
		return couche_fail(COUCHE_EXIT_USAGE, object,
				   "where to? Give --to hot, --to warm or --to cold");
	if (couche_tier_parse(opt.to, tier))
		return couche_fail(COUCHE_EXIT_USAGE, "--to",
				   "'%s' is no tier; give hot, warm or cold", opt.to);
	return 0;
}

static int make_args(const struct couche_nl_pool *pool, const struct couche_nl_volume *volume,
		     const char *object, struct couche_nl_migrate *args)
{
	int r;

	if (!pool->tier[args->tier].k)
		return couche_fail(COUCHE_EXIT_FAILURE, object,
				   "pool %s has no %s tier; choose another", pool->id.name, opt.to);
	r = parse_range(volume, object, args);
	if (!r)
		r = set_ms("--expiry", opt.expiry, &args->expiry_ms);
	if (!r)
		r = set_ms("--timeout", opt.timeout, &args->timeout_ms);
	args->volume = volume->id;
	args->rate_bytes = opt.rate;
	args->preserve = opt.preserve;
	args->verify = opt.verify;
	return r;
}

static void print_plan(const struct couche_nl_volume *volume, const char *object,
		       const struct couche_nl_migrate *args)
{
	uint64_t count = args->count ?: volume->extents - args->first;
	char rate[COUCHE_SIZE_TEXT];

	printf("would move extents %llu to %llu of %s to %s", (unsigned long long)args->first,
	       (unsigned long long)(args->first + count - 1), object, opt.to);
	if (args->rate_bytes)
		printf(", at most %s/s", couche_size_format(args->rate_bytes, rate));
	printf("%s%s\nnothing was changed\n", args->preserve ? ", keeping the source copies" : "",
	       args->verify ? ", reading the new copies back" : "");
}

/* What the caller of "-o json" wants to know: the number to ask for later. */
static void print_started(const struct couche_ctl *ctl, const struct couche_nl_pool *pool,
			  const char *object, uint32_t id)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("migrate");

	couche_doc_add_text(doc, "pool", pool->id.name);
	couche_doc_add_text(doc, "volume", object);
	couche_doc_add_number(doc, "migration_id", id);
	if (couche_doc_print_whole(ctl, doc))
		return;
	if (ctl->output == COUCHE_OUTPUT_NAME)
		printf("%s %u\n", pool->id.name, id);
	else
		couche_note(ctl, "%s: migration %u to %s began; follow it with couchectl migrate wait %s %u",
			    object, id, opt.to, pool->id.name, id);
}

static int start_migration(struct couche_ctl *ctl, int nr_args, char **words)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_volume volume;
	struct couche_nl_migrate args = { 0 };
	struct couche_nl_pool pool;
	struct couche_wait wait;
	uint32_t id;
	int r;

	if (nr_args != 1)
		return couche_fail(COUCHE_EXIT_USAGE, nr_args ? words[0] : "migrate",
				   "takes one POOL/VOLUME; see couchectl migrate --help");
	r = parse_tier(words[0], &args.tier);
	if (!r)
		r = couche_session_open(&nl);
	if (!r)
		r = couche_session_volume(nl, words[0], &pool, &volume);
	if (!r)
		r = make_args(&pool, &volume, words[0], &args);
	if (r)
		return r;
	if (ctl->dry_run) {
		print_plan(&volume, words[0], &args);
		return 0;
	}
	/* events of a short migration come before the answer: listen first */
	if (opt.wait)
		couche_wait_prepare(&wait, nl, opt.cancel_on_interrupt);
	r = couche_nl_migrate(nl, pool.id.uuid, &args, &id);
	if (r)
		return couche_session_fail(nl, r, words[0], "cannot be migrated");
	if (!opt.wait) {
		print_started(ctl, &pool, words[0], id);
		return 0;
	}
	return couche_wait_run(&wait, ctl, &pool, id);
}

static int parse_id(char **args, uint32_t *id)
{
	uint64_t value;

	if (couche_uint_parse(args[1], UINT32_MAX, &value))
		return couche_fail(COUCHE_EXIT_USAGE, args[1],
				   "is no number of a migration; see couchectl migrate list %s",
				   args[0]);
	*id = value;
	return 0;
}

static int open_pool_id(int nr_args, char **args, const char *what, struct couche_nl **nl,
			struct couche_nl_pool *pool, uint32_t *id)
{
	int r;

	if (nr_args != 2)
		return couche_fail(COUCHE_EXIT_USAGE, what, "takes POOL and the ID of a migration");
	r = parse_id(args, id);
	if (!r)
		r = couche_session_open(nl);
	return r ?: couche_session_pool(*nl, args[0], pool);
}

static int cancel_migration(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_pool pool;
	char object[96];
	uint32_t id;
	int r;

	r = open_pool_id(nr_args, args, "migrate cancel", &nl, &pool, &id);
	if (r)
		return r;
	snprintf(object, sizeof(object), "%s migration %u", pool.id.name, id);
	if (ctl->dry_run) {
		printf("would cancel %s\n", object);
		return 0;
	}
	r = couche_nl_migrate_cancel(nl, pool.id.uuid, id);
	if (r == -EALREADY)
		return couche_fail(COUCHE_EXIT_CONFLICT, object,
				   "has ended already; see couchectl migrate list %s",
				   pool.id.name);
	if (r)
		return couche_session_fail(nl, r, object, "cannot be cancelled");
	r = couche_wait_ended(nl, &pool, id);
	if (r)
		return r;
	couche_note(ctl, "%s: cancelled; what was moved stays moved", object);
	return 0;
}

static int wait_for(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_pool pool;
	struct couche_wait wait;
	uint32_t id;
	int r;

	r = open_pool_id(nr_args, args, "migrate wait", &nl, &pool, &id);
	if (r)
		return r;
	couche_wait_prepare(&wait, nl, opt.cancel_on_interrupt);
	return couche_wait_run(&wait, ctl, &pool, id);
}

static int list_migrations(struct couche_ctl *ctl, int nr_args, char **args)
{
	static const struct couche_column columns[] = {
		{ "POOL", "pool" }, { "ID", "id", COUCHE_COLUMN_NUMBER },
		{ "VOLUME", "volume" }, { "TO", "to" },
		{ "STATE", "state" },
		{ "MOVED", "moved_extents", COUCHE_COLUMN_NUMBER },
		{ "SKIPPED", "skipped_extents", COUCHE_COLUMN_NUMBER },
		{ "EXTENTS", "extents", COUCHE_COLUMN_NUMBER },
		{ "BYTES", "moved_bytes", COUCHE_COLUMN_SIZE },
		{ "TIME", "elapsed_ms", COUCHE_COLUMN_DURATION },
		{ "RACES", "races", COUCHE_COLUMN_NUMBER, true },
		{ "FIRST", "first_extent", COUCHE_COLUMN_NUMBER, true },
		{ "ERROR", "error" },
		{ NULL }
	};
	static const struct couche_list spec = { "migrations", "id", columns };
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("migrate list");
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	_cleanup_free_ struct couche_nl_migration *migrations = NULL;
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	cJSON *array = couche_doc_add_array(doc, "migrations");
	struct couche_nl_pool pool;
	size_t nr, nr_volumes;
	const uint8_t *uuid;
	int r;

	if (nr_args > 1)
		return couche_fail(COUCHE_EXIT_USAGE, "migrate list", "takes one POOL at most");
	r = couche_session_open(&nl);
	if (!r && nr_args)
		r = couche_session_pool(nl, args[0], &pool);
	if (r)
		return r;
	uuid = nr_args ? pool.id.uuid : NULL;
	r = couche_nl_migrations(nl, uuid, &migrations, &nr);
	if (!r)
		r = couche_nl_volumes(nl, uuid, &volumes, &nr_volumes);
	if (r)
		return couche_session_fail(nl, r, "migrations", "cannot list them");
	couche_show_migrations(array, migrations, nr, volumes, nr_volumes);
	couche_doc_print_list(ctl, &spec, doc);
	return 0;
}

const struct couche_command couche_migrate_commands[] = {
	{ NULL, "POOL/VOLUME --to TIER", "Move a volume, or a range of it, to a tier.",
	  migrate_options, start_migration },
	{ "list", "[POOL]", "List the migrations that run and the last that ended.", NULL,
	  list_migrations },
	{ "wait", "POOL ID", "Wait until a migration ended.", wait_options, wait_for },
	{ "cancel", "POOL ID", "End a migration; what was moved stays moved.", NULL,
	  cancel_migration },
	{ NULL }
};
