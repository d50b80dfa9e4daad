// SPDX-License-Identifier: GPL-2.0-only
#include "scrub.h"

#include <linux/device-mapper.h>
#include <linux/moduleparam.h>

#include "group.h"
#include "pool.h"
#include "repair.h"
#include "stripe.h"
#include "sweep.h"
#include "trace.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

static unsigned int scrub_rate_kib;
module_param(scrub_rate_kib, uint, 0644);
MODULE_PARM_DESC(scrub_rate_kib, "KiB of volumes scrubbed in a second, per pool; 0: no limit (default 0)");

static u64 rate(void)
{
	return (u64)READ_ONCE(scrub_rate_kib) << 10;
}

static bool wanted(struct couche_sweep *s, const struct couche_place *place)
{
	return true;
}

static bool next_pass(struct couche_sweep *s)
{
	u64 total;

	if (++s->level)
		return false;
	total = couche_sweep_count(s, NULL);
	spin_lock(&s->lock);
	s->info.total = total;
	spin_unlock(&s->lock);
	return true;
}

static void note_bad(struct couche_sweep *s, u64 legs)
{
	u32 i;

	for (i = 0; i < s->pool->nr_legs; i++)
		if (legs & BIT_ULL(i))
			atomic_inc(&s->pool->legs[i].scrub_errors);
	spin_lock(&s->lock);
	s->info.bad += hweight64(legs);
	spin_unlock(&s->lock);
}

/* Is the extent still where it was seen? Inside io_gate its rows stay its own. */
static bool still_there(struct couche_volume *volume, const struct couche_stripe_id *id)
{
	struct couche_map_page *page = couche_volume_page(volume, id->extent);
	u32 generation;
	u64 word;

	if (!page)
		return false;
	word = couche_entry_read(couche_volume_entry(page, id->extent), &generation);
	return (word & ENTRY_MAPPED) && generation == id->place.generation;
}

/*
 * On which legs it is wrong. The stripe first: who has one may wait for io_gate,
 * so not the other way.
 */
static u64 look(struct couche_sweep *s, struct couche_volume *volume,
		const struct couche_stripe_id *id)
{
	struct couche_stripe *stripe = couche_stripe_get(s->pool, false);
	unsigned int side = couche_io_gate_enter(&s->pool->io_gate);
	u64 bad = 0;

	if (still_there(volume, id))
		bad = couche_group_legs(couche_group_find(s->pool, id->place.group),
					couche_stripe_check(s->pool, stripe, id));
	couche_io_gate_leave(&s->pool->io_gate, side);
	couche_stripe_put(s->pool, stripe);
	return bad;
}

static int visit(struct couche_sweep *s, struct couche_volume *volume,
		 const struct couche_sweep_item *item)
{
	struct couche_stripe_id id = {
		.volume = volume->desc.id,
		.extent = item->extent,
		.place = item->place,
	};
	u64 bad = look(s, volume, &id);
	int err;

	trace_couche_scrub(id.volume, id.extent, hweight64(bad));
	if (!bad)
		return 0;
	note_bad(s, bad);
	err = couche_sweep_relocate(s, volume, item, 0, NULL);
	couche_repair_note(s->pool->repair, &id, bad, err);
	spin_lock(&s->lock);
	if (!err)
		s->info.repaired += hweight64(bad);
	spin_unlock(&s->lock);
	return err;
}

static bool waits(struct couche_sweep *s)
{
	DMINFO("%s: scrub: %llu extents, %llu shards were wrong, %llu repaired, %llu extents still wrong",
	       s->pool->device, s->info.done + s->info.failed, s->info.bad, s->info.repaired,
	       s->info.failed);
	return false;
}

const struct couche_sweep_ops couche_scrub_ops = {
	.kind = COUCHE_SWEEP_SCRUB,
	.ended = COUCHE_SWEEP_DONE,
	.next_pass = next_pass,
	.wanted = wanted,
	.visit = visit,
	.waits = waits,
	.rate = rate,
};
