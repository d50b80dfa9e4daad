/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be read: of each block the contents that it may have, by the rules
 * of the block layer.
 *
 * Contents are known by a version, one for each write, and the block that they
 * were written to. A write, once sent, may be there after a crash; once it has
 * ended, only it and later ones are read; once a flush that was sent after that
 * has ended, or it was FUA, nothing older is there after a crash (I1). What is
 * none of these is another block's, or nobody's (I2). Each sector is looked at
 * by itself: a block that is written in place may be torn. Contents may be lost
 * where they are: then an error may be read instead of them, and nothing older.
 *
 * It outlives the machine.
 */
#ifndef MODEL_ORACLE_H
#define MODEL_ORACLE_H

#include "model.h"

#define ORACLE_VOLUMES	2
#define ORACLE_BLOCKS	(32 * 16)	/* of each volume */
#define ORACLE_RUN	16		/* blocks of one order: an extent */

struct oracle_read {
	u32 volume, first, nr;
	u8 from[ORACLE_RUN];
	u64 begun;
};

void oracle_reset(void);
void oracle_crash(void);
void oracle_watch(u32 volume, u32 block);

bool oracle_write_begin(u32 volume, u32 first, u32 nr, bool zeroes, u64 *version);
void oracle_write_end(u32 volume, u32 first, u32 nr, bool done, bool fua);
void oracle_fill(u8 *data, u32 volume, u32 block, u64 version);
bool oracle_takes_place(const u8 *old, const u8 *new);

void oracle_read_begin(struct oracle_read *read, u32 volume, u32 first, u32 nr);
bool oracle_read_may_fail(const struct oracle_read *read);
void oracle_read_fail(const struct oracle_read *read);
void oracle_read_end(struct oracle_read *read, u8 *const *data);

u64 oracle_flush_begin(void);
void oracle_flush_end(u64 begun);

void oracle_peek(u32 volume, u32 first, u32 nr, u8 *const *data);
void oracle_recovered(u32 volume, u32 first, u32 nr, u8 *const *data);
bool oracle_recovered_none(u32 volume, u32 block);
u64 oracle_bytes(void);

bool oracle_lose(u32 volume, u32 block, const u8 *data);
void oracle_find_again(void);

#endif /* MODEL_ORACLE_H */
