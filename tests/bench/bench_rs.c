// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: bench_rs LIBISAL VERSION [KERNEL]
 *
 * Encode and decode against ISA-L, given the same matrix and the same buffers,
 * in one process and in turns, so that whatever else the machine does hits
 * both. Prints one JSON object per line; gigabytes are 10^9 bytes of data read,
 * without the parity written; the spread is the middle half of the rounds'
 * ratios, relative to their median.
 *
 * Sizes are those of one shard. Buffers are reused: small ones are in the
 * cache, as data is that has just arrived; what exceeds it is not.
 */
#include <dlfcn.h>
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "codec.h"

#define ROUNDS 61
#define ROUND_SECONDS 0.001
#define HUGE_PAGE (2UL << 20)

struct isal {
	void (*encode)(int len, int k, int rows, unsigned char *tables,
		       unsigned char **data, unsigned char **coding);
	void (*init_tables)(int k, int rows, unsigned char *coefs,
			    unsigned char *tables);
	void (*gen_matrix)(unsigned char *a, int shards, int k);
	int (*invert)(unsigned char *in, unsigned char *out, int n);
};

struct task {
	unsigned int k, m;
	size_t len;
	bool decode;			/* of one lost shard, the first */
	struct couche_codec *codec;
	u8 *shards[COUCHE_CODEC_MAX_SHARDS];
	/* What ISA-L is called with */
	unsigned char *in[COUCHE_CODEC_MAX_SHARDS];
	unsigned char *out[COUCHE_CODEC_MAX_SHARDS];
	unsigned int rows;
	unsigned char tables[COUCHE_CODEC_MAX_SHARDS *
			     COUCHE_CODEC_MAX_SHARDS * 32];
};

static struct isal isal;

static void *isal_symbol(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		errx(1, "%s", dlerror());
	return symbol;
}

static void isal_load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		errx(1, "%s", dlerror());
	isal.encode = isal_symbol(library, "ec_encode_data");
	isal.init_tables = isal_symbol(library, "ec_init_tables");
	isal.gen_matrix = isal_symbol(library, "gf_gen_rs_matrix");
	isal.invert = isal_symbol(library, "gf_invert_matrix");
}

