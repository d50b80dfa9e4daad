// SPDX-License-Identifier: GPL-2.0-only
#include "stamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STAMP_MAGIC	0x706d617473636f63ULL
#define WORDS		(STAMP_BLOCK / sizeof(uint64_t))
#define SYNC_EVERY	24		/* operations between two flushes at most */

/* splitmix64 */
static uint64_t next_number(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/**
 * stamp_block_fill() - Make a block's content
 * @block: STAMP_BLOCK bytes
 * @seed: of the run
 * @job: who writes
 * @number: block on the device
 * @op: which operation of the job
 */
void stamp_block_fill(void *block, uint64_t seed, uint32_t job, uint64_t number, uint64_t op)
{
	uint64_t *word = block;
	uint64_t state = seed ^ (number << 24) ^ op ^ ((uint64_t)job << 56);
	size_t i;

	word[0] = STAMP_MAGIC;
	word[1] = seed;
	word[2] = job;
	word[3] = number;
	word[4] = op;
	for (i = 5; i < WORDS; i++)
		word[i] = next_number(&state);
}

static bool is_zero(const uint64_t *word)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (word[i])
			return false;
	return true;
}

/**
 * stamp_block_check() - Whose content is this?
 * @block: STAMP_BLOCK bytes
 * @seed: of the run
 * @job: whose block it is
 * @number: block on the device
 * @op: set to the operation that wrote it when it is good
 *
 * Return: the verdict.
 */
enum stamp_verdict stamp_block_check(const void *block, uint64_t seed, uint32_t job,
				     uint64_t number, uint64_t *op)
{
	const uint64_t *word = block;
	uint64_t expected[WORDS];

	if (is_zero(word))
		return STAMP_ZEROS;
	if (word[0] != STAMP_MAGIC)
		return STAMP_GARBAGE;
	stamp_block_fill(expected, word[1], word[2], word[3], word[4]);
	if (memcmp(expected, word, STAMP_BLOCK))
		return STAMP_GARBAGE;
	if (word[1] != seed || word[2] != job || word[3] != number)
		return STAMP_FOREIGN;
	*op = word[4];
	return STAMP_GOOD;
}

/**
 * stamp_job_init() - Prepare a job
 * @job: filled in
 * @seed: of the run
 * @number: of the job
 * @first: its first block on the device
 * @count: its blocks
 * @extent: blocks of an extent; whole ones are written, zeroed and discarded
 *	    more often than chance would have it
 *
 * Return: 0, or -EINVAL.
 */
int stamp_job_init(struct stamp_job *job, uint64_t seed, uint32_t number, uint64_t first,
		   uint64_t count, uint32_t extent)
{
	if (!extent || count < extent)
		return -EINVAL;
	memset(job, 0, sizeof(*job));
	job->seed = seed;
	job->job = number;
	job->first = first;
	job->count = count;
	job->extent = extent;
	job->state = seed * 31 + number;
	return 0;
}

/**
 * stamp_job_destroy() - Free a job's table
 * @job: the job
 */
void stamp_job_destroy(struct stamp_job *job)
{
	free(job->ops);
	job->ops = NULL;
	job->nr_ops = 0;
}

static void place_whole(struct stamp_job *job, struct stamp_op *op)
{
	uint64_t extents = job->count / job->extent;

	op->first = job->first + next_number(&job->state) % extents * job->extent;
	op->count = job->extent;
}

static void place_part(struct stamp_job *job, struct stamp_op *op)
{
	uint64_t longest = next_number(&job->state) % 4 ? 4 : job->extent / 4;

	op->count = 1 + next_number(&job->state) % (longest ? longest : 1);
	op->first = job->first + next_number(&job->state) % (job->count - op->count + 1);
}

static void choose(struct stamp_job *job, struct stamp_op *op, size_t index)
{
	uint64_t dice = next_number(&job->state) % 100;

	op->kind = dice < 72 ? STAMP_WRITE : dice < 84 ? STAMP_FUA :
		   dice < 93 ? STAMP_ZERO : STAMP_DISCARD;
	if (next_number(&job->state) % 100 < (op->kind == STAMP_DISCARD ? 70 : 8))
		place_whole(job, op);
	else
		place_part(job, op);
	op->sync = next_number(&job->state) % 6 == 0 || index % SYNC_EVERY == SYNC_EVERY - 1;
}

/**
 * stamp_job_op() - What is the job's operation number such and such?
 * @job: the job
 * @index: which one
 *
 * Return: the operation, valid until the next call; NULL without memory.
 */
const struct stamp_op *stamp_job_op(struct stamp_job *job, size_t index)
{
	while (index >= job->nr_ops) {
		if (!(job->nr_ops & (job->nr_ops - 1))) {
			size_t room = job->nr_ops ? job->nr_ops * 2 : 1;
			struct stamp_op *ops = realloc(job->ops, room * sizeof(*ops));

			if (!ops)
				return NULL;
			job->ops = ops;
		}
		memset(&job->ops[job->nr_ops], 0, sizeof(job->ops[0]));
		choose(job, &job->ops[job->nr_ops], job->nr_ops);
		job->nr_ops++;
	}
	return &job->ops[index];
}
