// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "netlink_decode.h"

/* The kernel fills at most 32 KiB at a time into a dump. */
#define RECEIVE_SIZE 65536

/* Events wait here while their reader is busy; beyond it they are lost. */
#define EVENT_BUFFER_SIZE 1048576

struct receive_buffer {
	size_t len;		/* bytes received */
	size_t pos;		/* the message that is next */
	char data[RECEIVE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

struct couche_nl {
	struct nl_sock *sock;
	struct nl_sock *events;		/* NULL until subscribed */
	int family;			/* negative until found */
	int group;
	uint32_t sequence;
	struct receive_buffer answer;
	struct receive_buffer event;
	char error[256];
};

/* Called for every message of an answer. */
typedef int (*answer_fn)(const struct nlmsghdr *nlh, void *arg);

static void message_free(struct nl_msg *msg)
{
	nlmsg_free(msg);
}

COUCHE_DEFINE_CLEANUP(struct nl_msg *, message_free);

static int fail(struct couche_nl *nl, int err, const char *text)
{
	snprintf(nl->error, sizeof(nl->error), "%s", text && *text ? text : strerror(-err));
	return err;
}

/* libnl has numbers of its own; these are the ones that matter here. */
static int errno_of_libnl(int nle)
{
	switch (nle < 0 ? -nle : nle) {
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_PROTO_MISMATCH:
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	}
	return -EIO;
}

static int session_connect(struct couche_nl *nl, struct nl_sock **ret)
{
	struct nl_sock *sock;
	int err;

	sock = nl_socket_alloc();
	if (!sock)
		return fail(nl, -ENOMEM, NULL);
	err = genl_connect(sock);
	if (err < 0) {
		nl_socket_free(sock);
		return fail(nl, errno_of_libnl(err), nl_geterror(err));
	}
	*ret = sock;
	return 0;
}

/* Sentences with refusals, without the request echoed; and never hang. */
static int session_configure(struct couche_nl *nl)
{
	struct timeval timeout = { .tv_sec = COUCHE_NL_TIMEOUT_SECONDS };
	int fd = nl_socket_get_fd(nl->sock), one = 1;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return fail(nl, -errno, NULL);
	return 0;
}

static int session_resolve(struct couche_nl *nl)
{
	int family, group;

	family = genl_ctrl_resolve(nl->sock, COUCHE_FAMILY_NAME);
	if (family == -NLE_OBJ_NOTFOUND)
		return fail(nl, -ENOENT, "the kernel module dm-couche is not loaded");
	if (family < 0)
		return fail(nl, errno_of_libnl(family), nl_geterror(family));
	group = genl_ctrl_resolve_grp(nl->sock, COUCHE_FAMILY_NAME, COUCHE_MCGRP_EVENTS);
	if (group < 0)
		return fail(nl, errno_of_libnl(group), nl_geterror(group));
	nl->family = family;
	nl->group = group;
	return 0;
}

/**
 * couche_nl_open() - Begin a session with the kernel module.
 * @ret: the session, also after a failure so that couche_nl_error() can tell
 *	why; NULL only when there was no memory for one. Close it in any case.
 *
 * Return: 0; -ENOENT when the module is not loaded; another negative errno
 * when there is no generic netlink.
 */
int couche_nl_open(struct couche_nl **ret)
{
	struct couche_nl *nl = calloc(1, sizeof(*nl));
	int err;

	*ret = nl;
	if (!nl)
		return -ENOMEM;
	nl->family = -1;
	err = session_connect(nl, &nl->sock);
	if (!err)
		err = session_resolve(nl);
	if (!err)
		err = session_configure(nl);
	return err;
}

/**
 * couche_nl_close() - End a session.
 * @nl: may be NULL
 */
void couche_nl_close(struct couche_nl *nl)
{
	if (!nl)
		return;
	if (nl->events)
		nl_socket_free(nl->events);
	if (nl->sock)
		nl_socket_free(nl->sock);
	free(nl);
}

/**
 * couche_nl_error() - Why the last call failed.
 * @nl: the session; NULL stands for no memory
 *
 * Return: a sentence, valid until the next call on @nl.
 */
const char *couche_nl_error(const struct couche_nl *nl)
{
	return nl ? nl->error : strerror(ENOMEM);
}

/* Only the kernel may answer: any process can send to a netlink socket. */
static int receive(int fd, struct receive_buffer *buffer)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { buffer->data, sizeof(buffer->data) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t len;

	do {
		len = recvmsg(fd, &msg, 0);
	} while ((len < 0 && errno == EINTR) || (len >= 0 && from.nl_pid));
	if (len < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	buffer->len = len;
	buffer->pos = 0;
	return 0;
}

/* The next whole message of what was received, NULL at its end. */
static const struct nlmsghdr *receive_next(struct receive_buffer *buffer)
{
	const struct nlmsghdr *nlh = (void *)(buffer->data + buffer->pos);

	if (!nlmsg_ok(nlh, buffer->len - buffer->pos))
		return NULL;
	buffer->pos += NLMSG_ALIGN(nlh->nlmsg_len);
	if (buffer->pos > buffer->len)
		buffer->pos = buffer->len;
	return nlh;
}

static int send_message(struct couche_nl *nl, struct nl_msg *msg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	ssize_t len;

	nlh->nlmsg_seq = ++nl->sequence;
	nlh->nlmsg_pid = nl_socket_get_local_port(nl->sock);
	do {
		len = sendto(nl_socket_get_fd(nl->sock), nlh, nlh->nlmsg_len, 0,
			     (struct sockaddr *)&kernel, sizeof(kernel));
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : 0;
}

struct answer {
	const struct nlmsghdr *sent;
	answer_fn fn;
	void *arg;
	int err;		/* the first failure of fn */
	bool ended;
};

/* What a request may carry, for sentences such as "integer out of range". */
static const char *const request_attrs[] = {
	[COUCHE_A_POOL_UUID] = "pool UUID",
	[COUCHE_A_VOLUME_ID] = "volume id",
	[COUCHE_A_LEG_INDEX] = "leg index",
	[COUCHE_A_MIGRATION_ID] = "migration id",
	[COUCHE_A_EXTENT_FIRST] = "first extent",
	[COUCHE_A_EXTENT_COUNT] = "number of extents",
	[COUCHE_A_TIER] = "tier",
	[COUCHE_A_MIGRATE_FLAGS] = "flags",
	[COUCHE_A_VOLUME_GENERATION] = "generation",
	[COUCHE_A_EXPIRY_MS] = "expiry",
	[COUCHE_A_TIMEOUT_MS] = "timeout",
	[COUCHE_A_RATE_BYTES] = "rate",
};

/* The attribute of the request that the kernel points at, or NULL. */
static const char *bad_attr(const struct nlmsghdr *sent, uint32_t offset)
{
	const struct nlattr *attr = (const void *)((const char *)sent + offset);
	size_t type;

	if (!offset || offset % NLA_ALIGNTO || offset > sent->nlmsg_len ||
	    !nla_ok(attr, sent->nlmsg_len - offset))
		return NULL;
	type = nla_type(attr);
	return type < sizeof(request_attrs) / sizeof(*request_attrs) ? request_attrs[type] : NULL;
}

static int answer_end(struct couche_nl *nl, const struct nlmsghdr *nlh,
		      const struct nlmsghdr *sent)
{
	struct couche_nl_status status;
	const char *name;
	int err;

	err = couche_nl_decode_status(nlh, &status);
	if (err)
		return fail(nl, err, "malformed acknowledgement from the kernel");
	if (!status.error)
		return 0;
	fail(nl, status.error, status.text);
	name = status.text[0] ? bad_attr(sent, status.bad_offset) : NULL;
	if (name)
		snprintf(nl->error, sizeof(nl->error), "%s: %s", name, status.text);
	return status.error;
}

/* One message of an answer; a failure of this function ends the request. */
static int answer_message(struct couche_nl *nl, const struct nlmsghdr *nlh,
			  struct answer *answer)
{
	if (nlh->nlmsg_seq != nl->sequence)
		return 0;	/* belongs to a request that timed out */
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		answer->ended = true;
		return answer_end(nl, nlh, answer->sent);
	}
	if (nlh->nlmsg_type == NLMSG_OVERRUN)
		return fail(nl, -ENOBUFS, NULL);
	if (nlh->nlmsg_type == nl->family && answer->fn && !answer->err)
		answer->err = answer->fn(nlh, answer->arg);
	return 0;
}

/* Send a request and hand every message of the answer to fn. */
static int request(struct couche_nl *nl, struct nl_msg *msg, answer_fn fn, void *arg)
{
	struct answer answer = { .sent = nlmsg_hdr(msg), .fn = fn, .arg = arg };
	const struct nlmsghdr *nlh;
	int err;

	err = send_message(nl, msg);
	if (err)
		return fail(nl, err, NULL);
	while (!answer.ended) {
		err = receive(nl_socket_get_fd(nl->sock), &nl->answer);
		if (err == -EAGAIN)
			return fail(nl, -ETIMEDOUT, "the kernel did not answer in time");
		if (err)
			return fail(nl, err, NULL);
		while ((nlh = receive_next(&nl->answer)) != NULL) {
			err = answer_message(nl, nlh, &answer);
			if (err)
				return err;
		}
	}
	if (answer.err)
		return fail(nl, answer.err, answer.err == -EBADMSG ?
			    "malformed message from the kernel" : NULL);
	return 0;
}

/* A request about one pool, or about all when pool is NULL. */
static int message_new(struct couche_nl *nl, uint8_t cmd, int flags, const uint8_t *pool,
		       struct nl_msg **ret)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;

	if (nl->family < 0)
		return fail(nl, -ENOTCONN, "the session is not open");
	msg = nlmsg_alloc();
	if (!msg || !genlmsg_put(msg, 0, 0, nl->family, 0, NLM_F_REQUEST | flags, cmd,
				 COUCHE_FAMILY_VERSION))
		return fail(nl, -ENOMEM, NULL);
	if (pool && nla_put(msg, COUCHE_A_POOL_UUID, COUCHE_UUID_SIZE, pool))
		return fail(nl, -ENOMEM, NULL);
	*ret = couche_take_ptr(msg);
	return 0;
}

#define DEFINE_APPEND(name)							\
	static int name##_append(const struct nlmsghdr *nlh, void *arg)		\
	{									\
		struct couche_nl_array *array = arg;				\
		struct couche_nl_##name item;					\
		void *to;							\
		int err;							\
										\
		err = couche_nl_decode_##name(nlh, &item);			\
		if (err)							\
			return err;						\
		to = couche_nl_array_grow(array, 1);				\
		if (!to)							\
			return -ENOMEM;						\
		memcpy(to, &item, sizeof(item));				\
		return 0;							\
	}									\
	struct couche_nl_##name

DEFINE_APPEND(pool);
DEFINE_APPEND(leg);
DEFINE_APPEND(volume);
DEFINE_APPEND(migration);

static int extents_append(const struct nlmsghdr *nlh, void *arg)
{
	return couche_nl_decode_extents(nlh, arg);
}

/* Run a dump; the array goes to *ret, *ret_nr. */
static int dump(struct couche_nl *nl, struct nl_msg *msg, answer_fn fn, size_t item_size,
		void **ret, size_t *ret_nr)
{
	struct couche_nl_array array = { .item_size = item_size };
	int err = request(nl, msg, fn, &array);

	if (err) {
		free(array.items);
		return err;
	}
	*ret = array.items;
	*ret_nr = array.nr;
	return 0;
}

static int dump_of_pool(struct couche_nl *nl, uint8_t cmd, const uint8_t *pool, answer_fn fn,
			size_t item_size, void **ret, size_t *ret_nr)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	*ret = NULL;
	*ret_nr = 0;
	err = message_new(nl, cmd, NLM_F_DUMP, pool, &msg);
	return err ?: dump(nl, msg, fn, item_size, ret, ret_nr);
}

/**
 * couche_nl_pools() - List the pools.
 * @nl: the session
 * @ret: array for the caller to free()
 * @ret_nr: its entries
 *
 * Return: 0 or a negative errno.
 */
int couche_nl_pools(struct couche_nl *nl, struct couche_nl_pool **ret, size_t *ret_nr)
{
	return dump_of_pool(nl, COUCHE_CMD_POOL_GET, NULL, pool_append, sizeof(**ret),
			    (void **)ret, ret_nr);
}

static int pool_answer(const struct nlmsghdr *nlh, void *arg)
{
	return couche_nl_decode_pool(nlh, arg);
}

/**
 * couche_nl_pool() - Look at one pool.
 * @nl: the session
 * @pool: its UUID
 * @ret: filled in
 *
 * Return: 0, -ENOENT when there is no such pool, or another negative errno.
 */
int couche_nl_pool(struct couche_nl *nl, const uint8_t *pool, struct couche_nl_pool *ret)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	memset(ret, 0, sizeof(*ret));
	err = message_new(nl, COUCHE_CMD_POOL_GET, NLM_F_ACK, pool, &msg);
	return err ?: request(nl, msg, pool_answer, ret);
}

