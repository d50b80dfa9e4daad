// SPDX-License-Identifier: GPL-2.0-only
#include "activate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/lib/cleanup.h"
#include "plan.h"

/**
 * couche_dm_fail() - say why device mapper refused
 * @error: negative errno of the call
 * @object: what it was about
 * @what: what could not be done
 *
 * Return: an exit code.
 */
int couche_dm_fail(int error, const char *object, const char *what)
{
	const char *why = couche_dm_why();

	if (error == -EPERM || error == -EACCES || geteuid())
		return couche_fail(COUCHE_EXIT_FAILURE, object, "%s: not allowed; run as root",
				   what);
	if (error == -EBUSY && !*why)
		why = "in use; close what uses it";
	return couche_fail(couche_exit_of(error), object, "%s: %s", what,
			   *why ? why : strerror(-error));
}

/**
 * couche_activation_init() - names and table of a volume's device
 * @a: filled on success
 * @pool: its pool, active
 * @volume: name of the volume
 * @id: of the volume
 *
 * Return: 0 or an exit code.
 */
int couche_activation_init(struct couche_activation *a, const struct couche_nl_pool *pool,
			   const char *volume, uint32_t id)
{
	struct couche_dm_info info;
	int r;

	r = couche_session_pool_dm(pool, a->pool_dm);
	if (r)
		return r;
	r = couche_dm_info(a->pool_dm, &info);
	if (r)
		return couche_dm_fail(r, a->pool_dm, "cannot look at the pool's device");
	snprintf(a->device, sizeof(a->device), "%s-%s", pool->id.name, volume);
	couche_volume_dm_uuid(pool->id.uuid, id, a->uuid, sizeof(a->uuid));
	snprintf(a->params, sizeof(a->params), "%u:%u %u", info.major, info.minor, id);
	return 0;
}

/**
 * couche_activation_find() - the real name of a running volume's device
 * @a: its device is corrected
 *
 * Return: 0, or -ENOENT if the volume has no device, or another negative errno.
 */
int couche_activation_find(struct couche_activation *a)
{
	char name[COUCHE_DM_NAME_SIZE];
	int r = couche_dm_find_uuid(a->uuid, name);

	if (!r)
		snprintf(a->device, sizeof(a->device), "%.127s", name);
	return r == -ENXIO ? -ENOENT : r;
}

/**
 * couche_activation_start() - make the device
 * @a: the volume
 * @sectors: its size
 *
 * Return: 0 or an exit code.
 */
int couche_activation_start(const struct couche_activation *a, uint64_t sectors)
{
	struct couche_dm_table table = { COUCHE_VOLUME_TARGET, sectors, a->params, false };
	struct couche_dm_info info;
	int r;

	if (!couche_dm_info(a->device, &info) && info.exists)
		return couche_fail(COUCHE_EXIT_CONFLICT, a->device,
				   "a device of this name exists already; remove it or choose other names");
	r = couche_dm_create(a->device, a->uuid, &table);
	return r ? couche_dm_fail(r, a->device, "cannot start the volume's device") : 0;
}

/**
 * couche_activation_resize() - tell the device a new size
 * @a: the volume
 * @sectors: its size
 *
 * Return: 0 or an exit code.
 */
int couche_activation_resize(const struct couche_activation *a, uint64_t sectors)
{
	struct couche_dm_table table = { COUCHE_VOLUME_TARGET, sectors, a->params, false };
	int r = couche_dm_reload(a->device, &table);

	return r ? couche_dm_fail(r, a->device, "cannot resize the volume's device") : 0;
}

/**
 * couche_activation_stop() - take the device down
 * @a: the volume
 *
 * Return: 0 (also if there was none) or an exit code.
 */
int couche_activation_stop(const struct couche_activation *a)
{
	struct couche_dm_info info;
	int r = couche_dm_info(a->device, &info);

	if (r)
		return couche_dm_fail(r, a->device, "cannot look at the device");
	if (!info.exists)
		return 0;
	r = couche_dm_remove(a->device);
	return r ? couche_dm_fail(r, a->device, "cannot take the device down") : 0;
}

/**
 * couche_activate_all() - make the devices of all volumes of a pool
 * @ctl: the global options
 * @nl: the session
 * @pool: the pool
 *
 * Goes on after a failure, so that one bad name does not hide the rest.
 *
 * Return: 0 or the exit code of the last failure.
 */
int couche_activate_all(const struct couche_ctl *ctl, struct couche_nl *nl,
			const struct couche_nl_pool *pool)
{
	_cleanup_free_ struct couche_nl_volume *volumes = NULL;
	size_t nr, i;
	int r, result = 0;

	r = couche_nl_volumes(nl, pool->id.uuid, &volumes, &nr);
	if (r)
		return couche_session_fail(nl, r, pool->id.name, "cannot list the volumes");
	for (i = 0; i < nr; i++) {
		struct couche_activation a;

		r = couche_activation_init(&a, pool, volumes[i].name, volumes[i].id);
		if (!r && couche_activation_find(&a))
			r = couche_activation_start(&a, volumes[i].sectors);
		if (!r)
			couche_note(ctl, "%s/%s: at /dev/mapper/%s", pool->id.name,
				    volumes[i].name, a.device);
		else
			result = r;
	}
	return result;
}
