#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: demo-guest.sh PROMETHEUS-URL plain|bold START
#
# The half of the demo that runs in the virtual machine. Prints what it does as
# a person would type it. Waits for conditions, never for time; the first thing
# that goes wrong ends it with the reason in $COUCHE_WORK/failure.
set -uo pipefail

PROMETHEUS=$1
STYLE=$2
# When the demo began, in seconds since the epoch.
START=$3
DEMO=$COUCHE_TOP/tests/demo
METRICS=http://127.0.0.1:8080/metrics
export PROMETHEUS
AGENT_LOG=/run/couchestor.log
READER_LOG=/run/reader.log
# As demo.sh hands them in.
read -ra disks <<<"$COUCHE_DISKS"
META=${disks[0]}
HOT=${disks[1]}
COLD=${disks[*]:2:6}
SOURCE=${disks[8]}
agent_pid=
reader_pid=
number=0

die() {
	echo "$*" >"$COUCHE_WORK/failure"
	echo
	echo "  What the agent said last:"
	tail -n 20 "$AGENT_LOG" 2>/dev/null | sed 's/^/    /'
	echo "  What the kernel said last:"
	dmesg | grep -v virtio | tail -n 20 | sed 's/^/    /'
	exit 1
}

# chapter TITLE SENTENCE...
chapter() {
	local title=$1
	shift
	number=$((number + 1))
	if [ "$STYLE" = bold ]; then
		title=$'\e[1m'"$title"$'\e[0m'
	fi
	printf '\n%d. %s  [%d s]\n' "$number" "$title" "$((EPOCHSECONDS - START))"
	printf '%s\n' "$*" | fold -s -w 74 | sed 's/^/   /; s/ *$//'
}

prompt() {
	printf '\n   # %s\n' "$*"
}

indent() {
	sed -u 's/^/   /'
}

# run COMMAND: as typed at a prompt; must succeed.
run() {
	prompt "$1"
	bash -o pipefail -c "$1" 2>&1 | indent || die "failed: $1"
}

# refused COMMAND: must fail, with a reason.
refused() {
	prompt "$1"
	bash -o pipefail -c "$1" 2>&1 | indent && die "not refused: $1"
}

# wait_for SECONDS WHAT COMMAND...: until it succeeds.
wait_for() {
	local deadline=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || die "$what"
		if [ -n "$agent_pid" ] && ! kill -0 "$agent_pid" 2>/dev/null; then
			die "the agent ended by itself"
		fi
		sleep 0.5
	done
}

# What the volume is asked to do, in operations a second, as the agent sees it.
heat() {
	curl -sf "$METRICS" | awk '/^couchestor_volume_heat_iops/ { print $2; n = 1 } END { exit !n }'
}

heat_above() {
	heat | awk -v mark="$1" '{ exit !($1 > mark) }'
}

agent_says() {
	grep -q "$1" "$AGENT_LOG"
}

# The agent's own words without the date.
show_agent() {
	tail -n "+$(($1 + 1))" "$AGENT_LOG" | sed 's/^[^ ]*T\([0-9:]*\)[^ ]* /\1 /' | indent
	agent_lines=$(wc -l <"$AGENT_LOG")
}

migration() {
	couchectl migrate list demo -o json | jq -er ".migrations[0].$1"
}

reads_round() {
	couchectl volume list demo -o json | jq -er '.volumes[0].degraded_reads'
}

lines_of() {
	wc -l <"$1"
}

more_lines_than() {
	[ "$(lines_of "$2")" -gt "$1" ]
}

# Reads all files in turn, past the cache; an error ends it.
read_files() {
	local file
	trap 'exit 0' TERM
	while :; do
		while IFS= read -r -d '' file; do
			dd if="$file" of=/dev/null bs=128k iflag=direct status=none || exit 1
			echo "$file" >>"$READER_LOG"
		done < <(find /files -type f -print0)
	done
}

start_reader() {
	prompt "while :; do find /files -type f -exec dd iflag=direct if={} of=/dev/null ';'; done &"
	: >"$READER_LOG"
	read_files 2>"$READER_LOG.errors" &
	reader_pid=$!
}

check_reader() {
	kill -0 "$reader_pid" 2>/dev/null || die "the reader failed: $(cat "$READER_LOG.errors")"
}

stop_reader() {
	check_reader
	kill -TERM "$reader_pid"
	wait "$reader_pid" || die "the reader failed: $(cat "$READER_LOG.errors")"
	prompt "kill %while"
}

chapter "A machine with eight empty disks" \
	"The kernel is Debian's own; CoucheStor is one module for it, a tool and an agent."
run "uname -sr"
run "modprobe dm-mod; insmod build/module-$COUCHE_KERNEL/dm-couche.ko; dmesg | grep -o 'dm_couche: codec.*'"
run "lsblk -d -o NAME,SIZE,TYPE $META $HOT $COLD"

chapter "A pool and a volume" \
	"One disk holds metadata, one is the hot tier, six are the cold tier, where four shards of data and two of parity stand any two losses."
