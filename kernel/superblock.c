// SPDX-License-Identifier: GPL-2.0-only
#include "superblock.h"

#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/slab.h>

#include "event.h"
#include "flight.h"
#include "group.h"
#include "leg.h"
#include "pool.h"
#include "shape.h"
#include "trace.h"

#define DM_MSG_PREFIX "couche-pool"

static void states_to_super(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		pool->super.leg[i].state = pool->legs[i].state;
}

/* Write the superblocks of the meta legs, or of the others. */
static u64 write_some(struct couche_pool *pool, bool metas)
{
	struct couche_super *s = &pool->super;
	struct couche_batch batch;
	u32 i;

	couche_batch_begin(&batch);
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];
		void *block = pool->super_blocks + ((size_t)i << COUCHE_BLOCK_SHIFT);
		u64 parity = metas ? s->sequence + s->checkpoint : s->sequence;
		bool meta = leg->role == COUCHE_ROLE_META;

		if (!couche_leg_writable(leg) || metas != meta)
			continue;
		s->leg_index = i;
		couche_super_encode(s, block);
		couche_leg_submit(leg, REQ_OP_WRITE | REQ_FUA | REQ_META | REQ_SYNC,
				  parity & 1 ? COUCHE_SB_SLOT_B : COUCHE_SB_SLOT_A, block,
				  COUCHE_BLOCK_SIZE, &batch, i);
	}
	return couche_batch_wait(&batch);
}

static bool has_meta_leg(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (pool->legs[i].role == COUCHE_ROLE_META && couche_leg_current(&pool->legs[i]))
			return true;
	return false;
}

/*
 * May this leg fail without taking the last of something with it? One that may
 * not stays online, whatever it does: there is nothing to fall back to. Under
 * spare_lock, to be held until it has failed.
 */
static bool may_fail_locked(struct couche_pool *pool, const struct couche_leg *leg)
{
	unsigned int others = 0, failed = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		if (i == leg->index || pool->legs[i].role != leg->role)
			continue;
		/* One that hangs is no help now. */
		if (couche_leg_current(&pool->legs[i]) && !couche_flight_fenced(&pool->legs[i]))
			others++;
		else
			failed++;
	}
	/* What one lacks that is being restored the others have, or nobody has. */
	if (leg->role == COUCHE_ROLE_META)
		return others > 0 || !couche_leg_current(leg);
	return failed < couche_shape_least_m(pool, leg->role - COUCHE_ROLE_HOT) ||
	       couche_group_survives(pool, leg);
}

/*
 * A leg that is being restored gets a new epoch, and so does the pool, after
 * the state: who saw the old epoch and the old state is found out by it.
 */
static void set_state_locked(struct couche_pool *pool, struct couche_leg *leg, u8 state)
{
	WRITE_ONCE(pool->states_unwritten, true);
	/* Pairs with couche_superblock_settled(). */
	smp_wmb();
	WRITE_ONCE(leg->state, state);
	smp_wmb();
	WRITE_ONCE(leg->epoch, leg->epoch + 1);
	if (state == COUCHE_LEG_RESTORING)
		WRITE_ONCE(pool->epoch, pool->epoch + 1);
}

/*
 * Fail the legs whose superblock could not be written. A data leg that must
 * not fail keeps an older one, which is harmless: its state is believed from
 * the meta legs.
 */
static bool fail_unwritten_locked(struct couche_pool *pool, u64 failed)
{
	bool changed = false;
	u32 i;

	mutex_lock(&pool->spare_lock);
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (!(failed & BIT_ULL(i)))
			continue;
		if (leg->role != COUCHE_ROLE_META && !may_fail_locked(pool, leg))
			continue;
		set_state_locked(pool, leg, COUCHE_LEG_FAILED);
		changed = true;
	}
	mutex_unlock(&pool->spare_lock);
	return changed;
}

/**
 * couche_superblock_write_locked() - Write what pool->super says to all legs
 * @pool: the pool, under super_lock
 * @meta_only: a checkpoint, which the data legs need not know
 *
 * A leg that cannot take its own fails, which is one more change to write, until
 * a round goes through. Meta legs first: no data leg may ever be newer than all
 * of them, or the pool would not start again.
 *
 * Context: process; sleeps.
 * Return: 0, or -EIO when no metadata leg is left.
 */
