// SPDX-License-Identifier: GPL-2.0-only
#include "ramleg.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "couche_format.h"
#include "machine.h"
#include "oracle.h"

#define SECTOR		512
#define BLOCK_SECTORS	8
#define GARBLED_ERRORS	20	/* of a life: fewer than a leg may give before it fails */

static u32 garbled_errors;

/* A write that no flush has made durable. */
struct model_write {
	u64 clock;
	u64 sector;
	u32 sectors;
	u8 *data;		/* NULL: zeros */
	bool cut;		/* it was on its way when the power failed */
};

static void *map_sparse(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		model_fail("harness", "no memory for a leg");
	return memory;
}

void model_leg_init(struct model_leg *leg, unsigned int nr, u64 sectors)
{
	memset(leg, 0, sizeof(*leg));
	snprintf(leg->name, sizeof(leg->name), "leg%u", nr);
	leg->bdev.bd_dev = 100 + nr;
	leg->bdev.sectors = sectors;
	leg->bdev.leg = leg;
	leg->now = map_sparse(sectors * SECTOR);
	leg->medium = map_sparse(sectors * SECTOR);
	leg->since = map_sparse(sectors * sizeof(u64));
	leg->garbled = map_sparse(sectors / BLOCK_SECTORS);
	leg->tear = 1;
}

static void drop_cache(struct model_leg *leg)
{
	while (leg->nr_cache)
		free(leg->cache[--leg->nr_cache].data);
}

void model_leg_heal(struct model_leg *leg)
{
	leg->gone = false;
	leg->read_errors = 0;
	leg->write_errors = 0;
	leg->flush_errors = 0;
	leg->blind = 0;
}

static void fill(u8 *to, const struct model_write *w, u32 first, u32 nr)
{
	if (w->data)
		memcpy(to, w->data + (size_t)first * SECTOR, (size_t)nr * SECTOR);
	else
		memset(to, 0, (size_t)nr * SECTOR);
}

/* Onto the medium, where nothing younger is. */
static void settle(struct model_leg *leg, const struct model_write *w, u32 first, u32 nr)
{
	for (; nr; nr--, first++) {
		u64 sector = w->sector + first;

		if (leg->since[sector] >= w->clock)
			continue;
		leg->since[sector] = w->clock;
		fill(leg->medium + sector * SECTOR, w, first, 1);
	}
}

static void add_to_cache(struct model_leg *leg, const struct model_write *w)
{
	if (leg->nr_cache == leg->room_cache) {
		leg->room_cache = 2 * leg->room_cache + 64;
		leg->cache = realloc(leg->cache, leg->room_cache * sizeof(*leg->cache));
	}
	leg->cache[leg->nr_cache++] = *w;
}

static u8 *gather(const struct bio *bio)
{
	u8 *data = malloc(bio->bi_iter.bi_size), *to = data;
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_segment(bv, bio, iter) {
		memcpy_from_bvec(to, &bv);
		to += bv.bv_len;
	}
	return data;
}

static void scatter(struct bio *bio, const u8 *from)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_segment(bv, bio, iter) {
		memcpy_to_bvec(&bv, from);
		from += bv.bv_len;
	}
}

/* What was done before the flush was asked for is durable now. */
static void flush(struct model_leg *leg, u64 before)
{
	unsigned int i, left = 0;

	for (i = 0; i < leg->nr_cache; i++) {
		struct model_write *w = &leg->cache[i];

		if (w->clock < before) {
			settle(leg, w, 0, w->sectors);
			free(w->data);
		} else {
			leg->cache[left++] = *w;
		}
	}
	leg->nr_cache = left;
}

/**
 * model_leg_wipe() - Zeros, durably
 * @leg: nobody uses it; what is in its cache gets to the medium first
 * @sectors: how much, from the beginning; a multiple of 512
 *
 * As from the shop, or as a tool wipes what names it.
 */
void model_leg_wipe(struct model_leg *leg, u64 sectors)
{
	flush(leg, U64_MAX);
	madvise(leg->now, sectors * SECTOR, MADV_DONTNEED);
	madvise(leg->medium, sectors * SECTOR, MADV_DONTNEED);
	madvise(leg->since, sectors * sizeof(u64), MADV_DONTNEED);
	model_leg_heal(leg);
	memset(leg->garbled, GARBLE_NOT, sectors / BLOCK_SECTORS);
}

