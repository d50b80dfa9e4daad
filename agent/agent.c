// SPDX-License-Identifier: GPL-2.0-only
#include "agent/agent.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "agent/lib/cleanup.h"
#include "agent/lib/log.h"
#include "agent/lib/netlink.h"

/* Between the signal to stop and the end, so that probes see it coming. */
#define STOP_USEC (1000 * 1000ULL)

/* --- loop --- */

static int on_cycle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct couche_agent *agent = userdata;

	couche_cycle_begin(agent);
	sd_event_source_set_time_relative(source, agent->options->sync_poll_interval_seconds *
					  1000000ULL);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static void on_heat(void *userdata)
{
	struct couche_agent *agent = userdata;

	if (agent->stopping)
		return;
	/* the question took time: decide on what is true now */
	couche_kernel_refresh(agent->kernel, 1000);
	if (couche_kernel_view(agent->kernel)->valid)
		couche_cycle_decide(agent);
}

/* The volume of a migration that ended well, in the view. */
static size_t find_volume(const struct couche_view *view,
			  const struct couche_nl_migration *migration)
{
	size_t i;

	for (i = 0; i < view->nr_volumes; i++)
		if (view->volumes[i].id == migration->volume &&
		    !memcmp(view->pools[view->volumes[i].pool].uuid, migration->pool.uuid,
			    COUCHE_UUID_SIZE))
			break;
	return i;
}

static void on_migration(struct couche_agent *agent, const struct couche_nl_migration *migration)
{
	const struct couche_view *view = couche_kernel_view(agent->kernel);
	struct timespec now;
	size_t volume;

	if (migration->state < COUCHE_MIGRATION_DONE)
		return;
	if (couche_tracker_owns(agent->tracker, migration->pool.uuid, migration->id)) {
		couche_kernel_refresh(agent->kernel, 0);
		couche_cycle_track(agent);
		return;
	}
	volume = find_volume(view, migration);
	if (migration->state != COUCHE_MIGRATION_DONE || volume == view->nr_volumes)
		return;
	/* somebody wanted it there: do not move it back at once */
	clock_gettime(CLOCK_REALTIME, &now);
	couche_tracker_moved(agent->tracker, view, volume, (uint64_t)now.tv_sec * 1000);
}

static void on_leg(const struct couche_nl_leg *leg)
{
	static const char *const states[] = { "gone", "online", "failed", "restoring" };
	char name[2 * COUCHE_NAME_SIZE];

	snprintf(name, sizeof(name), "%s/leg %u", leg->pool.name, leg->index);
	couche_log(leg->state == COUCHE_LEG_FAILED ? COUCHE_LOG_WARN : COUCHE_LOG_INFO,
		   leg->state == COUCHE_LEG_FAILED ? COUCHE_KIND_IO : COUCHE_KIND_NONE, name,
		   "is %s now", leg->state <= COUCHE_LEG_RESTORING ? states[leg->state] : "?");
}

static void on_repair(const struct couche_nl_repair *repair)
{
	if (repair->error)
		couche_log(COUCHE_LOG_WARN, COUCHE_KIND_IO, repair->pool.name,
			   "extent %llu of volume %u has a wrong shard on leg %u that could not be replaced: %s",
			   (unsigned long long)repair->extent, repair->volume, repair->leg,
			   strerror(-repair->error));
	else
		couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, repair->pool.name,
			   "extent %llu of volume %u had a wrong shard on leg %u and was repaired",
			   (unsigned long long)repair->extent, repair->volume, repair->leg);
}

static void on_kernel_event(const struct couche_nl_event *event, void *userdata)
{
	struct couche_agent *agent = userdata;

	switch (event->type) {
	case COUCHE_NL_EVENT_MIGRATION:
		on_migration(agent, &event->migration);
		break;
	case COUCHE_NL_EVENT_LEG:
		on_leg(&event->leg);
		break;
	case COUCHE_NL_EVENT_SPACE:
		couche_log(COUCHE_LOG_WARN, COUCHE_KIND_NO_SUITABLE_POOL, event->space.pool.name,
			   "the %s tier runs low: %llu of %llu MiB are free; add a leg",
			   couche_class_name((enum couche_class)event->space.tier),
			   (unsigned long long)event->space.free_sectors >> 11,
			   (unsigned long long)event->space.sectors >> 11);
		break;
	case COUCHE_NL_EVENT_DEGRADED:
		couche_log(COUCHE_LOG_DEBUG, COUCHE_KIND_NONE, event->degraded.pool.name,
			   "a read went round leg %u", event->degraded.leg);
		break;
	case COUCHE_NL_EVENT_REPAIR:
		on_repair(&event->repair);
		break;
	case COUCHE_NL_EVENT_SWEEP:
		/* progress: for people, couchectl events shows it */
		break;
	}
}

/* --- signals --- */

static int on_stopped(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct couche_agent *agent = userdata;

	return sd_event_exit(agent->event, 0);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct couche_agent *agent = userdata;
	int r;

	/* once more: at once */
	if (agent->stopping)
		return sd_event_exit(agent->event, 0);
	agent->stopping = true;
	sd_notify(0, "STOPPING=1");
	couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, NULL,
		   "stopping; the kernel finishes %zu running migrations by itself",
		   couche_tracker_active(agent->tracker));
	/* a view from before the last order would not know its migration */
	couche_kernel_refresh(agent->kernel, 0);
	couche_cycle_track(agent);
	r = sd_event_add_time_relative(agent->event, &agent->stop_timer, CLOCK_MONOTONIC,
				       STOP_USEC, 1000, on_stopped, agent);
	return r < 0 ? sd_event_exit(agent->event, 0) : 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info,
		     void *userdata)
{
	struct couche_agent *agent = userdata;
	struct couche_config config;
	char why[512];

	if (!agent->options->policy_file || agent->stopping)
		return 0;
	if (couche_policyfile_load(agent->options->policy_file, &config, why, sizeof(why))) {
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_CONFIGURATION, NULL,
			   "%s; the old policies stay", why);
		return 0;
	}
	if (agent->has_next_config)
		couche_config_destroy(&agent->next_config);
	agent->next_config = config;
	agent->has_next_config = true;
	couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, agent->options->policy_file,
		   "read again: %zu policies", config.policies.nr_policies);
	couche_cycle_begin(agent);
	return 0;
}

