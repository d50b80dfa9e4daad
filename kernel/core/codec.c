// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "codec.h"
#include "codec_kernel.h"
#include "crc32c.h"
#include "crc32c_priv.h"

/* Above this much k the fourth row of a Vandermonde matrix loses MDS. */
#define VANDERMONDE_MAX_M 4
#define VANDERMONDE_M4_MAX_K 21

/* Decode plans kept per codec: at most so many, and about so much memory. */
#define DECODE_SLOTS_MAX 64
#define DECODE_SLOTS_MIN 4
#define DECODE_BYTES (128 << 10)

#define PLAN_ALIGN 64

struct decode_slot {
	u64 key;			/* chosen << 32 | wanted; 0: unset */
	u64 used;			/* clock of the last use */
	unsigned int refs;		/* not to be replaced while > 0 */
	struct couche_rs_plan *plan;
};

struct couche_codec {
	unsigned int k;
	unsigned int m;
	struct couche_rs_plan *encode;
	spinlock_t lock;		/* slots, clock */
	u64 clock;
	unsigned int slot_nr;
	struct decode_slot slots[];
};

static const struct couche_codec_kernel kernels[] = {
	{ "scalar", 0, couche_rs_scalar },
#ifdef __x86_64__
	{ "ssse3", COUCHE_CPU_SSSE3, couche_rs_ssse3 },
	{ "avx2", COUCHE_CPU_AVX2, couche_rs_avx2 },
	{ "gfni256", COUCHE_CPU_AVX2 | COUCHE_CPU_GFNI, couche_rs_gfni256 },
	{ "avx512", COUCHE_CPU_AVX512, couche_rs_avx512 },
	{ "gfni512", COUCHE_CPU_AVX512 | COUCHE_CPU_GFNI, couche_rs_gfni512 },
#endif
};

/* Ascending in speed; "auto" takes the last one that the processor can do. */
static const struct couche_codec_kernel *kernel = &kernels[0];
static size_t cache_bytes = 2 << 20;

/* May couche_codec_encode_crc() use AVX-512 for checksums too? */
static bool wide_crc;

#define WIDE_CRC_NEEDS (COUCHE_CPU_AVX512 | COUCHE_CPU_VPCLMUL | COUCHE_CPU_SSE42)

/* ---- plans ------------------------------------------------------------- */

static size_t plan_bytes(size_t coefs)
{
	return sizeof(struct couche_rs_plan) + PLAN_ALIGN +
		coefs * (COUCHE_GF_NIBBLES + sizeof(u64) + 1);
}

/* Place the tables behind the struct, the widest first to keep alignment. */
static void plan_layout(struct couche_rs_plan *plan, size_t coefs)
{
	u8 *p = PTR_ALIGN((u8 *)(plan + 1), PLAN_ALIGN);

	plan->nibbles = (void *)p;
	p += coefs * COUCHE_GF_NIBBLES;
	plan->affine = (void *)p;
	p += coefs * sizeof(u64);
	plan->coef = p;
}

static struct couche_rs_plan *plan_create(size_t coefs)
{
	struct couche_rs_plan *plan = kvzalloc(plan_bytes(coefs), GFP_KERNEL);

	if (plan)
		plan_layout(plan, coefs);
	return plan;
}

/* Are @n elements, @stride apart, 1, @base, @base^2, ...? */
static bool coefs_are_powers(const u8 *coef, unsigned int n,
			     unsigned int stride, u8 base)
{
	unsigned int j;
	u8 power = 1;

	for (j = 0; j < n; j++) {
		if (coef[j * stride] != power)
			return false;
		power = couche_gf_mul(power, base);
	}
	return true;
}

