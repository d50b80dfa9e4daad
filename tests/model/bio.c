// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bios, and the devices' side of them: those on their way come back in any
 * order, each in a thread of its own, which stands for an interrupt.
 */
#include "machine.h"
#include "model.h"
#include "ramleg.h"

#define BIOS		4096
#define SLOW_TRIES	6
#define SLOW_CHANCE	900	/* per thousand: rather something else */

static struct bio *flying[BIOS];
static unsigned int nr_flying;
static u64 device_clock;

u64 model_clock(void)
{
	return ++device_clock;
}

int bioset_init(struct bio_set *bs, unsigned int nr, unsigned int front, int flags)
{
	bs->front = front;
	return 0;
}

void bioset_exit(struct bio_set *bs)
{
}

struct bio *bio_alloc_bioset(struct block_device *bdev, unsigned short vecs, blk_opf_t opf,
			     gfp_t gfp, struct bio_set *bs)
{
	unsigned int front = bs->front;
	char *memory = kzalloc(front + sizeof(struct bio) + vecs * sizeof(struct bio_vec), gfp);
	struct bio *bio;

	if (!memory)
		return NULL;
	bio = (struct bio *)(memory + front);
	bio->bi_bdev = bdev;
	bio->bi_opf = opf;
	bio->bi_max_vecs = vecs;
	bio->bi_io_vec = (struct bio_vec *)(bio + 1);
	bio->bi_pool = bs;
	atomic_set(&bio->__bi_remaining, 1);
	return bio;
}

struct bio *bio_alloc_clone(struct block_device *bdev, struct bio *from, gfp_t gfp,
			    struct bio_set *bs)
{
	struct bio *bio = bio_alloc_bioset(bdev, 0, from->bi_opf, gfp, bs);

	if (!bio)
		return NULL;
	bio->bi_iter = from->bi_iter;
	bio->bi_io_vec = from->bi_io_vec;
	return bio;
}

void bio_put(struct bio *bio)
{
	if (bio->in_flight)
		model_die(__FILE__, __LINE__, "a bio is freed that is on its way");
	kfree((char *)bio - bio->bi_pool->front);
}

void bio_endio(struct bio *bio)
{
	model_point();
	bio->bi_end_io(bio);
}

int bio_add_page(struct bio *bio, struct page *page, unsigned int len, unsigned int off)
{
	struct bio_vec *bv = &bio->bi_io_vec[bio->bi_vcnt];

	if (bio->bi_vcnt == bio->bi_max_vecs)
		return 0;
	bv->bv_page = page;
	bv->bv_len = len;
	bv->bv_offset = off;
	bio->bi_vcnt++;
	bio->bi_iter.bi_size += len;
	return len;
}

void bio_advance_iter(const struct bio *bio, struct bvec_iter *iter, unsigned int bytes)
{
	iter->bi_sector += bytes >> SECTOR_SHIFT;
	iter->bi_size -= bytes;
	if (bio_op(bio) > REQ_OP_WRITE)
		return;
	bytes += iter->bi_bvec_done;
	while (bytes && bytes >= bio->bi_io_vec[iter->bi_idx].bv_len) {
		bytes -= bio->bi_io_vec[iter->bi_idx].bv_len;
		iter->bi_idx++;
	}
	iter->bi_bvec_done = bytes;
}

void zero_fill_bio(struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_segment(bv, bio, iter)
		memset(page_address(bv.bv_page) + bv.bv_offset, 0, bv.bv_len);
}

int errno_to_shim_status(int err)
{
	if (!err)
		return BLK_STS_OK;
	return err == -ENOSPC ? BLK_STS_NOSPC : BLK_STS_IOERR;
}

/* --- on their way --------------------------------------------------------------- */

static void check_bio(const struct bio *bio)
{
	const struct block_device *bdev = bio->bi_bdev;

	if (!bdev || !bdev->leg)
		model_die(__FILE__, __LINE__, "a bio goes to no device");
	if (!bdev->opens)
		model_die(__FILE__, __LINE__, "a bio goes to a device that is closed");
	if (bio->in_flight)
		model_die(__FILE__, __LINE__, "a bio is sent twice");
	if (bio->bi_iter.bi_sector + bio_sectors(bio) > bdev->sectors)
		model_die(__FILE__, __LINE__, "a bio goes beyond its device");
	if (model_is_atomic())
		model_die(__FILE__, __LINE__, "a bio is sent with a spin lock held");
}

