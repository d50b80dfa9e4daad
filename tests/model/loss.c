// SPDX-License-Identifier: GPL-2.0-only
#include "loss.h"

#include <linux/sched.h>

#include "control.h"
#include "core/crc32c.h"
#include "couche_netlink.h"
#include "destage.h"
#include "machine.h"
#include "migrate.h"
#include "oracle.h"
#include "pool.h"
#include "stage.h"

#define LOST_MAX	40	/* slots at a time */
#define AT_ONCE		8
#define PATIENCE_MS	120000	/* of the machine's own time, to destage all */

/* A slot that no metadata leg has, and what it held. */
struct loss {
	u32 slot;
	u32 generation;		/* of its extent, when it was last looked at */
	u64 sequence;
	u8 data[COUCHE_BLOCK_SIZE];
};

static struct loss losses[LOST_MAX];
static u32 nr_losses;
static bool due;		/* in this life */

/**
 * loss_forget() - Another pool begins
 */
void loss_forget(void)
{
	nr_losses = 0;
}

/**
 * loss_begin() - Another life: are slots lost in it?
 * @pool: was started just now
 *
 * What is lost already may stay so, or be there again.
 */
void loss_begin(struct couche_pool *pool)
{
	due = pool->stage && model_chance(500);
	model_leg_spare_errors();
	if (nr_losses && model_chance(200))
		loss_heal(pool);
}

bool loss_is_due(void)
{
	return due;
}

/* --- losing ------------------------------------------------------------------------- */

static bool is_meta(u32 i)
{
	return machine.legs[i] && machine.roles[i] == COUCHE_ROLE_META;
}

/* Is the slot still what it was? Until it is free it may be so after a death. */
static bool is_same(const struct couche_pool *pool, const struct loss *loss)
{
	const struct couche_slot *slot = &pool->stage->slots[loss->slot];

	return slot->state != SLOT_FREE && slot->state != SLOT_WRITING &&
	       slot->desc.sequence == loss->sequence;
}

static bool is_lost_already(u32 slot)
{
	u32 i;

	for (i = 0; i < nr_losses; i++)
		if (losses[i].slot == slot)
			return true;
	return false;
}

static void prune(struct couche_pool *pool)
{
	u32 i, left = 0;

	for (i = 0; i < nr_losses; i++)
		if (is_same(pool, &losses[i]))
			losses[left++] = losses[i];
	nr_losses = left;
}

/* What the slot is to hold, from a leg that has it, or NULL. */
static const u8 *find_data(const struct couche_slot *slot, u64 sector)
{
	u32 i;

	for (i = 0; i < machine.nr_legs; i++) {
		const u8 *data;

		if (!is_meta(i))
			continue;
		data = machine.legs[i]->now + sector * 512;
		if (couche_crc32c(~0, data, COUCHE_BLOCK_SIZE) == slot->desc.crc)
			return data;
	}
	return NULL;
}

static bool may_be_lost(const struct couche_slot *slot)
{
	return couche_slot_counts(slot) && slot->state != SLOT_LOST &&
	       !(slot->desc.flags & COUCHE_STAGE_ZERO);
}

static bool lose(struct couche_pool *pool, const struct couche_slot *slot)
{
	u32 nr = slot - pool->stage->slots, i;
	u64 sector = couche_stage_sector(pool, nr);
	u64 extent = from_couche_extent(slot->desc.extent);
	const u8 *data = find_data(slot, sector);
	bool error = model_chance(300);

	if (!data || is_lost_already(nr))
		return false;
	if (!oracle_lose(slot->desc.volume - 1,
			 extent * ORACLE_RUN + slot->desc.granule, data))
		return false;
	for (i = 0; i < machine.nr_legs; i++)
		if (is_meta(i))
			model_leg_garble(machine.legs[i], sector, error);
	losses[nr_losses].slot = nr;
	losses[nr_losses].generation = slot->desc.generation;
	losses[nr_losses].sequence = slot->desc.sequence;
	memcpy(losses[nr_losses++].data, data, COUCHE_BLOCK_SIZE);
	machine_counts.lost++;
	model_log("fault: slot %u, %s, is lost: volume %u extent %llu granule %u",
		  nr, slot->state == SLOT_FRESH ? "fresh" : "staged",
		  slot->desc.volume, extent, slot->desc.granule);
	return true;
}

