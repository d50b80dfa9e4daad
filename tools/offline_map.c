// SPDX-License-Identifier: GPL-2.0-only
#include "offline_map.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/core/replay.h"
#include "memory.h"

/**
 * couche_map_create() - make an empty map
 * @o: the legs, with the superblock that it is for
 *
 * Return: the map, to be destroyed by the caller.
 */
struct couche_map *couche_map_create(struct couche_offline *o)
{
	struct couche_map *map = couche_zalloc(1, sizeof(*map));

	map->o = o;
	map->max_groups = couche_replay_max_groups(o->super.map_pages);
	map->slot = couche_zalloc(o->super.stage_slots, sizeof(*map->slot));
	/* Their pages are set aside, whether they were ever written or not. */
	map->used_pages = (o->super.stage_slots + COUCHE_PAGE_STAGES - 1) / COUCHE_PAGE_STAGES;
	return map;
}

/**
 * couche_map_destroy() - free a map
 * @map: the map
 */
void couche_map_destroy(struct couche_map *map)
{
	size_t i;

	for (i = 0; i < map->nr_groups; i++)
		free(map->groups[i]);
	for (i = 0; i <= COUCHE_MAX_VOLUMES; i++)
		free(map->volume[i]);
	for (i = 0; i < map->nr_pages; i++)
		free(map->page[i]);
	free(map->groups);
	free(map->page);
	free(map->slot);
	free(map);
}

/**
 * couche_map_group() - find a group
 * @map: the map
 * @nr: its number
 *
 * Return: the group, NULL if there is none.
 */
struct couche_group_desc *couche_map_group(const struct couche_map *map, u32 nr)
{
	return nr < map->nr_groups ? map->groups[nr] : NULL;
}

/**
 * couche_map_set_group() - remember a group, or what it is now
 * @map: the map
 * @nr: its number, below max_groups
 * @desc: what it is
 */
void couche_map_set_group(struct couche_map *map, u32 nr, const struct couche_group_desc *desc)
{
	if (nr >= map->nr_groups) {
		u32 room = nr + 1024 > map->max_groups ? map->max_groups : nr + 1024;

		map->groups =
			couche_grow(map->groups, room, sizeof(*map->groups));
		memset(map->groups + map->nr_groups, 0,
		       (room - map->nr_groups) * sizeof(*map->groups));
		map->nr_groups = room;
	}
	if (!map->groups[nr])
		map->groups[nr] = couche_zalloc(1, sizeof(*desc));
	*map->groups[nr] = *desc;
}

/**
 * couche_map_drop_group() - forget a group
 * @map: the map
 * @nr: its number; there is such a group
 */
void couche_map_drop_group(struct couche_map *map, u32 nr)
{
	free(map->groups[nr]);
	map->groups[nr] = NULL;
}

/**
 * couche_map_set_volume() - remember a volume, or its new size
 * @map: the map
 * @desc: what it is
 */
void couche_map_set_volume(struct couche_map *map, const struct couche_volume_desc *desc)
{
	struct couche_map_volume **volume = &map->volume[desc->id];
	u32 extent_sectors = map->o->super.extent_sectors;

	if (!*volume)
		*volume = couche_zalloc(1, sizeof(**volume));
	(*volume)->desc = *desc;
	(*volume)->nr_extents = (desc->sectors + extent_sectors - 1) / extent_sectors;
}

static u32 bucket_of(u32 volume, u32 index)
{
	return (volume * 2654435761u ^ index * 40503u) % COUCHE_MAP_BUCKETS;
}

/**
 * couche_map_find_page() - find some extents of a volume
 * @map: the map
 * @volume: its id
 * @index: extent / COUCHE_PAGE_EXTENTS
 *
 * Return: the page, NULL if none of its extents was ever mapped.
 */
struct couche_map_page *couche_map_find_page(const struct couche_map *map, u32 volume,
					     u32 index)
{
	struct couche_map_page *page = map->bucket[bucket_of(volume, index)];

	while (page && (page->volume != volume || page->index != index))
		page = page->next;
	return page;
}

/**
 * couche_map_add_page() - make an empty page
 * @map: the map
 * @volume: id of its volume
 * @index: extent / COUCHE_PAGE_EXTENTS, a page that is not there yet
 *
 * Return: the page.
 */
struct couche_map_page *couche_map_add_page(struct couche_map *map, u32 volume, u32 index)
{
	struct couche_map_page **bucket = &map->bucket[bucket_of(volume, index)];
	struct couche_map_page *page = couche_zalloc(1, sizeof(*page));

	page->volume = volume;
	page->index = index;
	page->next = *bucket;
	*bucket = page;
	if (map->nr_pages == map->page_room) {
		map->page_room = 2 * map->page_room + 16;
		map->page = couche_grow(map->page, map->page_room,
					sizeof(*map->page));
	}
	map->page[map->nr_pages++] = page;
	return page;
}

static void unlink_page(struct couche_map *map, struct couche_map_page *page)
{
	struct couche_map_page **link = &map->bucket[bucket_of(page->volume, page->index)];

	while (*link != page)
		link = &(*link)->next;
	*link = page->next;
}

/**
 * couche_map_drop_volume() - forget a volume and its map
 * @map: the map
 * @id: of the volume
 */
void couche_map_drop_volume(struct couche_map *map, u32 id)
{
	size_t i, kept = 0;

	for (i = 0; i < map->nr_pages; i++) {
		if (map->page[i]->volume != id) {
			map->page[kept++] = map->page[i];
			continue;
		}
		unlink_page(map, map->page[i]);
		free(map->page[i]);
		map->used_pages--;
	}
	map->nr_pages = kept;
	free(map->volume[id]);
	map->volume[id] = NULL;
}

/**
 * couche_map_place_error() - may an extent be there at all?
 * @map: the map
 * @place: where
 *
 * Return: NULL, or what is wrong with it.
 */
const char *couche_map_place_error(const struct couche_map *map,
				   const struct couche_place *place)
{
	u32 rows = map->o->super.segment_sectors / COUCHE_BLOCK_SECTORS;

	return couche_replay_place_error(place, map->max_groups, rows);
}
