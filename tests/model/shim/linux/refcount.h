/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_REFCOUNT_H
#define SHIM_MODEL_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/bug.h>

typedef struct {
	atomic_t refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}

static inline void refcount_inc(refcount_t *r)
{
	WARN_ON(atomic_inc_return(&r->refs) <= 1);
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	int left = atomic_add_return(-1, &r->refs);

	WARN_ON(left < 0);
	return !left;
}

#endif
