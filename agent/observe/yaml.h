/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading one YAML document into a structure by a table of fields. A reader
 * belongs to one parse; the first mistake is kept in it as a sentence with
 * file, line, column and field, and every function returns -EINVAL from then
 * on. Strings that were read belong to the structure.
 */
#ifndef COUCHE_OBSERVE_YAML_H
#define COUCHE_OBSERVE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include <yaml.h>

struct couche_yaml {
	const char *file;
	yaml_document_t *document;
	char *why;
	size_t why_size;
};

/* One member of a mapping; read stores at the structure plus offset. */
struct couche_yaml_field {
	const char *name;
	int (*read)(struct couche_yaml *yaml, yaml_node_t *node, const char *path, void *target);
	size_t offset;
	bool required;
};

/**
 * couche_yaml_fail() - keep a mistake
 * @yaml: reader
 * @mark: where
 * @path: of the field, "" for none
 * @format: what is wrong and what is allowed, as printf()
 *
 * Return: -EINVAL.
 */
int couche_yaml_fail(struct couche_yaml *yaml, const yaml_mark_t *mark, const char *path,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

/**
 * couche_yaml_mapping() - read a mapping
 * @yaml: reader
 * @node: that must be a mapping
 * @path: its own, "" for the document
 * @fields: ended by one without a name; a member not among them is a mistake,
 *	and so is one given twice
 * @target: structure
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int couche_yaml_mapping(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			const struct couche_yaml_field *fields, void *target);

/**
 * couche_yaml_sequence() - read a sequence of equal elements
 * @yaml: reader
 * @node: that must be a sequence
 * @path: its own
 * @max: elements
 * @size: of an element of the array
 * @read: reads one; the array is all zeros before
 * @ret_array: array, owned by the caller even on failure
 * @ret_nr: elements begun
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int couche_yaml_sequence(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			 size_t max, size_t size,
			 int (*read)(struct couche_yaml *yaml, yaml_node_t *node,
				     const char *path, void *element),
			 void **ret_array, size_t *ret_nr);

/* Readers of scalars, for the tables. */
int couche_yaml_string(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		       void *target);		/* char *: not empty, replaced */
int couche_yaml_bool(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		     void *target);		/* bool */
int couche_yaml_u64(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		    void *target);		/* uint64_t */
int couche_yaml_count(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		      void *target);		/* unsigned int: 1 to 1000 */
int couche_yaml_rate(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		     void *target);		/* double: 0 to 1e12, whole */
int couche_yaml_duration(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			 void *target);		/* uint64_t: ms, more than 0 */
int couche_yaml_ignore(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		       void *target);		/* anything; not stored */

#endif /* COUCHE_OBSERVE_YAML_H */
