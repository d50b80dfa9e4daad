// SPDX-License-Identifier: GPL-2.0-only
/*
 * A life: the pool is started, every byte is looked at, clients use it while
 * an administrator moves extents, takes checkpoints, and suspends it; then it
 * is shut down, or it dies at any step, its start included.
 */
#include <stdio.h>

#include "account.h"
#include "change.h"
#include "client.h"
#include "control.h"
#include "couche_format.h"
#include "couche_netlink.h"
#include "fault.h"
#include "loss.h"
#include "machine.h"
#include "oracle.h"
#include "pool.h"
#include "read_stripe.h"

#define VOLUME_SECTORS	(ORACLE_BLOCKS * 8)

static struct mapped_device *pool_device, *volumes[ORACLE_VOLUMES];
static struct couche_pool *pool;
static u64 life_operations;
static bool dies_in_use;
static u32 death;			/* the event that it waits for */
static bool died;			/* the last one did */
static bool torn;			/* in a long commit */
static bool refilling;			/* while a metadata leg got what it lacked */
static u64 really_missing;		/* while it looks at some legs only */

static void message(const char *text)
{
	int err = model_dm_message(pool_device, text);

	model_log("message %s: %d", text, err);
}

static void start_pool(void)
{
	static const u8 uuid[16] = { 0x6d, 0x6f, 0x64, 0x65, 0x6c, 0, 0x40, 0, 0x80, [15] = 1 };
	char line[1024];
	int err;

	pool_device = model_dm_create("pool");
	err = model_dm_load(pool_device, "couche-pool", 8, machine_table(line, sizeof(line)));
	if (!err)
		err = model_dm_resume(pool_device);
	if (err)
		model_fail("I1", "the pool does not start: %d, %s", err, line);
	pool = couche_pool_find(uuid);
	if (!pool)
		model_fail("harness", "there is no pool");
}

/**
 * machine_load_table() - The pool gets the table as it is to be now
 *
 * Legs that have not failed are in it.
 */
void machine_load_table(void)
{
	char line[1024];

	if (model_chance(500))
		model_dm_suspend(pool_device);
	machine_table(line, sizeof(line));
	model_log("a new table: %s", line);
	if (model_dm_load(pool_device, "couche-pool", 8, line) || model_dm_resume(pool_device))
		model_fail("I1", "a table is refused: %s", line);
	change_look(pool);
}

bool machine_is_unsettled(void)
{
	return pool->states_unwritten;
}

bool machine_is_refilling(void)
{
	u32 i;

	for (i = 0; pool && i < pool->nr_legs; i++)
		if (pool->legs[i].role == COUCHE_ROLE_META &&
		    READ_ONCE(pool->legs[i].state) == COUCHE_LEG_RESTORING)
			return true;
	return false;
}

void machine_note_durable(bool unsettled)
{
	model_event(MODEL_EVENT_DURABLE);
	if (unsettled && machine_is_unsettled())
		model_event(MODEL_EVENT_UNSETTLED);
	if (loss_has_moved(pool))
		model_event(MODEL_EVENT_LOSS);
}

void machine_note_reuse(void)
{
	struct couche_commit *c = pool ? &pool->commit : NULL;

	/* While a batch is being made durable. */
	if (c && READ_ONCE(c->durable_id) != READ_ONCE(c->open_id))
		model_event(MODEL_EVENT_REUSE);
}

static void open_volumes(void)
{
	char text[32];
	u32 i;

	for (i = 0; i < ORACLE_VOLUMES; i++) {
		snprintf(text, sizeof(text), "vol%u", i);
		volumes[i] = model_dm_create(text);
		snprintf(text, sizeof(text), "pool %u", i + 1);
		if (model_dm_load(volumes[i], "couche", VOLUME_SECTORS, text) ||
		    model_dm_resume(volumes[i]))
			model_fail("I1", "volume %u cannot be opened", i + 1);
	}
}

/*
 * What nobody would do: a pool of which other legs are missing than those that
 * failed. Of metadata legs perhaps all that are current, or of the others as many
 * as their profile stands. It is refused, or what it says is right (I1).
 */
