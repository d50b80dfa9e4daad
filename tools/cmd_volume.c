// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "activate.h"
#include "options.h"
#include "plan.h"
#include "pool.h"
#include "size.h"
#include "volume.h"

#define SECTOR	512

static uint64_t size_bytes;
static const char *journal = "cold";

#define SIZE_OPTION \
	{ "size", 's', COUCHE_OPTION_SIZE, &size_bytes, "SIZE", \
	  "such as 10GiB; rounded up to whole extents" }

static const struct couche_option create_options[] = {
	SIZE_OPTION,
	{ "journal", 0, COUCHE_OPTION_TEXT, &journal, "WHICH",
	  "extents whose partial writes the data journal takes: cold (default) or all" },
	{ NULL }
};

static const struct couche_option resize_options[] = {
	SIZE_OPTION,
	{ NULL }
};

/* Whole extents: the rest of the last one could not be used by anybody. */
static int wanted_sectors(const struct couche_ctl *ctl, const struct couche_nl_pool *pool,
			  const char *object, uint64_t *sectors)
{
	uint64_t extent = (uint64_t)pool->extent_sectors * SECTOR;
	uint64_t rounded;
	char text[COUCHE_SIZE_TEXT];

	if (size_bytes > UINT64_MAX - extent)
		return couche_fail(COUCHE_EXIT_USAGE, "--size", "is too large; give a smaller one");
	rounded = (size_bytes + extent - 1) / extent * extent;
	if (rounded != size_bytes)
		couche_note(ctl, "%s: rounded up to %s, whole extents", object,
			    couche_size_format(rounded, text));
	*sectors = rounded / SECTOR;
	return 0;
}

/* Allowed, it is thin; but whoever makes it should have meant it. */
static void note_overcommit(const struct couche_ctl *ctl, const struct couche_nl_pool *pool,
			    const char *object, uint64_t sectors)
{
	char size[COUCHE_SIZE_TEXT], usable[COUCHE_SIZE_TEXT];
	uint64_t total = 0;
	uint8_t tier;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		const struct couche_nl_tier *t = &pool->tier[tier];

		if (t->k)
			total += t->sectors / (t->k + t->m) * t->k;
	}
	if (sectors > total)
		couche_note(ctl, "%s: %s is more than the %s of the pool; writes fail when that is full",
			    object, couche_size_format(sectors * SECTOR, size),
			    couche_size_format(total * SECTOR, usable));
}

static int check_size_given(const char *object)
{
	if (size_bytes)
		return 0;
	return couche_fail(COUCHE_EXIT_USAGE, object, "has no size; give --size such as 10GiB");
}

static int check_journal(const char *what)
{
	if (!strcmp(journal, "all") || !strcmp(journal, "cold"))
		return 0;
	return couche_fail(COUCHE_EXIT_USAGE, what,
			   "'%s' is not what the data journal can take; give cold or all", journal);
}

static int check_has_journal(const struct couche_nl_pool *pool, const char *object)
{
	if (!strcmp(journal, "all") && !pool->stage_slots)
		return couche_fail(COUCHE_EXIT_FAILURE, object,
				   "its pool has no data journal; make one with pool create --data-journal");
	return 0;
}

static int send_message(const struct couche_ctl *ctl, const char *pool_dm,
			const char *message)
{
	if (ctl->dry_run) {
		printf("dmsetup message %s 0 '%s'\n", pool_dm, message);
		return 0;
	}
	return couche_dm_message(pool_dm, message);
}

static int send_journal(const struct couche_ctl *ctl, const char *pool_dm, uint32_t id)
{
	char message[64];

	snprintf(message, sizeof(message), "set_journal %u %s", id, journal);
	return send_message(ctl, pool_dm, message);
}

