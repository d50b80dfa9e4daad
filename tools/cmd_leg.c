// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <uuid/uuid.h>

#include "leg.h"
#include "plan.h"
#include "pool.h"
#include "size.h"

static struct couche_words restore_devices;
static bool restore_wait;

static const struct couche_option restore_options[] = {
	{ "device", 'd', COUCHE_OPTION_LIST, &restore_devices, "DEV...",
	  "look for the missing leg on these devices only" },
	{ "wait", 'w', COUCHE_OPTION_FLAG, &restore_wait, NULL,
	  "wait until the leg holds all that it is to hold" },
	{ NULL }
};

static int list_legs(struct couche_ctl *ctl, int nr_args, char **args)
{
	static const struct couche_list list = { "legs", "index", couche_leg_columns };
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("leg list");
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	_cleanup_free_ struct couche_nl_leg *legs = NULL;
	struct couche_nl_pool pool;
	size_t nr, i;
	cJSON *array;
	int r;

	if (nr_args > 1)
		return couche_fail(COUCHE_EXIT_USAGE, "leg list", "takes one POOL at most");
	r = couche_session_open(&nl);
	if (!r && nr_args)
		r = couche_session_pool(nl, args[0], &pool);
	if (r)
		return r;
	r = couche_nl_legs(nl, nr_args ? pool.id.uuid : NULL, &legs, &nr);
	if (r)
		return couche_session_fail(nl, r, "legs", "cannot list them");
	array = couche_doc_add_array(doc, "legs");
	for (i = 0; i < nr; i++)
		couche_show_leg(couche_doc_append_object(array), &legs[i]);
	couche_doc_print_list(ctl, &list, doc);
	return 0;
}

/* A leg is named by its index, its UUID or its device. */
static bool leg_matches(const struct couche_nl_leg *leg, const char *name)
{
	uint64_t index;
	struct stat st;
	uuid_t uuid;

	if (!couche_uint_parse(name, COUCHE_MAX_LEGS, &index))
		return leg->index == index;
	if (!uuid_parse(name, uuid))
		return !memcmp(uuid, leg->uuid, sizeof(uuid));
	return leg->present && !stat(name, &st) && S_ISBLK(st.st_mode) &&
	       major(st.st_rdev) == leg->major && minor(st.st_rdev) == leg->minor;
}

/**
 * couche_leg_find() - which leg is meant?
 * @nl: the session
 * @args: POOL and LEG
 * @pool: filled on success
 * @leg: likewise
 *
 * Return: 0 or an exit code.
 */
int couche_leg_find(struct couche_nl *nl, char **args, struct couche_nl_pool *pool,
		    struct couche_nl_leg *leg)
{
	_cleanup_free_ struct couche_nl_leg *legs = NULL;
	size_t nr, i;
	int r;

	r = couche_session_pool(nl, args[0], pool);
	if (r)
		return r;
	r = couche_nl_legs(nl, pool->id.uuid, &legs, &nr);
	if (r)
		return couche_session_fail(nl, r, args[0], "cannot list the legs");
	for (i = 0; i < nr; i++) {
		if (leg_matches(&legs[i], args[1])) {
			*leg = legs[i];
			return 0;
		}
	}
	return couche_fail(COUCHE_EXIT_NOT_FOUND, args[1],
			   "no such leg of pool %s; see couchectl leg list %s", pool->id.name,
			   pool->id.name);
}

static int fail_leg(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_pool pool;
	struct couche_nl_leg leg;
	char object[96];
	int r;

	if (nr_args != 2)
		return couche_fail(COUCHE_EXIT_USAGE, "leg fail",
				   "takes POOL and LEG, an index, device or UUID");
	r = couche_session_open(&nl);
	if (!r)
		r = couche_leg_find(nl, args, &pool, &leg);
	if (r)
		return r;
	snprintf(object, sizeof(object), "%s leg %u", pool.id.name, leg.index);
	if (leg.state == COUCHE_LEG_FAILED)
		return couche_fail(COUCHE_EXIT_CONFLICT, object, "has failed already; nothing to do");
	if (ctl->dry_run) {
		printf("would take %s (%s) out of service\n", object, couche_role_name(leg.role));
		return 0;
	}
	r = couche_nl_leg_fail(nl, pool.id.uuid, leg.index);
	if (r == -EBUSY)
		return couche_fail(COUCHE_EXIT_CONFLICT, object,
				   "%s; see what else is out of service: couchectl pool status %s",
				   couche_nl_error(nl), pool.id.name);
	if (r)
		return couche_session_fail(nl, r, object, "cannot be failed");
	couche_note(ctl, "%s: failed, out of service", object);
	return 0;
}

