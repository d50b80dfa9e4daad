// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for a leg to be empty, or to hold all that it is to hold. */
#include <stdio.h>
#include <stdlib.h>

#include "leg.h"
#include "plan.h"
#include "pool.h"
#include "wait.h"

#define SECTOR		512
#define STUCK_MS	60000	/* until nobody believes that it goes on */

struct leg_wait {
	struct couche_nl *nl;
	const struct couche_nl_pool *pool;
	struct couche_nl_leg *leg;
	char object[96];
	uint64_t began_ms;
	uint64_t seen;			/* of what changes while it goes on */
	uint64_t moved_ms;		/* when that changed last */
};

/**
 * couche_leg_look() - how is a leg now?
 * @nl: the session
 * @pool: its pool
 * @leg: found by its index and filled anew
 *
 * Return: 0 or an exit code.
 */
int couche_leg_look(struct couche_nl *nl, const struct couche_nl_pool *pool,
		    struct couche_nl_leg *leg)
{
	_cleanup_free_ struct couche_nl_leg *legs = NULL;
	uint32_t index = leg->index;
	char object[96];
	size_t nr, i;
	int r = couche_nl_legs(nl, pool->id.uuid, &legs, &nr);

	snprintf(object, sizeof(object), "%s leg %u", pool->id.name, index);
	if (r)
		return couche_session_fail(nl, r, object,
					   "its state cannot be read");
	for (i = 0; i < nr; i++) {
		if (legs[i].index == index) {
			*leg = legs[i];
			return 0;
		}
	}
	return couche_fail(COUCHE_EXIT_NOT_FOUND, object,
			   "has been removed; see couchectl leg list %s",
			   pool->id.name);
}

/* Has it been as it is for so long that nobody believes any more? */
static bool is_stuck(struct leg_wait *w, uint64_t seen)
{
	uint64_t now = couche_wait_now_ms();

	if (seen != w->seen)
		w->moved_ms = now;
	w->seen = seen;
	return now - w->moved_ms >= STUCK_MS;
}

static int look_at_drain(void *arg, struct couche_progress *progress)
{
	struct leg_wait *w = arg;
	const struct couche_nl_leg *leg = w->leg;
	int r = couche_leg_look(w->nl, w->pool, w->leg);

	if (r)
		return r;
	if (!leg->draining)
		return couche_fail(COUCHE_EXIT_CONFLICT, w->object,
				   "is in use again; somebody ended its drain");
	/* One grows, the other shrinks, group by group only. */
	if (is_stuck(w, leg->drain_moved - leg->used_sectors) && leg->used_sectors)
		return couche_fail(COUCHE_EXIT_FAILURE, w->object,
				   "is being drained but makes no progress; the kernel log says why, see also couchectl pool status %s",
				   w->pool->id.name);
	*progress = (struct couche_progress){
		.done = leg->drain_moved,
		.total = leg->drain_moved + leg->drain_left,
		.moved = leg->drain_moved,
		.bytes = leg->drain_moved * w->pool->extent_sectors * SECTOR,
		.elapsed_ms = couche_wait_now_ms() - w->began_ms,
		.state = leg->used_sectors ? "drain" : "empty",
		.ended = !leg->used_sectors,
	};
	return 0;
}

/* How much is left nobody knows; what can be seen is that it is used. */
static int look_at_restore(void *arg, struct couche_progress *progress)
{
	struct leg_wait *w = arg;
	const struct couche_nl_leg *leg = w->leg;
	const char *name = w->pool->id.name;
	int r = couche_leg_look(w->nl, w->pool, w->leg);

	if (r)
		return r;
	if (!leg->present || leg->state == COUCHE_LEG_FAILED)
		return couche_fail(COUCHE_EXIT_FAILURE, w->object,
				   "has failed again; the kernel log says why, see also couchectl pool status %s",
				   name);
	if (is_stuck(w, leg->reads + leg->writes) && leg->state != COUCHE_LEG_ONLINE)
		return couche_fail(COUCHE_EXIT_FAILURE, w->object,
				   "lacks extents that cannot be read, which the kernel log names; once they can be, give again: couchectl leg restore %s %u",
				   name, leg->index);
	*progress = (struct couche_progress){
		.elapsed_ms = couche_wait_now_ms() - w->began_ms,
		.state = couche_leg_state_name(leg->state),
		.endless = true,
		.ended = leg->state == COUCHE_LEG_ONLINE,
	};
	return 0;
}

static int wait_for(struct leg_wait *w, const struct couche_ctl *ctl,
		    int (*look)(void *arg, struct couche_progress *progress))
{
	struct couche_wait wait;

	snprintf(w->object, sizeof(w->object), "%s leg %u", w->pool->id.name,
		 w->leg->index);
	w->began_ms = couche_wait_now_ms();
	w->moved_ms = w->began_ms;
	couche_wait_prepare(&wait, w->nl, false);
	return couche_wait_until(&wait, ctl, w->object, look, w);
}

/**
 * couche_leg_wait_drained() - wait until nothing is left on a leg
 * @ctl: the global options
 * @nl: the session
 * @pool: the pool
 * @leg: one that is being drained; as it was seen last
 *
 * Return: 0, COUCHE_EXIT_INTERRUPTED or another exit code.
 */
int couche_leg_wait_drained(const struct couche_ctl *ctl, struct couche_nl *nl,
			    const struct couche_nl_pool *pool, struct couche_nl_leg *leg)
{
	struct leg_wait w = { .nl = nl, .pool = pool, .leg = leg };
	int r = wait_for(&w, ctl, look_at_drain);

	if (r != COUCHE_EXIT_INTERRUPTED)
		return r;
	return couche_fail(r, w.object,
			   "it goes on in the kernel; stop it with couchectl leg undrain %s %u",
			   pool->id.name, leg->index);
}

/**
 * couche_leg_wait_online() - wait until a leg holds all that it is to hold
 * @ctl: the global options
 * @nl: the session
 * @pool: the pool
 * @leg: one that is being restored; as it was seen last
 *
 * Return: 0, COUCHE_EXIT_INTERRUPTED or another exit code.
 */
int couche_leg_wait_online(const struct couche_ctl *ctl, struct couche_nl *nl,
			   const struct couche_nl_pool *pool,
			   struct couche_nl_leg *leg)
{
	struct leg_wait w = { .nl = nl, .pool = pool, .leg = leg };
	int r = wait_for(&w, ctl, look_at_restore);

	if (r != COUCHE_EXIT_INTERRUPTED)
		return r;
	return couche_fail(r, w.object, "it goes on in the kernel; see couchectl pool status %s",
			   pool->id.name);
}
