// SPDX-License-Identifier: GPL-2.0-only
#include "offline_repair.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/lib/cleanup.h"
#include "memory.h"
#include "offline_write.h"

static struct couche_repair *add(struct couche_repairs *repairs)
{
	if (repairs->nr == repairs->room) {
		repairs->room = 2 * repairs->room + 64;
		repairs->list = couche_grow(repairs->list, repairs->room,
					    sizeof(*repairs->list));
	}
	memset(&repairs->list[repairs->nr], 0, sizeof(*repairs->list));
	return &repairs->list[repairs->nr++];
}

/**
 * couche_repair_copy() - a block is to become like another
 * @o: the legs; nothing is noted when nobody asked for repairs
 * @leg: that gets it
 * @sector: where
 * @from: leg that has it as it should be
 * @from_sector: where
 * @object: what it is
 */
void couche_repair_copy(struct couche_offline *o, u32 leg, u64 sector, u32 from,
			u64 from_sector, const char *object, ...)
{
	struct couche_repair *repair;
	va_list args;

	if (!o->repairs)
		return;
	repair = add(o->repairs);
	repair->leg = leg;
	repair->sector = sector;
	repair->from = from;
	repair->from_sector = from_sector;
	va_start(args, object);
	vsnprintf(repair->object, sizeof(repair->object), object, args);
	va_end(args);
}

/**
 * couche_repair_super() - a leg is to get the superblock that counts
 * @o: the legs; nothing is noted when nobody asked for repairs
 * @leg: that gets it
 * @slot: 0 or 1
 */
void couche_repair_super(struct couche_offline *o, u32 leg, unsigned int slot)
{
	couche_repair_copy(o, leg, slot ? COUCHE_SB_SLOT_B : COUCHE_SB_SLOT_A, 0, 0,
			   "superblock slot %c", slot ? 'B' : 'A');
	if (o->repairs)
		o->repairs->list[o->repairs->nr - 1].from = COUCHE_NO_LEG;
}

static int fail(const struct couche_offline *o, const struct couche_repair *repair, int err)
{
	return couche_fail(COUCHE_EXIT_FAILURE, o->leg[repair->leg].path,
			   "%s cannot be written (%s); replace the leg", repair->object,
			   strerror(-err));
}

static int write_one(struct couche_offline *o, const struct couche_repair *repair, void *block)
{
	int err = 0;

	if (repair->from == COUCHE_NO_LEG) {
		struct couche_super s = o->super;

		s.leg_index = repair->leg;
		couche_super_encode(&s, block);
	} else {
		err = couche_offline_read(o, repair->from, repair->from_sector, block,
					  COUCHE_BLOCK_SIZE);
	}
	if (!err)
		err = couche_offline_write_block(o->leg[repair->leg].fd, repair->sector, block);
	return err ? fail(o, repair, err) : 0;
}

/**
 * couche_repairs_write() - carry out all that was noted
 * @o: the legs, open for writing
 *
 * Superblocks come last: one says of a metadata leg that it can be believed.
 *
 * Return: 0 or an exit code.
 */
int couche_repairs_write(struct couche_offline *o)
{
	_cleanup_free_ void *block = couche_offline_buffer(COUCHE_BLOCK_SIZE);
	int pass, r = 0;
	size_t i;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < o->repairs->nr && !r; i++) {
			const struct couche_repair *repair = &o->repairs->list[i];
			bool comes_last = repair->from == COUCHE_NO_LEG;

			if (comes_last == pass)
				r = write_one(o, repair, block);
		}
	}
	return r;
}

/**
 * couche_repairs_destroy() - forget all of it
 * @repairs: the list
 */
void couche_repairs_destroy(struct couche_repairs *repairs)
{
	free(repairs->list);
	memset(repairs, 0, sizeof(*repairs));
}

/* The last one cannot be failed. */
static bool is_only_meta(const struct couche_offline *o)
{
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < o->super.nr_legs; i++)
		nr += o->super.leg[i].role == COUCHE_ROLE_META && couche_offline_is_current(o, i);
	return nr < 2;
}

/**
 * couche_finding_remedy() - what a person can do about it
 * @o: the legs
 * @finding: what a repair has left
 *
 * Return: a constant sentence.
 */
const char *couche_finding_remedy(const struct couche_offline *o,
				  const struct couche_finding *finding)
{
	static const struct {
		const char *what;	/* begins with this */
		const char *remedy;
	} remedies[] = {
		{ "leg: missing", "attach the leg, or: couchectl leg replace" },
		{ "leg uuid:", "leave this device out, or: couchectl leg replace" },
		{ "leg: the table", "import the pool: its metadata legs are believed" },
		{ "legs:", "attach more of its legs" },
		{ "state:", "import the pool, then: couchectl leg restore, or leg replace" },
		{ "sectors:", "put the leg on a device of its old size" },
		{ "sequence: newer", "attach a newer metadata leg" },
		{ "version: not supported", "use the version of the tools that knows it" },
		{ "incompat: unknown feature", "use the version of the tools that knows it" },
		{ "cannot be read on any metadata leg",
		  "attach another metadata leg; or write zeros to the 4 KiB at that sector of one, "
		  "which gives up what was committed last" },
		{ "no metadata leg has it",
		  "attach another metadata leg; or import the pool as it is, and write these 4 KiB "
		  "of the volume anew" },
	};
	size_t i;

	for (i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (!strncmp(finding->what, remedies[i].what, strlen(remedies[i].what)))
			return remedies[i].remedy;
	}
	if (finding->severity == COUCHE_FINDING_NOTE)
		return "nothing; it is set right when the pool is imported";
	if (finding->severity == COUCHE_FINDING_LOSS)
		return "attach another metadata leg; without one: couchectl rescue --write-meta, "
		       "which saves cold extents only";
	if (finding->leg == COUCHE_NO_LEG)
		return "name the device of the leg that it was, or: couchectl leg replace";
	if (o->super.leg[finding->leg].role == COUCHE_ROLE_META)
		return is_only_meta(o) ?
		       "couchectl check --repair; if it stays, import the pool, "
		       "then: couchectl leg add --meta, leg fail, leg restore" :
		       "couchectl check --repair; if it stays, import the pool, "
		       "then: couchectl leg fail, leg restore";
	return "couchectl check --repair; if it stays: couchectl leg replace";
}
