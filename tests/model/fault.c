// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <linux/sched.h>
#include <stdio.h>

#include "change.h"
#include "control.h"
#include "couche_netlink.h"
#include "leg.h"
#include "machine.h"
#include "pool.h"
#include "resync.h"

#define PATIENCE_MS	120000	/* of the machine's own time, to be whole again */
#define NOT_BLIND	MACHINE_PLACES

/* The leg that cannot be read well during a start. */
static u32 blind = NOT_BLIND;

/**
 * fault_sick() - How many legs of a role cannot be counted on?
 * @role: enum couche_role
 */
u32 fault_sick(u8 role)
{
	u32 i, nr = 0;

	for (i = 0; i < machine.nr_legs; i++)
		nr += machine.roles[i] == role &&
		      ((machine.sick | machine.missing) & BIT_ULL(i));
	return nr;
}

/**
 * fault_allowed() - May one more leg of a role be without what it should hold?
 * @role: enum couche_role
 *
 * What an earlier fault has left undone would count against this one.
 */
bool fault_allowed(u8 role)
{
	return machine.faults && fault_sick(role) < machine_spare(role) &&
	       (!machine.weak || machine.sick);
}

/* Nothing is wrong with it: it is failed by order. */
static void order_failed(struct couche_pool *pool, u32 i)
{
	const char *why = "";
	int err = couche_leg_fail(pool, i, &why);

	model_log("fault: leg %u fails by order: %d %s", i, err, why);
}

/**
 * fault_make_sick() - Something is wrong with a device from now on
 * @leg: the device
 */
void fault_make_sick(struct model_leg *leg)
{
	static const u32 rates[] = { 20, 200, 1000 };
	u32 rate = rates[model_below(ARRAY_SIZE(rates))];
	u32 kind = model_below(5);

	leg->gone = kind == 0;
	leg->read_errors = kind == 1 || kind == 4 ? rate : 0;
	leg->write_errors = kind == 2 || kind == 4 ? rate : 0;
	leg->flush_errors = kind == 3 || kind == 4 ? rate : 0;
	model_log("fault: %s: gone %u, errors %u/%u/%u", leg->name, leg->gone, leg->read_errors,
		  leg->write_errors, leg->flush_errors);
}

static void restore_failed(struct couche_pool *pool)
{
	const char *why = "";
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (READ_ONCE(pool->legs[i].state) == COUCHE_LEG_FAILED ||
		    READ_ONCE(pool->legs[i].state) == COUCHE_LEG_RESTORING)
			model_log("restore leg %u: %d %s", i, couche_leg_restore(pool, i, &why),
				  why);
}

static u32 pick_leg(bool mirrored)
{
	u32 tries = mirrored ? 8 : 0;
	u32 i = model_below(machine.nr_legs);

	while (tries-- && machine.roles[i] != COUCHE_ROLE_HOT)
		i = model_below(machine.nr_legs);
	return i;
}

/**
 * fault_play() - A leg falls ill, or all are well again
 * @pool: in use
 * @mirrored: rather one of those that hold copies, and by order
 */
void fault_play(struct couche_pool *pool, bool mirrored)
{
	u32 i = pick_leg(mirrored);
	u8 role = machine.roles[i];

	if (!machine.faults)
		return;
	if (machine.weak && model_chance(400)) {
		fault_mend(pool);
		return;
	}
	/* Too early, while it is still ill: it may fail half way. */
	if (machine.weak && model_chance(300)) {
		restore_failed(pool);
		return;
	}
	if (!fault_allowed(role) || machine.places[i] != PLACE_LEG ||
	    ((machine.sick | machine.missing) & BIT_ULL(i)))
		return;
	machine.sick |= BIT_ULL(i);
	machine.weak = true;
	machine_counts.faults++;
	if (model_chance(mirrored ? 700 : 300))
		order_failed(pool, i);
	else
		fault_make_sick(machine.legs[i]);
}

/**
 * fault_refill() - A metadata leg fails by order, or gets anew what it has missed
 * @pool: in use
 */
void fault_refill(struct couche_pool *pool)
{
	u32 i, first = model_below(machine.nr_legs);

	for (i = 0; i < pool->nr_legs; i++)
		if (couche_leg_member(&pool->legs[i]) &&
		    pool->legs[i].role == COUCHE_ROLE_META &&
		    READ_ONCE(pool->legs[i].state) != COUCHE_LEG_ONLINE) {
			restore_failed(pool);
			return;
		}
	for (i = first; i < machine.nr_legs; i++) {
		u64 bit = BIT_ULL(i);

		if (machine.roles[i] != COUCHE_ROLE_META || machine.places[i] != PLACE_LEG)
			continue;
		if (!(machine.sick & bit) && !fault_allowed(COUCHE_ROLE_META))
			continue;
		machine.sick |= bit;
		machine.weak = true;
		order_failed(pool, i);
		return;
	}
}

static bool all_online(const struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr_legs; i++)
		if (couche_leg_member(&pool->legs[i]) &&
		    READ_ONCE(pool->legs[i].state) != COUCHE_LEG_ONLINE)
			return false;
	return true;
}

