// SPDX-License-Identifier: GPL-2.0-only
#include "agent/observe/fetch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "agent/lib/buf.h"
#include "agent/lib/cleanup.h"
#include "agent/observe/prometheus.h"

#define CONNECT_TIMEOUT_MS 5000L
#define TRANSFER_TIMEOUT_MS 15000L

struct couche_fetch {
	sd_event *event;
	sd_event_source *timer;
	CURLM *multi;
	CURL *easy;
	bool busy;
	bool too_large;
	struct couche_buf body;
	char message[CURL_ERROR_SIZE];
	couche_fetch_done_fn done;
	void *userdata;
};

static size_t on_body(char *data, size_t size, size_t nr, void *userdata)
{
	struct couche_fetch *fetch = userdata;
	size_t len = size * nr;

	if (len > COUCHE_PROM_MAX_BODY - fetch->body.len) {
		fetch->too_large = true;
		return 0;
	}
	couche_buf_append(&fetch->body, data, len);
	return couche_buf_error(&fetch->body) ? 0 : len;
}

static void finish(struct couche_fetch *fetch, CURLcode code)
{
	struct couche_fetch_result result = {
		.body = couche_buf_text(&fetch->body),
		.len = fetch->body.len,
	};

	if (code != CURLE_OK) {
		result.error = code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT :
			       fetch->too_large ? -EFBIG : -ECONNREFUSED;
		result.message = fetch->too_large ? "the answer is larger than 16 MiB" :
				 *fetch->message ? fetch->message : curl_easy_strerror(code);
	}
	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &result.status);
	curl_multi_remove_handle(fetch->multi, fetch->easy);
	fetch->busy = false;
	fetch->done(&result, fetch->userdata);
	if (!fetch->busy)
		couche_buf_destroy(&fetch->body);
}

static void reap(struct couche_fetch *fetch)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetch->multi, &left))) {
		if (message->msg == CURLMSG_DONE) {
			finish(fetch, message->data.result);
			break;
		}
	}
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct couche_fetch *fetch = userdata;
	int running, mask = 0;

	if (revents & (EPOLLIN | EPOLLHUP))
		mask |= CURL_CSELECT_IN;
	if (revents & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (revents & EPOLLERR)
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(fetch->multi, fd, mask, &running);
	reap(fetch);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct couche_fetch *fetch = userdata;
	int running;

	curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(fetch);
	return 0;
}

/* libcurl says what it wants to know about a socket. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socketp)
{
	struct couche_fetch *fetch = userdata;
	sd_event_source *source = socketp;
	uint32_t events = 0;

	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(source);
		curl_multi_assign(fetch->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	if (source)
		return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
	if (sd_event_add_io(fetch->event, &source, fd, events, on_io, fetch) < 0)
		return -1;
	curl_multi_assign(fetch->multi, fd, source);
	return 0;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *userdata)
{
	struct couche_fetch *fetch = userdata;

	if (timeout_ms < 0)
		return sd_event_source_set_enabled(fetch->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(fetch->timer, (uint64_t)timeout_ms * 1000) < 0 ||
	    sd_event_source_set_enabled(fetch->timer, SD_EVENT_ONESHOT) < 0)
		return -1;
	return 0;
}

static int setup_multi(struct couche_fetch *fetch)
{
	int r;

	r = sd_event_add_time(fetch->event, &fetch->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000,
			      on_timer, fetch);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(fetch->timer, SD_EVENT_OFF);
	fetch->multi = curl_multi_init();
	if (!fetch->multi)
		return -ENOMEM;
	if (curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ||
	    curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch) ||
	    curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, on_timeout) ||
	    curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch))
		return -EINVAL;
	return 0;
}

static int setup_easy(struct couche_fetch *fetch, const char *url)
{
	CURL *easy = curl_easy_init();

	fetch->easy = easy;
	if (!easy)
		return -ENOMEM;
	if (curl_easy_setopt(easy, CURLOPT_URL, url) ||
	    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ||
	    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) ||
	    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) ||
	    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) ||
	    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TRANSFER_TIMEOUT_MS) ||
	    curl_easy_setopt(easy, CURLOPT_USERAGENT, "couchestor/" COUCHE_VERSION) ||
	    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->message) ||
	    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ||
	    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch))
		return -EINVAL;
	return 0;
}

int couche_fetch_create(sd_event *event, const char *url, couche_fetch_done_fn done,
			void *userdata, struct couche_fetch **ret)
{
	struct couche_fetch *fetch = calloc(1, sizeof(*fetch));
	int r;

	if (!fetch)
		return -ENOMEM;
	fetch->event = sd_event_ref(event);
	fetch->done = done;
	fetch->userdata = userdata;
	r = setup_multi(fetch);
	if (!r)
		r = setup_easy(fetch, url);
	if (r) {
		couche_fetch_free(fetch);
		return r;
	}
	*ret = fetch;
	return 0;
}

/* POST, because the question may be longer than a server takes in a URL. */
int couche_fetch_start(struct couche_fetch *fetch, const char *query)
{
	_cleanup_(couche_buf_destroy) struct couche_buf form = { 0 };
	char *escaped;

	if (fetch->busy)
		return -EBUSY;
	escaped = curl_easy_escape(fetch->easy, query, 0);
	if (!escaped)
		return -ENOMEM;
	couche_buf_printf(&form, "query=%s&timeout=%lds", escaped,
			  TRANSFER_TIMEOUT_MS / 1000 - 5);
	curl_free(escaped);
	if (couche_buf_error(&form) ||
	    curl_easy_setopt(fetch->easy, CURLOPT_COPYPOSTFIELDS, couche_buf_text(&form)))
		return -ENOMEM;
	couche_buf_reset(&fetch->body);
	fetch->too_large = false;
	*fetch->message = '\0';
	if (curl_multi_add_handle(fetch->multi, fetch->easy))
		return -EIO;
	fetch->busy = true;
	return 0;
}

