// SPDX-License-Identifier: GPL-2.0-only
#include "super.h"

#include <asm/byteorder.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "block.h"
#include "bounds.h"
#include "codec.h"
#include "field.h"
#include "geometry.h"
#include "record.h"

#define SLOTS_PER_PAGE	2

static u32 super_crc(const void *block, const u8 *uuid)
{
	return couche_block_crc(block, offsetof(struct couche_disk_super, crc),
				couche_super_seed(uuid));
}

/**
 * couche_super_seed() - seed of all checksums of a pool
 * @uuid: of the pool
 *
 * Context: Any.
 * Return: the seed for superblocks, pages, journal and footers.
 */
u32 couche_super_seed(const u8 uuid[COUCHE_UUID_SIZE])
{
	return couche_block_seed(uuid);
}

/**
 * couche_super_block_is_zero() - was nothing ever written here?
 * @block: one block
 *
 * Context: Any.
 * Return: true if every byte is zero.
 */
bool couche_super_block_is_zero(const void *block)
{
	return couche_block_is_zero(block);
}

/**
 * couche_super_segments() - how many segments a leg has
 * @s: a checked superblock
 * @leg: index below nr_legs
 *
 * Context: Any.
 * Return: the count; 0 for a meta leg and an unused slot.
 */
u32 couche_super_segments(const struct couche_super *s, u32 leg)
{
	const struct couche_super_leg *l = &s->leg[leg];

	if (l->state == COUCHE_LEG_NONE || l->role == COUCHE_ROLE_META ||
	    l->sectors < COUCHE_DATA_START)
		return 0;
	return div_u64(l->sectors - COUCHE_DATA_START, s->segment_sectors);
}

static int check_sizes(const struct couche_super *s, const char **field)
{
	if (!is_power_of_2(s->extent_sectors))
		return couche_field_bad(field, "extent_sectors: not a power of two");
	if (s->extent_sectors < COUCHE_MIN_EXTENT_SECTORS ||
	    s->extent_sectors > COUCHE_MAX_EXTENT_SECTORS)
		return couche_field_bad(field, "extent_sectors: not within 128..131072");
	if (s->segment_sectors < COUCHE_MIN_SEGMENT_SECTORS ||
	    s->segment_sectors > COUCHE_MAX_SEGMENT_SECTORS)
		return couche_field_bad(field, "segment_sectors: not within 2048..8388608");
	if (s->segment_sectors % s->extent_sectors)
		return couche_field_bad(field, "segment_sectors: not a multiple of extent_sectors");
	return 0;
}

static int check_unused_leg(const struct couche_super_leg *leg, const char **field)
{
	if (couche_field_uuid_ok(leg->uuid) || leg->sectors || leg->role ||
	    leg->domain || leg->flags)
		return couche_field_bad(field, "leg: an unused slot is not empty");
	return 0;
}

static int check_leg(const struct couche_super *s, u32 i, const char **field)
{
	const struct couche_super_leg *leg = &s->leg[i];
	u64 segments;
	u32 j;

	if (leg->state > COUCHE_LEG_RESTORING)
		return couche_field_bad(field, "leg state: unknown");
	if (leg->role > COUCHE_ROLE_COLD)
		return couche_field_bad(field, "leg role: unknown");
	if (leg->flags & ~COUCHE_LEG_FLAG_DRAINING)
		return couche_field_bad(field, "leg flags: unknown");
	if (leg->flags && leg->role == COUCHE_ROLE_META)
		return couche_field_bad(field, "leg flags: a meta leg cannot be drained");
	if (!couche_field_uuid_ok(leg->uuid))
		return couche_field_bad(field, "leg uuid: all zero");
	for (j = 0; j < i; j++) {
		if (!memcmp(s->leg[j].uuid, leg->uuid, COUCHE_UUID_SIZE))
			return couche_field_bad(field, "leg uuid: used twice");
	}

	if (leg->sectors > COUCHE_MAX_LEG_SECTORS)
		return couche_field_bad(field, "leg sectors: too large");
	if (leg->sectors < COUCHE_DATA_START + COUCHE_BLOCK_SECTORS)
		return couche_field_bad(field, "leg sectors: too small");
	if (leg->role == COUCHE_ROLE_META)
		return 0;
	segments = div_u64(leg->sectors - COUCHE_DATA_START, s->segment_sectors);
	if (!segments)
		return couche_field_bad(field, "leg sectors: too small for one segment");
	if (segments > COUCHE_MAX_SEGMENTS)
		return couche_field_bad(field, "leg sectors: too many segments");
	return 0;
}

