// SPDX-License-Identifier: GPL-2.0-only
#include "rescue_pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <uuid/uuid.h>

#include "agent/lib/cleanup.h"
#include "offline_write.h"
#include "plan.h"
#include "size.h"

#define SECTOR	512

/*
 * Above all that lost legs may have: their changes of configuration, and what
 * a checkpoint allows for generations, a few times over.
 */
#define SEQUENCE_JUMP	(1ULL << 32)
#define GENERATION_JUMP	(1u << 18)

static int fail_device(const char *path, int err)
{
	if (err == -EBUSY)
		return couche_fail(COUCHE_EXIT_CONFLICT, path,
				   "is in use; unmount it or choose another device");
	return couche_fail(COUCHE_EXIT_FAILURE, path, "cannot be written (%s); check the device",
			   strerror(-err));
}

/* --- which device becomes which leg ------------------------------------------- */

/* A device is there, but it is not the leg that the pool has in that place. */
static void leave_out_strangers(struct couche_offline *o)
{
	u32 i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		struct couche_spot spot = couche_offline_spot(o, i);

		if (!o->leg[i].path)
			continue;
		if (i < o->super.nr_legs && o->super.leg[i].state != COUCHE_LEG_NONE &&
		    !memcmp(o->leg[i].super.leg[i].uuid, o->super.leg[i].uuid, COUCHE_UUID_SIZE))
			continue;
		couche_finding_add(&spot, COUCHE_FINDING_NOTE,
				   "leg uuid: another device has taken its place; left out",
				   "superblock");
		couche_offline_leave_out(o, i);
	}
}

/*
 * Hot and warm legs are empty now, whatever they held. A cold leg is what it
 * was, and failed if it is not there, until it comes back or is replaced.
 */
static void settle_states(struct couche_offline *o)
{
	u32 i;

	for (i = 0; i < o->super.nr_legs; i++) {
		struct couche_super_leg *leg = &o->super.leg[i];

		if (leg->state == COUCHE_LEG_NONE || leg->role == COUCHE_ROLE_META)
			continue;
		if (!o->leg[i].path)
			leg->state = COUCHE_LEG_FAILED;
		else if (leg->role != COUCHE_ROLE_COLD)
			leg->state = COUCHE_LEG_ONLINE;
	}
}

static bool is_taken(const struct couche_rescue_pool *pool, u32 index)
{
	unsigned int i;

	for (i = 0; i < pool->nr; i++) {
		if (pool->leg[i].index == index)
			return true;
	}
	return false;
}

static uint16_t free_domain(const struct couche_super *s)
{
	uint16_t domain = 0;
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state != COUCHE_LEG_NONE && s->leg[i].domain == domain) {
			domain++;
			i = -1;
		}
	}
	return domain;
}

/* The place of a leg of this role that is lost, an empty one, or one more. */
static u32 find_place(const struct couche_rescue_pool *pool, u8 role)
{
	const struct couche_offline *o = pool->r->o;
	const struct couche_super *s = &o->super;
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state != COUCHE_LEG_NONE && s->leg[i].role == role &&
		    (role == COUCHE_ROLE_META || !o->leg[i].path) && !is_taken(pool, i))
			return i;
	}
	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state == COUCHE_LEG_NONE)
			break;
	}
	return i;
}

static int check_not_read(const struct couche_offline *o, const struct couche_device *device)
{
	struct stat st;
	u32 i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		bool same;

		if (!o->leg[i].path || fstat(o->leg[i].fd, &st) < 0)
			continue;
		same = device->image ? st.st_dev == device->number && st.st_ino == device->image :
				       S_ISBLK(st.st_mode) && st.st_rdev == device->number;
		/* What it holds is seen later, and what then is to be done. */
		if (same && o->super.leg[i].role != COUCHE_ROLE_META)
			return couche_fail(COUCHE_EXIT_USAGE, device->path,
					   "is leg %u of the pool; give an empty device", i);
	}
	return 0;
}

