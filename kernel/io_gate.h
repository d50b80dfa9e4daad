/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is on the way to the legs: every bio enters the gate before it looks at
 * the map and leaves it in its endio, on whatever CPU that runs, and
 * couche_io_gate_sync() waits for all that were inside when it was called.
 *
 * It is SRCU's algorithm (kernel/rcu/srcutree.c, "two counters a side, count
 * who left before who came"), kept because here a section is one bio: entering
 * and leaving are one locked add each on the CPU's own line, where SRCU needs
 * an add that is safe from interrupts and a barrier; and the last one out
 * wakes whoever waits, so that moving an extent costs a wake-up and not some
 * periods of a poll.
 *
 * Entering and leaving: any context. Nothing can fail but the making of it.
 */
#ifndef COUCHE_IO_GATE_H
#define COUCHE_IO_GATE_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/wait.h>

struct couche_io_gate_counts {
	atomic_long_t entered[2];
	atomic_long_t left[2];
};

struct couche_io_gate {
	struct couche_io_gate_counts __percpu *counts;
	unsigned int side;		/* new bios count themselves here */
	unsigned int draining;		/* side + 1 that is waited for, or 0 */
	unsigned long periods;		/* odd while one is under way */
	struct mutex lock;		/* innermost; one period at a time */
	wait_queue_head_t wait;
};

int couche_io_gate_init(struct couche_io_gate *gate);
void couche_io_gate_destroy(struct couche_io_gate *gate);
void couche_io_gate_sync(struct couche_io_gate *gate);

/**
 * couche_io_gate_enter() - Be waited for from here on
 * @gate: the gate
 *
 * Context: any.
 * Return: what couche_io_gate_leave() wants.
 */
static inline unsigned int couche_io_gate_enter(struct couche_io_gate *gate)
{
	unsigned int side = READ_ONCE(gate->side);

	atomic_long_inc(&raw_cpu_ptr(gate->counts)->entered[side]);
	/* What is read inside is not older; pairs with sync(). */
	smp_mb__after_atomic();
	return side;
}

/**
 * couche_io_gate_leave() - No longer be waited for
 * @gate: the gate; its owner keeps it until the bio has ended
 * @side: from couche_io_gate_enter()
 *
 * Context: any.
 */
static inline void couche_io_gate_leave(struct couche_io_gate *gate, unsigned int side)
{
	/* What was done inside is done; pairs with drained(). */
	smp_mb__before_atomic();
	atomic_long_inc(&raw_cpu_ptr(gate->counts)->left[side]);
	/* Either the one who waits sees us gone, or we see it waiting. */
	smp_mb__after_atomic();
	if (unlikely(READ_ONCE(gate->draining) == side + 1))
		wake_up(&gate->wait);
}

#endif /* COUCHE_IO_GATE_H */
