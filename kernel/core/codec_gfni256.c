// SPDX-License-Identifier: GPL-2.0-only
/*
 * Codec kernel for GFNI with 256-bit vectors: for processors that have the
 * multiplier but no AVX-512, or slow down when they use it.
 */
#include <immintrin.h>
#include <linux/compiler.h>

#include "codec_kernel.h"

#define VEC 32
#define VEC_UNROLL 4
#define VEC_UNROLL_WIDE 2
#define VEC_HOIST 8
#define VEC_PAIRS 0

typedef __m256i vec_t;

struct vec_operand {
	vec_t x;
};

struct vec_coef {
	vec_t affine;
};

static __always_inline vec_t vec_load(const u8 *p)
{
	return _mm256_loadu_si256((const void *)p);
}

static __always_inline void vec_store(u8 *p, vec_t x)
{
	_mm256_storeu_si256((void *)p, x);
}

static __always_inline void vec_stream(u8 *p, vec_t x)
{
	_mm256_stream_si256((void *)p, x);
}

static __always_inline void vec_fence(void)
{
	_mm_sfence();
}

static __always_inline vec_t vec_xor(vec_t a, vec_t b)
{
	return _mm256_xor_si256(a, b);
}

static __always_inline vec_t vec_xor3(vec_t a, vec_t b, vec_t c)
{
	return vec_xor(vec_xor(a, b), c);
}

static __always_inline struct vec_operand vec_operand(vec_t x)
{
	return (struct vec_operand){ x };
}

static __always_inline struct vec_coef vec_coef(const struct couche_rs_plan *plan,
						unsigned int i)
{
	return (struct vec_coef){ _mm256_set1_epi64x(plan->affine[i]) };
}

static __always_inline vec_t vec_product(struct vec_coef c, struct vec_operand x)
{
	return _mm256_gf2p8affine_epi64_epi8(x.x, c.affine, 0);
}

#include "codec_x86.h"

/**
 * couche_rs_gfni256() - codec kernel for GFNI with AVX2
 * @job: what to compute
 *
 * Context: Any, in a SIMD section.
 */
void couche_rs_gfni256(const struct couche_rs_job *job)
{
	vec_run(job);
}