/* Derive everything else from plan->coef. */
static void plan_prepare(struct couche_rs_plan *plan, unsigned int rows,
			 unsigned int cols)
{
	unsigned int i;

	plan->rows = rows;
	plan->cols = cols;
	plan->xor_row = rows && coefs_are_powers(plan->coef, cols, 1, 1);
	plan->xor_col = coefs_are_powers(plan->coef, rows, cols, 1);
	plan->pq = plan->xor_row && rows > 1 &&
		coefs_are_powers(plan->coef + cols, cols, 1, 2);
	plan->copy = cols == 1 && plan->xor_col;
	for (i = 0; i < rows * cols; i++) {
		couche_gf_nibbles(plan->coef[i], plan->nibbles[i]);
		plan->affine[i] = couche_gf_affine(plan->coef[i]);
	}
}

static unsigned int list_bits(u32 set, u8 *list)
{
	unsigned int n = 0;

	for (; set; set &= set - 1)
		list[n++] = __builtin_ctz(set);
	return n;
}

static int plan_rebuild(struct couche_rs_plan *plan,
			const struct couche_codec *c, u32 chosen, u32 wanted)
{
	unsigned int rows, cols;
	int ret;

	ret = couche_matrix_rebuild(c->encode->coef, c->k, chosen, wanted,
				    plan->coef);
	if (ret)
		return ret;
	cols = list_bits(chosen, plan->in);
	rows = list_bits(wanted, plan->out);
	plan_prepare(plan, rows, cols);
	return 0;
}

/* ---- codecs ------------------------------------------------------------ */

/**
 * couche_codec_check() - may this profile be used?
 * @k: data shards
 * @m: parity shards
 * @matrix: coding matrix
 *
 * Context: Any.
 * Return: 0; -EINVAL when k < 1, k + m > 32 or the matrix is unknown; -EDOM
 * when some loss of m shards could not be repaired (a Vandermonde matrix with
 * m > 4, or m = 4 and k > 21).
 */
int couche_codec_check(unsigned int k, unsigned int m,
		       enum couche_matrix matrix)
{
	if (k < 1 || k > COUCHE_CODEC_MAX_SHARDS ||
	    m > COUCHE_CODEC_MAX_SHARDS - k)
		return -EINVAL;
	switch (matrix) {
	case COUCHE_MATRIX_CAUCHY:
		return 0;
	case COUCHE_MATRIX_VANDERMONDE:
		if (m > VANDERMONDE_MAX_M ||
		    (m == VANDERMONDE_MAX_M && k > VANDERMONDE_M4_MAX_K))
			return -EDOM;
		return 0;
	}
	return -EINVAL;
}

static unsigned int decode_slots(unsigned int k, unsigned int m)
{
	if (!m)
		return 0;
	return clamp_t(unsigned int, DECODE_BYTES / plan_bytes(k * m),
		       DECODE_SLOTS_MIN, DECODE_SLOTS_MAX);
}

/**
 * couche_codec_create() - make a codec
 * @k: data shards
 * @m: parity shards
 * @matrix: coding matrix
 *
 * The profile must have passed couche_codec_check(). All memory a codec ever
 * uses, up to about 150 KiB of decode tables included, is allocated here.
 *
 * Context: Process context, may sleep.
 * Return: the codec, to be given to couche_codec_free(), or NULL when there is
 * no memory.
 */
struct couche_codec *couche_codec_create(unsigned int k, unsigned int m,
					 enum couche_matrix matrix)
{
	unsigned int i, slot_nr = decode_slots(k, m);
	struct couche_codec *c;

	c = kvzalloc(sizeof(*c) + slot_nr * sizeof(c->slots[0]), GFP_KERNEL);
	if (!c)
		return NULL;
	c->k = k;
	c->m = m;
	spin_lock_init(&c->lock);

	c->encode = plan_create(k * m);
	if (!c->encode)
		goto err_free;
	couche_matrix_parity(c->encode->coef, k, m, matrix);
	plan_prepare(c->encode, m, k);

	for (i = 0; i < slot_nr; i++) {
		c->slots[i].plan = plan_create(k * m);
		if (!c->slots[i].plan)
			goto err_free;
		c->slot_nr++;
	}
	return c;

err_free:
	couche_codec_free(c);
	return NULL;
}

