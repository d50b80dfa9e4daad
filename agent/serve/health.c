// SPDX-License-Identifier: GPL-2.0-only
/* What is served: /metrics, /healthz and /readyz. */
#include "agent/agent.h"
#include "agent/lib/buf.h"

/* Scrapes may come often; the kernel is asked at most once a second for them. */
#define SCRAPE_MAX_AGE_MS 1000

static unsigned int serve_metrics(struct couche_buf *body, void *userdata)
{
	struct couche_agent *agent = userdata;
	struct couche_metrics metrics = {
		.tracker = agent->tracker,
		.decisions = agent->decisions,
		.names = agent->names,
		.nr_decisions = agent->nr_decisions,
		.reconciles = agent->reconciles,
		.refused = agent->refused,
		.reasons = agent->reasons,
		.prometheus_up = couche_heat_source_rung(agent->heat),
	};

	couche_kernel_refresh(agent->kernel, SCRAPE_MAX_AGE_MS);
	metrics.view = couche_kernel_view(agent->kernel);
	couche_metrics_write(&metrics, body);
	return 200;
}

/* The loop answers, so the process lives. */
static unsigned int serve_healthz(struct couche_buf *body, void *userdata)
{
	couche_buf_puts(body, "ok\n");
	return 200;
}

/* Ready: the kernel answers. A Prometheus that does not only makes heat UNKNOWN. */
static unsigned int serve_readyz(struct couche_buf *body, void *userdata)
{
	struct couche_agent *agent = userdata;
	const struct couche_view *view = couche_kernel_view(agent->kernel);
	enum couche_kind kind;
	const char *error;

	if (agent->stopping) {
		couche_buf_puts(body, "not ready: stopping\n");
		return 503;
	}
	if (!view->valid) {
		couche_buf_printf(body, "not ready: %s\n", view->message);
		return 503;
	}
	couche_buf_puts(body, "ok\n");
	error = couche_heat_source_error(agent->heat, &kind);
	if (kind)
		couche_buf_printf(body, "heat unknown: %s: %s\n", couche_kind_name(kind), error);
	return 200;
}

static const struct couche_http_route metrics_routes[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", serve_metrics },
	{ }
};

static const struct couche_http_route health_routes[] = {
	{ "/healthz", "text/plain; charset=utf-8", serve_healthz },
	{ "/readyz", "text/plain; charset=utf-8", serve_readyz },
	{ }
};

const struct couche_http_route *couche_health_routes(const struct couche_http_route **ret_metrics)
{
	*ret_metrics = metrics_routes;
	return health_routes;
}
