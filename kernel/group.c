// SPDX-License-Identifier: GPL-2.0-only
#include "group.h"

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core/replay.h"
#include "flight.h"
#include "leg.h"
#include "map_area.h"

/* Memory that lives on until the pool is freed. */
struct couche_retired {
	struct couche_retired *next;
	void *mem;
};

static int retire(struct couche_pool *pool, void *mem)
{
	struct couche_retired *r = kmalloc(sizeof(*r), GFP_NOIO);

	if (!r)
		return -ENOMEM;
	r->mem = mem;
	r->next = pool->retired;
	pool->retired = r;
	return 0;
}

static void free_retired(struct couche_pool *pool)
{
	struct couche_retired *r;

	while ((r = pool->retired)) {
		pool->retired = r->next;
		kvfree(r->mem);
		kfree(r);
	}
}

/**
 * couche_group_add() - Publish a group read from disk or just made
 * @pool: the pool; the segments are taken already when it was just made
 * @nr: its number
 * @desc: validated by couche_record_decode_group(); legs and segments are
 *	  checked here
 * @why: what was wrong
 *
 * A dissolved group of the same number makes way. A shape that is not known
 * yet, recovery adds.
 *
 * Context: process, under alloc_lock or before the pool is active; sleeps.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int couche_group_add(struct couche_pool *pool, couche_group_t nr,
		     const struct couche_group_desc *desc, const char **why)
{
	const struct couche_profile profile = {
		.k = desc->k, .m = desc->nr - desc->k, .matrix = desc->matrix,
	};
	struct couche_group *group, *old;
	unsigned int noio;
	int err;

	*why = "group number out of range";
	if (from_couche_group(nr) >= pool->max_groups)
		return -EINVAL;
	*why = "no memory for a group";
	group = kzalloc(sizeof(*group), GFP_NOIO);
	if (!group)
		return -ENOMEM;
	group->desc = *desc;
	group->nr = nr;
	group->shape = couche_shape_find(pool, desc->tier, &profile);
	/* Writes wait for this, those that free memory among them. */
	noio = memalloc_noio_save();
	err = couche_alloc_init(&group->rows,
				pool->super.segment_sectors / COUCHE_BLOCK_SECTORS);
	memalloc_noio_restore(noio);
	old = pool->groups[from_couche_group(nr)];
	if (!err && old)
		err = retire(pool, old);
	if (err) {
		couche_alloc_destroy(&group->rows);
		kfree(group);
		return err;
	}
	if (from_couche_group(nr) >= pool->nr_groups)
		WRITE_ONCE(pool->nr_groups, from_couche_group(nr) + 1);
	smp_store_release(&pool->groups[from_couche_group(nr)], group);
	return 0;
}

/**
 * couche_group_replay() - A record of the journal says what a group is
 * @pool: being recovered
 * @nr: its number
 * @desc: as for couche_group_add(); nr 0: it was dissolved
 * @why: what was wrong
 *
 * The page may have been newer or older than the record.
 *
 * Context: process.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int couche_group_replay(struct couche_pool *pool, couche_group_t nr,
			const struct couche_group_desc *desc, const char **why)
{
	u32 i = from_couche_group(nr);
	struct couche_group *group = pool->groups[i];
	enum couche_replay replay = couche_replay_group(group ? &group->desc : NULL, desc);

	if (replay == COUCHE_REPLAY_KEEP)
		return 0;
	if (group) {
		couche_alloc_destroy(&group->rows);
		kfree(group);
		pool->groups[i] = NULL;
	}
	return replay == COUCHE_REPLAY_SET ? couche_group_add(pool, nr, desc, why) : 0;
}

/**
 * couche_group_free_all() - Free every group
 * @pool: the pool, with no I/O and no volumes left
 *
 * Context: process.
 */
void couche_group_free_all(struct couche_pool *pool)
{
	u32 i;

	free_retired(pool);
	if (!pool->groups)
		return;
	for (i = 0; i < pool->nr_groups; i++) {
		struct couche_group *group = pool->groups[i];

		if (!group)
			continue;
		couche_alloc_destroy(&group->rows);
		kfree(group);
	}
	kvfree(pool->groups);
	pool->groups = NULL;
	pool->nr_groups = 0;
}

/**
 * couche_group_lost() - How many of its shards are not to be had?
 * @pool: the pool
 * @group: one of its groups
 *
 * Context: any.
 * Return: on how many failed, missing or fenced legs it lies.
 */
unsigned int couche_group_lost(struct couche_pool *pool, const struct couche_group *group)
{
	unsigned int i, lost = 0;

	for (i = 0; i < group->desc.nr; i++)
		lost += !couche_leg_writable(couche_group_leg(pool, group, i)) ||
			couche_flight_fenced(couche_group_leg(pool, group, i));
	return lost;
}

/**
 * couche_group_keeps_write() - Will somebody read what only some copies took?
 * @pool: the pool
 * @group: k = 1
 * @missed: bit per leg that did not take it
 *
 * A copy on a leg that is being restored is made from one that is current, and
 * until then not read. Of an only copy nothing newer can be elsewhere.
 *
 * Context: any.
 * Return: whether a current copy, or the only one, took it.
 */
bool couche_group_keeps_write(struct couche_pool *pool, const struct couche_group *group,
			      u64 missed)
{
	unsigned int i;

	for (i = 0; i < group->desc.nr; i++) {
		const struct couche_leg *leg = couche_group_leg(pool, group, i);

		if (!(missed & BIT_ULL(leg->index)) &&
		    (group->desc.nr == 1 || couche_leg_current(leg)))
			return true;
	}
	return false;
}