int couche_superblock_write_locked(struct couche_pool *pool, bool meta_only)
{
	lockdep_assert_held(&pool->super_lock);
	if (meta_only)
		pool->super.checkpoint++;
	else
		pool->super.sequence++;
	for (;;) {
		u64 failed;

		if (!has_meta_leg(pool)) {
			couche_pool_fail(pool, "no metadata leg is left");
			return -EIO;
		}
		states_to_super(pool);
		failed = write_some(pool, true);
		if (!failed && !meta_only)
			failed = write_some(pool, false);
		if (!fail_unwritten_locked(pool, failed))
			break;
		meta_only = false;
		pool->super.sequence++;
	}
	smp_store_release(&pool->states_unwritten, false);
	return 0;
}

/**
 * couche_superblock_settled() - Are the states durable that were seen so far?
 * @pool: the pool
 *
 * Who left out a leg because it had failed asks afterwards.
 *
 * Context: any.
 * Return: false when a crash now could take that leg for current.
 */
bool couche_superblock_settled(struct couche_pool *pool)
{
	/* The state was read before. */
	smp_rmb();
	return !smp_load_acquire(&pool->states_unwritten);
}

/**
 * couche_superblock_settle() - Make durable the states that were seen so far
 * @pool: the pool
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_settle(struct couche_pool *pool)
{
	bool unwritten;

	if (couche_superblock_settled(pool))
		return 0;
	/* Whoever changed one writes it before it lets go. */
	mutex_lock(&pool->super_lock);
	unwritten = pool->states_unwritten;
	mutex_unlock(&pool->super_lock);
	return unwritten ? -EIO : 0;
}

static void raise_leg_event(struct couche_pool *pool, struct couche_leg *leg)
{
	trace_couche_leg_state(leg->index, leg->state);
	couche_event_leg(pool, leg->index);
	if (test_bit(POOL_ACTIVE, &pool->flags)) {
		pool->legs_changed(pool);
		couche_pool_notify(pool);
	}
}

/**
 * couche_superblock_fail_legs() - Fail legs that missed a write
 * @pool: the pool
 * @mask: bit per leg index
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0 when all that was written survives on other legs and this is
 * durable; -EIO when a leg without redundancy is among them (it stays online:
 * there is nothing to fall back to) or the metadata failed.
 */
int couche_superblock_fail_legs(struct couche_pool *pool, u64 mask)
{
	bool alone = false;
	u64 changed = 0;
	int err = 0;
	u32 i;

	mutex_lock(&pool->super_lock);
	mutex_lock(&pool->spare_lock);
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (!(mask & BIT_ULL(i)) || leg->state == COUCHE_LEG_FAILED)
			continue;
		if (!may_fail_locked(pool, leg)) {
			alone = true;
			continue;
		}
		set_state_locked(pool, leg, COUCHE_LEG_FAILED);
		changed |= BIT_ULL(i);
		DMWARN("%s: leg %u failed", pool->device, i);
	}
	mutex_unlock(&pool->spare_lock);
	if (changed)
		err = couche_superblock_write_locked(pool, false);
	mutex_unlock(&pool->super_lock);
	for (i = 0; i < pool->nr_legs; i++)
		if (changed & BIT_ULL(i))
			raise_leg_event(pool, &pool->legs[i]);
	if (test_bit(POOL_FAILED, &pool->flags))
		err = -EIO;
	return alone ? -EIO : err;
}

/**
 * couche_superblock_set_leg_state() - Change one leg's state, durably
 * @pool: the pool
 * @leg: the leg
 * @state: enum couche_leg_state
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_set_leg_state(struct couche_pool *pool, struct couche_leg *leg, u8 state)
{
	int err;

	mutex_lock(&pool->super_lock);
	set_state_locked(pool, leg, state);
	err = couche_superblock_write_locked(pool, false);
	mutex_unlock(&pool->super_lock);
	raise_leg_event(pool, leg);
	return err;
}

/**
 * couche_superblock_set_restored() - A leg holds everything again, durably
 * @pool: the pool
 * @leg: was being restored
 * @epoch: of the leg when that began
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0; -EAGAIN when the leg has failed since; -EIO.
 */
