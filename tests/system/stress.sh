#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Everything at the same time: volumes come and go, are written, read, discarded
# and moved, legs fail and return, the pool is suspended and checkpointed. Made
# for kernels that watch locks and memory.
. "$(dirname "$0")/common.sh"

TIME=${COUCHE_STRESS_SECONDS:-30}
seed_init
module_load
legs meta:32 meta:32 hot:96 hot:96 cold:48 cold:48 cold:48 cold:48
must pool_format hot 1+1 cold 2+2
END=$((SECONDS + TIME))
PIDS=()

busy() {
	[ "$SECONDS" -lt "$END" ]
}

background() {
	"$@" >>"/tmp/stress-$1-$2" 2>&1 &
	PIDS+=($!)
}

# A volume is made, filled, checked, moved, checked, discarded and removed. What
# must not happen leaves a line with "wrong" in it.
life() {
	local id=$1 rounds=0 output
	while busy; do
		# A suspended pool takes no orders: not at once, then.
		{ eventually 20 message create_volume "$id" 16384 "stress-$id" && volume_open "$id" 8; } || { echo "wrong: create"; return; }
		stamp fill "/dev/mapper/vol$id" "$((id + rounds))" || echo "wrong: fill"
		message migrate "$id" 0 0 cold
		output=$(stamp check "/dev/mapper/vol$id" "$((id + rounds))")
		[ "$(counts_of "$output" good)" = 2048 ] || echo "wrong: $output"
		message migrate "$id" 0 0 hot
		stamp fill "/dev/mapper/vol$id" "$((id + rounds + 1))" 0 512 || echo "wrong: fill"
		blkdiscard -o 4194304 -l 2097152 "/dev/mapper/vol$id" || echo "wrong: discard"
		output=$(stamp check "/dev/mapper/vol$id" "$((id + rounds + 1))" 0 512)
		[ "$(counts_of "$output" good)" = 512 ] || echo "wrong: $output"
		volume_close "$id" || { echo "wrong: close"; return; }
		eventually 20 message remove_volume "$id" || { echo "wrong: remove"; return; }
		rounds=$((rounds + 1))
	done
	echo "rounds $rounds"
}

suspender() {
	while busy; do
		dmsetup suspend "$POOL" && dmsetup resume "$POOL" || echo "wrong: suspend"
		message checkpoint
		dmsetup status
		couchectl leg list -o json
		eventually 1 false
	done
}

breaker() {
	local leg
	while busy; do
		for leg in 3 5 1 6; do
			message fail_leg $leg
			eventually 1 false
			message restore_leg $leg
			eventually 10 is AAAAAAAA pool_legs
		done
	done
}

for id in 1 2 3 4; do
	background life $id
done
background suspender 0
background breaker 0
ended() {
	local pid
	for pid in "${PIDS[@]}"; do
		! kill -0 "$pid" 2>/dev/null || return
	done
}
ok "all of it comes to its end" eventually $((TIME + 120)) ended
for id in 1 2 3 4; do
	ok "volume $id never held wrong data nor was refused" not grep -B 3 wrong "/tmp/stress-life-$id"
	echo "# $(tail -n 1 "/tmp/stress-life-$id")"
	ok "volume $id lived" grep -q '^rounds [1-9]' "/tmp/stress-life-$id"
done
ok "suspending was never refused" not grep wrong /tmp/stress-suspender-0
for leg in 1 3 5 6; do
	message restore_leg $leg 2>/dev/null
done
ok "all legs are online" eventually 60 is AAAAAAAA pool_legs
nothing_used() {
	message checkpoint && is 0 pool_used hot && is 0 pool_used cold
}
ok "all space is free" eventually 30 nothing_used
ok "the pool goes down and the module with it" all pool_remove AND eventually 10 rmmod dm_couche
finish
