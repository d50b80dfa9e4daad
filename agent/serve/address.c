// SPDX-License-Identifier: GPL-2.0-only
#include "agent/serve/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int port_parse(const char *text, in_port_t *ret)
{
	long port;

	if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	port = strtol(text, NULL, 10);
	if (port < 1 || port > 65535)
		return -EINVAL;
	*ret = htons((uint16_t)port);
	return 0;
}

int couche_address_parse(const char *text, struct couche_address *ret)
{
	struct couche_address address = { 0 };
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char host[INET6_ADDRSTRLEN + 2];
	in_port_t port;

	if (!len || len >= sizeof(host) || strlen(text) >= sizeof(address.text) ||
	    port_parse(colon + 1, &port))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = port;
		if (inet_pton(AF_INET6, host + 1, &address.v6.sin6_addr) != 1)
			return -EINVAL;
	} else {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = port;
		if (inet_pton(AF_INET, host, &address.v4.sin_addr) != 1)
			return -EINVAL;
	}
	snprintf(address.text, sizeof(address.text), "%s", text);
	*ret = address;
	return 0;
}
