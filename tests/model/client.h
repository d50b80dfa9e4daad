/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients: threads that write, read, flush and discard on the volumes, and look
 * at every byte that they read. An error where none may be is a failure (I1).
 */
#ifndef MODEL_CLIENT_H
#define MODEL_CLIENT_H

#include "model.h"

enum client_mood {
	CLIENTS_ANY,
	CLIENTS_LAZY,		/* hardly a flush: commits are large */
	CLIENTS_ANXIOUS,	/* flushes all the time */
	CLIENTS_CHURNING,	/* extents are thrown away, and others written instead */
};

void clients_peek(struct mapped_device *const *volumes);
void clients_verify(struct mapped_device *const *volumes);
void clients_look(struct mapped_device *const *volumes);
void clients_start(struct mapped_device *const *volumes, u64 operations, enum client_mood mood);
bool clients_over(void);

#endif /* MODEL_CLIENT_H */
