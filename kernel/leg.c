// SPDX-License-Identifier: GPL-2.0-only
#include "leg.h"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "pool.h"

static unsigned int leg_error_limit = 64;
module_param(leg_error_limit, uint, 0644);
MODULE_PARM_DESC(leg_error_limit, "errors after which a redundant leg fails, 0: never (default 64)");

struct couche_leg_bio {
	struct couche_leg *leg;
	struct couche_batch *batch;
	unsigned int tag;
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
 * couche_leg_note_error() - Count a failed bio
 * @leg: where it failed
 * @write: direction
 *
 * Context: any.
 */
void couche_leg_note_error(struct couche_leg *leg, bool write)
{
	atomic_inc(write ? &leg->write_errors : &leg->read_errors);
	couche_leg_check_errors(leg);
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
	    READ_ONCE(leg->state) == COUCHE_LEG_ONLINE && !xchg(&leg->fail_asked, 1))
		queue_work(leg->pool->control_wq, &leg->pool->fail_work);
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

static void leg_endio(struct bio *bio)
{
	struct couche_leg_bio *lb = container_of(bio, struct couche_leg_bio, bio);
	struct couche_batch *batch = lb->batch;
	bool write = op_is_write(bio_op(bio));

	if (bio->bi_status) {
		couche_leg_note_error(lb->leg, write);
		set_bit(lb->tag, (unsigned long *)&batch->failed);
	} else if (write && !(bio->bi_opf & REQ_PREFLUSH)) {
		couche_leg_set_dirty(lb->leg);
	}
	bio_put(bio);
	batch_put(batch);
}

static struct bio *leg_bio_alloc(struct couche_leg *leg, unsigned int vecs, blk_opf_t opf,
				 struct couche_batch *batch, unsigned int tag)
{
	struct couche_leg_bio *lb;
	struct bio *bio;

	bio = bio_alloc_bioset(leg->bdev, vecs, opf, GFP_NOIO, &leg->pool->bios);
	lb = container_of(bio, struct couche_leg_bio, bio);
	lb->leg = leg;
	lb->batch = batch;
	lb->tag = tag;
	bio->bi_end_io = leg_endio;
	atomic_inc(&batch->pending);
	return bio;
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
		submit_bio(bio);
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
	submit_bio(bio);
}

/**
 * couche_leg_io() - Read or write a buffer and wait
 * @leg: the leg
 * @opf: operation and flags
 * @sector: first sector
 * @buf: memory as for couche_leg_submit()
 * @len: bytes
 *
 * Context: process; sleeps.
 * Return: 0, or -EIO.
 */
int couche_leg_io(struct couche_leg *leg, blk_opf_t opf, sector_t sector, void *buf,
		  size_t len)
{
	struct couche_batch batch;

	couche_batch_begin(&batch);
	couche_leg_submit(leg, opf, sector, buf, len, &batch, 0);
	return couche_batch_wait(&batch) ? -EIO : 0;
}

/* It may turn out only now that the device cannot; that is no error of the leg. */
static void zero_endio(struct bio *bio)
{
	struct couche_leg_bio *lb = container_of(bio, struct couche_leg_bio, bio);
	struct couche_batch *batch = lb->batch;

	if (bio->bi_status)
		set_bit(lb->tag, (unsigned long *)&batch->failed);
	else
		couche_leg_set_dirty(lb->leg);
	bio_put(bio);
	batch_put(batch);
}

static int zero_by_command(struct couche_leg *leg, sector_t sector, u32 sectors)
{
	u32 max = round_down(bdev_write_zeroes_sectors(leg->bdev), COUCHE_BLOCK_SECTORS);
	struct couche_batch batch;

	if (!max)
		return -EOPNOTSUPP;
	couche_batch_begin(&batch);
	while (sectors) {
		u32 n = min(sectors, max);
		struct bio *bio = leg_bio_alloc(leg, 0, REQ_OP_WRITE_ZEROES, &batch, 0);

		bio->bi_end_io = zero_endio;
		bio->bi_iter.bi_sector = sector;
		bio->bi_iter.bi_size = n << SECTOR_SHIFT;
		submit_bio(bio);
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
		submit_bio(bio);
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
