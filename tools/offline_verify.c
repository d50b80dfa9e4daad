// SPDX-License-Identifier: GPL-2.0-only
/* couchectl verify: is every shard of a stopped pool what was written? */
#include <stdio.h>

#include "agent/lib/cleanup.h"
#include "offline_map.h"
#include "offline_meter.h"
#include "offline_stripe.h"
#include "plan.h"

static bool degraded_is_fine;

static const struct couche_option verify_options[] = {
	COUCHE_OFFLINE_OPTIONS,
	{ "degraded", 0, COUCHE_OPTION_FLAG, &degraded_is_fine, NULL,
	  "missing and failed legs are no damage, as long as all data is there" },
	{ NULL }
};

struct verify {
	struct couche_offline *o;
	struct couche_map *map;
	struct couche_offline_stripe stripe;
	struct couche_meter meter;
	u64 shards[COUCHE_MAX_LEGS][COUCHE_NR_SHARD_STATES];
	u64 checked, healthy, degraded, lost, wrong_parity;
};

/* Of a leg that is not in order nothing else is expected. */
static bool is_expected(const struct verify *v, u32 leg, enum couche_shard_state state)
{
	return !couche_offline_is_current(v->o, leg) && state != COUCHE_SHARD_LYING;
}

static void tell_shards(struct verify *v, const struct couche_stripe_id *id)
{
	unsigned int i;

	for (i = 0; i < v->stripe.geo.k + v->stripe.geo.m; i++) {
		enum couche_shard_state state = v->stripe.state[i];
		u32 leg = id->seg[i].leg;
		struct couche_spot spot;

		if (leg >= v->o->super.nr_legs)
			continue;
		v->shards[leg][state]++;
		if (state == COUCHE_SHARD_GOOD || is_expected(v, leg, state))
			continue;
		spot = couche_offline_spot(v->o, leg);
		couche_finding_add(&spot, COUCHE_FINDING_DAMAGE, v->stripe.field[i],
				   "volume %u extent %llu shard %u", id->volume, id->extent, i);
	}
}

static void tell_parity(struct verify *v, const struct couche_stripe_id *id, u32 wrong)
{
	unsigned int i;

	v->wrong_parity++;
	for (i = 0; i < v->stripe.geo.k + v->stripe.geo.m; i++) {
		struct couche_spot spot;

		if (!(wrong & (1u << i)))
			continue;
		spot = couche_offline_spot(v->o, id->seg[i].leg);
		couche_finding_add(&spot, COUCHE_FINDING_DAMAGE, "parity: not that of the data",
				   "volume %u extent %llu shard %u", id->volume, id->extent, i);
	}
}

static void tell_lost(struct verify *v, const struct couche_stripe_id *id)
{
	struct couche_spot spot = couche_offline_spot(v->o, COUCHE_NO_LEG);
	char what[64];

	v->lost++;
	snprintf(what, sizeof(what), "shards: %u are good, %u are needed",
		 (unsigned int)__builtin_popcount(v->stripe.good), v->stripe.geo.k);
	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "volume %u extent %llu", id->volume,
			   id->extent);
}

static void verify_stripe(struct verify *v, const struct couche_stripe_id *id)
{
	unsigned int all = v->stripe.geo.k + v->stripe.geo.m;
	u32 wrong;

	couche_offline_stripe_load(&v->stripe, v->o, id);
	v->checked++;
	tell_shards(v, id);
	if (!couche_offline_stripe_restore(&v->stripe)) {
		tell_lost(v, id);
		return;
	}
	if (__builtin_popcount(v->stripe.good) == (int)all)
		v->healthy++;
	else
		v->degraded++;
	wrong = couche_offline_stripe_wrong_parity(&v->stripe);
	if (wrong)
		tell_parity(v, id, wrong);
}

/* That of the tier's profile, or an older one. */
static void set_shape(struct verify *v, const struct couche_group_desc *group)
{
	const struct couche_profile shape = {
		.k = group->k, .m = group->nr - group->k, .matrix = group->matrix, .csum = 1,
	};

	couche_offline_stripe_reshape(&v->stripe, &shape, v->o->super.extent_sectors);
}

static void verify_extent(struct verify *v, const struct couche_map_page *page, u32 i)
{
	const struct couche_place *place = &page->place[i];
	const struct couche_group_desc *group;
	struct couche_stripe_id id = { .volume = page->volume };
	const char *field;
	unsigned int s;

	group = couche_map_group(v->map, from_couche_group(place->group));
	/* What the map has wrong was told when it was checked. */
	if (!group || group->tier != COUCHE_TIER_COLD ||
	    couche_super_check_shape(&v->o->super, group, &field))
		return;
	set_shape(v, group);
	if (place->rows != v->stripe.geo.rows)
		return;
	id.extent = (u64)page->index * COUCHE_PAGE_EXTENTS + i;
	id.generation = place->generation;
	id.group = from_couche_group(place->group);
	id.row = from_couche_row(place->row);
	for (s = 0; s < group->nr; s++)
		id.seg[s] = group->seg[s];
	verify_stripe(v, &id);
	couche_meter_step(&v->meter, (u64)v->stripe.geo.rows * group->nr * COUCHE_BLOCK_SIZE);
}

static void verify_map(struct verify *v)
{
	size_t p;
	u32 i;

	for (p = 0; p < v->map->nr_pages; p++) {
		for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
			const struct couche_place *place = &v->map->page[p]->place[i];

			if ((place->flags & COUCHE_EXTENT_MAPPED) &&
			    place->tier == COUCHE_TIER_COLD)
				verify_extent(v, v->map->page[p], i);
		}
	}
}

