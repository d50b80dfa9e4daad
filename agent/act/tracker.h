/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of orders: which volumes are moving because of us, how moves
 * ended, and since when a volume rests. One record a volume, found by UUID,
 * so that names may change. Times are ms of the wall clock because a rest
 * outlives the agent: with a state file the records are written after every
 * end and read at start. Loop's thread only; failure of the state file loses
 * rests at the next start and nothing else.
 */
#ifndef COUCHE_ACT_TRACKER_H
#define COUCHE_ACT_TRACKER_H

#include "agent/decide/policy.h"

/* After the first failure; doubles with each further one. */
#define COUCHE_BACKOFF_MIN_MS 60000ULL
#define COUCHE_BACKOFF_MAX_MS (6 * 3600 * 1000ULL)

/* Records of volumes that are gone are dropped beyond this number. */
#define COUCHE_TRACKER_MAX 4096

enum couche_outcome {
	COUCHE_OUTCOME_SUCCESS,
	COUCHE_OUTCOME_FAILED,
	COUCHE_OUTCOME_ABORTED,
	COUCHE_NR_OUTCOMES,
};

struct couche_record {
	uint8_t pool[COUCHE_UUID_SIZE];
	uint8_t volume[COUCHE_UUID_SIZE];
	char name[2 * COUCHE_NAME_SIZE];	/* "pool/volume", for people */
	bool moving;
	bool cancelled;				/* by us, it ran too long */
	uint32_t migration;			/* id in its pool */
	enum couche_class from, to;
	double iops;				/* that triggered it */
	uint64_t started_ms;
	uint64_t deadline_ms;			/* cancel it then, 0: never */
	uint64_t cooldown_from_ms;
	uint64_t backoff_until_ms;
	unsigned int failures;			/* in a row */
};

/* How a move ended, for the caller's log. */
struct couche_end {
	enum couche_outcome outcome;
	const struct couche_record *record;
	const struct couche_view_migration *migration;	/* NULL: it vanished */
};

struct couche_tracker;

typedef void (*couche_end_fn)(const struct couche_end *end, void *userdata);

/**
 * couche_tracker_create() - with what a state file remembers
 * @path: of the state file, or NULL for none
 * @ret: the tracker
 * @why: sentence when the file was there but of no use
 * @why_size: of @why
 *
 * Return: 0; -EBADMSG when the file was ignored (the tracker is there); -ENOMEM.
 */
int couche_tracker_create(const char *path, struct couche_tracker **ret, char *why,
			  size_t why_size);

/**
 * couche_tracker_free() - free
 * @tracker: tracker, or NULL
 */
void couche_tracker_free(struct couche_tracker *tracker);

/**
 * couche_tracker_pasts() - what decisions need to know
 * @tracker: tracker
 * @view: whose volumes are asked for
 * @now_ms: wall clock
 * @pasts: one per volume of @view
 */
void couche_tracker_pasts(struct couche_tracker *tracker, const struct couche_view *view,
			  uint64_t now_ms, struct couche_past *pasts);

/**
 * couche_tracker_started() - an order was taken
 * @tracker: tracker
 * @view: that it was decided on
 * @volume: place in @view
 * @decision: that was carried out
 * @migration: id that the kernel gave
 * @now_ms: wall clock
 * @timeout_ms: of the order, 0 for none
 *
 * Return: 0 or -ENOMEM.
 */
int couche_tracker_started(struct couche_tracker *tracker, const struct couche_view *view,
			   size_t volume, const struct couche_decision *decision,
			   uint32_t migration, uint64_t now_ms, uint64_t timeout_ms);

/**
 * couche_tracker_refused() - an order was refused
 * @tracker: tracker
 * @view: that it was decided on
 * @volume: place in @view
 * @now_ms: wall clock
 */
void couche_tracker_refused(struct couche_tracker *tracker, const struct couche_view *view,
			    size_t volume, uint64_t now_ms);

/**
 * couche_tracker_moved() - somebody else moved a volume; it rests as after our own
 * @tracker: tracker
 * @view: that knows the volume
 * @volume: place in @view
 * @now_ms: wall clock
 */
void couche_tracker_moved(struct couche_tracker *tracker, const struct couche_view *view,
			  size_t volume, uint64_t now_ms);

/**
 * couche_tracker_update() - compare with the kernel
 * @tracker: tracker
 * @view: valid
 * @now_ms: wall clock
 * @on_end: called for every move of ours that ended
 * @userdata: for @on_end
 */
void couche_tracker_update(struct couche_tracker *tracker, const struct couche_view *view,
			   uint64_t now_ms, couche_end_fn on_end, void *userdata);

/**
 * couche_tracker_overdue() - the next move that ran too long
 * @tracker: tracker
 * @now_ms: wall clock
 *
 * Each is returned once.
 *
 * Return: its record, or NULL.
 */
const struct couche_record *couche_tracker_overdue(struct couche_tracker *tracker,
						   uint64_t now_ms);

/**
 * couche_tracker_active() - moves of ours that run
 * @tracker: tracker
 *
 * Return: how many.
 */
size_t couche_tracker_active(const struct couche_tracker *tracker);

/**
 * couche_tracker_owns() - whether a migration is ours
 * @tracker: tracker
 * @pool: UUID
 * @migration: id in the pool
 *
 * Return: true if an order of ours made it and it has not been seen to end.
 */
bool couche_tracker_owns(const struct couche_tracker *tracker,
			 const uint8_t pool[COUCHE_UUID_SIZE], uint32_t migration);

/**
 * couche_tracker_count() - how moves of ours ended
 * @tracker: tracker
 * @outcome: which
 *
 * Return: how many since start.
 */
uint64_t couche_tracker_count(const struct couche_tracker *tracker, enum couche_outcome outcome);

/**
 * couche_outcome_name() - a stable word for logs and metrics
 * @outcome: outcome
 *
 * Return: "success", "failed" or "aborted".
 */
const char *couche_outcome_name(enum couche_outcome outcome);

/**
 * couche_tracker_save() - write the state file if something changed
 * @tracker: tracker
 *
 * Return: 0, or why it could not be written.
 */
int couche_tracker_save(struct couche_tracker *tracker);

#endif /* COUCHE_ACT_TRACKER_H */
