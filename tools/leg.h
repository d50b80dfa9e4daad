/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs of "couchectl leg" that change the set of legs, and what they
 * share with the others: which leg is meant, and the table of the running
 * pool with other devices in it.
 *
 * A table is read as a whole and holds its words itself; it is plain data of
 * the caller. Functions print their own error line and return an exit code.
 */
#ifndef COUCHE_TOOLS_LEG_H
#define COUCHE_TOOLS_LEG_H

#include "couchectl.h"
#include "device.h"
#include "dm.h"
#include "options.h"
#include "scan.h"
#include "session.h"

/* The running table of a pool, word by word. */
struct couche_leg_table {
	char dm[COUCHE_DM_NAME_SIZE];	/* the pool's device */
	uint64_t sectors;
	char uuid[40];
	unsigned int nr;
	struct {
		char role[8];
		char device[COUCHE_PATH_SIZE];	/* "-": none */
	} leg[COUCHE_MAX_LEGS];
	unsigned int nr_features;
	char features[256];		/* the words behind, each after a blank */
};

/* Of a pool, on each of its metadata legs; all 0: not known. */
struct couche_leg_areas {
	uint64_t sectors;		/* that they reach to */
	uint64_t stage_start;		/* of the data journal, which never moves */
};

extern const struct couche_option couche_leg_add_options[];
extern const struct couche_option couche_leg_drain_options[];
extern const struct couche_option couche_leg_replace_options[];

int couche_leg_add(struct couche_ctl *ctl, int nr_args, char **args);
int couche_leg_replace(struct couche_ctl *ctl, int nr_args, char **args);
int couche_leg_remove(struct couche_ctl *ctl, int nr_args, char **args);
int couche_leg_drain(struct couche_ctl *ctl, int nr_args, char **args);
int couche_leg_undrain(struct couche_ctl *ctl, int nr_args, char **args);

int couche_leg_wait_drained(const struct couche_ctl *ctl, struct couche_nl *nl,
			    const struct couche_nl_pool *pool, struct couche_nl_leg *leg);
int couche_leg_wait_online(const struct couche_ctl *ctl, struct couche_nl *nl,
			   const struct couche_nl_pool *pool,
			   struct couche_nl_leg *leg);
int couche_leg_look(struct couche_nl *nl, const struct couche_nl_pool *pool,
		    struct couche_nl_leg *leg);
int couche_leg_find(struct couche_nl *nl, char **args, struct couche_nl_pool *pool,
		    struct couche_nl_leg *leg);

/* leg_room.c */
bool couche_leg_is_on(const struct couche_device *device, const struct couche_nl_pool *pool,
		      const struct couche_nl_leg *leg);
void couche_leg_read_areas(const struct couche_nl_pool *pool, const struct couche_nl_leg *legs,
			   size_t nr, struct couche_leg_areas *areas);
int couche_leg_check_meta(const struct couche_nl_pool *pool, const struct couche_device *device,
			  uint64_t needed);

int couche_leg_table_read(const struct couche_nl_pool *pool, struct couche_leg_table *table);
int couche_leg_table_set(struct couche_leg_table *table, unsigned int index, const char *role,
			 const char *device);
int couche_leg_table_params(const struct couche_leg_table *table, const uint16_t *domains,
			    char *out, size_t size);
int couche_leg_table_load(const struct couche_leg_table *table, const uint16_t *domains);

#endif
