// SPDX-License-Identifier: GPL-2.0-only
/* couchectl dump: what stands on the legs, block by block, judged but not mended. */
#include <asm/byteorder.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/block.h"
#include "kernel/core/footer.h"
#include "kernel/core/journal.h"
#include "kernel/core/page.h"
#include "offline.h"
#include "plan.h"

#define SECTOR		512
#define CHUNK_BLOCKS	256

static const char *what = "superblocks";

static const struct couche_option dump_options[] = {
	COUCHE_OFFLINE_OPTIONS,
	{ "what", 0, COUCHE_OPTION_TEXT, &what, "WHAT", "superblocks, map, journal or footers" },
	{ NULL }
};

/* One block that was read: give it an entry, or none if it holds nothing. */
struct dump {
	struct couche_offline *o;
	cJSON *list;
	u32 leg;
};

static cJSON *begin_entry(struct dump *d)
{
	cJSON *entry = couche_doc_append_object(d->list);

	couche_doc_add_number(entry, "leg", d->leg);
	couche_doc_add_text(entry, "device", d->o->leg[d->leg].path);
	return entry;
}

static void show_super(cJSON *entry, const struct couche_super *s)
{
	cJSON *states;
	u32 i;

	couche_doc_add_number(entry, "leg_index", s->leg_index);
	couche_doc_add_number(entry, "sequence", s->sequence);
	couche_doc_add_number(entry, "checkpoint", s->checkpoint);
	couche_doc_add_bool(entry, "clean", s->clean);
	couche_doc_add_number(entry, "compat", s->compat);
	couche_doc_add_number(entry, "ro_compat", s->ro_compat);
	couche_doc_add_number(entry, "incompat", s->incompat);
	couche_doc_add_number(entry, "nr_legs", s->nr_legs);
	couche_doc_add_number(entry, "extent_sectors", s->extent_sectors);
	couche_doc_add_number(entry, "segment_sectors", s->segment_sectors);
	couche_doc_add_number(entry, "map_start", s->map_start);
	couche_doc_add_number(entry, "map_pages", s->map_pages);
	couche_doc_add_number(entry, "journal_start", s->journal_start);
	couche_doc_add_number(entry, "journal_blocks", s->journal_blocks);
	couche_doc_add_number(entry, "journal_seq", s->journal_seq);
	couche_doc_add_number(entry, "journal_pos", s->journal_pos);
	couche_doc_add_number(entry, "generation", s->generation);
	states = couche_doc_add_array(entry, "states");
	for (i = 0; i < s->nr_legs; i++)
		cJSON_AddItemToArray(states,
				     cJSON_CreateString(couche_leg_state_name(s->leg[i].state)));
}

static void dump_supers(struct dump *d)
{
	unsigned int i;

	for (d->leg = 0; d->leg < d->o->super.nr_legs; d->leg++) {
		const struct couche_offline_leg *leg = &d->o->leg[d->leg];

		for (i = 0; leg->path && i < 2; i++) {
			cJSON *entry = begin_entry(d);

			couche_doc_add_text(entry, "slot", i ? "B" : "A");
			couche_doc_add_text(entry, "error", leg->err[i] ? leg->field[i] : NULL);
			if (!leg->err[i] || leg->err[i] == -EROFS)
				show_super(entry, &leg->slot[i]);
		}
	}
}

static void show_place(cJSON *entry, u64 extent, const struct couche_place *place)
{
	bool mapped = place->flags & COUCHE_EXTENT_MAPPED;

	couche_doc_add_number(entry, "extent", extent);
	couche_doc_add_bool(entry, "mapped", mapped);
	couche_doc_add_number(entry, "generation", place->generation);
	if (!mapped)
		return;
	couche_doc_add_bool(entry, "open", place->flags & COUCHE_EXTENT_OPEN);
	couche_doc_add_text(entry, "tier", couche_tier_name(place->tier));
	couche_doc_add_number(entry, "group", from_couche_group(place->group));
	couche_doc_add_number(entry, "row", from_couche_row(place->row));
	couche_doc_add_number(entry, "rows", place->rows);
}

