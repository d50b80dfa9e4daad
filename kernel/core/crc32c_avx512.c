// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checksum of one block while the vector registers are ours anyway, four
 * times as fast as with the crc32 instruction: carry-less multiplication folds
 * 256 bytes onto the next 256, until 64 are left that have the same remainder
 * as the block.
 *
 * A quadword holds a polynomial with its highest power in bit 0. The product of
 * two such is short of one factor x, so the constants are x^(n - 1).
 */
#include <immintrin.h>
#include <linux/compiler.h>

#include "codec.h"
#include "crc32c_priv.h"

#define POLY 0x82f63b78
#define VEC 64
#define LANES 4
#define STEP (LANES * VEC)

/* Multiply by x^2048 and by x^512: for the first and the second quadword. */
static u64 fold_step[2], fold_vec[2];

static u64 power_of_x(unsigned int n)
{
	u32 p = 0x80000000;

	while (n--)
		p = p >> 1 ^ (p & 1 ? POLY : 0);
	return (u64)p << 32;
}

/**
 * couche_crc32c_avx512_init() - compute the constants
 *
 * Context: Any, before the first couche_crc32c_avx512_block().
 */
void couche_crc32c_avx512_init(void)
{
	fold_step[0] = power_of_x(8 * STEP + 64 - 1);
	fold_step[1] = power_of_x(8 * STEP - 1);
	fold_vec[0] = power_of_x(8 * VEC + 64 - 1);
	fold_vec[1] = power_of_x(8 * VEC - 1);
}

static __always_inline __m512i fold_load(const u64 fold[2])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)fold));
}

/* @x moved ahead by the distance of @fold, onto @next */
static __always_inline __m512i fold_onto(__m512i x, __m512i fold, __m512i next)
{
	return _mm512_ternarylogic_epi64(next,
		_mm512_clmulepi64_epi128(x, fold, 0x00),
		_mm512_clmulepi64_epi128(x, fold, 0x11), 0x96);
}

static __always_inline __m512i block_load(const u8 *p, size_t off, u8 *copy)
{
	__m512i x = _mm512_loadu_si512(p + off);

	if (copy)
		_mm512_stream_si512((void *)(copy + off), x);
	return x;
}

static __always_inline u32 vec_remainder(__m512i x)
{
	u64 words[VEC / 8], crc = 0;
	unsigned int i;

	_mm512_storeu_si512(words, x);
	for (i = 0; i < VEC / 8; i++)
		asm("crc32q %1, %0" : "+r" (crc) : "m" (words[i]));
	return crc;
}

static __always_inline u32 block_crc(const u8 *p, u8 *copy, bool fetch_next)
{
	const __m512i step = fold_load(fold_step), vec = fold_load(fold_vec);
	__m512i x[LANES];
	unsigned int i;
	size_t off;

#pragma GCC unroll 4
	for (i = 0; i < LANES; i++)
		x[i] = block_load(p, i * VEC, copy);
	/* The checksum starts with ~0: invert the first four bytes. */
	x[0] = _mm512_xor_si512(x[0], _mm512_maskz_set1_epi32(1, -1));

	for (off = STEP; off < COUCHE_CODEC_BLOCK; off += STEP) {
#pragma GCC unroll 4
		for (i = 0; i < LANES; i++) {
			if (fetch_next)
				__builtin_prefetch(p + COUCHE_CODEC_BLOCK +
						   off + i * VEC);
			x[i] = fold_onto(x[i], step,
					 block_load(p, off + i * VEC, copy));
		}
	}
#pragma GCC unroll 4
	for (i = 1; i < LANES; i++)
		x[i] = fold_onto(x[i - 1], vec, x[i]);
	if (copy)
		_mm_sfence();
	return vec_remainder(x[LANES - 1]);
}

static noinline u32 block_crc_plain(const u8 *p)
{
	return block_crc(p, NULL, false);
}

static noinline u32 block_crc_fetch(const u8 *p)
{
	return block_crc(p, NULL, true);
}

static noinline u32 block_crc_copy(const u8 *p, u8 *copy)
{
	return block_crc(p, copy, true);
}

/**
 * couche_crc32c_avx512_block() - checksum of 4096 bytes
 * @p: the bytes
 * @copy: where to copy them on the way, around the cache, or NULL; a multiple
 *	of 64
 * @fetch_next: bring the 4096 bytes behind @p into the cache meanwhile
 *
 * Context: Any, in a SIMD section.
 * Return: the checksum, started with ~0 and not inverted.
 */
u32 couche_crc32c_avx512_block(const u8 *p, u8 *copy, bool fetch_next)
{
	if (copy)
		return block_crc_copy(p, copy);
	return fetch_next ? block_crc_fetch(p) : block_crc_plain(p);
}
