/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations as people write them: "500ms", "90s", "30m", "1h30m", "7d", "2w".
 * The form that Prometheus and Kubernetes share. No state, callable from
 * anywhere.
 */
#ifndef COUCHE_LIB_DURATION_H
#define COUCHE_LIB_DURATION_H

#include <stddef.h>
#include <stdint.h>

/* Longer ones are a mistake: ten years. */
#define COUCHE_DURATION_MAX_MS (3650ULL * 24 * 3600 * 1000)

/**
 * couche_duration_parse() - read a duration
 * @text: numbers with units w, d, h, m, s, ms; each unit at most once, the
 *	larger first; no sign, no fraction, no bare number
 * @ret_ms: milliseconds, more than 0; untouched on failure
 *
 * Return: 0; -EINVAL when @text is not a duration; -ERANGE when it is zero or
 * longer than COUCHE_DURATION_MAX_MS.
 */
int couche_duration_parse(const char *text, uint64_t *ret_ms);

/**
 * couche_duration_format() - write a duration with its largest exact units
 * @ms: milliseconds
 * @text: where to
 * @size: of @text in bytes; 32 always suffice
 */
void couche_duration_format(uint64_t ms, char *text, size_t size);

#endif /* COUCHE_LIB_DURATION_H */
