// SPDX-License-Identifier: GPL-2.0-only
/* couchectl pool set-profile */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "pool.h"
#include "size.h"
#include "wait.h"

static struct {
	const char *matrix, *min_healthy;
	uint64_t rate;
	bool no_wait;
} opt;

const struct couche_option couche_pool_profile_options[] = {
	{ "matrix", 0, COUCHE_OPTION_TEXT, &opt.matrix, "MATRIX",
	  "vandermonde or cauchy (default: the faster one that fits)" },
	{ "min-healthy", 0, COUCHE_OPTION_TEXT, &opt.min_healthy, "N",
	  "shards that a new extent needs, K to K+M (default K)" },
	{ "rate", 0, COUCHE_OPTION_RATE, &opt.rate, "RATE",
	  "move at most so much, such as 50MiB/s" },
	{ "no-wait", 0, COUCHE_OPTION_FLAG, &opt.no_wait, NULL,
	  "do not wait until all extents are stored so" },
	{ NULL }
};

struct change {
	struct couche_nl *nl;
	struct couche_nl_pool pool;
	struct couche_wait wait;
	uint64_t began_ms;
};

static void change_destroy(struct change *c)
{
	couche_nl_close(c->nl);
}

static int parse(int nr_args, char **args, struct couche_nl_profile *profile)
{
	static struct couche_plan_profile shape;
	int r;

	if (nr_args != 3)
		return couche_fail(COUCHE_EXIT_USAGE, "pool set-profile",
				   "takes POOL, TIER and a profile such as 8+3");
	if (strcmp(args[1], couche_tier_name(COUCHE_TIER_COLD)))
		return couche_fail(COUCHE_EXIT_USAGE, "pool set-profile",
				   "only the profile of the cold tier can be changed, not of '%s'",
				   args[1]);
	r = couche_profile_parse("pool set-profile", args[2], &shape);
	profile->tier = COUCHE_TIER_COLD;
	profile->k = shape.k;
	profile->m = shape.m;
	if (!r && opt.matrix) {
		r = couche_matrix_parse("--matrix", opt.matrix, &shape.matrix);
		profile->matrix = &shape.matrix;
	}
	if (!r && opt.min_healthy)
		r = couche_min_healthy_parse("--min-healthy", opt.min_healthy,
					     &profile->min_healthy);
	if (!r && profile->min_healthy &&
	    (profile->min_healthy < shape.k || profile->min_healthy > shape.k + shape.m))
		return couche_fail(COUCHE_EXIT_USAGE, "--min-healthy",
				   "a stripe of %u+%u cannot need %u shards; give %u to %u",
				   shape.k, shape.m, profile->min_healthy, shape.k,
				   shape.k + shape.m);
	return r;
}

static bool lacks_legs(int error, const char *why)
{
	return error == -ENOSPC || (error == -EINVAL && !strncmp(why, "nr_legs:", 8));
}

/* What the kernel says is wrong, and what can be done about it. */
static int refused(const struct couche_nl *nl, int error, const char *name)
{
	const char *why = couche_nl_error(nl) ?: "";
	char remedy[256] = "give another profile";
	size_t size = sizeof(remedy);

	if (error == -EALREADY && opt.min_healthy)
		snprintf(remedy, size, "the minimum of healthy shards cannot be changed alone, give another profile with it");
	else if (error == -EBUSY)
		snprintf(remedy, size,
			 "see couchectl leg list %s and couchectl pool reshape status %s", name,
			 name);
	else if (error == -ENODEV)
		snprintf(remedy, size, "make another pool, with --cold DEV");
	else if (lacks_legs(error, why))
		snprintf(remedy, size, "give it more legs with couchectl leg add %s --cold DEV",
			 name);
	else if (error == -EINVAL)
		snprintf(remedy, size, "give another profile, --matrix or --min-healthy");
	else if (error != -EALREADY)
		return couche_session_fail(nl, error, name, "refused");
	return couche_fail(couche_exit_of(error), name, "refused: %s; %s",
			   *why ? why : strerror(-error), remedy);
}

static int order(const struct couche_ctl *ctl, struct couche_nl *nl,
		 const struct couche_nl_pool *pool, const struct couche_nl_profile *profile)
{
	const struct couche_nl_tier *now = &pool->tier[profile->tier];
	int r;

	if (ctl->dry_run) {
		printf("would change the %s tier of %s from %u+%u to %u+%u\n",
		       couche_tier_name(profile->tier), pool->id.name, now->k, now->m, profile->k,
		       profile->m);
		return 0;
	}
	r = couche_nl_set_profile(nl, pool->id.uuid, profile, opt.rate ? &opt.rate : NULL);
	return r ? refused(nl, r, pool->id.name) : 0;
}

