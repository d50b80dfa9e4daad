// SPDX-License-Identifier: GPL-2.0-only
#include "stage.h"

#include <linux/device-mapper.h>
#include <linux/hash.h>
#include <linux/vmalloc.h>

#include "core/journal.h"
#include "core/page.h"
#include "entry.h"
#include "map_area.h"
#include "pool.h"

#define DM_MSG_PREFIX "couche-pool"

#define CLUSTER_SHIFT	4	/* granules of an extent that share a bucket */
#define PAGES_MIN	64

static struct hlist_head *bucket_of(struct couche_stage *stage, u32 volume,
				    couche_extent_t extent, u32 granule, spinlock_t **lock)
{
	u64 key = from_couche_extent(extent) * COUCHE_MAX_VOLUMES * 2 + volume;
	u32 nr = hash_64(key + ((u64)(granule >> CLUSTER_SHIFT) << 50), stage->bucket_bits);

	*lock = &stage->bucket_lock[nr % COUCHE_STAGE_LOCKS];
	return &stage->buckets[nr];
}

static bool is_of(const struct couche_slot *slot, u32 volume, couche_extent_t extent)
{
	return slot->desc.volume == volume && slot->desc.extent == extent;
}

static u32 number_of(const struct couche_stage *stage, const struct couche_slot *slot)
{
	return slot - stage->slots;
}

/**
 * couche_stage_find() - Is a granule staged?
 * @stage: the data journal
 * @volume: id of the volume
 * @extent: its extent
 * @granule: within the extent
 * @hit: where it is
 *
 * Context: any. Inside io_gate, what it says stays readable. It may be of a
 * newer generation than the caller's; the entry tells, looked at afterwards.
 * Return: whether it is.
 */
bool couche_stage_find(struct couche_stage *stage, u32 volume, couche_extent_t extent,
		       u32 granule, struct couche_stage_hit *hit)
{
	struct couche_slot *slot;
	struct hlist_head *head;
	unsigned long flags;
	bool found = false;
	spinlock_t *lock;

	head = bucket_of(stage, volume, extent, granule, &lock);
	spin_lock_irqsave(lock, flags);
	hlist_for_each_entry(slot, head, node) {
		if (slot->desc.granule != granule || !is_of(slot, volume, extent))
			continue;
		hit->slot = number_of(stage, slot);
		hit->crc = slot->desc.crc;
		hit->flags = slot->desc.flags;
		hit->unreadable = slot->unreadable;
		found = true;
		break;
	}
	spin_unlock_irqrestore(lock, flags);
	return found;
}

/**
 * couche_stage_count() - How many of some granules are staged?
 * @stage: the data journal
 * @volume: id of the volume
 * @extent: its extent
 * @granule: the first
 * @nr: how many of them
 *
 * Context: any.
 * Return: the number.
 */
u32 couche_stage_count(struct couche_stage *stage, u32 volume, couche_extent_t extent,
		       u32 granule, u32 nr)
{
	u32 end = granule + nr, count = 0;

	while (granule < end) {
		u32 next = min(end, ((granule >> CLUSTER_SHIFT) + 1) << CLUSTER_SHIFT);
		struct couche_slot *slot;
		struct hlist_head *head;
		unsigned long flags;
		spinlock_t *lock;

		head = bucket_of(stage, volume, extent, granule, &lock);
		spin_lock_irqsave(lock, flags);
		hlist_for_each_entry(slot, head, node)
			count += is_of(slot, volume, extent) && slot->desc.granule >= granule &&
				 slot->desc.granule < next;
		spin_unlock_irqrestore(lock, flags);
		granule = next;
	}
	return count;
}

/**
 * couche_stage_has_fresh() - Is something of an extent staged that no commit has recorded?
 * @stage: the data journal
 * @volume: id of the volume
 * @extent: its extent
 *
 * Context: process. A commit that has recorded the rest may still be on its way.
 * Return: whether there is.
 */
