#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The profile of the cold tier is changed while volumes are in use: 4+2 to 8+3
# and back, with crashes, lost legs and full legs in the middle.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 8 16)
SEGMENT=2048			# a group of 4+2 holds 28 extents, one of 8+3 51
RATE=/sys/module/dm_couche/parameters/reshape_rate_kib
V=/dev/mapper/vol1
F=/dev/mapper/vol2
seed_init
module_load
legs meta:16 hot:32 cold:16 cold:16 cold:16 cold:16 cold:16 cold:16 \
	cold:16 cold:16 cold:16 cold:16 cold:16 cold:16

# Of the reshaper: its state, and how far it is.
reshape() {
	dmsetup status $POOL | awk '{ print $(NF - 1) }'
}

reshape_done() {
	dmsetup status $POOL | awk '{ split($NF, n, "/"); print n[1] }'
}

# super FORMAT OFFSET: from the newest superblock of leg 0
super() {
	dd if=/dev/nb0 bs=4096 skip=1 count=2 iflag=direct status=none | python3 -c '
import struct, sys
slots = sys.stdin.buffer.read()
newest = max((slots[:4096], slots[4096:]), key=lambda s: struct.unpack_from("<QQ", s, 56))
print("+".join(str(n) for n in struct.unpack_from(sys.argv[1], newest, int(sys.argv[2]))))
' "$1" "$2"
}

# mixed: may there be groups of more than one shape?
mixed() {
	[ $(($(super "<Q" 48) & 2)) = 2 ]
}

# profile: of the cold tier
profile() {
	super "<BB" 216
}

# begin K+M EXTENTS: and stop it when so many have moved
begin() {
	echo 1024 >$RATE
	message set_profile cold "$1" && mixed && is "$1" profile &&
		eventually 60 above "$2" reshape_done && message reshape pause && echo 0 >$RATE && mixed
}

unlimited() {
	echo 0 >$RATE && message reshape_rate 0
}

go_on() {
	message reshape resume && eventually 90 changed
}

changed() {
	is idle reshape && not mixed
}

volumes_open() {
	volume_open 1 "$SIZE" && volume_open 2 4
}

close_all() {
	volume_close 2 && volume_close 1 && pool_remove
}

open_all() {
	pool_create && volumes_open
}

all_right() {
	stamp check $V 1 && stamp check $F 2
}

scrubbed() {
	message scrub start && eventually 60 is "done" pool_field 17 &&
		same "$(pool_field 18 | cut -d/ -f3)/$(pool_field 19)" 0/0/0
}

# Of a stopped pool: legs in order, map consistent, every shard and parity right.
offline() {
	local legs=() i
	for i in "${!DEVS[@]}"; do
		legs+=("${DEVS[i]}")
	done
	couchectl check "${legs[@]}" && couchectl verify "${legs[@]}"
}

# verify_without I...: all that should be there without these legs
verify_without() {
	local legs=() i
	for i in "${!DEVS[@]}"; do
		[[ " $* " == *" $i "* ]] || legs+=("${DEVS[i]}")
	done
	couchectl verify --degraded "${legs[@]}"
}

# older: how many groups have another shape than the profile, in a stopped pool
older() {
	local legs=() i
	for i in "${!DEVS[@]}"; do
		legs+=("${DEVS[i]}")
	done
	couchectl check "${legs[@]}" -o json |
		jq '.tiers[] | select(.tier == "cold") | .groups_of_other_shapes'
}

# rescued DEVICE...: both volumes, from these legs alone
rescued() {
	rm -rf /tmp/rescued
	couchectl rescue "$@" --output-dir /tmp/rescued && cmp /tmp/expected.1 /tmp/rescued/volume-1.img &&
		cmp /tmp/expected.2 /tmp/rescued/volume-2.img
}

# What it should find.
expected() {
	message flush && migrate 1 cold && migrate 2 cold &&
		dd if=$V of=/tmp/expected.1 bs=1M iflag=direct status=none &&
		dd if=$F of=/tmp/expected.2 bs=1M iflag=direct status=none
}

# One leg holds nothing any more, and is in use again.
drained() {
	couchectl leg drain couche "${DEVS[$1]}" --wait && message undrain_leg "$1"
}

