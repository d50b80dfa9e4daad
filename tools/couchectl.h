/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every command of couchectl shares: the global options, the exit codes
 * and the shape of a command.
 *
 * couchectl has one thread. struct couche_ctl is filled once by main() and is
 * read-only after the options of the command have been parsed.
 *
 * Functions of tools/ that may fail in front of the user print their one line
 * themselves with couche_fail() and return its exit code; 0 is success. So a
 * command only passes on what it got.
 */
#ifndef COUCHE_TOOLS_COUCHECTL_H
#define COUCHE_TOOLS_COUCHECTL_H

#include <stdbool.h>
#include <stddef.h>

enum couche_exit {
	COUCHE_EXIT_OK		= 0,
	COUCHE_EXIT_FAILURE	= 1,
	COUCHE_EXIT_USAGE	= 2,
	COUCHE_EXIT_NOT_FOUND	= 3,
	COUCHE_EXIT_CONFLICT	= 4,	/* busy, in use, exists already */
	COUCHE_EXIT_DEGRADED	= 5,	/* of "status" and set-profile only */
	COUCHE_EXIT_TIMEOUT	= 6,
	COUCHE_EXIT_DAMAGED	= 7,	/* of the offline commands: redundancy makes up for it */
	COUCHE_EXIT_LOST	= 8,	/* of the offline commands: it does not */
	COUCHE_EXIT_INTERRUPTED	= 130,
};

enum couche_output {
	COUCHE_OUTPUT_TABLE,
	COUCHE_OUTPUT_WIDE,
	COUCHE_OUTPUT_NAME,
	COUCHE_OUTPUT_JSON,
	COUCHE_OUTPUT_YAML,
};

struct couche_ctl {
	enum couche_output output;
	bool no_headers;	/* -H: no header line, tabs between columns */
	bool exact;		/* -p: numbers as they are */
	bool dry_run;
	bool yes;		/* do not ask */
	bool force;		/* overwrite what other software left */
	bool quiet;
	bool no_progress;
};

struct couche_option;

struct couche_command {
	const char *verb;	/* NULL: the noun alone */
	const char *args;	/* what follows, for the usage line */
	const char *help;
	const struct couche_option *options;	/* NULL, or ends with a NULL name */
	/* args: the words that are no options, NULL at the end */
	int (*run)(struct couche_ctl *ctl, int nr_args, char **args);
};

/* Each table ends with an entry whose run is NULL. */
extern const struct couche_command couche_pool_commands[];
extern const struct couche_command couche_volume_commands[];
extern const struct couche_command couche_leg_commands[];
extern const struct couche_command couche_migrate_commands[];
extern const struct couche_command couche_events_commands[];
extern const struct couche_command couche_check_commands[];
extern const struct couche_command couche_dump_commands[];
extern const struct couche_command couche_verify_commands[];
extern const struct couche_command couche_rescue_commands[];
extern const struct couche_command couche_version_commands[];

int couche_fail(enum couche_exit code, const char *object, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void couche_note(const struct couche_ctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
enum couche_exit couche_exit_of(int error);
int couche_confirm(const struct couche_ctl *ctl, const char *object, const char *what);
int couche_confirm_wipe(const struct couche_ctl *ctl, const char *pool, unsigned int nr);
bool couche_is_tty(int fd);

#endif