/* The lowest free id; 0 if the name is taken or no id is left (*r says which). */
static uint32_t choose_id(struct couche_nl *nl, const struct couche_nl_pool *pool,
			  const char *name, const char *object, int *r)
{
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	bool used[COUCHE_MAX_VOLUMES + 1] = { false };
	uint32_t id;
	size_t nr, i;

	*r = couche_nl_volumes(nl, pool->id.uuid, &volumes, &nr);
	if (*r) {
		*r = couche_session_fail(nl, *r, object, "cannot list the volumes");
		return 0;
	}
	for (i = 0; i < nr; i++) {
		if (!strcmp(volumes[i].name, name)) {
			*r = couche_fail(COUCHE_EXIT_CONFLICT, object,
					 "exists already; choose another name");
			return 0;
		}
		if (volumes[i].id <= COUCHE_MAX_VOLUMES)
			used[volumes[i].id] = true;
	}
	for (id = 1; id <= COUCHE_MAX_VOLUMES; id++) {
		if (!used[id])
			return id;
	}
	*r = couche_fail(COUCHE_EXIT_FAILURE, object, "the pool has %d volumes already; remove one",
			 COUCHE_MAX_VOLUMES);
	return 0;
}

static void take_back(const struct couche_activation *a, uint32_t id)
{
	char message[64];

	snprintf(message, sizeof(message), "remove_volume %u", id);
	couche_dm_message(a->pool_dm, message);
}

static int start_new(const struct couche_ctl *ctl, const struct couche_activation *a,
		     uint32_t id, const char *name, uint64_t sectors, const char *object)
{
	struct couche_dm_info info;
	char message[192];
	int r;

	if (!couche_dm_info(a->device, &info) && info.exists)
		return couche_fail(COUCHE_EXIT_CONFLICT, a->device,
				   "a device of this name exists already; choose another name");
	snprintf(message, sizeof(message), "create_volume %u %llu %s", id,
		 (unsigned long long)sectors, name);
	r = send_message(ctl, a->pool_dm, message);
	if (r)
		return couche_dm_fail(r, object, "cannot be created");
	r = strcmp(journal, "cold") ? send_journal(ctl, a->pool_dm, id) : 0;
	if (r) {
		take_back(a, id);
		return couche_dm_fail(r, object, "cannot be staged as asked");
	}
	if (ctl->dry_run) {
		printf("dmsetup create %s --uuid %s --table '0 %llu %s %s'\n", a->device, a->uuid,
		       (unsigned long long)sectors, COUCHE_VOLUME_TARGET, a->params);
		return 0;
	}
	r = couche_activation_start(a, sectors);
	if (r)
		take_back(a, id);
	return r;
}

static int run_create(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	char pool_name[COUCHE_NAME_SIZE], name[COUCHE_NAME_SIZE];
	struct couche_activation a;
	struct couche_nl_pool pool;
	uint64_t sectors;
	uint32_t id = 0;
	int r;

	if (nr_args != 1)
		return couche_fail(COUCHE_EXIT_USAGE, "volume create", "takes one POOL/VOLUME");
	r = couche_session_split(args[0], pool_name, name);
	if (!r)
		r = couche_name_check("volume name", name);
	if (!r)
		r = check_size_given(args[0]) ?: check_journal("--journal");
	if (!r)
		r = couche_session_open(&nl);
	if (!r)
		r = couche_session_pool(nl, pool_name, &pool);
	if (!r)
		r = check_has_journal(&pool, args[0]);
	if (!r)
		r = wanted_sectors(ctl, &pool, args[0], &sectors);
	if (!r)
		id = choose_id(nl, &pool, name, args[0], &r);
	if (!r)
		r = couche_activation_init(&a, &pool, name, id);
	if (!r)
		r = start_new(ctl, &a, id, name, sectors, args[0]);
	if (r)
		return r;
	if (!ctl->dry_run)
		couche_note(ctl, "%s: created, at /dev/mapper/%s", args[0], a.device);
	note_overcommit(ctl, &pool, args[0], sectors);
	return 0;
}

static int find_volume(const char *what, int nr_args, char **args, struct couche_nl **nl,
		       struct couche_nl_pool *pool, struct couche_nl_volume *volume)
{
	int r;

	if (nr_args != 1)
		return couche_fail(COUCHE_EXIT_USAGE, what, "takes one POOL/VOLUME");
	r = couche_session_open(nl);
	return r ?: couche_session_volume(*nl, args[0], pool, volume);
}