/**
 * couche_nl_legs() - List legs.
 * @nl: the session
 * @pool: UUID of their pool, NULL for all pools
 * @ret: array for the caller to free()
 * @ret_nr: its entries
 *
 * Return: 0, -ENOENT when there is no such pool, or another negative errno.
 */
int couche_nl_legs(struct couche_nl *nl, const uint8_t *pool,
		   struct couche_nl_leg **ret, size_t *ret_nr)
{
	return dump_of_pool(nl, COUCHE_CMD_LEG_GET, pool, leg_append, sizeof(**ret),
			    (void **)ret, ret_nr);
}

/**
 * couche_nl_volumes() - List volumes.
 * @nl: the session
 * @pool: UUID of their pool, NULL for all pools
 * @ret: array for the caller to free()
 * @ret_nr: its entries
 *
 * Return: 0, -ENOENT when there is no such pool, or another negative errno.
 */
int couche_nl_volumes(struct couche_nl *nl, const uint8_t *pool,
		      struct couche_nl_volume **ret, size_t *ret_nr)
{
	return dump_of_pool(nl, COUCHE_CMD_VOLUME_GET, pool, volume_append, sizeof(**ret),
			    (void **)ret, ret_nr);
}

/**
 * couche_nl_extents() - List mapped extents of a volume, in order.
 * @nl: the session
 * @pool: UUID of its pool
 * @volume: its id
 * @first: extent to begin with
 * @max: how many to return at most, 0 for all. To go on, call again with the
 *	last extent returned plus one.
 * @ret: array for the caller to free()
 * @ret_nr: its entries, 0 when there are no more
 *
 * Return: 0, -ENOENT when there is no such pool or volume, or another
 * negative errno.
 */
