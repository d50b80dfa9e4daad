// SPDX-License-Identifier: GPL-2.0-only
#include "record.h"

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "bounds.h"
#include "codec.h"
#include "field.h"

/**
 * couche_record_check_volume_id() - can a volume have this id?
 * @id: the id
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_record_check_volume_id(u32 id, const char **field)
{
	if (!id || id > COUCHE_MAX_VOLUMES)
		return couche_field_bad(field, "volume id: not within 1..1024");
	return 0;
}

/**
 * couche_record_encode_extent() - write the place of an extent
 * @place: the place
 * @d: overwritten
 *
 * Context: Any.
 */
void couche_record_encode_extent(const struct couche_place *place,
				 struct couche_disk_extent *d)
{
	d->group = cpu_to_le32(from_couche_group(place->group));
	d->row = cpu_to_le32(from_couche_row(place->row));
	d->generation = cpu_to_le32(place->generation);
	d->rows = cpu_to_le16(place->rows);
	d->tier = place->tier;
	d->flags = place->flags;
}

/* An extent that is not mapped may remember its generation, nothing else. */
static int decode_unmapped(const struct couche_disk_extent *d,
			   struct couche_place *ret, const char **field)
{
	if (d->flags)
		return couche_field_bad(field, "extent flags: not mapped, but others are set");
	if (d->group || d->row || d->rows || d->tier)
		return couche_field_bad(field, "extent flags: not mapped, but it has a place");
	memset(ret, 0, sizeof(*ret));
	ret->generation = le32_to_cpu(d->generation);
	return 0;
}

/**
 * couche_record_decode_extent() - read the place of an extent
 * @d: the record
 * @ret: filled on success
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_record_decode_extent(const struct couche_disk_extent *d,
				struct couche_place *ret, const char **field)
{
	u32 group = le32_to_cpu(d->group);
	u32 row = le32_to_cpu(d->row);
	u32 rows = le16_to_cpu(d->rows);

	if (!(d->flags & COUCHE_EXTENT_MAPPED))
		return decode_unmapped(d, ret, field);
	if (d->flags & ~(COUCHE_EXTENT_MAPPED | COUCHE_EXTENT_OPEN))
		return couche_field_bad(field, "extent flags: unknown");
	if (d->tier >= COUCHE_NR_TIERS)
		return couche_field_bad(field, "extent tier: unknown");
	if (group >= COUCHE_MAX_GROUPS)
		return couche_field_bad(field, "extent group: too large");
	if (!rows || rows > COUCHE_MAX_SHARD_ROWS)
		return couche_field_bad(field, "extent rows: not within 1..16401");
	if (row > COUCHE_MAX_ROWS - rows)
		return couche_field_bad(field, "extent row: past the end of any segment");

	ret->group = to_couche_group(group);
	ret->row = to_couche_row(row);
	ret->generation = le32_to_cpu(d->generation);
	ret->rows = rows;
	ret->tier = d->tier;
	ret->flags = d->flags;
	return 0;
}

/**
 * couche_record_encode_group() - write a group
 * @group: the group, nr 0 for none
 * @d: overwritten
 *
 * Context: Any.
 */
void couche_record_encode_group(const struct couche_group_desc *group,
				struct couche_disk_group *d)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	if (!group->nr)
		return;
	d->nr = group->nr;
	d->k = group->k;
	d->tier = group->tier;
	d->matrix = group->matrix;
	for (i = 0; i < group->nr; i++) {
		d->seg[i].leg = cpu_to_le32(group->seg[i].leg);
		d->seg[i].segment = cpu_to_le32(group->seg[i].segment);
	}
}

static int decode_segments(const struct couche_disk_group *d,
			   struct couche_group_desc *ret, const char **field)
{
	u64 legs = 0;
	unsigned int i;

	for (i = 0; i < d->nr; i++) {
		u32 leg = le32_to_cpu(d->seg[i].leg);
		u32 segment = le32_to_cpu(d->seg[i].segment);

		if (leg >= COUCHE_MAX_LEGS)
			return couche_field_bad(field, "group leg: not within 0..63");
		if (legs & (1ULL << leg))
			return couche_field_bad(field, "group leg: used twice");
		if (segment >= COUCHE_MAX_SEGMENTS)
			return couche_field_bad(field, "group segment: too large");
		legs |= 1ULL << leg;
		ret->seg[i].leg = leg;
		ret->seg[i].segment = segment;
	}
	return 0;
}

