/* SPDX-License-Identifier: GPL-2.0-only */
/* malloc, so that the sanitizers see every object. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#define GFP_KERNEL 0u
#define GFP_NOIO 1u
#define GFP_NOWAIT 2u
#define __GFP_NOWARN 0u
#define __GFP_ZERO 0x100u

static inline void *kmalloc(size_t size, gfp_t flags)
{
	return flags & __GFP_ZERO ? calloc(1, size) : malloc(size);
}

static inline void *kzalloc(size_t size, gfp_t flags)
{
	(void)flags;
	return calloc(1, size);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t flags)
{
	(void)flags;
	return calloc(n, size);
}

static inline void *kmalloc_array(size_t n, size_t size, gfp_t flags)
{
	size_t bytes;

	(void)flags;
	return __builtin_mul_overflow(n, size, &bytes) ? NULL : malloc(bytes);
}

static inline void *kmemdup(const void *from, size_t size, gfp_t flags)
{
	void *to = kmalloc(size, flags);

	return to ? memcpy(to, from, size) : NULL;
}

static inline void kfree(const void *p)
{
	free((void *)p);
}

#define kvmalloc(size, flags) kmalloc(size, flags)
#define kvzalloc(size, flags) kzalloc(size, flags)
#define kvcalloc(n, size, flags) kcalloc(n, size, flags)
#define kvmalloc_array(n, size, flags) kmalloc_array(n, size, flags)
#define kvfree(p) kfree(p)

#endif
