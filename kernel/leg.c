// SPDX-License-Identifier: GPL-2.0-only
#include "leg.h"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "pool.h"

static unsigned int leg_error_limit = 64;
module_param(leg_error_limit, uint, 0644);
MODULE_PARM_DESC(leg_error_limit, "errors after which a redundant leg fails, 0: never (default 64)");

struct couche_leg_bio {
	struct couche_flight flight;
	struct couche_batch *batch;
	struct couche_hold *hold;
	unsigned int tag;
	bool write, flush;
	bool quiet;		/* an error is not the leg's */
	struct bio bio;		/* last: its vectors follow it */
};

/**
 * couche_leg_bios_init() - Make the bios that couche_leg_submit() sends
 * @pool: owner
 *
 * Context: process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int couche_leg_bios_init(struct couche_pool *pool)
{
	return bioset_init(&pool->bios, BIO_POOL_SIZE, offsetof(struct couche_leg_bio, bio),
			   BIOSET_NEED_BVECS);
}

/**
 * couche_leg_init() - Prepare a leg without a device
 * @leg: the leg, zeroed
 * @pool: owner
 * @index: place in the pool's leg table
 *
 * Context: process; sleeps.
 * Return: 0, or -ENOMEM.
 */
int couche_leg_init(struct couche_leg *leg, struct couche_pool *pool, u32 index)
{
	leg->pool = pool;
	leg->index = index;
	couche_flight_leg_init(leg);
	leg->counters = alloc_percpu(struct couche_leg_counters);
	return leg->counters ? 0 : -ENOMEM;
}

/**
 * couche_leg_destroy() - Give back what couche_leg_init() and activation took
 * @leg: the leg; a zeroed one is fine
 *
 * Context: process, no I/O on the leg any more.
 */
void couche_leg_destroy(struct couche_leg *leg)
{
	couche_segmap_destroy(&leg->segments);
	free_percpu(leg->counters);
	leg->counters = NULL;
}

/**
 * couche_leg_note() - Count one bio
 * @leg: where it went
 * @write: direction
 *
 * Context: any.
 */
void couche_leg_note(struct couche_leg *leg, bool write)
{
	struct couche_leg_counters *c = get_cpu_ptr(leg->counters);

	if (write)
		c->writes++;
	else
		c->reads++;
	put_cpu_ptr(leg->counters);
}

/**
 * couche_leg_note_error() - Count a bio that failed, or was given up
 * @leg: where it failed
 * @life: of the leg when the bio was sent
 * @write: direction
 *
 * Not on the device that has taken the place of the one it was for.
 *
 * Context: any.
 */
void couche_leg_note_error(struct couche_leg *leg, u32 life, bool write)
{
	if (life != READ_ONCE(leg->life))
		return;
	atomic_inc(write ? &leg->write_errors : &leg->read_errors);
	couche_leg_check_errors(leg);
}

/**
 * couche_leg_note_flight_error() - Count a bio of ours that failed, if it was sent
 * @flight: of the bio, ended
 * @write: direction
 *
 * What a fenced leg is not asked says nothing of it, however much that is.
 *
 * Context: any.
 */
void couche_leg_note_flight_error(const struct couche_flight *flight, bool write)
{
	if (!flight->refused)
		couche_leg_note_error(flight->leg, flight->life, write);
}

/**
 * couche_leg_check_errors() - Has the leg had enough?
 * @leg: an error of it was just counted
 *
 * Context: any. The failing itself is done by pool->fail_work.
 */
void couche_leg_check_errors(struct couche_leg *leg)
{
	unsigned int errors = atomic_read(&leg->read_errors) + atomic_read(&leg->write_errors) +
			      atomic_read(&leg->csum_errors);

	if (leg_error_limit && errors >= leg_error_limit &&
	    READ_ONCE(leg->state) == COUCHE_LEG_ONLINE)
		couche_leg_ask_to_fail(leg);
}

/**
 * couche_leg_ask_to_fail() - Have a leg failed, if the others can do without it
 * @leg: the leg
 *
 * Context: any. Asked again after it was restored, or came back to its senses.
 */
void couche_leg_ask_to_fail(struct couche_leg *leg)
{
	/* Not control_wq, which a deactivation drains. */
	if (!xchg(&leg->fail_asked, 1))
		queue_work(leg->pool->io_wq, &leg->pool->fail_work);
}

