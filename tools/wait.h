/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for a migration, a flush, a sweep or a leg, with a progress bar where
 * a person looks on.
 *
 * Events wake the wait up; since they may be lost, the kernel is also asked
 * once a second, or as often as poll_ms says where there are none. Ctrl-C ends
 * the wait, not what is waited for, unless told so. The handler of SIGINT is
 * installed by couche_wait_prepare() and stays.
 */
#ifndef COUCHE_TOOLS_WAIT_H
#define COUCHE_TOOLS_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "couchectl.h"
#include "session.h"

struct couche_wait {
	struct couche_nl *nl;
	bool cancel_on_interrupt;
	bool events;		/* they can be had */
	bool bar;		/* a progress bar is on the screen */
	bool colour;
	unsigned int poll_ms;	/* between two looks without an event */
	uint64_t drawn_ms;	/* when a line was printed last */
};

/* How far something is. */
struct couche_progress {
	uint64_t done, total;	/* parts: extents or blocks */
	uint64_t moved;		/* those of done that took their time */
	uint64_t bytes;
	uint64_t elapsed_ms;
	const char *state;
	bool endless;		/* nobody knows of how many parts; there is a time only */
	bool ended;
};

void couche_wait_prepare(struct couche_wait *wait, struct couche_nl *nl,
			 bool cancel_on_interrupt);
uint64_t couche_wait_now_ms(void);
int couche_wait_until(struct couche_wait *wait, const struct couche_ctl *ctl, const char *object,
		      int (*look)(void *arg, struct couche_progress *progress), void *arg);
int couche_wait_run(struct couche_wait *wait, const struct couche_ctl *ctl,
		    const struct couche_nl_pool *pool, uint32_t id);
int couche_wait_ended(struct couche_nl *nl, const struct couche_nl_pool *pool, uint32_t id);

/* progress.c: pure, for the tests */
#define COUCHE_PROGRESS_TEXT	160

void couche_progress_format(const struct couche_progress *progress, bool bar,
			    char out[COUCHE_PROGRESS_TEXT]);
void couche_progress_of_migration(const struct couche_nl_migration *migration,
				  struct couche_progress *progress);

#endif
