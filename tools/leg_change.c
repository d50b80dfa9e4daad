// SPDX-License-Identifier: GPL-2.0-only
/* couchectl leg add, replace, remove, drain and undrain */
#include "leg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plan.h"
#include "pool.h"
#include "size.h"

#define SECTOR	512

static struct {
	struct couche_words role[COUCHE_ROLE_COLD + 1];	/* devices */
	struct couche_words domains;
	bool wait;
} opt;

const struct couche_option couche_leg_add_options[] = {
	{ "meta", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_META], "DEV...",
	  "further devices for metadata; a pool has 3 at most" },
	{ "hot", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_HOT], "DEV...",
	  "for the hot tier" },
	{ "warm", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_WARM], "DEV...",
	  "for the warm tier" },
	{ "cold", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_COLD], "DEV...",
	  "for the cold tier" },
	{ "domain", 0, COUCHE_OPTION_LIST, &opt.domains, "DEV=N...",
	  "legs with one number fail together (default: each on its own)" },
	{ NULL }
};

const struct couche_option couche_leg_drain_options[] = {
	{ "wait", 'w', COUCHE_OPTION_FLAG, &opt.wait, NULL, "wait until the leg is empty" },
	{ NULL }
};

const struct couche_option couche_leg_replace_options[] = {
	{ "wait", 'w', COUCHE_OPTION_FLAG, &opt.wait, NULL,
	  "wait until the leg holds what the old one held" },
	{ NULL }
};

/* A device that is to become a leg. */
struct new_leg {
	unsigned int index;
	uint8_t role;
	struct couche_device device;
};

/* What add and replace work on. */
struct change {
	struct couche_ctl *ctl;
	const char *command;
	struct couche_nl *nl;
	struct couche_nl_pool pool;
	struct couche_nl_leg *legs;
	size_t nr_legs;
	struct couche_leg_areas areas;
	struct couche_leg_table before, after;
	uint16_t domains[COUCHE_MAX_LEGS];	/* of every place of the new table */
	bool with_domains;
	struct new_leg new[COUCHE_MAX_LEGS];
	unsigned int nr_new;
};

static void change_destroy(struct change *c)
{
	couche_nl_close(c->nl);
	free(c->legs);
}

static const struct couche_nl_leg *leg_at(const struct change *c, unsigned int index)
{
	size_t i;

	for (i = 0; i < c->nr_legs; i++)
		if (c->legs[i].index == index)
			return &c->legs[i];
	return NULL;
}

static int begin(struct change *c, struct couche_ctl *ctl, const char *command,
		 const char *pool)
{
	int r;

	c->ctl = ctl;
	c->command = command;
	r = couche_session_open(&c->nl);
	if (!r)
		r = couche_session_pool(c->nl, pool, &c->pool);
	if (r)
		return r;
	if (c->pool.read_only)
		return couche_fail(COUCHE_EXIT_FAILURE, c->pool.id.name,
				   "takes no changes; export it and import it without --readonly");
	r = couche_nl_legs(c->nl, c->pool.id.uuid, &c->legs, &c->nr_legs);
	if (r)
		return couche_session_fail(c->nl, r, pool, "cannot list the legs");
	r = couche_leg_table_read(&c->pool, &c->before);
	c->after = c->before;
	return r;
}

static int take_device(struct change *c, const char *path, uint8_t role, unsigned int index)
{
	struct new_leg *leg = &c->new[c->nr_new];
	int r = couche_device_open(&leg->device, path);

	if (r)
		return r;
	leg->index = index;
	leg->role = role;
	c->nr_new++;
	return couche_leg_table_set(&c->after, index, couche_role_name(role), path);
}

/* The place of a leg that was removed, or the next one. */
static unsigned int free_place(const struct change *c)
{
	unsigned int i, j;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		bool taken = leg_at(c, i);

		for (j = 0; j < c->nr_new; j++)
			taken |= c->new[j].index == i;
		if (!taken)
			break;
	}
	return i;
}

