#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is written is read: hot, cold, and while extents move to and fro.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 6 40)
TIME=$(scaled 8 8)
seed_init
module_load
legs meta:32 hot:72 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32
must pool_format
must volume_create 1 "$SIZE"
V=/dev/mapper/vol1

# Migrate the volume to cold and back until told to end, cancelling one now and
# then, and count the rounds.
ping_pong() {
	local id=0 tier=cold
	while [ ! -e /tmp/stop ]; do
		message migrate 1 0 0 $tier && id=$((id + 1))
		if [ $((id % 5)) -eq 0 ]; then
			message cancel $id
		fi
		eventually 5 all_in 1 $tier
		[ $tier = cold ] && tier=hot || tier=cold
		echo $id >/tmp/rounds
	done >/dev/null 2>&1
}

ping_pong_start() {
	rm -f /tmp/stop /tmp/rounds
	ping_pong &
	PONG=$!
}

# ping_pong_end MIGRATIONS: there were that many at least.
ping_pong_end() {
	touch /tmp/stop
	wait $PONG
	[ "$(cat /tmp/rounds)" -ge "$1" ] || { echo "only $(cat /tmp/rounds) migrations"; return 1; }
}

mixed() {
	verify $V --rw=randrw --bssplit=4k/40:8k/10:64k/20:128k/10:132k/10:1m/10 \
		--blockalign=4k --time_based --runtime="$TIME" --verify_backlog=64 "$@"
}

ok "random 4k over hot" verify $V --rw=randwrite --bs=4k
ok "sequential 1M over hot" verify $V --rw=write --bs=1M
ok "all of it is hot" all_in 1 hot

# The hot leg has no mirror: it stays in service, and its errors are the reader's.
not_covered() {
	local status=0
	couchectl pool status couche >/tmp/status || status=$?
	cat /tmp/status
	[ $status -eq 5 ] && grep -q 'Leg 1 reported [0-9]* errors, and no other' /tmp/status &&
		! grep -Eq 'covered|All data is readable' /tmp/status
}
log_mark
ok "what cannot be read is counted and logged" all leg_break 1 AND \
	not dd if=$V of=/dev/null bs=4k count=1 iflag=direct AND is 1 volume_lost 1 AND \
	logged 'volume 1 extent 0 cannot be read'
ok "and the pool is not well" not_covered
must leg_mend 1
ok "it moves to cold" migrate 1 cold
ok "and reads back what was written" verify $V --rw=write --bs=1M --verify_only
ok "it still is cold: reading does not move it" all_in 1 cold
ok "random 4k writes over cold promote" verify $V --rw=randwrite --bs=4k
ok "and were counted" above 0 volume_promotes 1
ok "it moves to cold again" migrate 1 cold
ok "sequential 1M writes over cold" verify $V --rw=write --bs=1M
ok "it moves to cold, stamped" all stamp fill $V 7 AND migrate 1 cold AND stamp check $V 7
ok "random reads of cold, all block sizes" all \
	fio --name=r --filename=$V --direct=1 --rw=randread --bsrange=4k-1M --blockalign=4k \
	--ioengine=libaio --iodepth=8 --size="${SIZE}M" --io_size="${SIZE}M" --randseed="$SEED" \
	--output=/dev/null AND stamp check $V 7

ping_pong_start
ok "mixed blocks while extents move to and fro (I2, I9)" mixed
ok "random 4k while extents move to and fro" verify $V --rw=randwrite --bs=4k \
	--time_based --runtime="$TIME" --verify_backlog=256
# Every write knows its number: none may be lost to a copy made before it.
JOBS=4
OPS=$(scaled 300 1500)
BLOCKS=$((SIZE * 256 / JOBS))
rewrite() {
	local job pids=()
	blkdiscard $V || return
	for ((job = 0; job < JOBS; job++)); do
		"$STAMP" run $V "$SEED" $job $((job * BLOCKS)) $BLOCKS $((EXTENT / 8)) "$OPS" \
			>/tmp/acked.$job &
		pids+=($!)
	done
	for job in "${pids[@]}"; do
		wait "$job" || return
	done
}
nothing_lost() {
	local job
	for ((job = 0; job < JOBS; job++)); do
		stamp verify $V "$SEED" $job $((job * BLOCKS)) $BLOCKS $((EXTENT / 8)) \
			"$(sed -n '$s/.* //p' /tmp/acked.$job)" || return
	done
}
ok "numbered writes while extents move to and fro" rewrite
ok "none of them is lost (I2, I9)" nothing_lost
ok "there were migrations meanwhile" ping_pong_end 4
ok "nor is it afterwards" all migrate 1 cold AND nothing_lost
ok "reads alone while extents move to and fro" all stamp fill $V 8 AND ping_pong_start AND \
	stamp check $V 8 AND stamp check $V 8 AND stamp check $V 8 AND ping_pong_end 1

# --- zeros -------------------------------------------------------------------

