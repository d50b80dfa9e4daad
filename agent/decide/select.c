// SPDX-License-Identifier: GPL-2.0-only
/* Which policy a volume is under: name patterns and label selectors. */
#include "agent/decide/policy.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/*
 * Without a cluster a volume has the labels that its names give it. Selectors
 * written for persistent volumes then match nothing, which moves nothing.
 */
#define LABEL_POOL "storage.billyronks.io/pool"
#define LABEL_VOLUME "storage.billyronks.io/volume"

static const char *label_value(const char *key, const char *pool, const char *volume)
{
	if (!strcmp(key, LABEL_POOL))
		return pool;
	if (!strcmp(key, LABEL_VOLUME))
		return volume;
	return NULL;
}

static bool requirement_lists(const struct couche_requirement *requirement, const char *value)
{
	for (size_t i = 0; i < requirement->nr_values; i++)
		if (!strcmp(requirement->values[i], value))
			return true;
	return false;
}

static bool requirement_matches(const struct couche_requirement *requirement, const char *pool,
				const char *volume)
{
	const char *value = label_value(requirement->key, pool, volume);

	switch (requirement->op) {
	case COUCHE_SELECTOR_IN:
		return value && requirement_lists(requirement, value);
	case COUCHE_SELECTOR_NOT_IN:
		return !value || !requirement_lists(requirement, value);
	case COUCHE_SELECTOR_EXISTS:
		return value;
	case COUCHE_SELECTOR_DOES_NOT_EXIST:
		return !value;
	}
	return false;
}

static bool patterns_match(const struct couche_policy *policy, const char *pool,
			   const char *volume)
{
	char path[2 * COUCHE_NAME_SIZE];

	if (!policy->nr_volumes)
		return true;
	snprintf(path, sizeof(path), "%s/%s", pool, volume);
	for (size_t i = 0; i < policy->nr_volumes; i++)
		if (!fnmatch(policy->volumes[i], path, FNM_PATHNAME))
			return true;
	return false;
}

static bool policy_matches(const struct couche_policy *policy, const char *pool,
			   const char *volume)
{
	if (!patterns_match(policy, pool, volume))
		return false;
	for (size_t i = 0; i < policy->nr_selector; i++)
		if (!requirement_matches(&policy->selector[i], pool, volume))
			return false;
	return true;
}

const struct couche_policy *couche_policy_select(const struct couche_policies *policies,
						 const char *pool, const char *volume)
{
	for (size_t i = 0; i < policies->nr_policies; i++)
		if (policy_matches(&policies->policies[i], pool, volume))
			return &policies->policies[i];
	return NULL;
}
