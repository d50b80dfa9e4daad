// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: couche-replay DESCRIPTION LOG LOOP-DEVICE FILE SEED POINTS STOP
 *
 * Replay a log of dm-log-writes onto a disk (FILE behind LOOP-DEVICE) and let
 * the power fail: behind every FLUSH and FUA that changed something, within
 * each FUA write with only some of its sectors done, and before each flush with
 * only some of the writes since the last one done, some of them torn. At each of
 * these points the pool is activated twice:
 *
 * 1. from the disk as the power failed. All volumes are read and compared with
 *    what the log's marks allow (model.h). Every other time some legs are
 *    missing: as many cold ones as there are parities, all meta legs but one,
 *    one of two mirrors.
 * 2. after some more blocks have been written and flushed and the power has
 *    failed again. What was read or written in 1 must be there. This time legs
 *    are missing if none were before.
 *
 * POINTS limits how many are tried, at random; 0 is all. It ends after STOP
 * points with losses. Writes that cover data that is overwritten in place are
 * torn at 4 KiB, the block that volumes promise to write whole; all else at the
 * disk's sectors of 512 bytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image.h"
#include "log.h"
#include "machine.h"
#include "model.h"

#define READ_BYTES	(1 << 20)
#define MAX_ENTRY	(16 << 20)
#define SECOND_JOB	200	/* who writes between the first crash and the second */
#define SECOND_WRITES	3	/* at most */
#define LARGE_TRIES	4	/* to tear a commit of more than one block */

/* A block that was written between the crashes. */
struct second {
	unsigned int volume;
	uint64_t block;
};

struct replay {
	struct crash_machine machine;
	struct crash_model model;
	struct crash_log log;
	struct crash_image image;
	uint8_t *data;		/* of an entry */
	uint8_t *block;		/* of a volume, as the model expects it */
	uint64_t random;
	uint64_t of, wanted;	/* candidates; how many of them are tried */
	uint64_t stop;
	bool counting;		/* how many points there are */
	bool due;		/* a point, before anything else changes */
	uint64_t points, torn, large, partial, barriers;
	uint64_t activations, missing, compared, lost;
	struct second second[SECOND_WRITES];
	unsigned int nr_second;
	size_t entry;
};

static uint64_t draw(struct replay *r, uint64_t below)
{
	uint64_t z = (r->random += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) % below;
}

/* --- which legs are missing -------------------------------------------------- */

/* What is on a leg that is down counts as lost already. */
static uint32_t choose_of(struct replay *r, enum crash_role role, unsigned int most)
{
	unsigned int i, legs = 0, found = 0;
	uint32_t missing = 0;

	for (i = 0; i < r->machine.nr_legs; i++) {
		if (r->machine.legs[i].role != role)
			continue;
		legs++;
		found += r->model.down >> i & 1;
	}
	if (role != CRASH_COLD)
		most = legs - 1;
	while (found < most) {
		i = draw(r, r->machine.nr_legs);
		if (r->machine.legs[i].role != role || (missing | r->model.down) >> i & 1)
			continue;
		missing |= 1u << i;
		found++;
	}
	return missing;
}

static uint32_t choose_missing(struct replay *r)
{
	return choose_of(r, CRASH_META, 0) | choose_of(r, CRASH_HOT, 0) |
	       choose_of(r, CRASH_COLD, r->machine.parity);
}

static bool mirrored(const struct crash_machine *m)
{
	unsigned int i, hot = 0;

	for (i = 0; i < m->nr_legs; i++)
		hot += m->legs[i].role == CRASH_HOT;
	return hot > 1;
}

/* --- one point ------------------------------------------------------------------ */

static int read_volume(struct crash_volume *volume)
{
	uint64_t bytes = volume->sectors * 512, at, n;

	for (at = 0; at < bytes; at += n) {
		n = bytes - at < READ_BYTES ? bytes - at : READ_BYTES;
		if (pread(volume->fd, volume->data + at, n, at) != (ssize_t)n) {
			printf("# volume %u, %ju bytes at %ju: %s\n", volume->id, (uintmax_t)n,
			       (uintmax_t)at, strerror(errno));
			return -EIO;
		}
	}
	return 0;
}

static int read_all(struct replay *r)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < r->machine.nr_volumes && !err; i++) {
		err = read_volume(&r->machine.volumes[i]);
		r->compared += r->machine.volumes[i].sectors * 512;
	}
	return err;
}