static u64 count_cold(const struct couche_map *map)
{
	u64 extents = 0;
	u32 i;

	for (i = 0; i <= COUCHE_MAX_VOLUMES; i++)
		extents += map->volume[i] ? map->volume[i]->mapped[COUCHE_TIER_COLD] : 0;
	return extents;
}

/* One line for a leg that is not there, instead of one for each of its shards. */
static void tell_leg(struct verify *v, u32 leg)
{
	struct couche_spot spot = couche_offline_spot(v->o, leg);
	u64 gone = v->shards[leg][COUCHE_SHARD_MISSING] + v->shards[leg][COUCHE_SHARD_STALE] +
		   v->shards[leg][COUCHE_SHARD_UNREADABLE];
	char what[96];

	if (couche_offline_is_current(v->o, leg) || !gone)
		return;
	snprintf(what, sizeof(what), "leg: %s, %llu shards are missing or stale",
		 couche_offline_is_leg(v->o, leg) ?
		 couche_leg_state_name(v->o->super.leg[leg].state) : "missing", gone);
	couche_finding_add(&spot, degraded_is_fine ? COUCHE_FINDING_NOTE : COUCHE_FINDING_DAMAGE,
			   what, "cold leg");
}

static void show_result(cJSON *doc, const struct verify *v)
{
	static const char * const names[COUCHE_NR_SHARD_STATES] = {
		"missing", "unreadable", "stale", "lying", "good"
	};
	cJSON *extents, *leg;
	unsigned int s;

	couche_offline_show_pool(doc, v->o);
	cJSON_ArrayForEach(leg, cJSON_GetObjectItem(doc, "legs")) {
		u32 i = couche_doc_number(leg, "index");
		u64 all = 0;

		for (s = 0; s < COUCHE_NR_SHARD_STATES; s++)
			all += v->shards[i][s];
		couche_doc_add_number(leg, "shards", all);
		for (s = COUCHE_NR_SHARD_STATES; s-- > 0;)
			couche_doc_add_number(leg, names[s], v->shards[i][s]);
	}
	extents = couche_doc_add_object(doc, "extents");
	couche_doc_add_number(extents, "checked", v->checked);
	couche_doc_add_number(extents, "healthy", v->healthy);
	couche_doc_add_number(extents, "degraded", v->degraded);
	couche_doc_add_number(extents, "lost", v->lost);
	couche_doc_add_number(extents, "wrong_parity", v->wrong_parity);
	couche_offline_show_findings(doc, v->o, false);
}

static void print_result(const struct couche_ctl *ctl, const struct verify *v)
{
	static const struct couche_column legs[] = {
		{ "LEG", "index", COUCHE_COLUMN_NUMBER }, { "ROLE", "role" },
		{ "DEVICE", "device" }, { "SHARDS", "shards", COUCHE_COLUMN_NUMBER },
		{ "GOOD", "good", COUCHE_COLUMN_NUMBER },
		{ "LYING", "lying", COUCHE_COLUMN_NUMBER },
		{ "STALE", "stale", COUCHE_COLUMN_NUMBER },
		{ "MISSING", "missing", COUCHE_COLUMN_NUMBER },
		{ "UNREADABLE", "unreadable", COUCHE_COLUMN_NUMBER },
		{ NULL }
	};
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("verify");

	show_result(doc, v);
	if (couche_doc_print_whole(ctl, doc))
		return;
	if (!ctl->quiet)
		couche_doc_print_table(ctl, legs, couche_doc_get(doc, "legs"), "");
	couche_offline_print_findings(ctl, doc);
	printf("%s: %s: %llu extents, %llu healthy, %llu degraded, %llu lost, %llu with wrong parity\n",
	       v->o->super.name, couche_findings_result(&v->o->findings), v->checked, v->healthy,
	       v->degraded, v->lost, v->wrong_parity);
}

static int verify_pool(const struct couche_ctl *ctl, struct verify *v)
{
	const struct couche_super *s = &v->o->super;
	u32 i;

	if (!v->o->has_meta)
		return couche_fail(COUCHE_EXIT_LOST, s->name,
				   "no current metadata leg is there to say what should be where; attach one, or see couchectl rescue");
	v->map = couche_map_load(v->o);
	couche_map_check(v->map);
	if (s->profile[COUCHE_TIER_COLD].k) {
		couche_offline_stripe_init(&v->stripe, &s->profile[COUCHE_TIER_COLD],
					   s->extent_sectors);
		couche_meter_start(&v->meter, ctl, (u64)v->stripe.geo.rows * COUCHE_BLOCK_SIZE *
				   (v->stripe.geo.k + v->stripe.geo.m) * count_cold(v->map));
		verify_map(v);
		couche_meter_end(&v->meter);
	}
	for (i = 0; i < s->nr_legs; i++)
		tell_leg(v, i);
	print_result(ctl, v);
	couche_offline_stripe_destroy(&v->stripe);
	couche_map_destroy(v->map);
	return couche_findings_exit(&v->o->findings);
}

static int run_verify(struct couche_ctl *ctl, int nr_args, char **args)
{
	static struct couche_offline o;
	static struct verify v;
	int r = couche_offline_open(&o, args);

	v.o = &o;
	if (!r)
		r = verify_pool(ctl, &v);
	couche_offline_close(&o);
	return r;
}

const struct couche_command couche_verify_commands[] = {
	{ NULL, "[DEVICE...]",
	  "Read every stripe of a stopped pool, compare checksums and parity; write nothing.",
	  verify_options, run_verify },
	{ NULL }
};
