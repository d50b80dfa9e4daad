/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ails a pool, judged by what the kernel says of it, and what a person can do
 * about it: several things at once, the worst first. Pure functions; all is the
 * caller's.
 */
#ifndef COUCHE_TOOLS_HEALTH_H
#define COUCHE_TOOLS_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/lib/netlink.h"

#define COUCHE_HEALTH_TEXT 2048
#define COUCHE_HEALTH_LEGS (4 * COUCHE_MAX_LEGS)	/* of "3, 6" with all that there may be */

struct couche_health {
	bool degraded;
	bool read_only;			/* takes no writes */
	bool metadata_failed;		/* for this reason */
	unsigned int failed, missing, restoring;	/* legs */
	char legs[COUCHE_HEALTH_LEGS];	/* those that should be seen to: "3, 6" */
	uint64_t errors;		/* of devices */
	unsigned int nr_alone;		/* legs in service with errors that no other makes good */
	char alone[COUCHE_HEALTH_LEGS];	/* which */
	uint64_t alone_errors;		/* of these */
	bool alone_meta;		/* some of these are for metadata */
	bool alone_tier;		/* or for a tier whose profile has no redundancy */
	uint64_t lost_reads;		/* since the pool was started; the caller adds them up */
	uint64_t scrub_failed;		/* extents that a scrub could not bring in order */
	bool scrub_no_room;		/* the last one for want of room, or of legs */
	bool exhausted[COUCHE_ROLE_COLD + 1];	/* by role: stand no further loss */
	bool beyond;			/* more are missed than a tier's profile stands */
	bool cold_mixed;		/* some are missed, and stripes have two profiles */
	bool cold_short;		/* the cold tier has too few legs for a whole stripe */
	bool cold_closed;		/* for any */
	bool full;			/* nothing new can be written, for want of room */
	bool no_landing;		/* for want of legs to write it to */
	bool cold_there;		/* the pool has a cold tier */
	bool cold_room;			/* and that has room */
};

void couche_health_judge(struct couche_health *health,
			 const struct couche_nl_pool *pool,
			 const struct couche_nl_leg *legs, size_t nr_legs);
bool couche_health_good(const struct couche_health *health);
void couche_health_describe(const struct couche_health *health,
			    const char *name, char status[COUCHE_HEALTH_TEXT],
			    char action[COUCHE_HEALTH_TEXT]);

#endif
