// SPDX-License-Identifier: GPL-2.0-only
#include "replay.h"

#include <linux/minmax.h>
#include <linux/string.h>

#include "bounds.h"

/**
 * couche_replay_max_groups() - how many groups a map area can describe
 * @map_pages: its pages
 *
 * Not what the legs have room for now: that may shrink, and the numbers of
 * groups stay.
 *
 * Context: Any.
 * Return: the number.
 */
u32 couche_replay_max_groups(u32 map_pages)
{
	return min_t(u64, (u64)map_pages * COUCHE_PAGE_GROUPS, COUCHE_MAX_GROUP_NUMBER / 2);
}

/**
 * couche_replay_third_shape() - has a group a shape that its tier cannot have?
 * @other: of its tier, kept from group to group; blank at first
 * @p: profile of its tier
 * @group: passed couche_super_check_shape()
 *
 * While a profile is being changed only the way back is open, so there are
 * groups of one other shape, never of two. What each shape needs is not little.
 *
 * Context: Any.
 * Return: true for a group that is like neither.
 */
bool couche_replay_third_shape(struct couche_replay_shape *other, const struct couche_profile *p,
			       const struct couche_group_desc *group)
{
	if (group->k == p->k && group->nr == p->k + p->m && group->matrix == p->matrix)
		return false;
	if (!other->nr) {
		other->nr = group->nr;
		other->k = group->k;
		other->matrix = group->matrix;
	}
	return group->nr != other->nr || group->k != other->k || group->matrix != other->matrix;
}

/**
 * couche_replay_place_error() - can an extent be there at all?
 * @place: where, unmapped included
 * @max_groups: of the pool
 * @segment_rows: rows of a segment
 *
 * Whether it makes sense is seen at the end, when all groups are known.
 *
 * Context: Any.
 * Return: NULL, or what is wrong with it.
 */
const char *couche_replay_place_error(const struct couche_place *place, u32 max_groups,
				      u32 segment_rows)
{
	if (!(place->flags & COUCHE_EXTENT_MAPPED))
		return NULL;
	if (from_couche_group(place->group) >= max_groups)
		return "group: out of range";
	if (from_couche_row(place->row) >= segment_rows)
		return "row: beyond the end of its segment";
	return NULL;
}

/**
 * couche_replay_map_page() - a page with extents of a volume
 * @nr_extents: of the volume as the tables have it; 0: there is no such volume
 * @index: which page of the volume it is
 * @taken: another page holds these extents
 *
 * Without a volume the page is of one removed since, and written as free at
 * the next checkpoint. A checkpoint that was cut may have written the pages of
 * a volume and not those of the one that had its id before.
 *
 * Context: Any.
 * Return: COUCHE_REPLAY_SET, _REMOVE, or _DOUBT: it is left out.
 */
enum couche_replay couche_replay_map_page(u64 nr_extents, u32 index, bool taken)
{
	if (!nr_extents)
		return COUCHE_REPLAY_REMOVE;
	if ((u64)index * COUCHE_PAGE_EXTENTS >= nr_extents || taken)
		return COUCHE_REPLAY_DOUBT;
	return COUCHE_REPLAY_SET;
}

/**
 * couche_replay_extent() - the record of an extent
 * @nr_extents: of its volume; 0: there is no such volume
 * @extent: its number
 *
 * The pages may be newer than the record: of a volume that was removed, or
 * made anew and smaller, by a record yet to come.
 *
 * Context: Any.
 * Return: COUCHE_REPLAY_SET or _KEEP.
 */
enum couche_replay couche_replay_extent(u64 nr_extents, couche_extent_t extent)
{
	return from_couche_extent(extent) < nr_extents ? COUCHE_REPLAY_SET : COUCHE_REPLAY_KEEP;
}

/**
 * couche_replay_group() - the record of a group
 * @known: the group of that number so far, or NULL
 * @record: what it says; nr 0: it was dissolved
 *
 * A number is used again, for a group of another shape, once nothing names it.
 *
 * Context: Any.
 * Return: COUCHE_REPLAY_SET, _REMOVE or _KEEP.
 */
enum couche_replay couche_replay_group(const struct couche_group_desc *known,
				       const struct couche_group_desc *record)
{
	if (known && !memcmp(known, record, sizeof(*known)))
		return COUCHE_REPLAY_KEEP;
	if (record->nr)
		return COUCHE_REPLAY_SET;
	return known ? COUCHE_REPLAY_REMOVE : COUCHE_REPLAY_KEEP;
}

/**
 * couche_replay_volume() - the record of a volume
 * @known: the volume of that id so far, or NULL
 * @record: what it says; sectors 0: it was removed, with all it had mapped
 *
 * Volumes only grow, so one that is known larger is known from a newer page.
 *
 * Context: Any.
 * Return: COUCHE_REPLAY_SET, _REMOVE or _KEEP.
 */
enum couche_replay couche_replay_volume(const struct couche_volume_desc *known,
					const struct couche_volume_desc *record)
{
	if (!known)
		return record->sectors ? COUCHE_REPLAY_SET : COUCHE_REPLAY_KEEP;
	if (!record->sectors)
		return COUCHE_REPLAY_REMOVE;
	return record->sectors < known->sectors ? COUCHE_REPLAY_KEEP : COUCHE_REPLAY_SET;
}
