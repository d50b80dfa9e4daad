/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the decoders say what was wrong: a negative errno and, in *field, a
 * constant sentence that begins with the name of the field, such as
 * "journal_pos: past the end of the journal". The sentence is good for a log
 * line or an answer to the user and lives as long as the module. On success
 * *field is not touched.
 *
 * Names (of pools and volumes) are checked here as well: they are printed in
 * status lines, where a blank would shift the columns.
 */
#ifndef COUCHE_CORE_FIELD_H
#define COUCHE_CORE_FIELD_H

#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>

#include "couche_format.h"

/**
 * couche_field_fail() - name what was wrong
 * @field: gets @text
 * @text: a constant sentence, the name of the field first
 * @error: a negative errno
 *
 * Context: Any.
 * Return: @error.
 */
static inline int couche_field_fail(const char **field, const char *text,
				    int error)
{
	*field = text;
	return error;
}

/**
 * couche_field_bad() - name a field that is out of range
 * @field: gets @text
 * @text: a constant sentence, the name of the field first
 *
 * Context: Any.
 * Return: -EINVAL.
 */
static inline int couche_field_bad(const char **field, const char *text)
{
	return couche_field_fail(field, text, -EINVAL);
}

/**
 * couche_field_name_ok() - may this be the name of a pool or a volume?
 * @name: the name
 *
 * Context: Any.
 * Return: true if it is visible ASCII with a NUL within the array; an empty one
 * is fine.
 */
static inline bool couche_field_name_ok(const char name[COUCHE_NAME_SIZE])
{
	unsigned int i;

	for (i = 0; i < COUCHE_NAME_SIZE && name[i]; i++) {
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	}
	return i < COUCHE_NAME_SIZE;
}

/**
 * couche_field_name_copy() - copy a name, zeros up to the end
 * @to: where to
 * @from: a name that is ok
 *
 * Context: Any.
 */
static inline void couche_field_name_copy(char to[COUCHE_NAME_SIZE],
					  const char from[COUCHE_NAME_SIZE])
{
	size_t len = strnlen(from, COUCHE_NAME_SIZE - 1);

	memset(to, 0, COUCHE_NAME_SIZE);
	memcpy(to, from, len);
}

/**
 * couche_field_uuid_ok() - is there a UUID at all?
 * @uuid: the UUID
 *
 * Context: Any.
 * Return: false if it is all zero, which stands for none.
 */
static inline bool couche_field_uuid_ok(const u8 uuid[COUCHE_UUID_SIZE])
{
	unsigned int i;

	for (i = 0; i < COUCHE_UUID_SIZE; i++) {
		if (uuid[i])
			return true;
	}
	return false;
}

#endif
