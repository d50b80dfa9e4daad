// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to stripes, and to all extents of some volumes: into slots of the data
 * journal, on all meta legs.
 *
 * The bio's data is copied, so that what is checksummed is what is written on
 * every leg. A bio of many granules goes in chunks. What fits one chunk is
 * sent from the submitter's context and seen by readers from the end of the
 * last write, without a worker in between; whatever needs memory that is not
 * there at once, another chunk or a failed leg goes on in a worker.
 */
#include <linux/bio.h>
#include <linux/bvec.h>

#include "core/crc32c.h"
#include "flight.h"
#include "io.h"
#include "leg.h"
#include "stage_io.h"
#include "superblock.h"
#include "trace.h"

#define CHUNK		16	/* granules */
#define WRITES_MIN	16

struct couche_stage_write {
	struct couche_io *io;
	struct work_struct work;
	struct list_head slots;		/* for the granules still to come */
	struct bvec_iter iter;		/* their part of the bio */
	u32 granule;			/* first of the chunk, within the extent */
	unsigned int nr;		/* of the chunk */
	u32 leg;			/* where sending stopped for want of memory */
	unsigned int next;
	atomic_t pending;
	u64 sent;			/* a bit per leg */
	unsigned long failed;
	struct couche_slot *slot[CHUNK];
	struct page *page[CHUNK];
	u32 crc[CHUNK];
};

struct stage_bio {
	struct couche_stage_write *write;
	struct couche_flight flight;
	struct bio bio;			/* last: its vectors follow it */
};

static void chunk_put(struct couche_stage_write *w);

static struct couche_stage *stage_of(const struct couche_stage_write *w)
{
	return w->io->volume->pool->stage;
}

static void wake_work(struct work_struct *work)
{
	struct couche_stage *stage = container_of(work, struct couche_stage, wake_work);
	struct bio_list bios;
	struct bio *bio;

	spin_lock_irq(&stage->lock);
	bios = stage->waiting;
	bio_list_init(&stage->waiting);
	spin_unlock_irq(&stage->lock);
	while ((bio = bio_list_pop(&bios)))
		couche_io_resume(bio);
}

/**
 * couche_stage_writes_init() - Make what staged writes are made of
 * @pool: a pool with a data journal
 *
 * Context: process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int couche_stage_writes_init(struct couche_pool *pool)
{
	struct couche_stage *stage = pool->stage;
	int err;

	BUILD_BUG_ON(COUCHE_MAX_LEGS > BITS_PER_LONG);
	INIT_WORK(&stage->wake_work, wake_work);
	err = bioset_init(&stage->bios, BIO_POOL_SIZE, offsetof(struct stage_bio, bio),
			  BIOSET_NEED_BVECS);
	return err ?: mempool_init_kmalloc_pool(&stage->writes, WRITES_MIN,
						sizeof(struct couche_stage_write));
}

/**
 * couche_stage_writes_destroy() - The opposite; fine when it was never made
 * @pool: the pool
 *
 * Context: process.
 */
void couche_stage_writes_destroy(struct couche_pool *pool)
{
	if (!pool->stage)
		return;
	mempool_exit(&pool->stage->writes);
	bioset_exit(&pool->stage->bios);
}

static void copy_granule(struct bio *bio, struct bvec_iter *iter, u8 *to)
{
	u32 done = 0;

	while (done < COUCHE_BLOCK_SIZE) {
		struct bio_vec bv = bio_iter_iovec(bio, *iter);

		bv.bv_len = min(bv.bv_len, COUCHE_BLOCK_SIZE - done);
		memcpy_from_bvec(to + done, &bv);
		bio_advance_iter_single(bio, iter, bv.bv_len);
		done += bv.bv_len;
	}
}

/* Of the further pages as many as there are; one is enough to go on. */
static int prepare_chunk(struct couche_stage_write *w, gfp_t gfp)
{
	struct couche_stage *stage = stage_of(w);

	w->nr = 0;
	w->leg = 0;
	w->next = 0;
	w->sent = 0;
	w->failed = 0;
	atomic_set(&w->pending, 1);
	while (w->nr < CHUNK && !list_empty(&w->slots)) {
		struct page *page = mempool_alloc(&stage->pages, w->nr ? COUCHE_GFP_TRY : gfp);

		if (!page)
			break;
		w->slot[w->nr] = list_first_entry(&w->slots, struct couche_slot, list);
		list_del_init(&w->slot[w->nr]->list);
		w->page[w->nr] = page;
		copy_granule(couche_io_bio(w->io), &w->iter, page_address(page));
		w->crc[w->nr] = couche_crc32c(~0, page_address(page), COUCHE_BLOCK_SIZE);
		w->nr++;
	}
	return w->nr ? 0 : -ENOMEM;
}

/* It has ended, or its leg was given up. */
static void flight_end(struct couche_flight *flight, blk_status_t status)
{
	struct couche_stage_write *w = container_of(flight, struct stage_bio, flight)->write;

	if (status) {
		couche_leg_note_flight_error(flight, true);
		set_bit(flight->leg->index, &w->failed);
	}
	couche_flight_put(flight);
	chunk_put(w);
}