static int take_device(struct couche_rescue_pool *pool, const char *path, u8 role)
{
	struct couche_super *s = &pool->r->o->super;
	struct couche_rescue_leg *leg = &pool->leg[pool->nr];
	u32 index = find_place(pool, role);
	struct couche_super_leg *to = &s->leg[index];
	int r;

	if (index == COUCHE_MAX_LEGS)
		return couche_fail(COUCHE_EXIT_USAGE, path, "is one leg more than %d; leave it out",
				   COUCHE_MAX_LEGS);
	r = couche_device_open_image(&leg->device, path);
	if (!r)
		r = check_not_read(pool->r->o, &leg->device);
	if (r)
		return r;
	if (to->state == COUCHE_LEG_NONE) {
		to->domain = free_domain(s);
		if (index == s->nr_legs)
			s->nr_legs++;
	}
	leg->index = index;
	leg->role = role;
	to->role = role;
	to->state = COUCHE_LEG_ONLINE;
	to->flags = 0;
	to->sectors = leg->device.sectors & ~(u64)(COUCHE_BLOCK_SECTORS - 1);
	uuid_generate(to->uuid);
	pool->nr++;
	return 0;
}

static int take_devices(struct couche_rescue_pool *pool, const struct couche_words *devices)
{
	const struct couche_super *s = &pool->r->o->super;
	unsigned int i;
	int r = 0;
	u8 role;

	if (devices[COUCHE_ROLE_META].nr > COUCHE_MAX_META_LEGS)
		return couche_fail(COUCHE_EXIT_USAGE, "--write-meta",
				   "a pool has at most %d metadata legs; give fewer",
				   COUCHE_MAX_META_LEGS);
	for (role = COUCHE_ROLE_META; role <= COUCHE_ROLE_WARM; role++) {
		for (i = 0; i < devices[role].nr && !r; i++) {
			if (role != COUCHE_ROLE_META && !s->profile[role - COUCHE_ROLE_HOT].k)
				return couche_fail(COUCHE_EXIT_USAGE, devices[role].word[i],
						   "the pool has no %s tier; leave it out",
						   couche_role_name(role));
			r = take_device(pool, devices[role].word[i], role);
		}
	}
	return r;
}

/* Metadata legs that nobody takes the place of are no legs any more. */
static void forget_old_meta(struct couche_rescue_pool *pool)
{
	struct couche_super *s = &pool->r->o->super;
	u32 i;

	for (i = 0; i < s->nr_legs; i++) {
		if (s->leg[i].state != COUCHE_LEG_NONE && s->leg[i].role == COUCHE_ROLE_META &&
		    !is_taken(pool, i))
			memset(&s->leg[i], 0, sizeof(s->leg[i]));
	}
}

/* --- the superblock ------------------------------------------------------------- */

static int check_tiers(const struct couche_rescue_pool *pool)
{
	const struct couche_super *s = &pool->r->o->super;
	u8 tier;
	u32 i;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		unsigned int nr = 0;

		for (i = 0; i < s->nr_legs; i++)
			nr += s->leg[i].role == couche_role_of_tier(tier) &&
			      s->leg[i].state == COUCHE_LEG_ONLINE;
		if (s->profile[tier].k && !nr && tier != COUCHE_TIER_COLD)
			return couche_fail(COUCHE_EXIT_USAGE, s->name,
					   "no leg of its %s tier is here; name them, or give --write-%s DEV with new ones",
					   couche_tier_name(tier), couche_tier_name(tier));
	}
	return 0;
}

static u32 highest_generation(const struct couche_offline *o)
{
	u32 generation = 0, i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++) {
		if (o->leg[i].path && o->leg[i].super.generation > generation)
			generation = o->leg[i].super.generation;
	}
	return generation;
}

/* The places of map and journal stay where they were, if the new legs have them. */
static int lay_out(struct couche_super *s)
{
	const char *field = "";

	s->journal_pos = 0;
	if (!couche_super_check(s, &field))
		return 0;
	s->stage_start = 0;
	if (!couche_super_layout(s, &field) && !couche_super_check(s, &field))
		return 0;
	return couche_fail(COUCHE_EXIT_FAILURE, s->name,
			   "cannot be laid out (%s); give larger metadata legs", field);
}

