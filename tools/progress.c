// SPDX-License-Identifier: GPL-2.0-only
/* One line that says how far a migration is. */
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
 * couche_progress_format() - how far is it?
 * @migration: its state
 * @bar: begin with a bar
 * @out: where to
 *
 * The time left is that of the extents left at the pace of those moved so
 * far. Extents that were skipped cost no time, so they count as done but not
 * as pace.
 */
void couche_progress_format(const struct couche_nl_migration *migration, bool bar,
			    char out[COUCHE_PROGRESS_TEXT])
{
	uint64_t done = migration->moved + migration->skipped;
	uint64_t total = migration->count > done ? migration->count : done;
	unsigned int percent = total ? done * 100 / total : 0;
	char picture[BAR_WIDTH + 1], bytes[COUCHE_SIZE_TEXT], rate[COUCHE_SIZE_TEXT];
	char eta[COUCHE_SIZE_TEXT];
	int len = 0;

	out[0] = '\0';
	if (bar) {
		format_bar(picture, percent);
		len = snprintf(out, COUCHE_PROGRESS_TEXT, "[%s] ", picture);
	}
	len += snprintf(out + len, COUCHE_PROGRESS_TEXT - len, "%3u%% %s %s", percent,
			couche_size_format(migration->bytes, bytes),
			couche_migration_state_name(migration->state));
	if (!migration->elapsed_ms || !migration->moved)
		return;
	couche_size_format(migration->bytes * 1000 / migration->elapsed_ms, rate);
	len += snprintf(out + len, COUCHE_PROGRESS_TEXT - len, " %s/s", rate);
	if (migration->state >= COUCHE_MIGRATION_DONE)
		return;
	couche_eta_format((total - done) * migration->elapsed_ms / migration->moved, eta);
	snprintf(out + len, COUCHE_PROGRESS_TEXT - len, " ETA %s", eta);
}
