/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reed-Solomon codec: parity of k data shards, and any shards back from any k
 * survivors. Parity is byte for byte that of ISA-L with the same matrix.
 *
 * A codec belongs to whoever created it and may be used by any number of
 * threads at once, without a lock of theirs; only couche_codec_free() must come
 * after the last user. Its one mutable part, the cache of decode tables, has a
 * spinlock inside that is held for lookups only (process context).
 *
 * One kernel (scalar, ssse3, ...) serves all codecs. It is chosen by
 * couche_codec_select() once, before the first encode; choosing again while
 * others encode is for tests that make sure nobody does. When
 * couche_codec_uses_simd() says so, every function marked "SIMD section" must
 * be called with the vector registers claimed: kernel/simd.h does this.
 *
 * Nothing here sleeps, except couche_codec_create() which allocates.
 */
#ifndef COUCHE_CORE_CODEC_H
#define COUCHE_CORE_CODEC_H

#include <linux/types.h>

#include "cpu.h"
#include "matrix.h"

#define COUCHE_CODEC_MAX_SHARDS COUCHE_MATRIX_MAX_SHARDS

/* One checksum covers this much of a shard in couche_codec_encode_crc(). */
#define COUCHE_CODEC_BLOCK 4096

struct couche_codec;
struct couche_rs_plan;

/* How to run over the bytes; the result is the same. */
enum couche_codec_mode {
	COUCHE_CODEC_CACHED = 0,	/* shards are, or shall be, in the cache */
	COUCHE_CODEC_STREAM = 1,	/* larger than the cache: write around it */
};

/* A prepared rebuild; on the caller's stack, between _begin() and _end(). */
struct couche_decode {
	struct couche_codec *codec;
	const struct couche_rs_plan *plan;	/* NULL: all cached ones in use */
	u32 chosen;
	u32 wanted;
	int slot;
};

int couche_codec_check(unsigned int k, unsigned int m,
		       enum couche_matrix matrix);
struct couche_codec *couche_codec_create(unsigned int k, unsigned int m,
					 enum couche_matrix matrix);
void couche_codec_free(struct couche_codec *c);

enum couche_codec_mode couche_codec_mode(const struct couche_codec *c,
					 size_t len);

/* SIMD section */
void couche_codec_encode(const struct couche_codec *c, size_t len,
			 const u8 *const *data, u8 *const *parity);
void couche_codec_encode_part(const struct couche_codec *c, size_t off,
			      size_t len, const u8 *const *data,
			      u8 *const *parity, enum couche_codec_mode mode);
void couche_codec_encode_crc(const struct couche_codec *c, size_t off,
			     size_t len, const u8 *const *src,
			     u8 *const *data, u8 *const *parity,
			     u32 *const *crcs, enum couche_codec_mode mode);
int couche_codec_decode(struct couche_codec *c, size_t len, u32 present,
			u32 wanted, u8 *const *shards);
void couche_codec_decode_part(const struct couche_decode *d, size_t off,
			      size_t len, u8 *const *shards,
			      enum couche_codec_mode mode);

/* No SIMD section */
int couche_codec_decode_begin(struct couche_codec *c, u32 present, u32 wanted,
			      struct couche_decode *d);
void couche_codec_decode_end(struct couche_decode *d);

/* The kernel */
int couche_codec_select(const char *name, u32 cpu_features);
const char *couche_codec_kernel_name(void);
const char *couche_codec_kernel_at(unsigned int index);
bool couche_codec_uses_simd(void);
void couche_codec_set_cache_bytes(size_t bytes);

#endif
