// SPDX-License-Identifier: GPL-2.0-only
#include "agent/act/kernel.h"

#include <errno.h>

#include "agent/lib/netlink.h"

static enum couche_kind kind_of(int error)
{
	switch (error) {
	case -EBUSY:
	case -EEXIST:
	case -EALREADY:
		return COUCHE_KIND_MIGRATION_IN_PROGRESS;
	case -ENOSPC:
	case -ENODEV:
		return COUCHE_KIND_NO_SUITABLE_POOL;
	case -ETIME:
	case -ETIMEDOUT:
		return COUCHE_KIND_MIGRATION_TIMEOUT;
	case -ESTALE:
	case -EINVAL:
	case -ERANGE:
	case -EROFS:
		return COUCHE_KIND_MIGRATION_FAILED;
	default:
		return COUCHE_KIND_KERNEL_INTERFACE;
	}
}

uint32_t couche_act_timeout(const struct couche_decision *decision,
			    const struct couche_act_limits *limits)
{
	uint64_t timeout_ms = decision->policy->timeout_ms;

	if (!timeout_ms)
		timeout_ms = limits->timeout_ms;
	return timeout_ms < UINT32_MAX ? (uint32_t)timeout_ms : UINT32_MAX;
}

int couche_act_move(struct couche_nl *nl, const struct couche_view *view, size_t volume,
		    const struct couche_decision *decision,
		    const struct couche_act_limits *limits, uint32_t *ret_id,
		    enum couche_kind *ret_kind)
{
	const struct couche_view_volume *which = &view->volumes[volume];
	const struct couche_nl_migrate order = {
		.volume = which->id,
		.tier = (uint8_t)decision->to,
		.preserve = limits->preserve || decision->policy->preserve,
		.verify = decision->policy->verify,
		.generation = decision->generation,
		.expiry_ms = COUCHE_DECISION_EXPIRY_MS,
		.timeout_ms = couche_act_timeout(decision, limits),
		.rate_bytes = decision->policy->rate_bytes,
	};
	int r = couche_nl_migrate(nl, view->pools[which->pool].uuid, &order, ret_id);

	*ret_kind = r < 0 ? kind_of(r) : COUCHE_KIND_NONE;
	return r < 0 ? r : 0;
}
