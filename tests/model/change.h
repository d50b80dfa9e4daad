/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The set of legs and the profile change while the pool is in use: devices are
 * offered, added, put in the place of failed legs, drained and removed; extents of
 * the cold tier get another shape. What was acknowledged is so after a death, and
 * what was cut short is done or not.
 */
#ifndef MODEL_CHANGE_H
#define MODEL_CHANGE_H

#include "model.h"

struct couche_pool;

void change_forget(void);
void change_look(struct couche_pool *pool);
void change_play(struct couche_pool *pool);
void change_replace_lost(struct couche_pool *pool);
void change_end(struct couche_pool *pool);

#endif /* MODEL_CHANGE_H */
