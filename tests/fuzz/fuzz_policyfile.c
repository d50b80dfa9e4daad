// SPDX-License-Identifier: GPL-2.0-only
/* A policy file: it is taken with all its rules kept, or refused with a sentence. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "agent/observe/policyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct couche_config config;
	char why[512] = "";

	if (couche_policyfile_parse("f", (const char *)data, size, &config, why, sizeof(why))) {
		if (!*why)
			abort();
		return 0;
	}
	if (!config.policies.nr_policies || !config.ladder.nr)
		abort();
	for (size_t i = 0; i < config.policies.nr_policies; i++) {
		const struct couche_policy *policy = &config.policies.policies[i];

		if (!policy->name || !policy->window_ms || !policy->cooldown_ms ||
		    !policy->max_concurrent || !(policy->marks.high > policy->marks.low) ||
		    !policy->ec_policy_ref != !policy->ec)
			abort();
		couche_policy_select(&config.policies, "tank", "volume");
	}
	couche_config_destroy(&config);
	return 0;
}