static unsigned int count_legs(const struct couche_super *s, u8 role)
{
	unsigned int i, nr = 0;

	for (i = 0; i < s->nr_legs; i++)
		nr += s->leg[i].state != COUCHE_LEG_NONE && s->leg[i].role == role;
	return nr;
}

static int check_legs(const struct couche_super *s, const char **field)
{
	unsigned int nr_meta;
	u32 i;
	int r;

	if (!s->nr_legs || s->nr_legs > COUCHE_MAX_LEGS)
		return couche_field_bad(field, "nr_legs: not within 1..64");
	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		if (s->leg[i].state == COUCHE_LEG_NONE)
			r = check_unused_leg(&s->leg[i], field);
		else if (i >= s->nr_legs)
			r = couche_field_bad(field, "leg: used beyond nr_legs");
		else
			r = check_leg(s, i, field);
		if (r)
			return r;
	}
	if (s->leg_index >= s->nr_legs ||
	    s->leg[s->leg_index].state == COUCHE_LEG_NONE)
		return couche_field_bad(field, "leg_index: no such leg");

	nr_meta = count_legs(s, COUCHE_ROLE_META);
	if (!nr_meta)
		return couche_field_bad(field, "leg role: no meta leg");
	if (nr_meta > COUCHE_MAX_META_LEGS)
		return couche_field_bad(field, "leg role: more than 3 meta legs");
	return 0;
}

static int check_absent_tier(const struct couche_super *s, u8 tier, const char **field)
{
	const struct couche_profile *p = &s->profile[tier];

	if (p->m || p->matrix || p->csum || p->min_healthy)
		return couche_field_bad(field, "profile k: zero, but the profile is not");
	if (count_legs(s, couche_role_of_tier(tier)))
		return couche_field_bad(field, "profile k: zero, but the tier has legs");
	return 0;
}

static int check_profile(const struct couche_super *s, u8 tier, const char **field)
{
	const struct couche_profile *p = &s->profile[tier];
	struct couche_geometry geo;

	if (p->k + p->m > COUCHE_MAX_SHARDS)
		return couche_field_bad(field, "profile k: k + m is more than 32");
	if (p->matrix > COUCHE_MATRIX_CAUCHY)
		return couche_field_bad(field, "profile matrix: unknown");
	if (couche_codec_check(p->k, p->m, p->matrix))
		return couche_field_bad(field, "profile matrix: cannot restore m lost shards");
	if (p->csum > 1)
		return couche_field_bad(field, "profile csum: unknown");
	if (p->min_healthy && !p->csum)
		return couche_field_bad(field, "profile min_healthy: of a tier without stripes");
	if (couche_profile_min_healthy(p) < p->k ||
	    couche_profile_min_healthy(p) > (unsigned int)p->k + p->m)
		return couche_field_bad(field, "profile min_healthy: not within k..k+m");

	if (tier == COUCHE_TIER_COLD) {
		if (!p->csum)
			return couche_field_bad(field, "profile csum: cold must have one");
	} else {
		if (p->k != 1)
			return couche_field_bad(field, "profile k: hot and warm extents are mirrored");
		if (p->m > COUCHE_MAX_MIRRORS)
			return couche_field_bad(field, "profile m: more than 2 further mirrors");
		if (p->csum)
			return couche_field_bad(field, "profile csum: hot and warm have none");
	}

	if (count_legs(s, couche_role_of_tier(tier)) < p->k + p->m)
		return couche_field_bad(field, "nr_legs: a tier has fewer legs than k + m");
	couche_geometry_init(&geo, p, s->extent_sectors);
	if (geo.rows > s->segment_sectors / COUCHE_BLOCK_SECTORS)
		return couche_field_bad(field, "segment_sectors: too small for an extent");
	return 0;
}

