// SPDX-License-Identifier: GPL-2.0-only
#include "netlink_decode.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

/* The kernel's errnos end here. */
#define MAX_ERRNO 4095

enum field_kind {
	FIELD_FIXED,		/* exactly size bytes */
	FIELD_STRING,		/* NUL-terminated, at most size bytes */
	FIELD_FLAG,		/* there or not: a bool */
	FIELD_U64S,		/* an array; entries beyond size are newer than us */
};

/* Which attribute goes where in a struct. */
struct field {
	uint16_t attr;
	uint16_t offset;
	uint16_t size;		/* bytes */
	uint8_t kind;
	bool required;
	uint32_t max;		/* of a fixed number of 1 or 4 bytes; 0: any */
};

#define FIELD(type, member, attribute, ...)		\
	{						\
		.attr = (attribute),			\
		.offset = offsetof(type, member),	\
		.size = sizeof(((type *)0)->member),	\
		__VA_ARGS__				\
	}

struct attrs {
	const struct nlattr *head;
	int len;
};

/* What the message calls a pool or a message flag differs from the struct. */
struct pool_message {
	struct couche_nl_pool pool;
	uint32_t flags;
};

struct tier_message {
	struct couche_nl_tier tier;
	uint8_t number;
};

static const struct field pool_fields[] = {
	FIELD(struct pool_message, pool.id.uuid, COUCHE_A_POOL_UUID, .required = true),
	FIELD(struct pool_message, pool.id.name, COUCHE_A_POOL_NAME, .kind = FIELD_STRING),
	FIELD(struct pool_message, flags, COUCHE_A_POOL_FLAGS),
	FIELD(struct pool_message, pool.nr_legs, COUCHE_A_POOL_LEGS, .max = COUCHE_MAX_LEGS),
	FIELD(struct pool_message, pool.nr_volumes, COUCHE_A_POOL_VOLUMES),
	FIELD(struct pool_message, pool.extent_sectors, COUCHE_A_EXTENT_SECTORS),
	FIELD(struct pool_message, pool.segment_sectors, COUCHE_A_SEGMENT_SECTORS),
	FIELD(struct pool_message, pool.journal_blocks, COUCHE_A_JOURNAL_BLOCKS),
	FIELD(struct pool_message, pool.journal_used, COUCHE_A_JOURNAL_USED),
	FIELD(struct pool_message, pool.commits, COUCHE_A_COMMITS),
	FIELD(struct pool_message, pool.checkpoints, COUCHE_A_CHECKPOINTS),
	FIELD(struct pool_message, pool.repairs_queued, COUCHE_A_REPAIRS_QUEUED),
	FIELD(struct pool_message, pool.repairs, COUCHE_A_REPAIRS),
	FIELD(struct pool_message, pool.repairs_failed, COUCHE_A_REPAIRS_FAILED),
	FIELD(struct pool_message, pool.repairs_dropped, COUCHE_A_REPAIRS_DROPPED),
	FIELD(struct pool_message, pool.stage_slots, COUCHE_A_DATA_JOURNAL_SLOTS),
	FIELD(struct pool_message, pool.stage_used, COUCHE_A_DATA_JOURNAL_USED),
	FIELD(struct pool_message, pool.staged, COUCHE_A_STAGED),
	FIELD(struct pool_message, pool.destaged, COUCHE_A_DESTAGED),
	FIELD(struct pool_message, pool.flush_left, COUCHE_A_FLUSH_LEFT),
	{ 0 }
};

static const struct field sweep_fields[] = {
	FIELD(struct couche_nl_sweep, kind, COUCHE_A_SWEEP_SWEEP_KIND, .required = true,
	      .max = COUCHE_NL_SWEEPS - 1),
	FIELD(struct couche_nl_sweep, state, COUCHE_A_SWEEP_STATE),
	FIELD(struct couche_nl_sweep, error, COUCHE_A_SWEEP_ERROR),
	FIELD(struct couche_nl_sweep, done, COUCHE_A_SWEEP_DONE),
	FIELD(struct couche_nl_sweep, total, COUCHE_A_SWEEP_TOTAL),
	FIELD(struct couche_nl_sweep, bytes, COUCHE_A_SWEEP_BYTES),
	FIELD(struct couche_nl_sweep, failed, COUCHE_A_SWEEP_FAILED),
	FIELD(struct couche_nl_sweep, bad, COUCHE_A_SWEEP_BAD),
	FIELD(struct couche_nl_sweep, repaired, COUCHE_A_SWEEP_REPAIRED),
	FIELD(struct couche_nl_sweep, rate_bytes, COUCHE_A_SWEEP_RATE_BYTES),
	FIELD(struct couche_nl_sweep, interval, COUCHE_A_SWEEP_INTERVAL),
	{ 0 }
};