static struct model_write describe(const struct bio *bio)
{
	struct model_write w = {
		.clock = model_clock(),
		.sector = bio->bi_iter.bi_sector,
		.sectors = bio_sectors(bio),
	};

	if (bio_op(bio) == REQ_OP_WRITE)
		w.data = gather(bio);
	return w;
}

/* What is written anew reads as it was written. */
static void write_part(struct model_leg *leg, const struct model_write *w, u32 first, u32 nr)
{
	u64 sector = w->sector + first;

	fill(leg->now + sector * SECTOR, w, first, nr);
	if (nr)
		memset(leg->garbled + sector / BLOCK_SECTORS, GARBLE_NOT,
		       (sector + nr - 1) / BLOCK_SECTORS - sector / BLOCK_SECTORS + 1);
}

/**
 * model_leg_garble() - A block reads as something else, or not at all
 * @leg: the leg
 * @sector: of the block
 * @error: not at all
 */
void model_leg_garble(struct model_leg *leg, u64 sector, bool error)
{
	leg->garbled[sector / BLOCK_SECTORS] = error ? GARBLE_ERROR : GARBLE_DATA;
}

/**
 * model_leg_ungarble() - All blocks read as they were written
 * @leg: the leg
 */
void model_leg_ungarble(struct model_leg *leg)
{
	memset(leg->garbled, GARBLE_NOT, MACHINE_LEG_SECTORS / BLOCK_SECTORS);
}

/**
 * model_leg_put() - A block holds something, durably
 * @leg: the leg; nothing is on its way there
 * @sector: of the block
 * @data: what
 */
void model_leg_put(struct model_leg *leg, u64 sector, const u8 *data)
{
	u32 i;

	memcpy(leg->now + sector * SECTOR, data, BLOCK_SECTORS * SECTOR);
	memcpy(leg->medium + sector * SECTOR, data, BLOCK_SECTORS * SECTOR);
	for (i = 0; i < BLOCK_SECTORS; i++)
		leg->since[sector + i] = model_clock();
}

static bool is_garbled(const struct model_leg *leg, u64 sector)
{
	return leg->garbled[sector / BLOCK_SECTORS] != GARBLE_NOT;
}

/**
 * model_leg_spare_errors() - The pool counts errors anew
 */
void model_leg_spare_errors(void)
{
	garbled_errors = 0;
}

static bool fails_garbled(const struct model_leg *leg, const struct bio *bio)
{
	u64 sector = bio->bi_iter.bi_sector, end = sector + bio_sectors(bio);
	bool fails = false;

	for (; sector < end; sector++)
		fails |= leg->garbled[sector / BLOCK_SECTORS] == GARBLE_ERROR;
	if (!fails || garbled_errors == GARBLED_ERRORS)
		return false;
	garbled_errors++;
	return true;
}

static void do_read(const struct model_leg *leg, struct bio *bio)
{
	u32 sectors = bio_sectors(bio), i, j;
	u64 first = bio->bi_iter.bi_sector;
	u8 *data = malloc(sectors * SECTOR);

	memcpy(data, leg->now + first * SECTOR, sectors * SECTOR);
	for (i = 0; i < sectors; i++)
		for (j = 0; j < SECTOR && is_garbled(leg, first + i); j++)
			data[i * SECTOR + j] ^= 0xa5;
	scatter(bio, data);
	free(data);
}

/* A write that fails may have been done, in part too. */
static void fail_write(struct model_leg *leg, struct bio *bio)
{
	struct model_write w;
	u32 part;

	if (!bio->bi_iter.bi_size || model_chance(500))
		return;
	w = describe(bio);
	part = model_below(w.sectors / leg->tear + 1) * leg->tear;
	write_part(leg, &w, 0, part);
	w.sectors = part;
	if (part)
		add_to_cache(leg, &w);
	else
		free(w.data);
}

static bool fails_to_read(const struct model_leg *leg, const struct bio *bio)
{
	return model_chance(leg->read_errors) ||
	       (bio->bi_iter.bi_sector >= COUCHE_DATA_START && model_chance(leg->blind)) ||
	       fails_garbled(leg, bio);
}

