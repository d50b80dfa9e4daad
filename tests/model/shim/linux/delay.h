/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_DELAY_H
#define SHIM_MODEL_DELAY_H

#include <linux/jiffies.h>
#include <linux/sched.h>

#define msleep(ms) schedule_timeout_uninterruptible(ms)
#define fsleep(us) schedule_timeout_uninterruptible((us) / 1000 + 1)

#endif
