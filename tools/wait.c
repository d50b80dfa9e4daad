// SPDX-License-Identifier: GPL-2.0-only
#include "wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pool.h"
#include "size.h"

#define POLL_MS		1000
#define CANCEL_MS	10000
#define PLAIN_EVERY_MS	5000	/* between lines when there is no terminal */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signo)
{
	interrupted = 1;
}

/**
 * couche_wait_prepare() - begin to listen, before what is waited for is started
 * @wait: filled
 * @nl: the session
 * @cancel_on_interrupt: Ctrl-C ends the migration too
 */
void couche_wait_prepare(struct couche_wait *wait, struct couche_nl *nl,
			 bool cancel_on_interrupt)
{
	/* no SA_RESTART: poll() shall return */
	struct sigaction action = { .sa_handler = on_interrupt };

	memset(wait, 0, sizeof(*wait));
	wait->nl = nl;
	wait->poll_ms = POLL_MS;
	wait->cancel_on_interrupt = cancel_on_interrupt;
	wait->events = !couche_nl_subscribe(nl);
	sigaction(SIGINT, &action, NULL);
}

/**
 * couche_wait_now_ms() - a clock for durations
 *
 * Return: milliseconds since some instant.
 */
uint64_t couche_wait_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int find(struct couche_nl *nl, const struct couche_nl_pool *pool, uint32_t id,
		struct couche_nl_migration *migration)
{
	_cleanup_free_ struct couche_nl_migration *all = NULL;
	size_t nr, i;
	int r;

	r = couche_nl_migrations(nl, pool->id.uuid, &all, &nr);
	if (r)
		return couche_session_fail(nl, r, pool->id.name, "cannot list the migrations");
	for (i = 0; i < nr; i++) {
		if (all[i].id == id) {
			*migration = all[i];
			return 0;
		}
	}
	return couche_fail(COUCHE_EXIT_NOT_FOUND, pool->id.name,
			   "no migration %u, or it ended long ago; see couchectl migrate list", id);
}

/* Sleeps until an event, or some time has passed; events only wake us up. */
static void sleep_until_news(struct couche_wait *wait)
{
	struct pollfd fd = { .fd = wait->events ? couche_nl_fd(wait->nl) : -1, .events = POLLIN };
	struct couche_nl_event event;
	int r;

	if (interrupted || poll(&fd, 1, wait->poll_ms) <= 0)
		return;
	do {
		r = couche_nl_next_event(wait->nl, &event);
	} while (!r || r == -ENOBUFS);
}

static void draw(struct couche_wait *wait, const struct couche_ctl *ctl, const char *object,
		 const struct couche_progress *progress)
{
	char text[COUCHE_PROGRESS_TEXT];
	uint64_t now = couche_wait_now_ms();

	if (ctl->quiet || ctl->no_progress)
		return;
	couche_progress_format(progress, wait->bar, text);
	if (wait->bar) {
		fprintf(stderr, "\r%s%s%s\033[K", wait->colour ? "\033[36m" : "", text,
			wait->colour ? "\033[0m" : "");
		fflush(stderr);
	} else if (!wait->drawn_ms || now - wait->drawn_ms >= PLAIN_EVERY_MS) {
		wait->drawn_ms = now;
		fprintf(stderr, "%s: %s\n", object, text);
	}
}

/**
 * couche_wait_until() - look again and again until it has ended
 * @wait: a prepared one
 * @ctl: the global options
 * @object: what is waited for, for a person
 * @look: says how far it is, or returns an exit code, its line printed
 * @arg: for @look
 *
 * Return: 0, COUCHE_EXIT_INTERRUPTED without a line, or that exit code.
 */
int couche_wait_until(struct couche_wait *wait, const struct couche_ctl *ctl, const char *object,
		      int (*look)(void *arg, struct couche_progress *progress), void *arg)
{
	struct couche_progress progress = { 0 };
	bool drawn = false;
	int r;

	wait->bar = couche_is_tty(STDERR_FILENO);
	wait->colour = wait->bar && !getenv("NO_COLOR");
	for (;;) {
		r = look(arg, &progress);
		if (r)
			break;
		draw(wait, ctl, object, &progress);
		drawn = true;
		if (progress.ended || interrupted)
			break;
		sleep_until_news(wait);
	}
	if (drawn && wait->bar && !ctl->quiet && !ctl->no_progress)
		fputc('\n', stderr);
	if (r || progress.ended)
		return r;
	return COUCHE_EXIT_INTERRUPTED;
}

/**
 * couche_wait_ended() - let a cancelled migration come to its end
 * @nl: the session
 * @pool: the pool
 * @id: of the migration
 *
 * The kernel finishes the extent it is at; the next order for the volume is
 * refused until then. Gives up after ten seconds.
 *
 * Return: 0 or an exit code.
 */
