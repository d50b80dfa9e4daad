// SPDX-License-Identifier: GPL-2.0-only
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE	4096

/**
 * crash_image_init() - Map a disk; it becomes zero
 * @image: filled in
 * @path: the file behind the loop device, a multiple of 4 KiB long
 *
 * Return: 0, or a negative errno.
 */
int crash_image_init(struct crash_image *image, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;

	memset(image, 0, sizeof(*image));
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	image->disk = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			   fd, 0);
	close(fd);
	if (image->disk == MAP_FAILED)
		return -errno;
	image->size = st.st_size;
	image->state = calloc(1, st.st_size);
	if (!image->state)
		return -ENOMEM;
	memset(image->disk, 0, st.st_size);
	return 0;
}

/**
 * crash_image_destroy() - Free what crash_image_init() took
 * @image: the disk
 */
void crash_image_destroy(struct crash_image *image)
{
	munmap(image->disk, image->size);
	free(image->state);
	free(image->frozen);
	free(image->numbers);
	memset(image, 0, sizeof(*image));
}

/**
 * crash_image_write() - Carry out a logged write, for good
 * @image: the disk
 * @offset: byte of the disk
 * @data: what was written
 * @bytes: how much
 */
void crash_image_write(struct crash_image *image, uint64_t offset, const void *data, size_t bytes)
{
	memcpy(image->state + offset, data, bytes);
	memcpy(image->disk + offset, data, bytes);
}

/**
 * crash_image_try() - Carry out a logged write until the next restore
 * @image: the disk
 * @offset: byte of the disk
 * @data: what was written
 * @bytes: how much
 */
void crash_image_try(struct crash_image *image, uint64_t offset, const void *data, size_t bytes)
{
	memcpy(image->disk + offset, data, bytes);
}

/**
 * crash_image_restore() - Undo all but crash_image_write()
 * @image: the disk
 */
void crash_image_restore(struct crash_image *image)
{
	size_t at;

	for (at = 0; at < image->size; at += PAGE)
		if (memcmp(image->disk + at, image->state + at, PAGE))
			memcpy(image->disk + at, image->state + at, PAGE);
}

static int more_room(struct crash_image *image)
{
	size_t room = image->room ? image->room * 2 : 1024;
	uint32_t *numbers = realloc(image->numbers, room * sizeof(*numbers));
	uint8_t *frozen;

	if (!numbers)
		return -ENOMEM;
	image->numbers = numbers;
	frozen = realloc(image->frozen, room * PAGE);
	if (!frozen)
		return -ENOMEM;
	image->frozen = frozen;
	image->room = room;
	return 0;
}

/**
 * crash_image_freeze() - Remember the disk as it is now
 * @image: the disk
 *
 * Return: 0, or -ENOMEM.
 */
int crash_image_freeze(struct crash_image *image)
{
	size_t at;

	image->nr_frozen = 0;
	for (at = 0; at < image->size; at += PAGE) {
		if (!memcmp(image->disk + at, image->state + at, PAGE))
			continue;
		if (image->nr_frozen == image->room && more_room(image))
			return -ENOMEM;
		memcpy(image->frozen + image->nr_frozen * PAGE, image->disk + at, PAGE);
		image->numbers[image->nr_frozen++] = at / PAGE;
	}
	return 0;
}

/**
 * crash_image_thaw() - Make the disk what it was at crash_image_freeze()
 * @image: the disk
 */
void crash_image_thaw(struct crash_image *image)
{
	size_t i;

	crash_image_restore(image);
	for (i = 0; i < image->nr_frozen; i++)
		memcpy(image->disk + (size_t)image->numbers[i] * PAGE, image->frozen + i * PAGE,
		       PAGE);
}
