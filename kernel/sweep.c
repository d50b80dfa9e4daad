// SPDX-License-Identifier: GPL-2.0-only
#include "sweep.h"

#include <linux/device-mapper.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "commit.h"
#include "event.h"
#include "group.h"
#include "info.h"
#include "pool.h"
#include "relocate.h"
#include "trace.h"
#include "volume.h"

#define DM_MSG_PREFIX "couche-pool"

#define EVENT_MS	500		/* between two progress events */
#define WAIT_SECONDS	30		/* until something that waits is tried again */
#define TIMER_SECONDS	60		/* between two looks whether it is time to start */

static void report(struct couche_sweep *s, bool always)
{
	struct couche_sweep_info info;
	ktime_t now = ktime_get();

	if (!always && ktime_ms_delta(now, s->reported) < EVENT_MS)
		return;
	s->reported = now;
	if (s->ops->report) {
		s->ops->report(s);
		return;
	}
	couche_sweep_describe(s, &info);
	couche_event_sweep(s->pool, &info);
}

/**
 * couche_sweep_goes_on() - May another visit begin?
 * @sweep: the sweep
 *
 * Context: any.
 * Return: false when it was told to pause or stop, or the pool was.
 */
bool couche_sweep_goes_on(struct couche_sweep *sweep)
{
	return READ_ONCE(sweep->info.state) == COUCHE_SWEEP_RUNNING &&
	       test_bit(POOL_ACTIVE, &sweep->pool->flags) &&
	       !test_bit(POOL_SUSPENDED, &sweep->pool->flags) &&
	       couche_pool_writable(sweep->pool);
}

static bool goes_on(void *sweep)
{
	return couche_sweep_goes_on(sweep);
}

/**
 * couche_sweep_relocate() - Move an extent to healthy legs of its tier
 * @sweep: for whom
 * @volume: being visited
 * @item: the extent, as it was seen
 * @flags: besides RELOCATE_REPAIR
 * @why: what was in the way, or NULL
 *
 * Comes back to an extent that another is copying.
 *
 * Context: process; sleeps.
 * Return: 0; -ENODATA or -EALREADY: it is not there any more; else as
 * couche_relocate().
 */
int couche_sweep_relocate(struct couche_sweep *sweep, struct couche_volume *volume,
			  const struct couche_sweep_item *item, u32 flags, const char **why)
{
	struct couche_relocation r = {
		.volume = volume,
		.extent = item->extent,
		.flags = RELOCATE_REPAIR | flags,
		.generation = item->place.generation,
	};
	int err = couche_relocate_patiently(&r, goes_on, sweep);

	if (why)
		*why = r.why;
	return err;
}

/**
 * couche_sweep_move() - Visit of a sweep for extents that must not stay as they are
 * @sweep: whose visit; a tier without room or legs is skipped from then on
 * @volume: being visited
 * @item: the extent, as it was seen
 * @stays: for the log, what becomes of one that cannot be moved
 *
 * Context: process; sleeps.
 * Return: as couche_sweep_relocate(); -EALREADY also when the next pass is to
 * come back to it.
 */
int couche_sweep_move(struct couche_sweep *sweep, struct couche_volume *volume,
		      const struct couche_sweep_item *item, const char *stays)
{
	const char *why;
	int err;

	err = couche_sweep_relocate(sweep, volume, item, 0, &why);
	switch (err) {
	case 0:
	case -ENODATA:
	case -EALREADY:
		return err;
	case -EBUSY:
	case -EAGAIN:
		return -EALREADY;
	case -ENOSPC:
	case -ENODEV:
	case -EROFS:
		/* Out of room, or of legs: what follows would meet the same. */
		set_bit(item->place.tier, &sweep->skip_tiers);
		break;
	}
	DMWARN_LIMIT("%s: volume %u extent %llu %s: %s (%d)", sweep->pool->device,
		     volume->desc.id, from_couche_extent(item->extent), stays, why, err);
	return err;
}

/**
 * couche_sweep_room_made() - Was a tier full, and has what was moved since made room?
 * @sweep: at the end of its passes; if so, it begins anew
 *
 * Context: the sweep's worker.
 * Return: whether it does.
 */
