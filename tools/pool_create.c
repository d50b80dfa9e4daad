// SPDX-License-Identifier: GPL-2.0-only
/* couchectl pool create */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <uuid/uuid.h>

#include "activate.h"
#include "device.h"
#include "dm.h"
#include "plan.h"
#include "pool.h"
#include "size.h"

#define SECTOR	512

static struct {
	struct couche_words role[COUCHE_ROLE_COLD + 1];	/* devices */
	const char *profile[COUCHE_NR_TIERS];
	const char *matrix, *min_healthy;
	struct couche_words domains;
	uint64_t extent_bytes, segment_bytes, data_journal_bytes;
} opt = { .extent_bytes = 1 << 20, .segment_bytes = 64 << 20 };

const struct couche_option couche_pool_create_options[] = {
	{ "meta", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_META], "DEV...",
	  "1 to 3 devices for metadata, mirrored" },
	{ "hot", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_HOT], "DEV...",
	  "the fastest devices" },
	{ "warm", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_WARM], "DEV...",
	  "devices in between" },
	{ "cold", 0, COUCHE_OPTION_LIST, &opt.role[COUCHE_ROLE_COLD], "DEV...",
	  "many slow devices, erasure-coded" },
	{ "hot-profile", 0, COUCHE_OPTION_TEXT, &opt.profile[COUCHE_TIER_HOT], "1+M",
	  "copies: 1+0, 1+1 (default with two legs or more), 1+2" },
	{ "warm-profile", 0, COUCHE_OPTION_TEXT, &opt.profile[COUCHE_TIER_WARM], "1+M",
	  "the same for the warm tier" },
	{ "cold-profile", 0, COUCHE_OPTION_TEXT, &opt.profile[COUCHE_TIER_COLD], "K+M",
	  "data and parity shards (default 4+2)" },
	{ "matrix", 0, COUCHE_OPTION_TEXT, &opt.matrix, "NAME",
	  "vandermonde or cauchy (default: the first that fits)" },
	{ "cold-min-healthy", 0, COUCHE_OPTION_TEXT, &opt.min_healthy, "N",
	  "shards that new data needs while legs are missing (default K)" },
	{ "extent-size", 0, COUCHE_OPTION_SIZE, &opt.extent_bytes, "SIZE",
	  "unit that is mapped and moved (default 1MiB)" },
	{ "segment-size", 0, COUCHE_OPTION_SIZE, &opt.segment_bytes, "SIZE",
	  "unit that legs are cut into (default 64MiB)" },
	{ "domain", 0, COUCHE_OPTION_LIST, &opt.domains, "DEV=N...",
	  "legs with one number fail together (default: each on its own)" },
	{ "data-journal", 0, COUCHE_OPTION_SIZE, &opt.data_journal_bytes, "SIZE",
	  "room on each meta leg for writes to cold data (default none)" },
	COUCHE_SETTING_OPTIONS,
	{ NULL }
};

/* A plan can be made on any machine; a pool needs the kernel's help. */
static int check_kernel(const struct couche_ctl *ctl, const char *name)
{
	struct couche_dm_info info;
	int r = couche_dm_info(name, &info);

	if (ctl->dry_run && (r || !info.exists))
		return 0;
	if (r)
		return couche_fail(COUCHE_EXIT_FAILURE, "kernel", "device mapper does not answer; %s",
				   geteuid() ? "run as root" : "run: modprobe dm_mod");
	if (info.exists)
		return couche_fail(COUCHE_EXIT_CONFLICT, name,
				   "a device mapper device of this name exists; choose another name");
	if (couche_dm_has_target(COUCHE_POOL_TARGET))
		return couche_fail(COUCHE_EXIT_FAILURE, "kernel",
				   "the module dm-couche is not loaded; run: modprobe dm-couche");
	return 0;
}

static int add_legs(struct couche_plan *plan, struct couche_device *devices, uint8_t role)
{
	const struct couche_words *words = &opt.role[role];
	unsigned int i;
	int r;

	for (i = 0; i < words->nr; i++) {
		struct couche_plan_leg *leg = &plan->leg[plan->nr_legs];

		if (plan->nr_legs == COUCHE_MAX_LEGS)
			return couche_fail(COUCHE_EXIT_USAGE, plan->name,
					   "more than %d legs; give fewer", COUCHE_MAX_LEGS);
		r = couche_device_open(&devices[plan->nr_legs], words->word[i]);
		if (r)
			return r;
		leg->device = words->word[i];
		leg->sectors = devices[plan->nr_legs].sectors;
		leg->role = role;
		plan->nr_legs++;
	}
	return 0;
}

