/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool: legs, one metadata set, groups and volumes.
 *
 * Born when the first couche-pool table that names its UUID is loaded, found
 * by later tables of the same UUID, freed when the last table (or netlink
 * reader) lets go. Activated (recovered) at the first resume, made quiet at
 * every suspend.
 *
 * Locks, outermost first:
 *   pools_lock (registry.c)  list of pools
 *   config_lock              volumes, migrations, orders of the control plane
 *   preserved_lock           copies that migrations kept
 *   alloc_lock               groups, row and segment bitmaps, map page numbers
 *   super_lock               legs' states and the superblocks
 *   spare_lock               whether a leg can be done without, until it is
 *   commit.lock              a map change together with its journal record
 *   stage.lock               slots of the data journal, then a bucket's lock
 *   deferred_lock            bios that wait for an extent
 *   orphan_lock              bios that were given up, inside a leg's bucket lock
 * The commit worker takes super_lock and inner ones only, so whoever holds one
 * of those must not wait for a commit. Lookups of volumes,
 * groups and map entries take no lock: they stand under io_gate, which every
 * bio on its way to legs holds, so that nothing it uses is freed or reused.
 *
 * Failure of the metadata (no meta leg left, a flush that may have lost data
 * the map is about to point at) sets POOL_FAILED: reads go on, writes and
 * flushes get an error, nothing more is written.
 */
#ifndef COUCHE_POOL_H
#define COUCHE_POOL_H

#include <linux/bio.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "commit_types.h"
#include "core/super.h"
#include "io_gate.h"
#include "leg_types.h"
#include "map_area_types.h"

struct couche_destage;
struct couche_footer_cache;
struct couche_group;
struct couche_repair;
struct couche_retired;
struct couche_shape;
struct couche_stage;
struct couche_stripe_pool;
struct couche_sweep;
struct dm_target;
struct mapped_device;

enum couche_pool_flag {
	POOL_ACTIVE,		/* recovered; I/O may go on */
	POOL_FAILED,		/* metadata failed: no more writes */
	POOL_READ_ONLY,		/* asked for, or an unknown ro-compat feature */
	POOL_SUSPENDED,
	POOL_HOLDING,		/* new bios wait for the pool's resume */
};

#define COUCHE_MAX_OPEN_GROUPS	16

/* Generations handed out between two checkpoints, at most; they never wrap. */
#define COUCHE_GENERATION_STEP	(1U << 16)
#define COUCHE_GENERATION_MAX	(U32_MAX - 2 * COUCHE_GENERATION_STEP)

/* Groups of a tier that new extents go to in turn. */
struct couche_open_groups {
	struct couche_group *group[COUCHE_MAX_OPEN_GROUPS];
	unsigned int nr;
	unsigned int next;
	unsigned int missing;		/* legs that each of them may lack */
};

struct couche_pool {
	struct list_head list;		/* registry.c */
	u64 serial;			/* likewise; never used twice */
	struct kref ref;
	unsigned long flags;		/* enum couche_pool_flag */
	char device[32];		/* dm device name for messages */
	struct mutex ti_lock;		/* innermost of the mutexes */
	struct dm_target *ti;		/* the bound table's target, for events */
	struct mapped_device *md;	/* whose tables may bind to it */

	struct mutex config_lock;
	struct mutex super_lock;
	struct mutex spare_lock;	/* of couche_group_survives(); no I/O under it */
	struct couche_super super;	/* as last written; under super_lock once active */
	void *super_blocks;		/* one per leg, to write from */
	u32 seed;			/* of every metadata checksum */
	struct couche_leg legs[COUCHE_MAX_LEGS];
	u32 nr_legs;
	struct couche_shape *shapes;	/* shape.h: of all its groups */
	struct couche_shape *shape[COUCHE_NR_TIERS];	/* of new groups; under alloc_lock */
	u8 striped;			/* bit per tier: its extents are stripes */
	u8 extent_shift;		/* sectors, as a shift */
	u8 landing;			/* tier of a first write */

	struct mutex alloc_lock;
	struct couche_group **groups;	/* by number; max_groups of them */
	struct couche_retired *retired;	/* group.c: what a late reader may look at */
	u32 max_groups;
	u32 nr_groups;			/* highest number in use + 1 */
	struct couche_map_area area;	/* map_area.h */
	struct couche_open_groups open[COUCHE_NR_TIERS];	/* group_alloc.c */
	atomic64_t tier_used[COUCHE_NR_TIERS];	/* rows times shards in use */
	unsigned long space_low;	/* bit per tier: the event has been sent */
	u32 generation;			/* next one; under commit.lock */
	u32 epoch;			/* grows when a leg comes back; under super_lock */
	bool states_unwritten;		/* a leg's state is not durable yet; likewise */
	bool resync_open;		/* open extents are of before a crash */
	bool split;			/* some extent was ENTRY_SPLIT: not clean when it ends */

