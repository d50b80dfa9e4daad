// SPDX-License-Identifier: GPL-2.0-only
#include "agent/serve/metrics.h"

#include "agent/lib/buf.h"
#include "agent/lib/log.h"
#include "agent/lib/uuid.h"
#include "agent/serve/exposition.h"

#include <stdio.h>

static const char *const tier_names[COUCHE_NR_TIERS] = { "hot", "warm", "cold" };
static const char *const role_names[] = { "meta", "hot", "warm", "cold" };

static void write_counter(struct couche_buf *body, const char *name, const char *help,
			  uint64_t value)
{
	couche_exposition_family(body, name, "counter", help);
	couche_exposition_u64(body, name, NULL, value);
}

static void write_gauge(struct couche_buf *body, const char *name, const char *help,
			uint64_t value)
{
	couche_exposition_family(body, name, "gauge", help);
	couche_exposition_u64(body, name, NULL, value);
}

/* --- the agent itself --- */

static void write_build(struct couche_buf *body)
{
	const struct couche_label labels[] = { { "version", COUCHE_VERSION }, { } };

	couche_exposition_family(body, "couchestor_build_info", "gauge",
				 "Version of the agent, as a label.");
	couche_exposition_u64(body, "couchestor_build_info", labels, 1);
}

static void write_migrations(const struct couche_metrics *metrics, struct couche_buf *body)
{
	const char *name = "couchestor_migrations_total";
	uint64_t active = 0;

	couche_exposition_family(body, name, "counter",
				 "Migrations that this agent ordered and that ended, by outcome.");
	for (unsigned int i = 0; i < COUCHE_NR_OUTCOMES; i++) {
		const struct couche_label labels[] = {
			{ "status", couche_outcome_name((enum couche_outcome)i) }, { }
		};

		couche_exposition_u64(body, name, labels,
				      couche_tracker_count(metrics->tracker,
							   (enum couche_outcome)i));
	}
	for (size_t i = 0; i < metrics->view->nr_migrations; i++)
		active += couche_view_running(&metrics->view->migrations[i]);
	write_gauge(body, "couchestor_active_migrations",
		    "Migrations that run in the kernel, whoever ordered them.", active);
	write_counter(body, "couchestor_orders_refused_total",
		      "Orders that the kernel refused.", metrics->refused);
}

static void write_reasons(const struct couche_metrics *metrics, struct couche_buf *body)
{
	const char *name = "couchestor_decisions_total";

	couche_exposition_family(body, name, "counter",
				 "Decisions about volumes, one per volume and cycle, by reason.");
	for (unsigned int i = 0; i < COUCHE_NR_REASONS; i++) {
		const struct couche_label labels[] = {
			{ "reason", couche_reason_name((enum couche_reason)i) }, { }
		};

		couche_exposition_u64(body, name, labels, metrics->reasons[i]);
	}
}

static void write_errors(struct couche_buf *body)
{
	const char *name = "couchestor_errors_total";

	couche_exposition_family(body, name, "counter", "Failures, by kind.");
	for (unsigned int i = COUCHE_KIND_NONE + 1; i < COUCHE_NR_KINDS; i++) {
		const struct couche_label labels[] = {
			{ "kind", couche_kind_name((enum couche_kind)i) }, { }
		};

		couche_exposition_u64(body, name, labels, couche_log_count((enum couche_kind)i));
	}
}

static void write_classes(const struct couche_metrics *metrics, struct couche_buf *body)
{
	uint64_t counts[COUCHE_CLASS_UNKNOWN + 1] = { 0 };

	for (size_t i = 0; i < metrics->nr_decisions; i++)
		counts[metrics->decisions[i].class]++;
	couche_exposition_family(body, "couchestor_volumes", "gauge",
				 "Volumes by what their heat was in the last cycle.");
	for (unsigned int i = 0; i <= COUCHE_CLASS_UNKNOWN; i++) {
		const struct couche_label labels[] = {
			{ "heat", couche_class_name((enum couche_class)i) }, { }
		};

		couche_exposition_u64(body, "couchestor_volumes", labels, counts[i]);
	}
}

/* A heat that is not known has no sample: it is never 0. */
static void write_heat(const struct couche_metrics *metrics, struct couche_buf *body)
{
	const char *name = "couchestor_volume_heat_iops";

	couche_exposition_family(body, name, "gauge",
				 "Operations a second that the last decision was based on.");
	for (size_t i = 0; i < metrics->nr_decisions; i++) {
		const struct couche_label labels[] = {
			{ "pool", metrics->names[i].pool },
			{ "volume", metrics->names[i].volume },
			{ }
		};

		if (metrics->decisions[i].class == COUCHE_CLASS_UNKNOWN)
			continue;
		couche_exposition_double(body, name, labels, metrics->decisions[i].iops);
	}
}

