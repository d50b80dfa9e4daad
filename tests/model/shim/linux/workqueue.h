/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_WORKQUEUE_H
#define SHIM_MODEL_WORKQUEUE_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/wait.h>

struct work_struct;
struct workqueue_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	work_func_t func;
	struct list_head entry;
	struct workqueue_struct *wq;	/* where it was queued last */
	u64 ticket;			/* of its being queued */
	bool pending;
};

struct delayed_work {
	struct work_struct work;
	struct list_head timer;
	u64 expires;
	bool armed;
};

#define WQ_UNBOUND 1
#define WQ_MEM_RECLAIM 2
#define WQ_HIGHPRI 4
#define WQ_PERCPU 8

void model_init_work(struct work_struct *work, work_func_t func);
struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max);
void destroy_workqueue(struct workqueue_struct *wq);
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool flush_work(struct work_struct *work);
void flush_workqueue(struct workqueue_struct *wq);
void drain_workqueue(struct workqueue_struct *wq);
bool cancel_work_sync(struct work_struct *work);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, u64 delay);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, u64 delay);
bool cancel_delayed_work_sync(struct delayed_work *work);

#define alloc_ordered_workqueue(name, flags) alloc_workqueue(name, flags, 1)
#define INIT_WORK(work, func) model_init_work(work, func)
#define INIT_WORK_ONSTACK(work, func) model_init_work(work, func)
#define destroy_work_on_stack(work) ((void)(work))
#define INIT_DELAYED_WORK(dw, func) do { \
	model_init_work(&(dw)->work, func); \
	(dw)->armed = false; \
} while (0)
#define to_delayed_work(w) container_of(w, struct delayed_work, work)

#endif
