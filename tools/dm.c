// SPDX-License-Identifier: GPL-2.0-only
#include "dm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libdevmapper.h>

#include "agent/lib/cleanup.h"

#define WHY_SIZE	512

static char why[WHY_SIZE];
static int log_fd = -1;
static bool log_kept;	/* why holds a line of the kernel log */
static bool log_told;	/* and it is one of the target itself */

static void task_destroy(struct dm_task **task)
{
	if (*task)
		dm_task_destroy(*task);
}

/* The library would print by itself; errors are kept as the reason instead. */
__attribute__((format(printf, 5, 6)))
static void keep_message(int level, const char *file, int line, int dm_errno,
			 const char *format, ...)
{
	va_list args;

	/* a failed ioctl is told by its errno */
	if ((level & 7) > 3 || strstr(format, "ioctl"))
		return;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
}

/**
 * couche_dm_init() - prepare the library
 *
 * Context: Once, before any other call.
 */
void couche_dm_init(void)
{
	dm_log_with_errno_init(keep_message);
	dm_log_init_verbose(0);
}

/* From here on the kernel log speaks of the coming call. */
static void watch_log(void)
{
	why[0] = '\0';
	log_kept = false;
	log_told = false;
	if (log_fd < 0)
		log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd >= 0)
		lseek(log_fd, 0, SEEK_END);
}

/*
 * What follows the last "<prefix>: " of known prefixes:
 *   "device-mapper: couche-pool: tank: message create_volume: <reason> (-17)"
 *   "device-mapper: table: 253:0: couche-pool: <reason> (-EINVAL)"
 * or the errno of
 *   "device-mapper: table: 253:0: couche-pool: preresume failed, error = -28"
 */
static char *reason_of(char *text)
{
	char *reason = strstr(text, "couche"), *end;

	end = strstr(text, "preresume failed, error = -");
	if (end)
		return strerror(strtoul(strrchr(end, '-') + 1, NULL, 10));
	if (!reason)
		reason = strstr(text, "table: ");
	reason = reason ? strstr(reason, ": ") : NULL;
	if (!reason)
		return NULL;
	reason += 2;
	end = strstr(reason, ": message ");
	if (end) {
		end = strstr(end + 2, ": ");
		reason = end ? end + 2 : reason;
	}
	/* the number is told by the error itself */
	end = strrchr(reason, '(');
	if (end > reason && end[1] == '-')
		end[-1] = '\0';
	return reason;
}

/*
 * "3,123,456789,-;device-mapper: ...": priority, then the text. The target's
 * own line is better than the summary that device mapper adds after it, and
 * the first says more than those that follow from it.
 */
static void keep_log_line(char *record)
{
	char *text = strchr(record, ';');
	char *reason;
	bool told;

	if (!text || (strtoul(record, NULL, 10) & 7) > 3 || log_told)
		return;
	text++;
	text[strcspn(text, "\n")] = '\0';
	told = strstr(text, "couche") && !strstr(text, ": table: ");
	if (log_kept && !told)
		return;
	reason = strstr(text, "device-mapper") ? reason_of(text) : NULL;
	if (!reason)
		return;
	log_kept = true;
	log_told = told;
	snprintf(why, sizeof(why), "%s", reason);
}

static void read_log(void)
{
	char record[1024];
	ssize_t len;

	if (log_fd < 0)
		return;
	for (;;) {
		len = read(log_fd, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;	/* overwritten meanwhile, the next one follows */
		if (len <= 0)
			return;
		record[len] = '\0';
		keep_log_line(record);
	}
}

/**
 * couche_dm_why() - the reason of the last failure
 *
 * Return: a text, never NULL; "" if nobody gave one.
 */
const char *couche_dm_why(void)
{
	return why;
}

static int run_task(struct dm_task *task)
{
	int error;

	watch_log();
	if (dm_task_run(task))
		return 0;
	error = dm_task_get_errno(task);
	read_log();
	return error ? -error : -EIO;
}

/* Runs a task that makes or removes device nodes, and waits for udev. */
static int run_task_synced(struct dm_task *task)
{
	uint32_t cookie = 0;
	int r;

	if (!dm_task_set_cookie(task, &cookie, 0))
		return -EIO;
	r = run_task(task);
	dm_udev_wait(cookie);
	dm_task_update_nodes();
	return r;
}

static struct dm_task *create_task(int type, const char *name)
{
	struct dm_task *task = dm_task_create(type);

	if (task && !dm_task_set_name(task, name)) {
		dm_task_destroy(task);
		return NULL;
	}
	return task;
}

/**
 * couche_dm_has_target() - does the kernel know a target?
 * @target: its name; the kernel loads the module of that name if there is one
 *
 * Return: 0, -ENOENT or another negative errno.
 */
int couche_dm_has_target(const char *target)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;
	struct dm_versions *versions;
	int r;

	task = create_task(DM_DEVICE_GET_TARGET_VERSION, target);
	if (!task)
		return -ENOMEM;
	r = run_task(task);
	if (r)
		return r == -EINVAL ? -ENOENT : r;
	versions = dm_task_get_versions(task);
	return versions && !strcmp(versions->name, target) ? 0 : -ENOENT;
}

/**
 * couche_dm_info() - does a device exist, and who uses it?
 * @name: of the device
 * @info: filled on success, also for a device that does not exist
 *
 * Return: 0 or a negative errno (-ENXIO, -ENOENT: the kernel has no device mapper).
 */
