// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAGIC	0x6a736677736872ULL
#define LOG_VERSION	1
#define LOG_MAX_UNIT	4096

struct log_super {
	uint64_t magic;
	uint64_t version;
	uint64_t nr_entries;
	uint32_t sectorsize;
} __attribute__((packed));

struct log_entry {
	uint64_t sector;
	uint64_t nr_sectors;
	uint64_t flags;
	uint64_t data_len;
};

static int read_all(int fd, void *data, size_t bytes, uint64_t at)
{
	while (bytes) {
		ssize_t n = pread(fd, data, bytes, at);

		if (n <= 0)
			return n ? -errno : -EIO;
		data = (char *)data + n;
		bytes -= n;
		at += n;
	}
	return 0;
}

static int decode_entry(struct crash_entry *entry, const uint8_t *block, uint32_t unit,
			uint64_t at)
{
	struct log_entry e;
	size_t len;

	memcpy(&e, block, sizeof(e));
	entry->flags = le64toh(e.flags);
	entry->offset = le64toh(e.sector) * unit;
	entry->bytes = le64toh(e.nr_sectors) * unit;
	entry->at = at + unit;
	if (!(entry->flags & CRASH_MARK))
		return 0;
	len = le64toh(e.data_len);
	if (len > unit - sizeof(e))
		return -EINVAL;
	entry->bytes = 0;
	entry->mark = strndup((const char *)block + sizeof(e), len);
	return entry->mark ? 0 : -ENOMEM;
}

/**
 * crash_log_open() - Read what a log holds
 * @log: filled in
 * @path: the log device
 *
 * Return: 0, or a negative errno; -EINVAL when it is no such log.
 */
int crash_log_open(struct crash_log *log, const char *path)
{
	uint8_t block[LOG_MAX_UNIT] = {};
	struct log_super super;
	uint64_t at, i, nr;
	uint32_t unit;
	int err;

	memset(log, 0, sizeof(*log));
	log->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (log->fd < 0)
		return -errno;
	err = read_all(log->fd, &super, sizeof(super), 0);
	if (err)
		return err;
	unit = le32toh(super.sectorsize);
	nr = le64toh(super.nr_entries);
	if (le64toh(super.magic) != LOG_MAGIC || le64toh(super.version) != LOG_VERSION ||
	    unit < 512 || unit > LOG_MAX_UNIT)
		return -EINVAL;
	log->entries = calloc(nr, sizeof(*log->entries));
	if (!log->entries)
		return -ENOMEM;
	for (i = 0, at = unit; i < nr; i++) {
		err = read_all(log->fd, block, unit, at) ?:
		      decode_entry(&log->entries[i], block, unit, at);
		if (err)
			return err;
		log->nr++;
		at += unit;
		if (!(log->entries[i].flags & CRASH_DISCARD))
			at += log->entries[i].bytes;
	}
	return 0;
}

/**
 * crash_log_close() - Free what crash_log_open() took
 * @log: the log, also one that could not be opened
 */
void crash_log_close(struct crash_log *log)
{
	size_t i;

	for (i = 0; i < log->nr; i++)
		free(log->entries[i].mark);
	free(log->entries);
	if (log->fd >= 0)
		close(log->fd);
	memset(log, 0, sizeof(*log));
	log->fd = -1;
}

/**
 * crash_log_read() - Read an entry's data
 * @log: the log
 * @entry: one of its entries
 * @data: entry->bytes bytes; zeros for a discard
 *
 * Return: 0, or a negative errno.
 */
int crash_log_read(const struct crash_log *log, const struct crash_entry *entry, void *data)
{
	if (entry->flags & CRASH_DISCARD) {
		memset(data, 0, entry->bytes);
		return 0;
	}
	return read_all(log->fd, data, entry->bytes, entry->at);
}
