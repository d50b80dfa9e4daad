// SPDX-License-Identifier: GPL-2.0-only
#include "agent/observe/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/lib/cleanup.h"
#include "agent/lib/netlink.h"

/* Events taken in one go before the loop may do something else. */
#define MAX_EVENTS 64

struct couche_kernel {
	sd_event *event;
	sd_event_source *source;
	struct couche_nl *nl;
	struct couche_view view;
	uint64_t refreshed_ms;		/* monotonic, 0: never */
	couche_kernel_event_fn on_event;
	void *userdata;
};

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void view_clear(struct couche_view *view)
{
	free(view->pools);
	free(view->legs);
	free(view->volumes);
	free(view->migrations);
	*view = (struct couche_view){ 0 };
}

static void close_session(struct couche_kernel *kernel)
{
	kernel->source = sd_event_source_disable_unref(kernel->source);
	couche_nl_close(kernel->nl);
	kernel->nl = NULL;
}

static void fail(struct couche_kernel *kernel, int error, const char *message)
{
	view_clear(&kernel->view);
	kernel->view.error = error;
	if (error == -ENOENT || error == -EOPNOTSUPP || error == -EPROTONOSUPPORT)
		snprintf(kernel->view.message, sizeof(kernel->view.message),
			 "the kernel module dm-couche is not loaded (modprobe dm-couche)");
	else
		snprintf(kernel->view.message, sizeof(kernel->view.message),
			 "the kernel module dm-couche does not answer: %s",
			 message ? message : strerror(-error));
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct couche_kernel *kernel = userdata;
	struct couche_nl_event event;

	for (unsigned int i = 0; i < MAX_EVENTS && kernel->nl; i++) {
		int r = couche_nl_next_event(kernel->nl, &event);

		if (r == -EAGAIN)
			return 0;
		/* events were lost, not the state: the next refresh has it */
		if (r == -ENOBUFS)
			continue;
		if (r < 0) {
			fail(kernel, r, couche_nl_error(kernel->nl));
			close_session(kernel);
			return 0;
		}
		kernel->on_event(&event, kernel->userdata);
	}
	return 0;
}

static int open_session(struct couche_kernel *kernel)
{
	int r = couche_nl_open(&kernel->nl);

	if (r < 0) {
		kernel->nl = NULL;
		fail(kernel, r, NULL);
		return r;
	}
	r = couche_nl_subscribe(kernel->nl);
	if (r >= 0)
		r = sd_event_add_io(kernel->event, &kernel->source, couche_nl_fd(kernel->nl),
				    EPOLLIN, on_readable, kernel);
	if (r < 0) {
		fail(kernel, r, couche_nl_error(kernel->nl));
		close_session(kernel);
		return r;
	}
	return 0;
}

/* The place of a pool in the view; nr_pools if it came or went between dumps. */
static size_t find_pool(const struct couche_view *view, const struct couche_nl_pool_id *id)
{
	size_t i = 0;

	while (i < view->nr_pools && memcmp(view->pools[i].uuid, id->uuid, sizeof(id->uuid)))
		i++;
	return i;
}

static int take_pools(struct couche_nl *nl, struct couche_view *view)
{
	_cleanup_free_ struct couche_nl_pool *pools = NULL;
	size_t nr = 0;
	int r = couche_nl_pools(nl, &pools, &nr);

	if (r < 0)
		return r;
	view->pools = calloc(nr + 1, sizeof(*view->pools));
	if (!view->pools)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		struct couche_view_pool *pool = &view->pools[view->nr_pools++];

		memcpy(pool->uuid, pools[i].id.uuid, sizeof(pool->uuid));
		memcpy(pool->name, pools[i].id.name, sizeof(pool->name));
		pool->degraded = pools[i].degraded;
		pool->read_only = pools[i].read_only;
		pool->extent_sectors = pools[i].extent_sectors;
		pool->journal_blocks = pools[i].journal_blocks;
		pool->journal_used = pools[i].journal_used;
		pool->commits = pools[i].commits;
		pool->checkpoints = pools[i].checkpoints;
		for (unsigned int t = 0; t < COUCHE_NR_TIERS; t++)
			pool->tiers[t] = (struct couche_view_tier){
				.k = pools[i].tier[t].k,
				.m = pools[i].tier[t].m,
				.sectors = pools[i].tier[t].sectors,
				.used_sectors = pools[i].tier[t].used_sectors,
			};
	}
	return 0;
}

