// SPDX-License-Identifier: GPL-2.0-only
/* couchectl pool flush */
#include <errno.h>
#include <stdio.h>

#include "pool.h"
#include "size.h"
#include "wait.h"

#define POLL_MS		100	/* there are no events to wait for */
#define STUCK_MS	5000	/* until nobody believes that it goes on */

static bool no_wait;

const struct couche_option couche_pool_flush_options[] = {
	{ "no-wait", 0, COUCHE_OPTION_FLAG, &no_wait, NULL,
	  "return at once; it goes on in the kernel" },
	{ NULL }
};

struct flush {
	struct couche_nl *nl;
	struct couche_nl_pool pool;
	uint64_t total;			/* blocks */
	uint64_t began_ms;
	uint32_t left;
	uint64_t moved_ms;		/* when less was left than before */
};

static int look(void *arg, struct couche_progress *progress)
{
	struct flush *f = arg;
	const char *name = f->pool.id.name;
	uint64_t now = couche_wait_now_ms();
	struct couche_nl_pool pool;
	int r = couche_nl_pool(f->nl, f->pool.id.uuid, &pool);

	if (r)
		return couche_session_fail(f->nl, r, name, "its state cannot be read");
	if (pool.flush_left != f->left)
		f->moved_ms = now;
	f->left = pool.flush_left;
	if (f->total < f->left)
		f->total = f->left;
	if (f->left && pool.read_only)
		return couche_fail(COUCHE_EXIT_FAILURE, name,
				   "takes no more writes; see couchectl pool status %s", name);
	if (f->left && pool.stage_stuck && now - f->moved_ms >= STUCK_MS)
		return couche_fail(COUCHE_EXIT_FAILURE, name,
				   "nothing of the data journal can be merged now, for want of legs or room; see couchectl pool status %s",
				   name);
	*progress = (struct couche_progress){
		.done = f->total - f->left,
		.total = f->total,
		.moved = f->total - f->left,
		.bytes = (f->total - f->left) * COUCHE_BLOCK_SIZE,
		.elapsed_ms = now - f->began_ms,
		.state = f->left ? "destage" : "done",
		.ended = !f->left,
	};
	return 0;
}

static int wait_for(struct flush *f, const struct couche_ctl *ctl, struct couche_wait *wait)
{
	char object[96];
	int r;

	snprintf(object, sizeof(object), "%s flush", f->pool.id.name);
	r = couche_wait_until(wait, ctl, object, look, f);
	if (r != COUCHE_EXIT_INTERRUPTED)
		return r;
	return couche_fail(r, object, "it goes on in the kernel; see couchectl pool status %s",
			   f->pool.id.name);
}

static void report(const struct couche_ctl *ctl, const struct flush *f)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("pool flush");
	uint64_t bytes = (f->total - f->left) * COUCHE_BLOCK_SIZE;
	uint64_t elapsed = couche_wait_now_ms() - f->began_ms;
	char size[COUCHE_SIZE_TEXT], time[COUCHE_SIZE_TEXT];

	couche_doc_add_text(doc, "pool", f->pool.id.name);
	couche_doc_add_number(doc, "flushed_bytes", bytes);
	couche_doc_add_number(doc, "left_bytes", (uint64_t)f->left * COUCHE_BLOCK_SIZE);
	couche_doc_add_number(doc, "elapsed_ms", elapsed);
	if (couche_doc_print_whole(ctl, doc))
		return;
	if (no_wait)
		couche_note(ctl, "%s: %s are being merged into stripes; see couchectl pool status %s",
			    f->pool.id.name,
			    couche_size_format((uint64_t)f->left * COUCHE_BLOCK_SIZE, size),
			    f->pool.id.name);
	else
		couche_note(ctl, "%s: %s merged into stripes in %s", f->pool.id.name,
			    couche_size_format(bytes, size), couche_eta_format(elapsed, time));
}

static int run(struct couche_ctl *ctl, struct flush *f)
{
	struct couche_progress progress;
	struct couche_wait wait;
	int r;

	couche_wait_prepare(&wait, f->nl, false);
	wait.poll_ms = POLL_MS;
	f->total = f->pool.stage_used;
	f->began_ms = couche_wait_now_ms();
	f->moved_ms = f->began_ms;
	r = couche_nl_flush(f->nl, f->pool.id.uuid);
	if (r)
		return couche_session_fail(f->nl, r, f->pool.id.name, "cannot be flushed");
	r = no_wait ? look(f, &progress) : wait_for(f, ctl, &wait);
	if (!r)
		report(ctl, f);
	return r;
}

/**
 * couche_pool_flush() - couchectl pool flush NAME
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_pool_flush(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	struct flush f = { 0 };
	char size[COUCHE_SIZE_TEXT];
	int r;

	if (nr_args != 1)
		return couche_fail(COUCHE_EXIT_USAGE, "pool flush", "takes one NAME or UUID");
	r = couche_session_open(&nl);
	if (!r)
		r = couche_session_pool(nl, args[0], &f.pool);
	if (r)
		return r;
	f.nl = nl;
	if (!f.pool.stage_slots)
		return couche_fail(COUCHE_EXIT_FAILURE, f.pool.id.name,
				   "has no data journal, so there is nothing to flush");
	if (!ctl->dry_run)
		return run(ctl, &f);
	printf("would merge %s of the data journal of %s into stripes\n",
	       couche_size_format((uint64_t)f.pool.stage_used * COUCHE_BLOCK_SIZE, size),
	       f.pool.id.name);
	return 0;
}