bool couche_stage_has_fresh(struct couche_stage *stage, u32 volume, couche_extent_t extent)
{
	u32 granule, granules = couche_stage_granules(stage->pool);
	bool found = false;

	spin_lock_irq(&stage->lock);
	for (granule = 0; granule < granules && !found; granule += 1 << CLUSTER_SHIFT) {
		struct couche_slot *slot;
		spinlock_t *lock;

		/* Under stage.lock the chain changes by our own hand only. */
		hlist_for_each_entry(slot, bucket_of(stage, volume, extent, granule, &lock), node)
			found |= is_of(slot, volume, extent) && slot->state == SLOT_FRESH;
	}
	spin_unlock_irq(&stage->lock);
	return found;
}

static void free_locked(struct couche_stage *stage, struct couche_slot *slot)
{
	slot->state = SLOT_FREE;
	stage->nr_used--;
	if (stage->nr_used >= stage->high)
		stage->credit = min(stage->credit + 2, stage->nr - stage->high);
}

/*
 * Out of the overlay; free once the open batch is durable. One that the commit
 * under way is to record stays on its list until it has been.
 */
static void drop_slot_locked(struct couche_stage *stage, struct couche_slot *slot)
{
	bool closed = slot->state == SLOT_FRESH && slot->desc.sequence < stage->closed;
	spinlock_t *lock;

	bucket_of(stage, slot->desc.volume, slot->desc.extent, slot->desc.granule, &lock);
	spin_lock(lock);
	hlist_del_init(&slot->node);
	spin_unlock(lock);
	if (slot->state == SLOT_FRESH && !closed) {
		/* Its record is not needed any more. */
		WRITE_ONCE(stage->nr_fresh, stage->nr_fresh - 1);
		stage->nr_unsealed--;
	}
	if (slot->state == SLOT_LOST)
		stage->nr_lost--;
	else if (slot->desc.sequence < stage->flush_until)
		stage->flush_left--;
	slot->state = SLOT_DROPPED;
	if (!closed)
		list_move_tail(&slot->list, &stage->dropped);
	stage->nr_dropped++;
}

static struct couche_slot *find_slot_locked(struct couche_stage *stage,
					    const struct couche_stage_desc *desc)
{
	struct couche_stage_hit hit;

	return couche_stage_find(stage, desc->volume, desc->extent, desc->granule, &hit) ?
	       &stage->slots[hit.slot] : NULL;
}

static void add_to_overlay_locked(struct couche_stage *stage, struct couche_slot *slot)
{
	struct hlist_head *head;
	spinlock_t *lock;

	head = bucket_of(stage, slot->desc.volume, slot->desc.extent, slot->desc.granule, &lock);
	spin_lock(lock);
	hlist_add_head(&slot->node, head);
	spin_unlock(lock);
}

/* Why a writer has to wait, if it does; credit is what it takes then. */
static bool has_room_locked(const struct couche_stage *stage, u32 nr, u32 *credit)
{
	*credit = stage->nr_used + nr > stage->high ? nr : 0;
	return !stage->frozen && stage->nr_used + nr <= stage->nr && stage->credit >= *credit &&
	       stage->nr_unsealed + nr <= stage->max_unsealed;
}

static struct couche_slot *next_free_locked(struct couche_stage *stage)
{
	struct couche_slot *slot;

	do {
		slot = &stage->slots[stage->hint];
		stage->hint = stage->hint + 1 < stage->nr ? stage->hint + 1 : 0;
	} while (slot->state != SLOT_FREE);
	return slot;
}

/**
 * couche_stage_get_slots() - Take free slots to write to
 * @stage: the data journal
 * @nr: how many
 * @slots: filled, in order of their place as far as there is one
 *
 * Context: any.
 * Return: 0; -EAGAIN when the writer has to wait; -ENOSPC when waiting would
 * not help.
 */
