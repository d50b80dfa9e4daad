/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the volumes may hold, as the marks in the log tell it:
 *
 *   ready		the pool is made, crash points begin
 *   ack-JOB-OP		a job of couche-stamp: all up to OP is durable
 *   fill-ROUND		the scratch area is being filled ...
 *   filled-ROUND	... and is, durably
 *   discard-ROUND	it is being discarded
 *   down-LEG up-LEG	what is on a leg may be old; it is current again
 *
 * No threads. Lives from crash_model_init() to crash_model_destroy().
 */
#ifndef COUCHE_TESTS_CRASH_MODEL_H
#define COUCHE_TESTS_CRASH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "../system/verdict.h"
#include "machine.h"

#define CRASH_MAX_JOBS	4

struct crash_job {
	struct stamp_job job;
	struct stamp_allowed *table;
	uint32_t volume;	/* index of the machine's volume */
	int64_t acked;
	int64_t begun;
};

struct crash_model {
	uint64_t seed;
	struct crash_job jobs[CRASH_MAX_JOBS];
	unsigned int nr_jobs;
	int scratch;		/* index of its volume, -1 for none */
	uint64_t scratch_first;	/* blocks from this one on */
	uint64_t round;
	bool filled;
	bool ready;
	uint32_t down;		/* a bit for each leg */
	uint64_t acks;
	unsigned int complaints;
};

int crash_model_init(struct crash_model *model, struct crash_machine *machine, const char *path,
		     uint64_t seed);
void crash_model_destroy(struct crash_model *model);
int crash_model_mark(struct crash_model *model, const char *mark);
uint64_t crash_model_check(struct crash_model *model, const struct crash_machine *machine);
bool crash_model_allows(struct crash_model *model, unsigned int volume, uint64_t block,
			const void *data);

#endif /* COUCHE_TESTS_CRASH_MODEL_H */
