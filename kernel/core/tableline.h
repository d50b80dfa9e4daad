/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table line of the couche-pool target:
 *
 *   <pool uuid> <#legs> {<meta|hot|warm|cold> <device|->}*#legs
 *   <#feature args> [feature args]
 *
 * Feature args: format, readonly, name <text>, extent <sectors>,
 * segment <sectors>, hot <k>+<m>, warm <k>+<m>, cold <k>+<m>,
 * cold_matrix vandermonde|cauchy, cold_min_healthy <shards>,
 * domains <d0,d1,...>, leg_timeout <seconds>, 0 for none,
 * data_journal <sectors>, destage_threshold <percent>,
 * destage_interval <seconds>, 0 for none, scrub_interval <seconds>, 0 for
 * never. A flag counts as one
 * argument, the others as two. "-" stands for a leg whose device is missing.
 *
 * A pure function: nothing is looked up or opened. Device strings and the name
 * point into argv and live as long as it does. All but format, readonly and leg_timeout
 * only matter when formatting; .given says which were there, so that the
 * caller can hold them against the superblock otherwise.
 *
 * Failure is -EINVAL and a sentence in *field that begins with the argument; it
 * may stand in .why of the result and lives as long as that.
 */
#ifndef COUCHE_CORE_TABLELINE_H
#define COUCHE_CORE_TABLELINE_H

#include <linux/types.h>

#include "types.h"

#define COUCHE_DEFAULT_EXTENT_SECTORS	2048	/* 1 MiB */
#define COUCHE_DEFAULT_SEGMENT_SECTORS	131072	/* 64 MiB */
#define COUCHE_DEFAULT_LEG_TIMEOUT	30	/* seconds */
#define COUCHE_MAX_LEG_TIMEOUT		86400
#define COUCHE_DEFAULT_DESTAGE_THRESHOLD	80	/* percent of the data journal */
#define COUCHE_DEFAULT_DESTAGE_INTERVAL	30	/* seconds */
#define COUCHE_MAX_SCRUB_INTERVAL	31536000	/* seconds: a year */

#define COUCHE_NR_ROLES			4

struct couche_tableline_leg {
	const char *device;	/* NULL: missing */
	u8 role;		/* enum couche_role */
	u16 domain;
};

enum couche_tableline_feature {
	COUCHE_FEATURE_ARG_FORMAT,
	COUCHE_FEATURE_ARG_READONLY,
	COUCHE_FEATURE_ARG_NAME,
	COUCHE_FEATURE_ARG_EXTENT,
	COUCHE_FEATURE_ARG_SEGMENT,
	COUCHE_FEATURE_ARG_HOT,
	COUCHE_FEATURE_ARG_WARM,
	COUCHE_FEATURE_ARG_COLD,
	COUCHE_FEATURE_ARG_COLD_MATRIX,
	COUCHE_FEATURE_ARG_COLD_MIN_HEALTHY,
	COUCHE_FEATURE_ARG_DOMAINS,
	COUCHE_FEATURE_ARG_LEG_TIMEOUT,
	COUCHE_FEATURE_ARG_DATA_JOURNAL,
	COUCHE_FEATURE_ARG_DESTAGE_THRESHOLD,
	COUCHE_FEATURE_ARG_DESTAGE_INTERVAL,
	COUCHE_FEATURE_ARG_SCRUB_INTERVAL,
	COUCHE_NR_FEATURE_ARGS,
};

struct couche_tableline {
	u8 uuid[COUCHE_UUID_SIZE];
	u32 nr_legs;
	struct couche_tableline_leg leg[COUCHE_MAX_LEGS];
	bool format;
	bool readonly;
	u32 given;		/* bits: enum couche_tableline_feature */
	const char *name;	/* "" if not given */
	u32 extent_sectors;
	u32 segment_sectors;
	u32 leg_timeout;	/* seconds; 0: none */
	struct couche_profile profile[COUCHE_NR_TIERS];
	u32 stage_slots;	/* 0: no data journal */
	u32 destage_threshold;	/* percent */
	u32 destage_interval;	/* seconds */
	u32 scrub_interval;	/* seconds; 0: never */
	char why[80];
};

/* As table lines, messages and the log have them; tiers from COUCHE_ROLE_HOT on. */
extern const char *const couche_role_names[COUCHE_NR_ROLES];
extern const char *const couche_feature_names[COUCHE_NR_FEATURE_ARGS];

int couche_tableline_decode(unsigned int argc, char **argv,
			    struct couche_tableline *ret, const char **field);

bool couche_tableline_profile(const char *text, struct couche_profile *profile);

#endif
