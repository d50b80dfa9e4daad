/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UUIDs as text. No state, callable from anywhere.
 */
#ifndef COUCHE_LIB_UUID_H
#define COUCHE_LIB_UUID_H

#include <stdint.h>

#include <couche_format.h>

/* Bytes of a UUID's text with its terminator. */
#define COUCHE_UUID_TEXT 37

/**
 * couche_uuid_format() - write a UUID in its usual form, lower case
 * @uuid: bytes
 * @text: where to
 */
void couche_uuid_format(const uint8_t uuid[COUCHE_UUID_SIZE], char text[COUCHE_UUID_TEXT]);

/**
 * couche_uuid_parse() - read a UUID in its usual form
 * @text: terminated
 * @ret: untouched on failure
 *
 * Return: 0, or -EINVAL.
 */
int couche_uuid_parse(const char *text, uint8_t ret[COUCHE_UUID_SIZE]);

#endif /* COUCHE_LIB_UUID_H */
