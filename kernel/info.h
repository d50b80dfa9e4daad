/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pools tell the control plane about themselves, and what an order to
 * migrate says: copies taken at one instant, owned by whoever has them. Nothing
 * points back into a pool.
 */
#ifndef COUCHE_INFO_H
#define COUCHE_INFO_H

#include "core/types.h"
#include "couche_netlink.h"	/* enum couche_migration_state and others */

/* A rebuild, a scrub or a reshape, sweep.h. */
struct couche_sweep_info {
	u8 kind;			/* enum couche_sweep_kind */
	u8 state;			/* enum couche_sweep_state */
	int error;			/* of the last visit that failed, or 0 */
	u64 done, total;		/* extents visited, and to be visited */
	u64 bytes;			/* of the volumes: rebuilt, or scrubbed */
	u64 failed;			/* extents that could not be brought in order */
	u64 bad;			/* scrub: shards found wrong or unreadable */
	u64 repaired;			/* scrub: of those, replaced */
	u64 rate;			/* bytes a second, 0: no limit */
	u32 interval;			/* seconds until it starts by itself, 0: never */
};

/* What mends itself without being asked, since activation. */
struct couche_repair_info {
	u64 queued;			/* extents that wait */
	u64 done;			/* repaired */
	u64 failed;			/* still wrong */
	u64 dropped;			/* the queue was full */
	u64 reconstructions;		/* times that rows were computed */
	u64 reconstruction_reads;	/* ranges of shards read for that */
};

struct couche_pool_info {
	u8 uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	u32 nr_legs;
	u32 nr_volumes;
	u32 extent_sectors;
	u32 segment_sectors;
	bool degraded;
	bool read_only;			/* it takes no writes */
	bool metadata_failed;		/* which is why */
	u64 journal_blocks;
	u64 journal_used;
	u64 commits;
	u64 checkpoints;
	u32 stage_slots;		/* of the data journal */
	u32 stage_used;
	bool stage_stuck;		/* nothing can be destaged now */
	u32 flush_left;			/* slots that a flush has still to destage */
	u64 staged_granules;
	u64 destaged_granules;
	struct couche_profile profile[COUCHE_NR_TIERS];
	u64 tier_sectors[COUCHE_NR_TIERS];	/* raw capacity of online legs */
	u64 tier_used_sectors[COUCHE_NR_TIERS];	/* raw sectors in allocated rows */
	struct couche_repair_info repair;
	struct couche_sweep_info rebuild, scrub, reshape;
};

struct couche_leg_info {
	u32 index;
	u8 uuid[COUCHE_UUID_SIZE];
	u8 role;			/* enum couche_role */
	u8 state;			/* enum couche_leg_state */
	bool present;			/* a device is attached */
	u16 domain;
	u32 major, minor;		/* of the device, 0:0 when absent */
	u64 sectors;
	u64 used_sectors;
	bool draining;			/* takes nothing new, is being emptied */
	u64 drain_left, drain_moved;	/* extents, since the drain last began */
	u64 reads, writes;		/* bios */
	u64 read_errors, write_errors, csum_errors;
	u64 scrub_errors;		/* shards that scrubs found wrong */
	u64 repairs;			/* shards replaced because they were wrong */
};

struct couche_volume_info {
	u32 id;
	u8 uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	u64 sectors;
	u64 generation;			/* changes when extents move or the size changes */
	u64 extents;			/* total */
	u64 tier_extents[COUCHE_NR_TIERS];
	u64 reads, writes;		/* bios */
	u64 read_sectors, written_sectors;
	u64 degraded_reads;
	u64 promotes;			/* extents moved to the landing tier by a write */
	u64 lost_extents;		/* unreadable: more shards lost than parity */
	bool active;			/* a dm device is open on it */
	bool journal_all;		/* writes to all its extents are staged */
};

struct couche_extent_info {
	u64 extent;
	u8 tier;
	u8 flags;			/* COUCHE_EXTENT_* */
	u32 generation;
	u32 group;
	u32 row;
	u32 reads, writes;		/* decayed heat counters */
};

/* How the extents of a tier are to be stored. */
struct couche_profile_args {
	u8 tier;
	u8 k, m;
	u8 matrix;			/* COUCHE_ANY_MATRIX: the faster one that fits */
	u8 min_healthy;			/* 0: k */
	u64 rate_bytes;			/* of the sweep; U64_MAX: as before, 0: the module's */
};

#define COUCHE_ANY_MATRIX	0xff

struct couche_migrate_args {
	u32 volume;
	u64 first;			/* first extent */
	u64 count;			/* extents; 0: to the end of the volume */
	u8 tier;			/* where to */
	bool preserve;			/* keep the source copy until space is needed */
	bool verify;			/* read the new copy back before the commit */
	u64 generation;			/* of the volume when decided; 0: any */
	u32 expiry_ms;			/* must have begun by then; 0: no limit */
	u32 timeout_ms;			/* must have ended by then; 0: no limit */
	u64 rate_bytes;			/* bytes a second; 0: no limit */
};

struct couche_migration_info {
	u32 id;				/* unique in the pool since activation */
	u32 volume;
	u64 first;
	u64 count;
	u8 tier;
	u8 state;			/* enum couche_migration_state */
	int error;			/* why it failed, a negative errno */
	u64 moved;			/* extents at the target tier so far */
	u64 skipped;			/* unmapped or there already */
	u64 bytes;			/* moved, logical */
	u64 races;			/* copies thrown away because of a write */
	u64 elapsed_ms;
};

#endif /* COUCHE_INFO_H */
