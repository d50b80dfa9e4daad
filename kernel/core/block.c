// SPDX-License-Identifier: GPL-2.0-only
#include "block.h"

#include <linux/string.h>

#include "couche_format.h"
#include "crc32c.h"

/**
 * couche_block_seed() - seed of all checksums of a pool
 * @uuid: of the pool, COUCHE_UUID_SIZE bytes
 *
 * Context: Any.
 * Return: the seed.
 */
u32 couche_block_seed(const u8 *uuid)
{
	return couche_crc32c(~0u, uuid, COUCHE_UUID_SIZE);
}

/**
 * couche_block_crc() - checksum of a block
 * @block: COUCHE_BLOCK_SIZE bytes
 * @crc_offset: bytes from the start of @block to its 32 bit crc field, which
 *	counts as zero
 * @seed: of the pool
 *
 * Context: Any.
 * Return: what the crc field should hold.
 */
u32 couche_block_crc(const void *block, size_t crc_offset, u32 seed)
{
	static const u8 zero[sizeof(__le32)];
	const u8 *bytes = block;
	size_t rest = crc_offset + sizeof(zero);
	u32 crc;

	crc = couche_crc32c(seed, bytes, crc_offset);
	crc = couche_crc32c(crc, zero, sizeof(zero));
	return couche_crc32c(crc, bytes + rest, COUCHE_BLOCK_SIZE - rest);
}

/**
 * couche_block_is_zero() - does a block hold nothing at all?
 * @block: COUCHE_BLOCK_SIZE bytes
 *
 * Context: Any.
 * Return: true if every byte is zero.
 */
bool couche_block_is_zero(const void *block)
{
	const u64 *words = block;
	unsigned int i;

	for (i = 0; i < COUCHE_BLOCK_SIZE / sizeof(*words); i++) {
		if (words[i])
			return false;
	}
	return true;
}