static const struct field tier_fields[] = {
	FIELD(struct tier_message, number, COUCHE_A_TIER_TIER, .required = true,
	      .max = COUCHE_NR_TIERS - 1),
	FIELD(struct tier_message, tier.k, COUCHE_A_TIER_K, .max = COUCHE_MAX_SHARDS),
	FIELD(struct tier_message, tier.m, COUCHE_A_TIER_M, .max = COUCHE_MAX_SHARDS),
	FIELD(struct tier_message, tier.matrix, COUCHE_A_TIER_MATRIX),
	FIELD(struct tier_message, tier.csum, COUCHE_A_TIER_CSUM),
	FIELD(struct tier_message, tier.min_healthy, COUCHE_A_TIER_MIN_HEALTHY),
	FIELD(struct tier_message, tier.sectors, COUCHE_A_TIER_SECTORS),
	FIELD(struct tier_message, tier.used_sectors, COUCHE_A_TIER_USED_SECTORS),
	{ 0 }
};

static const struct field leg_fields[] = {
	FIELD(struct couche_nl_leg, pool.uuid, COUCHE_A_POOL_UUID, .required = true),
	FIELD(struct couche_nl_leg, pool.name, COUCHE_A_POOL_NAME, .kind = FIELD_STRING),
	FIELD(struct couche_nl_leg, index, COUCHE_A_LEG_INDEX, .required = true,
	      .max = COUCHE_MAX_LEGS - 1),
	FIELD(struct couche_nl_leg, uuid, COUCHE_A_LEG_UUID),
	FIELD(struct couche_nl_leg, role, COUCHE_A_LEG_ROLE, .max = COUCHE_ROLE_COLD),
	FIELD(struct couche_nl_leg, state, COUCHE_A_LEG_STATE, .max = COUCHE_LEG_RESTORING),
	FIELD(struct couche_nl_leg, present, COUCHE_A_LEG_PRESENT, .kind = FIELD_FLAG),
	FIELD(struct couche_nl_leg, domain, COUCHE_A_LEG_DOMAIN),
	FIELD(struct couche_nl_leg, major, COUCHE_A_LEG_MAJOR),
	FIELD(struct couche_nl_leg, minor, COUCHE_A_LEG_MINOR),
	FIELD(struct couche_nl_leg, sectors, COUCHE_A_LEG_SECTORS),
	FIELD(struct couche_nl_leg, used_sectors, COUCHE_A_LEG_USED_SECTORS),
	FIELD(struct couche_nl_leg, reads, COUCHE_A_LEG_READS),
	FIELD(struct couche_nl_leg, writes, COUCHE_A_LEG_WRITES),
	FIELD(struct couche_nl_leg, read_errors, COUCHE_A_LEG_READ_ERRORS),
	FIELD(struct couche_nl_leg, write_errors, COUCHE_A_LEG_WRITE_ERRORS),
	FIELD(struct couche_nl_leg, csum_errors, COUCHE_A_LEG_CSUM_ERRORS),
	FIELD(struct couche_nl_leg, scrub_errors, COUCHE_A_LEG_SCRUB_ERRORS),
	FIELD(struct couche_nl_leg, repairs, COUCHE_A_LEG_REPAIRS),
	FIELD(struct couche_nl_leg, draining, COUCHE_A_LEG_DRAINING, .kind = FIELD_FLAG),
	FIELD(struct couche_nl_leg, drain_left, COUCHE_A_LEG_DRAIN_LEFT),
	FIELD(struct couche_nl_leg, drain_moved, COUCHE_A_LEG_DRAIN_MOVED),
	{ 0 }
};

