// SPDX-License-Identifier: GPL-2.0-only
#include "rescue.h"

#include <asm/byteorder.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/crc32c.h"
#include "kernel/core/geometry.h"
#include "memory.h"
#include "offline_stripe.h"

#define CHUNK	(4u << 20)

/* What looks like a footer in one segment, in the order it stands there. */
struct seen {
	struct couche_found_shard shard;
	u32 at;			/* row where the first footer block stands */
	u32 crc;		/* of that block, as data */
	u16 right;		/* footer blocks whose checksums the data has */
	bool data;		/* it is covered by the checksum of another shard */
};

struct segment {
	u32 leg, number;
	struct seen *seen;
	size_t nr, room;
	u32 *crc;		/* of each row, as data */
};

/* Does the shape fit this pool and the place where footer block @n stands? */
static bool fits(const struct couche_offline *o, const struct couche_footer *f, u32 at,
		 unsigned int n)
{
	const struct couche_profile profile = { .k = f->k, .m = f->m, .csum = 1 };
	u32 row = from_couche_row(f->row);
	struct couche_geometry geo;

	if (memcmp(f->pool_uuid, o->super.pool_uuid, COUCHE_UUID_SIZE) ||
	    f->extent_sectors != o->super.extent_sectors)
		return false;
	couche_geometry_init(&geo, &profile, f->extent_sectors);
	return f->rows == geo.rows && f->footers == geo.footers &&
	       at == row + geo.data_rows + n &&
	       row + geo.rows <= o->super.segment_sectors / COUCHE_BLOCK_SECTORS;
}

static struct couche_found_shard to_shard(const struct segment *segment,
					  const struct couche_footer *f)
{
	return (struct couche_found_shard){
		.extent = from_couche_extent(f->extent), .volume = f->volume,
		.generation = f->generation, .born = f->born, .group = from_couche_group(f->group),
		.row = from_couche_row(f->row), .segment = segment->number, .rows = f->rows,
		.footers = f->footers, .leg = segment->leg, .shard = f->shard, .k = f->k,
		.m = f->m, .matrix = f->matrix,
	};
}

static struct seen *add_seen(struct segment *segment, const struct couche_footer *f, u32 at)
{
	struct seen *seen;

	if (segment->nr == segment->room) {
		segment->room = 2 * segment->room + 64;
		segment->seen = couche_grow(segment->seen, segment->room,
					    sizeof(*segment->seen));
	}
	seen = &segment->seen[segment->nr++];
	memset(seen, 0, sizeof(*seen));
	seen->at = at;
	seen->crc = segment->crc[at];
	seen->shard = to_shard(segment, f);
	return seen;
}

/* The shard whose first footer block stands at @at. */
static struct seen *find_seen(struct segment *segment, const struct couche_footer *f, u32 at)
{
	const struct couche_found_shard shard = to_shard(segment, f);
	size_t i;

	for (i = segment->nr; i-- > 0 && segment->seen[i].at >= at;) {
		if (segment->seen[i].at == at &&
		    !couche_rescue_order(&segment->seen[i].shard, &shard))
			return &segment->seen[i];
	}
	return NULL;
}

/* Are the rows that this footer block has the checksums of what it says? */
static bool is_right(const struct segment *segment, const struct couche_footer *f,
		     unsigned int n, const struct couche_disk_footer *d)
{
	const u32 *crc = segment->crc + from_couche_row(f->row) + n * COUCHE_FOOTER_CRCS;
	unsigned int i, nr = couche_footer_share(f, n);

	for (i = 0; i < nr; i++) {
		if (le32_to_cpu(d->crcs[i]) != crc[i])
			return false;
	}
	return true;
}

static void look_at(struct couche_rescue *r, struct segment *segment, u32 at, const void *block)
{
	struct couche_footer f;
	struct seen *seen;
	const char *field;
	unsigned int n;
	int err;

	segment->crc[at] = couche_crc32c(~0u, block, COUCHE_BLOCK_SIZE);
	err = couche_footer_identify(block, r->o->seed, &f, &n, &field);
	if (err || !fits(r->o, &f, at, n)) {
		r->strange[segment->leg] += err != -EILSEQ;
		return;
	}
	seen = n ? find_seen(segment, &f, at - n) : add_seen(segment, &f, at);
	if (seen)
		seen->right += is_right(segment, &f, n, block);
}

