/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An entry of the map: where one extent is. One 64-bit word {group 28, row 20,
 * flags 16} that readers take with a single load, plus a generation that
 * changes together with the place: couche_entry_read() reads the pair.
 *
 * Flags of the word are changed with cmpxchg only. Who holds ENTRY_BUSY owns
 * the extent: all other bios to it wait on the pool's deferred list. The place
 * is changed by the owner alone, inside a commit section (extent_lock.h).
 * Entries live as long as the page of the map that they stand in (volume.h).
 */
#ifndef COUCHE_ENTRY_H
#define COUCHE_ENTRY_H

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/processor.h>

#include "core/types.h"

#define ENTRY_MAPPED	BIT_ULL(0)
#define ENTRY_OPEN	BIT_ULL(1)	/* mirrors may differ after a crash */
#define ENTRY_TIER	GENMASK_ULL(3, 2)
#define ENTRY_MOVING	BIT_ULL(4)	/* being copied: writers say so */
#define ENTRY_DIRTIED	BIT_ULL(5)	/* written since the copy began */
#define ENTRY_BUSY	BIT_ULL(6)	/* owned: bios wait */
#define ENTRY_STAGED	BIT_ULL(7)	/* some of it may be in the data journal */
#define ENTRY_KEPT	BIT_ULL(8)	/* equal to a preserved copy: not written since */
#define ENTRY_OPENED	BIT_ULL(9)	/* ENTRY_OPEN is durable: writes may go on */
#define ENTRY_SETTING	BIT_ULL(10)	/* word and generation do not fit just now */
#define ENTRY_SPLIT	BIT_ULL(11)	/* a write failed: copies differ until it has moved */
#define ENTRY_STATE	(ENTRY_MOVING | ENTRY_DIRTIED | ENTRY_BUSY)
#define ENTRY_ROW	GENMASK_ULL(35, 16)
#define ENTRY_GROUP	GENMASK_ULL(63, 36)

struct couche_entry {
	atomic64_t word;
	u32 generation;
	u16 rows;
	u16 reserved;
};

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

#endif /* COUCHE_ENTRY_H */
