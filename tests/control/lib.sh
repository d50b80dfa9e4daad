# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests that source this use the variables
#
# What the tests of the agent share. Sourced, never run. Each test works in a
# directory and a network of its own and ends only what it started.

set -u

# Nothing that runs beside the test can take its ports, then; and the ones
# that clients get of the kernel are others.
if [ -z "${COUCHE_OWN_NETWORK:-}" ]; then
	if [ "$EUID" -eq 0 ]; then
		COUCHE_OWN_NETWORK=yes exec unshare --net "$0" "$@"
	fi
	COUCHE_OWN_NETWORK=yes exec unshare --map-root-user --net "$0" "$@"
fi
ip link set lo up
PORT=9090			# of what is, or plays, Prometheus
OTHER_PORT=9091
METRICS_PORT=9200		# of the agent; start_agent() takes the next ones
HEALTH_PORT=9201

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
AGENT=$TOP/build/couchestor
REPLAY=$TOP/build/control/couchestor-replay
REPLAY_PLAIN=$TOP/build/control/couchestor-replay-plain
WORK=$(mktemp -d)
STARTED=()
COUNT=0
FAILED=0

export FAKE_KERNEL=$WORK/kernel.json
export FAKE_ORDERS=$WORK/orders
export ASAN_OPTIONS=detect_leaks=1
: >"$FAKE_ORDERS"
unset PROMETHEUS_URL MAX_CONCURRENT_MIGRATIONS MIGRATION_TIMEOUT_MINUTES \
	SYNC_POLL_INTERVAL_SECONDS DRY_RUN PRESERVATION_MODE MAYASTOR_NAMESPACE \
	METRICS_ADDR HEALTH_ADDR LOG_LEVEL LOG_JSON POLICY_FILE MODE STATE_DIRECTORY \
	NOTIFY_SOCKET http_proxy HTTP_PROXY all_proxy ALL_PROXY

cleanup() {
	local pid
	for pid in "${STARTED[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$WORK"
}
trap cleanup EXIT

# ok NAME COMMAND...: one TAP line; says what the command printed if it failed.
ok() {
	local name=$1 output
	shift
	COUNT=$((COUNT + 1))
	if output=$("$@" 2>&1); then
		echo "ok $COUNT - $name"
	else
		echo "not ok $COUNT - $name"
		echo "# $*"
		printf '%s\n' "$output" | sed 's/^/#   /'
		[ ! -s "$WORK/agent.log" ] || tail -n 15 "$WORK/agent.log" | sed 's/^/# agent: /'
		FAILED=1
	fi
}

finish() {
	echo "1..$COUNT"
	exit $FAILED
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# not COMMAND...: a function, because "!" is a keyword.
not() {
	! "$@"
}

# eventually SECONDS COMMAND...: polls until the command succeeds.
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			"$@"
			return
		fi
		sleep 0.1
	done
}

build_replay() {
	make -s -C "$TOP" build/control/couchestor-replay \
		build/control/couchestor-replay-plain >"$WORK/make.log" 2>&1 || {
		sed 's/^/# /' "$WORK/make.log"
		echo "Bail out! the agent on a recorded kernel does not build"
		exit 1
	}
}

# start_agent PROGRAM ARGS...: in the background, on other ports than the last
# one, polling fast.
start_agent() {
	local program=$1
	shift
	METRICS_PORT=$((METRICS_PORT + 2))
	HEALTH_PORT=$((HEALTH_PORT + 2))
	rm -f "$WORK/agent.status"
	{
		"$program" --metrics-addr "127.0.0.1:$METRICS_PORT" \
			--health-addr "127.0.0.1:$HEALTH_PORT" \
			--sync-poll-interval-seconds 1 "$@" 2>>"$WORK/agent.log" &
		echo $! >"$WORK/agent.pid"
		wait $!
		echo $? >"$WORK/agent.status"
	} &
	eventually 10 test -s "$WORK/agent.pid"
	AGENT_PID=$(cat "$WORK/agent.pid")
	rm "$WORK/agent.pid"
	STARTED+=("$AGENT_PID")
	eventually 10 curl -sf "http://127.0.0.1:$HEALTH_PORT/healthz"
}

