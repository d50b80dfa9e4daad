// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "gf.h"
#include "matrix.h"

/* Row i is (2^i)^0, (2^i)^1, ...: all ones first, then RAID-6's Q, and so on. */
static void matrix_vandermonde(u8 *rows, unsigned int k, unsigned int m)
{
	u8 base = 1, power;
	unsigned int i, j;

	for (i = 0; i < m; i++) {
		power = 1;
		for (j = 0; j < k; j++) {
			*rows++ = power;
			power = couche_gf_mul(power, base);
		}
		base = couche_gf_mul(base, 2);
	}
}

/* Element (i, j) is 1 / (x_i + y_j) with x = k, k + 1, ... and y = 0, 1, ... */
static void matrix_cauchy(u8 *rows, unsigned int k, unsigned int m)
{
	unsigned int i, j;

	for (i = 0; i < m; i++)
		for (j = 0; j < k; j++)
			*rows++ = couche_gf_inv((k + i) ^ j);
}

/**
 * couche_matrix_parity() - the parity rows of a profile
 * @rows: m * k coefficients, filled in
 * @k: data shards
 * @m: parity shards
 * @matrix: which construction
 *
 * Context: Any.
 */
void couche_matrix_parity(u8 *rows, unsigned int k, unsigned int m,
			  enum couche_matrix matrix)
{
	if (matrix == COUCHE_MATRIX_CAUCHY)
		matrix_cauchy(rows, k, m);
	else
		matrix_vandermonde(rows, k, m);
}

static void row_scale(u8 *row, u8 factor, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		row[i] = couche_gf_mul(row[i], factor);
}

static void row_add(u8 *row, const u8 *from, u8 factor, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		row[i] ^= couche_gf_mul(from[i], factor);
}

/* Adding a row that has a pivot is as good as swapping, and shorter. */
static int row_pivot(u8 *a, u8 *inverse, unsigned int n, unsigned int col)
{
	unsigned int i;

	if (a[col * n + col])
		return 0;
	for (i = col + 1; i < n; i++) {
		if (!a[i * n + col])
			continue;
		row_add(a + col * n, a + i * n, 1, n);
		row_add(inverse + col * n, inverse + i * n, 1, n);
		return 0;
	}
	return -EDOM;
}

/**
 * couche_matrix_invert() - invert a square matrix
 * @a: n * n elements; destroyed
 * @inverse: n * n elements, filled in
 * @n: rows and columns
 *
 * Context: Any.
 * Return: 0, or -EDOM when @a is singular.
 */
int couche_matrix_invert(u8 *a, u8 *inverse, unsigned int n)
{
	unsigned int col, i;
	u8 factor;
	int ret;

	memset(inverse, 0, n * n);
	for (i = 0; i < n; i++)
		inverse[i * n + i] = 1;

	for (col = 0; col < n; col++) {
		ret = row_pivot(a, inverse, n, col);
		if (ret)
			return ret;
		factor = couche_gf_inv(a[col * n + col]);
		row_scale(a + col * n, factor, n);
		row_scale(inverse + col * n, factor, n);
		for (i = 0; i < n; i++) {
			factor = a[i * n + col];
			if (i == col || !factor)
				continue;
			row_add(a + i * n, a + col * n, factor, n);
			row_add(inverse + i * n, inverse + col * n, factor, n);
		}
	}
	return 0;
}

/* Which shards play which part in one rebuild. */
struct rebuild {
	const u8 *parity;
	unsigned int k;
	unsigned int lost_nr;			/* = parity shards read */
	u8 lost[COUCHE_MATRIX_MAX_LOST];	/* data shards not read */
	u8 used[COUCHE_MATRIX_MAX_LOST];	/* parity rows read */
	u8 a[COUCHE_MATRIX_MAX_LOST * COUCHE_MATRIX_MAX_LOST];
	u8 solve[COUCHE_MATRIX_MAX_LOST * COUCHE_MATRIX_MAX_LOST];
};

static int rebuild_init(struct rebuild *r, const u8 *parity, unsigned int k,
			u32 chosen)
{
	unsigned int i, j, used_nr = 0;

	r->parity = parity;
	r->k = k;
	r->lost_nr = 0;
	for (i = 0; i < k; i++)
		if (!(chosen & BIT(i)))
			r->lost[r->lost_nr++] = i;
	for (i = k; i < COUCHE_MATRIX_MAX_SHARDS; i++)
		if (chosen & BIT(i))
			r->used[used_nr++] = i - k;

	for (i = 0; i < used_nr; i++)
		for (j = 0; j < used_nr; j++)
			r->a[i * used_nr + j] =
				parity[r->used[i] * k + r->lost[j]];
	return couche_matrix_invert(r->a, r->solve, used_nr);
}

/* Lost data shard number @l as a sum over the shards read; add @scale of it. */
static void rebuild_add_lost(const struct rebuild *r, u32 chosen,
			     unsigned int l, u8 scale, u8 *row)
{
	unsigned int i, p;
	u8 factor;

	for (p = 0; p < r->lost_nr; p++) {
		unsigned int col = 0;

		factor = couche_gf_mul(r->solve[l * r->lost_nr + p], scale);
		for (i = 0; i < r->k; i++)
			if (chosen & BIT(i))
				row[col++] ^= couche_gf_mul(factor,
					r->parity[r->used[p] * r->k + i]);
		row[col + p] ^= factor;
	}
}

static void rebuild_row(const struct rebuild *r, u32 chosen, unsigned int shard,
			u8 *row)
{
	unsigned int i, l, col = 0;
	const u8 *parity;

	memset(row, 0, r->k);
	if (shard < r->k) {
		for (l = 0; r->lost[l] != shard; l++)
			;
		rebuild_add_lost(r, chosen, l, 1, row);
		return;
	}

	parity = r->parity + (shard - r->k) * r->k;
	for (i = 0; i < r->k; i++)
		if (chosen & BIT(i))
			row[col++] = parity[i];
	for (l = 0; l < r->lost_nr; l++)
		rebuild_add_lost(r, chosen, l, parity[r->lost[l]], row);
}

/**
 * couche_matrix_rebuild() - how to make lost shards of surviving ones
 * @parity: the parity rows of the profile
 * @k: data shards
 * @chosen: exactly k shards that will be read
 * @wanted: shards to make, none of them in @chosen
 * @rows: filled in: k coefficients for each shard of @wanted in ascending
 *	order, for the shards of @chosen in ascending order
 *
 * Only the lost data shards are solved for, so the system to invert has at
 * most m unknowns, whatever k is.
 *
 * Context: Any. Needs about 600 bytes of stack.
 * Return: 0, or -EDOM when the matrix does not allow it, which no profile
 * that couche_codec_check() accepts leads to.
 */
int couche_matrix_rebuild(const u8 *parity, unsigned int k, u32 chosen,
			  u32 wanted, u8 *rows)
{
	struct rebuild r;
	int ret;

	ret = rebuild_init(&r, parity, k, chosen);
	if (ret)
		return ret;
	for (; wanted; wanted &= wanted - 1, rows += k)
		rebuild_row(&r, chosen, __builtin_ctz(wanted), rows);
	return 0;
}
