// SPDX-License-Identifier: GPL-2.0-only
#include "health.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/core/geometry.h"
#include "plan.h"

/* What the legs of a role come to. */
struct tally {
	unsigned int missed;		/* out of service, and something lies on them */
	unsigned int current;		/* hold all that they are to hold */
	unsigned int takers;		/* take what is new */
	unsigned int takers_free;	/* and have a free segment */
	unsigned int sure, sure_free;	/* of these: hold all, or the data proves itself */
	unsigned int behind_free;	/* take it when they return, and have a free segment */
	uint64_t segments;		/* in groups */
	uint64_t draining;		/* of these, on legs that are being drained */
	uint64_t drain_left;		/* extents on these legs */
};

static bool is_bad(const struct couche_nl_leg *leg)
{
	return !leg->present || leg->state != COUCHE_LEG_ONLINE;
}

static bool takes_writes(const struct couche_nl_leg *leg)
{
	return leg->present && leg->state != COUCHE_LEG_FAILED;
}

static uint64_t errors_of(const struct couche_nl_leg *leg)
{
	return leg->read_errors + leg->write_errors + leg->csum_errors;
}

static void add_leg(char list[COUCHE_HEALTH_LEGS], const struct couche_nl_leg *leg)
{
	size_t len = strlen(list);

	snprintf(list + len, COUCHE_HEALTH_LEGS - len, "%s%u", len ? ", " : "", leg->index);
}

static void note_leg(struct couche_health *health,
		     const struct couche_nl_leg *leg)
{
	if (!leg->present)
		health->missing++;
	else if (leg->state == COUCHE_LEG_RESTORING)
		health->restoring++;
	else
		health->failed++;
	if (!takes_writes(leg))
		add_leg(health->legs, leg);
}

/* What was rebuilt elsewhere nobody misses. */
static bool is_missed(const struct couche_nl_leg *leg)
{
	return is_bad(leg) &&
	       (leg->role == COUCHE_ROLE_META || leg->used_sectors);
}

static void count_leg(struct tally *t, const struct couche_nl_pool *pool,
		      const struct couche_nl_leg *leg)
{
	bool proven = leg->role == COUCHE_ROLE_COLD;
	uint64_t used, all;
	bool has_free;

	t->missed += is_missed(leg);
	t->current += !is_bad(leg);
	if (leg->role == COUCHE_ROLE_META || !pool->segment_sectors || !pool->extent_sectors ||
	    leg->sectors < COUCHE_DATA_START)
		return;
	all = (leg->sectors - COUCHE_DATA_START) / pool->segment_sectors;
	used = leg->used_sectors / pool->segment_sectors;
	has_free = used < all;
	t->segments += used;
	if (leg->draining) {
		t->draining += used;
		t->drain_left += leg->drain_left;
	} else if (takes_writes(leg)) {
		t->takers++;
		t->takers_free += has_free;
		t->sure += proven || !is_bad(leg);
		t->sure_free += has_free && (proven || !is_bad(leg));
	} else {
		t->behind_free += has_free;
	}
}

/*
 * Have the groups that there are room for an extent? Not those on legs that are
 * being drained: what is on such a leg is known, and is a shard of each. Where more
 * legs are away than a group may lack, what is free in theirs still counts.
 */
static bool has_rows(const struct couche_nl_pool *pool, const struct couche_nl_tier *tier,
		     const struct tally *t)
{
	const struct couche_profile profile = { .k = tier->k, .m = tier->m, .csum = tier->csum };
	unsigned int shards = tier->k + tier->m;
	uint64_t room, taken, sectors;
	struct couche_geometry geo;

	couche_geometry_init(&geo, &profile, pool->extent_sectors);
	sectors = (uint64_t)geo.rows * COUCHE_BLOCK_SECTORS;
	room = pool->segment_sectors / sectors;
	taken = tier->used_sectors / sectors + shards;
	if (t->draining * room > t->drain_left)
		taken += shards * (t->draining * room - t->drain_left);
	return t->segments * room >= taken;
}

enum supply {
	HAS_ROOM,
	IS_FULL,
	TOO_FEW_LEGS,
};