static void hold_work(struct work_struct *work)
{
	struct couche_hold *hold = container_of(work, struct couche_hold, work);

	hold->free(hold);
}

/**
 * couche_hold_init() - Make a hold, held by the caller
 * @hold: part of what it keeps
 * @pool: whose I/O it is for
 * @free: called in a worker when all have let go
 *
 * Context: any.
 */
void couche_hold_init(struct couche_hold *hold, struct couche_pool *pool,
		      void (*free)(struct couche_hold *hold))
{
	refcount_set(&hold->refs, 1);
	INIT_WORK(&hold->work, hold_work);
	hold->pool = pool;
	hold->free = free;
}

/**
 * couche_hold_put() - Let go
 * @hold: held by the caller, or NULL
 *
 * Context: any, also interrupt.
 */
void couche_hold_put(struct couche_hold *hold)
{
	if (hold && refcount_dec_and_test(&hold->refs))
		queue_work(hold->pool->io_wq, &hold->work);
}

/**
 * couche_batch_begin() - Start collecting bios
 * @batch: on the caller's stack
 *
 * Context: any. couche_batch_wait() must follow.
 */
void couche_batch_begin(struct couche_batch *batch)
{
	atomic_set(&batch->pending, 1);
	init_completion(&batch->done);
	batch->failed = 0;
	batch->abandoned = 0;
	batch->unanswered = false;
	batch->quiet = false;
	batch->background = false;
	batch->hold = NULL;
}

static void batch_put(struct couche_batch *batch)
{
	if (atomic_dec_and_test(&batch->pending))
		complete(&batch->done);
}

/**
 * couche_batch_wait() - Wait until every bio of a batch has ended
 * @batch: the batch
 *
 * Context: process; sleeps.
 * Return: a bit for every tag one of whose bios failed.
 */
u64 couche_batch_wait(struct couche_batch *batch)
{
	batch_put(batch);
	wait_for_completion_io(&batch->done);
	return batch->failed;
}

/* It ended, or was given up: then the bio is not ours to look at. */
static void leg_bio_end(struct couche_flight *flight, blk_status_t status)
{
	struct couche_leg_bio *lb = container_of(flight, struct couche_leg_bio, flight);
	struct couche_batch *batch = lb->batch;

	if (status) {
		if (!lb->quiet)
			couche_leg_note_flight_error(flight, lb->write);
		if (status == BLK_STS_TIMEOUT || flight->refused)
			WRITE_ONCE(batch->unanswered, true);
		if (status == BLK_STS_TIMEOUT && !lb->write)
			set_bit(lb->tag, (unsigned long *)&batch->abandoned);
		set_bit(lb->tag, (unsigned long *)&batch->failed);
	} else if (lb->write && !lb->flush) {
		couche_leg_set_dirty(flight->leg);
	}
	couche_flight_put(flight);
	batch_put(batch);
}

static void leg_bio_free(struct couche_flight *flight)
{
	struct couche_leg_bio *lb = container_of(flight, struct couche_leg_bio, flight);
	struct couche_hold *hold = lb->hold;

	bio_put(&lb->bio);
	couche_hold_put(hold);
}

static const struct couche_flight_ops leg_bio_ops = {
	.end = leg_bio_end,
	.free = leg_bio_free,
};

static void leg_endio(struct bio *bio)
{
	struct couche_leg_bio *lb = container_of(bio, struct couche_leg_bio, bio);
	blk_status_t status = bio->bi_status;

	/* A device's own timeout returned the bio: nothing is on its way any more. */
	couche_flight_land(&lb->flight, status == BLK_STS_TIMEOUT ? BLK_STS_IOERR : status);
}

static struct bio *leg_bio_alloc(struct couche_leg *leg, unsigned int vecs, blk_opf_t opf,
				 struct couche_batch *batch, unsigned int tag)
{
	struct couche_leg_bio *lb;
	struct bio *bio;

	bio = bio_alloc_bioset(leg->bdev, vecs, opf, GFP_NOIO, &leg->pool->bios);
	lb = container_of(bio, struct couche_leg_bio, bio);
	lb->batch = batch;
	lb->hold = batch->hold;
	if (lb->hold)
		refcount_inc(&lb->hold->refs);
	lb->tag = tag;
	lb->write = op_is_write(opf);
	lb->flush = opf & REQ_PREFLUSH;
	lb->quiet = batch->quiet;
	bio->bi_end_io = leg_endio;
	atomic_inc(&batch->pending);
	return bio;
}

