// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is staged, laid over what its extent says: for a reader's bio, and for
 * the relocation that merges the two.
 *
 * The overlay is looked at after the extent was read, and the extent's entry
 * after that: if it still has the generation that the extent was read with,
 * nothing was dropped in between, and what was found is all there is.
 */
#include <linux/bio.h>
#include <linux/bvec.h>

#include "core/crc32c.h"
#include "io.h"
#include "leg.h"
#include "stage_io.h"
#include "stripe.h"
#include "trace.h"

#define AT_ONCE		32	/* granules read side by side */

/* What is read into; a leg that was given up may write there for long. */
struct buffer {
	struct couche_hold hold;
	unsigned int nr;
	struct page *page[AT_ONCE];
};

/* Some granules of an extent that are staged, and what their slots hold. */
struct hits {
	struct couche_pool *pool;
	u32 volume;
	couche_extent_t extent;
	unsigned int nr;
	struct couche_stage_hit hit[AT_ONCE];
	u32 granule[AT_ONCE];
	struct buffer *buffer;
	u32 *lost;			/* of a merge: those left out, which no leg has */
	bool background;		/* no bio waits */
};

/* What is to be done with a granule: 4 KiB that stand still for the call. */
typedef void (*hits_sink_t)(void *to, u32 granule, const u8 *data);

static void buffer_free(struct couche_hold *hold)
{
	struct buffer *buffer = container_of(hold, struct buffer, hold);

	while (buffer->nr--)
		mempool_free(buffer->page[buffer->nr], &hold->pool->stage->pages);
	kfree(buffer);
}

/* One page we may wait for, so that there is an end to it. */
static int get_buffer(struct hits *h, u32 pages)
{
	struct buffer *b = kmalloc(sizeof(*b), GFP_NOIO);

	if (!b)
		return -ENOMEM;
	couche_hold_init(&b->hold, h->pool, buffer_free);
	for (b->nr = 0; b->nr < min_t(u32, pages, AT_ONCE); b->nr++) {
		b->page[b->nr] = mempool_alloc(&h->pool->stage->pages,
					       b->nr ? COUCHE_GFP_TRY : GFP_NOIO);
		if (!b->page[b->nr])
			break;
	}
	h->buffer = b;
	return 0;
}

static u8 *data_of(const struct hits *h, unsigned int i)
{
	return page_address(h->buffer->page[i]);
}

static bool is_meta(const struct couche_leg *leg, bool current_only)
{
	return leg->role == COUCHE_ROLE_META &&
	       (current_only ? couche_leg_current(leg) : !!READ_ONCE(leg->bdev));
}

static bool slot_good(const struct couche_stage_hit *hit, const u8 *data)
{
	return couche_crc32c(~0, data, COUCHE_BLOCK_SIZE) == hit->crc;
}

/* What is known to be lost is no new error of the leg. -EILSEQ: it is not what was written. */
static int read_from(struct couche_leg *leg, const struct couche_stage_hit *hit, u8 *to,
		     bool background)
{
	int err = couche_leg_read_block(leg, couche_stage_sector(leg->pool, hit->slot), to,
					hit->unreadable, background);

	if (!err && !slot_good(hit, to))
		err = -EILSEQ;
	return err;
}

/*
 * Legs that have something else than a leg that has it. Where none has it there is
 * none that would be better without the others.
 */
static void blame_legs(struct couche_pool *pool, u64 wrong)
{
	for (; wrong; wrong &= wrong - 1) {
		struct couche_leg *leg = &pool->legs[__ffs64(wrong)];

		atomic_inc(&leg->csum_errors);
		couche_leg_check_errors(leg);
	}
}

/*
 * From whichever leg has it as it was written, failed ones last. A leg that
 * was not asked for want of memory, or a current one that does not answer, may be
 * the one: then nothing is said of it. So that there is an end to that, who reads
 * in the background waits for the last current leg, even where a failed one may have
 * it: what is given up each time would never be known to be an error, or read, and
 * would fence the leg for all that is staged meanwhile.
 */
