/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MATH64_H
#define SHIM_MODEL_MATH64_H

#include_next <linux/math64.h>

#define div64_u64(a, b) ((u64)(a) / (u64)(b))
#define DIV_ROUND_UP_ULL(n, d) (((u64)(n) + (d) - 1) / (d))

#endif