/* Where a failure would be the pool's, the device gets more time. */
static void leg_bio_send(struct couche_leg *leg, struct bio *bio)
{
	struct couche_leg_bio *lb = container_of(bio, struct couche_leg_bio, bio);
	struct couche_batch *batch = lb->batch;
	enum couche_patience patience = batch->background ? FLIGHT_BACKGROUND : FLIGHT_USUAL;

	if (lb->flush || (lb->write && leg->role == COUCHE_ROLE_META))
		patience = FLIGHT_PATIENT;
	if (couche_flight_begin(&lb->flight, leg, &leg_bio_ops, patience))
		submit_bio(bio);
}

static unsigned int leg_bio_fill(struct bio *bio, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		void *addr = buf + done;
		unsigned int off = offset_in_page(addr);
		unsigned int n = min_t(size_t, len - done, PAGE_SIZE - off);
		struct page *page = is_vmalloc_addr(addr) ? vmalloc_to_page(addr) :
							    virt_to_page(addr);

		if (bio_add_page(bio, page, n, off) != n)
			break;
		done += n;
	}
	return done;
}

/**
 * couche_leg_submit() - Read or write a buffer, without waiting
 * @leg: a leg; one without a device fails the tag at once
 * @opf: REQ_OP_READ or REQ_OP_WRITE and flags
 * @sector: first sector on the leg
 * @buf: kmalloc or vmalloc memory, block aligned
 * @len: bytes, a multiple of the block size
 * @batch: what waits for it
 * @tag: 0..63, reported by couche_batch_wait() when it fails
 *
 * Context: process; may sleep for a bio.
 */
void couche_leg_submit(struct couche_leg *leg, blk_opf_t opf, sector_t sector,
		       void *buf, size_t len, struct couche_batch *batch, unsigned int tag)
{
	if (!READ_ONCE(leg->bdev)) {
		set_bit(tag, (unsigned long *)&batch->failed);
		return;
	}
	couche_leg_note(leg, op_is_write(opf));
	while (len) {
		unsigned int vecs = min_t(size_t, BIO_MAX_VECS, DIV_ROUND_UP(len, PAGE_SIZE));
		struct bio *bio = leg_bio_alloc(leg, vecs, opf, batch, tag);
		unsigned int n;

		bio->bi_iter.bi_sector = sector;
		n = leg_bio_fill(bio, buf, len);
		leg_bio_send(leg, bio);
		buf += n;
		len -= n;
		sector += n >> SECTOR_SHIFT;
	}
}

/**
 * couche_leg_submit_flush() - Flush a leg's write cache, without waiting
 * @leg: the leg
 * @batch: what waits for it
 * @tag: reported when it fails
 *
 * Context: process; may sleep for a bio.
 */
void couche_leg_submit_flush(struct couche_leg *leg, struct couche_batch *batch,
			     unsigned int tag)
{
	struct bio *bio;

	if (!READ_ONCE(leg->bdev)) {
		set_bit(tag, (unsigned long *)&batch->failed);
		return;
	}
	/* REQ_OP_WRITE with PREFLUSH and no data: an empty flush. */
	bio = leg_bio_alloc(leg, 0, REQ_OP_WRITE | REQ_PREFLUSH, batch, tag);
	leg_bio_send(leg, bio);
}

/* A buffer that a device may have longer than the reader waits for it. */
struct held_buffer {
	struct couche_hold hold;
	u8 data[] __aligned(COUCHE_BLOCK_SIZE);
};

static void held_buffer_free(struct couche_hold *hold)
{
	vfree(container_of(hold, struct held_buffer, hold));
}

static struct held_buffer *held_buffer_alloc(struct couche_pool *pool, size_t len)
{
	unsigned int noio = memalloc_noio_save();
	struct held_buffer *held = vmalloc(sizeof(*held) + len);

	memalloc_noio_restore(noio);
	if (held)
		couche_hold_init(&held->hold, pool, held_buffer_free);
	return held;
}

