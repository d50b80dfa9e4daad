// SPDX-License-Identifier: GPL-2.0-only
#include "stripe_memory.h"

#include <linux/list.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "leg.h"
#include "pool.h"
#include "shape.h"

#define STRIPES_URGENT	4
#define STRIPES_BYTES	(32UL << 20)		/* of each kind, if one is smaller */

/* Bytes in each stripe. */
struct sizes {
	size_t data, parity, footers, crcs;
};

struct couche_stripe_pool {
	spinlock_t lock;
	wait_queue_head_t wait;
	struct list_head free[2];		/* background, urgent */
	struct sizes sizes;			/* of new buffers */
	unsigned int nr[2];			/* of each kind, in use or free */
};

struct couche_stripe_memory {
	struct couche_hold hold;
	struct sizes sizes;
	u8 *data, *parity, *footers;
	u32 *crcs;
};

static void memory_free(struct couche_hold *hold)
{
	struct couche_stripe_memory *memory =
		container_of(hold, struct couche_stripe_memory, hold);

	vfree(memory->data);
	vfree(memory->parity);
	vfree(memory->footers);
	vfree(memory->crcs);
	kfree(memory);
}

static struct couche_stripe_memory *memory_alloc(struct couche_pool *pool,
						 const struct sizes *sizes)
{
	struct couche_stripe_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);

	if (!memory)
		return NULL;
	couche_hold_init(&memory->hold, pool, memory_free);
	memory->sizes = *sizes;
	memory->data = vzalloc(sizes->data);
	memory->parity = vzalloc(sizes->parity);
	memory->footers = vzalloc(sizes->footers);
	memory->crcs = vzalloc(sizes->crcs);
	if (memory->data && memory->parity && memory->footers && memory->crcs)
		return memory;
	memory_free(&memory->hold);
	return NULL;
}

static void stripe_use(struct couche_stripe *stripe, struct couche_stripe_memory *memory)
{
	stripe->memory = memory;
	stripe->data = memory->data;
	stripe->parity = memory->parity;
	stripe->footers = memory->footers;
	stripe->crcs = memory->crcs;
}

static void stripe_free(struct couche_stripe *stripe)
{
	/* No bio has it any more, so this is the last one. */
	memory_free(&stripe->memory->hold);
	kfree(stripe);
}

static void free_stripes(struct list_head *list)
{
	struct couche_stripe *stripe, *next;

	list_for_each_entry_safe(stripe, next, list, list)
		stripe_free(stripe);
}

static struct couche_stripe *stripe_alloc(struct couche_pool *pool)
{
	struct couche_stripe *stripe = kzalloc(sizeof(*stripe), GFP_KERNEL);
	struct couche_stripe_memory *memory = memory_alloc(pool, &pool->stripes->sizes);

	if (stripe && memory) {
		stripe_use(stripe, memory);
		return stripe;
	}
	if (memory)
		memory_free(&memory->hold);
	kfree(stripe);
	return NULL;
}

/**
 * couche_stripe_renew() - Leave the buffers to a device that does not answer
 * @pool: the pool
 * @stripe: gets others; what was read is lost
 *
 * The device may still write to them.
 *
 * Context: process; sleeps until there is memory, or the device has let go.
 */
void couche_stripe_renew(struct couche_pool *pool, struct couche_stripe *stripe)
{
	struct couche_stripe_memory *memory;
	unsigned int noio = memalloc_noio_save();

	/* Until there is memory, or the device has let go of it. */
	while (refcount_read(&stripe->memory->hold.refs) > 1) {
		memory = memory_alloc(pool, &stripe->memory->sizes);
		if (memory) {
			couche_hold_put(&stripe->memory->hold);
			stripe_use(stripe, memory);
			break;
		}
		schedule_timeout_uninterruptible(HZ / 10);
	}
	memalloc_noio_restore(noio);
}

static void enlarge(struct sizes *sizes, const struct couche_geometry *geo)
{
	size_t shard = (size_t)geo->data_rows << COUCHE_BLOCK_SHIFT;
	unsigned int nr = geo->k + geo->m;

	sizes->data = max(sizes->data, geo->k * shard);
	sizes->parity = max(sizes->parity, geo->m * shard);
	sizes->footers = max_t(size_t, sizes->footers,
			       (size_t)nr * geo->footers << COUCHE_BLOCK_SHIFT);
	sizes->crcs = max_t(size_t, sizes->crcs, (size_t)nr * geo->data_rows * sizeof(u32));
}

/* Large enough for an extent of any shape. */
static void measure(const struct couche_pool *pool, struct sizes *sizes)
{
	const struct couche_shape *shape;

	*sizes = (struct sizes){ COUCHE_BLOCK_SIZE, COUCHE_BLOCK_SIZE, COUCHE_BLOCK_SIZE,
				 COUCHE_BLOCK_SIZE };
	for (shape = pool->shapes; shape; shape = shape->next)
		enlarge(sizes, &shape->geo);
}

/* Of a kind. */
static unsigned int nr_wanted(const struct sizes *sizes, bool urgent)
{
	unsigned int room = max_t(size_t, STRIPES_BYTES / (sizes->data + sizes->parity), 1);

	return min_t(unsigned int, room, urgent ? STRIPES_URGENT : COUCHE_STRIPES_BACKGROUND);
}

static int make_stripes(struct couche_pool *pool, bool urgent, unsigned int nr,
			struct list_head *list)
{
	while (nr--) {
		struct couche_stripe *stripe = stripe_alloc(pool);

		if (!stripe)
			return -ENOMEM;
		stripe->urgent = urgent;
		list_add(&stripe->list, list);
	}
	return 0;
}