bool couche_sweep_room_made(struct couche_sweep *sweep)
{
	bool moved;

	spin_lock(&sweep->lock);
	moved = sweep->skip_tiers && sweep->info.bytes > sweep->bytes_when_full;
	sweep->bytes_when_full = sweep->info.bytes;
	sweep->again |= moved;
	spin_unlock(&sweep->lock);
	return moved;
}

/**
 * couche_sweep_waits() - At the end of the passes extents are left that must move
 * @sweep: whose; it begins anew if a tier was full and room has been made there
 * @what: it moves them for, for the log, which hears of it when more has been moved
 *
 * Context: the sweep's worker.
 * Return: false if it begins anew; true when it has to wait for room or for legs.
 */
bool couche_sweep_waits(struct couche_sweep *sweep, const char *what)
{
	if (couche_sweep_room_made(sweep))
		return false;
	if (sweep->told != sweep->info.bytes + 1)
		DMWARN("%s: %s: %llu extents could not be moved (%d); it waits for room or for legs",
		       sweep->pool->device, what, sweep->info.failed, sweep->info.error);
	sweep->told = sweep->info.bytes + 1;
	return true;
}

static void account(struct couche_sweep *s, int err)
{
	spin_lock(&s->lock);
	if (!err || err == -ENODATA || err == -EALREADY) {
		s->info.done++;
		if (!err)
			s->info.bytes += (u64)s->pool->super.extent_sectors << SECTOR_SHIFT;
	} else {
		s->info.failed++;
		s->info.error = err;
	}
	spin_unlock(&s->lock);
}

static u64 rate_of(struct couche_sweep *s)
{
	return READ_ONCE(s->info.rate) ?: s->ops->rate();
}

/* Where an extent lies, as a number; from 1 on. */
static u64 place_key(const struct couche_place *place)
{
	return ((u64)from_couche_group(place->group) << 20 | from_couche_row(place->row)) + 1;
}

/* What comes next on the list, as long as we may. */
static bool next_item(struct couche_sweep *s, struct couche_sweep_item *ret)
{
	bool found = false;

	spin_lock(&s->lock);
	while (!found && s->cursor < s->nr_items && !s->again && couche_sweep_goes_on(s)) {
		const struct couche_sweep_item *item = &s->items[s->cursor++];

		s->next = place_key(&item->place) + 1;
		found = s->ops->wanted(s, &item->place);
		*ret = *item;
	}
	spin_unlock(&s->lock);
	return found;
}

static void visit(struct couche_sweep *s, const struct couche_sweep_item *item)
{
	unsigned long id = s->volume;
	struct couche_volume *volume = couche_volume_get(s->pool, &id);
	int err = -ENODATA;

	if (volume && id == s->volume)
		err = s->ops->visit(s, volume, item);
	if (volume)
		couche_volume_put(volume);
	account(s, err);
}

static void put_slot(struct couche_sweep *s, struct couche_sweep_slot *slot)
{
	spin_lock(&s->lock);
	slot->busy = false;
	s->nr_busy--;
	spin_unlock(&s->lock);
}

/* Goes on by itself, unless there is a rate: then the worker sees to that. */
static void slot_work(struct work_struct *work)
{
	struct couche_sweep_slot *slot = container_of(work, struct couche_sweep_slot, work);
	struct couche_sweep *s = slot->sweep;

	do {
		visit(s, &slot->item);
	} while (!rate_of(s) && next_item(s, &slot->item));
	put_slot(s, slot);
	wake_up_all(&s->wait);
}

static struct couche_sweep_slot *take_slot(struct couche_sweep *s)
{
	struct couche_sweep_slot *slot = NULL;
	unsigned int i;

	spin_lock(&s->lock);
	for (i = 0; i < COUCHE_STRIPES_BACKGROUND && !slot; i++)
		if (!s->slots[i].busy)
			slot = &s->slots[i];
	if (slot) {
		slot->busy = true;
		s->nr_busy++;
	}
	spin_unlock(&s->lock);
	return slot;
}

