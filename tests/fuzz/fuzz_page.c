// SPDX-License-Identifier: GPL-2.0-only
/* A page that decodes, record by record, encodes to what it was. */
#include "fuzz.h"

#include <asm/byteorder.h>

#include "block.h"
#include "bounds.h"
#include "page.h"

static void repair(struct couche_disk_page *d, u8 flags)
{
	if (!(flags & FUZZ_KEEP_MAGIC)) {
		d->magic = cpu_to_le32(COUCHE_PAGE_MAGIC);
		d->type %= COUCHE_PAGE_STAGE + 1;
	}
	if (!(flags & FUZZ_KEEP_CRC))
		d->crc = cpu_to_le32(couche_block_crc(d, offsetof(struct couche_disk_page, crc),
						      FUZZ_SEED));
}

static void walk_extents(const void *block, void *second)
{
	struct couche_place place, again;
	const char *field = NULL;
	unsigned int i;
	int r;

	for (i = 0; i <= COUCHE_PAGE_EXTENTS; i++) {
		r = couche_page_get_extent(block, i, &place, &field);
		fuzz_expect_field(r, field);
		if (r)
			continue;
		if (place.flags)
			fuzz_expect(from_couche_row(place.row) + place.rows <= COUCHE_MAX_ROWS);
		couche_page_set_extent(second, i, &place);
		fuzz_expect(!couche_page_get_extent(second, i, &again, &field));
		fuzz_expect(!memcmp(&place, &again, sizeof(place)));
	}
}

static void walk_groups(const void *block, void *second)
{
	struct couche_group_desc group, again;
	const char *field = NULL;
	unsigned int i, j;
	int r;

	for (i = 0; i <= COUCHE_PAGE_GROUPS; i++) {
		r = couche_page_get_group(block, i, &group, &field);
		fuzz_expect_field(r, field);
		if (r)
			continue;
		fuzz_expect(group.nr <= COUCHE_MAX_SHARDS && group.k <= group.nr);
		for (j = 0; j < group.nr; j++)
			fuzz_expect(group.seg[j].leg < COUCHE_MAX_LEGS);
		couche_page_set_group(second, i, &group);
		fuzz_expect(!couche_page_get_group(second, i, &again, &field));
		fuzz_expect(!memcmp(&group, &again, sizeof(group)));
	}
}

static void walk_volumes(const void *block, void *second)
{
	struct couche_volume_desc volume, again;
	const char *field = NULL;
	unsigned int i;
	int r;

	for (i = 0; i <= COUCHE_PAGE_VOLUMES; i++) {
		r = couche_page_get_volume(block, i, &volume, &field);
		fuzz_expect_field(r, field);
		if (r)
			continue;
		fuzz_expect(strnlen(volume.name, sizeof(volume.name)) < sizeof(volume.name));
		couche_page_set_volume(second, i, &volume);
		fuzz_expect(!couche_page_get_volume(second, i, &again, &field));
		fuzz_expect(!memcmp(&volume, &again, sizeof(volume)));
	}
}

static void walk_slots(const void *block, void *second)
{
	struct couche_stage_desc slot, again;
	const char *field = NULL;
	unsigned int i;
	int r;

	for (i = 0; i <= COUCHE_PAGE_STAGES; i++) {
		r = couche_page_get_stage(block, i, &slot, &field);
		fuzz_expect_field(r, field);
		if (r)
			continue;
		fuzz_expect(slot.granule < COUCHE_MAX_DATA_ROWS);
		couche_page_set_stage(second, i, &slot);
		fuzz_expect(!couche_page_get_stage(second, i, &again, &field));
		fuzz_expect(!memcmp(&slot, &again, sizeof(slot)));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct couche_page_head head, again;
	const char *field = NULL;
	struct couche_disk_page *block;
	void *second;
	u32 number;
	int r;

	if (!size)
		return 0;
	block = fuzz_block(data + 1, size - 1);
	repair(block, data[0]);
	number = le32_to_cpu(block->number);
	r = couche_page_decode(block, number, FUZZ_SEED, &head, &field);
	fuzz_expect_field(r, field);
	second = fuzz_block(NULL, 0);
	if (!r) {
		couche_page_init(second, head.type, head.volume, head.index, number);
		couche_page_seal(second, head.sequence, FUZZ_SEED);
		fuzz_expect(!couche_page_decode(second, number, FUZZ_SEED, &again, &field));
		fuzz_expect(head.type == again.type && head.volume == again.volume &&
			    head.index == again.index && head.sequence == again.sequence);
	}
	/* The records guard themselves, whatever the type says. */
	walk_extents(block, second);
	walk_groups(block, second);
	walk_volumes(block, second);
	walk_slots(block, second);
	free(second);
	free(block);
	return 0;
}
