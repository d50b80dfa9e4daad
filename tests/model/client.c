// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"

#include <linux/mm.h>

#include "machine.h"
#include "oracle.h"

#define CLIENTS_MAX	16
#define EXTENT		16		/* blocks */
#define EXTENTS		(ORACLE_BLOCKS / EXTENT)

struct place {
	u32 volume, first, nr;
};

static struct mapped_device *const *devices;
static u64 left;
static unsigned int nr_clients;

/* What this life's clients like to do, in per thousand. */
static struct {
	u32 reads, flushes, unmaps, fua, whole;
} mix;

static void get_pages(struct page **pages, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		pages[i] = alloc_page(GFP_KERNEL);
}

static void put_pages(struct page **pages, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		put_page(pages[i]);
}

static int do_io(const struct place *p, blk_opf_t opf, struct page **pages)
{
	return model_dm_io(devices[p->volume], opf, (u64)p->first * 8, p->nr * 8, pages);
}

/* A few extents are in demand; whole ones and single blocks are likely. */
static struct place pick(void)
{
	struct place p = { .volume = model_below(ORACLE_VOLUMES) };
	u32 extent = model_chance(600) ? model_below(4) * 7 : model_below(EXTENTS), at;

	if (model_chance(mix.whole)) {
		p.first = extent * EXTENT;
		p.nr = EXTENT;
		return p;
	}
	p.nr = model_chance(500) ? 1 : 1 + model_below(EXTENT);
	at = model_below(EXTENT - p.nr + 1);
	p.first = extent * EXTENT + at;
	return p;
}

static void no_error(int err, const char *what, const struct place *p)
{
	if (err)
		model_fail("I1", "a %s fails that must not: volume %u blocks %u+%u: %d", what,
			   p->volume, p->first, p->nr, err);
}

/* Whether it was done; old and new may be read if it was not. */
static bool is_done(int err, const char *what, const struct place *p)
{
	if (err == -ENOSPC && (machine.tight || machine.drained)) {
		machine_counts.full++;
		return false;
	}
	no_error(err, what, p);
	return true;
}

static void do_flush(void)
{
	struct place p = { .volume = model_below(ORACLE_VOLUMES) };
	u64 begun = oracle_flush_begin();

	no_error(do_io(&p, REQ_OP_WRITE | REQ_PREFLUSH, NULL), "flush", &p);
	oracle_flush_end(begun);
	machine_note_durable(false);
}

static void do_write(void)
{
	struct page *pages[ORACLE_RUN];
	struct place p = pick();
	bool fua = model_chance(mix.fua), unsettled = machine_is_unsettled();
	u64 version;
	bool done;
	u32 i;

	if (!oracle_write_begin(p.volume, p.first, p.nr, false, &version)) {
		do_flush();
		return;
	}
	get_pages(pages, p.nr);
	for (i = 0; i < p.nr; i++)
		oracle_fill(page_address(pages[i]), p.volume, p.first + i, version);
	done = is_done(do_io(&p, REQ_OP_WRITE | (fua ? REQ_FUA : 0), pages), "write", &p);
	oracle_write_end(p.volume, p.first, p.nr, done, fua && done);
	if (fua && done)
		machine_note_durable(unsettled);
	put_pages(pages, p.nr);
}

/* What is lost of it is an error for all of it, and right if it is none. */
static void read_and_check(const struct place *p, struct page **pages)
{
	struct oracle_read read;
	int err;

	oracle_read_begin(&read, p->volume, p->first, p->nr);
	err = do_io(p, REQ_OP_READ, pages);
	if (err == -EIO && oracle_read_may_fail(&read)) {
		machine_counts.unread++;
		oracle_read_fail(&read);
		return;
	}
	no_error(err, "read", p);
	oracle_read_end(&read, (u8 **)pages);
}

static void do_read(void)
{
	struct page *pages[ORACLE_RUN];
	struct place p = pick();

	get_pages(pages, p.nr);
	read_and_check(&p, pages);
	put_pages(pages, p.nr);
}

/* A discard of part of an extent promises nothing; else it is zeros. */
static void do_unmap(blk_opf_t op)
{
	struct place p = pick();
	u64 version;
	bool done;

	if (!oracle_write_begin(p.volume, p.first, p.nr, true, &version))
		return;
	done = is_done(do_io(&p, op, NULL), op == REQ_OP_DISCARD ? "discard" : "write-zeroes", &p);
	if (op == REQ_OP_DISCARD && p.nr < EXTENT)
		done = false;
	oracle_write_end(p.volume, p.first, p.nr, done, false);
}

