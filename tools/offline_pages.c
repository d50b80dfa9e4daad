// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load the map of a stopped pool: the newest version of each map page from all
 * metadata legs, then the journal over them.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/byteorder.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/block.h"
#include "kernel/core/replay.h"
#include "memory.h"
#include "offline_map.h"
#include "offline_repair.h"

#define READ_PAGES	64	/* pages, two slots each, read at once */

/* One slot of a page on one leg. */
struct slot {
	int err;		/* 0, -ENODATA for blank or not a page, else damaged */
	bool blank;
	u64 sequence;		/* also of a damaged one, as far as that can be believed */
	const char *field;
};

struct loading {
	struct couche_map *map;
	u8 *buf;		/* READ_PAGES * 2 blocks */
	u8 *best;		/* READ_PAGES blocks */
	u64 sequence[READ_PAGES];	/* of the best; 0: there is none */
	u8 best_leg[READ_PAGES];	/* and where it stands */
	u8 best_slot[READ_PAGES];
	u8 bad[COUCHE_MAX_LEGS][READ_PAGES];	/* bit per slot that is damaged */
	u64 good[READ_PAGES][2];	/* bit per leg of which that slot is not */
	u64 blank[READ_PAGES][2];	/* bit per leg where nothing was ever written */
	u64 newest_damaged[READ_PAGES];
	u64 leg_sequence[COUCHE_MAX_LEGS][READ_PAGES];
	bool complete;		/* all metadata legs that are current were read */
	bool *group_page;	/* by index: seen */
	bool volume_page[COUCHE_MAX_VOLUMES / COUCHE_PAGE_VOLUMES + 1];
	u64 sum;		/* couche_page_term() of the best ones */
	bool stale;		/* it is not the superblock's: some are too old */
	bool told;		/* which ones */
	bool maps;		/* second pass */
};

static struct couche_spot pool_spot(struct loading *l)
{
	return couche_offline_spot(l->map->o, COUCHE_NO_LEG);
}

static void lose(struct loading *l, const char *what, const char *object,
		 u64 nr)
{
	struct couche_spot spot = pool_spot(l);

	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "%s %llu", object,
			   nr);
}

static void judge_slot(struct loading *l, u32 number, const void *block,
		       struct slot *slot)
{
	const struct couche_disk_page *d = block;
	struct couche_page_head head;

	slot->field = "";
	slot->err = couche_page_decode(block, number, l->map->o->seed, &head,
				       &slot->field);
	slot->blank = slot->err && couche_block_is_zero(block);
	slot->sequence = slot->err ? le64_to_cpu(d->sequence) : head.sequence;
}

static void tell_damaged(struct loading *l, u32 leg, u32 number, unsigned int i,
			 const struct slot *slot)
{
	struct couche_offline *o = l->map->o;
	struct couche_spot spot = couche_offline_spot(o, leg);

	couche_finding_add(&spot, o->super.clean ? COUCHE_FINDING_DAMAGE : COUCHE_FINDING_NOTE,
			   slot->field, "map page %u slot %c", number, i ? 'B' : 'A');
}

/*
 * One leg's two slots of a page: keep the newest version of all. What a cut
 * checkpoint has written does not count.
 */
static void consider(struct loading *l, u32 leg, u32 first, u32 i)
{
	u64 last = l->map->o->super.page_checkpoint ?: ~0ULL;
	unsigned int s;

	for (s = 0; s < 2; s++) {
		const void *block =
			l->buf + ((size_t)(2 * i + s) << COUCHE_BLOCK_SHIFT);
		struct slot slot;

		judge_slot(l, first + i, block, &slot);
		if (!slot.err || slot.blank)
			l->good[i][s] |= 1ull << leg;
		if (slot.err) {
			if (slot.blank) {
				l->blank[i][s] |= 1ull << leg;
				continue;
			}
			l->bad[leg][i] |= 1u << s;
			if (!l->maps)
				tell_damaged(l, leg, first + i, s, &slot);
			if (slot.sequence > l->newest_damaged[i] &&
			    slot.sequence <= l->map->o->super.checkpoint + 1)
				l->newest_damaged[i] = slot.sequence;
			continue;
		}
		if (slot.sequence > last)
			continue;
		if (slot.sequence > l->leg_sequence[leg][i])
			l->leg_sequence[leg][i] = slot.sequence;
		if (slot.sequence <= l->sequence[i])
			continue;
		l->sequence[i] = slot.sequence;
		l->best_leg[i] = leg;
		l->best_slot[i] = s;
		memcpy(l->best + ((size_t)i << COUCHE_BLOCK_SHIFT), block,
		       COUCHE_BLOCK_SIZE);
	}
}

