// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for a leg to be empty. */
#include <stdio.h>
#include <stdlib.h>

#include "leg.h"
#include "pool.h"
#include "wait.h"

#define SECTOR		512
#define STUCK_MS	60000	/* until nobody believes that it goes on */

struct drain {
	struct couche_nl *nl;
	const struct couche_nl_pool *pool;
	struct couche_nl_leg *leg;
	char object[96];
	uint64_t began_ms;
	uint64_t used_sectors;
	uint64_t moved_ms;		/* when used_sectors changed last */
};

static int find(struct drain *d)
{
	_cleanup_free_ struct couche_nl_leg *legs = NULL;
	uint32_t index = d->leg->index;
	size_t nr, i;
	int r = couche_nl_legs(d->nl, d->pool->id.uuid, &legs, &nr);

	if (r)
		return couche_session_fail(d->nl, r, d->object, "its state cannot be read");
	for (i = 0; i < nr; i++) {
		if (legs[i].index == index) {
			*d->leg = legs[i];
			return 0;
		}
	}
	return couche_fail(COUCHE_EXIT_NOT_FOUND, d->object, "has been removed; see couchectl leg list %s",
			   d->pool->id.name);
}

static int look(void *arg, struct couche_progress *progress)
{
	struct drain *d = arg;
	const struct couche_nl_leg *leg = d->leg;
	int r = find(d);

	if (r)
		return r;
	if (!leg->draining)
		return couche_fail(COUCHE_EXIT_CONFLICT, d->object,
				   "is in use again; somebody ended its drain");
	if (leg->used_sectors != d->used_sectors)
		d->moved_ms = couche_wait_now_ms();
	d->used_sectors = leg->used_sectors;
	if (leg->used_sectors && couche_wait_now_ms() - d->moved_ms >= STUCK_MS)
		return couche_fail(COUCHE_EXIT_FAILURE, d->object,
				   "is being drained but makes no progress; the kernel log says why, see also couchectl pool status %s",
				   d->pool->id.name);
	*progress = (struct couche_progress){
		.done = leg->drain_moved,
		.total = leg->drain_moved + leg->drain_left,
		.moved = leg->drain_moved,
		.bytes = leg->drain_moved * d->pool->extent_sectors * SECTOR,
		.elapsed_ms = couche_wait_now_ms() - d->began_ms,
		.state = leg->used_sectors ? "drain" : "empty",
		.ended = !leg->used_sectors,
	};
	return 0;
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
	struct drain d = { .nl = nl, .pool = pool, .leg = leg };
	struct couche_wait wait;
	int r;

	snprintf(d.object, sizeof(d.object), "%s leg %u", pool->id.name, leg->index);
	d.began_ms = couche_wait_now_ms();
	d.moved_ms = d.began_ms;
	couche_wait_prepare(&wait, nl, false);
	r = couche_wait_until(&wait, ctl, d.object, look, &d);
	if (r != COUCHE_EXIT_INTERRUPTED)
		return r;
	return couche_fail(r, d.object,
			   "it goes on in the kernel; stop it with couchectl leg undrain %s %u",
			   pool->id.name, leg->index);
}
