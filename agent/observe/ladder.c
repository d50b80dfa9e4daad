// SPDX-License-Identifier: GPL-2.0-only
/* The ladder of metrics that is used when the policy file names none. */
#include "agent/observe/heat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct couche_rung defaults[] = {
	{
		.name = "couchestor",
		.reads = "couchestor_volume_reads_total",
		.writes = "couchestor_volume_writes_total",
		.pool_uuid_label = "pool_uuid",
		.pool_label = "pool",
		.volume_label = "volume",
	},
	{
		.name = "mayastor",
		.reads = "volume_num_read_ops",
		.writes = "volume_num_write_ops",
		.volume_label = "pv_name",
	},
	{
		/* "name" is the dm name; the join also drops devices that are not dm */
		.name = "node_exporter",
		.reads = "node_disk_reads_completed_total{device=~\"dm-.*\"}",
		.writes = "node_disk_writes_completed_total{device=~\"dm-.*\"}",
		.join = "*on(instance,device)group_left(name)node_disk_device_mapper_info",
		.volume_label = "name",
	},
};

static char *copy(const char *text, bool *failed)
{
	char *copied = text ? strdup(text) : NULL;

	*failed |= text && !copied;
	return copied;
}

int couche_ladder_default(struct couche_ladder *ret)
{
	const size_t nr = sizeof(defaults) / sizeof(defaults[0]);
	struct couche_ladder ladder = { calloc(nr, sizeof(*ladder.rungs)), 0 };
	bool failed = !ladder.rungs;

	for (; !failed && ladder.nr < nr; ladder.nr++) {
		const struct couche_rung *from = &defaults[ladder.nr];

		ladder.rungs[ladder.nr] = (struct couche_rung){
			.name = copy(from->name, &failed),
			.reads = copy(from->reads, &failed),
			.writes = copy(from->writes, &failed),
			.join = copy(from->join, &failed),
			.pool_uuid_label = copy(from->pool_uuid_label, &failed),
			.pool_label = copy(from->pool_label, &failed),
			.volume_label = copy(from->volume_label, &failed),
		};
	}
	if (failed) {
		couche_ladder_destroy(&ladder);
		return -ENOMEM;
	}
	*ret = ladder;
	return 0;
}

void couche_ladder_destroy(struct couche_ladder *ladder)
{
	for (size_t i = 0; i < ladder->nr; i++) {
		free(ladder->rungs[i].name);
		free(ladder->rungs[i].reads);
		free(ladder->rungs[i].writes);
		free(ladder->rungs[i].join);
		free(ladder->rungs[i].pool_uuid_label);
		free(ladder->rungs[i].pool_label);
		free(ladder->rungs[i].volume_label);
	}
	free(ladder->rungs);
	*ladder = (struct couche_ladder){ 0 };
}
