/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One HTTP POST at a time to Prometheus, on the agent's event loop. Bounded:
 * connecting, the whole transfer and the size of the answer; only http and
 * https, no redirects, so nobody else is ever asked. The callback is called
 * exactly once for each accepted start, never from inside it, and not at all
 * after free. Single threaded: the loop's thread only.
 */
#ifndef COUCHE_OBSERVE_FETCH_H
#define COUCHE_OBSERVE_FETCH_H

#include <stddef.h>

#include <systemd/sd-event.h>

struct couche_fetch;

/* What came back; strings and body are valid during the callback only. */
struct couche_fetch_result {
	int error;		/* 0, or a negative errno: no answer */
	const char *message;	/* why, when error */
	long status;		/* of HTTP */
	const char *body;
	size_t len;
};

typedef void (*couche_fetch_done_fn)(const struct couche_fetch_result *result, void *userdata);

/**
 * couche_fetch_create() - prepare to ask a server
 * @event: loop, a reference is taken
 * @url: of the query API, complete
 * @done: called when an answer came or none will
 * @userdata: for @done
 * @ret: the fetcher
 *
 * Return: 0; -ENOMEM; -EINVAL when the URL cannot be used.
 */
int couche_fetch_create(sd_event *event, const char *url, couche_fetch_done_fn done,
			void *userdata, struct couche_fetch **ret);

/**
 * couche_fetch_start() - send one question
 * @fetch: fetcher
 * @query: PromQL
 *
 * Return: 0; -EBUSY while another one runs; -ENOMEM; -EIO.
 */
int couche_fetch_start(struct couche_fetch *fetch, const char *query);

/**
 * couche_fetch_free() - stop and free; the callback is not called
 * @fetch: fetcher, or NULL
 */
void couche_fetch_free(struct couche_fetch *fetch);

/**
 * couche_fetch_url() - the address of the query API of a server
 * @base: http[s]://host[:port][/path]
 * @ret_url: for couche_fetch_create(), to be freed
 * @ret_shown: the same without a user and password, to be freed; for logs
 *
 * Return: 0; -EINVAL when @base is not such an address; -ENOMEM.
 */
int couche_fetch_url(const char *base, char **ret_url, char **ret_shown);

#endif /* COUCHE_OBSERVE_FETCH_H */
