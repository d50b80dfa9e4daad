/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a pool is run, as against how it is laid out: arguments of its table that
 * no superblock remembers, so that pool create and pool import both take them.
 *
 * COUCHE_SETTING_OPTIONS are the rows of their option tables; the words of the
 * command line stay in couche_setting_words and are judged, all at once, by
 * couche_settings_parse(). What was not given is not in the table, and the
 * kernel's default holds.
 */
#ifndef COUCHE_TOOLS_SETTING_H
#define COUCHE_TOOLS_SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

enum couche_setting {
	COUCHE_SETTING_LEG_TIMEOUT,
	COUCHE_SETTING_DESTAGE_THRESHOLD,
	COUCHE_SETTING_DESTAGE_INTERVAL,
	COUCHE_SETTING_SCRUB_INTERVAL,
	COUCHE_NR_SETTINGS
};

struct couche_settings {
	bool given[COUCHE_NR_SETTINGS];
	uint32_t value[COUCHE_NR_SETTINGS];	/* percent, or seconds */
};

extern const char *couche_setting_words[COUCHE_NR_SETTINGS];

#define COUCHE_SETTING_OPTIONS								\
	{ "leg-timeout", 0, COUCHE_OPTION_TEXT,						\
	  &couche_setting_words[COUCHE_SETTING_LEG_TIMEOUT], "TIME",			\
	  "a leg that hangs so long fails, 0: never (default 30)" },			\
	{ "destage-threshold", 0, COUCHE_OPTION_TEXT,					\
	  &couche_setting_words[COUCHE_SETTING_DESTAGE_THRESHOLD], "PERCENT",		\
	  "of the data journal in use from which on it is emptied (default 80)" },	\
	{ "destage-interval", 0, COUCHE_OPTION_TEXT,					\
	  &couche_setting_words[COUCHE_SETTING_DESTAGE_INTERVAL], "TIME",		\
	  "until what is in the data journal is moved on, 0: never (default 30)" },	\
	{ "scrub-interval", 0, COUCHE_OPTION_TEXT,					\
	  &couche_setting_words[COUCHE_SETTING_SCRUB_INTERVAL], "TIME",		\
	  "from the end of a scrub to the next, 0: by order only (default 0)" }

int couche_settings_parse(struct couche_settings *settings);
const char *couche_setting_arg(enum couche_setting setting);

#endif
