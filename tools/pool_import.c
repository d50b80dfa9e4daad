// SPDX-License-Identifier: GPL-2.0-only
/* couchectl pool import and export */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <uuid/uuid.h>

#include "activate.h"
#include "dm.h"
#include "plan.h"
#include "pool.h"
#include "scan.h"

static struct {
	bool all;
	bool no_volumes;
	bool read_only;
	const char *dir;
	struct couche_words devices;
} opt;

static struct couche_settings settings;

const struct couche_option couche_pool_import_options[] = {
	{ "all", 'a', COUCHE_OPTION_FLAG, &opt.all, NULL, "every pool that is found" },
	{ "device", 'd', COUCHE_OPTION_LIST, &opt.devices, "DEV...", "look at these devices only" },
	{ "dir", 0, COUCHE_OPTION_TEXT, &opt.dir, "DIR",
	  "look at the devices in this folder only" },
	{ "no-volumes", 0, COUCHE_OPTION_FLAG, &opt.no_volumes, NULL, "start the pool alone" },
	{ "readonly", 0, COUCHE_OPTION_FLAG, &opt.read_only, NULL, "write nothing" },
	COUCHE_SETTING_OPTIONS,
	{ NULL }
};

static const char *status_of(const struct couche_found_pool *pool)
{
	unsigned int nr, missing, all = 0;
	uint8_t role;

	for (role = COUCHE_ROLE_META; role <= COUCHE_ROLE_COLD; role++) {
		unsigned int spare;

		missing = couche_found_missing(pool, role, &nr);
		all += missing;
		spare = role == COUCHE_ROLE_META ? nr - 1 : pool->m[role - COUCHE_ROLE_HOT];
		if (nr && missing > spare)
			return "unavailable";
	}
	return all ? "degraded" : "online";
}

static bool is_active(const struct couche_found_pool *pool)
{
	char uuid[COUCHE_DM_UUID_SIZE], name[COUCHE_DM_NAME_SIZE];

	couche_pool_dm_uuid(pool->uuid, uuid, sizeof(uuid));
	return !couche_dm_find_uuid(uuid, name);
}

static void show_found(cJSON *object, const struct couche_found_pool *pool)
{
	unsigned int i, missing = 0;
	cJSON *legs;

	couche_doc_add_text(object, "name", pool->name);
	couche_doc_add_uuid(object, "uuid", pool->uuid);
	couche_doc_add_text(object, "state", is_active(pool) ? "active" : status_of(pool));
	couche_doc_add_bool(object, "clean", pool->clean);
	legs = couche_doc_add_array(object, "legs");
	for (i = 0; i < pool->nr_legs; i++) {
		const struct couche_found_leg *leg = &pool->leg[i];
		cJSON *entry;

		if (leg->state == COUCHE_LEG_NONE)
			continue;
		entry = couche_doc_append_object(legs);
		couche_doc_add_number(entry, "index", i);
		couche_doc_add_uuid(entry, "uuid", leg->uuid);
		couche_doc_add_text(entry, "role", couche_role_name(leg->role));
		couche_doc_add_text(entry, "state", couche_leg_state_name(leg->state));
		couche_doc_add_text(entry, "device", leg->path[0] ? leg->path : NULL);
		missing += !leg->path[0];
	}
	couche_doc_add_number(object, "missing_legs", missing);
}

/* Without a name: what could be imported. */
static int list_found(const struct couche_ctl *ctl, const struct couche_scan *scan)
{
	static const struct couche_column columns[] = {
		{ "NAME", "name" }, { "UUID", "uuid" }, { "STATE", "state" },
		{ "MISSING", "missing_legs", COUCHE_COLUMN_NUMBER },
		{ NULL }
	};
	static const struct couche_list list = { "pools", "name", columns };
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("pool import");
	cJSON *pools = couche_doc_add_array(doc, "pools");
	size_t i;

	for (i = 0; i < scan->nr_pools; i++)
		show_found(couche_doc_append_object(pools), &scan->pool[i]);
	couche_doc_print_list(ctl, &list, doc);
	return 0;
}

