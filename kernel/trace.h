/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: the life of a bio, of an extent, and of the metadata.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM couche

#if !defined(COUCHE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define COUCHE_TRACE_H

#include <linux/bio.h>
#include <linux/tracepoint.h>

#include "core/types.h"

DECLARE_EVENT_CLASS(couche_bio,
	TP_PROTO(u32 volume, struct bio *bio, int status),
	TP_ARGS(volume, bio, status),
	TP_STRUCT__entry(
		__field(u32, volume)
		__field(u32, opf)
		__field(u64, sector)
		__field(u32, sectors)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->volume = volume;
		__entry->opf = (__force u32)bio->bi_opf;
		__entry->sector = bio->bi_iter.bi_sector;
		__entry->sectors = bio_sectors(bio);
		__entry->status = status;
	),
	TP_printk("volume=%u opf=%#x sector=%llu sectors=%u status=%d", __entry->volume,
		  __entry->opf, __entry->sector, __entry->sectors, __entry->status)
);

DEFINE_EVENT(couche_bio, couche_bio_map,
	TP_PROTO(u32 volume, struct bio *bio, int status),
	TP_ARGS(volume, bio, status));

DEFINE_EVENT(couche_bio, couche_bio_done,
	TP_PROTO(u32 volume, struct bio *bio, int status),
	TP_ARGS(volume, bio, status));

/* Something happened to an extent; the last number says what of it. */
DECLARE_EVENT_CLASS(couche_extent,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value),
	TP_STRUCT__entry(
		__field(u32, volume)
		__field(u64, extent)
		__field(int, value)
	),
	TP_fast_assign(
		__entry->volume = volume;
		__entry->extent = from_couche_extent(extent);
		__entry->value = value;
	),
	TP_printk("volume=%u extent=%llu value=%d", __entry->volume, __entry->extent,
		  __entry->value)
);

