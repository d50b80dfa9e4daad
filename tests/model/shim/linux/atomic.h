/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_ATOMIC_H
#define SHIM_MODEL_ATOMIC_H

/* One thread of the C library's runs all: plain memory, and points to preempt. */
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/types.h>

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	long counter;
} atomic_long_t;

#define ATOMIC_INIT(i) { (i) }

#define SHIM_ATOMIC(prefix, type, word) \
static inline word prefix##_read(const type *v) \
{ \
	return READ_ONCE(v->counter); \
} \
static inline word prefix##_read_acquire(const type *v) \
{ \
	return smp_load_acquire(&v->counter); \
} \
static inline void prefix##_set(type *v, word i) \
{ \
	WRITE_ONCE(v->counter, i); \
} \
static inline void prefix##_set_release(type *v, word i) \
{ \
	model_point(); \
	v->counter = i; \
} \
static inline word prefix##_add_return(word i, type *v) \
{ \
	model_point(); \
	v->counter += i; \
	return v->counter; \
} \
static inline word prefix##_fetch_or(word i, type *v) \
{ \
	word old; \
	model_point(); \
	old = v->counter; \
	v->counter |= i; \
	return old; \
} \
static inline void prefix##_andnot(word i, type *v) \
{ \
	model_point(); \
	v->counter &= ~i; \
} \
static inline word prefix##_xchg(type *v, word i) \
{ \
	word old; \
	model_point(); \
	old = v->counter; \
	v->counter = i; \
	return old; \
} \
static inline bool prefix##_try_cmpxchg(type *v, word *old, word i) \
{ \
	bool same; \
	model_point(); \
	same = v->counter == *old; \
	*old = v->counter; \
	if (same) \
		v->counter = i; \
	return same; \
} \
static inline bool prefix##_add_unless(type *v, word i, word unless) \
{ \
	model_point(); \
	if (v->counter == unless) \
		return false; \
	v->counter += i; \
	return true; \
} \
static inline void prefix##_add(word i, type *v) { prefix##_add_return(i, v); } \
static inline void prefix##_sub(word i, type *v) { prefix##_add_return(-i, v); } \
static inline void prefix##_inc(type *v) { prefix##_add_return(1, v); } \
static inline void prefix##_dec(type *v) { prefix##_add_return(-1, v); } \
static inline word prefix##_inc_return(type *v) { return prefix##_add_return(1, v); } \
static inline void prefix##_or(word i, type *v) { prefix##_fetch_or(i, v); } \
static inline bool prefix##_dec_and_test(type *v) { return !prefix##_add_return(-1, v); }

SHIM_ATOMIC(atomic, atomic_t, int)
SHIM_ATOMIC(atomic64, atomic64_t, s64)
SHIM_ATOMIC(atomic_long, atomic_long_t, long)

#endif
