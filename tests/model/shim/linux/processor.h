/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_PROCESSOR_H
#define SHIM_MODEL_PROCESSOR_H

#include <linux/model.h>

#define cpu_relax() model_relax()

#endif
