// SPDX-License-Identifier: GPL-2.0-only
#include "oracle.h"

#include <stdio.h>

#define CHOICES	24
#define SECTORS	8
#define WORDS	(512 / 8)
#define MAGIC	0x6c65646f6d756f63ULL	/* a client wrote it */

enum kind { DATA, ZEROES, SEEN };

/* What a block may hold. SEEN: what each sector held after the last start. */
struct choice {
	u64 version;
	u64 done;		/* the oracle's clock when it ended, 0: not yet */
	u8 kind;
	bool lost;		/* where it is it cannot be read */
};

struct block {
	struct choice choice[CHOICES];	/* oldest first */
	u64 seen[SECTORS];		/* versions; 0: zeros */
	u64 found;			/* the clock when all was there again */
	u8 nr;
	u8 readers;		/* nothing is forgotten meanwhile */
	bool busy;		/* somebody writes it */
};

static struct block blocks[ORACLE_VOLUMES][ORACLE_BLOCKS];
static u64 clock_now, versions, bytes;
static u64 watched = U64_MAX;

/**
 * oracle_watch() - Log whatever happens to a block
 * @volume: of it
 * @block: which
 */
void oracle_watch(u32 volume, u32 block)
{
	watched = (u64)volume << 32 | block;
}

static void note(u32 volume, u32 first, u32 nr, const char *what, u64 version)
{
	if (watched != U64_MAX && (u32)(watched >> 32) == volume && (u32)watched - first < nr)
		model_log("watched: %s %llu, blocks %u+%u", what, version, first, nr);
}

void oracle_reset(void)
{
	u32 v, b;

	memset(blocks, 0, sizeof(blocks));
	for (v = 0; v < ORACLE_VOLUMES; v++)
		for (b = 0; b < ORACLE_BLOCKS; b++) {
			blocks[v][b].nr = 1;
			blocks[v][b].choice[0].kind = ZEROES;
			blocks[v][b].choice[0].done = ++clock_now;
		}
}

u64 oracle_bytes(void)
{
	return bytes;
}

/* --- contents --------------------------------------------------------------------- */

static void fill_sector(u64 *to, u32 volume, u32 block, u32 sector, u64 version)
{
	u64 where = (u64)volume << 40 | (u64)block << 8 | sector;
	u64 x = version * 0x9e3779b97f4a7c15ULL ^ where;
	u32 i;

	to[0] = MAGIC;
	to[1] = where;
	to[2] = version;
	for (i = 3; i < WORDS; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		to[i] = x;
	}
}

void oracle_fill(u8 *data, u32 volume, u32 block, u64 version)
{
	u32 s;

	for (s = 0; s < SECTORS; s++)
		fill_sector((u64 *)(data + s * 512), volume, block, s, version);
}

/* Which version it is, 0: zeros; says so if it is none. */
static u64 identify(const u8 *data, u32 volume, u32 block, u32 sector, const char *when)
{
	u64 expected[WORDS], found[3];

	memcpy(found, data, sizeof(found));
	if (!memcmp(data, shim_zero_page, 512))
		return 0;
	fill_sector(expected, volume, block, sector, found[2]);
	if (!memcmp(data, expected, 512))
		return found[2];
	if (found[0] == expected[0] && found[1] != expected[1])
		model_fail("I2", "%s: volume %u block %u sector %u holds what was written to volume %llu block %llu sector %llu",
			   when, volume, block, sector, found[1] >> 40,
			   found[1] >> 8 & 0xffffffff, found[1] & 0xff);
	model_fail("I2", "%s: volume %u block %u sector %u holds what nobody wrote (%#llx)", when,
		   volume, block, sector, found[0]);
}

static bool is_choice(const struct block *b, const struct choice *c, u32 sector, u64 version)
{
	switch (c->kind) {
	case ZEROES:
		return !version;
	case SEEN:
		return b->seen[sector] == version;
	default:
		return c->version == version;
	}
}

/**
 * oracle_takes_place() - Is what may be read after a crash overwritten by another extent?
 * @old: a sector of a leg
 * @new: what it is to hold
 *
 * So it is where an extent has moved, or was unmapped and nobody has flushed.
 *
 * Return: whether; not, if one of them is not from a client.
 */
bool oracle_takes_place(const u8 *old, const u8 *new)
{
	u64 x[3], y[3];
	struct block *b;
	u32 i;

	memcpy(x, old, sizeof(x));
	memcpy(y, new, sizeof(y));
	if (x[0] != MAGIC || y[0] != MAGIC)
		return false;
	if (x[1] / (ORACLE_RUN << 8) == y[1] / (ORACLE_RUN << 8))
		return false;
	b = &blocks[x[1] >> 40][x[1] >> 8 & 0xffffffff];
	for (i = 0; i < b->nr; i++)
		if (is_choice(b, &b->choice[i], x[1] & 0xff, x[2]))
			return true;
	return false;
}

