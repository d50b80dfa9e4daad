// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"

#ifdef __x86_64__

struct cpuid_regs {
	u32 a, b, c, d;
};

static struct cpuid_regs cpuid_leaf(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	asm volatile("cpuid"
		     : "=a" (r.a), "=b" (r.b), "=c" (r.c), "=d" (r.d)
		     : "a" (leaf), "c" (subleaf));
	return r;
}

/* Only valid when the processor says that XSAVE is in use. */
static u32 cpu_saved_state(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
	return low;
}

static bool has_all(u32 word, u32 bits)
{
	return (word & bits) == bits;
}

#define LEAF1_C_SSSE3		(1u << 9)
#define LEAF1_C_SSE42		(1u << 20)
#define LEAF1_C_OSXSAVE		(1u << 27)
#define LEAF7_B_AVX2		(1u << 5)
/* F, DQ, BW, VL */
#define LEAF7_B_AVX512		((1u << 16) | (1u << 17) | (1u << 30) | (1u << 31))
#define LEAF7_C_GFNI		(1u << 8)
#define LEAF7_C_VPCLMUL		(1u << 10)
/* SSE and AVX state; and the three parts of AVX-512 state */
#define STATE_AVX		0x06u
#define STATE_AVX512		0xe6u

static u32 cpu_wide_features(void)
{
	struct cpuid_regs leaf7 = cpuid_leaf(7, 0);
	u32 state = cpu_saved_state(), features = 0;

	if (!has_all(state, STATE_AVX) || !has_all(leaf7.b, LEAF7_B_AVX2))
		return 0;
	features |= COUCHE_CPU_AVX2;
	if (has_all(state, STATE_AVX512) && has_all(leaf7.b, LEAF7_B_AVX512))
		features |= COUCHE_CPU_AVX512;
	if (has_all(leaf7.c, LEAF7_C_GFNI))
		features |= COUCHE_CPU_GFNI;
	if (has_all(leaf7.c, LEAF7_C_VPCLMUL))
		features |= COUCHE_CPU_VPCLMUL;
	return features;
}

/**
 * couche_cpu_features() - ask the processor
 *
 * Context: Any.
 * Return: COUCHE_CPU_* bits of all that is there and usable.
 */
u32 couche_cpu_features(void)
{
	struct cpuid_regs leaf1 = cpuid_leaf(1, 0);
	u32 features = 0;

	if (has_all(leaf1.c, LEAF1_C_SSSE3))
		features |= COUCHE_CPU_SSSE3;
	if (has_all(leaf1.c, LEAF1_C_SSE42))
		features |= COUCHE_CPU_SSE42;
	if (has_all(leaf1.c, LEAF1_C_OSXSAVE) && cpuid_leaf(0, 0).a >= 7)
		features |= cpu_wide_features();
	return features;
}

/**
 * couche_cpu_cache_bytes() - size of the cache that one core has to itself
 *
 * Context: Any.
 * Return: bytes of the second level cache, 0 when unknown.
 */
size_t couche_cpu_cache_bytes(void)
{
	/* This leaf gives the L2 size in KiB on both Intel and AMD. */
	if (cpuid_leaf(0x80000000, 0).a < 0x80000006)
		return 0;
	return (size_t)(cpuid_leaf(0x80000006, 0).c >> 16) << 10;
}

#else

u32 couche_cpu_features(void)
{
	return 0;
}

size_t couche_cpu_cache_bytes(void)
{
	return 0;
}

#endif
