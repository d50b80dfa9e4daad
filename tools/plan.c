// SPDX-License-Identifier: GPL-2.0-only
#include "plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "couchectl.h"
#include "kernel/core/bounds.h"
#include "kernel/core/codec.h"
#include "kernel/core/super.h"
#include "size.h"

#define SECTOR	512

/**
 * couche_profile_parse() - read "4+2"
 * @option: for the error line
 * @text: data shards, a plus sign, parity shards or further mirrors
 * @profile: k and m are set
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_profile_parse(const char *option, const char *text,
			 struct couche_plan_profile *profile)
{
	char *end;
	unsigned long k, m = 0;

	k = strtoul(text, &end, 10);
	if (*end == '+' && end[1] >= '0' && end[1] <= '9')
		m = strtoul(end + 1, &end, 10);
	else
		end = (char *)text;
	if (end == text || *end || text[0] < '0' || text[0] > '9')
		return couche_fail(COUCHE_EXIT_USAGE, option,
				   "'%s' is no profile; give data and parity shards such as 4+2",
				   text);
	if (!k)
		return couche_fail(COUCHE_EXIT_USAGE, option,
				   "%s: K is at least 1; give data and parity shards such as 4+2",
				   text);
	if (k > COUCHE_MAX_SHARDS || m > COUCHE_MAX_SHARDS || k + m > COUCHE_MAX_SHARDS)
		return couche_fail(COUCHE_EXIT_USAGE, option,
				   "%s: 1 to %d shards are possible; give a smaller profile",
				   text, COUCHE_MAX_SHARDS);
	profile->k = k;
	profile->m = m;
	return 0;
}

/**
 * couche_matrix_parse() - read the name of a matrix
 * @option: for the error line
 * @text: the name
 * @matrix: the result
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_matrix_parse(const char *option, const char *text, uint8_t *matrix)
{
	uint8_t i;

	for (i = 0; i < 2; i++) {
		if (strcmp(text, couche_matrix_name(i)))
			continue;
		*matrix = i;
		return 0;
	}
	return couche_fail(COUCHE_EXIT_USAGE, option,
			   "'%s' is no matrix; give vandermonde or cauchy",
			   text);
}

/**
 * couche_min_healthy_parse() - read how many shards new data needs
 * @option: for the error line
 * @text: the count; whether it fits a profile is for the caller to see
 * @min_healthy: the result
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_min_healthy_parse(const char *option, const char *text,
			     uint8_t *min_healthy)
{
	uint64_t shards;

	if (couche_uint_parse(text, COUCHE_MAX_SHARDS, &shards) || !shards)
		return couche_fail(COUCHE_EXIT_USAGE, option,
				   "'%s' is no number of shards; give K to K+M",
				   text);
	*min_healthy = shards;
	return 0;
}

/**
 * couche_profile_is_mds() - does its matrix restore any m lost shards?
 * @profile: the profile
 *
 * Return: true if it does.
 */
bool couche_profile_is_mds(const struct couche_plan_profile *profile)
{
	return !couche_codec_check(profile->k, profile->m, profile->matrix);
}

/**
 * couche_plan_count() - how many legs have a role?
 * @plan: the plan
 * @role: enum couche_role
 *
 * Return: the count.
 */
unsigned int couche_plan_count(const struct couche_plan *plan, uint8_t role)
{
	unsigned int i, nr = 0;

	for (i = 0; i < plan->nr_legs; i++)
		nr += plan->leg[i].role == role;
	return nr;
}

/**
 * couche_plan_raw_sectors() - capacity of a tier, parity included
 * @plan: the plan
 * @tier: enum couche_tier
 *
 * Return: sectors in whole segments.
 */
uint64_t couche_plan_raw_sectors(const struct couche_plan *plan, uint8_t tier)
{
	uint64_t sectors = 0;
	unsigned int i;

	for (i = 0; i < plan->nr_legs; i++) {
		uint64_t data = plan->leg[i].sectors - COUCHE_DATA_START;

		if (plan->leg[i].role == couche_role_of_tier(tier))
			sectors += data - data % plan->segment_sectors;
	}
	return sectors;
}

