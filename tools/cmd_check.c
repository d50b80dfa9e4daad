// SPDX-License-Identifier: GPL-2.0-only
/* couchectl check: is a stopped pool in order? */
#include <stdio.h>

#include "agent/lib/cleanup.h"
#include "offline_map.h"
#include "offline_repair.h"
#include "plan.h"

#define SECTOR	512

static bool repair;

static const struct couche_option check_options[] = {
	COUCHE_OFFLINE_OPTIONS,
	{ "repair", 0, COUCHE_OPTION_FLAG, &repair, NULL,
	  "write good copies over what is damaged or stale, and say what else to do" },
	{ NULL }
};

/* Its tier's profile was changed, and it is still to be given back. */
static bool is_other(const struct couche_profile *p, const struct couche_group_desc *group)
{
	return group->k != p->k || group->nr != p->k + p->m || group->matrix != p->matrix;
}

static void show_tier(cJSON *object, const struct couche_map *map, u8 tier)
{
	const struct couche_super *s = &map->o->super;
	u64 segments = 0, extents = 0, groups = 0, assigned = 0, others = 0;
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state != COUCHE_LEG_NONE &&
		    s->leg[i].role == couche_role_of_tier(tier))
			segments += couche_super_segments(s, i);
	}
	for (i = 0; i < map->nr_groups; i++) {
		if (!map->groups[i] || map->groups[i]->tier != tier)
			continue;
		groups++;
		assigned += map->groups[i]->nr;
		others += is_other(&s->profile[tier], map->groups[i]);
	}
	for (i = 0; i <= COUCHE_MAX_VOLUMES; i++)
		extents += map->volume[i] ? map->volume[i]->mapped[tier] : 0;
	couche_doc_add_text(object, "tier", couche_tier_name(tier));
	couche_doc_add_number(object, "segments", segments);
	couche_doc_add_number(object, "groups", groups);
	couche_doc_add_number(object, "groups_of_other_shapes", others);
	couche_doc_add_number(object, "assigned_segments", assigned);
	couche_doc_add_number(object, "extents", extents);
	couche_doc_add_number(object, "mapped_bytes", extents * s->extent_sectors * SECTOR);
}

static void show_volume(cJSON *object, const struct couche_map_volume *volume)
{
	cJSON *extents;
	u8 tier;

	couche_doc_add_number(object, "id", volume->desc.id);
	couche_doc_add_text(object, "name", volume->desc.name);
	couche_doc_add_uuid(object, "uuid", volume->desc.uuid);
	couche_doc_add_number(object, "size_bytes", volume->desc.sectors * SECTOR);
	extents = couche_doc_add_object(object, "tier_extents");
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		couche_doc_add_number(extents, couche_tier_name(tier), volume->mapped[tier]);
}

static void show_map(cJSON *doc, const struct couche_map *map)
{
	cJSON *journal = couche_doc_add_object(doc, "journal");
	cJSON *area = couche_doc_add_object(doc, "map");
	cJSON *tiers, *volumes;
	u32 i;

	couche_doc_add_number(journal, "blocks", map->o->super.journal_blocks);
	couche_doc_add_number(journal, "replayed_blocks", map->journal.blocks);
	couche_doc_add_number(journal, "replayed_commits", map->journal.commits);
	couche_doc_add_number(journal, "replayed_records", map->journal.records);
	couche_doc_add_number(area, "pages", map->o->super.map_pages);
	couche_doc_add_number(area, "used_pages", map->used_pages);
	if (map->o->super.stage_slots) {
		cJSON *stage = couche_doc_add_object(doc, "data_journal");

		couche_doc_add_number(stage, "slots", map->o->super.stage_slots);
		couche_doc_add_number(stage, "staged", map->staged);
	}
	tiers = couche_doc_add_array(doc, "tiers");
	for (i = 0; i < COUCHE_NR_TIERS; i++) {
		if (map->o->super.profile[i].k)
			show_tier(couche_doc_append_object(tiers), map, i);
	}
	volumes = couche_doc_add_array(doc, "volumes");
	for (i = 0; i <= COUCHE_MAX_VOLUMES; i++) {
		if (map->volume[i])
			show_volume(couche_doc_append_object(volumes), map->volume[i]);
	}
}

