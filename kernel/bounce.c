// SPDX-License-Identifier: GPL-2.0-only
#include "bounce.h"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/mm.h>

#include "leg.h"
#include "pool.h"

#define READ_BYTES_MAX	(64L << 20)	/* on their way at a time, of a pool */

struct couche_bounce {
	struct couche_flight flight;
	couche_bounce_done_t done;
	void (*landed)(void *private);	/* the device has let go, after it was given up */
	void *private;
	struct llist_node kept;
	unsigned int bytes;		/* counted in pool->bounce_bytes */
	bool write;
	bool borrowed;			/* its pages are not ours to give up */
	struct bio bio;			/* last: its vectors follow it */
};

/**
 * couche_bounce_init() - Make a pool's bounces
 * @pool: the pool
 *
 * Context: process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int couche_bounce_init(struct couche_pool *pool)
{
	unsigned int front = offsetof(struct couche_bounce, bio);
	int err = bioset_init(&pool->bounces, BIO_POOL_SIZE, front, BIOSET_NEED_BVECS);

	return err ?: bioset_init(&pool->read_bounces, BIO_POOL_SIZE, front, BIOSET_NEED_BVECS);
}

static void bounce_end(struct couche_flight *flight, blk_status_t status)
{
	struct couche_bounce *bounce = container_of(flight, struct couche_bounce, flight);

	if (status)
		couche_leg_note_flight_error(flight, bounce->write);
	else if (bounce->write)
		couche_leg_set_dirty(flight->leg);
	bounce->done(bounce, bounce->private, status);
}

static void bounce_free(struct couche_flight *flight)
{
	struct couche_bounce *bounce = container_of(flight, struct couche_bounce, flight);
	void (*landed)(void *private) = bounce->landed;
	void *private = bounce->private;
	struct bvec_iter_all iter;
	struct bio_vec *bv;

	/* Page by page, each of which has a reference of ours. */
	if (!bounce->borrowed)
		bio_for_each_segment_all(bv, &bounce->bio, iter)
			put_page(bv->bv_page);
	if (bounce->bytes)
		atomic_long_sub(bounce->bytes, &flight->leg->pool->bounce_bytes);
	bio_put(&bounce->bio);
	if (landed)
		landed(private);
}

static const struct couche_flight_ops bounce_ops = {
	.end = bounce_end,
	.free = bounce_free,
};

static void bounce_endio(struct bio *bio)
{
	struct couche_bounce *bounce = container_of(bio, struct couche_bounce, bio);
	blk_status_t status = bio->bi_status;

	/* A device's own timeout returned the bio: nothing is on its way any more. */
	couche_flight_land(&bounce->flight, status == BLK_STS_TIMEOUT ? BLK_STS_IOERR : status);
}

static struct couche_bounce *bounce_alloc(struct couche_leg *leg, sector_t sector, blk_opf_t opf,
					  unsigned int vecs, gfp_t gfp)
{
	struct couche_bounce *bounce;
	struct bio *bio;

	bio = bio_alloc_bioset(leg->bdev, vecs, opf, gfp, op_is_write(opf) ?
			       &leg->pool->bounces : &leg->pool->read_bounces);
	if (!bio)
		return NULL;
	bounce = container_of(bio, struct couche_bounce, bio);
	bounce->flight.leg = leg;
	bounce->flight.ops = &bounce_ops;
	/* Until it is sent there is one holder. */
	refcount_set(&bounce->flight.holders, 1);
	bounce->bytes = 0;
	bounce->landed = NULL;
	bounce->borrowed = false;
	bounce->write = op_is_write(opf);
	bio->bi_iter.bi_sector = sector;
	bio->bi_end_io = bounce_endio;
	return bounce;
}

/**
 * couche_bounce_alloc() - Make a read into pages of ours
 * @leg: from where
 * @sector: first sector on the leg
 * @opf: REQ_OP_READ and flags
 * @bytes: whole blocks, COUCHE_BOUNCE_MAX_BYTES at most
 * @gfp: whether to wait for pages
 *
 * Context: any that submits bios.
 * Return: the bounce, or NULL when there is no memory.
 */
