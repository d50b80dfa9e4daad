// SPDX-License-Identifier: GPL-2.0-only
#include "recover.h"

#include <linux/bitmap.h>
#include <linux/device-mapper.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "commit.h"
#include "core/journal.h"
#include "core/page.h"
#include "core/replay.h"
#include "group.h"
#include "leg.h"
#include "map_area.h"
#include "pool.h"
#include "stage.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

#define READ_PAGES	64	/* pages, two slots each, read at once */
#define MAX_UNREAD	16U	/* of these slots, after which no more are tried */

struct recovery {
	struct couche_pool *pool;
	void *buf;		/* READ_PAGES * 2 blocks */
	void *best;		/* READ_PAGES blocks: the newest valid version, or zeros */
	DECLARE_BITMAP(unread, 2 * READ_PAGES);	/* slots of the leg in hand */
	u8 slot[READ_PAGES];
	u8 blank[READ_PAGES];	/* some slot of it was never written */
	u8 whole[READ_PAGES];	/* bit per slot that some leg has, be it blank */
	u64 sequence[READ_PAGES];	/* of the best; 0: there is none */
	u64 on_leg[READ_PAGES];	/* of the best on the leg in hand */
	u64 lowest[READ_PAGES];	/* of these, on any leg */
	/* Some leg has an older version only, a damaged slot, or a cut checkpoint's. */
	bool rewrite[READ_PAGES];
	u32 damaged;		/* slots that are neither valid nor blank */
	u32 suspect;		/* first page with a slot that no leg has, COUCHE_NO_PAGE */
	u64 records;
	struct couche_replay_shape other[COUCHE_NR_TIERS];
	/* Volumes with pages of a former life of their id, it seems. */
	DECLARE_BITMAP(doubtful, COUCHE_MAX_VOLUMES + 1);
};

static int bad(struct recovery *r, const char *what, u64 nr, const char *field)
{
	DMERR("%s: %s %llu: %s", r->pool->device, what, nr, field);
	return -EINVAL;
}

static struct couche_leg *next_meta(struct couche_pool *pool, u32 *i)
{
	for (; *i < pool->nr_legs; ++*i) {
		struct couche_leg *leg = &pool->legs[*i];

		if (leg->role == COUCHE_ROLE_META && couche_leg_current(leg)) {
			++*i;
			return leg;
		}
	}
	return NULL;
}

/*
 * Keep the newer of what we have of a page and one more slot of it. What a cut
 * checkpoint has written does not count: the journal has all it says.
 */
static void consider(struct recovery *r, u32 first, u32 i, u8 slot, const void *block)
{
	u64 last = r->pool->super.page_checkpoint ?: U64_MAX;
	struct couche_page_head head;
	const char *field;

	if (couche_page_decode(block, first + i, r->pool->seed, &head, &field)) {
		if (couche_super_block_is_zero(block)) {
			r->blank[i] = 1;
			r->whole[i] |= BIT(slot);
		} else {
			r->rewrite[i] = true;
			r->damaged++;
		}
		return;
	}
	r->whole[i] |= BIT(slot);
	r->rewrite[i] |= head.sequence > last;
	if (head.sequence > last)
		return;
	r->on_leg[i] = max(r->on_leg[i], head.sequence);
	if (head.sequence <= r->sequence[i])
		return;
	r->sequence[i] = head.sequence;
	r->slot[i] = slot;
	memcpy(r->best + ((size_t)i << COUCHE_BLOCK_SHIFT), block, COUCHE_BLOCK_SIZE);
}

/*
 * The slots of some pages on one leg: at once, or else one by one, for a sector that
 * cannot be read is no reason to do without the others. A leg that has many takes
 * its time with each.
 */