/**
 * couche_record_decode_group() - read a group
 * @d: the record
 * @ret: filled on success, all zero if the record is free
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_record_decode_group(const struct couche_disk_group *d,
			       struct couche_group_desc *ret, const char **field)
{
	memset(ret, 0, sizeof(*ret));
	if (!d->nr)
		return 0;
	if (d->nr > COUCHE_MAX_SHARDS)
		return couche_field_bad(field, "group nr: more than 32");
	if (!d->k || d->k > d->nr)
		return couche_field_bad(field, "group k: not within 1..nr");
	if (d->tier >= COUCHE_NR_TIERS)
		return couche_field_bad(field, "group tier: unknown");
	if (d->matrix > COUCHE_MATRIX_CAUCHY)
		return couche_field_bad(field, "group matrix: unknown");
	if (couche_codec_check(d->k, d->nr - d->k, d->matrix))
		return couche_field_bad(field, "group matrix: cannot restore m lost shards");

	ret->nr = d->nr;
	ret->k = d->k;
	ret->tier = d->tier;
	ret->matrix = d->matrix;
	return decode_segments(d, ret, field);
}

/**
 * couche_record_encode_volume() - write a volume
 * @volume: the volume, sectors 0 for none
 * @d: overwritten
 *
 * Context: Any.
 */
void couche_record_encode_volume(const struct couche_volume_desc *volume,
				 struct couche_disk_volume *d)
{
	memset(d, 0, sizeof(*d));
	if (!volume->sectors)
		return;
	d->id = cpu_to_le32(volume->id);
	d->flags = cpu_to_le32(volume->flags);
	d->sectors = cpu_to_le64(volume->sectors);
	d->created = cpu_to_le64(volume->created);
	d->born = cpu_to_le32(volume->born);
	memcpy(d->uuid, volume->uuid, COUCHE_UUID_SIZE);
	couche_field_name_copy(d->name, volume->name);
}

/**
 * couche_record_decode_volume() - read a volume
 * @d: the record
 * @ret: filled on success, all zero if the record is free
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_record_decode_volume(const struct couche_disk_volume *d,
				struct couche_volume_desc *ret, const char **field)
{
	u64 sectors = le64_to_cpu(d->sectors);
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!sectors)
		return 0;
	r = couche_record_check_volume_id(le32_to_cpu(d->id), field);
	if (r)
		return r;
	if (le32_to_cpu(d->flags) & ~COUCHE_VOLUME_JOURNAL_ALL)
		return couche_field_bad(field, "volume flags: unknown");
	if (sectors % COUCHE_BLOCK_SECTORS)
		return couche_field_bad(field, "volume sectors: not a multiple of 8");
	if (sectors > COUCHE_MAX_VOLUME_SECTORS)
		return couche_field_bad(field, "volume sectors: more than 16 PiB");
	if (!couche_field_uuid_ok(d->uuid))
		return couche_field_bad(field, "volume uuid: all zero");
	if (!couche_field_name_ok(d->name))
		return couche_field_bad(field, "volume name: not visible ASCII with a NUL");

	ret->id = le32_to_cpu(d->id);
	ret->flags = le32_to_cpu(d->flags);
	ret->sectors = sectors;
	ret->created = le64_to_cpu(d->created);
	ret->born = le32_to_cpu(d->born);
	memcpy(ret->uuid, d->uuid, COUCHE_UUID_SIZE);
	couche_field_name_copy(ret->name, d->name);
	return 0;
}

/**
 * couche_record_encode_stage() - write what a slot of the data journal holds
 * @stage: what it holds
 * @d: overwritten
 *
 * Context: Any.
 */
void couche_record_encode_stage(const struct couche_stage_desc *stage,
				struct couche_disk_stage *d)
{
	d->extent = cpu_to_le64(from_couche_extent(stage->extent));
	d->sequence = cpu_to_le64(stage->sequence);
	d->volume = cpu_to_le32(stage->volume);
	d->generation = cpu_to_le32(stage->generation);
	d->crc = cpu_to_le32(stage->crc);
	d->granule = cpu_to_le16(stage->granule);
	d->flags = cpu_to_le16(stage->flags);
}

/**
 * couche_record_decode_stage() - read what a slot of the data journal holds
 * @d: the record
 * @ret: filled on success; all zero if the slot was never used
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_record_decode_stage(const struct couche_disk_stage *d,
			       struct couche_stage_desc *ret, const char **field)
{
	u64 extent = le64_to_cpu(d->extent);

	memset(ret, 0, sizeof(*ret));
	if (!d->generation)
		return 0;
	if (extent >= COUCHE_MAX_EXTENTS)
		return couche_field_bad(field, "stage extent: too large");
	if (le64_to_cpu(d->sequence) > COUCHE_MAX_SEQUENCE)
		return couche_field_bad(field, "stage sequence: too large");
	if (le16_to_cpu(d->granule) >= COUCHE_MAX_DATA_ROWS)
		return couche_field_bad(field, "stage granule: past the end of any extent");
	if (le16_to_cpu(d->flags) & ~COUCHE_STAGE_ZERO)
		return couche_field_bad(field, "stage flags: unknown");
	ret->extent = to_couche_extent(extent);
	ret->sequence = le64_to_cpu(d->sequence);
	ret->volume = le32_to_cpu(d->volume);
	ret->generation = le32_to_cpu(d->generation);
	ret->crc = le32_to_cpu(d->crc);
	ret->granule = le16_to_cpu(d->granule);
	ret->flags = le16_to_cpu(d->flags);
	return couche_record_check_volume_id(ret->volume, field);
}
