/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rebuilder: after a leg failed, or is missing at activation, every extent
 * that has a shard or a copy on it moves to legs of its tier that are healthy.
 *
 * A sweep (sweep.h) with a pass for each degree of danger: first what has no
 * redundancy left, then what has some. Nothing is remembered: what is still to
 * be done is what the map says lies on failed legs, so a crash, or a leg that
 * fails or returns meanwhile, only means to look again. Where a tier has too
 * few healthy legs or no room the sweep waits.
 */
#ifndef COUCHE_REBUILD_H
#define COUCHE_REBUILD_H

struct couche_sweep;
struct couche_sweep_ops;

extern const struct couche_sweep_ops couche_rebuild_ops;

void couche_rebuild_look(struct couche_sweep *rebuild);

#endif /* COUCHE_REBUILD_H */