static void choose_peek(void)
{
	bool metas = model_chance(500);
	u32 left[ARRAY_SIZE(machine.spare)], tries, i;

	for (i = 0; i < ARRAY_SIZE(left); i++)
		left[i] = machine_spare(i);
	machine.missing = 0;
	for (tries = 0; tries < 2 * machine.nr_legs; tries++) {
		bool meta;

		i = model_below(machine.nr_legs);
		meta = machine.roles[i] == COUCHE_ROLE_META;
		if (meta != metas || !left[machine.roles[i]] || (machine.missing & BIT_ULL(i)) ||
		    !machine.legs[i])
			continue;
		left[machine.roles[i]]--;
		machine.missing |= BIT_ULL(i);
	}
}

static void end_peek(void)
{
	if (machine.peeking)
		machine.missing = really_missing;
	machine.peeking = false;
}

static void peek(void)
{
	char line[1024];
	u32 i;

	really_missing = machine.missing;
	machine.peeking = true;
	choose_peek();
	machine_counts.peeks++;
	model_log("a look without %#llx", machine.missing);
	pool_device = model_dm_create("pool");
	if (model_dm_load(pool_device, "couche-pool", 8, machine_table(line, sizeof(line))))
		model_fail("harness", "a table with readonly is refused: %s", line);
	if (model_dm_resume(pool_device)) {
		machine_counts.refused++;
	} else {
		open_volumes();
		clients_peek(volumes);
		for (i = 0; i < ORACLE_VOLUMES; i++)
			model_dm_remove(volumes[i]);
	}
	model_dm_remove(pool_device);
	end_peek();
}

/* Refused where there is no data journal. */
static void set_journal(void)
{
	char text[32];

	snprintf(text, sizeof(text), "set_journal %u %s",
		 1 + model_below(ORACLE_VOLUMES),
		 model_chance(650) ? "all" : "cold");
	message(text);
}

static void create_volumes(void)
{
	char text[64];
	u32 i;

	for (i = 0; i < ORACLE_VOLUMES; i++) {
		snprintf(text, sizeof(text), "create_volume %u %u v%u", i + 1, VOLUME_SECTORS, i);
		message(text);
	}
	if (model_chance(600))
		set_journal();
	machine.formatted = true;
}

/* --- the administrator -------------------------------------------------------------- */

static void migrate(void)
{
	struct couche_migrate_args args = {
		.volume = 1 + model_below(ORACLE_VOLUMES),
		.first = model_below(32),
		.count = 1 + model_below(model_chance(300) ? 32 : 6),
		.tier = model_chance(600) ? COUCHE_TIER_COLD : COUCHE_TIER_HOT,
		.preserve = model_chance(300),
		.verify = model_chance(300),
	};
	const char *why = "";
	u32 id;
	int err;

	if (model_chance(150))
		args.tier = COUCHE_TIER_WARM;
	args.count = min(args.count, 32 - args.first);
	err = couche_migrate_start(pool, &args, &id, &why);
	model_log("migrate %u %llu+%llu to %u: %d %s", args.volume, args.first, args.count,
		  args.tier, err, err ? why : "");
}

static void suspend_and_count(void)
{
	model_dm_suspend(pool_device);
	account_check(pool);
	machine_counts.accounts++;
	if (model_dm_resume(pool_device))
		model_fail("I1", "the pool does not resume");
}

static void administer(void)
{
	/* What it waits for needs legs that fail while there is much to do. */
	if (death == MODEL_EVENT_UNSETTLED && model_chance(800)) {
		fault_play(pool, true);
		return;
	}
	if (death == MODEL_EVENT_REFILL && model_chance(800)) {
		fault_refill(pool);
		return;
	}
	if (loss_is_due() && model_chance(death == MODEL_EVENT_LOSS ? 800 : 250)) {
		loss_play(pool);
		return;
	}
	if (model_chance(death == MODEL_EVENT_ORDER ? 500 : machine.restless)) {
		change_play(pool);
		return;
	}
	switch (model_below(15)) {
	case 0:
	case 1:
	case 2:
	case 3:
		migrate();
		break;
	case 4:
		message("checkpoint");
		break;
	case 5:
		message("flush");
		break;
	case 6:
		message("rebuild start");
		break;
	case 7:
		message("scrub start");
		break;
	case 8:
		suspend_and_count();
		break;
	case 9:
		set_journal();
		break;
	default:
		fault_play(pool, false);
		break;
	}
}