static void do_something(void)
{
	u32 dice = model_below(1000);

	if (dice < mix.reads)
		do_read();
	else if (dice < mix.reads + mix.flushes)
		do_flush();
	else if (dice < mix.reads + mix.flushes + mix.unmaps)
		do_unmap(model_chance(500) ? REQ_OP_DISCARD : REQ_OP_WRITE_ZEROES);
	else
		do_write();
}

static void client(void *arg)
{
	while (left) {
		left--;
		model_operations++;
		do_something();
	}
	nr_clients--;
}

/* Commits are large where flushes are rare, and many where they are not. */
static void choose_mix(enum client_mood mood)
{
	static const u32 fuas[] = { 0, 0, 0, 20, 200, 600 };
	static const u32 flushes[] = { 1, 4, 20, 70, 250 };

	mix.reads = 50 + model_below(500);
	mix.flushes = flushes[model_below(ARRAY_SIZE(flushes))];
	mix.unmaps = model_below(100);
	mix.fua = fuas[model_below(ARRAY_SIZE(fuas))];
	mix.whole = model_below(400);
	if (mood == CLIENTS_LAZY) {
		mix.reads = 50;
		mix.flushes = 1;
		mix.fua = 0;
	} else if (mood == CLIENTS_ANXIOUS) {
		mix.flushes = 250;
		mix.fua = 600;
	} else if (mood == CLIENTS_CHURNING) {
		mix.reads = 50;
		mix.flushes = 70;
		mix.unmaps = 350;
		mix.whole = 800;
	}
}

/**
 * clients_start() - Begin to use the volumes
 * @volumes: which
 * @operations: how many, of all clients together
 * @mood: how often they want to be sure
 */
void clients_start(struct mapped_device *const *volumes, u64 operations, enum client_mood mood)
{
	u32 clients = 1 + model_below(CLIENTS_MAX);

	/* Much is to be on its way at a time. */
	if (mood == CLIENTS_CHURNING || mood == CLIENTS_ANXIOUS)
		clients = max(clients, CLIENTS_MAX / 2U);
	devices = volumes;
	left = operations;
	choose_mix(mood);
	for (nr_clients = 0; nr_clients < clients; nr_clients++)
		model_spawn("client", client, NULL);
}

bool clients_over(void)
{
	return !nr_clients;
}

/* Every extent, once. */
static void look(struct mapped_device *const *volumes,
		 void (*each)(const struct place *p, int err, u8 *const *data))
{
	struct page *pages[EXTENT];
	struct place p = { .nr = EXTENT };
	int err;

	devices = volumes;
	get_pages(pages, EXTENT);
	for (p.volume = 0; p.volume < ORACLE_VOLUMES; p.volume++)
		for (p.first = 0; p.first < ORACLE_BLOCKS; p.first += EXTENT) {
			err = do_io(&p, REQ_OP_READ, pages);
			each(&p, err, (u8 **)pages);
		}
	put_pages(pages, EXTENT);
}

static void peek_at(const struct place *p, int err, u8 *const *data)
{
	if (!err)
		oracle_peek(p->volume, p->first, p->nr, data);
}

/* Block by block, so that only those that are lost are not seen. */
static void verify_blocks(const struct place *extent, u8 *const *data)
{
	struct place p = { .volume = extent->volume, .first = extent->first, .nr = 1 };
	int err;

	for (; p.first < extent->first + extent->nr; p.first++) {
		err = do_io(&p, REQ_OP_READ, (struct page **)data);
		if (err != -EIO || !oracle_recovered_none(p.volume, p.first)) {
			no_error(err, "read after a start", &p);
			oracle_recovered(p.volume, p.first, 1, data);
		}
	}
}

static void verify(const struct place *p, int err, u8 *const *data)
{
	if (err == -EIO) {
		verify_blocks(p, data);
		return;
	}
	no_error(err, "read after a start", p);
	oracle_recovered(p->volume, p->first, p->nr, data);
}

/**
 * clients_peek() - Look at what can be read
 * @volumes: which; nothing of it needs to be there, but what is has to be right
 */
void clients_peek(struct mapped_device *const *volumes)
{
	look(volumes, peek_at);
}

/**
 * clients_verify() - Look at every byte
 * @volumes: which; nobody uses them yet
 */
void clients_verify(struct mapped_device *const *volumes)
{
	look(volumes, verify);
}

/**
 * clients_look() - Look at every byte once more
 * @volumes: which
 */
void clients_look(struct mapped_device *const *volumes)
{
	struct page *pages[EXTENT];
	struct place p = { .nr = EXTENT };

	devices = volumes;
	get_pages(pages, EXTENT);
	for (p.volume = 0; p.volume < ORACLE_VOLUMES; p.volume++)
		for (p.first = 0; p.first < ORACLE_BLOCKS; p.first += EXTENT)
			read_and_check(&p, pages);
	put_pages(pages, EXTENT);
}
