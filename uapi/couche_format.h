/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * On-disk format of a CoucheStor pool, version 1.
 *
 * Every leg:   block 0 (4 KiB) unused, block 1 superblock slot A, block 2
 *              superblock slot B, data from COUCHE_DATA_START.
 * A meta leg:  its data area holds the map area (pages in A/B slots), the
 *              journal ring and, in some pools, the slots of the data journal,
 *              at the places the superblock names.
 * A tier leg:  its data area is cut into segments of segment_sectors each.
 *
 * All integers are little endian. Every block carries a magic number and a
 * crc32c over the whole block with its own crc field as zero, seeded with the
 * crc32c of the pool UUID, so that a block of another pool never verifies.
 * This file holds no functions: kernel/core encodes, decodes and validates.
 */
#ifndef _UAPI_COUCHE_FORMAT_H
#define _UAPI_COUCHE_FORMAT_H

#include <linux/types.h>

#define COUCHE_FORMAT_VERSION		1

#define COUCHE_BLOCK_SIZE		4096	/* superblock, page, journal block, row, footer */
#define COUCHE_BLOCK_SHIFT		12
#define COUCHE_BLOCK_SECTORS		8
#define COUCHE_SB_SLOT_A		8	/* sector of superblock slot A */
#define COUCHE_SB_SLOT_B		16	/* sector of superblock slot B */
#define COUCHE_DATA_START		2048	/* sector: data of every leg begins at 1 MiB */

#define COUCHE_UUID_SIZE		16
#define COUCHE_NAME_SIZE		64	/* with the terminating NUL */
#define COUCHE_MAX_LEGS			64
#define COUCHE_MAX_META_LEGS		3
#define COUCHE_MAX_SHARDS		32	/* k + m */
#define COUCHE_MAX_VOLUMES		1024
#define COUCHE_MIN_EXTENT_SECTORS	128	/* 64 KiB */
#define COUCHE_MAX_EXTENT_SECTORS	131072	/* 64 MiB */
#define COUCHE_MIN_SEGMENT_SECTORS	2048	/* 1 MiB */
#define COUCHE_MAX_SEGMENT_SECTORS	8388608	/* 4 GiB: a row number has 20 bits */

#define COUCHE_SB_MAGIC			0x31627368636f6300ULL
#define COUCHE_PAGE_MAGIC		0x67706863u
#define COUCHE_JOURNAL_MAGIC		0x6c6a6863u
#define COUCHE_FOOTER_MAGIC		0x74666863u

/* Feature bits: an unknown compat bit is ignored, an unknown ro-compat bit
 * forbids writing, an unknown incompat bit forbids opening.
 */
#define COUCHE_FEATURE_COMPAT_SUPP	0ULL
#define COUCHE_FEATURE_RO_COMPAT_SUPP	0ULL
#define COUCHE_FEATURE_INCOMPAT_STAGE	0x1ULL	/* there is a data journal */
#define COUCHE_FEATURE_INCOMPAT_SHAPES	0x2ULL	/* cold groups may differ from the profile */
#define COUCHE_FEATURE_INCOMPAT_STAGE_ALL 0x4ULL	/* it may hold what lies over any extent */
#define COUCHE_FEATURE_INCOMPAT_SUPP	(COUCHE_FEATURE_INCOMPAT_STAGE | \
					 COUCHE_FEATURE_INCOMPAT_SHAPES | \
					 COUCHE_FEATURE_INCOMPAT_STAGE_ALL)

enum couche_role {
	COUCHE_ROLE_META	= 0,
	COUCHE_ROLE_HOT		= 1,
	COUCHE_ROLE_WARM	= 2,
	COUCHE_ROLE_COLD	= 3,
};

enum couche_tier {
	COUCHE_TIER_HOT		= 0,
	COUCHE_TIER_WARM	= 1,
	COUCHE_TIER_COLD	= 2,
};

#define COUCHE_NR_TIERS			3

