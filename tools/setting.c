// SPDX-License-Identifier: GPL-2.0-only
#include "setting.h"

#include <errno.h>
#include <stdio.h>

#include "agent/lib/duration.h"
#include "size.h"

const char *couche_setting_words[COUCHE_NR_SETTINGS];

static const struct {
	const char *option;
	const char *arg;	/* in the table */
	uint32_t max;
	const char *give;
} kinds[COUCHE_NR_SETTINGS] = {
	[COUCHE_SETTING_LEG_TIMEOUT] = {
		"--leg-timeout", "leg_timeout", 86400, "0 to 1d, such as 90s",
	},
	[COUCHE_SETTING_DESTAGE_THRESHOLD] = {
		"--destage-threshold", "destage_threshold", 95, "a percentage, 0 to 95",
	},
	[COUCHE_SETTING_DESTAGE_INTERVAL] = {
		"--destage-interval", "destage_interval", 86400, "0 to 1d, such as 10m",
	},
	[COUCHE_SETTING_SCRUB_INTERVAL] = {
		"--scrub-interval", "scrub_interval", 31536000, "0 to 365d, such as 1w",
	},
};

/* A bare number is seconds. */
static int parse_time(const char *text, uint64_t max, uint64_t *seconds)
{
	uint64_t ms;
	int r = couche_uint_parse(text, max, seconds);

	if (r != -EINVAL)
		return r;
	r = couche_duration_parse(text, &ms);
	if (r)
		return r;
	*seconds = ms / 1000;
	return ms % 1000 ? -EINVAL : *seconds > max ? -ERANGE : 0;
}

static int parse(enum couche_setting setting, const char *text, uint64_t *value)
{
	if (setting == COUCHE_SETTING_DESTAGE_THRESHOLD)
		return couche_uint_parse(text, kinds[setting].max, value);
	return parse_time(text, kinds[setting].max, value);
}

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
		if (parse(i, couche_setting_words[i], &value))
			return couche_fail(COUCHE_EXIT_USAGE, kinds[i].option,
					   "'%s' is out of range or not understood; give %s",
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