static void show(const struct block *b)
{
	u32 i;

	for (i = 0; i < b->nr; i++)
		printf("#   choice %u: %s %llu%s\n", i,
		       b->choice[i].kind == DATA ? "version" :
		       b->choice[i].kind == ZEROES ? "zeros" : "what was seen",
		       b->choice[i].version, b->choice[i].done ? "" : ", not ended");
	for (i = 0; i < SECTORS; i++)
		printf("#   sector %u was seen with %llu\n", i, b->seen[i]);
}

static void check(u32 volume, u32 nr, u32 from, const u8 *data, const char *rule,
		  const char *when)
{
	struct block *b = &blocks[volume][nr];
	u32 s, i;

	for (s = 0; s < SECTORS; s++) {
		u64 version = identify(data + s * 512, volume, nr, s, when);

		for (i = from; i < b->nr; i++)
			if (is_choice(b, &b->choice[i], s, version))
				break;
		if (i < b->nr)
			continue;
		show(b);
		model_fail(rule, "%s: volume %u block %u sector %u holds version %llu, which it must not",
			   when, volume, nr, s, version);
	}
	bytes += 4096;
}

/* --- writes ------------------------------------------------------------------------- */

static void forget_before(struct block *b, u32 first)
{
	if (!first || b->readers)
		return;
	b->nr -= first;
	memmove(b->choice, b->choice + first, b->nr * sizeof(b->choice[0]));
}

/**
 * oracle_write_begin() - A write, or zeroes, is about to be sent
 * @volume: where
 * @first: first block
 * @nr: blocks
 * @zeroes: whether they read as zeros afterwards
 * @version: of the contents
 *
 * Return: false when somebody writes there, or too much is undecided.
 */
bool oracle_write_begin(u32 volume, u32 first, u32 nr, bool zeroes, u64 *version)
{
	u32 i;

	for (i = first; i < first + nr; i++)
		if (blocks[volume][i].busy || blocks[volume][i].nr + 2 > CHOICES)
			return false;
	*version = ++versions;
	note(volume, first, nr, zeroes ? "zeroes" : "write", *version);
	for (i = first; i < first + nr; i++) {
		struct block *b = &blocks[volume][i];
		struct choice *c = &b->choice[b->nr++];

		c->version = *version;
		c->done = 0;
		c->lost = false;
		c->kind = zeroes ? ZEROES : DATA;
		b->busy = true;
	}
	return true;
}

/**
 * oracle_write_end() - It has ended
 * @volume: where
 * @first: first block
 * @nr: blocks
 * @done: not, when it failed or promised nothing: old and new may be read
 * @fua: whether it is durable
 */
void oracle_write_end(u32 volume, u32 first, u32 nr, bool done, bool fua)
{
	u32 i;

	clock_now++;
	note(volume, first, nr, fua ? "ended, durable, at" : done ? "ended at" : "may have ended at",
	     clock_now);
	for (i = first; i < first + nr; i++) {
		struct block *b = &blocks[volume][i];

		b->busy = false;
		if (!done)
			continue;
		b->choice[b->nr - 1].done = clock_now;
		if (fua)
			forget_before(b, b->nr - 1);
	}
}

u64 oracle_flush_begin(void)
{
	return ++clock_now;
}

void oracle_flush_end(u64 begun)
{
	u32 v, n, i;

	note(watched >> 32, watched, 1, "flush, begun at", begun);
	for (v = 0; v < ORACLE_VOLUMES; v++)
		for (n = 0; n < ORACLE_BLOCKS; n++) {
			struct block *b = &blocks[v][n];

			for (i = b->nr; i-- > 1;)
				if (b->choice[i].done && b->choice[i].done <= begun)
					break;
			forget_before(b, i);
		}
}

/* --- reads -------------------------------------------------------------------------- */

static u32 last_done(const struct block *b)
{
	u32 i = b->nr - 1;

	while (i && !b->choice[i].done)
		i--;
	return i;
}

void oracle_read_begin(struct oracle_read *read, u32 volume, u32 first, u32 nr)
{
	u32 i;

	read->volume = volume;
	read->first = first;
	read->nr = nr;
	read->begun = ++clock_now;
	for (i = 0; i < nr; i++) {
		struct block *b = &blocks[volume][first + i];

		read->from[i] = last_done(b);
		b->readers++;
	}
}

/**
 * oracle_read_may_fail() - Is something lost of what is read?
 * @read: about to end
 *
 * Or was it when the read began?
 *
 * Return: whether.
 */
bool oracle_read_may_fail(const struct oracle_read *read)
{
	u32 i, j;

	for (i = 0; i < read->nr; i++) {
		const struct block *b = &blocks[read->volume][read->first + i];

		if (b->found > read->begun)
			return true;
		for (j = read->from[i]; j < b->nr; j++)
			if (b->choice[j].lost)
				return true;
	}
	return false;
}

void oracle_read_fail(const struct oracle_read *read)
{
	u32 i;

	for (i = 0; i < read->nr; i++)
		blocks[read->volume][read->first + i].readers--;
}

