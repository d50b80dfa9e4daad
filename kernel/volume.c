// SPDX-License-Identifier: GPL-2.0-only
#include "volume.h"

#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uuid.h>
#include <linux/wait_bit.h>

#include "commit.h"
#include "compat.h"
#include "core/bounds.h"
#include "core/heat.h"
#include "group.h"
#include "map_area.h"
#include "preserve.h"
#include "superblock.h"
#include "trace.h"

static void count_tier(struct couche_volume *volume, const struct couche_place *place, int by)
{
	if (place->flags & COUCHE_EXTENT_MAPPED)
		atomic64_add(by, &volume->tier_extents[place->tier]);
}

/**
 * couche_volume_move_locked() - Move an extent, in memory and in the journal
 * @page: the page it stands in
 * @extent: its number
 * @to: its new place; flags 0 unmaps it
 * @state: bits of ENTRY_STATE to keep
 *
 * Context: inside a commit section, as the extent's owner.
 */
void couche_volume_move_locked(struct couche_map_page *page, couche_extent_t extent,
			       const struct couche_place *to, u64 state)
{
	struct couche_volume *volume = page->volume;
	struct couche_entry *entry = couche_volume_entry(page, extent);
	struct couche_place from = couche_entry_place(entry);

	count_tier(volume, &from, -1);
	count_tier(volume, to, 1);
	couche_entry_set(entry, to, state);
	couche_commit_extent_locked(volume->pool, volume->desc.id, page->number, extent, to);
}

static void map_page_free(struct couche_map_page *page)
{
	if (!page)
		return;
	kfree(page->entries);
	kfree(page->heat);
	kfree(page);
}

static struct couche_map_page *map_page_alloc(struct couche_volume *volume, u32 index)
{
	struct couche_map_page *page = kzalloc(sizeof(*page), GFP_NOIO);

	if (!page)
		return NULL;
	page->entries = kcalloc(COUCHE_PAGE_EXTENTS, sizeof(*page->entries), GFP_NOIO);
	page->heat = kcalloc(COUCHE_PAGE_EXTENTS, sizeof(*page->heat), GFP_NOIO);
	if (!page->entries || !page->heat) {
		map_page_free(page);
		return NULL;
	}
	page->volume = volume;
	page->index = index;
	page->number = COUCHE_NO_PAGE;
	return page;
}

static void map_page_publish(struct couche_map_page *page, u32 number)
{
	page->number = number;
	smp_store_release(&page->volume->pages[page->index], page);
}

/**
 * couche_volume_page_add() - Make a page of the map in memory
 * @volume: owner
 * @index: which page
 * @number: its place in the map area
 *
 * Context: process, under alloc_lock or during recovery; sleeps.
 * Return: the page, published; NULL when there is no memory.
 */
struct couche_map_page *couche_volume_page_add(struct couche_volume *volume, u32 index,
					       u32 number)
{
	struct couche_map_page *page = map_page_alloc(volume, index);

	if (page)
		map_page_publish(page, number);
	return page;
}

/**
 * couche_volume_find_page() - The page that an extent stands in
 * @volume: kept from being removed by the caller
 * @extent: its number
 *
 * Context: any; need not be inside io_gate. The page lives as long as the
 * volume does.
 * Return: the page; NULL when nothing in it was ever mapped.
 */
struct couche_map_page *couche_volume_find_page(struct couche_volume *volume,
						couche_extent_t extent)
{
	struct couche_map_page *page;
	unsigned int side = couche_io_gate_enter(&volume->pool->io_gate);

	page = couche_volume_page(volume, extent);
	couche_io_gate_leave(&volume->pool->io_gate, side);
	return page;
}

#define PAGES_AT_ONCE	4096	/* looked for in one go: no longer than a bio takes */

/**
 * couche_volume_next_page() - The first page of the map from some page on
 * @volume: kept from being removed by the caller
 * @index: of the page to begin with; gets that of the page found
 *
 * A thin volume may have millions of pages that are not there.
 *
 * Context: process; sleeps, not inside io_gate. The page lives as long as the
 * volume does.
 * Return: the page; NULL when no more is there, and *@index is beyond the last.
 */
struct couche_map_page *couche_volume_next_page(struct couche_volume *volume, u32 *index)
{
	struct couche_io_gate *gate = &volume->pool->io_gate;
	struct couche_map_page *page = NULL;
	u32 nr;

