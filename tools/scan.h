/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding pools on the block devices of the machine by what their superblocks
 * say, never by the name of a device.
 *
 * couche_scan_run() reads and changes nothing. Its result is owned by the
 * caller (couche_scan_destroy()). Devices that cannot be read or hold no
 * superblock are passed over; a damaged superblock is counted, since its leg
 * will be missing.
 */
#ifndef COUCHE_TOOLS_SCAN_H
#define COUCHE_TOOLS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "couche_format.h"

#define COUCHE_PATH_SIZE	256

struct couche_found_leg {
	char path[COUCHE_PATH_SIZE];	/* "": not found */
	char twice[COUCHE_PATH_SIZE];	/* "": found once */
	bool held;			/* another driver has it open, such as a running pool */
	uint8_t uuid[COUCHE_UUID_SIZE];
	uint8_t role;
	uint8_t state;			/* NONE: the slot is not in use */
	uint16_t domain;
	uint64_t sectors;
	uint64_t sequence;		/* of the leg's own superblock */
};

/* What the newest superblock says, and where its legs are. */
struct couche_found_pool {
	uint8_t uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
	uint64_t sequence;
	uint64_t checkpoint;
	bool clean;
	unsigned int nr_legs;
	uint8_t k[COUCHE_NR_TIERS];
	uint8_t m[COUCHE_NR_TIERS];
	struct couche_found_leg leg[COUCHE_MAX_LEGS];
};

struct couche_scan {
	struct couche_found_pool *pool;
	size_t nr_pools;
	size_t nr_damaged;
	char damaged[COUCHE_PATH_SIZE];		/* one of them */
	const char *damage;			/* and why */
};

struct couche_super;

int couche_scan_read_super(int fd, struct couche_super *super, const char **field);
int couche_scan_run(struct couche_scan *scan, char *const *paths, const char *dir);
void couche_scan_destroy(struct couche_scan *scan);
unsigned int couche_found_missing(const struct couche_found_pool *pool, uint8_t role,
				  unsigned int *nr);

#endif
