/* SPDX-License-Identifier: GPL-2.0-only */
/* Real mutual exclusion: unit tests run threads. */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <pthread.h>

#define spinlock_t pthread_mutex_t
#define spin_lock_init(lock) pthread_mutex_init(lock, NULL)
#define spin_lock(lock) ((void)pthread_mutex_lock(lock))
#define spin_unlock(lock) ((void)pthread_mutex_unlock(lock))

#endif
