// SPDX-License-Identifier: GPL-2.0-only
/*
 * The codec against ISA-L, byte for byte, and against loss: every profile up to
 * 16+4, every kernel that this processor has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <isa-l.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "crc32c.h"

#define K_MAX 16
#define M_MAX 4
#define LEN_MAX (9 << 10)

struct stripe {
	unsigned int k, m;
	size_t len;
	u8 *shards[COUCHE_CODEC_MAX_SHARDS];
};

/* Aligned for streaming; they end where the shard does, so ASan sees more. */
static void stripe_init(struct stripe *s, unsigned int k, unsigned int m,
			size_t len)
{
	unsigned int i;
	size_t x;

	s->k = k;
	s->m = m;
	s->len = len;
	for (i = 0; i < k + m; i++) {
		if (posix_memalign((void **)&s->shards[i], 64, len))
			abort();
		for (x = 0; x < len; x++)
			s->shards[i][x] = i < k ? random() : 0x5a;
	}
}

static void stripe_destroy(struct stripe *s)
{
	unsigned int i;

	for (i = 0; i < s->k + s->m; i++)
		free(s->shards[i]);
}

static void isal_encode(const struct stripe *s, enum couche_matrix matrix,
			u8 *const *parity)
{
	unsigned char a[COUCHE_CODEC_MAX_SHARDS * COUCHE_CODEC_MAX_SHARDS];
	unsigned char *tables = malloc(32 * s->k * s->m);

	if (matrix == COUCHE_MATRIX_CAUCHY)
		gf_gen_cauchy1_matrix(a, s->k + s->m, s->k);
	else
		gf_gen_rs_matrix(a, s->k + s->m, s->k);
	ec_init_tables(s->k, s->m, a + s->k * s->k, tables);
	ec_encode_data(s->len, s->k, s->m, tables,
		       (unsigned char **)s->shards, (unsigned char **)parity);
	free(tables);
}

static void assert_parity_is_isal(unsigned int k, unsigned int m,
				  enum couche_matrix matrix, size_t len)
{
	struct couche_codec *c = couche_codec_create(k, m, matrix);
	struct stripe s, expected;
	unsigned int i;

	assert_non_null(c);
	stripe_init(&s, k, m, len);
	stripe_init(&expected, 0, m, len);
	isal_encode(&s, matrix, expected.shards);
	couche_codec_encode(c, len, (const u8 *const *)s.shards, s.shards + k);
	for (i = 0; i < m; i++)
		assert_memory_equal(s.shards[k + i], expected.shards[i], len);
	stripe_destroy(&expected);
	stripe_destroy(&s);
	couche_codec_free(c);
}

static void test_parity_equals_isal(void **state)
{
	/* Less than, exactly and more than the vectors and steps of kernels. */
	static const size_t lens[] = { 1, 63, 64, 65, 128, 255, 256, 1000, 4096 };
	unsigned int k, m, matrix, i;

	srandom(4);
	for (matrix = 0; matrix < 2; matrix++)
		for (k = 1; k <= K_MAX; k++)
			for (m = 1; m <= M_MAX; m++)
				for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
					assert_parity_is_isal(k, m, matrix, lens[i]);
}

/* More rows than a pass makes, and as many shards as there can be. */
static void test_wide_profiles_equal_isal(void **state)
{
	assert_parity_is_isal(16, 16, COUCHE_MATRIX_CAUCHY, 700);
	assert_parity_is_isal(1, 31, COUCHE_MATRIX_CAUCHY, 700);
	assert_parity_is_isal(27, 5, COUCHE_MATRIX_CAUCHY, 700);
	assert_parity_is_isal(31, 1, COUCHE_MATRIX_CAUCHY, 700);
	assert_parity_is_isal(29, 3, COUCHE_MATRIX_VANDERMONDE, 700);
}

