/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses to listen on, as text: "0.0.0.0:8080", "[::1]:8080". Numeric ones
 * only, so that starting never waits for a resolver. No state.
 */
#ifndef COUCHE_SERVE_ADDRESS_H
#define COUCHE_SERVE_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

struct couche_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	char text[64];
};

/**
 * couche_address_parse() - read an address
 * @text: host:port; an IPv6 host stands in brackets; port 1 to 65535
 * @ret: untouched on failure
 *
 * Return: 0, or -EINVAL.
 */
int couche_address_parse(const char *text, struct couche_address *ret);

#endif /* COUCHE_SERVE_ADDRESS_H */
