/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_STRING_H
#define SHIM_MODEL_STRING_H

#include <string.h>
#include <strings.h>

#include <linux/types.h>

ssize_t shim_strscpy(char *to, const char *from, size_t size);
int match_string(const char * const *names, size_t nr, const char *name);

#define strscpy(to, from, size) shim_strscpy(to, from, size)

static inline void memset32(u32 *to, u32 value, size_t nr)
{
	while (nr--)
		*to++ = value;
}

#endif
