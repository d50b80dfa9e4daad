// SPDX-License-Identifier: GPL-2.0-only
/* Superblocks as they are read: at activation, and of a device that is offered. */
#include "superblock.h"

#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core/tableline.h"
#include "leg.h"
#include "pool.h"

#define DM_MSG_PREFIX "couche-pool"

static int read_slots(struct couche_pool *pool, struct couche_leg *leg, void *buf)
{
	int err = couche_leg_read(leg, REQ_OP_READ | REQ_META, COUCHE_SB_SLOT_A, buf,
				2 * COUCHE_BLOCK_SIZE);

	if (err)
		DMERR("%s: leg %u: superblock: cannot be read", pool->device, leg->index);
	/* Whether it has answered makes no difference here. */
	return err == -ETIMEDOUT ? -EIO : err;
}

static bool newer(const struct couche_super *a, const struct couche_super *b)
{
	return a->sequence != b->sequence ? a->sequence > b->sequence :
					    a->checkpoint > b->checkpoint;
}

static bool is_newer_format(int err)
{
	return err == -EPROTONOSUPPORT || err == -EROFS;
}

/* The newest of a leg's two superblocks. */
static int decode_slots(const void *buf, struct couche_super *two, const char **why)
{
	const char *field[2] = {};
	int err[2];

	err[0] = couche_super_decode(buf, &two[0], &field[0]);
	err[1] = couche_super_decode(buf + COUCHE_BLOCK_SIZE, &two[1], &field[1]);
	/* Of a later version: the older slot is no way around it. */
	if ((err[0] && err[1]) || is_newer_format(err[0]) || is_newer_format(err[1])) {
		int worse = err[0] == -ENODATA || is_newer_format(err[1]);

		*why = err[worse] == -ENODATA ? "there is none" : field[worse];
		return err[worse] == -ENODATA ? -ENODEV : -EINVAL;
	}
	if (err[0] || (!err[1] && newer(&two[1], &two[0])))
		two[0] = two[1];
	return 0;
}

/* What a leg's device says of itself. */
struct leg_view {
	int err;
	const char *why;		/* of err, and perhaps without one */
	bool blank;
	bool decoded;			/* it holds a superblock in order */
	u64 sequence;
	u8 state;			/* of the leg itself */
	u8 uuid[COUCHE_UUID_SIZE];
};

static bool block_pair_is_zero(const void *buf)
{
	return couche_super_block_is_zero(buf) &&
	       couche_super_block_is_zero(buf + COUCHE_BLOCK_SIZE);
}

/* Read and decode; two[0] is the newest of its two. */
static int view_leg(struct couche_pool *pool, struct couche_leg *leg, void *buf,
		    struct couche_super *two, struct leg_view *view)
{
	memset(view, 0, sizeof(*view));
	view->why = "cannot be read";
	view->err = read_slots(pool, leg, buf);
	if (view->err)
		return view->err;
	view->blank = block_pair_is_zero(buf);
	view->err = decode_slots(buf, two, &view->why);
	if (view->err)
		return view->err;
	view->sequence = two->sequence;
	view->decoded = true;
	view->state = two->leg[two->leg_index].state;
	memcpy(view->uuid, two->leg[two->leg_index].uuid, COUCHE_UUID_SIZE);
	view->why = NULL;
	view->err = -EINVAL;
	if (memcmp(two->pool_uuid, pool->super.pool_uuid, COUCHE_UUID_SIZE))
		view->why = "belongs to another pool";
	else if (two->leg_index != leg->index)
		view->why = "stands at another place in the pool";
	else
		view->err = 0;
	return view->err;
}

/* Is it the device that the pool knows at this place? */
static const char *why_not(const struct couche_leg *leg, const struct couche_super_leg *known,
			   const struct leg_view *view)
{
	if (view->err)
		return view->why;
	if (memcmp(view->uuid, known->uuid, COUCHE_UUID_SIZE))
		return "is another device than the pool has there";
	if (bdev_nr_sectors(leg->bdev) < known->sectors)
		return "its device has become smaller";
	return NULL;
}

/**
 * couche_superblock_probe() - Are the legs blank?
 * @pool: its legs have devices
 * @zero: set when no leg holds anything where superblocks stand
 *
 * Context: process; sleeps.
 * Return: 0, -EIO or -ENOMEM.
 */
