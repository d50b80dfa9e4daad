// SPDX-License-Identifier: GPL-2.0-only
#include "heat.h"

#include <linux/compiler.h>

/* A cell: reads in the low bits, writes, the half-life they were counted in. */
#define WRITE_SHIFT	COUCHE_HEAT_COUNT_BITS
#define AGE_SHIFT	(2 * COUCHE_HEAT_COUNT_BITS)
#define AGE_MASK	((1u << COUCHE_HEAT_AGE_BITS) - 1)

/* CPUs may disagree on the time: this much ahead of now is now. */
#define AHEAD		16

static u32 decay(u32 count, u32 age)
{
	return age < COUCHE_HEAT_COUNT_BITS ? count >> age : 0;
}

/**
 * couche_heat_read() - how hot is a cell now?
 * @cell: the cell
 * @now: half-lives
 * @reads: decayed count of reads
 * @writes: decayed count of writes
 *
 * Context: Any, no lock.
 */
void couche_heat_read(u32 cell, u32 now, u32 *reads, u32 *writes)
{
	u32 age = (now - (cell >> AGE_SHIFT)) & AGE_MASK;

	if (age > AGE_MASK - AHEAD)
		age = 0;
	*reads = decay(cell & COUCHE_HEAT_MAX, age);
	*writes = decay((cell >> WRITE_SHIFT) & COUCHE_HEAT_MAX, age);
}

/**
 * couche_heat_note() - count one read or write
 * @cell: the cell
 * @write: a write, else a read
 * @now: half-lives
 *
 * Context: Any, no lock.
 */
void couche_heat_note(u32 *cell, bool write, u32 now)
{
	u32 *count, reads, writes, old = READ_ONCE(*cell), new;

	couche_heat_read(old, now, &reads, &writes);
	count = write ? &writes : &reads;
	if (*count < COUCHE_HEAT_MAX)
		(*count)++;
	new = reads | writes << WRITE_SHIFT | (now & AGE_MASK) << AGE_SHIFT;
	/* The hottest cells are full: leave their cache line alone. */
	if (new != old)
		WRITE_ONCE(*cell, new);
}
