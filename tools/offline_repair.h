/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What "couchectl check --repair" writes: copies of good blocks over damaged or
 * stale ones, and superblocks, which tell what the newest of a current metadata
 * leg tells. Whoever checks notes them while it looks.
 *
 * Nothing is made up, and nothing is written where data or metadata is lost:
 * what is left may be all that there is. One thread; the owner of a list frees
 * it with couche_repairs_destroy().
 */
#ifndef COUCHE_TOOLS_OFFLINE_REPAIR_H
#define COUCHE_TOOLS_OFFLINE_REPAIR_H

#include "offline.h"

struct couche_repair {
	u32 leg;
	u64 sector;
	int from;		/* leg with a good copy; COUCHE_NO_LEG: a superblock */
	u64 from_sector;
	char object[48];
};

struct couche_repairs {
	struct couche_repair *list;
	size_t nr, room;
};

void couche_repair_copy(struct couche_offline *o, u32 leg, u64 sector, u32 from,
			u64 from_sector, const char *object, ...)
	__attribute__((format(printf, 6, 7)));
void couche_repair_super(struct couche_offline *o, u32 leg, unsigned int slot);
int couche_repairs_write(struct couche_offline *o);
void couche_repairs_destroy(struct couche_repairs *repairs);
const char *couche_finding_remedy(const struct couche_offline *o,
				  const struct couche_finding *finding);

/* offline_show.c */
void couche_repairs_show(cJSON *doc, const struct couche_offline *o, bool written);

#endif
