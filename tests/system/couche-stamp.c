// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: couche-stamp fill   DEVICE SEED [FIRST COUNT]
 *        couche-stamp check  DEVICE SEED [FIRST COUNT]
 *        couche-stamp run    DEVICE SEED JOB FIRST COUNT EXTENT OPS [LOG-DEVICE|quiet]
 *        couche-stamp verify DEVICE SEED JOB FIRST COUNT EXTENT ACKED
 *
 * fill stamps blocks and check reads them back. run carries out a job's
 * operations and prints "ack JOB OP" when the device has acknowledged OP, or
 * all up to it, as durable; with LOG-DEVICE (dm-log-writes) it leaves the same
 * words as a mark there; with "quiet" as LOG-DEVICE it ends behind the first
 * synchronous write (FUA, then a flush by the kernel) from OPS on, without an
 * fsync of its own. verify reads after a crash: ACKED is the last OP that
 * was printed, -1 for none. Numbers of blocks are of 4 KiB.
 *
 * check and verify print one line of counts and fail when a block holds what
 * it must not hold, or cannot be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stamp.h"
#include "verdict.h"

#define CHUNK	256		/* blocks read or written at once */
#define WINDOW	512		/* operations that may follow the last acknowledged one */
#define COMPLAINTS 8

struct counts {
	uint64_t good, zeros, foreign, garbage, stale, unread;
	unsigned int complaints;
};

static uint8_t *buffer;

