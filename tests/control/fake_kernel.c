// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recorded kernel for tests of the agent: the netlink session of
 * agent/lib/netlink.h, answered from a JSON file that tests may replace at any
 * time. Orders are written to a second file, one line each. A migration takes
 * the time that the file says and ends as it says; a volume that was moved
 * stays moved until the agent ends. Linked into a test program only.
 *
 *	FAKE_KERNEL	the state: {"loaded", "pools", "legs", "volumes",
 *			"migration_ms", "migration_end", "refuse"}
 *	FAKE_ORDERS	appended to
 */
#include "agent/lib/netlink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "agent/lib/uuid.h"

#define MAX_MIGRATIONS 64

struct migration {
	struct couche_nl_migration info;
	uint64_t end_ms;
	bool told;
};

struct couche_nl {
	int timer;
	char error[256];
};

/* What the kernel would remember between sessions. */
static struct migration migrations[MAX_MIGRATIONS];
static size_t nr_migrations;
static uint64_t generation_offset;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static cJSON *load(void)
{
	static char text[1 << 20];
	const char *path = getenv("FAKE_KERNEL");
	FILE *file = path ? fopen(path, "re") : NULL;
	size_t len;
	cJSON *state;

	if (!file)
		return NULL;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	state = cJSON_ParseWithLength(text, len);
	if (!state)
		abort();
	return state;
}

static void state_free(cJSON **state)
{
	cJSON_Delete(*state);
}

static uint64_t number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsBool(item))
		return cJSON_IsTrue(item);
	return item ? (uint64_t)item->valuedouble : 0;
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text;

	text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
	return text ? text : "";
}

static bool loaded(const cJSON *state)
{
	return state && number(state, "loaded");
}

static int session_lost(struct couche_nl *nl)
{
	snprintf(nl->error, sizeof(nl->error), "the family couche is gone");
	return -ENOENT;
}

int couche_nl_open(struct couche_nl **ret)
{
	_cleanup_(state_free) cJSON *state = load();
	struct couche_nl *nl;

	if (!loaded(state))
		return -ENOENT;
	nl = calloc(1, sizeof(*nl));
	if (!nl)
		return -ENOMEM;
	nl->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	*ret = nl;
	return 0;
}

void couche_nl_close(struct couche_nl *nl)
{
	if (!nl)
		return;
	close(nl->timer);
	free(nl);
}

const char *couche_nl_error(const struct couche_nl *nl)
{
	return nl->error;
}

int couche_nl_subscribe(struct couche_nl *nl)
{
	return 0;
}

int couche_nl_fd(const struct couche_nl *nl)
{
	return nl->timer;
}

/* Moves migrations to their end when their time has come. */
static void advance(const cJSON *state)
{
	const char *end = text_of(state, "migration_end");

	for (size_t i = 0; i < nr_migrations; i++) {
		struct migration *migration = &migrations[i];

		if (migration->info.state >= COUCHE_MIGRATION_DONE ||
		    now_ms() < migration->end_ms || !strcmp(end, "hang"))
			continue;
		migration->info.state = COUCHE_MIGRATION_DONE;
		migration->info.moved = 8;
		migration->info.bytes = 8 << 20;
		if (!strcmp(end, "failed")) {
			migration->info.state = COUCHE_MIGRATION_FAILED;
			migration->info.error = -EIO;
		}
		generation_offset++;
	}
}

