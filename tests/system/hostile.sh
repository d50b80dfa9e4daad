#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Pools made by an enemy who knows the format: fields, records and blocks of a
# sound one are damaged and sealed again (hostile/damage.py). The kernel, with
# KASAN and UBSAN, activates them and uses what it opens (hostile/rounds.py);
# meanwhile couchectl, with ASan and UBSan, judges the same (hostile/offline.py).
# Nothing crashes, hangs or is reported (I7). Runs outside, starts its machine.
#
# COUCHE_HOSTILE_SECONDS says for how long, COUCHE_HOSTILE_ROUNDS how often at
# most; COUCHE_SEED repeats: each line of the log has the seed of its round.
set -u

cd "$(dirname "$0")/../.." || exit 1
SEED=${COUCHE_SEED:-$(($(date +%s%N) % 1000000007))}
LIMIT=${COUCHE_HOSTILE_SECONDS:-90}
ROUNDS=${COUCHE_HOSTILE_ROUNDS:-1000000}
mkdir -p build/run
WORK=$(mktemp -d "$PWD/build/run/hostile.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

echo 1..4
echo "# seed $SEED (repeat with COUCHE_SEED=$SEED)"
make --no-print-directory build/san/couchectl >"$WORK/make" 2>&1 || cat "$WORK/make"
# shellcheck disable=SC2086 # a command and its options
$COUCHE_RUN -t $((LIMIT + 200)) -w "$WORK/machine" tests/system/hostile/kernel.sh \
	"$SEED" "$LIMIT" "$ROUNDS" >"$WORK/kernel" 2>"$WORK/errors" &
machine=$!
until [ -e "$WORK/machine/image/whole" ] || ! kill -0 $machine 2>/dev/null; do
	sleep 0.2
done
status=0
offline=0
python3 tests/system/hostile/offline.py build/san/couchectl "$WORK/machine/image" \
	"$SEED" "$LIMIT" "$ROUNDS" || offline=1
wait $machine || status=$?
cat "$WORK/kernel"
# It died, or complained where nobody looked: of which seed is in its log.
if [ $status -ne 0 ]; then
	sed 's/^/# /' "$WORK/errors"
	grep -a 'hostile: ' "$WORK/machine/console.log" | tail -n 1 | sed 's/^/# /'
fi
exit $((status ? status : offline))
