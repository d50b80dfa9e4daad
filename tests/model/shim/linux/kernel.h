/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_KERNEL_H
#define SHIM_MODEL_KERNEL_H

/* Without the C library's stdio.h, whose names some of the kernel's files have. */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/model.h>
#include <linux/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define U8_MAX ((u8)~0U)
#define U16_MAX ((u16)~0U)
#define U32_MAX ((u32)~0U)
#define U64_MAX ((u64)~0ULL)

#define pr_err(...) model_log(__VA_ARGS__)
#define pr_info(...) model_log(__VA_ARGS__)
#define cond_resched() model_point()

#endif
