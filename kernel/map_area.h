/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map area of the meta legs: which page number holds what, which of its
 * two slots is the valid one, and which pages changed since they were last
 * written.
 *
 * Numbers are handed out under pool->alloc_lock, dirty bits are set and
 * cleared under commit.lock together with the change they stand for. Reading
 * and writing pages is recover.c's and checkpoint.c's.
 */
#ifndef COUCHE_MAP_AREA_H
#define COUCHE_MAP_AREA_H

#include <linux/types.h>

#include "map_area_types.h"

struct couche_map_page;
struct couche_pool;

#define COUCHE_NO_PAGE	U32_MAX

int couche_map_area_init(struct couche_pool *pool);
void couche_map_area_destroy(struct couche_pool *pool);
u32 couche_map_area_get(struct couche_pool *pool, u8 type, u32 index,
			struct couche_map_page *map);
void couche_map_area_put(struct couche_pool *pool, u32 number);
void couche_map_area_set_dirty_locked(struct couche_pool *pool, u32 number);
void couche_map_area_set_version(struct couche_pool *pool, u32 number, u8 slot, u64 sequence);

/* Sector on a meta leg of one slot of a page. */
sector_t couche_map_area_sector(const struct couche_pool *pool, u32 number, u8 slot);

#endif /* COUCHE_MAP_AREA_H */
