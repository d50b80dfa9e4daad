/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent knows about the kernel at one instant: pools, legs, volumes
 * and migrations, as plain arrays. Filled by observe/kernel.c, read by
 * everybody else, changed by nobody after that. Volumes, legs and migrations
 * name their pool by its place in the array of pools. An invalid view (no
 * module, no answer) has no pools and says why in error and message.
 */
#ifndef COUCHE_OBSERVE_VIEW_H
#define COUCHE_OBSERVE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <couche_format.h>

struct couche_view_tier {
	uint8_t k;			/* 0: the pool has no such tier */
	uint8_t m;
	uint64_t sectors;		/* raw, of online legs */
	uint64_t used_sectors;		/* raw */
};

struct couche_view_pool {
	uint8_t uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	bool degraded;
	bool read_only;
	uint32_t extent_sectors;
	uint64_t journal_blocks;
	uint64_t journal_used;
	uint64_t commits;
	uint64_t checkpoints;
	struct couche_view_tier tiers[COUCHE_NR_TIERS];
};

struct couche_view_leg {
	size_t pool;
	uint32_t index;
	uint8_t role;			/* enum couche_role */
	uint8_t state;			/* enum couche_leg_state */
	bool present;
	uint64_t sectors;
	uint64_t used_sectors;
	uint64_t reads, writes;
	uint64_t read_errors, write_errors, csum_errors;
};

struct couche_view_volume {
	size_t pool;
	uint32_t id;
	uint8_t uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	uint64_t sectors;
	uint64_t generation;
	uint64_t extents;
	uint64_t tier_extents[COUCHE_NR_TIERS];
	uint64_t reads, writes;
	uint64_t read_sectors, written_sectors;
	uint64_t degraded_reads;
	uint64_t promotes;
	uint64_t lost_extents;
	bool active;
};

/* As enum couche_migration_state of the protocol. */
enum couche_view_migration_state {
	COUCHE_VIEW_ANALYZE,
	COUCHE_VIEW_SCALE_UP,
	COUCHE_VIEW_WAIT_SYNC,
	COUCHE_VIEW_SCALE_DOWN,
	COUCHE_VIEW_DONE,
	COUCHE_VIEW_FAILED,
	COUCHE_VIEW_CANCELLED,
	COUCHE_VIEW_TIMEOUT,
};

struct couche_view_migration {
	size_t pool;
	uint32_t id;
	uint32_t volume;
	uint8_t tier;
	uint8_t state;			/* enum couche_view_migration_state */
	int error;			/* negative errno, 0 if none */
	uint64_t moved;
	uint64_t skipped;
	uint64_t bytes;
	uint64_t races;
	uint64_t elapsed_ms;
};

struct couche_view {
	bool valid;
	int error;			/* why it is not, negative errno */
	char message[256];		/* the same for a person */
	struct couche_view_pool *pools;
	size_t nr_pools;
	struct couche_view_leg *legs;
	size_t nr_legs;
	struct couche_view_volume *volumes;
	size_t nr_volumes;
	struct couche_view_migration *migrations;
	size_t nr_migrations;
};

/* A migration in this state holds resources of the kernel. */
static inline bool couche_view_running(const struct couche_view_migration *migration)
{
	return migration->state < COUCHE_VIEW_DONE;
}

#endif /* COUCHE_OBSERVE_VIEW_H */
