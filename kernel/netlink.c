// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family "couche": turns attributes into calls of
 * control.h and infos into attributes. uapi/couche_netlink.yaml is the
 * protocol; the policies here say the same in C.
 *
 * Handlers run in parallel, without the lock of generic netlink: an order
 * that waits for a slow leg must not hold up the network configuration of
 * the whole machine. Whatever control.h offers has locks of its own.
 *
 * A dump holds no reference to a pool between two calls, because its reader
 * may take any time: it looks the pool up again and goes on behind the last
 * object that it sent.
 */
#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "control.h"
#include "core/matrix.h"
#include "netlink_put.h"

/* What stands in a message beside the entries of the extent columns. */
#define EXTENT_MESSAGE_OVERHEAD 256
#define EXTENT_ENTRY_SIZE (8 + 5 * 4 + 2 * 1)

/* Fewer than these are not worth a message of their own. */
#define EXTENT_BATCH_MIN 16

/* A dump under way. */
struct dump {
	bool one;			/* only the pool with this uuid */
	bool ended;
	u8 uuid[COUCHE_UUID_SIZE];	/* of that one */
	u64 cursor;			/* of the pools that are through */
	u64 serial;			/* of the pool that next belongs to */
	u64 next;			/* the object to go on with */
	u32 volume;
	u64 left;			/* extents to send at most */
	struct couche_extent_info infos[];	/* of an extent dump only */
};

/* What a function that emits the next object of a pool works on. */
struct emit {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	struct dump *dump;
	struct couche_pool *pool;
	const struct couche_pool_info *info;
};

/* Emits one message: 0, or 1 when the pool has no more, or an errno. */
typedef int (*emit_fn)(struct emit *emit);

/* --- dumps --------------------------------------------------------------- */

static struct dump *dump_of(struct netlink_callback *cb)
{
	return (struct dump *)cb->args[0];
}

static void *emit_begin(struct emit *emit, u8 cmd)
{
	struct netlink_callback *cb = emit->cb;
	void *head = genlmsg_put(emit->skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &couche_netlink_family, NLM_F_MULTI, cmd);

	if (head && couche_put_pool_id(emit->skb, emit->info->uuid, emit->info->name)) {
		genlmsg_cancel(emit->skb, head);
		head = NULL;
	}
	return head;
}

static int emit_end(struct emit *emit, void *head, int err)
{
	if (err)
		genlmsg_cancel(emit->skb, head);
	else
		genlmsg_end(emit->skb, head);
	return err;
}

static int emit_pool(struct emit *emit)
{
	void *head;
	int err;

	if (emit->dump->next)
		return 1;
	head = genlmsg_put(emit->skb, NETLINK_CB(emit->cb->skb).portid,
			   emit->cb->nlh->nlmsg_seq, &couche_netlink_family, NLM_F_MULTI,
			   COUCHE_CMD_POOL_GET);
	if (!head)
		return -EMSGSIZE;
	err = emit_end(emit, head, couche_put_pool(emit->skb, emit->info));
	if (!err)
		emit->dump->next = 1;
	return err;
}

static int emit_leg(struct emit *emit)
{
	struct couche_leg_info leg;
	void *head;
	int err;

	if (emit->dump->next > U32_MAX)
		return 1;
	while ((err = couche_leg_info(emit->pool, emit->dump->next, &leg)) == -ENODATA)
		emit->dump->next++;
	if (err)
		return err == -ENOENT ? 1 : err;
	head = emit_begin(emit, COUCHE_CMD_LEG_GET);
	if (!head)
		return -EMSGSIZE;
	err = emit_end(emit, head, couche_put_leg(emit->skb, &leg));
	if (!err)
		emit->dump->next++;
	return err;
}