static int take_devices(struct change *c)
{
	unsigned int i;
	uint8_t role;
	int r = 0;

	for (role = COUCHE_ROLE_META; role <= COUCHE_ROLE_COLD && !r; role++) {
		for (i = 0; i < opt.role[role].nr && !r; i++) {
			if (role != COUCHE_ROLE_META && !c->pool.tier[role - COUCHE_ROLE_HOT].k)
				return couche_fail(COUCHE_EXIT_USAGE, opt.role[role].word[i],
						   "pool %s has no %s tier; give it to another one",
						   c->pool.id.name, couche_role_name(role));
			if (free_place(c) == COUCHE_MAX_LEGS)
				return couche_fail(COUCHE_EXIT_USAGE, c->pool.id.name,
						   "more than %d legs; give fewer",
						   COUCHE_MAX_LEGS);
			r = take_device(c, opt.role[role].word[i], role, free_place(c));
		}
	}
	if (!r && !c->nr_new)
		return couche_fail(COUCHE_EXIT_USAGE, c->command,
				   "needs devices behind --meta, --hot, --warm or --cold");
	return r;
}

/* Before anything is wiped. */
static int check_room(const struct change *c)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < c->nr_new && !r; i++) {
		if (c->new[i].role == COUCHE_ROLE_META)
			r = couche_leg_check_meta(&c->pool, &c->new[i].device, c->areas.sectors);
	}
	return r;
}

static int check_devices(struct change *c)
{
	struct couche_device devices[COUCHE_MAX_LEGS];
	unsigned int i;
	int r;

	for (i = 0; i < c->nr_new; i++)
		devices[i] = c->new[i].device;
	r = couche_device_check_twice(devices, c->nr_new);
	for (i = 0; i < c->nr_new && !r; i++)
		r = couche_device_check_free(&c->new[i].device, c->ctl->force);
	return r;
}

/* --domain DEV=N */
static int set_domain(struct change *c, const char *word, bool *given)
{
	const char *equals = strrchr(word, '=');
	struct couche_device device;
	char path[COUCHE_PATH_SIZE];
	uint64_t domain;
	unsigned int i;
	int r;

	if (!equals || equals == word || (size_t)(equals - word) >= sizeof(path) ||
	    couche_uint_parse(equals + 1, UINT16_MAX, &domain))
		return couche_fail(COUCHE_EXIT_USAGE, "--domain",
				   "'%s' is no domain; write DEV=N with N up to 65535", word);
	snprintf(path, sizeof(path), "%.*s", (int)(equals - word), word);
	r = couche_device_open(&device, path);
	if (r)
		return r;
	for (i = 0; i < c->nr_new; i++) {
		if (c->new[i].device.number != device.number)
			continue;
		if (given[c->new[i].index])
			return couche_fail(COUCHE_EXIT_USAGE, path,
					   "has two domains; give one --domain");
		c->domains[c->new[i].index] = domain;
		given[c->new[i].index] = true;
		return 0;
	}
	return couche_fail(COUCHE_EXIT_USAGE, path, "has a --domain but is not being added");
}

static bool is_domain_used(const struct change *c, const bool *given, uint16_t domain)
{
	unsigned int i;

	for (i = 0; i < c->after.nr; i++)
		if (given[i] && c->domains[i] == domain)
			return true;
	return false;
}

/* Those that are given none have one of their own. */
static int set_domains(struct change *c)
{
	bool given[COUCHE_MAX_LEGS] = { false };
	uint16_t next = 0;
	unsigned int i;
	size_t j;
	int r = 0;

	for (j = 0; j < c->nr_legs; j++) {
		c->domains[c->legs[j].index] = c->legs[j].domain;
		given[c->legs[j].index] = true;
	}
	for (i = 0; i < opt.domains.nr && !r; i++)
		r = set_domain(c, opt.domains.word[i], given);
	for (i = 0; i < c->nr_new && !r; i++) {
		unsigned int index = c->new[i].index;

		if (given[index])
			continue;
		while (is_domain_used(c, given, next))
			next++;
		c->domains[index] = next;
		given[index] = true;
	}
	c->with_domains = true;
	return r;
}