int couche_stage_get_slots(struct couche_stage *stage, u32 nr, struct list_head *slots)
{
	unsigned long flags;
	int err = -EAGAIN;
	u32 credit;

	spin_lock_irqsave(&stage->lock, flags);
	if (has_room_locked(stage, nr, &credit)) {
		err = 0;
		stage->credit -= credit;
		stage->nr_used += nr;
		stage->nr_unsealed += nr;
		while (nr--) {
			struct couche_slot *slot = next_free_locked(stage);

			slot->state = SLOT_WRITING;
			list_add_tail(&slot->list, slots);
		}
	} else if (stage->stuck || nr > stage->max_unsealed || nr > stage->nr / 8 ||
		   stage->nr_lost + nr > stage->high) {
		err = -ENOSPC;
	}
	spin_unlock_irqrestore(&stage->lock, flags);
	return err;
}

/**
 * couche_stage_put_slots() - Give slots back that nothing was written to, or in vain
 * @stage: the data journal
 * @slots: from couche_stage_get_slots(), not hooked
 *
 * Context: any.
 */
void couche_stage_put_slots(struct couche_stage *stage, struct list_head *slots)
{
	struct couche_slot *slot, *next;
	unsigned long flags;

	spin_lock_irqsave(&stage->lock, flags);
	list_for_each_entry_safe(slot, next, slots, list) {
		list_del_init(&slot->list);
		stage->nr_unsealed--;
		free_locked(stage, slot);
	}
	spin_unlock_irqrestore(&stage->lock, flags);
	couche_stage_wake(stage);
}

/**
 * couche_stage_wait() - Keep a bio until there are slots for it
 * @stage: the data journal
 * @bio: of a volume, outside of io_gate
 * @nr: how many slots
 *
 * Context: any that submits bios.
 */
void couche_stage_wait(struct couche_stage *stage, struct bio *bio, u32 nr)
{
	unsigned long flags;
	bool room;
	u32 credit;

	spin_lock_irqsave(&stage->lock, flags);
	bio_list_add(&stage->waiting, bio);
	room = stage->stuck || has_room_locked(stage, nr, &credit);
	spin_unlock_irqrestore(&stage->lock, flags);
	atomic64_inc(&stage->throttled);
	if (room || !couche_pool_writable(stage->pool))
		couche_stage_wake(stage);
	else
		queue_work(stage->pool->relocate_wq, &stage->hurry_work);
}

/**
 * couche_stage_wake() - Let the bios that wait for slots try again
 * @stage: the data journal
 *
 * Context: any.
 */
void couche_stage_wake(struct couche_stage *stage)
{
	if (!bio_list_empty(&stage->waiting))
		queue_work(stage->pool->io_wq, &stage->wake_work);
}

/**
 * couche_stage_hook() - From here on readers see what a slot holds
 * @stage: the data journal
 * @slot: written on all legs that could take it
 * @desc: what it holds; the sequence is given here
 * @entry: of the extent
 *
 * If the extent has moved since the write was let in, somebody discarded or
 * overwrote all of it meanwhile, and the write counts as the earlier one.
 *
 * Context: any, inside io_gate since the write was let in.
 * Return: false when it came too late; the slot is free again.
 */
bool couche_stage_hook(struct couche_stage *stage, struct couche_slot *slot,
		       const struct couche_stage_desc *desc, const struct couche_entry *entry)
{
	struct couche_slot *older;
	unsigned long flags;
	bool current_place;

	spin_lock_irqsave(&stage->lock, flags);
	current_place = (atomic64_read(&entry->word) & ENTRY_MAPPED) &&
			READ_ONCE(entry->generation) == desc->generation;
	list_del_init(&slot->list);
	if (!current_place) {
		stage->nr_unsealed--;
		free_locked(stage, slot);
		goto out;
	}
	older = find_slot_locked(stage, desc);
	slot->desc = *desc;
	slot->desc.sequence = stage->sequence++;
	slot->since = ktime_get_seconds();
	slot->state = SLOT_FRESH;
	slot->unreadable = false;
	add_to_overlay_locked(stage, slot);
	list_add_tail(&slot->list, &stage->fresh);
	WRITE_ONCE(stage->nr_fresh, stage->nr_fresh + 1);
	if (older)
		drop_slot_locked(stage, older);
out:
	spin_unlock_irqrestore(&stage->lock, flags);
	return current_place;
}