int couche_superblock_set_restored(struct couche_pool *pool, struct couche_leg *leg, u32 epoch)
{
	int err = -EAGAIN;

	mutex_lock(&pool->super_lock);
	if (leg->state == COUCHE_LEG_RESTORING && leg->epoch == epoch) {
		set_state_locked(pool, leg, COUCHE_LEG_ONLINE);
		err = couche_superblock_write_locked(pool, false);
	}
	mutex_unlock(&pool->super_lock);
	if (err != -EAGAIN)
		raise_leg_event(pool, leg);
	return err;
}

/**
 * couche_superblock_checkpoint() - Move the journal's tail
 * @pool: the pool
 * @tail: first block that a recovery must replay, and the pages it begins with
 *
 * Context: commit worker; sleeps.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_checkpoint(struct couche_pool *pool,
				 const struct couche_journal_tail *tail)
{
	int err;

	mutex_lock(&pool->super_lock);
	pool->super.journal_seq = tail->seq;
	pool->super.journal_pos = tail->pos;
	pool->super.page_checkpoint = tail->page_checkpoint;
	pool->super.page_sum = tail->page_sum;
	if (pool->generation > COUCHE_GENERATION_MAX)
		couche_pool_fail(pool, "the generations are used up");
	WRITE_ONCE(pool->super.generation, READ_ONCE(pool->generation) + COUCHE_GENERATION_STEP);
	err = couche_superblock_write_locked(pool, true);
	mutex_unlock(&pool->super_lock);
	return err;
}

/**
 * couche_superblock_start() - Fail the legs that are missing, mark in use
 * @pool: recovered
 *
 * What is written from now on is not on the missing legs, which must be
 * known before the first write.
 *
 * Context: process; sleeps.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_start(struct couche_pool *pool)
{
	bool missing = false;
	int err;
	u32 i;

	mutex_lock(&pool->super_lock);
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		/* A restore of a meta leg that was cut short begins anew. */
		if (leg->state == COUCHE_LEG_FAILED || !couche_leg_member(leg) ||
		    (leg->bdev && leg->role != COUCHE_ROLE_META) ||
		    (leg->bdev && leg->state == COUCHE_LEG_ONLINE))
			continue;
		set_state_locked(pool, leg, COUCHE_LEG_FAILED);
		missing = true;
	}
	/*
	 * Pages of a checkpoint that was cut have the number after the last one:
	 * the next must not have it too. By two, so that the slots still alternate.
	 */
	pool->super.checkpoint += 2;
	pool->super.clean = 0;
	err = couche_superblock_write_locked(pool, !missing);
	mutex_unlock(&pool->super_lock);
	return err;
}

static int write_first(struct couche_pool *pool, struct couche_leg *leg)
{
	struct couche_super *s = &pool->super;
	void *block = pool->super_blocks + ((size_t)leg->index << COUCHE_BLOCK_SHIFT);
	struct couche_batch batch;
	u8 slot;

	s->leg_index = leg->index;
	s->sequence++;
	couche_super_encode(s, block);
	s->sequence--;
	couche_batch_begin(&batch);
	for (slot = 0; slot < 2; slot++)
		couche_leg_submit(leg, REQ_OP_WRITE | REQ_FUA | REQ_META | REQ_SYNC,
				  slot ? COUCHE_SB_SLOT_B : COUCHE_SB_SLOT_A, block,
				  COUCHE_BLOCK_SIZE, &batch, leg->index);
	return couche_batch_wait(&batch) ? -EIO : 0;
}

static void apply_change(struct couche_super *s, const struct couche_super_change *change)
{
	s->leg[change->index] = change->leg;
	s->nr_legs = max(s->nr_legs, change->index + 1);
	if (!change->moved)
		return;
	s->map_pages = change->map_pages;
	s->journal_start = change->journal_start;
	s->journal_blocks = change->journal_blocks;
	s->journal_seq = change->journal_seq;
	s->journal_pos = 0;
}

/**
 * couche_superblock_copy() - As it is, to try changes on
 * @pool: the pool
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: for the caller to kfree(); NULL when there is no memory.
 */
