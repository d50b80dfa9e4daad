// SPDX-License-Identifier: GPL-2.0-only
#include "netlink_put.h"

#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "control.h"

/**
 * couche_put_u64() - Put a number of 64 bits.
 * @skb: message
 * @attr: COUCHE_A_*
 * @value: the number
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, COUCHE_A_PAD);
}

/**
 * couche_put_pool_id() - Put which pool a message speaks of.
 * @skb: message
 * @uuid: of the pool
 * @name: of the pool
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_pool_id(struct sk_buff *skb, const u8 *uuid, const char *name)
{
	return nla_put(skb, COUCHE_A_POOL_UUID, COUCHE_UUID_SIZE, uuid) ?:
	       nla_put_string(skb, COUCHE_A_POOL_NAME, name);
}

static int put_tier_fields(struct sk_buff *skb, const struct couche_pool_info *pool,
			   unsigned int tier)
{
	const struct couche_profile *profile = &pool->profile[tier];

	return nla_put_u8(skb, COUCHE_A_TIER_TIER, tier) ?:
	       nla_put_u8(skb, COUCHE_A_TIER_K, profile->k) ?:
	       nla_put_u8(skb, COUCHE_A_TIER_M, profile->m) ?:
	       nla_put_u8(skb, COUCHE_A_TIER_MATRIX, profile->matrix) ?:
	       nla_put_u8(skb, COUCHE_A_TIER_CSUM, profile->csum) ?:
	       nla_put_u8(skb, COUCHE_A_TIER_MIN_HEALTHY,
			  couche_profile_min_healthy(profile)) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_TIER_SECTORS,
				 pool->tier_sectors[tier], COUCHE_A_TIER_PAD) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_TIER_USED_SECTORS,
				 pool->tier_used_sectors[tier], COUCHE_A_TIER_PAD);
}

static int put_tier(struct sk_buff *skb, const struct couche_pool_info *pool,
		    unsigned int tier)
{
	struct nlattr *nest;
	int err;

	if (!pool->profile[tier].k)
		return 0;
	nest = nla_nest_start(skb, COUCHE_A_POOL_TIER);
	if (!nest)
		return -EMSGSIZE;
	err = put_tier_fields(skb, pool, tier);
	if (err) {
		nla_nest_cancel(skb, nest);
		return err;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_sweep_fields(struct sk_buff *skb, const struct couche_sweep_info *sweep)
{
	const int pad = COUCHE_A_SWEEP_PAD;

	return nla_put_u8(skb, COUCHE_A_SWEEP_SWEEP_KIND, sweep->kind) ?:
	       nla_put_u8(skb, COUCHE_A_SWEEP_STATE, sweep->state) ?:
	       nla_put_s32(skb, COUCHE_A_SWEEP_ERROR, sweep->error) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_SWEEP_DONE, sweep->done, pad) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_SWEEP_TOTAL, sweep->total, pad) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_SWEEP_BYTES, sweep->bytes, pad) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_SWEEP_FAILED, sweep->failed, pad) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_SWEEP_BAD, sweep->bad, pad) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_SWEEP_REPAIRED, sweep->repaired, pad) ?:
	       nla_put_u64_64bit(skb, COUCHE_A_SWEEP_RATE_BYTES, sweep->rate, pad) ?:
	       nla_put_u32(skb, COUCHE_A_SWEEP_INTERVAL, sweep->interval);
}

/**
 * couche_put_sweep() - Put how far a rebuild, a scrub or a reshape is.
 * @skb: message
 * @sweep: the sweep
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_sweep(struct sk_buff *skb, const struct couche_sweep_info *sweep)
{
	struct nlattr *nest = nla_nest_start(skb, COUCHE_A_POOL_SWEEP);

	if (!nest)
		return -EMSGSIZE;
	if (put_sweep_fields(skb, sweep)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_repair(struct sk_buff *skb, const struct couche_repair_info *repair)
{
	return couche_put_u64(skb, COUCHE_A_REPAIRS_QUEUED, repair->queued) ?:
	       couche_put_u64(skb, COUCHE_A_REPAIRS, repair->done) ?:
	       couche_put_u64(skb, COUCHE_A_REPAIRS_FAILED, repair->failed) ?:
	       couche_put_u64(skb, COUCHE_A_REPAIRS_DROPPED, repair->dropped) ?:
	       couche_put_u64(skb, COUCHE_A_RECONSTRUCTIONS, repair->reconstructions) ?:
	       couche_put_u64(skb, COUCHE_A_RECONSTRUCTION_READS, repair->reconstruction_reads);
}

static int put_data_journal(struct sk_buff *skb, const struct couche_pool_info *pool)
{
	return nla_put_u32(skb, COUCHE_A_DATA_JOURNAL_SLOTS, pool->stage_slots) ?:
	       nla_put_u32(skb, COUCHE_A_DATA_JOURNAL_USED, pool->stage_used) ?:
	       couche_put_u64(skb, COUCHE_A_STAGED, pool->staged_granules) ?:
	       couche_put_u64(skb, COUCHE_A_DESTAGED, pool->destaged_granules) ?:
	       nla_put_u32(skb, COUCHE_A_FLUSH_LEFT, pool->flush_left);
}

/**
 * couche_put_pool() - Put all there is to say of a pool, its id included.
 * @skb: message
 * @pool: the pool
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_pool(struct sk_buff *skb, const struct couche_pool_info *pool)
{
	u32 flags = (pool->degraded ? COUCHE_POOL_FLAGS_DEGRADED : 0) |
		    (pool->read_only ? COUCHE_POOL_FLAGS_READ_ONLY : 0) |
		    (pool->stage_stuck ? COUCHE_POOL_FLAGS_STAGE_STUCK : 0) |
		    (pool->metadata_failed ? COUCHE_POOL_FLAGS_METADATA_FAILED : 0);
	unsigned int tier;
	int err;

	err = couche_put_pool_id(skb, pool->uuid, pool->name) ?:
	      nla_put_u32(skb, COUCHE_A_POOL_FLAGS, flags) ?:
	      nla_put_u32(skb, COUCHE_A_POOL_LEGS, pool->nr_legs) ?:
	      nla_put_u32(skb, COUCHE_A_POOL_VOLUMES, pool->nr_volumes) ?:
	      nla_put_u32(skb, COUCHE_A_EXTENT_SECTORS, pool->extent_sectors) ?:
	      nla_put_u32(skb, COUCHE_A_SEGMENT_SECTORS, pool->segment_sectors) ?:
	      couche_put_u64(skb, COUCHE_A_JOURNAL_BLOCKS, pool->journal_blocks) ?:
	      couche_put_u64(skb, COUCHE_A_JOURNAL_USED, pool->journal_used) ?:
	      couche_put_u64(skb, COUCHE_A_COMMITS, pool->commits) ?:
	      couche_put_u64(skb, COUCHE_A_CHECKPOINTS, pool->checkpoints);
	for (tier = 0; !err && tier < COUCHE_NR_TIERS; tier++)
		err = put_tier(skb, pool, tier);
	return err ?: put_repair(skb, &pool->repair) ?: put_data_journal(skb, pool) ?:
	       couche_put_sweep(skb, &pool->rebuild) ?: couche_put_sweep(skb, &pool->scrub) ?:
	       couche_put_sweep(skb, &pool->reshape);
}

static int put_leg_counts(struct sk_buff *skb, const struct couche_leg_info *leg)
{
	return couche_put_u64(skb, COUCHE_A_LEG_SECTORS, leg->sectors) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_USED_SECTORS, leg->used_sectors) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_READS, leg->reads) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_WRITES, leg->writes) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_READ_ERRORS, leg->read_errors) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_WRITE_ERRORS, leg->write_errors) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_CSUM_ERRORS, leg->csum_errors) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_SCRUB_ERRORS, leg->scrub_errors) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_REPAIRS, leg->repairs) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_DRAIN_LEFT, leg->drain_left) ?:
	       couche_put_u64(skb, COUCHE_A_LEG_DRAIN_MOVED, leg->drain_moved);
}

/**
 * couche_put_leg() - Put a leg.
 * @skb: message
 * @leg: the leg
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_leg(struct sk_buff *skb, const struct couche_leg_info *leg)
{
	if (leg->present && nla_put_flag(skb, COUCHE_A_LEG_PRESENT))
		return -EMSGSIZE;
	if (leg->draining && nla_put_flag(skb, COUCHE_A_LEG_DRAINING))
		return -EMSGSIZE;
	return nla_put_u32(skb, COUCHE_A_LEG_INDEX, leg->index) ?:
	       nla_put(skb, COUCHE_A_LEG_UUID, COUCHE_UUID_SIZE, leg->uuid) ?:
	       nla_put_u8(skb, COUCHE_A_LEG_ROLE, leg->role) ?:
	       nla_put_u8(skb, COUCHE_A_LEG_STATE, leg->state) ?:
	       nla_put_u16(skb, COUCHE_A_LEG_DOMAIN, leg->domain) ?:
	       nla_put_u32(skb, COUCHE_A_LEG_MAJOR, leg->major) ?:
	       nla_put_u32(skb, COUCHE_A_LEG_MINOR, leg->minor) ?:
	       put_leg_counts(skb, leg);
}

static int put_volume_counts(struct sk_buff *skb, const struct couche_volume_info *volume)
{
	return couche_put_u64(skb, COUCHE_A_VOLUME_READS, volume->reads) ?:
	       couche_put_u64(skb, COUCHE_A_VOLUME_WRITES, volume->writes) ?:
	       couche_put_u64(skb, COUCHE_A_VOLUME_READ_SECTORS, volume->read_sectors) ?:
	       couche_put_u64(skb, COUCHE_A_VOLUME_WRITTEN_SECTORS, volume->written_sectors) ?:
	       couche_put_u64(skb, COUCHE_A_DEGRADED_READS, volume->degraded_reads) ?:
	       couche_put_u64(skb, COUCHE_A_PROMOTES, volume->promotes) ?:
	       couche_put_u64(skb, COUCHE_A_LOST_EXTENTS, volume->lost_extents);
}

/**
 * couche_put_volume() - Put a volume.
 * @skb: message
 * @volume: the volume
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_volume(struct sk_buff *skb, const struct couche_volume_info *volume)
{
	if (volume->active && nla_put_flag(skb, COUCHE_A_VOLUME_ACTIVE))
		return -EMSGSIZE;
	if (volume->journal_all && nla_put_flag(skb, COUCHE_A_VOLUME_JOURNAL_ALL))
		return -EMSGSIZE;
	return nla_put_u32(skb, COUCHE_A_VOLUME_ID, volume->id) ?:
	       nla_put(skb, COUCHE_A_VOLUME_UUID, COUCHE_UUID_SIZE, volume->uuid) ?:
	       nla_put_string(skb, COUCHE_A_VOLUME_NAME, volume->name) ?:
	       couche_put_u64(skb, COUCHE_A_VOLUME_SECTORS, volume->sectors) ?:
	       couche_put_u64(skb, COUCHE_A_VOLUME_GENERATION, volume->generation) ?:
	       couche_put_u64(skb, COUCHE_A_VOLUME_EXTENTS, volume->extents) ?:
	       nla_put_64bit(skb, COUCHE_A_VOLUME_TIER_EXTENTS,
			     sizeof(volume->tier_extents), volume->tier_extents,
			     COUCHE_A_PAD) ?:
	       put_volume_counts(skb, volume);
}

/**
 * couche_put_migration() - Put a migration.
 * @skb: message
 * @migration: the migration
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_migration(struct sk_buff *skb, const struct couche_migration_info *migration)
{
	return nla_put_u32(skb, COUCHE_A_MIGRATION_ID, migration->id) ?:
	       nla_put_u32(skb, COUCHE_A_VOLUME_ID, migration->volume) ?:
	       couche_put_u64(skb, COUCHE_A_EXTENT_FIRST, migration->first) ?:
	       couche_put_u64(skb, COUCHE_A_EXTENT_COUNT, migration->count) ?:
	       nla_put_u8(skb, COUCHE_A_TIER, migration->tier) ?:
	       nla_put_u8(skb, COUCHE_A_MIGRATION_STATE, migration->state) ?:
	       nla_put_s32(skb, COUCHE_A_MIGRATION_ERROR, migration->error) ?:
	       couche_put_u64(skb, COUCHE_A_MIGRATION_MOVED, migration->moved) ?:
	       couche_put_u64(skb, COUCHE_A_MIGRATION_SKIPPED, migration->skipped) ?:
	       couche_put_u64(skb, COUCHE_A_MIGRATION_BYTES, migration->bytes) ?:
	       couche_put_u64(skb, COUCHE_A_MIGRATION_RACES, migration->races) ?:
	       couche_put_u64(skb, COUCHE_A_MIGRATION_ELAPSED_MS, migration->elapsed_ms);
}

struct column {
	u16 attr;
	u8 offset;
	u8 size;		/* bytes of an entry */
};

