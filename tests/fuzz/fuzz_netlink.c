// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever arrives on a netlink socket: every message goes through every
 * decoder. What decodes is used the way callers use it, as an index and as a
 * string, so that a value let through by mistake is noticed.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/msg.h>

#include "agent/lib/netlink_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int truth)
{
	if (!truth)
		abort();
}

static void use_pool_id(const struct couche_nl_pool_id *id)
{
	expect(strnlen(id->name, sizeof(id->name)) < sizeof(id->name));
}

static void use_pool(const struct nlmsghdr *nlh)
{
	struct couche_nl_pool pool;
	int i;

	if (couche_nl_decode_pool(nlh, &pool))
		return;
	use_pool_id(&pool.id);
	expect(pool.nr_legs <= COUCHE_MAX_LEGS);
	for (i = 0; i < COUCHE_NR_TIERS; i++)
		expect(pool.tier[i].k <= COUCHE_MAX_SHARDS && pool.tier[i].m <= COUCHE_MAX_SHARDS);
}

static void use_leg(const struct couche_nl_leg *leg)
{
	use_pool_id(&leg->pool);
	expect(leg->index < COUCHE_MAX_LEGS && leg->role <= COUCHE_ROLE_COLD &&
	       leg->state <= COUCHE_LEG_RESTORING);
}

static void use_migration(const struct couche_nl_migration *migration)
{
	use_pool_id(&migration->pool);
	expect(migration->tier < COUCHE_NR_TIERS &&
	       migration->state <= COUCHE_MIGRATION_TIMEOUT &&
	       migration->volume <= COUCHE_MAX_VOLUMES);
}

static void use_volume(const struct nlmsghdr *nlh)
{
	struct couche_nl_volume volume;

	if (couche_nl_decode_volume(nlh, &volume))
		return;
	use_pool_id(&volume.pool);
	expect(strnlen(volume.name, sizeof(volume.name)) < sizeof(volume.name));
	expect(volume.id <= COUCHE_MAX_VOLUMES);
}

static void use_extents(const struct nlmsghdr *nlh, struct couche_nl_array *extents)
{
	const struct couche_nl_extent *items;
	size_t i, before = extents->nr;

	if (couche_nl_decode_extents(nlh, extents)) {
		expect(extents->nr == before);
		return;
	}
	items = extents->items;
	for (i = before; i < extents->nr; i++)
		expect(items[i].tier < COUCHE_NR_TIERS);
}

static void use_event(const struct nlmsghdr *nlh)
{
	struct couche_nl_event event;

	if (couche_nl_decode_event(nlh, &event))
		return;
	switch (event.type) {
	case COUCHE_NL_EVENT_MIGRATION:
		use_migration(&event.migration);
		break;
	case COUCHE_NL_EVENT_LEG:
		use_leg(&event.leg);
		break;
	case COUCHE_NL_EVENT_DEGRADED:
		use_pool_id(&event.degraded.pool);
		expect(event.degraded.leg < COUCHE_MAX_LEGS);
		break;
	case COUCHE_NL_EVENT_SPACE:
		use_pool_id(&event.space.pool);
		expect(event.space.tier < COUCHE_NR_TIERS);
		break;
	case COUCHE_NL_EVENT_SWEEP:
		use_pool_id(&event.sweep.pool);
		expect(event.sweep.sweep.kind < COUCHE_NL_SWEEPS);
		break;
	case COUCHE_NL_EVENT_REPAIR:
		use_pool_id(&event.repair.pool);
		expect(event.repair.leg < COUCHE_MAX_LEGS);
		break;
	}
}

static void use_status(const struct nlmsghdr *nlh)
{
	struct couche_nl_status status;

	if (nlh->nlmsg_type != NLMSG_ERROR && nlh->nlmsg_type != NLMSG_DONE)
		return;
	if (couche_nl_decode_status(nlh, &status))
		return;
	expect(status.error <= 0 && status.error >= -4095);
	expect(strnlen(status.text, sizeof(status.text)) < sizeof(status.text));
}

static void use_message(const struct nlmsghdr *nlh, struct couche_nl_array *extents)
{
	struct couche_nl_migration migration;
	struct couche_nl_leg leg;

	use_pool(nlh);
	use_volume(nlh);
	use_extents(nlh, extents);
	use_event(nlh);
	use_status(nlh);
	if (!couche_nl_decode_leg(nlh, &leg))
		use_leg(&leg);
	if (!couche_nl_decode_migration(nlh, &migration))
		use_migration(&migration);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct couche_nl_array extents = { .item_size = sizeof(struct couche_nl_extent) };
	int rest = size > INT32_MAX ? INT32_MAX : (int)size;
	/* Aligned, and it ends where the input ends. */
	char *copy = malloc(size ? size : 1);
	struct nlmsghdr *nlh = (void *)copy;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	for (; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		use_message(nlh, &extents);
	free(extents.items);
	free(copy);
	return 0;
}
