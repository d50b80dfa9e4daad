/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line: one table of options per command, from which parsing,
 * --help and the words of the shell completion come.
 *
 * Values go where the table points to: variables of the command's file, which
 * live as long as the program. A list option takes every word up to the next
 * one that begins with a dash and may be given again; an option with one value
 * that is given twice is refused.
 *
 * A bad option is COUCHE_EXIT_USAGE, and its line has been printed.
 */
#ifndef COUCHE_TOOLS_OPTIONS_H
#define COUCHE_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "couchectl.h"

#define COUCHE_MAX_WORDS	256	/* in one list, and without an option */

struct couche_words {
	unsigned int nr;
	char *word[COUCHE_MAX_WORDS + 1];	/* NULL after the last */
};

enum couche_option_kind {
	COUCHE_OPTION_FLAG,	/* bool */
	COUCHE_OPTION_TEXT,	/* const char * */
	COUCHE_OPTION_LIST,	/* struct couche_words */
	COUCHE_OPTION_SIZE,	/* uint64_t, bytes */
	COUCHE_OPTION_RATE,	/* uint64_t, bytes a second */
	COUCHE_OPTION_DURATION,	/* uint64_t, ms */
};

struct couche_option {
	const char *name;	/* without dashes */
	char letter;		/* 0: none */
	enum couche_option_kind kind;
	void *value;
	const char *arg;	/* name of the value, NULL for a flag */
	const char *help;
};

int couche_options_parse(struct couche_ctl *ctl, const struct couche_option *options,
			 int argc, char **argv, struct couche_words *rest);
void couche_options_print_help(const struct couche_option *options);
void couche_options_print_words(const struct couche_option *options);

#endif