/**
 * couche_codec_free() - free a codec
 * @c: codec that nobody uses any more, or NULL
 *
 * Context: Process context.
 */
void couche_codec_free(struct couche_codec *c)
{
	unsigned int i;

	if (!c)
		return;
	for (i = 0; i < c->slot_nr; i++)
		kvfree(c->slots[i].plan);
	kvfree(c->encode);
	kvfree(c);
}

/**
 * couche_codec_mode() - how to run over a stripe
 * @c: codec
 * @len: bytes per shard of the whole stripe
 *
 * Writing around the cache wins when the stripe would not stay in it and loses
 * much when it would, so the whole stripe decides, not the part at hand.
 *
 * Context: Any.
 * Return: the mode for the functions that want one.
 */
enum couche_codec_mode couche_codec_mode(const struct couche_codec *c,
					 size_t len)
{
	return (c->k + c->m) * len > cache_bytes ? COUCHE_CODEC_STREAM :
						   COUCHE_CODEC_CACHED;
}

/* ---- encode ------------------------------------------------------------ */

static void plan_copy(const struct couche_rs_job *job)
{
	unsigned int r;

	for (r = 0; r < job->plan->rows; r++)
		memcpy(job->out[r] + job->off, job->in[0] + job->off, job->len);
}

static void plan_run(const struct couche_rs_job *job)
{
	if (job->plan->copy)
		plan_copy(job);
	else if (job->plan->rows && job->len)
		kernel->run(job);
}

/**
 * couche_codec_encode_part() - make the parity of a part of a stripe
 * @c: codec
 * @off: first byte, in every shard
 * @len: bytes of every shard
 * @data: k data shards
 * @parity: m parity shards, filled in
 * @mode: from couche_codec_mode()
 *
 * Context: Any, in a SIMD section.
 */
void couche_codec_encode_part(const struct couche_codec *c, size_t off,
			      size_t len, const u8 *const *data,
			      u8 *const *parity, enum couche_codec_mode mode)
{
	const struct couche_rs_job job = {
		.plan = c->encode,
		.off = off,
		.len = len,
		.in = data,
		.out = parity,
		.stream = mode == COUCHE_CODEC_STREAM,
	};

	plan_run(&job);
}

/**
 * couche_codec_encode() - make the parity of a stripe
 * @c: codec
 * @len: bytes per shard; multiples of 64 are fastest
 * @data: k data shards
 * @parity: m parity shards, filled in
 *
 * Context: Any, in a SIMD section.
 */
void couche_codec_encode(const struct couche_codec *c, size_t len,
			 const u8 *const *data, u8 *const *parity)
{
	couche_codec_encode_part(c, 0, len, data, parity,
				 couche_codec_mode(c, len));
}

/* Checksum a block; @copy and @fetch_next see couche_crc32c_avx512_block(). */
static u32 block_crc(const u8 *p, u8 *copy, bool fetch_next)
{
#ifdef __x86_64__
	if (wide_crc && !((unsigned long)copy & 63))
		return couche_crc32c_avx512_block(p, copy, fetch_next);
#endif
	if (copy)
		memcpy(copy, p, COUCHE_CODEC_BLOCK);
	return couche_crc32c(~0U, p, COUCHE_CODEC_BLOCK);
}

/* The block at @off of every shard. */
static void encode_crc_block(const struct couche_codec *c, size_t off,
			     const u8 *const *src, u8 *const *data,
			     u8 *const *parity, u32 *const *crcs, bool last,
			     bool stream)
{
	const u8 *const *from = src ?: (const u8 *const *)data;
	size_t block = off / COUCHE_CODEC_BLOCK;
	bool fetch = stream && !last;
	unsigned int i;

	/* A copy that shall stay in the cache is an ordinary one. */
	for (i = 0; src && !stream && i < c->k; i++)
		memcpy(data[i] + off, src[i] + off, COUCHE_CODEC_BLOCK);
	couche_codec_encode_part(c, off, COUCHE_CODEC_BLOCK, from, parity,
				 COUCHE_CODEC_CACHED);
	for (i = 0; i < c->k; i++)
		crcs[i][block] = block_crc(from[i] + off, src && stream ? data[i] + off : NULL,
					   fetch);
	for (i = 0; i < c->m; i++)
		crcs[c->k + i][block] = block_crc(parity[i] + off, NULL, false);
}

