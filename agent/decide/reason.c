// SPDX-License-Identifier: GPL-2.0-only
#include "agent/decide/policy.h"

static const struct {
	const char *name;
	const char *sentence;
} reasons[COUCHE_NR_REASONS] = {
	[COUCHE_REASON_MOVE] = { "move", "it moves" },
	[COUCHE_REASON_DRY_RUN] = { "dry_run", "it would move, but this is a dry run" },
	[COUCHE_REASON_IN_PLACE] = { "in_place", "it lives where its heat wants it" },
	[COUCHE_REASON_EMPTY] = { "empty", "nothing of it is mapped" },
	[COUCHE_REASON_NO_POLICY] = { "no_policy", "no policy matches it" },
	[COUCHE_REASON_DISABLED] = { "disabled", "its policy is disabled" },
	[COUCHE_REASON_UNKNOWN_HEAT] = { "unknown_heat", "its heat is not known" },
	[COUCHE_REASON_COOLDOWN] = { "cooldown", "it moved less than cooldownPeriod ago" },
	[COUCHE_REASON_BACKOFF] = { "backoff", "its last move failed; waiting before the next" },
	[COUCHE_REASON_MOVING] = { "moving", "a migration of it is running" },
	[COUCHE_REASON_CONCURRENCY] = { "concurrency",
		"as many migrations run as are allowed" },
	[COUCHE_REASON_NO_TIER] = { "no_tier", "its pool has no such tier" },
	[COUCHE_REASON_NO_SPACE] = { "no_space", "the tier has too little free space" },
	[COUCHE_REASON_DEGRADED] = { "degraded", "its pool is degraded; restore the legs first" },
	[COUCHE_REASON_READ_ONLY] = { "read_only", "its pool is read-only" },
	[COUCHE_REASON_EC_TOO_SMALL] = { "ec_too_small",
		"it is smaller than ecMinVolumeSizeBytes" },
	[COUCHE_REASON_EC_MISMATCH] = { "ec_mismatch",
		"the pool's cold tier is not what ecPolicyRef names" },
	[COUCHE_REASON_STOPPING] = { "stopping", "the agent is stopping" },
};

const char *couche_reason_name(enum couche_reason reason)
{
	return (unsigned int)reason < COUCHE_NR_REASONS ? reasons[reason].name : "unknown";
}

const char *couche_reason_sentence(enum couche_reason reason)
{
	return (unsigned int)reason < COUCHE_NR_REASONS ? reasons[reason].sentence : "unknown";
}
