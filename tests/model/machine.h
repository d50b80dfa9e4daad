/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool's hardware and its lives: legs of some layout, on which the machine
 * is started, used, and killed or shut down, again and again.
 */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include "model.h"
#include "ramleg.h"

#define MACHINE_DEVICES	40
#define MACHINE_PLACES	32
#define MACHINE_LEG_SECTORS	16384	/* 8 MiB: a few segments */

/* What is known of a place of the table. */
enum machine_place {
	PLACE_NONE,		/* the pool has no leg there, nor is a device offered */
	PLACE_OFFER,		/* none, but a device is offered */
	PLACE_LEG,		/* the device is the pool's leg */
	PLACE_LOST,		/* it has failed, and another device is offered */
	PLACE_UNSURE,		/* an order about it was cut short */
};

struct machine {
	struct model_leg devices[MACHINE_DEVICES];
	struct model_leg *legs[MACHINE_PLACES];	/* that the table names, or NULL */
	struct model_leg *lost[MACHINE_PLACES];	/* at PLACE_LOST: the leg itself */
	u8 places[MACHINE_PLACES];	/* enum machine_place */
	u8 roles[MACHINE_PLACES];	/* enum couche_role */
	u32 nr_legs;
	u32 tear;			/* sectors of data that are on a medium together */
	u32 spare[4];			/* legs of a tier that the others can do without */
	char format[200];		/* feature arguments of the first table */
	u32 nr_format;
	bool formatted;
	u64 missing;			/* bit per leg: not in the table */
	u64 sick;			/* with a fault just now, or still to be filled */
	u64 behind;			/* not known to have all, until the pool is whole */
	bool peeking;			/* nothing is to be written */
	bool weak;			/* legs are missing, or were, and may lack something */
	bool faults;			/* legs may fail in this layout's lives */
	u32 restless;			/* orders that are about legs, per thousand */
	bool tight;			/* the hot tier has no room for all that is written */
	bool drained;			/* mirrored legs were, in this life: others may be full */
};

extern struct machine machine;

/* What a run has done. */
struct machine_counts {
	u64 lives, kills, layouts, scrubs, accounts, faults, degraded, peeks, refused, full, blind;
	u64 lost, unread;
	u64 orders, added, replaced, removed, drained, reshaped, interrupted;
};

extern struct machine_counts machine_counts;

void machine_init(void);
void machine_new_layout(void);
void machine_live(u64 operations);
void machine_load_table(void);	/* while the pool is in use */
u32 machine_spare(u8 role);
void machine_prepare(struct model_leg *leg, u8 role);
bool machine_is_unsettled(void);	/* a leg's state is being written */
bool machine_is_refilling(void);	/* a metadata leg gets what it lacks */
void machine_note_durable(bool unsettled);	/* a client was told so; it was, as it asked */
void machine_note_reuse(void);	/* where an extent was another one is written */
char *machine_table(char *line, size_t size);

#endif /* MODEL_MACHINE_H */
