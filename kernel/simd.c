// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#else
static inline void kernel_fpu_begin(void) { }
static inline void kernel_fpu_end(void) { }
#endif

#include "core/codec.h"
#include "core/cpu.h"
#include "core/crc32c.h"
#include "simd.h"

/* Bytes of each shard in a section: a few microseconds without preemption. */
#define SECTION_BYTES (16 << 10)

static char *codec = "auto";
module_param(codec, charp, 0444);
MODULE_PARM_DESC(codec, "codec kernel: auto, scalar, ssse3, avx2, gfni256, avx512 or gfni512");

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
/*
 * The kernel may know better than the processor: features are hidden on the
 * command line, or have been found broken, or cost more than they give.
 */
static u32 features_allowed(void)
{
	const u64 avx = XFEATURE_MASK_SSE | XFEATURE_MASK_YMM;
	u32 allowed = 0;

	if (boot_cpu_has(X86_FEATURE_SSSE3))
		allowed |= COUCHE_CPU_SSSE3;
	if (boot_cpu_has(X86_FEATURE_XMM4_2))
		allowed |= COUCHE_CPU_SSE42;
	if (boot_cpu_has(X86_FEATURE_GFNI))
		allowed |= COUCHE_CPU_GFNI;
	if (boot_cpu_has(X86_FEATURE_VPCLMULQDQ))
		allowed |= COUCHE_CPU_VPCLMUL;
	if (boot_cpu_has(X86_FEATURE_AVX2) && cpu_has_xfeatures(avx, NULL))
		allowed |= COUCHE_CPU_AVX2;
	if (boot_cpu_has(X86_FEATURE_AVX512BW) &&
	    boot_cpu_has(X86_FEATURE_AVX512VL) &&
	    boot_cpu_has(X86_FEATURE_AVX512DQ) &&
	    cpu_has_xfeatures(avx | XFEATURE_MASK_AVX512, NULL))
		allowed |= COUCHE_CPU_AVX512;
#ifdef X86_FEATURE_PREFER_YMM
	if (boot_cpu_has(X86_FEATURE_PREFER_YMM))
		allowed &= ~COUCHE_CPU_AVX512;
#endif
	return allowed;
}
#else
static u32 features_allowed(void)
{
	return ~0U;
}
#endif

/**
 * couche_simd_init() - choose the codec kernel and the checksum variant
 *
 * Obeys the module parameter "codec".
 *
 * Context: Process context, once at module load.
 * Return: 0; -EINVAL when the parameter names no codec kernel; -EOPNOTSUPP when
 * it names one that this processor cannot run.
 */
int couche_simd_init(void)
{
	u32 features = couche_cpu_features() & features_allowed();
	int ret;

	ret = couche_codec_select(codec, features);
	if (ret == -ENOENT) {
		pr_err("codec=%s: there is no such codec kernel\n", codec);
		return -EINVAL;
	}
	if (ret) {
		pr_err("codec=%s: this processor cannot run it\n", codec);
		return ret;
	}
	couche_codec_set_cache_bytes(couche_cpu_cache_bytes());
	couche_crc32c_select(features);
	pr_info("codec %s, crc32c %s\n", couche_codec_kernel_name(),
		couche_crc32c_variant());
	return 0;
}

static void section_begin(void)
{
	WARN_ON_ONCE(!in_task());
	if (couche_codec_uses_simd())
		kernel_fpu_begin();
}

static void section_end(void)
{
	if (couche_codec_uses_simd())
		kernel_fpu_end();
	cond_resched();
}

/**
 * couche_simd_encode() - make the parity of a stripe
 * @c: codec
 * @len: bytes per shard; multiples of 64 are fastest
 * @data: k data shards
 * @parity: m parity shards, filled in
 *
 * Context: Process context, may sleep.
 */
void couche_simd_encode(const struct couche_codec *c, size_t len,
			const u8 *const *data, u8 *const *parity)
{
	enum couche_codec_mode mode = couche_codec_mode(c, len);
	size_t off, part;

	for (off = 0; off < len; off += part) {
		part = min_t(size_t, len - off, SECTION_BYTES);
		section_begin();
		couche_codec_encode_part(c, off, part, data, parity, mode);
		section_end();
	}
}

/**
 * couche_simd_encode_crc() - make the parity and the checksums of a stripe
 * @c: codec
 * @len: bytes per shard; a multiple of 4096
 * @src: k sources that are copied to @data on the way, or NULL
 * @data: k data shards
 * @parity: m parity shards, filled in
 * @crcs: see couche_codec_encode_crc()
 *
 * Context: Process context, may sleep.
 */
void couche_simd_encode_crc(const struct couche_codec *c, size_t len,
			    const u8 *const *src, u8 *const *data,
			    u8 *const *parity, u32 *const *crcs)
{
	enum couche_codec_mode mode = couche_codec_mode(c, len);
	size_t off, part;

	for (off = 0; off < len; off += part) {
		part = min_t(size_t, len - off, SECTION_BYTES);
		section_begin();
		couche_codec_encode_crc(c, off, part, src, data, parity, crcs,
					mode);
		section_end();
	}
}

/**
 * couche_simd_decode() - rebuild shards
 * @c: codec
 * @len: bytes per shard; multiples of 64 are fastest
 * @present: the shards that can be read; bit i is shard i, parity from bit k on
 * @wanted: the shards to make
 * @shards: all k + m shards; those neither read nor wanted may be NULL
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL when a set names a shard that does not exist, or both name
 * the same; -ENODATA when fewer than k shards are present.
 */
int couche_simd_decode(struct couche_codec *c, size_t len, u32 present,
		       u32 wanted, u8 *const *shards)
{
	enum couche_codec_mode mode = couche_codec_mode(c, len);
	struct couche_decode d;
	size_t off, part;
	int ret;

	ret = couche_codec_decode_begin(c, present, wanted, &d);
	if (ret)
		return ret;
	for (off = 0; off < len; off += part) {
		part = min_t(size_t, len - off, SECTION_BYTES);
		section_begin();
		couche_codec_decode_part(&d, off, part, shards, mode);
		section_end();
	}
	couche_codec_decode_end(&d);
	return 0;
}
