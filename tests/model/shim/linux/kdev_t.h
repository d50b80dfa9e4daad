/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_KDEV_T_H
#define SHIM_MODEL_KDEV_T_H

#define MAJOR(dev) ((unsigned int)((dev) >> 20))
#define MINOR(dev) ((unsigned int)((dev) & 0xfffff))

#endif
