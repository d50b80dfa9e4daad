// SPDX-License-Identifier: GPL-2.0-only
#include "size.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "B", 1 },
	{ "K", 1ULL << 10 }, { "KiB", 1ULL << 10 }, { "KB", 1000ULL },
	{ "M", 1ULL << 20 }, { "MiB", 1ULL << 20 }, { "MB", 1000000ULL },
	{ "G", 1ULL << 30 }, { "GiB", 1ULL << 30 }, { "GB", 1000000000ULL },
	{ "T", 1ULL << 40 }, { "TiB", 1ULL << 40 }, { "TB", 1000000000000ULL },
	{ "P", 1ULL << 50 }, { "PiB", 1ULL << 50 }, { "PB", 1000000000000000ULL },
	{ "E", 1ULL << 60 }, { "EiB", 1ULL << 60 }, { "EB", 1000000000000000000ULL },
	{ "s", 512 },
	{ NULL, 0 }
};

static int parse_digits(const char **text, uint64_t *value)
{
	const char *p = *text;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (*value = 0; isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, *p - '0', value))
			return -ERANGE;
	}
	*text = p;
	return 0;
}

/* "1.5GiB": up to nine digits behind the point, then whole units only. */
static int parse_fraction(const char **text, uint64_t *numerator, uint64_t *denominator)
{
	const char *p = *text;

	*numerator = 0;
	*denominator = 1;
	if (*p != '.')
		return 0;
	for (p++; isdigit((unsigned char)*p); p++) {
		if (*denominator == 1000000000)
			return -EINVAL;
		*numerator = *numerator * 10 + (*p - '0');
		*denominator *= 10;
	}
	*text = p;
	return *denominator == 1 ? -EINVAL : 0;
}

static const struct unit *find_unit(const char *suffix)
{
	const struct unit *units;

	for (units = size_units; units->suffix; units++) {
		if (!strcasecmp(units->suffix, suffix))
			return units;
	}
	return NULL;
}

static int parse_units(const char *text, uint64_t *value)
{
	uint64_t whole, numerator, denominator;
	const struct unit *unit;
	int r;

	r = parse_digits(&text, &whole);
	if (!r)
		r = parse_fraction(&text, &numerator, &denominator);
	if (r)
		return r;
	unit = find_unit(text);
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit->factor, &whole))
		return -ERANGE;
	numerator = numerator * (__uint128_t)unit->factor / denominator;
	if (__builtin_add_overflow(whole, numerator, value))
		return -ERANGE;
	return 0;
}

/**
 * couche_size_parse() - read a size
 * @text: "10GiB", "1.5T", "4096", "2048s" (sectors)
 * @bytes: the result
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int couche_size_parse(const char *text, uint64_t *bytes)
{
	return parse_units(text, bytes);
}

/**
 * couche_rate_parse() - read a rate
 * @text: a size, "/s" may follow
 * @bytes: the result, bytes a second
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int couche_rate_parse(const char *text, uint64_t *bytes)
{
	size_t len = strlen(text);
	char copy[COUCHE_SIZE_TEXT];

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len + 1);
	if (len > 2 && !strcmp(copy + len - 2, "/s"))
		copy[len - 2] = '\0';
	return parse_units(copy, bytes);
}

/**
 * couche_uint_parse() - read a whole number
 * @text: decimal digits and nothing else
 * @max: the largest that is allowed
 * @value: the result
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int couche_uint_parse(const char *text, uint64_t max, uint64_t *value)
{
	int r = parse_digits(&text, value);

	if (r)
		return r;
	if (*text)
		return -EINVAL;
	return *value > max ? -ERANGE : 0;
}

/**
 * couche_size_format() - write a size for people
 * @bytes: the size
 * @out: room for the text
 *
 * Return: @out: "512B", "1.5MiB", "10GiB".
 */
const char *couche_size_format(uint64_t bytes, char out[COUCHE_SIZE_TEXT])
{
	static const char prefix[] = "KMGTPE";
	double value = bytes;
	unsigned int tenths;
	int unit = -1;

	if (bytes < 1024) {
		snprintf(out, COUCHE_SIZE_TEXT, "%uB", (unsigned int)bytes);
		return out;
	}
	/* 1023.95 and more would be rounded to 1024.0 of the smaller unit */
	do {
		value /= 1024;
		unit++;
	} while (value >= 1023.95 && prefix[unit + 1]);
	tenths = value * 10 + 0.5;
	if (tenths >= 1000 || tenths % 10 == 0)
		snprintf(out, COUCHE_SIZE_TEXT, "%.0f%ciB", value, prefix[unit]);
	else
		snprintf(out, COUCHE_SIZE_TEXT, "%u.%u%ciB", tenths / 10, tenths % 10,
			 prefix[unit]);
	return out;
}

/**
 * couche_eta_format() - write a duration for people, rounded
 * @ms: milliseconds
 * @out: room for the text
 *
 * Return: @out: "0.4s", "12s", "3m05s", "2h10m", "5d03h".
 */
const char *couche_eta_format(uint64_t ms, char out[COUCHE_SIZE_TEXT])
{
	unsigned long long s = ms / 1000;

	if (ms < 10000)
		snprintf(out, COUCHE_SIZE_TEXT, "%llu.%llus", s,
			 (unsigned long long)ms % 1000 / 100);
	else if (s < 60)
		snprintf(out, COUCHE_SIZE_TEXT, "%llus", s);
	else if (s < 3600)
		snprintf(out, COUCHE_SIZE_TEXT, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, COUCHE_SIZE_TEXT, "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(out, COUCHE_SIZE_TEXT, "%llud%02lluh", s / 86400, s / 3600 % 24);
	return out;
}