static int fail(const char *what)
{
	fprintf(stderr, "couche-stamp: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t device_blocks(int fd)
{
	uint64_t bytes = 0;

	if (ioctl(fd, BLKGETSIZE64, &bytes))
		return 0;
	return bytes / STAMP_BLOCK;
}

static void complain(struct counts *c, uint64_t block, const char *what, int64_t op,
		     int64_t acked)
{
	if (c->complaints++ < COMPLAINTS)
		printf("block %" PRIu64 ": %s (operation %" PRId64 ", acknowledged %" PRId64
		       ")\n", block, what, op, acked);
}

static int report(const struct counts *c)
{
	printf("good %" PRIu64 " zeros %" PRIu64 " foreign %" PRIu64 " garbage %" PRIu64
	       " stale %" PRIu64 " unread %" PRIu64 "\n", c->good, c->zeros, c->foreign,
	       c->garbage, c->stale, c->unread);
	return c->foreign || c->garbage || c->stale || c->unread;
}

static int command_fill(int fd, uint64_t seed, uint64_t first, uint64_t count)
{
	uint64_t block, i, n;

	for (block = first; block < first + count; block += n) {
		n = first + count - block < CHUNK ? first + count - block : CHUNK;
		for (i = 0; i < n; i++)
			stamp_block_fill(buffer + i * STAMP_BLOCK, seed, 0, block + i, 0);
		if (pwrite(fd, buffer, n * STAMP_BLOCK, block * STAMP_BLOCK) !=
		    (ssize_t)(n * STAMP_BLOCK))
			return fail("write");
	}
	return fsync(fd) ? fail("fsync") : 0;
}

/* Read blocks; one by one where they cannot be read together. */
static uint64_t read_blocks(int fd, uint64_t block, uint64_t n, struct counts *c)
{
	if (pread(fd, buffer, n * STAMP_BLOCK, block * STAMP_BLOCK) ==
	    (ssize_t)(n * STAMP_BLOCK))
		return n;
	if (pread(fd, buffer, STAMP_BLOCK, block * STAMP_BLOCK) == STAMP_BLOCK)
		return 1;
	c->unread++;
	return 0;
}

static void judge_filled(struct counts *c, const void *data, uint64_t seed, uint64_t block)
{
	uint64_t op = 0;

	switch (stamp_block_check(data, seed, 0, block, &op)) {
	case STAMP_GOOD:
		c->good++;
		break;
	case STAMP_ZEROS:
		c->zeros++;
		break;
	case STAMP_FOREIGN:
		c->foreign++;
		complain(c, block, "another block's content", -1, 0);
		break;
	case STAMP_GARBAGE:
		c->garbage++;
		complain(c, block, "garbage", -1, 0);
		break;
	}
}

static int command_check(int fd, uint64_t seed, uint64_t first, uint64_t count)
{
	struct counts c = {};
	uint64_t block = first, i, n;

	while (block < first + count) {
		n = first + count - block < CHUNK ? first + count - block : CHUNK;
		n = read_blocks(fd, block, n, &c);
		for (i = 0; i < n; i++)
			judge_filled(&c, buffer + i * STAMP_BLOCK, seed, block + i);
		block += n ? n : 1;
	}
	return report(&c);
}

/* A mark in the log of dm-log-writes: everything before it has happened. */
static int leave_mark(const char *device, const char *text)
{
	struct {
		struct dm_ioctl head;
		struct dm_target_msg msg;
		char text[96];
	} m = {};
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	m.head.version[0] = DM_VERSION_MAJOR;
	m.head.data_size = sizeof(m);
	m.head.data_start = offsetof(__typeof__(m), msg);
	snprintf(m.head.name, sizeof(m.head.name), "%s", device);
	snprintf(m.text, sizeof(m.text), "mark %s", text);
	err = ioctl(fd, DM_TARGET_MSG, &m) ? -errno : 0;
	close(fd);
	return err;
}

static int acknowledge(const struct stamp_job *job, size_t index, const char *log)
{
	char text[64];
	int n, err;

	n = snprintf(text, sizeof(text), "ack %u %zu\n", job->job, index);
	if (write(STDOUT_FILENO, text, n) != n)
		return fail("standard output");
	if (!log)
		return 0;
	snprintf(text, sizeof(text), "ack-%u-%zu", job->job, index);
	err = leave_mark(log, text);
	errno = -err;
	return err ? fail("mark") : 0;
}

/*
 * The log of dm-log-writes shows FUA writes before earlier ones that no flush
 * has followed yet, also where both wrote the same block. So that it can be
 * replayed in its own order, what is logged has plain writes and flushes only.
 */
static int write_op(int fd, const struct stamp_job *job, const struct stamp_op *op,
		    size_t index, bool logged)
{
	struct iovec iov = { .iov_base = buffer, .iov_len = op->count * STAMP_BLOCK };
	uint64_t i;

	for (i = 0; i < op->count; i++)
		stamp_block_fill(buffer + i * STAMP_BLOCK, job->seed, job->job, op->first + i,
				 index);
	if (pwritev2(fd, &iov, 1, op->first * STAMP_BLOCK,
		     op->kind == STAMP_FUA && !logged ? RWF_DSYNC : 0) != (ssize_t)iov.iov_len)
		return -1;
	return op->kind == STAMP_FUA && logged ? fsync(fd) : 0;
}

static int do_op(int fd, const struct stamp_job *job, const struct stamp_op *op, size_t index,
		 bool logged)
{
	uint64_t range[2] = { op->first * STAMP_BLOCK, (uint64_t)op->count * STAMP_BLOCK };

	switch (op->kind) {
	case STAMP_ZERO:
		return ioctl(fd, BLKZEROOUT, range);
	case STAMP_DISCARD:
		return ioctl(fd, BLKDISCARD, range);
	default:
		return write_op(fd, job, op, index, logged);
	}
}

static int command_run(int fd, struct stamp_job *job, size_t nr, const char *log)
{
	bool quiet = log && !strcmp(log, "quiet");
	bool last = false;
	size_t i;

	for (i = 0; quiet ? !last : i < nr; i++) {
		const struct stamp_op *op = stamp_job_op(job, i);

		if (!op)
			return fail("no memory");
		if (do_op(fd, job, op, i, log && !quiet))
			return fail("operation");
		last = quiet && i >= nr && op->kind == STAMP_FUA && !op->sync;
		if (op->sync && fsync(fd))
			return fail("fsync");
		if ((op->sync || op->kind == STAMP_FUA) && acknowledge(job, i, quiet ? NULL : log))
			return 1;
	}
	return 0;
}

static void judge(struct counts *c, const struct stamp_job *job, const struct stamp_allowed *a,
		  const void *data, uint64_t block)
{
	const char *what;
	int64_t op;

	switch (stamp_judge(job, a, data, block, &op, &what)) {
	case STAMP_OK:
		c->good++;
		return;
	case STAMP_OK_ZEROS:
		c->zeros++;
		return;
	case STAMP_STALE:
		c->stale++;
		break;
	case STAMP_BAD_FOREIGN:
		c->foreign++;
		break;
	case STAMP_BAD_GARBAGE:
		c->garbage++;
		break;
	}
	complain(c, block, what, op, a->written);
}

static int command_verify(int fd, struct stamp_job *job, int64_t acked)
{
	struct stamp_allowed *table = calloc(job->count, sizeof(*table));
	uint64_t block = job->first, i, n;
	struct counts c = {};

	if (!table || stamp_allowed_build(table, job, acked, acked + WINDOW)) {
		free(table);
		return fail("no memory");
	}
	while (block < job->first + job->count) {
		n = job->first + job->count - block;
		n = read_blocks(fd, block, n < CHUNK ? n : CHUNK, &c);
		for (i = 0; i < n; i++)
			judge(&c, job, &table[block + i - job->first], buffer + i * STAMP_BLOCK,
			      block + i);
		block += n ? n : 1;
	}
	free(table);
	return report(&c);
}

static int with_job(int fd, char **argv, int argc)
{
	struct stamp_job job;
	int64_t last = strtoll(argv[8], NULL, 0);
	int ret;

	if (stamp_job_init(&job, strtoull(argv[3], NULL, 0), strtoul(argv[4], NULL, 0),
			   strtoull(argv[5], NULL, 0), strtoull(argv[6], NULL, 0),
			   strtoul(argv[7], NULL, 0)) || job.extent > CHUNK) {
		fprintf(stderr, "couche-stamp: bad job\n");
		return 2;
	}
	ret = strcmp(argv[1], "run") ? command_verify(fd, &job, last) :
				       command_run(fd, &job, last, argc > 9 ? argv[9] : NULL);
	stamp_job_destroy(&job);
	return ret;
}

static int with_range(int fd, char **argv, int argc)
{
	uint64_t seed = strtoull(argv[3], NULL, 0), first = 0, count = device_blocks(fd);

	if (argc == 6) {
		first = strtoull(argv[4], NULL, 0);
		count = strtoull(argv[5], NULL, 0);
	}
	return strcmp(argv[1], "fill") ? command_check(fd, seed, first, count) :
					 command_fill(fd, seed, first, count);
}

int main(int argc, char **argv)
{
	bool job = argc >= 9 && (!strcmp(argv[1], "run") || !strcmp(argv[1], "verify"));
	bool range = (argc == 4 || argc == 6) &&
		     (!strcmp(argv[1], "fill") || !strcmp(argv[1], "check"));
	int fd;

	if (!job && !range) {
		fprintf(stderr, "usage: couche-stamp fill|check DEVICE SEED [FIRST COUNT]\n"
			"       couche-stamp run|verify DEVICE SEED JOB FIRST COUNT EXTENT N\n");
		return 2;
	}
	fd = open(argv[2], O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return fail(argv[2]);
	if (posix_memalign((void **)&buffer, STAMP_BLOCK, CHUNK * STAMP_BLOCK))
		return fail("no memory");
	return job ? with_job(fd, argv, argc) : with_range(fd, argv, argc);
}
