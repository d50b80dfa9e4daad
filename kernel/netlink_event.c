// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of the family "couche": what the data path has to tell, at a rate
 * that its listeners can follow. Without listeners an event costs a test.
 */
#include <linux/jiffies.h>
#include <linux/spinlock.h>
#include <net/genetlink.h>

#include "control.h"
#include "event.h"
#include "netlink_put.h"
#include "pool.h"

/* Of one kind, all pools together: a burst must not drown the listeners. */
#define EVENTS_PER_SECOND 10

/* Lets EVENTS_PER_SECOND through and counts the rest. */
struct limit {
	spinlock_t lock;		/* protects what follows */
	unsigned long begin;		/* of this second, in jiffies */
	unsigned int sent;
	u32 suppressed;
};

#define LIMIT_INIT(name) { .lock = __SPIN_LOCK_UNLOCKED((name).lock) }

static struct limit migration_limit = LIMIT_INIT(migration_limit);
static struct limit degraded_limit = LIMIT_INIT(degraded_limit);
static struct limit space_limit = LIMIT_INIT(space_limit);
static struct limit sweep_limit = LIMIT_INIT(sweep_limit);
static struct limit repair_limit = LIMIT_INIT(repair_limit);

/* May one more go out? Then suppressed tells how many did not before it. */
static bool limit_allows(struct limit *limit, u32 *suppressed)
{
	bool allowed;

	spin_lock(&limit->lock);
	if (!limit->sent || time_after_eq(jiffies, limit->begin + HZ)) {
		limit->begin = jiffies;
		limit->sent = 0;
	}
	allowed = limit->sent < EVENTS_PER_SECOND;
	if (allowed) {
		limit->sent++;
		*suppressed = limit->suppressed;
		limit->suppressed = 0;
	} else {
		limit->suppressed++;
	}
	spin_unlock(&limit->lock);
	return allowed;
}

static bool event_wanted(void)
{
	return genl_has_listeners(&couche_netlink_family, &init_net, COUCHE_NETLINK_EVENT_GROUP);
}

/* The listeners learn that they missed something from a full socket. */
static void event_lost(void)
{
	genl_set_err(&couche_netlink_family, &init_net, 0, COUCHE_NETLINK_EVENT_GROUP, -ENOBUFS);
}

/*
 * The data path may wait for us: memory comes without any I/O. Whoever raises
 * an event may hold locks of the pool, couche_pool_info() is out of the
 * question; UUID and name do not change while the pool is active.
 */
static struct sk_buff *event_new(struct couche_pool *pool, u8 cmd, void **head)
{
	struct sk_buff *skb;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_NOIO | __GFP_NOWARN);
	if (!skb) {
		event_lost();
		return NULL;
	}
	*head = genlmsg_put(skb, 0, 0, &couche_netlink_family, 0, cmd);
	if (!*head || couche_put_pool_id(skb, pool->super.pool_uuid, pool->super.name)) {
		nlmsg_free(skb);
		event_lost();
		return NULL;
	}
	return skb;
}

