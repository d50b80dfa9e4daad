// SPDX-License-Identifier: GPL-2.0-only
/* Is the map in itself consistent? What recovery marks, and who is in the way. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/alloc.h"
#include "kernel/core/geometry.h"
#include "kernel/core/replay.h"
#include "kernel/core/segmap.h"
#include "memory.h"
#include "offline_map.h"

struct checking {
	struct couche_map *map;
	struct couche_segmap segments[COUCHE_MAX_LEGS];
	struct couche_alloc *rows;	/* per group; map NULL: not made yet */
	struct couche_replay_shape other[COUCHE_NR_TIERS];
};

static void lose_group(struct checking *c, u32 nr, const char *what)
{
	struct couche_spot spot = couche_offline_spot(c->map->o, COUCHE_NO_LEG);

	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "group %u", nr);
}

/* Which group has this segment already? */
static u32 owner_of(const struct couche_map *map, u32 not_this, const struct couche_segment *seg)
{
	u32 nr, i;

	for (nr = 0; nr < not_this; nr++) {
		const struct couche_group_desc *group = couche_map_group(map, nr);

		for (i = 0; group && i < group->nr; i++) {
			if (group->seg[i].leg == seg->leg && group->seg[i].segment == seg->segment)
				return nr;
		}
	}
	return not_this;
}

static void check_segment(struct checking *c, u32 nr, const struct couche_group_desc *group,
			  const struct couche_segment *seg)
{
	const struct couche_super *s = &c->map->o->super;
	struct couche_spot spot;
	char what[96];

	if (seg->leg >= s->nr_legs || s->leg[seg->leg].state == COUCHE_LEG_NONE ||
	    s->leg[seg->leg].role != couche_role_of_tier(group->tier)) {
		lose_group(c, nr, "leg: names one that is not of its tier");
		return;
	}
	spot = couche_offline_spot(c->map->o, seg->leg);
	switch (couche_segmap_mark(&c->segments[seg->leg], seg->segment)) {
	case 0:
		return;
	case -EEXIST:
		snprintf(what, sizeof(what), "segment: %u belongs to group %u", seg->segment,
			 owner_of(c->map, nr, seg));
		break;
	default:
		snprintf(what, sizeof(what), "segment: %u is beyond the end of the leg",
			 seg->segment);
	}
	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "group %u", nr);
}

static void check_group(struct checking *c, u32 nr, const struct couche_group_desc *group)
{
	const struct couche_super *s = &c->map->o->super;
	const char *field;
	char what[96];
	u32 i;

	if (couche_super_check_shape(s, group, &field)) {
		snprintf(what, sizeof(what), "k: %s", field);
		lose_group(c, nr, what);
	} else if (couche_replay_third_shape(&c->other[group->tier], &s->profile[group->tier],
					     group)) {
		lose_group(c, nr, "k: has a third shape");
	}
	for (i = 0; i < group->nr; i++)
		check_segment(c, nr, group, &group->seg[i]);
}

static void tell_extent(struct checking *c, const struct couche_map_page *page, u32 i,
			const char *what)
{
	struct couche_spot spot = couche_offline_spot(c->map->o, COUCHE_NO_LEG);

	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "volume %u extent %llu",
			   page->volume, (u64)page->index * COUCHE_PAGE_EXTENTS + i);
}

static bool overlap(const struct couche_place *a, const struct couche_place *b)
{
	u32 first = from_couche_row(a->row), other = from_couche_row(b->row);

	return (b->flags & COUCHE_EXTENT_MAPPED) && a->group == b->group &&
	       first < other + b->rows && other < first + a->rows;
}

/* Rows are taken: by which extent? Pages are looked at in the order they came. */
static void tell_overlap(struct checking *c, const struct couche_map_page *page, u32 at)
{
	const struct couche_map *map = c->map;
	char what[96];
	size_t p;
	u32 i;

	for (p = 0; p < map->nr_pages; p++) {
		const struct couche_map_page *other = map->page[p];

		for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
			if ((other == page && i == at) ||
			    !overlap(&page->place[at], &other->place[i]))
				continue;
			snprintf(what, sizeof(what), "row: shared with volume %u extent %llu",
				 other->volume, (u64)other->index * COUCHE_PAGE_EXTENTS + i);
			tell_extent(c, page, at, what);
			return;
		}
	}
	tell_extent(c, page, at, "row: shared with itself");
}

static struct couche_alloc *rows_of(struct checking *c, u32 group)
{
	struct couche_alloc *rows = &c->rows[group];

	if (!rows->map &&
	    couche_alloc_init(rows, c->map->o->super.segment_sectors / COUCHE_BLOCK_SECTORS))
		couche_out_of_memory();
	return rows;
}

/* Rows of a shard. */
static u32 rows_in(const struct couche_super *s, const struct couche_group_desc *group)
{
	const struct couche_profile shape = {
		.k = group->k, .m = group->nr - group->k, .csum = s->profile[group->tier].csum,
	};
	struct couche_geometry geo;

	couche_geometry_init(&geo, &shape, s->extent_sectors);
	return geo.rows;
}

