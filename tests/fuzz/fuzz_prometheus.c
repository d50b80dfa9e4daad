// SPDX-License-Identifier: GPL-2.0-only
/* An answer of Prometheus: whatever it is, a heat that is known is a number. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "agent/observe/prometheus.h"

#define NOW_MS 1700000000000ULL

static const struct couche_rung rung = {
	.name = (char *)"ours", .reads = (char *)"r", .writes = (char *)"w",
	.pool_uuid_label = (char *)"pool_uuid", .pool_label = (char *)"pool",
	.volume_label = (char *)"volume",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct couche_prom_table table;
	enum couche_kind kind;
	char why[256];
	int r;

	r = couche_prom_parse(&rung, (const char *)data, size, NOW_MS, &table, &kind, why,
			      sizeof(why));
	if (r && (table.nr || table.entries || kind == COUCHE_KIND_NONE))
		abort();
	for (size_t i = 0; i < table.nr; i++) {
		const struct couche_prom_entry *entry = &table.entries[i];
		struct couche_heat heat;

		heat = couche_prom_heat(&table, entry->pool_uuid, entry->pool, entry->volume,
					entry->window_ms);
		if (heat.state == COUCHE_HEAT_KNOWN && !(isfinite(heat.iops) && heat.iops >= 0))
			abort();
	}
	couche_prom_table_destroy(&table);
	return 0;
}
