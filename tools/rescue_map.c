// SPDX-License-Identifier: GPL-2.0-only
#include "rescue_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/alloc.h"
#include "kernel/core/bounds.h"
#include "kernel/core/segmap.h"
#include "memory.h"

/* What a volume may be large for all that is known: this, or a thousand pools. */
#define MANY_EXTENTS	(1ULL << 24)
#define MANY_POOLS	1024

/* The shards of one version of an extent, which stand together in the list. */
struct version {
	const struct couche_found_shard *first;
	u32 nr;
};

struct placing {
	struct couche_rescue *r;
	struct couche_map *map;
	struct couche_rescue_counts *counts;
	u64 max_extents;
	struct couche_segmap segments[COUCHE_MAX_LEGS];
	struct couche_alloc *rows;	/* per group; map NULL: not made yet */
	u32 *known;			/* per group: bit per shard whose segment is known */
	struct version *version;
	size_t nr;
};

/* What no pool like this one ever wrote, or nobody can open. */
static const char *strange(const struct placing *p, const struct couche_found_shard *s)
{
	if (s->group >= p->map->max_groups)
		return "group: beyond those of this pool; left out";
	if (s->generation > COUCHE_RESCUE_MAX_GENERATION)
		return "generation: beyond any that a pool gets to; left out";
	if (s->extent >= p->max_extents)
		return "extent: far beyond what this pool has room for; left out";
	return NULL;
}

static void tell(struct placing *p, const struct couche_found_shard *s,
		 enum couche_severity severity, const char *what)
{
	struct couche_spot spot = couche_offline_spot(p->r->o, COUCHE_NO_LEG);

	couche_finding_add(&spot, severity, what, "volume %u extent %llu", s->volume, s->extent);
}

static void tell_outgrown(struct placing *p, u64 nr)
{
	struct couche_spot spot = couche_offline_spot(p->r->o, COUCHE_NO_LEG);
	char what[160];

	if (!nr)
		return;
	snprintf(what, sizeof(what),
		 "k: not the shape of this pool: %llu versions of extents, as from before a change of its profile; left out",
		 nr);
	couche_finding_add(&spot, COUCHE_FINDING_NOTE, what, "shards");
}

static void gather(struct placing *p)
{
	size_t first, next;
	u64 outgrown = 0;

	p->version = couche_zalloc(p->r->nr, sizeof(*p->version));
	for (first = 0; first < p->r->nr; first = next) {
		const struct couche_found_shard *s = &p->r->shard[first];
		const char *why = strange(p, s);

		for (next = first + 1;
		     next < p->r->nr && couche_rescue_same_version(s, &p->r->shard[next]); next++)
			;
		if (why) {
			tell(p, s, COUCHE_FINDING_NOTE, why);
			continue;
		}
		/* A change of the profile that came to its end left none. */
		if (!couche_rescue_fits_profile(&p->map->o->super, s)) {
			outgrown++;
			continue;
		}
		p->version[p->nr++] = (struct version){ s, next - first };
		if (s->generation > p->counts->generation)
			p->counts->generation = s->generation;
	}
	tell_outgrown(p, outgrown);
}

/* The newest first; otherwise as the list has them. */
static int newest_first(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	if (x->first->generation != y->first->generation)
		return x->first->generation > y->first->generation ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static struct couche_place *place_of(struct placing *p, u32 volume, u64 extent)
{
	struct couche_map_page *page;

	page = couche_map_find_page(p->map, volume, extent / COUCHE_PAGE_EXTENTS);
	return page ? &page->place[extent % COUCHE_PAGE_EXTENTS] : NULL;
}

static bool uses_leg(const struct couche_group_desc *group, u32 shards, u32 leg)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		if ((shards & (1u << i)) && group->seg[i].leg == leg)
			return true;
	}
	return false;
}

/* May the group have this segment for this shard? */
static bool fits(struct placing *p, const struct couche_found_shard *s, u32 known, u32 fit,
		 const struct couche_group_desc *group)
{
	const struct couche_segment seg = { s->leg, s->segment };

	if (!s->whole)
		return false;
	if (known & (1u << s->shard))
		return !memcmp(&group->seg[s->shard], &seg, sizeof(seg));
	if (uses_leg(group, known | fit, s->leg) ||
	    couche_segmap_mark(&p->segments[s->leg], s->segment))
		return false;
	couche_segmap_put(&p->segments[s->leg], s->segment);
	return true;
}

/* A shard may stand twice: rather where its group's others stand as well. */
static u32 company(const struct placing *p, const struct couche_found_shard *s)
{
	return p->r->whole[s->leg][s->segment];
}

