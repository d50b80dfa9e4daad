// SPDX-License-Identifier: GPL-2.0-only
/* The journal, replayed over the map in memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/journal.h"
#include "kernel/core/replay.h"
#include "memory.h"
#include "offline_map.h"
#include "offline_repair.h"

/* A leg that lacks a block that another leg has. */
struct lack {
	u32 leg;
	u32 from;		/* that one */
	u32 pos;
	const char *field;
};

struct replay {
	struct couche_map *map;
	u8 *blocks;		/* COUCHE_COMMIT_BLOCKS of them */
	void *block;
	const char *field;	/* why the chain ended */
	bool damaged;		/* and not for a block that was never or long ago written */
	bool unreadable;	/* no leg could even be read there */
	struct lack lack[COUCHE_COMMIT_BLOCKS * COUCHE_MAX_META_LEGS];
	unsigned int nr_lacks;	/* in the commit that is being read */
};

static void lose(struct replay *r, const char *what, const char *object, u64 nr)
{
	struct couche_spot spot = couche_offline_spot(r->map->o, COUCHE_NO_LEG);

	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "journal: %s %llu", object, nr);
}

/* The map area is full when recovery could not give a page its number. */
static bool take_page(struct replay *r)
{
	if (r->map->used_pages >= r->map->o->super.map_pages)
		return false;
	r->map->used_pages++;
	return true;
}

static void replay_extent(struct replay *r, const struct couche_record *rec)
{
	struct couche_map *map = r->map;
	const struct couche_map_volume *volume = map->volume[rec->id];
	u64 extent = from_couche_extent(rec->extent);
	u32 index = extent / COUCHE_PAGE_EXTENTS;
	struct couche_map_page *page;
	const char *why;

	if (couche_replay_extent(volume ? volume->nr_extents : 0, rec->extent) ==
	    COUCHE_REPLAY_KEEP)
		return;
	why = couche_map_place_error(map, &rec->place);
	page = couche_map_find_page(map, rec->id, index);
	if (!why && !page && !take_page(r))
		why = "the map area is full";
	if (why) {
		lose(r, why, "extent", extent);
		return;
	}
	if (!page)
		page = couche_map_add_page(map, rec->id, index);
	page->place[extent % COUCHE_PAGE_EXTENTS] = rec->place;
}

static void replay_group(struct replay *r, const struct couche_record *rec)
{
	if (rec->id >= r->map->max_groups) {
		lose(r, "number out of range", "group", rec->id);
		return;
	}
	switch (couche_replay_group(couche_map_group(r->map, rec->id), &rec->group)) {
	case COUCHE_REPLAY_SET:
		couche_map_set_group(r->map, rec->id, &rec->group);
		break;
	case COUCHE_REPLAY_REMOVE:
		couche_map_drop_group(r->map, rec->id);
		break;
	default:
		break;
	}
}

static void replay_volume(struct replay *r, const struct couche_record *rec)
{
	const struct couche_map_volume *known = r->map->volume[rec->id];
	const char *why;

	if (couche_super_check_volume(&r->map->o->super, &rec->volume, &why)) {
		lose(r, why, "volume", rec->id);
		return;
	}
	switch (couche_replay_volume(known ? &known->desc : NULL, &rec->volume)) {
	case COUCHE_REPLAY_SET:
		couche_map_set_volume(r->map, &rec->volume);
		break;
	case COUCHE_REPLAY_REMOVE:
		couche_map_drop_volume(r->map, rec->id);
		break;
	default:
		break;
	}
}

static void replay_block(struct replay *r, const void *block)
{
	struct couche_record rec;
	unsigned int cursor = 0;
	const char *field;
	int more;

	while ((more = couche_journal_next(block, &cursor, &rec, &field)) > 0) {
		r->map->journal.records++;
		if (rec.type == COUCHE_RECORD_EXTENT)
			replay_extent(r, &rec);
		else if (rec.type == COUCHE_RECORD_GROUP)
			replay_group(r, &rec);
		else if (rec.type == COUCHE_RECORD_STAGE)
			couche_map_set_slot(r->map, rec.id, &rec.stage);
		else
			replay_volume(r, &rec);
	}
	if (more < 0)
		lose(r, field, "record", r->map->journal.records);
}

static void note_lack(struct replay *r, u32 leg, u32 pos, const char *field)
{
	struct lack *lack = &r->lack[r->nr_lacks];

	if (r->nr_lacks == sizeof(r->lack) / sizeof(r->lack[0]))
		return;
	lack->leg = leg;
	lack->pos = pos;
	lack->field = field;
	r->nr_lacks++;
}

static u64 sector_of(const struct couche_super *s, u32 pos)
{
	return s->journal_start + (u64)pos * COUCHE_BLOCK_SECTORS;
}

