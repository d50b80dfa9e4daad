/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BIO_H
#define SHIM_MODEL_BIO_H

#include <linux/blk_types.h>
#include <linux/bvec.h>
#include <linux/kernel.h>
#include <linux/slab.h>

struct bio_list {
	struct bio *head, *tail;
};

int bioset_init(struct bio_set *bs, unsigned int nr, unsigned int front, int flags);
void bioset_exit(struct bio_set *bs);
struct bio *bio_alloc_bioset(struct block_device *bdev, unsigned short vecs, blk_opf_t opf,
			     gfp_t gfp, struct bio_set *bs);
struct bio *bio_alloc_clone(struct block_device *bdev, struct bio *from, gfp_t gfp,
			    struct bio_set *bs);
void bio_put(struct bio *bio);
void bio_endio(struct bio *bio);
int bio_add_page(struct bio *bio, struct page *page, unsigned int len, unsigned int off);
void submit_bio(struct bio *bio);
void bio_advance_iter(const struct bio *bio, struct bvec_iter *iter, unsigned int bytes);
void zero_fill_bio(struct bio *bio);
int errno_to_shim_status(int err);

#define submit_bio_noacct(bio) submit_bio(bio)
#define __bio_add_page(bio, page, len, off) ((void)bio_add_page(bio, page, len, off))
#define bio_advance_iter_single(bio, iter, bytes) bio_advance_iter(bio, iter, bytes)
#define bio_op(bio) ((bio)->bi_opf & REQ_OP_MASK)
#define op_is_write(op) ((op) & 1u)
#define bio_sectors(bio) ((bio)->bi_iter.bi_size >> SECTOR_SHIFT)
#define bio_set_dev(bio, bdev) ((void)((bio)->bi_bdev = (bdev)))
#define bio_clear_flag(bio, flag) ((void)((bio)->bi_flags &= ~(1u << (flag))))
#define bio_clone_blkg_association(to, from) ((void)(to), (void)(from))
#define errno_to_blk_status(err) ((blk_status_t)errno_to_shim_status(err))

static inline bool bio_has_data(const struct bio *bio)
{
	return bio->bi_iter.bi_size && bio_op(bio) <= REQ_OP_WRITE;
}

static inline struct bio_vec bio_iter_iovec(const struct bio *bio, struct bvec_iter iter)
{
	struct bio_vec bv = bio->bi_io_vec[iter.bi_idx];

	bv.bv_offset += iter.bi_bvec_done;
	bv.bv_len -= iter.bi_bvec_done;
	bv.bv_len = min(bv.bv_len, iter.bi_size);
	return bv;
}

#define __bio_for_each_segment(bv, bio, iter, start) \
	for ((iter) = (start); (iter).bi_size && ((bv) = bio_iter_iovec(bio, iter), 1); \
	     bio_advance_iter(bio, &(iter), (bv).bv_len))
#define bio_for_each_segment(bv, bio, iter) \
	__bio_for_each_segment(bv, bio, iter, (bio)->bi_iter)
#define bio_for_each_segment_all(bv, bio, iter) \
	for ((iter).idx = 0; \
	     (iter).idx < (bio)->bi_vcnt && ((bv) = &(bio)->bi_io_vec[(iter).idx], 1); \
	     (iter).idx++)

static inline void bio_list_init(struct bio_list *list)
{
	list->head = NULL;
	list->tail = NULL;
}

static inline bool bio_list_empty(const struct bio_list *list)
{
	return !list->head;
}

static inline void bio_list_add(struct bio_list *list, struct bio *bio)
{
	bio->bi_next = NULL;
	if (list->tail)
		list->tail->bi_next = bio;
	else
		list->head = bio;
	list->tail = bio;
}

static inline struct bio *bio_list_pop(struct bio_list *list)
{
	struct bio *bio = list->head;

	if (bio) {
		list->head = bio->bi_next;
		if (!list->head)
			list->tail = NULL;
		bio->bi_next = NULL;
	}
	return bio;
}

#endif