/* Idle they are; but one may still be on its way out of waking us. */
static void wait_idle(struct couche_sweep *s)
{
	unsigned int i;

	while (!wait_event_timeout(s->wait, !READ_ONCE(s->nr_busy), msecs_to_jiffies(EVENT_MS)))
		report(s, false);
	for (i = 0; i < COUCHE_STRIPES_BACKGROUND; i++)
		flush_work(&s->slots[i].work);
}

/* Milliseconds until the next visit is due; by the rate as it is now, which may change. */
static s64 ms_left(struct couche_sweep *s)
{
	u64 bytes = (u64)s->pool->super.extent_sectors << SECTOR_SHIFT;
	u64 rate = rate_of(s);
	u64 ns = rate ? div64_u64(bytes * NSEC_PER_SEC, rate) : 0;
	ktime_t due = ktime_add_ns(s->last, ns), now = ktime_get();

	return ns && s->last && ktime_before(now, due) ? ktime_ms_delta(due, now) + 1 : 0;
}

/* Not faster than asked for. */
static void pace(struct couche_sweep *s)
{
	s64 ms;

	while ((ms = ms_left(s)) && couche_sweep_goes_on(s)) {
		wait_event_timeout(s->wait, !couche_sweep_goes_on(s),
				   msecs_to_jiffies(min_t(s64, ms, EVENT_MS)));
		report(s, false);
	}
	s->last = ktime_get();
}

static int compare_items(const void *a, const void *b)
{
	u64 ka = place_key(&((const struct couche_sweep_item *)a)->place);
	u64 kb = place_key(&((const struct couche_sweep_item *)b)->place);

	return ka < kb ? -1 : ka > kb;
}

/* Word and generation fit each other, which the place needs. */
static struct couche_place read_place(struct couche_pool *pool, const struct couche_entry *entry)
{
	struct couche_place place = {};
	unsigned int side;
	u64 word;

	side = couche_io_gate_enter(&pool->io_gate);
	word = couche_entry_read(entry, &place.generation);
	if (word & ENTRY_MAPPED) {
		place.flags = COUCHE_EXTENT_MAPPED;
		place.tier = couche_entry_tier(word);
		place.group = couche_entry_group(word);
		place.row = to_couche_row(couche_entry_row(word));
		place.rows = couche_group_shape(pool, &place)->geo.rows;
	}
	couche_io_gate_leave(&pool->io_gate, side);
	return place;
}

static void collect_page(struct couche_sweep *s, const struct couche_map_page *page)
{
	unsigned int i;

	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		struct couche_sweep_item *item = &s->items[s->nr_items];

		item->place = read_place(s->pool, &page->entries[i]);
		item->extent = to_couche_extent((u64)page->index * COUCHE_PAGE_EXTENTS + i);
		if ((item->place.flags & COUCHE_EXTENT_MAPPED) &&
		    place_key(&item->place) >= s->next && s->ops->wanted(s, &item->place))
			s->nr_items++;
	}
}

/* One page of the map from s->page on; false: the volume has no more. */
static bool collect_from(struct couche_sweep *s, struct couche_volume *volume)
{
	struct couche_map_page *page;
	u32 index = s->page;

	while ((page = couche_volume_next_page(volume, &index))) {
		if (index != s->page)
			s->next = 0;
		s->page = index;
		collect_page(s, page);
		if (s->nr_items)
			return true;
		s->page = ++index;
		s->next = 0;
	}
	return false;
}

/* Fill the list with what comes next; false: nothing does. */
static bool collect(struct couche_sweep *s)
{
	s->nr_items = 0;
	for (;;) {
		unsigned long id = s->volume;
		struct couche_volume *volume = couche_volume_get(s->pool, &id);
		bool found;

		if (!volume)
			return false;
		if (id != s->volume) {
			s->volume = id;
			s->page = 0;
			s->next = 0;
		}
		found = collect_from(s, volume);
		couche_volume_put(volume);
		if (found)
			break;
		s->volume++;
		s->page = 0;
		s->next = 0;
	}
	sort(s->items, s->nr_items, sizeof(s->items[0]), compare_items, NULL);
	return true;
}

