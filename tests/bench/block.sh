#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: block.sh
#
# The block device against its peers, in user-mode Linux, into
# build/bench.json: reads and writes (block_guest.py), mending (heal_guest.py)
# and random writes to cold data (journal_guest.py). There md's raid6 has no
# SIMD; healthy reads do not use it, of the others the results say what it is
# worth. Each group has a machine of its own.
set -euo pipefail

cd "$(dirname "$0")/../.."
tests/env/packages.sh uml bench >&2
COUCHE_BUILD=$(tests/env/build-module.sh uml)
export COUCHE_BUILD

# in_machine LOG SCRIPT [ARGUMENT]
in_machine() {
	local log=build/bench-$1.log
	shift
	tests/env/uml-run.sh -k plain -m 8G -t "${BENCH_TIMEOUT:-1800}" \
		env BENCH_ROUNDS="${BENCH_ROUNDS:-}" "$PWD/tests/bench/$1" "${@:2}" |
		tee "$log" | grep -a '^{' | tests/bench/merge.py build/bench.json
}

in_machine block block_guest.py
in_machine heal heal_guest.py ram
in_machine heal-disk heal_guest.py disk
in_machine journal-burst journal_guest.py burst
in_machine journal-sustained journal_guest.py sustained
