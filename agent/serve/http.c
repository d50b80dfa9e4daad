// SPDX-License-Identifier: GPL-2.0-only
#include "agent/serve/http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "agent/lib/buf.h"
#include "agent/lib/cleanup.h"

#define MAX_CONNECTIONS 64u
#define MAX_CONNECTIONS_PER_PEER 16u
#define CONNECTION_SECONDS 10u
#define CONNECTION_MEMORY ((size_t)16 << 10)

struct couche_http {
	struct MHD_Daemon *daemon;
	sd_event_source *io;
	sd_event_source *timer;
	const struct couche_http_route *routes;
	void *userdata;
};

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status,
			     const char *content_type, const char *body, size_t len)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(len, (void *)body, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned int status,
				  const char *text)
{
	return reply(connection, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
				  const char *url, const char *method, const char *version,
				  const char *upload, size_t *upload_size, void **state)
{
	static int seen;
	struct couche_http *http = userdata;
	_cleanup_(couche_buf_destroy) struct couche_buf body = { 0 };
	const struct couche_http_route *route = http->routes;
	unsigned int status;

	/* the first call comes before the body: an answer to it closes after the headers */
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return reply_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				  "only GET and HEAD\n");
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	*upload_size = 0;
	while (route->path && strcmp(route->path, url))
		route++;
	if (!route->path)
		return reply_text(connection, MHD_HTTP_NOT_FOUND, "not found\n");
	status = route->handler(&body, http->userdata);
	if (couche_buf_error(&body))
		return reply_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	return reply(connection, status, route->content_type, couche_buf_text(&body), body.len);
}

static int arm_timer(struct couche_http *http)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	if (MHD_get_timeout(http->daemon, &timeout_ms) != MHD_YES)
		return sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
	sd_event_source_set_time_relative(http->timer, timeout_ms * 1000);
	return sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct couche_http *http = userdata;

	MHD_run(http->daemon);
	arm_timer(http);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	return on_io(source, -1, 0, userdata);
}

/* Our own socket, because libmicrohttpd says nothing about why it could not listen. */
static int listen_on(const struct couche_address *address)
{
	socklen_t len = address->any.sa_family == AF_INET6 ? sizeof(address->v6) :
			sizeof(address->v4);
	_cleanup_close_ int fd = -1;
	int on = 1;

	fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, &address->any, len) || listen(fd, MAX_CONNECTIONS))
		return -errno;
	return couche_take_fd(&fd);
}

static int start(struct couche_http *http, sd_event *event, int fd)
{
	const union MHD_DaemonInfo *info;
	int r;

	http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, http,
					MHD_OPTION_LISTEN_SOCKET, fd,
					MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
					MHD_OPTION_PER_IP_CONNECTION_LIMIT,
					MAX_CONNECTIONS_PER_PEER,
					MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_SECONDS,
					MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
					MHD_OPTION_END);
	if (!http->daemon) {
		close(fd);
		return -ENOMEM;
	}
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -EIO;
	r = sd_event_add_io(event, &http->io, info->epoll_fd, EPOLLIN, on_io, http);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &http->timer, CLOCK_MONOTONIC, 0, 1000,
					       on_timer, http);
	return r < 0 ? r : 0;
}

int couche_http_create(sd_event *event, const struct couche_address *address,
		       const struct couche_http_route *routes, void *userdata,
		       struct couche_http **ret)
{
	struct couche_http *http;
	int fd, r;

	fd = listen_on(address);
	if (fd < 0)
		return fd;
	http = calloc(1, sizeof(*http));
	if (!http) {
		close(fd);
		return -ENOMEM;
	}
	http->routes = routes;
	http->userdata = userdata;
	r = start(http, event, fd);
	if (r) {
		couche_http_free(http);
		return r;
	}
	*ret = http;
	return 0;
}

void couche_http_free(struct couche_http *http)
{
	if (!http)
		return;
	sd_event_source_disable_unref(http->io);
	sd_event_source_disable_unref(http->timer);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	free(http);
}
