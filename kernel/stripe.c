// SPDX-License-Identifier: GPL-2.0-only
#include "stripe.h"

#include <linux/blkdev.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "core/crc32c.h"
#include "core/footer.h"
#include "flight.h"
#include "footer_cache.h"
#include "group.h"
#include "leg.h"
#include "pool.h"
#include "simd.h"
#include "stripe_memory.h"
#include "superblock.h"
#include "trace.h"

static void stripe_batch_begin(struct couche_batch *batch, struct couche_stripe *stripe)
{
	couche_batch_begin(batch);
	batch->hold = couche_stripe_hold(stripe);
}

static u64 stripe_read_wait(struct couche_pool *pool, struct couche_stripe *stripe,
			    struct couche_batch *batch)
{
	u64 failed = couche_batch_wait(batch);

	if (batch->abandoned)
		couche_stripe_renew(pool, stripe);
	return failed;
}

/* Read into a buffer of the stripe; when it fails, that may be another one. */
static int stripe_read(struct couche_pool *pool, struct couche_stripe *stripe,
		       struct couche_leg *leg, sector_t sector, void *buf, size_t len)
{
	struct couche_batch batch;

	stripe_batch_begin(&batch, stripe);
	couche_leg_submit(leg, REQ_OP_READ, sector, buf, len, &batch, 0);
	return stripe_read_wait(pool, stripe, &batch) ? -EIO : 0;
}

/**
 * couche_stripe_shard() - Where a shard stands in memory
 * @stripe: the stripe
 * @geo: of the extent in it
 * @shard: 0..k+m-1
 *
 * Context: any.
 * Return: its first data row.
 */
u8 *couche_stripe_shard(const struct couche_stripe *stripe, const struct couche_geometry *geo,
			unsigned int shard)
{
	size_t bytes = (size_t)geo->data_rows << COUCHE_BLOCK_SHIFT;

	return shard < geo->k ? stripe->data + shard * bytes :
				stripe->parity + (shard - geo->k) * bytes;
}

static u8 *shard_footers(const struct couche_stripe *stripe, const struct couche_geometry *geo,
			 unsigned int shard)
{
	return stripe->footers + ((size_t)shard * geo->footers << COUCHE_BLOCK_SHIFT);
}

static u32 *shard_crcs(const struct couche_stripe *stripe, const struct couche_geometry *geo,
		       unsigned int shard)
{
	return stripe->crcs + (size_t)shard * geo->data_rows;
}

static const struct couche_geometry *geo_of(struct couche_pool *pool,
					    const struct couche_stripe_id *id)
{
	return &couche_group_shape(pool, &id->place)->geo;
}

/**
 * couche_stripe_expect() - What a shard's footer must say
 * @pool: the pool
 * @id: the extent and its place
 * @shard: which shard
 * @ret: filled in
 *
 * Context: any.
 */
void couche_stripe_expect(struct couche_pool *pool, const struct couche_stripe_id *id,
			  unsigned int shard, struct couche_footer *ret)
{
	const struct couche_shape *shape = couche_group_shape(pool, &id->place);
	const struct couche_geometry *geo = &shape->geo;

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->pool_uuid, pool->super.pool_uuid, COUCHE_UUID_SIZE);
	ret->extent = id->extent;
	ret->volume = id->volume;
	ret->generation = id->place.generation;
	ret->group = id->place.group;
	ret->row = id->place.row;
	ret->extent_sectors = pool->super.extent_sectors;
	ret->born = READ_ONCE(pool->born[id->volume]);
	/* Of a damaged record: it must not make footers that nobody believes. */
	if (ret->born > ret->generation)
		ret->born = 0;
	ret->rows = geo->rows;
	ret->footers = geo->footers;
	ret->shard = shard;
	ret->k = geo->k;
	ret->m = geo->m;
	ret->matrix = shape->matrix;
}

static void footer_key(const struct couche_stripe_id *id, unsigned int shard,
		       struct couche_footer_key *key)
{
	key->group = from_couche_group(id->place.group);
	key->row = from_couche_row(id->place.row);
	key->generation = id->place.generation;
	key->shard = shard;
}

