/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_COMPLETION_H
#define SHIM_MODEL_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done;
	wait_queue_head_t wait;
};

static inline void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

static inline void complete(struct completion *x)
{
	/* Whoever waits may be gone as soon as it is done. */
	model_atomic_begin();
	x->done++;
	wake_up(&x->wait);
	model_atomic_end();
	model_point();
}

static inline void wait_for_completion(struct completion *x)
{
	wait_event(x->wait, x->done);
	x->done--;
}

#define wait_for_completion_io(x) wait_for_completion(x)

#endif
