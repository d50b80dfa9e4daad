// SPDX-License-Identifier: GPL-2.0-only
#include "leg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "activate.h"
#include "plan.h"
#include "size.h"

static int take_leg(struct couche_leg_table *table, unsigned int i, char **rest)
{
	const char *role = strtok_r(NULL, " ", rest), *device = strtok_r(NULL, " ", rest);

	if (!role || !device || strlen(role) >= sizeof(table->leg[i].role) ||
	    strlen(device) >= sizeof(table->leg[i].device))
		return -EINVAL;
	strcpy(table->leg[i].role, role);
	strcpy(table->leg[i].device, device);
	return 0;
}

/* "uuid nr role device role device ... nr_features feature..." */
static int parse(struct couche_leg_table *table, char *params)
{
	char *rest = NULL, *word = strtok_r(params, " ", &rest);
	uint64_t nr;
	unsigned int i;
	int r = 0;

	if (!word || strlen(word) >= sizeof(table->uuid))
		return -EINVAL;
	strcpy(table->uuid, word);
	word = strtok_r(NULL, " ", &rest);
	if (!word || couche_uint_parse(word, COUCHE_MAX_LEGS, &nr))
		return -EINVAL;
	table->nr = nr;
	for (i = 0; i < table->nr && !r; i++)
		r = take_leg(table, i, &rest);
	word = strtok_r(NULL, " ", &rest);
	while (!r && word && (word = strtok_r(NULL, " ", &rest))) {
		size_t len = strlen(table->features);

		if (len + strlen(word) + 2 > sizeof(table->features))
			return -E2BIG;
		snprintf(table->features + len, sizeof(table->features) - len, " %s", word);
		table->nr_features++;
	}
	return r;
}

/**
 * couche_leg_table_read() - the running table of a pool
 * @pool: the pool
 * @table: filled on success
 *
 * Return: 0 or an exit code.
 */
int couche_leg_table_read(const struct couche_nl_pool *pool, struct couche_leg_table *table)
{
	static char params[COUCHE_DM_PARAMS_SIZE];
	int r;

	memset(table, 0, sizeof(*table));
	r = couche_session_pool_dm(pool, table->dm);
	if (r)
		return r;
	r = couche_dm_params(table->dm, params, &table->sectors);
	if (!r)
		r = parse(table, params);
	return r ? couche_dm_fail(r, table->dm, "cannot read the pool's table") : 0;
}

/**
 * couche_leg_table_set() - name another device for a leg
 * @table: from couche_leg_table_read()
 * @index: which leg; the table grows for it
 * @role: of the leg, or NULL: as it is
 * @device: path, or "-"
 *
 * Return: 0 or an exit code.
 */
int couche_leg_table_set(struct couche_leg_table *table, unsigned int index, const char *role,
			 const char *device)
{
	if (index >= COUCHE_MAX_LEGS || index > table->nr)
		return couche_fail(COUCHE_EXIT_FAILURE, table->dm,
				   "its table has no place for leg %u; see dmsetup table", index);
	if (strlen(device) >= sizeof(table->leg[index].device))
		return couche_fail(COUCHE_EXIT_FAILURE, device,
				   "the path is too long for a table; use a shorter one");
	if (index == table->nr)
		table->nr++;
	if (role)
		snprintf(table->leg[index].role, sizeof(table->leg[index].role), "%s", role);
	strcpy(table->leg[index].device, device);
	return 0;
}

__attribute__((format(printf, 3, 4)))
static void append(char *out, size_t size, const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + len, size - len, format, args);
	va_end(args);
}

/**
 * couche_leg_table_params() - the table line behind the target's name
 * @table: the table
 * @domains: of every leg, for those that are to be added; NULL: none are
 * @out: where to
 * @size: of @out
 *
 * Return: 0 or an exit code.
 */
int couche_leg_table_params(const struct couche_leg_table *table, const uint16_t *domains,
			    char *out, size_t size)
{
	unsigned int i;

	out[0] = '\0';
	append(out, size, "%s %u", table->uuid, table->nr);
	for (i = 0; i < table->nr; i++)
		append(out, size, " %s %s", table->leg[i].role, table->leg[i].device);
	append(out, size, " %u%s", table->nr_features + (domains ? 2 : 0), table->features);
	for (i = 0; domains && i < table->nr; i++)
		append(out, size, "%s%u", i ? "," : " domains ", domains[i]);
	if (strlen(out) + 1 < size)
		return 0;
	return couche_fail(COUCHE_EXIT_FAILURE, table->dm,
			   "the paths of the devices are too long for a table; use shorter ones");
}

/**
 * couche_leg_table_load() - give the running pool this table
 * @table: the table
 * @domains: as for couche_leg_table_params()
 *
 * The old one stays when this one is refused.
 *
 * Return: 0 or an exit code.
 */
int couche_leg_table_load(const struct couche_leg_table *table, const uint16_t *domains)
{
	static char params[COUCHE_DM_PARAMS_SIZE];
	struct couche_dm_table dm = { COUCHE_POOL_TARGET, table->sectors, params, false };
	int r = couche_leg_table_params(table, domains, params, sizeof(params));

	if (r)
		return r;
	r = couche_dm_reload(table->dm, &dm);
	return r ? couche_dm_fail(r, table->dm, "cannot load the table with the other legs") : 0;
}
