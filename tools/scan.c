// SPDX-License-Identifier: GPL-2.0-only
#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/lib/cleanup.h"
#include "couchectl.h"
#include "kernel/core/super.h"

#define SECTOR	512

/* A leg that was seen, kept until all devices have been read. */
struct seen {
	char path[COUCHE_PATH_SIZE];
	dev_t number;
	bool held;
	struct couche_super super;
};

struct seen_list {
	struct seen *seen;
	size_t nr;
};

static void seen_list_destroy(struct seen_list *list)
{
	free(list->seen);
}

static bool is_newer(uint64_t sequence, uint64_t checkpoint, uint64_t than_sequence,
		     uint64_t than_checkpoint)
{
	if (sequence != than_sequence)
		return sequence > than_sequence;
	return checkpoint > than_checkpoint;
}

/**
 * couche_scan_read_super() - the superblock of a device
 * @fd: of the device, also of one opened with O_DIRECT
 * @super: gets the newer valid slot
 * @field: says what is damaged
 *
 * Return: 1; 0 if there is none; a negative errno if it is damaged.
 */
int couche_scan_read_super(int fd, struct couche_super *super, const char **field)
{
	static const unsigned int slots[] = { COUCHE_SB_SLOT_A, COUCHE_SB_SLOT_B };
	_Alignas(COUCHE_BLOCK_SIZE) char block[COUCHE_BLOCK_SIZE];
	struct couche_super slot;
	int r, damage = 0, found = 0;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (pread(fd, block, sizeof(block), slots[i] * SECTOR) != sizeof(block))
			return 0;
		r = couche_super_decode(block, &slot, field);
		if (r == -ENODATA)
			continue;
		if (r && r != -EROFS) {
			damage = r;
			continue;
		}
		if (!found || is_newer(slot.sequence, slot.checkpoint, super->sequence,
				       super->checkpoint))
			*super = slot;
		found = 1;
	}
	return found ?: damage;
}

/* In use by device mapper, md and the like, says sysfs. */
static bool is_held(dev_t number)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(number),
		 minor(number));
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			return true;
	}
	return false;
}

static int add_seen(struct seen_list *list, const char *path, dev_t number,
		    const struct couche_super *super)
{
	struct seen *more;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		if (list->seen[i].number == number)
			return 0;
	}
	more = reallocarray(list->seen, list->nr + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->seen = more;
	more += list->nr++;
	snprintf(more->path, sizeof(more->path), "%s", path);
	more->number = number;
	more->held = is_held(number);
	more->super = *super;
	return 0;
}

static int look_at(struct couche_scan *scan, struct seen_list *list, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct couche_super super;
	const char *field = "";
	struct stat st;
	int r;

	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return 0;
	/* nonblocking: an empty drive must not spin up or wait */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	r = couche_scan_read_super(fd, &super, &field);
	if (r > 0)
		return add_seen(list, path, st.st_rdev, &super);
	if (r < 0) {
		scan->nr_damaged++;
		snprintf(scan->damaged, sizeof(scan->damaged), "%s", path);
		scan->damage = field;
	}
	return 0;
}

static void read_word(const char *path, char *out, int size)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");

	out[0] = '\0';
	if (file && fgets(out, size, file))
		out[strcspn(out, "\n")] = '\0';
}

/* Without udev a device mapper device has its node below /dev/mapper only. */
static void path_of(const char *name, char *path)
{
	char attribute[COUCHE_PATH_SIZE + 32], word[COUCHE_PATH_SIZE - 16];
	char *p;

	snprintf(attribute, sizeof(attribute), "/sys/class/block/%s/dm/name", name);
	read_word(attribute, word, sizeof(word));
	if (*word) {
		snprintf(path, COUCHE_PATH_SIZE, "/dev/mapper/%s", word);
		return;
	}
	snprintf(path, COUCHE_PATH_SIZE, "/dev/%.200s", name);
	for (p = path; *p; p++) {
		if (*p == '!')
			*p = '/';
	}
}

static bool is_empty(const char *name)
{
	char attribute[COUCHE_PATH_SIZE + 32], word[32];

	snprintf(attribute, sizeof(attribute), "/sys/class/block/%s/size", name);
	read_word(attribute, word, sizeof(word));
	return !strtoull(word, NULL, 10);
}

/* A pool's own device holds nothing, and each read of it is an error in the log. */
static bool is_pool(const char *name)
{
	static const char prefix[] = "COUCHE-POOL-";
	char attribute[COUCHE_PATH_SIZE + 32], word[sizeof(prefix)];

	snprintf(attribute, sizeof(attribute), "/sys/class/block/%s/dm/uuid", name);
	read_word(attribute, word, sizeof(word));
	return !strcmp(word, prefix);
}

static int look_everywhere(struct couche_scan *scan, struct seen_list *list)
{
	_cleanup_closedir_ DIR *dir = opendir("/sys/class/block");
	char path[COUCHE_PATH_SIZE];
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_empty(entry->d_name) ||
		    is_pool(entry->d_name))
			continue;
		path_of(entry->d_name, path);
		r = look_at(scan, list, path);
	}
	return r;
}

static int look_in(struct couche_scan *scan, struct seen_list *list, const char *where)
{
	_cleanup_closedir_ DIR *dir = opendir(where);
	char path[COUCHE_PATH_SIZE];
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		if (snprintf(path, sizeof(path), "%s/%s", where, entry->d_name) <
		    (int)sizeof(path))
			r = look_at(scan, list, path);
	}
	return r;
}

