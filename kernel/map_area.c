// SPDX-License-Identifier: GPL-2.0-only
#include "map_area.h"

#include <linux/bitmap.h>
#include <linux/slab.h>

#include "core/page.h"
#include "pool.h"

/**
 * couche_map_area_init() - Make room for what the superblock promises
 * @pool: its superblock and max_groups are set
 *
 * Context: process; sleeps.
 * Return: 0, or -ENOMEM; couche_map_area_destroy() cleans up either way.
 */
int couche_map_area_init(struct couche_pool *pool)
{
	struct couche_map_area *area = &pool->area;

	area->nr = pool->super.map_pages;
	area->slots = kvcalloc(area->nr, sizeof(*area->slots), GFP_KERNEL);
	area->dirty = kvcalloc(BITS_TO_LONGS(area->nr), sizeof(long), GFP_KERNEL);
	area->nr_group_pages = DIV_ROUND_UP(pool->max_groups, COUCHE_PAGE_GROUPS);
	area->group_pages = kvcalloc(area->nr_group_pages + 1, sizeof(u32), GFP_KERNEL);
	if (!area->slots || !area->dirty || !area->group_pages)
		return -ENOMEM;
	memset32(area->group_pages, COUCHE_NO_PAGE, area->nr_group_pages);
	memset32(area->volume_pages, COUCHE_NO_PAGE, ARRAY_SIZE(area->volume_pages));
	return 0;
}

/**
 * couche_map_area_destroy() - Free the area's memory
 * @pool: owner; fine when init failed or never ran
 *
 * Context: process.
 */
void couche_map_area_destroy(struct couche_pool *pool)
{
	struct couche_map_area *area = &pool->area;

	kvfree(area->slots);
	kvfree(area->dirty);
	kvfree(area->group_pages);
	memset(area, 0, sizeof(*area));
}

/**
 * couche_map_area_get() - Take a free page number
 * @pool: owner
 * @type: enum couche_page_type
 * @index: which page of that kind
 * @map: for COUCHE_PAGE_MAP
 *
 * Context: process, under pool->alloc_lock.
 * Return: the number, or COUCHE_NO_PAGE when the map area is full.
 */
u32 couche_map_area_get(struct couche_pool *pool, u8 type, u32 index,
			struct couche_map_page *map)
{
	struct couche_map_area *area = &pool->area;
	u32 i;

	for (i = 0; i < area->nr; i++) {
		u32 number = (area->hint + i) % area->nr;
		struct couche_page_slot *slot = &area->slots[number];

		if (slot->type != COUCHE_PAGE_FREE)
			continue;
		/* All at once for a checkpoint, which may find it dirty. */
		spin_lock_irq(&pool->commit.lock);
		slot->type = type;
		slot->index = index;
		slot->map = map;
		spin_unlock_irq(&pool->commit.lock);
		area->hint = number + 1;
		return number;
	}
	return COUCHE_NO_PAGE;
}

/**
 * couche_map_area_put() - Give a page number back
 * @pool: owner
 * @number: the page; it is written as free at the next checkpoint
 *
 * Context: process, under pool->alloc_lock.
 */
void couche_map_area_put(struct couche_pool *pool, u32 number)
{
	struct couche_page_slot *slot = &pool->area.slots[number];

	spin_lock_irq(&pool->commit.lock);
	slot->type = COUCHE_PAGE_FREE;
	slot->map = NULL;
	couche_map_area_set_dirty_locked(pool, number);
	spin_unlock_irq(&pool->commit.lock);
}

/**
 * couche_map_area_set_dirty_locked() - A page differs from what is on disk
 * @pool: owner
 * @number: the page
 *
 * Context: under commit.lock.
 */
void couche_map_area_set_dirty_locked(struct couche_pool *pool, u32 number)
{
	lockdep_assert_held(&pool->commit.lock);
	__set_bit(number, pool->area.dirty);
}

/**
 * couche_map_area_set_version() - Another slot holds the newest version of a page
 * @pool: owner
 * @number: the page
 * @slot: 0 or 1
 * @sequence: of that version
 *
 * Context: recovery, then the commit worker.
 */
void couche_map_area_set_version(struct couche_pool *pool, u32 number, u8 slot, u64 sequence)
{
	struct couche_page_slot *page = &pool->area.slots[number];

	pool->area.sum += couche_page_term(number, sequence) -
			  couche_page_term(number, page->sequence);
	page->slot = slot;
	page->sequence = sequence;
}

/**
 * couche_map_area_sector() - Where a slot of a page stands
 * @pool: owner
 * @number: the page
 * @slot: 0 or 1
 *
 * Context: any.
 * Return: sector on a meta leg.
 */
sector_t couche_map_area_sector(const struct couche_pool *pool, u32 number, u8 slot)
{
	return pool->super.map_start + ((sector_t)number * 2 + slot) * COUCHE_BLOCK_SECTORS;
}