	/* Pages first, then their number: couche_volume_grow_map(). */
	while (!page && *index < (nr = smp_load_acquire(&volume->nr_pages))) {
		u32 end = min_t(u32, nr, *index + PAGES_AT_ONCE);
		unsigned int side = couche_io_gate_enter(gate);

		for (; !page && *index < end; ++*index)
			page = couche_volume_page(volume, to_couche_extent((u64)*index *
									   COUCHE_PAGE_EXTENTS));
		couche_io_gate_leave(gate, side);
		cond_resched();
	}
	*index -= !!page;
	return page;
}

/**
 * couche_volume_page_get() - The page for an extent about to be mapped
 * @volume: owner
 * @index: which page
 * @why: what was in the way
 *
 * Context: process; sleeps. Takes alloc_lock.
 * Return: the page, or an ERR_PTR of -ENOSPC or -ENOMEM.
 */
struct couche_map_page *couche_volume_page_get(struct couche_volume *volume, u32 index,
					       const char **why)
{
	struct couche_pool *pool = volume->pool;
	struct couche_map_page *page;
	u32 number;

	mutex_lock(&pool->alloc_lock);
	if (volume->pages[index]) {
		page = volume->pages[index];
		goto out;
	}
	*why = "no memory for a map page";
	page = map_page_alloc(volume, index);
	if (!page) {
		page = ERR_PTR(-ENOMEM);
		goto out;
	}
	*why = "the map area is full";
	number = couche_map_area_get(pool, COUCHE_PAGE_MAP, index, page);
	if (number == COUCHE_NO_PAGE) {
		map_page_free(page);
		page = ERR_PTR(-ENOSPC);
		goto out;
	}
	map_page_publish(page, number);
out:
	mutex_unlock(&pool->alloc_lock);
	return page;
}

/**
 * couche_volume_encode_map() - Fill a block with a page of the map
 * @page: the page
 * @number: its place in the map area
 * @block: 4 KiB
 *
 * Context: under commit.lock.
 */
void couche_volume_encode_map(const struct couche_map_page *page, u32 number, void *block)
{
	unsigned int i;

	couche_page_init(block, COUCHE_PAGE_MAP, page->volume->desc.id, page->index, number);
	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		struct couche_place place = couche_entry_place(&page->entries[i]);

		couche_page_set_extent(block, i, &place);
	}
}

/**
 * couche_volume_encode_page() - Fill a block with volume records
 * @pool: the pool
 * @index: which page of volume records
 * @number: its place in the map area
 * @block: 4 KiB
 *
 * Context: under commit.lock.
 */
void couche_volume_encode_page(struct couche_pool *pool, u32 index, u32 number, void *block)
{
	u32 i;

	couche_page_init(block, COUCHE_PAGE_VOLUME, 0, index, number);
	rcu_read_lock();
	for (i = 0; i < COUCHE_PAGE_VOLUMES; i++) {
		struct couche_volume *volume;

		volume = xa_load(&pool->volumes, index * COUCHE_PAGE_VOLUMES + i);
		if (volume && !volume->removed)
			couche_page_set_volume(block, i, &volume->desc);
	}
	rcu_read_unlock();
}

static u32 pages_for(u64 extents)
{
	return DIV_ROUND_UP_ULL(extents, COUCHE_PAGE_EXTENTS);
}

static void volume_free(struct couche_volume *volume)
{
	u32 i;

	if (!volume)
		return;
	for (i = 0; volume->pages && i < volume->nr_pages; i++)
		map_page_free(volume->pages[i]);
	kvfree(volume->pages);
	free_percpu(volume->counters);
	kfree(volume);
}

static struct couche_volume *volume_alloc(struct couche_pool *pool,
					  const struct couche_volume_desc *desc)
{
	struct couche_volume *volume = kzalloc(sizeof(*volume), GFP_KERNEL);

	if (!volume)
		return NULL;
	volume->pool = pool;
	volume->desc = *desc;
	volume->nr_extents = DIV_ROUND_UP_ULL(desc->sectors, pool->super.extent_sectors);
	volume->nr_pages = pages_for(volume->nr_extents);
	atomic64_set(&volume->generation, 1);
	volume->counters = alloc_percpu(struct couche_volume_counters);
	volume->pages = kvcalloc(volume->nr_pages, sizeof(*volume->pages),
				 GFP_KERNEL | __GFP_NOWARN);
	if (!volume->counters || !volume->pages) {
		volume_free(volume);
		return NULL;
	}
	return volume;
}

/**
 * couche_volume_add() - Make a volume known that is, or will be, on disk
 * @pool: the pool
 * @desc: validated
 * @why: what was wrong
 *
 * Context: process; sleeps. Under config_lock or during recovery.
 * Return: 0, -EEXIST or -ENOMEM.
 */
