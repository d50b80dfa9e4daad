// SPDX-License-Identifier: GPL-2.0-only
#include "change.h"

#include <linux/sched.h>

#include "control.h"
#include "fault.h"
#include "leg.h"
#include "machine.h"
#include "pool.h"
#include "superblock.h"

#define LEGS_MAX	26		/* no more are added */
#define NAMED_SECTORS	512		/* where a device says whose it is */
#define PATIENCE_MS	300000		/* of the machine's own time, to move all that is to move */

static u64 draining;			/* legs that are, as was acknowledged */
static u64 undecided;			/* where an order about that was cut short */
static struct couche_profile_args profile, wanted;	/* k 0: not known; none */
static bool changed;			/* something was ordered that takes its time */

/**
 * change_forget() - Another pool begins
 */
void change_forget(void)
{
	draining = 0;
	undecided = 0;
	profile.k = 0;
	wanted.k = 0;
	changed = false;
}

/* --- what is, after an order or a start --------------------------------------------------- */

static bool is_member(const struct couche_pool *pool, u32 i)
{
	return i < pool->nr_legs && couche_leg_member(&pool->legs[i]);
}

static u8 state_of(const struct couche_pool *pool, u32 i)
{
	return is_member(pool, i) ? READ_ONCE(pool->legs[i].state) : COUCHE_LEG_NONE;
}

static bool is_there(u32 i)
{
	return machine.legs[i] && !(machine.missing & BIT_ULL(i));
}

static bool is_taken(const struct couche_pool *pool, u32 i)
{
	return is_member(pool, i) && is_there(i) &&
	       pool->legs[i].bdev == &machine.legs[i]->bdev;
}

static void set_vacant(u32 i)
{
	machine.places[i] = machine.legs[i] ? PLACE_OFFER : PLACE_NONE;
	machine.lost[i] = NULL;
	machine.sick &= ~BIT_ULL(i);
	machine.missing &= ~BIT_ULL(i);
	machine.behind &= ~BIT_ULL(i);
	draining &= ~BIT_ULL(i);
}

static void set_leg(const struct couche_pool *pool, u32 i)
{
	machine.places[i] = PLACE_LEG;
	machine.lost[i] = NULL;
	if (state_of(pool, i) == COUCHE_LEG_ONLINE)
		return;
	/* It is still to be filled. */
	machine.weak = true;
	machine.behind |= BIT_ULL(i);
	if (machine.sick)
		machine.sick |= BIT_ULL(i);
}

/* What was cut short, or has failed, is done or not. */
static void settle_place(const struct couche_pool *pool, u32 i)
{
	if (!is_member(pool, i))
		set_vacant(i);
	else if (is_taken(pool, i))
		set_leg(pool, i);
	else if (is_there(i))
		machine.places[i] = PLACE_LOST;
}

static void look_at_place(const struct couche_pool *pool, u32 i)
{
	u8 place = machine.places[i];

	switch (place) {
	case PLACE_UNSURE:
		settle_place(pool, i);
		break;
	case PLACE_LEG:
		if (!is_member(pool, i) || (is_there(i) && !is_taken(pool, i)))
			model_fail("I1", "leg %u is not the pool's any more", i);
		break;
	case PLACE_LOST:
		if (!is_member(pool, i) || is_taken(pool, i))
			model_fail("I1", "leg %u was replaced or removed by nobody", i);
		break;
	default:
		if (is_member(pool, i))
			model_fail("I1", "leg %u was added by nobody", i);
		break;
	}
}

static void look_at_drain(const struct couche_pool *pool, u32 i)
{
	bool drains = is_member(pool, i) && couche_leg_draining(&pool->legs[i]);
	u64 bit = BIT_ULL(i);

	if (!(undecided & bit) && is_member(pool, i) && drains != !!(draining & bit))
		model_fail("I1", "leg %u is %sdrained, which nobody ordered", i,
			   drains ? "" : "not ");
	draining = drains ? draining | bit : draining & ~bit;
	machine.drained |= drains && machine.roles[i] != COUCHE_ROLE_COLD;
}

static bool same_profile(const struct couche_profile *p, const struct couche_profile_args *args)
{
	return p->k == args->k && p->m == args->m;
}

/* As long as there are two shapes, the legs that may be lost are those that both stand. */
static void look_at_profile(struct couche_pool *pool)
{
	const struct couche_profile *p = &pool->super.profile[COUCHE_TIER_COLD];

	if (profile.k && !same_profile(p, &profile) && !same_profile(p, &wanted))
		model_fail("I1", "the profile is %u+%u, and was to be %u+%u", p->k, p->m,
			   profile.k, profile.m);
	profile.k = p->k;
	profile.m = p->m;
	wanted.k = 0;
	if (!couche_superblock_mixed(pool))
		machine.spare[COUCHE_ROLE_COLD] = p->m;
}