#define COLUMN(member, attribute)					\
	{								\
		.attr = (attribute),					\
		.offset = offsetof(struct couche_extent_info, member),	\
		.size = sizeof_field(struct couche_extent_info, member),\
	}

static const struct column extent_columns[] = {
	COLUMN(extent, COUCHE_A_EXTENT_NUMBERS),
	COLUMN(tier, COUCHE_A_EXTENT_TIERS),
	COLUMN(flags, COUCHE_A_EXTENT_STATES),
	COLUMN(generation, COUCHE_A_EXTENT_GENERATIONS),
	COLUMN(group, COUCHE_A_EXTENT_GROUPS),
	COLUMN(row, COUCHE_A_EXTENT_ROWS),
	COLUMN(reads, COUCHE_A_EXTENT_READS),
	COLUMN(writes, COUCHE_A_EXTENT_WRITES),
};

static int put_column(struct sk_buff *skb, const struct column *column,
		      const struct couche_extent_info *infos, unsigned int nr)
{
	struct nlattr *attr = nla_reserve(skb, column->attr, nr * column->size);
	unsigned int i;
	char *to;

	if (!attr)
		return -EMSGSIZE;
	to = nla_data(attr);
	for (i = 0; i < nr; i++, to += column->size)
		memcpy(to, (const char *)&infos[i] + column->offset, column->size);
	return 0;
}

/**
 * couche_put_extents() - Put a batch of extents as columns.
 * @skb: message
 * @infos: the extents
 * @nr: their number, at most COUCHE_EXTENT_BATCH
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE when the message is full.
 */
int couche_put_extents(struct sk_buff *skb, const struct couche_extent_info *infos,
		       unsigned int nr)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(extent_columns); i++)
		err = put_column(skb, &extent_columns[i], infos, nr);
	return err;
}
