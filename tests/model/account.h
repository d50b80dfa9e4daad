/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Space, counted anew from the map: no row belongs to two extents, none that
 * is in use counts as free, and the numbers are what there is.
 */
#ifndef MODEL_ACCOUNT_H
#define MODEL_ACCOUNT_H

#include "model.h"

struct couche_pool;

void account_check(struct couche_pool *pool);

#endif /* MODEL_ACCOUNT_H */
