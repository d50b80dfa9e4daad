/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session with the generic netlink family "couche" of dm-couche, for the
 * agent and for couchectl.
 *
 * A session belongs to one thread. Requests block until the kernel answered,
 * at most COUCHE_NL_TIMEOUT_SECONDS. Events arrive on a socket of their own,
 * so that they never mix with answers; that one never blocks.
 *
 * Failure is a negative errno; couche_nl_error() has the sentence that goes
 * with it, the kernel's own when it sent one. Nothing is logged here. Arrays
 * are allocated for the caller, who frees them with free(); after a failure
 * *ret is NULL and *ret_nr 0. Attributes that are missing leave zeros, those
 * that are unknown are ignored, those that are malformed give -EBADMSG.
 */
#ifndef COUCHE_AGENT_LIB_NETLINK_H
#define COUCHE_AGENT_LIB_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "couche_format.h"
#include "couche_netlink.h"

#define COUCHE_NL_TIMEOUT_SECONDS 30

struct couche_nl;

/* Which pool an answer or an event speaks of. */
struct couche_nl_pool_id {
	uint8_t uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
};

struct couche_nl_tier {
	uint8_t k;			/* 0: the pool has no such tier */
	uint8_t m;
	uint8_t matrix;			/* 0 vandermonde, 1 cauchy */
	uint8_t csum;			/* 0 none, 1 crc32c */
	uint8_t min_healthy;		/* shards that a new stripe must have at once */
	uint64_t sectors;		/* raw, of the online legs */
	uint64_t used_sectors;		/* raw, in allocated rows */
};

/* A rebuild, a scrub or a reshape. */
struct couche_nl_sweep {
	uint8_t kind;			/* enum couche_sweep_kind */
	uint8_t state;			/* enum couche_sweep_state */
	int error;			/* of the last extent that failed, a negative errno */
	uint64_t done;			/* extents */
	uint64_t total;
	uint64_t bytes;
	uint64_t failed;
	uint64_t bad;			/* shards, of a scrub */
	uint64_t repaired;
	uint64_t rate_bytes;		/* a second; 0: no limit */
	uint32_t interval;		/* seconds until it starts by itself; 0: never */
};

#define COUCHE_NL_SWEEPS 3		/* by enum couche_sweep_kind */

struct couche_nl_pool {
	struct couche_nl_pool_id id;
	uint32_t nr_legs;
	uint32_t nr_volumes;
	uint32_t extent_sectors;
	uint32_t segment_sectors;
	bool degraded;
	bool read_only;
	bool metadata_failed;		/* which is why */
	uint64_t journal_blocks;
	uint64_t journal_used;
	uint64_t commits;
	uint64_t checkpoints;
	struct couche_nl_tier tier[COUCHE_NR_TIERS];	/* by enum couche_tier */
	struct couche_nl_sweep sweep[COUCHE_NL_SWEEPS];
	uint64_t repairs_queued;	/* extents that reads found wrong */
	uint64_t repairs;
	uint64_t repairs_failed;
	uint64_t repairs_dropped;
	uint32_t stage_slots;		/* of the data journal, a block each; 0: there is none */
	uint32_t stage_used;
	uint64_t staged;		/* blocks, since activation */
	uint64_t destaged;
	uint32_t flush_left;		/* blocks that a flush has still to merge */
	bool stage_stuck;		/* nothing can be merged now */
};

struct couche_nl_leg {
	struct couche_nl_pool_id pool;
	uint32_t index;
	uint8_t uuid[COUCHE_UUID_SIZE];
	uint8_t role;			/* enum couche_role */
	uint8_t state;			/* enum couche_leg_state */
	bool present;			/* a device is attached */
	uint16_t domain;
	uint32_t major;
	uint32_t minor;
	uint64_t sectors;
	uint64_t used_sectors;
	uint64_t reads;
	uint64_t writes;
	uint64_t read_errors;
	uint64_t write_errors;
	uint64_t csum_errors;
	uint64_t scrub_errors;		/* shards that scrubs found wrong */
	uint64_t repairs;		/* shards replaced because they were wrong */
	bool draining;			/* takes nothing new, is being emptied */
	uint64_t drain_left;		/* extents */
	uint64_t drain_moved;
};

struct couche_nl_volume {
	struct couche_nl_pool_id pool;
	uint32_t id;
	uint8_t uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	uint64_t sectors;
	uint64_t generation;
	uint64_t extents;
	uint64_t tier_extents[COUCHE_NR_TIERS];
	uint64_t reads;
	uint64_t writes;
	uint64_t read_sectors;
	uint64_t written_sectors;
	uint64_t degraded_reads;
	uint64_t promotes;
	uint64_t lost_extents;
	bool active;			/* a dm device is open on it */
	bool journal_all;		/* writes to parts of all its extents are staged */
};

struct couche_nl_extent {
	uint64_t extent;
	uint8_t tier;			/* enum couche_tier */
	uint8_t flags;			/* COUCHE_EXTENT_* */
	uint32_t generation;
	uint32_t group;
	uint32_t row;
	uint32_t reads;			/* decayed */
	uint32_t writes;		/* decayed */
};

