/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots of the data journal that no metadata leg has as they were written. They
 * are lost until the fault is healed, or where a slot is written anew; also over
 * deaths, for the legs forget nothing.
 */
#ifndef MODEL_LOSS_H
#define MODEL_LOSS_H

#include "model.h"

struct couche_pool;

void loss_forget(void);
void loss_begin(struct couche_pool *pool);
bool loss_is_due(void);
void loss_play(struct couche_pool *pool);
bool loss_has_moved(struct couche_pool *pool);
void loss_heal(struct couche_pool *pool);
void loss_mend(struct couche_pool *pool);

#endif /* MODEL_LOSS_H */