/**
 * couche_codec_encode_crc() - make parity and checksums while in the cache
 * @c: codec
 * @off: first byte, in every shard; a multiple of 4096
 * @len: bytes of every shard; a multiple of 4096
 * @src: k sources that are copied to @data on the way, or NULL
 * @data: k data shards
 * @parity: m parity shards, filled in
 * @crcs: for each of the k + m shards an array that gets the crc32c (started
 *	with ~0, not inverted) of each 4096 bytes of the shard, at the index of
 *	that block within the shard
 * @mode: from couche_codec_mode()
 *
 * Parity is written through the cache even when streaming, because its
 * checksum reads it at once.
 *
 * Context: Any, in a SIMD section.
 */
void couche_codec_encode_crc(const struct couche_codec *c, size_t off,
			     size_t len, const u8 *const *src,
			     u8 *const *data, u8 *const *parity,
			     u32 *const *crcs, enum couche_codec_mode mode)
{
	size_t end = off + len;

	for (; off < end; off += COUCHE_CODEC_BLOCK)
		encode_crc_block(c, off, src, data, parity, crcs,
				 off + COUCHE_CODEC_BLOCK == end,
				 mode == COUCHE_CODEC_STREAM);
}

/* ---- decode ------------------------------------------------------------ */

static int slot_find(const struct couche_codec *c, u64 key)
{
	unsigned int i;

	for (i = 0; i < c->slot_nr; i++)
		if (c->slots[i].key == key)
			return i;
	return -1;
}

static int slot_oldest(const struct couche_codec *c)
{
	int i, oldest = -1;

	for (i = 0; i < (int)c->slot_nr; i++) {
		if (c->slots[i].refs)
			continue;
		if (oldest < 0 || c->slots[i].used < c->slots[oldest].used)
			oldest = i;
	}
	return oldest;
}

/*
 * Take the slot that has @key, or else one that may be overwritten. The latter
 * is given back without a key: nobody else finds it until it is filled.
 */
static int slot_get(struct couche_codec *c, u64 key, bool *hit)
{
	int i;

	spin_lock(&c->lock);
	i = slot_find(c, key);
	*hit = i >= 0;
	if (!*hit)
		i = slot_oldest(c);
	if (i >= 0) {
		if (!*hit)
			c->slots[i].key = 0;
		c->slots[i].refs++;
		c->slots[i].used = ++c->clock;
	}
	spin_unlock(&c->lock);
	return i;
}

static void slot_publish(struct couche_codec *c, int i, u64 key)
{
	spin_lock(&c->lock);
	c->slots[i].key = key;
	spin_unlock(&c->lock);
}

static void slot_put(struct couche_codec *c, int i)
{
	spin_lock(&c->lock);
	c->slots[i].refs--;
	spin_unlock(&c->lock);
}

/* Data shards first: they need the least work, and parity the earliest row. */
static u32 choose_shards(u32 present, unsigned int k)
{
	u32 chosen = 0;

	for (; k; k--) {
		chosen |= present & -present;
		present &= present - 1;
	}
	return chosen;
}

static int decode_check(const struct couche_codec *c, u32 present, u32 wanted)
{
	u32 all = (u32)((1ULL << (c->k + c->m)) - 1);

	if ((present | wanted) & ~all || present & wanted)
		return -EINVAL;
	if (hweight32(present) < c->k)
		return -ENODATA;
	return 0;
}