static const struct field volume_fields[] = {
	FIELD(struct couche_nl_volume, pool.uuid, COUCHE_A_POOL_UUID,
	      .required = true),
	FIELD(struct couche_nl_volume, pool.name, COUCHE_A_POOL_NAME,
	      .kind = FIELD_STRING),
	FIELD(struct couche_nl_volume, id, COUCHE_A_VOLUME_ID, .required = true,
	      .max = COUCHE_MAX_VOLUMES),
	FIELD(struct couche_nl_volume, uuid, COUCHE_A_VOLUME_UUID),
	FIELD(struct couche_nl_volume, name, COUCHE_A_VOLUME_NAME,
	      .kind = FIELD_STRING),
	FIELD(struct couche_nl_volume, sectors, COUCHE_A_VOLUME_SECTORS),
	FIELD(struct couche_nl_volume, generation, COUCHE_A_VOLUME_GENERATION),
	FIELD(struct couche_nl_volume, extents, COUCHE_A_VOLUME_EXTENTS),
	FIELD(struct couche_nl_volume, tier_extents,
	      COUCHE_A_VOLUME_TIER_EXTENTS, .kind = FIELD_U64S),
	FIELD(struct couche_nl_volume, active, COUCHE_A_VOLUME_ACTIVE,
	      .kind = FIELD_FLAG),
	FIELD(struct couche_nl_volume, journal_all, COUCHE_A_VOLUME_JOURNAL_ALL,
	      .kind = FIELD_FLAG),
	FIELD(struct couche_nl_volume, reads, COUCHE_A_VOLUME_READS),
	FIELD(struct couche_nl_volume, writes, COUCHE_A_VOLUME_WRITES),
	FIELD(struct couche_nl_volume, read_sectors,
	      COUCHE_A_VOLUME_READ_SECTORS),
	FIELD(struct couche_nl_volume, written_sectors,
	      COUCHE_A_VOLUME_WRITTEN_SECTORS),
	FIELD(struct couche_nl_volume, degraded_reads, COUCHE_A_DEGRADED_READS),
	FIELD(struct couche_nl_volume, promotes, COUCHE_A_PROMOTES),
	FIELD(struct couche_nl_volume, lost_extents, COUCHE_A_LOST_EXTENTS),
	{ 0 }
};

static const struct field migration_fields[] = {
	FIELD(struct couche_nl_migration, pool.uuid, COUCHE_A_POOL_UUID, .required = true),
	FIELD(struct couche_nl_migration, pool.name, COUCHE_A_POOL_NAME, .kind = FIELD_STRING),
	FIELD(struct couche_nl_migration, id, COUCHE_A_MIGRATION_ID, .required = true),
	FIELD(struct couche_nl_migration, volume, COUCHE_A_VOLUME_ID,
	      .max = COUCHE_MAX_VOLUMES),
	FIELD(struct couche_nl_migration, first, COUCHE_A_EXTENT_FIRST),
	FIELD(struct couche_nl_migration, count, COUCHE_A_EXTENT_COUNT),
	FIELD(struct couche_nl_migration, tier, COUCHE_A_TIER, .max = COUCHE_NR_TIERS - 1),
	FIELD(struct couche_nl_migration, state, COUCHE_A_MIGRATION_STATE,
	      .max = COUCHE_MIGRATION_TIMEOUT),
	FIELD(struct couche_nl_migration, error, COUCHE_A_MIGRATION_ERROR),
	FIELD(struct couche_nl_migration, moved, COUCHE_A_MIGRATION_MOVED),
	FIELD(struct couche_nl_migration, skipped, COUCHE_A_MIGRATION_SKIPPED),
	FIELD(struct couche_nl_migration, bytes, COUCHE_A_MIGRATION_BYTES),
	FIELD(struct couche_nl_migration, races, COUCHE_A_MIGRATION_RACES),
	FIELD(struct couche_nl_migration, elapsed_ms, COUCHE_A_MIGRATION_ELAPSED_MS),
	{ 0 }
};

static const struct field degraded_fields[] = {
	FIELD(struct couche_nl_degraded, pool.uuid, COUCHE_A_POOL_UUID, .required = true),
	FIELD(struct couche_nl_degraded, pool.name, COUCHE_A_POOL_NAME, .kind = FIELD_STRING),
	FIELD(struct couche_nl_degraded, volume, COUCHE_A_VOLUME_ID,
	      .max = COUCHE_MAX_VOLUMES),
	FIELD(struct couche_nl_degraded, extent, COUCHE_A_EXTENT_FIRST),
	FIELD(struct couche_nl_degraded, leg, COUCHE_A_LEG_INDEX, .max = COUCHE_MAX_LEGS - 1),
	FIELD(struct couche_nl_degraded, suppressed, COUCHE_A_SUPPRESSED),
	{ 0 }
};