E=$((EXTENT * 512))
zeroed() {
	reads_zeros $V "$1" "$2"
}

for tier in hot cold; do
	must stamp fill $V 9
	must migrate 1 $tier
	ok "part of an extent is zeroed, $tier" all \
		blkdiscard -z -o $((E + 8192)) -l 16384 $V AND \
		zeroed $((E / 4096 + 2)) 4 AND stamp check $V 9 $((E / 4096)) 2 AND \
		stamp check $V 9 $((E / 4096 + 6)) $((E / 4096 - 6))
	ok "zeros across extents, $tier" all \
		blkdiscard -z -o $((3 * E + 4096)) -l $((3 * E)) $V AND \
		zeroed $((3 * E / 4096 + 1)) $((3 * E / 4096)) AND \
		stamp check $V 9 $((3 * E / 4096)) 1 AND \
		stamp check $V 9 $((6 * E / 4096 + 1)) $((E / 4096 - 1))
	ok "a discard of whole extents gives their space back, $tier" all \
		blkdiscard -o $((8 * E)) -l $((4 * E)) $V AND zeroed $((8 * E / 4096)) $((E / 1024)) AND \
		stamp check $V 9 $((12 * E / 4096)) 32 AND stamp check $V 9 $((7 * E / 4096)) 32
	ok "part of an extent is discarded: its rest stays, $tier" all \
		blkdiscard -o $((14 * E + E / 2)) -l $((E / 4)) $V AND \
		stamp check $V 9 $((14 * E / 4096)) $((E / 4096))
	ok "data over zeros, $tier" all stamp fill $V 10 $((3 * E / 4096 + 3)) 7 AND \
		stamp check $V 10 $((3 * E / 4096 + 3)) 7 AND zeroed $((3 * E / 4096 + 1)) 2 AND \
		zeroed $((3 * E / 4096 + 10)) 10
done

# A first write smaller than its extent: the rest held another extent's data.
recycle() {
	local i blocks=$((E / 4096))
	stamp fill $V 11 && blkdiscard $V && message checkpoint &&
		eventually 20 is 0 pool_used hot || return
	for ((i = 0; i < SIZE * 8; i++)); do
		stamp fill $V 12 $((i * blocks + i % 5)) 3 >/dev/null || return
	done
}
only_what_was_written() {
	same "$(counts_of "$(stamp check $V 12)" good)" $((SIZE * 8 * 3)) && stamp check $V 12
}
ok "space that held data is used again" recycle
ok "none of the old data shows (I2)" only_what_was_written
ok "nor after a move to cold" all migrate 1 cold AND only_what_was_written

ok "discarding it all frees all" all blkdiscard $V AND message checkpoint AND \
	eventually 20 is 0 pool_used hot AND eventually 20 is 0 pool_used cold

# A full hot tier says so, and takes writes again when there is space.
ok "more volume than hot tier" volume_create 2 128
ok "writing it fails with no space" not stamp fill /dev/mapper/vol2 13
ok "what was there before reads back or as zeros" stamp check /dev/mapper/vol2 13
ok "the pool is writable still" is rw pool_mode
half_of_it_to_cold() {
	message migrate 2 0 400 cold && eventually 60 above 399 volume_tier 2 cold &&
		message checkpoint
}
ok "some of it moves to cold" half_of_it_to_cold
ok "and there is space again" all stamp fill $V 14 AND stamp check $V 14 AND \
	stamp check /dev/mapper/vol2 13
must volume_close 1
must volume_close 2
ok "all is there after a restart" all pool_remove AND pool_create AND volume_open 1 "$SIZE" AND \
	volume_open 2 128 AND stamp check $V 14 AND stamp check /dev/mapper/vol2 13
ok "and goes down clean" all volume_close 1 AND volume_close 2 AND pool_remove

# Those were legs that zeroes are written to; these zero by a command.
zeroing_legs() {
	local mib
	ROLES=(meta hot) SIZES=(32 40) DEVS=()
	for mib in "${SIZES[@]}"; do
		truncate -s "${mib}M" "/tmp/zeroing$mib" || return
		DEVS+=("$(losetup --find --show "/tmp/zeroing$mib")")
	done
	above 0 cat "/sys/block/${DEVS[1]#/dev/}/queue/write_zeroes_max_bytes"
}
must zeroing_legs
must pool_format
SIZE=32
must volume_create 1 "$SIZE"
ok "a leg that zeroes by command: space is used again" recycle
ok "none of the old data shows (I2)" only_what_was_written
ok "part of an extent is zeroed" all stamp fill $V 15 AND \
	blkdiscard -z -o $((E + 8192)) -l 16384 $V AND zeroed $((E / 4096 + 2)) 4 AND \
	stamp check $V 15 $((E / 4096)) 2 AND stamp check $V 15 $((E / 4096 + 6)) 9
ok "and goes down clean" all volume_close 1 AND pool_remove AND eventually 10 rmmod dm_couche
losetup --detach "${DEVS[@]}"
finish
