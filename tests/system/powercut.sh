#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The machine dies in the middle of writes and migrations, and what it had
# acknowledged is there when it starts again, with two cold legs and one of
# each mirror missing (I1, I2). Runs outside and starts its machines.
#
# COUCHE_CUTS says how often; COUCHE_SEED repeats a run's choices.
set -u

cd "$(dirname "$0")/../.." || exit 1
SEED=${COUCHE_SEED:-$(($(date +%s%N) % 1000000007))}
RANDOM=$((SEED % 32768))
mkdir -p build/run
WORK=$(mktemp -d "$PWD/build/run/powercut.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
LEGS=10
FAILED=0
case $COUCHE_KERNEL in
6.*)
	CUTS=${COUCHE_CUTS:-3}
	FILES=12		# it is slow
	;;
*)
	CUTS=${COUCHE_CUTS:-6}
	FILES=200
	;;
esac

disks=()
for ((i = 0; i < LEGS; i++)); do
	truncate -s 32M "$WORK/leg$i"
	disks+=(-d "$WORK/leg$i:leg$i")
done

machine() {
	# shellcheck disable=SC2086 # a command and its options
	$COUCHE_RUN -t 300 -w "$WORK/machine" "${disks[@]}" "$@"
}

# acked JOB: the last operation that was acknowledged
acked() {
	local last
	last=$(sed -n "s/^ack $1 \([0-9]*\)\$/\1/p" "$WORK/output" | tail -n 1)
	echo "${last:--1}"
}

echo "1..$((CUTS * 2))"
echo "# seed $SEED (repeat with COUCHE_SEED=$SEED)"
for ((cut = 1; cut <= CUTS; cut++)); do
	seed=$((SEED + cut))
	for ((i = 0; i < LEGS; i++)); do
		rm -f "$WORK/leg$i"
		truncate -s 32M "$WORK/leg$i"
	done
	# In turn: in silence, where the last thing that happened is a synchronous
	# write that was acknowledged; anywhere in a storm; and under a file system.
	kind=
	quiet=
	case $((cut % 3)) in
	0)
		kind=-ext4
		at="^ack 0 $((RANDOM % FILES))\$"
		;;
	1)
		at='^quiet$'
		quiet=$((RANDOM % 40))
		;;
	2) at="^ack 0 $((RANDOM % 12 + 1))[0-9]*\$" ;;
	esac
	# shellcheck disable=SC2086 # nothing, if empty
	machine -K "$at" -D 0.$((RANDOM % 10))$((RANDOM % 10)) "tests/system/powercut/write$kind.sh" \
		"$seed" $quiet >"$WORK/output" 2>"$WORK/errors"
	status=$?
	name="cut $cut${kind/-/, }: seed $seed, operations $(acked 0) and $(acked 1) acknowledged"
	if [ $status -ne 0 ] || [ ! -e "$WORK/machine/killed" ] || [ "$(acked 0)" -lt 0 ]; then
		echo "not ok $((cut * 2 - 1)) - $name"
		tail -n 20 "$WORK/output" "$WORK/errors" | sed 's/^/# /'
		FAILED=1
	else
		echo "ok $((cut * 2 - 1)) - $name"
	fi
	first=$((4 + RANDOM % 6))
	second=$((4 + (first - 4 + 1 + RANDOM % 5) % 6))
	missing="$((RANDOM % 2)) $((2 + RANDOM % 2)) $first $second"
	name="cut $cut: all of it is there without legs $missing (I1, I2)"
	if machine "tests/system/powercut/verify$kind.sh" "$seed" "$missing" "$(acked 0)" "$(acked 1)" \
		>"$WORK/verified" 2>&1; then
		echo "ok $((cut * 2)) - $name"
	else
		echo "not ok $((cut * 2)) - $name"
		sed 's/^/# /' "$WORK/verified" | tail -n 40
		FAILED=1
	fi
done
exit $FAILED