run "couchectl pool create demo --meta $META --hot $HOT --cold $COLD"
run "couchectl volume create demo/files --size 512MiB"
run "mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 /dev/mapper/demo-files"
mount -r "$SOURCE" /media || die "the disk with the files cannot be mounted"
run "mkdir -p /files; mount -o noatime /dev/mapper/demo-files /files"

chapter "Files arrive, and somebody uses them" \
	"$(grep -c . /media/SHA256SUMS) files of your machine, $(du -sh /media/files | cut -f1), are copied. New data lands on the hot tier."
run "cp -r /media/files/. /files/; sync"
run "couchectl volume list demo"
start_reader

chapter "The agent" \
	"It reads from Prometheus how busy a volume is, compares that with a policy, and tells the kernel what should live where."
run "grep -E 'WatermarkIOPS: [1-9]|samplingWindow|verify|Shards' tests/demo/policy.yaml"
prompt "couchestor --policy-file policy.yaml --prometheus-url $PROMETHEUS &"
couchestor --policy-file "$DEMO/policy.yaml" --prometheus-url "$PROMETHEUS" \
	--sync-poll-interval-seconds 1 >"$AGENT_LOG" 2>&1 &
agent_pid=$!
wait_for 90 "the agent never saw how busy the volume is" agent_says 'IOPS, hot: '
show_agent 0
stop_reader

chapter "They go cold" \
	"The reader stops, so the average over the window falls. Below 1 operation a second the agent orders the move."
echo
deadline=$((SECONDS + 120))
last=
until migration id >/dev/null 2>&1; do
	now=$(heat)
	if [ "$now" != "$last" ]; then
		printf '   %6.1f operations a second\n' "$now"
		last=$now
	fi
	[ "$SECONDS" -lt "$deadline" ] || die "the agent ordered no move within 120 s"
	kill -0 "$agent_pid" 2>/dev/null || die "the agent ended by itself"
	sleep 1
done
id=$(migration id)
run "couchectl migrate wait demo $id"
wait_for 30 "the agent did not see the end of its move" agent_says 'demo/files: moved from hot to cold'
show_agent "$agent_lines"

chapter "Where everything is" \
	"Every extent is four shards of data and two of parity on six disks. The hot tier is free again."
run "couchectl volume status demo/files"
couchectl volume list demo -o json |
	jq -e '.volumes[0].tier_bytes | .cold > 9 * .hot' >/dev/null ||
	die "the files are not on the cold tier"
run "couchectl pool status demo | sed -n '/TIER/,/^\$/p'"
couchectl pool status demo -o json | jq -r '.pools[0].tiers | if type == "object" then .cold else (.[] | select(.tier == "cold")) end |
	"   Cold tier: \(.used_bytes / 1048576 | round) MiB of data on \(.raw_used_bytes / 1048576 | round) MiB of disk, \(.raw_used_bytes / .used_bytes * 100 | round / 100) times.",
	"   Mirrors that stand two losses would need 3 times."' || die "no numbers in couchectl pool status -o json"

chapter "Two disks die while files are read" \
	"A reader goes through all files without a cache; two cold legs are failed under it. A third would cost data, so it is refused."
start_reader
wait_for 60 "the reader reads nothing" more_lines_than 3 "$READER_LOG"
run "couchectl leg fail demo ${disks[3]}"
run "couchectl leg fail demo ${disks[6]}"
refused "couchectl leg fail demo ${disks[7]}"
before=$(lines_of "$READER_LOG")
wait_for 60 "the reader hangs" more_lines_than $((before + 3)) "$READER_LOG"
check_reader
show_agent "$agent_lines"
run "couchectl pool status demo || [ \$? = 5 ]"

chapter "Every byte is still there" \
	"The page cache is dropped, so each block comes from the four disks of its stripe that are left, and is compared with the checksums taken before."
run "echo 3 >/proc/sys/vm/drop_caches; cd /files && sha256sum --check --quiet /media/SHA256SUMS && echo all \$(grep -c . /media/SHA256SUMS) checksums match"
check_reader
stop_reader
rounds=$(reads_round) || die "no degraded_reads in couchectl volume list -o json"
[ "$rounds" -gt 0 ] || die "no read went round a lost disk: the disks were not lost"
echo "   The reader read $(lines_of "$READER_LOG") files without an error; $rounds reads were computed from parity."

chapter "The disks come back" \
	"A leg that returns is taken in again; then everything is put away in order."
run "couchectl leg restore demo ${disks[3]}; couchectl leg restore demo ${disks[6]}"
wait_for 60 "the legs are not taken in again" couchectl pool status demo
run "couchectl pool status demo | head -n 2"
prompt "kill %couchestor"
kill -TERM "$agent_pid"
wait "$agent_pid" || die "the agent did not end well: status $?"
agent_pid=
run "umount /files; fsck.ext4 -fn /dev/mapper/demo-files"
run "couchectl pool export demo"
run "couchectl pool import"