static bool has_map(const struct couche_offline *o, u32 leg)
{
	return o->super.leg[leg].role == COUCHE_ROLE_META &&
	       couche_offline_is_current(o, leg);
}

static u64 slot_sector(const struct loading *l, u32 number, unsigned int slot)
{
	return l->map->o->super.map_start +
	       ((u64)number * 2 + slot) * COUCHE_BLOCK_SECTORS;
}

static void copy_slot(struct loading *l, u32 leg, u32 number, unsigned int slot,
		      u32 from, unsigned int from_slot)
{
	couche_repair_copy(l->map->o, leg, slot_sector(l, number, slot), from,
			   slot_sector(l, number, from_slot),
			   "map page %u slot %c", number, slot ? 'B' : 'A');
}

/*
 * A slot becomes what it is on the other legs, for the next checkpoint writes one
 * and the same slot on all of them, which must be the newest version on none. If
 * no leg has it, the newest version is as good, if all of them get it; else it
 * stays as it is, and is written anew when the pool is imported.
 */
static void repair_slot(struct loading *l, u32 leg, u32 first, u32 i,
			unsigned int s)
{
	u32 from = l->best_leg[i];
	unsigned int from_slot = l->best_slot[i];

	if (s != from_slot && l->good[i][s]) {
		from = __builtin_ctzll(l->good[i][s]);
		from_slot = s;
	} else if (s != from_slot && !l->complete) {
		return;
	}
	copy_slot(l, leg, first + i, s, from, from_slot);
}

static void repair_page(struct loading *l, u32 leg, u32 first, u32 i,
			bool stale)
{
	unsigned int s;

	for (s = 0; s < 2; s++)
		if ((l->bad[leg][i] & (1u << s)) ||
		    (stale && s == l->best_slot[i]))
			repair_slot(l, leg, first, i, s);
}

/*
 * A page that no checkpoint has written is blank on all legs, if the
 * superblock's sum proves it: else what is damaged may be the only version.
 * Where a slot of it is blank on none, the other is as good.
 */
static void repair_blank(struct loading *l, u32 first, u32 i)
{
	unsigned int s, from;
	u32 leg;

	if (l->stale || !l->map->o->super.page_checkpoint)
		return;
	for (leg = 0; leg < l->map->o->super.nr_legs; leg++) {
		for (s = 0; s < 2; s++) {
			if (!(l->bad[leg][i] & (1u << s)))
				continue;
			from = l->blank[i][s] || !l->complete ? s : !s;
			if (l->blank[i][from])
				copy_slot(l, leg, first + i, s,
					  __builtin_ctzll(l->blank[i][from]),
					  from);
		}
	}
}

/* Is the newest version of a page, or may it be, where no leg can be read? */
static bool newest_is_lost(const struct loading *l, u32 i)
{
	const struct couche_super *s = &l->map->o->super;

	if (s->page_checkpoint)
		return l->stale && !(l->good[i][0] && l->good[i][1]);
	return l->newest_damaged[i] > l->sequence[i] && s->clean;
}

/* All current legs of a stopped pool have the newest version of a page. */
static void compare_legs(struct loading *l, u32 first, u32 i)
{
	struct couche_offline *o = l->map->o;
	u32 leg;

	if (!l->sequence[i] && !(l->blank[i][0] | l->blank[i][1])) {
		lose(l, "all its versions are damaged", "map page", first + i);
		return;
	}
	if (newest_is_lost(l, i)) {
		lose(l,
		     !l->sequence[i] ?
			     "sequence: its only version is damaged on every leg" :
			     "sequence: its newest version is damaged on every leg, the older one is stale",
		     "map page", first + i);
		l->told = true;
		return;
	}
	if (!l->sequence[i]) {
		repair_blank(l, first, i);
		return;
	}
	for (leg = 0; leg < o->super.nr_legs; leg++) {
		struct couche_spot spot = couche_offline_spot(o, leg);
		bool stale = o->super.clean &&
			     l->leg_sequence[leg][i] < l->sequence[i];

		if (!has_map(o, leg))
			continue;
		if (stale)
			couche_finding_add(&spot, COUCHE_FINDING_DAMAGE,
					   "sequence: its newest version is on other legs only",
					   "map page %u", first + i);
		repair_page(l, leg, first, i, stale);
	}
}

