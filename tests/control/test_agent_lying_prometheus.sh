#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2119 # scripts for bash -c; functions with defaults
#
# A Prometheus that lies, answers in part or not at all: the heat is UNKNOWN,
# nothing moves, and the agent goes on.

# shellcheck source=tests/control/lib.sh
. "$(dirname "$0")/lib.sh"

build_replay
write_kernel '.volumes += [{ "pool": "tank", "id": 9, "name": "new", "generation": 1,
	"sectors": 65536, "uuid": "aaaaaaaa-0000-0000-0000-000000000009",
	"tier_extents": [0, 0, 0], "reads_per_second": 0, "writes_per_second": 0 }]'
write_policy
MODE=$WORK/mode
echo empty >"$MODE"
echo honest >"$WORK/other"
python3 "$TOP/tests/control/lying_prometheus.py" "$PORT" "$MODE" \
	"http://127.0.0.1:$OTHER_PORT/api/v1/query" &
STARTED+=($!)
python3 "$TOP/tests/control/lying_prometheus.py" "$OTHER_PORT" "$WORK/other" &
STARTED+=($!)
eventually 10 curl -s "http://127.0.0.1:$PORT/"
eventually 10 curl -s "http://127.0.0.1:$OTHER_PORT/"

start_agent "$REPLAY" --policy-file "$WORK/policy.yaml" --log-level debug \
	--prometheus-url "http://127.0.0.1:$PORT"

# lie MODE: a cycle decides under a lie, and there is not one order.
lie() {
	local before
	: >"$MODE.queries"
	echo "$1" >"$MODE"
	eventually 10 test -s "$MODE.queries" || return
	before=$(metric couchestor_reconcile_total) || return
	eventually 10 metric_at_least couchestor_reconcile_total $((before + 1)) || return
	metric_is 'couchestor_volumes{heat="cold"}' 0 || return
	no_orders
}

for mode in $(python3 "$TOP/tests/control/lying_prometheus.py" 0 list) hang-up huge redirect; do
	[ "$mode" = honest ] || ok "nothing moves on an answer that is $mode" lie "$mode"
done

ok "a volume without data is said to be on no tier" \
	logged "holds no data yet"
ok "no other host was asked" test ! -e "$WORK/other.queries"
ok "failures are counted by kind" metric_at_least 'couchestor_errors_total{kind="prometheus_parse"}' 1
ok "one question asks for everything" bash -c '
	query=$(head -n 1 "$1"); grep -q "rate(" <<<"$query" && grep -q count_over_time <<<"$query" &&
	grep -q "timestamp(" <<<"$query"' _ "$MODE.queries"

echo honest >"$MODE"
ok "an honest answer of 0 demotes at last" eventually 10 grep -q \
	'^migrate volume=2 tier=2' "$FAKE_ORDERS"
ok "the one between the watermarks stays" not grep -q 'volume=1' "$FAKE_ORDERS"
ok "it stops cleanly" stop_agent
finish
