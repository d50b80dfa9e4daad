// SPDX-License-Identifier: GPL-2.0-only
/* What superblocks say of a running pool: is this a leg, and has it room for the metadata? */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/super.h"
#include "leg.h"
#include "size.h"

#define SECTOR	512

/* Around the page cache, which may be older than what the pool has written. */
static bool read_super(const char *path, const uint8_t *pool, struct couche_super *super)
{
	_cleanup_close_ int fd = -1;
	const char *field;

	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	return fd >= 0 && couche_scan_read_super(fd, super, &field) > 0 &&
	       !memcmp(super->pool_uuid, pool, COUCHE_UUID_SIZE);
}

/**
 * couche_leg_is_on() - does a device hold this very leg?
 * @device: an opened one
 * @pool: the pool
 * @leg: the leg
 *
 * Return: true if so.
 */
bool couche_leg_is_on(const struct couche_device *device, const struct couche_nl_pool *pool,
		      const struct couche_nl_leg *leg)
{
	struct couche_super super;

	return read_super(device->path, pool->id.uuid, &super) &&
	       super.leg_index == leg->index &&
	       !memcmp(super.leg[leg->index].uuid, leg->uuid, COUCHE_UUID_SIZE);
}

/* Where the last of its areas ends, on every metadata leg. */
static uint64_t end_of(const struct couche_super *s)
{
	uint64_t map = s->map_start + 2ULL * s->map_pages * COUCHE_BLOCK_SECTORS;
	uint64_t journal = s->journal_start +
			   (uint64_t)s->journal_blocks * COUCHE_BLOCK_SECTORS;
	uint64_t stage = s->stage_start + (uint64_t)s->stage_slots * COUCHE_BLOCK_SECTORS;
	uint64_t end = map > journal ? map : journal;

	return end > stage ? end : stage;
}

/**
 * couche_leg_read_areas() - where is the metadata of a pool?
 * @pool: the pool
 * @legs: its legs
 * @nr: how many
 * @areas: filled, with zeros if no metadata leg can be read
 *
 * The superblock of a metadata leg says it; nothing else in userspace does.
 */
void couche_leg_read_areas(const struct couche_nl_pool *pool, const struct couche_nl_leg *legs,
			   size_t nr, struct couche_leg_areas *areas)
{
	struct couche_super super;
	char path[COUCHE_PATH_SIZE];
	size_t i;

	memset(areas, 0, sizeof(*areas));
	for (i = 0; i < nr; i++) {
		if (legs[i].role != COUCHE_ROLE_META || !legs[i].present ||
		    legs[i].state != COUCHE_LEG_ONLINE)
			continue;
		couche_device_path(legs[i].major, legs[i].minor, path, sizeof(path));
		if (!read_super(path, pool->id.uuid, &super))
			continue;
		areas->sectors = end_of(&super);
		areas->stage_start = super.stage_start;
		return;
	}
}

/**
 * couche_leg_check_meta() - has a device room for the metadata of a pool?
 * @pool: the pool
 * @device: that is to become a metadata leg
 * @needed: sectors, from couche_leg_read_areas()
 *
 * Return: 0 or COUCHE_EXIT_FAILURE.
 */
int couche_leg_check_meta(const struct couche_nl_pool *pool, const struct couche_device *device,
			  uint64_t needed)
{
	char has[COUCHE_SIZE_TEXT], needs[COUCHE_SIZE_TEXT];

	if (device->sectors >= needed)
		return 0;
	return couche_fail(COUCHE_EXIT_FAILURE, device->path,
			   "is too small (%s); a metadata leg of %s needs %s",
			   couche_size_format(device->sectors * SECTOR, has), pool->id.name,
			   couche_size_format(needed * SECTOR, needs));
}