/* One call's worth of reading: rows of some shards, k of them at most. */
struct load {
	struct couche_pool *pool;
	struct couche_stripe *stripe;
	const struct couche_stripe_id *id;
	struct couche_group *group;
	u32 row, rows;
	u32 have;		/* read and verified */
	u32 tried;		/* read or not worth it */
	u32 absent;		/* known not to be there */
	u32 wrong;		/* read, and not what was written */
	u32 cached;		/* checksums came from the cache */
	bool fresh;		/* they must come from the legs */
};

static void submit_shard(struct load *l, unsigned int shard, struct couche_batch *batch)
{
	struct couche_pool *pool = l->pool;
	const struct couche_place *place = &l->id->place;
	const struct couche_geometry *geo = &l->group->shape->geo;
	struct couche_leg *leg = couche_group_leg(pool, l->group, shard);
	u32 first = from_couche_row(place->row);
	struct couche_footer_key key;
	size_t off = (size_t)l->row << COUCHE_BLOCK_SHIFT;

	couche_leg_submit(leg, REQ_OP_READ,
			  couche_group_sector(pool, l->group, shard, first + l->row),
			  couche_stripe_shard(l->stripe, geo, shard) + off,
			  (size_t)l->rows << COUCHE_BLOCK_SHIFT, batch, shard);
	footer_key(l->id, shard, &key);
	if (!l->fresh &&
	    couche_footer_cache_get(pool->footers, &key, l->row, l->rows,
				    shard_crcs(l->stripe, geo, shard) + l->row)) {
		l->cached |= BIT(shard);
		return;
	}
	couche_leg_submit(leg, REQ_OP_READ,
			  couche_group_sector(pool, l->group, shard, first + geo->data_rows),
			  shard_footers(l->stripe, geo, shard),
			  (size_t)geo->footers << COUCHE_BLOCK_SHIFT, batch, shard);
}

static int check_footers(struct load *l, unsigned int shard, u32 *crcs)
{
	struct couche_pool *pool = l->pool;
	const struct couche_geometry *geo = &l->group->shape->geo;
	u8 *block = shard_footers(l->stripe, geo, shard);
	struct couche_footer expected;
	struct couche_footer_key key;
	unsigned int n;

	couche_stripe_expect(pool, l->id, shard, &expected);
	for (n = 0; n < expected.footers; n++, block += COUCHE_BLOCK_SIZE) {
		const char *field;
		int err = couche_footer_decode(block, &expected, n, pool->seed,
					       crcs + n * COUCHE_FOOTER_CRCS, &field);

		if (err)
			return err;
	}
	if (l->fresh)
		return 0;
	footer_key(l->id, shard, &key);
	couche_footer_cache_put(pool->footers, &key, geo->data_rows, crcs);
	return 0;
}

/* Is what was read what was written? (I6) */
static bool shard_good(struct load *l, unsigned int shard)
{
	const struct couche_geometry *geo = &l->group->shape->geo;
	u32 *crcs = shard_crcs(l->stripe, geo, shard);
	u8 *data = couche_stripe_shard(l->stripe, geo, shard);
	u32 i;

	if (!(l->cached & BIT(shard)) && check_footers(l, shard, crcs))
		return false;
	for (i = l->row; i < l->row + l->rows; i++)
		if (couche_crc32c(~0, data + ((size_t)i << COUCHE_BLOCK_SHIFT),
				  COUCHE_BLOCK_SIZE) != crcs[i])
			return false;
	return true;
}

static void note_bad(struct load *l, unsigned int shard)
{
	struct couche_leg *leg = couche_group_leg(l->pool, l->group, shard);

	atomic_inc(&leg->csum_errors);
	couche_leg_check_errors(leg);
	trace_couche_bad_shard(l->id->volume, l->id->extent, shard, leg->index);
}

