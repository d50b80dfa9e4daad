/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_LIMITS_H
#define SHIM_MODEL_LIMITS_H

#include <limits.h>

#endif
