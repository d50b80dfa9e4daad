/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relocation: the one engine that moves an extent, for migration, promotion
 * and repair. Its four steps are the product's promise:
 *
 *   ANALYZE     the extent is mapped, the target tier takes it, rows are found
 *   SCALE UP    read, verify, lay over it what is staged, encode, write all shards
 *   WAIT SYNC   flush, read back when asked; commit unless a write came between
 *   SCALE DOWN  the old rows are freed, once the commit is durable
 *
 * Until the commit section the old copy is the only truth, and any failure
 * leaves it so. A write in between throws the copy away; after three times
 * the extent is owned while it is copied, and writes wait.
 */
#ifndef COUCHE_RELOCATE_H
#define COUCHE_RELOCATE_H

#include "volume.h"

enum couche_relocate_flag {
	RELOCATE_OWNED	= 1 << 0,	/* the caller owns the extent already */
	RELOCATE_URGENT	= 1 << 1,	/* a bio waits */
	RELOCATE_VERIFY	= 1 << 2,	/* read the new copy back */
	RELOCATE_REPAIR	= 1 << 3,	/* within its tier, onto no fewer healthy legs */
	RELOCATE_PRESERVE = 1 << 4,	/* keep the source copy, preserve.h */
	RELOCATE_DESTAGE = 1 << 5,	/* within its tier, if some of it is staged */
	RELOCATE_BETTER	= 1 << 6,	/* with REPAIR: onto more healthy legs than now */
};

struct couche_relocation {
	struct couche_volume *volume;
	couche_extent_t extent;
	u8 tier;			/* RELOCATE_REPAIR, RELOCATE_DESTAGE: out */
	u32 flags;			/* enum couche_relocate_flag */
	u32 generation;			/* RELOCATE_REPAIR: only the extent of this one */
	u64 batch;			/* out: commit that makes it durable */
	u32 races;			/* out: copies thrown away */
	const char *why;		/* out: of a failure */
};

int couche_relocate(struct couche_relocation *r);
int couche_relocate_patiently(struct couche_relocation *r, bool (*goes_on)(void *who), void *who);

#endif /* COUCHE_RELOCATE_H */
