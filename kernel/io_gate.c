// SPDX-License-Identifier: GPL-2.0-only
#include "io_gate.h"

/**
 * couche_io_gate_init() - Make a gate
 * @gate: to be made
 *
 * Context: process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int couche_io_gate_init(struct couche_io_gate *gate)
{
	gate->side = 0;
	gate->draining = 0;
	gate->periods = 0;
	mutex_init(&gate->lock);
	init_waitqueue_head(&gate->wait);
	gate->counts = alloc_percpu(struct couche_io_gate_counts);
	return gate->counts ? 0 : -ENOMEM;
}

/**
 * couche_io_gate_destroy() - The opposite
 * @gate: nobody is inside; may be half made
 *
 * Context: process.
 */
void couche_io_gate_destroy(struct couche_io_gate *gate)
{
	free_percpu(gate->counts);
}

/*
 * Whoever is counted as gone is counted as come, because those who left are
 * counted first: so the sums are equal only if nobody of those is inside.
 */
static bool drained(struct couche_io_gate *gate, unsigned int side)
{
	unsigned long left = 0, entered = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		left += atomic_long_read(&per_cpu_ptr(gate->counts, cpu)->left[side]);
	/* Whose leave() was counted, of those enter() is; pairs with both. */
	smp_mb();
	for_each_possible_cpu(cpu)
		entered += atomic_long_read(&per_cpu_ptr(gate->counts, cpu)->entered[side]);
	return left == entered;
}

static void drain(struct couche_io_gate *gate, unsigned int side)
{
	WRITE_ONCE(gate->draining, side + 1);
	/* Either we see it gone, or leave() sees us waiting. */
	smp_mb();
	wait_event(gate->wait, drained(gate, side));
	WRITE_ONCE(gate->draining, 0);
}

/**
 * couche_io_gate_sync() - Wait until all who are inside now have left
 * @gate: the gate
 *
 * Who enters from now on sees what the caller wrote before. Those who call at
 * the same time share a period.
 *
 * Context: process; sleeps. Not from inside.
 */
void couche_io_gate_sync(struct couche_io_gate *gate)
{
	unsigned long enough;

	/* The caller's writes, before any counter; pairs with enter(). */
	smp_mb();
	/* The end of a period that has not begun yet. */
	enough = (READ_ONCE(gate->periods) + 3) & ~1UL;
	mutex_lock(&gate->lock);
	if ((long)(gate->periods - enough) >= 0)
		goto out;
	WRITE_ONCE(gate->periods, gate->periods + 1);
	/* Begun, before any counter: who asks from now on needs the next one. */
	smp_mb();
	/* Those who read the side before the last change, but counted after. */
	drain(gate, !gate->side);
	/* They are gone before others may count themselves there. */
	smp_mb();
	WRITE_ONCE(gate->side, !gate->side);
	/* Who does not see the new side is counted below. */
	smp_mb();
	drain(gate, !gate->side);
	/* What they did inside, before the period ends. */
	smp_mb();
	WRITE_ONCE(gate->periods, gate->periods + 1);
out:
	mutex_unlock(&gate->lock);
	/* And before what the caller does next. */
	smp_mb();
}
