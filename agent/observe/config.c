// SPDX-License-Identifier: GPL-2.0-only
/* The life of a configuration, whatever its source. */
#include "agent/observe/policyfile.h"

#include <stdlib.h>

int couche_config_init(struct couche_config *ret)
{
	*ret = (struct couche_config){ 0 };
	return couche_ladder_default(&ret->ladder);
}

static void strings_free(char **strings, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(strings[i]);
	free(strings);
}

static void policy_destroy(struct couche_policy *policy)
{
	free(policy->name);
	free(policy->ec_policy_ref);
	strings_free(policy->volumes, policy->nr_volumes);
	for (size_t i = 0; i < policy->nr_selector; i++) {
		free(policy->selector[i].key);
		strings_free(policy->selector[i].values, policy->selector[i].nr_values);
	}
	free(policy->selector);
}

void couche_config_destroy(struct couche_config *config)
{
	struct couche_policies *policies = &config->policies;

	for (size_t i = 0; i < policies->nr_policies; i++)
		policy_destroy(&policies->policies[i]);
	free(policies->policies);
	for (size_t i = 0; i < policies->nr_ecs; i++)
		free(policies->ecs[i].name);
	free(policies->ecs);
	couche_ladder_destroy(&config->ladder);
	*config = (struct couche_config){ 0 };
}
