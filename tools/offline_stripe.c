// SPDX-License-Identifier: GPL-2.0-only
#include "offline_stripe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/block.h"
#include "kernel/core/crc32c.h"
#include "kernel/core/footer.h"
#include "memory.h"

/**
 * couche_offline_stripe_init() - get memory for extents of one shape
 * @st: the stripe
 * @profile: with checksums
 * @extent_sectors: of the pool
 */
void couche_offline_stripe_init(struct couche_offline_stripe *st,
				const struct couche_profile *profile, u32 extent_sectors)
{
	size_t bytes, parity;
	unsigned int i;

	memset(st, 0, sizeof(*st));
	st->profile = *profile;
	couche_geometry_init(&st->geo, profile, extent_sectors);
	bytes = (size_t)st->geo.rows << COUCHE_BLOCK_SHIFT;
	parity = (size_t)st->geo.data_rows << COUCHE_BLOCK_SHIFT;
	st->memory = couche_offline_buffer((profile->k + profile->m) * bytes +
					   profile->m * parity);
	for (i = 0; i < profile->k + profile->m; i++)
		st->shard[i] = st->memory + i * bytes;
	for (i = 0; i < profile->m; i++)
		st->parity[i] = st->memory + (profile->k + profile->m) * bytes + i * parity;
	st->crcs = couche_offline_buffer(st->geo.footers * COUCHE_FOOTER_CRCS * sizeof(u32));
	st->codec = couche_codec_create(profile->k, profile->m, profile->matrix);
	if (!st->codec)
		couche_out_of_memory();
}

/**
 * couche_offline_stripe_destroy() - give the memory back
 * @st: one that was initialised, or all zero
 */
void couche_offline_stripe_destroy(struct couche_offline_stripe *st)
{
	if (st->codec)
		couche_codec_free(st->codec);
	free(st->memory);
	free(st->crcs);
	memset(st, 0, sizeof(*st));
}

/**
 * couche_offline_stripe_reshape() - get memory for extents of another shape
 * @st: one that was initialised, or all zero
 * @profile: with checksums
 * @extent_sectors: of the pool
 */
void couche_offline_stripe_reshape(struct couche_offline_stripe *st,
				   const struct couche_profile *profile, u32 extent_sectors)
{
	if (st->codec && st->profile.k == profile->k && st->profile.m == profile->m &&
	    st->profile.matrix == profile->matrix)
		return;
	couche_offline_stripe_destroy(st);
	couche_offline_stripe_init(st, profile, extent_sectors);
}

/**
 * couche_offline_shard_sector() - where rows of a segment are
 * @o: the legs
 * @segment: of a leg
 * @row: of the segment
 *
 * Return: sector on the leg.
 */
u64 couche_offline_shard_sector(const struct couche_offline *o, u32 segment, u32 row)
{
	return COUCHE_DATA_START + (u64)segment * o->super.segment_sectors +
	       (u64)row * COUCHE_BLOCK_SECTORS;
}

static enum couche_shard_state fail(struct couche_offline_stripe *st, unsigned int shard,
				    enum couche_shard_state state, const char *field)
{
	st->field[shard] = field;
	return state;
}

static void expect(const struct couche_offline_stripe *st, const struct couche_offline *o,
		   const struct couche_stripe_id *id, unsigned int shard,
		   struct couche_footer *f)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->pool_uuid, o->super.pool_uuid, COUCHE_UUID_SIZE);
	f->extent = to_couche_extent(id->extent);
	f->volume = id->volume;
	f->generation = id->generation;
	f->group = to_couche_group(id->group);
	f->row = to_couche_row(id->row);
	f->extent_sectors = o->super.extent_sectors;
	f->rows = st->geo.rows;
	f->footers = st->geo.footers;
	f->shard = shard;
	f->k = st->geo.k;
	f->m = st->geo.m;
	f->matrix = st->profile.matrix;
}