void couche_fetch_free(struct couche_fetch *fetch)
{
	if (!fetch)
		return;
	if (fetch->busy)
		curl_multi_remove_handle(fetch->multi, fetch->easy);
	if (fetch->easy)
		curl_easy_cleanup(fetch->easy);
	if (fetch->multi)
		curl_multi_cleanup(fetch->multi);
	sd_event_source_disable_unref(fetch->timer);
	sd_event_unref(fetch->event);
	couche_buf_destroy(&fetch->body);
	free(fetch);
}

static void url_cleanup(CURLU **url)
{
	curl_url_cleanup(*url);
}

/* A part of a URL; NULL when it has none. */
static char *url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, 0) ? NULL : text;
}

static bool url_is_usable(CURLU *url)
{
	char *scheme = url_part(url, CURLUPART_SCHEME);
	char *query = url_part(url, CURLUPART_QUERY);
	char *fragment = url_part(url, CURLUPART_FRAGMENT);
	bool usable;

	usable = scheme && (!strcmp(scheme, "http") || !strcmp(scheme, "https")) &&
		 !query && !fragment;
	curl_free(scheme);
	curl_free(query);
	curl_free(fragment);
	return usable;
}

static int url_set_path(CURLU *url)
{
	_cleanup_(couche_buf_destroy) struct couche_buf buf = { 0 };
	char *path = url_part(url, CURLUPART_PATH);
	size_t len = path ? strlen(path) : 0;

	while (len && path[len - 1] == '/')
		len--;
	couche_buf_append(&buf, path, len);
	couche_buf_puts(&buf, "/api/v1/query");
	curl_free(path);
	if (couche_buf_error(&buf) ||
	    curl_url_set(url, CURLUPART_PATH, couche_buf_text(&buf), 0))
		return -ENOMEM;
	return 0;
}

int couche_fetch_url(const char *base, char **ret_url, char **ret_shown)
{
	_cleanup_(url_cleanup) CURLU *url = curl_url();
	char *full, *shown;

	if (!url)
		return -ENOMEM;
	if (curl_url_set(url, CURLUPART_URL, base, 0) || !url_is_usable(url))
		return -EINVAL;
	if (url_set_path(url))
		return -ENOMEM;
	full = url_part(url, CURLUPART_URL);
	curl_url_set(url, CURLUPART_USER, NULL, 0);
	curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
	shown = url_part(url, CURLUPART_URL);
	*ret_url = full ? strdup(full) : NULL;
	*ret_shown = shown ? strdup(shown) : NULL;
	curl_free(full);
	curl_free(shown);
	if (!*ret_url || !*ret_shown) {
		free(*ret_url);
		free(*ret_shown);
		return -ENOMEM;
	}
	return 0;
}