static void event_send(struct sk_buff *skb, void *head, int err)
{
	if (err) {
		nlmsg_free(skb);
		event_lost();
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast(&couche_netlink_family, skb, 0, COUCHE_NETLINK_EVENT_GROUP, GFP_NOIO);
}

/**
 * couche_event_migration() - Tell the listeners how a migration goes.
 * @pool: its pool
 * @info: the migration; one that ended is always told, progress at a limited
 *	rate
 *
 * Context: process context; may be called under locks of the pool.
 */
void couche_event_migration(struct couche_pool *pool, const struct couche_migration_info *info)
{
	struct sk_buff *skb;
	u32 suppressed;
	void *head;

	if (!event_wanted())
		return;
	if (info->state < COUCHE_MIGRATION_DONE && !limit_allows(&migration_limit, &suppressed))
		return;
	skb = event_new(pool, COUCHE_CMD_MIGRATION_NTF, &head);
	if (skb)
		event_send(skb, head, couche_put_migration(skb, info));
}

/**
 * couche_event_leg() - Tell the listeners that a leg changed its state.
 * @pool: its pool
 * @index: the leg's
 *
 * Context: process context; may be called under locks of the pool.
 */
void couche_event_leg(struct couche_pool *pool, u32 index)
{
	struct couche_leg_info info;
	struct sk_buff *skb;
	void *head;

	if (!event_wanted() || couche_leg_info(pool, index, &info))
		return;
	skb = event_new(pool, COUCHE_CMD_LEG_NTF, &head);
	if (skb)
		event_send(skb, head, couche_put_leg(skb, &info));
}

/**
 * couche_event_degraded() - Tell the listeners of a degraded read.
 * @pool: the pool
 * @volume: id of the volume read
 * @extent: number of the extent
 * @leg: index of a leg that could not give its shard
 *
 * Sent at a limited rate, with the number of those left out before.
 *
 * Context: process context; may be called under locks of the pool.
 */
void couche_event_degraded(struct couche_pool *pool, u32 volume, u64 extent, u32 leg)
{
	struct sk_buff *skb;
	u32 suppressed;
	void *head;
	int err;

	if (!event_wanted() || !limit_allows(&degraded_limit, &suppressed))
		return;
	skb = event_new(pool, COUCHE_CMD_DEGRADED_NTF, &head);
	if (!skb)
		return;
	err = nla_put_u32(skb, COUCHE_A_VOLUME_ID, volume) ?:
	      couche_put_u64(skb, COUCHE_A_EXTENT_FIRST, extent) ?:
	      nla_put_u32(skb, COUCHE_A_LEG_INDEX, leg) ?:
	      nla_put_u32(skb, COUCHE_A_SUPPRESSED, suppressed);
	event_send(skb, head, err);
}

/**
 * couche_event_space() - Tell the listeners that a tier runs low.
 * @pool: the pool
 * @tier: enum couche_tier
 * @free_sectors: raw sectors of 512 bytes not in use
 * @sectors: all raw sectors of the tier
 *
 * Sent at a limited rate, with the number of those left out before.
 *
 * Context: process context; may be called under locks of the pool.
 */
void couche_event_space(struct couche_pool *pool, u8 tier, u64 free_sectors, u64 sectors)
{
	struct sk_buff *skb;
	u32 suppressed;
	void *head;
	int err;

	if (!event_wanted() || !limit_allows(&space_limit, &suppressed))
		return;
	skb = event_new(pool, COUCHE_CMD_SPACE_NTF, &head);
	if (!skb)
		return;
	err = nla_put_u8(skb, COUCHE_A_TIER, tier) ?:
	      couche_put_u64(skb, COUCHE_A_FREE_SECTORS, free_sectors) ?:
	      couche_put_u64(skb, COUCHE_A_SECTORS, sectors) ?:
	      nla_put_u32(skb, COUCHE_A_SUPPRESSED, suppressed);
	event_send(skb, head, err);
}

/**
 * couche_event_sweep() - Tell the listeners how a rebuild, a scrub or a reshape goes.
 * @pool: the pool
 * @info: the sweep; a change of its state is always told, progress at a
 *	limited rate
 *
 * Context: process context; may be called under locks of the pool.
 */
void couche_event_sweep(struct couche_pool *pool, const struct couche_sweep_info *info)
{
	struct sk_buff *skb;
	u32 suppressed;
	void *head;

	if (!event_wanted())
		return;
	if (info->state == COUCHE_SWEEP_RUNNING && !limit_allows(&sweep_limit, &suppressed))
		return;
	skb = event_new(pool, COUCHE_CMD_SWEEP_NTF, &head);
	if (skb)
		event_send(skb, head, couche_put_sweep(skb, info));
}

/**
 * couche_event_repair() - Tell the listeners that an extent was repaired, or not.
 * @pool: the pool
 * @volume: id of its volume
 * @extent: its number
 * @leg: index of a leg whose shard was wrong
 * @error: 0, or why it is still wrong
 *
 * Sent at a limited rate, with the number of those left out before.
 *
 * Context: process context; may be called under locks of the pool.
 */
void couche_event_repair(struct couche_pool *pool, u32 volume, u64 extent, u32 leg, int error)
{
	struct sk_buff *skb;
	u32 suppressed;
	void *head;
	int err;

	if (!event_wanted() || !limit_allows(&repair_limit, &suppressed))
		return;
	skb = event_new(pool, COUCHE_CMD_REPAIR_NTF, &head);
	if (!skb)
		return;
	err = nla_put_u32(skb, COUCHE_A_VOLUME_ID, volume) ?:
	      couche_put_u64(skb, COUCHE_A_EXTENT_FIRST, extent) ?:
	      nla_put_u32(skb, COUCHE_A_LEG_INDEX, leg) ?:
	      nla_put_s32(skb, COUCHE_A_REPAIR_ERROR, error) ?:
	      nla_put_u32(skb, COUCHE_A_SUPPRESSED, suppressed);
	event_send(skb, head, err);
}
