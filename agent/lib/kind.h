/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stable kinds of failure. The same word names a failure in code, logs,
 * events, metrics and documentation; words are never changed or reused. No
 * state, callable from anywhere.
 */
#ifndef COUCHE_LIB_KIND_H
#define COUCHE_LIB_KIND_H

enum couche_kind {
	COUCHE_KIND_NONE,
	COUCHE_KIND_KUBERNETES,
	COUCHE_KIND_IO,
	COUCHE_KIND_PROMETHEUS_CONNECTION,
	COUCHE_KIND_PROMETHEUS_QUERY,
	COUCHE_KIND_PROMETHEUS_PARSE,
	COUCHE_KIND_MIGRATION_IN_PROGRESS,
	COUCHE_KIND_MIGRATION_FAILED,
	COUCHE_KIND_MIGRATION_TIMEOUT,
	COUCHE_KIND_NO_SUITABLE_POOL,
	COUCHE_KIND_EC_ENCODING,
	COUCHE_KIND_EC_RECONSTRUCTION,
	COUCHE_KIND_EC_INSUFFICIENT_SHARDS,
	COUCHE_KIND_EC_POLICY,
	COUCHE_KIND_EC_STRIPE,
	COUCHE_KIND_CONFIGURATION,
	COUCHE_KIND_DEVICE_DISCOVERY,
	COUCHE_KIND_NVME_COMMAND,
	COUCHE_KIND_SMART,
	COUCHE_KIND_COMPRESSION,
	COUCHE_KIND_DECOMPRESSION,
	COUCHE_KIND_KERNEL_INTERFACE,
	COUCHE_NR_KINDS,
};

/**
 * couche_kind_name() - the stable word of a kind
 * @kind: kind
 *
 * Return: a constant such as "prometheus_query"; "none" for no failure.
 */
const char *couche_kind_name(enum couche_kind kind);

#endif /* COUCHE_LIB_KIND_H */
