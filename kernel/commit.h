/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commit: the one place where the order of durable things is decided.
 *
 * Whoever changes the map does it between couche_commit_begin() and
 * couche_commit_end(), so that the change in memory and its journal record
 * are one. Records gather in the open batch. The commit worker closes the
 * batch, flushes every data leg written to (data before map, I3), writes the
 * batch to the journal on all meta legs with FUA, and only then ends the
 * FLUSH and FUA bios that wait and hands freed rows back (I4). What was staged
 * in the data journal since the last commit is recorded with it.
 *
 * A checkpoint (checkpoint.c) runs in the same worker when half the ring is
 * used, so that commits and checkpoints never overlap.
 */
#ifndef COUCHE_COMMIT_H
#define COUCHE_COMMIT_H

#include <linux/list.h>

#include "commit_types.h"
#include "core/page.h"
#include "core/replay.h"
#include "core/types.h"

struct bio;
struct couche_pool;
struct couche_page_slot;
struct couche_super_change;
struct work_struct;

#define COUCHE_CHECKPOINT_PAGES	32	/* encoded and written together */
#define COUCHE_COMMIT_SLOTS	4096	/* of which one section may add records */

/* Map and journal move on the meta legs: a larger map, for a new leg. */
struct couche_relayout {
	struct couche_super_change *change;
	struct couche_page_slot *slots;	/* of the larger map; the old ones on return */
	unsigned long *dirty;
	int err;
};

struct couche_free {
	struct list_head list;
	couche_group_t group;
	couche_row_t row;
	u16 rows;
};

int couche_commit_init(struct couche_pool *pool);
void couche_commit_destroy(struct couche_pool *pool);

int couche_commit_begin(struct couche_pool *pool);
int couche_commit_begin_slots(struct couche_pool *pool, u32 slots);
void couche_commit_extent_locked(struct couche_pool *pool, u32 volume, u32 map_page,
				 couche_extent_t extent, const struct couche_place *to);
void couche_commit_group_locked(struct couche_pool *pool, couche_group_t nr,
				const struct couche_group_desc *desc, u32 map_page);
void couche_commit_volume_locked(struct couche_pool *pool, u32 id,
				 const struct couche_volume_desc *desc, u32 map_page);
void couche_commit_slot_locked(struct couche_pool *pool, u32 slot,
			       const struct couche_stage_desc *desc, u32 map_page);
struct couche_free *couche_commit_free_alloc(const struct couche_place *place);
void couche_commit_free_locked(struct couche_pool *pool, struct couche_free *old);
u64 couche_commit_end(struct couche_pool *pool);

int couche_commit_wait(struct couche_pool *pool, u64 id);
int couche_commit_all(struct couche_pool *pool);
int couche_commit_checkpoint(struct couche_pool *pool);
int couche_commit_relayout(struct couche_pool *pool, struct couche_super_change *change);
void couche_commit_bio(struct couche_pool *pool, struct bio *bio);
bool couche_commit_pending(struct couche_pool *pool);
bool couche_commit_reclaim(struct couche_pool *pool);
void couche_commit_release_work(struct work_struct *work);

/* checkpoint.c, called by the commit worker only */
int couche_checkpoint_write(struct couche_pool *pool);
int couche_checkpoint_relayout(struct couche_pool *pool, struct couche_relayout *r);
/* checkpoint.c, for all */
u32 couche_commit_next_generation(struct couche_pool *pool);
/* commit.c, for checkpoint.c: make the open batch durable now */
int couche_commit_once(struct couche_pool *pool);

#endif /* COUCHE_COMMIT_H */
