// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <stdlib.h>

#include "couchectl.h"

/**
 * couche_out_of_memory() - end the program because there is no memory left
 */
void couche_out_of_memory(void)
{
	exit(couche_fail(COUCHE_EXIT_FAILURE, "memory",
			 "is not to be had; free some"));
}

/**
 * couche_zalloc() - get zeros
 * @nr: things, which may be none
 * @size: bytes of each
 *
 * Return: the memory, never NULL, to be freed by the caller.
 */
void *couche_zalloc(size_t nr, size_t size)
{
	void *p = calloc(nr ?: 1, size);

	if (!p)
		couche_out_of_memory();
	return p;
}

/**
 * couche_grow() - make room for more things
 * @array: what there is, or NULL; not to be used any more
 * @nr: things that it is to hold, at least one
 * @size: bytes of each
 *
 * Return: the array, to be freed by the caller; what is new in it is not set.
 */
void *couche_grow(void *array, size_t nr, size_t size)
{
	void *p = reallocarray(array, nr, size);

	if (!p)
		couche_out_of_memory();
	return p;
}
