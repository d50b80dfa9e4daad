/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs of "couchectl pool", one file for each group of them. Each gets
 * the global options and the words behind its verb and returns an exit code,
 * its error line printed. Options are file-local to the verb, see the tables.
 */
#ifndef COUCHE_TOOLS_POOL_H
#define COUCHE_TOOLS_POOL_H

#include "couchectl.h"
#include "doc.h"
#include "options.h"
#include "session.h"

extern const struct couche_option couche_pool_create_options[];
extern const struct couche_option couche_pool_import_options[];
extern const struct couche_option couche_pool_status_options[];
extern const struct couche_option couche_pool_sweep_options[];
extern const struct couche_option couche_pool_flush_options[];
extern const struct couche_option couche_pool_profile_options[];

int couche_pool_create(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_import(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_export(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_list(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_status(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_flush(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_scrub(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_rebuild(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_reshape(struct couche_ctl *ctl, int nr_args, char **args);
int couche_pool_set_profile(struct couche_ctl *ctl, int nr_args, char **args);

/* show.c: objects of documents, shared by the commands that print them */
extern const struct couche_column couche_leg_columns[];

void couche_show_pool(cJSON *object, const struct couche_nl_pool *pool);
void couche_show_sweep(cJSON *object, const struct couche_nl_pool_id *pool,
		       const struct couche_nl_sweep *sweep);
void couche_show_leg(cJSON *object, const struct couche_nl_leg *leg);
void couche_show_volume(cJSON *object, const struct couche_nl_volume *volume,
			uint32_t extent_sectors);
void couche_show_migration(cJSON *object, const struct couche_nl_migration *migration);
void couche_show_migrations(cJSON *array, const struct couche_nl_migration *migrations, size_t nr,
			    const struct couche_nl_volume *volumes, size_t nr_volumes);
const char *couche_sweep_name(uint8_t kind);
const char *couche_sweep_state_name(uint8_t state);
const char *couche_migration_state_name(uint8_t state);
const char *couche_migration_error_text(int error);

#endif