static int check_legs(const struct couche_ctl *ctl, const struct couche_found_pool *pool)
{
	unsigned int i, nr, missing;
	uint8_t tier;

	for (i = 0; i < pool->nr_legs; i++) {
		if (pool->leg[i].twice[0])
			return couche_fail(COUCHE_EXIT_CONFLICT, pool->name,
					   "leg %u was found on %s and on %s; name the right ones with --device",
					   i, pool->leg[i].twice, pool->leg[i].path);
	}
	if (ctl->force)
		return 0;
	if (couche_found_missing(pool, COUCHE_ROLE_META, &nr) == nr)
		return couche_fail(COUCHE_EXIT_FAILURE, pool->name,
				   "all %u meta legs are missing or failed; attach one of them",
				   nr);
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		missing = couche_found_missing(pool, tier + COUCHE_ROLE_HOT, &nr);
		if (missing > pool->m[tier])
			return couche_fail(COUCHE_EXIT_FAILURE, pool->name,
					   "%u of %u %s legs are missing or failed, %u may be; attach them, or give --force if what they held has been rebuilt on others",
					   missing, nr, couche_tier_name(tier), pool->m[tier]);
	}
	return 0;
}

static int make_params(const struct couche_found_pool *pool, char *params, size_t size)
{
	static struct couche_plan plan;
	unsigned int i;

	memset(&plan, 0, sizeof(plan));
	plan.read_only = opt.read_only;
	plan.settings = settings;
	plan.name = pool->name;
	memcpy(plan.uuid, pool->uuid, sizeof(plan.uuid));
	plan.nr_legs = pool->nr_legs;
	for (i = 0; i < pool->nr_legs; i++) {
		/* An empty place counts for its role, and meta legs are counted. */
		if (pool->leg[i].state == COUCHE_LEG_NONE) {
			plan.leg[i].role = COUCHE_ROLE_COLD;
			continue;
		}
		plan.leg[i].role = pool->leg[i].role;
		plan.leg[i].device = pool->leg[i].path[0] ? pool->leg[i].path : NULL;
	}
	if (couche_plan_params(&plan, false, params, size))
		return couche_fail(COUCHE_EXIT_FAILURE, pool->name,
				   "the paths of the devices are too long for a table; use shorter ones");
	return 0;
}

static int start_volumes(const struct couche_ctl *ctl, const struct couche_found_pool *pool)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_pool active;
	int r = couche_session_open(&nl);

	if (r)
		return r;
	r = couche_nl_pool(nl, pool->uuid, &active);
	if (r)
		return couche_session_fail(nl, r, pool->name, "the pool is not listed");
	return couche_activate_all(ctl, nl, &active);
}

static int import_pool(const struct couche_ctl *ctl, const struct couche_found_pool *pool)
{
	static char params[COUCHE_DM_PARAMS_SIZE];
	struct couche_dm_table table = {
		COUCHE_POOL_TARGET, COUCHE_POOL_SECTORS, params, false
	};
	char uuid[COUCHE_DM_UUID_SIZE];
	int r;

	if (is_active(pool))
		return couche_fail(COUCHE_EXIT_CONFLICT, pool->name, "is active already; export it first");
	r = couche_name_check("pool name", pool->name);
	if (!r)
		r = check_legs(ctl, pool);
	if (!r)
		r = make_params(pool, params, sizeof(params));
	if (r)
		return r;
	couche_pool_dm_uuid(pool->uuid, uuid, sizeof(uuid));
	if (ctl->dry_run) {
		printf("dmsetup create %s --uuid %s --table '0 %d %s %s'\n", pool->name, uuid,
		       COUCHE_POOL_SECTORS, COUCHE_POOL_TARGET, params);
		return 0;
	}
	r = couche_dm_create(pool->name, uuid, &table);
	if (r)
		return couche_dm_fail(r, pool->name, "cannot start the pool");
	couche_note(ctl, "%s: imported, %s", pool->name, status_of(pool));
	return opt.no_volumes ? 0 : start_volumes(ctl, pool);
}

static void tell_damaged(const struct couche_scan *scan)
{
	if (scan->nr_damaged)
		couche_fail(COUCHE_EXIT_OK, scan->damaged,
			    "its superblock is damaged (%s); this leg is taken as missing",
			    scan->damage);
}

static int import_all(const struct couche_ctl *ctl, const struct couche_scan *scan)
{
	int r, result = 0;
	size_t i;

	for (i = 0; i < scan->nr_pools; i++) {
		if (is_active(&scan->pool[i]))
			continue;
		r = import_pool(ctl, &scan->pool[i]);
		if (r)
			result = r;
	}
	return result;
}

