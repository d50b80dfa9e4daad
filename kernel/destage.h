/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The destager: merges what the data journal holds into new stripes, extent by
 * extent, by relocation within the tier (relocate.c), or to a faster tier when
 * this one is full. What lies over extents that are written in place is written
 * there (stage_apply.c).
 *
 * It works when more than a threshold of the slots is in use, the more workers
 * the fuller, or when something has been there for longer than the interval,
 * or when it is told to, or when writers wait. A few workers of
 * pool->relocate_wq, each with one extent at a time, so it never needs more
 * than as many stripes. An extent that fails is tried again later; while none
 * succeeds, writers are sent around the journal.
 */
#ifndef COUCHE_DESTAGE_H
#define COUCHE_DESTAGE_H

#include <linux/types.h>

struct couche_pool;

int couche_destage_create(struct couche_pool *pool, u32 threshold, u32 interval);
void couche_destage_free(struct couche_pool *pool);
void couche_destage_set(struct couche_pool *pool, u32 threshold, u32 interval);
void couche_destage_kick(struct couche_pool *pool);
int couche_destage_flush(struct couche_pool *pool);
void couche_destage_pause(struct couche_pool *pool);
void couche_destage_unpause(struct couche_pool *pool);

#endif /* COUCHE_DESTAGE_H */
