// SPDX-License-Identifier: GPL-2.0-only
/* One cycle: observe, decide, act, and say what changed. */
#include "agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/act/kernel.h"
#include "agent/lib/cleanup.h"
#include "agent/lib/duration.h"
#include "agent/lib/log.h"
#include "agent/lib/netlink.h"

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- what became of orders --- */

static void log_success(const struct couche_end *end)
{
	const struct couche_view_migration *migration = end->migration;
	char took[32];

	couche_duration_format(migration->elapsed_ms, took, sizeof(took));
	couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, end->record->name,
		   "moved from %s to %s in %s: %llu extents, %llu MiB, %llu races",
		   couche_class_name(end->record->from), couche_class_name(end->record->to), took,
		   (unsigned long long)migration->moved,
		   (unsigned long long)migration->bytes >> 20,
		   (unsigned long long)migration->races);
}

static void on_end(const struct couche_end *end, void *userdata)
{
	const struct couche_view_migration *migration = end->migration;
	enum couche_kind kind = COUCHE_KIND_MIGRATION_FAILED;
	const char *how;

	if (end->outcome == COUCHE_OUTCOME_SUCCESS) {
		log_success(end);
		return;
	}
	if (!migration) {
		how = "the kernel does not know it any more";
	} else if (migration->state == COUCHE_VIEW_TIMEOUT || end->record->cancelled) {
		kind = COUCHE_KIND_MIGRATION_TIMEOUT;
		how = "it took too long";
	} else if (migration->state == COUCHE_VIEW_CANCELLED) {
		how = "it was cancelled";
	} else {
		how = strerror(-migration->error);
	}
	couche_log(COUCHE_LOG_WARN, kind, end->record->name,
		   "the move from %s to %s %s: %s; what was not moved stays where it is",
		   couche_class_name(end->record->from), couche_class_name(end->record->to),
		   couche_outcome_name(end->outcome), how);
}

/* The kernel ends an order in time by itself; this is for one that does not. */
static void cancel_overdue(struct couche_agent *agent, uint64_t now_ms)
{
	struct couche_nl *nl = couche_kernel_session(agent->kernel);
	const struct couche_record *record;
	int r;

	while (nl && (record = couche_tracker_overdue(agent->tracker, now_ms))) {
		r = couche_nl_migrate_cancel(nl, record->pool, record->migration);
		couche_log(COUCHE_LOG_WARN, COUCHE_KIND_MIGRATION_TIMEOUT, record->name,
			   "the move to %s takes too long, cancelling it%s%s",
			   couche_class_name(record->to), r < 0 ? ": " : "",
			   r < 0 ? couche_nl_error(nl) : "");
	}
}

static void save(struct couche_agent *agent)
{
	int r = couche_tracker_save(agent->tracker);

	if (r && !agent->save_was_bad)
		couche_log(COUCHE_LOG_WARN, COUCHE_KIND_IO, "state",
			   "cannot be written: %s; after a restart volumes may move before their cooldown ends",
			   strerror(-r));
	agent->save_was_bad = r;
}

void couche_cycle_track(struct couche_agent *agent)
{
	const struct couche_view *view = couche_kernel_view(agent->kernel);
	uint64_t now_ms = wall_ms();

	if (!view->valid)
		return;
	couche_tracker_update(agent->tracker, view, now_ms, on_end, agent);
	cancel_overdue(agent, now_ms);
	save(agent);
}

/* --- saying what changed --- */

static void tell_kernel(struct couche_agent *agent)
{
	const struct couche_view *view = couche_kernel_view(agent->kernel);

	if (agent->kernel_was_known && agent->kernel_was_up == view->valid)
		return;
	agent->kernel_was_known = true;
	agent->kernel_was_up = view->valid;
	if (view->valid)
		couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, "kernel",
			   "dm-couche answers: %zu pools, %zu volumes", view->nr_pools,
			   view->nr_volumes);
	else
		couche_log(COUCHE_LOG_WARN, COUCHE_KIND_KERNEL_INTERFACE, "kernel", "%s",
			   view->message);
}