static void add_to_plan(struct couche_plan *plan, const char *device, uint64_t sectors,
			uint8_t role)
{
	plan->leg[plan->nr_legs++] = (struct couche_plan_leg){
		.device = device, .sectors = sectors, .role = role
	};
}

/* The pool with the new legs, judged by the rules for a new one. */
static int check_plan(const struct change *c)
{
	struct couche_plan plan = {
		.name = c->pool.id.name,
		.extent_sectors = c->pool.extent_sectors,
		.segment_sectors = c->pool.segment_sectors,
		.stage_slots = c->pool.stage_slots,
		.stage_start = c->areas.stage_start,
		.grows = true,
	};
	unsigned int i;
	uint8_t tier;
	size_t j;

	memcpy(plan.uuid, c->pool.id.uuid, COUCHE_UUID_SIZE);
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++)
		plan.profile[tier] = (struct couche_plan_profile){
			.k = c->pool.tier[tier].k, .m = c->pool.tier[tier].m,
			.matrix = c->pool.tier[tier].matrix
		};
	for (j = 0; j < c->nr_legs; j++)
		add_to_plan(&plan, "", c->legs[j].sectors, c->legs[j].role);
	for (i = 0; i < c->nr_new; i++)
		add_to_plan(&plan, c->new[i].device.path, c->new[i].device.sectors,
			    c->new[i].role);
	return couche_plan_check(&plan);
}

static cJSON *describe(const struct change *c)
{
	cJSON *doc = couche_doc_create(c->command), *legs, *dm;
	static char params[COUCHE_DM_PARAMS_SIZE], line[COUCHE_DM_PARAMS_SIZE + 64];
	unsigned int i;

	couche_doc_add_text(doc, "pool", c->pool.id.name);
	legs = couche_doc_add_array(doc, "legs");
	for (i = 0; i < c->nr_new; i++) {
		const struct new_leg *leg = &c->new[i];

		couche_device_describe(legs, &leg->device, leg->index, leg->role,
				       &c->domains[leg->index]);
	}
	dm = couche_doc_add_object(doc, "dm");
	couche_doc_add_text(dm, "name", c->after.dm);
	couche_leg_table_params(&c->after, c->with_domains ? c->domains : NULL, params,
				sizeof(params));
	snprintf(line, sizeof(line), "0 %llu %s %s", (unsigned long long)c->after.sectors,
		 COUCHE_POOL_TARGET, params);
	couche_doc_add_text(dm, "table", line);
	return doc;
}

static void print_plan(const struct change *c)
{
	static const struct couche_column columns[] = {
		{ "LEG", "index", COUCHE_COLUMN_NUMBER }, { "ROLE", "role" },
		{ "DEVICE", "device" }, { "SIZE", "size_bytes", COUCHE_COLUMN_SIZE },
		{ "DOMAIN", "domain", COUCHE_COLUMN_NUMBER }, { "OVERWRITES", "overwrites" },
		{ NULL }
	};
	_cleanup_(couche_doc_free) cJSON *doc = describe(c);

	if (couche_doc_print_whole(c->ctl, doc) || !c->ctl->dry_run)
		return;
	printf("would change pool %s: %s\n\n", c->pool.id.name, c->command);
	couche_doc_print_table(c->ctl, columns, couche_doc_get(doc, "legs"), "  ");
	printf("\n  write zeros over the first MiB of each device\n"
	       "  dmsetup reload %s --table '%s'\n  dmsetup resume %s\n"
	       "  %s, by netlink, for each\n\nnothing was changed\n", c->after.dm,
	       couche_doc_text(doc, "dm.table"), c->after.dm, c->command);
}

