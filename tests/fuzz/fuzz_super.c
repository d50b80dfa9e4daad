// SPDX-License-Identifier: GPL-2.0-only
/* A superblock that decodes is sound, and encodes to what it was. */
#include "fuzz.h"

#include <asm/byteorder.h>
#include <linux/errno.h>

#include "block.h"
#include "geometry.h"
#include "record.h"
#include "super.h"

static void repair(struct couche_disk_super *d, u8 flags)
{
	if (!(flags & FUZZ_KEEP_MAGIC)) {
		d->magic = cpu_to_le64(COUCHE_SB_MAGIC);
		d->version = cpu_to_le32(COUCHE_FORMAT_VERSION);
	}
	if (!(flags & FUZZ_KEEP_CRC))
		d->crc = cpu_to_le32(couche_block_crc(d, offsetof(struct couche_disk_super, crc),
						      couche_super_seed(d->pool_uuid)));
}

/* What the module does with these numbers must not overflow or divide by 0. */
static void use(const struct couche_super *s)
{
	struct couche_geometry geo;
	u32 i, nr_meta = 0;

	for (i = 0; i < COUCHE_NR_TIERS; i++) {
		if (!s->profile[i].k)
			continue;
		couche_geometry_init(&geo, &s->profile[i], s->extent_sectors);
		fuzz_expect(geo.rows && geo.rows <= s->segment_sectors / COUCHE_BLOCK_SECTORS);
	}
	for (i = 0; i < s->nr_legs; i++) {
		u64 end = COUCHE_DATA_START +
			  (u64)couche_super_segments(s, i) * s->segment_sectors;

		if (s->leg[i].state == COUCHE_LEG_NONE)
			continue;
		fuzz_expect(end <= s->leg[i].sectors);
		if (s->leg[i].role != COUCHE_ROLE_META)
			continue;
		nr_meta++;
		fuzz_expect(s->map_start + 16ULL * s->map_pages <= s->leg[i].sectors);
		fuzz_expect(s->journal_start + 8ULL * s->journal_blocks <= s->leg[i].sectors);
	}
	fuzz_expect(nr_meta >= 1 && nr_meta <= COUCHE_MAX_META_LEGS);
	fuzz_expect(strnlen(s->name, sizeof(s->name)) < sizeof(s->name));
}

/* A group that is accepted has room for an extent, whatever its shape. */
static void use_shapes(const struct couche_super *s)
{
	struct couche_group_desc group = { .nr = 0 };
	struct couche_profile shape = { .k = 0 };
	struct couche_geometry geo;
	const char *field = NULL;

	for (group.tier = 0; group.tier < COUCHE_NR_TIERS; group.tier++) {
		for (group.k = 1; group.k <= COUCHE_MAX_SHARDS; group.k++) {
			group.nr = group.k + (COUCHE_MAX_SHARDS - group.k) / 2;
			if (couche_super_check_shape(s, &group, &field))
				continue;
			shape.k = group.k;
			shape.m = group.nr - group.k;
			shape.csum = s->profile[group.tier].csum;
			couche_geometry_init(&geo, &shape, s->extent_sectors);
			fuzz_expect(geo.rows &&
				    geo.rows <= s->segment_sectors / COUCHE_BLOCK_SECTORS);
		}
	}
}

static void check_layout(const struct couche_super *s)
{
	struct couche_super copy = *s;
	const char *field = NULL;
	int r = couche_super_layout(&copy, &field);

	fuzz_expect_field(r, field);
	if (r)
		return;
	copy.journal_pos = 0;
	fuzz_expect(!couche_super_check(&copy, &field));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct couche_super s, again;
	const char *field = NULL;
	void *block, *second;
	int r;

	if (!size)
		return 0;
	block = fuzz_block(data + 1, size - 1);
	repair(block, data[0]);
	r = couche_super_decode(block, &s, &field);
	fuzz_expect_field(r, field);
	if (!r || r == -EROFS) {
		use(&s);
		use_shapes(&s);
		check_layout(&s);
		second = fuzz_block(NULL, 0);
		couche_super_encode(&s, second);
		fuzz_expect(couche_super_decode(second, &again, &field) == r);
		fuzz_expect(!memcmp(&s, &again, sizeof(s)));
		free(second);
	}
	free(block);
	return 0;
}
