// SPDX-License-Identifier: GPL-2.0-only
/*
 * As much of device-mapper as the targets meet: tables of one target, loaded
 * and put in place by a resume, and bios as clones with the target's own data.
 */
#include <stdio.h>

#include "machine.h"
#include "pool.h"
#include "target.h"

#define ARGS	128
#define DEVICES	4

struct gendisk {
	struct mapped_device *md;
};

struct dm_table {
	struct mapped_device *md;
	struct dm_target ti;
};

struct mapped_device {
	char name[16];
	struct gendisk disk;
	struct block_device bdev;
	struct dm_table *active, *loaded;
	bool suspended;
};

static struct mapped_device *devices[DEVICES];

struct mapped_device *model_dm_create(const char *name)
{
	struct mapped_device *md = kzalloc(sizeof(*md), GFP_KERNEL);
	unsigned int i = 0;

	shim_strscpy(md->name, name, sizeof(md->name));
	md->disk.md = md;
	md->bdev.bd_disk = &md->disk;
	md->suspended = true;
	while (devices[i])
		i++;
	devices[i] = md;
	return md;
}

/* --- what targets ask for ---------------------------------------------------------- */

static struct block_device *find(const char *path)
{
	struct model_leg *leg = model_find_leg(path);
	unsigned int i;

	if (leg)
		return &leg->bdev;
	for (i = 0; i < DEVICES; i++)
		if (devices[i] && !strcmp(devices[i]->name, path))
			return &devices[i]->bdev;
	return NULL;
}

int dm_get_device(struct dm_target *ti, const char *path, fmode_t mode, struct dm_dev **ret)
{
	struct dm_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	struct block_device *bdev = find(path);

	if (!bdev) {
		kfree(dev);
		return -ENODEV;
	}
	bdev->opens++;
	dev->bdev = bdev;
	shim_strscpy(dev->name, path, sizeof(dev->name));
	*ret = dev;
	return 0;
}

void dm_put_device(struct dm_target *ti, struct dm_dev *dev)
{
	if (!--dev->bdev->opens)
		model_bios_check_closed(dev->bdev);
	kfree(dev);
}

struct mapped_device *dm_table_get_md(struct dm_table *table)
{
	return table->md;
}

const char *dm_device_name(struct mapped_device *md)
{
	return md->name;
}

struct gendisk *dm_disk(struct mapped_device *md)
{
	return &md->disk;
}

/* --- tables ---------------------------------------------------------------------------- */

static int split(char *line, char **argv)
{
	int argc = 0;

	while (*line) {
		while (*line == ' ')
			*line++ = '\0';
		if (!*line)
			break;
		if (argc == ARGS)
			model_die(__FILE__, __LINE__, "a line of too many words");
		argv[argc++] = line;
		while (*line && *line != ' ')
			line++;
	}
	return argc;
}

static void free_table(struct dm_table *table)
{
	if (!table)
		return;
	table->ti.type->dtr(&table->ti);
	kfree(table);
}

int model_dm_load(struct mapped_device *md, const char *type, u64 sectors, const char *line)
{
	struct dm_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	char *copy = kmemdup(line, strlen(line) + 1, GFP_KERNEL);
	char *argv[ARGS];
	int err;

	table->md = md;
	table->ti.table = table;
	table->ti.len = sectors;
	table->ti.type = strcmp(type, "couche") ? &couche_pool_target : &couche_volume_target;
	err = table->ti.type->ctr(&table->ti, split(copy, argv), argv);
	kfree(copy);
	if (err) {
		model_log("%s: %s", md->name, table->ti.error);
		kfree(table);
		return err;
	}
	free_table(md->loaded);
	md->loaded = table;
	return 0;
}

void model_dm_suspend(struct mapped_device *md)
{
	struct dm_target *ti = &md->active->ti;

	if (md->suspended)
		return;
	if (ti->type->presuspend)
		ti->type->presuspend(ti);
	if (ti->type->postsuspend)
		ti->type->postsuspend(ti);
	md->suspended = true;
}

int model_dm_resume(struct mapped_device *md)
{
	struct dm_table *old = NULL;
	struct dm_target *ti;
	int err;

	if (md->loaded) {
		if (md->active)
			model_dm_suspend(md);
		old = md->active;
		md->active = md->loaded;
		md->loaded = NULL;
	}
	ti = &md->active->ti;
	err = ti->type->preresume ? ti->type->preresume(ti) : 0;
	if (!err && ti->type->resume)
		ti->type->resume(ti);
	if (!err)
		md->suspended = false;
	free_table(old);
	return err;
}

