// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, pages and the containers that the kernel has and the C library has
 * not. Each piece is one of malloc()'s, which the sanitizer watches, and known
 * here, so that the end of a life can take it back, and a clean end can be
 * asked whether all was given back.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/mempool.h>
#include <linux/sort.h>
#include <linux/uuid.h>
#include <linux/xarray.h>

#include "model.h"

unsigned char shim_zero_page[4096] __aligned(4096);

/* Open addressing: where a piece is; TOMB is one that was given back. */
#define TOMB ((void *)1)

static void **pieces;
static size_t room, live, filled;
static u32 scarcity;

static size_t slot_of(const void *p)
{
	return ((u64)p >> 4) * 0x9e3779b97f4a7c15ULL >> 20 & (room - 1);
}

static void insert(void *p)
{
	size_t i;

	for (i = slot_of(p); pieces[i] && pieces[i] != TOMB; i = (i + 1) & (room - 1))
		;
	filled += !pieces[i];
	pieces[i] = p;
}

static void grow(void)
{
	void **old = pieces;
	size_t i, nr = room;

	room = max(room, live * 4 > room ? room * 2 : room);
	room = room ?: 1 << 16;
	pieces = calloc(room, sizeof(*pieces));
	filled = 0;
	for (i = 0; i < nr; i++)
		if (old[i] && old[i] != TOMB)
			insert(old[i]);
	free(old);
}

void *model_alloc(size_t size, gfp_t flags, size_t align)
{
	void *p;

	if ((flags & GFP_NOWAIT) && model_chance(scarcity))
		return NULL;
	if (align)
		p = aligned_alloc(align, round_up(size, align));
	else
		p = malloc(size);
	if (!p)
		model_fail("harness", "no memory");
	if (flags & __GFP_ZERO)
		memset(p, 0, size);
	if (2 * (filled + 1) > room)
		grow();
	insert(p);
	live++;
	return p;
}

void model_free(const void *p)
{
	size_t i;

	if (!p)
		return;
	for (i = slot_of(p); pieces[i] != p; i = (i + 1) & (room - 1))
		if (!pieces[i])
			model_die(__FILE__, __LINE__, "what is freed was never allocated");
	pieces[i] = TOMB;
	live--;
	free((void *)p);
}

size_t model_memory_live(void)
{
	return live;
}

void model_memory_reset(void)
{
	size_t i;

	for (i = 0; i < room; i++) {
		if (pieces[i] && pieces[i] != TOMB)
			free(pieces[i]);
		pieces[i] = NULL;
	}
	live = 0;
	filled = 0;
}

void model_set_scarcity(u32 per_thousand)
{
	scarcity = per_thousand;
}

/* --- pages: the reference count stands behind the data -------------------------- */

#define PAGE_FOOT 64

static int *page_refs(const struct page *page)
{
	return (int *)((char *)page + PAGE_SIZE);
}

struct page *alloc_page(gfp_t flags)
{
	struct page *page = model_alloc(PAGE_SIZE + PAGE_FOOT, flags, 4096);

	if (page)
		*page_refs(page) = 1;
	return page;
}

void get_page(struct page *page)
{
	++*page_refs(page);
}

void put_page(struct page *page)
{
	if (!--*page_refs(page))
		model_free(page);
}

int page_count(const struct page *page)
{
	return *page_refs(page);
}

/* --- mempools -------------------------------------------------------------------- */

void *mempool_alloc(mempool_t *pool, gfp_t flags)
{
	return pool->size ? kmalloc(pool->size, flags) : alloc_page(flags);
}

void mempool_free(void *p, mempool_t *pool)
{
	if (pool->size)
		kfree(p);
	else
		put_page(p);
}

int mempool_init_kmalloc_pool(mempool_t *pool, int nr, size_t size)
{
	pool->size = size;
	pool->order = 0;
	return 0;
}

int mempool_init_page_pool(mempool_t *pool, int nr, int order)
{
	pool->size = 0;
	pool->order = order;
	if (order)
		model_die(__FILE__, __LINE__, "a pool of larger pages");
	return 0;
}