static int confirm(const struct change *c)
{
	unsigned int i, nr = 0;

	for (i = 0; i < c->nr_new; i++) {
		const struct couche_device *device = &c->new[i].device;

		if (!device->foreign)
			continue;
		nr++;
		if (!c->ctl->yes && isatty(STDIN_FILENO))
			fprintf(stderr, "%s holds %s\n", device->path, device->contents);
	}
	return couche_confirm_wipe(c->ctl, c->pool.id.name, nr);
}

static bool in_legs(const struct couche_nl_leg *legs, size_t nr, dev_t device)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (legs[i].present && makedev(legs[i].major, legs[i].minor) == device)
			return true;
	return false;
}

/* Does the running table name this device, be it as one that is only offered? */
static bool in_table(const struct couche_leg_table *table, unsigned int index, dev_t device)
{
	unsigned int major, minor;

	return index < table->nr &&
	       sscanf(table->leg[index].device, "%u:%u", &major, &minor) == 2 &&
	       makedev(major, minor) == device;
}

/* Devices that did not become legs leave the table, without a superblock. */
static void undo(struct change *c)
{
	_cleanup_free_ struct couche_nl_leg *legs = NULL;
	struct couche_leg_table table = c->after;
	unsigned int i;
	size_t nr;

	if (couche_nl_legs(c->nl, c->pool.id.uuid, &legs, &nr))
		return;
	for (i = 0; i < c->nr_new; i++) {
		unsigned int index = c->new[i].index;

		if (!in_legs(legs, nr, c->new[i].device.number))
			couche_leg_table_set(&table, index, NULL, index < c->before.nr ?
					     c->before.leg[index].device : "-");
	}
	while (table.nr > c->before.nr && !strcmp(table.leg[table.nr - 1].device, "-"))
		table.nr--;
	if (couche_leg_table_load(&table, NULL))
		return;
	for (i = 0; i < c->nr_new; i++)
		if (!in_legs(legs, nr, c->new[i].device.number))
			couche_device_unwrite(&c->new[i].device, c->pool.id.uuid);
}

/* The running table holds the device of a failed leg, which is to be wiped. */
static int let_go(struct change *c)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < c->nr_new && !r; i++) {
		if (!c->new[i].device.shared)
			continue;
		r = couche_leg_table_set(&c->before, c->new[i].index, NULL, "-");
		if (!r)
			r = couche_leg_table_load(&c->before, NULL);
	}
	return r;
}

static int carry_out(struct change *c, int (*order)(struct couche_nl *nl, const uint8_t *pool,
						    uint32_t index))
{
	const struct couche_leg_table found = c->before;
	char object[96];
	unsigned int i;
	int r = let_go(c);

	for (i = 0; i < c->nr_new && !r; i++)
		r = couche_device_wipe(&c->new[i].device);
	if (!r)
		r = couche_leg_table_load(&c->after, c->with_domains ? c->domains : NULL);
	if (r) {
		/* The pool keeps the devices that it had. */
		if (memcmp(&found, &c->before, sizeof(found)))
			couche_leg_table_load(&found, NULL);
		return r;
	}
	for (i = 0; i < c->nr_new; i++) {
		snprintf(object, sizeof(object), "%s leg %u", c->pool.id.name, c->new[i].index);
		r = order(c->nl, c->pool.id.uuid, c->new[i].index);
		if (!r)
			continue;
		r = couche_session_fail(c->nl, r, object, "cannot be taken into the pool");
		undo(c);
		return r;
	}
	return 0;
}

static int run(struct change *c, int (*order)(struct couche_nl *nl, const uint8_t *pool,
					      uint32_t index))
{
	int r = 0;

	if (!c->ctl->dry_run) {
		r = confirm(c);
		if (!r)
			r = carry_out(c, order);
	}
	if (!r)
		print_plan(c);
	return r;
}

