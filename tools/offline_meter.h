/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far a command that reads whole legs is: one line on standard error that
 * is drawn over and over, on a terminal only. One thread, nothing can fail.
 */
#ifndef COUCHE_TOOLS_OFFLINE_METER_H
#define COUCHE_TOOLS_OFFLINE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "couchectl.h"

struct couche_meter {
	bool shown;
	uint64_t done, total;	/* bytes */
	uint64_t begun_ms, drawn_ms;
};

void couche_meter_start(struct couche_meter *meter, const struct couche_ctl *ctl,
			uint64_t total);
void couche_meter_step(struct couche_meter *meter, uint64_t bytes);
void couche_meter_end(struct couche_meter *meter);

#endif
