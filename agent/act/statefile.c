// SPDX-License-Identifier: GPL-2.0-only
#include "agent/act/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/lib/buf.h"
#include "agent/lib/cleanup.h"
#include "agent/lib/json.h"
#include "agent/lib/uuid.h"

#define STATE_VERSION 1
#define STATE_MAX_BYTES (4 << 20)

/* A move that runs may end well while nobody looks: it counts as a rest. */
static uint64_t rests_from(const struct couche_record *record)
{
	return record->moving ? record->started_ms : record->cooldown_from_ms;
}

static void append_record(const struct couche_record *record, struct couche_buf *buf)
{
	char pool[COUCHE_UUID_TEXT], volume[COUCHE_UUID_TEXT];

	couche_uuid_format(record->pool, pool);
	couche_uuid_format(record->volume, volume);
	couche_buf_printf(buf, "{\"pool\":\"%s\",\"volume\":\"%s\",\"name\":", pool, volume);
	couche_json_quote(buf, record->name);
	couche_buf_printf(buf, ",\"cooldownFromMs\":%llu,\"backoffUntilMs\":%llu,\"failures\":%u}",
			  (unsigned long long)rests_from(record),
			  (unsigned long long)record->backoff_until_ms, record->failures);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t wrote = write(fd, data, len);

		if (wrote < 0)
			return -errno;
		data += wrote;
		len -= (size_t)wrote;
	}
	return fsync(fd) ? -errno : 0;
}

static int replace(const char *path, const struct couche_buf *buf)
{
	_cleanup_close_ int fd = -1;
	char temporary[PATH_MAX];
	int r;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, couche_buf_text(buf), buf->len);
	if (!r && rename(temporary, path))
		r = -errno;
	if (r)
		unlink(temporary);
	return r;
}

int couche_statefile_save(const char *path, const struct couche_record *records, size_t nr)
{
	_cleanup_(couche_buf_destroy) struct couche_buf buf = { 0 };
	const char *separator = "\n";

	couche_buf_printf(&buf, "{\"version\":%d,\"volumes\":[", STATE_VERSION);
	for (size_t i = 0; i < nr; i++) {
		if (!rests_from(&records[i]) && !records[i].backoff_until_ms)
			continue;
		couche_buf_puts(&buf, separator);
		append_record(&records[i], &buf);
		separator = ",\n";
	}
	couche_buf_puts(&buf, "\n]}\n");
	return couche_buf_error(&buf) ? couche_buf_error(&buf) : replace(path, &buf);
}

/* A whole number that a double holds exactly; absent is 0. */
static bool read_number(const cJSON *object, const char *name, uint64_t *ret)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	*ret = 0;
	if (!item)
		return true;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 9e15))
		return false;
	*ret = (uint64_t)item->valuedouble;
	return true;
}

static int read_record(const cJSON *object, struct couche_record *record)
{
	const char *pool = couche_json_string(object, "pool");
	const char *volume = couche_json_string(object, "volume");
	const char *name = couche_json_string(object, "name");
	uint64_t failures;

	if (!pool || !volume || couche_uuid_parse(pool, record->pool) ||
	    couche_uuid_parse(volume, record->volume))
		return -EBADMSG;
	if (!read_number(object, "cooldownFromMs", &record->cooldown_from_ms) ||
	    !read_number(object, "backoffUntilMs", &record->backoff_until_ms) ||
	    !read_number(object, "failures", &failures))
		return -EBADMSG;
	record->failures = failures < 64 ? (unsigned int)failures : 64;
	snprintf(record->name, sizeof(record->name), "%s", name ? name : "");
	return 0;
}

static int parse(const struct couche_buf *buf, struct couche_record **ret, size_t *ret_nr)
{
	_cleanup_(couche_json_free) cJSON *state = NULL;
	_cleanup_free_ struct couche_record *records = NULL;
	const cJSON *volumes, *object;
	uint64_t version;
	size_t nr = 0;

	if (couche_json_parse(couche_buf_text(buf), buf->len, 16 * COUCHE_TRACKER_MAX, &state) ||
	    !read_number(state, "version", &version) || version != STATE_VERSION)
		return -EBADMSG;
	volumes = cJSON_GetObjectItemCaseSensitive(state, "volumes");
	if (!cJSON_IsArray(volumes) || cJSON_GetArraySize(volumes) > COUCHE_TRACKER_MAX)
		return -EBADMSG;
	records = calloc((size_t)cJSON_GetArraySize(volumes) + 1, sizeof(*records));
	if (!records)
		return -ENOMEM;
	cJSON_ArrayForEach(object, volumes)
		if (read_record(object, &records[nr++]))
			return -EBADMSG;
	*ret = couche_take_ptr(records);
	*ret_nr = nr;
	return 0;
}

static int read_file(const char *path, struct couche_buf *buf)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0)
			return -errno;
		if (buf->len + (size_t)got > STATE_MAX_BYTES)
			return -EFBIG;
		couche_buf_append(buf, chunk, (size_t)got);
	}
	return couche_buf_error(buf);
}

int couche_statefile_load(const char *path, struct couche_record **ret, size_t *ret_nr,
			  char *why, size_t why_size)
{
	_cleanup_(couche_buf_destroy) struct couche_buf buf = { 0 };
	int r = read_file(path, &buf);

	*ret = NULL;
	*ret_nr = 0;
	if (r == -ENOENT)
		return 0;
	if (!r)
		r = parse(&buf, ret, ret_nr);
	if (r)
		snprintf(why, why_size, "%s: %s", path, r == -EBADMSG ?
			 "damaged; volumes may move before their cooldown ends" : strerror(-r));
	return r;
}
