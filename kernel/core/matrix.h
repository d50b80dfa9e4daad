/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coding matrices over GF(2^8): how parity is made of data, and how lost
 * shards are made of surviving ones.
 *
 * A matrix is a flat array of bytes, row by row. Only the parity rows are
 * kept; the k rows above them are the identity. All functions are pure, need
 * no lock and do not allocate; the caller owns every buffer.
 */
#ifndef COUCHE_CORE_MATRIX_H
#define COUCHE_CORE_MATRIX_H

#include <linux/types.h>

/* Recorded on disk in the profile: never renumber. */
enum couche_matrix {
	COUCHE_MATRIX_VANDERMONDE = 0,	/* gf_gen_rs_matrix() of ISA-L */
	COUCHE_MATRIX_CAUCHY = 1,	/* gf_gen_cauchy1_matrix() of ISA-L */
};

/* k + m of the widest profile: a set of shards is a u32. */
#define COUCHE_MATRIX_MAX_SHARDS 32

/* Fewer of data and parity shards, so the most that can be solved for. */
#define COUCHE_MATRIX_MAX_LOST (COUCHE_MATRIX_MAX_SHARDS / 2)

void couche_matrix_parity(u8 *rows, unsigned int k, unsigned int m,
			  enum couche_matrix matrix);
int couche_matrix_invert(u8 *a, u8 *inverse, unsigned int n);
int couche_matrix_rebuild(const u8 *parity, unsigned int k, u32 chosen,
			  u32 wanted, u8 *rows);

#endif
