#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The moments of a checkpoint and of a commit that a power cut seldom hits, put
# together by torn.py from copies of the meta leg before and after (I1, I2).
. "$(dirname "$0")/common.sh"

seed_init
module_load
SIZE=8
V=/dev/mapper/vol1
BLOCKS=$((EXTENT / 8))		# of 4 KiB in an extent
SEGMENT=2048
legs meta:16 hot:24 hot:24
mkdir -p /tmp/now /tmp/before

torn() {
	python3 "$(dirname "$0")/torn.py" "$@"
}

copy_meta() {
	dd if=/dev/nb0 of="$1/0" bs=1M iflag=direct status=none
}

close_all() {
	volume_close 1 && pool_remove
}

start() {
	pool_create && volume_open 1 $SIZE
}

# fill_extents FIRST COUNT: durable
fill_extents() {
	stamp fill $V 1 $(($1 * BLOCKS)) $(($2 * BLOCKS)) && sync $V
}

# Zeros are not what was written.
check_extents() {
	same "$(counts_of "$(stamp check $V 1 $(($1 * BLOCKS)) $(($2 * BLOCKS)))" good)" $(($2 * BLOCKS))
}

new_pool() {
	legs_blank && pool_format hot 1+1 && volume_create 1 $SIZE
}

# --- a checkpoint that never came to its superblock ---------------------------------

# The pages of the cut checkpoint and those of the next one, which a start
# without a leg makes, must not look equally new. Both orders of the slots.
for slot in 0 1; do
	must new_pool
	must fill_extents 0 8
	must message checkpoint
	if [ "$(copy_meta /tmp/now && torn slot /tmp/now/0)" = $slot ]; then
		must fill_extents 8 1
		must message checkpoint
	fi
	must fill_extents 8 8
	must copy_meta /tmp/before
	must message checkpoint
	must fill_extents 16 8
	must legs_save /tmp/now
	must close_all
	must torn supers /tmp/before/0 /tmp/now/0
	ok "slot $slot: the cut checkpoint's page is there" is $slot torn slot /tmp/now/0
	must legs_load /tmp/now
	ok "slot $slot: a start without a mirror" all pool_missing 2 pool_create AND \
		volume_open 1 $SIZE AND check_extents 0 24
	must close_all
	ok "slot $slot: and the start after it find all that was durable (I1)" all \
		pool_missing 2 pool_create AND volume_open 1 $SIZE AND check_extents 0 24
	must close_all
done

# --- an id that is used again -----------------------------------------------------

# Volume 1 goes and comes back smaller; the checkpoint that follows is cut when
# the pages it freed are not written yet.
must new_pool
must message create_volume 2 $((200 * 2048)) large
must dmsetup create vol2 --table "0 $((200 * 2048)) couche /dev/mapper/$POOL 2"
for extent in 0 400 900 1500; do
	must stamp fill /dev/mapper/vol2 1 $((extent * BLOCKS)) $BLOCKS
done
must fill_extents 0 8
must message checkpoint
must volume_close 2
must message remove_volume 2
must volume_create 2 $SIZE
must stamp fill /dev/mapper/vol2 3 0 64
must sync /dev/mapper/vol2
must copy_meta /tmp/before
must message checkpoint
must legs_save /tmp/now
must volume_close 2
must close_all
must torn supers /tmp/before/0 /tmp/now/0
ok "pages of the first life of an id are left behind" above 2 torn freed /tmp/before/0 /tmp/now/0
must legs_load /tmp/now
ok "the pool starts all the same" all start AND volume_open 2 $SIZE
ok "the second life is what was written in it (I1, I2)" all \
	stamp check /dev/mapper/vol2 3 0 64 AND \
	reads_zeros /dev/mapper/vol2 64 $((SIZE * 256 - 64)) AND check_extents 0 8
volume_close 2
close_all
ok "and so it does the next time" all start AND volume_open 2 $SIZE AND \
	stamp check /dev/mapper/vol2 3 0 64 AND check_extents 0 8
volume_close 2
close_all

# --- pages that are not what the checkpoint left --------------------------------------

# What is older than the checkpoint is no state of the pool: here discarded data
# would come back. With one metadata leg there is nothing else to read.
not_started() {
	! dmsetup info $POOL >/dev/null 2>&1 || pool_remove
}
# fails_with STATUS PATTERN COMMAND...
fails_with() {
	local status=$1 pattern=$2 output
	shift 2
	output=$("$@" 2>&1)
	same "$?" "$status" && grep -E "$pattern" <<<"$output"
}
must new_pool
must fill_extents 0 8
must message checkpoint
must copy_meta /tmp/before
must blkdiscard -o 0 -l $((4 * BLOCKS * 4096)) $V
must message checkpoint
must legs_save /tmp/now
must cp /tmp/now/0 /tmp/now/whole
must close_all
must torn rot /tmp/now/0
must legs_load /tmp/now
ok "a page whose newest version is damaged is not taken as it once was: refused (I2)" \
	refused 'map page [0-9]+: its newest version is damaged' pool_create
not_started
must cp /tmp/now/whole /tmp/now/0
must torn lost /tmp/before/0 /tmp/now/0
must legs_load /tmp/now
ok "nor one that a write was lost of (I2)" \
	refused 'map pages of checkpoint [0-9]+: one is older' pool_create
not_started
must cp /tmp/now/whole /tmp/now/0
must legs_load /tmp/now
ok "whole again, it has everything" all start AND reads_zeros $V 0 $((4 * BLOCKS)) AND \
	check_extents 4 4
must close_all
rm /tmp/now/whole

# --- damage in the journal ------------------------------------------------------------

must new_pool
must fill_extents 0 8
must message checkpoint
for extent in 8 9 10 11 12; do
	must fill_extents $extent 1
done
must legs_save /tmp/now
must close_all
read -r -a COMMITS <<<"$(torn journal /tmp/now/0)"
ok "the journal holds some commits" [ "${#COMMITS[@]}" -ge 4 ]
cp /tmp/now/0 /tmp/before/0
must torn damage /tmp/now/0 "${COMMITS[-1]}"
must legs_load /tmp/now
ok "a damaged last commit is as one that was cut" all start AND check_extents 0 12
close_all
cp /tmp/before/0 /tmp/now/0
must torn damage /tmp/now/0 "${COMMITS[1]}"
must legs_load /tmp/now
ok "a damaged one with others behind it is not the journal's end: refused (I1)" \
	refused 'journal: block .*: damaged' pool_create
! dmsetup info $POOL >/dev/null 2>&1 || pool_remove
cp /tmp/before/0 /tmp/now/0
must legs_load /tmp/now
ok "whole again, it has everything" all start AND check_extents 0 13
must close_all

# What was acknowledged last may be in a block that cannot be read.
unreadable() {
	local sector
	sector=$(torn sector /tmp/now/0 "$1")
	leg_table 0 "0 $sector linear /dev/nb0 0
$sector 8 error
$((sector + 8)) $((SIZES[0] * 2048 - sector - 8)) linear /dev/nb0 $((sector + 8))"
}
must legs_load /tmp/now
must unreadable "${COMMITS[-1]}"
ok "one that cannot be read is not the journal's end either: refused (I1)" \
	refused 'journal: block .*, sector [0-9]+: cannot be read' pool_create
not_started
ok "couchectl check says so" fails_with 8 'journal block.*cannot be read' couchectl check "${DEVS[@]}"
must leg_mend 0
ok "when it can be, everything is there" all start AND check_extents 0 13
must close_all

ok "and the module goes" eventually 10 rmmod dm_couche
finish