static int take_down(const struct couche_ctl *ctl, const struct couche_activation *a,
		     const char *object)
{
	struct couche_dm_info info;
	int r = couche_dm_info(a->device, &info);

	if (r)
		return couche_dm_fail(r, a->device, "cannot look at the device");
	if (info.open_count)
		return couche_fail(COUCHE_EXIT_CONFLICT, object,
				   "is open; unmount it or stop what uses it");
	if (ctl->dry_run) {
		printf("dmsetup remove %s\n", a->device);
		return 0;
	}
	return couche_activation_stop(a);
}

static int run_remove(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_volume volume;
	struct couche_activation a;
	struct couche_nl_pool pool;
	char message[64];
	bool active;
	int r;

	r = find_volume("volume remove", nr_args, args, &nl, &pool, &volume);
	if (!r)
		r = couche_activation_init(&a, &pool, volume.name, volume.id);
	if (!r)
		r = couche_confirm(ctl, args[0], "all its data will be lost");
	if (r)
		return r;
	active = !couche_activation_find(&a);
	if (active) {
		r = take_down(ctl, &a, args[0]);
		if (r)
			return r;
	}
	snprintf(message, sizeof(message), "remove_volume %u", volume.id);
	r = send_message(ctl, a.pool_dm, message);
	if (r) {
		r = couche_dm_fail(r, args[0], "cannot be removed");
		if (active)
			couche_activation_start(&a, volume.sectors);
		return r;
	}
	if (!ctl->dry_run)
		couche_note(ctl, "%s: removed", args[0]);
	return 0;
}

static int grow(const struct couche_ctl *ctl, const struct couche_activation *a, uint32_t id,
		uint64_t sectors, const char *object)
{
	char message[64];
	bool active;
	int r;

	snprintf(message, sizeof(message), "resize_volume %u %llu", id,
		 (unsigned long long)sectors);
	r = send_message(ctl, a->pool_dm, message);
	if (r)
		return couche_dm_fail(r, object, "cannot be resized");
	active = a->device[0];
	if (active && ctl->dry_run)
		printf("dmsetup reload %s --table '0 %llu %s %s'\ndmsetup resume %s\n", a->device,
		       (unsigned long long)sectors, COUCHE_VOLUME_TARGET, a->params, a->device);
	else if (active)
		r = couche_activation_resize(a, sectors);
	return r;
}

static int run_resize(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_volume volume;
	struct couche_activation a;
	struct couche_nl_pool pool;
	char from[COUCHE_SIZE_TEXT], to[COUCHE_SIZE_TEXT];
	uint64_t sectors;
	int r;

	r = nr_args == 1 ? check_size_given(args[0]) : 0;
	if (!r)
		r = find_volume("volume resize", nr_args, args, &nl, &pool, &volume);
	if (!r)
		r = wanted_sectors(ctl, &pool, args[0], &sectors);
	if (!r)
		r = couche_activation_init(&a, &pool, volume.name, volume.id);
	if (r)
		return r;
	couche_size_format(volume.sectors * SECTOR, from);
	couche_size_format(sectors * SECTOR, to);
	if (sectors < volume.sectors)
		return couche_fail(COUCHE_EXIT_USAGE, args[0],
				   "cannot shrink from %s to %s; copy it to a smaller volume",
				   from, to);
	if (sectors == volume.sectors) {
		couche_note(ctl, "%s: has this size already", args[0]);
		return 0;
	}
	if (couche_activation_find(&a))
		a.device[0] = '\0';
	r = grow(ctl, &a, volume.id, sectors, args[0]);
	if (!r && !ctl->dry_run)
		couche_note(ctl, "%s: resized to %s; make the file system larger too", args[0],
			    to);
	return r;
}

