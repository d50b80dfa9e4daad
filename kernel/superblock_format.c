// SPDX-License-Identifier: GPL-2.0-only
/* The first superblocks of a new pool. */
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/uuid.h>

#include "core/tableline.h"
#include "leg.h"
#include "pool.h"
#include "superblock.h"

#define DM_MSG_PREFIX "couche-pool"

static void layout_from_table(const struct couche_tableline *line, struct couche_super *s)
{
	u32 i;

	s->nr_legs = line->nr_legs;
	s->extent_sectors = line->extent_sectors;
	s->segment_sectors = line->segment_sectors;
	memcpy(s->profile, line->profile, sizeof(s->profile));
	s->stage_slots = line->stage_slots;
	s->incompat = line->stage_slots ? COUCHE_FEATURE_INCOMPAT_STAGE : 0;
	strscpy(s->name, *line->name ? line->name : "couche", sizeof(s->name));
	for (i = 0; i < line->nr_legs; i++) {
		s->leg[i].role = line->leg[i].role;
		s->leg[i].domain = line->leg[i].domain;
	}
}

static int zero_map_area(struct couche_pool *pool)
{
	u64 sectors = (u64)pool->super.map_pages * 2 * COUCHE_BLOCK_SECTORS;
	int err = 0;
	u32 i;

	for (i = 0; i < pool->nr_legs && !err; i++)
		if (pool->legs[i].role == COUCHE_ROLE_META)
			err = blkdev_issue_zeroout(pool->legs[i].bdev, pool->super.map_start,
						   sectors, GFP_KERNEL, 0);
	return err;
}

/**
 * couche_superblock_format() - Make a new pool on blank legs
 * @pool: its legs have devices
 * @line: the table that asked for it
 *
 * Context: process; sleeps. The superblocks are written last, so that an
 * interrupted format leaves blank legs or a whole pool.
 * Return: 0; -EINVAL with the field logged, -EIO or -ENOMEM.
 */
int couche_superblock_format(struct couche_pool *pool, const struct couche_tableline *line)
{
	struct couche_super *s = &pool->super;
	const char *field = "legs";
	int err = 0;
	u32 i;

	layout_from_table(line, s);
	for (i = 0; i < pool->nr_legs; i++) {
		struct couche_leg *leg = &pool->legs[i];

		if (!leg->bdev) {
			field = "legs: one is missing";
			err = -EINVAL;
			break;
		}
		s->leg[i].sectors = round_down(bdev_nr_sectors(leg->bdev), COUCHE_BLOCK_SECTORS);
		s->leg[i].state = COUCHE_LEG_ONLINE;
		leg->state = COUCHE_LEG_ONLINE;
		generate_random_uuid(s->leg[i].uuid);
	}
	s->generation = COUCHE_GENERATION_STEP;
	s->journal_seq = 1;
	if (!err)
		err = couche_super_layout(s, &field);
	if (!err)
		err = couche_super_check(s, &field);
	if (err) {
		DMERR("%s: cannot format: %s", pool->device, field);
		return err;
	}
	err = zero_map_area(pool);
	if (err)
		return err;
	/* Twice, so that either slot can be lost from the start. */
	mutex_lock(&pool->super_lock);
	err = couche_superblock_write_locked(pool, false);
	if (!err)
		err = couche_superblock_write_locked(pool, false);
	mutex_unlock(&pool->super_lock);
	return err;
}