/* Streaming takes other instructions, and falls back where unaligned. */
static void test_streaming_equals_isal(void **state)
{
	static const unsigned int profiles[][2] = {
		{ 4, 2 }, { 8, 3 }, { 10, 4 }, { 5, 2 }, { 7, 1 }, { 4, 1 },
	};
	unsigned int i, matrix;

	couche_codec_set_cache_bytes(1);
	for (matrix = 0; matrix < 2; matrix++)
		for (i = 0; i < 6; i++) {
			assert_parity_is_isal(profiles[i][0], profiles[i][1],
					      matrix, 8192);
			assert_parity_is_isal(profiles[i][0], profiles[i][1],
					      matrix, 8001);
		}
	couche_codec_set_cache_bytes(couche_cpu_cache_bytes());
}

/* A part must leave the bytes around it alone. */
static void test_part_leaves_the_rest_alone(void **state)
{
	struct couche_codec *c = couche_codec_create(4, 2, COUCHE_MATRIX_VANDERMONDE);
	struct stripe s, expected;
	size_t off, len, x;
	unsigned int i;

	stripe_init(&s, 4, 2, 1024);
	stripe_init(&expected, 0, 2, 1024);
	isal_encode(&s, COUCHE_MATRIX_VANDERMONDE, expected.shards);
	for (off = 0; off < 300; off += 61) {
		for (len = 0; len < 700; len += 97) {
			for (i = 4; i < 6; i++)
				memset(s.shards[i], 0xa5, s.len);
			couche_codec_encode_part(c, off, len,
						 (const u8 *const *)s.shards,
						 s.shards + 4,
						 COUCHE_CODEC_STREAM);
			for (i = 0; i < 2; i++) {
				for (x = 0; x < s.len; x++) {
					bool inside = x >= off && x < off + len;
					u8 want = inside ? expected.shards[i][x] : 0xa5;

					assert_int_equal(s.shards[4 + i][x], want);
				}
			}
		}
	}
	stripe_destroy(&expected);
	stripe_destroy(&s);
	couche_codec_free(c);
}

/*
 * Rebuild the shards of @lost into poisoned buffers, the others being the only
 * ones that can be read.
 */
static void assert_rebuilt(struct couche_codec *c, const struct stripe *s,
			   u32 lost, size_t len, u8 scratch[][LEN_MAX])
{
	u32 all = (u32)((1ULL << (s->k + s->m)) - 1);
	u8 *shards[COUCHE_CODEC_MAX_SHARDS];
	unsigned int i, n = 0;

	for (i = 0; i < s->k + s->m; i++) {
		shards[i] = s->shards[i];
		if (lost >> i & 1) {
			memset(scratch[n], 0xa5, len);
			shards[i] = scratch[n++];
		}
	}
	assert_int_equal(couche_codec_decode(c, len, all & ~lost, lost, shards), 0);
	for (i = 0; i < s->k + s->m; i++)
		if (lost >> i & 1)
			assert_memory_equal(shards[i], s->shards[i], len);
}

static void assert_any_loss_is_repaired(unsigned int k, unsigned int m,
					enum couche_matrix matrix)
{
	struct couche_codec *c = couche_codec_create(k, m, matrix);
	static u8 scratch[M_MAX][LEN_MAX];
	struct stripe s;
	u32 lost;

	stripe_init(&s, k, m, 80);
	couche_codec_encode(c, s.len, (const u8 *const *)s.shards, s.shards + k);
	for (lost = 1; lost < 1U << (k + m); lost++)
		if ((unsigned int)__builtin_popcount(lost) <= m)
			assert_rebuilt(c, &s, lost, s.len, scratch);
	stripe_destroy(&s);
	couche_codec_free(c);
}

static void test_any_loss_is_repaired(void **state)
{
	unsigned int k, m, matrix;

	srandom(5);
	for (matrix = 0; matrix < 2; matrix++)
		for (k = 1; k <= K_MAX; k++)
			for (m = 1; m <= M_MAX; m++)
				assert_any_loss_is_repaired(k, m, matrix);
}

