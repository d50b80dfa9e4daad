// SPDX-License-Identifier: GPL-2.0-only
#include "footer.h"

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "block.h"
#include "bounds.h"
#include "codec.h"
#include "field.h"
#include "record.h"

static u32 footer_crc(const void *block, u32 seed)
{
	return couche_block_crc(block, offsetof(struct couche_disk_footer, crc), seed);
}

/**
 * couche_footer_blocks() - footer blocks that a shard needs
 * @data_rows: data blocks of the shard
 *
 * Context: Any.
 * Return: the number of blocks.
 */
unsigned int couche_footer_blocks(unsigned int data_rows)
{
	return (data_rows + COUCHE_FOOTER_CRCS - 1) / COUCHE_FOOTER_CRCS;
}

/**
 * couche_footer_share() - checksums in one footer block
 * @f: the footer
 * @n: which block of it, from 0
 *
 * The share of block @n begins at checksum @n * COUCHE_FOOTER_CRCS.
 *
 * Context: Any.
 * Return: how many there are, 0 if there is no block @n.
 */
unsigned int couche_footer_share(const struct couche_footer *f, unsigned int n)
{
	unsigned int data_rows, first;

	if (n >= f->footers || f->footers >= f->rows)
		return 0;
	data_rows = f->rows - f->footers;
	first = n * COUCHE_FOOTER_CRCS;
	if (first >= data_rows)
		return 0;
	return min_t(unsigned int, data_rows - first, COUCHE_FOOTER_CRCS);
}

/**
 * couche_footer_encode() - write one footer block
 * @f: the footer
 * @n: which block of it, below @f->footers
 * @crcs: checksums of all data blocks of the shard
 * @block: overwritten as a whole
 * @seed: of the pool
 *
 * Context: Any.
 */
void couche_footer_encode(const struct couche_footer *f, unsigned int n,
			  const u32 *crcs, void *block, u32 seed)
{
	struct couche_disk_footer *d = block;
	unsigned int i, first = n * COUCHE_FOOTER_CRCS;
	unsigned int nr = couche_footer_share(f, n);

	memset(d, 0, sizeof(*d));
	d->magic = cpu_to_le32(COUCHE_FOOTER_MAGIC);
	memcpy(d->pool_uuid, f->pool_uuid, COUCHE_UUID_SIZE);
	d->volume = cpu_to_le32(f->volume);
	d->generation = cpu_to_le32(f->generation);
	d->extent = cpu_to_le64(from_couche_extent(f->extent));
	d->group = cpu_to_le32(from_couche_group(f->group));
	d->row = cpu_to_le32(from_couche_row(f->row));
	d->shard = f->shard;
	d->k = f->k;
	d->m = f->m;
	d->matrix = f->matrix;
	d->rows = cpu_to_le16(f->rows);
	d->footers = cpu_to_le16(f->footers);
	d->first_crc = cpu_to_le32(first);
	d->nr_crcs = cpu_to_le32(nr);
	d->extent_sectors = cpu_to_le32(f->extent_sectors);
	d->born = cpu_to_le32(f->born);
	for (i = 0; i < nr; i++)
		d->crcs[i] = cpu_to_le32(crcs[first + i]);
	d->crc = cpu_to_le32(footer_crc(d, seed));
}

static int stale(const char **field, const char *text)
{
	return couche_field_fail(field, text, -ESTALE);
}

static int check_identity(const struct couche_disk_footer *d,
			  const struct couche_footer *e, const char **field)
{
	if (memcmp(d->pool_uuid, e->pool_uuid, COUCHE_UUID_SIZE))
		return stale(field, "pool_uuid: of another pool");
	if (le32_to_cpu(d->volume) != e->volume)
		return stale(field, "volume: of another volume");
	if (le64_to_cpu(d->extent) != from_couche_extent(e->extent))
		return stale(field, "extent: of another extent");
	if (le32_to_cpu(d->generation) != e->generation)
		return stale(field, "generation: of another time");
	if (le32_to_cpu(d->group) != from_couche_group(e->group))
		return stale(field, "group: of another group");
	if (le32_to_cpu(d->row) != from_couche_row(e->row))
		return stale(field, "row: of another row");
	if (d->shard != e->shard)
		return stale(field, "shard: another one of the extent");
	return 0;
}

static int check_shape(const struct couche_disk_footer *d,
		       const struct couche_footer *e, unsigned int n,
		       const char **field)
{
	if (d->k != e->k)
		return stale(field, "k: of another profile");
	if (d->m != e->m)
		return stale(field, "m: of another profile");
	if (d->matrix != e->matrix)
		return stale(field, "matrix: of another profile");
	if (le16_to_cpu(d->rows) != e->rows)
		return stale(field, "rows: of another length");
	if (le16_to_cpu(d->footers) != e->footers)
		return stale(field, "footers: of another length");
	if (le32_to_cpu(d->extent_sectors) != e->extent_sectors)
		return stale(field, "extent_sectors: of another size");
	if (le32_to_cpu(d->first_crc) != n * COUCHE_FOOTER_CRCS)
		return stale(field, "first_crc: another block of the footer");
	if (le32_to_cpu(d->nr_crcs) != couche_footer_share(e, n))
		return stale(field, "nr_crcs: of another length");
	return 0;
}

