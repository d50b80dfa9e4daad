// SPDX-License-Identifier: GPL-2.0-only
#include "race.h"

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kthread.h>

struct couche_race {
	atomic_t nr_missing;
	struct completion done;		/* once per racer */
};

static int racer_thread(void *data)
{
	struct couche_racer *racer = data;
	struct couche_race *race = racer->race;

	atomic_dec(&race->nr_missing);
	while (atomic_read(&race->nr_missing))
		cond_resched();
	racer->run(racer->context);
	/* Nothing of the module is run after this. */
	kthread_complete_and_exit(&race->done, 0);
}

/**
 * couche_race_run() - Run racers at the same time until all have ended
 * @test: aborted when a thread cannot be made
 * @racers: what to run
 * @nr: how many
 *
 * Context: process; sleeps.
 */
void couche_race_run(struct kunit *test, struct couche_racer *racers, unsigned int nr)
{
	struct couche_race race = { .nr_missing = ATOMIC_INIT(nr) };
	unsigned int i;

	init_completion(&race.done);
	for (i = 0; i < nr; i++) {
		racers[i].race = &race;
		racers[i].task = kthread_create(racer_thread, &racers[i], "couche-race/%u", i);
		if (IS_ERR(racers[i].task)) {
			/* The others were never woken and end unheard. */
			while (i--)
				kthread_stop(racers[i].task);
			KUNIT_ASSERT_FALSE_MSG(test, true, "no memory for a thread");
		}
	}
	for (i = 0; i < nr; i++)
		wake_up_process(racers[i].task);
	for (i = 0; i < nr; i++)
		wait_for_completion(&race.done);
}