static const struct field space_fields[] = {
	FIELD(struct couche_nl_space, pool.uuid, COUCHE_A_POOL_UUID, .required = true),
	FIELD(struct couche_nl_space, pool.name, COUCHE_A_POOL_NAME, .kind = FIELD_STRING),
	FIELD(struct couche_nl_space, tier, COUCHE_A_TIER, .required = true,
	      .max = COUCHE_NR_TIERS - 1),
	FIELD(struct couche_nl_space, free_sectors, COUCHE_A_FREE_SECTORS),
	FIELD(struct couche_nl_space, sectors, COUCHE_A_SECTORS),
	FIELD(struct couche_nl_space, suppressed, COUCHE_A_SUPPRESSED),
	{ 0 }
};

static const struct field sweep_event_fields[] = {
	FIELD(struct couche_nl_sweep_event, pool.uuid, COUCHE_A_POOL_UUID, .required = true),
	FIELD(struct couche_nl_sweep_event, pool.name, COUCHE_A_POOL_NAME, .kind = FIELD_STRING),
	{ 0 }
};

static const struct field repair_fields[] = {
	FIELD(struct couche_nl_repair, pool.uuid, COUCHE_A_POOL_UUID, .required = true),
	FIELD(struct couche_nl_repair, pool.name, COUCHE_A_POOL_NAME, .kind = FIELD_STRING),
	FIELD(struct couche_nl_repair, volume, COUCHE_A_VOLUME_ID, .max = COUCHE_MAX_VOLUMES),
	FIELD(struct couche_nl_repair, extent, COUCHE_A_EXTENT_FIRST),
	FIELD(struct couche_nl_repair, leg, COUCHE_A_LEG_INDEX, .max = COUCHE_MAX_LEGS - 1),
	FIELD(struct couche_nl_repair, error, COUCHE_A_REPAIR_ERROR),
	FIELD(struct couche_nl_repair, suppressed, COUCHE_A_SUPPRESSED),
	{ 0 }
};

static int fixed_decode(const struct field *field, const struct nlattr *attr, void *to)
{
	uint32_t value = 0;

	if (nla_len(attr) != field->size)
		return -EBADMSG;
	if (field->max) {
		if (field->size == 1)
			value = nla_get_u8(attr);
		else
			value = nla_get_u32(attr);
		if (value > field->max)
			return -EBADMSG;
	}
	memcpy(to, nla_data(attr), field->size);
	return 0;
}

static int string_decode(const struct field *field, const struct nlattr *attr, char *to)
{
	size_t len = nla_len(attr);

	if (!len || len > field->size || memchr(nla_data(attr), 0, len) !=
	    (char *)nla_data(attr) + len - 1)
		return -EBADMSG;
	memcpy(to, nla_data(attr), len);
	return 0;
}

static int u64s_decode(const struct field *field, const struct nlattr *attr, void *to)
{
	size_t len = nla_len(attr);

	if (len % sizeof(uint64_t))
		return -EBADMSG;
	memcpy(to, nla_data(attr), len < field->size ? len : field->size);
	return 0;
}

static int field_decode(const struct field *field, const struct nlattr *attr, void *to)
{
	switch (field->kind) {
	case FIELD_FIXED:
		return fixed_decode(field, attr, to);
	case FIELD_STRING:
		return string_decode(field, attr, to);
	case FIELD_FLAG:
		*(bool *)to = true;
		return nla_len(attr) ? -EBADMSG : 0;
	case FIELD_U64S:
		return u64s_decode(field, attr, to);
	}
	return -EBADMSG;
}

static const struct nlattr *attr_find(struct attrs attrs, int type)
{
	const struct nlattr *attr;
	int rest;

	nla_for_each_attr(attr, (struct nlattr *)attrs.head, attrs.len, rest)
		if (nla_type(attr) == type)
			return attr;
	return NULL;
}

/* Attributes follow one another without a rest that is none. */
static int attrs_check(struct attrs attrs)
{
	const struct nlattr *attr;
	int rest;

	nla_for_each_attr(attr, (struct nlattr *)attrs.head, attrs.len, rest)
		;
	return rest > 0 ? -EBADMSG : 0;
}

static int fields_decode(struct attrs attrs, const struct field *field, void *to)
{
	int err = attrs_check(attrs);

	for (; !err && field->size; field++) {
		const struct nlattr *attr = attr_find(attrs, field->attr);

		if (attr)
			err = field_decode(field, attr, (char *)to + field->offset);
		else if (field->required)
			err = -EBADMSG;
	}
	return err;
}

