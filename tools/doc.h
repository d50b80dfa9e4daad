/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a command prints, as one document: a cJSON object that begins with
 * output_version. Every format is made from it, so the table, JSON and YAML
 * cannot disagree. The caller owns documents and frees them (couche_doc_free()
 * with the cleanup attribute, or cJSON_Delete()).
 *
 * Numbers are kept as text: a double would round large byte counts. Paths
 * name members below an object with dots: "tiers.hot.used_bytes". The program
 * ends with one line when memory runs out; no call here can fail.
 */
#ifndef COUCHE_TOOLS_DOC_H
#define COUCHE_TOOLS_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "couchectl.h"

#define COUCHE_DOC_MAJOR	1	/* grows when a member goes or changes its meaning */
#define COUCHE_DOC_MINOR	1	/* grows when one is added */

#define COUCHE_UUID_TEXT	37

enum couche_column_kind {
	COUCHE_COLUMN_TEXT,
	COUCHE_COLUMN_NUMBER,
	COUCHE_COLUMN_SIZE,	/* bytes */
	COUCHE_COLUMN_DURATION,	/* ms */
};

struct couche_column {
	const char *header;
	const char *path;
	enum couche_column_kind kind;
	bool wide;		/* with -o wide only */
};

/* How a list is printed; columns end with a NULL header. */
struct couche_list {
	const char *key;	/* of the array in the document */
	const char *name;	/* path of what -o name prints */
	const struct couche_column *columns;
};

void couche_doc_init(void);
cJSON *couche_doc_create(const char *command);
void couche_doc_free(cJSON **doc);
void couche_doc_add_text(cJSON *object, const char *name, const char *text);
void couche_doc_add_number(cJSON *object, const char *name, uint64_t value);
void couche_doc_add_bool(cJSON *object, const char *name, bool value);
void couche_doc_add_uuid(cJSON *object, const char *name, const uint8_t *uuid);
cJSON *couche_doc_add_object(cJSON *object, const char *name);
cJSON *couche_doc_add_array(cJSON *object, const char *name);
cJSON *couche_doc_append_object(cJSON *array);
const cJSON *couche_doc_get(const cJSON *object, const char *path);
uint64_t couche_doc_number(const cJSON *object, const char *path);
const char *couche_doc_text(const cJSON *object, const char *path);

/* print.c */
void couche_doc_print_json(const cJSON *doc);
void couche_doc_print_json_line(const cJSON *doc);
void couche_doc_print_yaml(const cJSON *doc);
bool couche_doc_print_whole(const struct couche_ctl *ctl, const cJSON *doc);
void couche_doc_print_table(const struct couche_ctl *ctl, const struct couche_column *columns,
			    const cJSON *rows, const char *indent);
void couche_doc_print_list(const struct couche_ctl *ctl, const struct couche_list *list,
			   const cJSON *doc);

#endif
