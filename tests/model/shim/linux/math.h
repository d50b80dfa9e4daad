/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MATH_H
#define SHIM_MODEL_MATH_H

#include_next <linux/math.h>
#include <linux/math64.h>

#endif
