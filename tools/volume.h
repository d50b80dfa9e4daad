/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the data of a volume is: the parts of "couchectl volume status".
 * Extents are put together to ranges of one tier, so that a volume of a
 * million extents is a few lines. Called by cmd_volume.c; prints the result
 * or its error line and returns an exit code.
 */
#ifndef COUCHE_TOOLS_VOLUME_H
#define COUCHE_TOOLS_VOLUME_H

#include "couchectl.h"
#include "session.h"

int couche_volume_status(const struct couche_ctl *ctl, struct couche_nl *nl,
			 const struct couche_nl_pool *pool,
			 const struct couche_nl_volume *volume);

#endif
