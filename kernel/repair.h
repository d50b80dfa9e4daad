/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair: an extent with a shard that a read found wrong, or could not read,
 * is moved within its tier, so that all its shards are right again.
 *
 * Readers put extents on a queue that never makes them wait: it is bounded,
 * knows an extent once, and when it is full the extent is dropped, counted,
 * and left to the next read or scrub. One worker (pool->control_wq) takes them
 * off one by one. It names extents by volume and number, so a volume may be
 * removed and an extent move meanwhile: then there is nothing to repair. The
 * legs that lied are named by those who saw it, while the rows were the
 * extent's: a group's number may stand for another group later.
 * An extent that cannot be repaired is counted and stays as it is.
 */
#ifndef COUCHE_REPAIR_H
#define COUCHE_REPAIR_H

#include "core/types.h"

struct couche_pool;
struct couche_repair;
struct couche_repair_info;
struct couche_stripe_id;

struct couche_repair *couche_repair_create(struct couche_pool *pool);
void couche_repair_free(struct couche_repair *repair);
void couche_repair_queue(struct couche_repair *repair, const struct couche_stripe_id *id, u64 legs);
void couche_repair_pause(struct couche_repair *repair);
void couche_repair_unpause(struct couche_repair *repair);
void couche_repair_note(struct couche_repair *repair, const struct couche_stripe_id *id, u64 legs,
			int error);

#endif /* COUCHE_REPAIR_H */
