#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: model.sh
#
# The model test, in parts of COUCHE_MODEL_PART operations (20000) with
# a seed each, from COUCHE_MODEL_SEED (1) on, COUCHE_MODEL_OPERATIONS (60000) in
# all; and that a seed does the same again. Speaks TAP.
set -euo pipefail

cd "$(dirname "$0")/../.."

program=build/model/couche-model
seed=${COUCHE_MODEL_SEED:-1}
operations=${COUCHE_MODEL_OPERATIONS:-60000}
part=${COUCHE_MODEL_PART:-20000}
number=0 bad=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

result() {
	number=$((number + 1))
	[ "$1" = ok ] || bad=1
	echo "$1 $number - $2"
}

# run SEED OPERATIONS: its log, without a plan, behind "#"
run() {
	local status=0
	"$program" -s "$1" -n "$2" >"$log" 2>&1 || status=$?
	sed -n 's/^#/#/p; s/^==/# &/p; s/^    #[0-9]/# &/p' "$log"
	if [ "$status" -eq 0 ]; then
		result ok "$(sed -n 's/^ok 1 - //p' "$log")"
	else
		result "not ok" "seed $1: $(sed -n 's/^not ok 1 - //p' "$log") (status $status)"
	fi
}

trace() {
	"$program" -s "$1" -n 3000 2>&1 | sed -n 's/^# trace //p'
}

for ((done = 0; done < operations; done += part)); do
	run "$seed" "$part"
	seed=$((seed + 1))
done
first=$(trace 7) second=$(trace 7) other=$(trace 8)
if [ -n "$first" ] && [ "$first" = "$second" ]; then
	result ok "a seed does the same again: $first"
else
	result "not ok" "a seed does the same again: $first, $second"
fi
if [ -n "$other" ] && [ "$first" != "$other" ]; then
	result ok "another seed does something else"
else
	result "not ok" "another seed does something else: $other"
fi
echo "1..$number"
exit "$bad"