int couche_volume_add(struct couche_pool *pool, const struct couche_volume_desc *desc,
		      const char **why)
{
	struct couche_volume *volume;
	int err;

	*why = "no memory for a volume";
	volume = volume_alloc(pool, desc);
	if (!volume)
		return -ENOMEM;
	err = xa_insert(&pool->volumes, desc->id, volume, GFP_KERNEL);
	if (err) {
		*why = err == -EBUSY ? "volume: the id is in use" : "no memory for a volume";
		volume_free(volume);
		return err == -EBUSY ? -EEXIST : err;
	}
	WRITE_ONCE(pool->born[desc->id], desc->born);
	return 0;
}

/**
 * couche_volume_forget() - Drop a volume that the journal says was removed
 * @volume: the volume
 *
 * Context: recovery only.
 */
void couche_volume_forget(struct couche_volume *volume)
{
	xa_erase(&volume->pool->volumes, volume->desc.id);
	volume_free(volume);
}

/**
 * couche_volume_free_all() - Forget all volumes (in memory)
 * @pool: the pool, quiet
 *
 * Context: process.
 */
void couche_volume_free_all(struct couche_pool *pool)
{
	struct couche_volume *volume;
	unsigned long id;

	xa_for_each(&pool->volumes, id, volume)
		volume_free(volume);
	xa_destroy(&pool->volumes);
}

static u32 volume_page(struct couche_pool *pool, u32 id)
{
	u32 index = id / COUCHE_PAGE_VOLUMES;
	u32 *page = &pool->area.volume_pages[index];

	mutex_lock(&pool->alloc_lock);
	if (*page == COUCHE_NO_PAGE)
		*page = couche_map_area_get(pool, COUCHE_PAGE_VOLUME, index, NULL);
	mutex_unlock(&pool->alloc_lock);
	return *page;
}

/* Put a volume's record into the journal and wait for it. */
static int commit_volume(struct couche_pool *pool, u32 id, struct couche_volume *volume,
			 const struct couche_volume_desc *desc, const char **why)
{
	u32 page = volume_page(pool, id);
	u64 batch;
	int err;

	*why = "the map area is full";
	if (page == COUCHE_NO_PAGE)
		return -ENOSPC;
	*why = "the metadata takes no changes";
	err = couche_commit_begin(pool);
	if (err)
		return err;
	/* In memory too, so that a checkpoint never writes the older state. */
	if (desc->sectors)
		volume->desc = *desc;
	else
		volume->removed = true;
	couche_commit_volume_locked(pool, id, desc, page);
	batch = couche_commit_end(pool);
	return couche_commit_wait(pool, batch);
}

