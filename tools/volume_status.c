// SPDX-License-Identifier: GPL-2.0-only
#include "volume.h"

#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "pool.h"
#include "size.h"

#define SECTOR		512
#define MAX_LINES	32	/* of the table; -o wide and the other formats have all */
#define BAR_WIDTH	40

/* Neighbours that live in one tier. */
struct range {
	uint64_t first, count;
	uint64_t reads, writes;
	uint8_t tier;
};

static void add_range(cJSON *array, const struct range *range, uint64_t extent_bytes)
{
	cJSON *object;

	if (!range->count)
		return;
	object = couche_doc_append_object(array);
	couche_doc_add_number(object, "first_extent", range->first);
	couche_doc_add_number(object, "extents", range->count);
	couche_doc_add_text(object, "tier", couche_tier_name(range->tier));
	couche_doc_add_number(object, "offset_bytes", range->first * extent_bytes);
	couche_doc_add_number(object, "bytes", range->count * extent_bytes);
	couche_doc_add_number(object, "heat_reads", range->reads);
	couche_doc_add_number(object, "heat_writes", range->writes);
}

static void add_ranges(cJSON *array, const struct couche_nl_extent *extents, size_t nr,
		       uint64_t extent_bytes)
{
	struct range range = { 0 };
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct couche_nl_extent *e = &extents[i];

		if (!range.count || range.tier != e->tier ||
		    range.first + range.count != e->extent) {
			add_range(array, &range, extent_bytes);
			range = (struct range){ .first = e->extent, .tier = e->tier };
		}
		range.count++;
		range.reads += e->reads;
		range.writes += e->writes;
	}
	add_range(array, &range, extent_bytes);
}

static void print_bar(uint64_t part, uint64_t whole)
{
	unsigned int filled = whole ? (part * BAR_WIDTH + whole - 1) / whole : 0;
	unsigned int i;

	putchar('[');
	for (i = 0; i < BAR_WIDTH; i++)
		putchar(i < filled ? '#' : '.');
	putchar(']');
}

static void print_tiers(const struct couche_ctl *ctl, const cJSON *doc)
{
	uint64_t mapped = couche_doc_number(doc, "volume.mapped_bytes");
	char path[64], text[COUCHE_SIZE_TEXT];
	uint8_t tier;

	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		uint64_t bytes;

		snprintf(path, sizeof(path), "volume.tier_bytes.%s", couche_tier_name(tier));
		bytes = couche_doc_number(doc, path);
		if (ctl->exact)
			snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
		else
			couche_size_format(bytes, text);
		printf("  %-5s", couche_tier_name(tier));
		print_bar(bytes, mapped);
		printf(" %8s %3.0f%%\n", text, mapped ? 100.0 * bytes / mapped : 0);
	}
}

static void print_text(const struct couche_ctl *ctl, const cJSON *doc, const char *object)
{
	static const struct couche_column columns[] = {
		{ "EXTENT", "first_extent", COUCHE_COLUMN_NUMBER },
		{ "COUNT", "extents", COUCHE_COLUMN_NUMBER }, { "TIER", "tier" },
		{ "SIZE", "bytes", COUCHE_COLUMN_SIZE },
		{ "READS", "heat_reads", COUCHE_COLUMN_NUMBER },
		{ "WRITES", "heat_writes", COUCHE_COLUMN_NUMBER },
		{ NULL }
	};
	const cJSON *ranges = couche_doc_get(doc, "ranges");
	int nr = cJSON_GetArraySize(ranges);
	char size[COUCHE_SIZE_TEXT], mapped[COUCHE_SIZE_TEXT];
	const char *device = couche_doc_text(doc, "volume.device");

	printf("volume: %s\ndevice: %s\n  size: %s, %s mapped\n", object,
	       *device ? device : "- (not active)",
	       couche_size_format(couche_doc_number(doc, "volume.size_bytes"), size),
	       couche_size_format(couche_doc_number(doc, "volume.mapped_bytes"), mapped));
	if (!strcmp(couche_doc_text(doc, "volume.journal"), "all"))
		puts(" stage: what is written to parts of any extent");
	if (couche_doc_number(doc, "volume.lost_extents"))
		printf("  LOST: %llu reads since the pool was started found too few good copies or shards\n",
		       (unsigned long long)couche_doc_number(doc, "volume.lost_extents"));
	if (couche_doc_number(doc, "volume.degraded_reads"))
		printf(" reads: %llu went round a lost shard\n",
		       (unsigned long long)couche_doc_number(doc, "volume.degraded_reads"));
	putchar('\n');
	print_tiers(ctl, doc);
	if (!nr)
		return;
	putchar('\n');
	if (nr <= MAX_LINES || ctl->output == COUCHE_OUTPUT_WIDE)
		couche_doc_print_table(ctl, columns, ranges, "  ");
	else
		printf("  %d ranges of extents; -o wide lists them\n", nr);
}

/**
 * couche_volume_status() - show where the data of a volume is
 * @ctl: the global options
 * @nl: the session
 * @pool: its pool
 * @volume: the volume
 *
 * Return: 0, COUCHE_EXIT_DEGRADED if reads were lost, or another exit code.
 */
int couche_volume_status(const struct couche_ctl *ctl, struct couche_nl *nl,
			 const struct couche_nl_pool *pool,
			 const struct couche_nl_volume *volume)
{
	_cleanup_(couche_doc_free) cJSON *doc = couche_doc_create("volume status");
	_cleanup_free_ struct couche_nl_extent *extents = NULL;
	char object[COUCHE_OBJECT_SIZE];
	size_t nr;
	int r;

	snprintf(object, sizeof(object), "%s/%s", pool->id.name, volume->name);
	r = couche_nl_extents(nl, pool->id.uuid, volume->id, 0, 0, &extents, &nr);
	if (r)
		return couche_session_fail(nl, r, object, "its extents cannot be listed");
	couche_show_volume(couche_doc_add_object(doc, "volume"), volume, pool->extent_sectors);
	couche_doc_add_number(doc, "extent_bytes", (uint64_t)pool->extent_sectors * SECTOR);
	add_ranges(couche_doc_add_array(doc, "ranges"), extents, nr,
		   (uint64_t)pool->extent_sectors * SECTOR);
	if (ctl->output == COUCHE_OUTPUT_NAME)
		puts(object);
	else if (!couche_doc_print_whole(ctl, doc))
		print_text(ctl, doc, object);
	return volume->lost_extents ? COUCHE_EXIT_DEGRADED : 0;
}
