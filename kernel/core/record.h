/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records that map pages and the journal are made of, between their bytes
 * on disk and the structs that everything else uses: the place of an extent
 * (struct couche_place in types.h), a group, a volume, a slot of the data
 * journal.
 *
 * Pure functions on the caller's buffers, any context. Decoding checks what a
 * record can know of itself: ranges, known values, distinct legs. Whether the
 * group of a place exists, a row is inside its segments or a leg has such a
 * segment is for the caller, who knows them. Unused parts decode as zeros.
 * Failure is -EINVAL and a sentence in *field (see field.h).
 */
#ifndef COUCHE_CORE_RECORD_H
#define COUCHE_CORE_RECORD_H

#include <linux/types.h>

#include "types.h"

/* A segment of a leg. */
struct couche_segment {
	u32 leg;
	u32 segment;
};

/* nr 0: no such group. */
struct couche_group_desc {
	u8 nr;			/* k + m */
	u8 k;
	u8 tier;
	u8 matrix;
	struct couche_segment seg[COUCHE_MAX_SHARDS];
};

/* sectors 0: no such volume. */
struct couche_volume_desc {
	u32 id;
	u32 flags;		/* COUCHE_VOLUME_* */
	u64 sectors;
	u64 created;		/* seconds since the epoch */
	u32 born;		/* no extent of it has a lower generation */
	u8 uuid[COUCHE_UUID_SIZE];
	char name[COUCHE_NAME_SIZE];
};

/* What a slot of the data journal holds; generation 0: nothing. */
struct couche_stage_desc {
	couche_extent_t extent;
	u64 sequence;
	u32 volume;
	u32 generation;		/* of the extent that it belongs to */
	u32 crc;
	u16 granule;		/* within the extent */
	u16 flags;		/* COUCHE_STAGE_* */
};

int couche_record_check_volume_id(u32 id, const char **field);

void couche_record_encode_extent(const struct couche_place *place,
				 struct couche_disk_extent *d);
int couche_record_decode_extent(const struct couche_disk_extent *d,
				struct couche_place *ret, const char **field);

void couche_record_encode_group(const struct couche_group_desc *group,
				struct couche_disk_group *d);
int couche_record_decode_group(const struct couche_disk_group *d,
			       struct couche_group_desc *ret, const char **field);

void couche_record_encode_volume(const struct couche_volume_desc *volume,
				 struct couche_disk_volume *d);
int couche_record_decode_volume(const struct couche_disk_volume *d,
				struct couche_volume_desc *ret, const char **field);

void couche_record_encode_stage(const struct couche_stage_desc *stage,
				struct couche_disk_stage *d);
int couche_record_decode_stage(const struct couche_disk_stage *d,
			       struct couche_stage_desc *ret, const char **field);

#endif
