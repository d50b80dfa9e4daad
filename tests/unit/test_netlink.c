// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel sends: a whole message decodes, an unsound one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "agent/lib/netlink_decode.h"

#define FAMILY 40
#define UNKNOWN_ATTR 900

static const uint8_t pool_uuid[COUCHE_UUID_SIZE] = "fifteen letters";

static struct nl_msg *message(uint8_t cmd)
{
	struct nl_msg *msg = nlmsg_alloc_size(65536);

	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 0, 1, FAMILY, 0, 0, cmd, 1));
	return msg;
}

static struct nl_msg *pool_message(uint8_t cmd)
{
	struct nl_msg *msg = message(cmd);

	assert_int_equal(nla_put(msg, COUCHE_A_POOL_UUID, sizeof(pool_uuid), pool_uuid), 0);
	assert_int_equal(nla_put_string(msg, COUCHE_A_POOL_NAME, "tank"), 0);
	return msg;
}

/*
 * The decoders get a copy that ends where the message ends, so that the
 * address sanitizer sees the first byte that is read beyond it.
 */
static struct nlmsghdr *copy_of(struct nl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg), *copy = malloc(nlh->nlmsg_len);

	assert_non_null(copy);
	memcpy(copy, nlh, nlh->nlmsg_len);
	nlmsg_free(msg);
	return copy;
}

static int decode_leg(struct nl_msg *msg, struct couche_nl_leg *leg)
{
	struct nlmsghdr *nlh = copy_of(msg);
	int err = couche_nl_decode_leg(nlh, leg);

	free(nlh);
	return err;
}

static int decode_pool(struct nl_msg *msg, struct couche_nl_pool *pool)
{
	struct nlmsghdr *nlh = copy_of(msg);
	int err = couche_nl_decode_pool(nlh, pool);

	free(nlh);
	return err;
}

static int decode_volume(struct nl_msg *msg, struct couche_nl_volume *volume)
{
	struct nlmsghdr *nlh = copy_of(msg);
	int err = couche_nl_decode_volume(nlh, volume);

	free(nlh);
	return err;
}

static int decode_extents(struct nl_msg *msg, struct couche_nl_array *extents)
{
	struct nlmsghdr *nlh = copy_of(msg);
	int err = couche_nl_decode_extents(nlh, extents);

	free(nlh);
	return err;
}

static int decode_event(struct nl_msg *msg, struct couche_nl_event *event)
{
	struct nlmsghdr *nlh = copy_of(msg);
	int err = couche_nl_decode_event(nlh, event);

	free(nlh);
	return err;
}

static void put_tier(struct nl_msg *msg, uint8_t number, uint8_t k)
{
	struct nlattr *nest = nla_nest_start(msg, COUCHE_A_POOL_TIER);

	nla_put_u8(msg, COUCHE_A_TIER_TIER, number);
	nla_put_u8(msg, COUCHE_A_TIER_K, k);
	nla_put_u8(msg, COUCHE_A_TIER_M, 2);
	nla_put_u8(msg, COUCHE_A_TIER_MIN_HEALTHY, 5);
	nla_put_u64(msg, COUCHE_A_TIER_SECTORS, 1ULL << 40);
	nla_nest_end(msg, nest);
}

