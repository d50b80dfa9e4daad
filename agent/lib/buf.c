// SPDX-License-Identifier: GPL-2.0-only
#include "agent/lib/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for @more bytes and a terminator. */
static int reserve(struct couche_buf *buf, size_t more)
{
	size_t need, size;
	char *data;

	if (buf->error)
		return buf->error;
	if (__builtin_add_overflow(buf->len, more, &need) ||
	    __builtin_add_overflow(need, (size_t)1, &need))
		goto fail;
	if (need <= buf->size)
		return 0;
	size = buf->size ? buf->size : 256;
	while (size < need)
		if (__builtin_mul_overflow(size, (size_t)2, &size))
			goto fail;
	data = realloc(buf->data, size);
	if (!data)
		goto fail;
	buf->data = data;
	buf->size = size;
	return 0;
fail:
	buf->error = -ENOMEM;
	return buf->error;
}

void couche_buf_append(struct couche_buf *buf, const char *data, size_t len)
{
	if (reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void couche_buf_puts(struct couche_buf *buf, const char *text)
{
	couche_buf_append(buf, text, strlen(text));
}

void couche_buf_printf(struct couche_buf *buf, const char *format, ...)
{
	va_list args, again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0 && !reserve(buf, len)) {
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += len;
	} else if (len < 0) {
		buf->error = -ENOMEM;
	}
	va_end(again);
	va_end(args);
}

const char *couche_buf_text(const struct couche_buf *buf)
{
	return buf->len ? buf->data : "";
}

int couche_buf_error(const struct couche_buf *buf)
{
	return buf->error;
}

char *couche_buf_steal(struct couche_buf *buf)
{
	char *data = NULL;

	if (!reserve(buf, 0)) {
		buf->data[buf->len] = '\0';
		data = buf->data;
		buf->data = NULL;
	}
	couche_buf_destroy(buf);
	return data;
}

void couche_buf_reset(struct couche_buf *buf)
{
	buf->len = 0;
	buf->error = 0;
}

void couche_buf_destroy(struct couche_buf *buf)
{
	free(buf->data);
	*buf = (struct couche_buf){ 0 };
}