static bool read_slots(struct recovery *r, struct couche_leg *leg, u32 first, u32 nr)
{
	sector_t sector = couche_map_area_sector(r->pool, first, 0);
	void *slot = r->buf;
	u32 i, nr_unread = 0, nr_read = 0;
	int err;

	memset(r->unread, 0, sizeof(r->unread));
	err = couche_leg_read(leg, REQ_OP_READ | REQ_META, sector, r->buf,
			      (size_t)nr * 2 << COUCHE_BLOCK_SHIFT);
	if (err != -EIO)
		return !err;
	for (i = 0; i < 2 * nr; i++) {
		if (nr_unread == MAX_UNREAD ||
		    couche_leg_read_block(leg, sector, slot, true, false)) {
			__set_bit(i, r->unread);
			nr_unread = min(nr_unread + 1, MAX_UNREAD);
		} else {
			nr_read++;
		}
		slot += COUCHE_BLOCK_SIZE;
		sector += COUCHE_BLOCK_SECTORS;
	}
	return nr_read;
}

/* Of one leg. What it may have of a cut checkpoint is not known if it cannot be read. */
static bool read_leg(struct recovery *r, struct couche_leg *leg, u32 first, u32 nr)
{
	u32 i;

	if (!read_slots(r, leg, first, nr)) {
		memset(r->rewrite, true, nr * sizeof(*r->rewrite));
		return false;
	}
	memset(r->on_leg, 0, sizeof(r->on_leg));
	for (i = 0; i < 2 * nr; i++) {
		if (test_bit(i, r->unread))
			r->rewrite[i / 2] = true;
		else
			consider(r, first, i / 2, i & 1,
				 r->buf + ((size_t)i << COUCHE_BLOCK_SHIFT));
	}
	for (i = 0; i < nr; i++)
		r->lowest[i] = min(r->lowest[i], r->on_leg[i]);
	return true;
}

/* The newest valid version of some pages, from whichever leg has it. */
static int read_pages(struct recovery *r, u32 first, u32 nr)
{
	struct couche_leg *leg;
	bool any = false;
	u32 l = 0, i;

	memset(r->best, 0, (size_t)nr << COUCHE_BLOCK_SHIFT);
	memset(r->blank, 0, sizeof(r->blank));
	memset(r->whole, 0, sizeof(r->whole));
	memset(r->rewrite, 0, sizeof(r->rewrite));
	memset(r->sequence, 0, sizeof(r->sequence));
	memset(r->lowest, 0xff, sizeof(r->lowest));
	while ((leg = next_meta(r->pool, &l)))
		any |= read_leg(r, leg, first, nr);
	if (!any)
		return bad(r, "map page", first, "no metadata leg can read it");
	/* A torn write leaves one slot whole or blank; this is worse. */
	for (i = 0; i < nr; i++) {
		if (!r->sequence[i] && !r->blank[i])
			return bad(r, "map page", first + i, "all its versions are damaged");
		if (r->whole[i] != (BIT(0) | BIT(1)))
			r->suspect = min(r->suspect, first + i);
		r->rewrite[i] |= r->lowest[i] != r->sequence[i];
	}
	return 0;
}

/*
 * The next checkpoint writes it anew on all legs: each can then do without the
 * others, and no sequence of a cut checkpoint is left that could count one day.
 */
static void rewrite_page(struct couche_pool *pool, u32 number)
{
	spin_lock_irq(&pool->commit.lock);
	couche_map_area_set_dirty_locked(pool, number);
	spin_unlock_irq(&pool->commit.lock);
}

static int load_groups(struct recovery *r, const void *block, u32 number, u32 index)
{
	struct couche_pool *pool = r->pool;
	const char *why;
	int err;
	u32 i;

	if (index >= pool->area.nr_group_pages)
		return bad(r, "map page", number, "index: beyond the groups of this pool");
	if (pool->area.group_pages[index] != COUCHE_NO_PAGE)
		return bad(r, "map page", number, "index: another page holds these groups");
	pool->area.group_pages[index] = number;
	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		struct couche_group_desc desc;
		u32 nr = index * COUCHE_PAGE_GROUPS + i;

		err = couche_page_get_group(block, i, &desc, &why);
		if (!err && desc.nr)
			err = couche_group_add(pool, to_couche_group(nr), &desc, &why);
		if (err)
			return bad(r, "group", nr, why);
	}
	return 0;
}

