/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks that say who wrote them.
 *
 * A stamped block names its seed, job, number and the operation that wrote it;
 * the rest of it follows from these. So a reader can tell the block's own
 * content, old or new, from zeros, from another block's content and from
 * garbage, without a copy of what was written.
 *
 * The operations of a job follow from its seed as well: whoever knows how far
 * a job was acknowledged knows what must be on the device.
 *
 * No threads; nothing is allocated here but struct stamp_job's table, which
 * lives until stamp_job_destroy().
 */
#ifndef COUCHE_TESTS_STAMP_H
#define COUCHE_TESTS_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_BLOCK	4096

enum stamp_kind {
	STAMP_WRITE,
	STAMP_FUA,		/* a write, durable when acknowledged */
	STAMP_ZERO,
	STAMP_DISCARD,
};

struct stamp_op {
	uint64_t first;		/* block on the device */
	uint32_t count;
	uint8_t kind;		/* enum stamp_kind */
	bool sync;		/* a flush follows */
};

struct stamp_job {
	uint64_t seed;
	uint32_t job;
	uint64_t first;		/* blocks of the device that are this job's own */
	uint64_t count;
	uint32_t extent;	/* blocks of an extent */
	struct stamp_op *ops;
	size_t nr_ops;
	uint64_t state;		/* of the generator */
};

enum stamp_verdict {
	STAMP_GOOD,		/* this block's; *op says which operation's */
	STAMP_ZEROS,
	STAMP_FOREIGN,		/* another block's, job's or seed's */
	STAMP_GARBAGE,
};

void stamp_block_fill(void *block, uint64_t seed, uint32_t job, uint64_t number, uint64_t op);
enum stamp_verdict stamp_block_check(const void *block, uint64_t seed, uint32_t job,
				     uint64_t number, uint64_t *op);

int stamp_job_init(struct stamp_job *job, uint64_t seed, uint32_t number, uint64_t first,
		   uint64_t count, uint32_t extent);
void stamp_job_destroy(struct stamp_job *job);
const struct stamp_op *stamp_job_op(struct stamp_job *job, size_t index);

#endif /* COUCHE_TESTS_STAMP_H */
