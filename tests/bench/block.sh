#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: block.sh
#
# The block device against dm-linear and md raid6, in user-mode Linux, into
# build/bench.json. There md's raid6 has no SIMD; healthy reads do not use it.
set -euo pipefail

cd "$(dirname "$0")/../.."
tests/env/packages.sh uml bench >&2
COUCHE_BUILD=$(tests/env/build-module.sh uml)
export COUCHE_BUILD
tests/env/uml-run.sh -k plain -m 8G -t "${BENCH_TIMEOUT:-600}" tests/bench/block_guest.py |
	tee build/bench-block.log | grep -a '^{' | tests/bench/merge.py build/bench.json
