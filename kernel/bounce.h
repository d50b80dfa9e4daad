/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Volumes' bios to legs through pages that may outlive them.
 *
 * A bio that a device has cannot be taken back (flight.h), and its submitter's
 * pages are the submitter's again when it ends. So what may be given up is read
 * into pages of ours and copied from there; and written from the submitter's
 * pages with references of ours on them, or, where a page cannot be referred
 * to, such as one of slab memory, from a copy. That is asked for only in a pool
 * with a leg_timeout. A write that was given up goes on reading those pages: who
 * cannot do without the leg keeps the bounce, and with it the submitter's bio,
 * until the device has let go (couche_bounce_put_kept()).
 *
 * A bounce belongs to whoever made it and, from couche_bounce_send() on, to the
 * device too. Pages that are read into are limited for each pool; beyond that,
 * and without memory, NULL is returned, and the caller uses the bio as it is,
 * without giving up.
 */
#ifndef COUCHE_BOUNCE_H
#define COUCHE_BOUNCE_H

#include <linux/blk_types.h>
#include <linux/llist.h>

struct couche_bounce;
struct couche_leg;
struct couche_pool;

/* Any context, also interrupt; the bounce is the caller's to put. */
typedef void (*couche_bounce_done_t)(struct couche_bounce *bounce, void *private,
				     blk_status_t status);

#define COUCHE_BOUNCE_MAX_BYTES	((unsigned int)BIO_MAX_VECS << PAGE_SHIFT)

int couche_bounce_init(struct couche_pool *pool);
struct couche_bounce *couche_bounce_alloc(struct couche_leg *leg, sector_t sector, blk_opf_t opf,
					  unsigned int bytes, gfp_t gfp);
struct couche_bounce *couche_bounce_read(struct couche_leg *leg, sector_t sector, blk_opf_t opf,
					 unsigned int bytes, gfp_t gfp);
void couche_bounce_send(struct couche_bounce *bounce, couche_bounce_done_t done, void *private);
void couche_bounce_put(struct couche_bounce *bounce);
void couche_bounce_keep(struct couche_bounce *bounce, struct llist_head *kept);
void couche_bounce_put_kept(struct llist_head *kept, atomic_t *pending,
			    void (*landed)(void *private), void *private);
struct couche_leg *couche_bounce_leg(const struct couche_bounce *bounce);
void *couche_bounce_block(struct couche_bounce *bounce, unsigned int i);
void couche_bounce_copy(struct bio *bio, struct bvec_iter *iter, const void *from,
			unsigned int bytes);
void couche_bounce_write(struct couche_leg *leg, sector_t sector, struct bio *from,
			 atomic_t *pending, couche_bounce_done_t done, void *private);
int couche_bounce_write_wait(struct couche_leg *leg, sector_t sector, struct bio *from);

#endif /* COUCHE_BOUNCE_H */
