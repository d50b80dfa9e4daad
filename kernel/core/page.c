// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "block.h"
#include "bounds.h"
#include "field.h"

static u32 page_crc(const void *block, u32 seed)
{
	return couche_block_crc(block, offsetof(struct couche_disk_page, crc), seed);
}

/**
 * couche_page_init() - begin an empty page
 * @block: overwritten as a whole
 * @type: what it will hold
 * @volume: owner of a map page, else 0
 * @index: of the page among those of its kind
 * @number: its place in the map area
 *
 * Context: Any.
 */
void couche_page_init(void *block, enum couche_page_type type, u32 volume,
		      u32 index, u32 number)
{
	struct couche_disk_page *d = block;

	memset(d, 0, sizeof(*d));
	d->magic = cpu_to_le32(COUCHE_PAGE_MAGIC);
	d->number = cpu_to_le32(number);
	d->type = type;
	d->volume = cpu_to_le32(volume);
	d->index = cpu_to_le32(index);
}

/**
 * couche_page_set_extent() - put the place of an extent into a map page
 * @block: the page
 * @i: record, below COUCHE_PAGE_EXTENTS
 * @place: the place
 *
 * Context: Any.
 */
void couche_page_set_extent(void *block, unsigned int i,
			    const struct couche_place *place)
{
	struct couche_disk_page *d = block;

	couche_record_encode_extent(place, &d->extent[i]);
}

/**
 * couche_page_set_group() - put a group into a group page
 * @block: the page
 * @i: record, below COUCHE_PAGE_GROUPS
 * @group: the group
 *
 * Context: Any.
 */
void couche_page_set_group(void *block, unsigned int i,
			   const struct couche_group_desc *group)
{
	struct couche_disk_page *d = block;

	couche_record_encode_group(group, &d->group[i]);
}

/**
 * couche_page_set_volume() - put a volume into a volume page
 * @block: the page
 * @i: record, below COUCHE_PAGE_VOLUMES
 * @volume: the volume
 *
 * Context: Any.
 */
void couche_page_set_volume(void *block, unsigned int i,
			    const struct couche_volume_desc *volume)
{
	struct couche_disk_page *d = block;

	couche_record_encode_volume(volume, &d->volumes[i]);
}

/**
 * couche_page_set_stage() - put a slot of the data journal into a stage page
 * @block: the page
 * @i: record, below COUCHE_PAGE_STAGES
 * @stage: what the slot holds
 *
 * Context: Any.
 */
void couche_page_set_stage(void *block, unsigned int i,
			   const struct couche_stage_desc *stage)
{
	struct couche_disk_page *d = block;

	couche_record_encode_stage(stage, &d->stage[i]);
}

/**
 * couche_page_seal() - make a page ready for the disk
 * @block: the page
 * @sequence: of this version of the page
 * @seed: of the pool
 *
 * Context: Any.
 */
void couche_page_seal(void *block, u64 sequence, u32 seed)
{
	struct couche_disk_page *d = block;

	d->sequence = cpu_to_le64(sequence);
	d->crc = cpu_to_le32(page_crc(d, seed));
}

/**
 * couche_page_term() - what the version of a page adds to the superblock's page_sum
 * @number: of the page
 * @sequence: of the version that counts; 0: none was ever written
 *
 * Two versions of a page, or of two pages, differ in it with near certainty. The
 * mixing steps are those of splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
 *
 * Context: Any.
 * Return: the term; sums of them wrap.
 */