static int message_attrs(const struct nlmsghdr *nlh, struct attrs *attrs)
{
	struct genlmsghdr *head;

	if (nlh->nlmsg_len > INT_MAX || !genlmsg_valid_hdr((struct nlmsghdr *)nlh, 0))
		return -EBADMSG;
	head = nlmsg_data(nlh);
	attrs->head = genlmsg_attrdata(head, 0);
	attrs->len = genlmsg_attrlen(head, 0);
	return 0;
}

static int message_decode(const struct nlmsghdr *nlh, const struct field *fields, void *to)
{
	struct attrs attrs;
	int err = message_attrs(nlh, &attrs);

	return err ?: fields_decode(attrs, fields, to);
}

static int tiers_decode(struct attrs attrs, struct couche_nl_pool *pool)
{
	const struct nlattr *attr;
	int rest, err;

	nla_for_each_attr(attr, (struct nlattr *)attrs.head, attrs.len, rest) {
		struct tier_message message = { 0 };
		struct attrs nested = { nla_data(attr), nla_len(attr) };

		if (nla_type(attr) != COUCHE_A_POOL_TIER)
			continue;
		err = fields_decode(nested, tier_fields, &message);
		if (err)
			return err;
		pool->tier[message.number] = message.tier;
	}
	return 0;
}

static int sweeps_decode(struct attrs attrs, struct couche_nl_pool *pool)
{
	const struct nlattr *attr;
	int rest, err;

	nla_for_each_attr(attr, (struct nlattr *)attrs.head, attrs.len, rest) {
		struct couche_nl_sweep sweep = { 0 };
		struct attrs nested = { nla_data(attr), nla_len(attr) };

		if (nla_type(attr) != COUCHE_A_POOL_SWEEP)
			continue;
		err = fields_decode(nested, sweep_fields, &sweep);
		if (err)
			return err;
		pool->sweep[sweep.kind] = sweep;
	}
	return 0;
}

/**
 * couche_nl_decode_pool() - Decode a pool.
 * @nlh: message of COUCHE_CMD_POOL_GET
 * @ret: filled in
 *
 * Return: 0, or -EBADMSG.
 */
int couche_nl_decode_pool(const struct nlmsghdr *nlh, struct couche_nl_pool *ret)
{
	struct pool_message message = { 0 };
	struct attrs attrs;
	int err;

	err = message_attrs(nlh, &attrs);
	if (!err)
		err = fields_decode(attrs, pool_fields, &message);
	if (!err)
		err = tiers_decode(attrs, &message.pool);
	if (!err)
		err = sweeps_decode(attrs, &message.pool);
	if (err)
		return err;
	message.pool.degraded = message.flags & COUCHE_POOL_FLAGS_DEGRADED;
	message.pool.read_only = message.flags & COUCHE_POOL_FLAGS_READ_ONLY;
	message.pool.stage_stuck = message.flags & COUCHE_POOL_FLAGS_STAGE_STUCK;
	message.pool.metadata_failed = message.flags & COUCHE_POOL_FLAGS_METADATA_FAILED;
	*ret = message.pool;
	return 0;
}

/**
 * couche_nl_decode_leg() - Decode a leg.
 * @nlh: message of COUCHE_CMD_LEG_GET or COUCHE_CMD_LEG_NTF
 * @ret: filled in
 *
 * Return: 0, or -EBADMSG.
 */
int couche_nl_decode_leg(const struct nlmsghdr *nlh, struct couche_nl_leg *ret)
{
	memset(ret, 0, sizeof(*ret));
	return message_decode(nlh, leg_fields, ret);
}

/**
 * couche_nl_decode_volume() - Decode a volume.
 * @nlh: message of COUCHE_CMD_VOLUME_GET
 * @ret: filled in
 *
 * Return: 0, or -EBADMSG.
 */
int couche_nl_decode_volume(const struct nlmsghdr *nlh, struct couche_nl_volume *ret)
{
	memset(ret, 0, sizeof(*ret));
	return message_decode(nlh, volume_fields, ret);
}

/**
 * couche_nl_decode_migration() - Decode a migration.
 * @nlh: message of COUCHE_CMD_MIGRATION_GET, _MIGRATION_NTF or the answer to
 *	COUCHE_CMD_MIGRATE, which has only the id
 * @ret: filled in
 *
 * Return: 0, or -EBADMSG.
 */
