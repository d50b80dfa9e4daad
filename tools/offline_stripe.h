/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One erasure-coded extent, read from the legs and judged shard by shard: who
 * each footer says it is, the checksum of every block, and whether the parity
 * is what the data gives.
 *
 * A stripe is memory for extents of one shape, reused for one after the other.
 * One thread; the owner destroys it. A shard that is not good is a state with
 * a reason, not an error; only memory running out ends the program.
 */
#ifndef COUCHE_TOOLS_OFFLINE_STRIPE_H
#define COUCHE_TOOLS_OFFLINE_STRIPE_H

#include "kernel/core/codec.h"
#include "kernel/core/geometry.h"
#include "kernel/core/record.h"
#include "offline.h"

enum couche_shard_state {
	COUCHE_SHARD_MISSING,	/* no leg, or nothing was ever written */
	COUCHE_SHARD_UNREADABLE,	/* the device says so */
	COUCHE_SHARD_STALE,	/* a sound footer of another time or extent */
	COUCHE_SHARD_LYING,	/* not what was written */
	COUCHE_SHARD_GOOD,
};

#define COUCHE_NR_SHARD_STATES	5

/* Which extent is expected where. */
struct couche_stripe_id {
	u32 volume;
	u64 extent;
	u32 generation;
	u32 group;
	u32 row;
	struct couche_segment seg[COUCHE_MAX_SHARDS];
};

struct couche_offline_stripe {
	struct couche_profile profile;
	struct couche_geometry geo;
	struct couche_codec *codec;
	u8 *memory;
	u8 *parity[COUCHE_MAX_SHARDS];	/* computed anew */
	u8 *shard[COUCHE_MAX_SHARDS];	/* rows, footers included */
	u32 *crcs;			/* of one shard */
	enum couche_shard_state state[COUCHE_MAX_SHARDS];
	const char *field[COUCHE_MAX_SHARDS];	/* what is wrong */
	u32 good;			/* bit per shard */
};

void couche_offline_stripe_init(struct couche_offline_stripe *st,
				const struct couche_profile *profile, u32 extent_sectors);
void couche_offline_stripe_reshape(struct couche_offline_stripe *st,
				   const struct couche_profile *profile, u32 extent_sectors);
void couche_offline_stripe_destroy(struct couche_offline_stripe *st);
u64 couche_offline_shard_sector(const struct couche_offline *o, u32 segment, u32 row);
void couche_offline_stripe_begin(struct couche_offline_stripe *st);
void couche_offline_stripe_load_shard(struct couche_offline_stripe *st,
				      const struct couche_offline *o,
				      const struct couche_stripe_id *id, unsigned int shard);
void couche_offline_stripe_load(struct couche_offline_stripe *st,
				const struct couche_offline *o,
				const struct couche_stripe_id *id);
bool couche_offline_stripe_restore(struct couche_offline_stripe *st);
u32 couche_offline_stripe_wrong_parity(struct couche_offline_stripe *st);

#endif
