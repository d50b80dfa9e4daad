/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_WAIT_BIT_H
#define SHIM_MODEL_WAIT_BIT_H

#include <linux/wait.h>

extern wait_queue_head_t shim_var_wait;

#define wait_var_event(var, cond) do { \
	(void)(var); \
	wait_event(shim_var_wait, cond); \
} while (0)
#define wake_up_var(var) do { \
	(void)(var); \
	wake_up(&shim_var_wait); \
} while (0)

#endif