/*
 * It could not be merged, and what the extent now says of it is older: it lies
 * over the extent where that is now, too.
 */
static void keep_lost_locked(struct couche_stage *stage, struct couche_slot *slot, u32 generation)
{
	if (slot->state == SLOT_STAGED) {
		if (slot->desc.sequence < stage->flush_until)
			stage->flush_left--;
		slot->state = SLOT_LOST;
		stage->nr_lost++;
		list_move_tail(&slot->list, &stage->lost);
		DMWARN_LIMIT("%s: volume %u extent %llu block %u: slot %u is lost on all metadata legs",
			     stage->pool->device, slot->desc.volume,
			     from_couche_extent(slot->desc.extent), slot->desc.granule,
			     number_of(stage, slot));
	}
	slot->desc.generation = generation;
}

/**
 * couche_stage_drop_locked() - An extent has moved: its slots do not count any more
 * @stage: the data journal
 * @volume: id of the volume
 * @extent: its extent
 * @generation: that it has now, if those of its slots that the merge could not
 *		read are to lie over it still; 0: none is
 *
 * Context: inside the commit section that moves it, which records such slots;
 * none of them is fresh.
 */
void couche_stage_drop_locked(struct couche_stage *stage, u32 volume, couche_extent_t extent,
			      u32 generation)
{
	u32 granule, granules = couche_stage_granules(stage->pool);

	spin_lock(&stage->lock);
	for (granule = 0; granule < granules; granule += 1 << CLUSTER_SHIFT) {
		struct hlist_node *next;
		struct couche_slot *slot;
		struct hlist_head *head;
		spinlock_t *lock;

		/* Under stage.lock the chain changes by our own hand only. */
		head = bucket_of(stage, volume, extent, granule, &lock);
		hlist_for_each_entry_safe(slot, next, head, node) {
			if (!is_of(slot, volume, extent))
				continue;
			if (generation && slot->unreadable)
				keep_lost_locked(stage, slot, generation);
			else
				drop_slot_locked(stage, slot);
		}
	}
	spin_unlock(&stage->lock);
}

/**
 * couche_stage_drop_volume() - A volume was removed, durably
 * @stage: the data journal, or NULL
 * @volume: its id
 *
 * Context: process.
 */
void couche_stage_drop_volume(struct couche_stage *stage, u32 volume)
{
	u32 i;

	for (i = 0; stage && i < stage->nr; i++) {
		struct couche_slot *slot = &stage->slots[i];

		spin_lock_irq(&stage->lock);
		if (couche_slot_counts(slot) && slot->desc.volume == volume)
			drop_slot_locked(stage, slot);
		spin_unlock_irq(&stage->lock);
		cond_resched();
	}
}

/**
 * couche_stage_close_locked() - A commit begins: what belongs to it
 * @stage: the data journal
 * @dropped: gets the slots that are free once it is durable
 *
 * Whatever took the place of a dropped slot is fresh, or in the open batch,
 * and so becomes durable with this commit.
 *
 * Context: under commit.lock.
 * Return: how many fresh slots the commit has to record.
 */
u32 couche_stage_close_locked(struct couche_stage *stage, struct list_head *dropped)
{
	u32 nr;

	spin_lock(&stage->lock);
	list_splice_tail_init(&stage->dropped, dropped);
	stage->closed = stage->sequence;
	nr = stage->nr_fresh;
	spin_unlock(&stage->lock);
	return nr;
}

/**
 * couche_stage_seal_locked() - Record fresh slots in a block of the journal
 * @stage: the data journal
 * @block: one that was begun
 * @left: slots still to be recorded, counted down; 0 when there are no more
 *
 * Context: under commit.lock, in the commit worker.
 * Return: whether a record was added.
 */
