/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pieces of Prometheus' text format. No state.
 */
#ifndef COUCHE_SERVE_EXPOSITION_H
#define COUCHE_SERVE_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>

struct couche_buf;

struct couche_label {
	const char *name;	/* NULL ends a list */
	const char *value;
};

/**
 * couche_exposition_family() - begin a family
 * @body: where to
 * @name: of all its samples
 * @type: "counter" or "gauge"
 * @help: one sentence
 */
void couche_exposition_family(struct couche_buf *body, const char *name, const char *type,
			      const char *help);

/**
 * couche_exposition_u64() - a sample
 * @body: where to
 * @name: of the family
 * @labels: list, or NULL; values are escaped
 * @value: of the sample
 */
void couche_exposition_u64(struct couche_buf *body, const char *name,
			   const struct couche_label *labels, uint64_t value);

/**
 * couche_exposition_double() - a sample
 * @body: where to
 * @name: of the family
 * @labels: list, or NULL; values are escaped
 * @value: of the sample
 */
void couche_exposition_double(struct couche_buf *body, const char *name,
			      const struct couche_label *labels, double value);

#endif /* COUCHE_SERVE_EXPOSITION_H */