static int check_profiles(const struct couche_super *s, const char **field)
{
	u8 tier;
	int r;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		if (s->profile[tier].k)
			r = check_profile(s, tier, field);
		else
			r = check_absent_tier(s, tier, field);
		if (r)
			return r;
	}
	if (!s->profile[COUCHE_TIER_HOT].k && !s->profile[COUCHE_TIER_WARM].k)
		return couche_field_bad(field, "profile k: neither hot nor warm, nowhere to write");
	if ((s->incompat & COUCHE_FEATURE_INCOMPAT_SHAPES) && !s->profile[COUCHE_TIER_COLD].k)
		return couche_field_bad(field, "incompat: older shapes of a tier that is not there");
	return 0;
}

/**
 * couche_super_check_shape() - may a group look like this?
 * @s: a checked superblock
 * @group: passed couche_record_decode_group()
 * @field: says what was wrong
 *
 * Like its tier's profile, or, while that is being changed, like any that
 * would have been a sound one.
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_super_check_shape(const struct couche_super *s,
			     const struct couche_group_desc *group, const char **field)
{
	const struct couche_profile *p = &s->profile[group->tier];
	const struct couche_profile shape = {
		.k = group->k, .m = group->nr - group->k, .csum = p->csum,
	};
	struct couche_geometry geo;

	if (group->k == p->k && group->nr == p->k + p->m && group->matrix == p->matrix)
		return 0;
	if (!(s->incompat & COUCHE_FEATURE_INCOMPAT_SHAPES) || !p->csum)
		return couche_field_bad(field, "has another shape than its tier");
	couche_geometry_init(&geo, &shape, s->extent_sectors);
	if (geo.rows > s->segment_sectors / COUCHE_BLOCK_SECTORS)
		return couche_field_bad(field, "has a shape in which no extent fits a segment");
	return 0;
}

/**
 * couche_super_check_volume() - may a volume of this pool be like this?
 * @s: a checked superblock
 * @volume: passed couche_record_decode_volume()
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_super_check_volume(const struct couche_super *s,
			      const struct couche_volume_desc *volume, const char **field)
{
	if ((volume->flags & COUCHE_VOLUME_JOURNAL_ALL) &&
	    !(s->incompat & COUCHE_FEATURE_INCOMPAT_STAGE_ALL))
		return couche_field_bad(field, "volume flags: not as the incompat feature says");
	return 0;
}

/* Sectors that every meta leg has, whole blocks. */
static u64 meta_sectors(const struct couche_super *s)
{
	u64 sectors = COUCHE_MAX_LEG_SECTORS;
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state != COUCHE_LEG_NONE &&
		    s->leg[i].role == COUCHE_ROLE_META)
			sectors = min(sectors, s->leg[i].sectors);
	}
	return sectors & ~(u64)(COUCHE_BLOCK_SECTORS - 1);
}

/* @blocks has 33 bits and sectors 53: nothing overflows. */
static int check_area(const struct couche_super *s, u64 start, u64 blocks,
		      const char *text, const char **field)
{
	u64 end = meta_sectors(s);

	if (start % COUCHE_BLOCK_SECTORS || start < COUCHE_DATA_START ||
	    start >= end ||
	    blocks * COUCHE_BLOCK_SECTORS > end - start)
		return couche_field_bad(field, text);
	return 0;
}

/* The data journal stands behind map and journal, whose end is @behind. */
static int check_stage(const struct couche_super *s, u64 behind, const char **field)
{
	if (!(s->incompat & COUCHE_FEATURE_INCOMPAT_STAGE) != !s->stage_slots)
		return couche_field_bad(field, "stage_slots: not as the incompat feature says");
	if ((s->incompat & COUCHE_FEATURE_INCOMPAT_STAGE_ALL) && !s->stage_slots)
		return couche_field_bad(field, "incompat: a data journal for all, and there is none");
	if (!s->stage_slots)
		return s->stage_start ? couche_field_bad(field, "stage_start: of no slots") : 0;
	if (s->stage_slots < COUCHE_MIN_STAGE_SLOTS || s->stage_slots > COUCHE_MAX_STAGE_SLOTS)
		return couche_field_bad(field, "stage_slots: not within 256..4194304");
	if (s->stage_start < behind)
		return couche_field_bad(field, "stage_start: overlaps the map or the journal");
	return check_area(s, s->stage_start, s->stage_slots,
			  "stage_start: not aligned or not inside every meta leg", field);
}

