#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: crash.sh [POINTS]
#
# Let the power fail at POINTS points (default 2000) of what pools wrote, and
# compare all that they hold afterwards (I1, I2, I3); couche-replay.c says how.
# As many machines as there are processors, four times, each with its own seed:
# most of their time is waiting. All but one in each wave have one processor:
# two, of which the host runs one, spend most of their time spinning for locks,
# so that one has a quarter of the points.
# COUCHE_SEED repeats a run's recordings as far as their threads allow.
#
# Then the same with modules that are broken on purpose, by the patches in
# mutations/: the loss has to be found; not in the short form (COUCHE_QUICK).
# Speaks TAP.
set -euo pipefail

cd "$(dirname "$0")/../.."
. tests/env/lib.sh

WANTED=${1:-2000}
SEED=${COUCHE_SEED:-$(($(date +%s%N) % 1000000007))}
MACHINES=${COUCHE_CRASH_MACHINES:-$(($(jobs_count) * 4))}
AT_ONCE=400			# points of one recording, at most
LIMIT=1500			# seconds of a machine
LOGS=build/crash/logs
COUNT=0
FAILED=0
points=0
bytes=0
lost=0
barriers=0
missing=0

result() {
	COUNT=$((COUNT + 1))
	if [ "$1" = ok ]; then
		echo "ok $COUNT - $2"
	else
		echo "not ok $COUNT - $2"
		FAILED=1
	fi
}

# machine CPUS SEED SHAPE OPS POINTS STOP [MODULE-DIRECTORY]: one recording and
# its replay, to a log of its own.
machine() {
	local cpus=$1
	shift
	tests/env/uml-run.sh -k plain -m 1536M -c "$cpus" -t $LIMIT tests/crash/record.sh "$@" \
		>"$LOGS/$1.log" 2>&1
}

# number WORD LOG: what follows it in the last line of couche-replay
number() {
	sed -n "s/^points .*\\b$1 \\([0-9]*\\).*/\\1/p; s/^$1 \\([0-9]*\\) .*/\\1/p" "$2" | tail -n 1
}

# tally SEED SHAPE STATUS
tally() {
	local log=$LOGS/$1.log n name
	n=$(number points "$log")
	name="seed $1, $2: ${n:-no} points, $(number compared "$log") bytes compared"
	if [ "$3" -eq 0 ] && [ "${n:-0}" -gt 0 ]; then
		result ok "$name, nothing lost"
	else
		result bad "$name, $(number lost "$log") lost, status $3"
		tail -n 40 "$log" | sed 's/^/# /'
	fi
	points=$((points + ${n:-0}))
	bytes=$((bytes + $(number compared "$log") + 0))
	barriers=$((barriers + $(number barriers "$log") + 0))
	missing=$((missing + $(number missing "$log") + 0))
	lost=$((lost + $(number lost "$log") + 0))
}

# One recording per machine, the rest of the points split among them.
WAVES=0
wave() {
	local shapes=(single staged mirror staged) seeds=() pids=() i cpus each own status
	each=$(((WANTED - points + MACHINES - 1) / MACHINES))
	[ $each -le $AT_ONCE ] || each=$AT_ONCE
	[ $each -ge 20 ] || each=20
	for ((i = 0; i < MACHINES; i++)); do
		cpus=$((i == WAVES % MACHINES ? 2 : 1))
		own=$((cpus == 1 ? each : each / 4 + 10))
		machine $cpus "$SEED" "${shapes[i % 4]}" $((own / 3 + 10)) $own 3 &
		pids+=($!)
		seeds+=("$SEED")
		SEED=$((SEED + 1))
	done
	WAVES=$((WAVES + 1))
	for i in "${!pids[@]}"; do
		status=0
		wait "${pids[i]}" || status=$?
		tally "${seeds[i]}" "${shapes[i % 4]}" $status
	done
}

# mutation NAME SHAPE OPS POINTS: with this module something is lost, and that is seen.
# What is lost depends on when the power fails, so one seed may not show it.
mutation() {
	local module log status try
	module=$(tests/crash/mutant.sh "$1" 2>"$LOGS/$1.log") || {
		result bad "mutation $1 applies and builds"
		tail -n 20 "$LOGS/$1.log" | sed 's/^/# /'
		return
	}
	for try in 1 2 3; do
		log=$LOGS/$SEED.log
		status=0
		machine 2 "$SEED" "$2" "$3" "$4" 1 "$module" || status=$?
		SEED=$((SEED + 1))
		if [ $status -eq 1 ] && [ "$(number lost "$log")" = 1 ]; then
			result ok "mutation $1 is found, in recording $try after $(number points "$log") points"
			grep LOST "$log"
			return
		fi
	done
	result bad "mutation $1 is found (status $status)"
	tail -n 20 "$log" | sed 's/^/# /'
}

mkdir -p $LOGS
echo "# seed $SEED (repeat with COUCHE_SEED=$SEED)"
while [ $FAILED -eq 0 ] && [ $points -lt "$WANTED" ]; do
	wave
done
if [ -z "${COUCHE_QUICK:-}" ]; then
	mutation data-before-map single 30 0
	mutation slots-before-records staged 30 0
	mutation sequence-jump single 2 0
fi
echo "# $points points, $barriers of them behind a barrier; $missing activations without some legs"
echo "# $bytes bytes compared, $lost points with a loss"
if [ $points -ge "$WANTED" ] && [ $lost -eq 0 ]; then
	result ok "$points points replayed, $((bytes >> 30)) GiB compared, nothing lost (I1, I2, I3)"
else
	result bad "$points of $WANTED points replayed, $lost with a loss"
fi
echo "1..$COUNT"
exit $FAILED