/* A shard's checksum of its data row @i; false if it cannot be had. */
static bool checksum_of(struct couche_rescue *r, const struct seen *seen, u32 i, u32 *crc)
{
	_cleanup_free_ struct couche_disk_footer *d = couche_offline_buffer(sizeof(*d));
	u32 block = seen->at + i / COUCHE_FOOTER_CRCS;

	if (couche_offline_read(r->o, seen->shard.leg,
				couche_offline_shard_sector(r->o, seen->shard.segment, block), d,
				sizeof(*d)))
		return false;
	*crc = le32_to_cpu(d->crcs[i % COUCHE_FOOTER_CRCS]);
	return true;
}

/*
 * From the last to the first: the last cannot be covered by another. A footer
 * that is data covers nothing.
 */
static void find_data(struct couche_rescue *r, struct segment *segment)
{
	size_t i, j;
	u32 crc;

	for (i = segment->nr; i-- > 0;) {
		const struct seen *outer = &segment->seen[i];

		for (j = i; !outer->data && j-- > 0;) {
			struct seen *inner = &segment->seen[j];

			if (inner->at < outer->shard.row)
				break;
			if (checksum_of(r, outer, inner->at - outer->shard.row, &crc) &&
			    crc == inner->crc)
				inner->data = true;
		}
	}
}

static void keep(struct couche_rescue *r, const struct segment *segment)
{
	size_t i;

	for (i = 0; i < segment->nr; i++) {
		if (segment->seen[i].data)
			continue;
		if (r->nr == r->room) {
			r->room = 2 * r->room + 1024;
			r->shard = couche_grow(r->shard, r->room,
					       sizeof(*r->shard));
		}
		r->shard[r->nr] = segment->seen[i].shard;
		r->shard[r->nr].whole = segment->seen[i].right == segment->seen[i].shard.footers;
		r->whole[segment->leg][segment->number] += r->shard[r->nr++].whole;
		r->footers[segment->seen[i].shard.leg]++;
	}
}

/* A chunk that cannot be read as a whole is read block by block. */
static void read_chunk(struct couche_rescue *r, u32 leg, u64 sector, u8 *buf, size_t len)
{
	size_t off;

	if (!couche_offline_read(r->o, leg, sector, buf, len))
		return;
	for (off = 0; off < len; off += COUCHE_BLOCK_SIZE) {
		if (!couche_offline_read(r->o, leg, sector + off / 512, buf + off,
					 COUCHE_BLOCK_SIZE))
			continue;
		memset(buf + off, 0, COUCHE_BLOCK_SIZE);
		r->unreadable[leg] += COUCHE_BLOCK_SIZE;
	}
}

static void scan_segment(struct couche_rescue *r, u32 leg, u32 number, u8 *buf, u32 *crc)
{
	size_t bytes = (size_t)r->o->super.segment_sectors * 512, off, i, len;
	struct segment segment = { .leg = leg, .number = number, .crc = crc };

	for (off = 0; off < bytes; off += len) {
		len = bytes - off < CHUNK ? bytes - off : CHUNK;
		read_chunk(r, leg, couche_offline_shard_sector(r->o, number, off >> 12), buf, len);
		for (i = 0; i < len; i += COUCHE_BLOCK_SIZE)
			look_at(r, &segment, (off + i) >> 12, buf + i);
		couche_meter_step(&r->meter, len);
	}
	find_data(r, &segment);
	keep(r, &segment);
	free(segment.seen);
}

/**
 * couche_rescue_order() - for qsort: volume, extent, newest generation first
 * @a: a struct couche_found_shard
 * @b: another one
 *
 * Return: as memcmp().
 */
int couche_rescue_order(const void *a, const void *b)
{
	const struct couche_found_shard *x = a, *y = b;

	if (x->volume != y->volume)
		return x->volume < y->volume ? -1 : 1;
	if (x->extent != y->extent)
		return x->extent < y->extent ? -1 : 1;
	if (x->generation != y->generation)
		return x->generation > y->generation ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->k != y->k)
		return x->k < y->k ? -1 : 1;
	if (x->m != y->m)
		return x->m < y->m ? -1 : 1;
	if (x->matrix != y->matrix)
		return x->matrix < y->matrix ? -1 : 1;
	if (x->shard != y->shard)
		return x->shard < y->shard ? -1 : 1;
	return x->leg < y->leg ? -1 : x->leg > y->leg;
}

static bool is_cold(const struct couche_offline *o, u32 leg)
{
	return o->leg[leg].path && o->super.leg[leg].role == COUCHE_ROLE_COLD;
}

/**
 * couche_rescue_scan() - read all cold legs for footers
 * @r: its legs and meter are set; gets the shards, in order
 */