static void read_pages(struct loading *l, u32 first, u32 nr)
{
	struct couche_offline *o = l->map->o;
	u64 sector = o->super.map_start + (u64)first * 2 * COUCHE_BLOCK_SECTORS;
	bool any = false;
	u32 leg, i;

	memset(l->best, 0, (size_t)nr << COUCHE_BLOCK_SHIFT);
	memset(l->sequence, 0, sizeof(l->sequence));
	memset(l->blank, 0, sizeof(l->blank));
	memset(l->newest_damaged, 0, sizeof(l->newest_damaged));
	memset(l->leg_sequence, 0, sizeof(l->leg_sequence));
	memset(l->bad, 0, sizeof(l->bad));
	memset(l->good, 0, sizeof(l->good));
	l->complete = true;
	for (leg = 0; leg < o->super.nr_legs; leg++) {
		struct couche_spot spot = couche_offline_spot(o, leg);

		if (!has_map(o, leg)) {
			l->complete &=
				o->super.leg[leg].role != COUCHE_ROLE_META ||
				o->super.leg[leg].state != COUCHE_LEG_ONLINE;
			continue;
		}
		if (couche_offline_read(o, leg, sector, l->buf,
					(size_t)nr * 2 << COUCHE_BLOCK_SHIFT)) {
			l->complete = false;
			if (!l->maps)
				couche_finding_add(&spot, COUCHE_FINDING_DAMAGE,
						   "cannot be read",
						   "map pages %u to %u", first,
						   first + nr - 1);
			continue;
		}
		any = true;
		for (i = 0; i < nr; i++)
			consider(l, leg, first, i);
	}
	if (!any && !l->maps)
		lose(l, "no metadata leg can read it", "map page", first);
	for (i = 0; i < nr && any; i++) {
		if (l->maps)
			compare_legs(l, first, i);
		else
			l->sum += couche_page_term(first + i, l->sequence[i]);
	}
}

static void load_groups(struct loading *l, const void *block, u32 number,
			u32 index)
{
	struct couche_map *map = l->map;
	u32 i;

	if (index > (map->max_groups - 1) / COUCHE_PAGE_GROUPS) {
		lose(l, "index: beyond the groups of this pool", "map page",
		     number);
		return;
	}
	if (l->group_page[index]) {
		lose(l, "index: another page holds these groups", "map page",
		     number);
		return;
	}
	l->group_page[index] = true;
	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		struct couche_group_desc desc;
		u32 nr = index * COUCHE_PAGE_GROUPS + i;
		const char *why;

		if (couche_page_get_group(block, i, &desc, &why))
			lose(l, why, "group", nr);
		else if (desc.nr && nr >= map->max_groups)
			lose(l, "group number out of range", "group", nr);
		else if (desc.nr)
			couche_map_set_group(map, nr, &desc);
	}
}

static void load_volumes(struct loading *l, const void *block, u32 number,
			 u32 index)
{
	u32 i;

	if (index >= sizeof(l->volume_page) / sizeof(l->volume_page[0])) {
		lose(l, "index: beyond the volumes of a pool", "map page",
		     number);
		return;
	}
	if (l->volume_page[index]) {
		lose(l, "index: another page holds these volumes", "map page",
		     number);
		return;
	}
	l->volume_page[index] = true;
	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		struct couche_volume_desc desc;
		u32 id = index * COUCHE_PAGE_VOLUMES + i;
		const char *why;

		if (couche_page_get_volume(block, i, &desc, &why))
			lose(l, why, "volume", id);
		else if (desc.sectors && desc.id != id)
			lose(l, "id: not the one its place says", "volume", id);
		else if (couche_super_check_volume(&l->map->o->super, &desc,
						   &why))
			lose(l, why, "volume", id);
		else if (desc.sectors)
			couche_map_set_volume(l->map, &desc);
	}
}

static void load_map(struct loading *l, const void *block,
		     const struct couche_page_head *head)
{
	struct couche_map_volume *volume = l->map->volume[head->volume];
	struct couche_map_page *page;
	enum couche_replay replay;
	const char *why;
	u32 i;

	replay = couche_replay_map_page(volume ? volume->nr_extents : 0, head->index,
					couche_map_find_page(l->map, head->volume, head->index));
	if (replay == COUCHE_REPLAY_DOUBT)
		volume->doubtful = true;
	if (replay != COUCHE_REPLAY_SET) {
		l->map->used_pages--;
		return;
	}
	page = couche_map_add_page(l->map, head->volume, head->index);
	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		struct couche_place place;

		if (!couche_page_get_extent(block, i, &place, &why))
			why = couche_map_place_error(l->map, &place);
		if (why) {
			struct couche_spot spot = pool_spot(l);

			couche_finding_add(&spot, COUCHE_FINDING_LOSS, why,
					   "volume %u extent %llu", head->volume,
					   (u64)head->index * COUCHE_PAGE_EXTENTS + i);
		} else {
			page->place[i] = place;
		}
	}
}