static void show_group(cJSON *entry, u32 nr, const struct couche_group_desc *group)
{
	cJSON *segments;
	u32 i;

	couche_doc_add_number(entry, "group", nr);
	couche_doc_add_text(entry, "tier", couche_tier_name(group->tier));
	couche_doc_add_number(entry, "k", group->k);
	couche_doc_add_number(entry, "m", group->nr - group->k);
	couche_doc_add_text(entry, "matrix", couche_matrix_name(group->matrix));
	segments = couche_doc_add_array(entry, "segments");
	for (i = 0; i < group->nr; i++) {
		cJSON *segment = couche_doc_append_object(segments);

		couche_doc_add_number(segment, "leg", group->seg[i].leg);
		couche_doc_add_number(segment, "segment", group->seg[i].segment);
	}
}

/* size_bytes 0: removed */
static void show_volume(cJSON *entry, u32 id, const struct couche_volume_desc *volume)
{
	couche_doc_add_number(entry, "id", id);
	couche_doc_add_number(entry, "size_bytes", volume->sectors * SECTOR);
	if (!volume->sectors)
		return;
	couche_doc_add_text(entry, "name", volume->name);
	couche_doc_add_uuid(entry, "uuid", volume->uuid);
	couche_doc_add_number(entry, "created", volume->created);
	couche_doc_add_number(entry, "born", volume->born);
	couche_doc_add_text(entry, "journal",
			    volume->flags & COUCHE_VOLUME_JOURNAL_ALL ? "all" : "cold");
}

static void show_extents(cJSON *list, const struct couche_page_head *head, const void *block)
{
	struct couche_place place;
	const char *field;
	u32 i;

	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		if (!couche_page_get_extent(block, i, &place, &field) &&
		    (place.flags || place.generation))
			show_place(couche_doc_append_object(list),
				   (u64)head->index * COUCHE_PAGE_EXTENTS + i, &place);
	}
}

static void show_groups(cJSON *list, const struct couche_page_head *head, const void *block)
{
	struct couche_group_desc group;
	const char *field;
	u32 i;

	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		if (!couche_page_get_group(block, i, &group, &field) && group.nr)
			show_group(couche_doc_append_object(list),
				   head->index * COUCHE_PAGE_GROUPS + i, &group);
	}
}

static void show_volumes(cJSON *list, const struct couche_page_head *head, const void *block)
{
	struct couche_volume_desc volume;
	const char *field;
	u32 i;

	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		if (!couche_page_get_volume(block, i, &volume, &field) && volume.sectors)
			show_volume(couche_doc_append_object(list), volume.id, &volume);
	}
}

static void show_slot(cJSON *object, u32 slot, const struct couche_stage_desc *desc)
{
	couche_doc_add_number(object, "slot", slot);
	couche_doc_add_number(object, "volume", desc->volume);
	couche_doc_add_number(object, "extent", from_couche_extent(desc->extent));
	couche_doc_add_number(object, "granule", desc->granule);
	couche_doc_add_number(object, "generation", desc->generation);
	couche_doc_add_number(object, "sequence", desc->sequence);
	couche_doc_add_bool(object, "zero", desc->flags & COUCHE_STAGE_ZERO);
}

static void show_slots(cJSON *array, const struct couche_page_head *head, const void *block)
{
	struct couche_stage_desc desc;
	const char *field;
	u32 i;

	for (i = 0; i < COUCHE_PAGE_STAGES; i++)
		if (!couche_page_get_stage(block, i, &desc, &field) && desc.generation)
			show_slot(couche_doc_append_object(array),
				  head->index * COUCHE_PAGE_STAGES + i, &desc);
}