static const char *place_error(struct checking *c, const struct couche_place *place)
{
	const struct couche_group_desc *group;

	group = couche_map_group(c->map, from_couche_group(place->group));
	if (!group)
		return "group: does not exist";
	if (place->tier != group->tier)
		return "tier: not that of its group";
	if (place->rows != rows_in(&c->map->o->super, group))
		return "rows: not those of its group's shape";
	if (place->generation >= c->map->o->super.generation)
		return "generation: from the future";
	return NULL;
}

static void check_extent(struct checking *c, const struct couche_map_page *page, u32 i)
{
	const struct couche_place *place = &page->place[i];
	struct couche_map_volume *volume = c->map->volume[page->volume];
	const char *why;
	int err;

	if (!(place->flags & COUCHE_EXTENT_MAPPED))
		return;
	why = (u64)page->index * COUCHE_PAGE_EXTENTS + i >= volume->nr_extents ?
		"extent: beyond the end of its volume" : place_error(c, place);
	if (why) {
		tell_extent(c, page, i, why);
		return;
	}
	volume->mapped[place->tier]++;
	err = couche_alloc_mark(rows_of(c, from_couche_group(place->group)), place->row,
				place->rows);
	if (err == -EEXIST)
		tell_overlap(c, page, i);
	else if (err)
		tell_extent(c, page, i, "row: past the end of its group");
}

static void check_all(struct checking *c)
{
	struct couche_map *map = c->map;
	size_t p;
	u32 nr, i;

	for (nr = 0; nr < map->nr_groups; nr++) {
		if (map->groups[nr])
			check_group(c, nr, map->groups[nr]);
	}
	for (p = 0; p < map->nr_pages; p++) {
		for (i = 0; i < COUCHE_PAGE_EXTENTS; i++)
			check_extent(c, map->page[p], i);
	}
}

/**
 * couche_map_check() - judge groups and extents
 * @map: loaded; volumes get their counts, the legs the findings
 */
void couche_map_check(struct couche_map *map)
{
	const struct couche_super *s = &map->o->super;
	struct checking c = { .map = map };
	u32 i;

	c.rows = couche_zalloc(map->nr_groups, sizeof(*c.rows));
	for (i = 0; i < s->nr_legs; i++) {
		if (couche_segmap_init(&c.segments[i], s->leg[i].role == COUCHE_ROLE_META ?
				       0 : couche_super_segments(s, i)))
			couche_out_of_memory();
	}
	check_all(&c);
	for (i = 0; i < s->nr_legs; i++)
		couche_segmap_destroy(&c.segments[i]);
	for (i = 0; i < map->nr_groups; i++)
		couche_alloc_destroy(&c.rows[i]);
	free(c.rows);
}

/* Can a leg not answer for its data? A shard of a stripe proves itself. */
static bool is_gone(const struct couche_offline *o, u32 leg, u8 tier)
{
	return leg >= o->super.nr_legs || !couche_offline_is_leg(o, leg) ||
	       !(o->super.profile[tier].csum || o->super.leg[leg].state == COUCHE_LEG_ONLINE);
}

static unsigned int count_gone(const struct couche_offline *o,
			       const struct couche_group_desc *group)
{
	unsigned int i, gone = 0;

	for (i = 0; i < group->nr; i++)
		gone += is_gone(o, group->seg[i].leg, group->tier);
	return gone;
}

/* By number: does a group hold anything? */
static bool *find_used(const struct couche_map *map)
{
	bool *used = couche_zalloc(map->nr_groups, sizeof(*used));
	size_t p;
	u32 i;

	for (p = 0; p < map->nr_pages; p++) {
		for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
			const struct couche_place *place = &map->page[p]->place[i];
			u32 nr = from_couche_group(place->group);

			if ((place->flags & COUCHE_EXTENT_MAPPED) && nr < map->nr_groups)
				used[nr] = true;
		}
	}
	return used;
}

static void check_tier(struct couche_map *map, const bool *used, u8 tier)
{
	const struct couche_super *s = &map->o->super;
	unsigned int nr = 0, gone = 0, spare = s->profile[tier].m;
	bool lost;
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state == COUCHE_LEG_NONE ||
		    s->leg[i].role != couche_role_of_tier(tier))
			continue;
		nr++;
		gone += is_gone(map->o, i, tier);
	}
	lost = nr && gone == nr;
	for (i = 0; i < map->nr_groups && !lost; i++) {
		const struct couche_group_desc *group = map->groups[i];

		if (!group || group->tier != tier || !used[i] ||
		    count_gone(map->o, group) <= (unsigned int)group->nr - group->k)
			continue;
		spare = group->nr - group->k;
		lost = true;
	}
	if (lost)
		couche_offline_lose_legs(map->o, couche_role_of_tier(tier), gone, nr, spare);
}

/**
 * couche_map_check_legs() - is there something on missing legs that nobody has?
 * @map: loaded; the legs get the findings
 *
 * More than the profile stands may be missing if what lay on them was rebuilt on
 * others, as check_redundancy() in kernel/activation.c has it.
 */
void couche_map_check_legs(struct couche_map *map)
{
	_cleanup_free_ bool *used = find_used(map);
	u8 tier;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		check_tier(map, used, tier);
}