static void test_loss_at_common_profiles(void **state)
{
	static const unsigned int profiles[][2] = { { 4, 2 }, { 6, 3 }, { 10, 4 } };
	static u8 scratch[M_MAX][LEN_MAX];
	unsigned int i, n, matrix;
	struct couche_codec *c;
	struct stripe s;
	u32 lost;

	srandom(6);
	for (matrix = 0; matrix < 2; matrix++) {
		for (i = 0; i < 3; i++) {
			c = couche_codec_create(profiles[i][0], profiles[i][1], matrix);
			stripe_init(&s, profiles[i][0], profiles[i][1], LEN_MAX - 5);
			couche_codec_encode(c, s.len, (const u8 *const *)s.shards,
					    s.shards + s.k);
			for (n = 0; n < 30; n++) {
				lost = 0;
				while ((unsigned int)__builtin_popcount(lost) < 1 + n % s.m)
					lost |= 1U << random() % (s.k + s.m);
				assert_rebuilt(c, &s, lost, s.len, scratch);
			}
			stripe_destroy(&s);
			couche_codec_free(c);
		}
	}
}

/* Only some of what is lost may be wanted, and only k of what is there read. */
static void test_only_what_is_wanted_is_written(void **state)
{
	struct couche_codec *c = couche_codec_create(4, 2, COUCHE_MATRIX_CAUCHY);
	u8 *shards[COUCHE_CODEC_MAX_SHARDS] = {};
	struct couche_decode d;
	u8 rebuilt[500];
	struct stripe s;

	stripe_init(&s, 4, 2, sizeof(rebuilt));
	couche_codec_encode(c, s.len, (const u8 *const *)s.shards, s.shards + 4);
	memcpy(shards, s.shards, sizeof(shards));
	shards[1] = NULL;
	shards[3] = rebuilt;
	assert_int_equal(couche_codec_decode(c, s.len, 0x35, 0x08, shards), 0);
	assert_memory_equal(rebuilt, s.shards[3], s.len);

	/* One data shard lost, two parities there: the last is not touched. */
	shards[1] = s.shards[1];
	shards[5] = NULL;
	assert_int_equal(couche_codec_decode(c, s.len, 0x37, 0x08, shards), 0);
	assert_memory_equal(rebuilt, s.shards[3], s.len);
	assert_int_equal(couche_codec_decode_begin(c, 0x37, 0x08, &d), 0);
	assert_int_equal(d.chosen, 0x17);
	couche_codec_decode_end(&d);
	stripe_destroy(&s);
	couche_codec_free(c);
}

static void test_impossible_rebuilds_are_refused(void **state)
{
	struct couche_codec *c = couche_codec_create(4, 2, COUCHE_MATRIX_CAUCHY);
	struct couche_codec *plain = couche_codec_create(3, 0, COUCHE_MATRIX_CAUCHY);
	u8 *none[COUCHE_CODEC_MAX_SHARDS] = {};

	assert_int_equal(couche_codec_decode(c, 64, 0x07, 0x08, none), -ENODATA);
	assert_int_equal(couche_codec_decode(c, 64, 0x00, 0x01, none), -ENODATA);
	assert_int_equal(couche_codec_decode(c, 64, 0x1f, 0x01, none), -EINVAL);
	assert_int_equal(couche_codec_decode(c, 64, 0x1f, 0x40, none), -EINVAL);
	assert_int_equal(couche_codec_decode(c, 64, 0x8f, 0x20, none), -EINVAL);
	assert_int_equal(couche_codec_decode(c, 64, 0x3f, 0x00, none), 0);
	assert_int_equal(couche_codec_decode(plain, 64, 0x03, 0x04, none), -ENODATA);
	couche_codec_free(plain);
	couche_codec_free(c);
}

