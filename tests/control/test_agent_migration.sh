#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2119 # scripts for bash -c; functions with defaults
#
# What becomes of orders, on a recorded kernel and an honest Prometheus that
# calls both volumes cold enough to move or to stay.

# shellcheck source=tests/control/lib.sh
. "$(dirname "$0")/lib.sh"

build_replay
echo honest >"$WORK/mode"
python3 "$TOP/tests/control/lying_prometheus.py" "$PORT" "$WORK/mode" &
STARTED+=($!)
eventually 10 curl -s "http://127.0.0.1:$PORT/"

export STATE_DIRECTORY=$WORK/state
mkdir "$STATE_DIRECTORY"

# fresh JQ-FILTER POLICY-LINE -- ARGS...: a new agent on a new kernel.
fresh() {
	local filter=$1 line=$2
	shift 3
	: >"$FAKE_ORDERS"
	: >"$WORK/agent.log"
	rm -f "$STATE_DIRECTORY"/*
	write_kernel "$filter"
	write_policy "$line"
	start_agent "$REPLAY" --policy-file "$WORK/policy.yaml" \
		--prometheus-url "http://127.0.0.1:$PORT" "$@"
}

fresh . "enabled: true" --
ok "the idle volume is ordered to the cold tier" eventually 10 grep -q \
	'^migrate volume=2 tier=2 preserve=0 verify=0' "$FAKE_ORDERS"
ok "its end is recorded" eventually 10 metric_is 'couchestor_migrations_total{status="success"}' 1
ok "in the log too" logged "tank/idle: moved from hot to cold"
ok "the stripes of the cold tier are counted" eventually 5 metric_is \
	'couchestor_ec_stripes{state="healthy"}' 64
# What a metric is called, its labels and its type: as served and as written down.
metrics_served() {
	curl -s "http://127.0.0.1:$METRICS_PORT/metrics" | awk '
		/^# TYPE/ { type[$3] = $4 }
		/^#/ { next }
		{
			gsub(/="[^"]*"/, "")
			split($1, series, "{")
			sub(/^[^{]*/, "", $1)
			print series[1] ($1 == "" ? "" : " " $1), type[series[1]]
		}' | sort -u
}
metrics_written_down() {
	sed -n 's/^\.BR \(couchestor_[a-z_]*\) "\(.*\)"$/\1\2/p' "$TOP/Documentation/man/couchestor.8" | sort
}
metrics_are_those() {
	diff <(metrics_written_down) <(metrics_served)
}
ok "the manual has all metrics, and no other" eventually 10 metrics_are_those
ok "it is ready" status_is 200 "http://127.0.0.1:$HEALTH_PORT/readyz"
ok "and stops" stop_agent
ok "the rest is on disk" jq -e '.volumes[0].name == "tank/idle"' "$STATE_DIRECTORY/volumes.json"

# The same kernel again: the replay forgot the move, the state file did not.
start_agent "$REPLAY" --policy-file "$WORK/policy.yaml" --prometheus-url "http://127.0.0.1:$PORT"
ok "after a restart the volume still rests" eventually 10 metric_at_least \
	'couchestor_decisions_total{reason="cooldown"}' 1
ok "and is not ordered again" test "$(orders migrate)" = 1
stop_agent
echo '{"version": 1, "volumes": [{"pool": 5}]}' >"$STATE_DIRECTORY/volumes.json"
start_agent "$REPLAY" --policy-file "$WORK/policy.yaml" --prometheus-url "http://127.0.0.1:$PORT"
ok "a damaged state file is told of and ignored" logged "damaged"
stop_agent

fresh . "dryRun: true" --
ok "a dry policy only says what it would do" eventually 10 logged "this is a dry run"
ok "and orders nothing" no_orders
stop_agent

fresh . "enabled: true" -- --dry-run
ok "so does a dry agent" eventually 10 logged "this is a dry run"
ok "and it orders nothing" no_orders
stop_agent

fresh . "enabled: true" -- --preservation-mode
ok "preservation mode is part of the order" eventually 10 grep -q 'volume=2 tier=2 preserve=1' \
	"$FAKE_ORDERS"
stop_agent

fresh '.migration_end = "failed"' "enabled: true" --
ok "a failed move is counted" eventually 10 metric_is \
	'couchestor_migrations_total{status="failed"}' 1
ok "the volume backs off" eventually 10 metric_at_least \
	'couchestor_decisions_total{reason="backoff"}' 1
ok "and is not tried again at once" test "$(orders migrate)" = 1
stop_agent

fresh '.migration_end = "hang"' "migrationTimeout: 2s" --
ok "a move that hangs is in the gauge" eventually 10 metric_is couchestor_active_migrations 1
ok "it is cancelled when its time is over" eventually 10 grep -q '^cancel migration=1' "$FAKE_ORDERS"
ok "and counted as aborted" eventually 10 metric_is \
	'couchestor_migrations_total{status="aborted"}' 1
ok "with its kind" metric_at_least 'couchestor_errors_total{kind="migration_timeout"}' 1
stop_agent

fresh '.refuse = "volume 2: somebody else moves it"' "enabled: true" --
ok "a refusal is told of with the kernel's words" eventually 10 logged \
	"the kernel refused to move it to cold: volume 2: somebody else moves it"
ok "and counted" eventually 5 metric_is couchestor_orders_refused_total 1
stop_agent

fresh . "ecMinVolumeSizeBytes: 10737418240" --
ok "the duplicate field is a mistake" eventually 1 logged "spec.ecMinVolumeSizeBytes: given twice"

fresh . "volumeSelector: {matchLabels: {app: db}}" --
ok "a selector of a cluster's labels matches nothing" eventually 10 metric_at_least \
	'couchestor_decisions_total{reason="no_policy"}' 2
ok "and moves nothing" no_orders
write_policy "highWatermarkIOPS: 1"
kill -HUP "$AGENT_PID"
ok "a broken file on SIGHUP is told of" eventually 10 logged "the old policies stay"
ok "and moves nothing either" no_orders
write_policy "enabled: true"
kill -HUP "$AGENT_PID"
ok "a good one is taken" eventually 10 grep -q '^migrate volume=2 tier=2' "$FAKE_ORDERS"

write_kernel '.loaded = false'
ok "without the module it is not ready" eventually 10 status_is 503 \
	"http://127.0.0.1:$HEALTH_PORT/readyz"
write_kernel .
ok "with it, it is again" eventually 10 status_is 200 "http://127.0.0.1:$HEALTH_PORT/readyz"
kill -TERM "$AGENT_PID"
ok "while it stops it is not ready" eventually 1 status_is 503 \
	"http://127.0.0.1:$HEALTH_PORT/readyz"
ok "it has stopped" stop_agent
finish