static void show_page(cJSON *entry, const struct couche_page_head *head, const void *block)
{
	static const char * const types[] = { "free", "volumes", "groups", "map", "slots" };

	couche_doc_add_number(entry, "sequence", head->sequence);
	couche_doc_add_text(entry, "type", types[head->type]);
	couche_doc_add_number(entry, "index", head->index);
	if (head->type == COUCHE_PAGE_MAP) {
		couche_doc_add_number(entry, "volume", head->volume);
		show_extents(couche_doc_add_array(entry, "extents"), head, block);
	} else if (head->type == COUCHE_PAGE_GROUP) {
		show_groups(couche_doc_add_array(entry, "groups"), head, block);
	} else if (head->type == COUCHE_PAGE_VOLUME) {
		show_volumes(couche_doc_add_array(entry, "volumes"), head, block);
	} else if (head->type == COUCHE_PAGE_STAGE) {
		show_slots(couche_doc_add_array(entry, "slots"), head, block);
	}
}

static void dump_page(struct dump *d, u64 nr, const void *block)
{
	struct couche_page_head head;
	const char *field = NULL;
	cJSON *entry;
	int err = couche_page_decode(block, nr / 2, d->o->seed, &head, &field);

	if (err && couche_block_is_zero(block))
		return;
	entry = begin_entry(d);
	couche_doc_add_number(entry, "page", nr / 2);
	couche_doc_add_text(entry, "slot", nr & 1 ? "B" : "A");
	couche_doc_add_text(entry, "error", err ? field : NULL);
	if (!err)
		show_page(entry, &head, block);
}

static void show_records(cJSON *entry, const void *block)
{
	cJSON *extents = couche_doc_add_array(entry, "extents");
	cJSON *groups = couche_doc_add_array(entry, "groups");
	cJSON *volumes = couche_doc_add_array(entry, "volumes");
	cJSON *slots = couche_doc_add_array(entry, "slots");
	struct couche_record rec;
	unsigned int cursor = 0;
	const char *field;

	while (couche_journal_next(block, &cursor, &rec, &field) > 0) {
		if (rec.type == COUCHE_RECORD_EXTENT) {
			cJSON *extent = couche_doc_append_object(extents);

			couche_doc_add_number(extent, "volume", rec.id);
			show_place(extent, from_couche_extent(rec.extent), &rec.place);
		} else if (rec.type == COUCHE_RECORD_GROUP) {
			show_group(couche_doc_append_object(groups), rec.id, &rec.group);
		} else if (rec.type == COUCHE_RECORD_VOLUME) {
			show_volume(couche_doc_append_object(volumes), rec.id, &rec.volume);
		} else if (rec.type == COUCHE_RECORD_STAGE) {
			show_slot(couche_doc_append_object(slots), rec.id, &rec.stage);
		}
	}
}

/* Every block there is, also those of earlier rounds: by its own sequence. */
static void dump_journal(struct dump *d, u64 nr, const void *block)
{
	const struct couche_disk_journal *disk = block;
	u64 sequence = le64_to_cpu(disk->sequence);
	const char *field = NULL;
	bool commit;
	cJSON *entry;
	int err = couche_journal_decode(block, sequence, nr, d->o->seed, &commit, &field);

	if (err && couche_block_is_zero(block))
		return;
	entry = begin_entry(d);
	couche_doc_add_number(entry, "position", nr);
	couche_doc_add_text(entry, "error", err ? field : NULL);
	if (err)
		return;
	couche_doc_add_number(entry, "sequence", sequence);
	couche_doc_add_bool(entry, "commit", commit);
	show_records(entry, block);
}

