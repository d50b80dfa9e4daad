// SPDX-License-Identifier: GPL-2.0-only
/* couchectl rescue: cold data from the footers of its shards */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/lib/cleanup.h"
#include "rescue.h"

#define SECTOR	512

static const char *output;

static const struct couche_option rescue_options[] = {
	COUCHE_OFFLINE_OPTIONS,
	{ "output-dir", 0, COUCHE_OPTION_TEXT, &output, "DIR",
	  "write an image of every volume here; without it only tell what is there" },
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

		if (!v->sectors)
			continue;
		entry = couche_doc_append_object(list);
		couche_doc_add_number(entry, "id", id);
		couche_rescue_file(dir ?: "", id, path, sizeof(path));
		couche_doc_add_text(entry, "file", dir && v->extents ? path : NULL);
		couche_doc_add_number(entry, "size_bytes", v->sectors * SECTOR);
		couche_doc_add_number(entry, "extents", v->extents);
		couche_doc_add_number(entry, "older_extents", v->older);
		couche_doc_add_number(entry, "lost_extents", v->lost);
	}
}

static void print_result(const struct couche_ctl *ctl, const struct couche_rescue *r,
			 const struct couche_rescued_volume *volumes, const char *dir)
{
	static const struct couche_column columns[] = {
		{ "VOLUME", "id", COUCHE_COLUMN_NUMBER },
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
	couche_offline_show_findings(doc, &r->o->findings);
	if (couche_doc_print_whole(ctl, doc))
		return;
	couche_doc_print_table(ctl, columns, couche_doc_get(doc, "volumes"), "");
	couche_offline_print_findings(ctl, doc);
	printf("%s: %s: what was hot or warm, and volumes' names and sizes, are not in the cold legs\n",
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

static int rescue_pool(const struct couche_ctl *ctl, struct couche_offline *o)
{
	_cleanup_free_ struct couche_rescued_volume *volumes =
		couche_offline_buffer((COUCHE_MAX_VOLUMES + 1) * sizeof(*volumes));
	struct couche_rescue r = { .o = o };
	const char *dir = ctl->dry_run ? NULL : output;
	int err;

	if (dir && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return couche_fail(COUCHE_EXIT_FAILURE, dir,
				   "cannot be made (%s); choose another folder", strerror(errno));
	note_meta(o);
	couche_meter_start(&r.meter, ctl, bytes_to_scan(o));
	couche_rescue_scan(&r);
	couche_meter_end(&r.meter);
	if (!r.nr) {
		couche_rescue_destroy(&r);
		return couche_fail(COUCHE_EXIT_LOST, o->super.name,
				   "no footer of a shard is on these legs; name its cold legs");
	}
	err = couche_rescue_write(&r, dir, volumes);
	if (!err)
		print_result(ctl, &r, volumes, dir);
	couche_rescue_destroy(&r);
	return err ?: couche_findings_exit(&o->findings);
}

static int run_rescue(struct couche_ctl *ctl, int nr_args, char **args)
{
	static struct couche_offline o;
	int r = couche_offline_open(&o, args);

	if (!r)
		r = rescue_pool(ctl, &o);
	couche_offline_close(&o);
	return r;
}

const struct couche_command couche_rescue_commands[] = {
	{ NULL, "[DEVICE...]",
	  "Get the cold data of a pool back whose metadata legs are all lost; the legs are only read.",
	  rescue_options, run_rescue },
	{ NULL }
};
