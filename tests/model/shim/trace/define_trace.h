/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracepoints are inline functions, tracepoint.h. */