static int set_domain(struct couche_plan *plan, const struct couche_device *devices,
		      const char *word, bool *given)
{
	const char *equals = strrchr(word, '=');
	struct couche_device device;
	char path[256];
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
	for (i = 0; i < plan->nr_legs; i++) {
		if (devices[i].number != device.number)
			continue;
		if (given[i])
			return couche_fail(COUCHE_EXIT_USAGE, path,
					   "has two domains; give one --domain");
		plan->leg[i].domain = domain;
		given[i] = true;
		return 0;
	}
	return couche_fail(COUCHE_EXIT_USAGE, path, "has a --domain but is no leg; add it to a tier");
}

static bool is_domain_used(const struct couche_plan *plan, const bool *given, uint16_t domain)
{
	unsigned int i;

	for (i = 0; i < plan->nr_legs; i++) {
		if (given[i] && plan->leg[i].domain == domain)
			return true;
	}
	return false;
}

/* Legs without --domain have a domain of their own, clear of those given. */
static int set_domains(struct couche_plan *plan, const struct couche_device *devices)
{
	bool given[COUCHE_MAX_LEGS] = { false };
	uint16_t next = 0;
	unsigned int i;
	int r;

	for (i = 0; i < opt.domains.nr; i++) {
		r = set_domain(plan, devices, opt.domains.word[i], given);
		if (r)
			return r;
	}
	for (i = 0; i < plan->nr_legs; i++) {
		if (given[i])
			continue;
		while (is_domain_used(plan, given, next))
			next++;
		plan->leg[i].domain = next++;
	}
	return 0;
}

static int set_matrix(struct couche_plan *plan)
{
	struct couche_plan_profile *cold = &plan->profile[COUCHE_TIER_COLD];

	if (opt.matrix)
		return couche_matrix_parse("--matrix", opt.matrix, &cold->matrix);
	cold->matrix = 0;
	if (cold->k && !couche_profile_is_mds(cold))
		cold->matrix = 1;
	return 0;
}

static int set_min_healthy(struct couche_plan *plan)
{
	struct couche_plan_profile *cold = &plan->profile[COUCHE_TIER_COLD];

	if (!opt.min_healthy)
		return 0;
	if (!cold->k)
		return couche_fail(COUCHE_EXIT_USAGE, "--cold-min-healthy",
				   "there is no cold tier; give --cold DEV");
	return couche_min_healthy_parse("--cold-min-healthy", opt.min_healthy,
					&cold->min_healthy);
}

static int set_profiles(struct couche_plan *plan)
{
	char option[32];
	uint8_t tier;
	int r;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		struct couche_plan_profile *p = &plan->profile[tier];
		unsigned int nr = opt.role[tier + COUCHE_ROLE_HOT].nr;

		snprintf(option, sizeof(option), "--%s-profile", couche_tier_name(tier));
		if (opt.profile[tier] && !nr)
			return couche_fail(COUCHE_EXIT_USAGE, option,
					   "there is no %s tier; give --%s DEV",
					   couche_tier_name(tier), couche_tier_name(tier));
		if (!nr)
			continue;
		if (tier == COUCHE_TIER_COLD)
			*p = (struct couche_plan_profile){ .k = 4, .m = 2 };
		else
			*p = (struct couche_plan_profile){ .k = 1, .m = nr > 1 };
		if (opt.profile[tier]) {
			r = couche_profile_parse(option, opt.profile[tier], p);
			if (r)
				return r;
		}
	}
	return set_min_healthy(plan) ?: set_matrix(plan);
}

static int set_sizes(struct couche_plan *plan)
{
	if (opt.extent_bytes % SECTOR || opt.extent_bytes / SECTOR > COUCHE_MAX_EXTENT_SECTORS)
		return couche_fail(COUCHE_EXIT_USAGE, "--extent-size",
				   "out of range; give 64KiB to 64MiB, a power of two");
	if (opt.segment_bytes % SECTOR || opt.segment_bytes / SECTOR > COUCHE_MAX_SEGMENT_SECTORS)
		return couche_fail(COUCHE_EXIT_USAGE, "--segment-size",
				   "out of range; give 1MiB to 4GiB, a multiple of the extent size");
	plan->extent_sectors = opt.extent_bytes / SECTOR;
	plan->segment_sectors = opt.segment_bytes / SECTOR;
	return 0;
}

