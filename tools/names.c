// SPDX-License-Identifier: GPL-2.0-only
/* Names of pools, volumes and of the numbers of the format. */
#include "plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <uuid/uuid.h>

#include "couchectl.h"

static const char * const role_names[] = {
	[COUCHE_ROLE_META] = "meta",
	[COUCHE_ROLE_HOT] = "hot",
	[COUCHE_ROLE_WARM] = "warm",
	[COUCHE_ROLE_COLD] = "cold",
};

static const char * const matrix_names[] = { "vandermonde", "cauchy" };

static const char * const state_names[] = {
	[COUCHE_LEG_NONE] = "none",
	[COUCHE_LEG_ONLINE] = "online",
	[COUCHE_LEG_FAILED] = "failed",
	[COUCHE_LEG_RESTORING] = "restoring",
};

static const char *name_of(const char * const *names, size_t nr, unsigned int value)
{
	return value < nr ? names[value] : "unknown";
}

/**
 * couche_role_name() - word for a role
 * @role: enum couche_role
 *
 * Return: a constant.
 */
const char *couche_role_name(uint8_t role)
{
	return name_of(role_names, sizeof(role_names) / sizeof(*role_names), role);
}

/**
 * couche_tier_name() - word for a tier
 * @tier: enum couche_tier
 *
 * Return: a constant.
 */
const char *couche_tier_name(uint8_t tier)
{
	return couche_role_name(tier + COUCHE_ROLE_HOT);
}

/**
 * couche_matrix_name() - word for a matrix
 * @matrix: enum couche_matrix
 *
 * Return: a constant.
 */
const char *couche_matrix_name(uint8_t matrix)
{
	return name_of(matrix_names, sizeof(matrix_names) / sizeof(*matrix_names), matrix);
}

/**
 * couche_leg_state_name() - word for the state of a leg
 * @state: enum couche_leg_state
 *
 * Return: a constant.
 */
const char *couche_leg_state_name(uint8_t state)
{
	return name_of(state_names, sizeof(state_names) / sizeof(*state_names), state);
}

/**
 * couche_tier_parse() - read the name of a tier
 * @text: hot, warm or cold
 * @tier: the result
 *
 * Return: 0 or -EINVAL.
 */
int couche_tier_parse(const char *text, uint8_t *tier)
{
	uint8_t i;

	for (i = 0; i < COUCHE_NR_TIERS; i++) {
		if (!strcmp(couche_tier_name(i), text)) {
			*tier = i;
			return 0;
		}
	}
	return -EINVAL;
}

/**
 * couche_name_check() - may a pool or volume be called so?
 * @option: what it is, for the error line
 * @name: the name
 *
 * Stricter than the format: the name is part of a path below /dev/mapper and
 * of a table line.
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_name_check(const char *option, const char *name)
{
	const char *p;

	if (!isalnum((unsigned char)name[0]))
		return couche_fail(COUCHE_EXIT_USAGE, *name ? name : option,
				   "a %s must begin with a letter or digit; choose another",
				   option);
	for (p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return couche_fail(COUCHE_EXIT_USAGE, name,
					   "a %s has only letters, digits, '_', '.' and '-'; choose another",
					   option);
	}
	if (strlen(name) >= COUCHE_NAME_SIZE)
		return couche_fail(COUCHE_EXIT_USAGE, name,
				   "a %s has at most %d characters; choose a shorter one",
				   option, COUCHE_NAME_SIZE - 1);
	return 0;
}

/**
 * couche_pool_dm_uuid() - device mapper's UUID of a pool
 * @uuid: of the pool
 * @out: where to
 * @size: of @out
 */
void couche_pool_dm_uuid(const uint8_t *uuid, char *out, size_t size)
{
	char text[37];

	uuid_unparse_lower(uuid, text);
	snprintf(out, size, "COUCHE-POOL-%s", text);
}

/**
 * couche_volume_dm_uuid() - device mapper's UUID of a volume
 * @pool_uuid: of its pool
 * @id: of the volume
 * @out: where to
 * @size: of @out
 */
void couche_volume_dm_uuid(const uint8_t *pool_uuid, uint32_t id, char *out, size_t size)
{
	char text[37];

	uuid_unparse_lower(pool_uuid, text);
	snprintf(out, size, "COUCHE-%s-%u", text, id);
}
