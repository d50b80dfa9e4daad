/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of legs, never more at a time than the profiles stand: errors, a leg
 * that is pulled, and legs that are not there at a start.
 */
#ifndef MODEL_FAULT_H
#define MODEL_FAULT_H

#include "model.h"

struct couche_pool;
struct model_leg;

void fault_play(struct couche_pool *pool, bool mirrored);
void fault_refill(struct couche_pool *pool);
void fault_mend(struct couche_pool *pool);
void fault_after_death(bool all);
void fault_blind(void);
void fault_started(struct couche_pool *pool);

u32 fault_sick(u8 role);
bool fault_allowed(u8 role);
void fault_make_sick(struct model_leg *leg);
bool fault_scrub(struct couche_pool *pool);

#endif /* MODEL_FAULT_H */
