// SPDX-License-Identifier: GPL-2.0-only
/* A footer is taken only for the shard it names, and never writes too far. */
#include "fuzz.h"

#include <asm/byteorder.h>
#include <linux/errno.h>

#include "block.h"
#include "bounds.h"
#include "footer.h"

#define FUZZ_EXPECT_IT	0x04	/* expect what the block says of itself */

static void repair(struct couche_disk_footer *d, u8 flags)
{
	if (!(flags & FUZZ_KEEP_MAGIC))
		d->magic = cpu_to_le32(COUCHE_FOOTER_MAGIC);
	if (!(flags & FUZZ_KEEP_CRC))
		d->crc = cpu_to_le32(couche_block_crc(d, offsetof(struct couche_disk_footer, crc),
						      FUZZ_SEED));
}

static void expect_it(const struct couche_disk_footer *d, struct couche_footer *f)
{
	memcpy(f->pool_uuid, d->pool_uuid, sizeof(f->pool_uuid));
	f->volume = le32_to_cpu(d->volume);
	f->generation = le32_to_cpu(d->generation);
	f->extent = to_couche_extent(le64_to_cpu(d->extent));
	f->group = to_couche_group(le32_to_cpu(d->group));
	f->row = to_couche_row(le32_to_cpu(d->row));
	f->shard = d->shard;
	f->k = d->k;
	f->m = d->m;
	f->matrix = d->matrix;
	f->rows = le16_to_cpu(d->rows);
	f->footers = le16_to_cpu(d->footers);
	f->extent_sectors = le32_to_cpu(d->extent_sectors);
}

static void check_copy(const struct couche_footer *f, unsigned int n, const u32 *share)
{
	unsigned int first = n * COUCHE_FOOTER_CRCS, nr = couche_footer_share(f, n);
	u32 *crcs = calloc(first + nr, sizeof(*crcs));
	u32 *again = calloc(nr, sizeof(*again));
	void *block = fuzz_block(NULL, 0);
	const char *field = NULL;

	memcpy(crcs + first, share, nr * sizeof(*crcs));
	couche_footer_encode(f, n, crcs, block, FUZZ_SEED);
	fuzz_expect(!couche_footer_decode(block, f, n, FUZZ_SEED, again, &field));
	fuzz_expect(!memcmp(share, again, nr * sizeof(*share)));
	free(block);
	free(again);
	free(crcs);
}

/* What identifies is in bounds, and decodes when it is what was expected. */
static void identify(const struct couche_disk_footer *block)
{
	u32 crcs[COUCHE_FOOTER_CRCS];
	const char *field = NULL;
	struct couche_footer f;
	unsigned int n;
	int r;

	r = couche_footer_identify(block, FUZZ_SEED, &f, &n, &field);
	fuzz_expect_field(r, field);
	if (r)
		return;
	fuzz_expect(f.k && f.k + f.m <= COUCHE_MAX_SHARDS && f.shard < f.k + f.m);
	fuzz_expect(n < f.footers && f.footers < f.rows && f.rows <= COUCHE_MAX_SHARD_ROWS);
	fuzz_expect(from_couche_row(f.row) + f.rows <= COUCHE_MAX_ROWS);
	fuzz_expect(f.volume && f.volume <= COUCHE_MAX_VOLUMES);
	fuzz_expect(!couche_footer_decode(block, &f, n, FUZZ_SEED, crcs, &field));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct couche_footer f = { .volume = 1, .k = 4, .m = 2, .rows = 65, .footers = 1 };
	struct couche_disk_footer *block;
	const char *field = NULL;
	unsigned int n, nr;
	u32 *crcs;
	int r;

	if (!size)
		return 0;
	block = fuzz_block(data + 1, size - 1);
	repair(block, data[0]);
	identify(block);
	if (data[0] & FUZZ_EXPECT_IT)
		expect_it(block, &f);
	n = le32_to_cpu(block->first_crc) / COUCHE_FOOTER_CRCS;
	nr = couche_footer_share(&f, n);
	fuzz_expect(nr <= COUCHE_FOOTER_CRCS);

	/* Just as long as the share: a checksum too many is seen. */
	crcs = malloc(nr * sizeof(*crcs));
	r = couche_footer_decode(block, &f, n, FUZZ_SEED, crcs, &field);
	fuzz_expect_field(r, field);
	if (!r)
		check_copy(&f, n, crcs);
	f.generation++;
	r = couche_footer_decode(block, &f, n, FUZZ_SEED, crcs, &field);
	fuzz_expect(r || !(data[0] & FUZZ_EXPECT_IT));
	free(crcs);
	free(block);
	return 0;
}