static void test_pool_decodes_with_its_tiers(void **state)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_POOL_GET);
	struct couche_nl_pool pool;

	nla_put_u32(msg, COUCHE_A_POOL_FLAGS,
		    COUCHE_POOL_FLAGS_READ_ONLY | COUCHE_POOL_FLAGS_STAGE_STUCK |
		    COUCHE_POOL_FLAGS_METADATA_FAILED);
	nla_put_u64(msg, COUCHE_A_JOURNAL_USED, 0x123456789aULL);
	nla_put_u32(msg, COUCHE_A_DATA_JOURNAL_SLOTS, 4096);
	nla_put_u32(msg, COUCHE_A_DATA_JOURNAL_USED, 17);
	nla_put_u64(msg, COUCHE_A_STAGED, 0xa987654321ULL);
	nla_put_u64(msg, COUCHE_A_DESTAGED, 0xa987654310ULL);
	nla_put_u32(msg, COUCHE_A_FLUSH_LEFT, 9);
	put_tier(msg, COUCHE_TIER_COLD, 4);
	put_tier(msg, COUCHE_TIER_HOT, 1);
	assert_int_equal(decode_pool(msg, &pool), 0);
	assert_memory_equal(pool.id.uuid, pool_uuid, sizeof(pool_uuid));
	assert_string_equal(pool.id.name, "tank");
	assert_true(pool.read_only);
	assert_true(pool.metadata_failed);
	assert_false(pool.degraded);
	assert_true(pool.journal_used == 0x123456789aULL);
	assert_int_equal(pool.stage_slots, 4096);
	assert_int_equal(pool.stage_used, 17);
	assert_true(pool.staged == 0xa987654321ULL);
	assert_true(pool.destaged == 0xa987654310ULL);
	assert_int_equal(pool.flush_left, 9);
	assert_true(pool.stage_stuck);
	assert_int_equal(pool.tier[COUCHE_TIER_HOT].k, 1);
	assert_int_equal(pool.tier[COUCHE_TIER_WARM].k, 0);
	assert_int_equal(pool.tier[COUCHE_TIER_COLD].k, 4);
	assert_int_equal(pool.tier[COUCHE_TIER_COLD].min_healthy, 5);
	assert_true(pool.tier[COUCHE_TIER_COLD].sectors == 1ULL << 40);
}

static void test_tier_that_does_not_exist_is_refused(void **state)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_POOL_GET);
	struct couche_nl_pool pool;

	put_tier(msg, COUCHE_NR_TIERS, 4);
	assert_int_equal(decode_pool(msg, &pool), -EBADMSG);
}

static void test_profile_wider_than_any_is_refused(void **state)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_POOL_GET);
	struct couche_nl_pool pool;

	put_tier(msg, COUCHE_TIER_COLD, COUCHE_MAX_SHARDS + 1);
	assert_int_equal(decode_pool(msg, &pool), -EBADMSG);
}

static struct nl_msg *leg_message(void)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_LEG_GET);

	nla_put_u32(msg, COUCHE_A_LEG_INDEX, 5);
	nla_put_u8(msg, COUCHE_A_LEG_STATE, COUCHE_LEG_FAILED);
	nla_put_u16(msg, COUCHE_A_LEG_DOMAIN, 700);
	nla_put_flag(msg, COUCHE_A_LEG_PRESENT);
	nla_put_u64(msg, COUCHE_A_LEG_CSUM_ERRORS, UINT64_MAX);
	return msg;
}

static void test_leg_decodes(void **state)
{
	struct couche_nl_leg leg;

	assert_int_equal(decode_leg(leg_message(), &leg), 0);
	assert_int_equal(leg.index, 5);
	assert_int_equal(leg.state, COUCHE_LEG_FAILED);
	assert_int_equal(leg.domain, 700);
	assert_true(leg.present);
	assert_true(leg.csum_errors == UINT64_MAX);
}

static void test_missing_attributes_leave_zeros(void **state)
{
	struct couche_nl_leg leg;
	struct nl_msg *msg;

	memset(&leg, 0xff, sizeof(leg));
	msg = message(COUCHE_CMD_LEG_GET);
	nla_put(msg, COUCHE_A_POOL_UUID, sizeof(pool_uuid), pool_uuid);
	nla_put_u32(msg, COUCHE_A_LEG_INDEX, 5);
	assert_int_equal(decode_leg(msg, &leg), 0);
	assert_string_equal(leg.pool.name, "");
	assert_false(leg.present);
	assert_true(leg.sectors == 0);
}

static void test_unknown_attributes_are_skipped(void **state)
{
	struct nl_msg *msg = leg_message();
	struct couche_nl_leg leg;

	nla_put(msg, UNKNOWN_ATTR, 3, "abc");
	nla_put_u32(msg, COUCHE_A_LEG_MAJOR, 8);
	assert_int_equal(decode_leg(msg, &leg), 0);
	assert_int_equal(leg.major, 8);
}

static void test_object_without_its_key_is_refused(void **state)
{
	struct couche_nl_leg leg;
	struct nl_msg *msg;

	assert_int_equal(decode_leg(pool_message(COUCHE_CMD_LEG_GET), &leg), -EBADMSG);
	msg = message(COUCHE_CMD_LEG_GET);
	nla_put_u32(msg, COUCHE_A_LEG_INDEX, 5);
	assert_int_equal(decode_leg(msg, &leg), -EBADMSG);
}

