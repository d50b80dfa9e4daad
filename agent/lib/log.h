/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that writes log lines: to standard error, one line each, as
 * text or JSON. Control characters of a message are escaped, so a peer cannot
 * forge a line. Programs log, library code does not: it returns an error and
 * its caller says what it means. The level is global and set once at start;
 * lines are written with one write() each and may come from any thread.
 */
#ifndef COUCHE_LIB_LOG_H
#define COUCHE_LIB_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/lib/kind.h"

enum couche_log_level {
	COUCHE_LOG_TRACE,
	COUCHE_LOG_DEBUG,
	COUCHE_LOG_INFO,
	COUCHE_LOG_WARN,
	COUCHE_LOG_ERROR,
};

/**
 * couche_log_init() - choose what is written and how
 * @level: the lowest level written
 * @json: one JSON object a line instead of text
 *
 * Context: before any other thread is started.
 */
void couche_log_init(enum couche_log_level level, bool json);

/**
 * couche_log_level_parse() - a level's name
 * @name: trace, debug, info, warn or error
 * @ret: untouched on failure
 *
 * Return: 0, or -EINVAL.
 */
int couche_log_level_parse(const char *name, enum couche_log_level *ret);

/**
 * couche_log() - write a line
 * @level: of the line
 * @kind: of the failure it tells about, COUCHE_KIND_NONE if none
 * @object: what it is about ("pool/volume", a file, an address), or NULL
 * @format: as printf()
 *
 * Failures are counted per kind, for couche_log_count(), even when the level
 * keeps the line from being written.
 */
void couche_log(enum couche_log_level level, enum couche_kind kind, const char *object,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/**
 * couche_log_count() - how many failures of a kind were logged so far
 * @kind: kind
 *
 * Return: warnings and errors since start.
 */
uint64_t couche_log_count(enum couche_kind kind);

#endif /* COUCHE_LIB_LOG_H */
