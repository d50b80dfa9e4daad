// SPDX-License-Identifier: GPL-2.0-only
/* Extents from shards, and images of volumes from extents. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/lib/cleanup.h"
#include "kernel/core/block.h"
#include "offline_stripe.h"
#include "rescue.h"

struct writing {
	struct couche_rescue *r;
	const char *dir;		/* NULL: write nothing */
	struct couche_rescued_volume *volumes;
	struct couche_offline_stripe stripe;
	u32 volume;			/* whose image is open */
	int fd;
};

/**
 * couche_rescue_file() - name of a volume's image
 * @dir: the folder
 * @volume: id
 * @path: gets the name
 * @size: of @path
 */
void couche_rescue_file(const char *dir, u32 volume, char *path, size_t size)
{
	snprintf(path, size, "%s/volume-%u.img", dir, volume);
}

static int open_image(struct writing *w, u32 volume)
{
	char path[4096];

	if (!w->dir || (w->fd >= 0 && w->volume == volume))
		return 0;
	if (w->fd >= 0)
		close(w->fd);
	couche_rescue_file(w->dir, volume, path, sizeof(path));
	w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	w->volume = volume;
	if (w->fd < 0)
		return couche_fail(errno == EEXIST ? COUCHE_EXIT_CONFLICT : COUCHE_EXIT_FAILURE,
				   path, "cannot be made (%s); give an empty folder",
				   strerror(errno));
	return 0;
}

static int write_block(struct writing *w, const u8 *block, u64 offset)
{
	if (couche_block_is_zero(block))
		return 0;
	if (pwrite(w->fd, block, COUCHE_BLOCK_SIZE, offset) != COUCHE_BLOCK_SIZE)
		return couche_fail(COUCHE_EXIT_FAILURE, w->dir,
				   "cannot be written (%s); make room", strerror(errno));
	return 0;
}

/* Zeros stay holes. */
static int write_extent(struct writing *w, u32 volume, u64 extent)
{
	struct couche_offline_stripe *st = &w->stripe;
	u64 bytes = (u64)w->r->o->super.extent_sectors * 512, off;
	int r = open_image(w, volume);

	if (!w->dir || r)
		return r;
	if (ftruncate(w->fd, (extent + 1) * bytes) < 0)
		return couche_fail(COUCHE_EXIT_FAILURE, w->dir,
				   "cannot be written (%s); choose another folder",
				   strerror(errno));
	for (off = 0; off < bytes && !r; off += COUCHE_BLOCK_SIZE) {
		u32 shard = (off >> COUCHE_BLOCK_SHIFT) / st->geo.data_rows;
		u32 row = (off >> COUCHE_BLOCK_SHIFT) % st->geo.data_rows;

		r = write_block(w, st->shard[shard] + ((size_t)row << COUCHE_BLOCK_SHIFT),
				extent * bytes + off);
	}
	return r;
}

static void set_shape(struct writing *w, const struct couche_found_shard *s)
{
	const struct couche_profile shape = {
		.k = s->k, .m = s->m, .matrix = s->matrix, .csum = 1
	};

	couche_offline_stripe_reshape(&w->stripe, &shape, w->r->o->super.extent_sectors);
}

/*
 * Try one version of an extent. A shard that was found on several legs (one
 * was replaced and came back) is tried from each in turn.
 */
static bool restore(struct writing *w, const struct couche_found_shard *first, size_t nr)
{
	struct couche_stripe_id id = {
		.volume = first->volume, .extent = first->extent,
		.generation = first->generation, .group = first->group, .row = first->row,
	};
	size_t i;

	set_shape(w, first);
	couche_offline_stripe_begin(&w->stripe);
	for (i = 0; i < nr; i++) {
		unsigned int shard = first[i].shard;

		id.seg[shard].leg = first[i].leg;
		id.seg[shard].segment = first[i].segment;
		if (!(w->stripe.good & (1u << shard)))
			couche_offline_stripe_load_shard(&w->stripe, w->r->o, &id, shard);
	}
	return couche_offline_stripe_restore(&w->stripe);
}

static void tell(struct writing *w, const struct couche_found_shard *newest,
		 const struct couche_found_shard *used)
{
	struct couche_spot spot = couche_offline_spot(w->r->o, COUCHE_NO_LEG);
	char what[128];

	if (used)
		snprintf(what, sizeof(what),
			 "generation: %u cannot be restored, the older %u was taken",
			 newest->generation, used->generation);
	else
		snprintf(what, sizeof(what), "shards: fewer than %u are good of any generation",
			 newest->k);
	couche_finding_add(&spot, used ? COUCHE_FINDING_DAMAGE : COUCHE_FINDING_LOSS, what,
			   "volume %u extent %llu", newest->volume, newest->extent);
}

/* All versions of one extent, the newest first. */
static int rescue_extent(struct writing *w, const struct couche_found_shard *s, size_t nr)
{
	struct couche_rescued_volume *volume = &w->volumes[s->volume];
	u64 end = (s->extent + 1) * w->r->o->super.extent_sectors;
	size_t first = 0, next;

	if (end > volume->sectors)
		volume->sectors = end;
	for (; first < nr; first = next) {
		for (next = first + 1;
		     next < nr && couche_rescue_same_version(&s[first], &s[next]); next++)
			;
		if (!restore(w, &s[first], next - first))
			continue;
		volume->extents++;
		if (s[first].generation != s->generation) {
			volume->older++;
			tell(w, s, &s[first]);
		}
		return write_extent(w, s->volume, s->extent);
	}
	volume->lost++;
	tell(w, s, NULL);
	return 0;
}

/**
 * couche_rescue_write() - write an image of every volume that was found
 * @r: scanned
 * @dir: a folder, NULL to see only what could be written
 * @volumes: COUCHE_MAX_VOLUMES + 1; gets what was found
 *
 * Return: 0 or an exit code.
 */
int couche_rescue_write(struct couche_rescue *r, const char *dir,
			struct couche_rescued_volume *volumes)
{
	struct writing w = { .r = r, .dir = dir, .volumes = volumes, .fd = -1 };
	size_t first, next;
	int err = 0;

	for (first = 0; first < r->nr && !err; first = next) {
		const struct couche_found_shard *s = &r->shard[first];

		for (next = first + 1; next < r->nr && r->shard[next].volume == s->volume &&
		     r->shard[next].extent == s->extent; next++)
			;
		err = rescue_extent(&w, s, next - first);
	}
	couche_offline_stripe_destroy(&w.stripe);
	if (w.fd >= 0 && (fsync(w.fd) < 0 || close(w.fd) < 0) && !err)
		err = couche_fail(COUCHE_EXIT_FAILURE, dir, "cannot be written (%s); make room",
				  strerror(errno));
	return err;
}