/*
 * Cold legs learn of a sequence with the next change of a leg or a profile only,
 * so they need not know that of a rescue before this one: time tells the two
 * apart. By an even number, so that the next superblock of a leg goes where its
 * older one stands.
 */
static u64 next_sequence(u64 sequence)
{
	u64 now = (u64)time(NULL) << 20;

	if (now < sequence + SEQUENCE_JUMP)
		return sequence + SEQUENCE_JUMP;
	return now + (sequence & 1);
}

static int make_super(struct couche_rescue_pool *pool)
{
	struct couche_offline *o = pool->r->o;
	struct couche_super *s = &o->super;

	s->sequence = next_sequence(s->sequence);
	s->checkpoint += SEQUENCE_JUMP;
	s->page_checkpoint = s->checkpoint;
	s->journal_seq += 2 * COUCHE_JOURNAL_JUMP;
	s->clean = 1;
	s->leg_index = pool->leg[0].index;
	return lay_out(s);
}

/**
 * couche_rescue_pool_plan() - what the pool will look like
 * @pool: gets its legs; pool->r has the legs there are, and its superblock
 *	becomes that of the new pool
 * @ctl: the global options
 * @devices: by role, those of meta, hot and warm legs
 *
 * Writes nothing.
 *
 * Return: 0 or an exit code.
 */
int couche_rescue_pool_plan(struct couche_rescue_pool *pool, const struct couche_ctl *ctl,
			    const struct couche_words *devices)
{
	struct couche_device all[COUCHE_MAX_LEGS];
	struct couche_offline *o = pool->r->o;
	unsigned int i;
	int r;

	if (o->has_meta && !ctl->force)
		return couche_fail(COUCHE_EXIT_CONFLICT, o->super.name,
				   "a metadata leg is here, and knows more than footers do; import the pool with it, or give --force to go on without");
	o->super.generation = highest_generation(o);
	leave_out_strangers(o);
	settle_states(o);
	r = take_devices(pool, devices);
	forget_old_meta(pool);
	for (i = 0; i < pool->nr; i++)
		all[i] = pool->leg[i].device;
	if (!r)
		r = couche_device_check_twice(all, pool->nr);
	/* Those of the pool that are to be overwritten are not read any more. */
	for (i = 0; i < COUCHE_MAX_LEGS && !r; i++) {
		if (o->leg[i].path && (i >= o->super.nr_legs || is_taken(pool, i) ||
				       o->super.leg[i].state == COUCHE_LEG_NONE))
			couche_offline_leave_out(o, i);
	}
	for (i = 0; i < pool->nr && !r; i++)
		r = couche_device_check_free(&pool->leg[i].device, ctl->force);
	if (!r)
		r = check_tiers(pool);
	return r ?: make_super(pool);
}

/* --- volumes -------------------------------------------------------------------- */

/* ID=NAME */
static int take_name(const char *word, struct couche_rescued_volume *volumes)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? equals - word : 0;
	char number[16] = "";
	uint64_t id;
	int r;

	if (len < sizeof(number))
		memcpy(number, word, len);
	if (!equals || couche_uint_parse(number, COUCHE_MAX_VOLUMES, &id) || !id)
		return couche_fail(COUCHE_EXIT_USAGE, "--volume",
				   "'%s' is not understood; write ID=NAME with ID from 1 to %d",
				   word, COUCHE_MAX_VOLUMES);
	r = couche_name_check("--volume", equals + 1);
	if (!r && !*volumes[id].name)
		snprintf(volumes[id].name, sizeof(volumes[id].name), "%s", equals + 1);
	return r;
}

/**
 * couche_rescue_pool_names() - how volumes are to be called
 * @names: ID=NAME each; the first counts of those for one volume
 * @volumes: COUCHE_MAX_VOLUMES + 1, all zero; get the names
 *
 * Return: 0 or an exit code.
 */
