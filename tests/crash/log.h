/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log that the kernel's dm-log-writes leaves (drivers/md/dm-log-writes.c):
 *
 *   unit 0	{magic, version, nr_entries, sectorsize}, little endian
 *   then	per entry a unit {sector, nr_sectors, flags, data_len}, which a
 *		mark's text follows in the same unit; then nr_sectors units of
 *		data, unless it is a discard or a mark
 *
 * A unit is sectorsize bytes, and so is what sectors are counted in. Writes that
 * no flush has followed yet stand right before the flush that does, in the order
 * in which they ended; FUA writes stand where they ended.
 *
 * No threads. The entries live until crash_log_close(); data is read when asked.
 */
#ifndef COUCHE_TESTS_CRASH_LOG_H
#define COUCHE_TESTS_CRASH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CRASH_FLUSH	= 1 << 0,
	CRASH_FUA	= 1 << 1,
	CRASH_DISCARD	= 1 << 2,
	CRASH_MARK	= 1 << 3,
};

struct crash_entry {
	uint64_t at;		/* byte of the log where its data begins */
	uint64_t offset;	/* byte of the logged device */
	uint32_t bytes;
	uint32_t flags;
	char *mark;		/* CRASH_MARK: its text */
};

struct crash_log {
	int fd;
	struct crash_entry *entries;
	size_t nr;
};

int crash_log_open(struct crash_log *log, const char *path);
void crash_log_close(struct crash_log *log);
int crash_log_read(const struct crash_log *log, const struct crash_entry *entry, void *data);

#endif /* COUCHE_TESTS_CRASH_LOG_H */
