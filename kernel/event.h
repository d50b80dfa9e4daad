/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that any layer raises, for whoever listens. netlink_event.c, which
 * stands above all of them, sends them: without listeners nothing happens, and
 * one that finds no memory is lost. None may be called in atomic context.
 */
#ifndef COUCHE_EVENT_H
#define COUCHE_EVENT_H

#include <linux/types.h>

struct couche_migration_info;
struct couche_pool;
struct couche_sweep_info;

void couche_event_migration(struct couche_pool *pool, const struct couche_migration_info *info);
void couche_event_leg(struct couche_pool *pool, u32 index);
void couche_event_degraded(struct couche_pool *pool, u32 volume, u64 extent, u32 leg);
void couche_event_space(struct couche_pool *pool, u8 tier, u64 free_sectors, u64 sectors);
void couche_event_sweep(struct couche_pool *pool, const struct couche_sweep_info *info);
void couche_event_repair(struct couche_pool *pool, u32 volume, u64 extent, u32 leg, int error);

#endif /* COUCHE_EVENT_H */
