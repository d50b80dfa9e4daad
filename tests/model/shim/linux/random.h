/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_RANDOM_H
#define SHIM_MODEL_RANDOM_H

#include <linux/uuid.h>

#endif