# MiB that the module has for large buffers
buffers() {
	awk '/\[dm_couche\]/ { sum += $2 } END { print int(sum / 1048576) }' /proc/vmallocinfo
}

# groups_of K: how many there are with K data shards
groups_of() {
	message checkpoint && couchectl dump --live --what map /dev/nb0 -o json | python3 -c '
import json, sys
pages = {}
for p in json.load(sys.stdin)["pages"]:
    if not p.get("error") and p["sequence"] >= pages.get(p.get("index"), p)["sequence"]:
        if p.get("type") == "groups" or "groups" in p:
            pages[p["index"]] = p
print(sum(g["k"] == int(sys.argv[1]) for p in pages.values() for g in p["groups"]))
' "$1"
}

fio_verifies() {
	verify $F --rw=randwrite --bssplit=4k/60:64k/30:128k/10 --time_based=0
}

must pool_format cold 4+2 data_journal 4096
must volume_create 1 "$SIZE"
must volume_create 2 4
must stamp fill $V 1
must stamp fill $F 2
must migrate 1 cold
must migrate 2 cold

# --- refusals --------------------------------------------------------------------------

ok "another tier is refused" refused 'only that of the cold tier' message set_profile hot 1+1
ok "what it is already is refused" refused 'has it already' message set_profile cold 4+2
ok "what is no profile is refused" refused 'is not <k>' message set_profile cold 4+2+1
ok "more than 32 shards are refused" refused 'is not <k>' message set_profile cold 30+3
ok "more shards than legs are refused" refused 'fewer legs than k' message set_profile cold 10+3
must message fail_leg 2
must message fail_leg 3
ok "and more than there are healthy legs" refused 'legs of the tier are in order' \
	message set_profile cold 8+3
must message restore_leg 2
must message restore_leg 3
must eventually 30 is AAAAAAAAAAAAAA pool_legs
ok "after that nothing has changed" all is 4+2 profile AND not mixed AND all_right

# --- 4+2 to 8+3 and back ----------------------------------------------------------------

# change K+M: by netlink, which waits for it
change() {
	couchectl pool set-profile couche cold "$1" && changed && is "$1" profile
}
ok "couchectl says what it would do, and does nothing" all \
	is "would change the cold tier of couche from 4+2 to 8+3" \
	couchectl pool set-profile couche cold 8+3 --dry-run AND is 4+2 profile
ok "and why it is refused" not couchectl pool set-profile couche cold 10+3
ok "8+3 under load" beside fio_verifies change 8+3
ok "the other volume is as it was" stamp check $V 1
ok "a scrub finds nothing" scrubbed
must message rebuild stop
ok "any three legs may be lost" all message fail_leg 4 AND message fail_leg 5 AND \
	message fail_leg 6 AND leg_break 4 AND leg_break 5 AND leg_break 6 AND drop_caches AND \
	stamp check $V 1
ok "and come back" all leg_mend 4 AND leg_mend 5 AND leg_mend 6 AND message restore_leg 4 AND \
	message restore_leg 5 AND message restore_leg 6 AND eventually 60 is AAAAAAAAAAAAAA pool_legs
ok "the stopped pool is in order, and all of it is 8+3" all close_all AND offline AND is 0 older
ok "it starts again" all open_all AND stamp check $V 1
ok "4+2 under load" beside fio_verifies change 4+2
ok "a scrub finds nothing" scrubbed
ok "the stopped pool is in order, and all of it is 4+2" all close_all AND offline AND is 0 older
ok "it starts again" all open_all AND stamp check $V 1
must stamp fill $F 2
must migrate 2 cold

# --- in the middle ----------------------------------------------------------------------

ok "it can be stopped in the middle" begin 8+3 20
ok "where both shapes are read" all drop_caches AND all_right
ok "a third profile is refused" refused 'another change is under way' message set_profile cold 6+3
ok "writes go on" all stamp fill $V 1 0 $((SIZE * 64)) AND stamp fill $F 2 AND all_right
ok "and small ones to extents of the old shape" all stamp fill $V 1 $((SIZE * 192)) 1 AND \
	stamp fill $V 1 $((SIZE * 256 - 1)) 1 AND message flush AND all_right