int couche_nl_extents(struct couche_nl *nl, const uint8_t *pool, uint32_t volume,
		      uint64_t first, uint64_t max,
		      struct couche_nl_extent **ret, size_t *ret_nr)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	*ret = NULL;
	*ret_nr = 0;
	err = message_new(nl, COUCHE_CMD_EXTENT_GET, NLM_F_DUMP, pool, &msg);
	if (err)
		return err;
	if (nla_put_u32(msg, COUCHE_A_VOLUME_ID, volume) ||
	    nla_put_u64(msg, COUCHE_A_EXTENT_FIRST, first) ||
	    nla_put_u64(msg, COUCHE_A_EXTENT_COUNT, max))
		return fail(nl, -ENOMEM, NULL);
	return dump(nl, msg, extents_append, sizeof(**ret), (void **)ret, ret_nr);
}

/**
 * couche_nl_migrations() - List migrations that run and the last that ended.
 * @nl: the session
 * @pool: UUID of their pool, NULL for all pools
 * @ret: array for the caller to free()
 * @ret_nr: its entries
 *
 * Return: 0, -ENOENT when there is no such pool, or another negative errno.
 */
int couche_nl_migrations(struct couche_nl *nl, const uint8_t *pool,
			 struct couche_nl_migration **ret, size_t *ret_nr)
{
	return dump_of_pool(nl, COUCHE_CMD_MIGRATION_GET, pool, migration_append,
			    sizeof(**ret), (void **)ret, ret_nr);
}