static bool fails(const struct model_leg *leg, const struct bio *bio)
{
	if (leg->gone)
		return true;
	if (!op_is_write(bio_op(bio)))
		return fails_to_read(leg, bio);
	if (bio->bi_opf & REQ_PREFLUSH)
		return model_chance(leg->flush_errors);
	return model_chance(leg->write_errors);
}

static void do_write(struct model_leg *leg, struct bio *bio)
{
	struct model_write w = describe(bio);
	const u8 *old = leg->now + w.sector * SECTOR;

	if (leg->data && w.data && oracle_takes_place(old, w.data))
		machine_note_reuse();
	write_part(leg, &w, 0, w.sectors);
	if (bio->bi_opf & REQ_FUA) {
		settle(leg, &w, 0, w.sectors);
		free(w.data);
	} else {
		add_to_cache(leg, &w);
	}
}

/**
 * model_leg_do() - What a bio asks for
 * @leg: where it went
 * @bio: the bio
 *
 * Return: its status.
 */
blk_status_t model_leg_do(struct model_leg *leg, struct bio *bio)
{
	if (fails(leg, bio)) {
		leg->nr_errors++;
		if (!leg->gone && op_is_write(bio_op(bio)))
			fail_write(leg, bio);
		return BLK_STS_IOERR;
	}
	if (bio->bi_opf & REQ_PREFLUSH)
		flush(leg, bio->submitted);
	if (!bio->bi_iter.bi_size)
		return BLK_STS_OK;
	if (op_is_write(bio_op(bio)))
		do_write(leg, bio);
	else
		do_read(leg, bio);
	return BLK_STS_OK;
}

/**
 * model_leg_cut() - The power fails while a bio is on its way
 * @leg: where to
 * @bio: a write: it may be done, as those in the cache may
 */
void model_leg_cut(struct model_leg *leg, struct bio *bio)
{
	struct model_write w;

	if (leg->gone || !op_is_write(bio_op(bio)) || !bio->bi_iter.bi_size || model_chance(300))
		return;
	w = describe(bio);
	w.cut = true;
	write_part(leg, &w, 0, w.sectors);
	add_to_cache(leg, &w);
}

enum fate { ALL, NONE, SOME, TORN, OLDEST, NR_FATES };

/* Its beginning, its end, or some of its sectors or blocks. */
static void settle_torn(struct model_leg *leg, const struct model_write *w)
{
	u32 unit = model_chance(500) ? leg->tear : 8, i;
	u32 cut = model_below(w->sectors / unit + 1) * unit;

	switch (model_below(3)) {
	case 0:
		settle(leg, w, 0, cut);
		return;
	case 1:
		settle(leg, w, cut, w->sectors - cut);
		return;
	}
	for (i = 0; i + unit <= w->sectors; i += unit)
		if (model_chance(500))
			settle(leg, w, i, unit);
}

static void settle_some(struct model_leg *leg, const struct model_write *w, enum fate fate)
{
	if ((fate == TORN && model_chance(500)) || (w->cut && model_chance(800)))
		settle_torn(leg, w);
	else if (fate == ALL || (fate >= SOME && model_chance(500)))
		settle(leg, w, 0, w->sectors);
}

/**
 * model_leg_power_off() - Of what is in the cache, some stays
 * @leg: the leg; afterwards it reads what is on the medium
 * @all: rather all
 */
void model_leg_power_off(struct model_leg *leg, bool all)
{
	enum fate fate = all && model_chance(700) ? ALL : model_below(NR_FATES);
	unsigned int i, kept = fate == OLDEST ? model_below(leg->nr_cache + 1) : leg->nr_cache;

	for (i = 0; i < kept; i++)
		settle_some(leg, &leg->cache[i], fate == OLDEST ? ALL : fate);
	for (i = 0; i < leg->nr_cache; i++) {
		const struct model_write *w = &leg->cache[i];

		memcpy(leg->now + w->sector * SECTOR, leg->medium + w->sector * SECTOR,
		       (size_t)w->sectors * SECTOR);
	}
	drop_cache(leg);
}
