/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The codec inside the kernel: which kernel of it to use, and when the vector
 * registers are ours.
 *
 * couche_simd_init() runs once at module load, before any codec exists; the
 * choice holds until the module is gone. The other functions claim the vector
 * registers for at most 16 KiB of each shard at a time and let others run in
 * between. They are for process context only, with nothing held that forbids
 * sleeping, and need no lock; see core/codec.h for what they compute.
 */
#ifndef COUCHE_SIMD_H
#define COUCHE_SIMD_H

#include <linux/types.h>

struct couche_codec;

int couche_simd_init(void);
void couche_simd_encode(const struct couche_codec *c, size_t len,
			const u8 *const *data, u8 *const *parity);
void couche_simd_encode_crc(const struct couche_codec *c, size_t len,
			    const u8 *const *src, u8 *const *data,
			    u8 *const *parity, u32 *const *crcs);
int couche_simd_decode(struct couche_codec *c, size_t len, u32 present,
		       u32 wanted, u8 *const *shards);

#endif
