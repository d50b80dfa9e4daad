// SPDX-License-Identifier: GPL-2.0-only
#include "entry.h"

/**
 * couche_entry_place() - What an entry says, unpacked
 * @entry: the entry
 *
 * Context: under commit.lock, as the extent's owner, or inside io_gate.
 * Return: the place; flags 0: it is not mapped.
 */
struct couche_place couche_entry_place(const struct couche_entry *entry)
{
	u64 word = atomic64_read(&entry->word);
	struct couche_place place = {};

	if (!(word & ENTRY_MAPPED))
		return place;
	place.group = couche_entry_group(word);
	place.row = to_couche_row(couche_entry_row(word));
	place.tier = couche_entry_tier(word);
	place.flags = COUCHE_EXTENT_MAPPED | (word & ENTRY_OPEN ? COUCHE_EXTENT_OPEN : 0);
	place.generation = entry->generation;
	place.rows = entry->rows;
	return place;
}

/**
 * couche_entry_set() - Put an extent somewhere
 * @entry: the entry
 * @to: its new place; flags 0 unmaps it
 * @state: bits of ENTRY_STATE to keep, ENTRY_KEPT, ENTRY_SPLIT
 *
 * Context: under commit.lock as the extent's owner, or during recovery.
 */
void couche_entry_set(struct couche_entry *entry, const struct couche_place *to, u64 state)
{
	u64 word = state;

	if (to->flags & COUCHE_EXTENT_MAPPED) {
		word |= ENTRY_MAPPED;
		word |= FIELD_PREP(ENTRY_TIER, to->tier);
		word |= FIELD_PREP(ENTRY_ROW, from_couche_row(to->row));
		word |= FIELD_PREP(ENTRY_GROUP, from_couche_group(to->group));
		if (to->flags & COUCHE_EXTENT_OPEN)
			word |= ENTRY_OPEN | ENTRY_OPENED;
	}
	atomic64_or(ENTRY_SETTING, &entry->word);
	smp_wmb();
	WRITE_ONCE(entry->generation, to->generation);
	WRITE_ONCE(entry->rows, to->rows);
	atomic64_set_release(&entry->word, word);
}
