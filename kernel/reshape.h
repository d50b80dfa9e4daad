/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reshaper: a sweep (sweep.h) that gives the extents of a tier the shape of
 * its profile, after that was changed. It relocates what lies in groups of
 * another shape and gives those groups back, pass after pass.
 *
 * Nothing is written about its progress: the superblock says that there may be
 * such groups (COUCHE_FEATURE_INCOMPAT_SHAPES), and the groups say the rest. So
 * it goes on after a crash. Without room, or legs, it waits and looks again.
 * An order to change a profile takes config_lock and changes nothing when it is
 * refused.
 */
#ifndef COUCHE_RESHAPE_H
#define COUCHE_RESHAPE_H

struct couche_pool;
struct couche_sweep_ops;

extern const struct couche_sweep_ops couche_reshape_ops;
void couche_reshape_look(struct couche_pool *pool);

#endif /* COUCHE_RESHAPE_H */
