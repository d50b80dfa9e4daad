/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_LOG2_H
#define SHIM_MODEL_LOG2_H

#include_next <linux/log2.h>

#define ilog2(n) (63 - __builtin_clzll(n))

#endif
