/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heat of every volume, as Prometheus tells it. Walks the ladder of
 * metrics: a rung that answers well but knows none of our volumes gives way to
 * the next; a rung that fails ends the walk, because a failure says nothing
 * about the volumes. Keeps the last answer for a short time; after a failure
 * there is no answer, and every heat is UNKNOWN. Loop's thread only.
 */
#ifndef COUCHE_OBSERVE_HEAT_H
#define COUCHE_OBSERVE_HEAT_H

#include <systemd/sd-event.h>

#include "agent/lib/kind.h"
#include "agent/observe/prometheus.h"
#include "agent/observe/view.h"

struct couche_heat_source;
struct couche_policies;

/* An answer serves at most this long. */
#define COUCHE_HEAT_CACHE_MS 30000

struct couche_ladder {
	struct couche_rung *rungs;
	size_t nr;
};

typedef void (*couche_heat_done_fn)(void *userdata);

/**
 * couche_ladder_default() - the rungs that are used when nobody says otherwise
 * @ret: to be freed with couche_ladder_destroy()
 *
 * The kernel's own counters through this agent's exporter, then the Mayastor
 * exporter's, then node_exporter's for device mapper devices.
 *
 * Return: 0 or -ENOMEM.
 */
int couche_ladder_default(struct couche_ladder *ret);

/**
 * couche_ladder_destroy() - free what a ladder holds
 * @ladder: empty afterwards
 */
void couche_ladder_destroy(struct couche_ladder *ladder);

/**
 * couche_heat_source_create() - prepare to ask for heat
 * @event: loop
 * @base_url: of Prometheus
 * @cache_ms: how long an answer serves, at most COUCHE_HEAT_CACHE_MS
 * @done: called when a walk ended, well or not
 * @userdata: for @done
 * @ret: the source
 *
 * Return: 0, or what couche_fetch_url() and couche_fetch_create() return.
 */
int couche_heat_source_create(sd_event *event, const char *base_url, uint64_t cache_ms,
			      couche_heat_done_fn done, void *userdata,
			      struct couche_heat_source **ret);

/**
 * couche_heat_source_refresh() - make sure that the answer is fresh
 * @source: source
 * @ladder: rungs to climb; must live until @done is called
 * @policies: whose windows to ask for
 * @view: whose volumes to look for; must live until @done is called
 *
 * Return: 0 when a walk began or runs, and @done will be called; 1 when the
 * answer at hand is fresh, and it will not.
 */
int couche_heat_source_refresh(struct couche_heat_source *source,
			       const struct couche_ladder *ladder,
			       const struct couche_policies *policies,
			       const struct couche_view *view);

/**
 * couche_heat_source_busy() - whether a walk runs
 * @source: source
 *
 * Return: true until @done was called.
 */
bool couche_heat_source_busy(const struct couche_heat_source *source);

/**
 * couche_heat_source_get() - the heat of a volume
 * @source: source
 * @view: that it belongs to
 * @volume: place in @view
 * @window_ms: of its policy
 *
 * Return: the heat, UNKNOWN in one of its forms unless the last walk told it.
 */
struct couche_heat couche_heat_source_get(const struct couche_heat_source *source,
					  const struct couche_view *view, size_t volume,
					  uint64_t window_ms);

/**
 * couche_heat_source_error() - how the last walk failed
 * @source: source
 * @ret_kind: none when it did not
 *
 * Return: a sentence, "" when it did not fail.
 */
const char *couche_heat_source_error(const struct couche_heat_source *source,
				     enum couche_kind *ret_kind);

/**
 * couche_heat_source_rung() - which rung answered
 * @source: source
 *
 * Return: its name, or NULL.
 */
const char *couche_heat_source_rung(const struct couche_heat_source *source);

/**
 * couche_heat_source_forget() - drop the answer, as after a change of policy
 * @source: source
 */
void couche_heat_source_forget(struct couche_heat_source *source);

/**
 * couche_heat_source_free() - stop and free
 * @source: source, or NULL
 */
void couche_heat_source_free(struct couche_heat_source *source);

#endif /* COUCHE_OBSERVE_HEAT_H */