/* value: the step, enum couche_migration_state */
DEFINE_EVENT(couche_extent, couche_relocate,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: the tier it landed in */
DEFINE_EVENT(couche_extent, couche_provision,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: error */
DEFINE_EVENT(couche_extent, couche_unmap,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: error */
DEFINE_EVENT(couche_extent, couche_resync,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: error */
DEFINE_EVENT(couche_extent, couche_rebuild_extent,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: error */
DEFINE_EVENT(couche_extent, couche_repair,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: error */
DEFINE_EVENT(couche_extent, couche_destage,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: how many shards are wrong */
DEFINE_EVENT(couche_extent, couche_scrub,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

/* value: the copy that failed */
DEFINE_EVENT(couche_extent, couche_read_retry,
	TP_PROTO(u32 volume, couche_extent_t extent, int value),
	TP_ARGS(volume, extent, value));

DECLARE_EVENT_CLASS(couche_shard,
	TP_PROTO(u32 volume, couche_extent_t extent, u32 shard, int value),
	TP_ARGS(volume, extent, shard, value),
	TP_STRUCT__entry(
		__field(u32, volume)
		__field(u64, extent)
		__field(u32, shard)
		__field(int, value)
	),
	TP_fast_assign(
		__entry->volume = volume;
		__entry->extent = from_couche_extent(extent);
		__entry->shard = shard;
		__entry->value = value;
	),
	TP_printk("volume=%u extent=%llu shard=%u value=%d", __entry->volume,
		  __entry->extent, __entry->shard, __entry->value)
);

/* value: the leg it is on */
DEFINE_EVENT(couche_shard, couche_bad_shard,
	TP_PROTO(u32 volume, couche_extent_t extent, u32 shard, int value),
	TP_ARGS(volume, extent, shard, value));

/* value: error */
DEFINE_EVENT(couche_shard, couche_degraded_read,
	TP_PROTO(u32 volume, couche_extent_t extent, u32 shard, int value),
	TP_ARGS(volume, extent, shard, value));

DECLARE_EVENT_CLASS(couche_granules,
	TP_PROTO(u32 volume, couche_extent_t extent, u32 granule, u32 nr),
	TP_ARGS(volume, extent, granule, nr),
	TP_STRUCT__entry(
		__field(u32, volume)
		__field(u64, extent)
		__field(u32, granule)
		__field(u32, nr)
	),
	TP_fast_assign(
		__entry->volume = volume;
		__entry->extent = from_couche_extent(extent);
		__entry->granule = granule;
		__entry->nr = nr;
	),
	TP_printk("volume %u extent %llu granules %u+%u", __entry->volume, __entry->extent,
		  __entry->granule, __entry->nr)
);

/* A write goes to the data journal. */
DEFINE_EVENT(couche_granules, couche_stage,
	TP_PROTO(u32 volume, couche_extent_t extent, u32 granule, u32 nr),
	TP_ARGS(volume, extent, granule, nr));

/* What is staged of an extent was laid over its stripe. */
DEFINE_EVENT(couche_granules, couche_merge,
	TP_PROTO(u32 volume, couche_extent_t extent, u32 granule, u32 nr),
	TP_ARGS(volume, extent, granule, nr));

TRACE_EVENT(couche_rebuild,
	TP_PROTO(u32 volume, couche_extent_t extent, u32 have, u32 missing, u32 row, u32 rows),
	TP_ARGS(volume, extent, have, missing, row, rows),
	TP_STRUCT__entry(
		__field(u32, volume)
		__field(u64, extent)
		__field(u32, have)
		__field(u32, missing)
		__field(u32, row)
		__field(u32, rows)
	),
	TP_fast_assign(
		__entry->volume = volume;
		__entry->extent = from_couche_extent(extent);
		__entry->have = have;
		__entry->missing = missing;
		__entry->row = row;
		__entry->rows = rows;
	),
	TP_printk("volume=%u extent=%llu have=%#x missing=%#x row=%u rows=%u",
		  __entry->volume, __entry->extent, __entry->have, __entry->missing,
		  __entry->row, __entry->rows)
);

TRACE_EVENT(couche_commit,
	TP_PROTO(u64 id, unsigned int blocks, u64 seq),
	TP_ARGS(id, blocks, seq),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned int, blocks)
		__field(u64, seq)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->blocks = blocks;
		__entry->seq = seq;
	),
	TP_printk("batch=%llu blocks=%u sequence=%llu", __entry->id, __entry->blocks,
		  __entry->seq)
);

TRACE_EVENT(couche_checkpoint,
	TP_PROTO(u64 sequence, u64 pages, int error),
	TP_ARGS(sequence, pages, error),
	TP_STRUCT__entry(
		__field(u64, sequence)
		__field(u64, pages)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->sequence = sequence;
		__entry->pages = pages;
		__entry->error = error;
	),
	TP_printk("checkpoint=%llu pages=%llu error=%d", __entry->sequence, __entry->pages,
		  __entry->error)
);

TRACE_EVENT(couche_group,
	TP_PROTO(u32 group, u32 tier, u32 shards),
	TP_ARGS(group, tier, shards),
	TP_STRUCT__entry(
		__field(u32, group)
		__field(u32, tier)
		__field(u32, shards)
	),
	TP_fast_assign(
		__entry->group = group;
		__entry->tier = tier;
		__entry->shards = shards;
	),
	TP_printk("group=%u tier=%u shards=%u", __entry->group, __entry->tier,
		  __entry->shards)
);

TRACE_EVENT(couche_leg_state,
	TP_PROTO(u32 leg, u32 state),
	TP_ARGS(leg, state),
	TP_STRUCT__entry(
		__field(u32, leg)
		__field(u32, state)
	),
	TP_fast_assign(
		__entry->leg = leg;
		__entry->state = state;
	),
	TP_printk("leg=%u state=%u", __entry->leg, __entry->state)
);

#endif /* COUCHE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