/* The extent is to get another generation while they are. */
static void move(struct couche_pool *pool, const struct couche_slot *slot)
{
	struct couche_migrate_args args = {
		.volume = slot->desc.volume,
		.first = from_couche_extent(slot->desc.extent),
		.count = 1,
		.tier = model_chance(600) ? COUCHE_TIER_COLD : COUCHE_TIER_HOT,
	};
	const char *why = "";
	u32 id;

	if (slot->state != SLOT_FRESH && model_chance(500))
		couche_destage_flush(pool);
	else
		couche_migrate_start(pool, &args, &id, &why);
}

/* Some that are near each other, and the extent of one of them is moved. */
static void lose_some(struct couche_pool *pool)
{
	struct couche_stage *stage = pool->stage;
	u32 wanted = 1 + model_below(AT_ONCE), first = model_below(stage->nr);
	const struct couche_slot *last = NULL;
	bool fresh = model_chance(500);
	u32 i;

	for (i = 0; i < stage->nr && wanted && nr_losses < LOST_MAX; i++) {
		const struct couche_slot *slot =
			&stage->slots[(first + i) % stage->nr];

		if (fresh && slot->state != SLOT_FRESH)
			continue;
		if (!may_be_lost(slot) || model_chance(300) || !lose(pool, slot))
			continue;
		last = slot;
		wanted--;
	}
	if (last && model_chance(700))
		move(pool, last);
}

/**
 * loss_play() - Slots are lost, or all are there again
 * @pool: in use
 */
void loss_play(struct couche_pool *pool)
{
	if (!pool->stage)
		return;
	prune(pool);
	if (nr_losses && model_chance(100))
		loss_heal(pool);
	else
		lose_some(pool);
}

/**
 * loss_has_moved() - Has an extent moved since this was last asked, under what is lost?
 * @pool: in use
 *
 * Return: whether; no commit need say so.
 */
bool loss_has_moved(struct couche_pool *pool)
{
	bool moved = false;
	u32 i;

	for (i = 0; i < nr_losses; i++) {
		const struct couche_slot *slot = &pool->stage->slots[losses[i].slot];

		if (!is_same(pool, &losses[i]))
			continue;
		moved |= slot->desc.generation != losses[i].generation;
		losses[i].generation = slot->desc.generation;
	}
	return moved;
}

/* --- and finding again -------------------------------------------------------------- */

/* Also on those that have come since, for others may go. */
static void put_back(struct couche_pool *pool, const struct loss *loss)
{
	u64 sector = couche_stage_sector(pool, loss->slot);
	u32 i;

	for (i = 0; i < machine.nr_legs; i++)
		if (is_meta(i))
			model_leg_put(machine.legs[i], sector, loss->data);
}

/**
 * loss_heal() - All legs have again what was written to them
 * @pool: in use
 */
void loss_heal(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < nr_losses; i++)
		if (is_same(pool, &losses[i]))
			put_back(pool, &losses[i]);
	for (i = 0; i < MACHINE_DEVICES; i++)
		model_leg_ungarble(&machine.devices[i]);
	oracle_find_again();
	nr_losses = 0;
	model_log("no slot is lost any more");
}

/**
 * loss_mend() - All slots are there again, and are destaged by order
 * @pool: in use, by no clients; all devices are well
 *
 * A merge that is on its way may still have read what was not there.
 */
void loss_mend(struct couche_pool *pool)
{
	struct couche_stage *stage = pool->stage;
	u64 until = model_jiffies + PATIENCE_MS;

	if (!stage || !(due || nr_losses) || model_chance(300))
		return;
	loss_heal(pool);
	do {
		couche_destage_flush(pool);
		while (READ_ONCE(stage->flush_left)) {
			schedule_timeout_uninterruptible(20);
			if (model_jiffies > until)
				model_fail("stage", "%u slots are not destaged after %u s",
					   stage->flush_left, PATIENCE_MS / 1000);
		}
		if (model_jiffies > until)
			model_fail("stage", "%u slots are lost, though all legs have them",
				   stage->nr_lost);
	} while (READ_ONCE(stage->nr_lost));
}
