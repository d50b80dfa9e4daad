/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control plane's view of the pools: what generic netlink and the dm
 * message interface may ask for and order. Everything here is called from
 * process context without locks held and may sleep. Infos are copies taken at
 * one instant; nothing points back into a pool but the reference itself,
 * which couche_pool_find() takes and couche_pool_put() drops.
 *
 * Orders are advice to the data path: bounded, expiring, refused when stale.
 * A refusal is a negative errno plus, in *why, a constant sentence that names
 * what was wrong.
 */
#ifndef COUCHE_CONTROL_H
#define COUCHE_CONTROL_H

#include "info.h"

struct couche_leg;
struct couche_pool;
struct work_struct;

/* pools: registry.c */
struct couche_pool *couche_pool_find(const u8 uuid[COUCHE_UUID_SIZE]);
struct couche_pool *couche_pool_find_next(u64 *cursor);
void couche_pool_put(struct couche_pool *pool);
void couche_pool_info(struct couche_pool *pool, struct couche_pool_info *info);

/* legs; -ENOENT past the last one, -ENODATA where one was removed */
int couche_leg_info(struct couche_pool *pool, u32 index, struct couche_leg_info *info);
int couche_leg_fail(struct couche_pool *pool, u32 index, const char **why);
void couche_control_fail_work(struct work_struct *work);
int couche_leg_restore(struct couche_pool *pool, u32 index, const char **why);

/* rebuild.c, scrub.c, reshape.c, repair.c */
int couche_pool_sweep(struct couche_pool *pool, enum couche_sweep_kind kind,
		      enum couche_sweep_order order, u64 rate, const char **why);
void couche_pool_sweep_info(struct couche_pool *pool, enum couche_sweep_kind kind,
			    struct couche_sweep_info *info);
int couche_pool_flush(struct couche_pool *pool, const char **why);
void couche_pool_repair_info(struct couche_pool *pool, struct couche_repair_info *info);

/* reshape.c */
int couche_pool_set_profile(struct couche_pool *pool, const struct couche_profile_args *args,
			    const char **why);

/* the set of legs: leg_set.c */
int couche_leg_add(struct couche_pool *pool, u32 index, const char **why);
int couche_leg_replace(struct couche_pool *pool, u32 index, const char **why);
int couche_leg_remove(struct couche_pool *pool, u32 index, const char **why);
int couche_leg_drain(struct couche_pool *pool, u32 index, const char **why);
int couche_leg_drain_cancel(struct couche_pool *pool, u32 index, const char **why);

/* volumes; _next: the volume with the lowest id >= id, -ENOENT if none */
int couche_volume_info_next(struct couche_pool *pool, u32 id, struct couche_volume_info *info);
/* fills up to nr infos of mapped extents from first on; returns how many, 0 at the end */
int couche_volume_extents(struct couche_pool *pool, u32 volume, u64 first,
			  struct couche_extent_info *infos, unsigned int nr);

/* migrations */
int couche_migrate_start(struct couche_pool *pool, const struct couche_migrate_args *args,
			 u32 *id, const char **why);
int couche_migrate_cancel(struct couche_pool *pool, u32 id);
/* running and the last ended ones (bounded); lowest id >= id, -ENOENT if none */
int couche_migrate_info_next(struct couche_pool *pool, u32 id, struct couche_migration_info *info);

/* control.c, for leg_set.c */
int couche_control_changeable(struct couche_pool *pool, const char **why);
int couche_control_find_leg(struct couche_pool *pool, u32 index, struct couche_leg **leg,
			    const char **why);
int couche_control_restore(struct couche_pool *pool, struct couche_leg *leg);

int couche_netlink_init(void);
void couche_netlink_destroy(void);

#endif /* COUCHE_CONTROL_H */