/**
 * couche_footer_decode() - read the checksums of a shard, if it is the right one
 * @block: one footer block
 * @expected: the shard that should be there
 * @n: which footer block of it
 * @seed: of the pool
 * @crcs: gets couche_footer_share() checksums, on success only
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0; -EILSEQ if @block is no footer or damaged; -ESTALE if it belongs
 * to another shard or time; -EINVAL if @expected has no block @n.
 */
int couche_footer_decode(const void *block, const struct couche_footer *expected,
			 unsigned int n, u32 seed, u32 *crcs, const char **field)
{
	const struct couche_disk_footer *d = block;
	unsigned int i, nr = couche_footer_share(expected, n);
	int r;

	if (!nr)
		return couche_field_bad(field, "footers: no such block");
	if (le32_to_cpu(d->magic) != COUCHE_FOOTER_MAGIC)
		return couche_field_fail(field, "magic: no footer", -EILSEQ);
	if (le32_to_cpu(d->crc) != footer_crc(d, seed))
		return couche_field_fail(field, "crc: does not match", -EILSEQ);
	r = check_identity(d, expected, field);
	if (!r)
		r = check_shape(d, expected, n, field);
	if (r)
		return r;
	for (i = 0; i < nr; i++)
		crcs[i] = le32_to_cpu(d->crcs[i]);
	return 0;
}

static void unpack(const struct couche_disk_footer *d, struct couche_footer *f)
{
	memcpy(f->pool_uuid, d->pool_uuid, COUCHE_UUID_SIZE);
	f->extent = to_couche_extent(le64_to_cpu(d->extent));
	f->volume = le32_to_cpu(d->volume);
	f->generation = le32_to_cpu(d->generation);
	f->group = to_couche_group(le32_to_cpu(d->group));
	f->row = to_couche_row(le32_to_cpu(d->row));
	f->extent_sectors = le32_to_cpu(d->extent_sectors);
	f->born = le32_to_cpu(d->born);
	f->rows = le16_to_cpu(d->rows);
	f->footers = le16_to_cpu(d->footers);
	f->shard = d->shard;
	f->k = d->k;
	f->m = d->m;
	f->matrix = d->matrix;
}

static int check_self(const struct couche_footer *f, const char **field)
{
	if (from_couche_extent(f->extent) >= COUCHE_MAX_EXTENTS)
		return couche_field_bad(field, "extent: too large");
	if (from_couche_group(f->group) >= COUCHE_MAX_GROUPS)
		return couche_field_bad(field, "group: too large");
	if (!f->k || f->k + f->m > COUCHE_MAX_SHARDS)
		return couche_field_bad(field, "k: k + m is not within 1..32");
	if (f->matrix > COUCHE_MATRIX_CAUCHY || couche_codec_check(f->k, f->m, f->matrix))
		return couche_field_bad(field, "matrix: cannot restore m lost shards");
	if (f->shard >= f->k + f->m)
		return couche_field_bad(field, "shard: not below k + m");
	if (f->rows > COUCHE_MAX_SHARD_ROWS || f->footers >= f->rows ||
	    f->footers != couche_footer_blocks(f->rows - f->footers))
		return couche_field_bad(field, "rows: not those of a shard");
	if (from_couche_row(f->row) > COUCHE_MAX_ROWS - (u32)f->rows)
		return couche_field_bad(field, "row: past the end of any segment");
	if (f->born > f->generation)
		return couche_field_bad(field, "born: later than the extent");
	return couche_record_check_volume_id(f->volume, field);
}

/**
 * couche_footer_identify() - read who a footer says it belongs to
 * @block: one block
 * @seed: of the pool
 * @ret: filled on success; whether it fits the pool is for the caller
 * @n: gets which block of the footer it is
 * @field: says what was wrong
 *
 * Context: Any.
 * Return: 0; -EILSEQ if @block is no footer of this pool or damaged; -EINVAL
 * if it makes no sense.
 */
int couche_footer_identify(const void *block, u32 seed, struct couche_footer *ret,
			   unsigned int *n, const char **field)
{
	const struct couche_disk_footer *d = block;
	u32 first = le32_to_cpu(d->first_crc);
	int r;

	if (le32_to_cpu(d->magic) != COUCHE_FOOTER_MAGIC)
		return couche_field_fail(field, "magic: no footer", -EILSEQ);
	if (le32_to_cpu(d->crc) != footer_crc(d, seed))
		return couche_field_fail(field, "crc: does not match", -EILSEQ);
	unpack(d, ret);
	r = check_self(ret, field);
	if (r)
		return r;
	*n = first / COUCHE_FOOTER_CRCS;
	if (first % COUCHE_FOOTER_CRCS || *n >= ret->footers)
		return couche_field_bad(field, "first_crc: no block of the footer");
	if (le32_to_cpu(d->nr_crcs) != couche_footer_share(ret, *n))
		return couche_field_bad(field, "nr_crcs: not those of its block");
	return 0;
}
