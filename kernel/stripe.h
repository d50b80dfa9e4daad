/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stripe in memory: one extent with its parity, checksums and footers, and
 * reading and writing it as a whole or by rows. Relocation, promotion and
 * degraded reads use it.
 *
 * Stripes are large, so a pool has a few, made at activation:
 * couche_stripe_get() waits for one. Some of them are for urgent callers,
 * whom a bio waits for, so that background work never starves them. A stripe
 * belongs to one thread at a time.
 *
 * The buffers may be exchanged by any function that reads: a device that hangs
 * keeps those it was to read into.
 *
 * Data shards stand one after another, so that data is the extent's contents
 * in order, whatever the profile; the last shard's padding is zeros.
 */
#ifndef COUCHE_STRIPE_H
#define COUCHE_STRIPE_H

#include "core/types.h"
#include "stripe_memory.h"

struct couche_geometry;
struct couche_pool;

/* Which extent, and where it is. */
struct couche_stripe_id {
	u32 volume;
	couche_extent_t extent;
	struct couche_place place;
};

int couche_stripe_load(struct couche_pool *pool, struct couche_stripe *stripe,
		       const struct couche_stripe_id *id, u32 wanted, u32 row,
		       u32 rows);
u32 couche_stripe_check(struct couche_pool *pool, struct couche_stripe *stripe,
			const struct couche_stripe_id *id);
int couche_stripe_load_extent(struct couche_pool *pool, struct couche_stripe *stripe,
			      const struct couche_stripe_id *id);
void couche_stripe_blank(struct couche_stripe *stripe);
int couche_stripe_store(struct couche_pool *pool, struct couche_stripe *stripe,
			const struct couche_stripe_id *id);
int couche_stripe_fill(struct couche_pool *pool, struct couche_stripe *stripe,
		       const struct couche_stripe_id *id, u64 legs);
int couche_stripe_verify(struct couche_pool *pool, struct couche_stripe *stripe,
			 const struct couche_stripe_id *id);
u8 *couche_stripe_shard(const struct couche_stripe *stripe, const struct couche_geometry *geo,
			unsigned int shard);

/* What a footer of this shard must say. */
struct couche_footer;
void couche_stripe_expect(struct couche_pool *pool, const struct couche_stripe_id *id,
			  unsigned int shard, struct couche_footer *ret);

#endif /* COUCHE_STRIPE_H */
