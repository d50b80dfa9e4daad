#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Cold legs fail, vanish, lie, come back and are swapped: 4+2 over six legs.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 4 16)
seed_init
module_load
legs meta:32 hot:48 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32
must pool_format
must volume_create 1 "$SIZE"
V=/dev/mapper/vol1
must stamp fill $V 1
must migrate 1 cold

reopen() {
	volume_close 1 && pool_remove && pool_create && volume_open 1 "$SIZE"
}

# start_without "I...": the pool, all read and right, and reads were rebuilt.
start_without() {
	pool_missing "$1" pool_create && volume_open 1 "$SIZE" && stamp check $V 1 &&
		above 0 volume_degraded 1 && is 0 volume_lost 1
}

# They are given back to the running pool.
return_legs() {
	local i
	reload $POOL "$(pool_table)" || return
	for i in "$@"; do
		message restore_leg "$i" || return
	done
	eventually 30 is AAAAAAAA pool_legs
}

close_all() {
	volume_close 1 && pool_remove
}

restore() {
	local i
	for i in $1; do
		message restore_leg "$i" || return
	done
	eventually 30 is AAAAAAAA pool_legs
}

restored() {
	is AAAAAAAA pool_legs
}

# csum_errors LEG: as netlink has it
csum_errors() {
	couchectl leg list -o json | python3 -c '
import json, sys
def legs(x):
    if isinstance(x, dict):
        if "csum_errors" in x:
            yield x
        for y in x.values():
            yield from legs(y)
    elif isinstance(x, list):
        for y in x:
            yield from legs(y)
for leg in legs(json.load(sys.stdin)):
    if leg.get("index") == int(sys.argv[1]):
        print(leg["csum_errors"])
' "$1"
}

# Legs that erred may have been failed, or will be: all of them back.
renew() {
	local i
	for i in 2 3 4 5 6 7; do
		message restore_leg "$i" 2>/dev/null
	done
	eventually 30 restored
}

to_cold() {
	renew && migrate 1 cold 10
}

# --- every pair, missing at start -----------------------------------------------

must close_all
for a in 2 3 4 5 6 7; do
	for b in 2 3 4 5 6 7; do
		[ "$a" -lt "$b" ] || continue
		# Both data, both parity, one of each where time is short.
		case $(scaled short all):$a$b in
		all:* | short:23 | short:67 | short:36) ;;
		*) continue ;;
		esac
		ok "starts and reads all without legs $a and $b (I1)" start_without "$a $b"
		must return_legs "$a" "$b"
		must close_all
	done
done

ok "a third missing leg refuses the start" refused 'cold: 3 legs are missing' \
	pool_missing "2 5 7" pool_create
ok "and has changed nothing" all pool_create AND restored AND volume_open 1 "$SIZE" AND \
	stamp check $V 1 AND is 0 volume_degraded 1

# --- failed while running ---------------------------------------------------------

ok "legs 3 and 6 fail by order" all message fail_leg 3 AND message fail_leg 6 AND \
	is AAAFAAFA pool_legs
ok "all is read" stamp check $V 1
ok "a third is refused" refused 'without it data would be lost' message fail_leg 4
ok "an unknown leg is refused" refused 'no such index' message fail_leg 8
ok "a failed leg is refused" refused 'has failed already' message fail_leg 3
ok "one that cannot be read is not taken back" all leg_break 3 AND \
	refused 'its superblock cannot be read' message restore_leg 3 AND leg_mend 3
ok "what is written now goes to hot" all stamp fill $V 2 AND stamp check $V 2 AND all_in 1 hot
ok "they come back" all message restore_leg 3 AND message restore_leg 6 AND \
	eventually 30 restored
ok "a leg that has not failed is refused" refused 'has not failed' message restore_leg 3
ok "stripes are made again" all migrate 1 cold AND stamp check $V 2

# --- devices that err -------------------------------------------------------------

ok "two legs that err are read around" all leg_break 2 AND leg_break 7 AND stamp check $V 2
ok "and that is counted" above 0 volume_degraded 1
third_loss() {
	leg_break 4 || return
	! stamp check $V 2 >/tmp/third 2>&1 && cat /tmp/third &&
		[ "$(counts_of "$(cat /tmp/third)" unread)" -gt 0 ] &&
		[ "$(counts_of "$(cat /tmp/third)" garbage)" = 0 ] &&
		[ "$(counts_of "$(cat /tmp/third)" foreign)" = 0 ] &&
		[ "$(counts_of "$(cat /tmp/third)" zeros)" = 0 ]
}
log_mark
ok "a third gives errors, never wrong data (I6)" third_loss
ok "which are counted and logged" all above 0 volume_lost 1 AND \
	logged_ever 'volume 1 extent [0-9]+ cannot be read: too few shards'
