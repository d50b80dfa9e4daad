// SPDX-License-Identifier: GPL-2.0-only
#include "footer_cache.h"

#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define WAYS	4
#define LOCKS	64
#define MAX_ROWS 1024		/* larger shards are not cached */

static unsigned int footer_cache_kib = 4096;
module_param(footer_cache_kib, uint, 0444);
MODULE_PARM_DESC(footer_cache_kib, "memory for stripe checksums, per pool (default 4096)");

struct footer_set {
	struct couche_footer_key key[WAYS];	/* generation 0: empty */
	unsigned int next;
};

struct couche_footer_cache {
	unsigned int rows;
	unsigned int bits;
	struct footer_set *sets;
	u32 *crcs;
	spinlock_t locks[LOCKS];
};

/**
 * couche_footer_cache_create() - Make a cache
 * @data_rows: checksums of most shards; 0 makes a cache that holds nothing
 *
 * Context: process; sleeps.
 * Return: the cache, or NULL when there is no memory.
 */
struct couche_footer_cache *couche_footer_cache_create(unsigned int data_rows)
{
	struct couche_footer_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	size_t shard = data_rows * sizeof(u32);
	unsigned int i;

	if (!cache || !data_rows || data_rows > MAX_ROWS)
		return cache;
	cache->bits = ilog2(max_t(size_t, 2, footer_cache_kib * 1024UL / (shard * WAYS)));
	cache->sets = kvcalloc(1UL << cache->bits, sizeof(*cache->sets), GFP_KERNEL);
	cache->crcs = kvmalloc_array(1UL << cache->bits, shard * WAYS, GFP_KERNEL);
	if (!cache->sets || !cache->crcs) {
		couche_footer_cache_free(cache);
		return NULL;
	}
	for (i = 0; i < LOCKS; i++)
		spin_lock_init(&cache->locks[i]);
	cache->rows = data_rows;
	return cache;
}

/**
 * couche_footer_cache_free() - Free a cache
 * @cache: may be NULL
 *
 * Context: process.
 */
void couche_footer_cache_free(struct couche_footer_cache *cache)
{
	if (!cache)
		return;
	kvfree(cache->sets);
	kvfree(cache->crcs);
	kfree(cache);
}

/* A shard with more rows takes several entries, a key each. */
static struct couche_footer_key part_key(const struct couche_footer_key *key, u32 part)
{
	struct couche_footer_key ret = *key;

	ret.shard += part * COUCHE_MAX_SHARDS;
	return ret;
}

static u32 hash_key(const struct couche_footer_cache *cache, const struct couche_footer_key *key)
{
	u64 where = ((u64)key->group << 32 | key->row) * 31 + key->shard;

	return hash_64(where, cache->bits);
}

static bool same(const struct couche_footer_key *a, const struct couche_footer_key *b)
{
	return a->group == b->group && a->row == b->row && a->generation == b->generation &&
	       a->shard == b->shard;
}

static u32 *entry_crcs(struct couche_footer_cache *cache, u32 set, unsigned int way)
{
	return cache->crcs + ((size_t)set * WAYS + way) * cache->rows;
}

static bool get_part(struct couche_footer_cache *cache, const struct couche_footer_key *key,
		     u32 first, u32 nr, u32 *crcs)
{
	bool found = false;
	unsigned int way;
	u32 set;

	set = hash_key(cache, key);
	spin_lock(&cache->locks[set % LOCKS]);
	for (way = 0; way < WAYS && !found; way++) {
		found = same(&cache->sets[set].key[way], key);
		if (found)
			memcpy(crcs, entry_crcs(cache, set, way) + first, nr * sizeof(u32));
	}
	spin_unlock(&cache->locks[set % LOCKS]);
	return found;
}

/**
 * couche_footer_cache_get() - Look up checksums of a shard
 * @cache: the cache
 * @key: the shard
 * @first: first row
 * @nr: rows
 * @crcs: where @nr checksums go; undefined when some were not there
 *
 * Context: process.
 * Return: whether they were there.
 */
bool couche_footer_cache_get(struct couche_footer_cache *cache,
			     const struct couche_footer_key *key, u32 first, u32 nr, u32 *crcs)
{
	if (!cache->rows)
		return false;
	if (likely(first + nr <= cache->rows))
		return get_part(cache, key, first, nr, crcs);
	while (nr) {
		struct couche_footer_key part = part_key(key, first / cache->rows);
		u32 from = first % cache->rows, n = min(nr, cache->rows - from);

		if (!get_part(cache, &part, from, n, crcs))
			return false;
		first += n;
		crcs += n;
		nr -= n;
	}
	return true;
}

static void put_part(struct couche_footer_cache *cache, const struct couche_footer_key *key,
		     u32 rows, const u32 *crcs)
{
	struct footer_set *s;
	unsigned int way;
	u32 set;

	set = hash_key(cache, key);
	s = &cache->sets[set];
	spin_lock(&cache->locks[set % LOCKS]);
	for (way = 0; way < WAYS; way++)
		if (same(&s->key[way], key))
			goto out;
	way = s->next++ % WAYS;
	s->key[way] = *key;
	memcpy(entry_crcs(cache, set, way), crcs, rows * sizeof(u32));
out:
	spin_unlock(&cache->locks[set % LOCKS]);
}

/**
 * couche_footer_cache_put() - Remember the checksums of a verified footer
 * @cache: the cache
 * @key: the shard
 * @rows: how many it has, which may be another number than that of the cache
 * @crcs: of all its rows
 *
 * Context: process.
 */
void couche_footer_cache_put(struct couche_footer_cache *cache,
			     const struct couche_footer_key *key, u32 rows, const u32 *crcs)
{
	u32 part;

	if (!cache->rows)
		return;
	for (part = 0; part * cache->rows < rows; part++) {
		u32 first = part * cache->rows;
		struct couche_footer_key one = part_key(key, part);

		put_part(cache, &one, min(rows - first, cache->rows), crcs + first);
	}
}