static int migrate_put(struct nl_msg *msg, const struct couche_nl_migrate *args)
{
	uint32_t flags = 0;

	if (args->preserve)
		flags |= COUCHE_MIGRATE_FLAGS_PRESERVE;
	if (args->verify)
		flags |= COUCHE_MIGRATE_FLAGS_VERIFY;
	if (nla_put_u32(msg, COUCHE_A_VOLUME_ID, args->volume) ||
	    nla_put_u64(msg, COUCHE_A_EXTENT_FIRST, args->first) ||
	    nla_put_u64(msg, COUCHE_A_EXTENT_COUNT, args->count) ||
	    nla_put_u8(msg, COUCHE_A_TIER, args->tier) ||
	    nla_put_u32(msg, COUCHE_A_MIGRATE_FLAGS, flags) ||
	    nla_put_u64(msg, COUCHE_A_VOLUME_GENERATION, args->generation) ||
	    nla_put_u32(msg, COUCHE_A_EXPIRY_MS, args->expiry_ms) ||
	    nla_put_u32(msg, COUCHE_A_TIMEOUT_MS, args->timeout_ms) ||
	    nla_put_u64(msg, COUCHE_A_RATE_BYTES, args->rate_bytes))
		return -ENOMEM;
	return 0;
}

static int migration_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct couche_nl_migration migration;
	int err = couche_nl_decode_migration(nlh, &migration);

	if (!err)
		*(uint32_t *)arg = migration.id;
	return err;
}