static struct couche_sweep_slot *wait_slot(struct couche_sweep *s)
{
	struct couche_sweep_slot *slot;

	while (!wait_event_timeout(s->wait, (slot = take_slot(s)), msecs_to_jiffies(EVENT_MS)))
		report(s, false);
	return slot;
}

/* Send visitors to what is on the list, as long as we may. */
static void visit_items(struct couche_sweep *s)
{
	struct couche_sweep_slot *slot;

	s->cursor = 0;
	do {
		pace(s);
		slot = wait_slot(s);
		if (!next_item(s, &slot->item))
			break;
		queue_work(s->pool->relocate_wq, &slot->work);
		report(s, false);
	} while (true);
	put_slot(s, slot);
	wait_idle(s);
	if (s->cursor == s->nr_items) {
		s->page++;
		s->next = 0;
	}
}

static void restart(struct couche_sweep *s)
{
	spin_lock(&s->lock);
	s->again = false;
	s->info.error = 0;
	s->info.failed = 0;
	spin_unlock(&s->lock);
	s->level = -1;
	s->skip_tiers = 0;
	s->last = 0;
	s->passing = false;
}

static bool begin_pass(struct couche_sweep *s)
{
	s->volume = 0;
	s->page = 0;
	s->next = 0;
	s->passing = s->ops->next_pass(s);
	return s->passing;
}

/* All passes are over. False: something changed, once more. */
static bool end_sweep(struct couche_sweep *s)
{
	int err = couche_commit_all(s->pool);
	bool waits = s->ops->waits(s), ended;

	spin_lock(&s->lock);
	if (err)
		s->info.error = err;
	ended = !s->again;
	if (ended)
		s->ended = ktime_get_boottime_seconds();
	if (ended && s->info.state == COUCHE_SWEEP_RUNNING)
		s->info.state = waits ? COUCHE_SWEEP_WAITING : s->ops->ended;
	spin_unlock(&s->lock);
	if (!ended)
		return false;
	if (waits)
		queue_delayed_work(s->pool->control_wq, &s->work, WAIT_SECONDS * HZ);
	report(s, true);
	couche_pool_notify(s->pool);
	return true;
}

/* Something that had to wait is tried again. */
static void retry_waiting(struct couche_sweep *s)
{
	spin_lock(&s->lock);
	if (s->info.state == COUCHE_SWEEP_WAITING && !test_bit(POOL_SUSPENDED, &s->pool->flags)) {
		s->info.state = COUCHE_SWEEP_RUNNING;
		s->again = true;
	}
	spin_unlock(&s->lock);
}

static void sweep_work(struct work_struct *work)
{
	struct couche_sweep *s = container_of(work, struct couche_sweep, work.work);

	retry_waiting(s);
	while (couche_sweep_goes_on(s)) {
		if (READ_ONCE(s->again))
			restart(s);
		if (!s->passing && !begin_pass(s)) {
			if (end_sweep(s))
				break;
			continue;
		}
		if (collect(s))
			visit_items(s);
		else
			s->passing = false;
	}
}

/**
 * couche_sweep_count() - How many extents does a pass want?
 * @sweep: its ops->wanted() is asked
 * @each: called for each of them, or NULL
 *
 * Context: the sweep's worker.
 * Return: the number.
 */
u64 couche_sweep_count(struct couche_sweep *sweep,
		       void (*each)(struct couche_sweep *sweep, const struct couche_place *place))
{
	unsigned int i;
	u64 count = 0;

	for (sweep->volume = 0, sweep->page = 0, sweep->next = 0; collect(sweep); sweep->page++) {
		count += sweep->nr_items;
		for (i = 0; each && i < sweep->nr_items; i++)
			each(sweep, &sweep->items[i].place);
	}
	sweep->volume = 0;
	sweep->page = 0;
	return count;
}

static void begin_locked(struct couche_sweep *s)
{
	s->info.state = COUCHE_SWEEP_RUNNING;
	s->info.done = 0;
	s->info.bytes = 0;
	s->info.total = 0;
	s->bytes_when_full = 0;
	s->told = 0;
	s->again = true;
}

