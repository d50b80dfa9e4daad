/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes and rates as people write and read them. Pure functions. Durations are
 * read by agent/lib/duration.h; here they are only rounded for the eye.
 *
 * "1MiB" and "1M" are 1048576 bytes, "1MB" is 1000000, a bare number is bytes.
 * What does not parse wholly is -EINVAL, what does not fit -ERANGE.
 */
#ifndef COUCHE_TOOLS_SIZE_H
#define COUCHE_TOOLS_SIZE_H

#include <stddef.h>
#include <stdint.h>

#define COUCHE_SIZE_TEXT	32	/* bytes that any formatted value fits in */

int couche_size_parse(const char *text, uint64_t *bytes);
int couche_rate_parse(const char *text, uint64_t *bytes);
int couche_uint_parse(const char *text, uint64_t max, uint64_t *value);
const char *couche_size_format(uint64_t bytes, char out[COUCHE_SIZE_TEXT]);
const char *couche_eta_format(uint64_t ms, char out[COUCHE_SIZE_TEXT]);

#endif