/**
 * couche_nl_migrate() - Order a migration.
 * @nl: the session
 * @pool: UUID of the pool
 * @args: what to move, where to and within which bounds
 * @ret_id: id of the migration, which goes on by itself
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_migrate(struct couche_nl *nl, const uint8_t *pool,
		      const struct couche_nl_migrate *args, uint32_t *ret_id)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	*ret_id = 0;
	err = message_new(nl, COUCHE_CMD_MIGRATE, NLM_F_ACK, pool, &msg);
	if (err)
		return err;
	if (migrate_put(msg, args))
		return fail(nl, -ENOMEM, NULL);
	return request(nl, msg, migration_answer, ret_id);
}

/* An order with one number and no answer but the ack. */
static int order(struct couche_nl *nl, uint8_t cmd, const uint8_t *pool, int attr,
		 uint32_t value)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	err = message_new(nl, cmd, NLM_F_ACK, pool, &msg);
	if (err)
		return err;
	if (nla_put_u32(msg, attr, value))
		return fail(nl, -ENOMEM, NULL);
	return request(nl, msg, NULL, NULL);
}

/**
 * couche_nl_migrate_cancel() - End a migration.
 * @nl: the session
 * @pool: UUID of the pool
 * @id: of the migration
 *
 * What it moved already stays moved.
 *
 * Return: 0, -ENOENT when no such migration runs, or another negative errno.
 */
int couche_nl_migrate_cancel(struct couche_nl *nl, const uint8_t *pool, uint32_t id)
{
	return order(nl, COUCHE_CMD_MIGRATE_CANCEL, pool, COUCHE_A_MIGRATION_ID, id);
}

