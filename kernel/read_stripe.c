// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads of stripes. The bio's pages are read into directly, a clone for each
 * shard it touches, beside the footers that are not in the cache; a worker
 * then checks every block. What cannot be read or is not what was written is
 * computed from k other shards, of just the rows in question.
 *
 * The reader may change its own pages while we look (a bug of its own, but
 * seen): then the check fails, and the rows are read again into our memory
 * before anything is believed of the leg.
 */
#include <linux/bio.h>
#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/slab.h>

#include "bounce.h"
#include "core/crc32c.h"
#include "core/footer.h"
#include "event.h"
#include "flight.h"
#include "footer_cache.h"
#include "group.h"
#include "io.h"
#include "leg.h"
#include "read_stripe.h"
#include "repair.h"
#include "stage_io.h"
#include "stripe.h"
#include "trace.h"

#define DM_MSG_PREFIX "couche-pool"

#define READS_MIN	16

struct couche_part {
	struct couche_stripe_read *read;
	struct bvec_iter iter;		/* its part of the volume's bio */
	struct couche_bounce *data;	/* read into, or NULL: the reader's own pages */
	struct couche_bounce *footers;	/* as read from the leg, or NULL: cached */
	u32 *crcs;			/* of its rows */
	u32 row, rows;
	u8 shard;
	bool bad;
};

struct couche_stripe_read {
	struct couche_io *io;
	struct work_struct work;
	atomic_t pending;
	struct couche_stripe_id id;
	unsigned int nr, started;
	struct couche_part part[COUCHE_MAX_SHARDS];
};

/* Of a read into the reader's pages. */
struct couche_read_bio {
	struct couche_part *part;
	struct couche_leg *leg;
	u32 life;			/* of the leg */
	struct bio bio;
};

static struct bio_set read_bios;
static mempool_t *read_pool;

/**
 * couche_read_stripe_init() - Make what stripe reads are made of
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int couche_read_stripe_init(void)
{
	int err;

	err = bioset_init(&read_bios, BIO_POOL_SIZE, offsetof(struct couche_read_bio, bio), 0);
	if (err)
		return err;
	read_pool = mempool_create_kmalloc_pool(READS_MIN, sizeof(struct couche_stripe_read));
	if (!read_pool)
		bioset_exit(&read_bios);
	return read_pool ? 0 : -ENOMEM;
}

/**
 * couche_read_stripe_destroy() - The opposite, at module exit
 *
 * Context: process.
 */
void couche_read_stripe_destroy(void)
{
	mempool_destroy(read_pool);
	bioset_exit(&read_bios);
}

static void part_done(struct couche_stripe_read *read)
{
	if (atomic_dec_and_test(&read->pending))
		queue_work(read->io->volume->pool->leg_wq, &read->work);
}

static void part_endio(struct bio *bio)
{
	struct couche_read_bio *rb = container_of(bio, struct couche_read_bio, bio);
	struct couche_stripe_read *read = rb->part->read;

	if (bio->bi_status) {
		couche_leg_note_error(rb->leg, rb->life, false);
		WRITE_ONCE(rb->part->bad, true);
	}
	bio_put(bio);
	part_done(read);
}

static struct couche_leg *part_leg(const struct couche_part *part)
{
	const struct couche_stripe_read *read = part->read;

	return couche_group_leg(read->io->volume->pool, read->io->group, part->shard);
}

static sector_t part_sector(const struct couche_part *part, u32 row)
{
	const struct couche_stripe_read *read = part->read;

	return couche_group_sector(read->io->volume->pool, read->io->group, part->shard,
				   from_couche_row(read->id.place.row) + row);
}

static void bounce_done(struct couche_bounce *bounce, void *private, blk_status_t status)
{
	struct couche_part *part = private;

	if (status)
		WRITE_ONCE(part->bad, true);
	part_done(part->read);
}

static void send_bounce(struct couche_part *part, struct couche_bounce *bounce)
{
	atomic_inc(&part->read->pending);
	couche_bounce_send(bounce, bounce_done, part);
}