static int emit_volume(struct emit *emit)
{
	struct couche_volume_info volume;
	void *head;
	int err;

	if (emit->dump->next > U32_MAX)
		return 1;
	err = couche_volume_info_next(emit->pool, emit->dump->next, &volume);
	if (err)
		return err == -ENOENT ? 1 : err;
	head = emit_begin(emit, COUCHE_CMD_VOLUME_GET);
	if (!head)
		return -EMSGSIZE;
	err = emit_end(emit, head, couche_put_volume(emit->skb, &volume));
	if (!err)
		emit->dump->next = (u64)volume.id + 1;
	return err;
}

static int emit_migration(struct emit *emit)
{
	struct couche_migration_info migration;
	void *head;
	int err;

	if (emit->dump->next > U32_MAX)
		return 1;
	err = couche_migrate_info_next(emit->pool, emit->dump->next, &migration);
	if (err)
		return err == -ENOENT ? 1 : err;
	head = emit_begin(emit, COUCHE_CMD_MIGRATION_GET);
	if (!head)
		return -EMSGSIZE;
	err = emit_end(emit, head, couche_put_migration(emit->skb, &migration));
	if (!err)
		emit->dump->next = (u64)migration.id + 1;
	return err;
}

/* As many extents as the message has room for; 0 if it has for too few. */
static unsigned int extents_room(const struct emit *emit)
{
	int room = (skb_tailroom(emit->skb) - EXTENT_MESSAGE_OVERHEAD) / EXTENT_ENTRY_SIZE;

	if (room < EXTENT_BATCH_MIN)
		return 0;
	return min3((u64)room, (u64)COUCHE_EXTENT_BATCH, emit->dump->left);
}

static int emit_extents(struct emit *emit)
{
	struct dump *dump = emit->dump;
	unsigned int room;
	void *head;
	int nr, err;

	if (!dump->left)
		return 1;
	room = extents_room(emit);
	if (!room)
		return -EMSGSIZE;
	nr = couche_volume_extents(emit->pool, dump->volume, dump->next, dump->infos, room);
	if (nr == -ENOENT)
		NL_SET_ERR_MSG(emit->cb->extack, "the pool has no volume with this id");
	if (nr <= 0)
		return nr ?: 1;
	head = emit_begin(emit, COUCHE_CMD_EXTENT_GET);
	if (!head)
		return -EMSGSIZE;
	err = nla_put_u32(emit->skb, COUCHE_A_VOLUME_ID, dump->volume) ?:
	      couche_put_extents(emit->skb, dump->infos, nr);
	err = emit_end(emit, head, err);
	if (err)
		return err;
	dump->left -= nr;
	dump->next = dump->infos[nr - 1].extent + 1;
	if (!dump->next)
		dump->left = 0;
	return 0;
}

/* All objects of one pool that fit; 0 when there are no more. */
static int dump_pool(struct emit *emit, emit_fn fn)
{
	int err;

	do {
		err = fn(emit);
	} while (!err);
	return err > 0 ? 0 : err;
}

static int dump_one_pool(struct emit *emit, emit_fn fn)
{
	struct couche_pool_info info;
	int err;

	emit->pool = couche_pool_find(emit->dump->uuid);
	if (!emit->pool) {
		NL_SET_ERR_MSG(emit->cb->extack, "no pool has this UUID");
		return -ENOENT;
	}
	couche_pool_info(emit->pool, &info);
	emit->info = &info;
	err = dump_pool(emit, fn);
	couche_pool_put(emit->pool);
	return err;
}

static int dump_all_pools(struct emit *emit, emit_fn fn)
{
	struct dump *dump = emit->dump;
	struct couche_pool_info info;
	u64 cursor = dump->cursor;
	int err = 0;

	emit->info = &info;
	while (!err && (emit->pool = couche_pool_find_next(&cursor)) != NULL) {
		couche_pool_info(emit->pool, &info);
		/* Another one: the pool under way went, or is through. */
		if (dump->serial != cursor) {
			dump->serial = cursor;
			dump->next = 0;
		}
		err = dump_pool(emit, fn);
		couche_pool_put(emit->pool);
		if (!err)
			dump->cursor = cursor;
	}
	return err;
}

