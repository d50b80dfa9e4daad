// SPDX-License-Identifier: GPL-2.0-only
/*
 * The codec kernel for any processor: eight bytes of a machine word at a time.
 *
 * Multiplying by a constant is a sum of doublings. The doublings of an input
 * are the same for every output, so they are made once; no table is looked up.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "codec_kernel.h"

#define BLOCK 64
#define WORDS (BLOCK / sizeof(u64))

static u64 words_double(u64 x)
{
	u64 carry = x >> 7 & 0x0101010101010101ULL;

	return (x << 1 & 0xfefefefefefefefeULL) ^ carry * COUCHE_GF_POLY;
}

/* sum[r] += coef[r * stride] * x for each row; x is used up */
static void block_add(u64 sum[][WORDS], u64 x[WORDS], const u8 *coef,
		      unsigned int stride, unsigned int rows)
{
	unsigned int r, w, bit, any = 0;

	for (r = 0; r < rows; r++)
		any |= coef[r * stride];
	for (bit = 0; any >> bit; bit++) {
		for (r = 0; r < rows; r++)
			for (w = 0; w < WORDS && coef[r * stride] >> bit & 1; w++)
				sum[r][w] ^= x[w];
		for (w = 0; w < WORDS; w++)
			x[w] = words_double(x[w]);
	}
}

/* At most BLOCK bytes of at most COUCHE_RS_ROWS rows. */
static void block_run(const struct couche_rs_job *job, size_t off,
		      unsigned int len, unsigned int row, unsigned int rows)
{
	u64 sum[COUCHE_RS_ROWS][WORDS] = {}, x[WORDS] = {};
	const struct couche_rs_plan *plan = job->plan;
	unsigned int j, r;

	for (j = 0; j < plan->cols; j++) {
		memcpy(x, job->in[j] + off, len);
		block_add(sum, x, plan->coef + row * plan->cols + j,
			  plan->cols, rows);
	}
	for (r = 0; r < rows; r++)
		memcpy(job->out[row + r] + off, sum[r], len);
}

/**
 * couche_rs_scalar() - codec kernel for any processor
 * @job: what to compute
 *
 * Context: Any.
 */
void couche_rs_scalar(const struct couche_rs_job *job)
{
	size_t off = job->off, end = job->off + job->len;
	unsigned int row, rows, len;

	for (; off < end; off += len) {
		len = min_t(size_t, BLOCK, end - off);
		for (row = 0; row < job->plan->rows; row += rows) {
			rows = min_t(unsigned int, COUCHE_RS_ROWS,
				     job->plan->rows - row);
			block_run(job, off, len, row, rows);
		}
	}
}