ok "a scrub finds nothing" scrubbed
must expected
must message checkpoint
must legs_save /tmp/crash
ok "the stopped pool is in order, and of both shapes" all close_all AND offline AND \
	above 0 older
ok "all of it can be read without two of its legs" verify_without 4 9
ok "and rescued from the others, without metadata" rescued "${DEVS[@]:2:2}" "${DEVS[@]:5:4}" \
	"${DEVS[@]:10}"
ok "it goes on when the pool starts" all open_all AND eventually 90 changed AND all_right
must close_all
ok "and the stopped pool is in order" all offline AND is 0 older
must legs_load /tmp/crash
ok "crashed in the middle it is in order but for the journal" above 0 older
ok "and goes on, too" all open_all AND eventually 90 changed AND all_right
must close_all
ok "the stopped pool is in order" all offline AND is 0 older

must legs_load /tmp/crash
echo 256 >$RATE
must open_all
ok "the way back is open in the middle" all mixed AND message set_profile cold 4+2 AND \
	is 4+2 profile AND unlimited AND eventually 90 changed AND all_right
must close_all
ok "the stopped pool is in order, and all of it is 4+2" all offline AND is 0 older
must open_all

# --- healing in the middle -----------------------------------------------------------------

must close_all
must legs_load /tmp/crash
echo 256 >$RATE
must open_all
must message reshape pause
must unlimited
ok "in the middle a leg fails, and what lay on it is rebuilt" all mixed AND message fail_leg 4 AND \
	eventually 60 is idle pool_field 15 AND leg_break 4 AND drop_caches AND all_right
ok "it comes back, and a scrub finds nothing" all leg_mend 4 AND message restore_leg 4 AND \
	eventually 60 is AAAAAAAAAAAAAA pool_legs AND scrubbed
ok "another that is behind gets what it lacks" all message rebuild stop AND message fail_leg 5 AND \
	stamp fill $V 1 $((SIZE * 128)) 64 AND message restore_leg 5 AND \
	eventually 60 is AAAAAAAAAAAAAA pool_legs AND scrubbed AND all_right
ok "a third is drained" all message rebuild start AND mixed AND drained 6 AND mixed AND all_right
ok "then it goes on to the end" all go_on AND all_right AND scrubbed
must close_all
ok "the stopped pool is in order" all offline AND is 0 older
must legs_load /tmp/crash
echo 256 >$RATE
must open_all
ok "it can be stopped, and the pool goes on with both" all message reshape stop AND \
	is stopped reshape AND unlimited AND mixed AND stamp fill $F 2 AND all_right AND scrubbed
ok "and begun again" all message reshape start AND eventually 90 changed AND all_right
echo 256 >$RATE
must message set_profile cold 4+2
must legs_save /tmp/begun
must unlimited
must eventually 90 changed
must close_all
must legs_load /tmp/begun
ok "a crash behind the order: it starts and goes on" all open_all AND is 4+2 profile AND \
	eventually 90 changed AND all_right

# --- legs are lost in the middle -----------------------------------------------------------

# three_legs: of one group of 4+2 that holds extents
three_legs() {
	message checkpoint || return
	couchectl dump --live --what map /dev/nb0 -o json | python3 -c '
import json, sys
pages = {}
for p in json.load(sys.stdin)["pages"]:
    key = p.get("type"), p.get("volume"), p.get("index")
    if not p.get("error") and p["sequence"] >= pages.get(key, p)["sequence"]:
        pages[key] = p
used = {e["group"] for p in pages.values() for e in p.get("extents", []) if e.get("tier") == "cold"}
for p in pages.values():
    for g in p.get("groups", []):
        if g["k"] == 4 and g["group"] in used:
            print(*[s["leg"] for s in g["segments"][:3]])
            sys.exit()
sys.exit("no group of 4+2")
'
}

ok "stopped in the middle" all message rebuild stop AND begin 8+3 20
LOST=$(three_legs)
read -r A B C <<<"$LOST"
echo "# legs $LOST hold a group of 4+2"
ok "two legs are lost" all message fail_leg "$A" AND message fail_leg "$B" AND leg_break "$A" AND \
	leg_break "$B" AND drop_caches AND all_right
