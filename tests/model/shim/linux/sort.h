/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_SORT_H
#define SHIM_MODEL_SORT_H

#include <linux/types.h>

void sort(void *base, size_t nr, size_t size, int (*compare)(const void *a, const void *b),
	  void *swap_func);

#endif
