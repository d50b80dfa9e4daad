// SPDX-License-Identifier: GPL-2.0-only
#include <asm/byteorder.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "cpu.h"
#include "crc32c.h"
#include "crc32c_priv.h"

/* Castagnoli, least significant bit first. */
#define POLY 0x82f63b78

typedef u32 (*crc32c_fn)(u32 crc, const u8 *p, size_t len);

/* slices[i][b]: the effect of byte b when i more bytes follow. */
static u32 slices[8][256];

static u32 crc_step(u32 crc)
{
	return crc >> 1 ^ (crc & 1 ? POLY : 0);
}

/* Right from the start, before any table is there. */
static u32 crc32c_bitwise(u32 crc, const u8 *p, size_t len)
{
	unsigned int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc_step(crc);
	}
	return crc;
}

static u32 load_le32(const u8 *p)
{
	__le32 word;

	memcpy(&word, p, sizeof(word));
	return le32_to_cpu(word);
}

static u32 crc32c_sliced(u32 crc, const u8 *p, size_t len)
{
	u32 low, high;

	for (; len >= 8; len -= 8, p += 8) {
		low = load_le32(p) ^ crc;
		high = load_le32(p + 4);
		crc = slices[7][low & 255] ^ slices[6][low >> 8 & 255] ^
		      slices[5][low >> 16 & 255] ^ slices[4][low >> 24] ^
		      slices[3][high & 255] ^ slices[2][high >> 8 & 255] ^
		      slices[1][high >> 16 & 255] ^ slices[0][high >> 24];
	}
	while (len--)
		crc = slices[0][(crc ^ *p++) & 255] ^ crc >> 8;
	return crc;
}

static void slices_init(void)
{
	unsigned int b, i;
	const u8 zero = 0;

	for (b = 0; b < 256; b++) {
		slices[0][b] = crc32c_bitwise(b, &zero, 1);
		for (i = 1; i < 8; i++)
			slices[i][b] = crc32c_bitwise(slices[i - 1][b], &zero, 1);
	}
}

static crc32c_fn variant = crc32c_bitwise;
static const char *variant_name = "bitwise";

/**
 * couche_crc32c() - extend a checksum
 * @crc: ~0, or what an earlier call returned
 * @buf: bytes to add
 * @len: how many
 *
 * Context: Any.
 * Return: the checksum, not inverted.
 */
u32 couche_crc32c(u32 crc, const void *buf, size_t len)
{
	return variant(crc, buf, len);
}

/**
 * couche_crc32c_select() - choose the variant and build its tables
 * @cpu_features: COUCHE_CPU_* bits of what may be used
 *
 * Context: Any, while no other thread computes a checksum.
 */
void couche_crc32c_select(u32 cpu_features)
{
#ifdef __x86_64__
	if (cpu_features & COUCHE_CPU_SSE42) {
		couche_crc32c_sse42_init();
		variant = couche_crc32c_sse42;
		variant_name = "sse42";
		return;
	}
#endif
	slices_init();
	variant = crc32c_sliced;
	variant_name = "sliced";
}

/**
 * couche_crc32c_variant() - the variant in use
 *
 * Context: Any.
 * Return: its name.
 */
const char *couche_crc32c_variant(void)
{
	return variant_name;
}
