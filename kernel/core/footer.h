/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The footer of a shard: which shard of which extent this is, and one crc32c
 * (seeded like every checksum of the pool) per 4 KiB block of its data.
 *
 * A shard of many rows has several footer blocks, each with the same identity
 * and its own share of the checksums. Pure functions on the caller's buffers,
 * any context. Blocks are aligned to 8 bytes.
 *
 * couche_footer_identify() is for who has no map to say what should be there.
 *
 * A footer that does not decode means that the shard is lost: it is rebuilt
 * from the others and never returned. *field says why (see field.h).
 */
#ifndef COUCHE_CORE_FOOTER_H
#define COUCHE_CORE_FOOTER_H

#include <linux/types.h>

#include "types.h"

/* What a footer claims, and what a reader expects. */
struct couche_footer {
	u8 pool_uuid[COUCHE_UUID_SIZE];
	couche_extent_t extent;
	u32 volume;
	u32 generation;
	couche_group_t group;
	couche_row_t row;	/* first row of the shard */
	u32 extent_sectors;
	u32 born;		/* the volume; no part of the identity */
	u16 rows;		/* footers included */
	u16 footers;
	u8 shard;
	u8 k;
	u8 m;
	u8 matrix;
};

unsigned int couche_footer_blocks(unsigned int data_rows);
unsigned int couche_footer_share(const struct couche_footer *f, unsigned int n);
void couche_footer_encode(const struct couche_footer *f, unsigned int n,
			  const u32 *crcs, void *block, u32 seed);
int couche_footer_decode(const void *block, const struct couche_footer *expected,
			 unsigned int n, u32 seed, u32 *crcs, const char **field);
int couche_footer_identify(const void *block, u32 seed, struct couche_footer *ret,
			   unsigned int *n, const char **field);

#endif
