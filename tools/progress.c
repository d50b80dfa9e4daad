// SPDX-License-Identifier: GPL-2.0-only
/* One line that says how far something is. */
#include <stdio.h>
#include <string.h>

#include "pool.h"
#include "size.h"
#include "wait.h"

#define BAR_WIDTH	30

static void format_bar(char *out, unsigned int percent)
{
	unsigned int filled = percent * BAR_WIDTH / 100;

	memset(out, '.', BAR_WIDTH);
	memset(out, '#', filled);
	out[BAR_WIDTH] = '\0';
}

/**
 * couche_progress_of_migration() - how far is a migration?
 * @migration: its state
 * @progress: filled
 *
 * Extents that were skipped cost no time, so they count as done but not as
 * pace.
 */
void couche_progress_of_migration(const struct couche_nl_migration *migration,
				  struct couche_progress *progress)
{
	*progress = (struct couche_progress){
		.done = migration->moved + migration->skipped,
		.total = migration->count,
		.moved = migration->moved,
		.bytes = migration->bytes,
		.elapsed_ms = migration->elapsed_ms,
		.state = couche_migration_state_name(migration->state),
		.ended = migration->state >= COUCHE_MIGRATION_DONE,
	};
}

/**
 * couche_progress_format() - how far is it?
 * @progress: numbers
 * @bar: begin with a bar
 * @out: where to
 *
 * Of what nobody knows the end of, the state and the time it took so far. Else
 * the time left is that of the parts left at the pace of those moved so far.
 */
void couche_progress_format(const struct couche_progress *progress, bool bar,
			    char out[COUCHE_PROGRESS_TEXT])
{
	uint64_t done = progress->done;
	uint64_t total = progress->total > done ? progress->total : done;
	unsigned int percent = total ? done * 100 / total : 0;
	char picture[BAR_WIDTH + 1], bytes[COUCHE_SIZE_TEXT], rate[COUCHE_SIZE_TEXT];
	char eta[COUCHE_SIZE_TEXT];
	int len = 0;

	out[0] = '\0';
	if (progress->endless) {
		snprintf(out, COUCHE_PROGRESS_TEXT, "%s, %s", progress->state,
			 couche_eta_format(progress->elapsed_ms, eta));
		return;
	}
	if (bar) {
		format_bar(picture, percent);
		len = snprintf(out, COUCHE_PROGRESS_TEXT, "[%s] ", picture);
	}
	len += snprintf(out + len, COUCHE_PROGRESS_TEXT - len, "%3u%% %s %s", percent,
			couche_size_format(progress->bytes, bytes), progress->state);
	if (!progress->elapsed_ms || !progress->moved)
		return;
	couche_size_format(progress->bytes * 1000 / progress->elapsed_ms, rate);
	len += snprintf(out + len, COUCHE_PROGRESS_TEXT - len, " %s/s", rate);
	if (progress->ended)
		return;
	couche_eta_format((total - done) * progress->elapsed_ms / progress->moved, eta);
	snprintf(out + len, COUCHE_PROGRESS_TEXT - len, " ETA %s", eta);
}
