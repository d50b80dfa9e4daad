/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of the map area: a checked header and records of one kind.
 *
 * Pure functions on the caller's block (COUCHE_BLOCK_SIZE bytes aligned to 8),
 * any context, no locks. couche_page_init(), _set_*() and _seal() make a page;
 * after a change only _seal() is needed again. couche_page_decode() judges
 * magic, checksum and header; the records are judged one by one as they are
 * read, by the _get_*() of the page's type and no other.
 *
 * Failure is a negative errno and a sentence in *field (see field.h).
 */
#ifndef COUCHE_CORE_PAGE_H
#define COUCHE_CORE_PAGE_H

#include <linux/types.h>

#include "record.h"
#include "types.h"

struct couche_page_head {
	u64 sequence;
	u8 type;		/* enum couche_page_type */
	u32 volume;		/* owner of a map page, else 0 */
	u32 index;		/* among the pages of its kind */
};

void couche_page_init(void *block, enum couche_page_type type, u32 volume,
		      u32 index, u32 number);
void couche_page_set_extent(void *block, unsigned int i,
			    const struct couche_place *place);
void couche_page_set_group(void *block, unsigned int i,
			   const struct couche_group_desc *group);
void couche_page_set_volume(void *block, unsigned int i,
			    const struct couche_volume_desc *volume);
void couche_page_set_stage(void *block, unsigned int i,
			   const struct couche_stage_desc *stage);
void couche_page_seal(void *block, u64 sequence, u32 seed);
u64 couche_page_term(u32 number, u64 sequence);

int couche_page_decode(const void *block, u32 number, u32 seed,
		       struct couche_page_head *ret, const char **field);
int couche_page_get_extent(const void *block, unsigned int i,
			   struct couche_place *ret, const char **field);
int couche_page_get_group(const void *block, unsigned int i,
			  struct couche_group_desc *ret, const char **field);
int couche_page_get_volume(const void *block, unsigned int i,
			   struct couche_volume_desc *ret, const char **field);
int couche_page_get_stage(const void *block, unsigned int i,
			  struct couche_stage_desc *ret, const char **field);

#endif
