// SPDX-License-Identifier: GPL-2.0-only
#include "relocate.h"

#include <linux/delay.h>
#include <linux/slab.h>

#include "commit.h"
#include "couche_netlink.h"	/* enum couche_migration_state */
#include "extent_lock.h"
#include "group.h"
#include "group_alloc.h"
#include "leg.h"
#include "preserve.h"
#include "stage_io.h"
#include "stripe.h"
#include "trace.h"

#define RACES_MAX	3	/* then writes wait for the copy */
#define PLACES_MAX	4	/* to try when legs fail under the copy */
#define BUSY_TRIES	100	/* times to come back to an extent in use */
#define BUSY_MS		10	/* until then */

struct copy {
	struct couche_relocation *r;
	struct couche_pool *pool;
	struct couche_map_page *page;
	struct couche_entry *entry;
	struct couche_stripe *stripe;
	struct couche_stripe_id from, to;
	struct couche_free *old;
	struct couche_free *dropped;	/* an older kept copy, outdated */
	struct couche_free *taken;	/* one to be used again: its rows, should that fail */
	u32 epoch;			/* of the pool's legs when the copy was made */
	bool writable;			/* writes may go to the source: in place, or staged */
	u32 lost;			/* staged granules that no meta leg has */
	unsigned int missing;		/* legs that the target lacked when it was chosen */
	bool leg_failed;		/* and one more since: another place may be better */
	bool owned;
};

static int fail(struct copy *c, const char *why, int err)
{
	c->r->why = why;
	return err;
}

/* Begin to watch for writes: from here on they set ENTRY_DIRTIED. */
static int begin_moving(struct copy *c)
{
	s64 old = atomic64_read(&c->entry->word);

	do {
		if (old & (ENTRY_BUSY | ENTRY_MOVING))
			return fail(c, "the extent is being moved or written anew", -EBUSY);
		if (!(old & ENTRY_MAPPED))
			return fail(c, "the extent is not mapped", -ENODATA);
	} while (!atomic64_try_cmpxchg(&c->entry->word, &old, old | ENTRY_MOVING));
	return 0;
}

static void end_moving(struct copy *c)
{
	if (c->r->flags & RELOCATE_OWNED)
		return;
	couche_extent_disown(c->pool, c->entry);
}

static bool is_staged(const struct copy *c)
{
	return atomic64_read(&c->entry->word) & ENTRY_STAGED;
}

static bool has_checksums(const struct copy *c)
{
	return couche_pool_striped(c->pool, c->from.place.tier);
}

static int analyze(struct copy *c)
{
	struct couche_relocation *r = c->r;

	c->from.place = couche_entry_place(c->entry);
	if (!(c->from.place.flags & COUCHE_EXTENT_MAPPED))
		return fail(c, "the extent is not mapped", -ENODATA);
	if (r->flags & (RELOCATE_REPAIR | RELOCATE_DESTAGE))
		r->tier = c->from.place.tier;
	else if (c->from.place.tier == r->tier)
		return fail(c, "the extent is there already", -EALREADY);
	if ((r->flags & RELOCATE_REPAIR) && c->from.place.generation != r->generation)
		return fail(c, "the extent has been moved since", -EALREADY);
	if ((r->flags & RELOCATE_DESTAGE) && !is_staged(c))
		return fail(c, "nothing of the extent is staged", -EALREADY);
	c->writable = !has_checksums(c) || c->pool->stage;
	c->old = couche_commit_free_alloc(&c->from.place);
	return c->old ? 0 : fail(c, "no memory", -ENOMEM);
}

static unsigned int lost(const struct copy *c, const struct couche_stripe_id *id)
{
	return couche_group_lost(c->pool, couche_group_find(c->pool, id->place.group));
}

/* How many more legs may fail? */
static int spare(const struct copy *c, const struct couche_stripe_id *id, unsigned int missing)
{
	return (int)couche_group_shape(c->pool, &id->place)->geo.m - (int)missing;
}

/*
 * Would a repair leave the extent worse off than it is? With fewer shards, and
 * of another shape also with less to lose.
 */
