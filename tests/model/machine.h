/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool's hardware and its lives: legs of some layout, on which the machine
 * is started, used, and killed or shut down, again and again.
 */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include "model.h"
#include "ramleg.h"

#define MACHINE_LEGS	24

struct machine {
	struct model_leg legs[MACHINE_LEGS];
	u8 roles[MACHINE_LEGS];		/* enum couche_role */
	u32 nr_legs;
	u32 spare[4];			/* legs of a role that the others can do without */
	char format[200];		/* feature arguments of the first table */
	u32 nr_format;
	bool formatted;
	u64 missing;			/* bit per leg: not in the table */
	bool peeking;			/* nothing is to be written */
	bool weak;			/* legs are missing, or were, and may lack something */
	bool faults;			/* legs may fail in this layout's lives */
	bool tight;			/* the hot tier has no room for all that is written */
};

extern struct machine machine;

/* What a run has done. */
struct machine_counts {
	u64 lives, kills, layouts, scrubs, accounts, faults, degraded, peeks, refused, full;
};

extern struct machine_counts machine_counts;

void machine_init(void);
void machine_new_layout(void);
void machine_live(u64 operations);
void machine_find_legs(void);	/* those that were missing: a new table */
void machine_note_durable(void);	/* a client was told so */
char *machine_table(char *line, size_t size);

#endif /* MODEL_MACHINE_H */