/**
 * couche_nl_leg_fail() - Take a leg out of service.
 * @nl: the session
 * @pool: UUID of the pool
 * @index: of the leg
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_leg_fail(struct couche_nl *nl, const uint8_t *pool, uint32_t index)
{
	return order(nl, COUCHE_CMD_LEG_FAIL, pool, COUCHE_A_LEG_INDEX, index);
}

/**
 * couche_nl_leg_restore() - Take a failed leg into service again.
 * @nl: the session
 * @pool: UUID of the pool
 * @index: of the leg
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_leg_restore(struct couche_nl *nl, const uint8_t *pool, uint32_t index)
{
	return order(nl, COUCHE_CMD_LEG_RESTORE, pool, COUCHE_A_LEG_INDEX, index);
}

/**
 * couche_nl_leg_add() - Make a leg of a device that the table offers.
 * @nl: the session
 * @pool: UUID of the pool
 * @index: the place of the new leg
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_leg_add(struct couche_nl *nl, const uint8_t *pool, uint32_t index)
{
	return order(nl, COUCHE_CMD_LEG_ADD, pool, COUCHE_A_LEG_INDEX, index);
}

/**
 * couche_nl_leg_replace() - A device that the table offers takes the place of a failed leg.
 * @nl: the session
 * @pool: UUID of the pool
 * @index: of the leg
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_leg_replace(struct couche_nl *nl, const uint8_t *pool, uint32_t index)
{
	return order(nl, COUCHE_CMD_LEG_REPLACE, pool, COUCHE_A_LEG_INDEX, index);
}

/**
 * couche_nl_leg_remove() - A leg that holds nothing leaves the pool.
 * @nl: the session
 * @pool: UUID of the pool
 * @index: of the leg
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_leg_remove(struct couche_nl *nl, const uint8_t *pool, uint32_t index)
{
	return order(nl, COUCHE_CMD_LEG_REMOVE, pool, COUCHE_A_LEG_INDEX, index);
}

/**
 * couche_nl_leg_drain() - Begin to empty a leg.
 * @nl: the session
 * @pool: UUID of the pool
 * @index: of the leg
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_leg_drain(struct couche_nl *nl, const uint8_t *pool, uint32_t index)
{
	return order(nl, COUCHE_CMD_LEG_DRAIN, pool, COUCHE_A_LEG_INDEX, index);
}

/**
 * couche_nl_leg_undrain() - Use a leg again that was being emptied.
 * @nl: the session
 * @pool: UUID of the pool
 * @index: of the leg
 *
 * Return: 0, or the negative errno of the refusal; couche_nl_error() says why.
 */
int couche_nl_leg_undrain(struct couche_nl *nl, const uint8_t *pool, uint32_t index)
{
	return order(nl, COUCHE_CMD_LEG_UNDRAIN, pool, COUCHE_A_LEG_INDEX, index);
}

/**
 * couche_nl_flush() - Merge into stripes all that the data journal holds now.
 * @nl: the session
 * @pool: UUID of the pool
 *
 * It goes on by itself; flush_left of the pool says how far it is.
 *
 * Return: 0, -ENODEV when there is no data journal, or another negative errno;
 * couche_nl_error() says why.
 */
int couche_nl_flush(struct couche_nl *nl, const uint8_t *pool)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	err = message_new(nl, COUCHE_CMD_FLUSH, NLM_F_ACK, pool, &msg);
	return err ?: request(nl, msg, NULL, NULL);
}

/**
 * couche_nl_sweep() - Order a rebuild, a scrub or a reshape about.
 * @nl: the session
 * @pool: UUID of the pool
 * @kind: which of them
 * @order: what
 * @rate_bytes: bytes a second from now on, 0 for what the module says; NULL: as
 *	before
 *
 * Return: 0, -EALREADY when the order does not fit, or another negative errno;
 * couche_nl_error() says why.
 */
int couche_nl_sweep(struct couche_nl *nl, const uint8_t *pool, enum couche_sweep_kind kind,
		    enum couche_sweep_order order, const uint64_t *rate_bytes)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	err = message_new(nl, COUCHE_CMD_SWEEP, NLM_F_ACK, pool, &msg);
	if (err)
		return err;
	if (nla_put_u8(msg, COUCHE_A_SWEEP_KIND, kind) ||
	    nla_put_u8(msg, COUCHE_A_SWEEP_ORDER, order) ||
	    (rate_bytes && nla_put_u64(msg, COUCHE_A_RATE_BYTES, *rate_bytes)))
		return fail(nl, -ENOMEM, NULL);
	return request(nl, msg, NULL, NULL);
}

