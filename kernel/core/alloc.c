// SPDX-License-Identifier: GPL-2.0-only
#include "alloc.h"

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>

/**
 * couche_alloc_init() - begin with all rows free
 * @a: the allocator
 * @rows: rows of a segment
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL if @rows is 0; -ENOMEM.
 */
int couche_alloc_init(struct couche_alloc *a, u32 rows)
{
	if (!rows)
		return -EINVAL;
	a->map = kvcalloc(BITS_TO_LONGS(rows), sizeof(long), GFP_KERNEL);
	if (!a->map)
		return -ENOMEM;
	a->rows = rows;
	a->free = rows;
	a->hint = 0;
	return 0;
}

/**
 * couche_alloc_destroy() - give the bitmap back
 * @a: one that was initialised, or all zero
 *
 * Context: Process context, may sleep.
 */
void couche_alloc_destroy(struct couche_alloc *a)
{
	kvfree(a->map);
	a->map = NULL;
	a->rows = 0;
	a->free = 0;
}

/**
 * couche_alloc_get() - take a run of free rows
 * @a: the allocator
 * @rows: how many, side by side
 * @ret: the first of them
 *
 * Context: Any, under the caller's lock.
 * Return: 0; -ENOSPC if there is no such run; -EINVAL if @rows is 0.
 */
int couche_alloc_get(struct couche_alloc *a, u32 rows, couche_row_t *ret)
{
	unsigned long row;

	if (!rows)
		return -EINVAL;
	if (rows > a->free)
		return -ENOSPC;
	row = bitmap_find_next_zero_area(a->map, a->rows, a->hint, rows, 0);
	if (row >= a->rows && a->hint)
		row = bitmap_find_next_zero_area(a->map, a->rows, 0, rows, 0);
	if (row >= a->rows)
		return -ENOSPC;

	bitmap_set(a->map, row, rows);
	a->free -= rows;
	a->hint = row + rows < a->rows ? row + rows : 0;
	*ret = to_couche_row(row);
	return 0;
}

/**
 * couche_alloc_put() - give a run of rows back
 * @a: the allocator
 * @row: the first of them
 * @rows: how many; all must be taken
 *
 * Context: Any, under the caller's lock.
 */
void couche_alloc_put(struct couche_alloc *a, couche_row_t row, u32 rows)
{
	u32 first = from_couche_row(row), i;

	if (WARN_ON_ONCE(first >= a->rows || rows > a->rows - first))
		return;
	/* One by one: a row freed twice must not count twice. */
	for (i = first; i < first + rows; i++) {
		if (!WARN_ON_ONCE(!__test_and_clear_bit(i, a->map)))
			a->free++;
	}
}

/**
 * couche_alloc_mark() - take these very rows
 * @a: the allocator
 * @row: the first of them
 * @rows: how many
 *
 * Context: Any, under the caller's lock.
 * Return: 0; -ERANGE if the group has no such rows; -EEXIST if one of them is
 * taken. Nothing changed unless it is 0.
 */
int couche_alloc_mark(struct couche_alloc *a, couche_row_t row, u32 rows)
{
	u32 first = from_couche_row(row);

	if (!rows || first >= a->rows || rows > a->rows - first)
		return -ERANGE;
	if (find_next_bit(a->map, first + rows, first) < first + rows)
		return -EEXIST;
	bitmap_set(a->map, first, rows);
	a->free -= rows;
	return 0;
}
