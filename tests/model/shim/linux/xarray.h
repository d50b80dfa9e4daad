/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_XARRAY_H
#define SHIM_MODEL_XARRAY_H

/* A sorted array: small ones, whose order is what counts. */
#include <linux/types.h>

struct shim_xa_entry {
	unsigned long index;
	void *value;
};

struct xarray {
	unsigned long nr, room;
	struct shim_xa_entry *entries;
};

#define XA_PRESENT 0

void xa_init(struct xarray *xa);
void xa_destroy(struct xarray *xa);
void *xa_load(const struct xarray *xa, unsigned long index);
void *xa_erase(struct xarray *xa, unsigned long index);
int xa_insert(struct xarray *xa, unsigned long index, void *value, gfp_t flags);
void *shim_xa_find(const struct xarray *xa, unsigned long *index, unsigned long max);
void *shim_xa_find_after(const struct xarray *xa, unsigned long *index, unsigned long max);

#define xa_empty(xa) (!(xa)->nr)
#define xa_find(xa, index, max, filter) shim_xa_find(xa, index, max)
#define xa_find_after(xa, index, max, filter) shim_xa_find_after(xa, index, max)
#define xa_for_each_range(xa, index, value, first, last) \
	for ((index) = (first), (value) = shim_xa_find(xa, &(index), last); value; \
	     (value) = shim_xa_find_after(xa, &(index), last))
#define xa_for_each(xa, index, value) xa_for_each_range(xa, index, value, 0, ULONG_MAX)

#endif