static int check_areas(const struct couche_super *s, const char **field)
{
	u64 map_blocks = (u64)s->map_pages * SLOTS_PER_PAGE;
	u64 map_end, journal_end;
	int r;

	if (!s->map_pages)
		return couche_field_bad(field, "map_pages: zero");
	if (s->journal_blocks < COUCHE_MIN_JOURNAL_BLOCKS ||
	    s->journal_blocks > COUCHE_MAX_JOURNAL_BLOCKS)
		return couche_field_bad(field, "journal_blocks: not within 256..1048576");
	r = check_area(s, s->map_start, map_blocks,
		       "map_start: not aligned or not inside every meta leg", field);
	if (r)
		return r;
	r = check_area(s, s->journal_start, s->journal_blocks,
		       "journal_start: not aligned or not inside every meta leg", field);
	if (r)
		return r;

	map_end = s->map_start + map_blocks * COUCHE_BLOCK_SECTORS;
	journal_end = s->journal_start + (u64)s->journal_blocks * COUCHE_BLOCK_SECTORS;
	if (s->map_start < journal_end && s->journal_start < map_end)
		return couche_field_bad(field, "journal_start: overlaps the map");
	if (s->journal_pos >= s->journal_blocks)
		return couche_field_bad(field, "journal_pos: past the end of the journal");
	return check_stage(s, max(map_end, journal_end), field);
}

/**
 * couche_super_check() - does a superblock make sense?
 * @s: the superblock
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int couche_super_check(const struct couche_super *s, const char **field)
{
	int r;

	if (!couche_field_uuid_ok(s->pool_uuid))
		return couche_field_bad(field, "pool_uuid: all zero");
	if (!couche_field_name_ok(s->name))
		return couche_field_bad(field, "name: not visible ASCII with a NUL");
	if (s->sequence > COUCHE_MAX_SEQUENCE)
		return couche_field_bad(field, "sequence: too large");
	if (s->checkpoint > COUCHE_MAX_SEQUENCE)
		return couche_field_bad(field, "checkpoint: too large");
	if (s->page_checkpoint > s->checkpoint)
		return couche_field_bad(field, "page_checkpoint: above checkpoint");
	if (s->journal_seq > COUCHE_MAX_SEQUENCE)
		return couche_field_bad(field, "journal_seq: too large");
	if (s->clean > 1)
		return couche_field_bad(field, "clean: neither 0 nor 1");

	r = check_sizes(s, field);
	if (!r)
		r = check_legs(s, field);
	if (!r)
		r = check_profiles(s, field);
	if (!r)
		r = check_areas(s, field);
	return r;
}

static void unpack_legs(const struct couche_disk_super *d, struct couche_super *s)
{
	unsigned int i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		const struct couche_disk_leg *from = &d->leg[i];
		struct couche_super_leg *to = &s->leg[i];

		memcpy(to->uuid, from->uuid, COUCHE_UUID_SIZE);
		to->sectors = le64_to_cpu(from->sectors);
		to->role = from->role;
		to->state = from->state;
		to->domain = le16_to_cpu(from->domain);
		to->flags = le32_to_cpu(from->flags);
	}
}

static void unpack(const struct couche_disk_super *d, struct couche_super *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	memcpy(s->pool_uuid, d->pool_uuid, COUCHE_UUID_SIZE);
	memcpy(s->name, d->name, COUCHE_NAME_SIZE);
	s->compat = le64_to_cpu(d->compat);
	s->ro_compat = le64_to_cpu(d->ro_compat);
	s->incompat = le64_to_cpu(d->incompat);
	s->sequence = le64_to_cpu(d->sequence);
	s->checkpoint = le64_to_cpu(d->checkpoint);
	s->page_checkpoint = le64_to_cpu(d->page_checkpoint);
	s->page_sum = le64_to_cpu(d->page_sum);
	s->leg_index = le32_to_cpu(d->leg_index);
	s->nr_legs = le32_to_cpu(d->nr_legs);
	s->extent_sectors = le32_to_cpu(d->extent_sectors);
	s->segment_sectors = le32_to_cpu(d->segment_sectors);
	s->map_start = le64_to_cpu(d->map_start);
	s->map_pages = le32_to_cpu(d->map_pages);
	s->journal_blocks = le32_to_cpu(d->journal_blocks);
	s->journal_start = le64_to_cpu(d->journal_start);
	s->stage_start = le64_to_cpu(d->stage_start);
	s->stage_slots = le32_to_cpu(d->stage_slots);
	s->journal_seq = le64_to_cpu(d->journal_seq);
	s->journal_pos = le32_to_cpu(d->journal_pos);
	s->generation = le32_to_cpu(d->generation);
	s->clean = d->clean;
	for (i = 0; i < COUCHE_NR_TIERS; i++) {
		s->profile[i].k = d->profile[i].k;
		s->profile[i].m = d->profile[i].m;
		s->profile[i].matrix = d->profile[i].matrix;
		s->profile[i].csum = d->profile[i].csum;
		s->profile[i].min_healthy = d->profile[i].min_healthy;
	}
	unpack_legs(d, s);
}

/**
 * couche_super_decode() - read and judge a superblock
 * @block: one block
 * @ret: filled on success and with -EROFS, else undefined
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0; -ENODATA if @block holds no superblock at all; -EILSEQ if its
 * checksum is wrong; -EPROTONOSUPPORT if its version or an incompat feature is
 * not known here; -EINVAL if a field is out of range; -EROFS if all is well but
 * a ro-compat feature forbids writing.
 */