static void tell_heat(struct couche_agent *agent)
{
	const char *rung = couche_heat_source_rung(agent->heat);
	enum couche_kind kind;
	const char *error = couche_heat_source_error(agent->heat, &kind);

	if (kind && kind != agent->heat_was)
		couche_log(COUCHE_LOG_WARN, kind, "prometheus",
			   "%s; heat is unknown and nothing moves", error);
	else if (kind)
		couche_log(COUCHE_LOG_DEBUG, kind, "prometheus", "%s", error);
	else if (agent->heat_was)
		couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, "prometheus", "answers again");
	agent->heat_was = kind;
	if (rung && strcmp(rung, agent->rung_was)) {
		couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, "prometheus",
			   "heat comes from the metrics of '%s'", rung);
		snprintf(agent->rung_was, sizeof(agent->rung_was), "%s", rung);
	}
}

/* A decision is worth a line when it differs from the one before. */
static bool is_news(const struct couche_agent *agent, const struct couche_volume_name *name,
		    const struct couche_decision *decision)
{
	for (size_t i = 0; i < agent->nr_decisions; i++)
		if (!strcmp(agent->names[i].pool, name->pool) &&
		    !strcmp(agent->names[i].volume, name->volume))
			return agent->decisions[i].reason != decision->reason ||
			       agent->decisions[i].to != decision->to ||
			       agent->decisions[i].class != decision->class;
	return true;
}

static void tell_decision(const struct couche_agent *agent,
			  const struct couche_volume_name *name,
			  const struct couche_decision *decision)
{
	enum couche_log_level level = is_news(agent, name, decision) ? COUCHE_LOG_INFO :
				      COUCHE_LOG_DEBUG;
	char object[2 * COUCHE_NAME_SIZE], heat[64];

	snprintf(object, sizeof(object), "%s/%s", name->pool, name->volume);
	if (decision->heat_state == COUCHE_HEAT_KNOWN)
		snprintf(heat, sizeof(heat), "%.1f IOPS, %s", decision->iops,
			 couche_class_name(decision->class));
	else
		snprintf(heat, sizeof(heat), "heat unknown (%s)",
			 couche_heat_state_name(decision->heat_state));
	if (decision->to != COUCHE_CLASS_UNKNOWN && decision->reason != COUCHE_REASON_IN_PLACE)
		couche_log(level, COUCHE_KIND_NONE, object, "%s: from %s to %s: %s", heat,
			   couche_class_name(decision->from), couche_class_name(decision->to),
			   couche_reason_sentence(decision->reason));
	else if (decision->from == COUCHE_CLASS_UNKNOWN)
		couche_log(level, COUCHE_KIND_NONE, object, "%s: holds no data yet: %s", heat,
			   couche_reason_sentence(decision->reason));
	else
		couche_log(level, COUCHE_KIND_NONE, object, "%s: stays on %s: %s", heat,
			   couche_class_name(decision->from),
			   couche_reason_sentence(decision->reason));
}

/* --- decide and act --- */

static void order(struct couche_agent *agent, const struct couche_view *view, size_t volume,
		  const struct couche_decision *decision)
{
	const struct couche_act_limits limits = {
		.timeout_ms = agent->options->migration_timeout_minutes * 60000ULL,
		.preserve = agent->options->preservation_mode,
	};
	struct couche_nl *nl = couche_kernel_session(agent->kernel);
	uint64_t now_ms = wall_ms();
	char name[2 * COUCHE_NAME_SIZE];
	enum couche_kind kind;
	uint32_t id;

	if (!nl)
		return;
	snprintf(name, sizeof(name), "%s/%s", view->pools[view->volumes[volume].pool].name,
		 view->volumes[volume].name);
	if (couche_act_move(nl, view, volume, decision, &limits, &id, &kind)) {
		agent->refused++;
		couche_log(COUCHE_LOG_WARN, kind, name, "the kernel refused to move it to %s: %s",
			   couche_class_name(decision->to), couche_nl_error(nl));
		couche_tracker_refused(agent->tracker, view, volume, now_ms);
		return;
	}
	couche_log(COUCHE_LOG_INFO, COUCHE_KIND_NONE, name,
		   "migration %u from %s to %s began (policy %s)", id,
		   couche_class_name(decision->from), couche_class_name(decision->to),
		   decision->policy->name);
	if (couche_tracker_started(agent->tracker, view, volume, decision, id, now_ms,
				   couche_act_timeout(decision, &limits)))
		couche_log(COUCHE_LOG_WARN, COUCHE_KIND_IO, name,
			   "out of memory: migration %u is not tracked", id);
}