int couche_superblock_probe(struct couche_pool *pool, bool *zero)
{
	u32 i, blank = 0, present = 0;
	void *buf;
	int err = 0;

	buf = kmalloc(2 * COUCHE_BLOCK_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	for (i = 0; i < pool->nr_legs; i++) {
		if (!pool->legs[i].bdev)
			continue;
		present++;
		if (read_slots(pool, &pool->legs[i], buf))
			err = -EIO;
		else
			blank += block_pair_is_zero(buf);
	}
	kfree(buf);
	*zero = present && blank == present;
	/* One that cannot be read may be one that has failed: to be seen. */
	return blank ? err : 0;
}

static bool profile_differs(const struct couche_tableline *line, u8 tier,
			    const struct couche_super *s)
{
	const struct couche_profile *asked = &line->profile[tier];

	return (line->given & BIT(COUCHE_FEATURE_ARG_HOT + tier)) &&
	       (asked->k != s->profile[tier].k || asked->m != s->profile[tier].m);
}

/* What the table says of the layout must be what the pool has. */
static const char *asked_differs(const struct couche_tableline *line,
				 const struct couche_super *s)
{
	u8 tier;

	if ((line->given & BIT(COUCHE_FEATURE_ARG_NAME)) && strcmp(line->name, s->name))
		return "name";
	if ((line->given & BIT(COUCHE_FEATURE_ARG_EXTENT)) &&
	    line->extent_sectors != s->extent_sectors)
		return "extent";
	if ((line->given & BIT(COUCHE_FEATURE_ARG_SEGMENT)) &&
	    line->segment_sectors != s->segment_sectors)
		return "segment";
	if ((line->given & BIT(COUCHE_FEATURE_ARG_DATA_JOURNAL)) &&
	    line->stage_slots != s->stage_slots)
		return "data_journal";
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		if (profile_differs(line, tier, s))
			return couche_role_names[couche_role_of_tier(tier)];
	if ((line->given & BIT(COUCHE_FEATURE_ARG_COLD_MIN_HEALTHY)) &&
	    line->profile[COUCHE_TIER_COLD].min_healthy !=
		    couche_profile_min_healthy(&s->profile[COUCHE_TIER_COLD]))
		return "cold_min_healthy";
	return NULL;
}

static int check_asked(struct couche_pool *pool, const struct couche_tableline *line,
		       const struct couche_super *s)
{
	const char *field = s->nr_legs ? asked_differs(line, s) : NULL;

	if (!field)
		return 0;
	DMERR("%s: %s: the table and the superblock differ", pool->device, field);
	return -EINVAL;
}

static void complain(struct couche_pool *pool, u32 index, const struct leg_view *view,
		     const char *why)
{
	DMERR("%s: leg %u: %s%s", pool->device, index,
	      view->err && !view->decoded ? "superblock: " : "", why);
}

/* The first thing that was wrong, when no superblock could be adopted. */
static int refuse(struct couche_pool *pool, const struct leg_view *views)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++) {
		if (!views[i].err)
			continue;
		complain(pool, i, &views[i], views[i].why);
		return views[i].err;
	}
	DMERR("%s: meta: no usable metadata leg", pool->device);
	return -ENODEV;
}

/* Adopt the newest superblock of a meta leg that was in order. */
static int adopt(struct couche_pool *pool, const struct couche_super *best,
		 const struct leg_view *views)
{
	u64 data_sequence = 0;
	u32 i;

	if (!best->nr_legs)
		return refuse(pool, views);
	/* A leg of the pool, not one that was about to be added or replaced. */
	for (i = 0; i < best->nr_legs; i++)
		if (best->leg[i].role != COUCHE_ROLE_META && pool->legs[i].bdev &&
		    best->leg[i].state != COUCHE_LEG_NONE && !views[i].err &&
		    !memcmp(views[i].uuid, best->leg[i].uuid, COUCHE_UUID_SIZE))
			data_sequence = max(data_sequence, views[i].sequence);
	if (data_sequence > best->sequence) {
		DMERR("%s: meta: older than the other legs (sequence %llu, they have %llu)",
		      pool->device, best->sequence, data_sequence);
		return -ESTALE;
	}
	pool->super = *best;
	return 0;
}

static void offer(struct couche_leg *leg)
{
	leg->offered = leg->bdev;
	leg->dev = 0;
	WRITE_ONCE(leg->bdev, NULL);
}

/* Does the table's device belong where it stands? One that failed is not missed. */
static int settle_leg(struct couche_pool *pool, struct couche_leg *leg,
		      const struct leg_view *view, u32 *blank)
{
	const struct couche_super_leg *known = &pool->super.leg[leg->index];
	const char *why;

	if (leg->index >= pool->super.nr_legs || known->state == COUCHE_LEG_NONE) {
		leg->role = COUCHE_NO_ROLE;
		offer(leg);
		return 0;
	}
	if (leg->index >= pool->nr_legs)
		leg->role = known->role;
	why = leg->role != known->role ? "has another role" : NULL;
	if (!why && leg->bdev)
		why = why_not(leg, known, view);
	if (!why)
		return 0;
	if (leg->role == known->role && known->state == COUCHE_LEG_FAILED) {
		DMWARN("%s: leg %u: %s; left out", pool->device, leg->index, why);
		offer(leg);
		return 0;
	}
	*blank += view->blank;
	complain(pool, leg->index, view, why);
	return view->err ?: -EINVAL;
}

