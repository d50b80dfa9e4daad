// SPDX-License-Identifier: GPL-2.0-only
#include "journal.h"

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "block.h"
#include "bounds.h"
#include "field.h"

static u32 journal_crc(const void *block, u32 seed)
{
	return couche_block_crc(block, offsetof(struct couche_disk_journal, crc), seed);
}

/**
 * couche_journal_begin() - begin an empty block
 * @block: overwritten as a whole
 *
 * Context: Any.
 */
void couche_journal_begin(void *block)
{
	struct couche_disk_journal *d = block;

	memset(d, 0, sizeof(*d));
	d->magic = cpu_to_le32(COUCHE_JOURNAL_MAGIC);
}

/* Room for a record of @len bytes, its head filled in; NULL if there is none. */
static void *append(struct couche_disk_journal *d, u16 type, u16 len, u32 id)
{
	unsigned int bytes = le16_to_cpu(d->bytes);
	struct couche_disk_record *head = (void *)(d->payload + bytes);

	if (bytes + len > COUCHE_JOURNAL_PAYLOAD)
		return NULL;
	head->type = cpu_to_le16(type);
	head->len = cpu_to_le16(len);
	head->id = cpu_to_le32(id);
	d->bytes = cpu_to_le16(bytes + len);
	return head;
}

/**
 * couche_journal_add_extent() - add: an extent is now there
 * @block: one that was begun
 * @volume: id of the volume
 * @extent: which of its extents
 * @to: its new place, flags 0 if it is not mapped any more
 *
 * Context: Any.
 * Return: false if the record does not fit; the block is as it was.
 */
bool couche_journal_add_extent(void *block, u32 volume, couche_extent_t extent,
			       const struct couche_place *to)
{
	struct couche_disk_record_extent *rec;

	rec = append(block, COUCHE_RECORD_EXTENT, sizeof(*rec), volume);
	if (!rec)
		return false;
	rec->extent = cpu_to_le64(from_couche_extent(extent));
	couche_record_encode_extent(to, &rec->to);
	return true;
}

/**
 * couche_journal_add_group() - add: a group now is this
 * @block: one that was begun
 * @nr: number of the group
 * @to: the group, nr 0 if it is gone
 *
 * Context: Any.
 * Return: false if the record does not fit; the block is as it was.
 */
bool couche_journal_add_group(void *block, couche_group_t nr,
			      const struct couche_group_desc *to)
{
	struct couche_disk_record_group *rec;

	rec = append(block, COUCHE_RECORD_GROUP, sizeof(*rec), from_couche_group(nr));
	if (!rec)
		return false;
	couche_record_encode_group(to, &rec->to);
	return true;
}

/**
 * couche_journal_add_volume() - add: a volume now is this
 * @block: one that was begun
 * @id: of the volume
 * @to: the volume, sectors 0 if it is removed
 *
 * Context: Any.
 * Return: false if the record does not fit; the block is as it was.
 */
bool couche_journal_add_volume(void *block, u32 id,
			       const struct couche_volume_desc *to)
{
	struct couche_disk_record_volume *rec;

	rec = append(block, COUCHE_RECORD_VOLUME, sizeof(*rec), id);
	if (!rec)
		return false;
	couche_record_encode_volume(to, &rec->to);
	return true;
}

/**
 * couche_journal_add_stage() - add: a slot of the data journal now holds this
 * @block: one that was begun
 * @slot: its number
 * @to: what it holds
 *
 * Context: Any.
 * Return: false if the record does not fit; the block is as it was.
 */
bool couche_journal_add_stage(void *block, u32 slot, const struct couche_stage_desc *to)
{
	struct couche_disk_record_stage *rec;

	rec = append(block, COUCHE_RECORD_STAGE, sizeof(*rec), slot);
	if (!rec)
		return false;
	couche_record_encode_stage(to, &rec->to);
	return true;
}

/**
 * couche_journal_bytes() - how full a block is
 * @block: one that was begun
 *
 * Context: Any.
 * Return: bytes of records in it, of COUCHE_JOURNAL_PAYLOAD; 0 if it is empty.
 */
unsigned int couche_journal_bytes(const void *block)
{
	const struct couche_disk_journal *d = block;

	return le16_to_cpu(d->bytes);
}

/**
 * couche_journal_seal() - make a block ready for the disk
 * @block: one that was begun
 * @sequence: one more than that of the block before
 * @position: where in the ring it is going to stand, in blocks
 * @commit: it is the last of its commit
 * @seed: of the pool
 *
 * Context: Any.
 */
void couche_journal_seal(void *block, u64 sequence, u32 position, bool commit,
			 u32 seed)
{
	struct couche_disk_journal *d = block;

	d->sequence = cpu_to_le64(sequence);
	d->position = cpu_to_le32(position);
	d->flags = cpu_to_le16(commit ? COUCHE_JOURNAL_COMMIT : 0);
	d->crc = cpu_to_le32(journal_crc(d, seed));
}

static int check_records(const void *block, const char **field)
{
	struct couche_record record;
	unsigned int cursor = 0;
	int r;

	do {
		r = couche_journal_next(block, &cursor, &record, field);
	} while (r > 0);
	return r;
}

/**
 * couche_journal_decode() - judge the next block of the log
 * @block: what stands at @position
 * @sequence: the expected one
 * @position: in the ring, in blocks
 * @seed: of the pool
 * @commit: says whether it is the last block of its commit
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0; -ENODATA if it is no journal block; -EILSEQ if the checksum is
 * wrong; -ESTALE if it is a sound block of another round of the ring; -EINVAL
 * if it is the expected block but makes no sense.
 */
