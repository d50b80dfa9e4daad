#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Legs made by an enemy: valid checksums over wrong fields. Each is refused with
# a reason or opened; nothing hangs, nothing is reported by the kernel (I7). And
# wrong shards of stripes are rebuilt, not returned (I6).
. "$(dirname "$0")/common.sh"

seed_init
module_load
ROUNDS=${COUCHE_ROUNDS:-$(scaled 8 15)}
SIZE=4
SEGMENT=2048
legs meta:8 hot:8 cold:8 cold:8 cold:8
must pool_format cold 2+1
must volume_create 1 $SIZE
must stamp fill /dev/mapper/vol1 1
must message migrate 1 0 16 cold
must eventually 60 is 16 volume_tier 1 cold
must message checkpoint
# Some more that only the journal knows: volumes, extents, a group.
must volume_create 2 1
must volume_create 3 1
must stamp fill /dev/mapper/vol2 2
must stamp fill /dev/mapper/vol3 3
must message migrate 2 0 0 cold
must eventually 60 is 8 volume_tier 2 cold
must sync
mkdir -p /tmp/image
for i in 0 1 2 3 4; do
	must dd if="/dev/nb$i" of="/tmp/image/$i" bs=1M status=none
done
for i in 1 2 3; do
	must volume_close $i
done
must pool_remove

as_crashed() {
	local i
	for i in 0 1 2 3 4; do
		dd if="/tmp/image/$i" of="/dev/nb$i" bs=1M oflag=direct status=none || return
	done
}

closes() {
	local i
	for i in 1 2 3; do
		! dmsetup info "vol$i" >/dev/null 2>&1 || volume_close $i || return
	done
	! dmsetup info "$POOL" >/dev/null 2>&1 || pool_remove
}

# Read and write all there is; errors are fine, hanging is not.
use() {
	local i status=0
	for i in 1 2 3; do
		volume_open $i "$([ $i = 1 ] && echo $SIZE || echo 1)" || continue
		timeout 60 "$STAMP" check /dev/mapper/vol$i $i
		[ $? -lt 124 ] || status=1
		timeout 60 "$STAMP" fill /dev/mapper/vol$i 4 0 70
		[ $? -lt 124 ] || status=1
		message migrate $i 0 0 cold
	done
	timeout 60 dmsetup message $POOL 0 checkpoint
	[ $? -lt 124 ] || status=1
	return $status
}

OPENED=0
round() {
	as_crashed && python3 "$(dirname "$0")/craft.py" "$1" "$2" /dev/nb[0-4] || return
	log_mark
	if timeout 60 dmsetup create "$POOL" --table "$(pool_table)"; then
		OPENED=$((OPENED + 1))
		use || return
	else
		logged 'device-mapper: couche-pool' || return
	fi
	closes
}

# rounds KIND: each has its own seed, which is told when it fails.
rounds() {
	local i
	OPENED=0
	for ((i = 0; i < ROUNDS; i++)); do
		round $((SEED + i)) "$1" >/tmp/round 2>&1 && continue
		echo "round $i, craft.py $((SEED + i)) $1:"
		cat /tmp/round
		return 1
	done
}

data_is_right() {
	pool_create && volume_open 1 $SIZE && volume_open 2 1 && volume_open 3 1 &&
		stamp check /dev/mapper/vol1 1 && stamp check /dev/mapper/vol2 2 &&
		stamp check /dev/mapper/vol3 3 && closes
}

wrong_shards() {
	local i
	for ((i = 0; i < ROUNDS / 2; i++)); do
		as_crashed &&
			python3 "$(dirname "$0")/craft.py" $((SEED + i)) footer "/dev/nb$((2 + i % 3))" \
				>/tmp/round && data_is_right >>/tmp/round 2>&1 && continue
		echo "round $i, craft.py $((SEED + i)) footer:"
		cat /tmp/round
		return 1
	done
}

ok "the image opens as it is" all as_crashed AND data_is_right
for kind in super page journal footer; do
	ok "$ROUNDS legs with wrong ${kind}s" rounds $kind
	echo "# $OPENED of them were opened"
done
ok "wrong footers on one leg change nothing that is read (I6)" wrong_shards
ok "the image opens as it did" all as_crashed AND data_is_right
ok "and the module goes" eventually 10 rmmod dm_couche
finish
