/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_DEVICE_MAPPER_H
#define SHIM_MODEL_DEVICE_MAPPER_H

/* What targets see of device-mapper; tests/model/dm.c does what it does. */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/uuid.h>
#include <linux/wait_bit.h>

#define DM_MAPIO_SUBMITTED 0
#define DM_MAPIO_REMAPPED 1
#define DM_MAPIO_KILL 4
#define DM_ENDIO_DONE 0
#define DM_ENDIO_INCOMPLETE 1

#define DM_TARGET_SINGLETON 1
#define DM_TARGET_ALWAYS_WRITEABLE 2
#define DM_TARGET_IMMUTABLE 4
#define DM_TARGET_NOWAIT 8

struct dm_table;
struct mapped_device;
struct dm_target;

typedef enum { STATUSTYPE_INFO, STATUSTYPE_TABLE, STATUSTYPE_IMA } status_type_t;
typedef int (*iterate_devices_callout_fn)(struct dm_target *ti, void *dev, sector_t start,
					  sector_t len, void *data);

struct dm_dev {
	struct block_device *bdev;
	char name[16];
};

struct target_type {
	const char *name;
	unsigned int features;
	unsigned int version[3];
	void *module;
	int (*ctr)(struct dm_target *ti, unsigned int argc, char **argv);
	void (*dtr)(struct dm_target *ti);
	int (*map)(struct dm_target *ti, struct bio *bio);
	int (*end_io)(struct dm_target *ti, struct bio *bio, blk_status_t *status);
	int (*preresume)(struct dm_target *ti);
	void (*resume)(struct dm_target *ti);
	void (*presuspend)(struct dm_target *ti);
	void (*presuspend_undo)(struct dm_target *ti);
	void (*postsuspend)(struct dm_target *ti);
	void (*status)(struct dm_target *ti, status_type_t type, unsigned int flags,
		       char *result, unsigned int maxlen);
	int (*message)(struct dm_target *ti, unsigned int argc, char **argv, char *result,
		       unsigned int maxlen);
	int (*iterate_devices)(struct dm_target *ti, iterate_devices_callout_fn fn, void *data);
	void (*io_hints)(struct dm_target *ti, struct queue_limits *limits);
};

struct dm_target {
	struct dm_table *table;
	const struct target_type *type;
	sector_t begin, len;
	void *private;
	char *error;
	unsigned int num_flush_bios, num_discard_bios, num_write_zeroes_bios;
	unsigned int per_io_data_size;
	bool flush_supported, discards_supported;
};

int dm_get_device(struct dm_target *ti, const char *path, fmode_t mode, struct dm_dev **ret);
void dm_put_device(struct dm_target *ti, struct dm_dev *dev);
struct mapped_device *dm_table_get_md(struct dm_table *table);
const char *dm_device_name(struct mapped_device *md);
struct gendisk *dm_disk(struct mapped_device *md);
void dm_accept_partial_bio(struct bio *bio, unsigned int sectors);

#define dm_table_get_mode(table) ((void)(table), 0u)
#define dm_table_event(table) ((void)(table))
#define dm_set_target_max_io_len(ti, len) ((void)(ti), (void)(len), 0)
#define dm_target_offset(ti, sector) ((sector) - (ti)->begin)
#define dm_per_bio_data(bio, size) ((void *)((char *)(bio) - (size)))
#define dm_bio_from_per_bio_data(data, size) ((struct bio *)((char *)(data) + (size)))

int shim_emit(char *to, size_t room, const char *format, ...);

#define DMEMIT(...) (sz += sz >= maxlen ? 0 : shim_emit(result + sz, maxlen - sz, __VA_ARGS__))
#define DMERR(...) model_log(DM_MSG_PREFIX ": " __VA_ARGS__)
#define DMWARN(...) DMERR(__VA_ARGS__)
#define DMERR_LIMIT(...) DMERR(__VA_ARGS__)
#define DMWARN_LIMIT(...) DMERR(__VA_ARGS__)
#define DMINFO(...) DMERR(__VA_ARGS__)

#endif
