#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is built is not built again because other programs are asked for with
# it, or in another order: suites beside each other would take the programs
# from under each other.
set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
echo 1..2
make -s tools agent system-programs >/dev/null || exit 1
number=0 bad=0
for goals in "system-programs tools agent" build/obj/libcore.a; do
	number=$((number + 1))
	# shellcheck disable=SC2086 # goals are words
	if again=$(make $goals 2>&1 | grep -E '^  [A-Z]+ '); then
		echo "not ok $number - nothing is made again for: $goals"
		head -n 5 <<<"$again" | sed 's/^/#/'
		bad=1
	else
		echo "ok $number - nothing is made again for: $goals"
	fi
done
exit $bad