/**
 * couche_sweep_kick() - Something changed that may need it
 * @sweep: the sweep; one that was paused or stopped looks when it goes on
 *
 * Context: any but interrupt.
 */
void couche_sweep_kick(struct couche_sweep *sweep)
{
	bool go;

	spin_lock(&sweep->lock);
	go = sweep->info.state != COUCHE_SWEEP_PAUSED &&
	     sweep->info.state != COUCHE_SWEEP_STOPPED;
	if (go && sweep->info.state != COUCHE_SWEEP_RUNNING)
		begin_locked(sweep);
	sweep->again = true;
	spin_unlock(&sweep->lock);
	/* A suspended pool does it when it goes on. */
	if (couche_sweep_goes_on(sweep))
		mod_delayed_work(sweep->pool->control_wq, &sweep->work, 0);
}

static bool under_way(const struct couche_sweep_info *info)
{
	return info->state == COUCHE_SWEEP_RUNNING || info->state == COUCHE_SWEEP_WAITING ||
	       info->state == COUCHE_SWEEP_PAUSED;
}

static int order_locked(struct couche_sweep *s, enum couche_sweep_order order, const char **why)
{
	struct couche_sweep_info *info = &s->info;

	switch (order) {
	case COUCHE_SWEEP_START:
		*why = "it is under way already";
		if (under_way(info))
			return -EALREADY;
		begin_locked(s);
		info->bad = 0;
		info->repaired = 0;
		return 0;
	case COUCHE_SWEEP_PAUSE:
		*why = "it is not running";
		if (info->state != COUCHE_SWEEP_RUNNING && info->state != COUCHE_SWEEP_WAITING)
			return -EALREADY;
		info->state = COUCHE_SWEEP_PAUSED;
		return 0;
	case COUCHE_SWEEP_RESUME:
		*why = "it is not paused";
		if (info->state != COUCHE_SWEEP_PAUSED)
			return -EALREADY;
		info->state = COUCHE_SWEEP_RUNNING;
		return 0;
	case COUCHE_SWEEP_STOP:
		*why = "it is stopped already";
		if (info->state == COUCHE_SWEEP_STOPPED)
			return -EALREADY;
		info->state = COUCHE_SWEEP_STOPPED;
		s->ended = ktime_get_boottime_seconds();
		return 0;
	case COUCHE_SWEEP_RATE:
		return 0;
	}
	*why = "no such order";
	return -EINVAL;
}

/**
 * couche_sweep_run() - Carry out an order
 * @sweep: the sweep
 * @order: what
 * @rate: bytes a second from now on; U64_MAX: as before, 0: the module's
 * @why: what was wrong
 *
 * A pause keeps the place, a stop gives it up. Neither waits for the visits in
 * hand.
 *
 * Context: process; sleeps.
 * Return: 0, -EALREADY or -EINVAL.
 */
int couche_sweep_run(struct couche_sweep *sweep, enum couche_sweep_order order, u64 rate,
		     const char **why)
{
	int err;

	spin_lock(&sweep->lock);
	err = order_locked(sweep, order, why);
	if (!err && rate != U64_MAX)
		WRITE_ONCE(sweep->info.rate, rate);
	spin_unlock(&sweep->lock);
	if (err)
		return err;
	wake_up_all(&sweep->wait);
	/* One that waits is not woken by a change of its rate. */
	if (READ_ONCE(sweep->info.state) == COUCHE_SWEEP_RUNNING)
		mod_delayed_work(sweep->pool->control_wq, &sweep->work, 0);
	report(sweep, true);
	return 0;
}

/**
 * couche_sweep_describe() - How far is it?
 * @sweep: the sweep
 * @info: filled in
 *
 * Context: any but interrupt.
 */
void couche_sweep_describe(struct couche_sweep *sweep, struct couche_sweep_info *info)
{
	spin_lock(&sweep->lock);
	*info = sweep->info;
	spin_unlock(&sweep->lock);
	info->interval = READ_ONCE(sweep->interval);
	if (!info->rate)
		info->rate = sweep->ops->rate();
}