int couche_nl_decode_migration(const struct nlmsghdr *nlh, struct couche_nl_migration *ret)
{
	memset(ret, 0, sizeof(*ret));
	return message_decode(nlh, migration_fields, ret);
}

/**
 * couche_nl_array_grow() - Make room at the end of an array.
 * @array: item_size is set; all zero otherwise to begin with
 * @nr: items to add; the caller fills them in
 *
 * Return: the first of the new items, zeroed, or NULL without memory; the
 * array is as it was then.
 */
void *couche_nl_array_grow(struct couche_nl_array *array, size_t nr)
{
	size_t need, capacity = array->capacity ?: 16;
	void *items;

	if (__builtin_add_overflow(array->nr, nr, &need) || need > SIZE_MAX / 4)
		return NULL;
	while (capacity < need)
		capacity *= 2;
	if (capacity > array->capacity) {
		items = reallocarray(array->items, capacity, array->item_size);
		if (!items)
			return NULL;
		array->items = items;
		array->capacity = capacity;
	}
	items = (char *)array->items + array->nr * array->item_size;
	memset(items, 0, nr * array->item_size);
	array->nr = need;
	return items;
}

/* A column of the extents; a missing one leaves zeros. */
struct column {
	uint16_t attr;
	uint16_t offset;
	uint16_t size;		/* bytes of an entry */
};

#define COLUMN(member, attribute)					\
	{								\
		.attr = (attribute),					\
		.offset = offsetof(struct couche_nl_extent, member),	\
		.size = sizeof(((struct couche_nl_extent *)0)->member),	\
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
	{ 0 }
};

static void column_decode(const struct column *column, const struct nlattr *attr,
			  struct couche_nl_extent *extents, size_t nr)
{
	const char *from = nla_data(attr);
	size_t i;

	for (i = 0; i < nr; i++)
		memcpy((char *)&extents[i] + column->offset, from + i * column->size,
		       column->size);
}

/* All columns there are have nr entries, and no tier is out of range. */
static int columns_check(struct attrs attrs, size_t nr)
{
	const struct column *column;
	const struct nlattr *attr;
	size_t i;

	for (column = extent_columns; column->size; column++) {
		attr = attr_find(attrs, column->attr);
		if (attr && (size_t)nla_len(attr) != nr * column->size)
			return -EBADMSG;
	}
	attr = attr_find(attrs, COUCHE_A_EXTENT_TIERS);
	for (i = 0; attr && i < nr; i++)
		if (((uint8_t *)nla_data(attr))[i] >= COUCHE_NR_TIERS)
			return -EBADMSG;
	return 0;
}

/**
 * couche_nl_decode_extents() - Append a batch of extents to an array.
 * @nlh: message of COUCHE_CMD_EXTENT_GET
 * @extents: of struct couche_nl_extent
 *
 * Return: 0, -EBADMSG or -ENOMEM; after a failure the array is as it was.
 */
int couche_nl_decode_extents(const struct nlmsghdr *nlh, struct couche_nl_array *extents)
{
	struct couche_nl_extent *items;
	const struct column *column;
	const struct nlattr *attr;
	struct attrs attrs;
	size_t nr;
	int err;

	err = message_attrs(nlh, &attrs);
	if (!err)
		err = attrs_check(attrs);
	if (err)
		return err;
	attr = attr_find(attrs, COUCHE_A_EXTENT_NUMBERS);
	if (!attr || nla_len(attr) % sizeof(uint64_t))
		return -EBADMSG;
	nr = nla_len(attr) / sizeof(uint64_t);
	err = columns_check(attrs, nr);
	if (err)
		return err;
	items = couche_nl_array_grow(extents, nr);
	if (!items)
		return -ENOMEM;
	for (column = extent_columns; column->size; column++) {
		attr = attr_find(attrs, column->attr);
		if (attr)
			column_decode(column, attr, items, nr);
	}
	return 0;
}

static int sweep_event_decode(struct attrs attrs, struct couche_nl_sweep_event *ret)
{
	const struct nlattr *attr;
	int err = fields_decode(attrs, sweep_event_fields, ret);

	if (err)
		return err;
	attr = attr_find(attrs, COUCHE_A_POOL_SWEEP);
	if (!attr)
		return -EBADMSG;
	return fields_decode((struct attrs){ nla_data(attr), nla_len(attr) }, sweep_fields,
			     &ret->sweep);
}