static bool goes_on(struct couche_pool *pool, enum couche_sweep_kind kind)
{
	struct couche_sweep_info info;

	couche_pool_sweep_info(pool, kind, &info);
	return info.state == COUCHE_SWEEP_RUNNING || info.state == COUCHE_SWEEP_WAITING;
}

/**
 * fault_scrub() - Every shard is read, and is right
 * @pool: in use, and whole
 *
 * Return: whether; else it could not do without another leg.
 */
bool fault_scrub(struct couche_pool *pool)
{
	struct couche_sweep_info info;
	const char *why = "";

	couche_pool_sweep(pool, COUCHE_SWEEP_SCRUB, COUCHE_SWEEP_STOP, U64_MAX, &why);
	if (couche_pool_sweep(pool, COUCHE_SWEEP_SCRUB, COUCHE_SWEEP_START, U64_MAX, &why))
		return false;
	machine_counts.scrubs++;
	while (goes_on(pool, COUCHE_SWEEP_SCRUB))
		schedule_timeout_uninterruptible(20);
	couche_pool_sweep_info(pool, COUCHE_SWEEP_SCRUB, &info);
	model_log("mended: scrub: %llu bad, %llu failed", info.bad, info.failed);
	return !info.bad && !info.failed;
}

static bool is_whole(struct couche_pool *pool)
{
	return all_online(pool) && !couche_resync_needed(pool) &&
	       !goes_on(pool, COUCHE_SWEEP_REBUILD);
}

/**
 * fault_mend() - All legs are well again, and the pool makes itself whole
 * @pool: in use
 *
 * It has to within some time: then it could do without the next leg.
 */
void fault_mend(struct couche_pool *pool)
{
	u64 until = model_jiffies + PATIENCE_MS;
	u32 i;

	if (!machine.weak)
		return;
	for (i = 0; i < MACHINE_DEVICES; i++)
		model_leg_heal(&machine.devices[i]);
	machine.behind |= machine.sick | machine.missing;
	machine.sick = 0;
	if (machine.missing) {
		machine.missing = 0;
		machine_load_table();
	}
	do {
		change_replace_lost(pool);
		restore_failed(pool);
		schedule_timeout_uninterruptible(20);
		if (model_jiffies > until)
			model_fail("redundancy", "the pool is not whole %u s after all legs are",
				   PATIENCE_MS / 1000);
	} while (!is_whole(pool) || !fault_scrub(pool));
	machine.weak = false;
	machine.behind = 0;
}

/* --- a metadata leg that cannot be read for a while --------------------------------- */

static bool is_sound_meta(u32 i)
{
	return machine.roles[i] == COUCHE_ROLE_META && machine.places[i] == PLACE_LEG &&
	       !((machine.behind | machine.sick | machine.missing) & BIT_ULL(i));
}

/**
 * fault_blind() - One metadata leg cannot be read well until the pool is active
 *
 * It is in the table and counts as current. Another one has all that it has.
 */
void fault_blind(void)
{
	u32 sound[MACHINE_PLACES], nr = 0, i;

	if (!machine.faults || !machine.formatted)
		return;
	for (i = 0; i < machine.nr_legs; i++)
		if (is_sound_meta(i))
			sound[nr++] = i;
	if (nr < 2)
		return;
	blind = sound[model_below(nr)];
	machine.legs[blind]->blind = 300;
	machine_counts.blind++;
	model_log("fault: %s can hardly be read", machine.legs[blind]->name);
}

/* So many errors that it failed, or, in a start that was cut, may have failed. */
static void end_blindness(const struct couche_pool *pool)
{
	const struct couche_leg *leg;

	if (blind == NOT_BLIND)
		return;
	leg = pool ? &pool->legs[blind] : NULL;
	if (!leg || READ_ONCE(leg->state) != COUCHE_LEG_ONLINE || READ_ONCE(leg->fail_asked)) {
		machine.sick |= BIT_ULL(blind);
		machine.weak = true;
	}
	blind = NOT_BLIND;
}

/**
 * fault_started() - What was to be so for the time of a start is over
 * @pool: active
 */
void fault_started(struct couche_pool *pool)
{
	if (blind != NOT_BLIND)
		machine.legs[blind]->blind = 0;
	end_blindness(pool);
}

/**
 * fault_after_death() - Which legs are there at the next start?
 * @all: those that were ill are
 */
void fault_after_death(bool all)
{
	u32 i, nr = model_below(4);

	if (!machine.faults || !machine.formatted)
		return;
	for (i = 0; i < MACHINE_DEVICES; i++)
		model_leg_heal(&machine.devices[i]);
	end_blindness(NULL);
	machine.missing |= machine.sick;
	machine.behind |= machine.missing;
	machine.sick = 0;
	if (machine.weak) {
		/* The same ones, or none: they have missed what others have. */
		if (all || model_chance(500))
			machine.missing = 0;
		return;
	}
	while (nr--) {
		i = model_below(machine.nr_legs);
		if (machine.places[i] == PLACE_LEG &&
		    fault_sick(machine.roles[i]) < machine_spare(machine.roles[i]))
			machine.missing |= BIT_ULL(i);
	}
	if (!machine.missing)
		return;
	machine.weak = true;
	machine_counts.degraded++;
	model_log("missing at the next start: %#llx", machine.missing);
}
