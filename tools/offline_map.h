/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map of a pool as recovery would rebuild it: groups, volumes and places
 * of extents from the newest map pages, then the journal replayed over them,
 * in memory. What kernel/recover.c refuses at once is a finding here, and what
 * can be read behind it is read on.
 *
 * The rules are those of kernel/recover.c: the same decoders, the same choice
 * of page versions, whole commits only. One thread; the caller owns the map
 * (couche_map_destroy()), which keeps a pointer to the legs. Memory grows with
 * what the pages hold, 4 KiB per map page; running out ends the program.
 */
#ifndef COUCHE_TOOLS_OFFLINE_MAP_H
#define COUCHE_TOOLS_OFFLINE_MAP_H

#include "kernel/core/page.h"
#include "kernel/core/record.h"
#include "offline.h"

#define COUCHE_MAP_BUCKETS	65536

struct couche_map_page {
	u32 volume;
	u32 index;
	struct couche_map_page *next;	/* in its bucket */
	struct couche_place place[COUCHE_PAGE_EXTENTS];
};

struct couche_map_volume {
	struct couche_volume_desc desc;
	u64 nr_extents;
	u64 mapped[COUCHE_NR_TIERS];
	bool doubtful;		/* has pages that do not fit; a removal would explain them */
};

struct couche_map_journal {
	u64 blocks;		/* replayed */
	u64 commits;
	u64 records;
	u64 next_seq;		/* behind the last whole commit */
	u32 next_pos;
};

struct couche_map {
	struct couche_offline *o;
	u32 max_groups;
	u32 nr_groups;		/* room in groups */
	struct couche_group_desc **groups;
	struct couche_map_volume *volume[COUCHE_MAX_VOLUMES + 1];
	struct couche_map_page *bucket[COUCHE_MAP_BUCKETS];
	struct couche_map_page **page;	/* all, by volume and index once loaded */
	size_t nr_pages;
	size_t page_room;
	u32 used_pages;		/* of the map area, of any kind */
	struct couche_map_journal journal;
	struct couche_stage_desc *slot;	/* of the data journal, by number */
	u32 staged;		/* slots that count */
};

struct couche_map *couche_map_create(struct couche_offline *o);
void couche_map_destroy(struct couche_map *map);
struct couche_group_desc *couche_map_group(const struct couche_map *map, u32 nr);
void couche_map_set_group(struct couche_map *map, u32 nr, const struct couche_group_desc *desc);
void couche_map_drop_group(struct couche_map *map, u32 nr);
void couche_map_set_volume(struct couche_map *map, const struct couche_volume_desc *desc);
void couche_map_drop_volume(struct couche_map *map, u32 id);
struct couche_map_page *couche_map_find_page(const struct couche_map *map, u32 volume,
					     u32 index);
struct couche_map_page *couche_map_add_page(struct couche_map *map, u32 volume, u32 index);
const char *couche_map_place_error(const struct couche_map *map,
				   const struct couche_place *place);

/* offline_pages.c */
struct couche_map *couche_map_load(struct couche_offline *o);

/* offline_journal.c */
void couche_map_replay(struct couche_map *map);

/* offline_stage.c */
void couche_map_set_slot(struct couche_map *map, u32 slot, const struct couche_stage_desc *desc);
void couche_map_load_slots(struct couche_map *map, u32 index, const void *block);
void couche_map_check_slots(struct couche_map *map);

/* offline_check.c */
void couche_map_check(struct couche_map *map);
void couche_map_check_legs(struct couche_map *map);

#endif