/* Read some shards side by side and keep the good ones. */
static void load_shards(struct load *l, u32 shards)
{
	struct couche_batch batch;
	unsigned long set = shards;
	struct couche_leg *leg;
	struct blk_plug plug;
	unsigned int shard;
	u64 failed;

	stripe_batch_begin(&batch, l->stripe);
	/* A shard and its footers are neighbours: one request. */
	blk_start_plug(&plug);
	for_each_set_bit(shard, &set, COUCHE_MAX_SHARDS)
		submit_shard(l, shard, &batch);
	blk_finish_plug(&plug);
	failed = stripe_read_wait(l->pool, l->stripe, &batch);
	l->tried |= shards;
	if (batch.abandoned) {
		/* From the start, without the legs that failed. */
		l->tried &= ~(l->have | (shards & ~(u32)failed));
		l->have = 0;
		l->cached = 0;
		shards &= (u32)failed;
	}
	set = shards;
	for_each_set_bit(shard, &set, COUCHE_MAX_SHARDS) {
		if (!(failed & BIT_ULL(shard)) && shard_good(l, shard)) {
			l->have |= BIT(shard);
			continue;
		}
		if (!(failed & BIT_ULL(shard))) {
			note_bad(l, shard);
			l->wrong |= BIT(shard);
		}
		/* Of a failed leg nothing else was expected. */
		leg = couche_group_leg(l->pool, l->group, shard);
		if (couche_leg_writable(leg) && !couche_flight_fenced(leg))
			l->stripe->bad |= BIT(shard);
	}
}

/*
 * A failed leg that still has a device is asked last: a shard proves itself
 * by its footer, so what it returns is right or refused.
 */
static bool shard_readable(struct load *l, unsigned int shard, bool last_resort)
{
	struct couche_leg *leg = couche_group_leg(l->pool, l->group, shard);

	return !((l->tried | l->absent) & BIT(shard)) &&
	       (last_resort ? !!READ_ONCE(leg->bdev) : couche_leg_writable(leg));
}

static u32 add_shards(struct load *l, u32 chosen, u32 among, unsigned int nr, bool last_resort)
{
	unsigned int shard;

	for (shard = 0; shard < l->group->desc.nr && hweight32(chosen) < nr; shard++)
		if ((among & ~l->have & BIT(shard)) && shard_readable(l, shard, last_resort))
			chosen |= BIT(shard);
	return chosen;
}

/* What to read next: the wanted shards, then as many as make k. */
static u32 choose_shards(struct load *l, u32 wanted)
{
	unsigned int missing = l->group->desc.k - hweight32(l->have);
	u32 chosen = add_shards(l, 0, wanted, COUCHE_MAX_SHARDS, false);

	if (chosen == (wanted & ~l->have))
		return chosen;
	/* Some must be computed: k good ones in all, and no more. */
	chosen = add_shards(l, chosen, ~0U, missing, false);
	return add_shards(l, chosen, ~0U, missing, true);
}

static int rebuild(struct load *l, u32 missing)
{
	struct couche_pool *pool = l->pool;
	const struct couche_shape *shape = l->group->shape;
	u8 *shards[COUCHE_MAX_SHARDS];
	unsigned int i;

	for (i = 0; i < l->group->desc.nr; i++)
		shards[i] = couche_stripe_shard(l->stripe, &shape->geo, i) +
			    ((size_t)l->row << COUCHE_BLOCK_SHIFT);
	trace_couche_rebuild(l->id->volume, l->id->extent, l->have, missing, l->row, l->rows);
	atomic64_inc(&pool->reconstructions);
	atomic64_add(hweight32(l->tried), &pool->reconstruction_reads);
	return couche_simd_decode(shape->codec, (size_t)l->rows << COUCHE_BLOCK_SHIFT,
				  l->have, missing, shards);
}

/* Too few are good: would it help if a leg came back, or to its senses? */
static int too_few(const struct load *l)
{
	u32 all = GENMASK(l->group->desc.nr - 1, 0);

	return (l->have | l->absent | l->wrong) == all ? -EILSEQ : -EIO;
}

