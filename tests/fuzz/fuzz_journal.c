// SPDX-License-Identifier: GPL-2.0-only
/* A journal block that decodes gives all its records, which make it again. */
#include "fuzz.h"

#include <asm/byteorder.h>

#include "block.h"
#include "bounds.h"
#include "journal.h"

static void repair(struct couche_disk_journal *d, u8 flags)
{
	if (!(flags & FUZZ_KEEP_MAGIC))
		d->magic = cpu_to_le32(COUCHE_JOURNAL_MAGIC);
	if (!(flags & FUZZ_KEEP_CRC))
		d->crc = cpu_to_le32(couche_block_crc(d, offsetof(struct couche_disk_journal, crc),
						      FUZZ_SEED));
}

static bool add(void *block, const struct couche_record *rec)
{
	switch (rec->type) {
	case COUCHE_RECORD_EXTENT:
		return couche_journal_add_extent(block, rec->id, rec->extent, &rec->place);
	case COUCHE_RECORD_GROUP:
		return couche_journal_add_group(block, to_couche_group(rec->id), &rec->group);
	case COUCHE_RECORD_VOLUME:
		return couche_journal_add_volume(block, rec->id, &rec->volume);
	case COUCHE_RECORD_STAGE:
		return couche_journal_add_stage(block, rec->id, &rec->stage);
	default:
		return false;
	}
}

/* The records of a sound block, copied into another: twice is the same. */
static void check_copy(const void *block)
{
	void *second = fuzz_block(NULL, 0), *third = fuzz_block(NULL, 0);
	unsigned int cursor = 0, copied = 0;
	struct couche_record rec;
	const char *field = NULL;
	bool commit;
	int r;

	couche_journal_begin(second);
	while ((r = couche_journal_next(block, &cursor, &rec, &field)) == 1)
		fuzz_expect(add(second, &rec));
	fuzz_expect(r == 0);
	fuzz_expect(couche_journal_bytes(second) == couche_journal_bytes(block));
	couche_journal_seal(second, 5, 6, true, FUZZ_SEED);
	fuzz_expect(!couche_journal_decode(second, 5, 6, FUZZ_SEED, &commit, &field));
	fuzz_expect(commit);

	couche_journal_begin(third);
	while (couche_journal_next(second, &copied, &rec, &field) == 1)
		fuzz_expect(add(third, &rec));
	couche_journal_seal(third, 5, 6, true, FUZZ_SEED);
	fuzz_expect(!memcmp(second, third, COUCHE_BLOCK_SIZE));
	free(third);
	free(second);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct couche_disk_journal *block;
	unsigned int cursor, records = 0;
	struct couche_record rec;
	const char *field = NULL;
	bool commit;
	int r;

	if (!size)
		return 0;
	block = fuzz_block(data + 1, size - 1);
	repair(block, data[0]);
	r = couche_journal_decode(block, le64_to_cpu(block->sequence),
				  le32_to_cpu(block->position), FUZZ_SEED, &commit, &field);
	fuzz_expect_field(r, field);
	if (!r)
		check_copy(block);

	/* A walk from anywhere, of anything, ends and stays inside. */
	cursor = data[0] & FUZZ_KEEP_MAGIC ? data[0] * 257u : 0;
	while ((r = couche_journal_next((void *)block, &cursor, &rec, &field)) == 1) {
		fuzz_expect(++records <= COUCHE_JOURNAL_PAYLOAD / 32);
		fuzz_expect(cursor <= couche_journal_bytes(block));
		fuzz_expect(cursor <= COUCHE_JOURNAL_PAYLOAD);
	}
	fuzz_expect_field(r, field);
	free(block);
	return 0;
}