struct couche_nl_migrate {
	uint32_t volume;
	uint64_t first;
	uint64_t count;			/* 0: to the end of the volume */
	uint8_t tier;			/* enum couche_tier: where to */
	bool preserve;
	bool verify;
	uint64_t generation;		/* of the volume when decided; 0: any */
	uint32_t expiry_ms;		/* 0: no limit */
	uint32_t timeout_ms;		/* 0: no limit */
	uint64_t rate_bytes;		/* a second; 0: no limit */
};

struct couche_nl_migration {
	struct couche_nl_pool_id pool;
	uint32_t id;
	uint32_t volume;
	uint64_t first;
	uint64_t count;
	uint8_t tier;
	uint8_t state;			/* enum couche_migration_state */
	int error;			/* why it failed, a negative errno */
	uint64_t moved;
	uint64_t skipped;
	uint64_t bytes;
	uint64_t races;
	uint64_t elapsed_ms;
};

enum couche_nl_event_type {
	COUCHE_NL_EVENT_MIGRATION,
	COUCHE_NL_EVENT_LEG,
	COUCHE_NL_EVENT_DEGRADED,
	COUCHE_NL_EVENT_SPACE,
	COUCHE_NL_EVENT_SWEEP,
	COUCHE_NL_EVENT_REPAIR,
};

struct couche_nl_degraded {
	struct couche_nl_pool_id pool;
	uint32_t volume;
	uint64_t extent;
	uint32_t leg;
	uint32_t suppressed;		/* degraded reads not told of before */
};

struct couche_nl_space {
	struct couche_nl_pool_id pool;
	uint8_t tier;
	uint64_t free_sectors;
	uint64_t sectors;
	uint32_t suppressed;
};

/* How a tier is to store its extents. */
struct couche_nl_profile {
	uint8_t tier;
	uint8_t k;
	uint8_t m;
	const uint8_t *matrix;		/* NULL: the faster one that fits */
	uint8_t min_healthy;		/* 0: k */
};

struct couche_nl_sweep_event {
	struct couche_nl_pool_id pool;
	struct couche_nl_sweep sweep;
};

struct couche_nl_repair {
	struct couche_nl_pool_id pool;
	uint32_t volume;
	uint64_t extent;
	uint32_t leg;			/* one whose shard was wrong */
	int error;			/* why it is still wrong, a negative errno; 0: repaired */
	uint32_t suppressed;
};

struct couche_nl_event {
	enum couche_nl_event_type type;
	union {
		struct couche_nl_migration migration;
		struct couche_nl_leg leg;
		struct couche_nl_degraded degraded;
		struct couche_nl_space space;
		struct couche_nl_sweep_event sweep;
		struct couche_nl_repair repair;
	};
};

int couche_nl_open(struct couche_nl **ret);
void couche_nl_close(struct couche_nl *nl);
const char *couche_nl_error(const struct couche_nl *nl);
COUCHE_DEFINE_CLEANUP(struct couche_nl *, couche_nl_close);

int couche_nl_pools(struct couche_nl *nl, struct couche_nl_pool **ret, size_t *ret_nr);
int couche_nl_pool(struct couche_nl *nl, const uint8_t *pool, struct couche_nl_pool *ret);
int couche_nl_legs(struct couche_nl *nl, const uint8_t *pool,
		   struct couche_nl_leg **ret, size_t *ret_nr);
int couche_nl_volumes(struct couche_nl *nl, const uint8_t *pool,
		      struct couche_nl_volume **ret, size_t *ret_nr);
int couche_nl_extents(struct couche_nl *nl, const uint8_t *pool, uint32_t volume,
		      uint64_t first, uint64_t max,
		      struct couche_nl_extent **ret, size_t *ret_nr);
int couche_nl_migrations(struct couche_nl *nl, const uint8_t *pool,
			 struct couche_nl_migration **ret, size_t *ret_nr);

int couche_nl_set_profile(struct couche_nl *nl, const uint8_t *pool,
			  const struct couche_nl_profile *profile, const uint64_t *rate_bytes);
int couche_nl_migrate(struct couche_nl *nl, const uint8_t *pool,
		      const struct couche_nl_migrate *args, uint32_t *ret_id);
int couche_nl_migrate_cancel(struct couche_nl *nl, const uint8_t *pool, uint32_t id);
int couche_nl_leg_fail(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
int couche_nl_leg_restore(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
int couche_nl_leg_add(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
int couche_nl_leg_replace(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
int couche_nl_leg_remove(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
int couche_nl_leg_drain(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
int couche_nl_leg_undrain(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
int couche_nl_flush(struct couche_nl *nl, const uint8_t *pool);
int couche_nl_sweep(struct couche_nl *nl, const uint8_t *pool, enum couche_sweep_kind kind,
		    enum couche_sweep_order order, const uint64_t *rate_bytes);

int couche_nl_subscribe(struct couche_nl *nl);
int couche_nl_fd(const struct couche_nl *nl);
int couche_nl_next_event(struct couche_nl *nl, struct couche_nl_event *ret);

#endif /* COUCHE_AGENT_LIB_NETLINK_H */
