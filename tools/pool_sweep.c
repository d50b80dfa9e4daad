// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pool.h"
#include "size.h"

#define RATE_AS_IS	UINT64_MAX

static uint64_t rate = RATE_AS_IS;

const struct couche_option couche_pool_sweep_options[] = {
	{ "rate", 0, COUCHE_OPTION_RATE, &rate, "RATE",
	  "at most so much, such as 50MiB/s; 0: as the module is set" },
	{ NULL }
};

static const char * const orders[] = COUCHE_SWEEP_ORDER_NAMES;

static const char * const commands[COUCHE_NL_SWEEPS] = {
	[COUCHE_SWEEP_REBUILD] = "pool rebuild", [COUCHE_SWEEP_SCRUB] = "pool scrub",
	[COUCHE_SWEEP_RESHAPE] = "pool reshape",
};

static void print_text(enum couche_sweep_kind kind, const struct couche_nl_pool *pool,
		       const struct couche_nl_sweep *s)
{
	char bytes[COUCHE_SIZE_TEXT];

	printf("%s: %s %s: %" PRIu64 " of %" PRIu64 " extents, %s", pool->id.name,
	       couche_sweep_name(kind), couche_sweep_state_name(s->state), s->done, s->total,
	       couche_size_format(s->bytes, bytes));
	if (kind == COUCHE_SWEEP_SCRUB)
		printf(", %" PRIu64 " wrong shards, %" PRIu64 " repaired", s->bad, s->repaired);
	if (s->failed)
		printf(", %" PRIu64 " extents could not be brought in order", s->failed);
	printf("\n");
	if (s->interval)
		printf("It starts by itself %s after its end\n",
		       couche_eta_format(s->interval * UINT64_C(1000), bytes));
	if (s->state == COUCHE_SWEEP_WAITING)
		printf("It waits for a healthy leg or for room: see couchectl leg list %s\n",
		       pool->id.name);
}

static bool print_whole(const struct couche_ctl *ctl,
			enum couche_sweep_kind kind,
			const struct couche_nl_pool *pool)
{
	_cleanup_(couche_doc_free) cJSON *doc =
		couche_doc_create(commands[kind]);

	couche_show_sweep(couche_doc_add_object(doc, couche_sweep_name(kind)),
			  &pool->id, &pool->sweep[kind]);
	return couche_doc_print_whole(ctl, doc);
}

static int show(const struct couche_ctl *ctl, enum couche_sweep_kind kind,
		const struct couche_nl_pool *pool)
{
	const struct couche_nl_sweep *s = &pool->sweep[kind];

	if (!print_whole(ctl, kind, pool))
		print_text(kind, pool, s);
	return s->failed ? COUCHE_EXIT_DEGRADED : 0;
}

static int give_order(const struct couche_ctl *ctl, struct couche_nl *nl,
		      enum couche_sweep_kind kind, int order,
		      const struct couche_nl_pool *pool)
{
	const char *what = couche_sweep_name(kind);
	struct couche_nl_pool now;
	int r;

	if (ctl->dry_run) {
		printf("would %s the %s of %s\n", orders[order], what,
		       pool->id.name);
		return 0;
	}
	r = couche_nl_sweep(nl, pool->id.uuid, kind, order,
			    rate == RATE_AS_IS ? NULL : &rate);
	if (r)
		return couche_session_fail(nl, r, pool->id.name, what);
	r = couche_nl_pool(nl, pool->id.uuid, &now);
	if (r)
		return couche_session_fail(nl, r, pool->id.name,
					   "its state cannot be read");
	if (!print_whole(ctl, kind, &now))
		couche_note(ctl, "%s: %s: %s", pool->id.name, what,
			    orders[order]);
	return 0;
}

static int order_of(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		if (!strcmp(word, orders[i]))
			return i;
	return -ENOENT;
}

static int run(struct couche_ctl *ctl, enum couche_sweep_kind kind, int nr_args, char **args)
{
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	bool status = nr_args == 2 && !strcmp(args[0], "status");
	struct couche_nl_pool pool;
	int order = 0, r;

	if (nr_args == 2 && !status)
		order = order_of(args[0]);
	if (nr_args != 2 || order < 0)
		return couche_fail(COUCHE_EXIT_USAGE, commands[kind],
				   "takes start, pause, resume, stop, rate or status, and POOL");
	if (order == COUCHE_SWEEP_RATE && rate == RATE_AS_IS)
		return couche_fail(COUCHE_EXIT_USAGE, commands[kind],
				   "rate needs --rate, such as 50MiB/s, or 0 for the module's");
	r = couche_session_open(&nl);
	if (!r)
		r = couche_session_pool(nl, args[1], &pool);
	if (r)
		return r;
	return status ? show(ctl, kind, &pool) :
			give_order(ctl, nl, kind, order, &pool);
}

/**
 * couche_pool_scrub() - pool scrub start|pause|resume|stop|rate|status POOL
 * @ctl: common options
 * @nr_args: how many
 * @args: the order and the pool
 *
 * Return: exit status.
 */
int couche_pool_scrub(struct couche_ctl *ctl, int nr_args, char **args)
{
	return run(ctl, COUCHE_SWEEP_SCRUB, nr_args, args);
}

/**
 * couche_pool_rebuild() - pool rebuild start|pause|resume|stop|rate|status POOL
 * @ctl: common options
 * @nr_args: how many
 * @args: the order and the pool
 *
 * Return: exit status.
 */
int couche_pool_rebuild(struct couche_ctl *ctl, int nr_args, char **args)
{
	return run(ctl, COUCHE_SWEEP_REBUILD, nr_args, args);
}

/**
 * couche_pool_reshape() - pool reshape start|pause|resume|stop|rate|status POOL
 * @ctl: common options
 * @nr_args: how many
 * @args: the order and the pool
 *
 * Return: exit status.
 */
int couche_pool_reshape(struct couche_ctl *ctl, int nr_args, char **args)
{
	return run(ctl, COUCHE_SWEEP_RESHAPE, nr_args, args);
}
