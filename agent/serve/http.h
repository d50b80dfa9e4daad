/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small HTTP server on the agent's event loop: GET and HEAD of a few fixed
 * paths, nothing else. Bounded in connections, in all and per peer, in memory
 * per connection and in time. Handlers run in the loop's thread and fill a
 * text; they must not block. Nothing is served any more after free.
 */
#ifndef COUCHE_SERVE_HTTP_H
#define COUCHE_SERVE_HTTP_H

#include <systemd/sd-event.h>

#include "agent/serve/address.h"

struct couche_buf;
struct couche_http;

/* What is served at a path: the body and, as value, the HTTP status. */
typedef unsigned int (*couche_http_fn)(struct couche_buf *body, void *userdata);

struct couche_http_route {
	const char *path;
	const char *content_type;
	couche_http_fn handler;
};

/**
 * couche_http_create() - listen and serve
 * @event: loop
 * @address: to listen on
 * @routes: ended by one without a path; must outlive the server
 * @userdata: for the handlers
 * @ret: the server
 *
 * Return: 0; what socket(), bind() and listen() return; -ENOMEM.
 */
int couche_http_create(sd_event *event, const struct couche_address *address,
		       const struct couche_http_route *routes, void *userdata,
		       struct couche_http **ret);

/**
 * couche_http_free() - stop and free
 * @http: server, or NULL
 */
void couche_http_free(struct couche_http *http);

#endif /* COUCHE_SERVE_HTTP_H */