int couche_dm_info(const char *name, struct couche_dm_info *info)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;
	struct dm_info dmi;
	const char *uuid;
	int r;

	memset(info, 0, sizeof(*info));
	task = create_task(DM_DEVICE_INFO, name);
	if (!task)
		return -ENOMEM;
	r = run_task(task);
	if (r)
		return r;
	if (!dm_task_get_info(task, &dmi))
		return -EIO;
	info->exists = dmi.exists;
	info->suspended = dmi.suspended;
	info->open_count = dmi.open_count;
	info->major = dmi.major;
	info->minor = dmi.minor;
	uuid = dmi.exists ? dm_task_get_uuid(task) : NULL;
	snprintf(info->uuid, sizeof(info->uuid), "%s", uuid ?: "");
	return 0;
}

static int add_target(struct dm_task *task, const struct couche_dm_table *table)
{
	if (!dm_task_add_target(task, 0, table->sectors, table->target, table->params))
		return -EINVAL;
	if (table->read_only && !dm_task_set_ro(task))
		return -EINVAL;
	/* A leg may be read only: the target says so, not the library. */
	return 0;
}

/**
 * couche_dm_create() - make a device, load its table and start it
 * @name: of the device
 * @uuid: of the device
 * @table: its one target
 *
 * Return: 0 or a negative errno; nothing is left behind then.
 */
int couche_dm_create(const char *name, const char *uuid, const struct couche_dm_table *table)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;
	char reason[WHY_SIZE];
	int r;

	task = create_task(DM_DEVICE_CREATE, name);
	if (!task || !dm_task_set_uuid(task, uuid))
		return -EINVAL;
	r = add_target(task, table);
	if (r)
		return r;
	r = run_task_synced(task);
	if (!r)
		return 0;
	/* The library removes what it made; make sure, and keep the reason. */
	if (r != -EBUSY && r != -EEXIST) {
		struct couche_dm_info info;

		memcpy(reason, why, sizeof(reason));
		if (!couche_dm_info(name, &info) && info.exists && !strcmp(info.uuid, uuid))
			couche_dm_remove(name);
		memcpy(why, reason, sizeof(why));
	}
	return r;
}

static int simple_task(int type, const char *name, bool synced)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;

	task = create_task(type, name);
	if (!task)
		return -ENOMEM;
	return synced ? run_task_synced(task) : run_task(task);
}

/**
 * couche_dm_reload() - replace the table of a running device
 * @name: of the device
 * @table: its new one target
 *
 * The old table stays in place when the new one is refused.
 *
 * Return: 0 or a negative errno.
 */
int couche_dm_reload(const char *name, const struct couche_dm_table *table)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;
	int r;

	task = create_task(DM_DEVICE_RELOAD, name);
	if (!task)
		return -ENOMEM;
	r = add_target(task, table);
	if (!r)
		r = run_task(task);
	if (r)
		return r;
	r = simple_task(DM_DEVICE_SUSPEND, name, false);
	if (!r)
		r = simple_task(DM_DEVICE_RESUME, name, true);
	if (r) {
		char reason[WHY_SIZE];

		memcpy(reason, why, sizeof(reason));
		simple_task(DM_DEVICE_CLEAR, name, false);
		simple_task(DM_DEVICE_RESUME, name, true);
		memcpy(why, reason, sizeof(why));
	}
	return r;
}

/**
 * couche_dm_remove() - take a device down
 * @name: of the device
 *
 * Return: 0 or a negative errno, -EBUSY while it is open.
 */
int couche_dm_remove(const char *name)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;

	task = create_task(DM_DEVICE_REMOVE, name);
	if (!task)
		return -ENOMEM;
	/* udev or blkid may look at a device that just appeared */
	dm_task_retry_remove(task);
	return run_task_synced(task);
}

/**
 * couche_dm_message() - tell a target something
 * @name: of the device
 * @message: words that the target understands
 *
 * Return: 0 or the target's negative errno.
 */
int couche_dm_message(const char *name, const char *message)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;

	task = create_task(DM_DEVICE_TARGET_MSG, name);
	if (!task || !dm_task_set_sector(task, 0) || !dm_task_set_message(task, message))
		return -ENOMEM;
	return run_task(task);
}

/**
 * couche_dm_params() - the active table of a device
 * @name: of the device
 * @params: COUCHE_DM_PARAMS_SIZE bytes, gets what stands behind the target's name
 * @sectors: gets the size
 *
 * Return: 0 or a negative errno, -ENODEV if it has no table.
 */
int couche_dm_params(const char *name, char *params, uint64_t *sectors)
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;
	uint64_t start;
	char *type = NULL, *text = NULL;
	int r;

	task = create_task(DM_DEVICE_TABLE, name);
	if (!task)
		return -ENOMEM;
	r = run_task(task);
	if (r)
		return r;
	dm_get_next_target(task, NULL, &start, sectors, &type, &text);
	if (!type || !text)
		return -ENODEV;
	if (strlen(text) >= COUCHE_DM_PARAMS_SIZE)
		return -E2BIG;
	memcpy(params, text, strlen(text) + 1);
	return 0;
}

/**
 * couche_dm_find_uuid() - name of the device with a UUID
 * @uuid: of the device
 * @name: gets the name
 *
 * Return: 0, -ENOENT or another negative errno.
 */
int couche_dm_find_uuid(const char *uuid, char name[COUCHE_DM_NAME_SIZE])
{
	_cleanup_(task_destroy) struct dm_task *task = NULL;
	struct dm_info dmi;
	int r;

	task = dm_task_create(DM_DEVICE_INFO);
	if (!task || !dm_task_set_uuid(task, uuid))
		return -ENOMEM;
	r = run_task(task);
	if (r)
		return r;
	if (!dm_task_get_info(task, &dmi) || !dmi.exists)
		return -ENOENT;
	snprintf(name, COUCHE_DM_NAME_SIZE, "%s", dm_task_get_name(task));
	return 0;
}
