// SPDX-License-Identifier: GPL-2.0-only
#include "gf.h"

static u8 gf_double(u8 a)
{
	return (a << 1) ^ (a & 0x80 ? COUCHE_GF_POLY : 0);
}

/**
 * couche_gf_mul() - multiply two field elements
 * @a: one factor
 * @b: the other
 *
 * Context: Any.
 * Return: the product.
 */
u8 couche_gf_mul(u8 a, u8 b)
{
	u8 product = 0;

	for (; b; b >>= 1) {
		if (b & 1)
			product ^= a;
		a = gf_double(a);
	}
	return product;
}

/**
 * couche_gf_inv() - multiplicative inverse
 * @a: element to invert
 *
 * The multiplicative group has 255 elements, so the inverse is a^254.
 *
 * Context: Any.
 * Return: the inverse of @a; 0, which has none, gives 0.
 */
u8 couche_gf_inv(u8 a)
{
	u8 power = a, inverse = 1;
	unsigned int bit;

	for (bit = 1; bit < 8; bit++) {
		power = couche_gf_mul(power, power);
		inverse = couche_gf_mul(inverse, power);
	}
	return inverse;
}

/* Transpose an 8x8 bit matrix, byte i being row i and bit j column j. */
static u64 bits_transpose(u64 x)
{
	u64 t;

	t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaULL;
	x ^= t ^ (t << 7);
	t = (x ^ (x >> 14)) & 0x0000cccc0000ccccULL;
	x ^= t ^ (t << 14);
	t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ULL;
	return x ^ t ^ (t << 28);
}

/**
 * couche_gf_affine() - the bit matrix of a multiplication
 * @c: constant factor
 *
 * Context: Any.
 * Return: the matrix in the layout of the GF2P8AFFINEQB instruction, where
 * byte 7 - i selects the input bits that make output bit i.
 */
u64 couche_gf_affine(u8 c)
{
	u64 columns = 0;
	unsigned int bit;

	for (bit = 0; bit < 8; bit++) {
		columns |= (u64)c << (8 * bit);
		c = gf_double(c);
	}
	return __builtin_bswap64(bits_transpose(columns));
}

/**
 * couche_gf_nibbles() - the two byte-shuffle tables of a multiplication
 * @c: constant factor
 * @table: 16 products of the low nibble, then 16 of the high nibble
 *
 * Context: Any.
 */
void couche_gf_nibbles(u8 c, u8 table[COUCHE_GF_NIBBLES])
{
	unsigned int half, bit, i;

	for (half = 0; half < 2; half++, table += 16) {
		table[0] = 0;
		for (bit = 0; bit < 4; bit++) {
			for (i = 0; i < 1U << bit; i++)
				table[(1U << bit) + i] = table[i] ^ c;
			c = gf_double(c);
		}
	}
}
