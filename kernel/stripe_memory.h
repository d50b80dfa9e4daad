/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool's stripes and their buffers; stripe.h says what is done with them, who
 * gets a stripe and when.
 *
 * A stripe's buffers are its holder's, and exchanged by it alone: for others
 * when a device keeps them, and for larger ones when a shape needs it. They
 * are freed when neither the stripe nor a device has them.
 */
#ifndef COUCHE_STRIPE_MEMORY_H
#define COUCHE_STRIPE_MEMORY_H

#include <linux/list.h>
#include <linux/types.h>

struct couche_geometry;
struct couche_hold;
struct couche_pool;
struct couche_stripe_memory;

/*
 * Extents that one walk copies or checks at a time, and all walks together.
 * Disks are kept busy by what is on its way to them: md has hundreds of stripes.
 */
#define COUCHE_STRIPES_BACKGROUND	12

struct couche_stripe {
	struct list_head list;
	struct couche_stripe_memory *memory;	/* what follows points into */
	bool urgent;
	u32 bad;		/* bit per shard: what the last load found wrong */
	u8 *data;		/* k * data_rows blocks */
	u8 *parity;		/* m * data_rows blocks */
	u8 *footers;		/* (k + m) * footers blocks */
	u32 *crcs;		/* (k + m) * data_rows */
};

int couche_stripe_pool_create(struct couche_pool *pool);
int couche_stripe_pool_grow(struct couche_pool *pool, const struct couche_geometry *geo);
void couche_stripe_pool_free(struct couche_pool *pool);
struct couche_stripe *couche_stripe_get(struct couche_pool *pool, bool urgent);
void couche_stripe_put(struct couche_pool *pool, struct couche_stripe *stripe);

void couche_stripe_renew(struct couche_pool *pool, struct couche_stripe *stripe);
struct couche_hold *couche_stripe_hold(struct couche_stripe *stripe);
size_t couche_stripe_room(const struct couche_stripe *stripe);

#endif /* COUCHE_STRIPE_MEMORY_H */