/* The map never points at what is not durable: no read finds a bad checksum. */
static int all_clean(struct replay *r)
{
	uint64_t degraded, lost;
	unsigned int i;

	for (i = 0; i < r->machine.nr_volumes; i++) {
		if (crash_volume_counters(&r->machine.volumes[i], &degraded, &lost))
			return -EIO;
		if (degraded || lost) {
			printf("# volume %u: %ju degraded and %ju lost reads with all legs there\n",
			       r->machine.volumes[i].id, (uintmax_t)degraded, (uintmax_t)lost);
			return -EIO;
		}
	}
	return 0;
}

static int first_life(struct replay *r, uint32_t missing)
{
	int err;

	r->activations++;
	r->missing += !!missing;
	err = crash_pool_open(&r->machine, missing);
	if (!err)
		err = read_all(r);
	if (!err && crash_model_check(&r->model, &r->machine))
		err = -EIO;
	if (!err && !missing && !r->model.down)
		err = all_clean(r);
	return err;
}

/* Write some blocks, flush, and stop everything where it is. */
static int second_writes(struct replay *r)
{
	unsigned int i;
	int err = 0;

	r->nr_second = 1 + draw(r, SECOND_WRITES);
	for (i = 0; i < r->nr_second; i++) {
		unsigned int v = draw(r, r->machine.nr_volumes);
		struct crash_volume *volume = &r->machine.volumes[v];
		uint64_t number = draw(r, volume->sectors / 8);
		uint8_t *at = volume->data + number * STAMP_BLOCK;

		r->second[i] = (struct second){ v, number };
		stamp_block_fill(at, r->model.seed, SECOND_JOB, number, r->points);
		memcpy(r->block, at, STAMP_BLOCK);
		if (pwrite(volume->fd, r->block, STAMP_BLOCK, number * STAMP_BLOCK) !=
		    STAMP_BLOCK || fsync(volume->fd)) {
			printf("# volume %u block %ju cannot be written: %s\n", volume->id,
			       (uintmax_t)number, strerror(errno));
			return -EIO;
		}
	}
	if (crash_disk_hold(true))
		return -EIO;
	err = crash_image_freeze(&r->image);
	return crash_disk_hold(false) ?: err;
}

static bool is_second(const struct replay *r, unsigned int volume, uint64_t block)
{
	unsigned int i;

	for (i = 0; i < r->nr_second; i++)
		if (r->second[i].volume == volume && r->second[i].block == block)
			return true;
	return false;
}

/*
 * A mirror's copies may differ where nothing was acknowledged, until they are
 * made equal: there, either content will do.
 */
static int compare_second(struct replay *r, struct crash_volume *volume, const uint8_t *before)
{
	unsigned int v = volume - r->machine.volumes;
	uint64_t block, bad = 0;

	for (block = 0; block < volume->sectors / 8; block++) {
		const uint8_t *now = volume->data + block * STAMP_BLOCK;

		if (!memcmp(now, before + block * STAMP_BLOCK, STAMP_BLOCK) ||
		    (mirrored(&r->machine) && !is_second(r, v, block) &&
		     crash_model_allows(&r->model, v, block, now)))
			continue;
		if (!bad++)
			printf("# volume %u block %ju: changed in the second crash\n", volume->id,
			       (uintmax_t)block);
	}
	return bad ? -EIO : 0;
}

static int second_life(struct replay *r, uint32_t missing)
{
	unsigned int i;
	int err;

	r->activations++;
	r->missing += !!missing;
	err = crash_pool_open(&r->machine, missing);
	for (i = 0; i < r->machine.nr_volumes && !err; i++) {
		struct crash_volume *volume = &r->machine.volumes[i];
		uint8_t *before = volume->data;

		volume->data = volume->spare;
		volume->spare = before;
		err = read_volume(volume) ?: compare_second(r, volume, before);
		r->compared += volume->sectors * 512;
	}
	return err;
}

static void complain(struct replay *r, const char *kind, uint32_t missing, unsigned int life)
{
	printf("# LOST: seed %ju, entry %zu of %zu, %s, life %u, legs missing 0x%x, down 0x%x\n",
	       (uintmax_t)r->model.seed, r->entry, r->log.nr, kind, life, missing,
	       r->model.down);
	r->lost++;
	r->model.complaints = 0;
}

