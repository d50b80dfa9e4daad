#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Legs are added, drained, removed and replaced while volumes are in use.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 8 24)
seed_init
module_load
legs meta:8 hot:48 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32
V=/dev/mapper/vol1
F=/dev/mapper/vol2

# leg_swap I MIB: another device takes the place of leg I in the table.
leg_swap() {
	null_create "new$1" "$2" &&
		dmsetup create "new$1" --table "0 $(($2 * 2048)) linear /dev/new$1 0" || return
	DEVS[$1]=/dev/mapper/new$1
}

# leg_drop I: the last device is not for the pool after all.
leg_drop() {
	unset "DEVS[$1]" "ROLES[$1]" "SIZES[$1]"
	offer && dmsetup remove "leg$1" && echo 0 >"/sys/kernel/config/nullb/nb$1/power" &&
		rmdir "/sys/kernel/config/nullb/nb$1"
}

add() {
	offer && message add_leg "$1" && eventually 20 online "$1"
}

# leg_letter I: as the status has it
leg_letter() {
	local legs
	legs=$(pool_legs)
	echo "${legs:$1:1}"
}

online() {
	is A leg_letter "$1"
}

# Refused until nothing is left there.
removed() {
	message remove_leg "$1" && is - leg_letter "$1"
}

drain() {
	message drain_leg "$1" && eventually 60 removed "$1"
}

reopen() {
	volume_close 2 && volume_close 1 && pool_remove && pool_create && volumes_open
}

volumes_open() {
	volume_open 1 "$SIZE" && volume_open 2 8
}

# The legs as they are now, as after a power cut: with what was durable.
crash_save() {
	local i
	rm -rf /tmp/crash && mkdir /tmp/crash || return
	for i in "${!DEVS[@]}"; do
		[ "${DEVS[i]}" != - ] || continue
		dd if="${DEVS[i]}" of="/tmp/crash/$i" bs=1M iflag=direct conv=sparse status=none ||
			return
	done
}

crash_load() {
	local i
	for i in "${!DEVS[@]}"; do
		[ -e "/tmp/crash/$i" ] || continue
		dd if="/tmp/crash/$i" of="${DEVS[i]}" bs=1M oflag=direct status=none || return
	done
}

# refused_now ORDER LEG: by netlink, while the pool is suspended
refused_now() {
	if couchectl leg "$1" couche "$2" >/tmp/order.out 2>&1 ||
		! grep -q 'suspended' /tmp/order.out; then
		cat /tmp/order.out
		return 1
	fi
}

close_all() {
	volume_close 2 && volume_close 1 && pool_remove
}

all_right() {
	stamp check $V 1 && stamp check $F 2
}

# starts_with N: a table of only the first N legs
starts_with() {
	local roles=("${ROLES[@]}") devs=("${DEVS[@]}") status
	ROLES=("${ROLES[@]:0:$1}")
	DEVS=("${DEVS[@]:0:$1}")
	pool_create && volumes_open && all_right
	status=$?
	close_all
	ROLES=("${roles[@]}")
	DEVS=("${devs[@]}")
	return $status
}

must pool_format
must volume_create 1 "$SIZE"
must volume_create 2 8
must stamp fill $V 1
must migrate 1 cold
must stamp fill $F 2

# --- add ---------------------------------------------------------------------------

must leg_new cold 64
ok "a table may name a leg more" offer
ok "which is not one yet" is AAAAAAAA pool_legs
ok "an index beyond the next is refused" refused 'an index before it is free' message add_leg 9
ok "the place of a leg is refused" refused 'the pool has one there' message add_leg 3
must garbage "${DEVS[8]}" 0 1
ok "a device that holds something is refused" refused 'holds something' message add_leg 8
must leg_blank 8
ok "one that cannot be written is refused, and nothing has changed" all leg_break_writes 8 AND \
	refused 'cannot be written' message add_leg 8 AND is AAAAAAAA pool_legs AND leg_mend 8
# The whole pool at this point, before the order.
must crash_save
before=$(pool_field 8 | cut -d/ -f2)
ok "it becomes one" all message add_leg 8 AND eventually 20 online 8
ok "and its room is there at once" above "$before" eval "pool_field 8 | cut -d/ -f2"
ok "all is as it was" all_right

must close_all
ok "the pool starts with the old table: the leg is missing, and nobody misses it" starts_with 8
ok "and takes it back" all pool_create AND volumes_open AND offer AND \
	message restore_leg 8 AND eventually 20 online 8 AND all_right