static int run_set_journal(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_volume volume = {};
	struct couche_activation a;
	struct couche_nl_pool pool;
	int r;

	if (nr_args != 2)
		return couche_fail(COUCHE_EXIT_USAGE, "volume set-journal",
				   "takes one POOL/VOLUME, and cold or all");
	journal = args[1];
	r = check_journal("volume set-journal");
	if (!r)
		r = find_volume("volume set-journal", 1, args, &nl, &pool, &volume);
	if (!r)
		r = check_has_journal(&pool, args[0]);
	if (!r)
		r = couche_activation_init(&a, &pool, volume.name, volume.id);
	if (r)
		return r;
	r = send_journal(ctl, a.pool_dm, volume.id);
	if (r)
		return couche_dm_fail(r, args[0], "cannot be changed");
	if (!ctl->dry_run && pool.stage_slots)
		couche_note(ctl, "%s: partial writes to %s extents are staged", args[0], journal);
	else if (!ctl->dry_run)
		couche_note(ctl, "%s: nothing is staged: its pool has no data journal", args[0]);
	return 0;
}

static int add_volumes(struct couche_nl *nl, const struct couche_nl_pool *pool, cJSON *array)
{
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	size_t nr, i;
	int r;

	r = couche_nl_volumes(nl, pool->id.uuid, &volumes, &nr);
	if (r)
		return couche_session_fail(nl, r, pool->id.name, "cannot list the volumes");
	for (i = 0; i < nr; i++) {
		cJSON *object = couche_doc_append_object(array);
		char path[COUCHE_OBJECT_SIZE];

		snprintf(path, sizeof(path), "%s/%s", pool->id.name, volumes[i].name);
		couche_doc_add_text(object, "path", path);
		couche_show_volume(object, &volumes[i], pool->extent_sectors);
	}
	return 0;
}

static int run_list(struct couche_ctl *ctl, int nr_args, char **args)
{
	static const struct couche_column columns[] = {
		{ "VOLUME", "path" }, { "SIZE", "size_bytes", COUCHE_COLUMN_SIZE },
		{ "MAPPED", "mapped_bytes", COUCHE_COLUMN_SIZE },
		{ "HOT", "tier_bytes.hot", COUCHE_COLUMN_SIZE },
		{ "WARM", "tier_bytes.warm", COUCHE_COLUMN_SIZE },
		{ "COLD", "tier_bytes.cold", COUCHE_COLUMN_SIZE },
		{ "DEVICE", "device" },
		{ "JOURNAL", "journal", COUCHE_COLUMN_TEXT, true },
		{ "ID", "id", COUCHE_COLUMN_NUMBER, true },
		{ "DEGRADED-READS", "degraded_reads", COUCHE_COLUMN_NUMBER, true },
		{ "LOST", "lost_extents", COUCHE_COLUMN_NUMBER, true },
		{ "UUID", "uuid", COUCHE_COLUMN_TEXT, true },
		{ NULL }
	};
	static const struct couche_list list = { "volumes", "path", columns };
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("volume list");
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	_cleanup_free_ struct couche_nl_pool *pools = NULL;
	cJSON *array = couche_doc_add_array(doc, "volumes");
	struct couche_nl_pool one;
	size_t nr = 1, i;
	int r;

	if (nr_args > 1)
		return couche_fail(COUCHE_EXIT_USAGE, "volume list", "takes one POOL at most");
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
		r = add_volumes(nl, nr_args ? &one : &pools[i], array);
	if (!r)
		couche_doc_print_list(ctl, &list, doc);
	return r;
}

static int volume_status(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct couche_nl_volume volume;
	struct couche_nl_pool pool;
	int r;

	r = find_volume("volume status", nr_args, args, &nl, &pool, &volume);
	return r ?: couche_volume_status(ctl, nl, &pool, &volume);
}

const struct couche_command couche_volume_commands[] = {
	{ "create", "POOL/VOLUME --size SIZE", "Make a volume; space is taken as it is written.",
	  create_options, run_create },
	{ "remove", "POOL/VOLUME", "Remove a volume and its data.", NULL, run_remove },
	{ "resize", "POOL/VOLUME --size SIZE", "Make a volume larger, in use or not.",
	  resize_options, run_resize },
	{ "set-journal", "POOL/VOLUME cold|all",
	  "Which extents' partial writes the data journal takes.", NULL, run_set_journal },
	{ "list", "[POOL]", "List the volumes of one pool or of all.", NULL, run_list },
	{ "status", "POOL/VOLUME", "Show where the data of a volume is.", NULL, volume_status },
	{ NULL }
};