/* --- pools, legs and volumes of the kernel --- */

enum pool_value {
	POOL_DEGRADED,
	POOL_READ_ONLY,
	POOL_JOURNAL_BYTES,
	POOL_JOURNAL_USED_BYTES,
	POOL_COMMITS,
	POOL_CHECKPOINTS,
};

static uint64_t pool_value(const struct couche_view_pool *pool, enum pool_value value)
{
	switch (value) {
	case POOL_DEGRADED:
		return pool->degraded;
	case POOL_READ_ONLY:
		return pool->read_only;
	case POOL_JOURNAL_BYTES:
		return pool->journal_blocks * COUCHE_BLOCK_SIZE;
	case POOL_JOURNAL_USED_BYTES:
		return pool->journal_used * COUCHE_BLOCK_SIZE;
	case POOL_COMMITS:
		return pool->commits;
	case POOL_CHECKPOINTS:
		return pool->checkpoints;
	}
	return 0;
}

static void write_pools(const struct couche_view *view, struct couche_buf *body)
{
	static const struct {
		enum pool_value value;
		const char *name, *type, *help;
	} families[] = {
		{ POOL_DEGRADED, "couchestor_pool_degraded", "gauge",
		  "1 while a leg of the pool is failed or missing." },
		{ POOL_READ_ONLY, "couchestor_pool_read_only", "gauge",
		  "1 when the pool's metadata could not be written." },
		{ POOL_JOURNAL_BYTES, "couchestor_pool_journal_bytes", "gauge",
		  "Size of the pool's journal." },
		{ POOL_JOURNAL_USED_BYTES, "couchestor_pool_journal_used_bytes", "gauge",
		  "Part of the journal that is in use." },
		{ POOL_COMMITS, "couchestor_pool_commits_total", "counter",
		  "Journal commits since the pool was activated." },
		{ POOL_CHECKPOINTS, "couchestor_pool_checkpoints_total", "counter",
		  "Checkpoints since the pool was activated." },
	};

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		couche_exposition_family(body, families[f].name, families[f].type,
					 families[f].help);
		for (size_t i = 0; i < view->nr_pools; i++) {
			const struct couche_label labels[] = {
				{ "pool", view->pools[i].name }, { }
			};

			couche_exposition_u64(body, families[f].name, labels,
					      pool_value(&view->pools[i], families[f].value));
		}
	}
}

static void write_tiers(const struct couche_view *view, struct couche_buf *body, bool used)
{
	const char *name = used ? "couchestor_tier_used_bytes" : "couchestor_tier_capacity_bytes";

	couche_exposition_family(body, name, "gauge", used ?
				 "Raw bytes of the tier that are allocated." :
				 "Raw bytes of the tier's online legs.");
	for (size_t i = 0; i < view->nr_pools; i++) {
		for (unsigned int t = 0; t < COUCHE_NR_TIERS; t++) {
			const struct couche_view_tier *tier = &view->pools[i].tiers[t];
			const struct couche_label labels[] = {
				{ "pool", view->pools[i].name }, { "tier", tier_names[t] }, { }
			};

			if (tier->k)
				couche_exposition_u64(body, name, labels, 512 *
						      (used ? tier->used_sectors : tier->sectors));
		}
	}
}

static bool leg_up(const struct couche_view_leg *leg)
{
	return leg->state == COUCHE_LEG_ONLINE && leg->present;
}

enum leg_value {
	LEG_UP,
	LEG_BYTES,
	LEG_USED_BYTES,
	LEG_READS,
	LEG_WRITES,
	LEG_READ_ERRORS,
	LEG_WRITE_ERRORS,
	LEG_CSUM_ERRORS,
};

static uint64_t leg_value(const struct couche_view_leg *leg, enum leg_value value)
{
	switch (value) {
	case LEG_UP:
		return leg_up(leg);
	case LEG_BYTES:
		return leg->sectors * 512;
	case LEG_USED_BYTES:
		return leg->used_sectors * 512;
	case LEG_READS:
		return leg->reads;
	case LEG_WRITES:
		return leg->writes;
	case LEG_READ_ERRORS:
		return leg->read_errors;
	case LEG_WRITE_ERRORS:
		return leg->write_errors;
	case LEG_CSUM_ERRORS:
		return leg->csum_errors;
	}
	return 0;
}

