/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sound superblocks, groups, volumes and places for the tests of kernel/core,
 * to be spoiled one field at a time; and a block of the right size and
 * alignment on the heap, so that the sanitizer sees the byte after it.
 * Single thread; sample_random() is a fixed sequence, the same in every run.
 */
#ifndef TESTS_UNIT_SAMPLE_H
#define TESTS_UNIT_SAMPLE_H

#include <linux/types.h>

#include "page.h"
#include "super.h"

/* A field to overwrite in a native struct, and how the complaint begins. */
struct sample_spoil {
	const char *name;
	size_t offset;
	size_t size;
	u64 value;
	const char *field;
};

#define SAMPLE_SET(type, member, val) \
	offsetof(type, member), sizeof(((type *)0)->member), val

void *sample_block(void);
u32 sample_random(void);
void sample_super(struct couche_super *s);
void sample_place(struct couche_place *p);
void sample_group(struct couche_group_desc *g);
void sample_volume(struct couche_volume_desc *v);
void sample_stage(struct couche_stage_desc *d);
void sample_spoil(void *object, const struct sample_spoil *spoil);
/* Fails the test unless @field begins with @starts. */
void sample_assert_field(const char *name, const char *field, const char *starts);

#endif
