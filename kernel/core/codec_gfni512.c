// SPDX-License-Identifier: GPL-2.0-only
/*
 * Codec kernel for GFNI with AVX-512: one instruction multiplies 64 bytes by a
 * constant, and one adds two products to a sum. The multiplier is the
 * bottleneck, so rows and columns of ones do without it.
 */
#include <immintrin.h>
#include <linux/compiler.h>

#include "codec_kernel.h"

#define VEC 64
#define VEC_UNROLL 2
#define VEC_UNROLL_WIDE 2
#define VEC_HOIST 8
#define VEC_PAIRS 1

typedef __m512i vec_t;

struct vec_operand {
	vec_t x;
};

struct vec_coef {
	vec_t affine;
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
	return (struct vec_operand){ x };
}

static __always_inline struct vec_coef vec_coef(const struct couche_rs_plan *plan,
						unsigned int i)
{
	return (struct vec_coef){ _mm512_set1_epi64(plan->affine[i]) };
}

static __always_inline vec_t vec_product(struct vec_coef c, struct vec_operand x)
{
	return _mm512_gf2p8affine_epi64_epi8(x.x, c.affine, 0);
}

#include "codec_x86.h"

/**
 * couche_rs_gfni512() - codec kernel for GFNI with AVX-512
 * @job: what to compute
 *
 * Context: Any, in a SIMD section.
 */
void couche_rs_gfni512(const struct couche_rs_job *job)
{
	vec_run(job);
}
