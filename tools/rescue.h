/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cold data without a map: the footers of shards, read off the legs, sorted so
 * that all that is known of an extent stands together, its newest version
 * first.
 *
 * A footer proves itself by its checksum, and its place by standing where it
 * says it does. A block that another footer's checksum covers is data, however
 * much it looks like a footer: somebody stored an image of a leg.
 *
 * The data is read on the way and compared with the footer behind it, so that
 * which shards are whole is known without reading anything twice.
 *
 * One thread; the owner frees the list. 48 bytes per shard are kept.
 */
#ifndef COUCHE_TOOLS_RESCUE_H
#define COUCHE_TOOLS_RESCUE_H

#include "kernel/core/footer.h"
#include "offline.h"
#include "offline_meter.h"

/* The kernel's COUCHE_GENERATION_MAX, with room for what the pool will need. */
#define COUCHE_RESCUE_MAX_GENERATION	(~0u - (1u << 24))

struct couche_found_shard {
	u64 extent;
	u32 volume;
	u32 generation;
	u32 born;		/* its volume */
	u32 group;
	u32 row;
	u32 segment;
	u16 rows;
	u16 footers;
	u8 leg;
	u8 shard;
	u8 k, m;
	u8 matrix;
	bool whole;		/* each block is what its checksum says */
};

struct couche_rescue {
	struct couche_offline *o;
	struct couche_meter meter;
	struct couche_found_shard *shard;
	size_t nr;
	size_t room;
	u32 *whole[COUCHE_MAX_LEGS];		/* shards in each segment of a leg */
	u64 footers[COUCHE_MAX_LEGS];		/* found on each leg */
	u64 strange[COUCHE_MAX_LEGS];		/* that do not belong where they stand */
	u64 unreadable[COUCHE_MAX_LEGS];	/* bytes */
};

struct couche_rescued_volume {
	u64 extents;
	u64 older;
	u64 lost;
	u64 sectors;		/* up to the last extent */
	u64 removed;		/* shards of one that had its number before */
	u32 born;
	char name[COUCHE_NAME_SIZE];	/* "": none was given */
};

void couche_rescue_scan(struct couche_rescue *r);
void couche_rescue_destroy(struct couche_rescue *r);
int couche_rescue_order(const void *a, const void *b);
bool couche_rescue_same_version(const struct couche_found_shard *a,
				const struct couche_found_shard *b);
struct couche_group_desc couche_rescue_group(const struct couche_found_shard *s);
bool couche_rescue_fits_profile(const struct couche_super *super,
				const struct couche_found_shard *s);
void couche_rescue_drop_removed(struct couche_rescue *r, struct couche_rescued_volume *volumes);

/* rescue_write.c */
int couche_rescue_write(struct couche_rescue *r, const char *dir,
			struct couche_rescued_volume *volumes);
void couche_rescue_file(const char *dir, u32 volume, char *path, size_t size);

#endif