static void print_summary(const struct couche_ctl *ctl, const cJSON *doc)
{
	static const struct couche_column tiers[] = {
		{ "TIER", "tier" }, { "SEGMENTS", "segments", COUCHE_COLUMN_NUMBER },
		{ "ASSIGNED", "assigned_segments", COUCHE_COLUMN_NUMBER },
		{ "EXTENTS", "extents", COUCHE_COLUMN_NUMBER },
		{ "MAPPED", "mapped_bytes", COUCHE_COLUMN_SIZE },
		{ NULL }
	};

	/* Without any metadata leg there was no journal to look at. */
	const char *replayed = couche_doc_text(doc, "journal.replayed_records");

	if (!ctl->quiet)
		couche_doc_print_table(ctl, tiers, couche_doc_get(doc, "tiers"), "");
	couche_offline_print_findings(ctl, doc);
	printf("%s: %s: %s losses, %s damages, %s notes%s%s\n",
	       couche_doc_text(doc, "pool.name"), couche_doc_text(doc, "result"),
	       couche_doc_text(doc, "counts.losses"), couche_doc_text(doc, "counts.damages"),
	       couche_doc_text(doc, "counts.notes"), *replayed ? "; journal records replayed: " : "",
	       replayed);
}

static void print_repairs(const struct couche_ctl *ctl, const cJSON *doc)
{
	const struct couche_column columns[] = {
		{ "LEG", "leg", COUCHE_COLUMN_NUMBER }, { "DEVICE", "device" },
		{ ctl->dry_run ? "WOULD WRITE" : "WRITTEN", "object" },
		{ NULL }
	};

	if (cJSON_GetArraySize(couche_doc_get(doc, "repairs")))
		couche_doc_print_table(ctl, columns, couche_doc_get(doc, "repairs"), "");
	printf("%s blocks %s%s\n", couche_doc_text(doc, "repair_count"),
	       ctl->dry_run ? "would be written" : "were written",
	       couche_doc_number(doc, "counts.losses") ?
	       ": where something is lost, nothing is written over what is left" : "");
}

/* Into the document: what is there. */
static void check_pool(cJSON *doc, struct couche_offline *o)
{
	couche_offline_check_supers(o);
	couche_offline_show_pool(doc, o);
	if (o->has_meta) {
		struct couche_map *map = couche_map_load(o);

		couche_map_check(map);
		couche_map_check_legs(map);
		couche_map_check_slots(map);
		show_map(doc, map);
		couche_map_destroy(map);
	}
	couche_offline_show_findings(doc, o, repair);
}

static void print_check(const struct couche_ctl *ctl, const cJSON *doc)
{
	if (couche_doc_print_whole(ctl, doc))
		return;
	print_summary(ctl, doc);
	if (repair)
		print_repairs(ctl, doc);
}

/*
 * Two looks: one that notes what can be mended, and one that sees what is left.
 * Where something is lost nothing is written.
 */
static int repair_pool(const struct couche_ctl *ctl, struct couche_offline *o, cJSON **doc,
		       char **args)
{
	_cleanup_(couche_repairs_destroy) struct couche_repairs repairs = { NULL };
	_cleanup_(couche_doc_free) cJSON *first = couche_doc_create("check");
	int r;

	o->repairs = &repairs;
	check_pool(first, o);
	if (o->findings.count[COUCHE_FINDING_LOSS])
		couche_repairs_destroy(&repairs);
	r = ctl->dry_run ? 0 : couche_repairs_write(o);
	couche_repairs_show(first, o, !ctl->dry_run);
	o->repairs = NULL;
	if (!r && !ctl->dry_run && repairs.nr) {
		couche_offline_close(o);
		couche_offline_options.write = false;
		r = couche_offline_open(o, args);
		if (r)
			return r;
		check_pool(*doc, o);
		cJSON_AddItemToObject(*doc, "repairs",
				      cJSON_DetachItemFromObject(first, "repairs"));
		cJSON_AddItemToObject(*doc, "repair_count",
				      cJSON_DetachItemFromObject(first, "repair_count"));
		return 0;
	}
	couche_doc_free(doc);
	*doc = first;
	first = NULL;
	return r;
}

static int run_check(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("check");
	static struct couche_offline o;
	int r;

	if (repair && couche_offline_options.live)
		return couche_fail(COUCHE_EXIT_USAGE, "--repair",
				   "cannot be had of a pool in use; export it and leave out --live");
	couche_offline_options.write = repair && !ctl->dry_run;
	r = couche_offline_open(&o, args);
	if (!r && repair)
		r = repair_pool(ctl, &o, &doc, args);
	else if (!r)
		check_pool(doc, &o);
	if (!r) {
		print_check(ctl, doc);
		r = couche_findings_exit(&o.findings);
	}
	couche_offline_close(&o);
	return r;
}

const struct couche_command couche_check_commands[] = {
	{ NULL, "[DEVICE...]", "Check the metadata of a stopped pool, and mend it if told to.",
	  check_options, run_check },
	{ NULL }
};
