/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of the tracker in a file: JSON, replaced as a whole by a rename,
 * so that a reader finds the old or the new state. Not a truth: without it
 * volumes may move again earlier than their policy wants. No state.
 */
#ifndef COUCHE_ACT_STATEFILE_H
#define COUCHE_ACT_STATEFILE_H

#include "agent/act/tracker.h"

/**
 * couche_statefile_save() - write the records that say something
 * @path: of the file
 * @records: all of them
 * @nr: how many
 *
 * Return: 0; -ENOMEM; what writing returns.
 */
int couche_statefile_save(const char *path, const struct couche_record *records, size_t nr);

/**
 * couche_statefile_load() - read records
 * @path: of the file; none there is the same as an empty one
 * @ret: records, to be freed; NULL on failure
 * @ret_nr: how many
 * @why: sentence on failure
 * @why_size: of @why
 *
 * Return: 0; -EBADMSG when the file is damaged; what reading returns; -ENOMEM.
 */
int couche_statefile_load(const char *path, struct couche_record **ret, size_t *ret_nr,
			  char *why, size_t why_size);

#endif /* COUCHE_ACT_STATEFILE_H */