static void load_page(struct loading *l, u32 number, const void *block)
{
	struct couche_page_head head;
	const char *field;

	if (couche_page_decode(block, number, l->map->o->seed, &head, &field))
		return;		/* never written */
	if (l->maps ? head.type != COUCHE_PAGE_MAP : head.type == COUCHE_PAGE_MAP)
		return;
	if (head.type != COUCHE_PAGE_FREE && head.type != COUCHE_PAGE_STAGE)
		l->map->used_pages++;
	if (head.type == COUCHE_PAGE_GROUP)
		load_groups(l, block, number, head.index);
	else if (head.type == COUCHE_PAGE_VOLUME)
		load_volumes(l, block, number, head.index);
	else if (head.type == COUCHE_PAGE_MAP)
		load_map(l, block, &head);
	else if (head.type == COUCHE_PAGE_STAGE)
		couche_map_load_slots(l->map, head.index, block);
}

/* Whatever the superblock says: behind the end of all devices there are none. */
static u32 pages_there(const struct loading *l)
{
	const struct couche_offline *o = l->map->o;
	const struct couche_super *s = &o->super;
	u64 end = s->map_start, pages;
	u32 leg;

	for (leg = 0; leg < s->nr_legs; leg++)
		if (has_map(o, leg) && o->leg[leg].sectors > end)
			end = o->leg[leg].sectors;
	pages = (end - s->map_start) / (2 * COUCHE_BLOCK_SECTORS);
	return pages < s->map_pages ? pages : s->map_pages;
}

/* Tables first: a map page needs to know its volume. */
static void load_pages(struct loading *l, bool maps)
{
	u32 pages = pages_there(l), first, nr, i;

	if (!maps && pages < l->map->o->super.map_pages)
		lose(l, "is behind the end of every metadata leg", "map page",
		     pages);
	l->maps = maps;
	for (first = 0; first < pages; first += nr) {
		nr = pages - first < READ_PAGES ? pages - first : READ_PAGES;
		read_pages(l, first, nr);
		for (i = 0; i < nr; i++)
			load_page(l, first + i,
				  l->best + ((size_t)i << COUCHE_BLOCK_SHIFT));
	}
}

/* Are these the pages that the superblock's checkpoint left? */
static void check_sum(struct loading *l)
{
	const struct couche_super *s = &l->map->o->super;

	l->stale = s->page_checkpoint && l->sum != s->page_sum;
}

static void check_told(struct loading *l)
{
	if (l->stale && !l->told)
		lose(l,
		     "sequence: one is older than that, a write to it was lost",
		     "map pages of checkpoint",
		     l->map->o->super.page_checkpoint);
}

/* The journal has explained all of it, or else the metadata is wrong. */
static void check_doubtful(struct loading *l)
{
	u32 id;

	for (id = 0; id <= COUCHE_MAX_VOLUMES; id++)
		if (l->map->volume[id] && l->map->volume[id]->doubtful)
			lose(l,
			     "map pages: index: beyond its end, or twice the same",
			     "volume", id);
}

static int by_volume_and_index(const void *a, const void *b)
{
	const struct couche_map_page *x = *(struct couche_map_page *const *)a;
	const struct couche_map_page *y = *(struct couche_map_page *const *)b;

	if (x->volume != y->volume)
		return x->volume < y->volume ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/**
 * couche_map_load() - read the map pages and replay the journal
 * @o: the legs; gets the findings
 *
 * Return: the map, as far as it can be read.
 */
struct couche_map *couche_map_load(struct couche_offline *o)
{
	_cleanup_free_ struct loading *l = couche_zalloc(1, sizeof(*l));
	struct couche_map *map = couche_map_create(o);

	l->map = map;
	l->group_page = couche_zalloc(map->max_groups / COUCHE_PAGE_GROUPS + 1,
				      sizeof(bool));
	l->buf = couche_offline_buffer(READ_PAGES * 2 * COUCHE_BLOCK_SIZE);
	l->best = couche_offline_buffer(READ_PAGES * COUCHE_BLOCK_SIZE);
	load_pages(l, false);
	check_sum(l);
	load_pages(l, true);
	check_told(l);
	couche_map_replay(map);
	check_doubtful(l);
	if (map->nr_pages)
		qsort(map->page, map->nr_pages, sizeof(*map->page),
		      by_volume_and_index);
	free(l->group_page);
	free(l->buf);
	free(l->best);
	return map;
}
