/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of /metrics (exposition format 0.0.4). Pure: what is known comes
 * in, text comes out. Each family has HELP and TYPE once and stands together.
 * No label has unbounded values: pools, volumes, legs, tiers and fixed words.
 */
#ifndef COUCHE_SERVE_METRICS_H
#define COUCHE_SERVE_METRICS_H

#include "agent/act/tracker.h"
#include "agent/decide/policy.h"

struct couche_buf;

struct couche_volume_name {
	char pool[COUCHE_NAME_SIZE];
	char volume[COUCHE_NAME_SIZE];
};

struct couche_metrics {
	const struct couche_view *view;
	const struct couche_tracker *tracker;
	const struct couche_decision *decisions;	/* of the last cycle, one per name */
	const struct couche_volume_name *names;
	size_t nr_decisions;
	uint64_t reconciles;
	uint64_t refused;				/* orders */
	const uint64_t *reasons;			/* COUCHE_NR_REASONS, since start */
	bool prometheus_up;
};

/**
 * couche_metrics_write() - append all families
 * @metrics: what is known
 * @body: where to
 */
void couche_metrics_write(const struct couche_metrics *metrics, struct couche_buf *body);

#endif /* COUCHE_SERVE_METRICS_H */
