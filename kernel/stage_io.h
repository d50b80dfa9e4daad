/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading and writing slots of the data journal: bios of volumes, the merge of
 * a relocation, what is written back in place, and the copy for a meta leg that
 * comes back. Whoever reads or writes slots stands inside io_gate, so that none
 * is reused meanwhile: writes may go on to an extent that is being moved. A slot
 * that cannot be read, or not as it was written, is read from the other meta
 * legs (I6). One that none of them has is an error for whoever reads that
 * granule; a merge leaves it out, and it stays in the overlay.
 */
#ifndef COUCHE_STAGE_IO_H
#define COUCHE_STAGE_IO_H

#include "stage.h"

struct couche_io;
struct couche_leg;
struct couche_map_page;
struct couche_stripe;
struct couche_stripe_id;
struct couche_volume;
struct work_struct;

#define COUCHE_GFP_TRY	(GFP_NOWAIT | __GFP_NOWARN)

int couche_stage_writes_init(struct couche_pool *pool);
void couche_stage_writes_destroy(struct couche_pool *pool);
int couche_stage_write_map(struct couche_io *io);

int couche_stage_read_map(struct couche_io *io);
int couche_stage_overlay(struct couche_io *io);
void couche_stage_overlay_work(struct work_struct *work);
int couche_stage_merge(struct couche_pool *pool, struct couche_stripe *stripe,
		       const struct couche_stripe_id *id, u32 *lost);
int couche_stage_copy(struct couche_pool *pool, struct couche_leg *leg);

/* stage_apply.c */
int couche_stage_make_durable(struct couche_pool *pool, u32 volume, couche_extent_t extent);
int couche_stage_apply(struct couche_volume *volume, couche_extent_t extent);
int couche_stage_apply_owned(struct couche_map_page *page, couche_extent_t extent, bool urgent);

#endif /* COUCHE_STAGE_IO_H */
