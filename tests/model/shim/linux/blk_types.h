/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BLK_TYPES_H
#define SHIM_MODEL_BLK_TYPES_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/types.h>

#define SECTOR_SHIFT 9
#define BIO_MAX_VECS 256
#define BIO_POOL_SIZE 2
#define BIOSET_NEED_BVECS 1
#define BIO_CHAIN 0

#define BLK_STS_OK ((blk_status_t)0)
#define BLK_STS_TIMEOUT ((blk_status_t)2)
#define BLK_STS_NOSPC ((blk_status_t)3)
#define BLK_STS_IOERR ((blk_status_t)10)
#define BLK_STS_AGAIN ((blk_status_t)12)

#define REQ_OP_READ 0u
#define REQ_OP_WRITE 1u
#define REQ_OP_DISCARD 3u
#define REQ_OP_WRITE_ZEROES 9u
#define REQ_OP_MASK 0xffu
#define REQ_SYNC (1u << 8)
#define REQ_META (1u << 9)
#define REQ_FUA (1u << 10)
#define REQ_PREFLUSH (1u << 11)
#define REQ_NOWAIT (1u << 12)
#define REQ_POLLED (1u << 13)
#define REQ_IDLE (1u << 14)
#define REQ_RAHEAD (1u << 15)

struct gendisk;
struct model_leg;

struct block_device {
	dev_t bd_dev;
	struct gendisk *bd_disk;
	u64 sectors;
	struct model_leg *leg;
	unsigned int opens;
};

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
};

struct bvec_iter {
	sector_t bi_sector;
	unsigned int bi_size;
	unsigned int bi_idx;
	unsigned int bi_bvec_done;
};

struct bvec_iter_all {
	unsigned int idx;
};

struct bio_set {
	unsigned int front;
};

struct bio {
	struct bio *bi_next;
	struct block_device *bi_bdev;
	blk_opf_t bi_opf;
	unsigned short bi_flags;
	unsigned short bi_ioprio;
	blk_status_t bi_status;
	bool in_flight;
	atomic_t __bi_remaining;
	struct bvec_iter bi_iter;
	void (*bi_end_io)(struct bio *bio);
	void *bi_private;
	unsigned short bi_vcnt;
	unsigned short bi_max_vecs;
	struct bio_vec *bi_io_vec;
	struct bio_set *bi_pool;
	u64 submitted;		/* bio.c: the device's clock then */
};

typedef void bio_end_io_t(struct bio *bio);

#endif