/* A leg that was given up may read the pages for as long as it likes. */
static void flight_free(struct couche_flight *flight)
{
	struct bio *bio = &container_of(flight, struct stage_bio, flight)->bio;
	struct bvec_iter_all iter;
	struct bio_vec *bv;

	bio_for_each_segment_all(bv, bio, iter)
		put_page(bv->bv_page);
	bio_put(bio);
}

static const struct couche_flight_ops flight_ops = {
	.end = flight_end,
	.free = flight_free,
};

static void write_endio(struct bio *bio)
{
	struct stage_bio *sb = container_of(bio, struct stage_bio, bio);
	blk_status_t status = bio->bi_status;

	couche_flight_land(&sb->flight, status == BLK_STS_TIMEOUT ? BLK_STS_IOERR : status);
}

/* How many slots from here on follow each other on the leg. */
static unsigned int run_length(const struct couche_stage_write *w)
{
	unsigned int i = w->next + 1;

	while (i < w->nr && w->slot[i] == w->slot[i - 1] + 1)
		i++;
	return i - w->next;
}

static int send_run(struct couche_stage_write *w, struct couche_leg *leg, gfp_t gfp)
{
	struct couche_stage *stage = stage_of(w);
	unsigned int run = run_length(w), i;
	struct stage_bio *sb;
	struct bio *bio;

	bio = bio_alloc_bioset(leg->bdev, run, REQ_OP_WRITE | REQ_SYNC, gfp, &stage->bios);
	if (!bio)
		return -ENOMEM;
	sb = container_of(bio, struct stage_bio, bio);
	sb->write = w;
	bio->bi_end_io = write_endio;
	bio->bi_iter.bi_sector = couche_stage_sector(stage->pool, w->slot[w->next] - stage->slots);
	for (i = 0; i < run; i++) {
		get_page(w->page[w->next + i]);
		__bio_add_page(bio, w->page[w->next + i], COUCHE_BLOCK_SIZE, 0);
	}
	w->next += run;
	w->sent |= BIT_ULL(leg->index);
	atomic_inc(&w->pending);
	couche_leg_note(leg, true);
	if (couche_flight_begin(&sb->flight, leg, &flight_ops, FLIGHT_USUAL))
		submit_bio_noacct(bio);
	return 0;
}

/* May be called again, to go on where memory was short. */
static int send_chunk(struct couche_stage_write *w, gfp_t gfp)
{
	struct couche_pool *pool = w->io->volume->pool;
	int err = 0;

	for (; w->leg < pool->nr_legs; w->leg++) {
		struct couche_leg *leg = &pool->legs[w->leg];

		if (leg->role != COUCHE_ROLE_META || !couche_leg_writable(leg))
			continue;
		while (!err && w->next < w->nr)
			err = send_run(w, leg, gfp);
		if (err)
			return err;
		w->next = 0;
	}
	return 0;
}

static void end_write(struct couche_stage_write *w, int err)
{
	struct couche_stage *stage = stage_of(w);
	struct couche_io *io = w->io;

	if (!list_empty(&w->slots))
		couche_stage_put_slots(stage, &w->slots);
	mempool_free(w, &stage->writes);
	couche_io_end(io, errno_to_blk_status(err));
}

static void free_pages_of(struct couche_stage_write *w)
{
	unsigned int i;

	for (i = 0; i < w->nr; i++)
		mempool_free(w->page[i], &stage_of(w)->pages);
}

static void hook_chunk(struct couche_stage_write *w)
{
	struct couche_io *io = w->io;
	couche_extent_t extent = couche_io_extent(io);
	struct couche_entry *entry = couche_volume_entry(couche_volume_page(io->volume, extent),
							 extent);
	struct couche_stage_desc desc = {
		.extent = extent,
		.volume = io->volume->desc.id,
		.generation = io->generation,
	};
	unsigned int i;

	/* Before the slots can get into a commit, which then flushes. */
	WRITE_ONCE(stage_of(w)->dirty, 1);
	for (i = 0; i < w->nr; i++) {
		desc.granule = w->granule + i;
		desc.crc = w->crc[i];
		couche_stage_hook(stage_of(w), w->slot[i], &desc, entry);
	}
	atomic64_add(w->nr, &stage_of(w)->staged_granules);
	w->granule += w->nr;
}

static void next_chunk_work(struct work_struct *work)
{
	struct couche_stage_write *w = container_of(work, struct couche_stage_write, work);

	prepare_chunk(w, GFP_NOIO);
	send_chunk(w, GFP_NOIO);
	chunk_put(w);
}

static void go_on(struct couche_stage_write *w, work_func_t fn)
{
	INIT_WORK(&w->work, fn);
	queue_work(w->io->volume->pool->leg_wq, &w->work);
}