/* A device that may be given up writes to pages of ours; else to the reader's. */
static int send_data(struct couche_part *part, struct couche_leg *leg, gfp_t gfp)
{
	struct bio *bio;

	part->data = couche_bounce_read(leg, part_sector(part, part->row), REQ_OP_READ,
					part->rows << COUCHE_BLOCK_SHIFT, gfp);
	if (part->data) {
		send_bounce(part, part->data);
		return 0;
	}
	bio = bio_alloc_clone(leg->bdev, couche_io_bio(part->read->io), gfp, &read_bios);
	if (!bio)
		return -ENOMEM;
	container_of(bio, struct couche_read_bio, bio)->part = part;
	container_of(bio, struct couche_read_bio, bio)->leg = leg;
	container_of(bio, struct couche_read_bio, bio)->life = READ_ONCE(leg->life);
	bio->bi_end_io = part_endio;
	bio->bi_iter = part->iter;
	bio->bi_iter.bi_sector = part_sector(part, part->row);
	atomic_inc(&part->read->pending);
	couche_leg_note(leg, false);
	submit_bio_noacct(bio);
	return 0;
}

static int send_footers(struct couche_part *part, struct couche_leg *leg, gfp_t gfp)
{
	const struct couche_geometry *geo = &part->read->io->group->shape->geo;

	part->footers = couche_bounce_alloc(leg, part_sector(part, geo->data_rows),
					    REQ_OP_READ | REQ_META,
					    geo->footers << COUCHE_BLOCK_SHIFT, gfp);
	if (!part->footers)
		return -ENOMEM;
	send_bounce(part, part->footers);
	return 0;
}

static void part_key(const struct couche_part *part, struct couche_footer_key *key)
{
	const struct couche_place *place = &part->read->id.place;

	key->group = from_couche_group(place->group);
	key->row = from_couche_row(place->row);
	key->generation = place->generation;
	key->shard = part->shard;
}

/* Read one shard's part; may be called again, to go on where memory was short. */
static int start_part(struct couche_part *part, gfp_t gfp)
{
	struct couche_stripe_read *read = part->read;
	struct couche_pool *pool = read->io->volume->pool;
	struct couche_leg *leg = part_leg(part);
	struct couche_footer_key key;
	int err;

	if (!couche_leg_writable(leg) || couche_flight_fenced(leg))
		return -ENODEV;
	if (!part->crcs)
		part->crcs = kmalloc_array(read->io->group->shape->geo.data_rows,
					   sizeof(u32), gfp | __GFP_NOWARN);
	if (!part->crcs)
		return -ENOMEM;
	part_key(part, &key);
	if (!part->footers && !couche_footer_cache_get(pool->footers, &key, part->row, part->rows,
						       part->crcs + part->row)) {
		err = send_footers(part, leg, gfp);
		if (err)
			return err;
	}
	return send_data(part, leg, gfp);
}

/*
 * Start what is left to start. Without a leg, or memory though we may wait for
 * it, the part is one to recover; where we may not wait, a worker goes on.
 */
static int start_parts(struct couche_stripe_read *read, gfp_t gfp)
{
	/* Neighbours begin with different legs, so that they do not queue up. */
	unsigned int first = from_couche_extent(read->id.extent) % read->nr;
	int err;

	for (; read->started < read->nr; read->started++) {
		struct couche_part *part = &read->part[(first + read->started) % read->nr];

		err = start_part(part, gfp);
		if (err == -ENOMEM && !gfpflags_allow_blocking(gfp))
			return err;
		if (err)
			WRITE_ONCE(part->bad, true);
	}
	return 0;
}

static bool footers_good(struct couche_part *part)
{
	struct couche_stripe_read *read = part->read;
	struct couche_pool *pool = read->io->volume->pool;
	struct couche_footer expected;
	struct couche_footer_key key;
	unsigned int n;

	couche_stripe_expect(pool, &read->id, part->shard, &expected);
	for (n = 0; n < expected.footers; n++) {
		const char *field;

		if (couche_footer_decode(couche_bounce_block(part->footers, n),
					 &expected, n, pool->seed,
					 part->crcs + n * COUCHE_FOOTER_CRCS, &field))
			return false;
	}
	part_key(part, &key);
	couche_footer_cache_put(pool->footers, &key, read->io->group->shape->geo.data_rows,
				part->crcs);
	return true;
}