int couche_super_decode(const void *block, struct couche_super *ret,
			const char **field)
{
	const struct couche_disk_super *d = block;
	int r;

	if (le64_to_cpu(d->magic) != COUCHE_SB_MAGIC)
		return couche_field_fail(field, "magic: no superblock", -ENODATA);
	if (le32_to_cpu(d->crc) != super_crc(d, d->pool_uuid))
		return couche_field_fail(field, "crc: does not match", -EILSEQ);
	if (le32_to_cpu(d->version) != COUCHE_FORMAT_VERSION)
		return couche_field_fail(field, "version: not supported", -EPROTONOSUPPORT);
	if (le64_to_cpu(d->incompat) & ~COUCHE_FEATURE_INCOMPAT_SUPP)
		return couche_field_fail(field, "incompat: unknown feature", -EPROTONOSUPPORT);

	unpack(d, ret);
	r = couche_super_check(ret, field);
	if (r)
		return r;
	couche_field_name_copy(ret->name, d->name);
	if (ret->ro_compat & ~COUCHE_FEATURE_RO_COMPAT_SUPP)
		return couche_field_fail(field, "ro_compat: unknown feature, read only", -EROFS);
	return 0;
}

static void pack_legs(const struct couche_super *s, struct couche_disk_super *d)
{
	unsigned int i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		const struct couche_super_leg *from = &s->leg[i];
		struct couche_disk_leg *to = &d->leg[i];

		memcpy(to->uuid, from->uuid, COUCHE_UUID_SIZE);
		to->sectors = cpu_to_le64(from->sectors);
		to->role = from->role;
		to->state = from->state;
		to->domain = cpu_to_le16(from->domain);
		to->flags = cpu_to_le32(from->flags);
	}
}

/**
 * couche_super_encode() - write a superblock into a block
 * @s: one that passes couche_super_check()
 * @block: one block, overwritten as a whole
 *
 * Context: Any.
 */
