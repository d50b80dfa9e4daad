/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checksums of stripes that were read lately, so that a small read needs no
 * second one for its footer.
 *
 * Fixed in size, set by the module parameter footer_cache_kib, four entries a
 * set, replaced in turn. An entry is found by where the shard lies and its
 * generation, so a moved extent never meets an old one. Safe from any process
 * context; a spinlock per set of sets is held for a copy of at most 4 KiB.
 */
#ifndef COUCHE_FOOTER_CACHE_H
#define COUCHE_FOOTER_CACHE_H

#include "core/types.h"

struct couche_footer_cache;

struct couche_footer_key {
	u32 group;
	u32 row;
	u32 generation;
	u32 shard;
};

struct couche_footer_cache *couche_footer_cache_create(unsigned int data_rows);
void couche_footer_cache_free(struct couche_footer_cache *cache);
bool couche_footer_cache_get(struct couche_footer_cache *cache,
			     const struct couche_footer_key *key, u32 first, u32 nr, u32 *crcs);
void couche_footer_cache_put(struct couche_footer_cache *cache,
			     const struct couche_footer_key *key, u32 rows, const u32 *crcs);

#endif /* COUCHE_FOOTER_CACHE_H */