/**
 * change_look() - Is what was acknowledged so?
 * @pool: was started just now, or got another table
 */
void change_look(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < machine.nr_legs; i++) {
		machine_counts.interrupted += machine.places[i] == PLACE_UNSURE;
		look_at_place(pool, i);
		look_at_drain(pool, i);
	}
	for (; i < pool->nr_legs; i++)
		if (is_member(pool, i))
			model_fail("I1", "leg %u was added by nobody", i);
	undecided = 0;
	look_at_profile(pool);
}

/* --- devices ---------------------------------------------------------------------------- */

static bool is_free(const struct model_leg *device)
{
	u32 i;

	for (i = 0; i < MACHINE_PLACES; i++)
		if (machine.legs[i] == device || machine.lost[i] == device)
			return false;
	return true;
}

static struct model_leg *pick_device(void)
{
	u32 start = model_below(MACHINE_DEVICES), i;

	for (i = 0; i < MACHINE_DEVICES; i++) {
		struct model_leg *device = &machine.devices[(start + i) % MACHINE_DEVICES];

		if (is_free(device))
			return device;
	}
	return NULL;
}

/* Blank, or wiped where it says whose it is, or as it was: then it may be refused. */
static struct model_leg *new_device(u8 role, bool blank)
{
	struct model_leg *device = pick_device();
	u32 dice = model_below(10);

	if (!device)
		return NULL;
	if (blank || dice < 4)
		model_leg_wipe(device, MACHINE_LEG_SECTORS);
	else if (dice < 9)
		model_leg_wipe(device, NAMED_SECTORS);
	model_leg_heal(device);
	machine_prepare(device, role);
	return device;
}

static void offer_at(u32 i, struct model_leg *device)
{
	machine.legs[i] = device;
	machine.places[i] = PLACE_OFFER;
	machine.nr_legs = max(machine.nr_legs, i + 1);
	machine_load_table();
}

static u32 nr_members(const struct couche_pool *pool)
{
	u32 i, nr = 0;

	for (i = 0; i < pool->nr_legs; i++)
		nr += is_member(pool, i);
	return nr;
}

/* Also of places without a leg. */
static u32 nr_metas(void)
{
	u32 i, nr = 0;

	for (i = 0; i < machine.nr_legs; i++)
		nr += machine.roles[i] == COUCHE_ROLE_META;
	return nr;
}

static void offer_more(struct couche_pool *pool)
{
	u8 role = machine.roles[model_below(machine.nr_legs)];
	struct model_leg *device;
	u32 i = 0;

	if (nr_metas() < COUCHE_MAX_META_LEGS && model_chance(500))
		role = COUCHE_ROLE_META;
	else if (role == COUCHE_ROLE_META)
		role = COUCHE_ROLE_COLD;

	while (i < machine.nr_legs && machine.places[i] != PLACE_NONE)
		i++;
	if (i == MACHINE_PLACES || nr_members(pool) >= LEGS_MAX)
		return;
	device = new_device(role, false);
	if (!device)
		return;
	machine.roles[i] = role;
	if (machine.faults && model_chance(100))
		fault_make_sick(device);
	offer_at(i, device);
}

/* Another device stands where one has failed: which is to come back, or be replaced. */
static void offer_instead(struct couche_pool *pool, u32 i, bool blank)
{
	struct model_leg *device = new_device(machine.roles[i], blank);
	u64 bit = BIT_ULL(i);

	if (!device)
		return;
	if (blank || model_chance(900))
		device->bdev.sectors = max(device->bdev.sectors, pool->legs[i].sectors);
	if (machine.places[i] == PLACE_LEG)
		machine.lost[i] = machine.legs[i];
	machine.legs[i] = device;
	machine.places[i] = PLACE_LOST;
	if (machine.missing & bit) {
		machine.missing &= ~bit;
		machine.sick |= bit;
	}
	if ((machine.sick & bit) && model_chance(200))
		fault_make_sick(device);
	machine_load_table();
}

static void take_back(u32 i)
{
	model_leg_heal(machine.lost[i]);
	machine.legs[i] = machine.lost[i];
	machine.lost[i] = NULL;
	machine.places[i] = PLACE_LEG;
	machine_load_table();
}

static void withdraw(struct couche_pool *pool, u32 i)
{
	machine.legs[i] = NULL;
	machine.roles[i] = COUCHE_ROLE_HOT;
	set_vacant(i);
	while (machine.nr_legs > pool->nr_legs &&
	       machine.places[machine.nr_legs - 1] == PLACE_NONE)
		machine.nr_legs--;
	machine_load_table();
}