	struct couche_io_gate io_gate;
	struct bio_set bios;		/* of our own, leg.c */
	struct bio_set bounces;		/* of volume bios that write, bounce.c */
	struct bio_set read_bounces;	/* and of those that read */
	struct workqueue_struct *io_wq;		/* of bios outside of io_gate */
	struct workqueue_struct *leg_wq;	/* of those inside: wait for legs only */
	struct workqueue_struct *start_wq;	/* likewise, and for what leg_wq frees */
	struct workqueue_struct *commit_wq;	/* ordered */
	struct workqueue_struct *relocate_wq;	/* one extent each */
	struct workqueue_struct *control_wq;	/* migrations, resync */
	struct workqueue_struct *release_wq;	/* release_work: the others wait for it */
	struct workqueue_struct *watch_wq;	/* watchdog.c */
	struct delayed_work watch_work;
	unsigned long leg_timeout;		/* jiffies; 0: none */
	spinlock_t orphan_lock;
	unsigned int orphans;			/* bios given up and not back, all legs */
	wait_queue_head_t orphan_wait;
	atomic_long_t bounce_bytes;		/* bounce.c */

	struct couche_commit commit;
	struct couche_stripe_pool *stripes;
	struct couche_footer_cache *footers;
	struct couche_stage *stage;	/* the data journal, or NULL */
	struct couche_destage *destage;	/* likewise */

	struct xarray volumes;		/* by id */
	u32 born[COUCHE_MAX_VOLUMES + 1];	/* of each, for footers */
	struct mutex preserved_lock;
	struct xarray preserved;	/* preserve.c */
	spinlock_t deferred_lock;
	struct bio_list deferred;	/* wait for an extent */
	struct bio_list held;		/* wait for the pool */
	struct work_struct deferred_work;
	struct work_struct resync_work;
	struct work_struct fail_work;
	struct work_struct release_work;

	struct couche_repair *repair;	/* repair.h */
	struct couche_sweep *rebuild;	/* sweep.h */
	struct couche_sweep *scrub;
	struct couche_sweep *drain;
	struct couche_sweep *reshape;
	void (*legs_changed)(struct couche_pool *pool);	/* activation.c */
	void (*shards_missing)(struct couche_pool *pool);	/* likewise: of what was written */
	atomic64_t reconstructions;	/* times that rows were computed */
	atomic64_t reconstruction_reads;	/* ranges of shards read for that */

	struct list_head migrations;	/* under config_lock */
	u32 next_migration;
	u32 nr_migrations;
};

void couche_pool_notify(struct couche_pool *pool);
void couche_pool_bind(struct couche_pool *pool, struct dm_target *ti);
void couche_pool_fail(struct couche_pool *pool, const char *why);
void couche_pool_sync_io(struct couche_pool *pool);
u32 couche_pool_heat_now(void);
void couche_pool_defer(struct couche_pool *pool, struct bio *bio, atomic64_t *word,
		       u64 until);
void couche_pool_kick(struct couche_pool *pool);
bool couche_pool_hold(struct couche_pool *pool, struct bio *bio);
bool couche_pool_stop_writes(struct couche_pool *pool);

/* registry.c */
struct couche_pool *couche_registry_get(const u8 *uuid, struct mapped_device *md,
					const char **why);
void couche_registry_drop(struct couche_pool *pool);
struct couche_pool *couche_registry_find_bdev(struct block_device *bdev);

/**
 * couche_pool_writable() - May it be changed?
 * @pool: the pool
 *
 * Context: any.
 * Return: false when it is read-only or its metadata failed.
 */
static inline bool couche_pool_writable(const struct couche_pool *pool)
{
	return !(READ_ONCE(pool->flags) & (BIT(POOL_FAILED) | BIT(POOL_READ_ONLY)));
}

/**
 * couche_pool_striped() - Are a tier's extents stripes?
 * @pool: the pool
 * @tier: enum couche_tier
 *
 * Context: any.
 * Return: false where they are written in place.
 */
static inline bool couche_pool_striped(const struct couche_pool *pool, u8 tier)
{
	return pool->striped & BIT(tier);
}

/**
 * couche_pool_get() - Keep a pool
 * @pool: of which the caller has a reference
 *
 * Context: any; couche_registry_drop() lets go of it.
 */
static inline void couche_pool_get(struct couche_pool *pool)
{
	kref_get(&pool->ref);
}

#endif /* COUCHE_POOL_H */
