/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_JIFFIES_H
#define SHIM_MODEL_JIFFIES_H

#include <linux/types.h>

#define HZ 1000
#define MSEC_PER_SEC 1000L
#define USEC_PER_MSEC 1000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_SEC 1000000000L

extern u64 model_jiffies;

#define jiffies ((unsigned long)model_jiffies)
#define msecs_to_jiffies(ms) ((unsigned long)(ms))
#define jiffies_to_msecs(j) ((unsigned int)(j))
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)

#endif