/**
 * couche_nl_decode_event() - Decode an event.
 * @nlh: message of the group COUCHE_MCGRP_EVENTS
 * @ret: filled in
 *
 * Return: 0, -EBADMSG, or -EOPNOTSUPP for a kind of event not known here.
 */
int couche_nl_decode_event(const struct nlmsghdr *nlh, struct couche_nl_event *ret)
{
	struct attrs attrs;
	int err;

	memset(ret, 0, sizeof(*ret));
	err = message_attrs(nlh, &attrs);
	if (err)
		return err;
	switch (((struct genlmsghdr *)nlmsg_data(nlh))->cmd) {
	case COUCHE_CMD_MIGRATION_NTF:
		ret->type = COUCHE_NL_EVENT_MIGRATION;
		return fields_decode(attrs, migration_fields, &ret->migration);
	case COUCHE_CMD_LEG_NTF:
		ret->type = COUCHE_NL_EVENT_LEG;
		return fields_decode(attrs, leg_fields, &ret->leg);
	case COUCHE_CMD_DEGRADED_NTF:
		ret->type = COUCHE_NL_EVENT_DEGRADED;
		return fields_decode(attrs, degraded_fields, &ret->degraded);
	case COUCHE_CMD_SPACE_NTF:
		ret->type = COUCHE_NL_EVENT_SPACE;
		return fields_decode(attrs, space_fields, &ret->space);
	case COUCHE_CMD_SWEEP_NTF:
		ret->type = COUCHE_NL_EVENT_SWEEP;
		return sweep_event_decode(attrs, &ret->sweep);
	case COUCHE_CMD_REPAIR_NTF:
		ret->type = COUCHE_NL_EVENT_REPAIR;
		return fields_decode(attrs, repair_fields, &ret->repair);
	}
	return -EOPNOTSUPP;
}

/* Where the extended ack begins in an NLMSG_ERROR or NLMSG_DONE message. */
static int status_attrs(const struct nlmsghdr *nlh, struct attrs *attrs)
{
	const struct nlmsgerr *err = nlmsg_data(nlh);
	size_t skip = sizeof(int);

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		skip = sizeof(*err);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
			if (err->msg.nlmsg_len < NLMSG_HDRLEN ||
			    err->msg.nlmsg_len > nlh->nlmsg_len)
				return -EBADMSG;
			skip += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
		}
	}
	attrs->len = 0;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return 0;
	if (skip > (size_t)nlmsg_datalen(nlh))
		return -EBADMSG;
	attrs->head = (const struct nlattr *)((const char *)err + skip);
	attrs->len = nlmsg_datalen(nlh) - skip;
	return 0;
}

static void status_text(const struct nlattr *attr, struct couche_nl_status *status)
{
	size_t len = strnlen(nla_data(attr), nla_len(attr));

	if (len >= sizeof(status->text))
		len = sizeof(status->text) - 1;
	memcpy(status->text, nla_data(attr), len);
	status->text[len] = '\0';
}

/**
 * couche_nl_decode_status() - Decode how a request ended.
 * @nlh: NLMSG_ERROR, which is an ack as well, or NLMSG_DONE
 * @ret: filled in; a sentence that is too long is cut
 *
 * Return: 0, or -EBADMSG.
 */
int couche_nl_decode_status(const struct nlmsghdr *nlh, struct couche_nl_status *ret)
{
	const struct nlattr *attr;
	struct attrs attrs;
	size_t need;
	int err;

	memset(ret, 0, sizeof(*ret));
	need = nlh->nlmsg_type == NLMSG_DONE ? sizeof(int) : sizeof(struct nlmsgerr);
	if (nlh->nlmsg_len > INT_MAX || nlh->nlmsg_len < NLMSG_HDRLEN + need)
		return -EBADMSG;
	memcpy(&ret->error, nlmsg_data(nlh), sizeof(ret->error));
	if (ret->error > 0 || ret->error < -MAX_ERRNO)
		return -EBADMSG;
	err = status_attrs(nlh, &attrs);
	if (err || !attrs.len)
		return err;
	attr = attr_find(attrs, NLMSGERR_ATTR_MSG);
	if (attr)
		status_text(attr, ret);
	attr = attr_find(attrs, NLMSGERR_ATTR_OFFS);
	if (attr && nla_len(attr) == sizeof(ret->bad_offset))
		ret->bad_offset = nla_get_u32(attr);
	return 0;
}
