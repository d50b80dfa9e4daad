// SPDX-License-Identifier: GPL-2.0-only
#include "tableline.h"

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "bounds.h"
#include "codec.h"
#include "field.h"

/* What is left of the line. */
struct args {
	unsigned int argc;
	char **argv;
};

const char *const couche_feature_names[COUCHE_NR_FEATURE_ARGS] = {
	[COUCHE_FEATURE_ARG_FORMAT] = "format",
	[COUCHE_FEATURE_ARG_READONLY] = "readonly",
	[COUCHE_FEATURE_ARG_NAME] = "name",
	[COUCHE_FEATURE_ARG_EXTENT] = "extent",
	[COUCHE_FEATURE_ARG_SEGMENT] = "segment",
	[COUCHE_FEATURE_ARG_HOT] = "hot",
	[COUCHE_FEATURE_ARG_WARM] = "warm",
	[COUCHE_FEATURE_ARG_COLD] = "cold",
	[COUCHE_FEATURE_ARG_COLD_MATRIX] = "cold_matrix",
	[COUCHE_FEATURE_ARG_COLD_MIN_HEALTHY] = "cold_min_healthy",
	[COUCHE_FEATURE_ARG_DOMAINS] = "domains",
	[COUCHE_FEATURE_ARG_LEG_TIMEOUT] = "leg_timeout",
	[COUCHE_FEATURE_ARG_DATA_JOURNAL] = "data_journal",
	[COUCHE_FEATURE_ARG_DESTAGE_THRESHOLD] = "destage_threshold",
	[COUCHE_FEATURE_ARG_DESTAGE_INTERVAL] = "destage_interval",
	[COUCHE_FEATURE_ARG_SCRUB_INTERVAL] = "scrub_interval",
};

const char *const couche_role_names[COUCHE_NR_ROLES] = {
	[COUCHE_ROLE_META] = "meta",
	[COUCHE_ROLE_HOT] = "hot",
	[COUCHE_ROLE_WARM] = "warm",
	[COUCHE_ROLE_COLD] = "cold",
};

static const char *take_arg(struct args *args)
{
	if (!args->argc)
		return NULL;
	args->argc--;
	return *args->argv++;
}

/* "<before> '<word>' <after>" in ret->why, what is not visible as '?'. */
static int bad_word(struct couche_tableline *ret, const char **field,
		    const char *before, const char *word, const char *after)
{
	const char *const parts[] = { before, " '", word, "' ", after };
	size_t end = sizeof(ret->why) - 1 - strlen(after) - 2;
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		const char *c;

		if (i == 3)
			end = sizeof(ret->why) - 1;
		for (c = parts[i]; *c && used < end; c++)
			ret->why[used++] = *c >= ' ' && *c <= '~' ? *c : '?';
	}
	ret->why[used] = '\0';
	return couche_field_bad(field, ret->why);
}

/* Digits, at least one, not more than @max; *text moves behind them. */
static bool scan_number(const char **text, u32 max, u32 *ret)
{
	const char *c = *text;
	u64 value = 0;

	while (*c >= '0' && *c <= '9') {
		value = value * 10 + (*c++ - '0');
		if (value > max)
			return false;
	}
	if (c == *text)
		return false;
	*text = c;
	*ret = value;
	return true;
}

