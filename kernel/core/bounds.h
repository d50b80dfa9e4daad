/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounds that decoders enforce besides those of couche_format.h. They are far
 * above what anybody has and keep the arithmetic on decoded numbers free of
 * overflows and the memory that a damaged field can ask for finite.
 */
#ifndef COUCHE_CORE_BOUNDS_H
#define COUCHE_CORE_BOUNDS_H

#include "couche_format.h"

/* Segments of a leg: 1 PiB at the default size, a bitmap of 2 MiB. */
#define COUCHE_MAX_SEGMENTS		(1u << 24)

/* Every segment of every leg alone in a group. */
#define COUCHE_MAX_GROUPS		(COUCHE_MAX_LEGS * COUCHE_MAX_SEGMENTS)

/* Group numbers that a map entry in memory can hold. */
#define COUCHE_MAX_GROUP_NUMBER		(1u << 28)

/* Rows of a segment: row numbers have 20 bits. */
#define COUCHE_MAX_ROWS			(COUCHE_MAX_SEGMENT_SECTORS / COUCHE_BLOCK_SECTORS)

/* Blocks of the largest extent, which is also the longest shard (k = 1). */
#define COUCHE_MAX_DATA_ROWS		(COUCHE_MAX_EXTENT_SECTORS / COUCHE_BLOCK_SECTORS)
#define COUCHE_MAX_FOOTERS \
	((COUCHE_MAX_DATA_ROWS + COUCHE_FOOTER_CRCS - 1) / COUCHE_FOOTER_CRCS)
#define COUCHE_MAX_SHARD_ROWS		(COUCHE_MAX_DATA_ROWS + COUCHE_MAX_FOOTERS)

/* A device, 4 EiB, and a volume, 16 PiB. */
#define COUCHE_MAX_LEG_SECTORS		(1ULL << 53)
#define COUCHE_MAX_VOLUME_SECTORS	(1ULL << 45)
#define COUCHE_MAX_EXTENTS		(COUCHE_MAX_VOLUME_SECTORS / COUCHE_MIN_EXTENT_SECTORS)

/* 1 MiB is enough to run, more than 4 GiB would only make recovery slow. */
#define COUCHE_MIN_JOURNAL_BLOCKS	256u
#define COUCHE_MAX_JOURNAL_BLOCKS	(1u << 20)
/* What couche_super_layout() gives when there is room: 64 MiB. */
#define COUCHE_DEFAULT_JOURNAL_BLOCKS	16384u

/* Slots of the data journal: 1 MiB to 16 GiB of granules, 80 bytes of memory each. */
#define COUCHE_MIN_STAGE_SLOTS		256u
#define COUCHE_MAX_STAGE_SLOTS		(1u << 22)

/* Sequences count for ever, jumps included; beyond this they are damage. */
#define COUCHE_MAX_SEQUENCE		(1ULL << 62)

/* Further copies of a mirrored (k = 1) hot or warm tier. */
#define COUCHE_MAX_MIRRORS		2

#endif
