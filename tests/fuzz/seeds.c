// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: seeds FOLDER
 *
 * Write the inputs that the fuzzers start from to FOLDER/fuzz_*: one or a few
 * sound blocks or lines for each.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/types.h>

#include "fuzz.h"
#include "footer.h"
#include "journal.h"
#include "matrix.h"
#include "page.h"
#include "super.h"

static const char *folder;

static int write_seed(const char *name, u8 flags, const void *bytes, size_t size)
{
	static unsigned int nr;
	char path[4096];
	FILE *file;
	int r;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (mkdir(path, 0777) && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s/seed-%u", folder, name, nr++);
	file = fopen(path, "wb");
	if (!file)
		return -errno;
	/* Table lines have no flags. */
	if (strcmp(name, "fuzz_table"))
		fputc(flags, file);
	fwrite(bytes, 1, size, file);
	r = ferror(file) ? -EIO : 0;
	return fclose(file) ? -errno : r;
}

static void fill_super(struct couche_super *s)
{
	static const u8 roles[] = { 0, 1, 1, 3, 3, 3 };
	unsigned int i;

	memset(s, 0, sizeof(*s));
	memset(s->pool_uuid, 1, sizeof(s->pool_uuid));
	strcpy(s->name, "tank");
	s->incompat = COUCHE_FEATURE_INCOMPAT_STAGE;
	s->stage_slots = 1024;
	s->extent_sectors = 2048;
	s->segment_sectors = 131072;
	s->profile[0] = (struct couche_profile){ .k = 1, .m = 1 };
	s->profile[2] = (struct couche_profile){ .k = 2, .m = 1, .csum = 1 };
	s->nr_legs = sizeof(roles);
	for (i = 0; i < s->nr_legs; i++) {
		memset(s->leg[i].uuid, i + 1, sizeof(s->leg[i].uuid));
		s->leg[i].sectors = 4194304;
		s->leg[i].role = roles[i];
		s->leg[i].state = COUCHE_LEG_ONLINE;
		s->leg[i].domain = i;
	}
}

static int seed_super(void *block)
{
	struct couche_super s;
	const char *field;
	int r;

	fill_super(&s);
	r = couche_super_layout(&s, &field);
	if (r)
		return r;
	couche_super_encode(&s, block);
	r = write_seed("fuzz_super", 0, block, COUCHE_BLOCK_SIZE);
	if (r)
		return r;
	/* The profile of its cold tier is being changed. */
	s.incompat |= COUCHE_FEATURE_INCOMPAT_SHAPES;
	couche_super_encode(&s, block);
	return write_seed("fuzz_super", 0, block, COUCHE_BLOCK_SIZE);
}

static const struct couche_place place = {
	.rows = 65, .generation = 4, .tier = 2, .flags = COUCHE_EXTENT_MAPPED,
};
static const struct couche_group_desc group = {
	.nr = 3, .k = 2, .tier = 2, .seg = { { 3, 0 }, { 4, 0 }, { 5, 1 } },
};
/* Of a former profile. */
static const struct couche_group_desc older = {
	.nr = 5, .k = 3, .tier = 2, .matrix = COUCHE_MATRIX_CAUCHY,
	.seg = { { 3, 1 }, { 4, 1 }, { 5, 2 }, { 6, 0 }, { 7, 0 } },
};
static const struct couche_volume_desc volume = {
	.id = 1, .sectors = 4096, .uuid = { 1 }, .name = "data",
};

static const struct couche_stage_desc slot = {
	.extent = (__force couche_extent_t)2, .sequence = 3, .volume = 1, .generation = 4,
	.crc = 5, .granule = 6, .flags = COUCHE_STAGE_ZERO,
};

static int seed_page(void *block)
{
	int r;

	couche_page_init(block, COUCHE_PAGE_MAP, 1, 0, 0);
	couche_page_set_extent(block, 3, &place);
	r = write_seed("fuzz_page", 0, block, COUCHE_BLOCK_SIZE);
	couche_page_init(block, COUCHE_PAGE_GROUP, 0, 0, 1);
	couche_page_set_group(block, 0, &group);
	couche_page_set_group(block, 1, &older);
	if (!r)
		r = write_seed("fuzz_page", 0, block, COUCHE_BLOCK_SIZE);
	couche_page_init(block, COUCHE_PAGE_VOLUME, 0, 0, 2);
	couche_page_set_volume(block, 0, &volume);
	if (!r)
		r = write_seed("fuzz_page", 0, block, COUCHE_BLOCK_SIZE);
	couche_page_init(block, COUCHE_PAGE_STAGE, 0, 0, 3);
	couche_page_set_stage(block, 7, &slot);
	if (!r)
		r = write_seed("fuzz_page", 0, block, COUCHE_BLOCK_SIZE);
	return r;
}

static int seed_journal(void *block)
{
	int r;

	couche_journal_begin(block);
	couche_journal_add_extent(block, 1, to_couche_extent(2), &place);
	couche_journal_add_group(block, to_couche_group(0), &group);
	couche_journal_add_volume(block, 1, &volume);
	couche_journal_add_stage(block, 9, &slot);
	couche_journal_seal(block, 1, 0, true, FUZZ_SEED);
	r = write_seed("fuzz_journal", 0, block, COUCHE_BLOCK_SIZE);
	if (r)
		return r;
	/* A full one: a record more would stand outside. */
	couche_journal_begin(block);
	while (couche_journal_add_extent(block, 1, to_couche_extent(2), &place))
		;
	return write_seed("fuzz_journal", 0, block, COUCHE_BLOCK_SIZE);
}

static int seed_footer(void *block)
{
	struct couche_footer f = { .volume = 1, .k = 4, .m = 2, .rows = 65, .footers = 1 };
	u32 crcs[64] = { 1, 2, 3 };
	int r;

	couche_footer_encode(&f, 0, crcs, block, FUZZ_SEED);
	r = write_seed("fuzz_footer", 0, block, COUCHE_BLOCK_SIZE);
	return r ? r : write_seed("fuzz_footer", 4, block, COUCHE_BLOCK_SIZE);
}

/* One leg more than there may be. */
static int seed_long_table(void)
{
	char line[2048];
	size_t used;
	unsigned int i;

	used = snprintf(line, sizeof(line),
			"00112233-4455-6677-8899-aabbccddeeff 65 meta m hot h");
	for (i = 2; i < 65; i++)
		used += snprintf(line + used, sizeof(line) - used, " cold c%u", i);
	used += snprintf(line + used, sizeof(line) - used, " 1 format");
	return write_seed("fuzz_table", 0, line, used);
}

static int seed_table(void)
{
	static const char *const lines[] = {
		"00112233-4455-6677-8899-aabbccddeeff 2 meta 8:0 hot 8:16 0",
		"00112233-4455-6677-8899-aabbccddeeff 6 meta a hot b hot c cold d cold e cold f "
		"13 format name tank extent 2048 segment 131072 hot 1+1 cold 2+1 "
		"domains 0,1,2,3,4,5",
		"00112233-4455-6677-8899-aabbccddeeff 4 meta a hot b warm - cold - "
		"9 readonly warm 1+0 cold 10+6 cold_matrix cauchy cold_min_healthy 12",
	};
	unsigned int i;
	int r = 0;

	for (i = 0; !r && i < sizeof(lines) / sizeof(lines[0]); i++)
		r = write_seed("fuzz_table", 0, lines[i], strlen(lines[i]));
	return r ? r : seed_long_table();
}

int main(int argc, char **argv)
{
	void *block = fuzz_block(NULL, 0);
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: seeds FOLDER\n");
		return 2;
	}
	folder = argv[1];
	r = seed_super(block);
	if (!r)
		r = seed_page(block);
	if (!r)
		r = seed_journal(block);
	if (!r)
		r = seed_footer(block);
	if (!r)
		r = seed_table();
	free(block);
	if (r) {
		fprintf(stderr, "seeds: %s: %s\n", folder, strerror(-r));
		return 1;
	}
	return 0;
}
