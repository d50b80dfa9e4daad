/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BUG_H
#define SHIM_MODEL_BUG_H

/* A warning of the kernel is a failed test here. */
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/model.h>

#define BUG() model_die(__FILE__, __LINE__, "BUG")
#define BUG_ON(cond) do { \
	if (cond) \
		BUG(); \
} while (0)
#define WARN_ON(cond) ({ \
	int shim_warn = !!(cond); \
	if (shim_warn) \
		model_die(__FILE__, __LINE__, #cond); \
	shim_warn; \
})
#define WARN_ON_ONCE(cond) WARN_ON(cond)

#endif