struct couche_bounce *couche_bounce_alloc(struct couche_leg *leg, sector_t sector, blk_opf_t opf,
					  unsigned int bytes, gfp_t gfp)
{
	struct couche_bounce *bounce;
	unsigned int done, n;

	/*
	 * A reader needs several and keeps them until it has copied: to wait for
	 * one while others wait for ours would be for ever (I10).
	 */
	bounce = bounce_alloc(leg, sector, opf, DIV_ROUND_UP(bytes, PAGE_SIZE),
			      GFP_NOWAIT | __GFP_NOWARN);
	if (!bounce)
		return NULL;
	for (done = 0; done < bytes; done += n) {
		struct page *page = alloc_page(gfp | __GFP_NOWARN | __GFP_NORETRY);

		if (!page) {
			couche_bounce_put(bounce);
			return NULL;
		}
		n = min_t(unsigned int, bytes - done, PAGE_SIZE);
		__bio_add_page(&bounce->bio, page, n, 0);
	}
	return bounce;
}

/**
 * couche_bounce_read() - Make a read that may be given up, if that is wanted
 * @leg: from where
 * @sector: first sector on the leg
 * @opf: REQ_OP_READ and flags
 * @bytes: whole blocks
 * @gfp: whether to wait
 *
 * Context: any that submits bios.
 * Return: the bounce, or NULL: read into the bio's own pages instead.
 */
struct couche_bounce *couche_bounce_read(struct couche_leg *leg, sector_t sector, blk_opf_t opf,
					 unsigned int bytes, gfp_t gfp)
{
	struct couche_pool *pool = leg->pool;
	struct couche_bounce *bounce = NULL;

	if (!READ_ONCE(pool->leg_timeout) || bytes > COUCHE_BOUNCE_MAX_BYTES)
		return NULL;
	if (atomic_long_add_return(bytes, &pool->bounce_bytes) <= READ_BYTES_MAX)
		bounce = couche_bounce_alloc(leg, sector, opf, bytes, gfp);
	if (bounce)
		bounce->bytes = bytes;
	else
		atomic_long_sub(bytes, &pool->bounce_bytes);
	return bounce;
}

/**
 * couche_bounce_send() - Submit it
 * @bounce: not sent yet
 * @done: called once
 * @private: for @done
 *
 * Context: any that submits bios.
 */
void couche_bounce_send(struct couche_bounce *bounce, couche_bounce_done_t done, void *private)
{
	struct couche_leg *leg = bounce->flight.leg;

	bounce->done = done;
	bounce->private = private;
	couche_leg_note(leg, bounce->write);
	if (couche_flight_begin(&bounce->flight, leg, &bounce_ops,
				bounce->borrowed ? FLIGHT_FOREVER : FLIGHT_USUAL))
		submit_bio_noacct(&bounce->bio);
}

/**
 * couche_bounce_put() - Be done with it
 * @bounce: not sent, or done; may be NULL
 *
 * Context: any.
 */
void couche_bounce_put(struct couche_bounce *bounce)
{
	if (bounce)
		couche_flight_put(&bounce->flight);
}

/**
 * couche_bounce_keep() - Decide later about one that was given up
 * @bounce: done
 * @kept: list of them
 *
 * Context: any.
 */
void couche_bounce_keep(struct couche_bounce *bounce, struct llist_head *kept)
{
	llist_add(&bounce->kept, kept);
}

/**
 * couche_bounce_put_kept() - Be done with all that were kept
 * @kept: list of them; empty afterwards
 * @pending: counted up for each, if there is @landed
 * @landed: called as often, when its device has let go; NULL: never
 * @private: for @landed
 *
 * Context: any; @landed is called here or in the end of a bio, any context.
 */
void couche_bounce_put_kept(struct llist_head *kept, atomic_t *pending,
			    void (*landed)(void *private), void *private)
{
	struct couche_bounce *bounce, *next;

	llist_for_each_entry_safe(bounce, next, llist_del_all(kept), kept) {
		if (landed) {
			atomic_inc(pending);
			bounce->landed = landed;
			bounce->private = private;
		}
		couche_bounce_put(bounce);
	}
}

/**
 * couche_bounce_block() - A block that was read
 * @bounce: done
 * @i: which block
 *
 * Context: any.
 * Return: its contents.
 */
void *couche_bounce_block(struct couche_bounce *bounce, unsigned int i)
{
	size_t at = (size_t)i << COUCHE_BLOCK_SHIFT;

	return page_address(bounce->bio.bi_io_vec[at >> PAGE_SHIFT].bv_page) +
	       offset_in_page(at);
}

/**
 * couche_bounce_leg() - Where it went
 * @bounce: sent
 *
 * Context: any.
 * Return: the leg.
 */
struct couche_leg *couche_bounce_leg(const struct couche_bounce *bounce)
{
	return bounce->flight.leg;
}