ok "a third is not given up: 4+2 needs it" refused 'without it data would be lost' \
	message fail_leg "$C"
ok "and the pool starts without the two" all close_all AND \
	pool_missing "$A $B" pool_create AND volumes_open AND all_right
ok "and goes on without them" all eventually 60 changed AND all_right
must close_all
must leg_mend "$A"
must leg_mend "$B"
ok "the stopped pool is whole, but for them" all is 0 older AND verify_without "$A" "$B"
must open_all
ok "and they return" all message restore_leg "$A" AND message restore_leg "$B" AND \
	eventually 60 is AAAAAAAAAAAAAA pool_legs
ok "then three may be lost" all message rebuild stop AND message fail_leg "$A" AND \
	message fail_leg "$B" AND message fail_leg "$C" AND drop_caches AND all_right
ok "and return" all message restore_leg "$A" AND message restore_leg "$B" AND \
	message restore_leg "$C" AND eventually 60 is AAAAAAAAAAAAAA pool_legs
ok "a scrub finds nothing" scrubbed
must close_all
ok "the stopped pool is in order" all offline AND is 0 older

# --- no room in the middle --------------------------------------------------------------------

machine_reset
ROLES=() DEVS=() SIZES=()
must legs meta:16 hot:64 cold:7 cold:7 cold:7 cold:7 cold:7 cold:7 cold:7 cold:7 cold:7 cold:7 \
	cold:7 cold:7
must pool_format cold 4+2
must volume_create 1 24
must volume_create 2 24
must stamp fill $V 1
must migrate 1 cold
ok "a shape that does not fit is refused" refused 'have no room for its extents' \
	message set_profile cold 1+8
ok "and nothing has changed" all is 4+2 profile AND not mixed AND stamp check $V 1
# More than a group of 4+2 holds.
ok "stopped in the middle" begin 8+3 40
OLD=$(groups_of 4)
must stamp fill $F 2
fill_up() {
	message migrate 2 0 0 cold || return
	eventually 60 eval "couchectl migrate list couche -o json | jq -e '.migrations[-1].state == \"failed\"'"
}
ok "another volume takes all the room" fill_up
ok "also that of groups that have become empty" not above $((OLD - 1)) groups_of 4
log_mark
must message reshape resume
ok "it waits for room" all eventually 30 is waiting reshape AND logged 'waits for room'
ok "all is as it was" all drop_caches AND all_right
ok "the stopped pool is in order" all close_all AND offline AND above 0 older
must pool_create
must volume_open 1 24
must volume_open 2 24
# Room on too few legs for a new group would not help: half of what is there goes.
ok "when there is room again, it ends" all volume_close 2 AND message remove_volume 2 AND \
	blkdiscard -f -l $((12 * 1048576)) $V AND eventually 90 changed AND \
	stamp check $V 1 $((12 * 256)) $((12 * 256))
must volume_close 1
must pool_remove

machine_reset
ROLES=() DEVS=() SIZES=()
must legs meta:16 hot:64 cold:64 cold:64 cold:7 cold:7
must pool_format cold 1+1
must volume_create 1 24
must stamp fill $V 1
must migrate 1 cold
ok "room that is on too few legs does not count" refused 'have no room for its extents' \
	message set_profile cold 2+2
must volume_close 1
must pool_remove

# --- large stripes ---------------------------------------------------------------------------

machine_reset
ROLES=() DEVS=() SIZES=()
EXTENT=2048 SEGMENT=8192
must legs meta:16 hot:32 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32 \
	cold:32 cold:32 cold:32
must pool_format cold 4+2
must volume_create 1 8
must stamp fill $V 1
must migrate 1 cold
ok "stripes become larger, and fewer" all message set_profile cold 1+11 AND \
	not above 64 buffers AND eventually 60 changed AND drop_caches AND stamp check $V 1
must message rebuild stop
fail_eleven() {
	local i
	for i in {2..12}; do
		message fail_leg "$i" || return
	done
}
ok "eleven legs may be lost" all fail_eleven AND drop_caches AND stamp check $V 1
finish