static int find_device(const struct couche_nl_pool *pool, const struct couche_nl_leg *leg,
		       char *path)
{
	const struct couche_found_leg *found = NULL;
	struct couche_scan scan;
	size_t i;
	int r;

	r = couche_scan_run(&scan, restore_devices.word, NULL);
	if (r)
		return couche_fail(COUCHE_EXIT_FAILURE, "devices",
				   "cannot be listed (%s); name it with --device", strerror(-r));
	for (i = 0; i < scan.nr_pools; i++) {
		if (!memcmp(scan.pool[i].uuid, pool->id.uuid, COUCHE_UUID_SIZE))
			found = &scan.pool[i].leg[leg->index];
	}
	if (!found || !found->path[0] || memcmp(found->uuid, leg->uuid, COUCHE_UUID_SIZE))
		r = couche_fail(COUCHE_EXIT_NOT_FOUND, pool->id.name,
				"the device of leg %u was not found; attach it, name it with --device, or give another with couchectl leg replace %s %u DEV",
				leg->index, pool->id.name, leg->index);
	else if (found->twice[0])
		r = couche_fail(COUCHE_EXIT_CONFLICT, pool->id.name,
				"leg %u was found on %s and on %s; name the right one with --device",
				leg->index, found->twice, found->path);
	else
		snprintf(path, COUCHE_PATH_SIZE, "%s", found->path);
	couche_scan_destroy(&scan);
	return r;
}

/* Puts the device of a leg that is back into the table of the running pool. */
static int attach(const struct couche_ctl *ctl, const struct couche_nl_pool *pool,
		  const struct couche_nl_leg *leg)
{
	static char params[COUCHE_DM_PARAMS_SIZE];
	struct couche_leg_table table;
	char path[COUCHE_PATH_SIZE];
	int r;

	r = find_device(pool, leg, path);
	if (!r)
		r = couche_leg_table_read(pool, &table);
	if (!r)
		r = couche_leg_table_set(&table, leg->index, NULL, path);
	if (!r)
		r = couche_leg_table_params(&table, NULL, params, sizeof(params));
	if (r)
		return r;
	if (!ctl->dry_run)
		return couche_leg_table_load(&table, NULL);
	printf("dmsetup reload %s --table '0 %llu %s %s'\ndmsetup resume %s\n", table.dm,
	       (unsigned long long)table.sectors, COUCHE_POOL_TARGET, params, table.dm);
	return 0;
}

static void report_restore(const struct couche_ctl *ctl, const char *object,
			   const struct couche_nl_leg *leg)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("leg restore");

	couche_show_leg(couche_doc_add_object(doc, "leg"), leg);
	if (couche_doc_print_whole(ctl, doc))
		return;
	if (leg->state == COUCHE_LEG_ONLINE)
		couche_note(ctl, "%s: restored, holds all that it is to hold",
			    object);
	else
		couche_note(ctl, "%s: takes writes again and is given what it lacks; see couchectl pool status %s",
			    object, leg->pool.name);
}

static int fail_restore(const struct couche_nl *nl, int error, const struct couche_nl_leg *leg,
			const char *object)
{
	if (error != -ESTALE)
		return couche_session_fail(nl, error, object, "cannot be restored");
	return couche_fail(couche_exit_of(error), object,
			   "cannot be restored: its device does not hold this leg any more, or cannot be read; give it, or another, with couchectl leg replace %s %u DEV",
			   leg->pool.name, leg->index);
}

static int restore_leg(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_pool pool;
	struct couche_nl_leg leg;
	char object[96];
	int r;

	if (nr_args != 2)
		return couche_fail(COUCHE_EXIT_USAGE, "leg restore",
				   "takes POOL and LEG, an index, device or UUID");
	r = couche_session_open(&nl);
	if (!r)
		r = couche_leg_find(nl, args, &pool, &leg);
	if (r)
		return r;
	snprintf(object, sizeof(object), "%s leg %u", pool.id.name, leg.index);
	if (leg.present && leg.state == COUCHE_LEG_ONLINE)
		return couche_fail(COUCHE_EXIT_CONFLICT, object, "is online; nothing to restore");
	if (!leg.present)
		r = attach(ctl, &pool, &leg);
	if (r)
		return r;
	if (ctl->dry_run) {
		printf("would take %s into service again\n", object);
		return 0;
	}
	r = couche_nl_leg_restore(nl, pool.id.uuid, leg.index);
	if (r)
		return fail_restore(nl, r, &leg, object);
	r = restore_wait ? couche_leg_wait_online(ctl, nl, &pool, &leg) :
			   couche_leg_look(nl, &pool, &leg);
	if (!r)
		report_restore(ctl, object, &leg);
	return r;
}

const struct couche_command couche_leg_commands[] = {
	{ "list", "[POOL]", "List the devices of one pool or of all.", NULL, list_legs },
	{ "fail", "POOL LEG", "Take a leg out of service; LEG is its index, device or UUID.",
	  NULL, fail_leg },
	{ "restore", "POOL LEG",
	  "Take a failed or missing leg into service again; LEG is its index, device or UUID.",
	  restore_options, restore_leg },
	{ "add", "POOL --cold DEV...", "Make the pool larger by devices, which are emptied.",
	  couche_leg_add_options, couche_leg_add },
	{ "replace", "POOL LEG DEV", "Put another device in the place of a failed leg.",
	  couche_leg_replace_options, couche_leg_replace },
	{ "drain", "POOL LEG", "Move everything off a leg, to the others of its tier.",
	  couche_leg_drain_options, couche_leg_drain },
	{ "undrain", "POOL LEG", "Use a leg again that was being drained.",
	  NULL, couche_leg_undrain },
	{ "remove", "POOL LEG", "Take a drained or failed leg that holds nothing out of the pool.",
	  NULL, couche_leg_remove },
	{ NULL }
};
