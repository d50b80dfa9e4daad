/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pool holds of its commit; commit.h says what that is, and is for
 * those who change the map or wait for it.
 */
#ifndef COUCHE_COMMIT_TYPES_H
#define COUCHE_COMMIT_TYPES_H

#include <linux/bio.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct couche_relayout;

struct couche_commit {
	spinlock_t lock;
	void *blocks;			/* two batches, COUCHE_COMMIT_BLOCKS blocks each */
	void *pages;			/* COUCHE_CHECKPOINT_PAGES, for checkpoint.c */
	unsigned int half;		/* which one is open */
	unsigned int nr;		/* blocks begun in the open batch */
	bool frozen;			/* the ring is nearly full: appenders wait */
	u64 open_id;			/* number of the open batch */
	u64 durable_id;			/* every batch below is durable */
	int error;			/* once set, nothing commits any more */
	struct bio_list waiters;	/* FLUSH and FUA bios */
	struct list_head frees;		/* rows freed by the open batch */
	struct list_head durable_frees;	/* to be released by release_work */
	wait_queue_head_t wait;
	struct work_struct work;
	bool want_checkpoint;
	struct couche_relayout *relayout;
	u64 commits;
	u64 checkpoints;

	/* the worker's own */
	u64 seq;			/* of the next journal block */
	u32 pos;
	u32 used;			/* blocks since the last checkpoint */
};

#endif /* COUCHE_COMMIT_TYPES_H */
