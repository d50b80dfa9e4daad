/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The superblock: who the pool and its legs are, how extents are stored, and
 * where map and journal stand on the meta legs. Each leg carries two slots.
 *
 * Pure functions on the caller's buffers: no locks, no allocation, any
 * context. Blocks are COUCHE_BLOCK_SIZE bytes aligned to 8. What decodes
 * satisfies every rule of couche_super_check(), so users need not look again:
 * legs, profiles and areas fit together and stay in bounds. Only the devices
 * themselves (are they there, are they as large as it says) are the caller's.
 *
 * Failure is a negative errno and a sentence in *field (see field.h).
 */
#ifndef COUCHE_CORE_SUPER_H
#define COUCHE_CORE_SUPER_H

#include <linux/types.h>

#include "types.h"

struct couche_group_desc;
struct couche_volume_desc;

struct couche_super_leg {
	u8 uuid[COUCHE_UUID_SIZE];
	u64 sectors;
	u8 role;		/* enum couche_role */
	u8 state;		/* enum couche_leg_state; NONE: all zero */
	u16 domain;
	u32 flags;		/* COUCHE_LEG_FLAG_* */
};

struct couche_super {
	u8 pool_uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	u64 compat;
	u64 ro_compat;
	u64 incompat;
	u64 sequence;
	u64 checkpoint;
	u64 page_checkpoint;	/* 0: any sequence of a map page counts */
	u64 page_sum;
	u32 leg_index;
	u32 nr_legs;
	u32 extent_sectors;
	u32 segment_sectors;
	u64 map_start;		/* sector */
	u64 journal_start;	/* sector */
	u64 journal_seq;
	u32 map_pages;
	u32 journal_blocks;
	u64 stage_start;	/* sector */
	u32 stage_slots;	/* 0: no data journal */
	u32 journal_pos;	/* block of the journal */
	u32 generation;		/* above that of any extent */
	u8 clean;
	struct couche_profile profile[COUCHE_NR_TIERS];
	struct couche_super_leg leg[COUCHE_MAX_LEGS];
};

/**
 * couche_role_of_tier() - role of the legs that hold a tier
 * @tier: enum couche_tier
 *
 * Context: Any.
 * Return: enum couche_role.
 */
static inline u8 couche_role_of_tier(u8 tier)
{
	return tier + COUCHE_ROLE_HOT;
}

/**
 * couche_super_stages() - may slots of the data journal lie over such extents?
 * @s: a checked superblock
 * @tier: enum couche_tier, of the extent
 *
 * Context: Any.
 * Return: true for stripes; for what is written in place since a volume asked.
 */
static inline bool couche_super_stages(const struct couche_super *s, u8 tier)
{
	return s->profile[tier].csum ||
	       (s->incompat & COUCHE_FEATURE_INCOMPAT_STAGE_ALL);
}

u32 couche_super_seed(const u8 uuid[COUCHE_UUID_SIZE]);
bool couche_super_block_is_zero(const void *block);
int couche_super_decode(const void *block, struct couche_super *ret,
			const char **field);
int couche_super_check(const struct couche_super *s, const char **field);
void couche_super_encode(const struct couche_super *s, void *block);
int couche_super_check_shape(const struct couche_super *s,
			     const struct couche_group_desc *group,
			     const char **field);
int couche_super_check_volume(const struct couche_super *s,
			      const struct couche_volume_desc *volume,
			      const char **field);
int couche_super_layout(struct couche_super *s, const char **field);
u32 couche_super_segments(const struct couche_super *s, u32 leg);

#endif
