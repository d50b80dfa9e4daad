/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_COMPILER_H
#define SHIM_MODEL_COMPILER_H

#include_next <linux/compiler.h>
#include <linux/model.h>

/* Where the kernel orders memory, another thread may have come in between. */
#define smp_mb() model_point()
#define smp_rmb() model_point()
#define smp_wmb() model_point()
#define smp_mb__before_atomic() model_point()
#define smp_mb__after_atomic() model_point()
#define smp_load_acquire(p) ({ \
	model_point(); \
	READ_ONCE(*(p)); \
})
#define smp_store_release(p, v) do { \
	WRITE_ONCE(*(p), v); \
	model_point(); \
} while (0)
#define xchg(p, v) ({ \
	__typeof__(*(p)) shim_old; \
	model_point(); \
	shim_old = *(p); \
	*(p) = (v); \
	shim_old; \
})

#endif
