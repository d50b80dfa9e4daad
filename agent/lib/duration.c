// SPDX-License-Identifier: GPL-2.0-only
#include "agent/lib/duration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint64_t ms;
} units[] = {
	{ "w", 7ULL * 24 * 3600 * 1000 },
	{ "d", 24ULL * 3600 * 1000 },
	{ "h", 3600ULL * 1000 },
	{ "m", 60ULL * 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

#define NR_UNITS (sizeof(units) / sizeof(units[0]))

/* The unit that the letters at @text spell, not before unit @first. */
static size_t find_unit(const char *text, size_t len, size_t first)
{
	size_t i;

	for (i = first; i < NR_UNITS; i++)
		if (strlen(units[i].name) == len && !strncmp(text, units[i].name, len))
			break;
	return i;
}

int couche_duration_parse(const char *text, uint64_t *ret_ms)
{
	uint64_t total = 0;
	size_t unit = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		uint64_t value = 0;
		size_t digits = strspn(text, "0123456789");
		size_t letters = strspn(text + digits, "wdhms");

		if (!digits || !letters)
			return -EINVAL;
		if (digits > 15)
			return -ERANGE;
		for (size_t i = 0; i < digits; i++)
			value = value * 10 + (uint64_t)(text[i] - '0');
		unit = find_unit(text + digits, letters, unit);
		if (unit == NR_UNITS)
			return -EINVAL;
		if (__builtin_mul_overflow(value, units[unit].ms, &value) ||
		    __builtin_add_overflow(total, value, &total))
			return -ERANGE;
		unit++;
		text += digits + letters;
	}
	if (!total || total > COUCHE_DURATION_MAX_MS)
		return -ERANGE;
	*ret_ms = total;
	return 0;
}

void couche_duration_format(uint64_t ms, char *text, size_t size)
{
	size_t used = 0;

	if (!ms) {
		snprintf(text, size, "0s");
		return;
	}
	text[0] = '\0';
	for (size_t i = 1; i < NR_UNITS && used < size; i++) {
		uint64_t n = ms / units[i].ms;

		if (n)
			used += (size_t)snprintf(text + used, size - used, "%llu%s",
						 (unsigned long long)n, units[i].name);
		ms %= units[i].ms;
	}
}