static int leg_read(struct couche_leg *leg, blk_opf_t opf, sector_t sector, void *buf,
		    size_t len, bool quiet, bool background)
{
	struct held_buffer *held = held_buffer_alloc(leg->pool, len);
	struct couche_batch batch;
	int err;

	if (!held)
		return -ENOMEM;
	couche_batch_begin(&batch);
	batch.hold = &held->hold;
	batch.quiet = quiet;
	batch.background = background;
	couche_leg_submit(leg, opf, sector, held->data, len, &batch, 0);
	err = couche_batch_wait(&batch) ? -EIO : 0;
	if (!err)
		memcpy(buf, held->data, len);
	else if (batch.unanswered)
		err = -ETIMEDOUT;
	couche_hold_put(&held->hold);
	return err;
}

/**
 * couche_leg_read() - Read into any memory and wait
 * @leg: the leg
 * @opf: REQ_OP_READ and flags
 * @sector: first sector
 * @buf: where to
 * @len: bytes, a multiple of the block size
 *
 * For what is small or rare: it is read into a buffer made for it.
 *
 * Context: process; sleeps.
 * Return: 0, -EIO or -ENOMEM; -ETIMEDOUT: the leg did not answer in time, this
 * or something else, and nothing is known of what it holds.
 */
int couche_leg_read(struct couche_leg *leg, blk_opf_t opf, sector_t sector, void *buf,
		    size_t len)
{
	return leg_read(leg, opf, sector, buf, len, false, false);
}

/**
 * couche_leg_read_block() - Read a block of which other legs have copies
 * @leg: the leg
 * @sector: first sector
 * @buf: where to
 * @quiet: it is known to be wrong there: an error does not count as the leg's
 * @background: FLIGHT_BACKGROUND, not FLIGHT_USUAL
 *
 * Context: process; sleeps.
 * Return: as couche_leg_read().
 */
int couche_leg_read_block(struct couche_leg *leg, sector_t sector, void *buf, bool quiet,
			  bool background)
{
	return leg_read(leg, REQ_OP_READ, sector, buf, COUCHE_BLOCK_SIZE, quiet, background);
}

static int zero_by_command(struct couche_leg *leg, sector_t sector, u32 sectors)
{
	u32 max = round_down(bdev_write_zeroes_sectors(leg->bdev), COUCHE_BLOCK_SECTORS);
	struct couche_batch batch;

	if (!max)
		return -EOPNOTSUPP;
	couche_batch_begin(&batch);
	/* It may turn out only now that the device cannot do this. */
	batch.quiet = true;
	while (sectors) {
		u32 n = min(sectors, max);
		struct bio *bio = leg_bio_alloc(leg, 0, REQ_OP_WRITE_ZEROES, &batch, 0);

		bio->bi_iter.bi_sector = sector;
		bio->bi_iter.bi_size = n << SECTOR_SHIFT;
		leg_bio_send(leg, bio);
		sector += n;
		sectors -= n;
	}
	return couche_batch_wait(&batch) ? -EIO : 0;
}

static int zero_by_writing(struct couche_leg *leg, sector_t sector, u32 sectors)
{
	struct couche_batch batch;

	couche_batch_begin(&batch);
	while (sectors) {
		u32 pages = DIV_ROUND_UP(sectors, PAGE_SECTORS);
		struct bio *bio = leg_bio_alloc(leg, min_t(u32, pages, BIO_MAX_VECS),
						REQ_OP_WRITE, &batch, 0);
		u32 n = 0;

		bio->bi_iter.bi_sector = sector;
		while (n < sectors) {
			unsigned int len = min_t(u32, sectors - n, PAGE_SECTORS) << SECTOR_SHIFT;

			if (bio_add_page(bio, ZERO_PAGE(0), len, 0) != len)
				break;
			n += len >> SECTOR_SHIFT;
		}
		leg_bio_send(leg, bio);
		sector += n;
		sectors -= n;
	}
	return couche_batch_wait(&batch) ? -EIO : 0;
}

/**
 * couche_leg_zero() - Make sectors read as zeros and wait
 * @leg: a leg with a device
 * @sector: first sector, of a block
 * @sectors: how many, whole blocks; may be 0
 *
 * The block layer's own (blkdev_issue_zeroout) takes bios that file systems
 * above us may hold all of, waiting for us (I10).
 *
 * Context: process; sleeps.
 * Return: 0, or -EIO, which is counted.
 */
int couche_leg_zero(struct couche_leg *leg, sector_t sector, u32 sectors)
{
	if (!sectors)
		return 0;
	couche_leg_note(leg, true);
	if (!zero_by_command(leg, sector, sectors))
		return 0;
	return zero_by_writing(leg, sector, sectors);
}
