/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pool holds of its map area; map_area.h says what that is.
 */
#ifndef COUCHE_MAP_AREA_TYPES_H
#define COUCHE_MAP_AREA_TYPES_H

#include <linux/math.h>

#include "core/types.h"

struct couche_map_page;

struct couche_page_slot {
	struct couche_map_page *map;	/* COUCHE_PAGE_MAP only */
	u64 sequence;			/* of the newest version; 0: there is none */
	u32 index;
	u8 type;			/* enum couche_page_type */
	u8 slot;			/* 0 or 1: holds the newest version */
};

struct couche_map_area {
	struct couche_page_slot *slots;	/* by page number */
	unsigned long *dirty;
	u64 sum;			/* couche_page_term() of all newest versions */
	u32 nr;
	u32 hint;
	u32 *group_pages;		/* page number of each page of group records */
	u32 nr_group_pages;
	u32 volume_pages[DIV_ROUND_UP(COUCHE_MAX_VOLUMES + 1, COUCHE_PAGE_VOLUMES)];
};

#endif /* COUCHE_MAP_AREA_TYPES_H */