static void test_wrong_length_is_refused(void **state)
{
	static const struct {
		int attr;
		int len;
	} wrong[] = {
		{ COUCHE_A_LEG_SECTORS, 4 }, { COUCHE_A_LEG_SECTORS, 12 },
		{ COUCHE_A_LEG_MINOR, 0 }, { COUCHE_A_LEG_MINOR, 8 },
		{ COUCHE_A_LEG_ROLE, 4 }, { COUCHE_A_LEG_UUID, 15 },
		{ COUCHE_A_LEG_UUID, 17 },
	};
	static const char zeros[32];
	struct couche_nl_leg leg;
	struct nl_msg *msg;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		msg = leg_message();
		nla_put(msg, wrong[i].attr, wrong[i].len, zeros);
		assert_int_equal(decode_leg(msg, &leg), -EBADMSG);
	}
}

static void test_number_beyond_its_names_is_refused(void **state)
{
	struct couche_nl_leg leg;
	struct nl_msg *msg;

	msg = pool_message(COUCHE_CMD_LEG_GET);
	nla_put_u32(msg, COUCHE_A_LEG_INDEX, COUCHE_MAX_LEGS);
	assert_int_equal(decode_leg(msg, &leg), -EBADMSG);
	msg = leg_message();
	nla_put_u8(msg, COUCHE_A_LEG_ROLE, COUCHE_ROLE_COLD + 1);
	assert_int_equal(decode_leg(msg, &leg), -EBADMSG);
}

static int decode_named(const char *name, size_t len)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_VOLUME_GET);
	struct couche_nl_volume volume;

	nla_put_u32(msg, COUCHE_A_VOLUME_ID, 1);
	nla_put(msg, COUCHE_A_VOLUME_NAME, len, name);
	return decode_volume(msg, &volume);
}

static void test_name_that_is_no_string_is_refused(void **state)
{
	char name[COUCHE_NAME_SIZE + 1];

	memset(name, 'a', sizeof(name));
	assert_int_equal(decode_named(name, 5), -EBADMSG);
	assert_int_equal(decode_named(name, 0), -EBADMSG);
	name[2] = '\0';
	assert_int_equal(decode_named(name, 3), 0);
	assert_int_equal(decode_named(name, 5), -EBADMSG);
	name[2] = 'a';
	name[COUCHE_NAME_SIZE] = '\0';
	assert_int_equal(decode_named(name, COUCHE_NAME_SIZE + 1), -EBADMSG);
	name[COUCHE_NAME_SIZE - 1] = '\0';
	assert_int_equal(decode_named(name, COUCHE_NAME_SIZE), 0);
}

static int decode_tier_extents(size_t len, struct couche_nl_volume *volume)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_VOLUME_GET);
	uint64_t extents[8] = { 11, 12, 13, 14, 15 };

	nla_put_u32(msg, COUCHE_A_VOLUME_ID, 1);
	nla_put(msg, COUCHE_A_VOLUME_TIER_EXTENTS, len, extents);
	return decode_volume(msg, volume);
}

static void test_tiers_that_we_do_not_know_are_cut_off(void **state)
{
	struct couche_nl_volume volume;

	assert_int_equal(decode_tier_extents(5 * 8, &volume), 0);
	assert_true(volume.tier_extents[2] == 13);
	assert_int_equal(decode_tier_extents(2 * 8, &volume), 0);
	assert_true(volume.tier_extents[1] == 12 && volume.tier_extents[2] == 0);
	assert_int_equal(decode_tier_extents(2 * 8 + 4, &volume), -EBADMSG);
}

static void test_every_cut_of_a_message_is_sound(void **state)
{
	struct nl_msg *msg = leg_message();
	struct nlmsghdr *whole, *cut;
	struct couche_nl_leg leg;
	uint32_t len, decoded = 0;

	whole = copy_of(msg);
	for (len = NLMSG_HDRLEN; len <= whole->nlmsg_len; len++) {
		cut = malloc(len);
		memcpy(cut, whole, len);
		cut->nlmsg_len = len;
		decoded += !couche_nl_decode_leg(cut, &leg);
		free(cut);
	}
	/* Behind the key: attributes of 0, 1, 2 and 8 bytes, each at its end and
	 * within its padding. Any other cut goes through an attribute.
	 */
	assert_int_equal(decoded, 1 + 4 + 3 + 1 + 1);
	free(whole);
}