void oracle_read_end(struct oracle_read *read, u8 *const *data)
{
	u32 i;

	for (i = 0; i < read->nr; i++) {
		check(read->volume, read->first + i, read->from[i], data[i], "I2", "read");
		blocks[read->volume][read->first + i].readers--;
	}
}

/* --- losses --------------------------------------------------------------------------- */

static bool is_whole_choice(const struct block *b, const struct choice *c, u64 version)
{
	u32 s;

	for (s = 0; s < SECTORS; s++)
		if (!is_choice(b, c, s, version))
			return false;
	return true;
}

static bool is_lost(const struct block *b, u64 version)
{
	u32 i;

	for (i = 0; i < b->nr; i++)
		if (b->choice[i].lost && is_whole_choice(b, &b->choice[i], version))
			return true;
	return false;
}

/**
 * oracle_lose() - The place where contents of a block are cannot be read any more
 * @volume: of it
 * @block: which
 * @data: the contents
 *
 * Return: false if it is none that the block may have.
 */
bool oracle_lose(u32 volume, u32 block, const u8 *data)
{
	struct block *b = &blocks[volume][block];
	u64 version = identify(data, volume, block, 0, "in a slot");
	bool any = false;
	u32 i;

	for (i = 0; i < b->nr; i++) {
		if (!is_whole_choice(b, &b->choice[i], version))
			continue;
		b->choice[i].lost = true;
		any = true;
	}
	if (any)
		note(volume, block, 1, "lost", version);
	return any;
}

/**
 * oracle_find_again() - All contents can be read where they are
 */
void oracle_find_again(void)
{
	u32 v, n, i;

	clock_now++;
	for (v = 0; v < ORACLE_VOLUMES; v++)
		for (n = 0; n < ORACLE_BLOCKS; n++) {
			struct block *b = &blocks[v][n];

			for (i = 0; i < b->nr; i++) {
				if (b->choice[i].lost)
					b->found = clock_now;
				b->choice[i].lost = false;
			}
		}
}

/* --- crashes -------------------------------------------------------------------------- */

void oracle_crash(void)
{
	u32 v, n;

	for (v = 0; v < ORACLE_VOLUMES; v++)
		for (n = 0; n < ORACLE_BLOCKS; n++) {
			blocks[v][n].busy = false;
			blocks[v][n].readers = 0;
		}
}

/* From here on it holds what was seen; without a flush any choice may come back. */
static void set_seen(u32 volume, u32 nr, const u8 *data)
{
	struct block *b = &blocks[volume][nr];
	u32 i, left = 0, s;

	bool lost = is_lost(b, identify(data, volume, nr, 0, "after a start"));

	for (i = 0; i < b->nr; i++)
		if (b->choice[i].kind != SEEN)
			b->choice[left++] = b->choice[i];
	for (s = 0; s < SECTORS; s++)
		b->seen[s] = identify(data + s * 512, volume, nr, s, "after a start");
	note(volume, nr, 1, "seen after a start", b->seen[0]);
	b->choice[left].kind = SEEN;
	b->choice[left].version = 0;
	b->choice[left].done = ++clock_now;
	b->choice[left].lost = lost;
	b->nr = left + 1;
}

/**
 * oracle_peek() - What is read with some legs only, and nothing is written
 * @volume: where
 * @first: first block
 * @nr: blocks
 * @data: their contents
 */
void oracle_peek(u32 volume, u32 first, u32 nr, u8 *const *data)
{
	u32 i;

	for (i = 0; i < nr; i++)
		check(volume, first + i, 0, data[i], "I1", "with some legs only");
}

/**
 * oracle_recovered() - What is read after a start, before anything is written
 * @volume: where
 * @first: first block
 * @nr: blocks
 * @data: their contents
 */
void oracle_recovered(u32 volume, u32 first, u32 nr, u8 *const *data)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		check(volume, first + i, 0, data[i], "I1", "after a start");
		set_seen(volume, first + i, data[i]);
	}
}

/**
 * oracle_recovered_none() - After a start a block cannot be read
 * @volume: where
 * @block: which
 *
 * Then it holds contents that are lost, and only those from here on.
 *
 * Return: whether it may.
 */
bool oracle_recovered_none(u32 volume, u32 block)
{
	struct block *b = &blocks[volume][block];
	struct choice lost[CHOICES];
	u32 i, left = 0, nr = 0;

	for (i = 0; i < b->nr; i++)
		if (b->choice[i].lost)
			lost[nr++] = b->choice[i];
		else
			b->choice[left++] = b->choice[i];
	note(volume, block, 1, "not to be read after a start; lost versions", nr);
	/* Which of them is not known: all that may be come after the one that has ended. */
	for (i = 0; i < nr; i++) {
		lost[i].done = i ? 0 : ++clock_now;
		b->choice[left++] = lost[i];
	}
	return nr;
}