/* Seconds until it is to start; 0 now. */
static u32 seconds_left(struct couche_sweep *s)
{
	s64 left;

	spin_lock(&s->lock);
	left = under_way(&s->info) ? s->interval :
	       s->ended + s->interval - ktime_get_boottime_seconds();
	spin_unlock(&s->lock);
	return clamp_t(s64, left, 0, TIMER_SECONDS);
}

static void timer_work(struct work_struct *work)
{
	struct couche_sweep *s = container_of(to_delayed_work(work), struct couche_sweep, timer);
	const char *why;
	u32 left;

	if (!READ_ONCE(s->interval) || !couche_pool_writable(s->pool))
		return;
	left = seconds_left(s);
	if (!left)
		couche_sweep_run(s, COUCHE_SWEEP_START, U64_MAX, &why);
	/* It looks again while the sweep is under way: that costs next to nothing. */
	queue_delayed_work(s->pool->control_wq, &s->timer, max(left, 1u) * HZ);
}

/**
 * couche_sweep_set_interval() - Should it start by itself?
 * @sweep: of an active pool
 * @seconds: after its end, or after the pool was activated; 0: never
 *
 * Context: process; not while the pool is being suspended.
 */
void couche_sweep_set_interval(struct couche_sweep *sweep, u32 seconds)
{
	WRITE_ONCE(sweep->interval, seconds);
	if (seconds)
		mod_delayed_work(sweep->pool->control_wq, &sweep->timer, 0);
}

/**
 * couche_sweep_pause() - Wait until no visit is under way
 * @sweep: of a pool that has POOL_SUSPENDED set
 *
 * Context: process; sleeps, without locks.
 */
void couche_sweep_pause(struct couche_sweep *sweep)
{
	cancel_delayed_work_sync(&sweep->timer);
	wake_up_all(&sweep->wait);
	cancel_delayed_work_sync(&sweep->work);
}

/**
 * couche_sweep_unpause() - Go on after couche_sweep_pause()
 * @sweep: of a pool that has POOL_SUSPENDED clear
 *
 * Context: process.
 */
void couche_sweep_unpause(struct couche_sweep *sweep)
{
	u8 state = READ_ONCE(sweep->info.state);

	if (state == COUCHE_SWEEP_RUNNING || state == COUCHE_SWEEP_WAITING)
		mod_delayed_work(sweep->pool->control_wq, &sweep->work, 0);
	if (READ_ONCE(sweep->interval))
		mod_delayed_work(sweep->pool->control_wq, &sweep->timer, 0);
}

/**
 * couche_sweep_create() - Make a sweep, idle
 * @pool: of it
 * @ops: what it does
 *
 * Context: process; sleeps.
 * Return: the sweep, or NULL when there is no memory.
 */
struct couche_sweep *couche_sweep_create(struct couche_pool *pool,
					 const struct couche_sweep_ops *ops)
{
	struct couche_sweep *sweep = kvzalloc(sizeof(*sweep), GFP_KERNEL);
	unsigned int i;

	if (!sweep)
		return NULL;
	sweep->pool = pool;
	sweep->ops = ops;
	sweep->info.kind = ops->kind;
	spin_lock_init(&sweep->lock);
	init_waitqueue_head(&sweep->wait);
	INIT_DELAYED_WORK(&sweep->work, sweep_work);
	INIT_DELAYED_WORK(&sweep->timer, timer_work);
	sweep->ended = ktime_get_boottime_seconds();
	for (i = 0; i < COUCHE_STRIPES_BACKGROUND; i++) {
		INIT_WORK(&sweep->slots[i].work, slot_work);
		sweep->slots[i].sweep = sweep;
	}
	return sweep;
}

/**
 * couche_sweep_free() - End and free a sweep
 * @sweep: of a pool that is not active any more, or NULL
 *
 * Context: process; sleeps.
 */
void couche_sweep_free(struct couche_sweep *sweep)
{
	if (!sweep)
		return;
	couche_sweep_pause(sweep);
	kvfree(sweep);
}
