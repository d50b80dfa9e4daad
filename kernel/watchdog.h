/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks, several times within the pool's leg_timeout, for bios that a leg has
 * had longer than that, gives them up (flight.h) and has the leg failed if the
 * others can do without it.
 *
 * A worker of its own, which takes no mutex: whoever holds one may be waiting
 * for a leg that hangs.
 */
#ifndef COUCHE_WATCHDOG_H
#define COUCHE_WATCHDOG_H

struct couche_pool;

int couche_watchdog_init(struct couche_pool *pool);
void couche_watchdog_set_timeout(struct couche_pool *pool, unsigned int seconds);
void couche_watchdog_destroy(struct couche_pool *pool);

#endif /* COUCHE_WATCHDOG_H */
