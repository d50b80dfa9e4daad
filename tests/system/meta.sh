#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each metadata leg can do without the others (I1): map pages that one of them lacks
# after a crash, for a write was lost or it could not be read at a start, it has after
# the next start. And a map that cannot be written is no reason to go on.
. "$(dirname "$0")/common.sh"

seed_init
module_load
SIZE=8
V=/dev/mapper/vol1
W=/dev/mapper/vol2
BLOCKS=$((EXTENT / 8))		# of 4 KiB in an extent
legs meta:8 meta:8 hot:48

torn() {
	python3 "$(dirname "$0")/torn.py" "$@"
}

new_pool() {
	legs_blank && pool_format hot 1+0 && volume_create 1 $SIZE
}

# fill DEVICE FIRST COUNT: extents, durably
fill() {
	stamp fill "$1" 1 $(($2 * BLOCKS)) $(($3 * BLOCKS)) && sync "$1"
}

# Zeros are not what was written.
check() {
	same "$(counts_of "$(stamp check "$1" 1 $(($2 * BLOCKS)) $(($3 * BLOCKS)))" good)" \
		$(($3 * BLOCKS))
}

start() {
	pool_create && volume_open 1 $SIZE
}

# Whatever there is of it, should a start have been refused.
close_all() {
	local name
	for name in vol2 vol1 "$POOL"; do
		! dmsetup info "$name" >/dev/null 2>&1 || eventually 10 dmsetup remove "$name" || return
	done
}

map_start() {
	dd if="/dev/nb$1" bs=4096 skip=1 count=1 iflag=direct status=none |
		od -An -tu8 -j88 -N8 | tr -d ' '
}

# fails LEG read|write FIRST SECTORS: the rest of it is well
fails() {
	local end=$(($3 + $4))
	leg_table "$1" "0 $3 linear /dev/nb$1 0
$3 $4 flakey /dev/nb$1 $3 0 3600 1 error_$2s
$end $((SIZES[$1] * 2048 - end)) linear /dev/nb$1 $end"
}

# map_fails LEG read|write: where the map lies
map_fails() {
	fails "$1" "$2" "$(map_start "$1")" $(($(pool_map_pages) * 16))
}

# page_fails LEG PAGE
page_fails() {
	fails "$1" read $(($(map_start "$1") + $2 * 16)) 16
}

# --- a write that one leg has lost ----------------------------------------------------

must new_pool
must fill $V 0 8
must message checkpoint
must legs_save /tmp/before
must blkdiscard -o 0 -l $((4 * BLOCKS * 4096)) $V
must message checkpoint
must close_all
must legs_save /tmp/now
must torn lost /tmp/before/1 /tmp/now/1
must legs_load /tmp/now
ok "a leg that has an older page is not asked for it (I2)" all start AND \
	reads_zeros $V 0 $((4 * BLOCKS)) AND check $V 4 4
must close_all
ok "and has the newer one afterwards: the other leg may go (I1)" all pool_missing 0 start AND \
	reads_zeros $V 0 $((4 * BLOCKS)) AND check $V 4 4
must close_all

# --- a leg that cannot be read at one start --------------------------------------------

# A checkpoint is cut when one leg has a page that no other start would use: those
# that were freed since come first in the replay.
must new_pool
must fill $V 0 8
must message create_volume 2 $((200 * 2048)) first
must volume_open 2 200
for extent in 0 400 900 1500; do
	must fill $W $extent 1
done
must message checkpoint
must volume_close 2
must message remove_volume 2
must message checkpoint
must message create_volume 2 $((200 * 2048)) second
must volume_open 2 200
for extent in 0 400; do
	must fill $W $extent 1
done
must legs_save /tmp/before
must message checkpoint
must legs_save /tmp/now
must close_all
must torn supers /tmp/before/1 /tmp/now/1
must cp /tmp/before/0 /tmp/now/0
must legs_load /tmp/now
must map_fails 1 read
second_life() {
	start && volume_open 2 200 && check $V 0 8 && check $W 0 1 && check $W 400 1
}
ok "a start reads the map from the leg that can be read" second_life
must close_all
must leg_mend 1
ok "what a cut checkpoint left on the other one does not count when it can be read (I1)" \
	second_life
must close_all
ok "nor when it is alone" pool_missing 0 second_life
must close_all

# --- legs with bad sectors each ---------------------------------------------------------

must new_pool
must fill $V 0 8
must message checkpoint
must close_all
must page_fails 0 0
must page_fails 1 1
ok "of legs that cannot be read everywhere each page comes from where it can (I1)" all start AND \
	check $V 0 8
must close_all
must leg_mend 0
must leg_mend 1
ok "and so it does afterwards" all start AND check $V 0 8
must close_all

# --- a map that cannot be written --------------------------------------------------------

# The map must grow for a leg, and the only metadata leg does not take its pages.
must new_pool
must fill $V 0 8
must message fail_leg 1
must leg_new hot 1024
must offer
must fill $V 8 8
must blkdiscard -o 0 -l $((4 * BLOCKS * 4096)) $V
must sync $V
must map_fails 0 write
ok "a leg that the map must grow for is refused if it cannot be written" \
	refused 'cannot be written' message add_leg 3
must leg_mend 0
message checkpoint
must close_all
ok "and nothing is lost by it (I1, I2)" all start AND reads_zeros $V 0 $((4 * BLOCKS)) AND \
	check $V 4 12
must close_all
ok "which is still so at the start after that" all start AND \
	reads_zeros $V 0 $((4 * BLOCKS)) AND check $V 4 12
must close_all

ok "and the module goes" eventually 10 rmmod dm_couche
finish
