// SPDX-License-Identifier: GPL-2.0-only
/*
 * crc32c with the crc32 instruction of SSE4.2, which works on general
 * registers: no SIMD section needed.
 *
 * The instruction takes three cycles but one can start every cycle, so three
 * lanes are computed side by side. Joining them means moving a checksum over
 * the zeroes a lane is long, a linear map that is tabulated by nibbles: at 512
 * bytes the table hardly disturbs the first level cache.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "crc32c_priv.h"

/* Three long lanes and two words are 4096 bytes. */
#define LONG_LANE 1360
#define SHORT_LANE 168

struct lane_shift {
	u32 nibble[8][16];
};

static struct lane_shift long_shift, short_shift;

static __always_inline u64 crc_word(u64 crc, const u8 *p)
{
	asm("crc32q %1, %0" : "+r" (crc) : "m" (*(const u64 *)p));
	return crc;
}

static __always_inline u32 crc_byte(u32 crc, const u8 *p)
{
	asm("crc32b %1, %0" : "+r" (crc) : "m" (*p));
	return crc;
}

static u32 crc_zeroes(u32 crc, unsigned int bytes)
{
	const u64 zero = 0;
	u64 wide = crc;

	for (; bytes; bytes -= sizeof(zero))
		wide = crc_word(wide, (const u8 *)&zero);
	return wide;
}

static void shift_init(struct lane_shift *shift, unsigned int lane)
{
	unsigned int n, bit, i;

	for (n = 0; n < 8; n++) {
		shift->nibble[n][0] = 0;
		for (bit = 0; bit < 4; bit++)
			for (i = 0; i < 1U << bit; i++)
				shift->nibble[n][(1U << bit) + i] =
					shift->nibble[n][i] ^
					crc_zeroes(1U << (4 * n + bit), lane);
	}
}

static __always_inline u32 shift_apply(const struct lane_shift *shift, u32 crc)
{
	return shift->nibble[0][crc & 15] ^
	       shift->nibble[1][crc >> 4 & 15] ^
	       shift->nibble[2][crc >> 8 & 15] ^
	       shift->nibble[3][crc >> 12 & 15] ^
	       shift->nibble[4][crc >> 16 & 15] ^
	       shift->nibble[5][crc >> 20 & 15] ^
	       shift->nibble[6][crc >> 24 & 15] ^
	       shift->nibble[7][crc >> 28];
}

static __always_inline u32 crc_lanes(u32 crc, const u8 *p, unsigned int lane,
				     const struct lane_shift *shift)
{
	u64 a = crc, b = 0, c = 0;
	const u8 *end = p + lane;

	for (; p < end; p += 8) {
		a = crc_word(a, p);
		b = crc_word(b, p + lane);
		c = crc_word(c, p + 2 * lane);
	}
	return shift_apply(shift, shift_apply(shift, a) ^ b) ^ c;
}

/**
 * couche_crc32c_sse42_init() - build the tables
 *
 * Context: Any, before the first couche_crc32c_sse42().
 */
void couche_crc32c_sse42_init(void)
{
	shift_init(&long_shift, LONG_LANE);
	shift_init(&short_shift, SHORT_LANE);
}

/**
 * couche_crc32c_sse42() - crc32c with the crc32 instruction
 * @crc: ~0, or what an earlier call returned
 * @p: bytes to add
 * @len: how many
 *
 * Context: Any.
 * Return: the checksum, not inverted.
 */
u32 couche_crc32c_sse42(u32 crc, const u8 *p, size_t len)
{
	for (; len >= 3 * LONG_LANE; len -= 3 * LONG_LANE, p += 3 * LONG_LANE)
		crc = crc_lanes(crc, p, LONG_LANE, &long_shift);
	for (; len >= 3 * SHORT_LANE; len -= 3 * SHORT_LANE, p += 3 * SHORT_LANE)
		crc = crc_lanes(crc, p, SHORT_LANE, &short_shift);
	for (; len >= 8; len -= 8, p += 8)
		crc = crc_word(crc, p);
	for (; len; len--, p++)
		crc = crc_byte(crc, p);
	return crc;
}
