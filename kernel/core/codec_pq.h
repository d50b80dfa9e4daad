/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two rows of RAID-6, for the codec kernels without a multiplier: sum and
 * sum of 2^j by Horner's rule, so doubling is all the multiplication there is.
 * About twice as fast as looking products up.
 *
 * Private to kernel/core: included after codec_x86.h by kernels that also
 * define vec_double(). Pure, no locks.
 */
#ifndef COUCHE_CORE_CODEC_PQ_H
#define COUCHE_CORE_CODEC_PQ_H

/* Vectors of each shard in a turn of the loop */
#define PQ_UNROLL 2
#define PQ_STEP (PQ_UNROLL * VEC)

static __always_inline void pq_store(const struct couche_rs_job *job,
				     size_t off, vec_t p, vec_t q, bool stream)
{
	if (stream) {
		vec_stream(job->out[0] + off, p);
		vec_stream(job->out[1] + off, q);
	} else {
		vec_store(job->out[0] + off, p);
		vec_store(job->out[1] + off, q);
	}
}

static __always_inline void pq_step(const struct couche_rs_job *job,
				    unsigned int cols, size_t off,
				    unsigned int unroll, bool stream)
{
	vec_t p[PQ_UNROLL], q[PQ_UNROLL], x;
	unsigned int u;
	int j;

#pragma GCC unroll 2
	for (u = 0; u < unroll; u++) {
		p[u] = vec_load(job->in[cols - 1] + off + u * VEC);
		q[u] = p[u];
	}
#pragma GCC unroll 4
	for (j = cols - 2; j >= 0; j--) {
		if (stream)
			__builtin_prefetch(job->in[j] + off + FETCH_AHEAD);
#pragma GCC unroll 2
		for (u = 0; u < unroll; u++) {
			x = vec_load(job->in[j] + off + u * VEC);
			p[u] = vec_xor(p[u], x);
			q[u] = vec_xor(vec_double(q[u]), x);
		}
	}
#pragma GCC unroll 2
	for (u = 0; u < unroll; u++)
		pq_store(job, off + u * VEC, p[u], q[u], stream);
}

static __always_inline void pq_run(const struct couche_rs_job *job,
				   unsigned int cols, bool stream)
{
	size_t off = job->off, end = job->off + job->len;

	for (; off + PQ_STEP <= end; off += PQ_STEP)
		pq_step(job, cols, off, PQ_UNROLL, stream);
	for (; off < end; off += VEC)
		pq_step(job, cols, off, 1, stream);
	if (stream)
		vec_fence();
}

static noinline void pq_4(const struct couche_rs_job *job)
{
	pq_run(job, 4, false);
}

static noinline void pq_n(const struct couche_rs_job *job)
{
	pq_run(job, job->plan->cols, false);
}

static noinline void pq_n_stream(const struct couche_rs_job *job)
{
	pq_run(job, job->plan->cols, true);
}

/* Like vec_run(), with two rows of RAID-6 done the short way. */
static __always_inline void vec_run_pq(const struct couche_rs_job *whole)
{
	struct couche_rs_job job;

	if (!whole->plan->pq || whole->plan->rows != 2 || whole->len < VEC) {
		vec_run(whole);
		return;
	}
	job = job_vectors(whole);
	if (job.stream)
		pq_n_stream(&job);
	else if (job.plan->cols == 4)
		pq_4(&job);
	else
		pq_n(&job);
}

#endif