static void test_check_accepts_what_is_mds(void **state)
{
	enum couche_matrix v = COUCHE_MATRIX_VANDERMONDE, y = COUCHE_MATRIX_CAUCHY;

	assert_int_equal(couche_codec_check(1, 0, v), 0);
	assert_int_equal(couche_codec_check(32, 0, v), 0);
	assert_int_equal(couche_codec_check(29, 3, v), 0);
	assert_int_equal(couche_codec_check(21, 4, v), 0);
	assert_int_equal(couche_codec_check(16, 16, y), 0);
	assert_int_equal(couche_codec_check(1, 31, y), 0);
	assert_int_equal(couche_codec_check(22, 4, v), -EDOM);
	assert_int_equal(couche_codec_check(2, 5, v), -EDOM);
	assert_int_equal(couche_codec_check(0, 2, v), -EINVAL);
	assert_int_equal(couche_codec_check(30, 3, y), -EINVAL);
	assert_int_equal(couche_codec_check(33, 0, y), -EINVAL);
	assert_int_equal(couche_codec_check(4, ~0U, y), -EINVAL);
	assert_int_equal(couche_codec_check(4, 2, (enum couche_matrix)2), -EINVAL);
}

/* More patterns than slots, so plans are replaced and built again. */
static void test_cache_of_plans_overflows(void **state)
{
	struct couche_codec *c = couche_codec_create(10, 4, COUCHE_MATRIX_VANDERMONDE);
	static u8 scratch[M_MAX][LEN_MAX];
	unsigned int round;
	struct stripe s;
	u32 lost;

	stripe_init(&s, 10, 4, 200);
	couche_codec_encode(c, s.len, (const u8 *const *)s.shards, s.shards + 10);
	for (round = 0; round < 2; round++)
		for (lost = 1; lost < 1U << 14; lost++)
			if (__builtin_popcount(lost) == 3)
				assert_rebuilt(c, &s, lost, s.len, scratch);
	stripe_destroy(&s);
	couche_codec_free(c);
}

/* Rebuilds that are prepared and not finished keep their plans. */
static void test_more_rebuilds_at_once_than_slots(void **state)
{
	struct couche_codec *c = couche_codec_create(10, 4, COUCHE_MATRIX_VANDERMONDE);
	static struct couche_decode held[1001];
	unsigned int n = 0, i, without = 0;
	u8 rebuilt[4][300], *shards[COUCHE_CODEC_MAX_SHARDS];
	struct stripe s;
	u32 lost;

	stripe_init(&s, 10, 4, sizeof(rebuilt[0]));
	couche_codec_encode(c, s.len, (const u8 *const *)s.shards, s.shards + 10);
	for (lost = 1; lost < 1U << 14; lost++)
		if (__builtin_popcount(lost) == 4) {
			assert_int_equal(couche_codec_decode_begin(c, 0x3fff & ~lost,
								   lost, &held[n]), 0);
			without += !held[n++].plan;
		}
	assert_int_equal(n, 1001);
	assert_true(without > 0 && without < n);

	for (i = 0; i < n; i++) {
		unsigned int j, r = 0;

		memcpy(shards, s.shards, sizeof(shards));
		for (j = 0; j < 14; j++)
			if (held[i].wanted >> j & 1)
				shards[j] = rebuilt[r++];
		memset(rebuilt, 0xa5, sizeof(rebuilt));
		couche_codec_decode_part(&held[i], 0, s.len, shards,
					 COUCHE_CODEC_CACHED);
		for (j = 0; j < 14; j++)
			assert_memory_equal(shards[j], s.shards[j], s.len);
		couche_codec_decode_end(&held[i]);
	}
	stripe_destroy(&s);
	couche_codec_free(c);
}

struct racer {
	struct couche_codec *c;
	const struct stripe *s;
	unsigned int seed;
	unsigned int wrong;
};

