// SPDX-License-Identifier: GPL-2.0-only
#include "offline_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/page.h"

#define SECTOR		512
#define CHUNK_PAGES	512	/* two slots each: 4 MiB */
#define CHUNK_BYTES	(CHUNK_PAGES * 2 * COUCHE_BLOCK_SIZE)

/* A map area on its way: pages are made one after the other. */
struct area {
	struct couche_offline_output *out;
	const struct couche_map *map;
	u64 sequence;
	u64 sum;		/* couche_page_term() of all pages so far */
	u32 number;		/* of the next page */
	u8 *buf;
};

/**
 * couche_offline_open_write() - open a device or an image for writing
 * @path: of the device
 *
 * Return: a descriptor, or a negative errno: -EBUSY if something holds it.
 */
int couche_offline_open_write(const char *path)
{
	int flags = O_RDWR | O_CLOEXEC, fd;
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISBLK(st.st_mode))
		flags |= O_EXCL | O_DIRECT;
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

static int write_at(int fd, u64 sector, const void *buf, size_t len)
{
	const char *from = buf;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, from + done, len - done, sector * SECTOR + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += n;
	}
	return 0;
}

/**
 * couche_offline_write_block() - write one block of one device, and wait until it is durable
 * @fd: the device
 * @sector: where
 * @block: from couche_offline_buffer()
 *
 * Return: 0 or a negative errno.
 */
int couche_offline_write_block(int fd, u64 sector, const void *block)
{
	int err = write_at(fd, sector, block, COUCHE_BLOCK_SIZE);

	return err ?: fsync(fd) < 0 ? -errno : 0;
}

/**
 * couche_offline_write() - write the same to all devices
 * @out: the devices
 * @sector: where
 * @buf: from couche_offline_buffer()
 * @len: bytes
 *
 * Return: 0 or a negative errno, with @out->failed set.
 */
int couche_offline_write(struct couche_offline_output *out, u64 sector, const void *buf,
			 size_t len)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < out->nr && !err; i++) {
		err = write_at(out->fd[i], sector, buf, len);
		out->failed = i;
	}
	return err;
}

/**
 * couche_offline_write_zeros() - write zeros to all devices
 * @out: the devices
 * @sector: where
 * @sectors: how many, whole blocks
 *
 * Return: 0 or a negative errno, with @out->failed set.
 */
int couche_offline_write_zeros(struct couche_offline_output *out, u64 sector, u64 sectors)
{
	_cleanup_free_ void *zeros = couche_offline_buffer(CHUNK_BYTES);
	int err = 0;

	while (sectors && !err) {
		u64 nr = sectors < CHUNK_BYTES / SECTOR ? sectors : CHUNK_BYTES / SECTOR;

		err = couche_offline_write(out, sector, zeros, nr * SECTOR);
		sector += nr;
		sectors -= nr;
	}
	return err;
}

/**
 * couche_offline_sync() - wait until all that was written is durable
 * @out: the devices
 *
 * Return: 0 or a negative errno, with @out->failed set.
 */
int couche_offline_sync(struct couche_offline_output *out)
{
	unsigned int i;

	for (i = 0; i < out->nr; i++) {
		out->failed = i;
		if (fsync(out->fd[i]) < 0)
			return -errno;
	}
	return 0;
}

static bool has_volumes(const struct couche_map *map, u32 index)
{
	u32 i, id;

	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		id = index * COUCHE_PAGE_VOLUMES + i;
		if (id <= COUCHE_MAX_VOLUMES && map->volume[id])
			return true;
	}
	return false;
}

static bool has_groups(const struct couche_map *map, u32 index)
{
	u32 i;

	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		if (couche_map_group(map, index * COUCHE_PAGE_GROUPS + i))
			return true;
	}
	return false;
}

/**
 * couche_offline_map_pages() - how many pages does a map take?
 * @map: the map
 *
 * Return: those to be written and those set aside for the data journal.
 */
u64 couche_offline_map_pages(const struct couche_map *map)
{
	u32 stages = map->o->super.stage_slots, i;
	u64 pages = map->nr_pages + (stages + COUCHE_PAGE_STAGES - 1) / COUCHE_PAGE_STAGES;

	for (i = 0; i <= COUCHE_MAX_VOLUMES / COUCHE_PAGE_VOLUMES; i++)
		pages += has_volumes(map, i);
	for (i = 0; i * COUCHE_PAGE_GROUPS < map->nr_groups; i++)
		pages += has_groups(map, i);
	return pages;
}