bool couche_stage_seal_locked(struct couche_stage *stage, void *block, u32 *left)
{
	struct couche_slot *slot;
	bool any = false;

	spin_lock(&stage->lock);
	while (*left) {
		u32 nr;

		slot = list_first_entry(&stage->fresh, struct couche_slot, list);
		nr = number_of(stage, slot);
		if (!couche_journal_add_stage(block, nr, &slot->desc))
			break;
		couche_map_area_set_dirty_locked(stage->pool,
						 stage->map_pages[nr / COUCHE_PAGE_STAGES]);
		if (slot->state == SLOT_FRESH) {
			slot->state = SLOT_STAGED;
			list_move_tail(&slot->list, &stage->staged);
		} else {
			list_move_tail(&slot->list, &stage->dropped);
		}
		stage->nr_unsealed--;
		/* Pairs with couche_commit_pending(): the batch was closed before. */
		smp_store_release(&stage->nr_fresh, stage->nr_fresh - 1);
		--*left;
		any = true;
	}
	spin_unlock(&stage->lock);
	return any;
}

/**
 * couche_stage_set_durable() - A commit is over
 * @stage: the data journal
 * @dropped: from couche_stage_close_locked()
 * @err: why it failed, if it did
 *
 * Context: process. couche_stage_release() is to follow.
 */
void couche_stage_set_durable(struct couche_stage *stage, struct list_head *dropped, int err)
{
	spin_lock_irq(&stage->lock);
	list_splice_tail_init(dropped, err ? &stage->dropped : &stage->durable);
	spin_unlock_irq(&stage->lock);
	couche_stage_wake(stage);
}

/**
 * couche_stage_set_frozen() - Keep writers from slots, or let them
 * @stage: the data journal
 * @frozen: the ring has no room for the records
 *
 * Context: process.
 */
void couche_stage_set_frozen(struct couche_stage *stage, bool frozen)
{
	spin_lock_irq(&stage->lock);
	stage->frozen = frozen;
	spin_unlock_irq(&stage->lock);
	if (!frozen)
		couche_stage_wake(stage);
}

/**
 * couche_stage_release() - Free the slots that were dropped durably
 * @stage: the data journal
 *
 * Waits for the readers that may still be on their way to them.
 *
 * Context: process; sleeps, not inside io_gate.
 * Return: whether there were any.
 */
bool couche_stage_release(struct couche_stage *stage)
{
	struct couche_slot *slot, *next;
	LIST_HEAD(slots);

	spin_lock_irq(&stage->lock);
	list_splice_init(&stage->durable, &slots);
	spin_unlock_irq(&stage->lock);
	if (list_empty(&slots))
		return false;
	couche_pool_sync_io(stage->pool);
	list_for_each_entry_safe(slot, next, &slots, list) {
		spin_lock_irq(&stage->lock);
		list_del_init(&slot->list);
		stage->nr_dropped--;
		free_locked(stage, slot);
		spin_unlock_irq(&stage->lock);
	}
	couche_stage_wake(stage);
	return true;
}

/**
 * couche_stage_encode_page() - Fill a block with what some slots hold
 * @stage: the data journal
 * @index: which page of them
 * @number: its place in the map area
 * @block: 4 KiB
 *
 * Context: under commit.lock.
 */
void couche_stage_encode_page(struct couche_stage *stage, u32 index, u32 number, void *block)
{
	u32 first = index * COUCHE_PAGE_STAGES;
	u32 i, nr = min_t(u32, COUCHE_PAGE_STAGES, stage->nr - first);

	couche_page_init(block, COUCHE_PAGE_STAGE, 0, index, number);
	spin_lock(&stage->lock);
	for (i = 0; i < nr; i++) {
		const struct couche_slot *slot = &stage->slots[first + i];

		if (couche_slot_counts(slot))
			couche_page_set_stage(block, i, &slot->desc);
	}
	spin_unlock(&stage->lock);
}

