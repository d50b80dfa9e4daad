/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of a KUnit test that race with each other.
 *
 * couche_race_run() makes a thread per racer, starts them together, so that
 * none is through before the last begins, and returns when all have ended.
 * The racers and their contexts belong to the caller. When a thread cannot be
 * made none runs, and the test is aborted. Two threads meet rarely where the
 * machine has other work, so racers go on until couche_race_over(), and call
 * cond_resched().
 */
#ifndef COUCHE_TESTS_RACE_H
#define COUCHE_TESTS_RACE_H

#include <linux/jiffies.h>
#include <linux/sched.h>

struct kunit;
struct couche_race;

struct couche_racer {
	void (*run)(void *context);
	void *context;
	struct couche_race *race;	/* these are race.c's */
	struct task_struct *task;
};

/* Enough met when nr_met of them did, or nothing more can be hoped for. */
static inline bool couche_race_over(unsigned long start, unsigned int nr_met)
{
	return time_after(jiffies, start + (nr_met < 1000 ? 20 * HZ : HZ));
}

void couche_race_run(struct kunit *test, struct couche_racer *racers, unsigned int nr);

#endif /* COUCHE_TESTS_RACE_H */
