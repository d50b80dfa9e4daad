// SPDX-License-Identifier: GPL-2.0-only
#include "segmap.h"

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>

/**
 * couche_segmap_init() - begin with all segments free
 * @s: the map
 * @segments: of the leg; 0 is fine for a leg without any
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOMEM.
 */
int couche_segmap_init(struct couche_segmap *s, u32 segments)
{
	s->map = kvcalloc(BITS_TO_LONGS(segments) + 1, sizeof(long), GFP_KERNEL);
	if (!s->map)
		return -ENOMEM;
	s->segments = segments;
	s->free = segments;
	s->lowest = 0;
	return 0;
}

/**
 * couche_segmap_destroy() - give the bitmap back
 * @s: one that was initialised, or all zero
 *
 * Context: Process context, may sleep.
 */
void couche_segmap_destroy(struct couche_segmap *s)
{
	kvfree(s->map);
	s->map = NULL;
	s->segments = 0;
	s->free = 0;
}

/**
 * couche_segmap_get() - take the lowest free segment
 * @s: the map
 * @ret: the segment
 *
 * Context: Any, under the caller's lock.
 * Return: 0, or -ENOSPC.
 */
int couche_segmap_get(struct couche_segmap *s, u32 *ret)
{
	u32 segment = find_next_zero_bit(s->map, s->segments, s->lowest);

	if (segment >= s->segments)
		return -ENOSPC;
	__set_bit(segment, s->map);
	s->free--;
	s->lowest = segment + 1;
	*ret = segment;
	return 0;
}

/**
 * couche_segmap_mark() - take this very segment
 * @s: the map
 * @segment: the segment
 *
 * Context: Any, under the caller's lock.
 * Return: 0; -ERANGE if the leg has no such segment; -EEXIST if it is taken.
 */
int couche_segmap_mark(struct couche_segmap *s, u32 segment)
{
	if (segment >= s->segments)
		return -ERANGE;
	if (__test_and_set_bit(segment, s->map))
		return -EEXIST;
	s->free--;
	return 0;
}

/**
 * couche_segmap_put() - give a segment back
 * @s: the map
 * @segment: one that is taken
 *
 * Context: Any, under the caller's lock.
 */
void couche_segmap_put(struct couche_segmap *s, u32 segment)
{
	if (WARN_ON_ONCE(segment >= s->segments))
		return;
	if (WARN_ON_ONCE(!__test_and_clear_bit(segment, s->map)))
		return;
	s->free++;
	if (segment < s->lowest)
		s->lowest = segment;
}
