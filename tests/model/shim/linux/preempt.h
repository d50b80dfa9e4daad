/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_PREEMPT_H
#define SHIM_MODEL_PREEMPT_H

#include <linux/model.h>

#define in_task() true

#endif
