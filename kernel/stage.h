/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data journal: slots of one granule (4 KiB) each on every meta leg, for
 * writes to extents whose stripes are never changed, and for those to all
 * extents of a volume that asks for it. What a slot holds lies over the extent
 * until a relocation merges the two (destage.c), or, where extents are written
 * in place, until it has been written there (stage_apply.c).
 *
 * Life of a slot: free -> writing (stage_write.c) -> fresh: it is in the
 * overlay, readers see it -> staged: its record is in the journal -> dropped:
 * a newer one, or a move of the extent, took its place -> free again, once that
 * is durable and no reader can be on its way to it (I4).
 *
 * A staged one that no meta leg has as it was written, when the rest of its extent
 * is merged, becomes lost: it goes on lying over the extent, as an error, and
 * nothing is done for it alone any more until a flush or an activation tries once
 * more.
 *
 * What a flush makes durable is what was fresh when its commit began. Such a slot
 * is recorded even if it is dropped before the record is written, for whatever
 * drops it need not be durable with that commit; and none that came later is,
 * for its data may not be.
 *
 * A slot counts only while its extent has the generation that it names. A
 * generation is never used twice, so the record that moves an extent drops all
 * its slots, also for a recovery, and nothing else needs to be written. Lost ones
 * that are to lie over the extent still get its new generation in the same commit.
 *
 * stage.lock is inside commit.lock and covers the slots' states and lists; the
 * overlay's buckets have locks of their own inside it, which is all that a
 * reader takes. Slots live as long as the pool, and nothing is allocated here
 * once the pool is active (I10).
 */
#ifndef COUCHE_STAGE_H
#define COUCHE_STAGE_H

#include <linux/bio.h>
#include <linux/mempool.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "core/record.h"
#include "pool.h"

struct couche_entry;

#define COUCHE_STAGE_LOCKS	64

/* One part in so many of the journal's ring is for records of slots, per commit. */
#define COUCHE_STAGE_RING_SHARE	8

enum couche_slot_state {
	SLOT_FREE,
	SLOT_WRITING,
	SLOT_FRESH,
	SLOT_STAGED,
	SLOT_LOST,
	SLOT_DROPPED,
};

struct couche_slot {
	struct hlist_node node;		/* fresh, staged and lost ones: of the overlay */
	struct list_head list;
	struct couche_stage_desc desc;
	u32 since;			/* in seconds since boot: when it became fresh */
	u8 state;			/* enum couche_slot_state */
	bool unreadable;		/* on all meta legs, said the last merge */
};

struct couche_stage {
	struct couche_pool *pool;
	struct couche_slot *slots;
	u32 nr;
	u32 *map_pages;			/* numbers of the pages that describe them */
	u32 nr_map_pages;

	struct hlist_head *buckets;	/* the overlay */
	unsigned int bucket_bits;
	spinlock_t bucket_lock[COUCHE_STAGE_LOCKS];

	spinlock_t lock;
	u32 hint;			/* where to look for a free slot */
	u32 nr_used;			/* all but the free ones */
	u32 nr_fresh;
	u32 nr_unsealed;		/* writing or fresh: no record of it yet */
	u32 max_unsealed;		/* that the ring of the journal has room for */
	u32 nr_dropped;
	u32 nr_lost;
	u32 high;			/* used slots from which on writers need credit */
	u32 credit;			/* slots that may be taken above that */
	bool frozen;			/* a checkpoint needs the ring: writers wait */
	bool stuck;			/* nothing can be destaged: writers go around */
	u64 sequence;			/* of the next slot */
	u64 closed;			/* fresh ones below it belong to a commit under way */
	u64 flush_until;		/* slots below this sequence are to be destaged */
	u32 flush_left;			/* so many are still fresh or staged */
	struct list_head fresh;		/* and what is dropped of a commit under way */
	struct list_head staged;	/* oldest first */
	struct list_head lost;
	struct list_head dropped;	/* since the last commit began */
	struct list_head durable;	/* dropped durably, to be freed */
	struct bio_list waiting;	/* for free slots */
	struct work_struct wake_work;	/* lets them try again, stage_write.c */
	struct work_struct hurry_work;	/* frees some, destage.c */
	int dirty;			/* slots were written that no flush made durable */