static int look(void *arg, struct couche_progress *progress)
{
	struct change *c = arg;
	const struct couche_nl_sweep *sweep = &c->pool.sweep[COUCHE_SWEEP_RESHAPE];
	struct couche_nl_pool now;
	int r = couche_nl_pool(c->nl, c->pool.id.uuid, &now);

	if (r)
		return couche_session_fail(c->nl, r, c->pool.id.name, "cannot be asked");
	c->pool = now;
	*progress = (struct couche_progress){
		.done = sweep->done,
		.total = sweep->total,
		.moved = sweep->done,
		.bytes = sweep->bytes,
		.elapsed_ms = couche_wait_now_ms() - c->began_ms,
		.state = couche_sweep_state_name(sweep->state),
		.ended = sweep->state != COUCHE_SWEEP_RUNNING,
	};
	return 0;
}

static int wait_for(struct change *c, const struct couche_ctl *ctl)
{
	const struct couche_nl_sweep *sweep = &c->pool.sweep[COUCHE_SWEEP_RESHAPE];
	const char *name = c->pool.id.name;
	char object[96];
	int r;

	snprintf(object, sizeof(object), "%s set-profile", name);
	r = couche_wait_until(&c->wait, ctl, object, look, c);
	if (r == COUCHE_EXIT_INTERRUPTED)
		return couche_fail(r, object,
				   "it goes on in the kernel; see couchectl pool reshape status %s",
				   name);
	if (r)
		return r;
	if (sweep->state != COUCHE_SWEEP_IDLE)
		return couche_fail(COUCHE_EXIT_DEGRADED, object,
				   "is %s after %llu of %llu extents; see couchectl pool reshape status %s",
				   couche_sweep_state_name(sweep->state),
				   (unsigned long long)sweep->done,
				   (unsigned long long)sweep->total, name);
	return 0;
}

static void report(const struct couche_ctl *ctl, const struct change *c)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("pool set-profile");
	const struct couche_nl_sweep *sweep = &c->pool.sweep[COUCHE_SWEEP_RESHAPE];
	const struct couche_nl_tier *tier = &c->pool.tier[COUCHE_TIER_COLD];
	const char *name = c->pool.id.name;
	char profile[16];

	snprintf(profile, sizeof(profile), "%u+%u", tier->k, tier->m);
	couche_doc_add_text(doc, "pool", name);
	couche_doc_add_text(doc, "tier", couche_tier_name(COUCHE_TIER_COLD));
	couche_doc_add_text(doc, "profile", profile);
	couche_doc_add_text(doc, "matrix", couche_matrix_name(tier->matrix));
	couche_doc_add_number(doc, "min_healthy_shards", tier->min_healthy);
	couche_show_sweep(couche_doc_add_object(doc, "reshape"), &c->pool.id, sweep);
	if (couche_doc_print_whole(ctl, doc))
		return;
	if (opt.no_wait)
		couche_note(ctl, "%s: %s is %s for what is written from now on; follow the rest with couchectl pool reshape status %s",
			    name, couche_tier_name(COUCHE_TIER_COLD), profile, name);
	else
		couche_note(ctl, "%s set-profile: done, %llu extents", name,
			    (unsigned long long)sweep->done);
}

/**
 * couche_pool_set_profile() - couchectl pool set-profile POOL cold K+M
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_pool_set_profile(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(change_destroy) struct change c = { 0 };
	struct couche_nl_profile profile = { 0 };
	struct couche_progress progress;
	int r;

	r = parse(nr_args, args, &profile);
	if (!r)
		r = couche_session_open(&c.nl);
	if (!r)
		r = couche_session_pool(c.nl, args[0], &c.pool);
	if (r)
		return r;
	couche_wait_prepare(&c.wait, c.nl, false);
	c.began_ms = couche_wait_now_ms();
	r = order(ctl, c.nl, &c.pool, &profile);
	if (r || ctl->dry_run)
		return r;
	r = opt.no_wait ? look(&c, &progress) : wait_for(&c, ctl);
	if (!r)
		report(ctl, &c);
	return r;
}
