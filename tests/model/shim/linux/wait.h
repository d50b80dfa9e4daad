/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_WAIT_H
#define SHIM_MODEL_WAIT_H

/* Sleeping until somebody wakes: the condition is looked at after queueing. */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct model_task;

typedef struct {
	u64 life;		/* of the machine; what an earlier one left does not count */
	struct model_task *first;
} wait_queue_head_t;

void init_waitqueue_head(wait_queue_head_t *wq);
void wake_up(wait_queue_head_t *wq);
void shim_wait_prepare(wait_queue_head_t *wq, const char *where, int line);
void model_wait_finish(void);
/* Sleeps unless woken since it was prepared; until: jiffies, 0 for ever. False: in vain. */
bool model_wait_sleep(u64 until);

#define wake_up_all(wq) wake_up(wq)

#define wait_event(wq, cond) do { \
	for (;;) { \
		shim_wait_prepare(&(wq), __func__, __LINE__); \
		if (cond) \
			break; \
		model_wait_sleep(0); \
	} \
	model_wait_finish(); \
} while (0)

#define wait_event_timeout(wq, cond, timeout) ({ \
	u64 shim_until = jiffies + (timeout) + 1; \
	long shim_left = 0; \
	for (;;) { \
		shim_wait_prepare(&(wq), __func__, __LINE__); \
		if (cond) { \
			shim_left = shim_until > jiffies ? shim_until - jiffies : 1; \
			break; \
		} \
		if (jiffies >= shim_until) \
			break; \
		model_wait_sleep(shim_until); \
	} \
	model_wait_finish(); \
	shim_left; \
})

#define wait_event_lock_irq(wq, cond, lock) do { \
	for (;;) { \
		shim_wait_prepare(&(wq), __func__, __LINE__); \
		if (cond) \
			break; \
		spin_unlock_irq(&(lock)); \
		model_wait_sleep(0); \
		spin_lock_irq(&(lock)); \
	} \
	model_wait_finish(); \
} while (0)

#endif