static int load_volumes(struct recovery *r, const void *block, u32 number, u32 index)
{
	struct couche_pool *pool = r->pool;
	const char *why;
	u32 i;

	if (index >= ARRAY_SIZE(pool->area.volume_pages))
		return bad(r, "map page", number, "index: beyond the volumes of a pool");
	if (pool->area.volume_pages[index] != COUCHE_NO_PAGE)
		return bad(r, "map page", number, "index: another page holds these volumes");
	pool->area.volume_pages[index] = number;
	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		struct couche_volume_desc desc;
		u32 id = index * COUCHE_PAGE_VOLUMES + i;
		int err = couche_page_get_volume(block, i, &desc, &why);

		if (!err && desc.sectors && desc.id != id)
			return bad(r, "volume", id, "id: not the one its place says");
		if (!err && desc.sectors)
			err = couche_super_check_volume(&pool->super, &desc, &why) ?:
			      couche_volume_add(pool, &desc, &why);
		if (err)
			return bad(r, "volume", id, why);
	}
	return 0;
}

/* May it be packed into an entry? */
static int check_place(struct recovery *r, u64 extent, const struct couche_place *place)
{
	u32 rows = r->pool->super.segment_sectors / COUCHE_BLOCK_SECTORS;
	const char *why = couche_replay_place_error(place, r->pool->max_groups, rows);

	return why ? bad(r, "extent", extent, why) : 0;
}

static bool page_taken(const struct couche_volume *volume, u32 index)
{
	return volume && index < volume->nr_pages && volume->pages[index];
}

static int load_map(struct recovery *r, const void *block, u32 number,
		    const struct couche_page_head *head)
{
	struct couche_volume *volume = xa_load(&r->pool->volumes, head->volume);
	struct couche_map_page *page;
	enum couche_replay replay;
	u32 i;

	replay = couche_replay_map_page(volume ? volume->nr_extents : 0, head->index,
					page_taken(volume, head->index));
	if (replay == COUCHE_REPLAY_DOUBT)
		__set_bit(head->volume, r->doubtful);
	if (replay != COUCHE_REPLAY_SET) {
		couche_map_area_put(r->pool, number);
		return 0;
	}
	page = couche_volume_page_add(volume, head->index, number);
	if (!page)
		return -ENOMEM;
	r->pool->area.slots[number].map = page;
	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		struct couche_place place;
		const char *why;

		if (couche_page_get_extent(block, i, &place, &why))
			return bad(r, "map page", number, why);
		if (check_place(r, (u64)head->index * COUCHE_PAGE_EXTENTS + i, &place))
			return -EINVAL;
		couche_entry_set(&page->entries[i], &place, 0);
	}
	return 0;
}

static int load_stage(struct recovery *r, const void *block, u32 number, u32 index)
{
	struct couche_stage *stage = r->pool->stage;
	struct couche_stage_desc desc;
	const char *why;
	u32 i, slot;

	if (!stage || index >= stage->nr_map_pages)
		return bad(r, "map page", number, "index: beyond the data journal");
	if (stage->map_pages[index] != COUCHE_NO_PAGE)
		return bad(r, "map page", number, "index: another page holds these slots");
	stage->map_pages[index] = number;
	for (i = 0; i < COUCHE_PAGE_STAGES; i++) {
		slot = index * COUCHE_PAGE_STAGES + i;
		if (couche_page_get_stage(block, i, &desc, &why) ||
		    (desc.generation && couche_stage_load(stage, slot, &desc, &why)))
			return bad(r, "slot", slot, why);
	}
	return 0;
}

static int load_page(struct recovery *r, u32 number, u32 i, bool maps)
{
	const void *block = r->best + ((size_t)i << COUCHE_BLOCK_SHIFT);
	struct couche_page_slot *slot = &r->pool->area.slots[number];
	struct couche_page_head head;
	const char *field;

	if (r->rewrite[i] && maps)
		rewrite_page(r->pool, number);
	if (couche_page_decode(block, number, r->pool->seed, &head, &field))
		return 0;	/* never written */
	if (head.type == COUCHE_PAGE_MAP ? !maps : maps)
		return 0;
	couche_map_area_set_version(r->pool, number, r->slot[i], head.sequence);
	slot->type = head.type;
	slot->index = head.index;
	switch (head.type) {
	case COUCHE_PAGE_GROUP:
		return load_groups(r, block, number, head.index);
	case COUCHE_PAGE_VOLUME:
		return load_volumes(r, block, number, head.index);
	case COUCHE_PAGE_MAP:
		return load_map(r, block, number, &head);
	case COUCHE_PAGE_STAGE:
		return load_stage(r, block, number, head.index);
	default:
		return 0;
	}
}