/* As the kernel places new extents, see group_alloc.c. */
static enum supply supply_of(const struct couche_nl_pool *pool, uint8_t tier,
			     const struct tally *t)
{
	const struct couche_nl_tier *p = &pool->tier[tier];
	unsigned int shards = p->k + p->m;
	unsigned int now = t->takers < shards ? t->takers : shards;

	if (now < p->min_healthy || !t->sure)
		return TOO_FEW_LEGS;
	if (t->takers_free >= now && t->sure_free && t->behind_free >= shards - now)
		return HAS_ROOM;
	return has_rows(pool, p, t) ? HAS_ROOM : IS_FULL;
}

/* A full tier sends what is new to the next one, one without legs does not. */
static void judge_room(struct couche_health *health, const struct couche_nl_pool *pool,
		       const struct tally *tallies)
{
	const struct couche_nl_tier *cold = &pool->tier[COUCHE_TIER_COLD];
	const struct tally *legs = &tallies[COUCHE_ROLE_COLD];
	enum supply supply = IS_FULL;
	uint8_t tier;

	for (tier = COUCHE_TIER_HOT; tier < COUCHE_TIER_COLD && supply == IS_FULL; tier++)
		if (pool->tier[tier].k)
			supply = supply_of(pool, tier, &tallies[tier + COUCHE_ROLE_HOT]);
	health->full = supply == IS_FULL;
	health->no_landing = supply == TOO_FEW_LEGS;
	health->cold_there = cold->k;
	if (!cold->k)
		return;
	health->cold_short = legs->takers < cold->k + cold->m;
	health->cold_closed = legs->takers < cold->min_healthy;
	health->cold_room = supply_of(pool, COUCHE_TIER_COLD, legs) == HAS_ROOM;
}

/* Can what lies on it not be had from other legs? */
static bool is_alone(const struct couche_health *health, const struct couche_nl_pool *pool,
		     const struct tally *tallies, const struct couche_nl_leg *leg)
{
	if (leg->role == COUCHE_ROLE_META)
		return tallies[leg->role].current <= 1;
	return health->exhausted[leg->role] ||
	       !pool->tier[leg->role - COUCHE_ROLE_HOT].m;
}

static void judge_errors(struct couche_health *health, const struct couche_nl_pool *pool,
			 const struct tally *tallies, const struct couche_nl_leg *leg)
{
	health->errors += errors_of(leg);
	if (!errors_of(leg) || is_bad(leg) || !is_alone(health, pool, tallies, leg))
		return;
	health->nr_alone++;
	health->alone_errors += errors_of(leg);
	add_leg(health->alone, leg);
	health->alone_meta |= leg->role == COUCHE_ROLE_META;
	health->alone_tier |= leg->role != COUCHE_ROLE_META &&
			      !pool->tier[leg->role - COUCHE_ROLE_HOT].m;
}

static void judge_legs(struct couche_health *health, const struct couche_nl_pool *pool,
		       const struct couche_nl_leg *legs, size_t nr_legs)
{
	struct tally tallies[COUCHE_ROLE_COLD + 1] = { 0 };
	const struct tally *meta = &tallies[COUCHE_ROLE_META];
	bool mixed = pool->sweep[COUCHE_SWEEP_RESHAPE].state != COUCHE_SWEEP_IDLE;
	uint8_t role;
	size_t i;

	for (i = 0; i < nr_legs; i++) {
		if (legs[i].role > COUCHE_ROLE_COLD)
			continue;
		count_leg(&tallies[legs[i].role], pool, &legs[i]);
		if (is_bad(&legs[i]))
			note_leg(health, &legs[i]);
	}
	health->exhausted[COUCHE_ROLE_META] = meta->missed && meta->current <= 1;
	for (role = COUCHE_ROLE_HOT; role <= COUCHE_ROLE_COLD; role++) {
		const struct couche_nl_tier *tier = &pool->tier[role - COUCHE_ROLE_HOT];
		unsigned int missed = tallies[role].missed;

		health->exhausted[role] = missed && missed >= tier->m;
		health->beyond |= missed > tier->m;
	}
	/* Stripes of the old profile may have less parity; how much is not told. */
	health->cold_mixed = mixed && tallies[COUCHE_ROLE_COLD].missed &&
			     !health->exhausted[COUCHE_ROLE_COLD];
	for (i = 0; i < nr_legs; i++)
		if (legs[i].role <= COUCHE_ROLE_COLD)
			judge_errors(health, pool, tallies, &legs[i]);
	judge_room(health, pool, tallies);
}

