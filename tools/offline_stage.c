// SPDX-License-Identifier: GPL-2.0-only
/* The data journal: what its slots hold, as recovery would see it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/crc32c.h"
#include "kernel/core/page.h"
#include "memory.h"
#include "offline_map.h"
#include "offline_repair.h"

static void lose(struct couche_map *map, const char *what, u32 slot)
{
	struct couche_spot spot = couche_offline_spot(map->o, COUCHE_NO_LEG);

	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "slot %u", slot);
}

/**
 * couche_map_set_slot() - remember what a slot holds
 * @map: the map
 * @slot: its number
 * @desc: what it holds
 */
void couche_map_set_slot(struct couche_map *map, u32 slot, const struct couche_stage_desc *desc)
{
	u32 granules = map->o->super.extent_sectors / COUCHE_BLOCK_SECTORS;

	if (slot >= map->o->super.stage_slots)
		lose(map, "slot: beyond the end of the data journal", slot);
	else if (desc->generation && desc->granule >= granules)
		lose(map, "granule: beyond the end of its extent", slot);
	else
		map->slot[slot] = *desc;
}

/**
 * couche_map_load_slots() - remember a page of slots
 * @map: the map
 * @index: which of the pages of slots
 * @block: the page, decoded
 */
void couche_map_load_slots(struct couche_map *map, u32 index, const void *block)
{
	u32 i;

	for (i = 0; i < COUCHE_PAGE_STAGES; i++) {
		u32 slot = index * COUCHE_PAGE_STAGES + i;
		struct couche_stage_desc desc;
		const char *why;

		if (couche_page_get_stage(block, i, &desc, &why))
			lose(map, why, slot);
		else if (desc.generation)
			couche_map_set_slot(map, slot, &desc);
	}
}

/* Has its extent still the generation that it was written for? Then where it is. */
static const struct couche_place *place_of(const struct couche_map *map,
					   const struct couche_stage_desc *desc)
{
	u64 extent = from_couche_extent(desc->extent);
	const struct couche_map_page *page;
	const struct couche_place *place;

	if (!desc->generation || !map->volume[desc->volume])
		return NULL;
	page = couche_map_find_page(map, desc->volume, extent / COUCHE_PAGE_EXTENTS);
	if (!page)
		return NULL;
	place = &page->place[extent % COUCHE_PAGE_EXTENTS];
	return (place->flags & COUCHE_EXTENT_MAPPED) && place->generation == desc->generation ?
	       place : NULL;
}

static bool counts(struct couche_map *map, u32 slot)
{
	const struct couche_place *place = place_of(map, &map->slot[slot]);

	if (!place)
		return false;
	if (!couche_super_stages(&map->o->super, place->tier))
		lose(map, "the extent that it names is no stripe", slot);
	return true;
}

static bool same_granule(const struct couche_stage_desc *a, const struct couche_stage_desc *b)
{
	return a->volume == b->volume && a->extent == b->extent && a->granule == b->granule;
}

/* By granule, the youngest first. */
static int by_granule(const void *x, const void *y)
{
	const struct couche_stage_desc *a = *(struct couche_stage_desc *const *)x;
	const struct couche_stage_desc *b = *(struct couche_stage_desc *const *)y;
	u64 ea = from_couche_extent(a->extent), eb = from_couche_extent(b->extent);

	if (a->volume != b->volume)
		return a->volume < b->volume ? -1 : 1;
	if (ea != eb)
		return ea < eb ? -1 : 1;
	if (a->granule != b->granule)
		return a->granule < b->granule ? -1 : 1;
	return a->sequence > b->sequence ? -1 : a->sequence < b->sequence;
}

/* Of one block of a volume only: say which. */
static void lose_slot(struct couche_map *map, const struct couche_stage_desc *desc)
{
	u64 sector = from_couche_extent(desc->extent) * map->o->super.extent_sectors +
		     (u64)desc->granule * COUCHE_BLOCK_SECTORS;
	char what[96];

	snprintf(what, sizeof(what),
		 "no metadata leg has it as it was written: volume %u sector %llu", desc->volume,
		 sector);
	lose(map, what, desc - map->slot);
}

static void check_slot(struct couche_map *map, const struct couche_stage_desc *desc, void *block)
{
	struct couche_offline *o = map->o;
	u32 slot = desc - map->slot, leg;
	u64 sector = o->super.stage_start + (u64)slot * COUCHE_BLOCK_SECTORS;
	u64 bad = 0;
	int good = COUCHE_NO_LEG;

	if (desc->flags & COUCHE_STAGE_ZERO)
		return;
	for (leg = 0; leg < o->super.nr_legs; leg++) {
		struct couche_spot spot = couche_offline_spot(o, leg);
		const char *what = NULL;

		if (o->super.leg[leg].role != COUCHE_ROLE_META ||
		    !couche_offline_is_current(o, leg))
			continue;
		if (couche_offline_read(o, leg, sector, block, COUCHE_BLOCK_SIZE))
			what = "cannot be read";
		else if (couche_crc32c(~0, block, COUCHE_BLOCK_SIZE) != desc->crc)
			what = "crc: does not match";
		if (what)
			couche_finding_add(&spot, COUCHE_FINDING_DAMAGE, what, "slot %u", slot);
		else
			good = leg;
		bad |= what ? 1ULL << leg : 0;
	}
	if (good == COUCHE_NO_LEG)
		lose_slot(map, desc);
	for (leg = 0; good != COUCHE_NO_LEG && leg < o->super.nr_legs; leg++) {
		if (bad & (1ULL << leg))
			couche_repair_copy(o, leg, sector, good, sector, "slot %u", slot);
	}
}

/**
 * couche_map_check_slots() - read all that is staged
 * @map: loaded; gets the count, the legs the findings
 */
void couche_map_check_slots(struct couche_map *map)
{
	u32 nr = map->o->super.stage_slots, i, used = 0;
	_cleanup_free_ struct couche_stage_desc **live =
		couche_zalloc(nr, sizeof(*live));
	_cleanup_free_ void *block = couche_offline_buffer(COUCHE_BLOCK_SIZE);

	for (i = 0; i < nr; i++)
		if (counts(map, i))
			live[used++] = &map->slot[i];
	qsort(live, used, sizeof(*live), by_granule);
	for (i = 0; i < used; i++) {
		if (i && same_granule(live[i], live[i - 1]))
			continue;
		map->staged++;
		check_slot(map, live[i], block);
	}
}
