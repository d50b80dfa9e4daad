// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target "couche": <pool device> <volume id>
 */
#include <linux/blkdev.h>
#include <linux/slab.h>

#include "compat.h"
#include "control.h"
#include "io.h"
#include "pool.h"
#include "target.h"
#include "volume.h"

struct target_volume {
	struct dm_dev *pool_dev;
	struct couche_pool *pool;
	struct couche_volume *volume;
};

static void volume_dtr(struct dm_target *ti)
{
	struct target_volume *tv = ti->private;

	if (tv->volume)
		couche_volume_close(tv->volume);
	if (tv->pool)
		couche_pool_put(tv->pool);
	if (tv->pool_dev)
		dm_put_device(ti, tv->pool_dev);
	kfree(tv);
}

static void set_target_features(struct dm_target *ti)
{
	ti->num_flush_bios = 1;
	ti->flush_supported = true;
	ti->num_discard_bios = 1;
	ti->discards_supported = true;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = sizeof(struct couche_io);
}

static int volume_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	const char *why = "volume: cannot be opened";
	struct target_volume *tv;
	u32 id;
	int err;

	if (argc != 2) {
		ti->error = "needs 2 arguments: <pool device> <volume id>";
		return -EINVAL;
	}
	if (kstrtou32(argv[1], 10, &id)) {
		ti->error = "volume id: not a number";
		return -EINVAL;
	}
	tv = kzalloc(sizeof(*tv), GFP_KERNEL);
	if (!tv) {
		ti->error = "no memory";
		return -ENOMEM;
	}
	ti->private = tv;
	err = dm_get_device(ti, argv[0], dm_table_get_mode(ti->table), &tv->pool_dev);
	if (err) {
		ti->error = "pool device: cannot be opened";
		goto err_dtr;
	}
	err = -EINVAL;
	tv->pool = couche_registry_find_bdev(tv->pool_dev->bdev);
	if (!tv->pool) {
		ti->error = "pool device: is not an active pool";
		goto err_dtr;
	}
	tv->volume = couche_volume_open(tv->pool, id, ti->len, &why);
	if (IS_ERR(tv->volume)) {
		err = PTR_ERR(tv->volume);
		tv->volume = NULL;
		ti->error = (char *)why;
		goto err_dtr;
	}
	err = dm_set_target_max_io_len(ti, tv->pool->super.extent_sectors);
	if (err) {
		ti->error = "extent size: cannot be used as I/O limit";
		goto err_dtr;
	}
	set_target_features(ti);
	return 0;

err_dtr:
	volume_dtr(ti);
	return err;
}

static int volume_map(struct dm_target *ti, struct bio *bio)
{
	struct target_volume *tv = ti->private;
	struct couche_io *io = couche_io_of(bio);

	io->volume = tv->volume;
	io->leg = NULL;
	io->group = NULL;
	io->flags = 0;
	io->tried = 0;
	bio->bi_iter.bi_sector = dm_target_offset(ti, bio->bi_iter.bi_sector);
	return couche_io_map(io);
}

static int volume_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *status)
{
	return couche_io_done(couche_io_of(bio), status);
}

static void volume_status(struct dm_target *ti, status_type_t type, unsigned int flags,
			  char *result, unsigned int maxlen)
{
	struct target_volume *tv = ti->private;
	struct couche_volume *volume = tv->volume;
	unsigned int sz = 0;

	switch (type) {
	case STATUSTYPE_INFO:
		DMEMIT("%llu %llu/%llu/%llu %llu %llu %llu %s", volume->nr_extents,
		       (u64)atomic64_read(&volume->tier_extents[COUCHE_TIER_HOT]),
		       (u64)atomic64_read(&volume->tier_extents[COUCHE_TIER_WARM]),
		       (u64)atomic64_read(&volume->tier_extents[COUCHE_TIER_COLD]),
		       (u64)atomic64_read(&volume->degraded_reads),
		       (u64)atomic64_read(&volume->promotes),
		       (u64)atomic64_read(&volume->lost),
		       volume->desc.flags & COUCHE_VOLUME_JOURNAL_ALL ? "all" : "cold");
		break;
	case STATUSTYPE_TABLE:
		DMEMIT("%s %u", tv->pool_dev->name, volume->desc.id);
		break;
	case STATUSTYPE_IMA:
		*result = '\0';
		break;
	}
}

static int volume_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn,
				  void *data)
{
	struct target_volume *tv = ti->private;

	/* For its limits only: bios never go there. */
	return fn(ti, tv->pool_dev, 0, bdev_nr_sectors(tv->pool_dev->bdev), data);
}

static void volume_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct target_volume *tv = ti->private;
	u32 extent = tv->pool->super.extent_sectors;

	limits->logical_block_size = COUCHE_BLOCK_SIZE;
	limits->physical_block_size = COUCHE_BLOCK_SIZE;
	limits->io_min = COUCHE_BLOCK_SIZE;
	limits->io_opt = extent << SECTOR_SHIFT;
	/*
	 * An extent that is written at once becomes a stripe at once. Legs that
	 * take less have what goes to them split below us.
	 */
	limits->max_hw_sectors = max(limits->max_hw_sectors, extent);
	limits->max_sectors = max(limits->max_sectors, extent);
	limits->max_segments = USHRT_MAX;
	couche_limits_set_discard(limits, extent);
}

struct target_type couche_volume_target = {
	.name = "couche",
	.features = DM_TARGET_NOWAIT,	/* map never sleeps */
	.version = { 1, 0, 0 },
	.module = THIS_MODULE,
	.ctr = volume_ctr,
	.dtr = volume_dtr,
	.map = volume_map,
	.end_io = volume_end_io,
	.status = volume_status,
	.iterate_devices = volume_iterate_devices,
	.io_hints = volume_io_hints,
};
