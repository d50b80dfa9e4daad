/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device mapper: tables are loaded, devices made and removed, messages sent.
 * A thin wrapper over libdevmapper, which is not thread safe; neither is this.
 *
 * Failure is a negative errno. couche_dm_why() then gives the kernel's own
 * reason, which a target can only say in the kernel log, when this process
 * may read it; it describes the last call that failed.
 */
#ifndef COUCHE_TOOLS_DM_H
#define COUCHE_TOOLS_DM_H

#include <stdbool.h>
#include <stdint.h>

#define COUCHE_DM_NAME_SIZE	128
#define COUCHE_DM_UUID_SIZE	129
#define COUCHE_DM_PARAMS_SIZE	16384

struct couche_dm_table {
	const char *target;
	uint64_t sectors;
	const char *params;
	bool read_only;
};

struct couche_dm_info {
	bool exists;
	bool suspended;
	int open_count;
	uint32_t major, minor;
	char uuid[COUCHE_DM_UUID_SIZE];
};

void couche_dm_init(void);
const char *couche_dm_why(void);
int couche_dm_has_target(const char *target);
int couche_dm_info(const char *name, struct couche_dm_info *info);
int couche_dm_create(const char *name, const char *uuid, const struct couche_dm_table *table);
int couche_dm_reload(const char *name, const struct couche_dm_table *table);
int couche_dm_remove(const char *name);
int couche_dm_message(const char *name, const char *message);
int couche_dm_params(const char *name, char *params, uint64_t *sectors);
int couche_dm_find_uuid(const char *uuid, char name[COUCHE_DM_NAME_SIZE]);

#endif
