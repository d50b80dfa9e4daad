/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crc32c (Castagnoli), the checksum of everything CoucheStor stores.
 *
 * The convention is that of the kernel's own crc32c(): no inversion, neither at
 * the start nor at the end. Callers pass ~0 first and store what they get. The
 * standard value of RFC 3720 is the inversion of that.
 *
 * Works on general registers only, so it needs no SIMD section and runs in any
 * context. The variant is chosen by couche_crc32c_select() once, before the
 * first use; without that the portable one is used. Nothing can fail.
 */
#ifndef COUCHE_CORE_CRC32C_H
#define COUCHE_CORE_CRC32C_H

#include <linux/types.h>

u32 couche_crc32c(u32 crc, const void *buf, size_t len);
void couche_crc32c_select(u32 cpu_features);
const char *couche_crc32c_variant(void);

#endif
