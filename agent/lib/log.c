// SPDX-License-Identifier: GPL-2.0-only
#include "agent/lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/lib/buf.h"
#include "agent/lib/json.h"

static const char *const level_names[] = { "trace", "debug", "info", "warn", "error" };

static enum couche_log_level log_level = COUCHE_LOG_INFO;
static bool log_json;
static _Atomic uint64_t counts[COUCHE_NR_KINDS];

void couche_log_init(enum couche_log_level level, bool json)
{
	log_level = level;
	log_json = json;
}

int couche_log_level_parse(const char *name, enum couche_log_level *ret)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (!strcmp(name, level_names[i])) {
			*ret = (enum couche_log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

uint64_t couche_log_count(enum couche_kind kind)
{
	return atomic_load(&counts[kind]);
}

static void append_time(struct couche_buf *line)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	couche_buf_printf(line, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

/* Text without anything that could end the line or drive a terminal. */
static void append_plain(struct couche_buf *line, const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			couche_buf_printf(line, "\\x%02x", (unsigned char)*text);
		else
			couche_buf_append(line, text, 1);
	}
}

static void format_json(struct couche_buf *line, enum couche_log_level level,
			enum couche_kind kind, const char *object, const char *message)
{
	couche_buf_puts(line, "{\"time\":\"");
	append_time(line);
	couche_buf_printf(line, "\",\"level\":\"%s\"", level_names[level]);
	if (kind)
		couche_buf_printf(line, ",\"kind\":\"%s\"", couche_kind_name(kind));
	if (object) {
		couche_buf_puts(line, ",\"object\":");
		couche_json_quote(line, object);
	}
	couche_buf_puts(line, ",\"message\":");
	couche_json_quote(line, message);
	couche_buf_puts(line, "}\n");
}

static void format_text(struct couche_buf *line, enum couche_log_level level,
			enum couche_kind kind, const char *object, const char *message)
{
	append_time(line);
	couche_buf_printf(line, " %-5s ", level_names[level]);
	if (kind)
		couche_buf_printf(line, "[%s] ", couche_kind_name(kind));
	if (object) {
		append_plain(line, object);
		couche_buf_puts(line, ": ");
	}
	append_plain(line, message);
	couche_buf_puts(line, "\n");
}

void couche_log(enum couche_log_level level, enum couche_kind kind, const char *object,
		const char *format, ...)
{
	struct couche_buf line = { 0 };
	char message[2048];
	va_list args;

	if (level >= COUCHE_LOG_WARN && kind)
		atomic_fetch_add(&counts[kind], 1);
	if (level < log_level)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (log_json)
		format_json(&line, level, kind, object, message);
	else
		format_text(&line, level, kind, object, message);
	/* nobody could be told about a log that cannot be written */
	if (write(STDERR_FILENO, couche_buf_text(&line), line.len) < 0)
		errno = 0;
	couche_buf_destroy(&line);
}