static int make_plan(struct couche_plan *plan, struct couche_device *devices,
		     const struct couche_ctl *ctl)
{
	unsigned int i;
	uint8_t role;
	int r;

	uuid_generate(plan->uuid);
	r = couche_settings_parse(&plan->settings);
	if (!r)
		r = set_sizes(plan);
	for (role = COUCHE_ROLE_META; role <= COUCHE_ROLE_COLD && !r; role++)
		r = add_legs(plan, devices, role);
	if (!r)
		r = couche_device_check_twice(devices, plan->nr_legs);
	if (!r)
		r = set_domains(plan, devices);
	if (!r)
		r = set_profiles(plan);
	if (!r)
		r = couche_plan_set_data_journal(plan, opt.data_journal_bytes);
	for (i = 0; i < plan->nr_legs && !r; i++)
		r = couche_device_check_free(&devices[i], ctl->force);
	return r ?: couche_plan_check(plan);
}

static void describe_tiers(cJSON *doc, const struct couche_plan *plan)
{
	cJSON *tiers = couche_doc_add_array(doc, "tiers");
	char profile[16];
	uint8_t tier;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		const struct couche_plan_profile *p = &plan->profile[tier];
		uint64_t raw = couche_plan_raw_sectors(plan, tier) * SECTOR;
		cJSON *object;

		if (!p->k)
			continue;
		object = couche_doc_append_object(tiers);
		snprintf(profile, sizeof(profile), "%u+%u", p->k, p->m);
		couche_doc_add_text(object, "tier", couche_tier_name(tier));
		couche_doc_add_text(object, "profile", profile);
		couche_doc_add_text(object, "matrix", tier == COUCHE_TIER_COLD ?
				    couche_matrix_name(p->matrix) : NULL);
		couche_doc_add_number(object, "min_healthy_shards", p->min_healthy ?: p->k);
		couche_doc_add_number(object, "legs",
				      couche_plan_count(plan, tier + COUCHE_ROLE_HOT));
		couche_doc_add_number(object, "raw_bytes", raw);
		couche_doc_add_number(object, "usable_bytes", raw / (p->k + p->m) * p->k);
	}
}

static void describe_legs(cJSON *doc, const struct couche_plan *plan,
			  const struct couche_device *devices)
{
	cJSON *legs = couche_doc_add_array(doc, "legs");
	unsigned int i;

	for (i = 0; i < plan->nr_legs; i++) {
		const struct couche_plan_leg *leg = &plan->leg[i];

		couche_device_describe(legs, &devices[i], i, leg->role, &leg->domain);
	}
}

static void add_table(cJSON *dm, const char *name, const char *params)
{
	static char line[COUCHE_DM_PARAMS_SIZE + 64];

	snprintf(line, sizeof(line), "0 %d %s %s", COUCHE_POOL_SECTORS, COUCHE_POOL_TARGET,
		 params);
	couche_doc_add_text(dm, name, line);
}

/* --dry-run: the whole plan, and what device mapper would get. */
static void print_plan(const struct couche_ctl *ctl, const struct couche_plan *plan,
		       const struct couche_device *devices, const char *format,
		       const char *params)
{
	static const struct couche_column tier_columns[] = {
		{ "TIER", "tier" }, { "PROFILE", "profile" }, { "MATRIX", "matrix" },
		{ "LEGS", "legs", COUCHE_COLUMN_NUMBER },
		{ "RAW", "raw_bytes", COUCHE_COLUMN_SIZE },
		{ "USABLE", "usable_bytes", COUCHE_COLUMN_SIZE },
		{ NULL }
	};
	static const struct couche_column leg_columns[] = {
		{ "LEG", "index", COUCHE_COLUMN_NUMBER }, { "ROLE", "role" },
		{ "DEVICE", "device" }, { "SIZE", "size_bytes", COUCHE_COLUMN_SIZE },
		{ "DOMAIN", "domain", COUCHE_COLUMN_NUMBER }, { "OVERWRITES", "overwrites" },
		{ NULL }
	};
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("pool create");
	char uuid[COUCHE_DM_UUID_SIZE];
	cJSON *dm;

	couche_doc_add_text(doc, "name", plan->name);
	couche_doc_add_uuid(doc, "uuid", plan->uuid);
	couche_doc_add_number(doc, "extent_bytes", plan->extent_sectors * SECTOR);
	couche_doc_add_number(doc, "segment_bytes", plan->segment_sectors * SECTOR);
	couche_doc_add_number(doc, "data_journal_bytes",
			      (uint64_t)plan->stage_slots * COUCHE_BLOCK_SIZE);
	describe_tiers(doc, plan);
	describe_legs(doc, plan, devices);
	couche_pool_dm_uuid(plan->uuid, uuid, sizeof(uuid));
	dm = couche_doc_add_object(doc, "dm");
	couche_doc_add_text(dm, "name", plan->name);
	couche_doc_add_text(dm, "uuid", uuid);
	add_table(dm, "create_table", format);
	add_table(dm, "final_table", params);
	if (couche_doc_print_whole(ctl, doc))
		return;

	printf("would create pool %s (%s)\n\n", plan->name, couche_doc_text(doc, "uuid"));
	couche_doc_print_table(ctl, tier_columns, couche_doc_get(doc, "tiers"), "  ");
	putchar('\n');
	couche_doc_print_table(ctl, leg_columns, couche_doc_get(doc, "legs"), "  ");
	printf("\n  write zeros over the first MiB of every leg\n"
	       "  dmsetup create %s --uuid %s --table '%s'\n"
	       "  dmsetup reload %s --table '%s'\n  dmsetup resume %s\n"
	       "\nnothing was changed\n",
	       plan->name, uuid, couche_doc_text(dm, "create_table"), plan->name,
	       couche_doc_text(dm, "final_table"), plan->name);
}

