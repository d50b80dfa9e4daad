#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A pool from its format to the removal of the module.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 8 48)
seed_init
module_load
legs meta:32 hot:96 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32

table_stays() {
	local before after
	before=$(dmsetup table $POOL) && reload $POOL "$before" && after=$(dmsetup table $POOL) &&
		same "$before" "$after"
}

fio_start() {
	fio --name=load --filename="$1" --direct=1 --ioengine=libaio --iodepth=16 --rw=randrw \
		--bs=4k --size="${2}M" --time_based --runtime=1000 --verify=crc32c --verify_backlog=64 --verify_fatal=1 \
		--randseed="$SEED" --output=/tmp/fio.log >/dev/null 2>&1 &
	FIO=$!
	eventually 30 more_io "$1" $(($(io_count "$1") + 50))
}

# Still running: it ends by itself only on an error. Then told to end.
fio_end() {
	kill -0 "$FIO" || { cat /tmp/fio.log; return 1; }
	kill -INT "$FIO"
	wait "$FIO"
	! grep -E 'verify:|error=' /tmp/fio.log
}

suspends_under_load() {
	local before
	for _ in 1 2 3 4 5; do
		dmsetup suspend "$1" || return
		[ "$(dmsetup info -c --noheadings -o suspended "$1")" = Suspended ] || return
		dmsetup resume "$1" || return
		before=$(io_count vol1)
		eventually 20 more_io vol1 "$before" || return
	done
}

no_space_used() {
	message checkpoint && is 0 pool_used hot && is 0 pool_used cold
}

ok "a pool is made of blank legs" pool_format name first cold 4+2
ok "it is writable and all legs are online" all is rw pool_mode AND \
	is AAAAAAAA pool_legs
ok "it has no volumes and nothing in use" all is 0 pool_used hot AND \
	is 0 pool_used cold
ok "the pool itself takes no I/O" not dd if=/dev/mapper/$POOL of=/dev/null bs=4k count=1
ok "a volume is made" volume_create 1 "$SIZE"
ok "it reads as zeros (I2)" reads_zeros /dev/mapper/vol1
ok "it takes data" stamp fill /dev/mapper/vol1 1
ok "which stays" stamp check /dev/mapper/vol1 1
ok "half of it moves to the cold tier" message migrate 1 0 $((SIZE * 4)) cold
ok "and arrives" eventually 60 is $((SIZE * 4)) volume_tier 1 cold
ok "the volume is closed" volume_close 1
ok "the pool is closed" pool_remove
ok "it opens again without being formatted" pool_create
ok "with its volume" volume_open 1 "$SIZE"
ok "its data" stamp check /dev/mapper/vol1 1
ok "and its places" all is $((SIZE * 4)) volume_tier 1 cold AND \
	is $((SIZE * 4)) volume_tier 1 hot

# Two extents of half a billion: whoever walks the map skips what was never written.
T=/dev/mapper/vol9
TERA=$((1 << 31))		# sectors
LAST=$((64 * TERA / 8 - 32))	# the last extent's first block
must message create_volume 9 $((64 * TERA)) thin
must dmsetup create vol9 --table "0 $((64 * TERA)) couche /dev/mapper/$POOL 9"
ok "a thin volume is as large as you like" all stamp fill $T 5 0 32 AND stamp fill $T 6 $LAST 32
ok "it moves in no more time than what it holds" all message migrate 9 0 0 cold AND \
	eventually 20 is 2 volume_tier 9 cold
scrub_ends() {
	[[ $(pool_field 17) == "done" ]]
}
ok "nor does a scrub take more" all message scrub start AND eventually 20 scrub_ends
ok "it holds what it did" all stamp check $T 5 0 32 AND stamp check $T 6 $LAST 32
must volume_close 9
must message remove_volume 9
ok "asking for a format does not format again" all volume_close 1 AND pool_remove AND \
	pool_format AND volume_open 1 "$SIZE" AND stamp check /dev/mapper/vol1 1
ok "the pool's table can be reloaded" table_stays
ok "the volume's table can be reloaded" reload vol1 "$(dmsetup table vol1)"

ok "a load starts" fio_start /dev/mapper/vol1 "$SIZE"
ok "the volume suspends and resumes under it" suspends_under_load vol1
ok "the pool suspends and resumes under it" suspends_under_load $POOL
ok "the pool's table is reloaded under it" table_stays
ok "the load never saw an error or wrong data" fio_end

ok "a volume grows" message resize_volume 1 $((SIZE * 2 * 2048))
ok "its table with it" reload vol1 "0 $((SIZE * 2 * 2048)) couche /dev/mapper/$POOL 1"
ok "the new part reads as zeros (I2)" reads_zeros /dev/mapper/vol1 $((SIZE * 256)) $((SIZE * 256))
ok "and takes data" all stamp fill /dev/mapper/vol1 2 $((SIZE * 256)) 2048 AND \
	stamp check /dev/mapper/vol1 2 $((SIZE * 256)) 2048
ok "a volume does not shrink" refused 'resize_volume' message resize_volume 1 2048
ok "a volume in use is not removed" refused 'remove_volume' message remove_volume 1
ok "a second volume reads as zeros (I2)" all volume_create 2 8 AND reads_zeros /dev/mapper/vol2
ok "its blocks are its own" all stamp fill /dev/mapper/vol2 3 AND \
	stamp check /dev/mapper/vol2 3 AND \
	stamp check /dev/mapper/vol1 2 $((SIZE * 256)) 2048

ok "volumes are removed" all volume_close 1 AND volume_close 2 AND \
	message remove_volume 1 AND message remove_volume 2
ok "and all their space is free" eventually 20 no_space_used
ok "a removed volume is gone" refused 'volume' volume_open 1 "$SIZE"
ok "an id used before starts blank (I2)" all volume_create 1 "$SIZE" AND reads_zeros /dev/mapper/vol1
ok "the pool is taken down" all volume_close 1 AND pool_remove
ok "the module goes" eventually 10 rmmod dm_couche
finish
