// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layouts: how many legs of which role, and the table line for them.
 */
#include <stdio.h>

#include "change.h"
#include "couche_format.h"
#include "loss.h"
#include "machine.h"
#include "oracle.h"

#define SEGMENT_SECTORS	2048
#define UUID		"6d6f6465-6c00-4000-8000-000000000001"

static const char *const role_names[] = { "meta", "hot", "warm", "cold" };

struct machine machine;
struct machine_counts machine_counts;

struct model_leg *model_find_leg(const char *name)
{
	u32 i;

	for (i = 0; i < MACHINE_DEVICES; i++)
		if (!strcmp(machine.devices[i].name, name))
			return &machine.devices[i];
	return NULL;
}

void machine_init(void)
{
	u32 i;

	for (i = 0; i < MACHINE_DEVICES; i++)
		model_leg_init(&machine.devices[i], i, MACHINE_LEG_SECTORS);
}

static void add_legs(u8 role, u32 nr, u32 spare)
{
	machine.spare[role] = spare;
	while (nr--) {
		u32 i = machine.nr_legs++;

		machine.roles[i] = role;
		machine.legs[i] = &machine.devices[i];
		machine.places[i] = PLACE_LEG;
		machine_prepare(machine.legs[i], role);
	}
}

/**
 * machine_spare() - How many legs of a role can be lost at a time?
 * @role: enum couche_role
 *
 * Of metadata legs all but one that is known to be one.
 */
u32 machine_spare(u8 role)
{
	u32 i, nr = 0;

	if (role != COUCHE_ROLE_META)
		return machine.spare[role];
	for (i = 0; i < machine.nr_legs; i++)
		nr += machine.roles[i] == role && (machine.places[i] == PLACE_LEG ||
						   machine.places[i] == PLACE_LOST);
	return nr ? nr - 1 : 0;
}

static void add_feature(const char *name, const char *value)
{
	size_t used = strlen(machine.format);

	snprintf(machine.format + used, sizeof(machine.format) - used, " %s%s%s", name,
		 *value ? " " : "", value);
	machine.nr_format += 1 + !!*value;
}

static void add_tier(u8 role, u32 k, u32 m)
{
	char profile[16];

	snprintf(profile, sizeof(profile), "%u+%u", k, m);
	add_feature(role_names[role], profile);
	add_legs(role, k + m + model_below(3), m);
}

/* Of a tight hot tier: rows that come free are soon in use again. */
static u64 leg_sectors(u8 role)
{
	if (!machine.tight || role != COUCHE_ROLE_HOT)
		return MACHINE_LEG_SECTORS;
	return COUCHE_DATA_START + SEGMENT_SECTORS * (1 + model_below(2));
}

/**
 * machine_prepare() - A device is to have a place
 * @leg: the device; what it holds stays
 * @role: of the place
 */
void machine_prepare(struct model_leg *leg, u8 role)
{
	leg->bdev.sectors = leg_sectors(role);
	leg->tear = role == COUCHE_ROLE_META ? 1 : machine.tear;
	leg->zeroes = model_chance(500);
	leg->data = role != COUCHE_ROLE_META;
}

/* Small ones, so that much happens to each extent. */
static void choose_tiers(void)
{
	static const struct {
		u8 k, m;
	} cold[] = { { 2, 1 }, { 2, 2 }, { 4, 2 }, { 3, 1 }, { 4, 3 } };
	u32 i = model_below(ARRAY_SIZE(cold));

	add_legs(COUCHE_ROLE_META, 1 + model_below(3), 0);
	add_tier(COUCHE_ROLE_HOT, 1, machine.faults ? 1 + model_below(2) : model_below(3));
	if (model_chance(300))
		add_tier(COUCHE_ROLE_WARM, 1, machine.faults ? 1 : model_below(2));
	add_tier(COUCHE_ROLE_COLD, cold[i].k, cold[i].m);
}

/**
 * machine_new_layout() - New legs, blank, of a layout that is drawn
 */
void machine_new_layout(void)
{
	static const char *const journals[] = { "2048", "4096", "8192" };
	u32 i;

	machine.nr_legs = 0;
	memset(machine.legs, 0, sizeof(machine.legs));
	memset(machine.lost, 0, sizeof(machine.lost));
	memset(machine.places, 0, sizeof(machine.places));
	machine.nr_format = 0;
	machine.format[0] = '\0';
	machine.formatted = false;
	machine.missing = 0;
	machine.sick = 0;
	machine.behind = 0;
	machine.peeking = false;
	machine.weak = false;
	machine.faults = model_chance(500);
	machine.restless = model_chance(250) ? 0 : 150 << model_below(3);
	machine.tight = !machine.faults && model_chance(500);
	machine.tear = model_chance(500) ? 1 : 8;
	for (i = 0; i < MACHINE_DEVICES; i++)
		model_leg_wipe(&machine.devices[i], MACHINE_LEG_SECTORS);
	add_feature("format", "");
	add_feature("extent", "128");
	add_feature("segment", "2048");
	choose_tiers();
	if (model_chance(700))
		add_feature("data_journal", journals[model_below(ARRAY_SIZE(journals))]);
	oracle_reset();
	change_forget();
	loss_forget();
	machine_counts.layouts++;
	model_log("layout: %u legs,%s", machine.nr_legs, machine.format);
}

/**
 * machine_table() - The pool's table line
 * @line: where to put it
 * @size: of that
 *
 * Return: @line.
 */
char *machine_table(char *line, size_t size)
{
	u32 i, nr = machine.formatted ? 0 : machine.nr_format;
	size_t used;

	used = snprintf(line, size, UUID " %u", machine.nr_legs);
	for (i = 0; i < machine.nr_legs; i++)
		used += snprintf(line + used, size - used, " %s %s", role_names[machine.roles[i]],
				 machine.missing & BIT_ULL(i) || !machine.legs[i] ? "-" :
				 machine.legs[i]->name);
	snprintf(line + used, size - used, " %u%s leg_timeout 0 destage_interval 1%s",
		 nr + 4 + machine.peeking, nr ? machine.format : "",
		 machine.peeking ? " readonly" : "");
	return line;
}