static int import_one(const struct couche_ctl *ctl, const struct couche_scan *scan,
		      const char *name)
{
	const struct couche_found_pool *found = NULL;
	uuid_t uuid;
	bool by_uuid = !uuid_parse(name, uuid);
	size_t i;

	for (i = 0; i < scan->nr_pools; i++) {
		const struct couche_found_pool *pool = &scan->pool[i];

		if (by_uuid ? memcmp(pool->uuid, uuid, sizeof(uuid)) != 0 :
			      strcmp(pool->name, name) != 0)
			continue;
		if (found)
			return couche_fail(COUCHE_EXIT_CONFLICT, name,
					   "several pools have this name; give the UUID, see couchectl pool import");
		found = pool;
	}
	if (!found)
		return couche_fail(COUCHE_EXIT_NOT_FOUND, name,
				   "no leg of this pool was found; attach its devices");
	return import_pool(ctl, found);
}

static int import_found(const struct couche_ctl *ctl, const struct couche_scan *scan,
			int nr_args, char **args)
{
	if (opt.all)
		return import_all(ctl, scan);
	return nr_args ? import_one(ctl, scan, args[0]) : list_found(ctl, scan);
}

/**
 * couche_pool_import() - couchectl pool import [NAME|UUID|--all]
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_pool_import(struct couche_ctl *ctl, int nr_args, char **args)
{
	struct couche_scan scan;
	int r;

	if (nr_args > 1 || (nr_args && opt.all))
		return couche_fail(COUCHE_EXIT_USAGE, "pool import",
				   "takes one NAME or UUID, or --all");
	r = couche_settings_parse(&settings);
	if (r)
		return r;
	r = couche_scan_run(&scan, opt.devices.word, opt.dir);
	if (r)
		return couche_fail(COUCHE_EXIT_FAILURE, opt.dir ?: "devices",
				   "cannot be listed (%s); check the path", strerror(-r));
	tell_damaged(&scan);
	r = import_found(ctl, &scan, nr_args, args);
	couche_scan_destroy(&scan);
	return r;
}

static int check_closed(const char *device)
{
	struct couche_dm_info info;
	int r = couche_dm_info(device, &info);

	if (r)
		return couche_dm_fail(r, device, "cannot look at the device");
	if (info.exists && info.open_count)
		return couche_fail(COUCHE_EXIT_CONFLICT, device,
				   "is open; unmount it or stop what uses it");
	return 0;
}

/* All volumes are looked at before the first is taken down. */
static int stop_volumes(const struct couche_ctl *ctl, struct couche_nl *nl,
			const struct couche_nl_pool *pool)
{
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	struct couche_activation a;
	size_t nr, i;
	int r, round;

	r = couche_nl_volumes(nl, pool->id.uuid, &volumes, &nr);
	if (r)
		return couche_session_fail(nl, r, pool->id.name, "cannot list the volumes");
	for (round = 0; round < 2; round++) {
		for (i = 0; i < nr; i++) {
			r = couche_activation_init(&a, pool, volumes[i].name, volumes[i].id);
			if (r)
				return r;
			if (couche_activation_find(&a))
				continue;
			if (round == 0)
				r = check_closed(a.device);
			else if (ctl->dry_run)
				printf("dmsetup remove %s\n", a.device);
			else
				r = couche_activation_stop(&a);
			if (r)
				return r;
		}
	}
	return 0;
}

/**
 * couche_pool_export() - couchectl pool export NAME
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_pool_export(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	char device[COUCHE_DM_NAME_SIZE];
	struct couche_nl_pool pool;
	int r;

	if (nr_args != 1)
		return couche_fail(COUCHE_EXIT_USAGE, "pool export", "takes one NAME or UUID");
	r = couche_session_open(&nl);
	if (!r)
		r = couche_session_pool(nl, args[0], &pool);
	if (!r)
		r = couche_session_pool_dm(&pool, device);
	if (!r)
		r = stop_volumes(ctl, nl, &pool);
	if (r)
		return r;
	if (ctl->dry_run) {
		printf("dmsetup remove %s\n", device);
		return 0;
	}
	r = couche_dm_remove(device);
	if (r)
		return couche_dm_fail(r, pool.id.name, "cannot stop the pool");
	couche_note(ctl, "%s: exported", pool.id.name);
	return 0;
}