/**
 * couche_health_judge() - what is wrong with a pool?
 * @health: filled in
 * @pool: what the kernel says of it
 * @legs: and of its legs
 * @nr_legs: how many
 */
void couche_health_judge(struct couche_health *health,
			 const struct couche_nl_pool *pool,
			 const struct couche_nl_leg *legs, size_t nr_legs)
{
	const struct couche_nl_sweep *scrub = &pool->sweep[COUCHE_SWEEP_SCRUB];

	memset(health, 0, sizeof(*health));
	health->degraded = pool->degraded;
	health->read_only = pool->read_only;
	health->metadata_failed = pool->metadata_failed;
	health->scrub_failed = scrub->failed;
	health->scrub_no_room = scrub->error == -ENOSPC || scrub->error == -ENODEV;
	judge_legs(health, pool, legs, nr_legs);
}

/**
 * couche_health_good() - need nobody look at the pool?
 * @health: judged
 *
 * Return: whether all is well, but for errors that are covered.
 */
bool couche_health_good(const struct couche_health *health)
{
	return !health->degraded && !health->read_only && !health->failed && !health->missing &&
	       !health->restoring && !health->lost_reads && !health->scrub_failed &&
	       !health->nr_alone && !health->full && !health->no_landing;
}

/* One more sentence. */
static void __attribute__((format(printf, 2, 3))) say(char *text, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len && len < COUCHE_HEALTH_TEXT - 1)
		text[len++] = ' ';
	va_start(args, format);
	vsnprintf(text + len, COUCHE_HEALTH_TEXT - len, format, args);
	va_end(args);
}

static void describe_loss(const struct couche_health *h, const char *name,
			  char *status, char *action)
{
	if (h->lost_reads)
		say(status, "%llu reads since the pool was started found too few good copies or shards: data is lost, unless a leg that is away has it.",
		    (unsigned long long)h->lost_reads);
	if (h->scrub_failed)
		say(status, "The last scrub could not bring %llu extents in order: %s.",
		    (unsigned long long)h->scrub_failed, h->scrub_no_room ?
		    "for some there was no room or were too few legs, others may be lost" :
		    "they may be lost");
	if (!h->lost_reads && !h->scrub_failed)
		return;
	say(action, "The kernel log names extents that are concerned. When %s is exported 'couchectl verify' names what is lost of the cold tier, and 'couchectl check' damage of the metadata and of what is staged; what no leg has any more must come from a backup.",
	    name);
	if (h->lost_reads)
		say(action, "Reads are counted anew once the pool has been exported and imported.");
	if (h->scrub_failed)
		say(action, "With %severy leg in order 'couchectl pool scrub start %s' tries again.",
		    h->scrub_no_room ? "room and " : "", name);
}

/* Errors of legs in service that nobody makes up for. */
static void describe_alone(const struct couche_health *h, const char *name,
			   char *status, char *action)
{
	say(status, "Leg%s %s reported %llu errors, and no other leg can stand in: reads and writes there may fail.",
	    h->nr_alone > 1 ? "s" : "", h->alone, (unsigned long long)h->alone_errors);
	if (h->alone_meta)
		say(action, "Give the metadata another leg: 'couchectl leg add %s --meta DEVICE'.",
		    name);
	if (h->alone_tier)
		say(action, "Replace what reported errors: 'couchectl leg add %s', then 'couchectl leg drain %s LEG'; or 'couchectl migrate %s/VOLUME --to TIER' to where there is redundancy. Errors are counted anew once %s has been exported and imported.",
		    name, name, name, name);
}

/* "the meta and cold" */
static void list_exhausted(const struct couche_health *h, char *text, size_t size)
{
	uint8_t role;

	text[0] = '\0';
	for (role = 0; role <= COUCHE_ROLE_COLD; role++) {
		size_t len = strlen(text);

		if (h->exhausted[role])
			snprintf(text + len, size - len, "%s%s", len ? " and " : "the ",
				 couche_role_name(role));
	}
}