static void note_event(const struct bio *bio)
{
	if (bio->bi_opf & REQ_PREFLUSH)
		model_event(MODEL_EVENT_FLUSH);
	if (!op_is_write(bio_op(bio)) || !(bio->bi_opf & REQ_META))
		return;
	model_event(MODEL_EVENT_META);
	if (bio->bi_iter.bi_size > 4096)
		model_event(MODEL_EVENT_LONG_META);
	if (machine_is_refilling())
		model_event(MODEL_EVENT_REFILL);
}

void submit_bio(struct bio *bio)
{
	check_bio(bio);
	note_event(bio);
	if (nr_flying == BIOS)
		model_fail("harness", "more than %d bios", BIOS);
	bio->in_flight = true;
	bio->submitted = model_clock();
	flying[nr_flying++] = bio;
	model_hash(bio->bi_iter.bi_sector);
	model_hash(bio->bi_iter.bi_size + ((u64)bio->bi_opf << 32));
	model_point();
}

unsigned int model_bios(void)
{
	return nr_flying;
}

static void interrupt(void *arg)
{
	bio_endio(arg);
}

static bool is_slow(const struct bio *bio)
{
	return bio->bi_iter.bi_sector < bio->bi_bdev->leg->slow;
}

/* Any; those of a slow leg take longer. */
static unsigned int pick(void)
{
	unsigned int i = model_below(nr_flying), tries;

	for (tries = 0; tries < SLOW_TRIES && is_slow(flying[i]); tries++)
		i = model_below(nr_flying);
	return i;
}

/**
 * model_bios_one() - One comes back, any
 * @busy: there is something else to do
 *
 * Return: whether one did; not if it is a slow one.
 */
bool model_bios_one(bool busy)
{
	unsigned int i = pick();
	struct bio *bio = flying[i];

	if (busy && is_slow(bio) && model_chance(SLOW_CHANCE))
		return false;
	flying[i] = flying[--nr_flying];
	bio->in_flight = false;
	bio->bi_status = model_leg_do(bio->bi_bdev->leg, bio);
	model_hash(bio->bi_status + 1000 * i);
	model_spawn("interrupt", interrupt, bio);
	return true;
}

/**
 * model_bios_check_closed() - Nothing may be on its way to a device that is closed
 * @bdev: the device
 */
void model_bios_check_closed(const struct block_device *bdev)
{
	unsigned int i;

	for (i = 0; i < nr_flying; i++)
		if (flying[i]->bi_bdev == bdev)
			model_die(__FILE__, __LINE__,
				  "a device is closed while a bio is on its way to it");
}

/**
 * model_bios_reset() - The power fails: those on their way are done, or not
 */
void model_bios_reset(void)
{
	while (nr_flying) {
		struct bio *bio = flying[--nr_flying];

		model_leg_cut(bio->bi_bdev->leg, bio);
	}
}

/* --- what the block layer does for us --------------------------------------------- */

unsigned int bdev_write_zeroes_sectors(const struct block_device *bdev)
{
	return bdev->leg->zeroes ? 1024 : 0;
}

struct wait_bio {
	struct completion done;
	struct bio bio;
};

static void wait_bio_end(struct bio *bio)
{
	complete(&container_of(bio, struct wait_bio, bio)->done);
}

int blkdev_issue_zeroout(struct block_device *bdev, sector_t sector, sector_t nr, gfp_t gfp,
			 unsigned int flags)
{
	struct wait_bio wait = {
		.bio = {
			.bi_bdev = bdev,
			.bi_opf = REQ_OP_WRITE_ZEROES,
			.bi_iter = { .bi_sector = sector, .bi_size = nr << SECTOR_SHIFT },
			.bi_end_io = wait_bio_end,
		},
	};

	init_completion(&wait.done);
	submit_bio(&wait.bio);
	wait_for_completion(&wait.done);
	return wait.bio.bi_status ? -EIO : 0;
}