int couche_rescue_pool_names(const struct couche_words *names,
			     struct couche_rescued_volume *volumes)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < names->nr && !r; i++)
		r = take_name(names->word[i], volumes);
	return r;
}

static int check_found(const struct couche_rescued_volume *volumes)
{
	u32 id;

	for (id = 1; id <= COUCHE_MAX_VOLUMES; id++) {
		if (*volumes[id].name && !volumes[id].extents)
			return couche_fail(COUCHE_EXIT_NOT_FOUND, volumes[id].name,
					   "no cold extent of volume %u was found; leave it out",
					   id);
	}
	return 0;
}

static int add_volumes(struct couche_map *map, struct couche_rescued_volume *volumes)
{
	u32 id, other;

	for (id = 1; id <= COUCHE_MAX_VOLUMES; id++) {
		struct couche_volume_desc desc = {
			.id = id, .sectors = volumes[id].sectors, .created = time(NULL),
			.born = volumes[id].born
		};
		char *name = volumes[id].name;

		if (!volumes[id].extents)
			continue;
		uuid_generate(desc.uuid);
		if (!*name)
			snprintf(name, sizeof(volumes[id].name), "volume-%u", id);
		snprintf(desc.name, sizeof(desc.name), "%s", name);
		for (other = 1; other < id; other++) {
			if (map->volume[other] && !strcmp(map->volume[other]->desc.name, desc.name))
				return couche_fail(COUCHE_EXIT_USAGE, desc.name,
						   "would be the name of volumes %u and %u; give another --volume ID=NAME",
						   other, id);
		}
		couche_map_set_volume(map, &desc);
	}
	return 0;
}

/* The same judge that check uses; what it finds here would be a fault of ours. */
static int check_map(struct couche_map *map)
{
	struct couche_offline *o = map->o;
	uint64_t losses = o->findings.count[COUCHE_FINDING_LOSS];
	u64 pages = couche_offline_map_pages(map);

	if (pages > o->super.map_pages)
		return couche_fail(COUCHE_EXIT_FAILURE, o->super.name,
				   "its map takes %llu pages and %u have room; give larger metadata legs",
				   pages, o->super.map_pages);
	couche_map_check(map);
	if (o->findings.count[COUCHE_FINDING_LOSS] != losses)
		return couche_fail(COUCHE_EXIT_FAILURE, o->super.name,
				   "the map that was made is not sound, nothing is written (%s: %s); report it",
				   o->findings.list[o->findings.nr - 1].object,
				   o->findings.list[o->findings.nr - 1].what);
	return 0;
}

/**
 * couche_rescue_pool_fill() - make the map
 * @pool: planned, and its cold legs scanned
 * @volumes: COUCHE_MAX_VOLUMES + 1, with the names that were given; get what
 *	was found, and a name each
 *
 * Return: 0 or an exit code.
 */
int couche_rescue_pool_fill(struct couche_rescue_pool *pool,
			    struct couche_rescued_volume *volumes)
{
	struct couche_super *s = &pool->r->o->super;
	int r;

	pool->map = couche_map_create(pool->r->o);
	r = couche_rescue_place(pool->r, pool->map, volumes, &pool->counts);
	if (r)
		return r;
	if (pool->counts.generation >= s->generation)
		s->generation = pool->counts.generation + 1;
	if (s->generation > ~0u - 2 * GENERATION_JUMP)
		return couche_fail(COUCHE_EXIT_FAILURE, s->name,
				   "its generations are used up; copy its data out with --output-dir");
	s->generation += GENERATION_JUMP;
	r = check_found(volumes);
	if (!r)
		r = add_volumes(pool->map, volumes);
	return r ?: check_map(pool->map);
}

/* --- the writing ----------------------------------------------------------------- */

static int write_super(const struct couche_rescue_pool *pool, unsigned int i, u64 sequence,
		       u64 slot_sector, int fd)
{
	_cleanup_free_ void *block = couche_offline_buffer(COUCHE_BLOCK_SIZE);
	struct couche_super s = pool->r->o->super;

	s.leg_index = pool->leg[i].index;
	s.sequence = sequence;
	couche_super_encode(&s, block);
	return couche_offline_write_block(fd, slot_sector, block);
}