static struct nl_msg *extent_message(size_t nr)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_EXTENT_GET);
	uint64_t numbers[4] = { 7, 8, 1ULL << 40, 9 };
	uint32_t reads[4] = { 70, 80, 90, 100 };
	uint8_t tiers[4] = { 0, 2, 1, 0 };

	nla_put_u32(msg, COUCHE_A_VOLUME_ID, 1);
	nla_put(msg, COUCHE_A_EXTENT_NUMBERS, nr * 8, numbers);
	nla_put(msg, COUCHE_A_EXTENT_READS, nr * 4, reads);
	nla_put(msg, COUCHE_A_EXTENT_TIERS, nr, tiers);
	return msg;
}

static void test_extent_batches_are_appended(void **state)
{
	struct couche_nl_array extents = { .item_size = sizeof(struct couche_nl_extent) };
	struct couche_nl_extent *items;
	int i;

	for (i = 0; i < 20; i++)
		assert_int_equal(decode_extents(extent_message(3), &extents), 0);
	assert_int_equal(extents.nr, 60);
	items = extents.items;
	assert_true(items[57].extent == 7 && items[59].extent == 1ULL << 40);
	assert_int_equal(items[58].tier, 2);
	assert_int_equal(items[59].reads, 90);
	assert_int_equal(items[59].writes, 0);
	free(extents.items);
}

static void test_columns_of_different_lengths_are_refused(void **state)
{
	struct couche_nl_array extents = { .item_size = sizeof(struct couche_nl_extent) };
	uint32_t writes[4] = { 0 };
	struct nl_msg *msg;

	msg = extent_message(3);
	nla_put(msg, COUCHE_A_EXTENT_WRITES, 2 * 4, writes);
	assert_int_equal(decode_extents(msg, &extents), -EBADMSG);
	msg = extent_message(3);
	nla_put(msg, COUCHE_A_EXTENT_WRITES, 4 * 4, writes);
	assert_int_equal(decode_extents(msg, &extents), -EBADMSG);
	assert_int_equal(extents.nr, 0);
	assert_null(extents.items);
}

static void test_extents_without_numbers_are_refused(void **state)
{
	struct couche_nl_array extents = { .item_size = sizeof(struct couche_nl_extent) };
	struct nl_msg *msg;

	msg = pool_message(COUCHE_CMD_EXTENT_GET);
	assert_int_equal(decode_extents(msg, &extents), -EBADMSG);
	msg = pool_message(COUCHE_CMD_EXTENT_GET);
	nla_put(msg, COUCHE_A_EXTENT_NUMBERS, 12, pool_uuid);
	assert_int_equal(decode_extents(msg, &extents), -EBADMSG);
}

static void test_extent_in_no_tier_is_refused(void **state)
{
	struct couche_nl_array extents = { .item_size = sizeof(struct couche_nl_extent) };
	struct nl_msg *msg = pool_message(COUCHE_CMD_EXTENT_GET);
	uint64_t numbers[2] = { 1, 2 };
	uint8_t tiers[2] = { 0, COUCHE_NR_TIERS };

	nla_put(msg, COUCHE_A_EXTENT_NUMBERS, sizeof(numbers), numbers);
	nla_put(msg, COUCHE_A_EXTENT_TIERS, sizeof(tiers), tiers);
	assert_int_equal(decode_extents(msg, &extents), -EBADMSG);
}

static void test_array_that_cannot_be_had_stays_as_it_was(void **state)
{
	struct couche_nl_array array = { .item_size = 8 };

	assert_non_null(couche_nl_array_grow(&array, 3));
	assert_null(couche_nl_array_grow(&array, SIZE_MAX));
	assert_null(couche_nl_array_grow(&array, SIZE_MAX / 2 + 2));
	assert_int_equal(array.nr, 3);
	free(array.items);
}

