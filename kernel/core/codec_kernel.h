/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a codec kernel is given and what it must do; private to kernel/core.
 *
 * A kernel computes out[r][x] = sum over j of coef[r][j] * in[j][x] for every
 * byte x of [off, off + len), for any off and len, never touching a byte
 * outside. It has no state and takes no lock. The plan is immutable while it is
 * used. Buffers need no alignment; outputs overlap neither inputs nor each
 * other.
 */
#ifndef COUCHE_CORE_CODEC_KERNEL_H
#define COUCHE_CORE_CODEC_KERNEL_H

#include <linux/types.h>

#include "codec.h"
#include "gf.h"

/* Rows made in one pass over the inputs; more take more passes. */
#define COUCHE_RS_ROWS 4

/*
 * A coefficient matrix in every form the kernels want. One allocation, see
 * plan_layout() in codec.c.
 */
struct couche_rs_plan {
	u8 rows;
	u8 cols;
	bool xor_row;			/* row 0 is all ones */
	bool xor_col;			/* column 0 is all ones */
	bool pq;			/* rows 0 and 1 are 1 and 2^j */
	bool copy;			/* every output is the only input */
	u8 in[COUCHE_CODEC_MAX_SHARDS];	/* which shard each column is */
	u8 out[COUCHE_CODEC_MAX_SHARDS];	/* which shard each row is */
	u8 (*nibbles)[COUCHE_GF_NIBBLES];	/* [rows * cols] */
	u64 *affine;			/* [rows * cols] */
	u8 *coef;			/* [rows * cols] */
};

struct couche_rs_job {
	const struct couche_rs_plan *plan;
	size_t off;
	size_t len;
	const u8 *const *in;		/* [cols] */
	u8 *const *out;			/* [rows] */
	bool stream;
};

struct couche_codec_kernel {
	const char *name;
	u32 needs;			/* COUCHE_CPU_* */
	void (*run)(const struct couche_rs_job *job);
};

void couche_rs_scalar(const struct couche_rs_job *job);
void couche_rs_ssse3(const struct couche_rs_job *job);
void couche_rs_avx2(const struct couche_rs_job *job);
void couche_rs_avx512(const struct couche_rs_job *job);
void couche_rs_gfni256(const struct couche_rs_job *job);
void couche_rs_gfni512(const struct couche_rs_job *job);

/**
 * couche_rs_tail() - Let the scalar kernel do the rest of a job
 * @job: the job
 * @done: bytes of each shard that are done
 *
 * Context: any.
 */
static inline void couche_rs_tail(const struct couche_rs_job *job, size_t done)
{
	struct couche_rs_job tail = *job;

	if (done == job->len)
		return;
	tail.off += done;
	tail.len -= done;
	couche_rs_scalar(&tail);
}

#endif