static struct couche_heat *collect_heats(struct couche_agent *agent,
					 const struct couche_view *view)
{
	struct couche_heat *heats = calloc(view->nr_volumes + 1, sizeof(*heats));

	for (size_t i = 0; heats && i < view->nr_volumes; i++) {
		const struct couche_view_volume *volume = &view->volumes[i];
		const struct couche_policy *policy;

		policy = couche_policy_select(&agent->config.policies,
					      view->pools[volume->pool].name, volume->name);
		heats[i].state = COUCHE_HEAT_MISSING;
		if (policy)
			heats[i] = couche_heat_source_get(agent->heat, view, i,
							  policy->window_ms);
	}
	return heats;
}

static void keep_decisions(struct couche_agent *agent, struct couche_decision *decisions,
			   struct couche_volume_name *names, size_t nr)
{
	free(agent->decisions);
	free(agent->names);
	agent->decisions = decisions;
	agent->names = names;
	agent->nr_decisions = nr;
}

static void carry_out(struct couche_agent *agent, const struct couche_view *view,
		      const struct couche_decision *decisions,
		      struct couche_volume_name *names)
{
	for (size_t i = 0; i < view->nr_volumes; i++) {
		const struct couche_view_volume *volume = &view->volumes[i];

		memcpy(names[i].pool, view->pools[volume->pool].name, sizeof(names[i].pool));
		memcpy(names[i].volume, volume->name, sizeof(names[i].volume));
		agent->reasons[decisions[i].reason]++;
		tell_decision(agent, &names[i], &decisions[i]);
		if (decisions[i].reason == COUCHE_REASON_MOVE)
			order(agent, view, i, &decisions[i]);
	}
}

void couche_cycle_decide(struct couche_agent *agent)
{
	const struct couche_view *view = couche_kernel_view(agent->kernel);
	_cleanup_free_ struct couche_heat *heats = NULL;
	_cleanup_free_ struct couche_past *pasts = NULL;
	struct couche_decision *decisions;
	struct couche_volume_name *names;

	agent->reconciles++;
	tell_heat(agent);
	heats = collect_heats(agent, view);
	pasts = calloc(view->nr_volumes + 1, sizeof(*pasts));
	decisions = calloc(view->nr_volumes + 1, sizeof(*decisions));
	names = calloc(view->nr_volumes + 1, sizeof(*names));
	if (!heats || !pasts || !decisions || !names) {
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_IO, NULL, "out of memory, cycle skipped");
		free(decisions);
		free(names);
		return;
	}
	couche_tracker_pasts(agent->tracker, view, wall_ms(), pasts);
	couche_policy_decide(&(struct couche_policy_input){
		.view = view,
		.policies = &agent->config.policies,
		.heats = heats,
		.pasts = pasts,
		.now_ms = wall_ms(),
		.max_concurrent = agent->options->max_concurrent_migrations,
		.dry_run = agent->options->dry_run,
		.stopping = agent->stopping,
	}, decisions);
	carry_out(agent, view, decisions, names);
	keep_decisions(agent, decisions, names, view->nr_volumes);
	/* pointers into policies that a reload frees */
	for (size_t i = 0; i < view->nr_volumes; i++)
		decisions[i].policy = NULL;
	save(agent);
}

void couche_cycle_take_config(struct couche_agent *agent)
{
	if (!agent->has_next_config)
		return;
	couche_config_destroy(&agent->config);
	agent->config = agent->next_config;
	agent->has_next_config = false;
	couche_heat_source_forget(agent->heat);
}

void couche_cycle_begin(struct couche_agent *agent)
{
	const struct couche_view *view = couche_kernel_view(agent->kernel);

	couche_kernel_refresh(agent->kernel, 0);
	tell_kernel(agent);
	couche_cycle_track(agent);
	if (agent->stopping || couche_heat_source_busy(agent->heat))
		return;
	couche_cycle_take_config(agent);
	if (!view->valid) {
		keep_decisions(agent, NULL, NULL, 0);
		return;
	}
	if (couche_heat_source_refresh(agent->heat, &agent->config.ladder,
				       &agent->config.policies, view) > 0)
		couche_cycle_decide(agent);
}
