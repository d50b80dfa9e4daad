// SPDX-License-Identifier: GPL-2.0-only
/* Objects of the kernel as objects of a document. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "pool.h"

#define SECTOR	512

const struct couche_column couche_leg_columns[] = {
	{ "POOL", "pool" }, { "LEG", "index", COUCHE_COLUMN_NUMBER }, { "ROLE", "role" },
	{ "STATE", "state" }, { "DEVICE", "device" },
	{ "DOMAIN", "domain", COUCHE_COLUMN_NUMBER },
	{ "SIZE", "size_bytes", COUCHE_COLUMN_SIZE }, { "USED", "used_bytes", COUCHE_COLUMN_SIZE },
	{ "READ-ERR", "read_errors", COUCHE_COLUMN_NUMBER },
	{ "WRITE-ERR", "write_errors", COUCHE_COLUMN_NUMBER },
	{ "CSUM-ERR", "csum_errors", COUCHE_COLUMN_NUMBER },
	{ "READS", "reads", COUCHE_COLUMN_NUMBER, true },
	{ "WRITES", "writes", COUCHE_COLUMN_NUMBER, true },
	{ "UUID", "uuid", COUCHE_COLUMN_TEXT, true },
	{ NULL }
};

/**
 * couche_sweep_name() - word for a kind of sweep
 * @kind: enum couche_sweep_kind
 *
 * Return: a constant.
 */
const char *couche_sweep_name(uint8_t kind)
{
	static const char * const names[] = {
		[COUCHE_SWEEP_REBUILD] = "rebuild", [COUCHE_SWEEP_SCRUB] = "scrub",
		[COUCHE_SWEEP_RESHAPE] = "reshape",
	};

	return kind < sizeof(names) / sizeof(*names) ? names[kind] : "unknown";
}

/**
 * couche_sweep_state_name() - word for the state of a rebuild or a scrub
 * @state: enum couche_sweep_state
 *
 * Return: a constant.
 */
