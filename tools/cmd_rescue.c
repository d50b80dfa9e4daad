// SPDX-License-Identifier: GPL-2.0-only
/* couchectl rescue: cold data, or the whole pool, from the footers of its shards */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/lib/cleanup.h"
#include "offline_write.h"
#include "plan.h"
#include "rescue_pool.h"

#define SECTOR	512

static const char *output;
static struct couche_words devices[COUCHE_ROLE_WARM + 1];	/* by role */
static struct couche_words names;

static const struct couche_option rescue_options[] = {
	COUCHE_OFFLINE_OPTIONS,
	{ "output-dir", 0, COUCHE_OPTION_TEXT, &output, "DIR",
	  "write an image of every volume here; without it only tell what is there" },
	{ "write-meta", 0, COUCHE_OPTION_LIST, &devices[COUCHE_ROLE_META], "DEV...",
	  "make the pool anew: its map and journal on these empty devices" },
	{ "write-hot", 0, COUCHE_OPTION_LIST, &devices[COUCHE_ROLE_HOT], "DEV...",
	  "with it, for hot legs that are lost as well" },
	{ "write-warm", 0, COUCHE_OPTION_LIST, &devices[COUCHE_ROLE_WARM], "DEV...",
	  "with it, for warm legs that are lost as well" },
	{ "volume", 0, COUCHE_OPTION_LIST, &names, "ID=NAME...",
	  "with it, how to call volumes (default: volume-ID)" },
	{ NULL }
};

static void show_legs(cJSON *doc, const struct couche_rescue *r)
{
	cJSON *leg;

	cJSON_ArrayForEach(leg, cJSON_GetObjectItem(doc, "legs")) {
		u32 i = couche_doc_number(leg, "index");

		couche_doc_add_number(leg, "footers", r->footers[i]);
		couche_doc_add_number(leg, "unreadable_bytes", r->unreadable[i]);
	}
}

static void show_volumes(cJSON *doc, const struct couche_rescued_volume *volumes,
			 const char *dir)
{
	cJSON *list = couche_doc_add_array(doc, "volumes");
	char path[4096];
	u32 id;

	for (id = 1; id <= COUCHE_MAX_VOLUMES; id++) {
		const struct couche_rescued_volume *v = &volumes[id];
		cJSON *entry;

		if (!v->extents && !v->lost)
			continue;
		entry = couche_doc_append_object(list);
		couche_doc_add_number(entry, "id", id);
		couche_rescue_file(dir ?: "", id, path, sizeof(path));
		couche_doc_add_text(entry, "file", dir && v->extents ? path : NULL);
		couche_doc_add_text(entry, "name", *v->name ? v->name : NULL);
		couche_doc_add_number(entry, "size_bytes", v->sectors * SECTOR);
		couche_doc_add_number(entry, "extents", v->extents);
		couche_doc_add_number(entry, "older_extents", v->older);
		couche_doc_add_number(entry, "lost_extents", v->lost);
	}
}

static void show_rebuilt(cJSON *doc, const struct couche_rescue_pool *pool, bool written)
{
	const struct couche_super *s = &pool->r->o->super;
	cJSON *rebuilt = couche_doc_add_object(doc, "rebuilt"), *legs;
	unsigned int i;

	couche_doc_add_bool(rebuilt, "written", written);
	couche_doc_add_number(rebuilt, "generation", s->generation);
	couche_doc_add_number(rebuilt, "groups", pool->counts.groups);
	couche_doc_add_number(rebuilt, "extents", pool->counts.extents);
	couche_doc_add_number(rebuilt, "degraded_extents", pool->counts.degraded);
	couche_doc_add_number(rebuilt, "map_pages", s->map_pages);
	couche_doc_add_number(rebuilt, "used_map_pages", couche_offline_map_pages(pool->map));
	legs = couche_doc_add_array(rebuilt, "legs");
	for (i = 0; i < pool->nr; i++) {
		const struct couche_rescue_leg *leg = &pool->leg[i];

		couche_device_describe(legs, &leg->device, leg->index,
				       leg->role, NULL);
	}
}

