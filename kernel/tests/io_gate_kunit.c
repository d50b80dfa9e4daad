// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate: who syncs waits for all that are inside, also when they leave from
 * another thread, and for nobody who comes later.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/workqueue.h>

#include "../io_gate.h"
#include "race.h"

#define NR_OBJECTS	4
#define ALIVE		0x600d
#define FREED		0xdead

struct race {
	struct couche_io_gate gate;
	unsigned int current_object;
	unsigned int object[NR_OBJECTS];
	unsigned long start;	/* jiffies */
	unsigned long nr_syncs;
	unsigned int handed;	/* side + 1 of one left inside for others to leave */
	atomic_t nr_met;	/* looks at an object that was replaced meanwhile */
	atomic_t nr_freed_seen;
};

static int gate_init(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	unsigned int i;

	if (!race)
		return -ENOMEM;
	for (i = 0; i < NR_OBJECTS; i++)
		race->object[i] = FREED;
	race->object[0] = ALIVE;
	test->priv = race;
	return couche_io_gate_init(&race->gate);
}

static void gate_exit(struct kunit *test)
{
	struct race *race = test->priv;

	if (race)
		couche_io_gate_destroy(&race->gate);
}

struct syncer {
	struct work_struct work;
	struct couche_io_gate *gate;
	struct completion done;
};

static void sync_work(struct work_struct *work)
{
	struct syncer *syncer = container_of(work, struct syncer, work);

	couche_io_gate_sync(syncer->gate);
	complete(&syncer->done);
}

static void start_sync(struct syncer *syncer, struct couche_io_gate *gate)
{
	syncer->gate = gate;
	init_completion(&syncer->done);
	INIT_WORK_ONSTACK(&syncer->work, sync_work);
	queue_work(system_unbound_wq, &syncer->work);
}

static void gate_is_synced_at_once_when_empty(struct kunit *test)
{
	struct race *race = test->priv;
	unsigned int i, side;

	for (i = 0; i < 5; i++) {
		side = couche_io_gate_enter(&race->gate);
		couche_io_gate_leave(&race->gate, side);
		couche_io_gate_sync(&race->gate);
	}
}

static void gate_waits_for_who_is_inside_and_not_for_who_comes(struct kunit *test)
{
	struct race *race = test->priv;
	struct couche_io_gate *gate = &race->gate;
	unsigned int first, later, i;
	struct syncer syncer;
	unsigned long end;

	/* Both sides in turn. */
	for (i = 0; i < 4; i++) {
		first = couche_io_gate_enter(gate);
		start_sync(&syncer, gate);
		end = jiffies + 10 * HZ;
		while (READ_ONCE(gate->draining) != first + 1 && time_before(jiffies, end))
			cond_resched();
		later = couche_io_gate_enter(gate);
		KUNIT_EXPECT_NE(test, first, later);
		KUNIT_EXPECT_FALSE(test, completion_done(&syncer.done));
		couche_io_gate_leave(gate, first);
		KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&syncer.done, 10 * HZ), 0UL);
		couche_io_gate_leave(gate, later);
		flush_work(&syncer.work);
		destroy_work_on_stack(&syncer.work);
	}
}

static void look(struct race *race)
{
	unsigned int side = couche_io_gate_enter(&race->gate);
	unsigned int object = READ_ONCE(race->current_object), handed;

	if (READ_ONCE(race->object[object]) != ALIVE)
		atomic_inc(&race->nr_freed_seen);
	cond_resched();
	if (READ_ONCE(race->object[object]) != ALIVE)
		atomic_inc(&race->nr_freed_seen);
	if (READ_ONCE(race->current_object) != object)
		atomic_inc(&race->nr_met);
	/* As bios do: one thread maps them, another ends them. */
	handed = xchg(&race->handed, side + 1);
	if (handed)
		couche_io_gate_leave(&race->gate, handed - 1);
}

static void look_on(void *context)
{
	struct race *race = context;
	unsigned int handed;

	while (!couche_race_over(race->start, atomic_read(&race->nr_met)))
		look(race);
	/* Nobody stays inside: the last syncs would wait for ever. */
	handed = xchg(&race->handed, 0);
	if (handed)
		couche_io_gate_leave(&race->gate, handed - 1);
}

/* Replace the object; the old one is nobody's after a sync. */
static void replace_on(void *context)
{
	struct race *race = context;
	unsigned int old = 0;

	while (!couche_race_over(race->start, atomic_read(&race->nr_met))) {
		unsigned int new = (old + 1) % NR_OBJECTS;

		WRITE_ONCE(race->object[new], ALIVE);
		smp_store_release(&race->current_object, new);
		couche_io_gate_sync(&race->gate);
		WRITE_ONCE(race->object[old], FREED);
		old = new;
		race->nr_syncs++;
		cond_resched();
	}
}

/* Syncs of others, which share periods with those that matter. */
static void sync_on(void *context)
{
	struct race *race = context;

	while (!couche_race_over(race->start, atomic_read(&race->nr_met))) {
		couche_io_gate_sync(&race->gate);
		cond_resched();
	}
}

static void nobody_inside_sees_what_was_freed_after_a_sync(struct kunit *test)
{
	struct race *race = test->priv;
	struct couche_racer racers[] = {
		{ .run = look_on, .context = race },
		{ .run = look_on, .context = race },
		{ .run = replace_on, .context = race },
		{ .run = sync_on, .context = race },
	};

	race->start = jiffies;
	couche_race_run(test, racers, ARRAY_SIZE(racers));
	kunit_info(test, "%lu syncs, %d looks met one", race->nr_syncs,
		   atomic_read(&race->nr_met));
	KUNIT_EXPECT_EQ(test, atomic_read(&race->nr_freed_seen), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&race->nr_met), 0);
	couche_io_gate_sync(&race->gate);
}

static struct kunit_case gate_cases[] = {
	KUNIT_CASE(gate_is_synced_at_once_when_empty),
	KUNIT_CASE(gate_waits_for_who_is_inside_and_not_for_who_comes),
	KUNIT_CASE_SLOW(nobody_inside_sees_what_was_freed_after_a_sync),
	{}
};

static struct kunit_suite gate_suite = {
	.name = "couche-io-gate",
	.init = gate_init,
	.exit = gate_exit,
	.test_cases = gate_cases,
};

kunit_test_suite(gate_suite);