enum couche_leg_state {
	COUCHE_LEG_NONE		= 0,	/* slot not in use, or not any more */
	COUCHE_LEG_ONLINE	= 1,
	COUCHE_LEG_FAILED	= 2,	/* its contents may be stale */
	COUCHE_LEG_RESTORING	= 3,	/* takes writes, mirror reads avoid it */
};

#define COUCHE_LEG_FLAG_DRAINING	0x1	/* takes no new extents, is to be emptied */

/* How the extents of a tier are stored. */
struct couche_disk_profile {
	__u8 k;			/* data shards; 0: the pool has no such tier */
	__u8 m;			/* parity shards, or further mirrors when k is 1 */
	__u8 matrix;		/* enum couche_matrix */
	__u8 csum;		/* 0 none (written in place), 1 crc32c in a footer */
	__u8 min_healthy;	/* shards that a new stripe needs, k..k+m; 0: k */
	__u8 reserved[3];
};

struct couche_disk_leg {
	__u8 uuid[COUCHE_UUID_SIZE];
	__le64 sectors;		/* size of the device when it joined */
	__u8 role;		/* enum couche_role */
	__u8 state;		/* enum couche_leg_state */
	__le16 domain;		/* failure domain; legs of one domain fail together */
	__le32 flags;		/* COUCHE_LEG_FLAG_* */
};

/*
 * Superblock. sequence grows with every change of configuration or leg state
 * and is the same on all legs that are written; checkpoint grows with every
 * checkpoint and moves on the meta legs only. The slot is sequence or
 * checkpoint parity: the older slot is always the one overwritten.
 */
struct couche_disk_super {
	__le64 magic;
	__le32 crc;
	__le32 version;
	__u8 pool_uuid[COUCHE_UUID_SIZE];
	__le64 compat;
	__le64 ro_compat;
	__le64 incompat;
	__le64 sequence;
	__le64 checkpoint;
	__le32 leg_index;	/* which leg this is */
	__le32 nr_legs;
	__le32 extent_sectors;
	__le32 segment_sectors;
	__le64 map_start;	/* sector on a meta leg of page 0, slot A */
	__le32 map_pages;	/* pages; each takes two slots, A then B */
	__le32 journal_blocks;
	__le64 journal_start;	/* sector on a meta leg */
	__le64 journal_seq;	/* sequence of the first block to replay */
	__le32 journal_pos;	/* its position, in blocks from journal_start */
	__u8 clean;		/* 1: deactivated cleanly, nothing to replay or resync */
	__u8 reserved0[3];
	__le32 generation;	/* no extent ever had this generation or a higher one */
	__le32 reserved3;
	char name[COUCHE_NAME_SIZE];
	struct couche_disk_profile profile[COUCHE_NR_TIERS];
	__le64 stage_start;	/* sector on a meta leg of slot 0 of the data journal */
	__le32 stage_slots;	/* of COUCHE_BLOCK_SIZE each; 0: there is none */
	__le32 reserved4;
	__le64 page_checkpoint;	/* map pages with a higher sequence do not count; 0: all do */
	__le64 page_sum;	/* couche_page_term() of all that do */
	__u8 reserved1[256];
	struct couche_disk_leg leg[COUCHE_MAX_LEGS];
	__u8 reserved2[1536];
};

/* Where an extent lives. All zero: not mapped, reads as zeros. */
struct couche_disk_extent {
	__le32 group;
	__le32 row;		/* first row in every segment of the group */
	__le32 generation;	/* grows with every relocation */
	__le16 rows;		/* rows per shard, footer included */
	__u8 tier;		/* enum couche_tier */
	__u8 flags;		/* COUCHE_EXTENT_* */
};

#define COUCHE_EXTENT_MAPPED		0x01
#define COUCHE_EXTENT_OPEN		0x02	/* mirror copies may differ: resync after a crash */

struct couche_disk_segment {
	__le32 leg;
	__le32 segment;
};

/* k + m segments on different legs. nr 0: the record is free. */
struct couche_disk_group {
	__u8 nr;		/* k + m */
	__u8 k;
	__u8 tier;
	__u8 matrix;
	__le32 reserved;
	struct couche_disk_segment seg[COUCHE_MAX_SHARDS];
};

