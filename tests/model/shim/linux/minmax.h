/* SPDX-License-Identifier: GPL-2.0-only */
/* As the kernel's newer ones: any mix of types that means the same. */
#ifndef SHIM_MODEL_MINMAX_H
#define SHIM_MODEL_MINMAX_H

#undef min
#undef max
#define min(a, b) ({ \
	__typeof__(a) min_a = (a); \
	__typeof__(b) min_b = (b); \
	min_a < min_b ? min_a : min_b; \
})
#define max(a, b) ({ \
	__typeof__(a) max_a = (a); \
	__typeof__(b) max_b = (b); \
	max_a > max_b ? max_a : max_b; \
})
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define clamp_t(type, v, lo, hi) clamp((type)(v), (type)(lo), (type)(hi))
#define swap(a, b) do { \
	__typeof__(a) shim_s = (a); \
	(a) = (b); \
	(b) = shim_s; \
} while (0)

#endif