static int load(struct couche_pool *pool, struct couche_stripe *stripe,
		const struct couche_stripe_id *id, u32 wanted, u32 absent, u32 row, u32 rows)
{
	struct load l = {
		.pool = pool,
		.stripe = stripe,
		.id = id,
		.group = couche_group_find(pool, id->place.group),
		.row = row,
		.rows = rows,
		.absent = absent,
	};

	stripe->bad = 0;
	while (wanted & ~l.have) {
		u32 chosen;

		if (hweight32(l.have) >= l.group->desc.k)
			return rebuild(&l, wanted & ~l.have) ? -EIO : 0;
		chosen = choose_shards(&l, wanted);
		if (!chosen)
			return too_few(&l);
		load_shards(&l, chosen);
	}
	return 0;
}

/**
 * couche_stripe_load() - Read rows of some shards, computing what is lost
 * @pool: the pool
 * @stripe: where to
 * @id: the extent, in a tier with checksums
 * @wanted: bit per shard that must be right afterwards
 * @row: first row, from the start of the shard
 * @rows: how many
 *
 * Reads the wanted shards; only when one of them cannot be had reads as many
 * others as make k, the same rows of each.
 *
 * Context: process, inside io_gate or as the extent's owner; sleeps.
 * Return: 0, or -EIO when fewer than k shards are good.
 */
int couche_stripe_load(struct couche_pool *pool, struct couche_stripe *stripe,
		       const struct couche_stripe_id *id, u32 wanted, u32 row,
		       u32 rows)
{
	return load(pool, stripe, id, wanted, 0, row, rows) ? -EIO : 0;
}

static u32 check_shards(struct couche_pool *pool, struct couche_stripe *stripe,
			const struct couche_stripe_id *id, struct couche_group *group)
{
	struct load l = {
		.pool = pool,
		.stripe = stripe,
		.id = id,
		.group = group,
		.rows = geo_of(pool, id)->data_rows,
		.fresh = true,
	};
	u32 shards;

	/* Again, if a leg kept the memory of the others. */
	while ((shards = add_shards(&l, 0, ~0U, COUCHE_MAX_SHARDS, false)))
		load_shards(&l, shards);
	return stripe->bad;
}

/**
 * couche_stripe_check() - Read all there is of an extent, parity and footers too
 * @pool: the pool
 * @stripe: to read into; its contents are nobody's afterwards
 * @id: the extent and its place, in any tier
 *
 * Every block of a stripe is compared with its checksum as it stands on the
 * leg. Copies without checksums can only be found unreadable.
 *
 * Context: process, inside io_gate or as the extent's owner; sleeps.
 * Return: bit per shard or copy that is wrong; those on failed legs are not
 * looked at.
 */
u32 couche_stripe_check(struct couche_pool *pool, struct couche_stripe *stripe,
			const struct couche_stripe_id *id)
{
	const struct couche_geometry *geo = geo_of(pool, id);
	struct couche_group *group = couche_group_find(pool, id->place.group);
	unsigned int i;

	stripe->bad = 0;
	if (geo->footers)
		return check_shards(pool, stripe, id, group);
	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, group, i);
		sector_t sector = couche_group_sector(pool, group, i,
						      from_couche_row(id->place.row));

		if (couche_leg_current(leg) &&
		    stripe_read(pool, stripe, leg, sector, stripe->data,
				(size_t)geo->data_rows << COUCHE_BLOCK_SHIFT))
			stripe->bad |= BIT(i);
	}
	return stripe->bad;
}

/* Copies without checksums: the first current one that can be read. */
static int load_copy(struct couche_pool *pool, struct couche_stripe *stripe,
		     const struct couche_stripe_id *id)
{
	struct couche_group *group = couche_group_find(pool, id->place.group);
	size_t len = (size_t)group->shape->geo.data_rows << COUCHE_BLOCK_SHIFT;
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, group, i);
		sector_t sector = couche_group_sector(pool, group, i,
						      from_couche_row(id->place.row));

		if (couche_leg_current(leg) &&
		    !stripe_read(pool, stripe, leg, sector, stripe->data, len))
			return 0;
	}
	return -EIO;
}

