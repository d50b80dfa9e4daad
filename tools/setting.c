// SPDX-License-Identifier: GPL-2.0-only
#include "setting.h"

#include <stdio.h>

#include "size.h"

const char *couche_setting_words[COUCHE_NR_SETTINGS];

static const struct {
	const char *option;
	const char *arg;	/* in the table */
	uint32_t max;
	const char *give;
} kinds[COUCHE_NR_SETTINGS] = {
	[COUCHE_SETTING_LEG_TIMEOUT] = {
		"--leg-timeout", "leg_timeout", 86400, "seconds, 0 to 86400",
	},
	[COUCHE_SETTING_DESTAGE_THRESHOLD] = {
		"--destage-threshold", "destage_threshold", 95, "a percentage, 0 to 95",
	},
	[COUCHE_SETTING_DESTAGE_INTERVAL] = {
		"--destage-interval", "destage_interval", 86400, "seconds, 0 to 86400",
	},
	[COUCHE_SETTING_SCRUB_INTERVAL] = {
		"--scrub-interval", "scrub_interval", 31536000, "seconds, 0 to 31536000",
	},
};

/**
 * couche_settings_parse() - judge what the command line says
 * @settings: filled
 *
 * Return: 0, or COUCHE_EXIT_USAGE, its line printed.
 */
int couche_settings_parse(struct couche_settings *settings)
{
	unsigned int i;

	*settings = (struct couche_settings){ 0 };
	for (i = 0; i < COUCHE_NR_SETTINGS; i++) {
		uint64_t value;

		if (!couche_setting_words[i])
			continue;
		if (couche_uint_parse(couche_setting_words[i], kinds[i].max, &value))
			return couche_fail(COUCHE_EXIT_USAGE, kinds[i].option,
					   "'%s' is out of range or no number; give %s",
					   couche_setting_words[i], kinds[i].give);
		settings->given[i] = true;
		settings->value[i] = value;
	}
	return 0;
}

/**
 * couche_setting_arg() - what a setting is called in a table
 * @setting: which
 *
 * Return: a constant.
 */
const char *couche_setting_arg(enum couche_setting setting)
{
	return kinds[setting].arg;
}