/**
 * couche_codec_decode_begin() - prepare a rebuild
 * @c: codec
 * @present: the shards that can be read; bit i is shard i, parity from bit k on
 * @wanted: the shards to make
 * @d: filled in; to be given to couche_codec_decode_end() when 0 is returned
 *
 * Any k of @present are enough; the first k are read, see @d->chosen.
 *
 * Context: Process context, outside of a SIMD section. Takes the codec's lock.
 * Return: 0; -EINVAL when a set names a shard that does not exist, or both name
 * the same; -ENODATA when fewer than k shards are present.
 */
int couche_codec_decode_begin(struct couche_codec *c, u32 present, u32 wanted,
			      struct couche_decode *d)
{
	u64 key;
	bool hit;
	int ret;

	ret = decode_check(c, present, wanted);
	if (ret)
		return ret;
	d->codec = c;
	d->chosen = choose_shards(present, c->k);
	d->wanted = wanted;
	d->plan = NULL;
	d->slot = -1;
	if (!wanted)
		return 0;

	key = (u64)d->chosen << 32 | wanted;
	d->slot = slot_get(c, key, &hit);
	if (d->slot < 0)
		return 0;
	if (!hit) {
		ret = plan_rebuild(c->slots[d->slot].plan, c, d->chosen, wanted);
		if (ret) {
			slot_put(c, d->slot);
			return ret;
		}
		slot_publish(c, d->slot, key);
	}
	d->plan = c->slots[d->slot].plan;
	return 0;
}

/**
 * couche_codec_decode_end() - finish a rebuild
 * @d: from couche_codec_decode_begin()
 *
 * Context: Process context, outside of a SIMD section. Takes the codec's lock.
 */
void couche_codec_decode_end(struct couche_decode *d)
{
	if (d->slot >= 0)
		slot_put(d->codec, d->slot);
	d->plan = NULL;
	d->slot = -1;
}

static void plan_decode(const struct couche_rs_plan *plan, size_t off,
			size_t len, u8 *const *shards, bool stream)
{
	const u8 *in[COUCHE_CODEC_MAX_SHARDS];
	u8 *out[COUCHE_CODEC_MAX_SHARDS];
	const struct couche_rs_job job = {
		.plan = plan,
		.off = off,
		.len = len,
		.in = in,
		.out = out,
		.stream = stream,
	};
	unsigned int i;

	for (i = 0; i < plan->cols; i++)
		in[i] = shards[plan->in[i]];
	for (i = 0; i < plan->rows; i++)
		out[i] = shards[plan->out[i]];
	plan_run(&job);
}

/*
 * More patterns are being rebuilt at once than there are slots. Do without: one
 * shard at a time needs a plan small enough for the stack.
 */
static noinline void decode_without_slot(const struct couche_decode *d,
					 size_t off, size_t len,
					 u8 *const *shards, bool stream)
{
	struct {
		struct couche_rs_plan plan;
		u8 tables[PLAN_ALIGN + COUCHE_CODEC_MAX_SHARDS *
			  (COUCHE_GF_NIBBLES + sizeof(u64) + 1)];
	} row;
	u32 wanted = d->wanted;

	plan_layout(&row.plan, d->codec->k);
	for (; wanted; wanted &= wanted - 1) {
		/* Cannot fail: the profile was checked to allow any loss. */
		if (plan_rebuild(&row.plan, d->codec, d->chosen,
				 wanted & -wanted))
			return;
		plan_decode(&row.plan, off, len, shards, stream);
	}
}

/**
 * couche_codec_decode_part() - rebuild a part of the wanted shards
 * @d: from couche_codec_decode_begin()
 * @off: first byte, in every shard
 * @len: bytes of every shard
 * @shards: all k + m shards; only those chosen are read and those wanted written
 * @mode: from couche_codec_mode()
 *
 * Context: Any, in a SIMD section.
 */