ok "shards that are there are read still" test "$(counts_of "$(cat /tmp/third)" good)" -gt 0
ok "once mended, all is read" all leg_mend 2 AND leg_mend 4 AND leg_mend 7 AND stamp check $V 2
must reopen
must renew

# --- devices that lie --------------------------------------------------------------

must close_all
ok "legs 3 and 5 are overwritten with garbage behind their superblock" all \
	garbage /dev/nb3 1 31 AND garbage /dev/nb5 1 31
must pool_create
must volume_open 1 "$SIZE"
ok "all is read and right (I6)" stamp check $V 2
ok "reads were rebuilt" above 0 volume_degraded 1
ok "checksum errors were counted" all above 0 csum_errors 3 AND \
	above 0 csum_errors 5 AND is 0 csum_errors 2
ok "moving to hot and back makes new shards" all migrate 1 hot AND eventually 60 to_cold AND \
	message checkpoint AND reopen AND stamp check $V 2 AND is 0 volume_degraded 1

# One byte, in the middle of a shard.
flip() {
	python3 - "$1" "$2" <<-'END'
		import os, sys, mmap
		fd = os.open(sys.argv[1], os.O_RDWR)
		at = int(sys.argv[2])
		byte = os.pread(fd, 1, at)
		os.pwrite(fd, bytes([byte[0] ^ 0x10]), at)
		os.fsync(fd)
	END
}
must close_all
flip_some() {
	local i
	for ((i = 0; i < 40; i++)); do
		flip /dev/nb4 $((1048576 + RANDOM * 32 + i)) || return
	done
}
ok "single bits of leg 4 flip" flip_some
must pool_create
must volume_open 1 "$SIZE"
ok "all is read and right (I6)" stamp check $V 2

# An old version of a leg: copied away, the data changes, copied back.
old_leg() {
	volume_close 1 && pool_remove && dd if=/dev/nb6 of=/tmp/old bs=1M status=none &&
		pool_create && volume_open 1 "$SIZE" && stamp fill $V 3 && eventually 60 to_cold &&
		message checkpoint && volume_close 1 && pool_remove &&
		dd if=/tmp/old of=/dev/nb6 bs=1M oflag=direct status=none &&
		pool_create && volume_open 1 "$SIZE"
}
ok "an old copy of leg 6 is put in its place" old_leg
ok "its old shards are not returned (I6)" stamp check $V 3
rm -f /tmp/old

# --- legs in wrong places -----------------------------------------------------------

must close_all
swapped() {
	local a=${DEVS[$1]} b=${DEVS[$2]} status
	DEVS[$1]=$b
	DEVS[$2]=$a
	pool_create
	status=$?
	DEVS[$1]=$a
	DEVS[$2]=$b
	return $status
}
ok "swapped legs are refused (I6)" refused 'leg 2: stands at another place' swapped 2 3
ok "and cause no harm" all pool_create AND volume_open 1 "$SIZE" AND stamp check $V 3
must close_all
other_pool() {
	local own=${DEVS[5]} status
	null_create other 32 && null_create other2 32 && null_create other3 32 || return
	dmsetup create other --table "0 2048 couche-pool 00000000-1111-2222-3333-444444444444 3 \
meta /dev/other hot /dev/other2 hot /dev/other3 5 format segment $SEGMENT extent $EXTENT" &&
		dmsetup remove other || return
	DEVS[5]=/dev/other3
	pool_create
	status=$?
	DEVS[5]=$own
	return $status
}
ok "a leg of another pool is refused (I6)" refused 'leg 5: belongs to another pool' other_pool
blank_leg() {
	dd if=/dev/zero of=/dev/nb5 bs=4k seek=1 count=2 oflag=direct status=none
	pool_create
}
ok "a blank leg among others is refused" refused '1 of 8 legs are blank' blank_leg
start_with_2_lost() {
	pool_missing "5" pool_create && volume_open 1 "$SIZE" && stamp check $V 3
}
ok "a start without it reads all" start_with_2_lost
ok "and goes down clean" all close_all AND eventually 10 rmmod dm_couche
finish
