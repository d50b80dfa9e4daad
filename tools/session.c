// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <uuid/uuid.h>

#include "agent/lib/cleanup.h"
#include "dm.h"
#include "plan.h"

/**
 * couche_session_open() - connect to the kernel module
 * @nl: the session, for couche_nl_close()
 *
 * Return: 0 or an exit code.
 */
int couche_session_open(struct couche_nl **nl)
{
	int r = couche_nl_open(nl);

	if (r == -ENOENT)
		return couche_fail(COUCHE_EXIT_FAILURE, "kernel",
				   "the module dm-couche is not loaded; run: modprobe dm-couche");
	if (r)
		return couche_fail(COUCHE_EXIT_FAILURE, "kernel",
				   "the netlink family couche does not answer (%s); check the kernel log",
				   strerror(-r));
	return 0;
}

/**
 * couche_session_fail() - say why the kernel refused
 * @nl: the session
 * @error: what the call returned
 * @object: what it was about
 * @what: what could not be done
 *
 * Return: an exit code.
 */
int couche_session_fail(const struct couche_nl *nl, int error, const char *object,
			const char *what)
{
	const char *why = couche_nl_error(nl);

	if (error == -EPERM)
		return couche_fail(COUCHE_EXIT_FAILURE, object, "%s: not allowed; run as root",
				   what);
	return couche_fail(couche_exit_of(error), object, "%s: %s", what,
			   why && *why ? why : strerror(-error));
}

/**
 * couche_session_pool() - find an active pool
 * @nl: the session
 * @name: its name or UUID
 * @pool: filled on success
 *
 * Return: 0 or an exit code.
 */
int couche_session_pool(struct couche_nl *nl, const char *name, struct couche_nl_pool *pool)
{
	_cleanup_free_ struct couche_nl_pool *pools = NULL;
	size_t nr, i, found = 0;
	uuid_t uuid;
	bool by_uuid = !uuid_parse(name, uuid);
	int r;

	r = couche_nl_pools(nl, &pools, &nr);
	if (r)
		return couche_session_fail(nl, r, name, "cannot list the pools");
	for (i = 0; i < nr; i++) {
		if (by_uuid ? memcmp(pools[i].id.uuid, uuid, sizeof(uuid)) != 0 :
			      strcmp(pools[i].id.name, name) != 0)
			continue;
		*pool = pools[i];
		found++;
	}
	if (!found)
		return couche_fail(COUCHE_EXIT_NOT_FOUND, name,
				   "no such active pool; see couchectl pool list, or import it");
	if (found > 1)
		return couche_fail(COUCHE_EXIT_CONFLICT, name,
				   "%zu active pools have this name; give the UUID", found);
	return 0;
}

/**
 * couche_session_split() - take "POOL/VOLUME" apart
 * @object: the words of the user
 * @pool: COUCHE_NAME_SIZE bytes
 * @volume: COUCHE_NAME_SIZE bytes
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_session_split(const char *object, char *pool, char *volume)
{
	const char *slash = strchr(object, '/');

	if (!slash || slash == object || !slash[1] || strchr(slash + 1, '/'))
		return couche_fail(COUCHE_EXIT_USAGE, object,
				   "names no volume; write POOL/VOLUME");
	if (slash - object >= COUCHE_NAME_SIZE || strlen(slash + 1) >= COUCHE_NAME_SIZE)
		return couche_fail(COUCHE_EXIT_USAGE, object,
				   "the name is too long; names have at most %d characters",
				   COUCHE_NAME_SIZE - 1);
	memcpy(pool, object, slash - object);
	pool[slash - object] = '\0';
	memcpy(volume, slash + 1, strlen(slash + 1) + 1);
	return 0;
}

/**
 * couche_session_volume() - find a volume of an active pool
 * @nl: the session
 * @object: "POOL/VOLUME"
 * @pool: filled on success
 * @volume: filled on success
 *
 * Return: 0 or an exit code.
 */
int couche_session_volume(struct couche_nl *nl, const char *object,
			  struct couche_nl_pool *pool, struct couche_nl_volume *volume)
{
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	char pool_name[COUCHE_NAME_SIZE], name[COUCHE_NAME_SIZE];
	size_t nr, i;
	int r;

	r = couche_session_split(object, pool_name, name);
	if (!r)
		r = couche_session_pool(nl, pool_name, pool);
	if (r)
		return r;
	r = couche_nl_volumes(nl, pool->id.uuid, &volumes, &nr);
	if (r)
		return couche_session_fail(nl, r, object, "cannot list the volumes");
	for (i = 0; i < nr; i++) {
		if (!strcmp(volumes[i].name, name)) {
			*volume = volumes[i];
			return 0;
		}
	}
	return couche_fail(COUCHE_EXIT_NOT_FOUND, object,
			   "no such volume; see couchectl volume list %s", pool_name);
}

/**
 * couche_session_pool_dm() - name of the device mapper device of a pool
 * @pool: the pool
 * @name: COUCHE_DM_NAME_SIZE bytes
 *
 * Somebody may have renamed it, so it is found by its UUID.
 *
 * Return: 0 or an exit code.
 */
int couche_session_pool_dm(const struct couche_nl_pool *pool, char *name)
{
	char uuid[COUCHE_DM_UUID_SIZE];
	int r;

	couche_pool_dm_uuid(pool->id.uuid, uuid, sizeof(uuid));
	r = couche_dm_find_uuid(uuid, name);
	if (r == -ENOENT || r == -ENXIO) {
		/* made by hand with dmsetup and no UUID */
		snprintf(name, COUCHE_DM_NAME_SIZE, "%s", pool->id.name);
		return 0;
	}
	if (r)
		return couche_fail(couche_exit_of(r), pool->id.name,
				   "device mapper does not answer (%s); run as root",
				   strerror(-r));
	return 0;
}

/**
 * couche_device_path() - a path for a device number
 * @major: of the device, 0:0 for none
 * @minor: of the device
 * @path: where to, "" if there is none
 * @size: of @path
 */
void couche_device_path(uint32_t major, uint32_t minor, char *path, size_t size)
{
	_cleanup_fclose_ FILE *file = NULL;
	char name[128];

	path[0] = '\0';
	if (!major && !minor)
		return;
	snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/uevent", major, minor);
	file = fopen(name, "re");
	while (file && fgets(name, sizeof(name), file)) {
		name[strcspn(name, "\n")] = '\0';
		if (!strncmp(name, "DEVNAME=", 8)) {
			snprintf(path, size, "/dev/%s", name + 8);
			return;
		}
	}
	snprintf(path, size, "%u:%u", major, minor);
}
