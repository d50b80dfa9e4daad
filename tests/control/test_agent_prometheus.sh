#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2119 # scripts for bash -c; functions with defaults
#
# A real Prometheus scrapes the agent's own counters and answers its
# questions: the volume with reads goes up, the one without goes down.

# shellcheck source=tests/control/lib.sh
. "$(dirname "$0")/lib.sh"

command -v prometheus >/dev/null || skip_all "no prometheus"

build_replay
write_kernel
write_policy "ecPolicyRef: four-two" "verifyCopies: true"
cat >>"$WORK/policy.yaml" <<'YAML'
---
apiVersion: storage.billyronks.io/v1
kind: ErasureCodingPolicy
metadata:
  name: four-two
spec:
  dataShards: 4
  parityShards: 2
YAML

start_agent "$REPLAY" --policy-file "$WORK/policy.yaml" --log-level debug \
	--prometheus-url "http://127.0.0.1:$PORT"

cat >"$WORK/prometheus.yml" <<YAML
global: {scrape_interval: 1s}
scrape_configs:
- job_name: couchestor
  static_configs: [{targets: ["127.0.0.1:$METRICS_PORT"]}]
YAML
ok "the configuration of the scraper is valid" promtool check config "$WORK/prometheus.yml"
ok "metrics are clean" bash -c 'curl -s "$1" | promtool check metrics' _ \
	"http://127.0.0.1:$METRICS_PORT/metrics"
ok "before Prometheus is there nothing moves" no_orders

prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
	--web.listen-address="127.0.0.1:$PORT" >"$WORK/prometheus.log" 2>&1 &
PROMETHEUS=$!
STARTED+=("$PROMETHEUS")
ok "Prometheus runs" eventually 30 curl -sf "http://127.0.0.1:$PORT/-/ready"
ok "while the window is not covered nothing moves" no_orders
ok "the agent says why" eventually 20 grep -q 'heat unknown (\(sparse\|missing\|stale\))' \
	"$WORK/agent.log"
ok "every rung of the ladder is a question it understands" not logged "[prometheus_query]"
ok "the busy volume goes to the hot tier" eventually 30 grep -q \
	'^migrate volume=1 tier=0' "$FAKE_ORDERS"
ok "the idle volume goes to the cold tier" eventually 30 grep -q \
	'^migrate volume=2 tier=2 preserve=0 verify=1 timeout=1800000 expiry=60000' "$FAKE_ORDERS"
ok "the first rung answered" logged "heat comes from the metrics of 'couchestor'"
ok "both moves are counted" eventually 10 metric_is \
	'couchestor_migrations_total{status="success"}' 2
ok "each moved once" test "$(orders migrate)" = 2
ok "they rest now" eventually 10 metric_at_least 'couchestor_decisions_total{reason="in_place"}' 1

heat_is_near() {
	local heat
	heat=$(metric 'couchestor_volume_heat_iops{pool="tank",volume="busy"}') &&
		awk -v h="$heat" 'BEGIN { print "heat is " h; exit !(h > 320 && h < 480) }'
}
ok "the heat is the rate of reads and writes" eventually 5 heat_is_near
ok "metrics are clean with volumes in them" bash -c 'curl -s "$1" | promtool check metrics' _ \
	"http://127.0.0.1:$METRICS_PORT/metrics"

# A Prometheus that stops scraping still answers: its samples grow old.
before=$(orders migrate)
kill -TERM "$PROMETHEUS"
wait "$PROMETHEUS"
ok "without Prometheus every heat is unknown" eventually 10 metric_is \
	'couchestor_volumes{heat="unknown"}' 2
ok "and readiness says so" bash -c 'curl -s "$1" | grep -q "^heat unknown: prometheus_connection"' \
	_ "http://127.0.0.1:$HEALTH_PORT/readyz"
ok "and nothing moves" test "$(orders migrate)" = "$before"
ok "it stops cleanly" stop_agent
finish
