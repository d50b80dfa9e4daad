/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic in GF(2^8) with the polynomial 0x11d, the field of ISA-L and of
 * the kernel's RAID-6.
 *
 * Everything here is a pure function of its arguments: no tables, no state, no
 * locks, any context, and nothing can fail. It is used to build matrices and
 * the tables of the codec kernels, a few hundred products at a time; the bytes
 * of shards go through the codec kernels only.
 */
#ifndef COUCHE_CORE_GF_H
#define COUCHE_CORE_GF_H

#include <linux/types.h>

/* x^8 = x^4 + x^3 + x^2 + 1 */
#define COUCHE_GF_POLY 0x1d

/* Bytes of a nibble table: products of 0..15, then products of 16*(0..15). */
#define COUCHE_GF_NIBBLES 32

u8 couche_gf_mul(u8 a, u8 b);
u8 couche_gf_inv(u8 a);
u64 couche_gf_affine(u8 c);
void couche_gf_nibbles(u8 c, u8 table[COUCHE_GF_NIBBLES]);

#endif
