// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "sample.h"

void *sample_block(void)
{
	void *block = aligned_alloc(8, COUCHE_BLOCK_SIZE);

	assert_non_null(block);
	memset(block, 0xa5, COUCHE_BLOCK_SIZE);
	return block;
}

u32 sample_random(void)
{
	static u64 state = 0x853c49e6748fea9bULL;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32;
}

static void sample_leg(struct couche_super *s, u8 role, u64 sectors)
{
	struct couche_super_leg *leg = &s->leg[s->nr_legs];

	memset(leg->uuid, 0x40 + s->nr_legs, sizeof(leg->uuid));
	leg->sectors = sectors;
	leg->role = role;
	leg->state = COUCHE_LEG_ONLINE;
	leg->domain = 300 + s->nr_legs % 3;
	s->nr_legs++;
}

/* Legs 0-1 meta, 2-3 hot, 4-9 cold; 1 GiB each but the smaller meta leg. */
void sample_super(struct couche_super *s)
{
	const char *field = NULL;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < COUCHE_UUID_SIZE; i++)
		s->pool_uuid[i] = i + 1;
	strcpy(s->name, "tank");
	s->sequence = 7;
	s->checkpoint = 8;
	s->page_checkpoint = 6;
	s->page_sum = 0xfedcba9876543210ULL;
	s->journal_seq = 0x0123456789abcdefULL;
	s->journal_pos = 5;
	s->generation = 77;
	s->extent_sectors = 2048;
	s->segment_sectors = 131072;
	s->incompat = COUCHE_FEATURE_INCOMPAT_STAGE;
	s->stage_slots = 4096;
	s->profile[COUCHE_TIER_HOT] = (struct couche_profile){ .k = 1, .m = 1 };
	s->profile[COUCHE_TIER_COLD] =
		(struct couche_profile){ .k = 4, .m = 2, .csum = 1 };
	sample_leg(s, COUCHE_ROLE_META, 2097152);
	sample_leg(s, COUCHE_ROLE_META, 1048576);
	for (i = 0; i < 2; i++)
		sample_leg(s, COUCHE_ROLE_HOT, 2097152);
	for (i = 0; i < 6; i++)
		sample_leg(s, COUCHE_ROLE_COLD, 2097152);
	s->leg_index = 2;
	assert_int_equal(couche_super_layout(s, &field), 0);
}

void sample_place(struct couche_place *p)
{
	memset(p, 0, sizeof(*p));
	p->group = to_couche_group(sample_random() % 100);
	p->row = to_couche_row(sample_random() % 16000);
	p->generation = sample_random();
	p->rows = 1 + sample_random() % 300;
	p->tier = sample_random() % COUCHE_NR_TIERS;
	p->flags = COUCHE_EXTENT_MAPPED;
	if (sample_random() & 1)
		p->flags |= COUCHE_EXTENT_OPEN;
}

void sample_group(struct couche_group_desc *g)
{
	unsigned int i;

	memset(g, 0, sizeof(*g));
	g->k = 1 + sample_random() % 10;
	g->nr = g->k + sample_random() % 4;
	g->tier = sample_random() % COUCHE_NR_TIERS;
	g->matrix = sample_random() & 1;
	for (i = 0; i < g->nr; i++) {
		g->seg[i].leg = (i * 5 + g->k) % COUCHE_MAX_LEGS;
		g->seg[i].segment = sample_random() % 1000;
	}
}

void sample_volume(struct couche_volume_desc *v)
{
	memset(v, 0, sizeof(*v));
	v->id = 1 + sample_random() % COUCHE_MAX_VOLUMES;
	v->flags = sample_random() & COUCHE_VOLUME_JOURNAL_ALL;
	v->sectors = 8 + 8 * (u64)sample_random();
	v->created = 1700000000 + sample_random();
	v->born = sample_random();
	memset(v->uuid, 1 + sample_random() % 255, sizeof(v->uuid));
	strcpy(v->name, "volume-of-a-test");
}

void sample_stage(struct couche_stage_desc *d)
{
	memset(d, 0, sizeof(*d));
	d->extent = to_couche_extent(sample_random());
	d->sequence = sample_random();
	d->volume = 1 + sample_random() % COUCHE_MAX_VOLUMES;
	d->generation = 1 + sample_random() % 1000;
	d->crc = sample_random();
	d->granule = sample_random() % COUCHE_MAX_DATA_ROWS;
	d->flags = sample_random() & COUCHE_STAGE_ZERO;
}

void sample_spoil(void *object, const struct sample_spoil *spoil)
{
	/* Little endian, like every machine that runs these tests. */
	memcpy((char *)object + spoil->offset, &spoil->value, spoil->size);
}

void sample_assert_field(const char *name, const char *field, const char *starts)
{
	if (!field || strncmp(field, starts, strlen(starts)))
		fail_msg("%s: complaint is \"%s\", expected \"%s...\"", name,
			 field ? field : "(none)", starts);
}
