/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_VMALLOC_H
#define SHIM_MODEL_VMALLOC_H

#include <linux/slab.h>

#endif