static int read_slot(const struct hits *h, const struct couche_stage_hit *hit, u8 *to)
{
	struct couche_pool *pool = h->pool;
	u64 asked = 0, wrong = 0;
	unsigned int pass;
	int ret = -EIO;
	u32 i;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < pool->nr_legs; i++) {
			int err;

			if ((asked & BIT_ULL(i)) || !is_meta(&pool->legs[i], !pass))
				continue;
			asked |= BIT_ULL(i);
			err = read_from(&pool->legs[i], hit, to, h->background);
			if (!err) {
				blame_legs(pool, wrong);
				return 0;
			}
			if (err == -EILSEQ)
				wrong |= BIT_ULL(i);
			else if (err == -ENOMEM || (err == -ETIMEDOUT && !pass))
				ret = err;
		}
	return ret;
}

static struct couche_leg *first_leg(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (is_meta(&pool->legs[i], true))
			return &pool->legs[i];
	return NULL;
}

/* Into memory of its own: a leg that was given up may still write to the buffer. */
static int read_again(struct hits *h, unsigned int i, hits_sink_t sink, void *to)
{
	struct page *page = alloc_page(GFP_NOIO);
	int err;

	if (!page)
		return -ENOMEM;
	err = read_slot(h, &h->hit[i], page_address(page));
	if (!err)
		sink(to, h->granule[i], page_address(page));
	__free_page(page);
	return err;
}

static int take_hit(struct hits *h, unsigned int i, bool failed, hits_sink_t sink, void *to)
{
	if (h->hit[i].flags & COUCHE_STAGE_ZERO) {
		sink(to, h->granule[i], page_address(ZERO_PAGE(0)));
		return 0;
	}
	if (failed || !slot_good(&h->hit[i], data_of(h, i)))
		return read_again(h, i, sink, to);
	sink(to, h->granule[i], data_of(h, i));
	return 0;
}

/* A merge does without one that is lost, and remembers that. */
static int take_or_leave(struct hits *h, unsigned int i, bool failed, hits_sink_t sink, void *to)
{
	int err = take_hit(h, i, failed, sink, to);

	if (!h->lost || (err && err != -EIO))
		return err;
	if (err || h->hit[i].unreadable)
		couche_stage_set_readable(h->pool->stage, h->hit[i].slot, !err);
	*h->lost += err ? 1 : 0;
	return 0;
}

/* All from one leg side by side, and what is wrong there one by one. */
static int read_hits(struct hits *h, hits_sink_t sink, void *to)
{
	struct couche_leg *leg = first_leg(h->pool);
	struct couche_batch batch;
	u64 failed = leg ? 0 : ~0ULL;
	unsigned int i;
	int err = 0;

	couche_batch_begin(&batch);
	batch.hold = &h->buffer->hold;
	batch.background = h->background;
	for (i = 0; leg && i < h->nr; i++) {
		if (h->hit[i].unreadable)
			failed |= BIT_ULL(i);
		else if (!(h->hit[i].flags & COUCHE_STAGE_ZERO))
			couche_leg_submit(leg, REQ_OP_READ,
					  couche_stage_sector(h->pool, h->hit[i].slot),
					  data_of(h, i), COUCHE_BLOCK_SIZE, &batch, i);
	}
	failed |= couche_batch_wait(&batch);
	for (i = 0; i < h->nr && !err; i++)
		err = take_or_leave(h, i, failed & BIT_ULL(i), sink, to);
	return err;
}

/* The next granules that are staged, as many as the buffer has room for. */
static u32 find_hits(struct hits *h, u32 granule, u32 end)
{
	for (h->nr = 0; granule < end && h->nr < h->buffer->nr; granule++) {
		if (!couche_stage_find(h->pool->stage, h->volume, h->extent, granule,
				       &h->hit[h->nr]))
			continue;
		h->granule[h->nr++] = granule;
	}
	return granule;
}

/*
 * All that is staged from here on: how many granules, or an error. A slot that
 * was found is not reused before it was read, even if a newer one replaces it:
 * a relocation stands inside io_gate for this as a bio does for all it does.
 */
static int read_staged(struct hits *h, u32 granule, u32 end, hits_sink_t sink, void *to)
{
	int err = 0, nr = 0;

	while (!err && granule < end) {
		unsigned int side;

		err = get_buffer(h, end - granule);
		if (err)
			break;
		side = couche_io_gate_enter(&h->pool->io_gate);
		granule = find_hits(h, granule, end);
		err = read_hits(h, sink, to);
		couche_io_gate_leave(&h->pool->io_gate, side);
		nr += h->nr;
		couche_hold_put(&h->buffer->hold);
	}
	return err ?: nr;
}

