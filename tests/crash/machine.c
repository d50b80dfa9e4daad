// SPDX-License-Identifier: GPL-2.0-only
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <libdevmapper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REMOVE_TRIES	200

static int run(int type, const char *name)
{
	struct dm_task *dmt = dm_task_create(type);
	int err = dmt && dm_task_set_name(dmt, name) && dm_task_no_open_count(dmt) &&
			  dm_task_skip_lockfs(dmt) && dm_task_run(dmt) ? 0 : -EIO;

	if (dmt)
		dm_task_destroy(dmt);
	return err;
}

/* Create a device of one target; it is there with a node when this returns. */
static int create(const char *name, uint64_t sectors, const char *target, const char *args)
{
	struct dm_task *dmt = dm_task_create(DM_DEVICE_CREATE);
	int err = dmt && dm_task_set_name(dmt, name) &&
			  dm_task_add_target(dmt, 0, sectors, target, args) &&
			  dm_task_run(dmt) ? 0 : -EIO;

	if (dmt)
		dm_task_destroy(dmt);
	dm_task_update_nodes();
	if (err)
		printf("# %s cannot be made: %s %s\n", name, target, args);
	return err;
}

/* Somebody may look at a device just now. */
static int remove_device(const char *name)
{
	unsigned int i;

	for (i = 0; i < REMOVE_TRIES; i++) {
		if (!run(DM_DEVICE_REMOVE, name)) {
			dm_task_update_nodes();
			return 0;
		}
		usleep(5000);
	}
	printf("# %s cannot be removed\n", name);
	return -EBUSY;
}

static void quiet(int level, const char *file, int line, int dm_errno, const char *format, ...)
{
}

/**
 * crash_machine_start() - Make the disk and the legs
 * @machine: what they are like
 * @loop: the loop device
 *
 * Return: 0, or a negative errno.
 */
int crash_machine_start(const struct crash_machine *machine, const char *loop)
{
	char name[32], args[128];
	unsigned int i;
	int err;

	dm_log_with_errno_init(quiet);
	dm_udev_set_sync_support(0);
	snprintf(args, sizeof(args), "%s 0", loop);
	err = create("crash-disk", machine->sectors, "linear", args);
	for (i = 0; i < machine->nr_legs && !err; i++) {
		snprintf(name, sizeof(name), "crash-leg%u", i);
		snprintf(args, sizeof(args), "/dev/mapper/crash-disk %ju",
			 (uintmax_t)machine->legs[i].start);
		err = create(name, machine->legs[i].sectors, "linear", args);
	}
	return err;
}

/**
 * crash_machine_stop() - Remove the legs and the disk
 * @machine: what they are like
 */
void crash_machine_stop(const struct crash_machine *machine)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < machine->nr_legs; i++) {
		snprintf(name, sizeof(name), "crash-leg%u", i);
		remove_device(name);
	}
	remove_device("crash-disk");
}

/**
 * crash_disk_hold() - Stop the disk between two writes, or let it go on
 * @hold: which of both
 *
 * Return: 0, or a negative errno.
 */
int crash_disk_hold(bool hold)
{
	struct dm_task *dmt = dm_task_create(hold ? DM_DEVICE_SUSPEND : DM_DEVICE_RESUME);
	int err = dmt && dm_task_set_name(dmt, "crash-disk") && dm_task_skip_lockfs(dmt) &&
			  dm_task_no_flush(dmt) && dm_task_run(dmt) ? 0 : -EIO;

	if (dmt)
		dm_task_destroy(dmt);
	return err;
}

static int open_volume(struct crash_volume *volume)
{
	char name[32], path[64], args[64];
	int err;

	snprintf(name, sizeof(name), "crash-volume%u", volume->id);
	snprintf(args, sizeof(args), "/dev/mapper/crash-pool %u", volume->id);
	err = create(name, volume->sectors, "couche", args);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	volume->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (volume->fd < 0) {
		printf("# %s: %s\n", path, strerror(errno));
		remove_device(name);
		return -EIO;
	}
	return 0;
}

/**
 * crash_pool_open() - Activate the pool and its volumes
 * @machine: the machine
 * @missing: a bit for each leg that is not there
 *
 * Return: 0, or a negative errno; close it in either case.
 */
int crash_pool_open(struct crash_machine *machine, uint32_t missing)
{
	static const char * const roles[] = { "meta", "hot", "cold" };
	char args[1024];
	unsigned int i;
	int n, err;

	for (i = 0; i < machine->nr_volumes; i++)
		machine->volumes[i].fd = -1;
	n = snprintf(args, sizeof(args), "%s %u", machine->uuid, machine->nr_legs);
	for (i = 0; i < machine->nr_legs; i++)
		n += missing & (1u << i) ?
			     snprintf(args + n, sizeof(args) - n, " %s -",
				      roles[machine->legs[i].role]) :
			     snprintf(args + n, sizeof(args) - n, " %s /dev/mapper/crash-leg%u",
				      roles[machine->legs[i].role], i);
	snprintf(args + n, sizeof(args) - n, " 0");
	err = create("crash-pool", 2048, "couche-pool", args);
	for (i = 0; i < machine->nr_volumes && !err; i++)
		err = open_volume(&machine->volumes[i]);
	return err;
}

/**
 * crash_pool_close() - Deactivate the volumes and the pool
 * @machine: the machine
 *
 * Return: 0, or a negative errno.
 */
int crash_pool_close(struct crash_machine *machine)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < machine->nr_volumes; i++) {
		struct crash_volume *volume = &machine->volumes[i];

		if (volume->fd < 0)
			continue;
		close(volume->fd);
		volume->fd = -1;
		snprintf(name, sizeof(name), "crash-volume%u", volume->id);
		if (remove_device(name))
			return -EBUSY;
	}
	return remove_device("crash-pool");
}

/**
 * crash_volume_counters() - What a volume says of its reads
 * @volume: an open one
 * @degraded: set to the parts that other copies or shards answered
 * @lost: set to the parts that nothing answered
 *
 * Return: 0, or a negative errno.
 */
int crash_volume_counters(const struct crash_volume *volume, uint64_t *degraded, uint64_t *lost)
{
	struct dm_task *dmt = dm_task_create(DM_DEVICE_STATUS);
	char name[32], *type = NULL, *params = NULL;
	uint64_t start, length;
	int err = -EIO;

	snprintf(name, sizeof(name), "crash-volume%u", volume->id);
	if (dmt && dm_task_set_name(dmt, name) && dm_task_run(dmt)) {
		dm_get_next_target(dmt, NULL, &start, &length, &type, &params);
		if (params && sscanf(params, "%*u %*u/%*u/%*u %ju %*u %ju", degraded, lost) == 2)
			err = 0;
	}
	if (dmt)
		dm_task_destroy(dmt);
	return err;
}
