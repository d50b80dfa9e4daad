// SPDX-License-Identifier: GPL-2.0-only
#include "agent/decide/classify.h"

static const char *const class_names[] = { "hot", "warm", "cold", "unknown" };

static const char *const state_names[COUCHE_NR_HEAT_STATES] = {
	[COUCHE_HEAT_KNOWN] = "known",
	[COUCHE_HEAT_MISSING] = "missing",
	[COUCHE_HEAT_FAILED] = "failed",
	[COUCHE_HEAT_STALE] = "stale",
	[COUCHE_HEAT_SPARSE] = "sparse",
	[COUCHE_HEAT_INVALID] = "invalid",
};

const char *couche_heat_state_name(enum couche_heat_state state)
{
	return (unsigned int)state < COUCHE_NR_HEAT_STATES ? state_names[state] : "invalid";
}

const char *couche_class_name(enum couche_class class)
{
	return class_names[(unsigned int)class < COUCHE_CLASS_UNKNOWN ? class :
			   COUCHE_CLASS_UNKNOWN];
}

enum couche_class couche_classify(const struct couche_heat *heat,
				  const struct couche_watermarks *marks)
{
	/* written so that a NaN is unknown even if the state lies */
	if (heat->state != COUCHE_HEAT_KNOWN || !(heat->iops >= 0))
		return COUCHE_CLASS_UNKNOWN;
	if (heat->iops > marks->high)
		return COUCHE_CLASS_HOT;
	if (heat->iops < marks->low)
		return COUCHE_CLASS_COLD;
	return COUCHE_CLASS_WARM;
}

enum couche_class couche_classify_target(const struct couche_heat *heat,
					 const struct couche_watermarks *marks,
					 enum couche_class current, bool has_warm)
{
	enum couche_class class = couche_classify(heat, marks);

	if (class != COUCHE_CLASS_WARM)
		return class;
	if (!has_warm || !(marks->warm > 0))
		return current;
	if (current == COUCHE_CLASS_HOT && heat->iops >= marks->warm)
		return COUCHE_CLASS_HOT;
	if (current == COUCHE_CLASS_COLD && heat->iops < marks->warm)
		return COUCHE_CLASS_COLD;
	return COUCHE_CLASS_WARM;
}
