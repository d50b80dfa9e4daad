// SPDX-License-Identifier: GPL-2.0-only
/* Do the superblocks of all legs tell the same story? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "offline_repair.h"
#include "plan.h"

static const char slot_name[2] = { 'A', 'B' };

static bool is_good(int err)
{
	return !err || err == -EROFS;
}

/*
 * Of the two slots one may have been torn by a crash, but a pool that was
 * stopped has two good ones.
 */
static void check_slots(struct couche_offline *o, const struct couche_spot *spot,
			const struct couche_offline_leg *leg)
{
	bool any = is_good(leg->err[0]) || is_good(leg->err[1]);
	enum couche_severity severity = any && !o->super.clean ? COUCHE_FINDING_NOTE :
								 COUCHE_FINDING_DAMAGE;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (leg->err[i] == -EROFS)
			couche_finding_add(spot, COUCHE_FINDING_NOTE, leg->field[i],
					   "superblock slot %c", slot_name[i]);
		else if (leg->err[i] == -EPROTONOSUPPORT)
			couche_finding_add(spot, COUCHE_FINDING_LOSS, leg->field[i],
					   "superblock slot %c", slot_name[i]);
		else if (leg->err[i])
			couche_finding_add(spot, severity, leg->field[i],
					   "superblock slot %c", slot_name[i]);
	}
}

static bool profiles_differ(const struct couche_super *a, const struct couche_super *b)
{
	return memcmp(a->profile, b->profile, sizeof(a->profile)) != 0;
}

static bool legs_differ(const struct couche_super *a, const struct couche_super *b)
{
	u32 i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		const struct couche_super_leg *x = &a->leg[i], *y = &b->leg[i];

		if (x->role != y->role || x->state != y->state || x->sectors != y->sectors ||
		    x->domain != y->domain || memcmp(x->uuid, y->uuid, COUCHE_UUID_SIZE))
			return true;
	}
	return false;
}

/* What must be the same on all legs that have the same sequence. */
static const char *differing_field(const struct couche_super *a, const struct couche_super *b)
{
	if (a->nr_legs != b->nr_legs)
		return "nr_legs: differs from the metadata's";
	if (strcmp(a->name, b->name))
		return "name: differs from the metadata's";
	if (a->extent_sectors != b->extent_sectors)
		return "extent_sectors: differs from the metadata's";
	if (a->segment_sectors != b->segment_sectors)
		return "segment_sectors: differs from the metadata's";
	if (a->map_start != b->map_start || a->map_pages != b->map_pages)
		return "map_start: differs from the metadata's";
	if (a->journal_start != b->journal_start || a->journal_blocks != b->journal_blocks)
		return "journal_start: differs from the metadata's";
	if (profiles_differ(a, b))
		return "profile: differs from the metadata's";
	return legs_differ(a, b) ? "leg: the table differs from the metadata's" : NULL;
}

/* A current meta leg is as new as the newest, but for a crash in between. */
static void check_age(struct couche_offline *o, const struct couche_spot *spot, u32 i)
{
	const struct couche_super *s = &o->leg[i].super, *best = &o->super;
	bool meta = best->leg[i].role == COUCHE_ROLE_META;
	enum couche_severity severity = best->clean && meta ? COUCHE_FINDING_DAMAGE :
							      COUCHE_FINDING_NOTE;

	if (!meta && s->sequence > best->sequence) {
		couche_finding_add(spot, COUCHE_FINDING_LOSS,
				   "sequence: newer than all metadata, the pool went on without it",
				   "superblock");
		return;
	}
	/* Without its newer slot it looks older, which was told already. */
	if (best->leg[i].state != COUCHE_LEG_ONLINE || o->leg[i].err[0] || o->leg[i].err[1])
		return;
	if (s->sequence < best->sequence ||
	    (meta && s->sequence == best->sequence && s->checkpoint < best->checkpoint))
		couche_finding_add(spot, severity, "sequence: older than that of other legs",
				   "superblock");
}