/* Where the next page goes in memory; what is full is written. */
static int next_page(struct area *area, u8 **block)
{
	u32 in_chunk = area->number % CHUNK_PAGES;
	u64 first = area->number - CHUNK_PAGES;
	int err = 0;

	if (!in_chunk && area->number) {
		err = couche_offline_write(area->out, area->map->o->super.map_start +
					   first * 2 * COUCHE_BLOCK_SECTORS, area->buf,
					   CHUNK_BYTES);
		memset(area->buf, 0, CHUNK_BYTES);
	}
	*block = area->buf + (size_t)in_chunk * 2 * COUCHE_BLOCK_SIZE;
	area->sum += couche_page_term(area->number, area->sequence);
	area->number++;
	return err;
}

static int write_volumes(struct area *area, u32 index)
{
	u32 i, id;
	u8 *block;
	int err = next_page(area, &block);

	couche_page_init(block, COUCHE_PAGE_VOLUME, 0, index, area->number - 1);
	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		id = index * COUCHE_PAGE_VOLUMES + i;
		if (id <= COUCHE_MAX_VOLUMES && area->map->volume[id])
			couche_page_set_volume(block, i, &area->map->volume[id]->desc);
	}
	couche_page_seal(block, area->sequence, area->map->o->seed);
	return err;
}

static int write_groups(struct area *area, u32 index)
{
	u32 i;
	u8 *block;
	int err = next_page(area, &block);

	couche_page_init(block, COUCHE_PAGE_GROUP, 0, index, area->number - 1);
	for (i = 0; i < COUCHE_PAGE_GROUPS; i++) {
		const struct couche_group_desc *group;

		group = couche_map_group(area->map, index * COUCHE_PAGE_GROUPS + i);
		if (group)
			couche_page_set_group(block, i, group);
	}
	couche_page_seal(block, area->sequence, area->map->o->seed);
	return err;
}

static int write_extents(struct area *area, const struct couche_map_page *page)
{
	u32 i;
	u8 *block;
	int err = next_page(area, &block);

	couche_page_init(block, COUCHE_PAGE_MAP, page->volume, page->index, area->number - 1);
	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++)
		couche_page_set_extent(block, i, &page->place[i]);
	couche_page_seal(block, area->sequence, area->map->o->seed);
	return err;
}

/* What is in memory yet, and that there is nothing behind it. */
static int write_rest(struct area *area)
{
	const struct couche_super *s = &area->map->o->super;
	u32 left = area->number % CHUNK_PAGES ?: (area->number ? CHUNK_PAGES : 0);
	u64 sector = s->map_start + (u64)(area->number - left) * 2 * COUCHE_BLOCK_SECTORS;
	int err = couche_offline_write(area->out, sector, area->buf,
				       (size_t)left * 2 * COUCHE_BLOCK_SIZE);

	sector = s->map_start + (u64)area->number * 2 * COUCHE_BLOCK_SECTORS;
	return err ?: couche_offline_write_zeros(area->out, sector,
						 (u64)(s->map_pages - area->number) * 2 *
						 COUCHE_BLOCK_SECTORS);
}

/**
 * couche_offline_write_map() - write the whole map area
 * @out: metadata legs
 * @map: takes no more pages than the superblock has
 * @sequence: of all pages
 * @sum: what the superblock says of them as page_sum
 *
 * Every page stands in slot A, and slot B is blank, as in a pool after its
 * first checkpoint.
 *
 * Return: 0 or a negative errno, with @out->failed set.
 */
int couche_offline_write_map(struct couche_offline_output *out, const struct couche_map *map,
			     u64 sequence, u64 *sum)
{
	_cleanup_free_ u8 *buf = couche_offline_buffer(CHUNK_BYTES);
	struct area area = { .out = out, .map = map, .sequence = sequence, .buf = buf };
	size_t p;
	int err = 0;
	u32 i;

	for (i = 0; i <= COUCHE_MAX_VOLUMES / COUCHE_PAGE_VOLUMES && !err; i++)
		err = has_volumes(map, i) ? write_volumes(&area, i) : 0;
	for (i = 0; i * COUCHE_PAGE_GROUPS < map->nr_groups && !err; i++)
		err = has_groups(map, i) ? write_groups(&area, i) : 0;
	for (p = 0; p < map->nr_pages && !err; p++)
		err = write_extents(&area, map->page[p]);
	*sum = area.sum;
	return err ?: write_rest(&area);
}
