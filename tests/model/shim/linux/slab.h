/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_SLAB_H
#define SHIM_MODEL_SLAB_H

/* Memory that is known by the model: a kill gives all of it back. */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/string.h>
#include <linux/types.h>

#define GFP_KERNEL 0u
#define GFP_NOIO 1u
#define GFP_NOWAIT 2u
#define __GFP_NOWARN 0u
#define __GFP_NORETRY 0u
#define __GFP_ZERO 0x100u

void *model_alloc(size_t size, gfp_t flags, size_t align);
void model_free(const void *p);

static inline bool gfpflags_allow_blocking(gfp_t flags)
{
	return !(flags & GFP_NOWAIT);
}

static inline void *kmalloc(size_t size, gfp_t flags)
{
	return model_alloc(size, flags, 0);
}

static inline void *kzalloc(size_t size, gfp_t flags)
{
	return model_alloc(size, flags | __GFP_ZERO, 0);
}

static inline void *kmalloc_array(size_t n, size_t size, gfp_t flags)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : model_alloc(bytes, flags, 0);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t flags)
{
	return kmalloc_array(n, size, flags | __GFP_ZERO);
}

static inline void *kmemdup(const void *from, size_t size, gfp_t flags)
{
	void *to = kmalloc(size, flags);

	return to ? memcpy(to, from, size) : NULL;
}

static inline void kfree(const void *p)
{
	model_free(p);
}

#define kvmalloc(size, flags) kmalloc(size, flags)
#define kvzalloc(size, flags) kzalloc(size, flags)
#define kvcalloc(n, size, flags) kcalloc(n, size, flags)
#define kvmalloc_array(n, size, flags) kmalloc_array(n, size, flags)
#define kvfree(p) kfree(p)
#define vmalloc(size) model_alloc(size, GFP_KERNEL, 4096)
#define vzalloc(size) model_alloc(size, GFP_KERNEL | __GFP_ZERO, 4096)
#define vfree(p) kfree(p)

#endif
