// SPDX-License-Identifier: GPL-2.0-only
#include "device.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <blkid/blkid.h>
#include <uuid/uuid.h>

#include "agent/lib/cleanup.h"
#include "couche_format.h"
#include "couchectl.h"
#include "plan.h"

#define SECTOR		512
#define HEAD_BYTES	(COUCHE_DATA_START * SECTOR)

static void free_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

static int fail_open(const char *path, int error)
{
	switch (error) {
	case ENOENT:
		return couche_fail(COUCHE_EXIT_NOT_FOUND, path,
				   "no such device; check its name");
	case EBUSY:
		return couche_fail(COUCHE_EXIT_CONFLICT, path,
				   "is mounted or in use; unmount it or choose another device");
	case EROFS:
		return couche_fail(COUCHE_EXIT_FAILURE, path,
				   "is read-only; choose another device");
	case EACCES:
	case EPERM:
		return couche_fail(COUCHE_EXIT_FAILURE, path, "may not be opened; run as root");
	default:
		return couche_fail(COUCHE_EXIT_FAILURE, path,
				   "cannot be opened (%s); check the device", strerror(error));
	}
}

static int open_any(struct couche_device *device, const char *path, bool images)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	uint64_t bytes;

	memset(device, 0, sizeof(*device));
	device->path = path;
	if (stat(path, &st) < 0)
		return fail_open(path, errno);
	if (!S_ISBLK(st.st_mode) && !(images && S_ISREG(st.st_mode)))
		return couche_fail(COUCHE_EXIT_FAILURE, path,
				   "is no block device; give a disk or a partition");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_open(path, errno);
	bytes = st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		return fail_open(path, errno);
	device->number = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	device->image = S_ISBLK(st.st_mode) ? 0 : st.st_ino;
	device->sectors = bytes / SECTOR;
	return 0;
}

/**
 * couche_device_open() - find a block device and its size
 * @device: filled on success
 * @path: of the device, which a table can name
 *
 * Return: 0 or an exit code.
 */
int couche_device_open(struct couche_device *device, const char *path)
{
	/* Device mapper would split it, or take it for an escape. */
	if (strpbrk(path, " \t\n\v\f\r\\"))
		return couche_fail(COUCHE_EXIT_USAGE, path,
				   "has a blank or a backslash, which no table can; name the device by another path");
	return open_any(device, path, false);
}

/**
 * couche_device_open_image() - find a block device or an image of one
 * @device: filled on success
 * @path: of the device or the file
 *
 * Return: 0 or an exit code.
 */
int couche_device_open_image(struct couche_device *device, const char *path)
{
	return open_any(device, path, true);
}

/**
 * couche_device_check_twice() - is a device named twice, by whatever names?
 * @devices: opened ones
 * @nr: how many
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_device_check_twice(const struct couche_device *devices, unsigned int nr)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < i; j++) {
			if (devices[i].number != devices[j].number ||
			    devices[i].image != devices[j].image)
				continue;
			if (!strcmp(devices[i].path, devices[j].path))
				return couche_fail(COUCHE_EXIT_USAGE, devices[i].path,
						   "is listed twice; a device can be one leg only");
			return couche_fail(COUCHE_EXIT_USAGE, devices[i].path,
					   "is the same device as %s; a device can be one leg only",
					   devices[j].path);
		}
	}
	return 0;
}

static const char *probe_value(blkid_probe probe, const char *name)
{
	const char *value = NULL;

	return blkid_probe_lookup_value(probe, name, &value, NULL) < 0 ? NULL : value;
}

/* 1: found and described, 0: nothing, else a negative errno. */
static int probe_foreign(int fd, char *contents, size_t size)
{
	_cleanup_(free_probe) blkid_probe probe = blkid_new_probe();
	const char *type;
	int r;

	if (!probe)
		return -ENOMEM;
	if (blkid_probe_set_device(probe, fd, 0, 0) < 0)
		return -EIO;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
					  BLKID_SUBLKS_MAGIC);
	blkid_probe_enable_partitions(probe, 1);
	errno = 0;
	r = blkid_do_safeprobe(probe);
	if (r == 1)
		return 0;
	if (r == -2) {
		snprintf(contents, size, "signatures of several filesystems");
		return 1;
	}
	if (r < 0)
		return errno ? -errno : -EIO;
	type = probe_value(probe, "TYPE");
	if (type)
		snprintf(contents, size, "%s %s",
			 probe_value(probe, "USAGE") &&
			 !strcmp(probe_value(probe, "USAGE"), "filesystem") ?
			 "a filesystem:" : "a signature:", type);
	else if (probe_value(probe, "PTTYPE"))
		snprintf(contents, size, "a partition table: %s", probe_value(probe, "PTTYPE"));
	else
		return 0;
	return 1;
}

/* A damaged superblock counts too: there may be a pool to rescue. */
static int probe_pool(int fd, char *contents, size_t size)
{
	static const unsigned int slots[] = { COUCHE_SB_SLOT_A, COUCHE_SB_SLOT_B };
	struct couche_disk_super super;
	char uuid[37];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (pread(fd, &super, sizeof(super), slots[i] * SECTOR) != sizeof(super))
			return -EIO;
		if (le64toh(super.magic) != COUCHE_SB_MAGIC)
			continue;
		uuid_unparse_lower(super.pool_uuid, uuid);
		snprintf(contents, size, "a leg of pool '%.63s' (%s)", super.name, uuid);
		return 1;
	}
	return 0;
}

