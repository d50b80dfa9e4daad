/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_KTIME_H
#define SHIM_MODEL_KTIME_H

#include <linux/jiffies.h>

static inline ktime_t ktime_get(void)
{
	return (ktime_t)model_jiffies * NSEC_PER_MSEC;
}

static inline time64_t ktime_get_seconds(void)
{
	return model_jiffies / HZ;
}

#define ktime_get_boottime_seconds() ktime_get_seconds()
#define ktime_get_real_seconds() ktime_get_seconds()
#define ktime_add_ns(t, ns) ((t) + (s64)(ns))
#define ktime_before(a, b) ((a) < (b))
#define ktime_ms_delta(a, b) (((a) - (b)) / NSEC_PER_MSEC)

#endif