int couche_journal_decode(const void *block, u64 sequence, u32 position,
			  u32 seed, bool *commit, const char **field)
{
	const struct couche_disk_journal *d = block;
	u16 flags = le16_to_cpu(d->flags);

	if (le32_to_cpu(d->magic) != COUCHE_JOURNAL_MAGIC)
		return couche_field_fail(field, "journal magic: no journal block", -ENODATA);
	if (le32_to_cpu(d->crc) != journal_crc(d, seed))
		return couche_field_fail(field, "journal crc: does not match", -EILSEQ);
	if (le32_to_cpu(d->position) != position)
		return couche_field_fail(field, "journal position: of another place", -ESTALE);
	if (le64_to_cpu(d->sequence) != sequence)
		return couche_field_fail(field, "journal sequence: of another round", -ESTALE);
	if (flags & ~COUCHE_JOURNAL_COMMIT)
		return couche_field_bad(field, "journal flags: unknown");
	if (le16_to_cpu(d->bytes) > COUCHE_JOURNAL_PAYLOAD)
		return couche_field_bad(field, "journal bytes: past the end of the block");
	*commit = flags & COUCHE_JOURNAL_COMMIT;
	return check_records(block, field);
}

static unsigned int record_size(u16 type)
{
	switch (type) {
	case COUCHE_RECORD_EXTENT:
		return sizeof(struct couche_disk_record_extent);
	case COUCHE_RECORD_GROUP:
		return sizeof(struct couche_disk_record_group);
	case COUCHE_RECORD_VOLUME:
		return sizeof(struct couche_disk_record_volume);
	case COUCHE_RECORD_STAGE:
		return sizeof(struct couche_disk_record_stage);
	default:
		return 0;
	}
}

static int decode_extent(const struct couche_disk_record_extent *d,
			 struct couche_record *ret, const char **field)
{
	u64 extent = le64_to_cpu(d->extent);
	int r;

	r = couche_record_check_volume_id(ret->id, field);
	if (r)
		return r;
	if (extent >= COUCHE_MAX_EXTENTS)
		return couche_field_bad(field, "record extent: too large");
	ret->extent = to_couche_extent(extent);
	return couche_record_decode_extent(&d->to, &ret->place, field);
}

static int decode_group(const struct couche_disk_record_group *d,
			struct couche_record *ret, const char **field)
{
	if (ret->id >= COUCHE_MAX_GROUPS)
		return couche_field_bad(field, "record group: too large");
	return couche_record_decode_group(&d->to, &ret->group, field);
}

static int decode_volume(const struct couche_disk_record_volume *d,
			 struct couche_record *ret, const char **field)
{
	int r;

	r = couche_record_check_volume_id(ret->id, field);
	if (!r)
		r = couche_record_decode_volume(&d->to, &ret->volume, field);
	if (!r && ret->volume.sectors && ret->volume.id != ret->id)
		r = couche_field_bad(field, "record id: not that of the volume");
	return r;
}

static int decode_stage(const struct couche_disk_record_stage *d,
			struct couche_record *ret, const char **field)
{
	if (ret->id >= COUCHE_MAX_STAGE_SLOTS)
		return couche_field_bad(field, "record slot: too large");
	return couche_record_decode_stage(&d->to, &ret->stage, field);
}

static int decode_record(const struct couche_disk_record *head,
			 struct couche_record *ret, const char **field)
{
	ret->id = le32_to_cpu(head->id);
	ret->extent = to_couche_extent(0);
	switch (ret->type) {
	case COUCHE_RECORD_EXTENT:
		return decode_extent((const void *)head, ret, field);
	case COUCHE_RECORD_GROUP:
		return decode_group((const void *)head, ret, field);
	case COUCHE_RECORD_STAGE:
		return decode_stage((const void *)head, ret, field);
	default:
		return decode_volume((const void *)head, ret, field);
	}
}

/**
 * couche_journal_next() - read the next record of a block
 * @block: one that couche_journal_decode() took
 * @cursor: 0 at first; moves on
 * @ret: filled with a record
 * @field: says what was wrong
 *
 * Safe on any block, but what it finds in one that was not decoded means
 * nothing.
 *
 * Context: Any.
 * Return: 1 for a record, 0 at the end, -EINVAL if a record makes no sense.
 */
int couche_journal_next(const void *block, unsigned int *cursor,
			struct couche_record *ret, const char **field)
{
	const struct couche_disk_journal *d = block;
	const struct couche_disk_record *head;
	unsigned int bytes = le16_to_cpu(d->bytes);
	unsigned int size;
	int r;

	if (bytes > COUCHE_JOURNAL_PAYLOAD)
		return couche_field_bad(field, "journal bytes: past the end of the block");
	if (*cursor == bytes)
		return 0;
	if (*cursor % sizeof(u64) || *cursor > bytes ||
	    bytes - *cursor < sizeof(*head))
		return couche_field_bad(field, "journal bytes: not the end of a record");

	head = (const void *)(d->payload + *cursor);
	ret->type = le16_to_cpu(head->type);
	size = record_size(ret->type);
	if (!size)
		return couche_field_bad(field, "record type: unknown");
	if (le16_to_cpu(head->len) != size)
		return couche_field_bad(field, "record len: not that of its type");
	if (bytes - *cursor < size)
		return couche_field_bad(field, "record len: past the end of the block");
	r = decode_record(head, ret, field);
	if (r)
		return r;
	*cursor += size;
	return 1;
}