static bool in_danger(struct couche_pool *pool, const struct couche_group *group,
		      const struct couche_leg *leg)
{
	unsigned int i, gone = 0;
	bool touched = false;

	for (i = 0; i < group->desc.nr; i++) {
		const struct couche_leg *other = couche_group_leg(pool, group, i);

		touched |= other == leg;
		gone += other == leg || !couche_leg_current(other) || couche_flight_fenced(other);
	}
	return touched && gone > group->desc.nr - group->desc.k;
}

/**
 * couche_group_survives() - Can all that is stored do without this leg?
 * @pool: recovered
 * @leg: of a tier
 *
 * Groups that hold nothing do not count: what lay on a leg that failed long
 * ago has been rebuilt elsewhere.
 *
 * Context: process; sleeps. Under spare_lock, which a group's first rows are given
 * under, it holds until the leg counts as gone; without, it is a guess.
 * Return: whether no extent has too few other shards or copies.
 */
bool couche_group_survives(struct couche_pool *pool, const struct couche_leg *leg)
{
	bool survives = true;
	unsigned int side;
	u32 i, nr;

	if (!pool->groups || !pool->super.profile[leg->role - COUCHE_ROLE_HOT].m)
		return false;
	side = couche_io_gate_enter(&pool->io_gate);
	nr = READ_ONCE(pool->nr_groups);
	for (i = 0; i < nr && survives; i++) {
		struct couche_group *group = couche_group_find(pool, to_couche_group(i));

		survives = !group || READ_ONCE(group->rows.free) == group->rows.rows ||
			   !in_danger(pool, group, leg);
	}
	couche_io_gate_leave(&pool->io_gate, side);
	return survives;
}

/**
 * couche_group_put_rows() - Rows are free again
 * @pool: the pool
 * @nr: group
 * @row: first row
 * @rows: how many
 *
 * Context: process; sleeps. No bio may still be on its way to them, and no
 * durable map may name them.
 */
void couche_group_put_rows(struct couche_pool *pool, couche_group_t nr, couche_row_t row,
			   u16 rows)
{
	struct couche_group *group = couche_group_find(pool, nr);

	mutex_lock(&pool->alloc_lock);
	couche_alloc_put(&group->rows, row, rows);
	mutex_unlock(&pool->alloc_lock);
	atomic64_sub(rows * group->desc.nr, &pool->tier_used[group->desc.tier]);
}

/**
 * couche_group_mark() - Rebuild the bitmaps: this extent is here
 * @pool: being recovered
 * @place: from the map
 * @why: what was wrong
 *
 * Context: process.
 * Return: 0, or -EINVAL.
 */
int couche_group_mark(struct couche_pool *pool, const struct couche_place *place,
		      const char **why)
{
	u32 nr = from_couche_group(place->group);
	struct couche_group *group;

	*why = "extent names a group that does not exist";
	if (nr >= pool->nr_groups || !pool->groups[nr])
		return -EINVAL;
	group = pool->groups[nr];
	*why = "extent and its group are of different tiers";
	if (place->tier != group->desc.tier)
		return -EINVAL;
	*why = "extent has another number of rows than its group's shape";
	if (place->rows != group->shape->geo.rows)
		return -EINVAL;
	*why = "extent's rows are outside of the group or belong to another extent";
	if (couche_alloc_mark(&group->rows, place->row, place->rows))
		return -EINVAL;
	atomic64_add(place->rows * group->desc.nr, &pool->tier_used[place->tier]);
	return 0;
}

/**
 * couche_group_encode_page() - Fill a page with group records
 * @pool: the pool
 * @index: which page of group records
 * @number: its place in the map area
 * @block: 4 KiB
 *
 * Context: under commit.lock.
 */
void couche_group_encode_page(struct couche_pool *pool, u32 index, u32 number, void *block)
{
	u32 i;

	couche_page_init(block, COUCHE_PAGE_GROUP, 0, index, number);
	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		u32 nr = index * COUCHE_PAGE_GROUPS + i;
		struct couche_group *group = NULL;

		if (nr < pool->nr_groups)
			group = couche_group_find(pool, to_couche_group(nr));
		if (group && !READ_ONCE(group->dissolved))
			couche_page_set_group(block, i, &group->desc);
	}
}

/**
 * couche_group_grow() - Make room for higher group numbers
 * @pool: the pool
 * @max_groups: how many there may be from now on; not fewer than now
 *
 * Context: process; sleeps, under alloc_lock. A late reader may still use the
 * smaller tables, which stay until the pool is freed.
 * Return: 0 or -ENOMEM.
 */
int couche_group_grow(struct couche_pool *pool, u32 max_groups)
{
	u32 nr_pages = DIV_ROUND_UP(max_groups, COUCHE_PAGE_GROUPS);
	struct couche_map_area *area = &pool->area;
	struct couche_group **groups;
	unsigned int noio;
	u32 *pages;

	if (max_groups <= pool->max_groups)
		return 0;
	/* alloc_lock is held: memory must not wait for our own I/O. */
	noio = memalloc_noio_save();
	groups = kvcalloc(max_groups, sizeof(*groups), GFP_KERNEL);
	pages = kvcalloc(nr_pages + 1, sizeof(*pages), GFP_KERNEL);
	memalloc_noio_restore(noio);
	if (!groups || !pages || retire(pool, pool->groups)) {
		kvfree(groups);
		kvfree(pages);
		return -ENOMEM;
	}
	memcpy(groups, pool->groups, pool->max_groups * sizeof(*groups));
	memset32(pages, COUCHE_NO_PAGE, nr_pages);
	memcpy(pages, area->group_pages, area->nr_group_pages * sizeof(*pages));
	kvfree(area->group_pages);
	area->group_pages = pages;
	area->nr_group_pages = nr_pages;
	smp_store_release(&pool->groups, groups);
	pool->max_groups = max_groups;
	return 0;
}