static void test_events_of_every_kind_decode(void **state)
{
	struct couche_nl_event event;
	struct nl_msg *msg;

	msg = pool_message(COUCHE_CMD_MIGRATION_NTF);
	nla_put_u32(msg, COUCHE_A_MIGRATION_ID, 77);
	nla_put_u8(msg, COUCHE_A_MIGRATION_STATE, COUCHE_MIGRATION_FAILED);
	nla_put_s32(msg, COUCHE_A_MIGRATION_ERROR, -EIO);
	assert_int_equal(decode_event(msg, &event), 0);
	assert_int_equal(event.type, COUCHE_NL_EVENT_MIGRATION);
	assert_int_equal(event.migration.id, 77);
	assert_int_equal(event.migration.error, -EIO);

	msg = pool_message(COUCHE_CMD_LEG_NTF);
	nla_put_u32(msg, COUCHE_A_LEG_INDEX, 3);
	assert_int_equal(decode_event(msg, &event), 0);
	assert_int_equal(event.type, COUCHE_NL_EVENT_LEG);
	assert_int_equal(event.leg.index, 3);

	msg = pool_message(COUCHE_CMD_DEGRADED_NTF);
	nla_put_u64(msg, COUCHE_A_EXTENT_FIRST, 1ULL << 33);
	nla_put_u32(msg, COUCHE_A_SUPPRESSED, 9);
	assert_int_equal(decode_event(msg, &event), 0);
	assert_int_equal(event.type, COUCHE_NL_EVENT_DEGRADED);
	assert_true(event.degraded.extent == 1ULL << 33);
	assert_int_equal(event.degraded.suppressed, 9);

	msg = pool_message(COUCHE_CMD_SPACE_NTF);
	nla_put_u8(msg, COUCHE_A_TIER, COUCHE_TIER_WARM);
	nla_put_u64(msg, COUCHE_A_FREE_SECTORS, 5);
	assert_int_equal(decode_event(msg, &event), 0);
	assert_int_equal(event.type, COUCHE_NL_EVENT_SPACE);
	assert_int_equal(event.space.tier, COUCHE_TIER_WARM);
	assert_true(event.space.free_sectors == 5);
}

static struct nl_msg *sweep_message(uint8_t kind)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_SWEEP_NTF);
	struct nlattr *nest = nla_nest_start(msg, COUCHE_A_POOL_SWEEP);

	nla_put_u8(msg, COUCHE_A_SWEEP_SWEEP_KIND, kind);
	nla_put_u8(msg, COUCHE_A_SWEEP_STATE, COUCHE_SWEEP_WAITING);
	nla_put_s32(msg, COUCHE_A_SWEEP_ERROR, -ENODEV);
	nla_put_u64(msg, COUCHE_A_SWEEP_DONE, 1ULL << 34);
	nla_nest_end(msg, nest);
	return msg;
}

static void test_events_of_healing_decode(void **state)
{
	struct couche_nl_event event;
	struct nl_msg *msg;

	assert_int_equal(decode_event(sweep_message(COUCHE_SWEEP_SCRUB), &event), 0);
	assert_int_equal(event.type, COUCHE_NL_EVENT_SWEEP);
	assert_string_equal(event.sweep.pool.name, "tank");
	assert_int_equal(event.sweep.sweep.kind, COUCHE_SWEEP_SCRUB);
	assert_int_equal(event.sweep.sweep.state, COUCHE_SWEEP_WAITING);
	assert_int_equal(event.sweep.sweep.error, -ENODEV);
	assert_true(event.sweep.sweep.done == 1ULL << 34);

	msg = pool_message(COUCHE_CMD_REPAIR_NTF);
	nla_put_u32(msg, COUCHE_A_VOLUME_ID, 7);
	nla_put_u64(msg, COUCHE_A_EXTENT_FIRST, 1ULL << 33);
	nla_put_u32(msg, COUCHE_A_LEG_INDEX, 5);
	nla_put_s32(msg, COUCHE_A_REPAIR_ERROR, -EIO);
	nla_put_u32(msg, COUCHE_A_SUPPRESSED, 9);
	assert_int_equal(decode_event(msg, &event), 0);
	assert_int_equal(event.type, COUCHE_NL_EVENT_REPAIR);
	assert_int_equal(event.repair.volume, 7);
	assert_true(event.repair.extent == 1ULL << 33);
	assert_int_equal(event.repair.leg, 5);
	assert_int_equal(event.repair.error, -EIO);
	assert_int_equal(event.repair.suppressed, 9);
}