static void write_leg(const struct couche_view *view, const struct couche_view_leg *leg,
		      const char *name, uint64_t value, struct couche_buf *body)
{
	char index[16];
	const struct couche_label labels[] = {
		{ "pool", view->pools[leg->pool].name },
		{ "leg", index },
		{ "role", leg->role <= COUCHE_ROLE_COLD ? role_names[leg->role] : "unknown" },
		{ }
	};

	snprintf(index, sizeof(index), "%u", leg->index);
	couche_exposition_u64(body, name, labels, value);
}

static void write_legs(const struct couche_view *view, struct couche_buf *body)
{
	static const struct {
		enum leg_value value;
		const char *name, *type, *help;
	} families[] = {
		{ LEG_UP, "couchestor_leg_up", "gauge", "1 while the leg is online." },
		{ LEG_BYTES, "couchestor_leg_capacity_bytes", "gauge", "Size of the leg." },
		{ LEG_USED_BYTES, "couchestor_leg_used_bytes", "gauge",
		  "Bytes of the leg that are allocated." },
		{ LEG_READS, "couchestor_leg_reads_total", "counter",
		  "Read requests sent to the leg." },
		{ LEG_WRITES, "couchestor_leg_writes_total", "counter",
		  "Write requests sent to the leg." },
		{ LEG_READ_ERRORS, "couchestor_leg_read_errors_total", "counter",
		  "Reads that the leg failed." },
		{ LEG_WRITE_ERRORS, "couchestor_leg_write_errors_total", "counter",
		  "Writes that the leg failed." },
		{ LEG_CSUM_ERRORS, "couchestor_leg_checksum_errors_total", "counter",
		  "Shards of the leg with a wrong checksum, identity or generation." },
	};

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		couche_exposition_family(body, families[f].name, families[f].type,
					 families[f].help);
		for (size_t i = 0; i < view->nr_legs; i++)
			write_leg(view, &view->legs[i], families[f].name,
				  leg_value(&view->legs[i], families[f].value), body);
	}
}

enum volume_value {
	VOLUME_READS,
	VOLUME_WRITES,
	VOLUME_READ_BYTES,
	VOLUME_WRITTEN_BYTES,
	VOLUME_DEGRADED_READS,
	VOLUME_PROMOTES,
	VOLUME_LOST,
	VOLUME_BYTES,
};

static uint64_t volume_value(const struct couche_view_volume *volume, enum volume_value value)
{
	switch (value) {
	case VOLUME_READS:
		return volume->reads;
	case VOLUME_WRITES:
		return volume->writes;
	case VOLUME_READ_BYTES:
		return volume->read_sectors * 512;
	case VOLUME_WRITTEN_BYTES:
		return volume->written_sectors * 512;
	case VOLUME_DEGRADED_READS:
		return volume->degraded_reads;
	case VOLUME_PROMOTES:
		return volume->promotes;
	case VOLUME_LOST:
		return volume->lost_extents;
	case VOLUME_BYTES:
		return volume->sectors * 512;
	}
	return 0;
}

static void write_volume(const struct couche_view *view, const struct couche_view_volume *volume,
			 const char *name, uint64_t value, struct couche_buf *body)
{
	char uuid[COUCHE_UUID_TEXT];
	const struct couche_label labels[] = {
		{ "pool", view->pools[volume->pool].name },
		{ "pool_uuid", uuid },
		{ "volume", volume->name },
		{ }
	};

	couche_uuid_format(view->pools[volume->pool].uuid, uuid);
	couche_exposition_u64(body, name, labels, value);
}

