/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_ERR_H
#define SHIM_MODEL_ERR_H

#include <linux/errno.h>
#include <linux/types.h>

#define ERR_PTR(err) ((void *)(long)(err))
#define PTR_ERR(p) ((long)(p))
#define IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-4095)

#endif
