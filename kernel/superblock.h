/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The superblocks of a pool's legs: reading them at activation, and writing
 * them when a leg's state or the journal's tail changes.
 *
 * All changes go through pool->super_lock. A change of a leg's state is
 * durable on every leg that can be written before the function returns, so
 * that a write may be acknowledged without the leg that missed it. Others see
 * the state before that: a commit waits for it (couche_superblock_settle()),
 * and so everything that has to survive does. A leg
 * whose superblock cannot be written fails as well. When no meta leg is left
 * the pool fails and the function returns -EIO.
 */
#ifndef COUCHE_SUPERBLOCK_H
#define COUCHE_SUPERBLOCK_H

#include "core/super.h"
#include "core/types.h"

struct couche_leg;
struct couche_pool;
struct couche_tableline;

/* What changes when a leg is added, replaced or removed. */
struct couche_super_change {
	struct couche_super_leg leg;
	u32 index;
	bool moved;			/* map and journal, too: the journal is empty */
	u32 map_pages;
	u32 journal_blocks;
	u64 journal_start;
	u64 journal_seq;
};

struct couche_journal_tail {
	u64 seq;
	u32 pos;
	u64 page_checkpoint;
	u64 page_sum;
};

int couche_superblock_load(struct couche_pool *pool, const struct couche_tableline *line);
int couche_superblock_probe(struct couche_pool *pool, bool *zero);
int couche_superblock_check_leg(struct couche_pool *pool, struct couche_leg *leg);
int couche_superblock_check_new(struct couche_pool *pool, struct couche_leg *leg);
int couche_superblock_check_change(struct couche_pool *pool,
				   const struct couche_super_change *change, const char **why);
int couche_superblock_plan_areas(struct couche_pool *pool, struct couche_super_change *change,
				 const char **why);
int couche_superblock_change(struct couche_pool *pool, const struct couche_super_change *change);
int couche_superblock_set_leg_flags(struct couche_pool *pool, struct couche_leg *leg, u32 flags);
int couche_superblock_start(struct couche_pool *pool);
bool couche_superblock_settled(struct couche_pool *pool);
int couche_superblock_settle(struct couche_pool *pool);
int couche_superblock_fail_legs(struct couche_pool *pool, u64 mask);
int couche_superblock_set_leg_state(struct couche_pool *pool, struct couche_leg *leg, u8 state);
int couche_superblock_set_restored(struct couche_pool *pool, struct couche_leg *leg, u32 epoch);
int couche_superblock_checkpoint(struct couche_pool *pool,
				 const struct couche_journal_tail *tail);
struct couche_super *couche_superblock_copy(struct couche_pool *pool);
int couche_superblock_write_locked(struct couche_pool *pool, bool meta_only);

/* superblock_format.c */
int couche_superblock_format(struct couche_pool *pool, const struct couche_tableline *line);

/* superblock_set.c */
int couche_superblock_set_clean(struct couche_pool *pool, bool clean);
int couche_superblock_check_profile(struct couche_pool *pool, u8 tier,
				    const struct couche_profile *profile, const char **why);
int couche_superblock_set_profile(struct couche_pool *pool, u8 tier,
				  const struct couche_profile *profile);
int couche_superblock_end_shapes(struct couche_pool *pool);
int couche_superblock_stage_all(struct couche_pool *pool);
bool couche_superblock_mixed(const struct couche_pool *pool);

#endif /* COUCHE_SUPERBLOCK_H */