static bool is_worse(const struct copy *c)
{
	unsigned int now = lost(c, &c->from);
	int before = spare(c, &c->from, now), after = spare(c, &c->to, c->missing);

	if (!c->missing || !(c->r->flags & RELOCATE_REPAIR))
		return false;
	if (c->r->flags & RELOCATE_BETTER)
		return c->missing >= now && after <= before;
	return c->missing > now && after < before;
}

static int find_rows(struct copy *c)
{
	struct couche_relocation *r = c->r;
	int err;

	err = couche_group_alloc(c->pool, r->tier, &c->to.place, &r->why);
	if (err)
		return err;
	c->missing = lost(c, &c->to);
	if (is_worse(c)) {
		couche_group_put_rows(c->pool, c->to.place.group, c->to.place.row,
				      c->to.place.rows);
		return fail(c, "too few legs are healthy", -ENODEV);
	}
	c->to.place.generation = couche_commit_next_generation(c->pool);
	if (couche_group_find(c->pool, c->to.place.group)->desc.nr > 1 &&
	    !couche_pool_striped(c->pool, r->tier))
		c->to.place.flags |= COUCHE_EXTENT_OPEN;
	return 0;
}

/*
 * Wait for writes that began before they could know. Marks are cleared before
 * this, never after: a mark set meanwhile may be of a write still under way.
 */
static void sync_writers(struct copy *c)
{
	if (c->writable)
		couche_pool_sync_io(c->pool);
}

/* What is staged counts, and if all of it is, nothing else does. */
static int load(struct copy *c)
{
	u32 granules = couche_stage_granules(c->pool);
	int err;

	c->lost = 0;
	if (!is_staged(c))
		return couche_stripe_load_extent(c->pool, c->stripe, &c->from);
	if (couche_stage_count(c->pool->stage, c->from.volume, c->from.extent, 0, granules) <
	    granules) {
		err = couche_stripe_load_extent(c->pool, c->stripe, &c->from);
		if (err)
			return err;
	} else {
		couche_stripe_blank(c->stripe);
	}
	err = couche_stage_merge(c->pool, c->stripe, &c->from, &c->lost);
	if (err)
		return err;
	/* What is lost has to lie over the extent where it is then, too. */
	return c->lost > COUCHE_COMMIT_SLOTS ||
	       (c->lost && !couche_super_stages(&c->pool->super, c->to.place.tier)) ? -EIO : 0;
}

static int scale_up(struct copy *c)
{
	int err;

	trace_couche_relocate(c->from.volume, c->from.extent, COUCHE_MIGRATION_SCALE_UP);
	c->epoch = READ_ONCE(c->pool->epoch);
	smp_rmb();
	err = load(c);
	if (err)
		return fail(c, "the extent cannot be read", err);
	err = couche_stripe_store(c->pool, c->stripe, &c->to);
	c->leg_failed = err;
	if (err)
		return fail(c, "a leg of the target tier cannot be written", err);
	return 0;
}

static int wait_sync(struct copy *c)
{
	int err;

	if (!(c->r->flags & RELOCATE_VERIFY))
		return 0;
	trace_couche_relocate(c->from.volume, c->from.extent, COUCHE_MIGRATION_WAIT_SYNC);
	err = couche_stripe_verify(c->pool, c->stripe, &c->to);
	return err ? fail(c, "the new copy does not read back as written", err) : 0;
}

/* Own the extent; false when a write came in between. */
static bool own_unchanged(struct copy *c)
{
	if (c->owned)
		return true;
	atomic64_or(ENTRY_BUSY, &c->entry->word);
	sync_writers(c);
	c->owned = true;
	return !(atomic64_read(&c->entry->word) & ENTRY_DIRTIED);
}

/* A write spoiled the copy: let writes go on, or keep them out for the next. */
static void note_race(struct copy *c)
{
	atomic64_andnot(ENTRY_DIRTIED, &c->entry->word);
	if (++c->r->races >= RACES_MAX)
		return;
	c->owned = false;
	atomic64_andnot(ENTRY_BUSY, &c->entry->word);
	couche_pool_kick(c->pool);
	sync_writers(c);
}

