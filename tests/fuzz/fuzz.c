// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz.h"

#include "cpu.h"
#include "crc32c.h"

/* Most of the time goes into checksums: take the fast ones. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	couche_crc32c_select(couche_cpu_features());
	return 0;
}
