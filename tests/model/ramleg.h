/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A leg in memory, with a volatile cache: what was written since the last
 * flush is on the medium whole, in part or not at all, once the power fails.
 *
 * Legs outlive the machine. What is wrong with one is set here, by whoever
 * plays the fault, and may be changed at any time.
 */
#ifndef MODEL_RAMLEG_H
#define MODEL_RAMLEG_H

#include "model.h"

struct model_write;

/* How a block reads, which holds what was written nevertheless. */
enum model_garble {
	GARBLE_NOT,
	GARBLE_DATA,		/* as something else */
	GARBLE_ERROR,		/* not at all */
};

struct model_leg {
	struct block_device bdev;
	char name[8];
	u8 *now;		/* what is read */
	u8 *medium;		/* what is there without power */
	u64 *since;		/* of each sector of the medium: the clock */
	u8 *garbled;		/* of each block: enum model_garble */
	struct model_write *cache;
	unsigned int nr_cache, room_cache;
	unsigned int tear;	/* sectors that are on the medium together */
	bool zeroes;		/* it can write-zeroes */
	bool data;		/* what clients write has its place there */
	u64 slow;		/* sectors, from the first: other things are often done before */
	bool gone;		/* it is pulled: nothing is answered but errors */
	u32 read_errors, write_errors, flush_errors;	/* per thousand */
	u32 blind;		/* likewise: reads of more than superblocks fail */
	u64 nr_errors;		/* that it gave */
};

void model_leg_init(struct model_leg *leg, unsigned int nr, u64 sectors);
void model_leg_wipe(struct model_leg *leg, u64 sectors);
void model_leg_heal(struct model_leg *leg);
blk_status_t model_leg_do(struct model_leg *leg, struct bio *bio);
void model_leg_cut(struct model_leg *leg, struct bio *bio);
void model_leg_power_off(struct model_leg *leg, bool all);

void model_leg_garble(struct model_leg *leg, u64 sector, bool error);
void model_leg_ungarble(struct model_leg *leg);
void model_leg_put(struct model_leg *leg, u64 sector, const u8 *data);
void model_leg_spare_errors(void);

/* layout.c */
struct model_leg *model_find_leg(const char *name);

#endif /* MODEL_RAMLEG_H */