static void test_events_of_healing_out_of_range_are_refused(void **state)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_REPAIR_NTF);
	struct couche_nl_event event;

	nla_put_u32(msg, COUCHE_A_LEG_INDEX, COUCHE_MAX_LEGS);
	assert_int_equal(decode_event(msg, &event), -EBADMSG);
	assert_int_equal(decode_event(sweep_message(COUCHE_NL_SWEEPS), &event), -EBADMSG);
	assert_int_equal(decode_event(pool_message(COUCHE_CMD_SWEEP_NTF), &event), -EBADMSG);
}

static void test_leg_that_is_drained_decodes(void **state)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_LEG_GET);
	struct couche_nl_leg leg;

	nla_put_u32(msg, COUCHE_A_LEG_INDEX, 3);
	nla_put_flag(msg, COUCHE_A_LEG_DRAINING);
	nla_put_u64(msg, COUCHE_A_LEG_DRAIN_LEFT, 11);
	nla_put_u64(msg, COUCHE_A_LEG_DRAIN_MOVED, 1ULL << 40);
	assert_int_equal(decode_leg(msg, &leg), 0);
	assert_true(leg.draining);
	assert_true(leg.drain_left == 11 && leg.drain_moved == 1ULL << 40);

	msg = pool_message(COUCHE_CMD_LEG_GET);
	nla_put_u32(msg, COUCHE_A_LEG_INDEX, 3);
	assert_int_equal(decode_leg(msg, &leg), 0);
	assert_false(leg.draining);
}

static void test_event_of_a_newer_kernel_is_told_apart(void **state)
{
	struct couche_nl_event event;

	assert_int_equal(decode_event(pool_message(200), &event), -EOPNOTSUPP);
}

static void test_migration_in_no_known_state_is_refused(void **state)
{
	struct nl_msg *msg = pool_message(COUCHE_CMD_MIGRATION_NTF);
	struct couche_nl_event event;

	nla_put_u32(msg, COUCHE_A_MIGRATION_ID, 77);
	nla_put_u8(msg, COUCHE_A_MIGRATION_STATE, COUCHE_MIGRATION_TIMEOUT + 1);
	assert_int_equal(decode_event(msg, &event), -EBADMSG);
}

/* An NLMSG_ERROR whose echo of the request has echo_len bytes behind it. */
static struct nl_msg *error_message(int error, int flags, uint32_t echo_len)
{
	struct nlmsgerr err = { .error = error };
	struct nl_msg *msg = nlmsg_alloc();

	err.msg.nlmsg_len = NLMSG_HDRLEN + echo_len;
	nlmsg_put(msg, 0, 1, NLMSG_ERROR, 0, flags);
	nlmsg_append(msg, &err, sizeof(err), NLMSG_ALIGNTO);
	return msg;
}

static int decode_status(struct nl_msg *msg, struct couche_nl_status *status)
{
	struct nlmsghdr *nlh = copy_of(msg);
	int err = couche_nl_decode_status(nlh, status);

	free(nlh);
	return err;
}

static void test_ack_decodes(void **state)
{
	struct couche_nl_status status;

	assert_int_equal(decode_status(error_message(0, NLM_F_CAPPED, 100), &status), 0);
	assert_int_equal(status.error, 0);
	assert_string_equal(status.text, "");
}

static void test_refusal_brings_its_sentence(void **state)
{
	struct couche_nl_status status;
	struct nl_msg *msg;

	msg = error_message(-ERANGE, NLM_F_CAPPED | NLM_F_ACK_TLVS, 100);
	nla_put_string(msg, NLMSGERR_ATTR_MSG, "integer out of range");
	nla_put_u32(msg, NLMSGERR_ATTR_OFFS, 40);
	assert_int_equal(decode_status(msg, &status), 0);
	assert_int_equal(status.error, -ERANGE);
	assert_string_equal(status.text, "integer out of range");
	assert_int_equal(status.bad_offset, 40);
}

static void test_sentence_is_found_behind_an_echo(void **state)
{
	struct couche_nl_status status;
	struct nl_msg *msg;

	msg = error_message(-EPERM, NLM_F_ACK_TLVS, 22);
	nlmsg_append(msg, "an echo of 24 bytes....", 24, NLMSG_ALIGNTO);
	nla_put_string(msg, NLMSGERR_ATTR_MSG, "no");
	assert_int_equal(decode_status(msg, &status), 0);
	assert_string_equal(status.text, "no");
}

