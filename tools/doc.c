// SPDX-License-Identifier: GPL-2.0-only
#include "doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "memory.h"

static void *alloc_or_exit(size_t size)
{
	void *p = malloc(size);

	if (!p)
		couche_out_of_memory();
	return p;
}

/**
 * couche_doc_init() - make running out of memory the end of the program
 *
 * Context: Before any document is made.
 */
void couche_doc_init(void)
{
	cJSON_Hooks hooks = { alloc_or_exit, free };

	cJSON_InitHooks(&hooks);
}

/**
 * couche_doc_create() - begin a document
 * @command: its kind, such as "pool list"
 *
 * Return: an object with output_version.
 */
cJSON *couche_doc_create(const char *command)
{
	cJSON *doc = cJSON_CreateObject();
	cJSON *version = couche_doc_add_object(doc, "output_version");

	couche_doc_add_text(version, "command", command);
	couche_doc_add_number(version, "vers_major", COUCHE_DOC_MAJOR);
	couche_doc_add_number(version, "vers_minor", COUCHE_DOC_MINOR);
	return doc;
}

/**
 * couche_doc_free() - for the cleanup attribute
 * @doc: document, may be NULL
 */
void couche_doc_free(cJSON **doc)
{
	cJSON_Delete(*doc);
	*doc = NULL;
}

/**
 * couche_doc_add_text() - add a string
 * @object: where to
 * @name: of the member
 * @text: NULL adds null
 */
void couche_doc_add_text(cJSON *object, const char *name, const char *text)
{
	if (text)
		cJSON_AddStringToObject(object, name, text);
	else
		cJSON_AddNullToObject(object, name);
}

/**
 * couche_doc_add_number() - add a whole number, exactly
 * @object: where to
 * @name: of the member
 * @value: the number
 */
void couche_doc_add_number(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON_AddRawToObject(object, name, text);
}

/**
 * couche_doc_add_bool() - add true or false
 * @object: where to
 * @name: of the member
 * @value: which
 */
void couche_doc_add_bool(cJSON *object, const char *name, bool value)
{
	cJSON_AddBoolToObject(object, name, value);
}

/**
 * couche_doc_add_uuid() - add a UUID as text
 * @object: where to
 * @name: of the member
 * @uuid: 16 bytes
 */
void couche_doc_add_uuid(cJSON *object, const char *name, const uint8_t *uuid)
{
	char text[COUCHE_UUID_TEXT];

	uuid_unparse_lower(uuid, text);
	cJSON_AddStringToObject(object, name, text);
}

/**
 * couche_doc_add_object() - add an empty object
 * @object: where to
 * @name: of the member
 *
 * Return: it, owned by @object.
 */
cJSON *couche_doc_add_object(cJSON *object, const char *name)
{
	return cJSON_AddObjectToObject(object, name);
}

/**
 * couche_doc_add_array() - add an empty array
 * @object: where to
 * @name: of the member
 *
 * Return: it, owned by @object.
 */
cJSON *couche_doc_add_array(cJSON *object, const char *name)
{
	return cJSON_AddArrayToObject(object, name);
}

/**
 * couche_doc_append_object() - add an empty object to an array
 * @array: where to
 *
 * Return: it, owned by @array.
 */
cJSON *couche_doc_append_object(cJSON *array)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddItemToArray(array, object);
	return object;
}

/**
 * couche_doc_get() - find a member
 * @object: where to begin
 * @path: names with dots between
 *
 * Return: the member, or NULL.
 */
const cJSON *couche_doc_get(const cJSON *object, const char *path)
{
	char name[64];

	while (object && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		object = cJSON_GetObjectItemCaseSensitive(object, name);
		path += len + (path[len] == '.');
	}
	return object;
}

/**
 * couche_doc_number() - read a number back
 * @object: where to begin
 * @path: names with dots between
 *
 * Return: the number; 0 if there is none.
 */
uint64_t couche_doc_number(const cJSON *object, const char *path)
{
	const cJSON *item = couche_doc_get(object, path);

	return cJSON_IsRaw(item) ? strtoull(item->valuestring, NULL, 10) : 0;
}

/**
 * couche_doc_text() - read a string or a number back as text
 * @object: where to begin
 * @path: names with dots between
 *
 * Return: the text, owned by the document; "" if there is none.
 */
const char *couche_doc_text(const cJSON *object, const char *path)
{
	const cJSON *item = couche_doc_get(object, path);

	return cJSON_IsString(item) || cJSON_IsRaw(item) ? item->valuestring : "";
}