# stop_agent: SIGTERM; succeeds if it ends with status 0 within 5 seconds.
stop_agent() {
	kill -TERM "$AGENT_PID"
	eventually 5 test -s "$WORK/agent.status" || return
	[ "$(cat "$WORK/agent.status")" = 0 ]
}

metric() {
	curl -s "http://127.0.0.1:$METRICS_PORT/metrics" |
		awk -v series="$1" '$1 == series { print $2; found = 1 } END { exit !found }'
}

# metric_is SERIES VALUE
metric_is() {
	local value
	value=$(metric "$1") || {
		echo "no series $1"
		return 1
	}
	[ "$value" = "$2" ] || {
		echo "$1 is $value, not $2"
		return 1
	}
}

# metric_at_least SERIES VALUE
metric_at_least() {
	local value
	value=$(metric "$1") && [ "$value" -ge "$2" ]
}

status_of() {
	curl -s -o /dev/null -w '%{http_code}' "$@"
}

# status_is CODE CURL-ARGS...
status_is() {
	local want=$1 got
	shift
	got=$(status_of "$@")
	[ "$got" = "$want" ] || {
		echo "HTTP status $got, not $want"
		return 1
	}
}

logged() {
	grep -qF -- "$1" "$WORK/agent.log"
}

orders() {
	grep -c "^$1" "$FAKE_ORDERS"
}

# no_orders: nothing was ever asked of the kernel.
no_orders() {
	[ ! -s "$FAKE_ORDERS" ] || {
		cat "$FAKE_ORDERS"
		return 1
	}
}

# write_kernel JQ-FILTER: the recorded kernel, changed by the filter.
#
# One pool with a hot tier and a cold tier of 4+2 over six legs; a volume
# "busy" on the cold tier and a volume "idle" on the hot one.
write_kernel() {
	jq "${1:-.}" >"$FAKE_KERNEL.new" <<'JSON'
{
  "loaded": true,
  "migration_ms": 500,
  "migration_end": "done",
  "refuse": "",
  "pools": [
    {
      "name": "tank",
      "uuid": "11111111-2222-3333-4444-555555555555",
      "degraded": false,
      "read_only": false,
      "tiers": [
        { "k": 1, "m": 0, "sectors": 4194304, "used": 65536 },
        { "k": 0, "m": 0, "sectors": 0, "used": 0 },
        { "k": 4, "m": 2, "sectors": 12582912, "used": 65536 }
      ]
    }
  ],
  "legs": [
    { "pool": "tank", "index": 0, "role": 0, "state": 1 },
    { "pool": "tank", "index": 1, "role": 1, "state": 1 },
    { "pool": "tank", "index": 2, "role": 3, "state": 1 },
    { "pool": "tank", "index": 3, "role": 3, "state": 1 }
  ],
  "volumes": [
    {
      "pool": "tank", "id": 1, "name": "busy", "generation": 7, "sectors": 65536,
      "uuid": "aaaaaaaa-0000-0000-0000-000000000001",
      "tier_extents": [0, 0, 32], "reads_per_second": 300, "writes_per_second": 100
    },
    {
      "pool": "tank", "id": 2, "name": "idle", "generation": 3, "sectors": 65536,
      "uuid": "aaaaaaaa-0000-0000-0000-000000000002",
      "tier_extents": [32, 0, 0], "reads_per_second": 0, "writes_per_second": 0
    }
  ]
}
JSON
	mv "$FAKE_KERNEL.new" "$FAKE_KERNEL"
}

# write_policy LINES: a policy with short windows and further lines in its spec.
write_policy() {
	cat >"$WORK/policy.yaml" <<YAML
apiVersion: storage.billyronks.io/v1
kind: StoragePolicy
metadata:
  name: test
spec:
  volumes: ["tank/*"]
  highWatermarkIOPS: 200
  warmWatermarkIOPS: 0
  lowWatermarkIOPS: 10
  samplingWindow: 10s
  cooldownPeriod: 1h
  ecMinVolumeSizeBytes: 1048576
$(printf '%s\n' "$@" | sed 's/^/  /')
YAML
}
