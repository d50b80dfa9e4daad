/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as the agent sees it: a netlink session that is opened when the
 * module is there, a view that is renewed on demand, and events. Loop's thread
 * only. The view stays at one address for the life of this object; a refresh
 * replaces what it holds, so nobody keeps pointers into its arrays. When the
 * module is missing or does not answer, the view is invalid and says why, and
 * the next refresh tries again.
 */
#ifndef COUCHE_OBSERVE_KERNEL_H
#define COUCHE_OBSERVE_KERNEL_H

#include <systemd/sd-event.h>

#include "agent/observe/view.h"

struct couche_kernel;
struct couche_nl;
struct couche_nl_event;

typedef void (*couche_kernel_event_fn)(const struct couche_nl_event *event, void *userdata);

/**
 * couche_kernel_create() - prepare to watch the kernel
 * @event: loop
 * @on_event: called for each event of the kernel, from the loop
 * @userdata: for @on_event
 * @ret: the watcher
 *
 * Return: 0 or -ENOMEM. A missing module is no failure.
 */
int couche_kernel_create(sd_event *event, couche_kernel_event_fn on_event, void *userdata,
			 struct couche_kernel **ret);

/**
 * couche_kernel_refresh() - renew the view
 * @kernel: watcher
 * @max_age_ms: a view that is younger stays
 *
 * Return: 0, or why the view is invalid now.
 */
int couche_kernel_refresh(struct couche_kernel *kernel, uint64_t max_age_ms);

/**
 * couche_kernel_view() - what is known
 * @kernel: watcher
 *
 * Return: the view, perhaps invalid.
 */
const struct couche_view *couche_kernel_view(const struct couche_kernel *kernel);

/**
 * couche_kernel_session() - for orders
 * @kernel: watcher
 *
 * Return: the session, NULL while there is none.
 */
struct couche_nl *couche_kernel_session(struct couche_kernel *kernel);

/**
 * couche_kernel_free() - stop and free
 * @kernel: watcher, or NULL
 */
void couche_kernel_free(struct couche_kernel *kernel);

#endif /* COUCHE_OBSERVE_KERNEL_H */
