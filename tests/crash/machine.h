/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool under test and the device-mapper devices it stands on: a "disk" over
 * the loop device, legs as slices of it, the pool, its volumes.
 *
 * No threads. Devices live from crash_machine_start() to crash_machine_stop();
 * the pool from crash_pool_open() to crash_pool_close(). A failure is printed
 * where it happens.
 */
#ifndef COUCHE_TESTS_CRASH_MACHINE_H
#define COUCHE_TESTS_CRASH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_MAX_LEGS		16
#define CRASH_MAX_VOLUMES	4

enum crash_role {
	CRASH_META,
	CRASH_HOT,
	CRASH_COLD,
	CRASH_ROLES,
};

struct crash_leg {
	enum crash_role role;
	uint64_t start;		/* sectors of the disk */
	uint64_t sectors;
};

struct crash_volume {
	uint32_t id;
	uint64_t sectors;
	int fd;			/* while the pool is open */
	uint8_t *data;		/* as it was read last */
	uint8_t *spare;		/* as large: page faults are what costs most here */
};

struct crash_machine {
	char uuid[40];
	unsigned int parity;	/* cold legs that may be lost */
	struct crash_leg legs[CRASH_MAX_LEGS];
	unsigned int nr_legs;
	struct crash_volume volumes[CRASH_MAX_VOLUMES];
	unsigned int nr_volumes;
	uint64_t sectors;	/* of the disk */
};

int crash_machine_start(const struct crash_machine *machine, const char *loop);
void crash_machine_stop(const struct crash_machine *machine);
int crash_disk_hold(bool hold);
int crash_pool_open(struct crash_machine *machine, uint32_t missing);
int crash_pool_close(struct crash_machine *machine);
int crash_volume_counters(const struct crash_volume *volume, uint64_t *degraded, uint64_t *lost);

#endif /* COUCHE_TESTS_CRASH_MACHINE_H */