int model_dm_message(struct mapped_device *md, const char *text)
{
	struct dm_target *ti = &md->active->ti;
	char line[256], result[64], *argv[ARGS];

	shim_strscpy(line, text, sizeof(line));
	return ti->type->message(ti, split(line, argv), argv, result, sizeof(result));
}

void model_dm_remove(struct mapped_device *md)
{
	unsigned int i;

	if (md->active)
		model_dm_suspend(md);
	free_table(md->loaded);
	free_table(md->active);
	for (i = 0; i < DEVICES; i++)
		if (devices[i] == md)
			devices[i] = NULL;
	kfree(md);
}

/**
 * model_dm_reset() - No device is left, for its memory is gone
 */
void model_dm_reset(void)
{
	u32 i;

	memset(devices, 0, sizeof(devices));
	for (i = 0; i < MACHINE_DEVICES; i++)
		machine.devices[i].bdev.opens = 0;
}

/* --- bios ----------------------------------------------------------------------------- */

/* One order of a client, which sleeps until all clones of it are back. */
struct order {
	struct dm_target *ti;
	struct bio_set clones;
	struct completion done;
	int pending;
	u32 accepted;		/* sectors of the clone that is being mapped */
	blk_status_t status;
};

static void clone_done(struct bio *bio, blk_status_t status)
{
	struct order *order = bio->bi_private;

	if (status)
		order->status = status;
	bio_put(bio);
	if (!--order->pending)
		complete(&order->done);
}

static void clone_endio(struct bio *bio)
{
	struct order *order = bio->bi_private;
	blk_status_t status = bio->bi_status;

	if (order->ti->type->end_io(order->ti, bio, &status) == DM_ENDIO_DONE)
		clone_done(bio, status);
}

void dm_accept_partial_bio(struct bio *bio, unsigned int sectors)
{
	struct order *order = bio->bi_private;

	order->accepted = sectors;
	bio->bi_iter.bi_size = sectors << SECTOR_SHIFT;
}

static u32 send(struct order *order, blk_opf_t opf, u64 sector, u32 sectors, struct page **pages)
{
	bool data = (opf & REQ_OP_MASK) <= REQ_OP_WRITE && sectors;
	u32 i, nr = data ? sectors / PAGE_SECTORS : 0;
	struct bio *bio = bio_alloc_bioset(NULL, nr, opf, GFP_KERNEL, &order->clones);

	bio->bi_private = order;
	bio->bi_end_io = clone_endio;
	for (i = 0; i < nr; i++)
		bio_add_page(bio, pages[i], PAGE_SIZE, 0);
	bio->bi_iter.bi_sector = sector;
	bio->bi_iter.bi_size = sectors << SECTOR_SHIFT;
	order->accepted = sectors;
	order->pending++;
	switch (order->ti->type->map(order->ti, bio)) {
	case DM_MAPIO_REMAPPED:
		submit_bio(bio);
		break;
	case DM_MAPIO_KILL:
		clone_done(bio, BLK_STS_IOERR);
		break;
	}
	return order->accepted;
}

/**
 * model_dm_io() - Do something on a volume, and wait for it
 * @md: the volume
 * @opf: what
 * @sector: where
 * @sectors: how much, within one extent; 0: a flush
 * @pages: one for each block of data
 *
 * Return: 0, -EIO, or -ENOSPC: there is no room for it.
 */
int model_dm_io(struct mapped_device *md, blk_opf_t opf, u64 sector, u32 sectors,
		struct page **pages)
{
	struct order order = { .ti = &md->active->ti, .pending = 1 };
	u32 done = 0;

	bioset_init(&order.clones, 0, order.ti->per_io_data_size, 0);
	init_completion(&order.done);
	do {
		done += send(&order, opf, sector + done, sectors - done,
			     pages ? pages + done / PAGE_SECTORS : NULL);
	} while (done < sectors);
	if (--order.pending)
		wait_for_completion(&order.done);
	if (order.status == BLK_STS_NOSPC)
		return -ENOSPC;
	return order.status ? -EIO : 0;
}