void couche_rescue_scan(struct couche_rescue *r)
{
	u32 rows = r->o->super.segment_sectors / COUCHE_BLOCK_SECTORS;
	_cleanup_free_ u32 *crc = couche_offline_buffer((size_t)rows * sizeof(*crc));
	_cleanup_free_ u8 *buf = couche_offline_buffer(CHUNK);
	u32 leg, segment;

	for (leg = 0; leg < r->o->super.nr_legs; leg++) {
		u32 nr = is_cold(r->o, leg) ? couche_super_segments(&r->o->super, leg) : 0;

		r->whole[leg] = couche_offline_buffer((nr + 1) * sizeof(u32));
		for (segment = 0; segment < nr; segment++)
			scan_segment(r, leg, segment, buf, crc);
	}
	if (r->nr)
		qsort(r->shard, r->nr, sizeof(*r->shard), couche_rescue_order);
}

/**
 * couche_rescue_same_version() - are they of one stripe?
 * @a: a shard
 * @b: another one
 *
 * Return: true if they are.
 */
bool couche_rescue_same_version(const struct couche_found_shard *a,
				const struct couche_found_shard *b)
{
	return a->volume == b->volume && a->extent == b->extent &&
	       a->generation == b->generation && a->group == b->group && a->row == b->row &&
	       a->k == b->k && a->m == b->m && a->matrix == b->matrix;
}

/**
 * couche_rescue_group() - of what shape is the group that a shard is of?
 * @s: the shard
 *
 * Return: the group, without its segments.
 */
struct couche_group_desc couche_rescue_group(const struct couche_found_shard *s)
{
	return (struct couche_group_desc){
		.nr = s->k + s->m, .k = s->k, .tier = COUCHE_TIER_COLD, .matrix = s->matrix
	};
}

/**
 * couche_rescue_fits_profile() - may the pool have groups of a shard's shape?
 * @super: of the pool
 * @s: the shard
 *
 * Return: whether it is that of the tier, or a change of the profile is under way.
 */
bool couche_rescue_fits_profile(const struct couche_super *super,
				const struct couche_found_shard *s)
{
	const struct couche_group_desc group = couche_rescue_group(s);
	const char *field;

	return !couche_super_check_shape(super, &group, &field);
}

/*
 * What one footer says may be forged. So only versions of the pool's own shape
 * are believed that can be restored, and of their shards the one that drops least.
 */
static u32 born_of(const struct couche_rescue *r, const struct couche_found_shard *s, size_t nr)
{
	u32 whole = 0, born = ~0u;
	size_t i;

	if (!couche_rescue_fits_profile(&r->o->super, s) ||
	    s->generation > COUCHE_RESCUE_MAX_GENERATION)
		return 0;
	for (i = 0; i < nr; i++) {
		if (!s[i].whole)
			continue;
		whole |= 1u << s[i].shard;
		if (s[i].born < born)
			born = s[i].born;
	}
	return (unsigned int)__builtin_popcount(whole) >= s->k ? born : 0;
}

/**
 * couche_rescue_drop_removed() - leave out what volumes held that are no more
 * @r: scanned; its list gets shorter
 * @volumes: COUCHE_MAX_VOLUMES + 1, all zero but for names; gets when each was
 *	born and what was dropped
 *
 * A volume may have the number of one that was removed, whose shards lie about.
 * Whatever is older than the youngest volume of that number is none of its own.
 */
void couche_rescue_drop_removed(struct couche_rescue *r, struct couche_rescued_volume *volumes)
{
	size_t first, next, nr = r->nr;

	for (first = 0; first < nr; first = next) {
		const struct couche_found_shard *s = &r->shard[first];
		u32 *born = &volumes[s->volume].born, said;

		for (next = first + 1;
		     next < nr && couche_rescue_same_version(s, &r->shard[next]); next++)
			;
		said = born_of(r, s, next - first);
		if (said > *born)
			*born = said;
	}
	for (r->nr = first = 0; first < nr; first++) {
		struct couche_rescued_volume *volume = &volumes[r->shard[first].volume];

		if (r->shard[first].generation < volume->born)
			volume->removed++;
		else
			r->shard[r->nr++] = r->shard[first];
	}
}

/**
 * couche_rescue_destroy() - free the shards
 * @r: the rescue
 */
void couche_rescue_destroy(struct couche_rescue *r)
{
	u32 leg;

	for (leg = 0; leg < COUCHE_MAX_LEGS; leg++) {
		free(r->whole[leg]);
		r->whole[leg] = NULL;
	}
	free(r->shard);
	r->shard = NULL;
	r->nr = 0;
}