static int copy_extent(struct copy *c)
{
	int err;

	for (;;) {
		err = scale_up(c);
		if (!err)
			err = wait_sync(c);
		if (err || own_unchanged(c))
			return err;
		note_race(c);
		/* Shards of the last try must not pass for those of the next. */
		c->to.place.generation = couche_commit_next_generation(c->pool);
	}
}

/*
 * A copy kept at the target, which nothing has diverged from: then moving is
 * a change of the map alone.
 */
static bool take_kept(struct copy *c)
{
	struct couche_preserved kept;

	if (c->r->flags & (RELOCATE_REPAIR | RELOCATE_DESTAGE))
		return false;
	c->taken = couche_preserve_take_match(c->pool, c->from.volume, c->from.extent,
					      c->from.place.generation, c->r->tier, &kept);
	if (!c->taken)
		return false;
	own_unchanged(c);
	c->to.place = kept.place;
	c->missing = lost(c, &c->to);
	c->epoch = READ_ONCE(c->pool->epoch);
	return !c->writable || (atomic64_read(&c->entry->word) & ENTRY_KEPT);
}

/* What was kept and cannot be used: its rows go the way of all freed rows. */
static void give_up(struct copy *c, struct couche_free *rows)
{
	if (!rows)
		return;
	if (couche_commit_begin(c->pool)) {
		/* The pool takes no changes any more: the next start finds out. */
		kfree(rows);
		return;
	}
	couche_commit_free_locked(c->pool, rows);
	couche_commit_end(c->pool);
}

/*
 * A copy is worth keeping only if no leg of it is behind, and none is worth it
 * on a leg that is to be emptied.
 */
static bool worth_keeping(struct copy *c)
{
	struct couche_group *group = couche_group_find(c->pool, c->from.place.group);
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++) {
		struct couche_leg *leg = couche_group_leg(c->pool, group, i);

		if (couche_leg_draining(leg) || !couche_leg_current(leg))
			return false;
	}
	return true;
}

/* Keep the source, if told to and possible; otherwise it is freed. */
static bool keep_source(struct copy *c)
{
	struct couche_preserved kept = {
		.place = c->from.place,
		.generation = c->to.place.generation,
		.batch = U64_MAX,
	};

	if (!c->dropped)
		c->dropped = couche_preserve_drop(c->pool, c->from.volume, c->from.extent);
	return (c->r->flags & RELOCATE_PRESERVE) && !is_staged(c) && worth_keeping(c) &&
	       !couche_preserve_add(c->pool, c->from.volume, c->from.extent, &kept);
}

static int commit(struct copy *c)
{
	bool keep = keep_source(c);
	int err = 0;

	/* The records of what is lost are written anew, and so must be the last ones. */
	if (c->lost)
		err = couche_stage_make_durable(c->pool, c->from.volume, c->from.extent);
	if (!err)
		err = couche_commit_begin_slots(c->pool, c->lost);
	if (err) {
		if (keep)
			couche_preserve_undo(c->pool, c->from.volume, c->from.extent);
		return fail(c, "the metadata takes no changes", err);
	}
	if (c->epoch != READ_ONCE(c->pool->epoch)) {
		/* A copy may be missing on a leg that has come back. */
		couche_commit_end(c->pool);
		if (keep)
			couche_preserve_undo(c->pool, c->from.volume, c->from.extent);
		return fail(c, "a leg came back meanwhile", -EAGAIN);
	}
	couche_extent_move_locked(c->page, c->r->extent, &c->to.place,
				  (keep ? ENTRY_KEPT : 0) | (c->lost ? ENTRY_STAGED : 0));
	couche_commit_free_locked(c->pool, c->dropped);
	c->dropped = NULL;
	if (!keep) {
		couche_commit_free_locked(c->pool, c->old);
		c->old = NULL;
	}
	c->r->batch = couche_commit_end(c->pool);
	if (keep)
		couche_preserve_set_batch(c->pool, c->from.volume, c->from.extent, c->r->batch);
	atomic64_inc(&c->r->volume->generation);
	trace_couche_relocate(c->from.volume, c->from.extent, COUCHE_MIGRATION_SCALE_DOWN);
	return 0;
}

