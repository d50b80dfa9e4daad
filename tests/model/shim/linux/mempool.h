/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MEMPOOL_H
#define SHIM_MODEL_MEMPOOL_H

#include <linux/mm.h>
#include <linux/slab.h>

typedef struct {
	size_t size;		/* 0: pages */
	int order;
} mempool_t;

void *mempool_alloc(mempool_t *pool, gfp_t flags);
void mempool_free(void *p, mempool_t *pool);
mempool_t *mempool_create_kmalloc_pool(int nr, size_t size);
void mempool_destroy(mempool_t *pool);
int mempool_init_kmalloc_pool(mempool_t *pool, int nr, size_t size);
int mempool_init_page_pool(mempool_t *pool, int nr, int order);

#define mempool_exit(pool) ((void)(pool))

#endif