/* Which shards of a version fit its group? Segments that are new to it are taken. */
static u32 take_segments(struct placing *p, const struct version *v, u32 known,
			 struct couche_group_desc *group)
{
	const struct couche_found_shard *s, *best;
	const struct couche_found_shard *end = v->first + v->nr;
	u32 fit = 0;

	for (s = v->first; s < end;) {
		unsigned int shard = s->shard;

		for (best = NULL; s < end && s->shard == shard; s++) {
			if (fits(p, s, known, fit, group) &&
			    (!best || company(p, s) > company(p, best)))
				best = s;
		}
		if (!best)
			continue;
		fit |= 1u << shard;
		if (known & (1u << shard))
			continue;
		group->seg[shard] = (struct couche_segment){ best->leg, best->segment };
		couche_segmap_mark(&p->segments[best->leg], best->segment);
	}
	return fit;
}

static void give_back(struct placing *p, const struct couche_group_desc *group, u32 shards)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		if (shards & (1u << i))
			couche_segmap_put(&p->segments[group->seg[i].leg], group->seg[i].segment);
	}
}

static struct couche_alloc *rows_of(struct placing *p, u32 group)
{
	struct couche_alloc *rows = &p->rows[group];

	if (!rows->map &&
	    couche_alloc_init(rows, p->map->o->super.segment_sectors / COUCHE_BLOCK_SECTORS))
		couche_out_of_memory();
	return rows;
}

static void put_on_map(struct placing *p, const struct couche_found_shard *s)
{
	u32 index = s->extent / COUCHE_PAGE_EXTENTS;
	struct couche_map_page *page = couche_map_find_page(p->map, s->volume, index);

	if (!page)
		page = couche_map_add_page(p->map, s->volume, index);
	page->place[s->extent % COUCHE_PAGE_EXTENTS] = (struct couche_place){
		.group = to_couche_group(s->group), .row = to_couche_row(s->row),
		.generation = s->generation, .rows = s->rows, .tier = COUCHE_TIER_COLD,
		.flags = COUCHE_EXTENT_MAPPED,
	};
}

static void place_version(struct placing *p, const struct version *v)
{
	const struct couche_found_shard *s = v->first;
	const struct couche_place *placed = place_of(p, s->volume, s->extent);
	const struct couche_group_desc *old = couche_map_group(p->map, s->group);
	struct couche_group_desc group = old ? *old : couche_rescue_group(s);
	u32 known = p->known[s->group], fit;

	if (placed && (placed->flags & COUCHE_EXTENT_MAPPED))
		return;
	if (group.k != s->k || group.nr != s->k + s->m || group.matrix != s->matrix)
		return;
	fit = take_segments(p, v, known, &group);
	if (__builtin_popcount(fit) < s->k ||
	    couche_alloc_mark(rows_of(p, s->group), to_couche_row(s->row), s->rows)) {
		give_back(p, &group, fit & ~known);
		return;
	}
	p->counts->groups += !old;
	p->counts->extents++;
	p->counts->degraded += __builtin_popcount(fit) < group.nr;
	p->known[s->group] = known | fit;
	couche_map_set_group(p->map, s->group, &group);
	put_on_map(p, s);
}

/* The better one to lack a shard: one that holds nothing now, then the emptiest. */
static bool is_better(const struct placing *p, u32 leg, u32 than)
{
	const struct couche_super *s = &p->map->o->super;

	if (than == COUCHE_MAX_LEGS)
		return true;
	if (s->leg[leg].state != s->leg[than].state)
		return s->leg[than].state == COUCHE_LEG_ONLINE;
	return p->segments[leg].free > p->segments[than].free;
}

static int choose_segment(struct placing *p, u32 nr, unsigned int shard)
{
	const struct couche_super *s = &p->map->o->super;
	struct couche_group_desc group = *couche_map_group(p->map, nr);
	u32 leg, best = COUCHE_MAX_LEGS;

	for (leg = 0; leg < s->nr_legs; leg++) {
		if (s->leg[leg].state != COUCHE_LEG_NONE &&
		    s->leg[leg].role == COUCHE_ROLE_COLD && p->segments[leg].free &&
		    !uses_leg(&group, p->known[nr], leg) && is_better(p, leg, best))
			best = leg;
	}
	if (best == COUCHE_MAX_LEGS)
		return couche_fail(COUCHE_EXIT_LOST, s->name,
				   "no leg has room for shard %u of group %u; attach more of its cold legs",
				   shard, nr);
	group.seg[shard].leg = best;
	couche_segmap_get(&p->segments[best], &group.seg[shard].segment);
	p->known[nr] |= 1u << shard;
	couche_map_set_group(p->map, nr, &group);
	return 0;
}

