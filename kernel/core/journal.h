/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks of the journal: a checked header and records that set a state.
 *
 * Building: couche_journal_begin(), then _add_*() until one does not fit or
 * all are in, then _seal(). Replaying: couche_journal_decode() of the block at
 * the expected position with the expected sequence. Anything but 0 is the end
 * of the log, -EILSEQ and -ESTALE being the normal ways to end. It judges the
 * whole block, every record, so that no half of a block is ever applied; then
 * couche_journal_next() walks the records.
 *
 * Pure functions on the caller's block (COUCHE_BLOCK_SIZE bytes aligned to 8),
 * any context, no locks. *field says what was wrong (see field.h).
 */
#ifndef COUCHE_CORE_JOURNAL_H
#define COUCHE_CORE_JOURNAL_H

#include <linux/types.h>

#include "record.h"
#include "types.h"

struct couche_record {
	u16 type;		/* enum couche_record_type */
	u32 id;			/* volume id of an extent or a volume, else group or slot */
	couche_extent_t extent;	/* COUCHE_RECORD_EXTENT only */
	union {
		struct couche_place place;
		struct couche_group_desc group;
		struct couche_volume_desc volume;	/* sectors 0: removed */
		struct couche_stage_desc stage;
	};
};

void couche_journal_begin(void *block);
bool couche_journal_add_extent(void *block, u32 volume, couche_extent_t extent,
			       const struct couche_place *to);
bool couche_journal_add_group(void *block, couche_group_t nr,
			      const struct couche_group_desc *to);
bool couche_journal_add_volume(void *block, u32 id,
			       const struct couche_volume_desc *to);
bool couche_journal_add_stage(void *block, u32 slot, const struct couche_stage_desc *to);
unsigned int couche_journal_bytes(const void *block);
void couche_journal_seal(void *block, u64 sequence, u32 position, bool commit,
			 u32 seed);

int couche_journal_decode(const void *block, u64 sequence, u32 position,
			  u32 seed, bool *commit, const char **field);
int couche_journal_next(const void *block, unsigned int *cursor,
			struct couche_record *ret, const char **field);

#endif