void couche_codec_decode_part(const struct couche_decode *d, size_t off,
			      size_t len, u8 *const *shards,
			      enum couche_codec_mode mode)
{
	bool stream = mode == COUCHE_CODEC_STREAM;

	if (d->plan)
		plan_decode(d->plan, off, len, shards, stream);
	else
		decode_without_slot(d, off, len, shards, stream);
}

/**
 * couche_codec_decode() - rebuild shards
 * @c: codec
 * @len: bytes per shard; multiples of 64 are fastest
 * @present: the shards that can be read; bit i is shard i, parity from bit k on
 * @wanted: the shards to make
 * @shards: all k + m shards; those neither read nor wanted may be NULL
 *
 * Context: Process context, in a SIMD section. Takes the codec's lock.
 * Return: 0; -EINVAL when a set names a shard that does not exist, or both name
 * the same; -ENODATA when fewer than k shards are present.
 */
int couche_codec_decode(struct couche_codec *c, size_t len, u32 present,
			u32 wanted, u8 *const *shards)
{
	struct couche_decode d;
	int ret;

	ret = couche_codec_decode_begin(c, present, wanted, &d);
	if (ret)
		return ret;
	couche_codec_decode_part(&d, 0, len, shards, couche_codec_mode(c, len));
	couche_codec_decode_end(&d);
	return 0;
}

/* ---- the kernel -------------------------------------------------------- */

static void kernel_use(const struct couche_codec_kernel *chosen,
		       u32 cpu_features)
{
	kernel = chosen;
	/* Whoever wants narrower vectors for parity wants them throughout. */
	wide_crc = chosen->needs & COUCHE_CPU_AVX512 &&
		(cpu_features & WIDE_CRC_NEEDS) == WIDE_CRC_NEEDS;
#ifdef __x86_64__
	if (wide_crc)
		couche_crc32c_avx512_init();
#endif
}

/**
 * couche_codec_select() - choose the kernel
 * @name: one of couche_codec_kernel_at(), or NULL or "auto" for the fastest
 * @cpu_features: COUCHE_CPU_* bits of what may be used
 *
 * Context: Any, while no codec is in use.
 * Return: 0; -ENOENT when there is no such kernel; -EOPNOTSUPP when the
 * processor cannot run it. The choice is unchanged then.
 */
int couche_codec_select(const char *name, u32 cpu_features)
{
	bool automatic = !name || !strcmp(name, "auto");
	int i, ret = -ENOENT;

	for (i = ARRAY_SIZE(kernels) - 1; i >= 0; i--) {
		if (!automatic && strcmp(name, kernels[i].name))
			continue;
		if ((cpu_features & kernels[i].needs) == kernels[i].needs) {
			kernel_use(&kernels[i], cpu_features);
			return 0;
		}
		ret = -EOPNOTSUPP;
	}
	return ret;
}

/**
 * couche_codec_kernel_name() - the kernel in use
 *
 * Context: Any.
 * Return: its name.
 */
const char *couche_codec_kernel_name(void)
{
	return kernel->name;
}

/**
 * couche_codec_kernel_at() - list the kernels
 * @index: 0, 1, ...
 *
 * Context: Any.
 * Return: the name, or NULL past the end.
 */
const char *couche_codec_kernel_at(unsigned int index)
{
	return index < ARRAY_SIZE(kernels) ? kernels[index].name : NULL;
}

/**
 * couche_codec_uses_simd() - does the kernel in use need a SIMD section?
 *
 * Context: Any.
 * Return: true unless it is the scalar one.
 */
bool couche_codec_uses_simd(void)
{
	return kernel->needs;
}

/**
 * couche_codec_set_cache_bytes() - how large a stripe stays in the cache
 * @bytes: size of the second level cache; 0 keeps the default
 *
 * Context: Any, while no codec is in use.
 */
void couche_codec_set_cache_bytes(size_t bytes)
{
	if (bytes)
		cache_bytes = bytes;
}
