// SPDX-License-Identifier: GPL-2.0-only
/*
 * The codec where it works: inside a kernel, with the compiler flags of the
 * kernel, in SIMD sections. Every codec kernel of this processor against the
 * scalar one, and every loss of two shards.
 */
#include <kunit/test.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../core/codec.h"
#include "../core/cpu.h"
#include "../core/crc32c.h"
#include "../simd.h"

#define K_MAX 10
#define M_MAX 4
/* Two sections, and bytes that fill no vector. */
#define SHARD_BYTES (16384 + 4096 + 40)
#define CRC_BYTES (16384 + 4096)

struct bench {
	unsigned int k, m;
	struct couche_codec *codec;
	u8 *shards[COUCHE_CODEC_MAX_SHARDS];
	u8 *expected[M_MAX];
};

static void *bench_alloc(struct kunit *test, size_t bytes)
{
	void *p = kunit_kzalloc(test, bytes, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p);
	return p;
}

/* Random data, and its parity as the scalar kernel makes it. */
static void bench_init(struct kunit *test, struct bench *b, unsigned int k,
		       unsigned int m, enum couche_matrix matrix)
{
	unsigned int i;

	b->k = k;
	b->m = m;
	b->codec = couche_codec_create(k, m, matrix);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b->codec);
	for (i = 0; i < k + m; i++)
		b->shards[i] = bench_alloc(test, SHARD_BYTES);
	for (i = 0; i < k; i++)
		get_random_bytes(b->shards[i], SHARD_BYTES);
	for (i = 0; i < m; i++)
		b->expected[i] = bench_alloc(test, SHARD_BYTES);

	KUNIT_ASSERT_EQ(test, couche_codec_select("scalar", 0), 0);
	couche_simd_encode(b->codec, SHARD_BYTES, (const u8 *const *)b->shards,
			   b->expected);
}

static void bench_destroy(struct bench *b)
{
	couche_codec_free(b->codec);
	couche_simd_init();
}

static void expect_parity(struct kunit *test, const struct bench *b, size_t len)
{
	unsigned int i;

	for (i = 0; i < b->m; i++)
		KUNIT_EXPECT_EQ_MSG(test, memcmp(b->shards[b->k + i],
						 b->expected[i], len), 0,
				    "%s: %u+%u, parity %u",
				    couche_codec_kernel_name(), b->k, b->m, i);
}

static void check_profile(struct kunit *test, unsigned int k, unsigned int m,
			  enum couche_matrix matrix)
{
	u32 features = couche_cpu_features();
	unsigned int i, r, tested = 0;
	struct bench b;

	bench_init(test, &b, k, m, matrix);
	for (i = 0; couche_codec_kernel_at(i); i++) {
		if (couche_codec_select(couche_codec_kernel_at(i), features))
			continue;
		for (r = 0; r < m; r++)
			memset(b.shards[k + r], 0x5a, SHARD_BYTES);
		couche_simd_encode(b.codec, SHARD_BYTES,
				   (const u8 *const *)b.shards, b.shards + k);
		expect_parity(test, &b, SHARD_BYTES);
		tested++;
	}
	KUNIT_EXPECT_GE(test, tested, 1U);
	bench_destroy(&b);
}

static void codec_kernels_agree(struct kunit *test)
{
	check_profile(test, 4, 2, COUCHE_MATRIX_VANDERMONDE);
	check_profile(test, 8, 3, COUCHE_MATRIX_VANDERMONDE);
	check_profile(test, 10, 4, COUCHE_MATRIX_VANDERMONDE);
	check_profile(test, 4, 2, COUCHE_MATRIX_CAUCHY);
	check_profile(test, 7, 4, COUCHE_MATRIX_CAUCHY);
	check_profile(test, 1, 2, COUCHE_MATRIX_VANDERMONDE);
}

static void check_loss(struct kunit *test, const struct bench *b, u32 lost,
		       u8 *const *rebuilt)
{
	u32 all = (1U << (b->k + b->m)) - 1;
	u8 *shards[COUCHE_CODEC_MAX_SHARDS];
	unsigned int i, n = 0;

	for (i = 0; i < b->k + b->m; i++) {
		shards[i] = b->shards[i];
		if (lost & (1U << i)) {
			memset(rebuilt[n], 0xa5, SHARD_BYTES);
			shards[i] = rebuilt[n++];
		}
	}
	KUNIT_ASSERT_EQ(test, couche_simd_decode(b->codec, SHARD_BYTES,
						 all & ~lost, lost, shards), 0);
	for (i = 0; i < b->k + b->m; i++)
		KUNIT_EXPECT_EQ_MSG(test, memcmp(shards[i], b->shards[i],
						 SHARD_BYTES), 0,
				    "%s: %u+%u, lost %#x, shard %u",
				    couche_codec_kernel_name(), b->k, b->m,
				    lost, i);
}

static void codec_rebuilds_any_two_shards(struct kunit *test)
{
	u32 lost, features = couche_cpu_features();
	u8 *rebuilt[2];
	struct bench b;
	unsigned int i;

	bench_init(test, &b, 4, 2, COUCHE_MATRIX_VANDERMONDE);
	for (i = 0; i < 2; i++) {
		memcpy(b.shards[4 + i], b.expected[i], SHARD_BYTES);
		rebuilt[i] = bench_alloc(test, SHARD_BYTES);
	}
	for (i = 0; couche_codec_kernel_at(i); i++) {
		if (couche_codec_select(couche_codec_kernel_at(i), features))
			continue;
		for (lost = 1; lost < 1U << 6; lost++)
			if (hweight32(lost) <= 2)
				check_loss(test, &b, lost, rebuilt);
	}
	bench_destroy(&b);
}

static void codec_encodes_with_checksums(struct kunit *test)
{
	u32 *crcs[COUCHE_CODEC_MAX_SHARDS];
	unsigned int i, block;
	struct bench b;

	bench_init(test, &b, 4, 2, COUCHE_MATRIX_VANDERMONDE);
	for (i = 0; i < 6; i++)
		crcs[i] = bench_alloc(test, CRC_BYTES / 4096 * sizeof(u32));
	couche_simd_init();
	couche_simd_encode_crc(b.codec, CRC_BYTES, NULL, b.shards, b.shards + 4,
			       crcs);
	expect_parity(test, &b, CRC_BYTES);
	for (i = 0; i < 6; i++)
		for (block = 0; block < CRC_BYTES / 4096; block++)
			KUNIT_EXPECT_EQ(test, crcs[i][block],
					couche_crc32c(~0U, b.shards[i] + block * 4096, 4096));
	bench_destroy(&b);
}

static void crc32c_is_standard(struct kunit *test)
{
	u8 zeroes[32] = {};

	KUNIT_EXPECT_EQ(test, ~couche_crc32c(~0U, "123456789", 9), 0xe3069283U);
	KUNIT_EXPECT_EQ(test, ~couche_crc32c(~0U, zeroes, 32), 0x8a9136aaU);
}

static struct kunit_case codec_cases[] = {
	KUNIT_CASE(codec_kernels_agree),
	KUNIT_CASE(codec_rebuilds_any_two_shards),
	KUNIT_CASE(codec_encodes_with_checksums),
	KUNIT_CASE(crc32c_is_standard),
	{}
};

static struct kunit_suite codec_suite = {
	.name = "couche-codec",
	.test_cases = codec_cases,
};

kunit_test_suite(codec_suite);
