// SPDX-License-Identifier: GPL-2.0-only
#include "agent/lib/kind.h"

static const char *const names[COUCHE_NR_KINDS] = {
	[COUCHE_KIND_NONE] = "none",
	[COUCHE_KIND_KUBERNETES] = "kubernetes",
	[COUCHE_KIND_IO] = "io",
	[COUCHE_KIND_PROMETHEUS_CONNECTION] = "prometheus_connection",
	[COUCHE_KIND_PROMETHEUS_QUERY] = "prometheus_query",
	[COUCHE_KIND_PROMETHEUS_PARSE] = "prometheus_parse",
	[COUCHE_KIND_MIGRATION_IN_PROGRESS] = "migration_in_progress",
	[COUCHE_KIND_MIGRATION_FAILED] = "migration_failed",
	[COUCHE_KIND_MIGRATION_TIMEOUT] = "migration_timeout",
	[COUCHE_KIND_NO_SUITABLE_POOL] = "no_suitable_pool",
	[COUCHE_KIND_EC_ENCODING] = "ec_encoding",
	[COUCHE_KIND_EC_RECONSTRUCTION] = "ec_reconstruction",
	[COUCHE_KIND_EC_INSUFFICIENT_SHARDS] = "ec_insufficient_shards",
	[COUCHE_KIND_EC_POLICY] = "ec_policy",
	[COUCHE_KIND_EC_STRIPE] = "ec_stripe",
	[COUCHE_KIND_CONFIGURATION] = "configuration",
	[COUCHE_KIND_DEVICE_DISCOVERY] = "device_discovery",
	[COUCHE_KIND_NVME_COMMAND] = "nvme_command",
	[COUCHE_KIND_SMART] = "smart",
	[COUCHE_KIND_COMPRESSION] = "compression",
	[COUCHE_KIND_DECOMPRESSION] = "decompression",
	[COUCHE_KIND_KERNEL_INTERFACE] = "kernel_interface",
};

const char *couche_kind_name(enum couche_kind kind)
{
	return (unsigned int)kind < COUCHE_NR_KINDS ? names[kind] : "none";
}
