/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which tier a volume's heat asks for. Pure: numbers in, a tier out; no clock,
 * file or socket. UNKNOWN is a value of its own and asks for nothing.
 */
#ifndef COUCHE_DECIDE_CLASSIFY_H
#define COUCHE_DECIDE_CLASSIFY_H

#include <stdbool.h>

enum couche_class {
	COUCHE_CLASS_HOT,	/* as enum couche_tier */
	COUCHE_CLASS_WARM,
	COUCHE_CLASS_COLD,
	COUCHE_CLASS_UNKNOWN,
};

/* I/O operations a second; warm 0 means that there is no warm tier. */
struct couche_watermarks {
	double high;
	double warm;
	double low;
};

/* Why a heat is not known. */
enum couche_heat_state {
	COUCHE_HEAT_KNOWN,
	COUCHE_HEAT_MISSING,	/* no sample names the volume, or nobody was asked yet */
	COUCHE_HEAT_FAILED,	/* the question got no answer that can be trusted */
	COUCHE_HEAT_STALE,	/* the newest sample is too old */
	COUCHE_HEAT_SPARSE,	/* samples cover too little of the window */
	COUCHE_HEAT_INVALID,	/* NaN, infinite, negative or contradictory */
	COUCHE_NR_HEAT_STATES,
};

struct couche_heat {
	enum couche_heat_state state;
	double iops;		/* only when known */
};

/**
 * couche_heat_state_name() - a stable word for logs and metrics
 * @state: state
 *
 * Return: a constant.
 */
const char *couche_heat_state_name(enum couche_heat_state state);

/**
 * couche_class_name() - a stable word for logs and metrics
 * @class: class, or a tier
 *
 * Return: "hot", "warm", "cold" or "unknown".
 */
const char *couche_class_name(enum couche_class class);

/**
 * couche_classify() - what a heat is
 * @heat: of the volume
 * @marks: of its policy
 *
 * Return: hot above high, cold below low, warm from low to high, unknown when
 * the heat is.
 */
enum couche_class couche_classify(const struct couche_heat *heat,
				  const struct couche_watermarks *marks);

/**
 * couche_classify_target() - the tier where a volume of this heat should live
 * @heat: of the volume
 * @marks: of its policy
 * @current: the tier where most of it lives, unknown if nowhere
 * @has_warm: the pool has a warm tier
 *
 * The band between low and high is where hysteresis works: in it a volume
 * goes down from hot only below warm and up from cold only at warm or more;
 * without a warm tier it stays where it is.
 *
 * Return: the tier; unknown when nothing may be concluded.
 */
enum couche_class couche_classify_target(const struct couche_heat *heat,
					 const struct couche_watermarks *marks,
					 enum couche_class current, bool has_warm);

#endif /* COUCHE_DECIDE_CLASSIFY_H */
