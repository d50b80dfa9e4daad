/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every block of the format has in common: 4 KiB with a crc32c of the
 * whole block, its own crc field taken as zero, seeded by the pool UUID.
 *
 * Pure functions on the caller's buffer, any context, nothing can fail. Blocks
 * must be aligned to 8 bytes.
 */
#ifndef COUCHE_CORE_BLOCK_H
#define COUCHE_CORE_BLOCK_H

#include <linux/types.h>

u32 couche_block_seed(const u8 *uuid);
u32 couche_block_crc(const void *block, size_t crc_offset, u32 seed);
bool couche_block_is_zero(const void *block);

#endif