static int add_signals(struct couche_agent *agent)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_add_signal(agent->event, NULL, SIGTERM, on_stop, agent);
	if (r >= 0)
		r = sd_event_add_signal(agent->event, NULL, SIGINT, on_stop, agent);
	if (r >= 0)
		r = sd_event_add_signal(agent->event, NULL, SIGHUP, on_reload, agent);
	return r;
}

/* --- parts --- */

static int load_config(struct couche_agent *agent)
{
	char why[512];
	int r;

	if (!agent->options->policy_file) {
		couche_log(COUCHE_LOG_WARN, COUCHE_KIND_CONFIGURATION, NULL,
			   "no policies: nothing will move; name a file with --policy-file");
		return couche_config_init(&agent->config);
	}
	r = couche_policyfile_load(agent->options->policy_file, &agent->config, why, sizeof(why));
	if (r)
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_CONFIGURATION, NULL, "%s", why);
	return r;
}

static int create_tracker(struct couche_agent *agent)
{
	const char *directory = getenv("STATE_DIRECTORY");
	char path[PATH_MAX], why[PATH_MAX + 128];
	int r;

	if (directory && *directory == '/')
		snprintf(path, sizeof(path), "%s/volumes.json", directory);
	else
		directory = NULL;
	r = couche_tracker_create(directory ? path : NULL, &agent->tracker, why, sizeof(why));
	if (r != -EBADMSG)
		return r;
	couche_log(COUCHE_LOG_WARN, COUCHE_KIND_IO, NULL, "%s", why);
	return 0;
}

static int create_server(struct couche_agent *agent, const char *flag,
			 const struct couche_address *address,
			 const struct couche_http_route *routes, struct couche_http **ret)
{
	int r = couche_http_create(agent->event, address, routes, agent, ret);

	if (r)
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_IO, address->text,
			   "cannot listen: %s; choose another --%s", strerror(-r), flag);
	return r;
}

static int create_servers(struct couche_agent *agent)
{
	const struct couche_http_route *metrics, *health = couche_health_routes(&metrics);
	int r;

	r = create_server(agent, "metrics-addr", &agent->options->metrics_addr, metrics,
			  &agent->metrics_server);
	if (!r)
		r = create_server(agent, "health-addr", &agent->options->health_addr, health,
				  &agent->health_server);
	return r;
}

static int create_parts(struct couche_agent *agent)
{
	const struct couche_options *options = agent->options;
	int r;

	r = load_config(agent);
	if (r)
		return r;
	r = create_tracker(agent);
	if (!r)
		r = couche_kernel_create(agent->event, on_kernel_event, agent, &agent->kernel);
	if (!r)
		r = couche_heat_source_create(agent->event, options->prometheus_url,
					      options->sync_poll_interval_seconds * 1000ULL,
					      on_heat, agent, &agent->heat);
	if (r) {
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_IO, NULL, "cannot start: %s",
			   strerror(-r));
		return r;
	}
	return create_servers(agent);
}

int couche_agent_create(const struct couche_options *options, struct couche_agent **ret)
{
	struct couche_agent *agent = calloc(1, sizeof(*agent));
	int r;

	if (!agent)
		return -ENOMEM;
	agent->options = options;
	r = sd_event_new(&agent->event);
	if (r >= 0)
		r = add_signals(agent);
	if (r >= 0)
		r = sd_event_add_time_relative(agent->event, &agent->cycle_timer, CLOCK_MONOTONIC,
					       0, 1000, on_cycle, agent);
	if (r >= 0)
		r = sd_event_set_watchdog(agent->event, true);
	if (r < 0)
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_IO, NULL, "cannot start: %s",
			   strerror(-r));
	else
		r = create_parts(agent);
	if (r < 0) {
		couche_agent_free(agent);
		return r;
	}
	*ret = agent;
	return 0;
}

int couche_agent_run(struct couche_agent *agent)
{
	int r;

	couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, NULL,
		   "couchestor " COUCHE_VERSION ": %zu policies%s, metrics on %s, health on %s",
		   agent->config.policies.nr_policies,
		   agent->options->dry_run ? ", dry run" : "",
		   agent->options->metrics_addr.text, agent->options->health_addr.text);
	sd_notify(0, "READY=1");
	r = sd_event_loop(agent->event);
	if (r < 0)
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_IO, NULL, "the event loop failed: %s",
			   strerror(-r));
	else
		couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, NULL, "stopped");
	return r;
}

void couche_agent_free(struct couche_agent *agent)
{
	if (!agent)
		return;
	couche_http_free(agent->health_server);
	couche_http_free(agent->metrics_server);
	couche_heat_source_free(agent->heat);
	couche_kernel_free(agent->kernel);
	couche_tracker_free(agent->tracker);
	couche_config_destroy(&agent->config);
	if (agent->has_next_config)
		couche_config_destroy(&agent->next_config);
	free(agent->decisions);
	free(agent->names);
	sd_event_source_disable_unref(agent->cycle_timer);
	sd_event_source_disable_unref(agent->stop_timer);
	sd_event_unref(agent->event);
	free(agent);
}