static void test_end_of_a_dump_may_be_a_refusal(void **state)
{
	struct couche_nl_status status;
	struct nl_msg *msg = nlmsg_alloc();
	int error = -ENOENT;

	nlmsg_put(msg, 0, 1, NLMSG_DONE, 0, NLM_F_ACK_TLVS);
	nlmsg_append(msg, &error, sizeof(error), NLMSG_ALIGNTO);
	nla_put_string(msg, NLMSGERR_ATTR_MSG, "no pool has this UUID");
	assert_int_equal(decode_status(msg, &status), 0);
	assert_int_equal(status.error, -ENOENT);
	assert_string_equal(status.text, "no pool has this UUID");
}

static void test_long_sentence_is_cut(void **state)
{
	struct couche_nl_status status;
	char text[500];
	struct nl_msg *msg;

	memset(text, 'x', sizeof(text));
	msg = error_message(-EIO, NLM_F_CAPPED | NLM_F_ACK_TLVS, 0);
	nla_put(msg, NLMSGERR_ATTR_MSG, sizeof(text), text);
	assert_int_equal(decode_status(msg, &status), 0);
	assert_int_equal(strlen(status.text), sizeof(status.text) - 1);
}

static void test_unsound_status_is_refused(void **state)
{
	struct couche_nl_status status;
	struct nl_msg *msg;
	int flags = NLM_F_ACK_TLVS;

	assert_int_equal(decode_status(error_message(5, 0, 0), &status), -EBADMSG);
	assert_int_equal(decode_status(error_message(-4096, 0, 0), &status), -EBADMSG);
	assert_int_equal(decode_status(error_message(-1, flags, 5000), &status), -EBADMSG);
	assert_int_equal(decode_status(error_message(-1, flags, UINT32_MAX - NLMSG_HDRLEN),
				       &status), -EBADMSG);
	assert_int_equal(decode_status(error_message(-1, flags, -NLMSG_HDRLEN), &status),
			 -EBADMSG);
	msg = nlmsg_alloc();
	nlmsg_put(msg, 0, 1, NLMSG_ERROR, 4, 0);
	assert_int_equal(decode_status(msg, &status), -EBADMSG);
	msg = nlmsg_alloc();
	nlmsg_put(msg, 0, 1, NLMSG_DONE, 0, 0);
	assert_int_equal(decode_status(msg, &status), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool_decodes_with_its_tiers),
		cmocka_unit_test(test_tier_that_does_not_exist_is_refused),
		cmocka_unit_test(test_profile_wider_than_any_is_refused),
		cmocka_unit_test(test_leg_decodes),
		cmocka_unit_test(test_missing_attributes_leave_zeros),
		cmocka_unit_test(test_unknown_attributes_are_skipped),
		cmocka_unit_test(test_object_without_its_key_is_refused),
		cmocka_unit_test(test_wrong_length_is_refused),
		cmocka_unit_test(test_number_beyond_its_names_is_refused),
		cmocka_unit_test(test_name_that_is_no_string_is_refused),
		cmocka_unit_test(test_tiers_that_we_do_not_know_are_cut_off),
		cmocka_unit_test(test_every_cut_of_a_message_is_sound),
		cmocka_unit_test(test_extent_batches_are_appended),
		cmocka_unit_test(test_columns_of_different_lengths_are_refused),
		cmocka_unit_test(test_extents_without_numbers_are_refused),
		cmocka_unit_test(test_extent_in_no_tier_is_refused),
		cmocka_unit_test(test_array_that_cannot_be_had_stays_as_it_was),
		cmocka_unit_test(test_events_of_every_kind_decode),
		cmocka_unit_test(test_events_of_healing_decode),
		cmocka_unit_test(test_events_of_healing_out_of_range_are_refused),
		cmocka_unit_test(test_leg_that_is_drained_decodes),
		cmocka_unit_test(test_event_of_a_newer_kernel_is_told_apart),
		cmocka_unit_test(test_migration_in_no_known_state_is_refused),
		cmocka_unit_test(test_ack_decodes),
		cmocka_unit_test(test_refusal_brings_its_sentence),
		cmocka_unit_test(test_sentence_is_found_behind_an_echo),
		cmocka_unit_test(test_end_of_a_dump_may_be_a_refusal),
		cmocka_unit_test(test_long_sentence_is_cut),
		cmocka_unit_test(test_unsound_status_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
