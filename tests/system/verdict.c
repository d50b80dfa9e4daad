// SPDX-License-Identifier: GPL-2.0-only
#include "verdict.h"

#include <errno.h>

static bool touches(const struct stamp_op *op, uint64_t block)
{
	return block >= op->first && block < op->first + op->count;
}

static void apply(struct stamp_allowed *table, const struct stamp_job *job,
		  const struct stamp_op *op, int64_t index, bool durable)
{
	uint64_t i;

	for (i = op->first - job->first; i < op->first - job->first + op->count; i++) {
		if (op->kind == STAMP_DISCARD || (op->kind == STAMP_ZERO && !durable)) {
			table[i].zeros = true;
		} else if (durable) {
			table[i].written = index;
			table[i].written_zeros = op->kind == STAMP_ZERO;
			table[i].zeros = false;
		}
	}
}

/**
 * stamp_allowed_build() - Work out what each block of a job may hold
 * @table: job->count entries, filled in
 * @job: the job
 * @acked: the last operation that was acknowledged as durable, -1 for none: a
 *	   flush makes all before it durable, FUA its own
 * @begun: the last operation that may have begun
 *
 * Return: 0, or -ENOMEM.
 */
int stamp_allowed_build(struct stamp_allowed *table, struct stamp_job *job, int64_t acked,
			int64_t begun)
{
	int64_t i, synced = -1;

	if (begun >= 0 && !stamp_job_op(job, begun))
		return -ENOMEM;
	for (i = 0; i < (int64_t)job->count; i++)
		table[i] = (struct stamp_allowed){ .written = -1 };
	for (i = 0; i <= acked; i++)
		if (job->ops[i].sync)
			synced = i;
	for (i = 0; i <= begun; i++) {
		const struct stamp_op *op = &job->ops[i];

		apply(table, job, op, i, i <= synced || (i <= acked && op->kind == STAMP_FUA));
	}
	return 0;
}

static enum stamp_judgment judge_zeros(const struct stamp_allowed *a, const char **what)
{
	if (a->written < 0 || a->written_zeros || a->zeros)
		return STAMP_OK_ZEROS;
	*what = "zeros instead of acknowledged data";
	return STAMP_STALE;
}

static enum stamp_judgment judge_good(const struct stamp_job *job, const struct stamp_allowed *a,
				      uint64_t block, int64_t op, const char **what)
{
	if (op >= (int64_t)job->nr_ops || !touches(&job->ops[op], block) ||
	    job->ops[op].kind > STAMP_FUA) {
		*what = "an operation that never wrote it";
		return STAMP_BAD_GARBAGE;
	}
	if (op < a->written) {
		*what = "older than acknowledged";
		return STAMP_STALE;
	}
	return STAMP_OK;
}

/**
 * stamp_judge() - May a block hold this?
 * @job: whose block it is, its operations known as far as they may have begun
 * @allowed: the block's entry of the table
 * @data: STAMP_BLOCK bytes
 * @block: number on the device
 * @op: set to the operation that wrote it, -1 when that is not known
 * @what: set to words for what is wrong
 *
 * Return: the judgment.
 */
enum stamp_judgment stamp_judge(const struct stamp_job *job, const struct stamp_allowed *allowed,
				const void *data, uint64_t block, int64_t *op, const char **what)
{
	uint64_t by = 0;

	*op = -1;
	*what = "";
	switch (stamp_block_check(data, job->seed, job->job, block, &by)) {
	case STAMP_GOOD:
		*op = by;
		return judge_good(job, allowed, block, by, what);
	case STAMP_ZEROS:
		return judge_zeros(allowed, what);
	case STAMP_FOREIGN:
		*what = "another block's content";
		return STAMP_BAD_FOREIGN;
	default:
		*what = "garbage";
		return STAMP_BAD_GARBAGE;
	}
}
