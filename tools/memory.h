/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is there, or else the program ends with one line: no command has
 * anything better to do without.
 *
 * Any thread. What is returned is the caller's, to be freed with free().
 */
#ifndef COUCHE_TOOLS_MEMORY_H
#define COUCHE_TOOLS_MEMORY_H

#include <stddef.h>

void couche_out_of_memory(void) __attribute__((noreturn));
void *couche_zalloc(size_t nr, size_t size);
void *couche_grow(void *array, size_t nr, size_t size);

#endif