/**
 * couche_stage_set_readable() - A merge could read a slot, or could not
 * @stage: the data journal
 * @slot: its number, found in the overlay
 * @readable: whether some meta leg has it as it was written
 *
 * Context: process, inside io_gate since it was found.
 */
void couche_stage_set_readable(struct couche_stage *stage, u32 slot, bool readable)
{
	spin_lock_irq(&stage->lock);
	stage->slots[slot].unreadable = !readable;
	spin_unlock_irq(&stage->lock);
}

#define PICK_AMONG	16	/* oldest slots, to find the fullest extent */

/**
 * couche_stage_pick() - Which extent should be destaged next?
 * @stage: the data journal
 * @oldest: what one of its slots holds
 *
 * Among the oldest the one with the most granules: a merge costs the same
 * whatever there is to be merged. It then counts as the youngest, so that the
 * next caller finds another.
 *
 * Context: process.
 * Return: false when nothing is staged.
 */
bool couche_stage_pick(struct couche_stage *stage, struct couche_stage_desc *oldest)
{
	u32 i = 0, count, most = 0, granules = couche_stage_granules(stage->pool);
	struct couche_slot *slot, *best = NULL;

	spin_lock_irq(&stage->lock);
	list_for_each_entry(slot, &stage->staged, list) {
		if (i++ == PICK_AMONG)
			break;
		count = couche_stage_count(stage, slot->desc.volume, slot->desc.extent, 0,
					   granules);
		if (count <= most)
			continue;
		most = count;
		best = slot;
		if (most == granules)
			break;
	}
	if (best) {
		*oldest = best->desc;
		list_move_tail(&best->list, &stage->staged);
	}
	spin_unlock_irq(&stage->lock);
	return best;
}

/**
 * couche_stage_flush() - What is in the overlay now is to be destaged
 * @stage: the data journal
 *
 * A slot gets its sequence when it enters the overlay, so those below the next
 * one are the fresh and the staged: used, but neither dropped nor being written.
 * Lost ones may be readable again, if a leg came back: they are tried once more.
 *
 * Context: process.
 */
void couche_stage_flush(struct couche_stage *stage)
{
	struct couche_slot *slot;

	spin_lock_irq(&stage->lock);
	list_for_each_entry(slot, &stage->lost, list)
		slot->state = SLOT_STAGED;
	list_splice_tail_init(&stage->lost, &stage->staged);
	stage->nr_lost = 0;
	stage->flush_until = stage->sequence;
	stage->flush_left = stage->nr_used - stage->nr_dropped -
			    (stage->nr_unsealed - stage->nr_fresh);
	spin_unlock_irq(&stage->lock);
}

/**
 * couche_stage_load() - What a page or a record says of a slot
 * @stage: the data journal
 * @slot: its number
 * @desc: what it holds
 * @why: what was wrong
 *
 * Context: recovery only, in the order of the journal.
 * Return: 0, or -EINVAL.
 */
int couche_stage_load(struct couche_stage *stage, u32 slot,
		      const struct couche_stage_desc *desc, const char **why)
{
	*why = "slot: beyond the end of the data journal";
	if (slot >= stage->nr)
		return -EINVAL;
	*why = "granule: beyond the end of its extent";
	if (desc->generation && desc->granule >= couche_stage_granules(stage->pool))
		return -EINVAL;
	stage->slots[slot].desc = *desc;
	stage->sequence = max(stage->sequence, desc->sequence + 1);
	return 0;
}

/**
 * couche_stage_adopt() - A slot that was loaded counts
 * @stage: the data journal
 * @slot: its number
 * @entry: of the extent that it names, which has its generation
 *
 * Unless another slot with the same granule is younger.
 *
 * Context: recovery only.
 */
