#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2119 # scripts for bash -c; functions with defaults
#
# The command line, the variables, the policy file at start and the servers of
# the installed agent, without a kernel module.

# shellcheck source=tests/control/lib.sh
. "$(dirname "$0")/lib.sh"

[ -x "$AGENT" ] || skip_all "build the agent first: make agent"
if [ -e /sys/module/dm_couche ]; then
	skip_all "dm-couche is loaded here"
fi

# refused TEXT COMMAND...: status 2 and one line that holds the text.
refused() {
	local want=$1 output status
	shift
	output=$("$@" 2>&1)
	status=$?
	printf 'status %s\n%s\n' "$status" "$output"
	[ "$status" = 2 ] && [ "$(wc -l <<<"$output")" = 1 ] && grep -qF -- "$want" <<<"$output"
}

# completes WORD COMMAND-LINE...
# shellcheck source=/dev/null
. "$TOP/tools/completion/couchestor"
couchestor() {
	"$AGENT" "$@"
}
completes() {
	COMP_WORDS=("${@:2}")
	COMP_CWORD=$(($# - 2))
	_couchestor
	printf '%s\n' "${COMPREPLY[@]}" | grep -qx -- "$1"
}

ok "--version says the version" bash -c '"$1" --version | grep -q "^couchestor [0-9]"' _ "$AGENT"
for flag in prometheus-url max-concurrent-migrations migration-timeout-minutes \
	sync-poll-interval-seconds dry-run preservation-mode mayastor-namespace metrics-addr \
	health-addr log-level log-json policy-file mode; do
	variable=$(tr 'a-z-' 'A-Z_' <<<"$flag")
	ok "--help names --$flag and $variable" bash -c \
		'"$1" --help | grep -A1 -- "--$2 " | grep -q "\[$3, default: "' _ "$AGENT" \
		"$flag" "$variable"
	ok "--$flag completes" completes "--$flag" couchestor "--${flag:0:3}"
done
ok "so do values that are words" completes controller couchestor --mode c
ok "others do not" not completes '..*' couchestor --metrics-addr ""
ok "a bad number is refused" refused \
	"--max-concurrent-migrations: '0' is not allowed, must be a whole number from 1 to 1000" \
	"$AGENT" --max-concurrent-migrations 0
ok "a bad variable is refused by its name" refused "--log-level (from LOG_LEVEL): 'loud'" \
	env LOG_LEVEL=loud "$AGENT"
ok "a bad address is refused" refused "--metrics-addr: 'localhost:80'" \
	"$AGENT" --metrics-addr localhost:80
ok "a bad URL is refused" refused "--prometheus-url: 'ftp://x'" "$AGENT" --prometheus-url=ftp://x
ok "an unknown option is refused" refused "'--frobnicate' is not an option" "$AGENT" --frobnicate
ok "a missing value is refused" refused "--mode: needs a value" "$AGENT" --mode

controller_says_why() {
	"$AGENT" --mode controller 2>"$WORK/controller.log"
	[ $? = 1 ] && grep -q "needs a cluster" "$WORK/controller.log"
}
ok "a controller without a cluster says so" controller_says_why

bad_policy() {
	printf '%s\n' "$1" >"$WORK/bad.yaml"
	"$AGENT" --policy-file "$WORK/bad.yaml" 2>"$WORK/bad.log"
	[ $? = 1 ] && cat "$WORK/bad.log" && [ "$(wc -l <"$WORK/bad.log")" = 1 ] &&
		grep -qF "$WORK/bad.yaml:$2" "$WORK/bad.log"
}
ok "a broken policy file keeps it from starting" bad_policy \
	'apiVersion: storage.billyronks.io/v1
kind: StoragePolicy
metadata: {name: x}
spec:
  highWatermarkIOPS: many' "5:22: spec.highWatermarkIOPS: is 'many', must be a whole number"
ok "so does one that is not YAML" bad_policy 'a: [' "2:1: not YAML"

write_policy
start_agent "$AGENT" --policy-file "$WORK/policy.yaml" --prometheus-url "http://127.0.0.1:$PORT" \
	--log-json
HEALTH=http://127.0.0.1:$HEALTH_PORT METRICS=http://127.0.0.1:$METRICS_PORT

ok "/healthz is fine without the module" status_is 200 "$HEALTH/healthz"
ok "/readyz is not" status_is 503 "$HEALTH/readyz"
ok "and says what to do" bash -c 'curl -s "$1" | grep -q "modprobe dm-couche"' _ "$HEALTH/readyz"
ok "/metrics is clean" bash -c 'curl -s "$1" | promtool check metrics' _ "$METRICS/metrics"
ok "/metrics has the right type" bash -c 'curl -sI "$1" |
	grep -qi "^content-type: text/plain; version=0.0.4; charset=utf-8"' _ "$METRICS/metrics"
for series in couchestor_reconcile_total couchestor_active_migrations \
	couchestor_ec_reconstructions_total 'couchestor_ec_stripes{state="healthy"}' \
	'couchestor_migrations_total{status="success"}' \
	'couchestor_migrations_total{status="failed"}' \
	'couchestor_migrations_total{status="aborted"}'; do
	ok "/metrics has $series" metric_is "$series" 0
done
ok "another path is not found" status_is 404 "$METRICS/"
ok "another method is not allowed" status_is 405 -X POST -d x "$METRICS/metrics"
ok "HEAD is" status_is 200 -I "$HEALTH/healthz"
ok "a second agent on the same port is refused with the reason" bash -c \
	'! "$1" --metrics-addr "127.0.0.1:$2" --health-addr "127.0.0.1:1" 2>&1 | grep -q . ||
	"$1" --metrics-addr "127.0.0.1:$2" --health-addr "127.0.0.1:1" 2>&1 |
	grep -q "cannot listen: Address already in use; choose another --metrics-addr"' _ \
	"$AGENT" "$METRICS_PORT"
ok "each log line is JSON" bash -c 'jq -es "length > 0 and all(.message and .time and .level)" "$1"' \
	_ "$WORK/agent.log"
ok "memory is below 128 MiB" bash -c \
	'awk "/VmHWM/ { print; exit \$2 >= 131072 }" "/proc/$1/status"' _ "$AGENT_PID"
ok "the program is below 10 MB" bash -c \
	'strip -o "$1" "$2" && [ "$(stat -c %s "$1")" -lt 10000000 ]' _ "$WORK/stripped" "$AGENT"

# Idle connections must not keep others out for long, nor the agent up.
for _ in $(seq 20); do
	# shellcheck disable=SC2034 # kept open on purpose
	exec {fd}<>"/dev/tcp/127.0.0.1/$HEALTH_PORT"
done
ok "connections that say nothing are dropped in time" eventually 15 status_is 200 "$HEALTH/healthz"
ok "a term signal ends it in seconds with status 0" stop_agent
finish
