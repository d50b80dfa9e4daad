/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MODULE_H
#define SHIM_MODEL_MODULE_H

#include <linux/moduleparam.h>

#endif