/* sectors 0: the record is free. Volume ids are 1..COUCHE_MAX_VOLUMES. */
struct couche_disk_volume {
	__le32 id;
	__le32 flags;		/* COUCHE_VOLUME_*; unknown bits are refused */
	__le64 sectors;
	__le64 created;		/* seconds since the epoch */
	__u8 uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	__le32 born;		/* no extent of it has a lower generation */
	__u8 reserved[20];
};

/* Needs COUCHE_FEATURE_INCOMPAT_STAGE_ALL. */
#define COUCHE_VOLUME_JOURNAL_ALL	0x1	/* partial writes to all its extents are staged */

/*
 * What a slot of the data journal holds: a granule (COUCHE_BLOCK_SIZE) of an
 * extent, over what its place says, as long as the extent has this generation.
 * Of several slots with one granule the highest sequence counts.
 */
struct couche_disk_stage {
	__le64 extent;
	__le64 sequence;
	__le32 volume;
	__le32 generation;	/* 0: the slot was never used */
	__le32 crc;		/* crc32c of the granule */
	__le16 granule;		/* within the extent */
	__le16 flags;		/* COUCHE_STAGE_* */
};

#define COUCHE_STAGE_ZERO		0x0001	/* zeros, which the slot itself does not hold */

enum couche_page_type {
	COUCHE_PAGE_FREE	= 0,
	COUCHE_PAGE_VOLUME	= 1,	/* volume records */
	COUCHE_PAGE_GROUP	= 2,	/* group records */
	COUCHE_PAGE_MAP		= 3,	/* extents of one volume */
	COUCHE_PAGE_STAGE	= 4,	/* slots of the data journal */
};

#define COUCHE_PAGE_HEADER_SIZE		64
#define COUCHE_PAGE_PAYLOAD		(COUCHE_BLOCK_SIZE - COUCHE_PAGE_HEADER_SIZE)
#define COUCHE_PAGE_EXTENTS		(COUCHE_PAGE_PAYLOAD / 16)	/* 252 */
#define COUCHE_PAGE_GROUPS		(COUCHE_PAGE_PAYLOAD / 264)	/* 15 */
#define COUCHE_PAGE_VOLUMES		(COUCHE_PAGE_PAYLOAD / 128)	/* 31 */
#define COUCHE_PAGE_STAGES		(COUCHE_PAGE_PAYLOAD / 32)	/* 126 */

/*
 * A page of the map area. Pages say themselves what they hold: index counts
 * the pages of one kind (of one volume for COUCHE_PAGE_MAP), so record i of a
 * kind stands in the page with index i / records per page.
 */
struct couche_disk_page {
	__le32 magic;
	__le32 crc;
	__le64 sequence;	/* the higher of two valid slots counts, up to page_checkpoint */
	__le32 number;		/* own place in the map area */
	__u8 type;		/* enum couche_page_type */
	__u8 reserved0[3];
	__le32 volume;		/* COUCHE_PAGE_MAP: owner */
	__le32 index;
	__u8 reserved1[32];
	union {
		struct couche_disk_extent extent[COUCHE_PAGE_EXTENTS];
		struct couche_disk_group group[COUCHE_PAGE_GROUPS];
		struct couche_disk_volume volumes[COUCHE_PAGE_VOLUMES];
		struct couche_disk_stage stage[COUCHE_PAGE_STAGES];
		__u8 payload[COUCHE_PAGE_PAYLOAD];
	};
};

enum couche_record_type {
	COUCHE_RECORD_EXTENT	= 1,
	COUCHE_RECORD_GROUP	= 2,
	COUCHE_RECORD_VOLUME	= 3,
	COUCHE_RECORD_STAGE	= 4,
};

/* Journal records set a state, so that replaying one twice changes nothing. */
struct couche_disk_record {
	__le16 type;		/* enum couche_record_type */
	__le16 len;		/* bytes of the whole record, a multiple of 8 */
	__le32 id;		/* volume id, group number, slot */
};

