/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recovery: from superblocks, map pages and journal to a pool in memory.
 * Reads only; whatever is wrong is logged with the field that is wrong and
 * the activation fails without having changed anything (I7).
 */
#ifndef COUCHE_RECOVER_H
#define COUCHE_RECOVER_H

struct couche_pool;

int couche_recover(struct couche_pool *pool);

#endif /* COUCHE_RECOVER_H */