static void describe_legs(const struct couche_health *h, const char *name,
			  char *status, char *action)
{
	char failed[32] = "", missing[32] = "", exhausted[64];

	if (h->failed)
		snprintf(failed, sizeof(failed), "%u failed", h->failed);
	if (h->missing)
		snprintf(missing, sizeof(missing), "%s%u missing", h->failed ? ", " : "",
			 h->missing);
	list_exhausted(h, exhausted, sizeof(exhausted));
	if (h->lost_reads || h->scrub_failed || h->beyond || h->nr_alone)
		say(status, "Legs out of service: %s%s.", failed, missing);
	else
		say(status, "Legs out of service: %s%s. All data is readable%s%s%s.", failed,
		    missing, *exhausted ? "; " : "", exhausted,
		    *exhausted ? " legs stand no further loss" : "");
	if (h->cold_mixed)
		say(status, "Until the cold tier's new profile is everywhere, some of its stripes may stand no further loss.");
	if (h->cold_there && h->cold_closed)
		say(status, "With these few legs nothing moves to the cold tier.");
	else if (h->cold_there && h->cold_short)
		say(status, "What moves to the cold tier lacks shards until they return.");
	if (h->failed + h->missing == 1)
		say(action, "Attach or repair the device, then 'couchectl leg restore %s %s'; or 'couchectl leg replace %s %s DEVICE'.",
		    name, h->legs, name, h->legs);
	else
		say(action, "Attach or repair the devices, then 'couchectl leg restore %s LEG' for each of the legs %s; or 'couchectl leg replace %s LEG DEVICE'.",
		    name, h->legs, name);
}

static void describe_room(const struct couche_health *h, const char *name,
			  char *status, char *action)
{
	if (h->no_landing) {
		say(status, "Writes to new places fail: too few hot or warm legs take them.");
		if (!*action)
			say(action, "Add one: 'couchectl leg add %s'; or end a drain: 'couchectl leg undrain %s LEG'.",
			    name, name);
		return;
	}
	say(status, "The pool is full: writes to new places fail with 'no space left'.");
	if (h->cold_room)
		say(action, "Make room: 'couchectl migrate %s/VOLUME --to cold', delete files and run fstrim, or remove a volume.",
		    name);
	else if (h->cold_there)
		say(action, "Make room: 'couchectl leg add %s' (the cold tier is full as well, or lacks legs), delete files and run fstrim, or remove a volume.",
		    name);
	else
		say(action, "Make room: 'couchectl leg add %s', delete files and run fstrim, or remove a volume.",
		    name);
}

/**
 * couche_health_describe() - tell a person
 * @h: judged
 * @name: of the pool
 * @status: gets sentences, the worst first; empty if all is well
 * @action: gets what can be done about it
 */
void couche_health_describe(const struct couche_health *h, const char *name,
			    char status[COUCHE_HEALTH_TEXT],
			    char action[COUCHE_HEALTH_TEXT])
{
	status[0] = '\0';
	action[0] = '\0';
	if (h->metadata_failed) {
		say(status, "The metadata could not be written; the pool takes no more writes.");
		say(action, "Look at the meta legs and the kernel log, then export and import the pool.");
	} else if (h->read_only) {
		say(status, "The pool was started read-only.");
		say(action, "To write, export it and import it without --readonly.");
	}
	describe_loss(h, name, status, action);
	if (h->nr_alone)
		describe_alone(h, name, status, action);
	if (h->failed + h->missing)
		describe_legs(h, name, status, action);
	if ((h->full || h->no_landing) && !h->read_only)
		describe_room(h, name, status, action);
	if (h->restoring) {
		say(status, "%u legs are being brought up to date.", h->restoring);
		say(action, "Wait; follow it with 'couchectl events'.");
	}
	if (!*status && h->errors) {
		say(status, "Devices reported %llu errors; all of them were repaired or are covered.",
		    (unsigned long long)h->errors);
		say(action, "Look at the error columns of 'couchectl leg list %s' and replace a device that has many.",
		    name);
	}
}
