/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owning an extent. The owner alone may change where it lives; writes,
 * discards and other would-be owners wait on the pool's deferred list or in
 * couche_extent_own(). Reads do not: they see the old place or the new one.
 *
 * Owning does not wait for writes that were on their way before;
 * couche_pool_sync_io() does, where that matters.
 */
#ifndef COUCHE_EXTENT_LOCK_H
#define COUCHE_EXTENT_LOCK_H

#include "stage.h"
#include "volume.h"

/**
 * couche_extent_try_own() - Own an extent if nobody does
 * @entry: its entry
 * @word: what it was
 *
 * Context: any, in io_gate or with the page kept otherwise.
 * Return: false when somebody owns it or copies it.
 */
static inline bool couche_extent_try_own(struct couche_entry *entry, u64 *word)
{
	s64 old = atomic64_read(&entry->word);

	do {
		*word = old;
		if (old & (ENTRY_BUSY | ENTRY_MOVING))
			return false;
	} while (!atomic64_try_cmpxchg(&entry->word, &old, old | ENTRY_BUSY));
	return true;
}

/**
 * couche_extent_disown() - Let go without having changed the place
 * @pool: the pool
 * @entry: its entry, the caller's own or being copied by it
 *
 * Context: any.
 */
static inline void couche_extent_disown(struct couche_pool *pool, struct couche_entry *entry)
{
	atomic64_andnot(ENTRY_STATE, &entry->word);
	couche_pool_kick(pool);
}

/**
 * couche_extent_move_locked() - Move an extent: in memory, and in the journal
 * @page: the page it stands in
 * @extent: its number
 * @to: its new place; flags 0 unmaps it
 * @state: bits of ENTRY_STATE to keep; ENTRY_STAGED: what the merge found lost
 *	   still lies over it
 *
 * What the data journal held of it is dropped: merged, or overwritten. The new
 * place takes no write before: its slots would be dropped with the others.
 *
 * Context: inside a commit section, as the extent's owner.
 */
static inline void couche_extent_move_locked(struct couche_map_page *page, couche_extent_t extent,
					     const struct couche_place *to, u64 state)
{
	struct couche_volume *volume = page->volume;
	struct couche_entry *entry = couche_volume_entry(page, extent);
	bool staged = atomic64_read(&entry->word) & ENTRY_STAGED;

	/* The generation first: who finds nothing staged then sees that it moved. */
	couche_volume_move_locked(page, extent, to, state | (staged ? ENTRY_BUSY : 0));
	if (!staged)
		return;
	couche_stage_drop_locked(volume->pool->stage, volume->desc.id, extent,
				 state & ENTRY_STAGED ? to->generation : 0);
	if (state & ENTRY_STAGED)
		couche_stage_record_lost_locked(volume->pool, volume->desc.id, extent);
	if (!(state & ENTRY_BUSY))
		atomic64_andnot(ENTRY_BUSY, &entry->word);
}

#endif /* COUCHE_EXTENT_LOCK_H */
