/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the blocks of a job (stamp.h) may hold after a crash, given how far the
 * job was acknowledged: the newest acknowledged content or any later one, and
 * zeros only where something was zeroed, discarded or never written (I1, I2).
 *
 * No threads. The table belongs to the caller, one entry per block of the job.
 */
#ifndef COUCHE_TESTS_VERDICT_H
#define COUCHE_TESTS_VERDICT_H

#include "stamp.h"

/* Operation numbers; -1: none. */
struct stamp_allowed {
	int64_t written;	/* newest acknowledged write or zeroing: nothing older */
	bool written_zeros;	/* ... which was a zeroing */
	bool zeros;		/* zeroed or discarded later, acknowledged or not */
};

enum stamp_judgment {
	STAMP_OK,		/* its own content, new enough */
	STAMP_OK_ZEROS,
	STAMP_STALE,		/* older than acknowledged, or zeros instead of it */
	STAMP_BAD_FOREIGN,	/* another block's, job's or seed's */
	STAMP_BAD_GARBAGE,	/* nobody's, or of an operation that never wrote it */
};

int stamp_allowed_build(struct stamp_allowed *table, struct stamp_job *job, int64_t acked,
			int64_t begun);
enum stamp_judgment stamp_judge(const struct stamp_job *job, const struct stamp_allowed *allowed,
				const void *data, uint64_t block, int64_t *op, const char **what);

#endif /* COUCHE_TESTS_VERDICT_H */
