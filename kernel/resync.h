/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making the copies of mirrored extents equal: after a crash those that were
 * open, after a leg came back all that it has a copy or a shard of.
 *
 * Runs in pool->resync_work, owning each extent. A leg that is RESTORING becomes
 * ONLINE when a whole pass went through and gave it all that it is to hold; an
 * extent that is lost for good is no obstacle, one that cannot be read just
 * then is.
 */
#ifndef COUCHE_RESYNC_H
#define COUCHE_RESYNC_H

#include <linux/workqueue.h>

struct couche_pool;

void couche_resync_work(struct work_struct *work);
bool couche_resync_needed(struct couche_pool *pool);
void couche_resync_start(struct couche_pool *pool);

#endif /* COUCHE_RESYNC_H */