/**
 * couche_stripe_load_extent() - Read the whole contents of an extent
 * @pool: the pool
 * @stripe: its data is the extent afterwards, with zeros behind
 * @id: the extent and its place, in any tier
 *
 * Context: process, inside io_gate or as the extent's owner; sleeps.
 * Return: 0 or -EIO.
 */
int couche_stripe_load_extent(struct couche_pool *pool, struct couche_stripe *stripe,
			      const struct couche_stripe_id *id)
{
	const struct couche_geometry *geo = geo_of(pool, id);
	size_t bytes = (size_t)pool->super.extent_sectors << SECTOR_SHIFT;
	int err;

	err = geo->footers ? couche_stripe_load(pool, stripe, id, BIT(geo->k) - 1, 0,
						geo->data_rows) :
			     load_copy(pool, stripe, id);
	memset(stripe->data + bytes, 0, couche_stripe_room(stripe) - bytes);
	return err;
}

/**
 * couche_stripe_blank() - Make an extent of zeros, with zeros behind
 * @stripe: its data
 *
 * Context: process.
 */
void couche_stripe_blank(struct couche_stripe *stripe)
{
	memset(stripe->data, 0, couche_stripe_room(stripe));
}

static void encode(struct couche_pool *pool, struct couche_stripe *stripe,
		   const struct couche_stripe_id *id)
{
	const struct couche_geometry *geo = geo_of(pool, id);
	const u8 *data[COUCHE_MAX_SHARDS];
	u8 *parity[COUCHE_MAX_SHARDS];
	u32 *crcs[COUCHE_MAX_SHARDS];
	struct couche_footer footer;
	unsigned int i, n;

	for (i = 0; i < geo->k + geo->m; i++) {
		u8 *shard = couche_stripe_shard(stripe, geo, i);

		crcs[i] = shard_crcs(stripe, geo, i);
		if (i < geo->k)
			data[i] = shard;
		else
			parity[i - geo->k] = shard;
	}
	couche_simd_encode_crc(couche_group_shape(pool, &id->place)->codec,
			       (size_t)geo->data_rows << COUCHE_BLOCK_SHIFT, NULL,
			       (u8 *const *)data, parity, crcs);
	for (i = 0; i < geo->k + geo->m; i++) {
		u8 *block = shard_footers(stripe, geo, i);

		couche_stripe_expect(pool, id, i, &footer);
		for (n = 0; n < geo->footers; n++, block += COUCHE_BLOCK_SIZE)
			couche_footer_encode(&footer, n, crcs[i], block, pool->seed);
	}
}

static u64 submit_store(struct couche_pool *pool, struct couche_stripe *stripe,
			const struct couche_stripe_id *id, struct couche_batch *batch)
{
	const struct couche_geometry *geo = geo_of(pool, id);
	struct couche_group *group = couche_group_find(pool, id->place.group);
	u32 row = from_couche_row(id->place.row);
	u64 skipped = 0;
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, group, i);
		u8 *data = geo->footers ? couche_stripe_shard(stripe, geo, i) :
					  stripe->data;

		if (!couche_leg_writable(leg)) {
			skipped |= BIT_ULL(leg->index);
			continue;
		}
		couche_leg_submit(leg, REQ_OP_WRITE, couche_group_sector(pool, group, i, row),
				  data, (size_t)geo->data_rows << COUCHE_BLOCK_SHIFT, batch,
				  leg->index);
		if (geo->footers)
			couche_leg_submit(leg, REQ_OP_WRITE,
					  couche_group_sector(pool, group, i,
							      row + geo->data_rows),
					  shard_footers(stripe, geo, i),
					  (size_t)geo->footers << COUCHE_BLOCK_SHIFT, batch,
					  leg->index);
	}
	return skipped;
}

