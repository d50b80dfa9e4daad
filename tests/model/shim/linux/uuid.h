/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_UUID_H
#define SHIM_MODEL_UUID_H

#include <linux/types.h>

void generate_random_uuid(u8 *uuid);

#endif
