// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work queues: a thread for each work under way. As the kernel's, one work is
 * never run twice at a time, and may be queued again, or freed, by itself.
 */
#include "model.h"

#define WORKERS	48

struct worker {
	struct workqueue_struct *wq;
	struct work_struct *work;	/* NULL: idle; may be freed meanwhile */
	work_func_t func;
	u64 ticket;
};

struct workqueue_struct {
	const char *name;
	int max, active;
	struct list_head queue;
	wait_queue_head_t changed;
	struct worker workers[WORKERS];
};

static u64 tickets;
static LIST_HEAD(timers);

void model_init_work(struct work_struct *work, work_func_t func)
{
	work->func = func;
	work->wq = NULL;
	work->ticket = 0;
	work->pending = false;
	INIT_LIST_HEAD(&work->entry);
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);

	wq->name = name;
	wq->max = max && max < WORKERS ? max : WORKERS;
	INIT_LIST_HEAD(&wq->queue);
	init_waitqueue_head(&wq->changed);
	return wq;
}

static bool is_running(const struct workqueue_struct *wq, const struct work_struct *work)
{
	int i;

	for (i = 0; i < wq->max; i++)
		if (wq->workers[i].work == work && wq->workers[i].func == work->func)
			return true;
	return false;
}

static void dispatch(struct workqueue_struct *wq);

static void worker_main(void *arg)
{
	struct worker *worker = arg;
	struct workqueue_struct *wq = worker->wq;

	worker->func(worker->work);
	worker->work = NULL;
	wq->active--;
	dispatch(wq);
	/* Whoever destroys the queue may go on now: it is not touched again. */
	wake_up(&wq->changed);
}

static void start(struct workqueue_struct *wq, struct work_struct *work)
{
	struct worker *worker = wq->workers;

	while (worker->work)
		worker++;
	list_del_init(&work->entry);
	work->pending = false;
	worker->wq = wq;
	worker->work = work;
	worker->func = work->func;
	worker->ticket = work->ticket;
	wq->active++;
	model_spawn(wq->name, worker_main, worker);
}

static void dispatch(struct workqueue_struct *wq)
{
	struct work_struct *work, *next;

	list_for_each_entry_safe(work, next, &wq->queue, entry) {
		if (wq->active == wq->max)
			return;
		if (!is_running(wq, work))
			start(wq, work);
	}
}

static bool queue_now(struct workqueue_struct *wq, struct work_struct *work)
{
	if (work->pending)
		return false;
	work->pending = true;
	work->ticket = ++tickets;
	work->wq = wq;
	list_add_tail(&work->entry, &wq->queue);
	dispatch(wq);
	return true;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	bool queued;

	model_point();
	queued = queue_now(wq, work);
	model_point();
	return queued;
}

/* Is something of it, queued up to then, not over? */
static bool is_busy(const struct workqueue_struct *wq, u64 first, u64 last)
{
	struct work_struct *work;
	int i;

	for (i = 0; i < wq->max; i++)
		if (wq->workers[i].work && wq->workers[i].ticket >= first &&
		    wq->workers[i].ticket <= last)
			return true;
	list_for_each_entry(work, &wq->queue, entry)
		if (work->ticket >= first && work->ticket <= last)
			return true;
	return false;
}

bool flush_work(struct work_struct *work)
{
	struct workqueue_struct *wq = work->wq;
	u64 ticket = work->ticket;

	if (!wq || !is_busy(wq, ticket, ticket))
		return false;
	wait_event(wq->changed, !is_busy(wq, ticket, ticket));
	return true;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	u64 last = tickets;

	wait_event(wq->changed, !is_busy(wq, 0, last));
}

void drain_workqueue(struct workqueue_struct *wq)
{
	wait_event(wq->changed, !is_busy(wq, 0, U64_MAX));
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	drain_workqueue(wq);
	kfree(wq);
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was = work->pending;

	if (was) {
		list_del_init(&work->entry);
		work->pending = false;
		wake_up(&work->wq->changed);
	}
	flush_work(work);
	return was;
}

/* --- with a delay -------------------------------------------------------------- */

static void disarm(struct delayed_work *dw)
{
	if (!dw->armed)
		return;
	dw->armed = false;
	list_del_init(&dw->timer);
}

static void arm(struct workqueue_struct *wq, struct delayed_work *dw, u64 delay)
{
	dw->work.wq = wq;
	dw->expires = model_jiffies + delay;
	dw->armed = true;
	list_add_tail(&dw->timer, &timers);
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *dw, u64 delay)
{
	if (dw->armed || dw->work.pending)
		return false;
	if (!delay)
		return queue_work(wq, &dw->work);
	arm(wq, dw, delay);
	return true;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dw, u64 delay)
{
	bool was = dw->armed || dw->work.pending;

	disarm(dw);
	if (dw->work.pending) {
		list_del_init(&dw->work.entry);
		dw->work.pending = false;
	}
	if (delay)
		arm(wq, dw, delay);
	else
		queue_work(wq, &dw->work);
	return was;
}

bool cancel_delayed_work_sync(struct delayed_work *dw)
{
	bool was = dw->armed;

	/* One that is running may have armed itself again. */
	do {
		disarm(dw);
		was |= cancel_work_sync(&dw->work);
	} while (dw->armed || dw->work.pending);
	return was;
}

u64 model_timers_next(void)
{
	struct delayed_work *dw;
	u64 next = U64_MAX;

	list_for_each_entry(dw, &timers, timer)
		next = min(next, dw->expires);
	return next;
}

void model_timers_run(void)
{
	struct delayed_work *dw, *next;

	list_for_each_entry_safe(dw, next, &timers, timer) {
		if (dw->expires > model_jiffies)
			continue;
		disarm(dw);
		queue_now(dw->work.wq, &dw->work);
	}
}

void model_timers_reset(void)
{
	INIT_LIST_HEAD(&timers);
}