static u32 unknown_shards(const struct placing *p, u32 nr)
{
	const struct couche_group_desc *group = couche_map_group(p->map, nr);
	u32 all = !group ? 0 : group->nr == 32 ? ~0u : (1u << group->nr) - 1;

	return all & ~p->known[nr];
}

/* Groups that lack the most come first: each of these needs another leg. */
static int complete_groups(struct placing *p)
{
	unsigned int lack, i;
	int r = 0;
	u32 nr;

	for (lack = COUCHE_MAX_SHARDS; lack > 0; lack--) {
		for (nr = 0; nr < p->map->nr_groups; nr++) {
			u32 unknown = unknown_shards(p, nr);

			if ((u32)__builtin_popcount(unknown) != lack)
				continue;
			for (i = 0; i < COUCHE_MAX_SHARDS && !r; i++)
				r = unknown & (1u << i) ? choose_segment(p, nr, i) : 0;
		}
	}
	return r;
}

/* What became of each extent that was seen. */
static void judge(struct placing *p, struct couche_rescued_volume *volumes)
{
	char what[128];
	size_t i;

	for (i = 0; i < p->nr; i++) {
		const struct couche_found_shard *s = p->version[i].first;
		struct couche_rescued_volume *volume = &volumes[s->volume];
		const struct couche_place *place = place_of(p, s->volume, s->extent);
		u64 end = (s->extent + 1) * p->map->o->super.extent_sectors;

		if (i && p->version[i - 1].first->volume == s->volume &&
		    p->version[i - 1].first->extent == s->extent)
			continue;	/* an older version */
		if (!place || !(place->flags & COUCHE_EXTENT_MAPPED)) {
			volume->lost++;
			snprintf(what, sizeof(what),
				 "shards: fewer than %u are good of any generation", s->k);
			tell(p, s, COUCHE_FINDING_LOSS, what);
			continue;
		}
		volume->extents++;
		if (end > volume->sectors)
			volume->sectors = end;
		if (place->generation == s->generation)
			continue;
		volume->older++;
		snprintf(what, sizeof(what),
			 "generation: %u cannot be restored, the older %u was taken",
			 s->generation, place->generation);
		tell(p, s, COUCHE_FINDING_DAMAGE, what);
	}
}

static int in_order(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void begin(struct placing *p)
{
	const struct couche_super *s = &p->map->o->super;
	u64 segments = 0;
	u32 i;

	p->rows = couche_zalloc(p->map->max_groups, sizeof(*p->rows));
	p->known = couche_zalloc(p->map->max_groups, sizeof(*p->known));
	for (i = 0; i < s->nr_legs; i++) {
		u32 nr = couche_super_segments(s, i);

		segments += nr;
		if (couche_segmap_init(&p->segments[i], nr))
			couche_out_of_memory();
	}
	p->max_extents = segments * (s->segment_sectors / s->extent_sectors) * MANY_POOLS;
	if (p->max_extents < MANY_EXTENTS)
		p->max_extents = MANY_EXTENTS;
	/* Or beyond what the format has. */
	if (p->max_extents > COUCHE_MAX_VOLUME_SECTORS / s->extent_sectors)
		p->max_extents = COUCHE_MAX_VOLUME_SECTORS / s->extent_sectors;
}

static void end(struct placing *p)
{
	u32 i;

	for (i = 0; i < p->map->o->super.nr_legs; i++)
		couche_segmap_destroy(&p->segments[i]);
	for (i = 0; i < p->map->max_groups; i++)
		couche_alloc_destroy(&p->rows[i]);
	free(p->rows);
	free(p->known);
	free(p->version);
}

/**
 * couche_rescue_place() - put all extents that can be restored on a map
 * @r: scanned; gets the findings
 * @map: empty, for the superblock of the pool to be
 * @volumes: COUCHE_MAX_VOLUMES + 1; gets what was found
 * @counts: all zero; gets the same of the pool
 *
 * Return: 0 or an exit code.
 */
int couche_rescue_place(struct couche_rescue *r, struct couche_map *map,
			struct couche_rescued_volume *volumes,
			struct couche_rescue_counts *counts)
{
	struct placing p = { .r = r, .map = map, .counts = counts };
	size_t i;
	int err;

	begin(&p);
	gather(&p);
	qsort(p.version, p.nr, sizeof(*p.version), newest_first);
	for (i = 0; i < p.nr; i++)
		place_version(&p, &p.version[i]);
	err = complete_groups(&p);
	qsort(p.version, p.nr, sizeof(*p.version), in_order);
	judge(&p, volumes);
	end(&p);
	return err;
}