/**
 * couche_plan_set_data_journal() - give the pool a data journal
 * @plan: its profiles and settings are set
 * @bytes: of each meta leg; 0: none
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_plan_set_data_journal(struct couche_plan *plan, uint64_t bytes)
{
	const bool *given = plan->settings.given;
	uint64_t slots = bytes / COUCHE_BLOCK_SIZE;

	if (!bytes && (given[COUCHE_SETTING_DESTAGE_THRESHOLD] ||
		       given[COUCHE_SETTING_DESTAGE_INTERVAL]))
		return couche_fail(COUCHE_EXIT_USAGE, given[COUCHE_SETTING_DESTAGE_THRESHOLD] ?
				   "--destage-threshold" : "--destage-interval",
				   "there is no data journal; give --data-journal SIZE");
	if (!bytes)
		return 0;
	if (bytes % COUCHE_BLOCK_SIZE || slots < COUCHE_MIN_STAGE_SLOTS ||
	    slots > COUCHE_MAX_STAGE_SLOTS)
		return couche_fail(COUCHE_EXIT_USAGE, "--data-journal",
				   "out of range; give 1MiB to 16GiB, a multiple of 4KiB");
	if (!plan->profile[COUCHE_TIER_COLD].k)
		return couche_fail(COUCHE_EXIT_USAGE, "--data-journal",
				   "there is no cold tier; give --cold DEV");
	plan->stage_slots = slots;
	return 0;
}

static int check_meta(const struct couche_plan *plan)
{
	unsigned int nr = couche_plan_count(plan, COUCHE_ROLE_META);

	if (!nr)
		return couche_fail(COUCHE_EXIT_USAGE, plan->name,
				   "a pool needs a leg for its metadata; give --meta DEV");
	if (nr > COUCHE_MAX_META_LEGS)
		return couche_fail(COUCHE_EXIT_USAGE, plan->name,
				   "%u meta legs; give at most %d", nr, COUCHE_MAX_META_LEGS);
	return 0;
}

/* Cold extents are moved there, never written. */
static int check_writable(const struct couche_plan *plan)
{
	if (plan->profile[COUCHE_TIER_HOT].k || plan->profile[COUCHE_TIER_WARM].k)
		return 0;
	return couche_fail(COUCHE_EXIT_USAGE, plan->name,
			   "neither a hot nor a warm leg, nowhere to write; give --hot DEV or --warm DEV");
}

static int check_tier(const struct couche_plan *plan, uint8_t tier)
{
	const struct couche_plan_profile *p = &plan->profile[tier];
	unsigned int nr = couche_plan_count(plan, couche_role_of_tier(tier));
	const char *name = couche_tier_name(tier);

	if (!p->k)
		return 0;
	if (tier != COUCHE_TIER_COLD && (p->k != 1 || p->m > 2))
		return couche_fail(COUCHE_EXIT_USAGE, plan->name,
				   "the %s tier cannot be %u+%u: it stores copies; give --%s-profile 1+0, 1+1 or 1+2",
				   name, p->k, p->m, name);
	if (nr < p->k + p->m)
		return couche_fail(COUCHE_EXIT_USAGE, plan->name,
				   "the %s tier has %u legs, its profile %u+%u needs %u; add legs or give a smaller --%s-profile",
				   name, nr, p->k, p->m, p->k + p->m, name);
	if (p->min_healthy && (p->min_healthy < p->k || p->min_healthy > p->k + p->m))
		return couche_fail(COUCHE_EXIT_USAGE, plan->name,
				   "a stripe of %u+%u cannot need %u shards; give a --%s-min-healthy of %u to %u",
				   p->k, p->m, p->min_healthy, name, p->k, p->k + p->m);
	if (!couche_profile_is_mds(p))
		return couche_fail(COUCHE_EXIT_USAGE, plan->name,
				   "a %s matrix cannot restore every loss of %u+%u; give --matrix cauchy",
				   couche_matrix_name(p->matrix), p->k, p->m);
	return 0;
}

static int check_leg_size(const struct couche_plan *plan, const struct couche_plan_leg *leg)
{
	char has[COUCHE_SIZE_TEXT], needs[COUCHE_SIZE_TEXT];

	if (leg->role == COUCHE_ROLE_META ||
	    leg->sectors >= COUCHE_DATA_START + plan->segment_sectors)
		return 0;
	return couche_fail(COUCHE_EXIT_FAILURE, leg->device,
			   "is too small (%s) for one segment (%s with its header); choose a larger device or a smaller --segment-size",
			   couche_size_format(leg->sectors * SECTOR, has),
			   couche_size_format((COUCHE_DATA_START + plan->segment_sectors) * SECTOR,
					      needs));
}

