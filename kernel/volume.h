/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A volume and its map.
 *
 * The map is cut into pages as on disk, 252 extents each, which come into
 * being when the first of their extents is mapped, and live as long as the
 * volume; entry.h says what stands in them. Rows are not reused while a reader
 * is inside pool->io_gate.
 */
#ifndef COUCHE_VOLUME_H
#define COUCHE_VOLUME_H

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/percpu.h>

#include "core/page.h"
#include "entry.h"
#include "pool.h"

struct couche_map_page {
	struct couche_volume *volume;
	u32 index;
	u32 number;			/* in the map area */
	struct couche_entry *entries;	/* COUCHE_PAGE_EXTENTS */
	u32 *heat;			/* likewise, core/heat.h */
};

struct couche_volume_counters {
	u64 reads;
	u64 writes;
	u64 read_sectors;
	u64 written_sectors;
};

struct couche_volume {
	struct couche_pool *pool;
	struct couche_volume_desc desc;
	u64 nr_extents;
	u32 nr_pages;
	struct couche_map_page **pages;	/* under io_gate; changed under config_lock */
	u32 open_count;			/* dm tables and migrations on it */
	atomic_t visitors;		/* whom a removal waits for */
	bool leaving;			/* being removed: no new visitors */
	bool removed;
	struct couche_volume_counters __percpu *counters;
	atomic64_t generation;
	atomic64_t tier_extents[COUCHE_NR_TIERS];
	atomic64_t degraded_reads;
	atomic64_t promotes;
	atomic64_t lost;
};

int couche_volume_add(struct couche_pool *pool, const struct couche_volume_desc *desc,
		      const char **why);
void couche_volume_forget(struct couche_volume *volume);
void couche_volume_free_all(struct couche_pool *pool);
int couche_volume_create(struct couche_pool *pool, u32 id, u64 sectors, const char *name,
			 const char **why);
int couche_volume_remove(struct couche_pool *pool, u32 id, const char **why);
int couche_volume_resize(struct couche_pool *pool, u32 id, u64 sectors, const char **why);
int couche_volume_set_journal(struct couche_pool *pool, u32 id, bool all, const char **why);
int couche_volume_grow_map(struct couche_volume *volume, u64 sectors);
struct couche_volume *couche_volume_open(struct couche_pool *pool, u32 id, u64 sectors,
					 const char **why);
void couche_volume_close(struct couche_volume *volume);
struct couche_volume *couche_volume_get(struct couche_pool *pool, unsigned long *id);
void couche_volume_put(struct couche_volume *volume);

struct couche_map_page *couche_volume_next_page(struct couche_volume *volume, u32 *index);
struct couche_map_page *couche_volume_find_page(struct couche_volume *volume,
						couche_extent_t extent);
struct couche_map_page *couche_volume_page_get(struct couche_volume *volume, u32 index,
					       const char **why);
struct couche_map_page *couche_volume_page_add(struct couche_volume *volume, u32 index,
					       u32 number);
void couche_volume_move_locked(struct couche_map_page *page, couche_extent_t extent,
			       const struct couche_place *to, u64 state);
void couche_volume_encode_map(const struct couche_map_page *page, u32 number, void *block);
void couche_volume_encode_page(struct couche_pool *pool, u32 index, u32 number, void *block);

/**
 * couche_volume_extent() - The extent that holds a sector
 * @volume: the volume
 * @sector: of the volume
 *
 * Context: any.
 * Return: its number.
 */
static inline couche_extent_t couche_volume_extent(const struct couche_volume *volume,
						   sector_t sector)
{
	return to_couche_extent(sector >> volume->pool->extent_shift);
}

/**
 * couche_volume_page() - The page of an extent
 * @volume: the volume
 * @extent: within it
 *
 * Context: inside io_gate.
 * Return: the page, or NULL when nothing in it was ever mapped.
 */
static inline struct couche_map_page *couche_volume_page(struct couche_volume *volume,
							 couche_extent_t extent)
{
	u64 index = from_couche_extent(extent) / COUCHE_PAGE_EXTENTS;
	struct couche_map_page **pages = smp_load_acquire(&volume->pages);

	return smp_load_acquire(&pages[index]);
}

/**
 * couche_volume_entry() - The entry of an extent
 * @page: its page
 * @extent: within the volume
 *
 * Context: any, with the page kept.
 * Return: the entry.
 */
static inline struct couche_entry *couche_volume_entry(struct couche_map_page *page,
						       couche_extent_t extent)
{
	return &page->entries[from_couche_extent(extent) % COUCHE_PAGE_EXTENTS];
}

#endif /* COUCHE_VOLUME_H */