must close_all
must crash_load
ok "crashed before, it starts with the old table" starts_with 8
must crash_load
ok "and with the new one" all pool_create AND volumes_open AND all_right AND is AAAAAAAA pool_legs
ok "where the leg can be added again" all message add_leg 8 AND eventually 20 online 8
ok "three more, of all sizes" all leg_new cold 16 AND leg_new hot 128 AND leg_new cold 200 AND \
	offer AND message add_leg 9 AND message add_leg 10 AND message add_leg 11 AND \
	eventually 20 is AAAAAAAAAAAA pool_legs
ok "data goes there" all stamp fill $V 1 AND migrate 1 cold AND all_right
ok "it is used after a restart" all reopen AND is AAAAAAAAAAAA pool_legs AND all_right
ok "a tier the pool does not have is refused" all leg_new warm 16 AND offer AND \
	refused 'no tier of this role' message add_leg 12
must leg_drop 12

# --- the map grows with it -----------------------------------------------------------

must leg_new cold 6000
pages=$(pool_map_pages)
ok "a leg too large for the meta legs is refused" all offer AND \
	refused 'a meta leg is too small' message add_leg 12
must leg_drop 12
must leg_new cold 1024
fill_and_check() {
	stamp fill $F 2 && stamp check $F 2
}
ok "one that needs a larger map is added under load" beside fill_and_check add 12
ok "and the map is larger" above "$pages" pool_map_pages
ok "all is as it was" all_right
must crash_save
ok "it starts again" all reopen AND is AAAAAAAAAAAAA pool_legs AND all_right
must close_all
must crash_load
ok "also after a crash" all pool_create AND volumes_open AND all_right
ok "and takes data" all stamp fill $V 1 AND migrate 1 cold AND all_right

# --- drain and remove ------------------------------------------------------------------

ok "a leg in use is not removed" refused 'in use' message remove_leg 3
ok "a meta leg is not drained" refused 'a meta leg is not drained' message drain_leg 0
ok "the hot leg that holds all is drained under load" beside fill_and_check drain 1
ok "a drain can be cancelled" all message drain_leg 2 AND message undrain_leg 2 AND \
	refused 'not being drained' message undrain_leg 2
ok "and begun again" message drain_leg 2
must crash_save
ok "once more is refused" refused 'already' message drain_leg 2
ok "it ends, and the leg is removed" eventually 60 removed 2
ok "another under load" beside fill_and_check drain 3
ok "all is as it was" all_right
DEVS[1]=- DEVS[2]=- DEVS[3]=-
ok "the table need not name them any more" all offer AND is A---AAAAAAAAA pool_legs AND all_right
ok "nor after a restart" all reopen AND is A---AAAAAAAAA pool_legs AND all_right
DEVS[2]=/dev/mapper/leg2
ok "one that returns is no leg any more" all reopen AND is A---AAAAAAAAA pool_legs AND all_right
ok "nor a new one" refused 'holds something' message add_leg 2
must leg_blank 2
ok "blank, it is a new one, in the old place" all message add_leg 2 AND eventually 20 online 2 AND \
	all_right
ok "and the pool starts again" all reopen AND all_right
must close_all
DEVS[1]=/dev/mapper/leg1 DEVS[3]=/dev/mapper/leg3
must crash_load
ok "a drain goes on after a crash" all pool_create AND volumes_open AND \
	eventually 60 removed 2 AND all_right
DEVS[1]=- DEVS[2]=-
must offer

# --- replace ---------------------------------------------------------------------------

ok "a leg that has not failed is not replaced" refused 'has not failed' message replace_leg 4
must message fail_leg 4
OLD=${DEVS[4]}
must leg_swap 4 16
ok "a smaller device is refused" all offer AND refused 'smaller' message replace_leg 4
must offer
shrink_away() {
	DEVS[4]=- && offer && dmsetup remove new4 && echo 0 >/sys/kernel/config/nullb/new4/power &&
		rmdir /sys/kernel/config/nullb/new4
}
must shrink_away
must leg_swap 4 32
check_all() {
	stamp check $V 1
}
replaced() {
	offer && message replace_leg 4 && eventually 60 online 4
}
must crash_save
ok "a dead leg is replaced while all is read" beside check_all replaced
# Failed legs are asked last, but asked: these must not answer.
ok "it holds what the old one held: two others may go" all message fail_leg 5 AND \
	message fail_leg 6 AND leg_break 5 AND leg_break 6 AND drop_caches AND all_right
ok "which come back" all leg_mend 5 AND leg_mend 6 AND message restore_leg 5 AND message restore_leg 6 AND \
	eventually 30 online 5 AND eventually 30 online 6