/**
 * couche_stripe_store() - Write an extent to a new place
 * @pool: the pool
 * @stripe: its data is the extent's contents; the rest is computed here
 * @id: the extent and the place, which no map names yet
 *
 * What lies on legs that have failed is left out; it is written when they come
 * back. Enough of it must be left, and that these legs have failed is durable
 * afterwards. A stripe that a leg fails under may be better off elsewhere.
 *
 * Context: process; sleeps. Nothing is flushed: the commit does that.
 * Return: 0, or -EIO: nothing of it may be used.
 */
int couche_stripe_store(struct couche_pool *pool, struct couche_stripe *stripe,
			const struct couche_stripe_id *id)
{
	bool copies = !couche_pool_striped(pool, id->place.tier);
	struct couche_group *group = couche_group_find(pool, id->place.group);
	struct couche_batch batch;
	struct blk_plug plug;
	u64 skipped, failed;

	if (!copies)
		encode(pool, stripe, id);
	stripe_batch_begin(&batch, stripe);
	blk_start_plug(&plug);
	skipped = submit_store(pool, stripe, id, &batch);
	blk_finish_plug(&plug);
	failed = couche_batch_wait(&batch);
	if (failed && couche_superblock_fail_legs(pool, failed))
		return -EIO;
	/* One that has come back since is no reason to fail it again: who commits finds out. */
	if (skipped && couche_superblock_settle(pool))
		return -EIO;
	if (failed && !copies)
		return -EIO;
	if (copies && !couche_group_keeps_write(pool, group, failed | skipped))
		return -EIO;
	return hweight64(failed | skipped) + group->shape->min_healthy <=
	       group->desc.nr ? 0 : -EIO;
}

/*
 * All of it, as it was written? A leg that failed may have lost what it had not
 * flushed, in any order, so a footer alone says nothing about what it is for.
 */
static bool shard_is_there(struct couche_pool *pool, struct couche_stripe *stripe,
			   const struct couche_stripe_id *id, unsigned int shard)
{
	struct load l = {
		.pool = pool,
		.stripe = stripe,
		.id = id,
		.group = couche_group_find(pool, id->place.group),
		.rows = geo_of(pool, id)->data_rows,
		.fresh = true,
	};
	struct couche_batch batch;

	stripe_batch_begin(&batch, stripe);
	submit_shard(&l, shard, &batch);
	return !stripe_read_wait(pool, stripe, &batch) && shard_good(&l, shard);
}

static u64 write_shards(struct couche_pool *pool, struct couche_stripe *stripe,
			const struct couche_stripe_id *id, u32 shards)
{
	const struct couche_geometry *geo = geo_of(pool, id);
	struct couche_group *group = couche_group_find(pool, id->place.group);
	u32 row = from_couche_row(id->place.row);
	struct couche_batch batch;
	struct blk_plug plug;
	unsigned int i;

	stripe_batch_begin(&batch, stripe);
	blk_start_plug(&plug);
	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, group, i);

		if (!(shards & BIT(i)) || !couche_leg_writable(leg))
			continue;
		couche_leg_submit(leg, REQ_OP_WRITE, couche_group_sector(pool, group, i, row),
				  couche_stripe_shard(stripe, geo, i),
				  (size_t)geo->data_rows << COUCHE_BLOCK_SHIFT, &batch,
				  leg->index);
		couche_leg_submit(leg, REQ_OP_WRITE,
				  couche_group_sector(pool, group, i, row + geo->data_rows),
				  shard_footers(stripe, geo, i),
				  (size_t)geo->footers << COUCHE_BLOCK_SHIFT, &batch,
				  leg->index);
	}
	blk_finish_plug(&plug);
	return couche_batch_wait(&batch);
}

/* Checksums and footers of shards that were computed. */
static void make_footers(struct couche_pool *pool, struct couche_stripe *stripe,
			 const struct couche_stripe_id *id, unsigned long shards)
{
	const struct couche_geometry *geo = geo_of(pool, id);
	struct couche_footer footer;
	unsigned int shard;
	u32 i;

	for_each_set_bit(shard, &shards, COUCHE_MAX_SHARDS) {
		const u8 *data = couche_stripe_shard(stripe, geo, shard);
		u8 *block = shard_footers(stripe, geo, shard);
		u32 *crcs = shard_crcs(stripe, geo, shard);

		for (i = 0; i < geo->data_rows; i++, data += COUCHE_BLOCK_SIZE)
			crcs[i] = couche_crc32c(~0, data, COUCHE_BLOCK_SIZE);
		couche_stripe_expect(pool, id, shard, &footer);
		for (i = 0; i < geo->footers; i++, block += COUCHE_BLOCK_SIZE)
			couche_footer_encode(&footer, i, crcs, block, pool->seed);
	}
}

