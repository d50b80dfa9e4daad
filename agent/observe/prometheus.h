/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is asked of Prometheus and what is believed of its answer. Pure: text
 * in, text or a table out; the transport is observe/fetch.c. One question
 * covers all volumes and all windows and asks for three quantities at the same
 * instant: operations a second over the window, the part of the window
 * that samples cover, and the age of the newest sample.
 *
 * The answer is not trusted. One that is malformed, partial, warned about or
 * of another instant is refused as a whole; one with a bad value makes the
 * volume of that value UNKNOWN. Nothing here ever turns doubt into 0.
 */
#ifndef COUCHE_OBSERVE_PROMETHEUS_H
#define COUCHE_OBSERVE_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/decide/classify.h"
#include "agent/lib/kind.h"

struct couche_buf;

enum {
	COUCHE_PROM_MAX_BODY = 16 << 20,	/* bytes of an answer */
	COUCHE_PROM_MAX_VALUES = 400000,	/* JSON values of an answer: 26 MB as a tree */
	COUCHE_PROM_MAX_LABEL = 256,		/* bytes of a name in an answer */
	COUCHE_PROM_MAX_WINDOWS = 16,		/* different windows in a question */
	COUCHE_PROM_MAX_SKEW_MS = 300000,	/* between its clock and ours */
};

/* One step of the ladder of metrics: counters and the labels that name a volume. */
struct couche_rung {
	char *name;
	char *reads;		/* selector of a counter of reads */
	char *writes;
	char *join;		/* appended to an instant vector, or NULL */
	char *pool_uuid_label;	/* NULL if there is none */
	char *pool_label;	/* NULL if there is none */
	char *volume_label;
};

struct couche_prom_entry {
	char *pool_uuid;	/* "" if not said */
	char *pool;		/* "" if not said */
	char *volume;
	uint64_t window_ms;
	unsigned int seen;	/* which of the quantities below */
	bool invalid;
	double iops;
	double coverage;
	double age;		/* seconds */
};

/* Sorted by pool_uuid, pool, volume and window. */
struct couche_prom_table {
	struct couche_prom_entry *entries;
	size_t nr;
};

/**
 * couche_prom_query() - write the question
 * @rung: what to ask about
 * @windows: in ms
 * @nr_windows: 1 to COUCHE_PROM_MAX_WINDOWS
 * @query: appended to
 */
void couche_prom_query(const struct couche_rung *rung, const uint64_t *windows,
		       size_t nr_windows, struct couche_buf *query);

/**
 * couche_prom_parse() - read an answer of /api/v1/query
 * @rung: that was asked
 * @body: bytes
 * @len: how many
 * @now_ms: wall clock, ms since the epoch
 * @ret: filled on success, for couche_prom_table_destroy(); empty on failure
 * @ret_kind: what kind of failure
 * @why: sentence on failure
 * @why_size: of @why
 *
 * Return: 0; -EBADMSG when the answer cannot be read; -EREMOTEIO when the
 * server reports an error, a warning or a part only; -ESTALE when it is of
 * another time; -ENOMEM.
 */
int couche_prom_parse(const struct couche_rung *rung, const char *body, size_t len,
		      uint64_t now_ms, struct couche_prom_table *ret,
		      enum couche_kind *ret_kind, char *why, size_t why_size);

/**
 * couche_prom_heat() - the heat of a volume
 * @table: an answer
 * @pool_uuid: as text, or ""
 * @pool: name, or ""
 * @volume: name
 * @window_ms: of its policy
 *
 * Return: the heat; anything but COUCHE_HEAT_KNOWN when a quantity is missing,
 * invalid, sparse or stale.
 */
struct couche_heat couche_prom_heat(const struct couche_prom_table *table, const char *pool_uuid,
				    const char *pool, const char *volume, uint64_t window_ms);

/**
 * couche_prom_table_destroy() - free what a table holds
 * @table: empty afterwards
 */
void couche_prom_table_destroy(struct couche_prom_table *table);

#endif /* COUCHE_OBSERVE_PROMETHEUS_H */
