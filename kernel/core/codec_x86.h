/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The body of every codec kernel for x86, written once for vectors of any size.
 * Private to kernel/core: a codec_*.c includes it after it has defined
 *
 *   vec_t                   a vector, with vec_load/store/stream/xor/xor3
 *   struct vec_operand      an input vector prepared for multiplying (.x is the
 *                           vector itself), made by vec_operand()
 *   struct vec_coef         a coefficient ready to multiply with, made of number
 *                           i of a plan by vec_coef()
 *   vec_product()           a coefficient times an operand
 *   VEC                     bytes of a vector
 *   VEC_UNROLL              vectors of each shard in a turn of the loop, for at
 *                           most two rows; and VEC_UNROLL_WIDE for more
 *   VEC_HOIST               coefficients that may stay in registers
 *   VEC_PAIRS               1 when vec_xor3() is one instruction
 *
 * and gets vec_run(). Everything is pure and takes no lock.
 *
 * A pass makes up to COUCHE_RS_ROWS rows of all columns. It is written as
 * inline functions of a shape; callers pass constants for what they want built
 * in, which the compiler unrolls completely.
 */
#ifndef COUCHE_CORE_CODEC_X86_H
#define COUCHE_CORE_CODEC_X86_H

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "codec_kernel.h"

/*
 * How far ahead of the bytes at work to fetch when streaming. Measured: 256 to
 * 1024 differ by a tenth, without any a quarter is lost.
 */
#define FETCH_AHEAD 512
#define CACHE_LINE 64

#define UNROLL_MAX 4
#define POINTERS_MAX 11

struct shape {
	unsigned int rows;
	unsigned int cols;
	bool xor_row;			/* row 0 is all ones */
	bool xor_col;			/* column 0 is all ones */
	bool built_in;			/* cols is a constant: unroll over it */
	bool stream;
};

/* Fewer vectors at a time when there are many sums to keep in registers. */
static __always_inline unsigned int shape_unroll(const struct shape s)
{
	return s.rows > 2 ? VEC_UNROLL_WIDE : VEC_UNROLL;
}

/*
 * What a pass uses over and over. A shape that is built in has it in registers,
 * as far as they go; stores could change it, so gcc would load it again.
 */
struct pass {
	const struct couche_rs_plan *plan;
	unsigned int first;		/* number of the first coefficient */
	const u8 *const *in;
	u8 *const *out;
	const u8 *own_in[POINTERS_MAX];
	u8 *own_out[COUCHE_RS_ROWS];
	struct vec_coef coef[VEC_HOIST + 1];
};

static __always_inline bool pass_hoists(const struct shape s)
{
	return s.built_in && s.rows * s.cols <= VEC_HOIST;
}

/* There are fifteen registers for addresses; too many only get spilled. */
static __always_inline bool pass_owns(const struct shape s)
{
	return s.built_in && s.rows + s.cols <= POINTERS_MAX;
}

static __always_inline void pass_init(struct pass *p, const struct shape s,
				      const struct couche_rs_job *job,
				      unsigned int row)
{
	unsigned int coefs = pass_hoists(s) ? s.rows * s.cols : 0, i;

	p->plan = job->plan;
	p->first = row * s.cols;
	p->in = job->in;
	p->out = job->out + row;
	if (!pass_owns(s))
		return;
#pragma GCC unroll 16
	for (i = 0; i < s.cols; i++)
		p->own_in[i] = job->in[i];
#pragma GCC unroll 4
	for (i = 0; i < s.rows; i++)
		p->own_out[i] = job->out[row + i];
#pragma GCC unroll 16
	for (i = 0; i < coefs; i++)
		p->coef[i] = vec_coef(p->plan, i);
}

static __always_inline const u8 *pass_in(const struct pass *p,
					 const struct shape s, unsigned int j)
{
	return pass_owns(s) ? p->own_in[j] : p->in[j];
}

static __always_inline u8 *pass_out(const struct pass *p, const struct shape s,
				    unsigned int r)
{
	return pass_owns(s) ? p->own_out[r] : p->out[r];
}

static __always_inline vec_t pass_term(const struct pass *p,
				       const struct shape s, unsigned int r,
				       unsigned int j, struct vec_operand x)
{
	unsigned int i = r * s.cols + j;

	if ((s.xor_row && r == 0) || (s.xor_col && j == 0))
		return x.x;
	if (pass_hoists(s))
		return vec_product(p->coef[i], x);
	return vec_product(vec_coef(p->plan, p->first + i), x);
}

