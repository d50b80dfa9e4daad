/* SPDX-License-Identifier: GPL-2.0-only */
/* A warning of the kernel is a failed test here. */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <stdio.h>
#include <stdlib.h>

#define BUG() do { \
	fprintf(stderr, "BUG at %s:%d\n", __FILE__, __LINE__); \
	abort(); \
} while (0)
#define BUG_ON(cond) do { \
	if (unlikely(cond)) \
		BUG(); \
} while (0)
#define WARN_ON(cond) ({ \
	int shim_warn = !!(cond); \
	if (unlikely(shim_warn)) \
		BUG(); \
	shim_warn; \
})
#define WARN_ON_ONCE(cond) WARN_ON(cond)

#endif