static int dump_run(struct sk_buff *skb, struct netlink_callback *cb, emit_fn fn)
{
	struct dump *dump = dump_of(cb);
	struct emit emit = { .skb = skb, .cb = cb, .dump = dump };
	int err;

	if (dump->ended)
		return 0;
	err = dump->one ? dump_one_pool(&emit, fn) : dump_all_pools(&emit, fn);
	if (err == -EMSGSIZE && skb->len)
		return skb->len;
	if (err)
		return err;
	dump->ended = true;
	return skb->len;
}

static int pool_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_run(skb, cb, emit_pool);
}

static int leg_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_run(skb, cb, emit_leg);
}

static int volume_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_run(skb, cb, emit_volume);
}

static int extent_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_run(skb, cb, emit_extents);
}

static int migration_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_run(skb, cb, emit_migration);
}

/* Generic netlink has checked the attributes against the policy before. */
static struct nlattr *dump_attr(struct netlink_callback *cb, int attr)
{
	return nlmsg_find_attr(cb->nlh, GENL_HDRLEN, attr);
}

static struct dump *dump_create(struct netlink_callback *cb, unsigned int nr_infos)
{
	struct nlattr *uuid = dump_attr(cb, COUCHE_A_POOL_UUID);
	struct dump *dump;

	dump = kzalloc(struct_size(dump, infos, nr_infos), GFP_KERNEL);
	if (!dump)
		return NULL;
	if (uuid) {
		dump->one = true;
		memcpy(dump->uuid, nla_data(uuid), COUCHE_UUID_SIZE);
	}
	cb->args[0] = (long)dump;
	return dump;
}

static int dump_start(struct netlink_callback *cb)
{
	return dump_create(cb, 0) ? 0 : -ENOMEM;
}

static int extent_dump_start(struct netlink_callback *cb)
{
	struct nlattr *volume = dump_attr(cb, COUCHE_A_VOLUME_ID);
	struct nlattr *first = dump_attr(cb, COUCHE_A_EXTENT_FIRST);
	struct nlattr *count = dump_attr(cb, COUCHE_A_EXTENT_COUNT);
	struct dump *dump;

	if (!volume || !dump_attr(cb, COUCHE_A_POOL_UUID)) {
		NL_SET_ERR_MSG(cb->extack, "pool-uuid and volume-id are required");
		return -EINVAL;
	}
	dump = dump_create(cb, COUCHE_EXTENT_BATCH);
	if (!dump)
		return -ENOMEM;
	dump->volume = nla_get_u32(volume);
	dump->next = first ? nla_get_u64(first) : 0;
	dump->left = (count ? nla_get_u64(count) : 0) ?: U64_MAX;
	return 0;
}

static int dump_done(struct netlink_callback *cb)
{
	kfree(dump_of(cb));
	return 0;
}

/* --- requests about one pool --------------------------------------------- */

static int refuse(struct genl_info *info, int err, const char *why)
{
	if (err && why && info->extack)
		info->extack->_msg = why;
	return err;
}

static int require(struct genl_info *info, int attr, const char *why)
{
	if (GENL_REQ_ATTR_CHECK(info, attr))
		return refuse(info, -EINVAL, why);
	return 0;
}

/* Takes a reference. */
static int find_pool(struct genl_info *info, struct couche_pool **pool)
{
	int err = require(info, COUCHE_A_POOL_UUID, "pool-uuid is required");

	if (err)
		return err;
	*pool = couche_pool_find(nla_data(info->attrs[COUCHE_A_POOL_UUID]));
	if (*pool)
		return 0;
	return refuse(info, -ENOENT, "no pool has this UUID");
}

static int reply_new(struct genl_info *info, u8 cmd, struct sk_buff **reply, void **head)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return -ENOMEM;
	*head = genlmsg_put_reply(skb, info, &couche_netlink_family, 0, cmd);
	if (!*head) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	*reply = skb;
	return 0;
}

