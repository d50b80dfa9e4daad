/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_SPINLOCK_H
#define SHIM_MODEL_SPINLOCK_H

/* Who holds one is not preempted, and must not sleep: so nobody ever spins. */
#include <linux/bug.h>
#include <linux/list.h>
#include <linux/model.h>

#define rcu_read_lock() model_atomic_begin()
#define rcu_read_unlock() model_atomic_end()
#define synchronize_rcu() model_point()

typedef struct {
	bool held;
} spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = false;
}

static inline void spin_lock(spinlock_t *lock)
{
	model_point();
	if (lock->held)
		model_die(__FILE__, __LINE__, "a spin lock is taken twice");
	lock->held = true;
	model_atomic_begin();
}

static inline void spin_unlock(spinlock_t *lock)
{
	if (!lock->held)
		model_die(__FILE__, __LINE__, "a spin lock is released that is not held");
	lock->held = false;
	model_atomic_end();
	model_point();
}

#define spin_lock_irq(lock) spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)
#define spin_lock_irqsave(lock, flags) do { \
	(flags) = 0; \
	spin_lock(lock); \
} while (0)
#define spin_unlock_irqrestore(lock, flags) do { \
	(void)(flags); \
	spin_unlock(lock); \
} while (0)

#endif