int couche_wait_ended(struct couche_nl *nl, const struct couche_nl_pool *pool, uint32_t id)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000000 };
	uint64_t end = couche_wait_now_ms() + CANCEL_MS;
	struct couche_nl_migration migration;
	int r;

	do {
		r = find(nl, pool, id, &migration);
		if (r || migration.state >= COUCHE_MIGRATION_DONE)
			return r;
		nanosleep(&pause, NULL);
	} while (couche_wait_now_ms() < end);
	return couche_fail(COUCHE_EXIT_TIMEOUT, pool->id.name,
			   "migration %u has not ended yet; see couchectl migrate list", id);
}

static int report(const struct couche_ctl *ctl, const struct couche_nl_pool *pool,
		  const struct couche_nl_migration *migration)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("migrate");
	char object[96], bytes[COUCHE_SIZE_TEXT], elapsed[COUCHE_SIZE_TEXT];

	couche_show_migration(couche_doc_add_object(doc, "migration"), migration);
	couche_doc_print_whole(ctl, doc);
	snprintf(object, sizeof(object), "%s migration %u", pool->id.name, migration->id);
	switch (migration->state) {
	case COUCHE_MIGRATION_DONE:
		if (ctl->output == COUCHE_OUTPUT_JSON || ctl->output == COUCHE_OUTPUT_YAML)
			return 0;
		couche_note(ctl, "%s: done, %llu extents (%s) moved, %llu skipped, in %s", object,
			    (unsigned long long)migration->moved,
			    couche_size_format(migration->bytes, bytes),
			    (unsigned long long)migration->skipped,
			    couche_eta_format(migration->elapsed_ms, elapsed));
		return 0;
	case COUCHE_MIGRATION_TIMEOUT:
		return couche_fail(COUCHE_EXIT_TIMEOUT, object,
				   "did not end in time, %llu extents were moved; start it again for the rest",
				   (unsigned long long)migration->moved);
	case COUCHE_MIGRATION_CANCELLED:
		return couche_fail(COUCHE_EXIT_FAILURE, object,
				   "was cancelled, %llu extents were moved; start it again for the rest",
				   (unsigned long long)migration->moved);
	default:
		return couche_fail(COUCHE_EXIT_FAILURE, object,
				   "failed (%s), %llu extents were moved; see couchectl pool status %s",
				   couche_migration_error_text(migration->error),
				   (unsigned long long)migration->moved, pool->id.name);
	}
}

static int give_up(struct couche_wait *wait, const struct couche_nl_pool *pool, uint32_t id)
{
	char object[96];
	int r;

	snprintf(object, sizeof(object), "%s migration %u", pool->id.name, id);
	if (!wait->cancel_on_interrupt)
		return couche_fail(COUCHE_EXIT_INTERRUPTED, object,
				   "it goes on in the kernel; stop it with couchectl migrate cancel %s %u",
				   pool->id.name, id);
	r = couche_nl_migrate_cancel(wait->nl, pool->id.uuid, id);
	if (r)
		return couche_session_fail(wait->nl, r, object, "cannot be cancelled");
	r = couche_wait_ended(wait->nl, pool, id);
	if (r)
		return r;
	return couche_fail(COUCHE_EXIT_INTERRUPTED, object,
			   "interrupted and cancelled; what was moved stays moved");
}

struct migration_wait {
	struct couche_wait *wait;
	const struct couche_nl_pool *pool;
	uint32_t id;
	struct couche_nl_migration migration;
};

static int look_at_migration(void *arg, struct couche_progress *progress)
{
	struct migration_wait *m = arg;
	int r = find(m->wait->nl, m->pool, m->id, &m->migration);

	if (!r)
		couche_progress_of_migration(&m->migration, progress);
	return r;
}

/**
 * couche_wait_run() - wait until a migration ended
 * @wait: a prepared one
 * @ctl: the global options
 * @pool: the pool
 * @id: of the migration
 *
 * Return: 0 if it was done, COUCHE_EXIT_TIMEOUT, COUCHE_EXIT_INTERRUPTED or
 * another exit code.
 */
int couche_wait_run(struct couche_wait *wait, const struct couche_ctl *ctl,
		    const struct couche_nl_pool *pool, uint32_t id)
{
	struct migration_wait m = { .wait = wait, .pool = pool, .id = id };
	char object[96];
	int r;

	snprintf(object, sizeof(object), "%s migration %u", pool->id.name, id);
	r = couche_wait_until(wait, ctl, object, look_at_migration, &m);
	if (r == COUCHE_EXIT_INTERRUPTED)
		return give_up(wait, pool, id);
	return r ?: report(ctl, pool, &m.migration);
}