/* Names come from a disk and go to a terminal. */
static void make_visible(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/**
 * couche_device_check_free() - may a device become a leg?
 * @device: an opened one; foreign and contents are filled in
 * @force: contents of other software are no reason to refuse
 *
 * Return: 0 or an exit code.
 */
int couche_device_check_free(struct couche_device *device, bool force)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = open(device->path, O_RDWR | (device->shared ? 0 : O_EXCL) | O_CLOEXEC);
	if (fd < 0)
		return fail_open(device->path, errno);
	/* What is cached may be older than what the pool has written. */
	if (device->shared && ioctl(fd, BLKFLSBUF) < 0)
		return fail_open(device->path, errno);
	if (device->sectors <= COUCHE_DATA_START)
		return couche_fail(COUCHE_EXIT_FAILURE, device->path,
				   "is too small (%llu bytes); a leg needs more than 1 MiB",
				   (unsigned long long)device->sectors * SECTOR);
	r = probe_pool(fd, device->contents, sizeof(device->contents));
	if (!r)
		r = probe_foreign(fd, device->contents, sizeof(device->contents));
	if (r < 0)
		return couche_fail(COUCHE_EXIT_FAILURE, device->path,
				   "cannot be read (%s); check the device", strerror(-r));
	device->foreign = r;
	make_visible(device->contents);
	if (device->foreign && !force)
		return couche_fail(COUCHE_EXIT_CONFLICT, device->path,
				   "holds %s; give --force to overwrite it", device->contents);
	return 0;
}

static int wipe_signatures(int fd)
{
	_cleanup_(free_probe) blkid_probe probe = blkid_new_probe();

	if (!probe)
		return -ENOMEM;
	if (blkid_probe_set_device(probe, fd, 0, 0) < 0)
		return -EIO;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC);
	while (blkid_do_probe(probe) == 0) {
		if (blkid_do_wipe(probe, 0) < 0)
			return errno ? -errno : -EIO;
	}
	return 0;
}

static int zero_range(int fd, size_t start, size_t bytes)
{
	_cleanup_free_ char *zeros = calloc(1, bytes);

	if (!zeros)
		return -ENOMEM;
	errno = 0;
	if (pwrite(fd, zeros, bytes, start) != (ssize_t)bytes || fsync(fd) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

/**
 * couche_device_describe() - tell of a leg that is to be
 * @legs: array of a document that gets it
 * @device: one that couche_device_check_free() allowed
 * @index: of the leg
 * @role: enum couche_role
 * @domain: of the leg; NULL: not told
 */
void couche_device_describe(cJSON *legs, const struct couche_device *device,
			    unsigned int index, uint8_t role,
			    const uint16_t *domain)
{
	cJSON *leg = couche_doc_append_object(legs);

	couche_doc_add_number(leg, "index", index);
	couche_doc_add_text(leg, "role", couche_role_name(role));
	couche_doc_add_text(leg, "device", device->path);
	couche_doc_add_number(leg, "size_bytes", device->sectors * SECTOR);
	if (domain)
		couche_doc_add_number(leg, "domain", *domain);
	couche_doc_add_text(leg, "overwrites",
			    device->foreign ? device->contents : NULL);
}

/**
 * couche_device_wipe() - make a checked device empty for a new pool
 * @device: one that couche_device_check_free() allowed
 *
 * Signatures that blkid knows are wiped where they stand (some are at the end
 * of the device), then the first MiB becomes zeros.
 *
 * Return: 0 or an exit code.
 */
int couche_device_wipe(const struct couche_device *device)
{
	_cleanup_close_ int fd = -1;
	int r = 0;

	fd = open(device->path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0)
		return fail_open(device->path, errno);
	if (device->foreign)
		r = wipe_signatures(fd);
	if (!r)
		r = zero_range(fd, 0, HEAD_BYTES);
	if (r)
		return couche_fail(COUCHE_EXIT_FAILURE, device->path,
				   "cannot be written (%s); check the device", strerror(-r));
	return 0;
}

/**
 * couche_device_unwrite() - take back the superblocks of a pool that failed to start
 * @device: where they may be
 * @pool_uuid: of that pool; others are left alone
 *
 * Return: 0 or an exit code.
 */
int couche_device_unwrite(const struct couche_device *device, const uint8_t *pool_uuid)
{
	static const unsigned int slots[] = { COUCHE_SB_SLOT_A, COUCHE_SB_SLOT_B };
	_cleanup_close_ int fd = -1;
	struct couche_disk_super super;
	unsigned int i;
	int r;

	fd = open(device->path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0)
		return fail_open(device->path, errno);
	for (i = 0; i < 2; i++) {
		size_t start = slots[i] * SECTOR;

		if (pread(fd, &super, sizeof(super), start) != sizeof(super) ||
		    le64toh(super.magic) != COUCHE_SB_MAGIC ||
		    memcmp(super.pool_uuid, pool_uuid, COUCHE_UUID_SIZE))
			continue;
		r = zero_range(fd, start, COUCHE_BLOCK_SIZE);
		if (r)
			return couche_fail(COUCHE_EXIT_FAILURE, device->path,
					   "its superblock cannot be taken back (%s); wipe the device",
					   strerror(-r));
	}
	return 0;
}