/**
 * couche_stripe_pool_create() - Make a pool's stripes
 * @pool: its shapes are known
 *
 * Context: process; sleeps.
 * Return: 0, or -ENOMEM; couche_stripe_pool_free() cleans up either way.
 */
int couche_stripe_pool_create(struct couche_pool *pool)
{
	struct couche_stripe_pool *sp = kzalloc(sizeof(*sp), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	if (!sp)
		return -ENOMEM;
	pool->stripes = sp;
	spin_lock_init(&sp->lock);
	init_waitqueue_head(&sp->wait);
	INIT_LIST_HEAD(&sp->free[0]);
	INIT_LIST_HEAD(&sp->free[1]);
	measure(pool, &sp->sizes);
	for (i = 0; i < 2 && !err; i++) {
		sp->nr[i] = nr_wanted(&sp->sizes, i);
		err = make_stripes(pool, i, sp->nr[i], &sp->free[i]);
	}
	return err;
}

/**
 * couche_stripe_pool_free() - Free a pool's stripes
 * @pool: all stripes have been put
 *
 * Context: process.
 */
void couche_stripe_pool_free(struct couche_pool *pool)
{
	struct couche_stripe_pool *sp = pool->stripes;
	unsigned int i;

	if (!sp)
		return;
	for (i = 0; i < 2; i++)
		free_stripes(&sp->free[i]);
	kfree(sp);
	pool->stripes = NULL;
}

static struct couche_stripe *try_get(struct couche_stripe_pool *sp, bool urgent)
{
	struct couche_stripe *stripe;

	spin_lock(&sp->lock);
	stripe = list_first_entry_or_null(&sp->free[urgent], struct couche_stripe, list);
	if (stripe)
		list_del(&stripe->list);
	spin_unlock(&sp->lock);
	return stripe;
}

/**
 * couche_stripe_get() - Take a stripe, waiting for one
 * @pool: the pool
 * @urgent: a bio waits for the caller
 *
 * Context: process; sleeps. Whoever holds one needs no second one and waits
 * for nothing but bios, so one comes free.
 * Return: a stripe.
 */
struct couche_stripe *couche_stripe_get(struct couche_pool *pool, bool urgent)
{
	struct couche_stripe *stripe;

	wait_event(pool->stripes->wait, (stripe = try_get(pool->stripes, urgent)));
	return stripe;
}

/**
 * couche_stripe_put() - Give a stripe back
 * @pool: the pool
 * @stripe: from couche_stripe_get()
 *
 * Context: process.
 */
void couche_stripe_put(struct couche_pool *pool, struct couche_stripe *stripe)
{
	struct couche_stripe_pool *sp = pool->stripes;

	spin_lock(&sp->lock);
	list_add(&stripe->list, &sp->free[stripe->urgent]);
	spin_unlock(&sp->lock);
	wake_up_all(&sp->wait);
}

/* Wait for all stripes of a kind, one after another, and put others in their place. */
static void exchange(struct couche_pool *pool, bool urgent, struct list_head *larger)
{
	struct couche_stripe_pool *sp = pool->stripes;
	struct couche_stripe *stripe, *next;

	for (; sp->nr[urgent]; sp->nr[urgent]--) {
		stripe = couche_stripe_get(pool, urgent);
		/* A device that was given up may have its buffers still. */
		couche_hold_put(&stripe->memory->hold);
		kfree(stripe);
	}
	list_for_each_entry_safe(stripe, next, larger, list) {
		sp->nr[urgent]++;
		couche_stripe_put(pool, stripe);
	}
}

/**
 * couche_stripe_pool_grow() - Make room in the stripes for another shape
 * @pool: the pool
 * @geo: of extents that there will be
 *
 * There may be fewer of them afterwards: memory is bounded.
 *
 * Context: process, under config_lock; sleeps. Waits for stripes that are in
 * use, so not for a caller that has one.
 * Return: 0, or -ENOMEM: nothing was changed.
 */
int couche_stripe_pool_grow(struct couche_pool *pool, const struct couche_geometry *geo)
{
	struct couche_stripe_pool *sp = pool->stripes;
	struct sizes old = sp->sizes, sizes = sp->sizes;
	struct list_head larger[2];
	unsigned int i, noio;
	int err = 0;

	enlarge(&sizes, geo);
	if (!memcmp(&sizes, &old, sizeof(sizes)))
		return 0;
	sp->sizes = sizes;
	noio = memalloc_noio_save();
	for (i = 0; i < 2; i++) {
		INIT_LIST_HEAD(&larger[i]);
		err = err ?: make_stripes(pool, i, nr_wanted(&sizes, i), &larger[i]);
	}
	memalloc_noio_restore(noio);
	for (i = 0; i < 2 && !err; i++)
		exchange(pool, i, &larger[i]);
	if (!err)
		return 0;
	sp->sizes = old;
	for (i = 0; i < 2; i++)
		free_stripes(&larger[i]);
	return err;
}

/**
 * couche_stripe_hold() - What keeps a stripe's buffers for a device
 * @stripe: the stripe
 *
 * Context: any.
 * Return: for a batch of bios that may be given up.
 */
struct couche_hold *couche_stripe_hold(struct couche_stripe *stripe)
{
	return &stripe->memory->hold;
}

/**
 * couche_stripe_room() - How much data has room in a stripe?
 * @stripe: the stripe
 *
 * Context: any.
 * Return: bytes, an extent of any shape at least.
 */
size_t couche_stripe_room(const struct couche_stripe *stripe)
{
	return stripe->memory->sizes.data;
}
