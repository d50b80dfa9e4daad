/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What write.c lends to others: the rule for writes that only some copies took.
 */
#ifndef COUCHE_WRITE_H
#define COUCHE_WRITE_H

#include <linux/types.h>

struct couche_group;
struct couche_io;
struct couche_pool;

int couche_write_settle_io(struct couche_io *io, u32 failed, u32 written);
int couche_write_settle(struct couche_pool *pool, const struct couche_group *group,
			u32 failed, u32 written);

#endif /* COUCHE_WRITE_H */
