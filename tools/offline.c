// SPDX-License-Identifier: GPL-2.0-only
#include "offline.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uuid/uuid.h>

#include "agent/lib/cleanup.h"
#include "couchectl.h"
#include "kernel/core/block.h"
#include "kernel/core/codec.h"
#include "kernel/core/cpu.h"
#include "kernel/core/crc32c.h"
#include "memory.h"
#include "scan.h"

#define SECTOR	512
#define ALIGN	4096

struct couche_offline_options couche_offline_options;

/* Devices that were opened, before it is known which leg each one is. */
struct probes {
	struct couche_offline_leg *leg;
	unsigned int nr;
};

/**
 * couche_offline_buffer() - memory that devices can be read into
 * @len: bytes
 *
 * Return: zeros, to be freed by the caller. The program ends when there are
 * none.
 */
void *couche_offline_buffer(size_t len)
{
	void *buf = aligned_alloc(ALIGN, (len + ALIGN - 1) / ALIGN * ALIGN);

	if (!buf)
		couche_out_of_memory();
	return memset(buf, 0, len);
}

static int read_at(int fd, u64 sector, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		ssize_t n = pread(fd, to, len, sector * SECTOR + (to - (char *)buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		to += n;
		len -= n;
	}
	return 0;
}

/**
 * couche_offline_read() - read from a leg
 * @o: the legs
 * @leg: which one
 * @sector: where to begin
 * @buf: from couche_offline_buffer()
 * @len: bytes, a multiple of 4096
 *
 * Return: 0; -ENODEV if the leg is missing; -EIO or what the device says.
 */
int couche_offline_read(const struct couche_offline *o, u32 leg, u64 sector, void *buf,
			size_t len)
{
	if (leg >= COUCHE_MAX_LEGS || !o->leg[leg].path)
		return -ENODEV;
	return read_at(o->leg[leg].fd, sector, buf, len);
}

/**
 * couche_offline_is_leg() - is the device that the pool knows in this place there?
 * @o: the legs
 * @leg: which one
 *
 * Return: false also if another one is there, such as one that was replaced.
 */
bool couche_offline_is_leg(const struct couche_offline *o, u32 leg)
{
	return o->leg[leg].path && !memcmp(o->leg[leg].super.leg[leg].uuid,
					   o->super.leg[leg].uuid, COUCHE_UUID_SIZE);
}

/**
 * couche_offline_is_current() - is it there and does it hold everything?
 * @o: the legs
 * @leg: which one
 *
 * Return: true if recovery would believe it.
 */
bool couche_offline_is_current(const struct couche_offline *o, u32 leg)
{
	return couche_offline_is_leg(o, leg) && o->super.leg[leg].state == COUCHE_LEG_ONLINE;
}

/**
 * couche_offline_spot() - where findings about a leg belong
 * @o: the legs
 * @leg: index, or COUCHE_NO_LEG
 *
 * Return: the spot, which points into @o.
 */
struct couche_spot couche_offline_spot(struct couche_offline *o, int leg)
{
	struct couche_spot spot = { &o->findings, leg, NULL };

	if (leg >= 0)
		spot.device = o->leg[leg].path;
	return spot;
}

static int fail_open(const char *path, int error)
{
	if (error == EBUSY)
		return couche_fail(COUCHE_EXIT_CONFLICT, path,
				   "is in use; stop the pool (couchectl pool export), or read it as it is with --live");
	if (error == ENOENT)
		return couche_fail(COUCHE_EXIT_NOT_FOUND, path, "no such device; check its name");
	return couche_fail(COUCHE_EXIT_FAILURE, path, "cannot be opened (%s); check the device",
			   strerror(error));
}

static int open_device(struct couche_offline_leg *leg, const char *path)
{
	int flags = (couche_offline_options.write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	struct stat st;
	uint64_t bytes;

	if (stat(path, &st) < 0)
		return fail_open(path, errno);
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return couche_fail(COUCHE_EXIT_FAILURE, path,
				   "is no block device and no file; give a leg or an image of one");
	bytes = st.st_size;
	if (S_ISBLK(st.st_mode))
		flags |= O_DIRECT | (couche_offline_options.live ? 0 : O_EXCL);
	leg->fd = open(path, flags);
	if (leg->fd < 0)
		return fail_open(path, errno);
	if (S_ISBLK(st.st_mode) && ioctl(leg->fd, BLKGETSIZE64, &bytes) < 0)
		return fail_open(path, errno);
	leg->sectors = bytes / SECTOR;
	leg->path = strdup(path);
	if (!leg->path)
		couche_out_of_memory();
	return 0;
}

static bool is_newer(const struct couche_super *a, const struct couche_super *b)
{
	return a->sequence != b->sequence ? a->sequence > b->sequence :
					    a->checkpoint > b->checkpoint;
}

static bool is_good(int err)
{
	return !err || err == -EROFS;
}

static void read_slots(struct couche_offline_leg *leg)
{
	static const unsigned int sector[2] = { COUCHE_SB_SLOT_A, COUCHE_SB_SLOT_B };
	_cleanup_free_ void *block = couche_offline_buffer(COUCHE_BLOCK_SIZE);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		leg->field[i] = "cannot be read";
		leg->err[i] = read_at(leg->fd, sector[i], block, COUCHE_BLOCK_SIZE);
		if (!leg->err[i])
			leg->err[i] = couche_super_decode(block, &leg->slot[i], &leg->field[i]);
	}
	if (is_good(leg->err[0]))
		leg->super = leg->slot[0];
	if (is_good(leg->err[1]) &&
	    (!is_good(leg->err[0]) || is_newer(&leg->slot[1], &leg->slot[0])))
		leg->super = leg->slot[1];
}

static int add_probe(struct probes *probes, const char *path)
{
	struct couche_offline_leg *leg;
	int r;

	probes->leg = couche_grow(probes->leg, probes->nr + 1, sizeof(*leg));
	leg = probes->leg + probes->nr;
	memset(leg, 0, sizeof(*leg));
	leg->fd = -1;
	probes->nr++;
	r = open_device(leg, path);
	if (!r)
		read_slots(leg);
	return r;
}

static void close_leg(struct couche_offline_leg *leg)
{
	if (leg->path && leg->fd >= 0)
		close(leg->fd);
	free(leg->path);
	leg->path = NULL;
}

static void probes_destroy(struct probes *probes)
{
	unsigned int i;

	for (i = 0; i < probes->nr; i++)
		close_leg(&probes->leg[i]);
	free(probes->leg);
}

static bool has_super(const struct couche_offline_leg *leg)
{
	return is_good(leg->err[0]) || is_good(leg->err[1]);
}

static bool is_asked_for(const uint8_t *pool_uuid, const char *name)
{
	const char *asked = couche_offline_options.pool;
	uuid_t uuid;

	if (!asked)
		return true;
	if (!uuid_parse(asked, uuid))
		return !memcmp(pool_uuid, uuid, sizeof(uuid));
	return !strcmp(name, asked);
}

/* All of the machine, for --pool alone. */
static int probe_machine(struct probes *probes)
{
	struct couche_scan scan;
	unsigned int i;
	size_t p;
	int r = couche_scan_run(&scan, NULL, NULL);

	if (r)
		return couche_fail(COUCHE_EXIT_FAILURE, "devices", "cannot be listed (%s)",
				   strerror(-r));
	for (p = 0; p < scan.nr_pools && !r; p++) {
		const struct couche_found_pool *pool = &scan.pool[p];

		if (!is_asked_for(pool->uuid, pool->name))
			continue;
		for (i = 0; i < pool->nr_legs && !r; i++) {
			if (pool->leg[i].path[0])
				r = add_probe(probes, pool->leg[i].path);
		}
	}
	couche_scan_destroy(&scan);
	return r;
}

static int probe_all(struct probes *probes, char **devices)
{
	int r = 0;

	if (!*devices && !couche_offline_options.pool)
		return couche_fail(COUCHE_EXIT_USAGE, "devices",
				   "none are given; name the legs or the --pool");
	if (!*devices)
		return probe_machine(probes);
	while (*devices && !r)
		r = add_probe(probes, *devices++);
	return r;
}

/* The newest superblock that recovery would go by. */
static const struct couche_super *find_best(const struct probes *probes, bool *meta)
{
	const struct couche_super *best = NULL, *best_meta = NULL;
	unsigned int i;

	for (i = 0; i < probes->nr; i++) {
		const struct couche_super *s = &probes->leg[i].super;
		const struct couche_super_leg *self = &s->leg[s->leg_index];

		if (!has_super(&probes->leg[i]) || !is_asked_for(s->pool_uuid, s->name))
			continue;
		if (!best || is_newer(s, best))
			best = s;
		if (self->role == COUCHE_ROLE_META && self->state == COUCHE_LEG_ONLINE &&
		    (!best_meta || is_newer(s, best_meta)))
			best_meta = s;
	}
	*meta = best_meta;
	return best_meta ?: best;
}

static void move_leg(struct couche_offline_leg *to, struct couche_offline_leg *from)
{
	*to = *from;
	from->path = NULL;
	from->fd = -1;
}

static int take_leg(struct couche_offline *o, struct couche_offline_leg *leg)
{
	struct couche_super *s = &leg->super;
	struct couche_offline_leg *to = &o->leg[s->leg_index];

	if (!is_asked_for(s->pool_uuid, s->name))
		return 0;
	if (memcmp(s->pool_uuid, o->super.pool_uuid, COUCHE_UUID_SIZE))
		return couche_fail(COUCHE_EXIT_CONFLICT, leg->path,
				   "is a leg of another pool, %s; leave it out or give --pool",
				   s->name);
	if (to->path)
		return couche_fail(COUCHE_EXIT_CONFLICT, leg->path,
				   "is leg %u, and so is %s; leave one of them out", s->leg_index,
				   to->path);
	move_leg(to, leg);
	return 0;
}

static int take_legs(struct couche_offline *o, struct probes *probes)
{
	unsigned int i;
	int r = 0;

	o->strange = couche_zalloc(probes->nr, sizeof(*o->strange));
	for (i = 0; i < probes->nr && !r; i++) {
		if (has_super(&probes->leg[i]))
			r = take_leg(o, &probes->leg[i]);
		else
			move_leg(&o->strange[o->nr_strange++], &probes->leg[i]);
	}
	return r;
}

/**
 * couche_offline_open() - find and open the legs of a pool
 * @o: filled; couche_offline_close() is due whatever is returned
 * @devices: paths, NULL at the end; none: all of the machine, with --pool
 *
 * Return: 0 or an exit code.
 */
int couche_offline_open(struct couche_offline *o, char **devices)
{
	_cleanup_(probes_destroy) struct probes probes = { NULL };
	const struct couche_super *best;
	int r;

	memset(o, 0, sizeof(*o));
	r = probe_all(&probes, devices);
	if (r)
		return r;
	best = find_best(&probes, &o->has_meta);
	if (!best)
		return couche_fail(COUCHE_EXIT_NOT_FOUND,
				   couche_offline_options.pool ?: probes.leg[0].path,
				   "no good superblock of the pool is on these devices; name other legs of it");
	o->super = *best;
	o->seed = couche_block_seed(o->super.pool_uuid);
	couche_crc32c_select(couche_cpu_features());
	couche_codec_select(NULL, couche_cpu_features());
	return take_legs(o, &probes);
}

/**
 * couche_offline_leave_out() - go on as if a leg were missing
 * @o: the legs
 * @leg: one that is there
 */
void couche_offline_leave_out(struct couche_offline *o, u32 leg)
{
	close_leg(&o->leg[leg]);
	memset(&o->leg[leg], 0, sizeof(o->leg[leg]));
	o->leg[leg].fd = -1;
}

/**
 * couche_offline_close() - close the legs, forget the findings
 * @o: the legs
 */
void couche_offline_close(struct couche_offline *o)
{
	unsigned int i;

	for (i = 0; i < COUCHE_MAX_LEGS; i++)
		close_leg(&o->leg[i]);
	for (i = 0; i < o->nr_strange; i++)
		close_leg(&o->strange[i]);
	free(o->strange);
	couche_findings_destroy(&o->findings);
}
