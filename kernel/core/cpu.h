/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the processor offers to the codec and the checksum.
 *
 * couche_cpu_features() asks the processor and what it has been told to save on
 * a context switch; a caller that knows of more reasons not to use something
 * (kernel/simd.c does) clears those bits. Pure, any context, cannot fail: on an
 * unknown architecture nothing is offered.
 */
#ifndef COUCHE_CORE_CPU_H
#define COUCHE_CORE_CPU_H

#include <linux/types.h>

#define COUCHE_CPU_SSSE3	0x01u
#define COUCHE_CPU_SSE42	0x02u	/* with its crc32 instruction */
#define COUCHE_CPU_AVX2		0x04u
#define COUCHE_CPU_AVX512	0x08u	/* F, BW, VL and DQ */
#define COUCHE_CPU_GFNI		0x10u
#define COUCHE_CPU_VPCLMUL	0x20u

u32 couche_cpu_features(void);
size_t couche_cpu_cache_bytes(void);

#endif
