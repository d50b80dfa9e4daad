/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_HIGHMEM_H
#define SHIM_MODEL_HIGHMEM_H

#include <linux/bvec.h>

#endif