static int take_legs(struct couche_nl *nl, struct couche_view *view)
{
	_cleanup_free_ struct couche_nl_leg *legs = NULL;
	size_t nr = 0;
	int r = couche_nl_legs(nl, NULL, &legs, &nr);

	if (r < 0)
		return r;
	view->legs = calloc(nr + 1, sizeof(*view->legs));
	if (!view->legs)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		const struct couche_nl_leg *leg = &legs[i];
		size_t pool = find_pool(view, &leg->pool);

		if (pool == view->nr_pools)
			continue;
		view->legs[view->nr_legs++] = (struct couche_view_leg){
			.pool = pool,
			.index = leg->index,
			.role = leg->role,
			.state = leg->state,
			.present = leg->present,
			.sectors = leg->sectors,
			.used_sectors = leg->used_sectors,
			.reads = leg->reads,
			.writes = leg->writes,
			.read_errors = leg->read_errors,
			.write_errors = leg->write_errors,
			.csum_errors = leg->csum_errors,
		};
	}
	return 0;
}

static void volume_fill(struct couche_view_volume *volume, const struct couche_nl_volume *from,
			size_t pool)
{
	*volume = (struct couche_view_volume){
		.pool = pool,
		.id = from->id,
		.sectors = from->sectors,
		.generation = from->generation,
		.extents = from->extents,
		.reads = from->reads,
		.writes = from->writes,
		.read_sectors = from->read_sectors,
		.written_sectors = from->written_sectors,
		.degraded_reads = from->degraded_reads,
		.promotes = from->promotes,
		.lost_extents = from->lost_extents,
		.active = from->active,
	};
	memcpy(volume->uuid, from->uuid, sizeof(volume->uuid));
	memcpy(volume->name, from->name, sizeof(volume->name));
	memcpy(volume->tier_extents, from->tier_extents, sizeof(volume->tier_extents));
}

static int take_volumes(struct couche_nl *nl, struct couche_view *view)
{
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	size_t nr = 0;
	int r = couche_nl_volumes(nl, NULL, &volumes, &nr);

	if (r < 0)
		return r;
	view->volumes = calloc(nr + 1, sizeof(*view->volumes));
	if (!view->volumes)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		size_t pool = find_pool(view, &volumes[i].pool);

		if (pool < view->nr_pools)
			volume_fill(&view->volumes[view->nr_volumes++], &volumes[i], pool);
	}
	return 0;
}

static int take_migrations(struct couche_nl *nl, struct couche_view *view)
{
	_cleanup_free_ struct couche_nl_migration *migrations = NULL;
	size_t nr = 0;
	int r = couche_nl_migrations(nl, NULL, &migrations, &nr);

	if (r < 0)
		return r;
	view->migrations = calloc(nr + 1, sizeof(*view->migrations));
	if (!view->migrations)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		const struct couche_nl_migration *migration = &migrations[i];
		size_t pool = find_pool(view, &migration->pool);

		if (pool == view->nr_pools)
			continue;
		view->migrations[view->nr_migrations++] = (struct couche_view_migration){
			.pool = pool,
			.id = migration->id,
			.volume = migration->volume,
			.tier = migration->tier,
			.state = migration->state,
			.error = migration->error,
			.moved = migration->moved,
			.skipped = migration->skipped,
			.bytes = migration->bytes,
			.races = migration->races,
			.elapsed_ms = migration->elapsed_ms,
		};
	}
	return 0;
}

static int take_view(struct couche_nl *nl, struct couche_view *view)
{
	int r = take_pools(nl, view);

	if (r >= 0)
		r = take_legs(nl, view);
	if (r >= 0)
		r = take_volumes(nl, view);
	/* last: an order that ended meanwhile must not look as if it never was */
	if (r >= 0)
		r = take_migrations(nl, view);
	return r < 0 ? r : 0;
}

int couche_kernel_refresh(struct couche_kernel *kernel, uint64_t max_age_ms)
{
	uint64_t now_ms = monotonic_ms();
	struct couche_view view = { 0 };
	int r;

	if (kernel->refreshed_ms && now_ms - kernel->refreshed_ms < max_age_ms)
		return kernel->view.error;
	kernel->refreshed_ms = now_ms;
	if (!kernel->nl) {
		r = open_session(kernel);
		if (r < 0)
			return r;
	}
	r = take_view(kernel->nl, &view);
	if (r) {
		view_clear(&view);
		fail(kernel, r, couche_nl_error(kernel->nl));
		close_session(kernel);
		return r;
	}
	view_clear(&kernel->view);
	view.valid = true;
	kernel->view = view;
	return 0;
}

int couche_kernel_create(sd_event *event, couche_kernel_event_fn on_event, void *userdata,
			 struct couche_kernel **ret)
{
	struct couche_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return -ENOMEM;
	kernel->event = sd_event_ref(event);
	kernel->on_event = on_event;
	kernel->userdata = userdata;
	fail(kernel, -EAGAIN, "not asked yet");
	*ret = kernel;
	return 0;
}

const struct couche_view *couche_kernel_view(const struct couche_kernel *kernel)
{
	return &kernel->view;
}

struct couche_nl *couche_kernel_session(struct couche_kernel *kernel)
{
	return kernel->nl;
}

void couche_kernel_free(struct couche_kernel *kernel)
{
	if (!kernel)
		return;
	close_session(kernel);
	view_clear(&kernel->view);
	sd_event_unref(kernel->event);
	free(kernel);
}