static void copy_to_bio(void *to, u32 granule, const u8 *from)
{
	struct couche_io *io = to;
	struct bio *bio = couche_io_bio(io);
	struct bvec_iter iter = io->iter;
	u32 done = 0;

	bio_advance_iter(bio, &iter, (granule - couche_io_offset(io) / COUCHE_BLOCK_SECTORS)
				     << COUCHE_BLOCK_SHIFT);
	while (done < COUCHE_BLOCK_SIZE) {
		struct bio_vec bv = bio_iter_iovec(bio, iter);

		bv.bv_len = min(bv.bv_len, COUCHE_BLOCK_SIZE - done);
		memcpy_to_bvec(&bv, (const char *)from + done);
		bio_advance_iter_single(bio, &iter, bv.bv_len);
		done += bv.bv_len;
	}
}

static bool has_moved(struct couche_io *io)
{
	couche_extent_t extent = couche_io_extent(io);
	struct couche_map_page *page = couche_volume_page(io->volume, extent);
	u32 generation;
	u64 word;

	smp_rmb();
	word = couche_entry_read(couche_volume_entry(page, extent), &generation);
	return !(word & ENTRY_MAPPED) || generation != io->generation;
}

/**
 * couche_stage_overlay() - Lay what is staged over a read
 * @io: a read that holds what the stripe says, inside io_gate, with generation
 *
 * Context: process; sleeps.
 * Return: 0; -EAGAIN when the extent has moved since, and all of it must be
 * read again; -EIO or -ENOMEM.
 */
int couche_stage_overlay(struct couche_io *io)
{
	struct hits h = {
		.pool = io->volume->pool,
		.volume = io->volume->desc.id,
		.extent = couche_io_extent(io),
	};
	u32 granule = couche_io_offset(io) / COUCHE_BLOCK_SECTORS;
	u32 end = granule + (io->iter.bi_size >> COUCHE_BLOCK_SHIFT);
	int err = 0;

	if (couche_stage_count(h.pool->stage, h.volume, h.extent, granule, end - granule))
		err = read_staged(&h, granule, end, copy_to_bio, io);
	if (has_moved(io))
		return -EAGAIN;
	if (err == -EIO)
		atomic64_inc(&io->volume->lost);
	if (err == -ETIMEDOUT)
		err = -EIO;
	return err < 0 ? err : 0;
}

/**
 * couche_stage_overlay_work() - The extent has been read, or need not be
 * @work: of a struct couche_io, a read
 *
 * One that a hanging leg kept for long has left io_gate: it begins anew.
 *
 * Context: process; sleeps.
 */
void couche_stage_overlay_work(struct work_struct *work)
{
	struct couche_io *io = container_of(work, struct couche_io, work);
	int err = io->flags & IO_INSIDE ? couche_stage_overlay(io) : -EAGAIN;

	io->flags &= ~IO_OVERLAY;
	if (err == -EAGAIN) {
		couche_io_leave(io);
		io->leg = NULL;
		io->tried = 0;
		couche_io_resume(couche_io_bio(io));
		return;
	}
	couche_io_end(io, errno_to_blk_status(err));
}

/**
 * couche_stage_read_map() - Read from an extent of which something is staged
 * @io: inside io_gate, with word, generation and group
 *
 * Context: any that submits bios.
 * Return: DM_MAPIO_*.
 */
int couche_stage_read_map(struct couche_io *io)
{
	u32 nr = io->iter.bi_size >> COUCHE_BLOCK_SHIFT;
	u32 staged = couche_stage_count(io->volume->pool->stage, io->volume->desc.id,
					couche_io_extent(io),
					couche_io_offset(io) / COUCHE_BLOCK_SECTORS, nr);

	/* Nothing that the extent could say counts: it may even be lost. */
	if (staged == nr)
		return couche_io_queue(io, couche_stage_overlay_work);
	if (couche_pool_striped(io->volume->pool, couche_entry_tier(io->word)))
		return couche_read_stripe_map(io);
	/* Nothing of this part, if nothing was dropped before it was looked for. */
	if (!staged && !has_moved(io))
		return couche_read_in_place(io);
	couche_io_own(io);
	io->flags |= IO_OVERLAY;
	return couche_read_in_place(io);
}

