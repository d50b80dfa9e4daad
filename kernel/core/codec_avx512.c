// SPDX-License-Identifier: GPL-2.0-only
/*
 * Codec kernel for AVX-512 without GFNI: products of both nibbles of 64 bytes
 * are looked up with byte shuffles.
 */
#include <immintrin.h>
#include <linux/compiler.h>

#include "codec_kernel.h"

#define VEC 64
#define VEC_UNROLL 2
#define VEC_UNROLL_WIDE 2
#define VEC_HOIST 0
#define VEC_PAIRS 0

typedef __m512i vec_t;

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
	return _mm512_loadu_si512(p);
}

static __always_inline void vec_store(u8 *p, vec_t x)
{
	_mm512_storeu_si512(p, x);
}

static __always_inline void vec_stream(u8 *p, vec_t x)
{
	_mm512_stream_si512((void *)p, x);
}

static __always_inline void vec_fence(void)
{
	_mm_sfence();
}

static __always_inline vec_t vec_xor(vec_t a, vec_t b)
{
	return _mm512_xor_si512(a, b);
}

static __always_inline vec_t vec_xor3(vec_t a, vec_t b, vec_t c)
{
	return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

static __always_inline struct vec_operand vec_operand(vec_t x)
{
	const vec_t nibble = _mm512_set1_epi8(15);

	return (struct vec_operand){
		.x = x,
		.low = _mm512_and_si512(x, nibble),
		.high = _mm512_and_si512(_mm512_srli_epi64(x, 4), nibble),
	};
}

static __always_inline vec_t vec_table(const u8 *p)
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)p));
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
	return vec_xor(_mm512_shuffle_epi8(c.low, x.low),
		       _mm512_shuffle_epi8(c.high, x.high));
}

static __always_inline vec_t vec_double(vec_t x)
{
	__mmask64 carry = _mm512_movepi8_mask(x);

	return vec_xor(_mm512_add_epi8(x, x),
		       _mm512_maskz_set1_epi8(carry, COUCHE_GF_POLY));
}

#include "codec_x86.h"
#include "codec_pq.h"

/**
 * couche_rs_avx512() - codec kernel for AVX-512
 * @job: what to compute
 *
 * Context: Any, in a SIMD section.
 */
void couche_rs_avx512(const struct couche_rs_job *job)
{
	vec_run_pq(job);
}