static bool parse_number(const char *text, u32 max, u32 *ret)
{
	return scan_number(&text, max, ret) && !*text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 8-4-4-4-12 */
static bool parse_uuid(const char *text, u8 *uuid)
{
	unsigned int i;

	for (i = 0; i < COUCHE_UUID_SIZE; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		high = hex_digit(text[0]);
		if (high < 0)
			return false;
		low = hex_digit(text[1]);
		if (low < 0)
			return false;
		uuid[i] = high << 4 | low;
		text += 2;
	}
	return !*text && couche_field_uuid_ok(uuid);
}

static int parse_role(const char *text, u8 *role)
{
	unsigned int i;

	for (i = 0; i < COUCHE_NR_ROLES; i++) {
		if (!strcmp(text, couche_role_names[i])) {
			*role = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_leg(struct args *args, struct couche_tableline *ret, u32 i,
		     const char **field)
{
	struct couche_tableline_leg *leg = &ret->leg[i];
	const char *role = take_arg(args), *device = take_arg(args);
	u32 j;

	if (!role || !device)
		return couche_field_bad(field, "legs: fewer than their number says");
	if (parse_role(role, &leg->role))
		return bad_word(ret, field, "legs: role", role, "is not meta, hot, warm or cold");
	if (!*device)
		return couche_field_bad(field, "legs: empty device");
	if (!strcmp(device, "-"))
		return 0;
	for (j = 0; j < i; j++) {
		if (ret->leg[j].device && !strcmp(ret->leg[j].device, device))
			return bad_word(ret, field, "legs: device", device, "listed twice");
	}
	leg->device = device;
	return 0;
}

static unsigned int count_legs(const struct couche_tableline *t, u8 role)
{
	unsigned int i, nr = 0;

	for (i = 0; i < t->nr_legs; i++)
		nr += t->leg[i].role == role;
	return nr;
}

static int parse_legs(struct args *args, struct couche_tableline *ret,
		      const char **field)
{
	const char *text = take_arg(args);
	unsigned int nr_meta;
	u32 i;
	int r;

	if (!text)
		return couche_field_bad(field, "legs: number missing");
	if (!parse_number(text, ~0u, &ret->nr_legs) || !ret->nr_legs)
		return bad_word(ret, field, "legs:", text, "is no number of legs");
	if (ret->nr_legs > COUCHE_MAX_LEGS) {
		ret->nr_legs = 0;
		return couche_field_bad(field, "legs: more than 64");
	}
	for (i = 0; i < ret->nr_legs; i++) {
		r = parse_leg(args, ret, i, field);
		if (r)
			return r;
	}

	nr_meta = count_legs(ret, COUCHE_ROLE_META);
	if (!nr_meta)
		return couche_field_bad(field, "legs: no meta leg");
	if (nr_meta > COUCHE_MAX_META_LEGS)
		return couche_field_bad(field, "legs: more than 3 meta legs");
	return 0;
}

/**
 * couche_tableline_profile() - read "4+2"
 * @text: the words
 * @p: k and m are set, which sum up to 32 at most
 *
 * Context: Any.
 * Return: false when it is no profile.
 */
bool couche_tableline_profile(const char *text, struct couche_profile *p)
{
	u32 k, m;

	if (!scan_number(&text, COUCHE_MAX_SHARDS, &k) || *text++ != '+')
		return false;
	if (!parse_number(text, COUCHE_MAX_SHARDS, &m))
		return false;
	if (!k || k + m > COUCHE_MAX_SHARDS)
		return false;
	p->k = k;
	p->m = m;
	return true;
}

static int parse_mirrors(const char *text, struct couche_tableline *ret, u8 tier,
			 const char *name, const char **field)
{
	struct couche_profile *p = &ret->profile[tier];

	if (!couche_tableline_profile(text, p) || p->k != 1 || p->m > COUCHE_MAX_MIRRORS)
		return bad_word(ret, field, name, text, "is not 1+0, 1+1 or 1+2");
	return 0;
}

static int parse_domains(const char *text, struct couche_tableline *ret,
			 const char **field)
{
	u32 i, domain;

	for (i = 0; i < ret->nr_legs; i++) {
		if (i && *text++ != ',')
			return couche_field_bad(field, "domains: not one number per leg");
		if (!scan_number(&text, 65535, &domain))
			return couche_field_bad(field, "domains: not a number within 0..65535");
		ret->leg[i].domain = domain;
	}
	if (*text)
		return couche_field_bad(field, "domains: not one number per leg");
	return 0;
}

static int parse_name(const char *text, struct couche_tableline *ret,
		      const char **field)
{
	const char *c;

	for (c = text; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return bad_word(ret, field, "name:", text, "is not visible ASCII");
	}
	if (c == text || c - text >= COUCHE_NAME_SIZE)
		return couche_field_bad(field, "name: not within 1..63 characters");
	ret->name = text;
	return 0;
}

static int parse_sectors(const char *text, u32 low, u32 high, u32 *value)
{
	if (!parse_number(text, high, value) || *value < low)
		return -EINVAL;
	return 0;
}

static int parse_data_journal(const char *text, struct couche_tableline *ret,
			      const char **field)
{
	u32 sectors;

	if (parse_sectors(text, COUCHE_MIN_STAGE_SLOTS * COUCHE_BLOCK_SECTORS,
			  COUCHE_MAX_STAGE_SLOTS * COUCHE_BLOCK_SECTORS, &sectors) ||
	    sectors % COUCHE_BLOCK_SECTORS)
		return bad_word(ret, field, "data_journal:", text,
				"is not a multiple of 8 within 2048..33554432");
	ret->stage_slots = sectors / COUCHE_BLOCK_SECTORS;
	return 0;
}

/* How the pool is run, as against how it is laid out. */
static int parse_setting(enum couche_tableline_feature feature, const char *text,
			 struct couche_tableline *ret, const char **field)
{
	switch (feature) {
	case COUCHE_FEATURE_ARG_LEG_TIMEOUT:
		if (!parse_number(text, COUCHE_MAX_LEG_TIMEOUT, &ret->leg_timeout))
			return bad_word(ret, field, "leg_timeout:", text,
					"is not within 0..86400");
		return 0;
	case COUCHE_FEATURE_ARG_DESTAGE_THRESHOLD:
		if (!parse_number(text, 95, &ret->destage_threshold))
			return bad_word(ret, field, "destage_threshold:", text,
					"is not a percentage within 0..95");
		return 0;
	case COUCHE_FEATURE_ARG_DESTAGE_INTERVAL:
		if (!parse_number(text, 86400, &ret->destage_interval))
			return bad_word(ret, field, "destage_interval:", text,
					"is not a number of seconds within 0..86400");
		return 0;
	case COUCHE_FEATURE_ARG_SCRUB_INTERVAL:
		if (!parse_number(text, COUCHE_MAX_SCRUB_INTERVAL, &ret->scrub_interval))
			return bad_word(ret, field, "scrub_interval:", text,
					"is not a number of seconds within 0..31536000");
		return 0;
	default:
		return couche_field_bad(field, "feature args: not understood");
	}
}

static int parse_min_healthy(const char *text, struct couche_tableline *ret,
			     const char **field)
{
	u32 shards;

	if (!parse_number(text, COUCHE_MAX_SHARDS, &shards) || !shards)
		return bad_word(ret, field, "cold_min_healthy:", text, "is not within 1..32");
	ret->profile[COUCHE_TIER_COLD].min_healthy = shards;
	return 0;
}

static int parse_value(enum couche_tableline_feature feature, const char *text,
		       struct couche_tableline *ret, const char **field)
{
	struct couche_profile *cold = &ret->profile[COUCHE_TIER_COLD];

	switch (feature) {
	case COUCHE_FEATURE_ARG_NAME:
		return parse_name(text, ret, field);
	case COUCHE_FEATURE_ARG_EXTENT:
		if (parse_sectors(text, COUCHE_MIN_EXTENT_SECTORS,
				  COUCHE_MAX_EXTENT_SECTORS, &ret->extent_sectors) ||
		    !is_power_of_2(ret->extent_sectors))
			return bad_word(ret, field, "extent:", text,
					"is not a power of two within 128..131072");
		return 0;
	case COUCHE_FEATURE_ARG_SEGMENT:
		if (parse_sectors(text, COUCHE_MIN_SEGMENT_SECTORS,
				  COUCHE_MAX_SEGMENT_SECTORS, &ret->segment_sectors))
			return bad_word(ret, field, "segment:", text,
					"is not within 2048..8388608");
		return 0;
	case COUCHE_FEATURE_ARG_HOT:
		return parse_mirrors(text, ret, COUCHE_TIER_HOT, "hot:", field);
	case COUCHE_FEATURE_ARG_WARM:
		return parse_mirrors(text, ret, COUCHE_TIER_WARM, "warm:", field);
	case COUCHE_FEATURE_ARG_COLD:
		if (!couche_tableline_profile(text, cold))
			return bad_word(ret, field, "cold:", text,
					"is not <k>+<m> with k + m within 1..32");
		return 0;
	case COUCHE_FEATURE_ARG_COLD_MATRIX:
		if (!strcmp(text, "vandermonde"))
			cold->matrix = COUCHE_MATRIX_VANDERMONDE;
		else if (!strcmp(text, "cauchy"))
			cold->matrix = COUCHE_MATRIX_CAUCHY;
		else
			return bad_word(ret, field, "cold_matrix:", text,
					"is not vandermonde or cauchy");
		return 0;
	case COUCHE_FEATURE_ARG_COLD_MIN_HEALTHY:
		return parse_min_healthy(text, ret, field);
	case COUCHE_FEATURE_ARG_DOMAINS:
		return parse_domains(text, ret, field);
	case COUCHE_FEATURE_ARG_DATA_JOURNAL:
		return parse_data_journal(text, ret, field);
	default:
		return parse_setting(feature, text, ret, field);
	}
}

static int parse_feature(struct args *args, struct couche_tableline *ret,
			 const char **field)
{
	const char *name = take_arg(args), *value;
	unsigned int feature;

	for (feature = 0; feature < COUCHE_NR_FEATURE_ARGS; feature++) {
		if (!strcmp(name, couche_feature_names[feature]))
			break;
	}
	if (feature == COUCHE_NR_FEATURE_ARGS)
		return bad_word(ret, field, "feature arg", name, "unknown");
	if (ret->given & BIT(feature))
		return bad_word(ret, field, "feature arg", name, "given twice");
	ret->given |= BIT(feature);

	if (feature == COUCHE_FEATURE_ARG_FORMAT) {
		ret->format = true;
		return 0;
	}
	if (feature == COUCHE_FEATURE_ARG_READONLY) {
		ret->readonly = true;
		return 0;
	}
	value = take_arg(args);
	if (!value)
		return bad_word(ret, field, "feature arg", name, "has no value");
	return parse_value(feature, value, ret, field);
}

static int parse_features(struct args *args, struct couche_tableline *ret,
			  const char **field)
{
	const char *text = take_arg(args);
	u32 nr;
	int r;

	if (!text)
		return couche_field_bad(field, "feature args: number missing");
	if (!parse_number(text, ~0u, &nr))
		return bad_word(ret, field, "feature args:", text, "is no number");
	if (nr != args->argc)
		return couche_field_bad(field, nr > args->argc ?
					"feature args: fewer than their number says" :
					"feature args: more than their number says");
	while (args->argc) {
		r = parse_feature(args, ret, field);
		if (r)
			return r;
	}
	return 0;
}

static bool given(const struct couche_tableline *t, enum couche_tableline_feature feature)
{
	return t->given & BIT(feature);
}

/* Tiers that have legs and no profile get the default one. */
static void fill_profiles(struct couche_tableline *t)
{
	struct couche_profile *hot = &t->profile[COUCHE_TIER_HOT];
	struct couche_profile *warm = &t->profile[COUCHE_TIER_WARM];
	struct couche_profile *cold = &t->profile[COUCHE_TIER_COLD];

	if (!hot->k && count_legs(t, COUCHE_ROLE_HOT))
		hot->k = 1;
	if (!warm->k && count_legs(t, COUCHE_ROLE_WARM))
		warm->k = 1;
	if (!cold->k && count_legs(t, COUCHE_ROLE_COLD)) {
		cold->k = 4;
		cold->m = 2;
	}
	if (!cold->k)
		return;
	cold->csum = 1;
	/* Not every k+m works with the faster matrix. */
	if (!given(t, COUCHE_FEATURE_ARG_COLD_MATRIX) &&
	    couche_codec_check(cold->k, cold->m, COUCHE_MATRIX_VANDERMONDE))
		cold->matrix = COUCHE_MATRIX_CAUCHY;
}

static int check_tier(const struct couche_tableline *t, u8 tier,
		      const char *absent, const char *few, const char **field)
{
	const struct couche_profile *p = &t->profile[tier];
	unsigned int nr = count_legs(t, tier + COUCHE_ROLE_HOT);

	if (p->k && !nr)
		return couche_field_bad(field, absent);
	if (nr < p->k + p->m)
		return couche_field_bad(field, few);
	return 0;
}

/* What must hold before a pool is made of these legs. */
static int check_format(const struct couche_tableline *t, const char **field)
{
	u32 i;
	int r;

	if (t->readonly)
		return couche_field_bad(field, "format: not together with readonly");
	for (i = 0; i < t->nr_legs; i++) {
		if (!t->leg[i].device)
			return couche_field_bad(field, "format: a device is missing");
	}
	r = check_tier(t, COUCHE_TIER_HOT, "hot: no hot legs",
		       "hot: fewer legs than k + m", field);
	if (!r)
		r = check_tier(t, COUCHE_TIER_WARM, "warm: no warm legs",
			       "warm: fewer legs than k + m", field);
	if (!r)
		r = check_tier(t, COUCHE_TIER_COLD, "cold: no cold legs",
			       "cold: fewer legs than k + m", field);
	if (r)
		return r;
	if (!t->profile[COUCHE_TIER_HOT].k && !t->profile[COUCHE_TIER_WARM].k)
		return couche_field_bad(field, "legs: neither hot nor warm, nowhere to write");
	return 0;
}

static int check_sizes(const struct couche_tableline *t, const char **field)
{
	const struct couche_profile *cold = &t->profile[COUCHE_TIER_COLD];

	if (t->segment_sectors % t->extent_sectors)
		return couche_field_bad(field, "segment: not a multiple of extent");
	if (t->stage_slots && given(t, COUCHE_FEATURE_ARG_FORMAT) && !cold->k)
		return couche_field_bad(field, "data_journal: no cold tier");
	if (given(t, COUCHE_FEATURE_ARG_COLD_MATRIX) && !cold->k)
		return couche_field_bad(field, "cold_matrix: no cold tier");
	if (cold->min_healthy && !cold->k)
		return couche_field_bad(field, "cold_min_healthy: no cold tier");
	/* Of a pool that is there its superblock says k and m. */
	if ((t->format || given(t, COUCHE_FEATURE_ARG_COLD)) &&
	    (couche_profile_min_healthy(cold) < cold->k ||
	     couche_profile_min_healthy(cold) > (unsigned int)cold->k + cold->m))
		return couche_field_bad(field, "cold_min_healthy: not within k..k+m");
	if (cold->k && couche_codec_check(cold->k, cold->m, cold->matrix))
		return couche_field_bad(field, "cold_matrix: cannot restore m lost shards");
	return 0;
}

/**
 * couche_tableline_decode() - understand the table line of a pool
 * @argc: arguments after the name of the target
 * @argv: the arguments; none of them is changed
 * @ret: filled on success, defaults where nothing was said
 * @field: says what was wrong; may point into @ret
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_tableline_decode(unsigned int argc, char **argv,
			    struct couche_tableline *ret, const char **field)
{
	struct args args = { .argc = argc, .argv = argv };
	const char *uuid = take_arg(&args);
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->name = "";
	ret->extent_sectors = COUCHE_DEFAULT_EXTENT_SECTORS;
	ret->segment_sectors = COUCHE_DEFAULT_SEGMENT_SECTORS;
	ret->leg_timeout = COUCHE_DEFAULT_LEG_TIMEOUT;
	ret->destage_threshold = COUCHE_DEFAULT_DESTAGE_THRESHOLD;
	ret->destage_interval = COUCHE_DEFAULT_DESTAGE_INTERVAL;

	if (!uuid)
		return couche_field_bad(field, "pool uuid: missing");
	if (!parse_uuid(uuid, ret->uuid))
		return bad_word(ret, field, "pool uuid:", uuid, "is not a UUID");
	r = parse_legs(&args, ret, field);
	if (!r)
		r = parse_features(&args, ret, field);
	if (r)
		return r;

	fill_profiles(ret);
	r = check_sizes(ret, field);
	if (!r && ret->format)
		r = check_format(ret, field);
	return r;
}
