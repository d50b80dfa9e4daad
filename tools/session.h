/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking the kernel about pools and volumes by the names that users give.
 * A session (agent/lib/netlink.h) is opened once per command. Every function
 * prints its own error line and returns an exit code.
 */
#ifndef COUCHE_TOOLS_SESSION_H
#define COUCHE_TOOLS_SESSION_H

#include "agent/lib/netlink.h"
#include "couchectl.h"

#define COUCHE_OBJECT_SIZE	(2 * COUCHE_NAME_SIZE)	/* "pool/volume" */

int couche_session_open(struct couche_nl **nl);
int couche_session_fail(const struct couche_nl *nl, int error, const char *object,
			const char *what);
int couche_session_pool(struct couche_nl *nl, const char *name, struct couche_nl_pool *pool);
int couche_session_volume(struct couche_nl *nl, const char *object,
			  struct couche_nl_pool *pool, struct couche_nl_volume *volume);
int couche_session_split(const char *object, char *pool, char *volume);
int couche_session_pool_dm(const struct couche_nl_pool *pool, char *name);
void couche_device_path(uint32_t major, uint32_t minor, char *path, size_t size);

#endif