/**
 * couche_leg_add() - couchectl leg add POOL --cold DEV...
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_leg_add(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(change_destroy) struct change c = { 0 };
	int r;

	if (nr_args != 1)
		return couche_fail(COUCHE_EXIT_USAGE, "leg add",
				   "takes one POOL; devices stand behind --meta, --hot, --warm or --cold");
	r = begin(&c, ctl, "leg add", args[0]);
	if (!r)
		r = take_devices(&c);
	if (!r)
		r = set_domains(&c);
	if (!r)
		r = check_devices(&c);
	if (!r)
		couche_leg_read_areas(&c.pool, c.legs, c.nr_legs, &c.areas);
	if (!r)
		r = check_room(&c);
	if (!r)
		r = check_plan(&c);
	if (!r)
		r = run(&c, couche_nl_leg_add);
	if (!r && !ctl->dry_run)
		couche_note(ctl, "%s: %u leg%s added", c.pool.id.name, c.nr_new,
			    c.nr_new == 1 ? "" : "s");
	return r;
}

static int check_replacement(struct change *c, const struct couche_nl_leg *leg)
{
	const struct couche_device *device = &c->new[0].device;
	char has[COUCHE_SIZE_TEXT], needs[COUCHE_SIZE_TEXT];
	int r;

	if (!c->ctl->force && couche_leg_is_on(device, &c->pool, leg))
		return couche_fail(COUCHE_EXIT_CONFLICT, device->path,
				   "holds this very leg, and couchectl leg restore %s %u keeps what it has; give --force to overwrite it",
				   c->pool.id.name, leg->index);
	r = check_devices(c);
	if (r || device->sectors >= leg->sectors)
		return r;
	return couche_fail(COUCHE_EXIT_FAILURE, device->path,
			   "is smaller (%s) than leg %u was (%s); choose a larger device",
			   couche_size_format(device->sectors * SECTOR, has), leg->index,
			   couche_size_format(leg->sectors * SECTOR, needs));
}

/**
 * couche_leg_replace() - couchectl leg replace POOL LEG DEV
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_leg_replace(struct couche_ctl *ctl, int nr_args, char **args)
{
	_cleanup_(change_destroy) struct change c = { 0 };
	struct couche_nl_leg leg;
	char object[96];
	int r;

	if (nr_args != 3)
		return couche_fail(COUCHE_EXIT_USAGE, "leg replace",
				   "takes POOL, LEG (an index, device or UUID) and DEV");
	r = begin(&c, ctl, "leg replace", args[0]);
	if (!r)
		r = couche_leg_find(c.nl, args, &c.pool, &leg);
	if (r)
		return r;
	snprintf(object, sizeof(object), "%s leg %u", c.pool.id.name, leg.index);
	if (leg.state != COUCHE_LEG_FAILED)
		return couche_fail(COUCHE_EXIT_CONFLICT, object,
				   "has not failed; drain it, or first: couchectl leg fail %s %u",
				   c.pool.id.name, leg.index);
	r = take_device(&c, args[2], leg.role, leg.index);
	c.domains[leg.index] = leg.domain;
	c.new[0].device.shared = in_table(&c.before, leg.index, c.new[0].device.number);
	if (!r)
		r = check_replacement(&c, &leg);
	if (!r)
		r = run(&c, couche_nl_leg_replace);
	if (r || ctl->dry_run)
		return r;
	if (!opt.wait)
		couche_note(ctl, "%s: replaced by %s, which is given what it lacks; see couchectl pool status %s",
			    object, args[2], c.pool.id.name);
	else
		r = couche_leg_wait_online(ctl, c.nl, &c.pool, &leg);
	if (!r && opt.wait)
		couche_note(ctl, "%s: replaced by %s, which holds all that it is to hold",
			    object, args[2]);
	return r;
}

/* Orders with one leg and no device. */
struct order {
	const char *command;
	const char *would, *done;
	int (*order)(struct couche_nl *nl, const uint8_t *pool, uint32_t index);
	bool wait;			/* until the leg is empty */
};