static int check_new(struct couche_pool *pool, u32 id, u64 sectors, const char *name,
		     const char **why)
{
	struct couche_volume *volume;
	unsigned long i;

	*why = "volume id: must be 1 to 1024";
	if (!id || id > COUCHE_MAX_VOLUMES)
		return -EINVAL;
	*why = "size: must be a multiple of 8 sectors, not 0 and at most 2^45";
	if (!sectors || sectors % COUCHE_BLOCK_SECTORS || sectors > COUCHE_MAX_VOLUME_SECTORS)
		return -EINVAL;
	*why = "name: must have 1 to 63 printable characters without spaces";
	if (!*name || strlen(name) >= COUCHE_NAME_SIZE)
		return -EINVAL;
	for (i = 0; name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return -EINVAL;
	*why = "name: another volume has it";
	xa_for_each(&pool->volumes, i, volume)
		if (!strcmp(volume->desc.name, name))
			return -EEXIST;
	*why = "volume id: in use";
	return xa_load(&pool->volumes, id) ? -EEXIST : 0;
}

/**
 * couche_volume_create() - Make a thin volume
 * @pool: an active pool
 * @id: 1..COUCHE_MAX_VOLUMES, not in use
 * @sectors: its size
 * @name: unique in the pool
 * @why: what was wrong
 *
 * Context: process; sleeps. Under config_lock.
 * Return: 0 when it is durable; -EINVAL, -EEXIST, -ENOSPC, -ENOMEM, -EROFS.
 */
int couche_volume_create(struct couche_pool *pool, u32 id, u64 sectors, const char *name,
			 const char **why)
{
	struct couche_volume_desc desc = { .id = id, .sectors = sectors };
	int err;

	err = check_new(pool, id, sectors, name, why);
	if (err)
		return err;
	strscpy(desc.name, name, sizeof(desc.name));
	desc.created = ktime_get_real_seconds();
	desc.born = couche_commit_next_generation(pool);
	generate_random_uuid(desc.uuid);
	err = couche_volume_add(pool, &desc, why);
	if (err)
		return err;
	err = commit_volume(pool, id, xa_load(&pool->volumes, id), &desc, why);
	if (err) {
		struct couche_volume *volume = xa_erase(&pool->volumes, id);

		/* A checkpoint may be looking at it. */
		synchronize_rcu();
		volume_free(volume);
	}
	return err;
}

static void free_page_rows(struct couche_pool *pool, struct couche_map_page *page)
{
	unsigned int i;

	for (i = 0; i < COUCHE_PAGE_EXTENTS; i++) {
		struct couche_place place = couche_entry_place(&page->entries[i]);

		if (place.flags & COUCHE_EXTENT_MAPPED)
			couche_group_put_rows(pool, place.group, place.row, place.rows);
	}
}

/* Pairs with couche_volume_get(): one of the two sees what the other wrote. */
static void see_off_visitors(struct couche_volume *volume)
{
	WRITE_ONCE(volume->leaving, true);
	smp_mb();
	wait_var_event(&volume->visitors, !atomic_read(&volume->visitors));
}

/**
 * couche_volume_remove() - Remove a volume and free all it holds
 * @pool: an active pool
 * @id: the volume; no table may be open on it
 * @why: what was wrong
 *
 * One journal record removes the volume with all its extents, so a crash
 * leaves all of it or nothing. Its rows are freed after that is durable.
 *
 * Context: process; sleeps. Under config_lock.
 * Return: 0; -ENOENT, -EBUSY, -EROFS or -EIO.
 */
int couche_volume_remove(struct couche_pool *pool, u32 id, const char **why)
{
	struct couche_volume *volume = xa_load(&pool->volumes, id);
	struct couche_volume_desc gone = { .id = id };
	int err;
	u32 i;

	*why = "volume: no such id";
	if (!volume)
		return -ENOENT;
	*why = "volume: in use by a device or a migration";
	if (volume->open_count)
		return -EBUSY;
	see_off_visitors(volume);
	err = commit_volume(pool, id, volume, &gone, why);
	if (err) {
		WRITE_ONCE(volume->leaving, false);
		return err;
	}
	couche_preserve_drop_volume(pool, id);
	for (i = 0; i < volume->nr_pages; i++) {
		struct couche_map_page *page = volume->pages[i];

		if (!page)
			continue;
		free_page_rows(pool, page);
		mutex_lock(&pool->alloc_lock);
		couche_map_area_put(pool, page->number);
		mutex_unlock(&pool->alloc_lock);
	}
	xa_erase(&pool->volumes, id);
	synchronize_rcu();
	couche_pool_sync_io(pool);
	volume_free(volume);
	return 0;
}

/**
 * couche_volume_grow_map() - Make the map in memory fit a size
 * @volume: the volume
 * @sectors: the size
 *
 * Context: process; sleeps. Under config_lock or during recovery.
 * Return: 0, or -ENOMEM.
 */
int couche_volume_grow_map(struct couche_volume *volume, u64 sectors)
{
	u64 extents = DIV_ROUND_UP_ULL(sectors, volume->pool->super.extent_sectors);
	struct couche_map_page **pages, **old;

	if (extents <= volume->nr_extents)
		return 0;
	pages = kvcalloc(pages_for(extents), sizeof(*pages), GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;
	mutex_lock(&volume->pool->alloc_lock);
	old = volume->pages;
	memcpy(pages, old, volume->nr_pages * sizeof(*pages));
	smp_store_release(&volume->pages, pages);
	smp_store_release(&volume->nr_pages, pages_for(extents));
	WRITE_ONCE(volume->nr_extents, extents);
	mutex_unlock(&volume->pool->alloc_lock);
	couche_pool_sync_io(volume->pool);
	kvfree(old);
	return 0;
}

/**
 * couche_volume_resize() - Grow a volume
 * @pool: an active pool
 * @id: the volume; it may be in use, its table is reloaded afterwards
 * @sectors: the new size
 * @why: what was wrong
 *
 * Context: process; sleeps. Under config_lock.
 * Return: 0 when it is durable; -ENOENT, -EINVAL, -ENOMEM, -EROFS.
 */
int couche_volume_resize(struct couche_pool *pool, u32 id, u64 sectors, const char **why)
{
	struct couche_volume *volume = xa_load(&pool->volumes, id);
	struct couche_volume_desc desc;
	int err;

	*why = "volume: no such id";
	if (!volume)
		return -ENOENT;
	*why = "size: must be a multiple of 8 sectors and at most 2^45";
	if (sectors % COUCHE_BLOCK_SECTORS || sectors > COUCHE_MAX_VOLUME_SECTORS)
		return -EINVAL;
	*why = "size: a volume cannot shrink";
	if (sectors < volume->desc.sectors)
		return -EINVAL;
	*why = "no memory for the larger map";
	err = couche_volume_grow_map(volume, sectors);
	if (err)
		return err;
	desc = volume->desc;
	desc.sectors = sectors;
	err = commit_volume(pool, id, volume, &desc, why);
	if (!err)
		atomic64_inc(&volume->generation);
	return err;
}

/**
 * couche_volume_set_journal() - Which writes of a volume are staged?
 * @pool: an active pool
 * @id: the volume; it may be in use
 * @all: partial writes to all its extents, not only to stripes
 * @why: what was wrong
 *
 * What is staged when the volume asks for it no longer stays so until it is
 * destaged, and so does what is written there meanwhile.
 *
 * Context: process; sleeps. Under config_lock.
 * Return: 0 when it is durable; -ENOENT, -ENODEV without a data journal,
 * -ENOSPC, -EROFS, -EIO.
 */
int couche_volume_set_journal(struct couche_pool *pool, u32 id, bool all,
			      const char **why)
{
	struct couche_volume *volume = xa_load(&pool->volumes, id);
	struct couche_volume_desc desc;
	int err;

	*why = "volume: no such id";
	if (!volume)
		return -ENOENT;
	*why = "pool: it has no data journal";
	if (all && !pool->stage)
		return -ENODEV;
	desc = volume->desc;
	desc.flags = all ? COUCHE_VOLUME_JOURNAL_ALL : 0;
	if (desc.flags == volume->desc.flags)
		return 0;
	*why = "the superblocks cannot be written";
	err = all ? couche_superblock_stage_all(pool) : 0;
	return err ?: commit_volume(pool, id, volume, &desc, why);
}

/**
 * couche_volume_open() - Take a volume for a dm table
 * @pool: an active pool
 * @id: the volume
 * @sectors: length of the table line
 * @why: what was wrong
 *
 * Context: process; sleeps. Takes config_lock.
 * Return: the volume, or an ERR_PTR of -ENOENT or -EINVAL.
 */
struct couche_volume *couche_volume_open(struct couche_pool *pool, u32 id, u64 sectors,
					 const char **why)
{
	struct couche_volume *volume;

	mutex_lock(&pool->config_lock);
	volume = xa_load(&pool->volumes, id);
	if (!volume) {
		*why = "volume: no such id";
		volume = ERR_PTR(-ENOENT);
	} else if (sectors > volume->desc.sectors) {
		*why = "length: larger than the volume";
		volume = ERR_PTR(-EINVAL);
	} else {
		volume->open_count++;
	}
	mutex_unlock(&pool->config_lock);
	return volume;
}

/**
 * couche_volume_close() - Give back what couche_volume_open() took
 * @volume: the volume
 *
 * Context: process; sleeps. Takes config_lock.
 */
void couche_volume_close(struct couche_volume *volume)
{
	struct couche_pool *pool = volume->pool;

	mutex_lock(&pool->config_lock);
	volume->open_count--;
	mutex_unlock(&pool->config_lock);
}

/**
 * couche_volume_get() - Visit a volume for a short while
 * @pool: an active pool
 * @id: lowest id wanted; set to the one found
 *
 * For who heals: unlike an open volume, a visited one can be removed, and the
 * removal waits for the visitor, under config_lock.
 *
 * Context: process. Until couche_volume_put() the caller must not take
 * config_lock, nor wait for who does.
 * Return: the volume, or NULL when there is none from there on.
 */
struct couche_volume *couche_volume_get(struct couche_pool *pool, unsigned long *id)
{
	struct couche_volume *volume;

	rcu_read_lock();
	for (volume = xa_find(&pool->volumes, id, ULONG_MAX, XA_PRESENT); volume;
	     volume = xa_find_after(&pool->volumes, id, ULONG_MAX, XA_PRESENT)) {
		atomic_inc(&volume->visitors);
		smp_mb__after_atomic();
		if (!READ_ONCE(volume->leaving))
			break;
		couche_volume_put(volume);
	}
	rcu_read_unlock();
	return volume;
}

/**
 * couche_volume_put() - End what couche_volume_get() began
 * @volume: may be gone afterwards
 *
 * Context: any.
 */
void couche_volume_put(struct couche_volume *volume)
{
	if (atomic_dec_and_test(&volume->visitors))
		wake_up_var(&volume->visitors);
}