int couche_nl_next_event(struct couche_nl *nl, struct couche_nl_event *ret)
{
	_cleanup_(state_free) cJSON *state = load();
	uint64_t ticks;

	if (read(nl->timer, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		return -errno;
	advance(state);
	for (size_t i = 0; i < nr_migrations; i++) {
		if (migrations[i].info.state < COUCHE_MIGRATION_DONE || migrations[i].told)
			continue;
		migrations[i].told = true;
		ret->type = COUCHE_NL_EVENT_MIGRATION;
		ret->migration = migrations[i].info;
		return 0;
	}
	return -EAGAIN;
}

static void pool_id(const cJSON *state, const char *name, struct couche_nl_pool_id *id)
{
	const cJSON *pool;

	cJSON_ArrayForEach(pool, cJSON_GetObjectItemCaseSensitive(state, "pools"))
		if (!*name || !strcmp(text_of(pool, "name"), name))
			break;
	if (!pool || couche_uuid_parse(text_of(pool, "uuid"), id->uuid))
		abort();
	snprintf(id->name, sizeof(id->name), "%s", text_of(pool, "name"));
}

static void fill_pool(const cJSON *state, const cJSON *from, void *to)
{
	struct couche_nl_pool *pool = to;
	const cJSON *tiers = cJSON_GetObjectItemCaseSensitive(from, "tiers"), *tier;
	int t = 0;

	pool_id(state, text_of(from, "name"), &pool->id);
	pool->degraded = number(from, "degraded");
	pool->read_only = number(from, "read_only");
	pool->extent_sectors = 2048;
	pool->segment_sectors = 131072;
	pool->journal_blocks = 4096;
	cJSON_ArrayForEach(tier, tiers) {
		pool->tier[t].k = (uint8_t)number(tier, "k");
		pool->tier[t].m = (uint8_t)number(tier, "m");
		pool->tier[t].sectors = number(tier, "sectors");
		pool->tier[t].used_sectors = number(tier, "used");
		t++;
	}
}

static void fill_volume(const cJSON *state, const cJSON *from, void *to)
{
	struct couche_nl_volume *volume = to;
	const cJSON *tiers = cJSON_GetObjectItemCaseSensitive(from, "tier_extents"), *tier;
	uint64_t total = 0;
	int t = 0;

	pool_id(state, text_of(from, "pool"), &volume->pool);
	volume->id = (uint32_t)number(from, "id");
	if (couche_uuid_parse(text_of(from, "uuid"), volume->uuid))
		abort();
	snprintf(volume->name, sizeof(volume->name), "%s", text_of(from, "name"));
	volume->sectors = number(from, "sectors");
	volume->generation = number(from, "generation") + generation_offset;
	volume->extents = volume->sectors / 2048;
	cJSON_ArrayForEach(tier, tiers)
		volume->tier_extents[t++] = (uint64_t)tier->valuedouble;
	/* counters run while the test does */
	volume->reads = now_ms() * number(from, "reads_per_second") / 1000;
	volume->writes = now_ms() * number(from, "writes_per_second") / 1000;
	for (size_t i = 0; i < nr_migrations; i++) {
		if (migrations[i].info.volume != volume->id ||
		    migrations[i].info.state != COUCHE_MIGRATION_DONE)
			continue;
		for (t = 0; t < COUCHE_NR_TIERS; t++) {
			total += volume->tier_extents[t];
			volume->tier_extents[t] = 0;
		}
		volume->tier_extents[migrations[i].info.tier] = total;
		total = 0;
	}
}

static void fill_leg(const cJSON *state, const cJSON *from, void *to)
{
	struct couche_nl_leg *leg = to;

	pool_id(state, text_of(from, "pool"), &leg->pool);
	leg->index = (uint32_t)number(from, "index");
	leg->role = (uint8_t)number(from, "role");
	leg->state = (uint8_t)number(from, "state");
	leg->present = leg->state == COUCHE_LEG_ONLINE;
	leg->sectors = 1 << 20;
}

typedef void (*fill_fn)(const cJSON *state, const cJSON *from, void *to);

/* One array of the state as an array of structures. */
static int dump(struct couche_nl *nl, const char *array, size_t size, fill_fn fill, void **ret,
		size_t *ret_nr)
{
	_cleanup_(state_free) cJSON *state = load();
	const cJSON *items, *item;

	*ret = NULL;
	*ret_nr = 0;
	if (!loaded(state))
		return session_lost(nl);
	advance(state);
	items = cJSON_GetObjectItemCaseSensitive(state, array);
	*ret = calloc((size_t)cJSON_GetArraySize(items) + 1, size);
	if (!*ret)
		return -ENOMEM;
	cJSON_ArrayForEach(item, items)
		fill(state, item, (char *)*ret + (*ret_nr)++ * size);
	return 0;
}

int couche_nl_pools(struct couche_nl *nl, struct couche_nl_pool **ret, size_t *ret_nr)
{
	return dump(nl, "pools", sizeof(**ret), fill_pool, (void **)ret, ret_nr);
}

int couche_nl_legs(struct couche_nl *nl, const uint8_t *pool, struct couche_nl_leg **ret,
		   size_t *ret_nr)
{
	return dump(nl, "legs", sizeof(**ret), fill_leg, (void **)ret, ret_nr);
}

int couche_nl_volumes(struct couche_nl *nl, const uint8_t *pool, struct couche_nl_volume **ret,
		      size_t *ret_nr)
{
	return dump(nl, "volumes", sizeof(**ret), fill_volume, (void **)ret, ret_nr);
}

int couche_nl_migrations(struct couche_nl *nl, const uint8_t *pool,
			 struct couche_nl_migration **ret, size_t *ret_nr)
{
	_cleanup_(state_free) cJSON *state = load();

	*ret = NULL;
	*ret_nr = 0;
	if (!loaded(state))
		return session_lost(nl);
	advance(state);
	*ret = calloc(MAX_MIGRATIONS, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < nr_migrations; i++)
		(*ret)[(*ret_nr)++] = migrations[i].info;
	return 0;
}

static void record(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void record(const char *format, ...)
{
	FILE *file = fopen(getenv("FAKE_ORDERS"), "ae");
	va_list args;

	if (!file)
		abort();
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

static bool generation_is_current(const cJSON *state, const struct couche_nl_migrate *args)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(state, "volumes")) {
		struct couche_nl_volume volume = { 0 };

		fill_volume(state, item, &volume);
		if (volume.id == args->volume)
			return volume.generation == args->generation;
	}
	return false;
}

int couche_nl_migrate(struct couche_nl *nl, const uint8_t *pool,
		      const struct couche_nl_migrate *args, uint32_t *ret_id)
{
	_cleanup_(state_free) cJSON *state = load();
	uint64_t after_ms = number(state, "migration_ms");
	struct itimerspec timer = { 0 };
	struct migration *migration;
	char flags[64];

	if (!loaded(state))
		return session_lost(nl);
	snprintf(flags, sizeof(flags), "preserve=%d verify=%d timeout=%u expiry=%u",
		 args->preserve, args->verify, args->timeout_ms, args->expiry_ms);
	if (*text_of(state, "refuse") || !generation_is_current(state, args)) {
		record("refused volume=%u tier=%u %s\n", args->volume, args->tier, flags);
		snprintf(nl->error, sizeof(nl->error), "%s", *text_of(state, "refuse") ?
			 text_of(state, "refuse") : "volume: generation is stale");
		return -ESTALE;
	}
	if (nr_migrations == MAX_MIGRATIONS)
		abort();
	record("migrate volume=%u tier=%u %s\n", args->volume, args->tier, flags);
	migration = &migrations[nr_migrations++];
	pool_id(state, "", &migration->info.pool);
	migration->info.id = (uint32_t)nr_migrations;
	migration->info.volume = args->volume;
	migration->info.tier = args->tier;
	migration->info.state = COUCHE_MIGRATION_SCALE_UP;
	migration->end_ms = now_ms() + after_ms;
	timer.it_value.tv_sec = (time_t)(after_ms / 1000);
	timer.it_value.tv_nsec = (long)(after_ms % 1000) * 1000000 + 1;
	timerfd_settime(nl->timer, 0, &timer, NULL);
	*ret_id = migration->info.id;
	return 0;
}

int couche_nl_migrate_cancel(struct couche_nl *nl, const uint8_t *pool, uint32_t id)
{
	record("cancel migration=%u\n", id);
	if (!id || id > nr_migrations)
		return -ENOENT;
	migrations[id - 1].info.state = COUCHE_MIGRATION_CANCELLED;
	return 0;
}
