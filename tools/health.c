// SPDX-License-Identifier: GPL-2.0-only
#include "health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

static bool is_bad(const struct couche_nl_leg *leg)
{
	return !leg->present || leg->state != COUCHE_LEG_ONLINE;
}

static void note_leg(struct couche_health *health,
		     const struct couche_nl_leg *leg)
{
	size_t len = strlen(health->legs);

	if (!leg->present)
		health->missing++;
	else if (leg->state == COUCHE_LEG_RESTORING)
		health->restoring++;
	else
		health->failed++;
	if (!leg->present || leg->state == COUCHE_LEG_FAILED)
		snprintf(health->legs + len, sizeof(health->legs) - len, "%s%u",
			 len ? ", " : "", leg->index);
}

/* What was rebuilt elsewhere nobody misses. */
static bool is_missed(const struct couche_nl_leg *leg)
{
	return is_bad(leg) &&
	       (leg->role == COUCHE_ROLE_META || leg->used_sectors);
}

static void judge_legs(struct couche_health *health,
		       const struct couche_nl_pool *pool,
		       const struct couche_nl_leg *legs, size_t nr_legs)
{
	unsigned int missed[COUCHE_ROLE_COLD + 1] = { 0 }, good[COUCHE_ROLE_COLD + 1] = { 0 };
	const struct couche_nl_tier *cold = &pool->tier[COUCHE_TIER_COLD];
	uint8_t tier, role;
	size_t i;

	for (i = 0; i < nr_legs; i++) {
		const struct couche_nl_leg *leg = &legs[i];

		health->errors += leg->read_errors + leg->write_errors + leg->csum_errors;
		if (leg->role > COUCHE_ROLE_COLD)
			continue;
		missed[leg->role] += is_missed(leg);
		good[leg->role] += !is_bad(leg);
		if (is_bad(leg))
			note_leg(health, leg);
	}
	health->cold_short = good[COUCHE_ROLE_COLD] < cold->k + cold->m;
	health->cold_closed = good[COUCHE_ROLE_COLD] < cold->min_healthy;
	health->no_landing = !good[COUCHE_ROLE_HOT] && !good[COUCHE_ROLE_WARM];
	health->exhausted[COUCHE_ROLE_META] = missed[COUCHE_ROLE_META] &&
					      good[COUCHE_ROLE_META] <= 1;
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		role = tier + COUCHE_ROLE_HOT;
		health->exhausted[role] = missed[role] && missed[role] >= pool->tier[tier].m;
	}
}

/* Sectors of data that a tier has room for. */
static uint64_t room_of(const struct couche_nl_tier *tier)
{
	if (!tier->k || tier->sectors <= tier->used_sectors)
		return 0;
	return (tier->sectors - tier->used_sectors) / (tier->k + tier->m) * tier->k;
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
	const struct couche_nl_tier *cold = &pool->tier[COUCHE_TIER_COLD];

	memset(health, 0, sizeof(*health));
	health->degraded = pool->degraded;
	health->read_only = pool->read_only;
	health->metadata_failed = pool->metadata_failed;
	health->scrub_failed = pool->sweep[COUCHE_SWEEP_SCRUB].failed;
	judge_legs(health, pool, legs, nr_legs);
	/* New data goes to the tiers that are written in place. */
	health->full = room_of(&pool->tier[COUCHE_TIER_HOT]) +
		       room_of(&pool->tier[COUCHE_TIER_WARM]) < pool->extent_sectors;
	health->cold_there = cold->k;
	health->cold_room = room_of(cold) >= pool->extent_sectors && !health->cold_closed;
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
	       !health->full && !health->no_landing;
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
		say(status, "The last scrub could not bring %llu extents in order: they may be lost.",
		    (unsigned long long)h->scrub_failed);
	if (h->lost_reads || h->scrub_failed)
		say(action, "The kernel log names what cannot be read, and so does 'couchectl verify' when %s is exported; what no leg has any more must come from a backup.",
		    name);
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
	if (h->lost_reads || h->scrub_failed)
		say(status, "Legs out of service: %s%s.", failed, missing);
	else
		say(status, "Legs out of service: %s%s. All data is readable%s%s%s.", failed,
		    missing, *exhausted ? "; " : "", exhausted,
		    *exhausted ? " legs stand no further loss" : "");
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
		say(status, "Writes to new places fail: no hot or warm leg is in service.");
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