/* Tables first: a map page needs to know its volume. */
static int load_map_area(struct recovery *r, bool maps)
{
	u32 first, i, nr;
	int err;

	for (first = 0; first < r->pool->area.nr; first += nr) {
		nr = min_t(u32, READ_PAGES, r->pool->area.nr - first);
		err = read_pages(r, first, nr);
		for (i = 0; i < nr && !err; i++)
			err = load_page(r, first + i, i, maps);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Are these the pages that the superblock's checkpoint left? An older version of
 * one may be whole, and what it says long overtaken.
 */
static int check_pages(struct recovery *r)
{
	const struct couche_super *s = &r->pool->super;

	if (!s->page_checkpoint || r->pool->area.sum == s->page_sum)
		return 0;
	if (r->suspect != COUCHE_NO_PAGE)
		return bad(r, "map page", r->suspect,
			   "its newest version is damaged on all metadata legs");
	return bad(r, "map pages of checkpoint", s->page_checkpoint,
		   "one is older than that: a write to it was lost");
}

static int replay_extent(struct recovery *r, const struct couche_record *rec)
{
	struct couche_pool *pool = r->pool;
	struct couche_volume *volume = xa_load(&pool->volumes, rec->id);
	u64 extent = from_couche_extent(rec->extent);
	struct couche_map_page *page;
	const char *why;

	if (couche_replay_extent(volume ? volume->nr_extents : 0, rec->extent) ==
	    COUCHE_REPLAY_KEEP)
		return 0;
	if (check_place(r, extent, &rec->place))
		return -EINVAL;
	page = couche_volume_page_get(volume, extent / COUCHE_PAGE_EXTENTS, &why);
	if (IS_ERR(page))
		return bad(r, "journal: extent", extent, why);
	couche_entry_set(couche_volume_entry(page, rec->extent), &rec->place, 0);
	spin_lock_irq(&pool->commit.lock);
	couche_map_area_set_dirty_locked(pool, page->number);
	spin_unlock_irq(&pool->commit.lock);
	return 0;
}

static int table_page(struct couche_pool *pool, u32 *page, u8 type, u32 index)
{
	if (*page == COUCHE_NO_PAGE)
		*page = couche_map_area_get(pool, type, index, NULL);
	if (*page == COUCHE_NO_PAGE)
		return -ENOSPC;
	spin_lock_irq(&pool->commit.lock);
	couche_map_area_set_dirty_locked(pool, *page);
	spin_unlock_irq(&pool->commit.lock);
	return 0;
}

static int replay_group(struct recovery *r, const struct couche_record *rec)
{
	struct couche_pool *pool = r->pool;
	u32 index = rec->id / COUCHE_PAGE_GROUPS;
	const char *why;
	int err;

	if (rec->id >= pool->max_groups)
		return bad(r, "journal: group", rec->id, "number out of range");
	err = couche_group_replay(pool, to_couche_group(rec->id), &rec->group, &why);
	if (err)
		return bad(r, "journal: group", rec->id, why);
	return table_page(pool, &pool->area.group_pages[index], COUCHE_PAGE_GROUP, index);
}

static void drop_volume(struct couche_pool *pool, struct couche_volume *volume)
{
	u32 i;

	for (i = 0; i < volume->nr_pages; i++)
		if (volume->pages[i])
			couche_map_area_put(pool, volume->pages[i]->number);
	couche_volume_forget(volume);
}

static int replay_volume(struct recovery *r, const struct couche_record *rec)
{
	struct couche_pool *pool = r->pool;
	struct couche_volume *volume = xa_load(&pool->volumes, rec->id);
	u32 index = rec->id / COUCHE_PAGE_VOLUMES;
	const char *why = "no memory for a larger map";
	enum couche_replay replay;
	int err = 0;

	if (couche_super_check_volume(&pool->super, &rec->volume, &why))
		return bad(r, "journal: volume", rec->id, why);
	replay = couche_replay_volume(volume ? &volume->desc : NULL, &rec->volume);
	if (replay == COUCHE_REPLAY_REMOVE) {
		drop_volume(pool, volume);
		__clear_bit(rec->id, r->doubtful);
	} else if (replay == COUCHE_REPLAY_SET && !volume) {
		err = couche_volume_add(pool, &rec->volume, &why);
	} else if (replay == COUCHE_REPLAY_SET) {
		err = couche_volume_grow_map(volume, rec->volume.sectors);
		if (!err)
			volume->desc = rec->volume;
	}
	if (err)
		return bad(r, "journal: volume", rec->id, why);
	return table_page(pool, &pool->area.volume_pages[index], COUCHE_PAGE_VOLUME, index);
}

static int replay_stage(struct recovery *r, const struct couche_record *rec)
{
	struct couche_stage *stage = r->pool->stage;
	const char *why = "there is no data journal";
	u32 index = rec->id / COUCHE_PAGE_STAGES;

	if (!stage || couche_stage_load(stage, rec->id, &rec->stage, &why))
		return bad(r, "journal: slot", rec->id, why);
	return table_page(r->pool, &stage->map_pages[index], COUCHE_PAGE_STAGE, index);
}

static int replay_record(struct recovery *r, const struct couche_record *rec)
{
	switch (rec->type) {
	case COUCHE_RECORD_EXTENT:
		return replay_extent(r, rec);
	case COUCHE_RECORD_GROUP:
		return replay_group(r, rec);
	case COUCHE_RECORD_STAGE:
		return replay_stage(r, rec);
	default:
		return replay_volume(r, rec);
	}
}

static int replay_block(struct recovery *r, const void *block)
{
	struct couche_record rec;
	unsigned int cursor = 0;
	const char *field;
	int more, err = 0;

	while (!err && (more = couche_journal_next(block, &cursor, &rec, &field)) > 0) {
		r->records++;
		err = replay_record(r, &rec);
	}
	if (!err && more < 0)
		err = bad(r, "journal: record", r->records, field);
	return err;
}

/*
 * The block that continues the journal, from whichever leg has it whole. -ENODATA:
 * none has it. What was acknowledged is on all current legs, so it is enough if one
 * of them could be read and has something else.
 */
static int read_journal_block(struct recovery *r, u64 seq, u32 pos, void *block, bool *last)
{
	struct couche_pool *pool = r->pool;
	sector_t sector = pool->super.journal_start + (sector_t)pos * COUCHE_BLOCK_SECTORS;
	struct couche_leg *leg;
	const char *field;
	int ret = -EIO;
	u32 l = 0;

	while ((leg = next_meta(pool, &l))) {
		int err = couche_leg_read(leg, REQ_OP_READ | REQ_META, sector, block,
					  COUCHE_BLOCK_SIZE);

		if (!err && !couche_journal_decode(block, seq, pos, pool->seed, last, &field))
			return 0;
		if (ret != -ENODATA)
			ret = err ?: -ENODATA;
	}
	return ret;
}

/* The next one of a commit, or what ends the journal. */
static int next_journal_block(struct recovery *r, u64 seq, u32 pos, unsigned int nr, bool *last)
{
	u32 block = (pos + nr) % r->pool->super.journal_blocks;
	int err;

	if (nr == COUCHE_COMMIT_BLOCKS)
		return -ENODATA;
	err = read_journal_block(r, seq + nr, block,
				 r->buf + ((size_t)nr << COUCHE_BLOCK_SHIFT), last);
	/* Behind the tail of a pool that was stopped there is nothing. */
	if (!err || err == -ENODATA || r->pool->super.clean)
		return err ? -ENODATA : 0;
	DMERR("%s: journal: block %u, sector %llu: cannot be read on any metadata leg",
	      r->pool->device, block,
	      r->pool->super.journal_start + (u64)block * COUCHE_BLOCK_SECTORS);
	return err;
}

/*
 * Is there a later commit behind a block that is not valid? The blocks of one
 * commit go out together, so some of it may be there and others not; but none
 * of the next before all of it is durable. Then that block was damaged, and
 * what it and those behind it say may have been acknowledged.
 */
static bool later_commit(struct recovery *r, u64 seq, u32 pos)
{
	u32 i, ring = r->pool->super.journal_blocks;
	bool last, ended = false;

	for (i = 1; i <= 2 * COUCHE_COMMIT_BLOCKS && i < ring; i++) {
		if (read_journal_block(r, seq + i, (pos + i) % ring, r->best, &last))
			continue;
		if (ended)
			return true;
		ended = last;
	}
	return false;
}

/*
 * Replay whole commits only. Afterwards the sequence jumps, so that what was
 * written behind the last of them never continues what comes next.
 */
static int replay_journal(struct recovery *r)
{
	struct couche_pool *pool = r->pool;
	struct couche_commit *c = &pool->commit;
	u64 seq = pool->super.journal_seq;
	u32 ring = pool->super.journal_blocks;
	u32 pos = pool->super.journal_pos;
	unsigned int nr = 0, i;
	u32 total;
	int err;

	for (total = 0; total < ring; total++) {
		bool last;

		err = next_journal_block(r, seq, pos, nr, &last);
		if (err == -ENODATA)
			break;
		if (err)
			return err;
		nr++;
		if (!last)
			continue;
		for (i = 0; i < nr; i++) {
			err = replay_block(r, r->buf + ((size_t)i << COUCHE_BLOCK_SHIFT));
			if (err)
				return err;
		}
		seq += nr;
		pos = (pos + nr) % ring;
		c->used += nr;
		nr = 0;
	}
	if (total < ring && later_commit(r, seq + nr, (pos + nr) % ring))
		return bad(r, "journal: block", (pos + nr) % ring, "damaged, with later commits behind");
	c->seq = seq + COUCHE_JOURNAL_JUMP;
	c->pos = pos;
	return 0;
}

/* A change of the tier's profile was under way. */
static bool shape_group(struct couche_pool *pool, struct couche_group *group)
{
	const struct couche_profile profile = {
		.k = group->desc.k,
		.m = group->desc.nr - group->desc.k,
		.matrix = group->desc.matrix,
		.csum = couche_pool_striped(pool, group->desc.tier),
	};

	if (!group->shape)
		group->shape = couche_shape_make(pool, group->desc.tier, &profile);
	return group->shape;
}

static int check_shape(struct recovery *r, const struct couche_group *group, const char **why)
{
	const struct couche_super *s = &r->pool->super;
	u8 tier = group->desc.tier;

	if (couche_super_check_shape(s, &group->desc, why))
		return -EINVAL;
	*why = "has a third shape";
	return couche_replay_third_shape(&r->other[tier], &s->profile[tier], &group->desc) ?
	       -EINVAL : 0;
}

static int mark_segments(struct recovery *r)
{
	struct couche_pool *pool = r->pool;
	const char *why;
	u32 nr, i;

	for (nr = 0; nr < pool->nr_groups; nr++) {
		struct couche_group *group = pool->groups[nr];

		if (group && check_shape(r, group, &why))
			return bad(r, "group", nr, why);
		if (group && !shape_group(pool, group))
			return -ENOMEM;
		for (i = 0; group && i < group->desc.nr; i++) {
			const struct couche_segment *seg = &group->desc.seg[i];

			if (seg->leg >= pool->nr_legs ||
			    pool->legs[seg->leg].role != couche_role_of_tier(group->desc.tier))
				return bad(r, "group", nr, "names a leg that is not of its tier");
			if (couche_segmap_mark(&pool->legs[seg->leg].segments, seg->segment))
				return bad(r, "group", nr, "its segment is taken or out of range");
		}
	}
	return 0;
}

static int mark_page(struct recovery *r, struct couche_map_page *page)
{
	struct couche_volume *volume = page->volume;
	u32 i;

	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		struct couche_place place = couche_entry_place(&page->entries[i]);
		u64 extent = (u64)page->index * COUCHE_PAGE_EXTENTS + i;
		const char *why = "beyond the end of its volume";

		if (!(place.flags & COUCHE_EXTENT_MAPPED))
			continue;
		if (extent >= volume->nr_extents || couche_group_mark(r->pool, &place, &why))
			return bad(r, "extent", extent, why);
		if (place.generation >= r->pool->generation)
			return bad(r, "extent", extent, "generation: from the future");
		atomic64_inc(&volume->tier_extents[place.tier]);
	}
	return 0;
}

static int mark_extents(struct recovery *r)
{
	struct couche_volume *volume;
	unsigned long id;
	int err = 0;
	u32 i;

	xa_for_each(&r->pool->volumes, id, volume)
		for (i = 0; i < volume->nr_pages && !err; i++)
			if (volume->pages[i])
				err = mark_page(r, volume->pages[i]);
	return err;
}

/* The extent that a slot belongs to, if it is still what it was then. */
static struct couche_entry *entry_of_slot(struct couche_pool *pool,
					  const struct couche_stage_desc *desc)
{
	struct couche_volume *volume = xa_load(&pool->volumes, desc->volume);
	struct couche_map_page *page;
	struct couche_entry *entry;

	if (!desc->generation || !volume || from_couche_extent(desc->extent) >= volume->nr_extents)
		return NULL;
	page = volume->pages[from_couche_extent(desc->extent) / COUCHE_PAGE_EXTENTS];
	if (!page)
		return NULL;
	entry = couche_volume_entry(page, desc->extent);
	if (!(atomic64_read(&entry->word) & ENTRY_MAPPED) ||
	    entry->generation != desc->generation)
		return NULL;
	return entry;
}

/* Which slots count is seen only now that all generations are known. */
static int adopt_slots(struct recovery *r)
{
	struct couche_stage *stage = r->pool->stage;
	u32 i;

	for (i = 0; stage && i < stage->nr; i++) {
		struct couche_entry *entry = entry_of_slot(r->pool, &stage->slots[i].desc);

		if (!entry)
			continue;
		if (!couche_super_stages(&r->pool->super,
					 couche_entry_tier(atomic64_read(&entry->word))))
			return bad(r, "slot", i, "the extent that it names is no stripe");
		couche_stage_adopt(stage, i, entry);
	}
	for (i = 0; stage && i < stage->nr_map_pages; i++) {
		u32 *page = &stage->map_pages[i];

		if (*page == COUCHE_NO_PAGE)
			*page = couche_map_area_get(r->pool, COUCHE_PAGE_STAGE, i, NULL);
		if (*page == COUCHE_NO_PAGE)
			return bad(r, "slot", i * COUCHE_PAGE_STAGES, "the map area is full");
	}
	return 0;
}

/* The journal has explained all of it, or else the metadata is wrong. */
static int check_doubtful(struct recovery *r)
{
	u32 id = find_first_bit(r->doubtful, COUCHE_MAX_VOLUMES + 1);

	if (id > COUCHE_MAX_VOLUMES)
		return 0;
	return bad(r, "volume", id, "map pages: index: beyond its end, or twice the same");
}

/**
 * couche_recover() - Rebuild a pool's state from its metadata
 * @pool: superblock adopted, map area and leg segments made
 *
 * Context: process; sleeps.
 * Return: 0, or a negative errno with the reason logged.
 */
int couche_recover(struct couche_pool *pool)
{
	struct recovery *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int err = -ENOMEM;

	BUILD_BUG_ON(READ_PAGES * 2 < COUCHE_COMMIT_BLOCKS);
	if (!r)
		return err;
	r->pool = pool;
	r->suspect = COUCHE_NO_PAGE;
	r->buf = vmalloc(READ_PAGES * 2 * COUCHE_BLOCK_SIZE);
	r->best = vmalloc(READ_PAGES * COUCHE_BLOCK_SIZE);
	if (!r->buf || !r->best)
		goto out;
	pool->generation = pool->super.generation;
	err = load_map_area(r, false);
	if (!err)
		err = load_map_area(r, true);
	if (!err)
		err = check_pages(r);
	if (!err)
		err = replay_journal(r);
	if (!err)
		err = check_doubtful(r);
	if (!err)
		err = mark_segments(r);
	if (!err)
		err = mark_extents(r);
	if (!err)
		err = adopt_slots(r);
	if (!err && (r->records || r->damaged))
		DMINFO("%s: replayed %llu records, %u torn or damaged map page slots",
		       pool->device, r->records, r->damaged);
out:
	vfree(r->buf);
	vfree(r->best);
	kfree(r);
	return err;
}