void couche_super_encode(const struct couche_super *s, void *block)
{
	struct couche_disk_super *d = block;
	unsigned int i;

	memset(d, 0, sizeof(*d));
	d->magic = cpu_to_le64(COUCHE_SB_MAGIC);
	d->version = cpu_to_le32(COUCHE_FORMAT_VERSION);
	memcpy(d->pool_uuid, s->pool_uuid, COUCHE_UUID_SIZE);
	d->compat = cpu_to_le64(s->compat);
	d->ro_compat = cpu_to_le64(s->ro_compat);
	d->incompat = cpu_to_le64(s->incompat);
	d->sequence = cpu_to_le64(s->sequence);
	d->checkpoint = cpu_to_le64(s->checkpoint);
	d->page_checkpoint = cpu_to_le64(s->page_checkpoint);
	d->page_sum = cpu_to_le64(s->page_sum);
	d->leg_index = cpu_to_le32(s->leg_index);
	d->nr_legs = cpu_to_le32(s->nr_legs);
	d->extent_sectors = cpu_to_le32(s->extent_sectors);
	d->segment_sectors = cpu_to_le32(s->segment_sectors);
	d->map_start = cpu_to_le64(s->map_start);
	d->map_pages = cpu_to_le32(s->map_pages);
	d->journal_blocks = cpu_to_le32(s->journal_blocks);
	d->journal_start = cpu_to_le64(s->journal_start);
	d->stage_start = cpu_to_le64(s->stage_start);
	d->stage_slots = cpu_to_le32(s->stage_slots);
	d->journal_seq = cpu_to_le64(s->journal_seq);
	d->journal_pos = cpu_to_le32(s->journal_pos);
	d->generation = cpu_to_le32(s->generation);
	d->clean = s->clean;
	couche_field_name_copy(d->name, s->name);
	for (i = 0; i < COUCHE_NR_TIERS; i++) {
		d->profile[i].k = s->profile[i].k;
		d->profile[i].m = s->profile[i].m;
		d->profile[i].matrix = s->profile[i].matrix;
		d->profile[i].csum = s->profile[i].csum;
		d->profile[i].min_healthy = s->profile[i].min_healthy;
	}
	pack_legs(s, d);
	d->crc = cpu_to_le32(super_crc(d, d->pool_uuid));
}

/*
 * Pages for twice as many extents as there is raw space (volumes are thin),
 * for a group per segment, for all volumes, and one begun page per volume; a
 * small pool will not have a thousand volumes. And for each slot of the data
 * journal.
 */
static u64 map_pages_needed(const struct couche_super *s)
{
	u64 segments = 0, extents;
	u32 i;

	for (i = 0; i < s->nr_legs; i++)
		segments += couche_super_segments(s, i);
	extents = div_u64(2 * segments * s->segment_sectors, s->extent_sectors);

	return div_u64(extents + COUCHE_PAGE_EXTENTS - 1, COUCHE_PAGE_EXTENTS) +
	       div_u64(segments + COUCHE_PAGE_GROUPS - 1, COUCHE_PAGE_GROUPS) +
	       DIV_ROUND_UP(COUCHE_MAX_VOLUMES, COUCHE_PAGE_VOLUMES) +
	       min_t(u64, COUCHE_MAX_VOLUMES, 16 + div_u64(extents, 64)) +
	       DIV_ROUND_UP(s->stage_slots, COUCHE_PAGE_STAGES);
}

/**
 * couche_super_layout() - place map and journal on the meta legs
 * @s: legs, extent_sectors, segment_sectors and stage_slots are set; map_start,
 *	map_pages, journal_start, journal_blocks, and stage_start if it is 0,
 *	are filled in
 * @field: says what was wrong
 *
 * The same legs always give the same layout. The data journal stands at the
 * end of the smallest meta leg and never moves.
 *
 * Context: Any.
 * Return: 0; -EINVAL if a leg or a size is out of range; -ENOSPC if the
 * smallest meta leg has no room for the map, a journal of 256 blocks and the
 * data journal.
 */
int couche_super_layout(struct couche_super *s, const char **field)
{
	u64 blocks, pages, left, end;
	int r;

	r = check_sizes(s, field);
	if (!r)
		r = check_legs(s, field);
	if (r)
		return r;

	end = s->stage_start ?: meta_sectors(s);
	if (!s->stage_start && s->stage_slots)
		end -= min_t(u64, end - COUCHE_DATA_START,
			     (u64)s->stage_slots * COUCHE_BLOCK_SECTORS);
	blocks = (end - COUCHE_DATA_START) / COUCHE_BLOCK_SECTORS;
	pages = map_pages_needed(s);
	if (pages != (u32)pages ||
	    blocks < pages * SLOTS_PER_PAGE + COUCHE_MIN_JOURNAL_BLOCKS)
		return couche_field_fail(field, "leg sectors: a meta leg is too small",
					 -ENOSPC);
	left = blocks - pages * SLOTS_PER_PAGE;
	s->map_start = COUCHE_DATA_START;
	s->map_pages = pages;
	s->journal_start = s->map_start + pages * SLOTS_PER_PAGE * COUCHE_BLOCK_SECTORS;
	s->journal_blocks = min_t(u64, left, COUCHE_DEFAULT_JOURNAL_BLOCKS);
	s->stage_start = s->stage_slots ? end : 0;
	return 0;
}