/* --- orders ------------------------------------------------------------------------------- */

/* About whether there is a leg. */
static int order(struct couche_pool *pool, u32 i, const char *name,
		 int (*fn)(struct couche_pool *pool, u32 index, const char **why))
{
	const char *why = "";
	u8 before = machine.places[i];
	int err;

	machine_counts.orders++;
	machine.places[i] = PLACE_UNSURE;
	model_event(MODEL_EVENT_ORDER);
	err = fn(pool, i, &why);
	model_log("%s %u: %d %s", name, i, err, err ? why : "");
	settle_place(pool, i);
	if (!err && machine.places[i] == before)
		model_fail("I1", "leg %u is as before, which was to change: %s", i, name);
	return err;
}

static void add(struct couche_pool *pool, u32 i)
{
	u8 role = machine.roles[i];

	if (machine.faults && role != COUCHE_ROLE_META) {
		/* Until it counts as current it is one of those that may be lost. */
		if (!fault_allowed(role))
			return;
		machine.sick |= BIT_ULL(i);
		machine.weak = true;
	}
	changed = true;
	machine_counts.added += !order(pool, i, "add", couche_leg_add);
}

static int replace(struct couche_pool *pool, u32 i)
{
	int err = order(pool, i, "replace", couche_leg_replace);

	machine_counts.replaced += !err;
	return err;
}

static bool is_removable(const struct couche_pool *pool, u32 i)
{
	return machine.places[i] != PLACE_UNSURE && is_member(pool, i) &&
	       (state_of(pool, i) == COUCHE_LEG_FAILED || (draining & BIT_ULL(i))) &&
	       !couche_segmap_used(&pool->legs[i].segments);
}

static void remove_leg(struct couche_pool *pool, u32 i)
{
	machine_counts.removed += !order(pool, i, "remove", couche_leg_remove);
}

static int order_drain(struct couche_pool *pool, u32 i, const char *name,
		       int (*fn)(struct couche_pool *pool, u32 index, const char **why))
{
	const char *why = "";
	bool before = draining & BIT_ULL(i);
	int err;

	machine_counts.orders++;
	changed = true;
	undecided |= BIT_ULL(i);
	machine.drained |= machine.roles[i] != COUCHE_ROLE_COLD;
	model_event(MODEL_EVENT_ORDER);
	err = fn(pool, i, &why);
	model_log("%s %u: %d %s", name, i, err, err ? why : "");
	look_at_drain(pool, i);
	undecided &= ~BIT_ULL(i);
	if (!err && before == !!(draining & BIT_ULL(i)))
		model_fail("I1", "leg %u is as before, which was to change: %s", i, name);
	return err;
}

static void drain(struct couche_pool *pool, u32 i)
{
	machine_counts.drained += !order_drain(pool, i, "drain", couche_leg_drain);
}

static void undrain(struct couche_pool *pool, u32 i)
{
	order_drain(pool, i, "undrain", couche_leg_drain_cancel);
}

/* One that stands as many losses as there may have been. */
static bool may_have_profile(u8 m)
{
	if (machine.weak && !machine.sick)
		return m >= machine.spare[COUCHE_ROLE_COLD];
	return m >= fault_sick(COUCHE_ROLE_COLD);
}

static void set_profile(struct couche_pool *pool)
{
	static const struct {
		u8 k, m;
	} profiles[] = { { 2, 1 }, { 2, 2 }, { 4, 2 }, { 3, 1 }, { 3, 2 }, { 4, 3 }, { 5, 2 } };
	u32 i = model_below(ARRAY_SIZE(profiles));
	const char *why = "";
	int err;

	if (!may_have_profile(profiles[i].m))
		return;
	wanted = (struct couche_profile_args){
		.tier = COUCHE_TIER_COLD,
		.k = profiles[i].k,
		.m = profiles[i].m,
		.matrix = COUCHE_ANY_MATRIX,
		.rate_bytes = U64_MAX,
	};
	machine.spare[COUCHE_ROLE_COLD] = min_t(u32, machine.spare[COUCHE_ROLE_COLD], wanted.m);
	changed = true;
	machine_counts.orders++;
	model_event(MODEL_EVENT_ORDER);
	err = couche_pool_set_profile(pool, &wanted, &why);
	model_log("profile %u+%u: %d %s", wanted.k, wanted.m, err, err ? why : "");
	machine_counts.reshaped += !err;
	if (!err)
		profile = wanted;
	look_at_profile(pool);
}

/* --- the administrator -------------------------------------------------------------------- */