struct couche_disk_record_extent {
	struct couche_disk_record head;
	__le64 extent;
	struct couche_disk_extent to;
};

struct couche_disk_record_group {
	struct couche_disk_record head;
	struct couche_disk_group to;
};

struct couche_disk_record_volume {
	struct couche_disk_record head;
	struct couche_disk_volume to;
};

struct couche_disk_record_stage {
	struct couche_disk_record head;
	struct couche_disk_stage to;
};

#define COUCHE_JOURNAL_HEADER_SIZE	64
#define COUCHE_JOURNAL_PAYLOAD		(COUCHE_BLOCK_SIZE - COUCHE_JOURNAL_HEADER_SIZE)

/*
 * A block of the journal ring. A commit is one or more blocks with following
 * sequences; the last one has COUCHE_JOURNAL_COMMIT. Blocks after the last
 * whole commit are not replayed.
 */
struct couche_disk_journal {
	__le32 magic;
	__le32 crc;
	__le64 sequence;
	__le32 position;	/* own block number in the ring */
	__le16 bytes;		/* used bytes of payload */
	__le16 flags;
	__u8 reserved[40];
	__u8 payload[COUCHE_JOURNAL_PAYLOAD];
};

#define COUCHE_JOURNAL_COMMIT		0x0001

/* After a recovery the sequence jumps so far that no stale block chains in. */
#define COUCHE_JOURNAL_JUMP		(1ULL << 32)

#define COUCHE_FOOTER_HEADER_SIZE	96
#define COUCHE_FOOTER_CRCS		((COUCHE_BLOCK_SIZE - COUCHE_FOOTER_HEADER_SIZE) / 4)

/*
 * The last block(s) of a shard with checksums. A shard has rows - footers
 * data blocks; footers = blocks needed for one crc32c per data block, 1000 to
 * a footer block. Each footer block repeats the header and carries the crcs
 * of its own share (first_crc .. first_crc + nr_crcs - 1).
 */
struct couche_disk_footer {
	__le32 magic;
	__le32 crc;
	__u8 pool_uuid[COUCHE_UUID_SIZE];
	__le32 volume;
	__le32 generation;
	__le64 extent;
	__le32 group;
	__le32 row;
	__u8 shard;		/* index in the group, 0..k+m-1 */
	__u8 k;
	__u8 m;
	__u8 matrix;
	__le16 rows;		/* rows of the shard, footers included */
	__le16 footers;
	__le32 first_crc;
	__le32 nr_crcs;
	__le32 extent_sectors;
	__le32 born;		/* of the volume: lower generations are of a removed one */
	__u8 reserved[24];
	__le32 crcs[COUCHE_FOOTER_CRCS];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct couche_disk_profile) == 8, "profile");
_Static_assert(sizeof(struct couche_disk_leg) == 32, "leg");
_Static_assert(sizeof(struct couche_disk_super) == COUCHE_BLOCK_SIZE, "super");
_Static_assert(sizeof(struct couche_disk_extent) == 16, "extent");
_Static_assert(sizeof(struct couche_disk_group) == 264, "group");
_Static_assert(sizeof(struct couche_disk_volume) == 128, "volume");
_Static_assert(sizeof(struct couche_disk_stage) == 32, "stage");
_Static_assert(sizeof(struct couche_disk_page) == COUCHE_BLOCK_SIZE, "page");
_Static_assert(sizeof(struct couche_disk_record_extent) == 32, "extent record");
_Static_assert(sizeof(struct couche_disk_record_group) == 272, "group record");
_Static_assert(sizeof(struct couche_disk_record_volume) == 136, "volume record");
_Static_assert(sizeof(struct couche_disk_record_stage) == 40, "stage record");
_Static_assert(sizeof(struct couche_disk_journal) == COUCHE_BLOCK_SIZE, "journal");
_Static_assert(sizeof(struct couche_disk_footer) == COUCHE_BLOCK_SIZE, "footer");
#endif

#endif /* _UAPI_COUCHE_FORMAT_H */
