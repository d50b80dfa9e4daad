/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disk that a pool is activated on, a file in memory behind a loop device,
 * and the state it goes back to after each try. What the pool wrote meanwhile
 * is found by comparing, so that nothing has to be told.
 *
 * No threads: nobody may write to the disk while it is restored or frozen.
 */
#ifndef COUCHE_TESTS_CRASH_IMAGE_H
#define COUCHE_TESTS_CRASH_IMAGE_H

#include <stddef.h>
#include <stdint.h>

struct crash_image {
	uint8_t *state;		/* as the log has it so far */
	uint8_t *disk;		/* what the loop device shows */
	size_t size;
	uint8_t *frozen;	/* pages of a frozen disk that differ from state */
	uint32_t *numbers;	/* ... and which they are */
	size_t nr_frozen;
	size_t room;
};

int crash_image_init(struct crash_image *image, const char *path);
void crash_image_destroy(struct crash_image *image);
void crash_image_write(struct crash_image *image, uint64_t offset, const void *data,
		       size_t bytes);
void crash_image_try(struct crash_image *image, uint64_t offset, const void *data, size_t bytes);
void crash_image_restore(struct crash_image *image);
int crash_image_freeze(struct crash_image *image);
void crash_image_thaw(struct crash_image *image);

#endif /* COUCHE_TESTS_CRASH_IMAGE_H */