/* Only superblocks with the UUID of this run are taken back. */
static void undo(const struct couche_plan *plan, const struct couche_device *devices,
		 bool started)
{
	unsigned int i;

	if (started)
		couche_dm_remove(plan->name);
	for (i = 0; i < plan->nr_legs; i++)
		couche_device_unwrite(&devices[i], plan->uuid);
}

static int build(const struct couche_plan *plan, const struct couche_device *devices,
		 const char *format, const char *params)
{
	struct couche_dm_table table = {
		COUCHE_POOL_TARGET, COUCHE_POOL_SECTORS, format, false
	};
	char uuid[COUCHE_DM_UUID_SIZE];
	unsigned int i;
	int r;

	for (i = 0; i < plan->nr_legs; i++) {
		r = couche_device_wipe(&devices[i]);
		if (r)
			return r;
	}
	couche_pool_dm_uuid(plan->uuid, uuid, sizeof(uuid));
	r = couche_dm_create(plan->name, uuid, &table);
	if (r) {
		couche_dm_fail(r, plan->name, "cannot create the pool");
		undo(plan, devices, false);
		return couche_exit_of(r);
	}
	/* from now on the superblocks say it all */
	table.params = params;
	r = couche_dm_reload(plan->name, &table);
	if (r) {
		couche_dm_fail(r, plan->name, "cannot load the pool's final table");
		undo(plan, devices, true);
		return couche_exit_of(r);
	}
	return 0;
}

static int confirm_overwrite(const struct couche_ctl *ctl, const struct couche_plan *plan,
			     const struct couche_device *devices)
{
	unsigned int i, nr = 0;

	for (i = 0; i < plan->nr_legs; i++) {
		if (!devices[i].foreign)
			continue;
		nr++;
		if (!ctl->yes && isatty(STDIN_FILENO))
			fprintf(stderr, "%s holds %s\n", devices[i].path, devices[i].contents);
	}
	return couche_confirm_wipe(ctl, plan->name, nr);
}

/**
 * couche_pool_create() - couchectl pool create NAME
 * @ctl: the global options
 * @nr_args: number of words
 * @args: the words
 *
 * Return: an exit code.
 */
int couche_pool_create(struct couche_ctl *ctl, int nr_args, char **args)
{
	static struct couche_device devices[COUCHE_MAX_LEGS];
	static char format[COUCHE_DM_PARAMS_SIZE], params[COUCHE_DM_PARAMS_SIZE];
	static struct couche_plan plan;
	int r;

	if (nr_args != 1)
		return couche_fail(COUCHE_EXIT_USAGE, "pool create",
				   "needs one NAME; devices stand behind --meta, --hot, --warm or --cold");
	plan.name = args[0];
	r = couche_name_check("pool name", plan.name);
	if (!r)
		r = check_kernel(ctl, plan.name);
	if (!r)
		r = make_plan(&plan, devices, ctl);
	if (r)
		return r;
	if (couche_plan_params(&plan, true, format, sizeof(format)) ||
	    couche_plan_params(&plan, false, params, sizeof(params)))
		return couche_fail(COUCHE_EXIT_FAILURE, plan.name,
				   "the paths of the devices are too long for a table; use shorter ones");
	if (ctl->dry_run) {
		print_plan(ctl, &plan, devices, format, params);
		return 0;
	}
	r = confirm_overwrite(ctl, &plan, devices);
	if (!r)
		r = build(&plan, devices, format, params);
	if (!r)
		couche_note(ctl, "%s: created with %u legs", plan.name, plan.nr_legs);
	return r;
}