u64 couche_page_term(u32 number, u64 sequence)
{
	u64 z = sequence * 0x9e3779b97f4a7c15ULL + number + 1;

	if (!sequence)
		return 0;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Beyond this the number of the first record would be out of range. */
static u64 index_limit(u8 type)
{
	switch (type) {
	case COUCHE_PAGE_MAP:
		return COUCHE_MAX_EXTENTS / COUCHE_PAGE_EXTENTS;
	case COUCHE_PAGE_GROUP:
		return COUCHE_MAX_GROUPS / COUCHE_PAGE_GROUPS;
	case COUCHE_PAGE_VOLUME:
		return COUCHE_MAX_VOLUMES / COUCHE_PAGE_VOLUMES;
	case COUCHE_PAGE_STAGE:
		return COUCHE_MAX_STAGE_SLOTS / COUCHE_PAGE_STAGES;
	default:
		return 0;
	}
}

static int check_head(const struct couche_page_head *head, const char **field)
{
	if (head->type > COUCHE_PAGE_STAGE)
		return couche_field_bad(field, "page type: unknown");
	if (head->sequence > COUCHE_MAX_SEQUENCE)
		return couche_field_bad(field, "page sequence: too large");
	if (head->index > index_limit(head->type))
		return couche_field_bad(field, "page index: too large");
	if (head->type == COUCHE_PAGE_MAP)
		return couche_record_check_volume_id(head->volume, field);
	if (head->volume)
		return couche_field_bad(field, "page volume: not a map page");
	return 0;
}

/**
 * couche_page_decode() - read and judge the header of a page
 * @block: the page
 * @number: place in the map area where it was read
 * @seed: of the pool
 * @ret: filled on success
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0; -ENODATA if no page was ever written here; -EILSEQ if the
 * checksum is wrong; -EINVAL if the header is out of range or of another place.
 */
int couche_page_decode(const void *block, u32 number, u32 seed,
		       struct couche_page_head *ret, const char **field)
{
	const struct couche_disk_page *d = block;

	if (le32_to_cpu(d->magic) != COUCHE_PAGE_MAGIC)
		return couche_field_fail(field, "page magic: no page", -ENODATA);
	if (le32_to_cpu(d->crc) != page_crc(d, seed))
		return couche_field_fail(field, "page crc: does not match", -EILSEQ);
	if (le32_to_cpu(d->number) != number)
		return couche_field_bad(field, "page number: of another place");
	ret->sequence = le64_to_cpu(d->sequence);
	ret->type = d->type;
	ret->volume = le32_to_cpu(d->volume);
	ret->index = le32_to_cpu(d->index);
	return check_head(ret, field);
}

/**
 * couche_page_get_extent() - read a record of a map page
 * @block: the page
 * @i: record
 * @ret: filled on success
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_page_get_extent(const void *block, unsigned int i,
			   struct couche_place *ret, const char **field)
{
	const struct couche_disk_page *d = block;

	if (i >= COUCHE_PAGE_EXTENTS)
		return couche_field_bad(field, "extent: past the end of the page");
	return couche_record_decode_extent(&d->extent[i], ret, field);
}

/**
 * couche_page_get_group() - read a record of a group page
 * @block: the page
 * @i: record
 * @ret: filled on success, nr 0 if the record is free
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_page_get_group(const void *block, unsigned int i,
			  struct couche_group_desc *ret, const char **field)
{
	const struct couche_disk_page *d = block;

	if (i >= COUCHE_PAGE_GROUPS)
		return couche_field_bad(field, "group: past the end of the page");
	return couche_record_decode_group(&d->group[i], ret, field);
}

/**
 * couche_page_get_volume() - read a record of a volume page
 * @block: the page
 * @i: record
 * @ret: filled on success, sectors 0 if the record is free
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_page_get_volume(const void *block, unsigned int i,
			   struct couche_volume_desc *ret, const char **field)
{
	const struct couche_disk_page *d = block;

	if (i >= COUCHE_PAGE_VOLUMES)
		return couche_field_bad(field, "volume: past the end of the page");
	return couche_record_decode_volume(&d->volumes[i], ret, field);
}

/**
 * couche_page_get_stage() - read a record of a stage page
 * @block: the page
 * @i: record
 * @ret: filled on success, generation 0 if the slot was never used
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_page_get_stage(const void *block, unsigned int i,
			  struct couche_stage_desc *ret, const char **field)
{
	const struct couche_disk_page *d = block;

	if (i >= COUCHE_PAGE_STAGES)
		return couche_field_bad(field, "slot: past the end of the page");
	return couche_record_decode_stage(&d->stage[i], ret, field);
}