static int run_order(struct couche_ctl *ctl, const struct order *order, int nr_args, char **args,
		     struct couche_nl_pool *pool, struct couche_nl_leg *leg)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create(order->command);
	_cleanup_(couche_nl_closep) struct couche_nl *nl = NULL;
	char object[96];
	int r;

	if (nr_args != 2)
		return couche_fail(COUCHE_EXIT_USAGE, order->command,
				   "takes POOL and LEG, an index, device or UUID");
	r = couche_session_open(&nl);
	if (!r)
		r = couche_leg_find(nl, args, pool, leg);
	if (r)
		return r;
	snprintf(object, sizeof(object), "%s leg %u", pool->id.name, leg->index);
	if (!ctl->dry_run) {
		r = order->order(nl, pool->id.uuid, leg->index);
		if (r)
			return couche_session_fail(nl, r, object, "refused");
	}
	if (!ctl->dry_run && order->wait) {
		r = couche_leg_wait_drained(ctl, nl, pool, leg);
		if (r)
			return r;
	}
	couche_show_leg(couche_doc_add_object(doc, "leg"), leg);
	if (couche_doc_print_whole(ctl, doc))
		return 0;
	if (ctl->dry_run)
		printf("would %s %s (%s)\n", order->would, object, couche_role_name(leg->role));
	else
		couche_note(ctl, "%s: %s", object, order->done);
	return 0;
}

/**
 * couche_leg_drain() - couchectl leg drain POOL LEG
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_leg_drain(struct couche_ctl *ctl, int nr_args, char **args)
{
	const struct order order = {
		"leg drain", "empty", opt.wait ? "is empty and may be removed" :
		"is being emptied; see couchectl pool status", couche_nl_leg_drain, opt.wait
	};
	struct couche_nl_pool pool;
	struct couche_nl_leg leg;

	return run_order(ctl, &order, nr_args, args, &pool, &leg);
}

/**
 * couche_leg_undrain() - couchectl leg undrain POOL LEG
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_leg_undrain(struct couche_ctl *ctl, int nr_args, char **args)
{
	static const struct order order = {
		"leg undrain", "no longer empty", "is in use again", couche_nl_leg_undrain
	};
	struct couche_nl_pool pool;
	struct couche_nl_leg leg;

	return run_order(ctl, &order, nr_args, args, &pool, &leg);
}

/**
 * couche_leg_remove() - couchectl leg remove POOL LEG
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * The running table lets go of the device as well, and its superblocks go: it
 * is free for anything.
 *
 * Return: an exit code.
 */
int couche_leg_remove(struct couche_ctl *ctl, int nr_args, char **args)
{
	static const struct order order = {
		"leg remove", "remove", "removed from the pool", couche_nl_leg_remove
	};
	struct couche_device device = { 0 };
	struct couche_leg_table table;
	struct couche_nl_pool pool;
	struct couche_nl_leg leg;
	char path[COUCHE_PATH_SIZE];
	int r = run_order(ctl, &order, nr_args, args, &pool, &leg);

	if (r || ctl->dry_run)
		return r;
	r = couche_leg_table_read(&pool, &table);
	/* An empty place counts for its role, and meta legs are counted. */
	if (!r)
		r = couche_leg_table_set(&table, leg.index, "cold", "-");
	if (!r)
		r = couche_leg_table_load(&table, NULL);
	if (r || !leg.present || leg.state == COUCHE_LEG_FAILED)
		return r;
	couche_device_path(leg.major, leg.minor, path, sizeof(path));
	device.path = path;
	return couche_device_unwrite(&device, pool.id.uuid);
}
