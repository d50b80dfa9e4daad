/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_PERCPU_H
#define SHIM_MODEL_PERCPU_H

#include <linux/model.h>
#include <linux/slab.h>

#define SHIM_CPUS 2

int raw_smp_processor_id(void);

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < SHIM_CPUS; (cpu)++)
#define alloc_percpu(type) ((type *)kcalloc(SHIM_CPUS, sizeof(type), GFP_KERNEL))
#define free_percpu(p) kfree(p)
#define per_cpu_ptr(p, cpu) ((p) + (cpu))
#define raw_cpu_ptr(p) per_cpu_ptr(p, raw_smp_processor_id())
#define get_cpu_ptr(p) ({ \
	model_atomic_begin(); \
	raw_cpu_ptr(p); \
})
#define put_cpu_ptr(p) do { \
	(void)(p); \
	model_atomic_end(); \
} while (0)

#endif