/* Compare each 4 KiB, which may lie in several pages of the reader's. */
static bool data_good(struct couche_part *part)
{
	struct bio *bio = couche_io_bio(part->read->io);
	u32 row = part->row, in_block = 0, crc = ~0;
	struct bvec_iter iter;
	struct bio_vec bv;

	__bio_for_each_segment(bv, bio, iter, part->iter) {
		u8 *addr = bvec_kmap_local(&bv);
		u32 done = 0;

		while (done < bv.bv_len) {
			u32 n = min(bv.bv_len - done, COUCHE_BLOCK_SIZE - in_block);

			crc = couche_crc32c(crc, addr + done, n);
			done += n;
			in_block += n;
			if (in_block < COUCHE_BLOCK_SIZE)
				continue;
			if (crc != part->crcs[row++])
				break;
			in_block = 0;
			crc = ~0;
		}
		kunmap_local(addr);
		if (done < bv.bv_len || in_block == COUCHE_BLOCK_SIZE)
			return false;
	}
	return row == part->row + part->rows;
}

/* Check each block in our pages, and copy it to the reader's while it is near. */
static bool bounce_good(struct couche_part *part)
{
	struct bio *bio = couche_io_bio(part->read->io);
	struct bvec_iter iter = part->iter;
	u32 i;

	for (i = 0; i < part->rows; i++) {
		const void *block = couche_bounce_block(part->data, i);

		if (couche_crc32c(~0, block, COUCHE_BLOCK_SIZE) != part->crcs[part->row + i])
			return false;
		couche_bounce_copy(bio, &iter, block, COUCHE_BLOCK_SIZE);
	}
	return true;
}

static bool part_good(struct couche_part *part)
{
	if (part->footers && !footers_good(part))
		return false;
	return part->data ? bounce_good(part) : data_good(part);
}

/* Another look at a part, from its own leg first, into our own memory. */
static int recover_part(struct couche_part *part, struct couche_stripe *stripe)
{
	struct couche_stripe_read *read = part->read;
	struct couche_pool *pool = read->io->volume->pool;
	struct couche_leg *leg = part_leg(part);
	struct bvec_iter iter;
	int err;

	err = couche_stripe_load(pool, stripe, &read->id, BIT(part->shard), part->row,
				 part->rows);
	trace_couche_degraded_read(read->id.volume, read->id.extent, part->shard, err);
	atomic64_inc(&read->io->volume->degraded_reads);
	couche_event_degraded(pool, read->id.volume, from_couche_extent(read->id.extent),
			      leg->index);
	if (err) {
		atomic64_inc(&read->io->volume->lost);
		DMERR_LIMIT("%s: volume %u extent %llu cannot be read: too few shards are good",
			    pool->device, read->id.volume, from_couche_extent(read->id.extent));
		return err;
	}
	/* What is on a failed leg is the rebuilder's. */
	if (stripe->bad)
		couche_repair_queue(pool->repair, &read->id,
				    couche_group_legs(read->io->group, stripe->bad));
	iter = part->iter;
	couche_bounce_copy(couche_io_bio(read->io), &iter,
			   couche_stripe_shard(stripe, &read->io->group->shape->geo, part->shard) +
				   ((size_t)part->row << COUCHE_BLOCK_SHIFT),
			   iter.bi_size);
	return 0;
}

static int recover(struct couche_stripe_read *read)
{
	struct couche_pool *pool = read->io->volume->pool;
	struct couche_stripe *stripe = couche_stripe_get(pool, true);
	unsigned int i;
	int err = 0;

	for (i = 0; i < read->nr && !err; i++)
		if (read->part[i].bad)
			err = recover_part(&read->part[i], stripe);
	couche_stripe_put(pool, stripe);
	return err;
}

