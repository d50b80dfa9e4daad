/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON of a peer that is not trusted, on top of cJSON: the size of the text
 * and the number of values are bounded before any memory is taken for them,
 * nothing may follow the value, and getters check types. No state, callable
 * from anywhere.
 */
#ifndef COUCHE_LIB_JSON_H
#define COUCHE_LIB_JSON_H

#include <stddef.h>

#include <cjson/cJSON.h>

struct couche_buf;

/**
 * couche_json_parse() - read one JSON value
 * @text: bytes, need not be terminated
 * @len: how many
 * @max_values: refuse a text that could hold more values than this
 * @ret: tree for cJSON_Delete(); untouched on failure
 *
 * Return: 0; -EINVAL when @text is not one JSON value; -E2BIG when it has too
 * many values.
 */
int couche_json_parse(const char *text, size_t len, size_t max_values, cJSON **ret);

/**
 * couche_json_string() - a member that must be a string
 * @object: object, or NULL
 * @name: of the member
 *
 * Return: the string, owned by @object; NULL when there is none.
 */
const char *couche_json_string(const cJSON *object, const char *name);

/**
 * couche_json_quote() - append a text as a JSON string, quotes included
 * @buf: where to
 * @text: terminated; bytes that are not UTF-8 become U+FFFD
 */
void couche_json_quote(struct couche_buf *buf, const char *text);

/**
 * couche_json_free() - for _cleanup_
 * @json: tree, may be NULL
 */
void couche_json_free(cJSON **json);

#endif /* COUCHE_LIB_JSON_H */