static void check_pool(void)
{
	if (!couche_pool_writable(pool))
		model_fail("I1", "the pool takes no more writes");
}

static void shut_down(void)
{
	u32 i;

	for (i = 0; i < ORACLE_VOLUMES; i++)
		model_dm_suspend(volumes[i]);
	model_dm_suspend(pool_device);
	check_pool();
	account_check(pool);
	machine_counts.accounts++;
	for (i = 0; i < ORACLE_VOLUMES; i++)
		model_dm_remove(volumes[i]);
	couche_pool_put(pool);
	pool = NULL;
	model_dm_remove(pool_device);
	couche_read_stripe_destroy();
	if (model_memory_live())
		model_fail("memory", "%zu pieces were not given back", model_memory_live());
}

/* What is to be durable there is not for long. */
static void slow_metas(u64 sectors)
{
	u32 i;

	for (i = 0; i < MACHINE_DEVICES; i++)
		machine.devices[i].slow = 0;
	for (i = 0; i < machine.nr_legs; i++)
		if (machine.legs[i] && machine.roles[i] == COUCHE_ROLE_META)
			machine.legs[i]->slow = sectors;
}

/*
 * What it waits for needs some time, and a state of legs, or a batch, that is on
 * its way for long while much else is done.
 */
static void prepare_end(void)
{
	if (death == MODEL_EVENT_UNSETTLED)
		slow_metas(COUCHE_DATA_START);
	else if (death == MODEL_EVENT_REUSE)
		slow_metas(U64_MAX);
	else
		return;
	life_operations = max(life_operations, 500ULL);
}

/* Where it can come to it, often what is hard to hit. */
static u32 choose_event(void)
{
	if (model_chance(300))
		return MODEL_EVENT_LONG_META;
	if (machine.faults && model_chance(400))
		return MODEL_EVENT_UNSETTLED;
	if (machine.tight && model_chance(400))
		return MODEL_EVENT_REUSE;
	/* So that there is another one that has all, and one that cannot be read. */
	if (machine.faults && machine_spare(COUCHE_ROLE_META) > 1 && model_chance(400))
		return MODEL_EVENT_REFILL;
	if (loss_is_due() && model_chance(400))
		return MODEL_EVENT_LOSS;
	return model_below(MODEL_NR_EVENTS);
}

/* Nothing else is to come before it. */
static bool is_patient(u32 event)
{
	return event == MODEL_EVENT_LONG_META || event == MODEL_EVENT_UNSETTLED ||
	       event == MODEL_EVENT_REUSE || event == MODEL_EVENT_REFILL ||
	       event == MODEL_EVENT_LOSS;
}

/*
 * It lives on, or dies at any step, or in the middle of what is delicate. After
 * a commit that may be torn, the next one is; what is left on some metadata legs
 * of a checkpoint is not to be written anew before the next start.
 */
static void choose_end(void)
{
	/* Most often among the first of these, as powers of two. */
	static const u32 among[MODEL_NR_EVENTS] = {
		[MODEL_EVENT_META] = 9,
		[MODEL_EVENT_LONG_META] = 3,
		[MODEL_EVENT_FLUSH] = 7,
		[MODEL_EVENT_MOVE] = 7,
		[MODEL_EVENT_DURABLE] = 6,
		[MODEL_EVENT_UNSETTLED] = 1,
		[MODEL_EVENT_REUSE] = 3,
		[MODEL_EVENT_REFILL] = 9,
		[MODEL_EVENT_LOSS] = 4,
		[MODEL_EVENT_ORDER] = 3,
	};
	u32 event = choose_event();
	u32 bits = model_below(among[event] + !event);
	bool patient = is_patient(event);
	u32 delay;

	death = MODEL_EVENT_NONE;
	if (model_chance(100))
		return;
	if ((torn || refilling) && dies_in_use && model_chance(800)) {
		event = MODEL_EVENT_DURABLE;
		bits = 1 + model_below(4);
	}
	delay = patient ? 9 : model_below(10);
	model_kill_in(100ULL << delay | model_below(1000));
	if (event)
		model_kill_at_event(event, 1 + model_below(1 << bits));
	death = event;
	prepare_end();
}

