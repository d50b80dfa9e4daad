/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BITMAP_H
#define SHIM_MODEL_BITMAP_H

#include_next <linux/bitmap.h>

#define find_first_bit(map, size) find_next_bit(map, size, 0)
#define for_each_set_bit(bit, map, size) \
	for ((bit) = find_first_bit(map, size); (bit) < (size); \
	     (bit) = find_next_bit(map, size, (bit) + 1))

static inline void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned int bits)
{
	__builtin_memcpy(to, from, (bits + 63) / 64 * sizeof(long));
}

#endif