static __always_inline void step_fetch(const struct pass *p,
				       const struct shape s, size_t off)
{
	unsigned int j, line;

	if (!s.stream)
		return;
#pragma GCC unroll 1
	for (j = 0; j < s.cols; j++)
#pragma GCC unroll 4
		for (line = 0; line < shape_unroll(s) * VEC; line += CACHE_LINE)
			__builtin_prefetch(p->in[j] + off + FETCH_AHEAD + line);
}

/* Add @n (one or two) columns from @j on to the sums, or start them. */
static __always_inline void step_columns(const struct pass *p,
					 const struct shape s, size_t off,
					 unsigned int j, unsigned int n,
					 vec_t sum[COUCHE_RS_ROWS][UNROLL_MAX])
{
	struct vec_operand x[2][UNROLL_MAX];
	unsigned int r, u, i;
	vec_t a, b;

#pragma GCC unroll 2
	for (i = 0; i < n; i++)
#pragma GCC unroll 4
		for (u = 0; u < shape_unroll(s); u++)
			x[i][u] = vec_operand(vec_load(pass_in(p, s, j + i) +
						       off + u * VEC));
#pragma GCC unroll 4
	for (r = 0; r < s.rows; r++) {
#pragma GCC unroll 4
		for (u = 0; u < shape_unroll(s); u++) {
			a = pass_term(p, s, r, j, x[0][u]);
			if (n == 1) {
				sum[r][u] = j ? vec_xor(sum[r][u], a) : a;
			} else {
				b = pass_term(p, s, r, j + 1, x[1][u]);
				sum[r][u] = j ? vec_xor3(sum[r][u], a, b) :
						vec_xor(a, b);
			}
			/* Or gcc keeps all terms and adds them up at the end. */
			asm("" : "+v" (sum[r][u]));
		}
	}
}

static __always_inline void step_store(const struct pass *p,
				       const struct shape s, size_t off,
				       vec_t sum[COUCHE_RS_ROWS][UNROLL_MAX])
{
	unsigned int r, u;

#pragma GCC unroll 4
	for (r = 0; r < s.rows; r++) {
#pragma GCC unroll 4
		for (u = 0; u < shape_unroll(s); u++) {
			u8 *to = pass_out(p, s, r) + off + u * VEC;

			if (s.stream)
				vec_stream(to, sum[r][u]);
			else
				vec_store(to, sum[r][u]);
		}
	}
}

static __always_inline void pass_steps(const struct shape s,
				       const struct couche_rs_job *job,
				       unsigned int row, size_t end)
{
	const unsigned int width = VEC_PAIRS ? 2 : 1;
	vec_t sum[COUCHE_RS_ROWS][UNROLL_MAX];
	struct pass p;
	unsigned int j;
	size_t off;

	pass_init(&p, s, job, row);
	for (off = job->off; off < end; off += shape_unroll(s) * VEC) {
		step_fetch(&p, s, off);
		if (width == 1 || s.cols % 2) {
			step_columns(&p, s, off, 0, 1, sum);
			j = 1;
		} else {
			step_columns(&p, s, off, 0, 2, sum);
			j = 2;
		}
		if (s.built_in) {
#pragma GCC unroll 16
			for (; j < s.cols; j += width)
				step_columns(&p, s, off, j, width, sum);
		} else {
#pragma GCC unroll 1
			for (; j < s.cols; j += width)
				step_columns(&p, s, off, j, width, sum);
		}
		step_store(&p, s, off, sum);
	}
	if (s.stream)
		vec_fence();
}

static __always_inline vec_t rest_term(const struct couche_rs_job *job,
				       unsigned int r, unsigned int j, size_t off)
{
	return vec_product(vec_coef(job->plan, r * job->plan->cols + j),
			   vec_operand(vec_load(job->in[j] + off)));
}

/* Vectors that do not fill a step, one by one. */
static noinline void pass_rest(const struct couche_rs_job *job,
			       unsigned int row, unsigned int rows, size_t off)
{
	const struct couche_rs_plan *plan = job->plan;
	unsigned int r, j;
	vec_t sum;

	for (; off < job->off + job->len; off += VEC) {
		for (r = row; r < row + rows; r++) {
			sum = rest_term(job, r, 0, off);
			for (j = 1; j < plan->cols; j++)
				sum = vec_xor(sum, rest_term(job, r, j, off));
			vec_store(job->out[r] + off, sum);
		}
	}
}

static __always_inline void pass_run(const struct couche_rs_job *job,
				     unsigned int row, struct shape s)
{
	size_t step = shape_unroll(s) * VEC;
	size_t end = job->off + round_down(job->len, step);

	if (job->stream) {
		s.stream = true;
		pass_steps(s, job, row, end);
	} else {
		pass_steps(s, job, row, end);
	}
	if (end < job->off + job->len)
		pass_rest(job, row, s.rows, end);
}