static void write_volumes(const struct couche_view *view, struct couche_buf *body)
{
	static const struct {
		enum volume_value value;
		const char *name, *type, *help;
	} families[] = {
		{ VOLUME_READS, "couchestor_volume_reads_total", "counter",
		  "Read requests of the volume's users." },
		{ VOLUME_WRITES, "couchestor_volume_writes_total", "counter",
		  "Write requests of the volume's users." },
		{ VOLUME_READ_BYTES, "couchestor_volume_read_bytes_total", "counter",
		  "Bytes read by the volume's users." },
		{ VOLUME_WRITTEN_BYTES, "couchestor_volume_written_bytes_total", "counter",
		  "Bytes written by the volume's users." },
		{ VOLUME_DEGRADED_READS, "couchestor_volume_degraded_reads_total", "counter",
		  "Reads that had to go round a lost shard." },
		{ VOLUME_PROMOTES, "couchestor_volume_promotes_total", "counter",
		  "Extents moved to the landing tier by a write." },
		{ VOLUME_LOST, "couchestor_volume_lost_extents", "gauge",
		  "Reads since the pool was started that found too few good shards or copies." },
		{ VOLUME_BYTES, "couchestor_volume_size_bytes", "gauge", "Size of the volume." },
	};

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		couche_exposition_family(body, families[f].name, families[f].type,
					 families[f].help);
		for (size_t i = 0; i < view->nr_volumes; i++)
			write_volume(view, &view->volumes[i], families[f].name,
				     volume_value(&view->volumes[i], families[f].value), body);
	}
}

static void write_volume_tiers(const struct couche_view *view, struct couche_buf *body)
{
	const char *name = "couchestor_volume_tier_bytes";

	couche_exposition_family(body, name, "gauge",
				 "Bytes of the volume that live in the tier.");
	for (size_t i = 0; i < view->nr_volumes; i++) {
		const struct couche_view_volume *volume = &view->volumes[i];
		const struct couche_view_pool *pool = &view->pools[volume->pool];

		for (unsigned int t = 0; t < COUCHE_NR_TIERS; t++) {
			const struct couche_label labels[] = {
				{ "pool", pool->name }, { "volume", volume->name },
				{ "tier", tier_names[t] }, { }
			};

			couche_exposition_u64(body, name, labels, 512ULL * pool->extent_sectors *
					      volume->tier_extents[t]);
		}
	}
}

/* --- erasure coding --- */

static bool cold_leg_lost(const struct couche_view *view, size_t pool)
{
	for (size_t i = 0; i < view->nr_legs; i++)
		if (view->legs[i].pool == pool && view->legs[i].role == COUCHE_ROLE_COLD &&
		    !leg_up(&view->legs[i]))
			return true;
	return false;
}

/*
 * The kernel does not count stripes that lack a shard: while a cold leg of a
 * pool is lost, any stripe there may, so all of them count as degraded. Nor does it
 * those that are lost, but reads that failed, in all tiers: the most there may be.
 */
static void write_ec(const struct couche_view *view, struct couche_buf *body)
{
	static const char *const states[] = { "healthy", "degraded", "failed" };
	uint64_t counts[3] = { 0 }, reconstructions = 0;

	for (size_t i = 0; i < view->nr_volumes; i++) {
		const struct couche_view_volume *volume = &view->volumes[i];
		uint64_t cold = volume->tier_extents[COUCHE_TIER_COLD];
		uint64_t lost = volume->lost_extents < cold ? volume->lost_extents : cold;

		reconstructions += volume->degraded_reads;
		if (view->pools[volume->pool].tiers[COUCHE_TIER_COLD].k < 2)
			continue;
		counts[2] += lost;
		counts[cold_leg_lost(view, volume->pool)] += cold - lost;
	}
	couche_exposition_family(body, "couchestor_ec_stripes", "gauge",
				 "Erasure-coded stripes by state.");
	for (unsigned int i = 0; i < 3; i++) {
		const struct couche_label labels[] = { { "state", states[i] }, { } };

		couche_exposition_u64(body, "couchestor_ec_stripes", labels, counts[i]);
	}
	write_counter(body, "couchestor_ec_reconstructions_total",
		      "Reads answered by reconstructing a lost shard.", reconstructions);
}

void couche_metrics_write(const struct couche_metrics *metrics, struct couche_buf *body)
{
	const struct couche_view *view = metrics->view;

	write_build(body);
	write_counter(body, "couchestor_reconcile_total",
		      "Cycles of observing, deciding and acting.", metrics->reconciles);
	write_migrations(metrics, body);
	write_reasons(metrics, body);
	write_errors(body);
	write_classes(metrics, body);
	write_heat(metrics, body);
	write_gauge(body, "couchestor_kernel_up", "1 while the kernel module answers.",
		    view->valid);
	write_gauge(body, "couchestor_prometheus_up",
		    "1 while the last question to Prometheus was answered well.",
		    metrics->prometheus_up);
	write_ec(view, body);
	write_pools(view, body);
	write_tiers(view, body, false);
	write_tiers(view, body, true);
	write_legs(view, body);
	write_volumes(view, body);
	write_volume_tiers(view, body);
}