static void check_leg(struct couche_offline *o, u32 i)
{
	const struct couche_offline_leg *leg = &o->leg[i];
	struct couche_spot spot = couche_offline_spot(o, i);
	const struct couche_super *best = &o->super;
	const char *field;

	check_slots(o, &spot, leg);
	if (leg->sectors < best->leg[i].sectors)
		couche_finding_add(&spot, COUCHE_FINDING_LOSS,
				   "sectors: the device has become smaller", "superblock");
	if (!couche_offline_is_leg(o, i)) {
		couche_finding_add(&spot, COUCHE_FINDING_DAMAGE,
				   "leg uuid: another device has taken its place", "superblock");
		return;
	}
	check_age(o, &spot, i);
	if (leg->super.sequence != best->sequence)
		return;
	field = differing_field(&leg->super, best);
	if (field)
		couche_finding_add(&spot, COUCHE_FINDING_DAMAGE, field, "superblock");
}

/* A later version's superblock is no damage, and no slot is written beside one. */
static bool is_newer_format(int err)
{
	return err == -EROFS || err == -EPROTONOSUPPORT;
}

/*
 * A slot that cannot be read gets what the other legs have. So do both of a
 * metadata leg that is older than it should be; its pages and blocks are seen
 * to where these are checked.
 */
static void repair_leg(struct couche_offline *o, u32 i)
{
	const struct couche_offline_leg *leg = &o->leg[i];
	const struct couche_super *best = &o->super;
	bool old;

	if (!o->has_meta || is_newer_format(leg->err[0]) ||
	    is_newer_format(leg->err[1]) || !couche_offline_is_leg(o, i))
		return;
	old = best->clean && best->leg[i].role == COUCHE_ROLE_META &&
	      best->leg[i].state == COUCHE_LEG_ONLINE &&
	      (leg->super.sequence != best->sequence ||
	       leg->super.checkpoint != best->checkpoint);
	if (old || leg->err[0])
		couche_repair_super(o, i, 0);
	if (old || leg->err[1])
		couche_repair_super(o, i, 1);
}

/**
 * couche_offline_lose_legs() - too many legs are not there or not in order
 * @o: the legs; gets the finding
 * @role: of them
 * @gone: how many
 * @nr: of how many
 * @spare: as many as could be
 */
void couche_offline_lose_legs(struct couche_offline *o, u8 role, unsigned int gone,
			      unsigned int nr, unsigned int spare)
{
	struct couche_spot spot = couche_offline_spot(o, COUCHE_NO_LEG);
	char what[96];

	snprintf(what, sizeof(what), "legs: %u of %u are missing or stale, %u may be", gone, nr,
		 spare);
	couche_finding_add(&spot, COUCHE_FINDING_LOSS, what, "%s legs", couche_role_name(role));
}

/* One is enough; of other legs the map knows what was on them. */
static void check_meta(struct couche_offline *o)
{
	const struct couche_super *s = &o->super;
	unsigned int nr = 0, gone = 0;
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state == COUCHE_LEG_NONE || s->leg[i].role != COUCHE_ROLE_META)
			continue;
		nr++;
		gone += !couche_offline_is_current(o, i);
	}
	if (gone == nr)
		couche_offline_lose_legs(o, COUCHE_ROLE_META, gone, nr, nr - 1);
}

static void check_states(struct couche_offline *o)
{
	const struct couche_super *s = &o->super;
	char what[64];
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		struct couche_spot spot = couche_offline_spot(o, i);

		if (s->leg[i].state == COUCHE_LEG_NONE)
			continue;
		if (!o->leg[i].path)
			couche_finding_add(&spot, COUCHE_FINDING_DAMAGE, "leg: missing", "%s leg",
					   couche_role_name(s->leg[i].role));
		if (s->leg[i].state == COUCHE_LEG_ONLINE)
			continue;
		snprintf(what, sizeof(what), "state: %s", couche_leg_state_name(s->leg[i].state));
		couche_finding_add(&spot, COUCHE_FINDING_DAMAGE, what, "%s leg",
				   couche_role_name(s->leg[i].role));
	}
}

/**
 * couche_offline_check_supers() - judge the set of superblocks
 * @o: the legs; gets the findings
 */
void couche_offline_check_supers(struct couche_offline *o)
{
	unsigned int i;

	for (i = 0; i < o->nr_strange; i++) {
		struct couche_spot spot = { &o->findings, COUCHE_NO_LEG, o->strange[i].path };

		check_slots(o, &spot, &o->strange[i]);
	}
	for (i = 0; i < o->super.nr_legs; i++) {
		if (!o->leg[i].path)
			continue;
		check_leg(o, i);
		repair_leg(o, i);
	}
	check_states(o);
	check_meta(o);
}
