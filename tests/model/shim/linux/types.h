/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_TYPES_H
#define SHIM_MODEL_TYPES_H

#include_next <linux/types.h>
#include <limits.h>

typedef u32 blk_opf_t;
typedef u8 blk_status_t;
typedef s64 ktime_t;
typedef s64 time64_t;
typedef unsigned int fmode_t;

#define __percpu
#define __user

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]

#endif
