/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which segments of one leg belong to a group. Like the rows of a group
 * (alloc.h) this is rebuilt from the group records and never stored.
 *
 * The caller's lock protects every call but init and destroy; nothing sleeps
 * except couche_segmap_init(), which allocates. free may be read without the
 * lock as a hint. The lowest free segment is taken first: it keeps a leg's data
 * together, where disks are fastest.
 */
#ifndef COUCHE_CORE_SEGMAP_H
#define COUCHE_CORE_SEGMAP_H

#include <linux/types.h>

struct couche_segmap {
	unsigned long *map;
	u32 segments;
	u32 free;
	u32 lowest;		/* none below it is free */
};

int couche_segmap_init(struct couche_segmap *s, u32 segments);
void couche_segmap_destroy(struct couche_segmap *s);
int couche_segmap_get(struct couche_segmap *s, u32 *ret);
int couche_segmap_mark(struct couche_segmap *s, u32 segment);
void couche_segmap_put(struct couche_segmap *s, u32 segment);

/**
 * couche_segmap_used() - count the segments that are taken
 * @s: the map
 *
 * Context: Any; a hint without the caller's lock.
 * Return: how many.
 */
static inline u32 couche_segmap_used(const struct couche_segmap *s)
{
	return s->segments - s->free;
}

#endif
