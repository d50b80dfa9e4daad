// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table line: any words, never a step outside of them. Words are separated
 * by blanks; each lives alone on the heap. What is taken can be formatted.
 */
#include "fuzz.h"

#include <linux/errno.h>

#include "bounds.h"
#include "codec.h"
#include "tableline.h"

#define MAX_WORDS 200

static unsigned int split(const u8 *data, size_t size, char **words)
{
	unsigned int nr = 0;
	size_t at = 0;

	while (at < size && nr < MAX_WORDS) {
		size_t len = 0;

		while (at + len < size && data[at + len] != ' ' && data[at + len])
			len++;
		if (len) {
			words[nr] = malloc(len + 1);
			memcpy(words[nr], data + at, len);
			words[nr++][len] = '\0';
		}
		at += len + 1;
	}
	return nr;
}

static void check_profiles(const struct couche_tableline *t)
{
	unsigned int tier, i, nr;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		const struct couche_profile *p = &t->profile[tier];

		nr = 0;
		for (i = 0; i < t->nr_legs; i++)
			nr += t->leg[i].role == tier + COUCHE_ROLE_HOT;
		if (t->format)
			fuzz_expect(nr >= p->k + p->m && (!nr || p->k));
		if (p->k)
			fuzz_expect(!couche_codec_check(p->k, p->m, p->matrix));
	}
}

static void check_taken(const struct couche_tableline *t)
{
	unsigned int i;

	fuzz_expect(t->nr_legs >= 1 && t->nr_legs <= COUCHE_MAX_LEGS);
	for (i = 0; i < t->nr_legs; i++)
		fuzz_expect(!t->leg[i].device || t->leg[i].device[0]);
	fuzz_expect(strlen(t->name) < COUCHE_NAME_SIZE);
	fuzz_expect(t->segment_sectors % t->extent_sectors == 0);
	fuzz_expect(t->segment_sectors <= COUCHE_MAX_SEGMENT_SECTORS);
	check_profiles(t);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *words[MAX_WORDS], **argv;
	struct couche_tableline t;
	const char *field = NULL;
	unsigned int argc, i;
	int r;

	argc = split(data, size, words);
	argv = malloc(argc * sizeof(*argv));
	memcpy(argv, words, argc * sizeof(*argv));
	r = couche_tableline_decode(argc, argv, &t, &field);
	fuzz_expect(!r || r == -EINVAL);
	fuzz_expect_field(r, field);
	if (r)
		fuzz_expect(strlen(field) < sizeof(t.why));
	else
		check_taken(&t);
	for (i = 0; i < argc; i++)
		free(words[i]);
	free(argv);
	return 0;
}