static int try_point(struct replay *r, const char *kind)
{
	uint32_t first = r->points++ % 2 ? choose_missing(r) : 0;
	uint32_t second = first ? 0 : choose_missing(r);
	int err;

	err = first_life(r, first) ?: second_writes(r);
	if (err)
		complain(r, kind, first, 1);
	if (crash_pool_close(&r->machine))
		return -EBUSY;
	if (!err) {
		crash_image_thaw(&r->image);
		if (second_life(r, second))
			complain(r, kind, second, 2);
		if (crash_pool_close(&r->machine))
			return -EBUSY;
	}
	crash_image_restore(&r->image);
	if (r->points % 250 == 0)
		printf("# %ju points, entry %zu of %zu\n", (uintmax_t)r->points, r->entry,
		       r->log.nr);
	fflush(stdout);
	return 0;
}

/* Is this one of the points that are tried? */
static bool picked(struct replay *r)
{
	if (!r->model.ready)
		return false;
	if (r->counting) {
		r->of++;
		return false;
	}
	return r->lost < r->stop && draw(r, r->of) < r->wanted;
}

/* --- the log ------------------------------------------------------------------ */

static bool written_in_place(const struct replay *r, uint64_t offset)
{
	unsigned int i;

	for (i = 0; i < r->machine.nr_legs; i++) {
		const struct crash_leg *leg = &r->machine.legs[i];

		if (offset / 512 >= leg->start && offset / 512 < leg->start + leg->sectors)
			return leg->role == CRASH_HOT;
	}
	return false;
}

static int read_entry(struct replay *r, const struct crash_entry *e)
{
	if (e->bytes > MAX_ENTRY || e->offset + e->bytes > r->image.size)
		return -EINVAL;
	return crash_log_read(&r->log, e, r->data);
}

/* Half of the pieces of a write, or all but one; blocks or sectors. */
static int tear(struct replay *r, const struct crash_entry *e)
{
	uint32_t piece = draw(r, 2) || written_in_place(r, e->offset) ? 4096 : 512;
	uint32_t pieces = (e->bytes + piece - 1) / piece;
	uint32_t but = draw(r, 2) ? draw(r, pieces) : UINT32_MAX;
	uint32_t i;

	if (read_entry(r, e))
		return -EIO;
	for (i = 0; i < pieces; i++) {
		uint32_t at = i * piece, n = e->bytes - at < piece ? e->bytes - at : piece;

		if (but != UINT32_MAX ? i != but : draw(r, 2))
			crash_image_try(&r->image, e->offset + at, r->data + at, n);
	}
	return 0;
}

static int apply(struct replay *r, const struct crash_entry *e)
{
	if (!e->bytes || r->counting)
		return 0;
	if (read_entry(r, e))
		return -EIO;
	crash_image_write(&r->image, e->offset, r->data, e->bytes);
	return 0;
}

/* Whatever was acknowledged behind a barrier has been by now. */
static int point_if_due(struct replay *r)
{
	bool due = r->due;

	r->due = false;
	if (!due || !picked(r))
		return 0;
	r->barriers++;
	return try_point(r, "behind a barrier");
}

/* Some of the writes since the last flush: a cache keeps no order. */
static int partly(struct replay *r, size_t first, size_t end)
{
	size_t i;
	int err = 0;

	if (!picked(r))
		return 0;
	for (i = first; i < end && !err; i++) {
		const struct crash_entry *e = &r->log.entries[i];

		switch (draw(r, 4)) {
		case 0:
			break;
		case 1:
			err = tear(r, e);
			break;
		default:
			err = read_entry(r, e);
			if (!err)
				crash_image_try(&r->image, e->offset, r->data, e->bytes);
		}
	}
	r->partial++;
	return err ?: try_point(r, "before a flush");
}

static bool is_plain(const struct crash_entry *e)
{
	return !(e->flags & (CRASH_FLUSH | CRASH_FUA | CRASH_MARK));
}

/* Writes up to the next flush; *at becomes the index behind them. */
static int do_run(struct replay *r, size_t *at)
{
	size_t i, end = *at;
	int err;

	while (end < r->log.nr && is_plain(&r->log.entries[end]))
		end++;
	err = point_if_due(r) ?: partly(r, *at, end);
	for (i = *at; i < end && !err; i++)
		err = apply(r, &r->log.entries[i]);
	r->due = true;
	*at = end;
	return err;
}

