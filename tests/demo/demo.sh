#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: demo.sh
#
# Watch files move to a cold tier, lose two disks and come back. This half runs
# on the host: it gathers files, starts a Prometheus on the loopback interface
# and a virtual machine, and ends both. demo-guest.sh is the other half.
# Everything lives in build/demo; the logs stay there when something fails.
set -euo pipefail

. "$(dirname "$0")/../env/lib.sh"

DEMO=$COUCHE_TOP/tests/demo
WORK=$COUCHE_TOP/build/demo
KERNEL=6.1
FILES_MIB=${COUCHE_DEMO_MIB:-240}
LEG_SIZE=1G
LEGS=(meta hot cold0 cold1 cold2 cold3 cold4 cold5)

START=$EPOCHSECONDS
prometheus_pid=
machine_pid=

stop() {
	local pid=$1
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2>/dev/null || return 0
	wait "$pid" 2>/dev/null || true
}

cleanup() {
	trap '' INT TERM HUP
	stop "$machine_pid"
	stop "$prometheus_pid"
	rm -rf "$WORK"/*.img "$WORK"/source "$WORK"/prometheus
}

fail() {
	[ ! -s "$WORK/prometheus.log" ] || grep -E 'level=(warn|error)' "$WORK/prometheus.log" |
		tail -n 5 | sed 's/^/    prometheus: /'
	printf '\nlogs: %s\ndemo: FAILED: %s\n' "$WORK" "$1"
	exit 1
}

interrupted() {
	printf '\ndemo: FAILED: interrupted\n'
	exit 1
}

# The largest files of this machine that are no larger than 3 MiB.
list_files() {
	find /usr/bin /usr/lib /usr/share -xdev -type f -readable -size +64k -size -4M \
		-printf '%s %P %H\n' 2>/dev/null | sort -k1,1rn -k2 |
		awk -v left=$((FILES_MIB << 20)) '
			NF == 3 && left >= $1 { left -= $1; print $3 "/" $2 }'
}

gather_files() {
	mkdir -p "$WORK/source/files"
	list_files | xargs -r cp --parents -t "$WORK/source/files"
	(
		cd "$WORK/source/files"
		find . -type f -print0 | sort -z | xargs -0 sha256sum
	) >"$WORK/source/SHA256SUMS"
	truncate -s $((FILES_MIB * 5 / 4))M "$WORK/source.img"
	mke2fs -q -F -t ext4 -m 0 -d "$WORK/source" "$WORK/source.img"
	rm -rf "$WORK/source"
}

# A port of the loopback interface that nobody listens on.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 10000))
		if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
}

start_prometheus() {
	local port=$1 agent_port=$2 deadline=$((SECONDS + 30))
	sed "s/@AGENT@/127.0.0.1:$agent_port/" "$DEMO/prometheus.yml" >"$WORK/prometheus.yml"
	setpriv --pdeathsig KILL prometheus --config.file="$WORK/prometheus.yml" \
		--storage.tsdb.path="$WORK/prometheus" --log.level=warn \
		--web.listen-address="127.0.0.1:$port" \
		</dev/null >"$WORK/prometheus.log" 2>&1 8>&- &
	prometheus_pid=$!
	until curl -sf "http://127.0.0.1:$port/-/ready" >/dev/null; do
		kill -0 "$prometheus_pid" 2>/dev/null || fail "Prometheus does not start"
		[ "$SECONDS" -lt "$deadline" ] || fail "Prometheus is not ready after 30 s"
		sleep 0.2
	done
}

run_machine() {
	local port=$1 agent_port=$2 leg disks=() status=0
	for leg in "${LEGS[@]}"; do
		truncate -s "$LEG_SIZE" "$WORK/$leg.img"
		disks+=(-d "$WORK/$leg.img:$leg")
	done
	disks+=(-d "$WORK/source.img:source")
	setpriv --pdeathsig TERM "$COUCHE_TOP/tests/env/vm-run.sh" -k "$KERNEL" -m 2G \
		-t 600 -w "$WORK" -p "$agent_port:8080" "${disks[@]}" \
		"$DEMO/demo-guest.sh" "http://10.0.2.2:$port" "$STYLE" "$START" \
		</dev/null 8>&- &
	machine_pid=$!
	wait "$machine_pid" || status=$?
	machine_pid=
	return "$status"
}

[ "$(id -u)" -eq 0 ] || {
	echo "demo: FAILED: run it as root: it installs packages"
	exit 1
}
mkdir -p "$WORK"
exec 8>"$WORK.lock"
flock -n 8 || {
	echo "demo: FAILED: another demo runs in this tree"
	exit 1
}
rm -rf "${WORK:?}"/*
trap cleanup EXIT
trap interrupted INT TERM HUP
STYLE=plain
if [ -t 1 ]; then
	STYLE=bold
fi
"$COUCHE_TOP/tests/env/packages.sh" demo vm

cat <<'TEXT'

  CoucheStor makes one block device out of fast and slow disks. This demo
  copies files to the fast one, lets them go cold, watches them move to six
  slow disks by themselves, loses two of those, and reads every byte back.
  It runs in a virtual machine; nothing of this machine is touched.
TEXT

gather_files
prometheus_port=$(free_port)
agent_port=$(free_port)
start_prometheus "$prometheus_port" "$agent_port"
cat <<TEXT

  Prometheus runs at http://127.0.0.1:$prometheus_port until the demo ends.
  Starting a virtual machine with the stock Debian kernel $KERNEL ...
TEXT
status=0
run_machine "$prometheus_port" "$agent_port" || status=$?
if [ "$status" -ne 0 ]; then
	what="the virtual machine ended with status $status"
	[ ! -s "$WORK/failure" ] || what=$(cat "$WORK/failure")
	fail "$what"
fi
printf '\n  %s s in all.\ndemo: ok\n' "$SECONDS"
