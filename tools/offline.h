/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The legs of one pool, read without the kernel module: block devices or plain
 * files that are images of them.
 *
 * couche_offline_open() finds the legs by their superblocks, refuses devices
 * that something else holds (unless told) and opens all of them for reading
 * only, unless a repair is to be made (offline_repair.h). Reads of block devices go around
 * the page cache, which may be older than what a pool wrote: buffers, sectors
 * and lengths are multiples of 4 KiB, and buffers come from
 * couche_offline_buffer().
 *
 * One thread. The caller owns the struct and closes it. Functions that return
 * int give 0 or an exit code whose line was printed, unless they say errno.
 */
#ifndef COUCHE_TOOLS_OFFLINE_H
#define COUCHE_TOOLS_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doc.h"
#include "finding.h"
#include "kernel/core/super.h"
#include "kernel/core/types.h"
#include "options.h"

struct couche_repairs;

struct couche_offline_leg {
	char *path;			/* NULL: there is no such device here */
	int fd;
	u64 sectors;			/* of the device */
	int err[2];			/* of each superblock slot: 0 or a negative errno */
	const char *field[2];		/* what is wrong with it */
	struct couche_super slot[2];
	struct couche_super super;	/* the newer good slot */
};

struct couche_offline {
	struct couche_super super;	/* of a current meta leg if there is one, else the newest */
	u32 seed;
	bool has_meta;			/* super comes from a meta leg that is current */
	struct couche_offline_leg leg[COUCHE_MAX_LEGS];
	struct couche_offline_leg *strange;	/* devices whose superblocks are both bad */
	unsigned int nr_strange;
	struct couche_findings findings;
	struct couche_repairs *repairs;	/* what could be mended is noted here; NULL: nobody asks */
};

/* What all offline commands take on their command line. */
struct couche_offline_options {
	const char *pool;		/* name or UUID, NULL: that of the devices */
	bool live;			/* devices may be in use */
	bool write;			/* open them for writing as well */
};

extern struct couche_offline_options couche_offline_options;

#define COUCHE_OFFLINE_OPTIONS \
	{ "pool", 0, COUCHE_OPTION_TEXT, &couche_offline_options.pool, "NAME|UUID", \
	  "this pool; without devices, look for its legs on all of the machine" }, \
	{ "live", 0, COUCHE_OPTION_FLAG, &couche_offline_options.live, NULL, \
	  "read devices that are in use; what is written meanwhile may look damaged" }

int couche_offline_open(struct couche_offline *o, char **devices);
void couche_offline_leave_out(struct couche_offline *o, u32 leg);
void couche_offline_close(struct couche_offline *o);
int couche_offline_read(const struct couche_offline *o, u32 leg, u64 sector, void *buf,
			size_t len);
void *couche_offline_buffer(size_t len);
bool couche_offline_is_leg(const struct couche_offline *o, u32 leg);
bool couche_offline_is_current(const struct couche_offline *o, u32 leg);
struct couche_spot couche_offline_spot(struct couche_offline *o, int leg);

/* offline_super.c */
void couche_offline_lose_legs(struct couche_offline *o, u8 role, unsigned int gone,
			      unsigned int nr, unsigned int spare);
void couche_offline_check_supers(struct couche_offline *o);

/* offline_show.c */
void couche_offline_show_pool(cJSON *doc, const struct couche_offline *o);
void couche_offline_show_findings(cJSON *doc, const struct couche_offline *o, bool remedies);
void couche_offline_print_findings(const struct couche_ctl *ctl, const cJSON *doc);

#endif
