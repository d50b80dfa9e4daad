/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MODEL_H
#define SHIM_MODEL_MODEL_H

/*
 * What the shim's inline functions need of the scheduler (tests/model/task.c).
 *
 * model_point() is a place where another thread may come in between: whoever
 * holds no spin lock may lose the processor there, as the seed says.
 */
#include <linux/types.h>

void model_point(void);
void model_atomic_begin(void);
void model_atomic_end(void);
bool model_is_atomic(void);
void model_relax(void);
void model_trace(const char *name);
void __attribute__((__noreturn__)) model_die(const char *file, int line, const char *what);
void __attribute__((__format__(printf, 1, 2))) model_log(const char *format, ...);

#endif