static double now(void)
{
	struct timespec t;

	/* Of this thread: the time of others on the same processor is theirs. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void run_ours(struct task *t)
{
	u32 all = (1U << (t->k + t->m)) - 1;

	if (!t->decode) {
		couche_codec_encode(t->codec, t->len,
				    (const u8 *const *)t->shards,
				    t->shards + t->k);
		return;
	}
	if (couche_codec_decode(t->codec, t->len, all & ~1U, 1, t->shards))
		errx(1, "decode failed");
}

static void run_isal(struct task *t)
{
	isal.encode(t->len, t->k, t->rows, t->tables, t->in, t->out);
}

/* GB/s of one round of @run, and how often it fits in one. */
static double round_speed(struct task *t, void (*run)(struct task *t),
			  unsigned int repeat)
{
	double start = now();
	unsigned int i;

	for (i = 0; i < repeat; i++)
		run(t);
	return (double)t->k * t->len * repeat / (now() - start) * 1e-9;
}

static unsigned int rounds_fit(struct task *t, void (*run)(struct task *t))
{
	double bytes = (double)t->k * t->len;
	double speed;

	round_speed(t, run, 10);
	speed = round_speed(t, run, 100) * 1e9;
	return speed * ROUND_SECONDS / bytes + 1;
}

static void task_matrix(struct task *t)
{
	unsigned char a[COUCHE_CODEC_MAX_SHARDS * COUCHE_CODEC_MAX_SHARDS];
	unsigned char inverse[COUCHE_CODEC_MAX_SHARDS * COUCHE_CODEC_MAX_SHARDS];
	unsigned int i;

	isal.gen_matrix(a, t->k + t->m, t->k);
	if (!t->decode) {
		for (i = 0; i < t->k + t->m; i++)
			if (i < t->k)
				t->in[i] = t->shards[i];
			else
				t->out[i - t->k] = t->shards[i];
		t->rows = t->m;
		isal.init_tables(t->k, t->m, a + t->k * t->k, t->tables);
		return;
	}
	/* Shard 0 of shards 1 to k. */
	for (i = 0; i < t->k; i++)
		t->in[i] = t->shards[i + 1];
	t->out[0] = t->shards[0];
	t->rows = 1;
	if (isal.invert(a + t->k, inverse, t->k))
		errx(1, "ISA-L cannot invert");
	isal.init_tables(t->k, 1, inverse, t->tables);
}

static u8 *arena_map(size_t bytes)
{
	u8 *arena = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (arena == MAP_FAILED)
		err(1, "mmap");
	arena = (u8 *)(((unsigned long)arena + HUGE_PAGE - 1) & -HUGE_PAGE);
	madvise(arena, bytes, MADV_HUGEPAGE);
	srandom(1);
	for (i = 0; i < bytes; i++)
		arena[i] = random();
	return arena;
}

/* Both must have made the same bytes, or the race means nothing. */
static void task_verify(struct task *t)
{
	unsigned int i, first = t->decode ? 0 : t->k;
	u8 *copy = malloc(t->rows * t->len);

	run_isal(t);
	for (i = 0; i < t->rows; i++) {
		memcpy(copy + i * t->len, t->shards[first + i], t->len);
		memset(t->shards[first + i], 0x5a, t->len);
	}
	run_ours(t);
	for (i = 0; i < t->rows; i++)
		if (memcmp(copy + i * t->len, t->shards[first + i], t->len))
			errx(1, "%u+%u: results differ", t->k, t->m);
	free(copy);
}

static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void task_race(struct task *t, const char *peer)
{
	double ours[ROUNDS], theirs[ROUNDS], ratios[ROUNDS];
	unsigned int i, ours_fit, theirs_fit;

	ours_fit = rounds_fit(t, run_ours);
	theirs_fit = rounds_fit(t, run_isal);
	for (i = 0; i < ROUNDS; i++) {
		ours[i] = round_speed(t, run_ours, ours_fit);
		theirs[i] = round_speed(t, run_isal, theirs_fit);
		ratios[i] = ours[i] / theirs[i];
	}
	qsort(ours, ROUNDS, sizeof(ours[0]), double_compare);
	qsort(theirs, ROUNDS, sizeof(theirs[0]), double_compare);
	qsort(ratios, ROUNDS, sizeof(ratios[0]), double_compare);
	printf("{\"name\":\"rs-%s-%u+%u-%zuk\",\"ours\":%.2f,\"peer\":%.2f,\"peer_name\":\"%s\",\"unit\":\"GB/s\",\"ratio\":%.3f,\"spread\":%.3f}\n",
	       t->decode ? "decode1" : "encode", t->k, t->m, t->len >> 10,
	       ours[ROUNDS / 2], theirs[ROUNDS / 2], peer,
	       ours[ROUNDS / 2] / theirs[ROUNDS / 2],
	       (ratios[ROUNDS * 3 / 4] - ratios[ROUNDS / 4]) /
	       ratios[ROUNDS / 2]);
	fflush(stdout);
}

static void task_run(struct task *t, const char *peer)
{
	u8 *arena = arena_map((t->k + t->m) * t->len);
	unsigned int i;

	t->codec = couche_codec_create(t->k, t->m, COUCHE_MATRIX_VANDERMONDE);
	if (!t->codec)
		errx(1, "no memory");
	for (i = 0; i < t->k + t->m; i++)
		t->shards[i] = arena + i * t->len;
	task_matrix(t);
	task_verify(t);
	task_race(t, peer);
	couche_codec_free(t->codec);
	munmap(arena, (t->k + t->m) * t->len);
}

/* The last processor this process may use: the first serves interrupts. */
static void pin(void)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &set); cpu--)
		;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	static struct task tasks[] = {
		{ .k = 4, .m = 2, .len = 4 << 10 },
		{ .k = 4, .m = 2, .len = 64 << 10 },
		{ .k = 4, .m = 2, .len = 256 << 10 },
		{ .k = 8, .m = 3, .len = 4 << 10 },
		{ .k = 8, .m = 3, .len = 64 << 10 },
		{ .k = 8, .m = 3, .len = 256 << 10 },
		{ .k = 10, .m = 4, .len = 4 << 10 },
		{ .k = 10, .m = 4, .len = 64 << 10 },
		{ .k = 10, .m = 4, .len = 256 << 10 },
		{ .k = 4, .m = 2, .len = 64 << 10, .decode = true },
		{ .k = 10, .m = 4, .len = 64 << 10, .decode = true },
	};
	const char *name = argc > 3 ? argv[3] : "auto";
	char peer[64];
	size_t i;

	if (argc < 3)
		errx(2, "usage: bench_rs LIBISAL VERSION [KERNEL]");
	isal_load(argv[1]);
	snprintf(peer, sizeof(peer), "libisal %s", argv[2]);
	if (couche_codec_select(name, couche_cpu_features()))
		errx(1, "the codec kernel '%s' cannot be used here", name);
	couche_codec_set_cache_bytes(couche_cpu_cache_bytes());
	pin();
	for (i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		task_run(&tasks[i], peer);
	return 0;
}