/**
 * couche_stripe_fill() - Write the shards that some legs do not have
 * @pool: the pool
 * @stripe: to work with
 * @id: the extent, owned by the caller, and its place
 * @legs: bit per leg to look at
 *
 * A shard that is not there, or wrong, is lost, so writing it puts nothing at
 * risk: the others are not touched, and no more than k of them read.
 *
 * Context: process; sleeps. Nothing is flushed.
 * Return: 0; -EIO when the extent cannot be read now; -EILSEQ when every other
 * leg has answered, and it is lost.
 */
int couche_stripe_fill(struct couche_pool *pool, struct couche_stripe *stripe,
		       const struct couche_stripe_id *id, u64 legs)
{
	struct couche_group *group = couche_group_find(pool, id->place.group);
	u32 absent = 0;
	unsigned int i;
	u64 failed;
	int err;

	for (i = 0; i < group->desc.nr; i++)
		if ((legs & BIT_ULL(group->desc.seg[i].leg)) &&
		    !shard_is_there(pool, stripe, id, i))
			absent |= BIT(i);
	if (!absent)
		return 0;
	err = load(pool, stripe, id, absent, absent, 0,
		   geo_of(pool, id)->data_rows);
	if (err)
		return err;
	make_footers(pool, stripe, id, absent);
	failed = write_shards(pool, stripe, id, absent);
	return failed ? couche_superblock_fail_legs(pool, failed) : 0;
}

static int flush_legs(struct couche_pool *pool, const struct couche_group *group)
{
	struct couche_batch batch;
	unsigned int i;
	u64 failed;

	couche_batch_begin(&batch);
	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(pool, group, i);

		if (couche_leg_writable(leg))
			couche_leg_submit_flush(leg, &batch, leg->index);
	}
	failed = couche_batch_wait(&batch);
	return failed ? couche_superblock_fail_legs(pool, failed) : 0;
}

static int verify_copies(struct couche_pool *pool, struct couche_stripe *stripe,
			 const struct couche_stripe_id *id)
{
	size_t len = (size_t)pool->super.extent_sectors << SECTOR_SHIFT;
	u32 want = couche_crc32c(~0, stripe->data, len);
	int err = load_copy(pool, stripe, id);

	if (err)
		return err;
	return couche_crc32c(~0, stripe->data, len) == want ? 0 : -EILSEQ;
}

/**
 * couche_stripe_verify() - Flush a stored extent and read all of it back
 * @pool: the pool
 * @stripe: as couche_stripe_store() left it
 * @id: the extent and the place
 *
 * Context: process; sleeps.
 * Return: 0; -EIO or -EILSEQ when a shard is not what was written.
 */
int couche_stripe_verify(struct couche_pool *pool, struct couche_stripe *stripe,
			 const struct couche_stripe_id *id)
{
	const struct couche_geometry *geo = geo_of(pool, id);
	struct couche_group *group = couche_group_find(pool, id->place.group);
	struct load l = {
		.pool = pool,
		.stripe = stripe,
		.id = id,
		.group = group,
		.rows = geo->data_rows,
	};
	u32 written = 0;
	unsigned int i;
	int err;

	for (i = 0; i < group->desc.nr; i++)
		if (couche_leg_writable(couche_group_leg(pool, group, i)))
			written |= BIT(i);
	err = flush_legs(pool, group);
	if (err)
		return err;
	if (!geo->footers)
		return verify_copies(pool, stripe, id);
	load_shards(&l, written);
	return l.have == written ? 0 : -EIO;
}
