/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent: one thread, one event loop. Each cycle looks at the kernel, asks
 * for heat if the answer at hand is old, decides and acts; cycle.c is that
 * story. agent.c owns the parts, signals and the servers. Everything lives
 * from create to free and is touched by the loop's thread only.
 */
#ifndef COUCHE_AGENT_AGENT_H
#define COUCHE_AGENT_AGENT_H

#include <systemd/sd-event.h>

#include "agent/act/tracker.h"
#include "agent/observe/heat.h"
#include "agent/observe/kernel.h"
#include "agent/observe/policyfile.h"
#include "agent/options.h"
#include "agent/serve/http.h"
#include "agent/serve/metrics.h"

struct couche_agent {
	const struct couche_options *options;
	sd_event *event;
	sd_event_source *cycle_timer;
	sd_event_source *stop_timer;
	struct couche_config config;
	struct couche_config next_config;	/* waits for the end of a walk */
	bool has_next_config;
	struct couche_kernel *kernel;
	struct couche_heat_source *heat;
	struct couche_tracker *tracker;
	struct couche_http *metrics_server;
	struct couche_http *health_server;
	bool stopping;

	/* the last cycle */
	uint64_t reconciles;
	uint64_t refused;
	uint64_t reasons[COUCHE_NR_REASONS];
	struct couche_decision *decisions;
	struct couche_volume_name *names;
	size_t nr_decisions;

	/* what was said last, so that it is not said again each cycle */
	bool kernel_was_up;
	bool kernel_was_known;
	enum couche_kind heat_was;
	char rung_was[64];
	bool save_was_bad;
};

/**
 * couche_agent_create() - everything up to the first cycle
 * @options: that were chosen; must outlive the agent
 * @ret: the agent
 *
 * Return: 0, or a negative errno; the reason was logged.
 */
int couche_agent_create(const struct couche_options *options, struct couche_agent **ret);

/**
 * couche_agent_run() - until a signal ends it
 * @agent: agent
 *
 * Return: 0, or a negative errno; the reason was logged.
 */
int couche_agent_run(struct couche_agent *agent);

/**
 * couche_agent_free() - free
 * @agent: agent, or NULL
 */
void couche_agent_free(struct couche_agent *agent);

/**
 * couche_cycle_begin() - look at the kernel, and decide now or when heat came
 * @agent: agent
 */
void couche_cycle_begin(struct couche_agent *agent);

/**
 * couche_cycle_decide() - decide and act on what is known
 * @agent: agent
 */
void couche_cycle_decide(struct couche_agent *agent);

/**
 * couche_cycle_track() - see what became of orders
 * @agent: agent, whose view was just renewed
 */
void couche_cycle_track(struct couche_agent *agent);

/**
 * couche_cycle_take_config() - use a configuration that was read
 * @agent: agent
 *
 * Context: while no walk for heat runs.
 */
void couche_cycle_take_config(struct couche_agent *agent);

/**
 * couche_health_routes() - what the health server serves
 * @ret_metrics: routes of the metrics server
 *
 * Return: routes of the health server; userdata is the agent.
 */
const struct couche_http_route *couche_health_routes(const struct couche_http_route **ret_metrics);

#endif /* COUCHE_AGENT_AGENT_H */
