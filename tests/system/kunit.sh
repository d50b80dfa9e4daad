#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites of the module: builds it with them, loads it in a machine
# and turns the results that the kernel keeps into TAP. Every suite that the
# sources name must have run.
set -u
cd "$(dirname "$0")/../.." || exit

RESULTS=/sys/kernel/debug/kunit

suites() {
	sed -n -E 's/^[[:space:]]*\.name = "(couche-[^"]*)",$/\1/p' kernel/tests/*_kunit.c
}

# One test per case; what a case complained about comes before it, as comments.
results_to_tap() {
	awk -v suite="$1" -v first="$2" '
		/^[[:space:]]+1\.\.[0-9]+$/ { planned = substr($1, 4) }
		/^[[:space:]]+# / { sub(/^[[:space:]]+/, ""); print; next }
		match($0, /^ +(not )?ok [0-9]+ /) {
			verdict = $1 == "ok" ? "ok" : "not ok"
			print verdict, first + ++seen, "-", suite ": " substr($0, RLENGTH + 1)
		}
		END {
			if (!seen || planned != seen)
				print "not ok", first + ++seen, "-", suite ": ran all its cases"
		}'
}

in_the_machine() {
	local count=0 suite tap failed=0
	modprobe dm-mod 2>/dev/null
	if ! insmod "$1/dm-couche.ko"; then
		echo "Bail out! the module does not load"
		exit 1
	fi
	for suite in $(suites); do
		tap=$(results_to_tap "$suite" "$count" <"$RESULTS/$suite/results")
		echo "$tap"
		count=$((count + $(grep -cE '^(not )?ok ' <<<"$tap")))
		! grep -q '^not ok' <<<"$tap" || failed=1
	done
	count=$((count + 1))
	if rmmod dm-couche; then
		echo "ok $count - the module unloads"
	else
		echo "not ok $count - the module unloads"
		failed=1
	fi
	echo "1..$count"
	exit $failed
}

case ${1:-} in
run) in_the_machine "$2" ;;
*)
	module=$(tests/env/build-module.sh uml-kunit) || exit
	# shellcheck disable=SC2086 # the command and its options
	$COUCHE_RUN tests/system/kunit.sh run "$module"
	;;
esac
