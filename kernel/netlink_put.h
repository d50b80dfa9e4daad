/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the requests and the events of the family "couche" share: the family,
 * and functions that put an object into a message as attributes.
 *
 * They work on the message alone, take no locks and do not sleep. When the
 * message is full they fail and leave a part of the object behind: the caller
 * cancels the message or frees it.
 */
#ifndef COUCHE_NETLINK_PUT_H
#define COUCHE_NETLINK_PUT_H

#include <linux/types.h>

struct couche_extent_info;
struct couche_leg_info;
struct couche_migration_info;
struct couche_pool_info;
struct couche_sweep_info;
struct couche_volume_info;
struct genl_family;
struct sk_buff;

/* Its multicast group COUCHE_MCGRP_EVENTS. */
#define COUCHE_NETLINK_EVENT_GROUP 0

extern struct genl_family couche_netlink_family;

int couche_put_u64(struct sk_buff *skb, int attr, u64 value);
int couche_put_pool_id(struct sk_buff *skb, const u8 *uuid, const char *name);
int couche_put_pool(struct sk_buff *skb, const struct couche_pool_info *pool);
int couche_put_leg(struct sk_buff *skb, const struct couche_leg_info *leg);
int couche_put_volume(struct sk_buff *skb, const struct couche_volume_info *volume);
int couche_put_migration(struct sk_buff *skb, const struct couche_migration_info *migration);
int couche_put_extents(struct sk_buff *skb, const struct couche_extent_info *infos,
		       unsigned int nr);

int couche_put_sweep(struct sk_buff *skb, const struct couche_sweep_info *sweep);

#endif /* COUCHE_NETLINK_PUT_H */
