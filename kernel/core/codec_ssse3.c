// SPDX-License-Identifier: GPL-2.0-only
/*
 * Codec kernel for SSSE3: products of both nibbles of 16 bytes are looked up
 * with byte shuffles.
 */
#include <tmmintrin.h>
#include <linux/compiler.h>

#include "codec_kernel.h"

#define VEC 16
#define VEC_UNROLL 2
#define VEC_UNROLL_WIDE 1
#define VEC_HOIST 0
#define VEC_PAIRS 0

typedef __m128i vec_t;

/* With the low and the high nibbles of each byte apart. */
struct vec_operand {
	vec_t x;
	vec_t low;
	vec_t high;
};

/* Products of the two. */
struct vec_coef {
	vec_t low;
	vec_t high;
};

static __always_inline vec_t vec_load(const u8 *p)
{
	return _mm_loadu_si128((const void *)p);
}

static __always_inline void vec_store(u8 *p, vec_t x)
{
	_mm_storeu_si128((void *)p, x);
}

static __always_inline void vec_stream(u8 *p, vec_t x)
{
	_mm_stream_si128((void *)p, x);
}

static __always_inline void vec_fence(void)
{
	_mm_sfence();
}

static __always_inline vec_t vec_xor(vec_t a, vec_t b)
{
	return _mm_xor_si128(a, b);
}

static __always_inline vec_t vec_xor3(vec_t a, vec_t b, vec_t c)
{
	return vec_xor(vec_xor(a, b), c);
}

static __always_inline struct vec_operand vec_operand(vec_t x)
{
	const vec_t nibble = _mm_set1_epi8(15);

	return (struct vec_operand){
		.x = x,
		.low = _mm_and_si128(x, nibble),
		.high = _mm_and_si128(_mm_srli_epi64(x, 4), nibble),
	};
}

static __always_inline vec_t vec_table(const u8 *p)
{
	return _mm_loadu_si128((const void *)p);
}

static __always_inline struct vec_coef vec_coef(const struct couche_rs_plan *plan,
						unsigned int i)
{
	return (struct vec_coef){
		.low = vec_table(plan->nibbles[i]),
		.high = vec_table(plan->nibbles[i] + 16),
	};
}

static __always_inline vec_t vec_product(struct vec_coef c, struct vec_operand x)
{
	return vec_xor(_mm_shuffle_epi8(c.low, x.low),
		       _mm_shuffle_epi8(c.high, x.high));
}

static __always_inline vec_t vec_double(vec_t x)
{
	vec_t carry = _mm_cmpgt_epi8(_mm_setzero_si128(), x);

	return vec_xor(_mm_add_epi8(x, x),
		       _mm_and_si128(carry, _mm_set1_epi8(COUCHE_GF_POLY)));
}

#include "codec_x86.h"
#include "codec_pq.h"

/**
 * couche_rs_ssse3() - codec kernel for SSSE3
 * @job: what to compute
 *
 * Context: Any, in a SIMD section.
 */
void couche_rs_ssse3(const struct couche_rs_job *job)
{
	vec_run_pq(job);
}
