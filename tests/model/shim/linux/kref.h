/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_KREF_H
#define SHIM_MODEL_KREF_H

#include <linux/mutex.h>
#include <linux/refcount.h>

struct kref {
	refcount_t refcount;
};

static inline void kref_init(struct kref *kref)
{
	refcount_set(&kref->refcount, 1);
}

static inline void kref_get(struct kref *kref)
{
	refcount_inc(&kref->refcount);
}

static inline int kref_put_mutex(struct kref *kref, void (*release)(struct kref *kref),
				 struct mutex *lock)
{
	mutex_lock(lock);
	if (refcount_dec_and_test(&kref->refcount)) {
		release(kref);
		return 1;
	}
	mutex_unlock(lock);
	return 0;
}

#endif