static void print_rebuilt(const struct couche_ctl *ctl, const cJSON *doc)
{
	static const struct couche_column columns[] = {
		{ "LEG", "index", COUCHE_COLUMN_NUMBER }, { "ROLE", "role" },
		{ "DEVICE", "device" }, { "SIZE", "size_bytes", COUCHE_COLUMN_SIZE },
		{ "OVERWRITES", "overwrites" },
		{ NULL }
	};
	const char *name = couche_doc_text(doc, "pool.name");

	couche_doc_print_table(ctl, columns, couche_doc_get(doc, "rebuilt.legs"), "");
	printf("%s: %s: %s cold extents in %s groups, %s with shards missing\n", name,
	       couche_doc_text(doc, "result"), couche_doc_text(doc, "rebuilt.extents"),
	       couche_doc_text(doc, "rebuilt.groups"),
	       couche_doc_text(doc, "rebuilt.degraded_extents"));
	printf("%s: what was hot, warm or in the data journal is lost; how much that was, cold legs do not know\n",
	       name);
	if (ctl->dry_run)
		printf("nothing was written\n");
	else
		printf("%s: written; start it: couchectl pool import %s\n", name, name);
}

/* @dir NULL: nothing was written; @pool NULL: no pool was made. */
static void print_result(const struct couche_ctl *ctl, const struct couche_rescue *r,
			 const struct couche_rescued_volume *volumes, const char *dir,
			 const struct couche_rescue_pool *pool)
{
	static const struct couche_column columns[] = {
		{ "VOLUME", "id", COUCHE_COLUMN_NUMBER }, { "NAME", "name" },
		{ "SIZE", "size_bytes", COUCHE_COLUMN_SIZE },
		{ "EXTENTS", "extents", COUCHE_COLUMN_NUMBER },
		{ "OLDER", "older_extents", COUCHE_COLUMN_NUMBER },
		{ "LOST", "lost_extents", COUCHE_COLUMN_NUMBER }, { "FILE", "file" },
		{ NULL }
	};
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("rescue");

	couche_offline_show_pool(doc, r->o);
	show_legs(doc, r);
	couche_doc_add_text(doc, "output", dir);
	show_volumes(doc, volumes, dir);
	if (pool)
		show_rebuilt(doc, pool, !ctl->dry_run);
	couche_offline_show_findings(doc, r->o, false);
	if (couche_doc_print_whole(ctl, doc))
		return;
	couche_doc_print_table(ctl, columns, couche_doc_get(doc, "volumes"), "");
	couche_offline_print_findings(ctl, doc);
	if (pool)
		print_rebuilt(ctl, doc);
	else
		printf("%s: %s: what was hot, warm or in the data journal, and volumes' names and sizes, are not in the cold legs\n",
		       r->o->super.name, couche_findings_result(&r->o->findings));
}

static void note_meta(struct couche_offline *o)
{
	struct couche_spot spot = couche_offline_spot(o, COUCHE_NO_LEG);

	if (o->has_meta)
		couche_finding_add(&spot, COUCHE_FINDING_NOTE,
				   "a leg of it is there, and knows more than footers do",
				   "metadata");
}

static u64 bytes_to_scan(const struct couche_offline *o)
{
	u64 bytes = 0;
	u32 i;

	for (i = 0; i < o->super.nr_legs; i++) {
		if (o->leg[i].path && o->super.leg[i].role == COUCHE_ROLE_COLD)
			bytes += (u64)couche_super_segments(&o->super, i) *
				 o->super.segment_sectors * SECTOR;
	}
	return bytes;
}

/* Footers that stand where they have no business: an image of a leg, or a forgery. */
static void tell_strange(const struct couche_rescue *r)
{
	char what[96];
	u32 i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		struct couche_spot spot = couche_offline_spot(r->o, i);

		if (!r->strange[i])
			continue;
		snprintf(what, sizeof(what), "%llu do not belong where they stand; left out",
			 r->strange[i]);
		couche_finding_add(&spot, COUCHE_FINDING_NOTE, what, "footers");
	}
}

