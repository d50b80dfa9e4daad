/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool that is to be made, or to get legs: which device gets which role, how tiers store,
 * and the lines that device mapper gets. Judged with the very rules that the
 * kernel applies to a superblock (kernel/core/super.h), so that what passes
 * here is refused there for one reason only: the devices.
 *
 * Plain data without owned memory; the caller's strings stay the caller's.
 */
#ifndef COUCHE_TOOLS_PLAN_H
#define COUCHE_TOOLS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "couche_format.h"
#include "setting.h"

#define COUCHE_POOL_TARGET	"couche-pool"
#define COUCHE_VOLUME_TARGET	"couche"
#define COUCHE_POOL_SECTORS	2048	/* of the pool's own device, which holds no data */

struct couche_plan_leg {
	const char *device;	/* NULL: missing */
	uint64_t sectors;
	uint8_t role;
	uint16_t domain;
};

struct couche_plan_profile {
	uint8_t k, m;
	uint8_t matrix;
	uint8_t min_healthy;	/* shards that a new stripe needs; 0: k */
};

struct couche_plan {
	const char *name;
	uint8_t uuid[COUCHE_UUID_SIZE];
	unsigned int nr_legs;
	struct couche_plan_leg leg[COUCHE_MAX_LEGS];
	struct couche_plan_profile profile[COUCHE_NR_TIERS];
	uint64_t extent_sectors;
	uint64_t segment_sectors;
	uint32_t stage_slots;	/* of the data journal, a block each; 0: there is none */
	uint64_t stage_start;	/* where it stands already; 0: to be chosen */
	bool grows;		/* a pool that there is, with further legs */
	bool read_only;
	struct couche_settings settings;
};

const char *couche_role_name(uint8_t role);
const char *couche_tier_name(uint8_t tier);
const char *couche_matrix_name(uint8_t matrix);
const char *couche_leg_state_name(uint8_t state);
int couche_tier_parse(const char *text, uint8_t *tier);
int couche_name_check(const char *option, const char *name);
int couche_profile_parse(const char *option, const char *text,
			 struct couche_plan_profile *profile);
int couche_matrix_parse(const char *option, const char *text, uint8_t *matrix);
int couche_min_healthy_parse(const char *option, const char *text,
			     uint8_t *min_healthy);
bool couche_profile_is_mds(const struct couche_plan_profile *profile);
int couche_plan_set_data_journal(struct couche_plan *plan, uint64_t bytes);
int couche_plan_check(const struct couche_plan *plan);
unsigned int couche_plan_count(const struct couche_plan *plan, uint8_t role);
uint64_t couche_plan_raw_sectors(const struct couche_plan *plan, uint8_t tier);
int couche_plan_params(const struct couche_plan *plan, bool format, char *out, size_t size);
void couche_pool_dm_uuid(const uint8_t *uuid, char *out, size_t size);
void couche_volume_dm_uuid(const uint8_t *pool_uuid, uint32_t id, char *out, size_t size);

#endif
