/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_KSTRTOX_H
#define SHIM_MODEL_KSTRTOX_H

#include <linux/types.h>

int kstrtou64(const char *text, unsigned int base, u64 *ret);
int kstrtou32(const char *text, unsigned int base, u32 *ret);

#endif
