/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers of the on-disk formats share. An input is one byte of flags
 * and up to a block of bytes; the rest of the block is zeros. Unless a flag
 * says otherwise the target repairs magic number and checksum, or nothing
 * behind them would ever be reached.
 *
 * fuzz_block() gives a block on the heap: one byte too far is seen. A broken
 * property ends in fuzz_expect(), which says which.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "couche_format.h"

#define FUZZ_KEEP_MAGIC	0x01
#define FUZZ_KEEP_CRC	0x02
#define FUZZ_SEED	0x5eed5eedu

#define fuzz_expect(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #cond); \
		abort(); \
	} \
} while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static inline void *fuzz_block(const u8 *data, size_t size)
{
	u8 *block = aligned_alloc(8, COUCHE_BLOCK_SIZE);

	if (!block)
		abort();
	memset(block, 0, COUCHE_BLOCK_SIZE);
	if (size > COUCHE_BLOCK_SIZE)
		size = COUCHE_BLOCK_SIZE;
	if (size)
		memcpy(block, data, size);
	return block;
}

/* Every failure names a field. */
static inline void fuzz_expect_field(int error, const char *field)
{
	if (error < 0) {
		fuzz_expect(field);
		fuzz_expect(field[0]);
	}
}

#endif