static void read_done_work(struct work_struct *work)
{
	struct couche_stripe_read *read = container_of(work, struct couche_stripe_read, work);
	struct couche_io *io = read->io;
	bool bad = false;
	unsigned int i;
	int err = 0;

	for (i = 0; i < read->nr; i++) {
		struct couche_part *part = &read->part[i];

		if (!part->bad)
			part->bad = !part_good(part);
		bad |= part->bad;
	}
	if (bad)
		err = recover(read);
	for (i = 0; i < read->nr; i++) {
		kfree(read->part[i].crcs);
		couche_bounce_put(read->part[i].data);
		couche_bounce_put(read->part[i].footers);
	}
	mempool_free(read, read_pool);
	if (!err && (io->word & ENTRY_STAGED))
		err = couche_stage_overlay(io);
	if (err == -EAGAIN) {
		couche_io_leave(io);
		couche_io_resume(couche_io_bio(io));
		return;
	}
	couche_io_end(io, errno_to_blk_status(err));
}

static void cut_parts(struct couche_stripe_read *read)
{
	struct couche_io *io = read->io;
	struct bio *bio = couche_io_bio(io);
	u32 offset = couche_io_offset(io);
	u32 left = io->iter.bi_size >> SECTOR_SHIFT;
	struct bvec_iter iter = io->iter;
	struct couche_piece piece;

	read->nr = 0;
	read->started = 0;
	while (couche_geometry_next_piece(&io->group->shape->geo, &offset, &left, &piece)) {
		struct couche_part *part = &read->part[read->nr++];

		part->read = read;
		part->data = NULL;
		part->footers = NULL;
		part->crcs = NULL;
		part->bad = false;
		part->shard = piece.shard;
		part->row = piece.sector / COUCHE_BLOCK_SECTORS;
		part->rows = piece.sectors / COUCHE_BLOCK_SECTORS;
		part->iter = iter;
		part->iter.bi_size = piece.sectors << SECTOR_SHIFT;
		bio_advance_iter(bio, &iter, part->iter.bi_size);
	}
}

static void setup(struct couche_stripe_read *read, struct couche_io *io)
{
	u8 tier = couche_entry_tier(io->word);

	read->io = io;
	read->id.volume = io->volume->desc.id;
	read->id.extent = couche_io_extent(io);
	read->id.place.group = couche_entry_group(io->word);
	read->id.place.row = to_couche_row(couche_entry_row(io->word));
	read->id.place.generation = io->generation;
	read->id.place.tier = tier;
	read->id.place.rows = io->group->shape->geo.rows;
	read->id.place.flags = COUCHE_EXTENT_MAPPED;
	atomic_set(&read->pending, 1);
	cut_parts(read);
}

static void start_done(struct couche_stripe_read *read)
{
	INIT_WORK(&read->work, read_done_work);
	part_done(read);
}

static void start_rest_work(struct work_struct *work)
{
	struct couche_stripe_read *read = container_of(work, struct couche_stripe_read, work);

	start_parts(read, GFP_NOIO);
	start_done(read);
}

static void start_all_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	struct couche_stripe_read *read = mempool_alloc(read_pool, GFP_NOIO);

	setup(read, io);
	start_rest_work(&read->work);
}

/**
 * couche_read_stripe_map() - Read from a stripe
 * @io: inside io_gate, with word, generation and group
 *
 * What lies on one leg is read from here, as in other tiers. Where several legs
 * are asked, or memory has to be waited for, the reads go out from a worker:
 * with legs that are as fast as memory, another CPU pays for that.
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_SUBMITTED.
 */
int couche_read_stripe_map(struct couche_io *io)
{
	struct couche_stripe_read *read = mempool_alloc(read_pool, GFP_NOWAIT | __GFP_NOWARN);

	couche_io_own(io);
	if (!read) {
		/* What it waits for is freed by works on leg_wq, which it must not fill. */
		INIT_WORK(&io->work, start_all_work);
		queue_work(io->volume->pool->start_wq, &io->work);
		return DM_MAPIO_SUBMITTED;
	}
	setup(read, io);
	if (read->nr > 1 || start_parts(read, GFP_NOWAIT | __GFP_NOWARN)) {
		INIT_WORK(&read->work, start_rest_work);
		queue_work(io->volume->pool->leg_wq, &read->work);
	} else {
		start_done(read);
	}
	return DM_MAPIO_SUBMITTED;
}
