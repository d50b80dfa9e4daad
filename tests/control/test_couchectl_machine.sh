#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# couchectl against the real module in user-mode Linux: devices refused, pools
# made, listed, broken, mended, exported and imported; JSON against golden
# files and the schema. "COUCHE_GOLDEN=DIR" in the environment of the guest
# script writes new golden files.
set -u

cd "$(dirname "$0")/../.." || exit 1

# Building that kernel takes longer than a suite may: "make check-uml" does it.
if ! compgen -G "${COUCHE_CACHE:-$HOME/.cache/couchestor}/uml/*-plain-*/linux" >/dev/null; then
	echo "1..0 # SKIP no user-mode Linux kernel yet; make check-uml builds it"
	exit 0
fi
if ! make --no-print-directory module-uml >build/test_couchectl_machine.log 2>&1; then
	sed 's/^/# /' build/test_couchectl_machine.log
	echo "not ok 1 - the module builds for user-mode Linux"
	echo 1..1
	exit 1
fi
exec tests/env/uml-run.sh -t 280 "$@" tests/control/lib-couchectl-guest.sh
