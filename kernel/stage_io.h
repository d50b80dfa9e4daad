/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading and writing slots of the data journal: bios of volumes, the merge of
 * a relocation, and the copy for a meta leg that comes back. All of it stands
 * inside io_gate, so that no slot is reused meanwhile: writes may go on to an
 * extent that is being moved. A slot that cannot be read, or not as it was
 * written, is read from the other meta legs (I6).
 */
#ifndef COUCHE_STAGE_IO_H
#define COUCHE_STAGE_IO_H

#include "stage.h"

struct couche_io;
struct couche_leg;
struct couche_stripe;
struct couche_stripe_id;

#define COUCHE_GFP_TRY	(GFP_NOWAIT | __GFP_NOWARN)

int couche_stage_writes_init(struct couche_pool *pool);
void couche_stage_writes_destroy(struct couche_pool *pool);
int couche_stage_write_map(struct couche_io *io);

int couche_stage_read_map(struct couche_io *io);
int couche_stage_overlay(struct couche_io *io);
int couche_stage_merge(struct couche_pool *pool, struct couche_stripe *stripe,
		       const struct couche_stripe_id *id);
int couche_stage_copy(struct couche_pool *pool, struct couche_leg *leg);

#endif /* COUCHE_STAGE_IO_H */