/* A place of the table of which this is so, or nr_legs. */
static u32 pick(const struct couche_pool *pool,
		bool (*fits)(const struct couche_pool *pool, u32 i))
{
	u32 start = model_below(machine.nr_legs), i;

	for (i = 0; i < machine.nr_legs; i++)
		if (fits(pool, (start + i) % machine.nr_legs))
			return (start + i) % machine.nr_legs;
	return machine.nr_legs;
}

static bool is_offer(const struct couche_pool *pool, u32 i)
{
	return machine.places[i] == PLACE_OFFER;
}

static bool is_lost(const struct couche_pool *pool, u32 i)
{
	return machine.places[i] == PLACE_LOST;
}

static bool has_failed(const struct couche_pool *pool, u32 i)
{
	return machine.places[i] == PLACE_LEG && state_of(pool, i) == COUCHE_LEG_FAILED;
}

static bool drains(const struct couche_pool *pool, u32 i)
{
	return machine.places[i] == PLACE_LEG && (draining & BIT_ULL(i));
}

static bool is_leg(const struct couche_pool *pool, u32 i)
{
	return machine.places[i] == PLACE_LEG;
}

/* What was begun goes on, as a rule; false: there is nothing. */
static bool go_on(struct couche_pool *pool)
{
	u32 none = machine.nr_legs, i;

	i = pick(pool, is_lost);
	if (i != none && model_chance(500)) {
		if (machine.lost[i] && model_chance(200))
			take_back(i);
		else
			replace(pool, i);
		return true;
	}
	i = pick(pool, is_removable);
	if (i != none && model_chance(500)) {
		remove_leg(pool, i);
		return true;
	}
	i = pick(pool, is_offer);
	if (i == none || model_chance(500))
		return false;
	if (model_chance(200))
		withdraw(pool, i);
	else
		add(pool, i);
	return true;
}

/**
 * change_play() - Legs come and go, or extents are to be stored in another way
 * @pool: in use
 */
void change_play(struct couche_pool *pool)
{
	u32 i;

	if (go_on(pool))
		return;
	switch (model_below(10)) {
	case 0:
	case 1:
		i = pick(pool, has_failed);
		if (i < machine.nr_legs)
			offer_instead(pool, i, false);
		break;
	case 2:
	case 3:
		offer_more(pool);
		break;
	case 4:
	case 5:
		i = pick(pool, is_leg);
		if (i < machine.nr_legs)
			drain(pool, i);
		break;
	case 6:
		i = pick(pool, drains);
		if (i < machine.nr_legs)
			undrain(pool, i);
		break;
	default:
		set_profile(pool);
		break;
	}
}

/**
 * change_replace_lost() - What has failed, and is not there any more, is replaced
 * @pool: in use; all devices are well
 */
void change_replace_lost(struct couche_pool *pool)
{
	u32 i;
	int err;

	for (i = 0; i < machine.nr_legs; i++) {
		if (machine.places[i] != PLACE_LOST)
			continue;
		err = replace(pool, i);
		if (err && machine.places[i] == PLACE_LOST)
			offer_instead(pool, i, true);
	}
}

/* --- its end ------------------------------------------------------------------------------ */

static bool is_over(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < machine.nr_legs; i++)
		if (drains(pool, i) && couche_segmap_used(&pool->legs[i].segments))
			return false;
	return !couche_superblock_mixed(pool);
}

/*
 * Mirrors may wait for ever: whether the other legs have room is counted, and not
 * whether it lies side by side.
 */
static void give_up_drains(struct couche_pool *pool)
{
	u32 i;

	for (i = 0; i < machine.nr_legs; i++)
		if (drains(pool, i) && machine.roles[i] != COUCHE_ROLE_COLD)
			undrain(pool, i);
}

/**
 * change_end() - What was ordered comes to its end, or is cut by the pool's
 * @pool: in use, by no clients; all devices are well
 */
void change_end(struct couche_pool *pool)
{
	u64 until = model_jiffies + PATIENCE_MS;
	u32 i;

	if (!changed || model_chance(300))
		return;
	while (!is_over(pool)) {
		schedule_timeout_uninterruptible(20);
		if (model_jiffies > until - PATIENCE_MS / 2)
			give_up_drains(pool);
		if (model_jiffies > until)
			model_fail("change", "legs are not empty, or the profile is not that of all, after %u s",
				   PATIENCE_MS / 1000);
	}
	if (!fault_scrub(pool))
		model_fail("redundancy", "a scrub finds what is wrong, though no leg has failed");
	for (i = 0; i < machine.nr_legs; i++)
		if (is_removable(pool, i) && model_chance(500))
			remove_leg(pool, i);
	look_at_profile(pool);
	changed = false;
}