static int do_fua(struct replay *r, const struct crash_entry *e)
{
	unsigned int i, tries = e->bytes > STAMP_BLOCK ? LARGE_TRIES : 1;
	int err = point_if_due(r);

	for (i = 0; i < tries && !err; i++) {
		if (!picked(r))
			continue;
		r->torn++;
		r->large += e->bytes > STAMP_BLOCK;
		err = tear(r, e) ?: try_point(r, "within a write");
	}
	r->due = true;
	return err ?: apply(r, e);
}

static int do_mark(struct replay *r, const struct crash_entry *e)
{
	if (!r->counting)
		return crash_model_mark(&r->model, e->mark);
	r->model.ready |= !strcmp(e->mark, "ready");
	return 0;
}

static int replay(struct replay *r, bool counting)
{
	size_t i = 0;
	int err = 0;

	r->counting = counting;
	r->model.ready = false;
	r->due = false;
	while (i < r->log.nr && !err && r->lost < r->stop) {
		const struct crash_entry *e = &r->log.entries[i];

		r->entry = i;
		if (is_plain(e)) {
			err = do_run(r, &i);
			continue;
		}
		if (e->flags & CRASH_MARK)
			err = do_mark(r, e);
		else if (e->bytes)
			err = do_fua(r, e);
		i++;
	}
	return err ?: point_if_due(r);
}

static uint64_t count_flags(const struct replay *r, uint32_t flags)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < r->log.nr; i++)
		n += !!(r->log.entries[i].flags & flags);
	return n;
}

static int prepare(struct replay *r, char **argv)
{
	int err;

	r->random = strtoull(argv[5], NULL, 0);
	err = crash_model_init(&r->model, &r->machine, argv[1], r->random) ?:
	      crash_log_open(&r->log, argv[2]) ?: crash_image_init(&r->image, argv[4]) ?:
	      crash_machine_start(&r->machine, argv[3]);
	if (err)
		return err;
	r->data = malloc(MAX_ENTRY);
	if (!r->data || posix_memalign((void **)&r->block, STAMP_BLOCK, STAMP_BLOCK))
		return -ENOMEM;
	if (r->machine.sectors * 512 > r->image.size)
		return -ENOSPC;
	err = replay(r, true);
	r->wanted = strtoull(argv[6], NULL, 0);
	if (!r->wanted || r->wanted > r->of)
		r->wanted = r->of;
	r->stop = strtoull(argv[7], NULL, 0);
	printf("# seed %ju: %zu entries, %ju flushes, %ju FUA writes, %ju points, %ju to be tried\n",
	       (uintmax_t)r->model.seed, r->log.nr, (uintmax_t)count_flags(r, CRASH_FLUSH),
	       (uintmax_t)count_flags(r, CRASH_FUA), (uintmax_t)r->of, (uintmax_t)r->wanted);
	fflush(stdout);
	return err;
}

/* crash.sh reads it. */
static void report(const struct replay *r)
{
	printf("points %ju barriers %ju torn %ju large %ju partial %ju ", (uintmax_t)r->points,
	       (uintmax_t)r->barriers, (uintmax_t)r->torn, (uintmax_t)r->large,
	       (uintmax_t)r->partial);
	printf("activations %ju missing %ju acks %ju compared %ju lost %ju\n",
	       (uintmax_t)r->activations, (uintmax_t)r->missing, (uintmax_t)r->model.acks,
	       (uintmax_t)r->compared, (uintmax_t)r->lost);
}

int main(int argc, char **argv)
{
	static struct replay r = { .stop = UINT64_MAX };
	int err;

	if (argc != 8) {
		fprintf(stderr, "usage: couche-replay DESCRIPTION LOG LOOP FILE SEED POINTS STOP\n");
		return 2;
	}
	err = prepare(&r, argv) ?: replay(&r, false);
	if (err) {
		printf("couche-replay: entry %zu: %s\n", r.entry, strerror(-err));
		return 2;
	}
	report(&r);
	crash_machine_stop(&r.machine);
	crash_image_destroy(&r.image);
	crash_log_close(&r.log);
	crash_model_destroy(&r.model);
	return r.lost ? 1 : 0;
}