static void *race(void *arg)
{
	struct racer *racer = arg;
	const struct stripe *s = racer->s;
	u8 rebuilt[3][160], *shards[COUCHE_CODEC_MAX_SHARDS];
	unsigned int n, i, r;
	u32 lost;

	for (n = 0; n < 4000; n++) {
		for (lost = 0; __builtin_popcount(lost) < 3;)
			lost |= 1U << rand_r(&racer->seed) % 14;
		memcpy(shards, s->shards, sizeof(shards));
		for (i = 0, r = 0; i < 14; i++)
			if (lost >> i & 1)
				shards[i] = rebuilt[r++];
		if (couche_codec_decode(racer->c, s->len, 0x3fff & ~lost, lost, shards))
			racer->wrong++;
		for (i = 0; i < 14; i++)
			racer->wrong += !!memcmp(shards[i], s->shards[i], s->len);
	}
	return NULL;
}

static void test_threads_share_a_codec(void **state)
{
	struct couche_codec *c = couche_codec_create(10, 4, COUCHE_MATRIX_CAUCHY);
	struct racer racers[4];
	pthread_t threads[4];
	struct stripe s;
	unsigned int i;

	stripe_init(&s, 10, 4, 160);
	couche_codec_encode(c, s.len, (const u8 *const *)s.shards, s.shards + 10);
	for (i = 0; i < 4; i++) {
		racers[i] = (struct racer){ .c = c, .s = &s, .seed = i };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(racers[i].wrong, 0);
	}
	stripe_destroy(&s);
	couche_codec_free(c);
}

static void assert_crcs(const struct stripe *s, u32 crcs[][4])
{
	unsigned int i, block;

	for (i = 0; i < s->k + s->m; i++)
		for (block = 0; block < s->len / 4096; block++)
			assert_int_equal(crcs[i][block],
					 couche_crc32c(~0U, s->shards[i] + block * 4096, 4096));
}

static void assert_encode_crc(unsigned int k, unsigned int m, bool copy,
			      enum couche_codec_mode mode)
{
	struct couche_codec *c = couche_codec_create(k, m, COUCHE_MATRIX_VANDERMONDE);
	u32 crcs[COUCHE_CODEC_MAX_SHARDS][4], *crc_of[COUCHE_CODEC_MAX_SHARDS];
	struct stripe s, src, expected;
	unsigned int i;

	stripe_init(&s, k, m, 4 * 4096);
	stripe_init(&src, k, 0, s.len);
	stripe_init(&expected, 0, m, s.len);
	for (i = 0; i < k + m; i++)
		crc_of[i] = crcs[i];
	memset(crcs, 0x77, sizeof(crcs));
	/* In two parts, as a caller does that lets others run in between. */
	couche_codec_encode_crc(c, 0, 4096, copy ? (const u8 *const *)src.shards : NULL,
				s.shards, s.shards + k, crc_of, mode);
	couche_codec_encode_crc(c, 4096, 3 * 4096,
				copy ? (const u8 *const *)src.shards : NULL,
				s.shards, s.shards + k, crc_of, mode);
	for (i = 0; copy && i < k; i++)
		assert_memory_equal(s.shards[i], src.shards[i], s.len);
	isal_encode(&s, COUCHE_MATRIX_VANDERMONDE, expected.shards);
	for (i = 0; i < m; i++)
		assert_memory_equal(s.shards[k + i], expected.shards[i], s.len);
	assert_crcs(&s, crcs);
	stripe_destroy(&expected);
	stripe_destroy(&src);
	stripe_destroy(&s);
	couche_codec_free(c);
}

static void test_encode_with_checksums(void **state)
{
	static const unsigned int profiles[][2] = {
		{ 4, 2 }, { 10, 4 }, { 1, 2 }, { 1, 0 }, { 3, 0 }, { 7, 3 },
	};
	unsigned int i;

	for (i = 0; i < 6; i++) {
		unsigned int k = profiles[i][0], m = profiles[i][1];

		assert_encode_crc(k, m, false, COUCHE_CODEC_CACHED);
		assert_encode_crc(k, m, true, COUCHE_CODEC_CACHED);
		assert_encode_crc(k, m, false, COUCHE_CODEC_STREAM);
		assert_encode_crc(k, m, true, COUCHE_CODEC_STREAM);
	}
}

