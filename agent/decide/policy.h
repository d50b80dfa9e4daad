/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which volumes to move now, and why the others stay. Pure functions over
 * plain data: the view of the kernel, the policies, the heat and the history
 * come in, one decision per volume comes out; time is a number that the
 * caller passes. No file, socket or clock is used, so recorded inputs replay.
 *
 * A policy set is filled by a source (today observe/policyfile.c; a cluster's
 * API later fills the same structures) and does not change while it is used.
 */
#ifndef COUCHE_DECIDE_POLICY_H
#define COUCHE_DECIDE_POLICY_H

#include "agent/decide/classify.h"
#include "agent/observe/view.h"

/* What an order may say when the kernel should forget it if it cannot begin. */
#define COUCHE_DECISION_EXPIRY_MS 60000

enum couche_selector_op {
	COUCHE_SELECTOR_IN,
	COUCHE_SELECTOR_NOT_IN,
	COUCHE_SELECTOR_EXISTS,
	COUCHE_SELECTOR_DOES_NOT_EXIST,
};

/* One requirement on a label; a selector is their conjunction. */
struct couche_requirement {
	char *key;
	enum couche_selector_op op;
	char **values;
	size_t nr_values;
};

/* An ErasureCodingPolicy as far as it concerns decisions. */
struct couche_ec_policy {
	char *name;
	unsigned int k;
	unsigned int m;
	uint64_t stripe_bytes;
};

struct couche_policy {
	char *name;
	char **volumes;			/* patterns of "pool/volume"; none: all */
	size_t nr_volumes;
	struct couche_requirement *selector;
	size_t nr_selector;
	struct couche_watermarks marks;
	uint64_t window_ms;
	uint64_t cooldown_ms;
	uint64_t timeout_ms;		/* 0: the agent's */
	unsigned int max_concurrent;
	bool enabled;
	bool dry_run;
	bool preserve;
	bool verify;			/* read the new copy back before the commit */
	uint64_t rate_bytes;		/* bytes a second, 0: no limit */
	char *ec_policy_ref;		/* NULL if none */
	const struct couche_ec_policy *ec;	/* what it names */
	uint64_t ec_min_bytes;
};

struct couche_policies {
	struct couche_policy *policies;
	size_t nr_policies;
	struct couche_ec_policy *ecs;
	size_t nr_ecs;
};

/* What happened to a volume before; times in ms on the caller's clock. */
struct couche_past {
	bool moving;			/* an order of ours is running */
	uint64_t cooldown_from_ms;	/* last move that ended well, 0: never */
	uint64_t backoff_until_ms;	/* after failures, 0: none */
};

enum couche_reason {
	COUCHE_REASON_MOVE,		/* it moves */
	COUCHE_REASON_DRY_RUN,		/* it would, but policies only watch */
	COUCHE_REASON_IN_PLACE,
	COUCHE_REASON_EMPTY,
	COUCHE_REASON_NO_POLICY,
	COUCHE_REASON_DISABLED,
	COUCHE_REASON_UNKNOWN_HEAT,
	COUCHE_REASON_COOLDOWN,
	COUCHE_REASON_BACKOFF,
	COUCHE_REASON_MOVING,
	COUCHE_REASON_CONCURRENCY,
	COUCHE_REASON_NO_TIER,		/* the pool has no such tier */
	COUCHE_REASON_NO_SPACE,
	COUCHE_REASON_DEGRADED,
	COUCHE_REASON_READ_ONLY,
	COUCHE_REASON_EC_TOO_SMALL,
	COUCHE_REASON_EC_MISMATCH,	/* the pool's cold tier is not what the policy names */
	COUCHE_REASON_STOPPING,
	COUCHE_NR_REASONS,
};

struct couche_decision {
	enum couche_reason reason;
	const struct couche_policy *policy;	/* NULL if none matches */
	enum couche_class class;
	enum couche_class from;
	enum couche_class to;
	enum couche_heat_state heat_state;
	double iops;				/* only when the heat is known */
	uint64_t generation;			/* of the volume when decided */
};

struct couche_policy_input {
	const struct couche_view *view;
	const struct couche_policies *policies;
	const struct couche_heat *heats;	/* one per volume of the view */
	const struct couche_past *pasts;	/* one per volume of the view */
	uint64_t now_ms;
	unsigned int max_concurrent;		/* on this node */
	bool dry_run;
	bool stopping;
};

/**
 * couche_reason_name() - a stable word for logs and metrics
 * @reason: reason
 *
 * Return: a constant such as "cooldown".
 */
const char *couche_reason_name(enum couche_reason reason);

/**
 * couche_reason_sentence() - the same for a person
 * @reason: reason
 *
 * Return: a constant.
 */
const char *couche_reason_sentence(enum couche_reason reason);

/**
 * couche_policy_select() - the policy that a volume is under
 * @policies: all of them
 * @pool: name of its pool
 * @volume: its name
 *
 * Return: the first one in order whose patterns and selector match, or NULL.
 */
const struct couche_policy *couche_policy_select(const struct couche_policies *policies,
						 const char *pool, const char *volume);

/**
 * couche_policy_current() - the tier where most of a volume lives
 * @volume: of a view
 *
 * Return: the tier, the faster one of equals; unknown when nothing is mapped.
 */
enum couche_class couche_policy_current(const struct couche_view_volume *volume);

/**
 * couche_policy_decide() - decide about every volume
 * @input: what is known
 * @decisions: one per volume of the view
 *
 * Volumes that get hotter go first, the hottest before the others; then those
 * that get colder, the coldest first. An UNKNOWN heat never moves anything.
 *
 * Return: how many decisions have the reason COUCHE_REASON_MOVE.
 */
size_t couche_policy_decide(const struct couche_policy_input *input,
			    struct couche_decision *decisions);

#endif /* COUCHE_DECIDE_POLICY_H */