const char *couche_sweep_state_name(uint8_t state)
{
	static const char * const names[] = COUCHE_SWEEP_STATE_NAMES;

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

/**
 * couche_show_sweep() - describe a rebuild or a scrub
 * @object: gets the members
 * @pool: of which pool
 * @sweep: the sweep
 */
void couche_show_sweep(cJSON *object, const struct couche_nl_pool_id *pool,
		       const struct couche_nl_sweep *sweep)
{
	couche_doc_add_text(object, "pool", pool->name);
	couche_doc_add_text(object, "state", couche_sweep_state_name(sweep->state));
	couche_doc_add_number(object, "extents_done", sweep->done);
	couche_doc_add_number(object, "extents_total", sweep->total);
	couche_doc_add_number(object, "extents_failed", sweep->failed);
	couche_doc_add_number(object, "bytes", sweep->bytes);
	couche_doc_add_number(object, "shards_wrong", sweep->bad);
	couche_doc_add_number(object, "shards_repaired", sweep->repaired);
	couche_doc_add_number(object, "rate_bytes", sweep->rate_bytes);
	couche_doc_add_number(object, "interval_seconds", sweep->interval);
}

/**
 * couche_migration_state_name() - word for the state of a migration
 * @state: enum couche_migration_state
 *
 * Return: a constant.
 */
const char *couche_migration_state_name(uint8_t state)
{
	static const char * const names[] = {
		[COUCHE_MIGRATION_ANALYZE] = "analyze",
		[COUCHE_MIGRATION_SCALE_UP] = "scale-up",
		[COUCHE_MIGRATION_WAIT_SYNC] = "wait-sync",
		[COUCHE_MIGRATION_SCALE_DOWN] = "scale-down",
		[COUCHE_MIGRATION_DONE] = "done",
		[COUCHE_MIGRATION_FAILED] = "failed",
		[COUCHE_MIGRATION_CANCELLED] = "cancelled",
		[COUCHE_MIGRATION_TIMEOUT] = "timeout",
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

/**
 * couche_migration_error_text() - why a migration failed, for a person
 * @error: negative errno that it ended with
 *
 * Return: text.
 */
const char *couche_migration_error_text(int error)
{
	switch (-error) {
	case ENODEV:
		return "too few legs of the tier are in service";
	case ENOSPC:
		return "the tier is full";
	case EROFS:
		return "the pool takes no writes";
	case EIO:
		return "a leg could not be read or written";
	case EILSEQ:
		return "what was read is not what was written";
	default:
		return strerror(-error);
	}
}

static void show_tier(cJSON *object, uint8_t tier, const struct couche_nl_tier *t,
		      uint64_t *usable, uint64_t *used)
{
	unsigned int shards = t->k + t->m;
	uint64_t tier_usable = t->sectors * SECTOR / shards * t->k;
	uint64_t tier_used = t->used_sectors * SECTOR / shards * t->k;
	char profile[16];

	snprintf(profile, sizeof(profile), "%u+%u", t->k, t->m);
	couche_doc_add_text(object, "tier", couche_tier_name(tier));
	couche_doc_add_text(object, "profile", profile);
	couche_doc_add_text(object, "matrix", tier == COUCHE_TIER_COLD ?
			    couche_matrix_name(t->matrix) : NULL);
	couche_doc_add_bool(object, "checksums", t->csum);
	couche_doc_add_number(object, "min_healthy_shards", t->min_healthy);
	couche_doc_add_number(object, "raw_bytes", t->sectors * SECTOR);
	couche_doc_add_number(object, "raw_used_bytes", t->used_sectors * SECTOR);
	couche_doc_add_number(object, "usable_bytes", tier_usable);
	couche_doc_add_number(object, "used_bytes", tier_used);
	couche_doc_add_number(object, "free_bytes",
			      tier_usable > tier_used ? tier_usable - tier_used : 0);
	*usable += tier_usable;
	*used += tier_used;
}

static const char *pool_state(const struct couche_nl_pool *pool)
{
	if (pool->read_only)
		return "read-only";
	return pool->degraded ? "degraded" : "online";
}

/**
 * couche_show_pool() - describe a pool
 * @object: gets the members
 * @pool: the pool
 */
void couche_show_pool(cJSON *object, const struct couche_nl_pool *pool)
{
	uint64_t usable = 0, used = 0;
	cJSON *tiers;
	uint8_t tier;

	couche_doc_add_text(object, "name", pool->id.name);
	couche_doc_add_uuid(object, "uuid", pool->id.uuid);
	couche_doc_add_text(object, "state", pool_state(pool));
	couche_doc_add_number(object, "nr_legs", pool->nr_legs);
	couche_doc_add_number(object, "nr_volumes", pool->nr_volumes);
	couche_doc_add_number(object, "extent_bytes", (uint64_t)pool->extent_sectors * SECTOR);
	couche_doc_add_number(object, "segment_bytes", (uint64_t)pool->segment_sectors * SECTOR);
	couche_doc_add_number(object, "journal_bytes", pool->journal_blocks * COUCHE_BLOCK_SIZE);
	couche_doc_add_number(object, "journal_used_bytes",
			      pool->journal_used * COUCHE_BLOCK_SIZE);
	couche_doc_add_number(object, "data_journal_bytes",
			      (uint64_t)pool->stage_slots * COUCHE_BLOCK_SIZE);
	couche_doc_add_number(object, "data_journal_used_bytes",
			      (uint64_t)pool->stage_used * COUCHE_BLOCK_SIZE);
	couche_doc_add_number(object, "flush_left_bytes",
			      (uint64_t)pool->flush_left * COUCHE_BLOCK_SIZE);
	couche_doc_add_bool(object, "data_journal_stuck", pool->stage_stuck);
	couche_doc_add_number(object, "staged_bytes", pool->staged * COUCHE_BLOCK_SIZE);
	couche_doc_add_number(object, "destaged_bytes", pool->destaged * COUCHE_BLOCK_SIZE);
	couche_doc_add_number(object, "commits", pool->commits);
	couche_doc_add_number(object, "checkpoints", pool->checkpoints);
	tiers = couche_doc_add_array(object, "tiers");
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		if (pool->tier[tier].k)
			show_tier(couche_doc_append_object(tiers), tier, &pool->tier[tier],
				  &usable, &used);
	}
	couche_doc_add_number(object, "usable_bytes", usable);
	couche_doc_add_number(object, "used_bytes", used);
	couche_doc_add_number(object, "free_bytes", usable > used ? usable - used : 0);
}

/**
 * couche_show_leg() - describe a leg
 * @object: gets the members
 * @leg: the leg
 */
void couche_show_leg(cJSON *object, const struct couche_nl_leg *leg)
{
	char path[64];

	couche_device_path(leg->present ? leg->major : 0, leg->present ? leg->minor : 0, path,
			   sizeof(path));
	couche_doc_add_text(object, "pool", leg->pool.name);
	couche_doc_add_number(object, "index", leg->index);
	couche_doc_add_uuid(object, "uuid", leg->uuid);
	couche_doc_add_text(object, "role", couche_role_name(leg->role));
	couche_doc_add_text(object, "state", couche_leg_state_name(leg->state));
	couche_doc_add_bool(object, "present", leg->present);
	couche_doc_add_text(object, "device", *path ? path : NULL);
	couche_doc_add_number(object, "domain", leg->domain);
	couche_doc_add_number(object, "size_bytes", leg->sectors * SECTOR);
	couche_doc_add_number(object, "used_bytes", leg->used_sectors * SECTOR);
	couche_doc_add_number(object, "reads", leg->reads);
	couche_doc_add_number(object, "writes", leg->writes);
	couche_doc_add_number(object, "read_errors", leg->read_errors);
	couche_doc_add_number(object, "write_errors", leg->write_errors);
	couche_doc_add_number(object, "csum_errors", leg->csum_errors);
	couche_doc_add_number(object, "scrub_errors", leg->scrub_errors);
	couche_doc_add_number(object, "repairs", leg->repairs);
	couche_doc_add_bool(object, "draining", leg->draining);
	couche_doc_add_number(object, "drain_left_extents", leg->drain_left);
	couche_doc_add_number(object, "drain_moved_extents", leg->drain_moved);
}

/**
 * couche_show_volume() - describe a volume
 * @object: gets the members
 * @volume: the volume
 * @extent_sectors: of its pool
 */
void couche_show_volume(cJSON *object, const struct couche_nl_volume *volume,
			uint32_t extent_sectors)
{
	uint64_t extent_bytes = (uint64_t)extent_sectors * SECTOR, mapped = 0;
	char path[3 * COUCHE_NAME_SIZE];
	uint8_t tier;
	cJSON *tiers;

	snprintf(path, sizeof(path), "/dev/mapper/%s-%s", volume->pool.name, volume->name);
	couche_doc_add_text(object, "pool", volume->pool.name);
	couche_doc_add_text(object, "name", volume->name);
	couche_doc_add_number(object, "id", volume->id);
	couche_doc_add_uuid(object, "uuid", volume->uuid);
	couche_doc_add_bool(object, "active", volume->active);
	couche_doc_add_text(object, "device", volume->active ? path : NULL);
	couche_doc_add_number(object, "size_bytes", volume->sectors * SECTOR);
	couche_doc_add_text(object, "journal", volume->journal_all ? "all" : "cold");
	tiers = couche_doc_add_object(object, "tier_bytes");
	for (tier = 0; tier < COUCHE_NR_TIERS; tier++) {
		couche_doc_add_number(tiers, couche_tier_name(tier),
				      volume->tier_extents[tier] * extent_bytes);
		mapped += volume->tier_extents[tier] * extent_bytes;
	}
	couche_doc_add_number(object, "mapped_bytes", mapped);
	couche_doc_add_number(object, "extents", volume->extents);
	couche_doc_add_number(object, "lost_extents", volume->lost_extents);
	couche_doc_add_number(object, "generation", volume->generation);
	couche_doc_add_number(object, "reads", volume->reads);
	couche_doc_add_number(object, "writes", volume->writes);
	couche_doc_add_number(object, "read_bytes", volume->read_sectors * SECTOR);
	couche_doc_add_number(object, "written_bytes", volume->written_sectors * SECTOR);
	couche_doc_add_number(object, "degraded_reads", volume->degraded_reads);
	couche_doc_add_number(object, "promotes", volume->promotes);
}

/**
 * couche_show_migrations() - describe migrations with the names of volumes
 * @array: gets an object for each
 * @migrations: of one pool or several
 * @nr: how many
 * @volumes: of the same pools
 * @nr_volumes: how many
 */
void couche_show_migrations(cJSON *array, const struct couche_nl_migration *migrations, size_t nr,
			    const struct couche_nl_volume *volumes, size_t nr_volumes)
{
	size_t i, j;

	for (i = 0; i < nr; i++) {
		cJSON *object = couche_doc_append_object(array);
		const char *name = NULL;

		couche_show_migration(object, &migrations[i]);
		for (j = 0; j < nr_volumes && !name; j++) {
			if (volumes[j].id == migrations[i].volume &&
			    !memcmp(volumes[j].pool.uuid, migrations[i].pool.uuid,
				    COUCHE_UUID_SIZE))
				name = volumes[j].name;
		}
		/* null: the volume has been removed since */
		couche_doc_add_text(object, "volume", name);
	}
}

/**
 * couche_show_migration() - describe a migration
 * @object: gets the members
 * @migration: the migration
 */
void couche_show_migration(cJSON *object, const struct couche_nl_migration *migration)
{
	couche_doc_add_text(object, "pool", migration->pool.name);
	couche_doc_add_number(object, "id", migration->id);
	couche_doc_add_number(object, "volume_id", migration->volume);
	couche_doc_add_text(object, "to", couche_tier_name(migration->tier));
	couche_doc_add_text(object, "state", couche_migration_state_name(migration->state));
	couche_doc_add_text(object, "error", migration->error ?
			    couche_migration_error_text(migration->error) : NULL);
	couche_doc_add_number(object, "first_extent", migration->first);
	couche_doc_add_number(object, "extents", migration->count);
	couche_doc_add_number(object, "moved_extents", migration->moved);
	couche_doc_add_number(object, "skipped_extents", migration->skipped);
	couche_doc_add_number(object, "moved_bytes", migration->bytes);
	couche_doc_add_number(object, "races", migration->races);
	couche_doc_add_number(object, "elapsed_ms", migration->elapsed_ms);
}
