/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which rows of one group are taken. The bitmap is rebuilt from the map when
 * the pool is activated and never stored, so it cannot disagree with the map.
 *
 * The caller's lock protects every call but init and destroy; nothing sleeps
 * except couche_alloc_init(), which allocates. free may be read without the
 * lock as a hint. Runs of rows are handed out next-fit, so that extents written
 * one after the other stand one after the other.
 */
#ifndef COUCHE_CORE_ALLOC_H
#define COUCHE_CORE_ALLOC_H

#include <linux/types.h>

#include "types.h"

struct couche_alloc {
	unsigned long *map;
	u32 rows;
	u32 free;
	u32 hint;		/* where to look first */
};

int couche_alloc_init(struct couche_alloc *a, u32 rows);
void couche_alloc_destroy(struct couche_alloc *a);
int couche_alloc_get(struct couche_alloc *a, u32 rows, couche_row_t *ret);
void couche_alloc_put(struct couche_alloc *a, couche_row_t row, u32 rows);
int couche_alloc_mark(struct couche_alloc *a, couche_row_t row, u32 rows);

#endif