/*
 * A leg that has failed since the place was chosen: the rebuilder may have been
 * here before the map says what is missing, so it is looked for a better place.
 */
static int check_legs(struct copy *c)
{
	c->leg_failed = couche_pool_striped(c->pool, c->to.place.tier) &&
			lost(c, &c->to) > c->missing;
	return c->leg_failed ? fail(c, "a leg failed meanwhile", -EIO) : 0;
}

static int copy_to_new_rows(struct copy *c)
{
	int err;

	c->leg_failed = false;
	err = find_rows(c);
	if (err)
		return err;
	/* Before: a read inside io_gate may wait for an urgent one. */
	sync_writers(c);
	c->stripe = couche_stripe_get(c->pool, c->r->flags & RELOCATE_URGENT);
	err = copy_extent(c);
	couche_stripe_put(c->pool, c->stripe);
	if (!err)
		err = check_legs(c);
	if (!err)
		err = commit(c);
	if (err)
		couche_group_put_rows(c->pool, c->to.place.group, c->to.place.row,
				      c->to.place.rows);
	return err;
}

static int relocate_locked(struct copy *c)
{
	unsigned int places = 0;
	int err;

	err = analyze(c);
	if (err)
		goto out;
	if (take_kept(c)) {
		err = commit(c);
		if (!err) {
			kfree(c->taken);
			c->taken = NULL;
		}
		goto out;
	}
	do {
		err = copy_to_new_rows(c);
	} while (err && c->leg_failed && ++places < PLACES_MAX);
out:
	kfree(c->old);
	give_up(c, c->taken);
	give_up(c, c->dropped);
	return err;
}

/**
 * couche_relocate() - Move one extent to a tier
 * @r: what and where to; results are put there too
 *
 * With RELOCATE_OWNED the caller owns the extent and still does when this
 * fails; when it succeeds the extent is free.
 *
 * Context: process; sleeps. Takes a stripe and alloc_lock in turn.
 * Return: 0 when the map says so and the journal is going to (r->batch);
 * -ENODATA not mapped, -EALREADY there, -EBUSY owned by another, -EAGAIN a leg
 * came back meanwhile, -ENOSPC, -ENODEV, -EIO, -EILSEQ, -EROFS, -ENOMEM: nothing changed.
 */
int couche_relocate(struct couche_relocation *r)
{
	struct couche_volume *volume = r->volume;
	struct copy c = {
		.r = r,
		.pool = volume->pool,
		.page = couche_volume_find_page(volume, r->extent),
		.from = { .volume = volume->desc.id, .extent = r->extent },
		.to = { .volume = volume->desc.id, .extent = r->extent },
		.owned = r->flags & RELOCATE_OWNED,
	};
	int err;

	r->races = 0;
	r->why = "";
	if (!c.page)
		return fail(&c, "the extent is not mapped", -ENODATA);
	c.entry = couche_volume_entry(c.page, r->extent);
	if (!c.owned) {
		err = begin_moving(&c);
		if (err)
			return err;
	}
	trace_couche_relocate(volume->desc.id, r->extent, COUCHE_MIGRATION_ANALYZE);
	err = relocate_locked(&c);
	if (err)
		end_moving(&c);
	else
		couche_pool_kick(c.pool);
	if (!err && c.missing)
		c.pool->shards_missing(c.pool);
	return err;
}

/**
 * couche_relocate_patiently() - Move an extent that others may be copying
 * @r: as for couche_relocate()
 * @goes_on: is it still worth waiting?
 * @who: for @goes_on
 *
 * Comes back to an extent in use, for a second.
 *
 * Context: process; sleeps.
 * Return: as couche_relocate(); -EBUSY or -EAGAIN: it was in use to the last.
 */
int couche_relocate_patiently(struct couche_relocation *r, bool (*goes_on)(void *who), void *who)
{
	unsigned int tries = 0;
	int err;

	for (;;) {
		err = couche_relocate(r);
		if ((err != -EBUSY && err != -EAGAIN) || ++tries == BUSY_TRIES || !goes_on(who))
			return err;
		fsleep(BUSY_MS * USEC_PER_MSEC);
	}
}
