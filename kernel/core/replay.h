/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules by which the map is put together from its pages and the journal:
 * the pages first, tables before maps, then the records of whole commits in
 * their order. A record sets a state, and a page may be newer than any of
 * them, so what is known by then need not be older than what comes next.
 *
 * Recovery (kernel/recover.c) and "couchectl check" both go by them, so that
 * what the one starts with is sound to the other.
 *
 * Pure functions, any context.
 */
#ifndef COUCHE_CORE_REPLAY_H
#define COUCHE_CORE_REPLAY_H

#include <linux/types.h>

#include "record.h"
#include "types.h"

#define COUCHE_COMMIT_BLOCKS	64	/* journal blocks of one commit, at most */

enum couche_replay {
	COUCHE_REPLAY_KEEP,	/* what is known stays as it is */
	COUCHE_REPLAY_SET,	/* from here on it is as the page or record says */
	COUCHE_REPLAY_REMOVE,	/* there is none any more */
	COUCHE_REPLAY_DOUBT,	/* wrong, unless a record is to come that removes the volume */
};

/* What groups of a tier look like that are not like its profile; nr 0: none yet. */
struct couche_replay_shape {
	u8 nr, k, matrix;
};

u32 couche_replay_max_groups(u32 map_pages);
bool couche_replay_third_shape(struct couche_replay_shape *other, const struct couche_profile *p,
			       const struct couche_group_desc *group);
const char *couche_replay_place_error(const struct couche_place *place, u32 max_groups,
				      u32 segment_rows);
enum couche_replay couche_replay_map_page(u64 nr_extents, u32 index, bool taken);
enum couche_replay couche_replay_extent(u64 nr_extents, couche_extent_t extent);
enum couche_replay couche_replay_group(const struct couche_group_desc *known,
				       const struct couche_group_desc *record);
enum couche_replay couche_replay_volume(const struct couche_volume_desc *known,
					const struct couche_volume_desc *record);

#endif