static enum client_mood choose_mood(void)
{
	if (torn || refilling || death == MODEL_EVENT_UNSETTLED ||
	    death == MODEL_EVENT_LOSS)
		return CLIENTS_ANXIOUS;
	if (death == MODEL_EVENT_REUSE)
		return CLIENTS_CHURNING;
	return death == MODEL_EVENT_LONG_META && dies_in_use ? CLIENTS_LAZY : CLIENTS_ANY;
}

static void life_main(void *arg)
{
	bool first = !machine.formatted;
	u32 pace = 4 << model_below(machine.restless ? 3 : 6);

	if (couche_read_stripe_init())
		model_fail("harness", "no memory");
	if (!first && model_chance(200))
		peek();
	if (refilling || (died && model_chance(400)))
		fault_blind();
	machine.drained = false;
	start_pool();
	fault_started(pool);
	loss_begin(pool);
	change_look(pool);
	if (first)
		create_volumes();
	open_volumes();
	clients_verify(volumes);
	if (dies_in_use)
		choose_end();
	clients_start(volumes, life_operations, choose_mood());
	if (death == MODEL_EVENT_UNSETTLED || death == MODEL_EVENT_REFILL ||
	    death == MODEL_EVENT_LOSS)
		pace = 4;
	while (!clients_over()) {
		administer();
		check_pool();
		schedule_timeout_uninterruptible(1 + model_below(pace));
	}
	fault_mend(pool);
	loss_mend(pool);
	clients_look(volumes);
	change_end(pool);
	shut_down();
	model_stop();
}

/* --- its end --------------------------------------------------------------------------- */

static void power_off(void)
{
	bool reuse = death == MODEL_EVENT_REUSE;
	u32 i;

	model_bios_reset();
	for (i = 0; i < MACHINE_DEVICES; i++) {
		struct model_leg *leg = &machine.devices[i];

		if (!leg->gone)
			model_leg_power_off(leg, reuse && leg->data);
	}
	oracle_crash();
}

static void forget(void)
{
	model_tasks_reset();
	model_timers_reset();
	model_memory_reset();
	model_registry_reset();
	model_dm_reset();
	pool = NULL;
}

/* Often none, or the metadata legs, so that much goes on while a commit is written. */
static void choose_slow(void)
{
	u32 dice = model_below(10), role = model_below(4), i;

	for (i = 0; i < MACHINE_DEVICES; i++)
		machine.devices[i].slow = 0;
	for (i = 0; i < machine.nr_legs; i++) {
		bool slow = false;

		if (!machine.legs[i])
			continue;
		if (dice < 3)
			slow = machine.roles[i] == COUCHE_ROLE_META;
		else if (dice == 3)
			slow = machine.roles[i] == role;
		else if (dice == 4)
			slow = model_chance(300);
		machine.legs[i]->slow = slow ? U64_MAX : 0;
	}
}

static void choose_rates(void)
{
	static const u32 points[] = { 3, 10, 40, 200, 1000 };
	static const u32 ios[] = { 30, 200, 500, 800, 970 };

	model_set_rates(points[model_below(ARRAY_SIZE(points))],
			ios[model_below(ARRAY_SIZE(ios))]);
	choose_slow();
	model_set_scarcity(model_chance(500) ? 0 : model_below(100));
}

/**
 * machine_live() - One life
 * @operations: of the clients, if it is not killed before
 */
void machine_live(u64 operations)
{
	life_operations = operations;
	death = MODEL_EVENT_NONE;
	choose_rates();
	model_spawn("life", life_main, NULL);
	/* The layout's first life is one that makes it, and is not killed in that. */
	dies_in_use = model_chance(torn || refilling ? 950 : 750);
	if (machine.formatted && !dies_in_use)
		choose_end();
	model_run();
	machine_counts.lives++;
	machine_counts.kills += model_killed();
	died = model_killed();
	torn = died && death == MODEL_EVENT_LONG_META;
	refilling = died && death == MODEL_EVENT_REFILL;
	model_log("%s, waited for event %u", model_killed() ? "killed" : "shut down", death);
	power_off();
	forget();
	end_peek();
	fault_after_death(death == MODEL_EVENT_UNSETTLED);
}
