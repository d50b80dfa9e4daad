/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that knows that kernels differ. Kbuild compiles small probes
 * and defines COUCHE_HAVE_*; no version number is tested, because
 * distributions carry APIs to other versions.
 */
#ifndef COUCHE_COMPAT_H
#define COUCHE_COMPAT_H

#include <linux/blkdev.h>
#include <linux/workqueue.h>

#ifndef WQ_PERCPU
#define WQ_PERCPU 0
#endif

/**
 * couche_limits_set_discard() - Say how much may be discarded at once
 * @limits: of the device
 * @sectors: of 512 bytes, at most and as a unit
 *
 * Context: any.
 */
static inline void couche_limits_set_discard(struct queue_limits *limits,
					     unsigned int sectors)
{
#ifdef COUCHE_HAVE_QUEUE_FEATURES
	limits->max_hw_discard_sectors = sectors;
#else
	limits->max_discard_sectors = sectors;
#endif
	limits->discard_granularity = (u64)sectors << SECTOR_SHIFT;
}

#endif /* COUCHE_COMPAT_H */