static void chunk_done(struct couche_stage_write *w)
{
	hook_chunk(w);
	free_pages_of(w);
	if (list_empty(&w->slots))
		end_write(w, 0);
	else
		go_on(w, next_chunk_work);
}

static bool on_current_leg(struct couche_pool *pool, u64 legs)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if ((legs & BIT_ULL(i)) && couche_leg_current(&pool->legs[i]))
			return true;
	return false;
}

/* Some leg missed it: that leg fails, durably, or else the write does. */
static void settle_work(struct work_struct *work)
{
	struct couche_stage_write *w = container_of(work, struct couche_stage_write, work);
	struct couche_pool *pool = w->io->volume->pool;
	unsigned int i;
	int err = 0;

	if (w->failed)
		err = couche_superblock_fail_legs(pool, w->failed);
	if (!err && !on_current_leg(pool, w->sent & ~(u64)w->failed))
		err = -EIO;
	if (!err) {
		chunk_done(w);
		return;
	}
	for (i = 0; i < w->nr; i++)
		list_add_tail(&w->slot[i]->list, &w->slots);
	free_pages_of(w);
	end_write(w, err);
}

static void chunk_put(struct couche_stage_write *w)
{
	if (!atomic_dec_and_test(&w->pending))
		return;
	if (w->failed || !w->sent)
		go_on(w, settle_work);
	else
		chunk_done(w);
}

static void send_rest_work(struct work_struct *work)
{
	struct couche_stage_write *w = container_of(work, struct couche_stage_write, work);

	send_chunk(w, GFP_NOIO);
	chunk_put(w);
}

/* Slots that read as zeros: nothing is written but their records. */
static void stage_zeroes(struct couche_io *io, struct list_head *slots)
{
	struct couche_stage *stage = io->volume->pool->stage;
	couche_extent_t extent = couche_io_extent(io);
	struct couche_entry *entry = couche_volume_entry(couche_volume_page(io->volume, extent),
							 extent);
	struct couche_stage_desc desc = {
		.extent = extent,
		.volume = io->volume->desc.id,
		.generation = io->generation,
		.granule = couche_io_offset(io) / COUCHE_BLOCK_SECTORS,
		.flags = COUCHE_STAGE_ZERO,
	};
	struct couche_slot *slot, *next;

	list_for_each_entry_safe(slot, next, slots, list) {
		couche_stage_hook(stage, slot, &desc, entry);
		desc.granule++;
	}
	couche_io_end(io, BLK_STS_OK);
}

static void start_write(struct couche_io *io, struct couche_stage_write *w,
			struct list_head *slots, gfp_t gfp)
{
	w->io = io;
	w->iter = io->iter;
	w->granule = couche_io_offset(io) / COUCHE_BLOCK_SECTORS;
	INIT_LIST_HEAD(&w->slots);
	list_splice(slots, &w->slots);
	trace_couche_stage(io->volume->desc.id, couche_io_extent(io), w->granule,
			   io->iter.bi_size >> COUCHE_BLOCK_SHIFT);
	if (prepare_chunk(w, gfp))
		go_on(w, next_chunk_work);
	else if (send_chunk(w, gfp))
		go_on(w, send_rest_work);
	else
		chunk_put(w);
}

static int stage_write(struct couche_io *io, gfp_t gfp);

static void stage_write_work(struct work_struct *work)
{
	stage_write(container_of(work, struct couche_io, work), GFP_NOIO);
}

/* Slots first: who waits for them must not be inside io_gate, where memory may be. */
static int stage_write(struct couche_io *io, gfp_t gfp)
{
	struct couche_stage *stage = io->volume->pool->stage;
	struct bio *bio = couche_io_bio(io);
	u32 nr = io->iter.bi_size >> COUCHE_BLOCK_SHIFT;
	struct couche_stage_write *w;
	LIST_HEAD(slots);
	int err;

	err = couche_stage_get_slots(stage, nr, &slots);
	if (err) {
		if (err == -ENOSPC)
			return couche_io_queue_outside(io, couche_provision_work);
		return couche_io_wait_slots(io, nr);
	}
	if (bio_op(bio) == REQ_OP_WRITE_ZEROES) {
		stage_zeroes(io, &slots);
		return DM_MAPIO_SUBMITTED;
	}
	w = mempool_alloc(&stage->writes, gfp);
	if (!w) {
		couche_stage_put_slots(stage, &slots);
		return couche_io_queue(io, stage_write_work);
	}
	start_write(io, w, &slots, gfp);
	return DM_MAPIO_SUBMITTED;
}

/**
 * couche_stage_write_map() - Write to part of an extent, or zero it, by the journal
 * @io: inside io_gate, with word and generation of an extent that is marked
 *	with ENTRY_STAGED
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_SUBMITTED.
 */
int couche_stage_write_map(struct couche_io *io)
{
	couche_io_own(io);
	if (!couche_pool_writable(io->volume->pool)) {
		couche_io_end(io, BLK_STS_IOERR);
		return DM_MAPIO_SUBMITTED;
	}
	return stage_write(io, COUCHE_GFP_TRY);
}
