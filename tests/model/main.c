// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: couche-model [-s SEED] [-n OPERATIONS] [-v] [-w VOLUME:BLOCK]
 *
 * Run the module's commit, recovery and relocation, and all that stands above
 * them, in this process: on legs in memory that lose what was not flushed,
 * with clients that know what every byte may be, and with a death at any step.
 * Speaks TAP. A seed names a run: the same one does the same again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/codec.h"
#include "machine.h"
#include "oracle.h"
#include "simd.h"

#define LIVES		30	/* of one layout */
#define OPERATIONS	2000	/* of one life, at most */

static u64 seed = 1, wanted = 20000;

static void watch(const char *text)
{
	char *colon;
	u32 volume = strtoul(text, &colon, 0);

	oracle_watch(volume, *colon ? strtoul(colon + 1, NULL, 0) : 0);
}

static int read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "s:n:vw:")) != -1) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'n')
			wanted = strtoull(optarg, NULL, 0);
		else if (option == 'w')
			watch(optarg);
		else if (option == 'v')
			model_verbose = true;
		else
			return -1;
	}
	return argc - optind;
}

static void run(void)
{
	u32 lives;

	while (model_operations < wanted) {
		machine_new_layout();
		for (lives = 0; lives < LIVES && model_operations < wanted; lives++)
			machine_live(1 + model_below(OPERATIONS >> model_below(5)));
	}
}

int main(int argc, char **argv)
{
	if (read_options(argc, argv)) {
		fprintf(stderr, "usage: couche-model [-s SEED] [-n OPERATIONS] [-v] [-w VOLUME:BLOCK]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	model_seed(seed);
	model_report_init(seed, wanted, argv[0]);
	if (couche_simd_init())
		return 2;
	machine_init();
	run();
	printf("# seed %llu: %llu operations, %llu lives in %llu layouts, %llu killed\n", seed,
	       model_operations, machine_counts.lives, machine_counts.layouts,
	       machine_counts.kills);
	printf("# %llu bytes compared, %llu times space counted anew, %llu steps\n",
	       oracle_bytes(), machine_counts.accounts, model_steps());
	printf("# %llu legs fell ill, %llu starts with legs missing, %llu times made whole and scrubbed\n",
	       machine_counts.faults, machine_counts.degraded, machine_counts.scrubs);
	printf("# %llu starts with a metadata leg that could hardly be read\n",
	       machine_counts.blind);
	printf("# %llu slots lost, %llu reads failed for that\n", machine_counts.lost,
	       machine_counts.unread);
	printf("# %llu orders about legs and profiles, %llu cut short: %llu legs added, %llu replaced, %llu drained, %llu removed, %llu times the profile changed\n",
	       machine_counts.orders, machine_counts.interrupted, machine_counts.added,
	       machine_counts.replaced, machine_counts.drained, machine_counts.removed,
	       machine_counts.reshaped);
	printf("# %llu writes found no room\n", machine_counts.full);
	printf("# %llu looks at some legs only, %llu of them refused\n", machine_counts.peeks,
	       machine_counts.refused);
	printf("# trace %016llx\n", model_hash_now());
	printf("ok 1 - nothing lost in %llu operations with seed %llu\n1..1\n", model_operations,
	       seed);
	return 0;
}