static int settle_legs(struct couche_pool *pool, const struct leg_view *views)
{
	u32 i, blank = 0, present = 0;
	int err = 0;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		present += !!pool->legs[i].bdev;
		err = settle_leg(pool, &pool->legs[i], &views[i], &blank) ?: err;
	}
	if (blank)
		DMERR("%s: %u of %u legs are blank and the others are not", pool->device, blank,
		      present);
	pool->nr_legs = pool->super.nr_legs;
	return err;
}

/**
 * couche_superblock_load() - Read all superblocks and adopt the newest
 * @pool: legs, devices and pool UUID come from the table
 * @line: the table, whose explicit settings must agree
 *
 * Every leg that is present must belong to this pool and this place, unless
 * it has failed. A device where the pool knows no leg is offered. A meta leg
 * older than some data leg is refused: the pool went on without it.
 *
 * Context: process; sleeps. Writes nothing.
 * Return: 0; -EIO, -ENODEV, -EINVAL, -ESTALE or -ENOMEM, with the reason
 * logged.
 */
int couche_superblock_load(struct couche_pool *pool, const struct couche_tableline *line)
{
	struct leg_view *views = kvcalloc(COUCHE_MAX_LEGS, sizeof(*views), GFP_KERNEL);
	struct couche_super *s; /* two slots, and the best so far */
	void *buf;
	int err = 0;
	u32 i;

	s = kvcalloc(3, sizeof(*s), GFP_KERNEL);
	buf = kmalloc(2 * COUCHE_BLOCK_SIZE, GFP_KERNEL);
	if (!s || !buf || !views)
		err = -ENOMEM;
	for (i = 0; i < pool->nr_legs && !err; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (leg->bdev && !view_leg(pool, leg, buf, s, &views[i]) &&
		    s->leg[i].role == COUCHE_ROLE_META &&
		    s->leg[i].state == COUCHE_LEG_ONLINE && newer(s, &s[2]))
			s[2] = *s;
	}
	if (!err)
		err = check_asked(pool, line, &s[2]);
	if (!err)
		err = adopt(pool, &s[2], views);
	if (!err)
		err = settle_legs(pool, views);
	kfree(buf);
	kvfree(s);
	kvfree(views);
	return err;
}

/* One leg by itself. */
static int view_one(struct couche_pool *pool, struct couche_leg *leg, struct leg_view *view)
{
	struct couche_super *two = kvcalloc(2, sizeof(*two), GFP_KERNEL);
	void *buf = kmalloc(2 * COUCHE_BLOCK_SIZE, GFP_KERNEL);
	int err = -ENOMEM;

	if (two && buf) {
		view_leg(pool, leg, buf, two, view);
		err = 0;
	}
	kfree(buf);
	kvfree(two);
	return err;
}

/**
 * couche_superblock_check_leg() - Is the device of a leg still that leg?
 * @pool: the pool
 * @leg: has a device
 *
 * Context: process; sleeps.
 * Return: 0, -ESTALE when it is not, -EIO or -ENOMEM when it cannot be read, with
 * the reason logged.
 */
int couche_superblock_check_leg(struct couche_pool *pool, struct couche_leg *leg)
{
	struct leg_view view;
	const char *why;
	int err;

	err = view_one(pool, leg, &view);
	if (err)
		return err;
	why = why_not(leg, &pool->super.leg[leg->index], &view);
	if (!why)
		return 0;
	complain(pool, leg->index, &view, why);
	return view.err == -EIO || view.err == -ENOMEM ? view.err : -ESTALE;
}

/**
 * couche_superblock_check_new() - May a device become a leg?
 * @pool: the pool
 * @leg: its device is the one in question
 *
 * It must be blank where superblocks stand, or hold one that says of itself
 * that it has failed: that is how a leg begins, and nothing was put on it.
 *
 * Context: process; sleeps.
 * Return: 0; -EEXIST when it holds something; -EIO, -ENOMEM.
 */
int couche_superblock_check_new(struct couche_pool *pool, struct couche_leg *leg)
{
	struct leg_view view;
	int err;

	err = view_one(pool, leg, &view);
	if (err || view.blank)
		return err;
	if (view.err == -EIO)
		return -EIO;
	return view.err || view.state != COUCHE_LEG_FAILED ? -EEXIST : 0;
}