/**
 * couche_nl_set_profile() - Store the extents of a tier in another way.
 * @nl: the session
 * @pool: UUID of the pool
 * @profile: the tier, and how
 * @rate_bytes: of the sweep that follows; NULL: as before
 *
 * Return: 0 when it has begun, or a negative errno; couche_nl_error() says why.
 */
int couche_nl_set_profile(struct couche_nl *nl, const uint8_t *pool,
			  const struct couche_nl_profile *profile, const uint64_t *rate_bytes)
{
	_cleanup_(message_freep) struct nl_msg *msg = NULL;
	int err;

	err = message_new(nl, COUCHE_CMD_POOL_SET_PROFILE, NLM_F_ACK, pool, &msg);
	if (err)
		return err;
	if (nla_put_u8(msg, COUCHE_A_TIER, profile->tier) ||
	    nla_put_u8(msg, COUCHE_A_PROFILE_K, profile->k) ||
	    nla_put_u8(msg, COUCHE_A_PROFILE_M, profile->m) ||
	    (profile->matrix && nla_put_u8(msg, COUCHE_A_PROFILE_MATRIX, *profile->matrix)) ||
	    (profile->min_healthy &&
	     nla_put_u8(msg, COUCHE_A_PROFILE_MIN_HEALTHY, profile->min_healthy)) ||
	    (rate_bytes && nla_put_u64(msg, COUCHE_A_RATE_BYTES, *rate_bytes)))
		return fail(nl, -ENOMEM, NULL);
	return request(nl, msg, NULL, NULL);
}

static int events_join(struct couche_nl *nl, struct nl_sock *sock)
{
	int fd = nl_socket_get_fd(sock), size = EVENT_BUFFER_SIZE;
	int err;

	/* The forced form needs a capability, the other stops at rmem_max. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	err = nl_socket_set_nonblocking(sock);
	if (!err)
		err = nl_socket_add_membership(sock, nl->group);
	return err < 0 ? fail(nl, errno_of_libnl(err), nl_geterror(err)) : 0;
}

/**
 * couche_nl_subscribe() - Begin to receive events.
 * @nl: the session; a second call changes nothing
 *
 * Return: 0 or a negative errno.
 */
int couche_nl_subscribe(struct couche_nl *nl)
{
	int err;

	if (nl->events)
		return 0;
	if (nl->family < 0)
		return fail(nl, -ENOTCONN, "the session is not open");
	err = session_connect(nl, &nl->events);
	if (err)
		return err;
	err = events_join(nl, nl->events);
	if (err) {
		nl_socket_free(nl->events);
		nl->events = NULL;
	}
	return err;
}

/**
 * couche_nl_fd() - The descriptor to poll for events.
 * @nl: the session
 *
 * When it is readable, call couche_nl_next_event() until it gives -EAGAIN.
 *
 * Return: a descriptor that stays the session's, or -ENOTCONN before
 * couche_nl_subscribe().
 */
int couche_nl_fd(const struct couche_nl *nl)
{
	return nl->events ? nl_socket_get_fd(nl->events) : -ENOTCONN;
}

/**
 * couche_nl_next_event() - Take the next event.
 * @nl: the session, subscribed
 * @ret: filled in
 *
 * Return: 0; -EAGAIN when there is none now; -ENOBUFS when events were lost,
 * so that the caller has to look at the state itself and then go on;
 * -EBADMSG for a malformed one, which is skipped; another negative errno.
 */
int couche_nl_next_event(struct couche_nl *nl, struct couche_nl_event *ret)
{
	const struct nlmsghdr *nlh;
	int err;

	if (!nl->events)
		return fail(nl, -ENOTCONN, "the session is not subscribed to events");
	for (;;) {
		nlh = receive_next(&nl->event);
		if (!nlh) {
			err = receive(nl_socket_get_fd(nl->events), &nl->event);
			if (err)
				return fail(nl, err, err == -ENOBUFS ? "events were lost" : NULL);
			continue;
		}
		if (nlh->nlmsg_type != nl->family)
			continue;
		err = couche_nl_decode_event(nlh, ret);
		if (err == -EOPNOTSUPP)
			continue;
		return err ? fail(nl, err, "malformed event from the kernel") : 0;
	}
}
