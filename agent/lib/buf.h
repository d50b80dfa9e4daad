/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growing text. Owned by one thread, no locks. A failed allocation sticks:
 * later appends do nothing and couche_buf_error() reports it, so that a
 * writer of many small pieces checks once, at its end. The text is always
 * terminated and never NULL.
 */
#ifndef COUCHE_LIB_BUF_H
#define COUCHE_LIB_BUF_H

#include <stddef.h>

struct couche_buf {
	char *data;
	size_t len;
	size_t size;
	int error;
};

/**
 * couche_buf_append() - add bytes
 * @buf: text; all zeros is an empty one
 * @data: what to add
 * @len: bytes
 *
 * Context: one thread at a time. A failed allocation sticks in @buf.
 */
void couche_buf_append(struct couche_buf *buf, const char *data, size_t len);

/**
 * couche_buf_puts() - add a terminated string
 * @buf: text
 * @text: what to add
 */
void couche_buf_puts(struct couche_buf *buf, const char *text);

/**
 * couche_buf_printf() - add formatted text
 * @buf: text
 * @format: as printf()
 */
void couche_buf_printf(struct couche_buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * couche_buf_text() - the text, terminated
 * @buf: text
 *
 * Return: never NULL; valid until the next change of @buf.
 */
const char *couche_buf_text(const struct couche_buf *buf);

/**
 * couche_buf_error() - whether every append succeeded
 * @buf: text
 *
 * Return: 0, or -ENOMEM.
 */
int couche_buf_error(const struct couche_buf *buf);

/**
 * couche_buf_steal() - take the text away, leaving an empty one
 * @buf: text
 *
 * Return: memory to be freed with free(), or NULL when an append had failed
 * (the text is freed then).
 */
char *couche_buf_steal(struct couche_buf *buf);

/**
 * couche_buf_reset() - make the text empty, keeping its memory
 * @buf: text
 */
void couche_buf_reset(struct couche_buf *buf);

/**
 * couche_buf_destroy() - free the text
 * @buf: text; usable as an empty one afterwards
 */
void couche_buf_destroy(struct couche_buf *buf);

#endif /* COUCHE_LIB_BUF_H */
