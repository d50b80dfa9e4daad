/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BITOPS_H
#define SHIM_MODEL_BITOPS_H

#include_next <linux/bitops.h>
#include <linux/compiler.h>

#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define SHIM_BIT(nr) (1UL << ((nr) % 64))

static inline void set_bit(unsigned long nr, unsigned long *map)
{
	model_point();
	map[nr / 64] |= SHIM_BIT(nr);
}

static inline void clear_bit(unsigned long nr, unsigned long *map)
{
	model_point();
	map[nr / 64] &= ~SHIM_BIT(nr);
}

static inline bool test_and_set_bit(unsigned long nr, unsigned long *map)
{
	bool old;

	model_point();
	old = map[nr / 64] & SHIM_BIT(nr);
	map[nr / 64] |= SHIM_BIT(nr);
	return old;
}

static inline bool test_and_clear_bit(unsigned long nr, unsigned long *map)
{
	bool old;

	model_point();
	old = map[nr / 64] & SHIM_BIT(nr);
	map[nr / 64] &= ~SHIM_BIT(nr);
	return old;
}

static inline unsigned long __ffs64(u64 word)
{
	return __builtin_ctzll(word);
}

#include <linux/bitmap.h>

#endif
