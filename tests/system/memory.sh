#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Allocations fail, of slabs and of pages: one after another of an activation, the
# opening of a volume and orders; and at random under reads, writes, commits,
# migrations, scrubs, destaging and rebuilds. Only those that the module makes,
# itself or by a call of its own, whoever the process is: others say nothing of
# it. What fails may fail; nothing acknowledged is lost, no byte is wrong, nothing
# hangs (I10), and once there is memory again all of it works. Leaks are reported
# when the machine ends (kmemleak), which is why the module is removed before.
#
# COUCHE_MEMORY_ROUNDS says how many rounds under load; COUCHE_SEED repeats them.
. "$(dirname "$0")/common.sh"

SIZE=2
ROUNDS=${COUCHE_MEMORY_ROUNDS:-2}
MANY=1000000
DEBUG=/sys/kernel/debug
BLOCKS=$((SIZE * 256))
V=/dev/mapper/vol1
ALL=AAAAAAAA
SEGMENT=2048
seed_init
module_load
[ -e $DEBUG/failslab/require-start ] || skip_all "this kernel cannot fail allocations by caller"

# --- words --------------------------------------------------------------------------

knob() {
	local kind
	for kind in failslab fail_page_alloc; do
		echo "$2" >"$DEBUG/$kind/$1" || return
	done
}

# text_of_module: where its functions are
text_of_module() {
	awk '$4 == "[dm_couche]" && tolower($2) == "t" { print $1 }' /proc/kallsyms | sort
}

inject_init() {
	local text
	text=$(text_of_module)
	knob require-start "0x$(head -n 1 <<<"$text")" && knob require-end "0x$(tail -n 1 <<<"$text")" &&
		knob stacktrace-depth 32 && knob interval 1 && knob verbose 0 && knob task-filter 0 &&
		knob ignore-gfp-wait 0 && knob times $MANY && knob probability 0 &&
		echo 0 >$DEBUG/fail_page_alloc/min-order && echo 0 >$DEBUG/fail_page_alloc/ignore-gfp-highmem
}

# injected: how many allocations have failed so far
injected() {
	echo $((2 * MANY - $(cat $DEBUG/failslab/times) - $(cat $DEBUG/fail_page_alloc/times)))
}

# Legs that have all their pages, and keep them, allocate nothing.
null_create() {
	local dir=/sys/kernel/config/nullb/$1
	mkdir "$dir" && echo "$2" >"$dir/size" && echo 4096 >"$dir/blocksize" &&
		echo 1 >"$dir/memory_backed" && echo 0 >"$dir/irqmode" && echo 1 >"$dir/power" &&
		dd if=/dev/zero of="/dev/$1" bs=1M count="$2" oflag=direct status=none
}

# nth N COMMAND...: its Nth allocation in the module fails.
nth() {
	# shellcheck disable=SC2016 # its own words
	timeout -k 5 60 bash -c 'echo "$1" >/proc/self/fail-nth; shift; exec "$@"' - "$@" \
		>/dev/null 2>&1
}

# each_fails LIMIT UNDO COMMAND...: its first LIMIT allocations fail in turn, and
# some of those behind; UNDO after each time that it succeeded.
each_fails() {
	local limit=$1 undo=$2 n=1 before
	shift 2
	while :; do
		before=$(injected)
		if nth $n "$@"; then
			$undo || { echo "$n: then $undo fails"; return 1; }
		fi
		[ "$(injected)" != "$before" ] || break
		[ $n -lt "$limit" ] && n=$((n + 1)) || n=$((n * 5 + RANDOM % 9))
	done
	echo "# dmsetup $2 ${*:5:1}: the first $((n < limit ? n - 1 : limit)) of fewer than $n allocations" >>/tmp/turns
}

# --- each allocation in turn -----------------------------------------------------------

legs meta:8 meta:8 hot:5 hot:5 cold:4 cold:4 cold:4 cold:4
must inject_init
must pool_format hot 1+1 cold 2+1 data_journal 2048 destage_interval 1
must volume_create 1 $SIZE
must stamp fill $V 1
must migrate 1 cold
must stamp fill $V 1 3 5
must volume_close 1
must pool_remove
ok "a pool whose activation runs out of memory" each_fails 4 pool_remove \
	dmsetup create $POOL --table "$(pool_table)"
