/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BITFIELD_H
#define SHIM_MODEL_BITFIELD_H

#define FIELD_PREP(mask, v) (((u64)(v) << __builtin_ctzll(mask)) & (mask))
#define FIELD_GET(mask, v) (((u64)(v) & (mask)) >> __builtin_ctzll(mask))

#endif