static void take_super(struct couche_found_pool *pool, const struct couche_super *super)
{
	unsigned int i;

	memset(pool, 0, sizeof(*pool));
	memcpy(pool->uuid, super->pool_uuid, sizeof(pool->uuid));
	memcpy(pool->name, super->name, sizeof(pool->name));
	pool->sequence = super->sequence;
	pool->checkpoint = super->checkpoint;
	pool->clean = super->clean;
	pool->nr_legs = super->nr_legs;
	for (i = 0; i < COUCHE_NR_TIERS; i++) {
		pool->k[i] = super->profile[i].k;
		pool->m[i] = super->profile[i].m;
	}
	for (i = 0; i < super->nr_legs; i++) {
		memcpy(pool->leg[i].uuid, super->leg[i].uuid, COUCHE_UUID_SIZE);
		pool->leg[i].role = super->leg[i].role;
		pool->leg[i].state = super->leg[i].state;
		pool->leg[i].domain = super->leg[i].domain;
		pool->leg[i].sectors = super->leg[i].sectors;
	}
}

static struct couche_found_pool *find_pool(struct couche_scan *scan, const uint8_t *uuid)
{
	size_t i;

	for (i = 0; i < scan->nr_pools; i++) {
		if (!memcmp(scan->pool[i].uuid, uuid, COUCHE_UUID_SIZE))
			return &scan->pool[i];
	}
	return NULL;
}

/* First round: one entry per pool, from its newest superblock. */
static int gather_pools(struct couche_scan *scan, const struct seen_list *list)
{
	struct couche_found_pool *pool;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		const struct couche_super *super = &list->seen[i].super;

		pool = find_pool(scan, super->pool_uuid);
		if (pool && !is_newer(super->sequence, super->checkpoint, pool->sequence,
				      pool->checkpoint))
			continue;
		if (!pool) {
			pool = reallocarray(scan->pool, scan->nr_pools + 1, sizeof(*pool));
			if (!pool)
				return -ENOMEM;
			scan->pool = pool;
			pool += scan->nr_pools++;
		}
		take_super(pool, super);
	}
	return 0;
}

/*
 * Second round: the legs. One that the newest superblock does not know any
 * more was replaced. When a path device lies below a multipath or dm-linear
 * device both show the same leg: the one that nobody holds is on top.
 */
static void gather_legs(struct couche_scan *scan, const struct seen_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++) {
		const struct seen *seen = &list->seen[i];
		const struct couche_super *super = &seen->super;
		struct couche_found_pool *pool = find_pool(scan, super->pool_uuid);
		struct couche_found_leg *leg = &pool->leg[super->leg_index];

		if (super->leg_index >= pool->nr_legs ||
		    memcmp(leg->uuid, super->leg[super->leg_index].uuid, COUCHE_UUID_SIZE))
			continue;
		if (leg->path[0] && !leg->held && seen->held)
			continue;
		if (leg->path[0] && leg->held == seen->held)
			memcpy(leg->twice, leg->path, sizeof(leg->twice));
		else
			leg->twice[0] = '\0';
		memcpy(leg->path, seen->path, sizeof(leg->path));
		leg->held = seen->held;
		leg->sequence = super->sequence;
	}
}

/**
 * couche_scan_run() - look for the legs of pools
 * @scan: filled on success
 * @paths: devices to look at, the end is NULL; NULL or an empty list for all
 * @dir: folder whose devices are looked at; NULL for none
 *
 * With neither @paths nor @dir every block device that sysfs lists is read.
 *
 * Return: 0 or a negative errno.
 */
int couche_scan_run(struct couche_scan *scan, char *const *paths, const char *dir)
{
	_cleanup_(seen_list_destroy) struct seen_list list = { NULL };
	int r = 0;

	memset(scan, 0, sizeof(*scan));
	if (dir)
		r = look_in(scan, &list, dir);
	else if (!paths || !*paths)
		r = look_everywhere(scan, &list);
	while (!r && paths && *paths)
		r = look_at(scan, &list, *paths++);
	if (!r)
		r = gather_pools(scan, &list);
	if (r) {
		couche_scan_destroy(scan);
		return r;
	}
	gather_legs(scan, &list);
	return 0;
}

/**
 * couche_scan_destroy() - free what a scan found
 * @scan: the scan
 */
void couche_scan_destroy(struct couche_scan *scan)
{
	free(scan->pool);
	scan->pool = NULL;
	scan->nr_pools = 0;
}

/**
 * couche_found_missing() - how many legs of a role were not found or have failed
 * @pool: the pool
 * @role: enum couche_role
 * @nr: gets how many there should be
 *
 * Return: the count.
 */
unsigned int couche_found_missing(const struct couche_found_pool *pool, uint8_t role,
				  unsigned int *nr)
{
	unsigned int i, missing = 0;

	*nr = 0;
	for (i = 0; i < pool->nr_legs; i++) {
		const struct couche_found_leg *leg = &pool->leg[i];

		if (leg->state == COUCHE_LEG_NONE || leg->role != role)
			continue;
		++*nr;
		missing += !leg->path[0] || leg->state != COUCHE_LEG_ONLINE;
	}
	return missing;
}