ok "starts when there is some" pool_create
ok "a volume that cannot be opened" each_fails 3 "volume_close 1" \
	dmsetup create vol1 --table "0 $((SIZE * 2048)) couche /dev/mapper/$POOL 1"
must volume_open 1 $SIZE
orders() {
	each_fails 5 "message remove_volume 2" dmsetup message $POOL 0 create_volume 2 4096 second &&
		each_fails 6 true dmsetup message $POOL 0 migrate 1 0 0 cold &&
		each_fails 6 true dmsetup message $POOL 0 fail_leg 5
}
ok "orders that run out of memory" orders
cat /tmp/turns
message restore_leg 5 2>/dev/null
ok "nothing of it is left behind" all eventually 30 is $ALL pool_legs AND is rw pool_mode AND \
	stamp check $V 1
must stamp fill $V 1


# --- at random, under load -------------------------------------------------------------------

FAILURES=0
maybe() {
	timeout -k 5 60 "$@" >/dev/null 2>&1 || FAILURES=$((FAILURES + 1))
}

# Every block is right, or cannot be read.
right_or_error() {
	local output word
	output=$(timeout -k 5 60 "$STAMP" check $V "$1")
	[ -n "$output" ] || { echo "reading hangs"; return 1; }
	[ "$(counts_of "$output" unread)" = 0 ] || FAILURES=$((FAILURES + 1))
	for word in zeros foreign garbage; do
		[ "$(counts_of "$output" $word)" = 0 ] || { echo "$output"; return 1; }
	done
}

# load ROUND TIER PERCENT
load() {
	local seed=$(($1 + 1)) leg=$((4 + $1 % 4)) first acked=()
	knob probability "$3"
	maybe dmsetup message $POOL 0 migrate 1 0 0 "$2"
	right_or_error $((seed - 1)) || return
	for ((first = 0; first < BLOCKS; first += 61)); do
		if timeout -k 5 60 "$STAMP" fill $V $seed $first $((RANDOM % 61 + 1)) >/dev/null 2>&1; then
			acked+=("$first")
		else
			FAILURES=$((FAILURES + 1))
		fi
		[ $((first % 2)) != 0 ] || maybe dmsetup message $POOL 0 scrub start
		[ $first != 122 ] || maybe dmsetup message $POOL 0 fail_leg $leg
		[ $first != 244 ] || maybe dmsetup message $POOL 0 restore_leg $leg
		[ $((first % 3)) != 0 ] || maybe dmsetup message $POOL 0 flush
	done
	maybe dmsetup message $POOL 0 checkpoint
	maybe dmsetup message $POOL 0 migrate 1 0 0 "$2"
	knob probability 0
	for first in "${acked[@]}"; do
		stamp check $V $seed "$first" 1 || return
	done
	echo "# $3 %: ${#acked[@]} of $(((BLOCKS + 60) / 61)) writes acknowledged" >>/tmp/loads
	message restore_leg $leg 2>/dev/null
	eventually 60 is $ALL pool_legs && stamp fill $V $seed && migrate 1 "$2" && stamp check $V $seed
}

BEFORE=$(injected)
for ((round = 1; round <= ROUNDS; round++)); do
	[ $((round % 2)) = 0 ] && tier=hot || tier=cold
	ok "round $round: all goes on while allocations fail, and then to $tier (I1, I2, I10)" \
		load $round $tier $((RANDOM % 40 + 5))
done
cat /tmp/loads
echo "# $(($(injected) - BEFORE)) allocations failed, $FAILURES reads, writes and orders with them"
ok "hundreds of allocations failed" above 300 injected
ok "the pool is whole" all is rw pool_mode AND is $ALL pool_legs
ok "a scrub finds nothing" all message scrub start AND eventually 60 is "done" pool_field 17 AND \
	is 0/0 pool_field 19
must volume_close 1
must pool_remove
ok "it starts again, with all of it" all pool_create AND volume_open 1 $SIZE AND \
	stamp check $V $((ROUNDS + 1))
must volume_close 1
must pool_remove
ok "the module goes" eventually 10 rmmod dm_couche
ok "locks and leaks are still watched" not logged_ever 'leak detector disabled|ODEBUG disabled|turning off the locking'
finish
