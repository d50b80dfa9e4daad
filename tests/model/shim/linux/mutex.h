/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MUTEX_H
#define SHIM_MODEL_MUTEX_H

#include <linux/list.h>
#include <linux/wait.h>

struct mutex {
	u64 life;		/* one that was held when the machine died is free */
	struct model_task *owner;
	wait_queue_head_t wait;
};

#define DEFINE_MUTEX(name) struct mutex name

void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
bool model_mutex_held(const struct mutex *lock);

#define shim_held(lock) _Generic((lock), \
	spinlock_t *: model_is_atomic(), \
	struct mutex *: model_mutex_held((const void *)(lock)))
#define lockdep_assert_held(lock) WARN_ON(!shim_held(lock))

#endif
