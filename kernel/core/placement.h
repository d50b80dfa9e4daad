/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On which legs a new group goes: different legs, spread over the failure
 * domains as evenly as the free legs allow, the emptiest legs first, and at
 * least one of them sure.
 *
 * A pure function of its arguments: the same legs give the same answer. No
 * lock, no allocation, any context; the caller makes sure that the counts do
 * not change until it has taken the segments. Failure is a negative errno and
 * a constant sentence in *why.
 */
#ifndef COUCHE_CORE_PLACEMENT_H
#define COUCHE_CORE_PLACEMENT_H

#include <linux/types.h>

/* A leg of the tier in question. */
struct couche_placement_leg {
	u32 index;		/* what the answer calls it */
	u16 domain;		/* 0: a failure domain of its own */
	bool usable;
	bool sure;		/* what is written there is believed at once */
	u32 free_segments;
	u32 total_segments;
};

int couche_placement_choose(const struct couche_placement_leg *legs,
			    unsigned int nr, unsigned int want, unsigned int m,
			    u32 *ret_legs, const char **why);
int couche_placement_form(struct couche_placement_leg *legs, unsigned int nr,
			  unsigned int want, unsigned int m);
bool couche_placement_fits(const struct couche_placement_leg *legs, unsigned int nr,
			   unsigned int want, u64 groups);

#endif