static void tell_removed(const struct couche_rescue *r, const struct couche_rescued_volume *volumes)
{
	struct couche_spot spot = couche_offline_spot(r->o, COUCHE_NO_LEG);
	char what[128];
	u32 id;

	for (id = 1; id <= COUCHE_MAX_VOLUMES; id++) {
		if (!volumes[id].removed)
			continue;
		snprintf(what, sizeof(what),
			 "shards: %llu are of a removed volume that had this number; left out",
			 volumes[id].removed);
		couche_finding_add(&spot, COUCHE_FINDING_NOTE, what, "volume %u", id);
	}
}

static int scan(const struct couche_ctl *ctl, struct couche_rescue *r,
		struct couche_rescued_volume *volumes)
{
	couche_meter_start(&r->meter, ctl, bytes_to_scan(r->o));
	couche_rescue_scan(r);
	couche_meter_end(&r->meter);
	tell_strange(r);
	couche_rescue_drop_removed(r, volumes);
	tell_removed(r, volumes);
	if (!r->nr)
		return couche_fail(COUCHE_EXIT_LOST, r->o->super.name,
				   "no footer of a shard is on these legs; name its cold legs");
	return 0;
}

static int rescue_files(const struct couche_ctl *ctl, struct couche_rescue *r,
			struct couche_rescued_volume *volumes)
{
	const char *dir = ctl->dry_run ? NULL : output;
	int err;

	if (dir && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return couche_fail(COUCHE_EXIT_FAILURE, dir,
				   "cannot be made (%s); choose another folder", strerror(errno));
	note_meta(r->o);
	err = scan(ctl, r, volumes);
	if (!err)
		err = couche_rescue_write(r, dir, volumes);
	if (!err)
		print_result(ctl, r, volumes, dir, NULL);
	return err;
}

static int rescue_pool(const struct couche_ctl *ctl, struct couche_rescue *r,
		       struct couche_rescued_volume *volumes)
{
	static struct couche_rescue_pool pool;
	int err;

	pool.r = r;
	err = couche_rescue_pool_names(&names, volumes);
	if (!err)
		err = couche_rescue_pool_plan(&pool, ctl, devices);
	if (!err)
		err = scan(ctl, r, volumes);
	if (!err)
		err = couche_rescue_pool_fill(&pool, volumes);
	if (!err && !ctl->dry_run)
		err = couche_rescue_pool_write(&pool, ctl);
	if (!err)
		print_result(ctl, r, volumes, NULL, &pool);
	couche_rescue_pool_destroy(&pool);
	return err;
}

static int check_options(const struct couche_ctl *ctl)
{
	bool others = devices[COUCHE_ROLE_HOT].nr || devices[COUCHE_ROLE_WARM].nr || names.nr;

	if (!devices[COUCHE_ROLE_META].nr && !others)
		return 0;
	if (!devices[COUCHE_ROLE_META].nr)
		return couche_fail(COUCHE_EXIT_USAGE, "rescue",
				   "--write-hot, --write-warm and --volume go with --write-meta DEV only");
	if (output)
		return couche_fail(COUCHE_EXIT_USAGE, "--write-meta",
				   "writes a pool, --output-dir images; give one of them");
	if (couche_offline_options.live && !ctl->dry_run)
		return couche_fail(COUCHE_EXIT_USAGE, "--write-meta",
				   "cannot be had of legs in use; stop what uses them and leave out --live");
	return 0;
}

static int run_rescue(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_free_ struct couche_rescued_volume *volumes =
		couche_offline_buffer((COUCHE_MAX_VOLUMES + 1) * sizeof(*volumes));
	static struct couche_offline o;
	struct couche_rescue r = { .o = &o };
	int err = check_options(ctl);

	if (err)
		return err;
	err = couche_offline_open(&o, args);
	if (!err)
		err = devices[COUCHE_ROLE_META].nr ? rescue_pool(ctl, &r, volumes) :
						     rescue_files(ctl, &r, volumes);
	if (!err)
		err = couche_findings_exit(&o.findings);
	couche_rescue_destroy(&r);
	couche_offline_close(&o);
	return err;
}

const struct couche_command couche_rescue_commands[] = {
	{ NULL, "[DEVICE...]",
	  "Get the cold data of a pool back whose metadata legs are all lost, as images or as a pool.",
	  rescue_options, run_rescue },
	{ NULL }
};
