/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metadata written without the kernel module: blocks of a leg, and a whole map
 * area from a map in memory.
 *
 * Buffers, sectors and lengths as in offline.h. A write is durable after
 * couche_offline_sync() only; the order that makes a crash harmless is the
 * caller's. One thread; the caller owns what it opened. A failure is a negative
 * errno and prints nothing.
 */
#ifndef COUCHE_TOOLS_OFFLINE_WRITE_H
#define COUCHE_TOOLS_OFFLINE_WRITE_H

#include "offline_map.h"

/* Devices that get the same. */
struct couche_offline_output {
	int fd[COUCHE_MAX_META_LEGS];
	unsigned int nr;
	unsigned int failed;	/* which one, after an error */
};

int couche_offline_open_write(const char *path);
int couche_offline_write_block(int fd, u64 sector, const void *block);
int couche_offline_write(struct couche_offline_output *out, u64 sector, const void *buf,
			 size_t len);
int couche_offline_write_zeros(struct couche_offline_output *out, u64 sector, u64 sectors);
int couche_offline_sync(struct couche_offline_output *out);
u64 couche_offline_map_pages(const struct couche_map *map);
int couche_offline_write_map(struct couche_offline_output *out, const struct couche_map *map,
			     u64 sequence, u64 *sum);

#endif
