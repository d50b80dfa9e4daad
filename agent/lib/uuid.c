// SPDX-License-Identifier: GPL-2.0-only
#include "agent/lib/uuid.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A dash follows these bytes. */
static bool dash_after(unsigned int byte)
{
	return byte == 3 || byte == 5 || byte == 7 || byte == 9;
}

void couche_uuid_format(const uint8_t uuid[COUCHE_UUID_SIZE], char text[COUCHE_UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned int i = 0; i < COUCHE_UUID_SIZE; i++) {
		*text++ = digits[uuid[i] >> 4];
		*text++ = digits[uuid[i] & 15];
		if (dash_after(i))
			*text++ = '-';
	}
	*text = '\0';
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

int couche_uuid_parse(const char *text, uint8_t ret[COUCHE_UUID_SIZE])
{
	uint8_t uuid[COUCHE_UUID_SIZE];

	if (strlen(text) != COUCHE_UUID_TEXT - 1)
		return -EINVAL;
	for (unsigned int i = 0; i < COUCHE_UUID_SIZE; i++) {
		int high = digit_value(text[0]), low = digit_value(text[1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
		if (dash_after(i) && *text++ != '-')
			return -EINVAL;
	}
	memcpy(ret, uuid, sizeof(uuid));
	return 0;
}
