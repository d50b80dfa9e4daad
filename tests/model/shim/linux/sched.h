/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_SCHED_H
#define SHIM_MODEL_SCHED_H

#include <linux/model.h>
#include <linux/mutex.h>
#include <linux/wait.h>

void schedule_timeout_uninterruptible(u64 timeout);

#endif