	mempool_t pages;		/* to write from and read into */
	mempool_t writes;		/* stage_write.c */
	struct bio_set bios;		/* likewise */
	atomic64_t staged_granules;	/* counters for status */
	atomic64_t destaged_granules;
	atomic64_t throttled;
};

/* What the overlay says of one granule. */
struct couche_stage_hit {
	u32 slot;
	u32 crc;
	u16 flags;			/* COUCHE_STAGE_* */
	bool unreadable;
};

int couche_stage_create(struct couche_pool *pool);
void couche_stage_free(struct couche_pool *pool);

/* recover.c */
int couche_stage_load(struct couche_stage *stage, u32 slot,
		      const struct couche_stage_desc *desc, const char **why);
void couche_stage_adopt(struct couche_stage *stage, u32 slot, struct couche_entry *entry);

/* stage_write.c */
int couche_stage_get_slots(struct couche_stage *stage, u32 nr, struct list_head *slots);
void couche_stage_put_slots(struct couche_stage *stage, struct list_head *slots);
void couche_stage_wait(struct couche_stage *stage, struct bio *bio, u32 nr);
bool couche_stage_hook(struct couche_stage *stage, struct couche_slot *slot,
		       const struct couche_stage_desc *desc, const struct couche_entry *entry);

bool couche_stage_find(struct couche_stage *stage, u32 volume, couche_extent_t extent,
		       u32 granule, struct couche_stage_hit *hit);
u32 couche_stage_count(struct couche_stage *stage, u32 volume, couche_extent_t extent,
		       u32 granule, u32 nr);

/* commit.c and checkpoint.c */
void couche_stage_drop_locked(struct couche_stage *stage, u32 volume, couche_extent_t extent,
			      u32 generation);
void couche_stage_drop_volume(struct couche_stage *stage, u32 volume);
u32 couche_stage_close_locked(struct couche_stage *stage, struct list_head *dropped);
bool couche_stage_seal_locked(struct couche_stage *stage, void *block, u32 *left);
void couche_stage_set_durable(struct couche_stage *stage, struct list_head *dropped, int err);
void couche_stage_set_frozen(struct couche_stage *stage, bool frozen);
bool couche_stage_release(struct couche_stage *stage);
void couche_stage_encode_page(struct couche_stage *stage, u32 index, u32 number, void *block);

/* stage_read.c */
void couche_stage_set_readable(struct couche_stage *stage, u32 slot, bool readable);

/* stage_apply.c */
void couche_stage_record_lost_locked(struct couche_pool *pool, u32 volume,
				     couche_extent_t extent);
bool couche_stage_has_fresh(struct couche_stage *stage, u32 volume, couche_extent_t extent);

/* destage.c */
bool couche_stage_pick(struct couche_stage *stage, struct couche_stage_desc *oldest);
void couche_stage_flush(struct couche_stage *stage);
void couche_stage_wake(struct couche_stage *stage);

/**
 * couche_stage_granules() - How many granules an extent has
 * @pool: the pool
 *
 * Context: any.
 * Return: the number, COUCHE_MAX_DATA_ROWS at most.
 */
static inline u32 couche_stage_granules(const struct couche_pool *pool)
{
	return pool->super.extent_sectors / COUCHE_BLOCK_SECTORS;
}

/**
 * couche_stage_sector() - Where a slot lies
 * @pool: the pool
 * @slot: its number
 *
 * Context: any.
 * Return: the sector, on each meta leg.
 */
static inline sector_t couche_stage_sector(const struct couche_pool *pool, u32 slot)
{
	return pool->super.stage_start + (sector_t)slot * COUCHE_BLOCK_SECTORS;
}

/**
 * couche_slot_counts() - Does a slot lie over its extent?
 * @slot: the slot, under stage.lock
 *
 * Context: any.
 * Return: whether it does.
 */
static inline bool couche_slot_counts(const struct couche_slot *slot)
{
	return slot->state == SLOT_FRESH || slot->state == SLOT_STAGED ||
	       slot->state == SLOT_LOST;
}

/**
 * couche_stage_has_durable() - Are there slots to be released?
 * @stage: the data journal, or NULL
 *
 * Context: any.
 * Return: whether there are.
 */
static inline bool couche_stage_has_durable(const struct couche_stage *stage)
{
	return stage && !list_empty(&stage->durable);
}

#endif /* COUCHE_STAGE_H */
