/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces of a pool. Each is a type of its own so that sparse refuses
 * to mix them up; the helpers below are the only way in and out.
 *
 *   extent   number of an extent within a volume
 *   group    number of a group within the pool
 *   row      4 KiB on every segment of a group, counted from its start
 *
 * Sectors are sector_t (512 bytes) in kernel/ and u64 here.
 */
#ifndef COUCHE_TYPES_H
#define COUCHE_TYPES_H

#include <linux/types.h>

#include "couche_format.h"

typedef u64 __bitwise couche_extent_t;
typedef u32 __bitwise couche_group_t;
typedef u32 __bitwise couche_row_t;

static inline couche_extent_t to_couche_extent(u64 nr)
{
	return (__force couche_extent_t)nr;
}

static inline u64 from_couche_extent(couche_extent_t extent)
{
	return (__force u64)extent;
}

static inline couche_group_t to_couche_group(u32 nr)
{
	return (__force couche_group_t)nr;
}

static inline u32 from_couche_group(couche_group_t group)
{
	return (__force u32)group;
}

static inline couche_row_t to_couche_row(u32 nr)
{
	return (__force couche_row_t)nr;
}

static inline u32 from_couche_row(couche_row_t row)
{
	return (__force u32)row;
}

/* How a tier stores its extents; k 0 means that the pool has no such tier. */
struct couche_profile {
	u8 k;
	u8 m;
	u8 matrix;
	u8 csum;
	u8 min_healthy;		/* shards that a new stripe needs; 0: k */
};

/**
 * couche_profile_min_healthy() - how many shards does a new stripe need?
 * @p: the profile of its tier; of a mirror, how many copies
 *
 * Context: Any.
 * Return: the number, at least k.
 */
static inline unsigned int couche_profile_min_healthy(const struct couche_profile *p)
{
	return p->min_healthy ? p->min_healthy : p->k;
}

/* Where an extent lives, unpacked. flags: COUCHE_EXTENT_*, 0 = not mapped. */
struct couche_place {
	couche_group_t group;
	couche_row_t row;
	u32 generation;
	u16 rows;
	u8 tier;
	u8 flags;
};

#endif /* COUCHE_TYPES_H */
