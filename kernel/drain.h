/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Draining: every extent with a shard or a copy on a leg that is to be emptied
 * moves to other groups of its tier, and groups that hold nothing any more
 * give their segments back.
 *
 * One sweep (sweep.h) serves all legs that are draining, in as many passes as it
 * takes. That a leg drains stands in the superblock, so it goes on after a
 * restart; the counters do not. It stops when there is no room, at a suspend
 * (and goes on at the resume) and when it is cancelled; what has moved stays
 * where it is.
 */
#ifndef COUCHE_DRAIN_H
#define COUCHE_DRAIN_H

struct couche_pool;
struct couche_sweep_ops;

extern const struct couche_sweep_ops couche_drain_ops;
void couche_drain_start(struct couche_pool *pool);

#endif /* COUCHE_DRAIN_H */