must close_all
NEW=${DEVS[4]}
DEVS[4]=$OLD
ok "the old device is refused" refused 'another device than the pool has there' pool_create
DEVS[4]=$NEW
ok "the new one is taken" all pool_create AND volumes_open AND all_right
must close_all
must crash_load
ok "crashed before, it starts with the new device" all pool_create AND volumes_open AND all_right
ok "and it is replaced then" all message replace_leg 4 AND eventually 60 online 4 AND all_right

must leg_new meta 8
index=$((${#DEVS[@]} - 1))
ok "a second meta leg" add $index
ok "and the first one is replaced by another" all message fail_leg 0 AND leg_swap 0 8 AND offer AND \
	message replace_leg 0 AND eventually 20 online 0
ok "each of them is enough" all close_all AND pool_missing $index pool_create AND volumes_open AND \
	all_right
ok "and all starts" all offer AND message restore_leg $index AND eventually 20 online $index AND \
	reopen AND all_right
must close_all

# --- legs of different sizes ------------------------------------------------------------

# One segment of a group's on a leg: what is free of the large one helps nobody.
machine_reset
ROLES=() DEVS=() SIZES=()
must legs meta:8 hot:48 cold:24 cold:24 cold:24 cold:96
must pool_format cold 2+1
must volume_create 1 28
must stamp fill $V 8
must migrate 1 cold
ok "a drain is refused when the others have room, but not on enough legs" \
	refused 'no room for what it holds' message drain_leg 2
must leg_new cold 24
ok "with one more leg it is drained" all add 6 AND drain 2 AND stamp check $V 8
must volume_close 1
must pool_remove

# --- no leg to spare ---------------------------------------------------------------

# With no leg to spare nothing can be moved off the dead one: the new one is
# given what it lacks.
machine_reset
ROLES=() DEVS=() SIZES=()
must legs meta:8 hot:48 cold:32 cold:32 cold:32
must pool_format cold 2+1
must volume_create 1 $SIZE
must stamp fill $V 7
must migrate 1 cold
must message fail_leg 3
must leg_swap 3 32
must offer
ok "without a leg to spare, a dead one is replaced" all message replace_leg 3 AND \
	eventually 60 online 3
ok "and it holds what the old one held: another may go" all message fail_leg 2 AND \
	leg_break 2 AND drop_caches AND stamp check $V 7
ok "which comes back" all leg_mend 2 AND message restore_leg 2 AND eventually 30 online 2

# --- orders while the table changes ---------------------------------------------------

# By netlink they come at any time, also in the middle of a reload.
heads() {
	local i
	for i in "${!DEVS[@]}"; do
		dd if="${DEVS[i]}" bs=32K count=1 iflag=direct status=none
	done | md5sum
}
must message fail_leg 4
must dmsetup suspend $POOL
before=$(heads)
for order in "fail 1" "restore 4" "drain 1" "undrain 1" "remove 4"; do
	ok "leg $order: refused while the pool is suspended" refused_now $order
done
ok "and nothing was written" is "$before" heads
must dmsetup resume $POOL
ok "after it, they are taken" all couchectl leg restore couche 4 AND eventually 30 online 4

# The order comes between the suspend and the resume of a reload, and its reading
# of the leg takes until the new table is in place.
restored_under_reload() {
	local restore resume
	dmsetup load $POOL --table "$(pool_table)" && dmsetup suspend $POOL && dmsetup suspend leg4 ||
		return
	couchectl leg restore couche 4 >/tmp/restore.out 2>&1 &
	restore=$!
	eventually 10 stands $restore couche_leg_io || return
	dmsetup resume $POOL >/tmp/resume.out 2>&1 &
	resume=$!
	eventually 10 stands $resume pool_preresume || return
	dmsetup resume leg4
	wait $restore
	wait $resume
	cat /tmp/restore.out /tmp/resume.out
}
# stands PID FUNCTION: the process waits there, or has ended.
stands() {
	! [ -d "/proc/$1" ] || grep -q "$2" "/proc/$1/stack"
}
must message fail_leg 4
must null_create other4 32
must dmsetup create other4 --table "0 65536 linear /dev/other4 0"
DEVS[4]=/dev/mapper/other4
ok "a leg is restored while a table with another device for it is loaded" restored_under_reload
ok "the other device has not become the leg" all is F leg_letter 4 AND \
	same "$(head -c 32K /dev/other4 | tr -d '\0' | wc -c)" 0
DEVS[4]=/dev/mapper/leg4
ok "with its own device it can be restored" all offer AND message restore_leg 4 AND \
	eventually 30 online 4 AND stamp check $V 7
must volume_close 1
must pool_remove
finish