void couche_stage_adopt(struct couche_stage *stage, u32 slot, struct couche_entry *entry)
{
	struct couche_slot *s = &stage->slots[slot], *other;

	spin_lock_irq(&stage->lock);
	other = find_slot_locked(stage, &s->desc);
	if (other && other->desc.sequence > s->desc.sequence)
		goto out;
	if (other) {
		hlist_del_init(&other->node);
		list_del_init(&other->list);
		other->state = SLOT_FREE;
		stage->nr_used--;
	}
	s->state = SLOT_STAGED;
	s->since = ktime_get_seconds();
	stage->nr_used++;
	add_to_overlay_locked(stage, s);
	list_add_tail(&s->list, &stage->staged);
	atomic64_or(ENTRY_STAGED, &entry->word);
out:
	spin_unlock_irq(&stage->lock);
}

/* A commit writes all that has no record yet: the ring must have room (commit.c). */
static u32 max_unsealed(const struct couche_pool *pool)
{
	u32 records = COUCHE_JOURNAL_PAYLOAD / sizeof(struct couche_disk_record_stage);

	return min_t(u64, pool->super.stage_slots,
		     (u64)pool->super.journal_blocks / COUCHE_STAGE_RING_SHARE * records);
}

static int alloc_tables(struct couche_stage *stage)
{
	u32 i;

	stage->bucket_bits = clamp(ilog2(stage->nr) - 2, 4, 20);
	stage->nr_map_pages = DIV_ROUND_UP(stage->nr, COUCHE_PAGE_STAGES);
	stage->slots = kvcalloc(stage->nr, sizeof(*stage->slots), GFP_KERNEL);
	stage->buckets = kvcalloc(1U << stage->bucket_bits, sizeof(*stage->buckets), GFP_KERNEL);
	stage->map_pages = kvcalloc(stage->nr_map_pages, sizeof(u32), GFP_KERNEL);
	if (!stage->slots || !stage->buckets || !stage->map_pages)
		return -ENOMEM;
	for (i = 0; i < stage->nr; i++)
		INIT_LIST_HEAD(&stage->slots[i].list);
	memset32(stage->map_pages, COUCHE_NO_PAGE, stage->nr_map_pages);
	return 0;
}

static void init_fields(struct couche_stage *stage, struct couche_pool *pool)
{
	unsigned int i;

	stage->pool = pool;
	stage->nr = pool->super.stage_slots;
	stage->high = stage->nr - stage->nr / 10;
	stage->credit = stage->nr / 64;
	stage->max_unsealed = max_unsealed(pool);
	spin_lock_init(&stage->lock);
	for (i = 0; i < COUCHE_STAGE_LOCKS; i++)
		spin_lock_init(&stage->bucket_lock[i]);
	INIT_LIST_HEAD(&stage->fresh);
	INIT_LIST_HEAD(&stage->staged);
	INIT_LIST_HEAD(&stage->lost);
	INIT_LIST_HEAD(&stage->dropped);
	INIT_LIST_HEAD(&stage->durable);
	bio_list_init(&stage->waiting);
}

/**
 * couche_stage_create() - Make the data journal of a pool that has one
 * @pool: its superblock is known
 *
 * Context: process; sleeps.
 * Return: 0 or -ENOMEM; couche_stage_free() cleans up either way.
 */
int couche_stage_create(struct couche_pool *pool)
{
	struct couche_stage *stage;
	int err;

	stage = kzalloc(sizeof(*stage), GFP_KERNEL);
	if (!stage)
		return -ENOMEM;
	pool->stage = stage;
	init_fields(stage, pool);
	err = alloc_tables(stage);
	if (!err)
		err = mempool_init_page_pool(&stage->pages, PAGES_MIN, 0);
	return err;
}

/**
 * couche_stage_free() - The opposite; fine when it was never or half made
 * @pool: the pool, quiet
 *
 * Context: process.
 */
void couche_stage_free(struct couche_pool *pool)
{
	struct couche_stage *stage = pool->stage;

	if (!stage)
		return;
	mempool_exit(&stage->pages);
	kvfree(stage->map_pages);
	kvfree(stage->buckets);
	kvfree(stage->slots);
	kfree(stage);
	pool->stage = NULL;
}