static enum couche_shard_state judge_shard(struct couche_offline_stripe *st,
					   const struct couche_offline *o,
					   const struct couche_stripe_id *id, unsigned int shard)
{
	const u8 *footers = st->shard[shard] + ((size_t)st->geo.data_rows << COUCHE_BLOCK_SHIFT);
	struct couche_footer expected;
	const char *field;
	unsigned int i;
	int err;

	expect(st, o, id, shard, &expected);
	for (i = 0; i < st->geo.footers; i++, footers += COUCHE_BLOCK_SIZE) {
		err = couche_footer_decode(footers, &expected, i, o->seed,
					   st->crcs + i * COUCHE_FOOTER_CRCS, &field);
		if (err && couche_block_is_zero(footers))
			return fail(st, shard, COUCHE_SHARD_MISSING, "footer: never written");
		if (err)
			return fail(st, shard, err == -ESTALE ? COUCHE_SHARD_STALE :
							       COUCHE_SHARD_LYING, field);
	}
	for (i = 0; i < st->geo.data_rows; i++) {
		const u8 *block = st->shard[shard] + ((size_t)i << COUCHE_BLOCK_SHIFT);

		if (couche_crc32c(~0u, block, COUCHE_BLOCK_SIZE) != st->crcs[i])
			return fail(st, shard, COUCHE_SHARD_LYING, "data: not what its checksum says");
	}
	return COUCHE_SHARD_GOOD;
}

static enum couche_shard_state load_shard(struct couche_offline_stripe *st,
					  const struct couche_offline *o,
					  const struct couche_stripe_id *id, unsigned int shard)
{
	const struct couche_segment *seg = &id->seg[shard];
	int err;

	st->field[shard] = "";
	err = couche_offline_read(o, seg->leg,
				  couche_offline_shard_sector(o, seg->segment, id->row),
				  st->shard[shard], (size_t)st->geo.rows << COUCHE_BLOCK_SHIFT);
	if (err == -ENODEV)
		return fail(st, shard, COUCHE_SHARD_MISSING, "leg: missing");
	if (err)
		return fail(st, shard, COUCHE_SHARD_UNREADABLE, "cannot be read");
	return judge_shard(st, o, id, shard);
}

/**
 * couche_offline_stripe_begin() - forget the extent before
 * @st: the stripe
 */
void couche_offline_stripe_begin(struct couche_offline_stripe *st)
{
	unsigned int i;

	st->good = 0;
	for (i = 0; i < st->geo.k + st->geo.m; i++) {
		st->state[i] = COUCHE_SHARD_MISSING;
		st->field[i] = "shard: not found";
	}
}

/**
 * couche_offline_stripe_load_shard() - read and judge one shard
 * @st: of its shape; holds the result
 * @o: the legs
 * @id: the extent, and where this shard is
 * @shard: which one
 */
void couche_offline_stripe_load_shard(struct couche_offline_stripe *st,
				      const struct couche_offline *o,
				      const struct couche_stripe_id *id, unsigned int shard)
{
	st->state[shard] = load_shard(st, o, id, shard);
	if (st->state[shard] == COUCHE_SHARD_GOOD)
		st->good |= 1u << shard;
}

/**
 * couche_offline_stripe_load() - read and judge all shards of an extent
 * @st: of its shape; holds the result
 * @o: the legs
 * @id: the extent
 */
void couche_offline_stripe_load(struct couche_offline_stripe *st,
				const struct couche_offline *o,
				const struct couche_stripe_id *id)
{
	unsigned int i;

	couche_offline_stripe_begin(st);
	for (i = 0; i < st->geo.k + st->geo.m; i++)
		couche_offline_stripe_load_shard(st, o, id, i);
}

/**
 * couche_offline_stripe_restore() - compute the data shards that are not good
 * @st: loaded
 *
 * Return: true if all data is right afterwards, false if too little is left.
 */
bool couche_offline_stripe_restore(struct couche_offline_stripe *st)
{
	u32 all = st->geo.k == 32 ? ~0u : (1u << st->geo.k) - 1;
	u32 missing = all & ~st->good;

	if (__builtin_popcount(st->good) < st->geo.k)
		return false;
	return !missing || !couche_codec_decode(st->codec,
						(size_t)st->geo.data_rows << COUCHE_BLOCK_SHIFT,
						st->good, missing, st->shard);
}

/**
 * couche_offline_stripe_wrong_parity() - does good parity say what the data does?
 * @st: restored
 *
 * Return: bit per parity shard whose checksums are right and whose contents
 * are not those of the data.
 */
u32 couche_offline_stripe_wrong_parity(struct couche_offline_stripe *st)
{
	size_t bytes = (size_t)st->geo.data_rows << COUCHE_BLOCK_SHIFT;
	unsigned int i;
	u32 wrong = 0;

	couche_codec_encode(st->codec, bytes, (const u8 *const *)st->shard, st->parity);
	for (i = 0; i < st->geo.m; i++) {
		unsigned int shard = st->geo.k + i;

		if ((st->good & (1u << shard)) && memcmp(st->parity[i], st->shard[shard], bytes))
			wrong |= 1u << shard;
	}
	return wrong;
}
