/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding of what the family "couche" sends. Pure functions: a message in,
 * a struct out, no socket and no state. The message is not trusted: every
 * length and every value that is used as an index later is checked, so that
 * any bytes whatsoever give a struct or -EBADMSG.
 *
 * The caller made sure that nlmsg_len bytes are there (nlmsg_ok()); all the
 * rest is checked here. Unknown attributes are skipped.
 */
#ifndef COUCHE_AGENT_LIB_NETLINK_DECODE_H
#define COUCHE_AGENT_LIB_NETLINK_DECODE_H

#include "netlink.h"

struct nlmsghdr;

/* A growing array; items is malloc()ed and belongs to whoever holds it. */
struct couche_nl_array {
	void *items;
	size_t item_size;		/* bytes */
	size_t nr;
	size_t capacity;		/* items */
};

/* How a request ended. */
struct couche_nl_status {
	int error;			/* 0 or a negative errno */
	uint32_t bad_offset;		/* of the attribute in the request, or 0 */
	char text[200];			/* the kernel's sentence, or empty */
};

void *couche_nl_array_grow(struct couche_nl_array *array, size_t nr);

int couche_nl_decode_pool(const struct nlmsghdr *nlh, struct couche_nl_pool *ret);
int couche_nl_decode_leg(const struct nlmsghdr *nlh, struct couche_nl_leg *ret);
int couche_nl_decode_volume(const struct nlmsghdr *nlh, struct couche_nl_volume *ret);
int couche_nl_decode_migration(const struct nlmsghdr *nlh, struct couche_nl_migration *ret);
int couche_nl_decode_extents(const struct nlmsghdr *nlh, struct couche_nl_array *extents);
int couche_nl_decode_event(const struct nlmsghdr *nlh, struct couche_nl_event *ret);
int couche_nl_decode_status(const struct nlmsghdr *nlh, struct couche_nl_status *ret);

#endif /* COUCHE_AGENT_LIB_NETLINK_DECODE_H */
