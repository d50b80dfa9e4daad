// SPDX-License-Identifier: GPL-2.0-only
#include "model.h"

static u64 state;
static u64 hash;

/**
 * model_seed() - Begin a run
 * @seed: which
 */
void model_seed(u64 seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL;
	hash = 0xcbf29ce484222325ULL;
}

/* splitmix64 */
u64 model_random(void)
{
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

u32 model_below(u32 n)
{
	return (model_random() >> 32) * n >> 32;
}

bool model_chance(u32 per_thousand)
{
	return per_thousand && model_below(1000) < per_thousand;
}

void model_hash(u64 value)
{
	hash = (hash ^ value) * 0x100000001b3ULL;
	hash ^= hash >> 29;
}

u64 model_hash_now(void)
{
	return hash;
}
