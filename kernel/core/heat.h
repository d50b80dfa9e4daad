/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How hot an extent is: decaying counts of reads and writes in one u32, so
 * that the heat of a terabyte in extents of 1 MiB takes 4 MiB.
 *
 * Any number of threads may note and read at once without a lock; two that
 * note at the same instant may lose one count. Heat is advice, this is fine.
 * Time is an argument: now counts half-lives of COUCHE_HEAT_HALF_LIFE seconds
 * since any fixed moment. With each half-life the counts halve. They saturate
 * at COUCHE_HEAT_MAX. The age has COUCHE_HEAT_AGE_BITS: a cell that nobody
 * touched for 1024 half-lives looks warm again for a few.
 *
 * A zeroed cell is an extent nobody has touched.
 */
#ifndef COUCHE_CORE_HEAT_H
#define COUCHE_CORE_HEAT_H

#include <linux/types.h>

/* Seconds after which a count is worth half; now is seconds divided by this. */
#define COUCHE_HEAT_HALF_LIFE	600

#define COUCHE_HEAT_COUNT_BITS	11
#define COUCHE_HEAT_AGE_BITS	10
#define COUCHE_HEAT_MAX		((1u << COUCHE_HEAT_COUNT_BITS) - 1)

void couche_heat_note(u32 *cell, bool write, u32 now);
void couche_heat_read(u32 cell, u32 now, u32 *reads, u32 *writes);

#endif