/* The block that continues the journal, from whichever leg has it whole. */
static bool read_block(struct replay *r, u64 seq, u32 pos, void *to, bool *last)
{
	struct couche_offline *o = r->map->o;
	unsigned int lacks = r->nr_lacks;
	bool found = false;
	u32 leg, source = 0;
	int err;

	r->field = "";
	r->damaged = false;
	r->unreadable = true;
	for (leg = 0; leg < o->super.nr_legs; leg++) {
		const char *field = "cannot be read";
		bool flag;

		if (o->super.leg[leg].role != COUCHE_ROLE_META ||
		    !couche_offline_is_current(o, leg))
			continue;
		err = couche_offline_read(o, leg, sector_of(&o->super, pos), r->block,
					  COUCHE_BLOCK_SIZE);
		if (!err) {
			r->unreadable = false;
			err = couche_journal_decode(r->block, seq, pos, o->seed, &flag, &field);
		}
		if (err) {
			note_lack(r, leg, pos, field);
			r->field = field;
			r->damaged |= err != -ENODATA && err != -ESTALE;
			continue;
		}
		if (!found) {
			memcpy(to, r->block, COUCHE_BLOCK_SIZE);
			source = leg;
		}
		*last = flag;
		found = true;
	}
	for (; found && lacks < r->nr_lacks; lacks++)
		r->lack[lacks].from = source;
	if (!found)
		r->nr_lacks = lacks;
	return found;
}

/*
 * Blocks of a commit that a leg lacks are damage, but for those of the last
 * commit before a crash, which may not have reached it.
 */
static void tell_lacks(struct replay *r, bool last_commit)
{
	struct couche_offline *o = r->map->o;
	unsigned int i;

	for (i = 0; i < r->nr_lacks; i++) {
		struct couche_spot spot = couche_offline_spot(o, r->lack[i].leg);

		couche_finding_add(&spot, last_commit ? COUCHE_FINDING_NOTE : COUCHE_FINDING_DAMAGE,
				   r->lack[i].field, "journal block %u", r->lack[i].pos);
		couche_repair_copy(o, r->lack[i].leg, sector_of(&o->super, r->lack[i].pos),
				   r->lack[i].from, sector_of(&o->super, r->lack[i].pos),
				   "journal block %u", r->lack[i].pos);
	}
	r->nr_lacks = 0;
}

/*
 * Is there more of the log behind a block that is missing? Commits are written
 * one after the other, so that a crash can only have torn the last one: whole
 * blocks behind a later commit's end prove that the log was longer.
 */
static void look_behind(struct replay *r, u64 seq, u32 pos)
{
	struct couche_spot spot = couche_offline_spot(r->map->o, COUCHE_NO_LEG);
	u32 ring = r->map->o->super.journal_blocks, i, behind = 0;
	const char *field = r->field;
	bool damaged = r->damaged, unreadable = r->unreadable && !r->map->o->super.clean;
	bool ended = false, proven = false, last;

	for (i = 1; i < ring - r->map->journal.blocks; i++) {
		if (!read_block(r, seq + i, (pos + i) % ring, r->blocks, &last))
			continue;
		behind++;
		proven |= ended || i >= COUCHE_COMMIT_BLOCKS;
		ended |= last;
	}
	r->nr_lacks = 0;
	if (proven) {
		char what[128];

		snprintf(what, sizeof(what), "%s: the log goes on behind it, %u blocks are lost",
			 *field ? field : "missing", behind);
		couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "journal block %u", pos);
	} else if (unreadable) {
		couche_finding_add(&spot, COUCHE_FINDING_LOSS,
				   "cannot be read on any metadata leg, and what was committed last may be there",
				   "journal block %u, sector %llu", pos,
				   sector_of(&r->map->o->super, pos));
	} else if (behind || damaged) {
		couche_finding_add(&spot, COUCHE_FINDING_NOTE,
				   *field ? field : "the last commit was not finished",
				   "journal block %u", pos);
	}
}

static bool is_last_commit(struct replay *r)
{
	const struct couche_map_journal *journal = &r->map->journal;
	unsigned int lacks = r->nr_lacks;
	bool flag, more;

	more = read_block(r, journal->next_seq, journal->next_pos, r->blocks, &flag);
	r->nr_lacks = lacks;
	return !more && !r->map->o->super.clean;
}

/* Whole commits only, as kernel/recover.c does. */
static void replay_commits(struct replay *r)
{
	struct couche_map_journal *journal = &r->map->journal;
	u32 ring = r->map->o->super.journal_blocks;
	unsigned int nr = 0, i;
	bool last;
	u32 total;

	for (total = 0; total < ring; total++) {
		if (nr == COUCHE_COMMIT_BLOCKS ||
		    !read_block(r, journal->next_seq + nr, (journal->next_pos + nr) % ring,
				r->blocks + ((size_t)nr << COUCHE_BLOCK_SHIFT), &last))
			break;
		nr++;
		if (!last)
			continue;
		for (i = 0; i < nr; i++)
			replay_block(r, r->blocks + ((size_t)i << COUCHE_BLOCK_SHIFT));
		journal->next_seq += nr;
		journal->next_pos = (journal->next_pos + nr) % ring;
		journal->blocks += nr;
		journal->commits++;
		nr = 0;
		if (r->nr_lacks)
			tell_lacks(r, is_last_commit(r));
	}
	look_behind(r, journal->next_seq + nr, (journal->next_pos + nr) % ring);
}

/**
 * couche_map_replay() - apply what the journal holds
 * @map: loaded from its pages; gets the findings
 */
void couche_map_replay(struct couche_map *map)
{
	_cleanup_free_ struct replay *r = couche_zalloc(1, sizeof(*r));

	r->map = map;
	r->blocks = couche_offline_buffer(COUCHE_COMMIT_BLOCKS * COUCHE_BLOCK_SIZE);
	r->block = couche_offline_buffer(COUCHE_BLOCK_SIZE);
	map->journal.next_seq = map->o->super.journal_seq;
	map->journal.next_pos = map->o->super.journal_pos;
	replay_commits(r);
	free(r->blocks);
	free(r->block);
}