static void test_unknown_kernel_is_refused(void **state)
{
	const char *before = couche_codec_kernel_name();

	assert_int_equal(couche_codec_select("avx1024", ~0U), -ENOENT);
	assert_int_equal(couche_codec_select("", ~0U), -ENOENT);
	assert_int_equal(couche_codec_select("avx2", COUCHE_CPU_SSSE3), -EOPNOTSUPP);
	assert_string_equal(couche_codec_kernel_name(), before);
}

static void test_auto_takes_the_best_there_is(void **state)
{
	assert_int_equal(couche_codec_select(NULL, 0), 0);
	assert_string_equal(couche_codec_kernel_name(), "scalar");
	assert_false(couche_codec_uses_simd());
	assert_int_equal(couche_codec_select("auto", COUCHE_CPU_SSSE3 | COUCHE_CPU_GFNI), 0);
	assert_string_equal(couche_codec_kernel_name(), "ssse3");
	assert_true(couche_codec_uses_simd());
	assert_int_equal(couche_codec_select("auto", ~0U), 0);
	assert_string_equal(couche_codec_kernel_name(), "gfni512");
	couche_codec_select(NULL, couche_cpu_features());
}

/* state is the name of the kernel */
static int use_kernel(void **state)
{
	const char *name = *state;
	int ret = couche_codec_select(name, couche_cpu_features());

	couche_crc32c_select(couche_cpu_features());
	return ret;
}

static const struct CMUnitTest per_kernel[] = {
	cmocka_unit_test(test_parity_equals_isal),
	cmocka_unit_test(test_wide_profiles_equal_isal),
	cmocka_unit_test(test_streaming_equals_isal),
	cmocka_unit_test(test_part_leaves_the_rest_alone),
	cmocka_unit_test(test_loss_at_common_profiles),
	cmocka_unit_test(test_encode_with_checksums),
};

static const struct CMUnitTest once[] = {
	cmocka_unit_test(test_any_loss_is_repaired),
	cmocka_unit_test(test_only_what_is_wanted_is_written),
	cmocka_unit_test(test_impossible_rebuilds_are_refused),
	cmocka_unit_test(test_check_accepts_what_is_mds),
	cmocka_unit_test(test_cache_of_plans_overflows),
	cmocka_unit_test(test_more_rebuilds_at_once_than_slots),
	cmocka_unit_test(test_threads_share_a_codec),
	cmocka_unit_test(test_unknown_kernel_is_refused),
	cmocka_unit_test(test_auto_takes_the_best_there_is),
};

#define PER_KERNEL (sizeof(per_kernel) / sizeof(per_kernel[0]))
#define ONCE (sizeof(once) / sizeof(once[0]))
#define KERNELS_MAX 8

static void test_skip(void **state)
{
	skip();
}

int main(void)
{
	static struct CMUnitTest tests[KERNELS_MAX * PER_KERNEL + ONCE];
	static char names[KERNELS_MAX * PER_KERNEL][80];
	unsigned int i, j, n = 0;
	const char *kernel;

	for (i = 0; (kernel = couche_codec_kernel_at(i)); i++) {
		bool usable = !couche_codec_select(kernel, couche_cpu_features());

		assert_true(i < KERNELS_MAX);
		for (j = 0; j < PER_KERNEL; j++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s", kernel,
				 per_kernel[j].name);
			tests[n] = per_kernel[j];
			tests[n].name = names[n];
			tests[n].initial_state = (void *)kernel;
			if (usable)
				tests[n].setup_func = use_kernel;
			else
				tests[n].test_func = test_skip;
		}
	}
	couche_codec_select(NULL, couche_cpu_features());
	for (j = 0; j < ONCE; j++)
		tests[n++] = once[j];
	return _cmocka_run_group_tests("codec", tests, n, NULL, NULL);
}
