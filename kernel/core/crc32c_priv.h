/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Variants of crc32c for one processor; private to kernel/core. Each has an
 * init that builds its tables and is called before the first use, by
 * couche_crc32c_select() or couche_codec_select(). The conventions are those of
 * couche_crc32c().
 */
#ifndef COUCHE_CORE_CRC32C_PRIV_H
#define COUCHE_CORE_CRC32C_PRIV_H

#include <linux/types.h>

void couche_crc32c_sse42_init(void);
u32 couche_crc32c_sse42(u32 crc, const u8 *p, size_t len);

void couche_crc32c_avx512_init(void);
u32 couche_crc32c_avx512_block(const u8 *p, u8 *copy, bool fetch_next);

#endif
