// SPDX-License-Identifier: GPL-2.0-only
#include "agent/act/tracker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/act/statefile.h"

struct couche_tracker {
	char *path;
	bool changed;
	struct couche_record *records;
	size_t nr;
	uint64_t counts[COUCHE_NR_OUTCOMES];
};

static const char *const outcome_names[] = { "success", "failed", "aborted" };

const char *couche_outcome_name(enum couche_outcome outcome)
{
	return outcome_names[outcome];
}

uint64_t couche_tracker_count(const struct couche_tracker *tracker, enum couche_outcome outcome)
{
	return tracker->counts[outcome];
}

static struct couche_record *find_record(const struct couche_tracker *tracker,
					 const uint8_t *pool, const uint8_t *volume)
{
	for (size_t i = 0; i < tracker->nr; i++) {
		struct couche_record *record = &tracker->records[i];

		if (!memcmp(record->volume, volume, COUCHE_UUID_SIZE) &&
		    !memcmp(record->pool, pool, COUCHE_UUID_SIZE))
			return record;
	}
	return NULL;
}

/* When there are too many, the one that rested longest is of the least use. */
static struct couche_record *oldest_record(struct couche_tracker *tracker)
{
	struct couche_record *oldest = NULL;

	for (size_t i = 0; i < tracker->nr; i++) {
		struct couche_record *record = &tracker->records[i];

		if (!record->moving &&
		    (!oldest || record->cooldown_from_ms < oldest->cooldown_from_ms))
			oldest = record;
	}
	return oldest;
}

static struct couche_record *new_record(struct couche_tracker *tracker)
{
	struct couche_record *records;

	if (tracker->nr >= COUCHE_TRACKER_MAX) {
		struct couche_record *record = oldest_record(tracker);

		if (record)
			*record = (struct couche_record){ 0 };
		return record;
	}
	records = reallocarray(tracker->records, tracker->nr + 1, sizeof(*records));
	if (!records)
		return NULL;
	tracker->records = records;
	records[tracker->nr] = (struct couche_record){ 0 };
	return &records[tracker->nr++];
}

static struct couche_record *get_record(struct couche_tracker *tracker,
					const struct couche_view *view, size_t index)
{
	const struct couche_view_volume *volume = &view->volumes[index];
	const struct couche_view_pool *pool = &view->pools[volume->pool];
	struct couche_record *record = find_record(tracker, pool->uuid, volume->uuid);

	if (!record)
		record = new_record(tracker);
	if (!record)
		return NULL;
	memcpy(record->pool, pool->uuid, sizeof(record->pool));
	memcpy(record->volume, volume->uuid, sizeof(record->volume));
	snprintf(record->name, sizeof(record->name), "%s/%s", pool->name, volume->name);
	return record;
}

/* A clock that was set back must not make a volume rest for ever. */
static void clamp_times(struct couche_tracker *tracker, struct couche_record *record,
			uint64_t now_ms)
{
	if (record->cooldown_from_ms > now_ms) {
		record->cooldown_from_ms = now_ms;
		tracker->changed = true;
	}
	if (record->backoff_until_ms > now_ms + COUCHE_BACKOFF_MAX_MS) {
		record->backoff_until_ms = now_ms + COUCHE_BACKOFF_MAX_MS;
		tracker->changed = true;
	}
}

void couche_tracker_pasts(struct couche_tracker *tracker, const struct couche_view *view,
			  uint64_t now_ms, struct couche_past *pasts)
{
	for (size_t i = 0; i < view->nr_volumes; i++) {
		const struct couche_view_volume *volume = &view->volumes[i];
		struct couche_record *record;

		pasts[i] = (struct couche_past){ 0 };
		record = find_record(tracker, view->pools[volume->pool].uuid, volume->uuid);
		if (!record)
			continue;
		clamp_times(tracker, record, now_ms);
		pasts[i].moving = record->moving;
		pasts[i].cooldown_from_ms = record->cooldown_from_ms;
		pasts[i].backoff_until_ms = record->backoff_until_ms;
	}
}

int couche_tracker_started(struct couche_tracker *tracker, const struct couche_view *view,
			   size_t volume, const struct couche_decision *decision,
			   uint32_t migration, uint64_t now_ms, uint64_t timeout_ms)
{
	struct couche_record *record = get_record(tracker, view, volume);

	if (!record)
		return -ENOMEM;
	record->moving = true;
	record->cancelled = false;
	record->migration = migration;
	record->from = decision->from;
	record->to = decision->to;
	record->iops = decision->iops;
	record->started_ms = now_ms;
	record->deadline_ms = timeout_ms ? now_ms + timeout_ms : 0;
	tracker->changed = true;
	return 0;
}