/**
 * couche_bounce_copy() - Copy to a bio's pages
 * @bio: the bio
 * @iter: where in it; advanced
 * @from: what
 * @bytes: how much, not beyond the end
 *
 * Context: any.
 */
void couche_bounce_copy(struct bio *bio, struct bvec_iter *iter, const void *from,
			unsigned int bytes)
{
	while (bytes) {
		struct bio_vec bv = bio_iter_iovec(bio, *iter);
		unsigned int n = min(bytes, bv.bv_len);

		memcpy_to_page(bv.bv_page, bv.bv_offset, from, n);
		bio_advance_iter_single(bio, iter, n);
		from += n;
		bytes -= n;
	}
}

/* Its page with a reference of ours, or a copy, or NULL without memory. */
static struct page *keep_page(struct bio_vec *bv)
{
	struct page *page = bv->bv_page;

	if (!PageSlab(page) && page_count(page)) {
		get_page(page);
		return page;
	}
	page = alloc_page(GFP_NOIO | __GFP_NOWARN | __GFP_NORETRY);
	if (page)
		memcpy_from_bvec(page_address(page) + bv->bv_offset, bv);
	return page;
}

/* As much as there are vectors for; in one piece all is kept, or nothing is. */
static void fill(struct couche_bounce *bounce, struct bio *from, struct bvec_iter *iter,
		 unsigned int vecs)
{
	while (iter->bi_size && bounce->bio.bi_vcnt < vecs) {
		struct bio_vec bv = bio_iter_iovec(from, *iter);
		struct page *page = bounce->borrowed ? bv.bv_page : keep_page(&bv);

		if (!page && bounce->bio.bi_vcnt)
			return;
		if (!page)
			bounce->borrowed = true;
		__bio_add_page(&bounce->bio, page ?: bv.bv_page, bv.bv_len, bv.bv_offset);
		bio_advance_iter_single(from, iter, bv.bv_len);
	}
}

/**
 * couche_bounce_write() - Write a volume's bio to a leg
 * @leg: where to
 * @sector: first sector on the leg
 * @from: the bio
 * @pending: counted up for each bio that is sent
 * @done: called as often
 * @private: for @done
 *
 * Context: process; sleeps.
 */
void couche_bounce_write(struct couche_leg *leg, sector_t sector, struct bio *from,
			 atomic_t *pending, couche_bounce_done_t done, void *private)
{
	blk_opf_t opf = from->bi_opf & ~(REQ_NOWAIT | REQ_POLLED | REQ_PREFLUSH);
	struct bvec_iter iter = from->bi_iter;

	while (iter.bi_size) {
		unsigned int vecs = min_t(unsigned int, BIO_MAX_VECS,
					  iter.bi_size / COUCHE_BLOCK_SIZE + 1);
		struct couche_bounce *bounce = bounce_alloc(leg, sector, opf, vecs, GFP_NOIO);
		struct bio *bio = &bounce->bio;

		bio_clone_blkg_association(bio, from);
		bio->bi_ioprio = from->bi_ioprio;
		bounce->borrowed = !READ_ONCE(leg->pool->leg_timeout);
		fill(bounce, from, &iter, vecs);
		sector += bio_sectors(bio);
		atomic_inc(pending);
		couche_bounce_send(bounce, done, private);
	}
}

struct write_wait {
	atomic_t pending;
	int failed;
	struct completion done;
};

static void write_wait_done(struct couche_bounce *bounce, void *private, blk_status_t status)
{
	struct write_wait *wait = private;

	if (status)
		WRITE_ONCE(wait->failed, 1);
	couche_bounce_put(bounce);
	if (atomic_dec_and_test(&wait->pending))
		complete(&wait->done);
}

/**
 * couche_bounce_write_wait() - Write a volume's bio to a leg, and wait
 * @leg: where to
 * @sector: first sector on the leg
 * @from: the bio
 *
 * Context: process; sleeps.
 * Return: 0 or -EIO.
 */
int couche_bounce_write_wait(struct couche_leg *leg, sector_t sector, struct bio *from)
{
	struct write_wait wait = { .pending = ATOMIC_INIT(1) };

	init_completion(&wait.done);
	couche_bounce_write(leg, sector, from, &wait.pending, write_wait_done, &wait);
	if (!atomic_dec_and_test(&wait.pending))
		wait_for_completion_io(&wait.done);
	return wait.failed ? -EIO : 0;
}
