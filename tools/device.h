/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices that are to become legs: is each one free to be overwritten?
 *
 * couche_device_check() changes nothing. It opens the device exclusively for
 * the moment of the look, so what is mounted or belongs to another driver is
 * refused whatever its contents; --force covers contents only. What it finds
 * is told in one line that names the device.
 */
#ifndef COUCHE_TOOLS_DEVICE_H
#define COUCHE_TOOLS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "doc.h"

struct couche_device {
	const char *path;	/* as the user wrote it, owned by the caller */
	dev_t number;
	ino_t image;		/* of a file, which stands for a device; 0: it is one */
	uint64_t sectors;
	bool shared;		/* by the pool that will let go of it: not looked at exclusively */
	bool foreign;		/* holds something that --force will wipe */
	char contents[128];	/* what it holds, "" if nothing */
};

int couche_device_open(struct couche_device *device, const char *path);
int couche_device_open_image(struct couche_device *device, const char *path);
int couche_device_check_twice(const struct couche_device *devices, unsigned int nr);
int couche_device_check_free(struct couche_device *device, bool force);
int couche_device_wipe(const struct couche_device *device);
void couche_device_describe(cJSON *legs, const struct couche_device *device,
			    unsigned int index, uint8_t role,
			    const uint16_t *domain);
int couche_device_unwrite(const struct couche_device *device, const uint8_t *pool_uuid);

#endif