static int reply_send(struct genl_info *info, struct sk_buff *reply, void *head, int err)
{
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

static int pool_get(struct sk_buff *skb, struct genl_info *info)
{
	struct couche_pool_info pool_info;
	struct couche_pool *pool;
	struct sk_buff *reply;
	void *head;
	int err;

	err = find_pool(info, &pool);
	if (err)
		return err;
	couche_pool_info(pool, &pool_info);
	couche_pool_put(pool);
	err = reply_new(info, COUCHE_CMD_POOL_GET, &reply, &head);
	if (err)
		return err;
	return reply_send(info, reply, head, couche_put_pool(reply, &pool_info));
}

static u32 optional_u32(struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : 0;
}

static u64 optional_u64(struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u64(info->attrs[attr]) : 0;
}

static int migrate_args(struct genl_info *info, struct couche_migrate_args *args)
{
	u32 flags = optional_u32(info, COUCHE_A_MIGRATE_FLAGS);
	int err;

	err = require(info, COUCHE_A_VOLUME_ID, "volume-id is required") ?:
	      require(info, COUCHE_A_TIER, "tier is required");
	if (err)
		return err;
	*args = (struct couche_migrate_args) {
		.volume = nla_get_u32(info->attrs[COUCHE_A_VOLUME_ID]),
		.first = optional_u64(info, COUCHE_A_EXTENT_FIRST),
		.count = optional_u64(info, COUCHE_A_EXTENT_COUNT),
		.tier = nla_get_u8(info->attrs[COUCHE_A_TIER]),
		.preserve = flags & COUCHE_MIGRATE_FLAGS_PRESERVE,
		.verify = flags & COUCHE_MIGRATE_FLAGS_VERIFY,
		.generation = optional_u64(info, COUCHE_A_VOLUME_GENERATION),
		.expiry_ms = optional_u32(info, COUCHE_A_EXPIRY_MS),
		.timeout_ms = optional_u32(info, COUCHE_A_TIMEOUT_MS),
		.rate_bytes = optional_u64(info, COUCHE_A_RATE_BYTES),
	};
	return 0;
}

/* The reply is made first: an order that was taken must not look refused. */
static int migrate_pool(struct couche_pool *pool, struct genl_info *info,
			const struct couche_migrate_args *args, const char **why)
{
	struct couche_pool_info pool_info;
	struct sk_buff *reply;
	void *head;
	u32 id = 0;
	int err;

	err = reply_new(info, COUCHE_CMD_MIGRATE, &reply, &head);
	if (err)
		return err;
	couche_pool_info(pool, &pool_info);
	err = couche_put_pool_id(reply, pool_info.uuid, pool_info.name) ?:
	      couche_migrate_start(pool, args, &id, why) ?:
	      nla_put_u32(reply, COUCHE_A_MIGRATION_ID, id);
	return reply_send(info, reply, head, err);
}

static int migrate_order(struct couche_pool *pool, struct genl_info *info,
			 const char **why)
{
	struct couche_migrate_args args;

	return migrate_args(info, &args) ?: migrate_pool(pool, info, &args, why);
}

static int cancel_order(struct couche_pool *pool, struct genl_info *info,
			const char **why)
{
	int err = require(info, COUCHE_A_MIGRATION_ID, "migration-id is required");

	if (err)
		return err;
	err = couche_migrate_cancel(pool, optional_u32(info, COUCHE_A_MIGRATION_ID));
	if (err == -ENOENT)
		*why = "no migration with this id runs";
	return err;
}

static int leg_order(struct couche_pool *pool, struct genl_info *info,
		     const char **why)
{
	static int (* const orders[])(struct couche_pool *pool, u32 index, const char **why) = {
		[COUCHE_CMD_LEG_FAIL] = couche_leg_fail,
		[COUCHE_CMD_LEG_RESTORE] = couche_leg_restore,
		[COUCHE_CMD_LEG_ADD] = couche_leg_add,
		[COUCHE_CMD_LEG_REPLACE] = couche_leg_replace,
		[COUCHE_CMD_LEG_REMOVE] = couche_leg_remove,
		[COUCHE_CMD_LEG_DRAIN] = couche_leg_drain,
		[COUCHE_CMD_LEG_UNDRAIN] = couche_leg_drain_cancel,
	};

	return require(info, COUCHE_A_LEG_INDEX, "leg-index is required") ?:
	       orders[info->genlhdr->cmd](pool, optional_u32(info, COUCHE_A_LEG_INDEX), why);
}

static int sweep_order(struct couche_pool *pool, struct genl_info *info,
		       const char **why)
{
	struct nlattr *rate = info->attrs[COUCHE_A_RATE_BYTES];

	return require(info, COUCHE_A_SWEEP_KIND, "sweep-kind is required") ?:
	       require(info, COUCHE_A_SWEEP_ORDER, "sweep-order is required") ?:
	       couche_pool_sweep(pool, nla_get_u8(info->attrs[COUCHE_A_SWEEP_KIND]),
				 nla_get_u8(info->attrs[COUCHE_A_SWEEP_ORDER]),
				 rate ? nla_get_u64(rate) : U64_MAX, why);
}

static int flush_order(struct couche_pool *pool, struct genl_info *info, const char **why)
{
	return couche_pool_flush(pool, why);
}

static u8 optional_u8(struct genl_info *info, int attribute, u8 otherwise)
{
	return info->attrs[attribute] ? nla_get_u8(info->attrs[attribute]) : otherwise;
}

static int profile_order(struct couche_pool *pool, struct genl_info *info,
			 const char **why)
{
	struct nlattr *rate = info->attrs[COUCHE_A_RATE_BYTES];
	struct couche_profile_args args = {
		.tier = optional_u8(info, COUCHE_A_TIER, 0),
		.k = optional_u8(info, COUCHE_A_PROFILE_K, 0),
		.m = optional_u8(info, COUCHE_A_PROFILE_M, 0),
		.matrix = optional_u8(info, COUCHE_A_PROFILE_MATRIX, COUCHE_ANY_MATRIX),
		.min_healthy = optional_u8(info, COUCHE_A_PROFILE_MIN_HEALTHY, 0),
		.rate_bytes = rate ? nla_get_u64(rate) : U64_MAX,
	};

	return require(info, COUCHE_A_TIER, "tier is required") ?:
	       require(info, COUCHE_A_PROFILE_K, "profile-k is required") ?:
	       require(info, COUCHE_A_PROFILE_M, "profile-m is required") ?:
	       couche_pool_set_profile(pool, &args, why);
}

/* Give an order to the pool it names, and say why it was refused. */
static int order_pool(struct sk_buff *skb, struct genl_info *info,
		      int (*order)(struct couche_pool *pool, struct genl_info *info,
				   const char **why))
{
	const char *why = NULL;
	struct couche_pool *pool;
	int err;

	if (!netlink_capable(skb, CAP_SYS_ADMIN))
		return refuse(info, -EPERM, "CAP_SYS_ADMIN is required");
	err = find_pool(info, &pool);
	if (err)
		return err;
	err = order(pool, info, &why);
	couche_pool_put(pool);
	return refuse(info, err, why);
}

static int migrate(struct sk_buff *skb, struct genl_info *info)
{
	return order_pool(skb, info, migrate_order);
}

static int migrate_cancel(struct sk_buff *skb, struct genl_info *info)
{
	return order_pool(skb, info, cancel_order);
}

static int change_leg(struct sk_buff *skb, struct genl_info *info)
{
	return order_pool(skb, info, leg_order);
}

static int sweep(struct sk_buff *skb, struct genl_info *info)
{
	return order_pool(skb, info, sweep_order);
}

static int flush(struct sk_buff *skb, struct genl_info *info)
{
	return order_pool(skb, info, flush_order);
}

static int set_profile(struct sk_buff *skb, struct genl_info *info)
{
	return order_pool(skb, info, profile_order);
}

/* --- the family ----------------------------------------------------------- */

/* A reply to migrate has room for all that is put into it. */
static_assert(NLMSG_DEFAULT_SIZE > 1024);

static const struct nla_policy pool_policy[] = {
	[COUCHE_A_POOL_UUID] = NLA_POLICY_EXACT_LEN(COUCHE_UUID_SIZE),
};

static const struct nla_policy extent_policy[] = {
	[COUCHE_A_POOL_UUID] = NLA_POLICY_EXACT_LEN(COUCHE_UUID_SIZE),
	[COUCHE_A_VOLUME_ID] = NLA_POLICY_RANGE(NLA_U32, 1, COUCHE_MAX_VOLUMES),
	[COUCHE_A_EXTENT_FIRST] = { .type = NLA_U64 },
	[COUCHE_A_EXTENT_COUNT] = { .type = NLA_U64 },
};

static const struct nla_policy migrate_policy[] = {
	[COUCHE_A_POOL_UUID] = NLA_POLICY_EXACT_LEN(COUCHE_UUID_SIZE),
	[COUCHE_A_VOLUME_ID] = NLA_POLICY_RANGE(NLA_U32, 1, COUCHE_MAX_VOLUMES),
	[COUCHE_A_EXTENT_FIRST] = { .type = NLA_U64 },
	[COUCHE_A_EXTENT_COUNT] = { .type = NLA_U64 },
	[COUCHE_A_TIER] = NLA_POLICY_MAX(NLA_U8, COUCHE_NR_TIERS - 1),
	[COUCHE_A_MIGRATE_FLAGS] = NLA_POLICY_MASK(NLA_U32, COUCHE_MIGRATE_FLAGS_PRESERVE |
							    COUCHE_MIGRATE_FLAGS_VERIFY),
	[COUCHE_A_VOLUME_GENERATION] = { .type = NLA_U64 },
	[COUCHE_A_EXPIRY_MS] = { .type = NLA_U32 },
	[COUCHE_A_TIMEOUT_MS] = { .type = NLA_U32 },
	[COUCHE_A_RATE_BYTES] = { .type = NLA_U64 },
};

static const struct nla_policy cancel_policy[] = {
	[COUCHE_A_POOL_UUID] = NLA_POLICY_EXACT_LEN(COUCHE_UUID_SIZE),
	[COUCHE_A_MIGRATION_ID] = { .type = NLA_U32 },
};

static const struct nla_policy leg_policy[] = {
	[COUCHE_A_POOL_UUID] = NLA_POLICY_EXACT_LEN(COUCHE_UUID_SIZE),
	[COUCHE_A_LEG_INDEX] = NLA_POLICY_MAX(NLA_U32, COUCHE_MAX_LEGS - 1),
};

static const struct nla_policy sweep_policy[] = {
	[COUCHE_A_POOL_UUID] = NLA_POLICY_EXACT_LEN(COUCHE_UUID_SIZE),
	[COUCHE_A_RATE_BYTES] = { .type = NLA_U64 },
	[COUCHE_A_SWEEP_KIND] = NLA_POLICY_MAX(NLA_U8, COUCHE_SWEEP_RESHAPE),
	[COUCHE_A_SWEEP_ORDER] = NLA_POLICY_MAX(NLA_U8, COUCHE_SWEEP_RATE),
};

static const struct nla_policy profile_policy[] = {
	[COUCHE_A_POOL_UUID] = NLA_POLICY_EXACT_LEN(COUCHE_UUID_SIZE),
	[COUCHE_A_TIER] = NLA_POLICY_MAX(NLA_U8, COUCHE_NR_TIERS - 1),
	[COUCHE_A_RATE_BYTES] = { .type = NLA_U64 },
	[COUCHE_A_PROFILE_K] = NLA_POLICY_RANGE(NLA_U8, 1, COUCHE_MAX_SHARDS),
	[COUCHE_A_PROFILE_M] = NLA_POLICY_MAX(NLA_U8, COUCHE_MAX_SHARDS),
	[COUCHE_A_PROFILE_MATRIX] = NLA_POLICY_MAX(NLA_U8, COUCHE_MATRIX_CAUCHY),
	[COUCHE_A_PROFILE_MIN_HEALTHY] = NLA_POLICY_RANGE(NLA_U8, 1, COUCHE_MAX_SHARDS),
};

#define TAKES(attributes)			\
	.policy = (attributes),			\
	.maxattr = ARRAY_SIZE(attributes) - 1

#define DUMPS(start_fn, dump_fn)		\
	.start = (start_fn),			\
	.dumpit = (dump_fn),			\
	.done = dump_done

static const struct genl_ops couche_ops[] = {
	{ .cmd = COUCHE_CMD_POOL_GET, TAKES(pool_policy), .doit = pool_get,
	  DUMPS(dump_start, pool_dump) },
	{ .cmd = COUCHE_CMD_LEG_GET, TAKES(pool_policy), DUMPS(dump_start, leg_dump) },
	{ .cmd = COUCHE_CMD_VOLUME_GET, TAKES(pool_policy), DUMPS(dump_start, volume_dump) },
	{ .cmd = COUCHE_CMD_EXTENT_GET, TAKES(extent_policy),
	  DUMPS(extent_dump_start, extent_dump) },
	{ .cmd = COUCHE_CMD_MIGRATION_GET, TAKES(pool_policy),
	  DUMPS(dump_start, migration_dump) },
	{ .cmd = COUCHE_CMD_MIGRATE, TAKES(migrate_policy), .doit = migrate },
	{ .cmd = COUCHE_CMD_MIGRATE_CANCEL, TAKES(cancel_policy), .doit = migrate_cancel },
	{ .cmd = COUCHE_CMD_LEG_FAIL, TAKES(leg_policy), .doit = change_leg },
	{ .cmd = COUCHE_CMD_LEG_RESTORE, TAKES(leg_policy), .doit = change_leg },
	{ .cmd = COUCHE_CMD_SWEEP, TAKES(sweep_policy), .doit = sweep },
	{ .cmd = COUCHE_CMD_LEG_ADD, TAKES(leg_policy), .doit = change_leg },
	{ .cmd = COUCHE_CMD_LEG_REPLACE, TAKES(leg_policy), .doit = change_leg },
	{ .cmd = COUCHE_CMD_LEG_REMOVE, TAKES(leg_policy), .doit = change_leg },
	{ .cmd = COUCHE_CMD_LEG_DRAIN, TAKES(leg_policy), .doit = change_leg },
	{ .cmd = COUCHE_CMD_LEG_UNDRAIN, TAKES(leg_policy), .doit = change_leg },
	{ .cmd = COUCHE_CMD_FLUSH, TAKES(pool_policy), .doit = flush },
	{ .cmd = COUCHE_CMD_POOL_SET_PROFILE, TAKES(profile_policy), .doit = set_profile },
};

static const struct genl_multicast_group couche_groups[] = {
	[COUCHE_NETLINK_EVENT_GROUP] = { .name = COUCHE_MCGRP_EVENTS },
};

struct genl_family couche_netlink_family __ro_after_init = {
	.name = COUCHE_FAMILY_NAME,
	.version = COUCHE_FAMILY_VERSION,
	.module = THIS_MODULE,
	.ops = couche_ops,
	.n_ops = ARRAY_SIZE(couche_ops),
	.resv_start_op = COUCHE_CMD_POOL_GET,
	.mcgrps = couche_groups,
	.n_mcgrps = ARRAY_SIZE(couche_groups),
	.parallel_ops = true,
};

/**
 * couche_netlink_init() - Register the family.
 *
 * Context: module init, before a pool can be made.
 * Return: 0 or a negative errno.
 */
int couche_netlink_init(void)
{
	return genl_register_family(&couche_netlink_family);
}

/**
 * couche_netlink_destroy() - Unregister the family; waits for its handlers.
 *
 * Context: module exit, when there are no pools left.
 */
void couche_netlink_destroy(void)
{
	genl_unregister_family(&couche_netlink_family);
}
