/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BLKDEV_H
#define SHIM_MODEL_BLKDEV_H

#include <linux/bio.h>

struct blk_plug {
	int unused;
};

struct queue_limits {
	unsigned int features;
	unsigned int logical_block_size, physical_block_size, io_min, io_opt;
	unsigned int max_hw_sectors, max_sectors, discard_granularity;
	unsigned int max_discard_sectors, max_hw_discard_sectors;
	unsigned short max_segments;
};

#define blk_start_plug(plug) ((void)(plug))
#define blk_finish_plug(plug) ((void)(plug))
#define bdev_nr_sectors(bdev) ((bdev)->sectors)

unsigned int bdev_write_zeroes_sectors(const struct block_device *bdev);
int blkdev_issue_zeroout(struct block_device *bdev, sector_t sector, sector_t nr, gfp_t gfp,
			 unsigned int flags);

#endif
