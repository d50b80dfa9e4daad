// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's list of pools is its only memory that outlives a pool: after the
 * end of a life it is as empty as when the module is loaded.
 */
#include "../../kernel/registry.c"
#include "model.h"

void model_registry_reset(void)
{
	INIT_LIST_HEAD(&pools);
}