static void back_off(struct couche_record *record, uint64_t now_ms)
{
	uint64_t wait_ms = COUCHE_BACKOFF_MIN_MS;

	for (unsigned int i = 0; i < record->failures && wait_ms < COUCHE_BACKOFF_MAX_MS; i++)
		wait_ms *= 2;
	if (wait_ms > COUCHE_BACKOFF_MAX_MS)
		wait_ms = COUCHE_BACKOFF_MAX_MS;
	record->failures++;
	record->backoff_until_ms = now_ms + wait_ms;
}

void couche_tracker_refused(struct couche_tracker *tracker, const struct couche_view *view,
			    size_t volume, uint64_t now_ms)
{
	struct couche_record *record = get_record(tracker, view, volume);

	if (record)
		back_off(record, now_ms);
	tracker->changed = true;
}

void couche_tracker_moved(struct couche_tracker *tracker, const struct couche_view *view,
			  size_t volume, uint64_t now_ms)
{
	struct couche_record *record = get_record(tracker, view, volume);

	if (record)
		record->cooldown_from_ms = now_ms;
	tracker->changed = true;
}

static const struct couche_view_migration *find_migration(const struct couche_view *view,
							  const struct couche_record *record)
{
	for (size_t i = 0; i < view->nr_migrations; i++) {
		const struct couche_view_migration *migration = &view->migrations[i];

		if (migration->id == record->migration &&
		    !memcmp(view->pools[migration->pool].uuid, record->pool, COUCHE_UUID_SIZE))
			return migration;
	}
	return NULL;
}

static enum couche_outcome outcome_of(const struct couche_view_migration *migration)
{
	if (!migration)
		return COUCHE_OUTCOME_ABORTED;
	switch (migration->state) {
	case COUCHE_VIEW_DONE:
		return COUCHE_OUTCOME_SUCCESS;
	case COUCHE_VIEW_FAILED:
		return COUCHE_OUTCOME_FAILED;
	default:
		return COUCHE_OUTCOME_ABORTED;
	}
}

void couche_tracker_update(struct couche_tracker *tracker, const struct couche_view *view,
			   uint64_t now_ms, couche_end_fn on_end, void *userdata)
{
	for (size_t i = 0; i < tracker->nr; i++) {
		struct couche_record *record = &tracker->records[i];
		struct couche_end end = { .record = record };

		if (!record->moving)
			continue;
		end.migration = find_migration(view, record);
		if (end.migration && couche_view_running(end.migration))
			continue;
		end.outcome = outcome_of(end.migration);
		record->moving = false;
		tracker->counts[end.outcome]++;
		tracker->changed = true;
		if (end.outcome == COUCHE_OUTCOME_SUCCESS) {
			record->cooldown_from_ms = now_ms;
			record->failures = 0;
			record->backoff_until_ms = 0;
		} else {
			back_off(record, now_ms);
		}
		on_end(&end, userdata);
	}
}

const struct couche_record *couche_tracker_overdue(struct couche_tracker *tracker,
						   uint64_t now_ms)
{
	for (size_t i = 0; i < tracker->nr; i++) {
		struct couche_record *record = &tracker->records[i];

		if (record->moving && !record->cancelled && record->deadline_ms &&
		    now_ms >= record->deadline_ms) {
			record->cancelled = true;
			return record;
		}
	}
	return NULL;
}

size_t couche_tracker_active(const struct couche_tracker *tracker)
{
	size_t count = 0;

	for (size_t i = 0; i < tracker->nr; i++)
		count += tracker->records[i].moving;
	return count;
}

bool couche_tracker_owns(const struct couche_tracker *tracker,
			 const uint8_t pool[COUCHE_UUID_SIZE], uint32_t migration)
{
	for (size_t i = 0; i < tracker->nr; i++) {
		const struct couche_record *record = &tracker->records[i];

		if (record->moving && record->migration == migration &&
		    !memcmp(record->pool, pool, COUCHE_UUID_SIZE))
			return true;
	}
	return false;
}

int couche_tracker_save(struct couche_tracker *tracker)
{
	int r;

	if (!tracker->path || !tracker->changed)
		return 0;
	r = couche_statefile_save(tracker->path, tracker->records, tracker->nr);
	if (!r)
		tracker->changed = false;
	return r;
}

int couche_tracker_create(const char *path, struct couche_tracker **ret, char *why,
			  size_t why_size)
{
	struct couche_tracker *tracker = calloc(1, sizeof(*tracker));
	int r = 0;

	if (!tracker)
		return -ENOMEM;
	if (path) {
		tracker->path = strdup(path);
		if (!tracker->path) {
			free(tracker);
			return -ENOMEM;
		}
		r = couche_statefile_load(path, &tracker->records, &tracker->nr, why, why_size);
	}
	*ret = tracker;
	return r ? -EBADMSG : 0;
}

void couche_tracker_free(struct couche_tracker *tracker)
{
	if (!tracker)
		return;
	free(tracker->path);
	free(tracker->records);
	free(tracker);
}