static void copy_to_stripe(void *to, u32 granule, const u8 *from)
{
	struct couche_stripe *stripe = to;

	memcpy(stripe->data + ((size_t)granule << COUCHE_BLOCK_SHIFT), from, COUCHE_BLOCK_SIZE);
}

/**
 * couche_stage_merge() - Lay what is staged over an extent in memory
 * @pool: the pool
 * @stripe: holds what the stripe says; not an urgent one: a leg that there is no
 *	    other for may take its time
 * @id: the extent; the caller finds out itself about writes that come between
 * @lost: how many no meta leg has as they were written: left out, and marked
 *
 * Context: process, by whoever moves or owns the extent; sleeps.
 * Return: 0 or -ENOMEM; -ETIMEDOUT: a metadata leg that may have one of them does
 * not answer.
 */
int couche_stage_merge(struct couche_pool *pool, struct couche_stripe *stripe,
		       const struct couche_stripe_id *id, u32 *lost)
{
	struct hits h = {
		.pool = pool,
		.volume = id->volume,
		.extent = id->extent,
		.lost = lost,
		.background = !stripe->urgent,
	};
	int nr;

	*lost = 0;
	nr = read_staged(&h, 0, couche_stage_granules(pool), copy_to_stripe, stripe);

	if (nr < 0)
		return nr;
	trace_couche_merge(id->volume, id->extent, 0, nr - *lost);
	atomic64_add(nr - *lost, &pool->stage->destaged_granules);
	return 0;
}

static int copy_slot(struct hits *h, struct couche_leg *leg, u32 nr)
{
	struct couche_pool *pool = h->pool;
	u8 *buf = data_of(h, 0);
	struct couche_slot *slot = &pool->stage->slots[nr];
	struct couche_stage_hit hit = { .slot = nr };
	struct couche_batch batch;
	bool counts;
	int err;

	spin_lock_irq(&pool->stage->lock);
	counts = couche_slot_counts(slot);
	hit.crc = slot->desc.crc;
	hit.flags = slot->desc.flags;
	hit.unreadable = slot->unreadable;
	spin_unlock_irq(&pool->stage->lock);
	if (!counts || (hit.flags & COUCHE_STAGE_ZERO))
		return 0;
	err = read_slot(h, &hit, buf);
	if (err)
		return err == -EIO ? 0 : err;
	couche_batch_begin(&batch);
	batch.hold = &h->buffer->hold;
	couche_leg_submit(leg, REQ_OP_WRITE, couche_stage_sector(pool, nr), buf,
			  COUCHE_BLOCK_SIZE, &batch, 0);
	return couche_batch_wait(&batch) ? -EIO : 0;
}

/**
 * couche_stage_copy() - Give a meta leg all that is staged
 * @pool: the pool
 * @leg: takes all writes since the caller said so
 *
 * What cannot be read from any leg is left out: it is lost either way. If there is
 * no other leg than one that is slow, it takes as long as that does.
 *
 * Context: process; sleeps.
 * Return: 0, -EIO when the leg cannot be written, -ENOMEM, or -ETIMEDOUT when
 * another one, which may have what it needs, does not answer.
 */
int couche_stage_copy(struct couche_pool *pool, struct couche_leg *leg)
{
	struct hits h = { .pool = pool, .background = true };
	int err = 0;
	u32 i;

	if (!pool->stage)
		return 0;
	err = get_buffer(&h, 1);
	if (err)
		return err;
	/* Writes that began before did not go there; they are hooked then. */
	couche_pool_sync_io(pool);
	for (i = 0; i < pool->stage->nr && !err; i++) {
		/* So that the slot is not reused between the reading and the writing. */
		unsigned int side = couche_io_gate_enter(&pool->io_gate);

		err = copy_slot(&h, leg, i);
		couche_io_gate_leave(&pool->io_gate, side);
	}
	couche_hold_put(&h.buffer->hold);
	/* The checkpoint that follows flushes. */
	return err;
}