/* The profiles people use, with everything built in. */
static noinline void pass_4_2(const struct couche_rs_job *job)
{
	pass_run(job, 0, (struct shape){
		.rows = 2, .cols = 4, .xor_row = true, .xor_col = true,
		.built_in = true,
	});
}

static noinline void pass_8_3(const struct couche_rs_job *job)
{
	pass_run(job, 0, (struct shape){
		.rows = 3, .cols = 8, .xor_row = true, .xor_col = true,
		.built_in = true,
	});
}

static noinline void pass_10_4(const struct couche_rs_job *job)
{
	pass_run(job, 0, (struct shape){
		.rows = 4, .cols = 10, .xor_row = true, .xor_col = true,
		.built_in = true,
	});
}

static noinline void pass_4_1_xor(const struct couche_rs_job *job)
{
	pass_run(job, 0, (struct shape){
		.rows = 1, .cols = 4, .xor_row = true, .built_in = true,
	});
}

static noinline void pass_10_1_xor(const struct couche_rs_job *job)
{
	pass_run(job, 0, (struct shape){
		.rows = 1, .cols = 10, .xor_row = true, .built_in = true,
	});
}

static noinline void pass_n_1_xor(const struct couche_rs_job *job)
{
	pass_run(job, 0, (struct shape){
		.rows = 1, .cols = job->plan->cols, .xor_row = true,
	});
}

static bool pass_xor(const struct couche_rs_job *job)
{
	if (job->plan->rows != 1 || !job->plan->xor_row)
		return false;
	if (job->plan->cols == 4)
		pass_4_1_xor(job);
	else if (job->plan->cols == 10)
		pass_10_1_xor(job);
	else
		pass_n_1_xor(job);
	return true;
}

static bool pass_built_in(const struct couche_rs_job *job)
{
	const struct couche_rs_plan *plan = job->plan;

	if (!plan->xor_row || !plan->xor_col)
		return false;
	if (plan->cols == 4 && plan->rows == 2)
		pass_4_2(job);
	else if (plan->cols == 8 && plan->rows == 3)
		pass_8_3(job);
	else if (plan->cols == 10 && plan->rows == 4)
		pass_10_4(job);
	else
		return false;
	return true;
}

static noinline void pass_1(const struct couche_rs_job *job, unsigned int row)
{
	pass_run(job, row, (struct shape){ .rows = 1, .cols = job->plan->cols });
}

static noinline void pass_2(const struct couche_rs_job *job, unsigned int row)
{
	pass_run(job, row, (struct shape){ .rows = 2, .cols = job->plan->cols });
}

static noinline void pass_3(const struct couche_rs_job *job, unsigned int row)
{
	pass_run(job, row, (struct shape){ .rows = 3, .cols = job->plan->cols });
}

static noinline void pass_4(const struct couche_rs_job *job, unsigned int row)
{
	pass_run(job, row, (struct shape){ .rows = 4, .cols = job->plan->cols });
}

static void passes_run(const struct couche_rs_job *job)
{
	unsigned int row = 0, rows;

	for (; row < job->plan->rows; row += rows) {
		rows = min_t(unsigned int, COUCHE_RS_ROWS, job->plan->rows - row);
		if (rows == 1)
			pass_1(job, row);
		else if (rows == 2)
			pass_2(job, row);
		else if (rows == 3)
			pass_3(job, row);
		else
			pass_4(job, row);
	}
}

/* Stores that go around the cache want aligned vectors. */
static bool job_can_stream(const struct couche_rs_job *job)
{
	unsigned long bits = job->off;
	unsigned int r;

	for (r = 0; r < job->plan->rows; r++)
		bits |= (unsigned long)job->out[r];
	return !(bits & (VEC - 1));
}

/* Cut @whole into a part of whole vectors, which is returned, and a tail. */
static struct couche_rs_job job_vectors(const struct couche_rs_job *whole)
{
	struct couche_rs_job job = *whole;

	job.len = round_down(whole->len, (size_t)VEC);
	job.stream = whole->stream && job_can_stream(whole);
	if (job.len < whole->len)
		couche_rs_tail(whole, job.len);
	return job;
}

static __always_inline void vec_run(const struct couche_rs_job *whole)
{
	const struct couche_rs_job job = job_vectors(whole);

	if (!job.len || pass_xor(&job) || pass_built_in(&job))
		return;
	passes_run(&job);
}

#endif