static void to_super(const struct couche_plan *plan, struct couche_super *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	memcpy(s->pool_uuid, plan->uuid, COUCHE_UUID_SIZE);
	snprintf(s->name, sizeof(s->name), "%s", plan->name);
	s->sequence = 1;
	s->nr_legs = plan->nr_legs;
	s->extent_sectors = plan->extent_sectors;
	s->segment_sectors = plan->segment_sectors;
	s->stage_slots = plan->stage_slots;
	s->stage_start = plan->stage_start;
	s->incompat = plan->stage_slots ? COUCHE_FEATURE_INCOMPAT_STAGE : 0;
	for (i = 0; i < COUCHE_NR_TIERS; i++) {
		s->profile[i].k = plan->profile[i].k;
		s->profile[i].m = plan->profile[i].m;
		s->profile[i].matrix = plan->profile[i].matrix;
		s->profile[i].min_healthy = plan->profile[i].min_healthy;
		s->profile[i].csum = i == COUCHE_TIER_COLD && plan->profile[i].k;
	}
	for (i = 0; i < plan->nr_legs; i++) {
		/* the kernel chooses the real ones */
		uuid_generate(s->leg[i].uuid);
		s->leg[i].sectors = plan->leg[i].sectors;
		s->leg[i].role = plan->leg[i].role;
		s->leg[i].state = COUCHE_LEG_ONLINE;
		s->leg[i].domain = plan->leg[i].domain;
	}
}

/* What to do about a rule of the format that the plan breaks. */
static const char *remedy(const char *field)
{
	if (!strncmp(field, "extent_sectors", 14))
		return "give an --extent-size of 64KiB to 64MiB, a power of two";
	if (!strncmp(field, "segment_sectors", 15))
		return "give a --segment-size of 1MiB to 4GiB, a multiple of the extent size";
	if (!strncmp(field, "leg sectors", 11))
		return "use larger devices, a smaller --data-journal or a larger --segment-size";
	if (!strncmp(field, "profile", 7))
		return "give other profiles";
	return "change the pool's layout";
}

/* What can be done about a metadata leg that is too small. */
static const char *meta_remedy(const struct couche_plan *plan, const struct couche_plan_leg *leg)
{
	if (!plan->grows)
		return "use larger devices, a smaller --data-journal or a larger --segment-size";
	if (leg->device && *leg->device)
		return "choose a larger device";
	return "add larger metadata legs, then fail and remove the small one";
}

/* The smallest metadata leg has no room for what all of them hold. */
static int fail_small_meta(const struct couche_plan *plan, struct couche_super *s)
{
	const struct couche_plan_leg *smallest = NULL;
	char has[COUCHE_SIZE_TEXT], needs[COUCHE_SIZE_TEXT];
	const char *field = "";
	uint64_t blocks;
	unsigned int i;

	for (i = 0; i < plan->nr_legs; i++) {
		if (plan->leg[i].role != COUCHE_ROLE_META)
			continue;
		if (!smallest || plan->leg[i].sectors < smallest->sectors)
			smallest = &plan->leg[i];
		s->leg[i].sectors = COUCHE_MAX_LEG_SECTORS;
	}
	if (plan->stage_start)
		return couche_fail(COUCHE_EXIT_FAILURE, plan->name,
				   "its map cannot grow beyond its data journal, which never moves; add fewer or smaller legs");
	if (couche_super_layout(s, &field))
		return couche_fail(COUCHE_EXIT_FAILURE, plan->name, "%s; %s", field,
				   remedy(field));
	blocks = 2ULL * s->map_pages + COUCHE_MIN_JOURNAL_BLOCKS + s->stage_slots +
		 COUCHE_DATA_START / COUCHE_BLOCK_SECTORS;
	return couche_fail(COUCHE_EXIT_FAILURE,
			   smallest->device && *smallest->device ? smallest->device : plan->name,
			   "a metadata leg of %s is too small, this layout needs %s; %s",
			   couche_size_format(smallest->sectors * SECTOR, has),
			   couche_size_format(blocks * COUCHE_BLOCK_SIZE, needs),
			   meta_remedy(plan, smallest));
}

