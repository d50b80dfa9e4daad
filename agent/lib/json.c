// SPDX-License-Identifier: GPL-2.0-only
#include "agent/lib/json.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "agent/lib/buf.h"

/* An upper bound of the values in a text: every value but the first follows one of [{,: */
static size_t count_values(const char *text, size_t len)
{
	bool quoted = false;
	size_t count = 1;

	for (size_t i = 0; i < len; i++) {
		if (quoted) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				quoted = false;
			continue;
		}
		switch (text[i]) {
		case '"':
			quoted = true;
			break;
		case '[':
		case '{':
		case ',':
			count++;
			break;
		}
	}
	return count;
}

int couche_json_parse(const char *text, size_t len, size_t max_values, cJSON **ret)
{
	const char *end = NULL;
	cJSON *json;

	if (count_values(text, len) > max_values)
		return -E2BIG;
	json = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (!json)
		return -EINVAL;
	while (end < text + len && *end && strchr(" \t\r\n", *end))
		end++;
	if (end != text + len) {
		cJSON_Delete(json);
		return -EINVAL;
	}
	*ret = json;
	return 0;
}

const char *couche_json_string(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* Bytes of the UTF-8 character at @text, 0 when there is none. */
static size_t utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

void couche_json_quote(struct couche_buf *buf, const char *text)
{
	couche_buf_puts(buf, "\"");
	while (*text) {
		size_t len = utf8_length(text);

		if (!len)
			couche_buf_puts(buf, "\\ufffd");
		else if (*text == '"' || *text == '\\')
			couche_buf_printf(buf, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			couche_buf_printf(buf, "\\u%04x", (unsigned char)*text);
		else
			couche_buf_append(buf, text, len);
		text += len ? len : 1;
	}
	couche_buf_puts(buf, "\"");
}

void couche_json_free(cJSON **json)
{
	cJSON_Delete(*json);
}
