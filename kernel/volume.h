/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A volume and its map.
 *
 * The map is cut into pages as on disk, 252 extents each, which come into
 * being when the first of their extents is mapped. An entry is one 64-bit
 * word {group 28, row 20, flags 16} that readers take with a single load,
 * plus a generation that changes together with the place: couche_entry_read()
 * reads the pair. Rows are not reused while a reader is inside pool->io_gate.
 *
 * Flags of the word are changed with cmpxchg only. Who holds ENTRY_BUSY owns
 * the extent: all other bios to it wait on the pool's deferred list. The place
 * is changed by the owner alone, inside a commit section.
 */
#ifndef COUCHE_VOLUME_H
#define COUCHE_VOLUME_H

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/percpu.h>

#include "core/page.h"
#include "pool.h"

#define ENTRY_MAPPED	BIT_ULL(0)
#define ENTRY_OPEN	BIT_ULL(1)	/* mirrors may differ after a crash */
#define ENTRY_TIER	GENMASK_ULL(3, 2)
#define ENTRY_MOVING	BIT_ULL(4)	/* being copied: writers say so */
#define ENTRY_DIRTIED	BIT_ULL(5)	/* written since the copy began */
#define ENTRY_BUSY	BIT_ULL(6)	/* owned: bios wait */
#define ENTRY_KEPT	BIT_ULL(8)	/* equal to a preserved copy: not written since */
#define ENTRY_OPENED	BIT_ULL(9)	/* ENTRY_OPEN is durable: writes may go on */
#define ENTRY_SETTING	BIT_ULL(10)	/* word and generation do not fit just now */
#define ENTRY_STATE	(ENTRY_MOVING | ENTRY_DIRTIED | ENTRY_BUSY)
#define ENTRY_ROW	GENMASK_ULL(35, 16)
#define ENTRY_GROUP	GENMASK_ULL(63, 36)

struct couche_entry {
	atomic64_t word;
	u32 generation;
	u16 rows;
	u16 reserved;
};

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
int couche_volume_grow_map(struct couche_volume *volume, u64 sectors);
struct couche_volume *couche_volume_open(struct couche_pool *pool, u32 id, u64 sectors,
					 const char **why);
void couche_volume_close(struct couche_volume *volume);
struct couche_volume *couche_volume_get(struct couche_pool *pool, unsigned long *id);
void couche_volume_put(struct couche_volume *volume);

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

/**
 * couche_entry_group() - The group that a word names
 * @word: of an entry, mapped
 *
 * Return: its number.
 */
static inline couche_group_t couche_entry_group(u64 word)
{
	return to_couche_group(FIELD_GET(ENTRY_GROUP, word));
}

/**
 * couche_entry_row() - The first row that a word names
 * @word: of an entry, mapped
 *
 * Return: the row within the group's segments.
 */
static inline u32 couche_entry_row(u64 word)
{
	return FIELD_GET(ENTRY_ROW, word);
}

/**
 * couche_entry_tier() - The tier that a word names
 * @word: of an entry, mapped
 *
 * Return: enum couche_tier.
 */
static inline u8 couche_entry_tier(u64 word)
{
	return FIELD_GET(ENTRY_TIER, word);
}

/**
 * couche_entry_read() - Word and generation of one and the same place
 * @entry: the entry
 * @generation: set to the generation
 *
 * ENTRY_SETTING stands for a few instructions only, with interrupts off.
 *
 * Context: inside io_gate.
 * Return: the word.
 */
static inline u64 couche_entry_read(const struct couche_entry *entry, u32 *generation)
{
	u64 word;

	for (;;) {
		word = atomic64_read_acquire(&entry->word);
		*generation = READ_ONCE(entry->generation);
		smp_rmb();
		if (!(word & ENTRY_SETTING) && (u64)atomic64_read(&entry->word) == word)
			return word;
		cpu_relax();
	}
}

struct couche_place couche_entry_place(const struct couche_entry *entry);
void couche_entry_set(struct couche_entry *entry, const struct couche_place *to, u64 state);

#endif /* COUCHE_VOLUME_H */