/* Both slots; the one that the next change will not overwrite has the newer. */
static int write_supers(const struct couche_rescue_pool *pool, unsigned int i, int fd)
{
	const struct couche_super *s = &pool->r->o->super;
	u64 parity = s->sequence + (pool->leg[i].role == COUCHE_ROLE_META ? s->checkpoint : 0);
	u64 newer = parity & 1 ? COUCHE_SB_SLOT_B : COUCHE_SB_SLOT_A;
	u64 older = parity & 1 ? COUCHE_SB_SLOT_A : COUCHE_SB_SLOT_B;
	int err = write_super(pool, i, s->sequence - 1, older, fd);

	err = err ?: write_super(pool, i, s->sequence, newer, fd);
	return err ? fail_device(pool->leg[i].device.path, err) : 0;
}

static int write_meta(const struct couche_rescue_pool *pool, struct couche_offline_output *out)
{
	struct couche_super *s = &pool->r->o->super;
	int err = couche_offline_write_map(out, pool->map, s->checkpoint, &s->page_sum);

	if (!err)
		err = couche_offline_write_zeros(out, s->journal_start,
						 (u64)s->journal_blocks * COUCHE_BLOCK_SECTORS);
	return err ?: couche_offline_sync(out);
}

/*
 * First no device has a superblock any more, then all is written, and the
 * superblocks of the metadata legs are last: until there is one there is no
 * pool, and then it is whole.
 */
static int write_legs(const struct couche_rescue_pool *pool, const int *fd)
{
	struct couche_offline_output out = { .nr = 0 };
	unsigned int i;
	int r = 0, err;

	for (i = 0; i < pool->nr; i++) {
		if (pool->leg[i].role == COUCHE_ROLE_META)
			out.fd[out.nr++] = fd[i];
	}
	/* Metadata legs come first in the list. */
	err = write_meta(pool, &out);
	if (err)
		return fail_device(pool->leg[out.failed].device.path, err);
	for (i = out.nr; i < pool->nr && !r; i++)
		r = write_supers(pool, i, fd[i]);
	for (i = 0; i < out.nr && !r; i++)
		r = write_supers(pool, i, fd[i]);
	return r;
}

static int confirm(const struct couche_rescue_pool *pool, const struct couche_ctl *ctl)
{
	unsigned int i, nr = 0;

	for (i = 0; i < pool->nr; i++) {
		if (!pool->leg[i].device.foreign)
			continue;
		nr++;
		if (!ctl->yes && isatty(STDIN_FILENO))
			fprintf(stderr, "%s holds %s\n", pool->leg[i].device.path,
				pool->leg[i].device.contents);
	}
	return couche_confirm_wipe(ctl, pool->r->o->super.name, nr);
}

/**
 * couche_rescue_pool_write() - write all of it
 * @pool: planned and filled
 * @ctl: the global options
 *
 * Return: 0 or an exit code.
 */
int couche_rescue_pool_write(struct couche_rescue_pool *pool, const struct couche_ctl *ctl)
{
	int fd[COUCHE_MAX_LEGS], r = confirm(pool, ctl);
	unsigned int i, opened = 0;

	for (i = 0; i < pool->nr && !r; i++)
		r = couche_device_wipe(&pool->leg[i].device);
	for (i = 0; i < pool->nr && !r; i++) {
		fd[i] = couche_offline_open_write(pool->leg[i].device.path);
		if (fd[i] < 0)
			r = fail_device(pool->leg[i].device.path, fd[i]);
		else
			opened++;
	}
	if (!r)
		r = write_legs(pool, fd);
	for (i = 0; i < opened; i++)
		close(fd[i]);
	return r;
}

/**
 * couche_rescue_pool_destroy() - free the map
 * @pool: the pool
 */
void couche_rescue_pool_destroy(struct couche_rescue_pool *pool)
{
	if (pool->map)
		couche_map_destroy(pool->map);
	pool->map = NULL;
}