/* Data looks like anything: only what has a footer's magic is shown. */
static void dump_footer(struct dump *d, u64 nr, const void *block)
{
	u32 rows = d->o->super.segment_sectors / COUCHE_BLOCK_SECTORS;
	struct couche_footer f;
	const char *field = NULL;
	unsigned int n;
	cJSON *entry;

	if (couche_footer_identify(block, d->o->seed, &f, &n, &field))
		return;
	entry = begin_entry(d);
	couche_doc_add_number(entry, "segment", nr / rows);
	couche_doc_add_number(entry, "segment_row", nr % rows);
	couche_doc_add_text(entry, "error", NULL);
	couche_doc_add_number(entry, "volume", f.volume);
	couche_doc_add_number(entry, "extent", from_couche_extent(f.extent));
	couche_doc_add_number(entry, "generation", f.generation);
	couche_doc_add_number(entry, "born", f.born);
	couche_doc_add_number(entry, "group", from_couche_group(f.group));
	couche_doc_add_number(entry, "row", from_couche_row(f.row));
	couche_doc_add_number(entry, "rows", f.rows);
	couche_doc_add_number(entry, "footers", f.footers);
	couche_doc_add_number(entry, "shard", f.shard);
	couche_doc_add_number(entry, "k", f.k);
	couche_doc_add_number(entry, "m", f.m);
	couche_doc_add_text(entry, "matrix", couche_matrix_name(f.matrix));
	couche_doc_add_number(entry, "first_crc", n * COUCHE_FOOTER_CRCS);
	couche_doc_add_number(entry, "checksums", couche_footer_share(&f, n));
}

/* @blocks from @sector on of every leg of a role. */
static void dump_area(struct dump *d, u8 role, u64 sector, u64 blocks,
		      void (*show)(struct dump *d, u64 nr, const void *block))
{
	_cleanup_free_ u8 *buf = couche_offline_buffer(CHUNK_BLOCKS * COUCHE_BLOCK_SIZE);
	u64 nr, i, count;

	/* The superblock may say more than the device has. */
	for (nr = 0; nr < blocks && sector + nr * COUCHE_BLOCK_SECTORS <
	     d->o->leg[d->leg].sectors; nr += count) {
		count = blocks - nr < CHUNK_BLOCKS ? blocks - nr : CHUNK_BLOCKS;
		if (d->o->super.leg[d->leg].role != role || !d->o->leg[d->leg].path ||
		    couche_offline_read(d->o, d->leg, sector + nr * COUCHE_BLOCK_SECTORS, buf,
					count * COUCHE_BLOCK_SIZE))
			continue;
		for (i = 0; i < count; i++)
			show(d, nr + i, buf + i * COUCHE_BLOCK_SIZE);
	}
}

static void dump_legs(struct dump *d, cJSON *doc)
{
	const struct couche_super *s = &d->o->super;
	bool map = !strcmp(what, "map"), journal = !strcmp(what, "journal");

	d->list = couche_doc_add_array(doc, map ? "pages" : what);
	if (!strcmp(what, "superblocks")) {
		dump_supers(d);
		return;
	}
	for (d->leg = 0; d->leg < s->nr_legs; d->leg++) {
		if (map)
			dump_area(d, COUCHE_ROLE_META, s->map_start, (u64)s->map_pages * 2,
				  dump_page);
		else if (journal)
			dump_area(d, COUCHE_ROLE_META, s->journal_start, s->journal_blocks,
				  dump_journal);
		else if (s->leg[d->leg].role == COUCHE_ROLE_COLD)
			dump_area(d, COUCHE_ROLE_COLD, COUCHE_DATA_START,
				  (u64)couche_super_segments(s, d->leg) * s->segment_sectors /
				  COUCHE_BLOCK_SECTORS, dump_footer);
	}
}

static int run_dump(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_doc_free) cJSON *doc = NULL;
	static struct couche_offline o;
	struct dump d = { .o = &o };
	int r;

	if (strcmp(what, "superblocks") && strcmp(what, "map") && strcmp(what, "journal") &&
	    strcmp(what, "footers"))
		return couche_fail(COUCHE_EXIT_USAGE, "--what",
				   "'%s' is not known; give superblocks, map, journal or footers",
				   what);
	r = couche_offline_open(&o, args);
	if (!r) {
		doc = couche_doc_create("dump");
		couche_offline_show_pool(doc, &o);
		dump_legs(&d, doc);
		if (!couche_doc_print_whole(ctl, doc))
			couche_doc_print_yaml(doc);
	}
	couche_offline_close(&o);
	return r;
}

const struct couche_command couche_dump_commands[] = {
	{ NULL, "[DEVICE...]", "Show the metadata that stands on the legs of a stopped pool.",
	  dump_options, run_dump },
	{ NULL }
};
