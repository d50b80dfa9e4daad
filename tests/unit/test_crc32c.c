// SPDX-License-Identifier: GPL-2.0-only
/* crc32c: the vectors of RFC 3720, and every variant against the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "crc32c.h"

#define BUF_SIZE (20 << 10)

static u32 crc_by_definition(u32 crc, const u8 *p, size_t len)
{
	unsigned int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

/* RFC 3720, B.4, and the check value of every catalogue. */
static void test_rfc3720_vectors(void **state)
{
	static const u8 read_pdu[48] = {
		0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
		0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
		0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};
	u8 up[32], down[32], zeroes[32], ones[32];
	unsigned int i;

	for (i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = 31 - i;
		zeroes[i] = 0;
		ones[i] = 0xff;
	}
	assert_int_equal(~couche_crc32c(~0U, zeroes, 32), 0x8a9136aa);
	assert_int_equal(~couche_crc32c(~0U, ones, 32), 0x62a8ab43);
	assert_int_equal(~couche_crc32c(~0U, up, 32), 0x46dd794e);
	assert_int_equal(~couche_crc32c(~0U, down, 32), 0x113fdb5c);
	assert_int_equal(~couche_crc32c(~0U, read_pdu, 48), 0xd9963a56);
	assert_int_equal(~couche_crc32c(~0U, "123456789", 9), 0xe3069283);
}

/* A buffer of the exact size, so that a read past either end is caught. */
static void assert_crc_of_copy(const u8 *from, size_t len, u32 seed)
{
	u8 *copy = malloc(len ? len : 1);

	memcpy(copy, from, len);
	assert_int_equal(couche_crc32c(seed, copy, len),
			 crc_by_definition(seed, copy, len));
	free(copy);
}

static void test_any_length(void **state)
{
	u8 *buf = malloc(BUF_SIZE);
	size_t len, i;

	srandom(3);
	for (i = 0; i < BUF_SIZE; i++)
		buf[i] = random();
	for (len = 0; len < 1200; len++)
		assert_crc_of_copy(buf + len % 16, len, random());
	for (i = 0; i < 200; i++)
		assert_crc_of_copy(buf, random() % BUF_SIZE, ~0U);
	for (len = 4064; len < 4130; len++)
		assert_crc_of_copy(buf + 1, len, ~0U);
	free(buf);
}

static void test_parts_add_up(void **state)
{
	u8 buf[6000];
	size_t i, cut;
	u32 whole;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = i * 7;
	whole = couche_crc32c(~0U, buf, sizeof(buf));
	for (cut = 0; cut <= sizeof(buf); cut += 37)
		assert_int_equal(couche_crc32c(couche_crc32c(~0U, buf, cut),
					       buf + cut, sizeof(buf) - cut),
				 whole);
}

static int use_sliced(void **state)
{
	couche_crc32c_select(0);
	return strcmp(couche_crc32c_variant(), "sliced");
}

static int use_fastest(void **state)
{
	couche_crc32c_select(couche_cpu_features());
	return 0;
}

int main(void)
{
	/* In this order: the first group runs before anything is selected. */
	static const struct CMUnitTest tests[] = {
		{ "unselected: rfc3720 vectors", test_rfc3720_vectors, NULL, NULL, NULL },
		{ "unselected: any length", test_any_length, NULL, NULL, NULL },
		{ "sliced: rfc3720 vectors", test_rfc3720_vectors, use_sliced, NULL, NULL },
		{ "sliced: any length", test_any_length, use_sliced, NULL, NULL },
		{ "sliced: parts add up", test_parts_add_up, use_sliced, NULL, NULL },
		{ "fastest: rfc3720 vectors", test_rfc3720_vectors, use_fastest, NULL, NULL },
		{ "fastest: any length", test_any_length, use_fastest, NULL, NULL },
		{ "fastest: parts add up", test_parts_add_up, use_fastest, NULL, NULL },
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