mempool_t *mempool_create_kmalloc_pool(int nr, size_t size)
{
	mempool_t *pool = kmalloc(sizeof(*pool), GFP_KERNEL);

	mempool_init_kmalloc_pool(pool, nr, size);
	return pool;
}

void mempool_destroy(mempool_t *pool)
{
	kfree(pool);
}

/* --- xarrays ----------------------------------------------------------------------- */

void xa_init(struct xarray *xa)
{
	memset(xa, 0, sizeof(*xa));
}

void xa_destroy(struct xarray *xa)
{
	kfree(xa->entries);
	xa_init(xa);
}

/* The first entry that is not before an index. */
static unsigned long xa_at(const struct xarray *xa, unsigned long index)
{
	unsigned long low = 0, high = xa->nr;

	while (low < high) {
		unsigned long middle = (low + high) / 2;

		if (xa->entries[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void *shim_xa_find(const struct xarray *xa, unsigned long *index, unsigned long last)
{
	unsigned long at = xa_at(xa, *index);

	if (at == xa->nr || xa->entries[at].index > last)
		return NULL;
	*index = xa->entries[at].index;
	return xa->entries[at].value;
}

void *shim_xa_find_after(const struct xarray *xa, unsigned long *index, unsigned long last)
{
	unsigned long next = *index + 1;
	void *found = next ? shim_xa_find(xa, &next, last) : NULL;

	if (found)
		*index = next;
	return found;
}

void *xa_load(const struct xarray *xa, unsigned long index)
{
	model_point();
	return shim_xa_find(xa, &index, index);
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	unsigned long at = xa_at(xa, index);
	void *old = shim_xa_find(xa, &index, index);

	if (old) {
		xa->nr--;
		memmove(xa->entries + at, xa->entries + at + 1,
			(xa->nr - at) * sizeof(*xa->entries));
	}
	return old;
}

int xa_insert(struct xarray *xa, unsigned long index, void *value, gfp_t flags)
{
	unsigned long at = xa_at(xa, index);

	if (at < xa->nr && xa->entries[at].index == index)
		return -EBUSY;
	if (xa->nr == xa->room) {
		struct shim_xa_entry *entries;

		xa->room = 2 * xa->room + 4;
		entries = kmalloc_array(xa->room, sizeof(*entries), GFP_KERNEL);
		if (xa->nr)
			memcpy(entries, xa->entries, xa->nr * sizeof(*entries));
		kfree(xa->entries);
		xa->entries = entries;
	}
	memmove(xa->entries + at + 1, xa->entries + at, (xa->nr - at) * sizeof(*xa->entries));
	xa->entries[at].index = index;
	xa->entries[at].value = value;
	xa->nr++;
	return 0;
}

/* --- small ones ---------------------------------------------------------------------- */

/* By insertion, which keeps the order of equals: the same everywhere. */
void sort(void *base, size_t nr, size_t size, int (*compare)(const void *a, const void *b),
	  void *swap_func)
{
	char *at = base, held[256];
	size_t i, j;

	if (size > sizeof(held))
		model_die(__FILE__, __LINE__, "elements too large to be sorted");
	for (i = 1; i < nr; i++) {
		memcpy(held, at + i * size, size);
		for (j = i; j && compare(at + (j - 1) * size, held) > 0; j--)
			memcpy(at + j * size, at + (j - 1) * size, size);
		memcpy(at + j * size, held, size);
	}
}

void generate_random_uuid(u8 *uuid)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		uuid[i] = model_random();
}

ssize_t shim_strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	if (len == size)
		len--;
	memcpy(to, from, len);
	to[len] = '\0';
	return len;
}

int match_string(const char * const *names, size_t nr, const char *name)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -EINVAL;
}

int kstrtou64(const char *text, unsigned int base, u64 *ret)
{
	char *end;

	*ret = strtoull(text, &end, base);
	return *end || end == text ? -EINVAL : 0;
}

int kstrtou32(const char *text, unsigned int base, u32 *ret)
{
	u64 value;
	int err = kstrtou64(text, base, &value);

	*ret = value;
	return err ?: value > U32_MAX ? -ERANGE : 0;
}

int shim_emit(char *to, size_t space, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(to, space, format, args);
	va_end(args);
	return min_t(size_t, n, space - 1);
}