struct couche_super *couche_superblock_copy(struct couche_pool *pool)
{
	struct couche_super *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	mutex_lock(&pool->super_lock);
	*s = pool->super;
	mutex_unlock(&pool->super_lock);
	return s;
}

/**
 * couche_superblock_check_change() - Would the pool make sense afterwards?
 * @pool: the pool
 * @change: what is to be changed
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int couche_superblock_check_change(struct couche_pool *pool,
				   const struct couche_super_change *change, const char **why)
{
	struct couche_super *s = couche_superblock_copy(pool);
	int err;

	*why = "no memory";
	if (!s)
		return -ENOMEM;
	apply_change(s, change);
	s->leg_index = 0;
	while (s->leg[s->leg_index].state == COUCHE_LEG_NONE)
		s->leg_index++;
	err = couche_super_check(s, why);
	kfree(s);
	return err;
}

/**
 * couche_superblock_plan_areas() - Does the map need more pages for a new leg?
 * @pool: the pool, under config_lock
 * @change: a leg that is added; the areas are filled in
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0; -EINVAL; -ENOSPC when a meta leg is too small; -ENOMEM.
 */
int couche_superblock_plan_areas(struct couche_pool *pool, struct couche_super_change *change,
				 const char **why)
{
	struct couche_super *s = couche_superblock_copy(pool);
	u32 pages;
	int err;

	*why = "no memory";
	if (!s)
		return -ENOMEM;
	pages = s->map_pages;
	apply_change(s, change);
	s->leg_index = change->index;
	err = couche_super_layout(s, why);
	change->moved = !err && s->map_pages > pages;
	change->map_pages = s->map_pages;
	change->journal_start = s->journal_start;
	change->journal_blocks = s->journal_blocks;
	kfree(s);
	return err;
}

/**
 * couche_superblock_change() - A leg comes, is replaced or goes; durably
 * @pool: the pool
 * @change: passed couche_superblock_check_change()
 *
 * The new device comes first: should we stop here, the pool does not know it
 * and it says of itself that it holds nothing. Then the meta legs, which is
 * where it becomes true.
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0; -EIO when the device cannot be written, and nothing changed, or
 * the metadata failed.
 */
int couche_superblock_change(struct couche_pool *pool, const struct couche_super_change *change)
{
	struct couche_leg *leg = &pool->legs[change->index];
	struct couche_super *old = kmalloc(sizeof(*old), GFP_NOIO);
	int err = 0;

	if (!old)
		return -ENOMEM;
	mutex_lock(&pool->super_lock);
	*old = pool->super;
	apply_change(&pool->super, change);
	if (change->leg.state != COUCHE_LEG_NONE)
		err = write_first(pool, leg);
	if (err) {
		pool->super = *old;
		goto out;
	}
	memcpy(leg->uuid, change->leg.uuid, COUCHE_UUID_SIZE);
	leg->sectors = change->leg.sectors;
	leg->domain = change->leg.domain;
	WRITE_ONCE(leg->flags, change->leg.flags);
	set_state_locked(pool, leg, change->leg.state);
	WRITE_ONCE(leg->role, change->leg.state ? change->leg.role : COUCHE_NO_ROLE);
	smp_store_release(&pool->nr_legs, pool->super.nr_legs);
	err = couche_superblock_write_locked(pool, false);
out:
	mutex_unlock(&pool->super_lock);
	kfree(old);
	return err;
}

/**
 * couche_superblock_set_leg_flags() - Begin or end to drain a leg, durably
 * @pool: the pool
 * @leg: the leg
 * @flags: COUCHE_LEG_FLAG_*
 *
 * Context: process; sleeps. Takes super_lock.
 * Return: 0, or -EIO when the metadata failed.
 */
int couche_superblock_set_leg_flags(struct couche_pool *pool, struct couche_leg *leg, u32 flags)
{
	int err;

	mutex_lock(&pool->super_lock);
	WRITE_ONCE(leg->flags, flags);
	pool->super.leg[leg->index].flags = flags;
	err = couche_superblock_write_locked(pool, false);
	mutex_unlock(&pool->super_lock);
	raise_leg_event(pool, leg);
	return err;
}
