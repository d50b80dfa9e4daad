// SPDX-License-Identifier: GPL-2.0-only
#include "agent/observe/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lib/duration.h"

#define MAX_PATH 256

int couche_yaml_fail(struct couche_yaml *yaml, const yaml_mark_t *mark, const char *path,
		     const char *format, ...)
{
	char what[384];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(yaml->why, yaml->why_size, "%s:%zu:%zu: %s%s%s", yaml->file, mark->line + 1,
		 mark->column + 1, path, *path ? ": " : "", what);
	return -EINVAL;
}

static const struct couche_yaml_field *find_field(const struct couche_yaml_field *fields,
						  const char *name)
{
	for (; fields->name; fields++)
		if (!strcmp(fields->name, name))
			return fields;
	return NULL;
}

/* The text of a scalar; one with a NUL in it is none. */
static const char *scalar_text(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}

static bool key_given_before(struct couche_yaml *yaml, yaml_node_t *node,
			     const yaml_node_pair_t *until, const char *name)
{
	const yaml_node_pair_t *pair;

	for (pair = node->data.mapping.pairs.start; pair < until; pair++) {
		const char *other = scalar_text(yaml_document_get_node(yaml->document, pair->key));

		if (other && !strcmp(other, name))
			return true;
	}
	return false;
}

static int read_pair(struct couche_yaml *yaml, yaml_node_t *node, const yaml_node_pair_t *pair,
		     const char *path, const struct couche_yaml_field *fields, void *target)
{
	yaml_node_t *key = yaml_document_get_node(yaml->document, pair->key);
	yaml_node_t *value = yaml_document_get_node(yaml->document, pair->value);
	const char *name = scalar_text(key);
	const struct couche_yaml_field *field;
	char full[MAX_PATH];

	if (!name)
		return couche_yaml_fail(yaml, &key->start_mark, path, "a key must be a name");
	snprintf(full, sizeof(full), "%s%s%.64s", path, *path ? "." : "", name);
	field = find_field(fields, name);
	if (!field)
		return couche_yaml_fail(yaml, &key->start_mark, full, "unknown field");
	if (key_given_before(yaml, node, pair, name))
		return couche_yaml_fail(yaml, &key->start_mark, full, "given twice");
	return field->read(yaml, value, full, (char *)target + field->offset);
}

int couche_yaml_mapping(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			const struct couche_yaml_field *fields, void *target)
{
	yaml_node_pair_t *pair;
	int r;

	if (node->type != YAML_MAPPING_NODE)
		return couche_yaml_fail(yaml, &node->start_mark, path, "must be a mapping");
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		r = read_pair(yaml, node, pair, path, fields, target);
		if (r)
			return r;
	}
	for (; fields->name; fields++)
		if (fields->required &&
		    !key_given_before(yaml, node, node->data.mapping.pairs.top, fields->name))
			return couche_yaml_fail(yaml, &node->start_mark, path,
						"the field %s is missing", fields->name);
	return 0;
}

int couche_yaml_sequence(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			 size_t max, size_t size,
			 int (*read)(struct couche_yaml *yaml, yaml_node_t *node,
				     const char *path, void *element),
			 void **ret_array, size_t *ret_nr)
{
	yaml_node_item_t *item;
	char full[MAX_PATH];
	size_t nr;
	int r;

	if (node->type != YAML_SEQUENCE_NODE)
		return couche_yaml_fail(yaml, &node->start_mark, path, "must be a list");
	nr = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (nr > max)
		return couche_yaml_fail(yaml, &node->start_mark, path,
					"has %zu elements, at most %zu are allowed", nr, max);
	*ret_array = calloc(nr + 1, size);
	if (!*ret_array)
		return -ENOMEM;
	for (item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		snprintf(full, sizeof(full), "%s[%zu]", path, *ret_nr);
		r = read(yaml, yaml_document_get_node(yaml->document, *item), full,
			 (char *)*ret_array + (*ret_nr)++ * size);
		if (r)
			return r;
	}
	return 0;
}

static int scalar_fail(struct couche_yaml *yaml, const yaml_node_t *node, const char *path,
		       const char *allowed)
{
	const char *text = scalar_text(node);

	if (!text)
		return couche_yaml_fail(yaml, &node->start_mark, path, "must be %s", allowed);
	return couche_yaml_fail(yaml, &node->start_mark, path, "is '%.64s', must be %s", text,
				allowed);
}

int couche_yaml_string(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		       void *target)
{
	const char *text = scalar_text(node);
	char **string = target;

	if (!text || !*text || strlen(text) > 1024)
		return scalar_fail(yaml, node, path, "a text of 1 to 1024 bytes");
	free(*string);
	*string = strdup(text);
	return *string ? 0 : -ENOMEM;
}

/* Quoted text is neither a number nor a truth value, as in a cluster. */
static const char *plain_text(const yaml_node_t *node)
{
	const char *text = scalar_text(node);

	return text && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? text : NULL;
}

int couche_yaml_bool(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		     void *target)
{
	const char *text = plain_text(node);

	if (!text || (strcmp(text, "true") && strcmp(text, "false")))
		return scalar_fail(yaml, node, path, "true or false");
	*(bool *)target = !strcmp(text, "true");
	return 0;
}

static bool parse_u64(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' ||
		    __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*ret = value;
	return value <= max;
}

int couche_yaml_u64(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		    void *target)
{
	uint64_t value;

	if (!parse_u64(plain_text(node), INT64_MAX, &value))
		return scalar_fail(yaml, node, path, "a whole number, 0 or more");
	*(uint64_t *)target = value;
	return 0;
}

int couche_yaml_count(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		      void *target)
{
	uint64_t value;

	if (!parse_u64(plain_text(node), 1000, &value) || !value)
		return scalar_fail(yaml, node, path, "a whole number from 1 to 1000");
	*(unsigned int *)target = (unsigned int)value;
	return 0;
}

int couche_yaml_rate(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		     void *target)
{
	uint64_t value;

	if (!parse_u64(plain_text(node), 1000000000000ULL, &value))
		return scalar_fail(yaml, node, path, "a whole number, 0 or more");
	*(double *)target = (double)value;
	return 0;
}

int couche_yaml_duration(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			 void *target)
{
	const char *text = scalar_text(node);

	if (!text || couche_duration_parse(text, target))
		return scalar_fail(yaml, node, path,
				   "a duration such as 30s, 15m, 1h30m or 7d, more than 0");
	return 0;
}

int couche_yaml_ignore(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		       void *target)
{
	return 0;
}