/**
 * couche_plan_check() - can this pool be made?
 * @plan: the plan
 *
 * Return: 0 or an exit code.
 */
int couche_plan_check(const struct couche_plan *plan)
{
	struct couche_super super;
	const char *field = "";
	unsigned int i;
	uint8_t tier;
	int r;

	r = check_meta(plan) ?: check_writable(plan);
	for (tier = 0; tier < COUCHE_NR_TIERS && !r; tier++)
		r = check_tier(plan, tier);
	for (i = 0; i < plan->nr_legs && !r; i++)
		r = check_leg_size(plan, &plan->leg[i]);
	if (r)
		return r;

	to_super(plan, &super);
	r = couche_super_layout(&super, &field);
	if (!r)
		r = couche_super_check(&super, &field);
	if (r == -ENOSPC)
		return fail_small_meta(plan, &super);
	if (r)
		return couche_fail(COUCHE_EXIT_USAGE, plan->name, "%s; %s", field,
				   remedy(field));
	return 0;
}

__attribute__((format(printf, 3, 4)))
static void append(char *out, size_t size, const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + len, size - len, format, args);
	va_end(args);
}

/* Arguments behind the legs, which are counted in front of them. */
struct features {
	unsigned int words;
	char text[1024];	/* each after a blank */
};

__attribute__((format(printf, 3, 4)))
static void add_feature(struct features *f, unsigned int words, const char *format, ...)
{
	size_t len = strlen(f->text);
	va_list args;

	va_start(args, format);
	vsnprintf(f->text + len, sizeof(f->text) - len, format, args);
	va_end(args);
	f->words += words;
}

static void add_domains(struct features *f, const struct couche_plan *plan)
{
	unsigned int i;

	add_feature(f, 2, " domains ");
	for (i = 0; i < plan->nr_legs; i++)
		add_feature(f, 0, "%s%u", i ? "," : "", plan->leg[i].domain);
}

static void add_layout(struct features *f, const struct couche_plan *plan)
{
	const struct couche_plan_profile *cold = &plan->profile[COUCHE_TIER_COLD];
	uint8_t tier;

	add_feature(f, 7, " format name %s extent %llu segment %llu", plan->name,
		    (unsigned long long)plan->extent_sectors,
		    (unsigned long long)plan->segment_sectors);
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		if (plan->profile[tier].k)
			add_feature(f, 2, " %s %u+%u", couche_tier_name(tier),
				    plan->profile[tier].k, plan->profile[tier].m);
	}
	if (cold->k)
		add_feature(f, 2, " cold_matrix %s", couche_matrix_name(cold->matrix));
	if (cold->min_healthy)
		add_feature(f, 2, " cold_min_healthy %u", cold->min_healthy);
	if (plan->stage_slots)
		add_feature(f, 2, " data_journal %u", plan->stage_slots * COUCHE_BLOCK_SECTORS);
	add_domains(f, plan);
}

static void add_settings(struct features *f, const struct couche_settings *settings)
{
	unsigned int i;

	for (i = 0; i < COUCHE_NR_SETTINGS; i++)
		if (settings->given[i])
			add_feature(f, 2, " %s %u", couche_setting_arg(i), settings->value[i]);
}

/**
 * couche_plan_params() - the table line of the pool, behind the target's name
 * @plan: a checked plan
 * @format: write new superblocks
 * @out: where to
 * @size: of @out
 *
 * Return: 0, or -E2BIG.
 */
int couche_plan_params(const struct couche_plan *plan, bool format, char *out, size_t size)
{
	struct features f = { 0 };
	unsigned int i;
	char uuid[37];

	uuid_unparse_lower(plan->uuid, uuid);
	out[0] = '\0';
	append(out, size, "%s %u", uuid, plan->nr_legs);
	for (i = 0; i < plan->nr_legs; i++)
		append(out, size, " %s %s", couche_role_name(plan->leg[i].role),
		       plan->leg[i].device ?: "-");
	if (format)
		add_layout(&f, plan);
	if (plan->read_only)
		add_feature(&f, 1, " readonly");
	add_settings(&f, &plan->settings);
	append(out, size, " %u%s", f.words, f.text);
	return strlen(out) + 1 < size ? 0 : -E2BIG;
}
