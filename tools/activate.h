/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Volumes as device mapper devices: made, resized, taken down. The device of
 * volume v of pool p is called "p-v"; its UUID holds the pool's UUID and the
 * volume's id, so a renamed device is found all the same.
 *
 * Functions print their own error line and return an exit code.
 */
#ifndef COUCHE_TOOLS_ACTIVATE_H
#define COUCHE_TOOLS_ACTIVATE_H

#include "couchectl.h"
#include "dm.h"
#include "session.h"

struct couche_activation {
	char pool_dm[COUCHE_DM_NAME_SIZE];	/* the pool's device */
	char device[2 * COUCHE_NAME_SIZE];	/* what the volume's one is called */
	char uuid[COUCHE_DM_UUID_SIZE];
	char params[64];			/* table line behind "couche" */
};

int couche_dm_fail(int error, const char *object, const char *what);
int couche_activation_init(struct couche_activation *a, const struct couche_nl_pool *pool,
			   const char *volume, uint32_t id);
int couche_activation_find(struct couche_activation *a);
int couche_activation_start(const struct couche_activation *a, uint64_t sectors);
int couche_activation_resize(const struct couche_activation *a, uint64_t sectors);
int couche_activation_stop(const struct couche_activation *a);
int couche_activate_all(const struct couche_ctl *ctl, struct couche_nl *nl,
			const struct couche_nl_pool *pool);

#endif
