#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hot extents on two legs, metadata on two: each loses one, under load, and no
# stale copy is ever read (I1).
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 8 24)
seed_init
module_load
legs meta:32 meta:32 hot:64 hot:64
must pool_format hot 1+1
must volume_create 1 "$SIZE"
V=/dev/mapper/vol1

load_start() {
	fio --name=load --filename=$V --direct=1 --ioengine=libaio --iodepth=8 --rw=randwrite \
		--bs=4k --size="${SIZE}M" --time_based --runtime=1000 --verify=crc32c --verify_backlog=64 --verify_fatal=1 \
		--randseed="$SEED" --output=/tmp/fio.log >/dev/null 2>&1 &
	LOAD=$!
	eventually 30 more_io vol1 $(($(io_count vol1) + 50))
}

goes_on() {
	eventually 30 more_io vol1 $(($(io_count vol1) + 200))
}

load_end() {
	kill -0 $LOAD || { cat /tmp/fio.log; return 1; }
	kill -INT $LOAD
	wait $LOAD
	! grep -E 'verify:|error=' /tmp/fio.log
}

close_all() {
	volume_close 1 && pool_remove
}

open_all() {
	pool_create && volume_open 1 "$SIZE"
}

must stamp fill $V 1
ok "both copies hold the data" all message checkpoint AND close_all AND \
	pool_missing 3 open_all AND stamp check $V 1
ok "a missing leg counts as failed" is AAAF pool_legs
ok "it comes back" all reload $POOL "$(pool_table)" AND message restore_leg 3 AND \
	eventually 60 is AAAA pool_legs
ok "then the other may be missing" all close_all AND pool_missing 2 open_all AND \
	stamp check $V 1
ok "and come back" all reload $POOL "$(pool_table)" AND message restore_leg 2 AND \
	eventually 60 is AAAA pool_legs

# --- a leg dies under writes --------------------------------------------------------

ok "a write load starts" load_start
ok "leg 3 dies under it and is failed" all leg_break 3 AND eventually 30 is AAAF pool_legs
ok "the load goes on" goes_on
ok "without error" load_end
must stamp fill $V 2
ok "its state outlives the pool, with the leg well again" all close_all AND leg_mend 3 AND \
	open_all AND is AAAF pool_legs
ok "the stale copy is not read (I1)" stamp check $V 2
stale_alone() {
	pool_missing 2 pool_create
}
ok "nor when it is the only one there" all close_all AND \
	refused 'couche-pool.*(leg|legs|hot)' stale_alone
must open_all
ok "nothing was harmed by the attempt" all is AAAF pool_legs AND stamp check $V 2
ok "the leg is restored while writes go on" all load_start AND message restore_leg 3 AND \
	eventually 60 is AAAA pool_legs AND load_end
must stamp fill $V 3
must volume_close 1
ok "now the other can go, and the restored one has all" all pool_remove AND \
	pool_missing 2 open_all AND stamp check $V 3
ok "both are back" all reload $POOL "$(pool_table)" AND message restore_leg 2 AND \
	eventually 60 is AAAA pool_legs

# --- a leg that takes no writes, a leg that errs on reads -----------------------------

ok "a write error fails a leg" all leg_break_writes 2 AND stamp fill $V 4 AND \
	eventually 30 is AAFA pool_legs
ok "the write was not lost" stamp check $V 4
ok "the last leg is not failed by order" refused 'data would be lost' message fail_leg 3
ok "mended, it is made equal" all leg_mend 2 AND message restore_leg 2 AND \
	eventually 60 is AAAA pool_legs
must leg_break 2
ok "a read error is read around" all stamp check $V 4 AND is 0 volume_lost 1
must leg_mend 2
message restore_leg 2 2>/dev/null
must eventually 60 is AAAA pool_legs
log_mark
ok "when both copies err there is an error, and no wrong data" all leg_break 2 AND leg_break 3 AND \
	not stamp check $V 4 0 64
ok "which is counted and logged" all above 0 volume_lost 1 AND \
	logged 'volume 1 extent [0-9]+ cannot be read'
must leg_mend 2
must leg_mend 3

# --- a flush while a leg's failing is being written ------------------------------------

# Of leg 3, as the newest superblock on the first device has it.
durable_state() {
	couchectl dump --live --what superblocks /dev/nb0 -o json | python3 -c '
import json, sys
print(*(leg["state"] for leg in json.load(sys.stdin)["legs"] if leg["index"] == 3))'
}

# A crash right behind the flush must not bring leg 3 back as a current copy.
flush_waits() {
	local i
	for i in 0 1; do
		leg_table $i "0 $((SIZES[i] * 2048)) delay /dev/nb$i 0 0 /dev/nb$i 0 2000" || return
	done
	message fail_leg 3 &
	eventually 10 is AAAF pool_legs && is online durable_state || return
	dd if=/dev/zero of=$V bs=4k count=1 seek=7 oflag=direct conv=fsync status=none &&
		is failed durable_state
}

must close_all
must open_all
message restore_leg 2 2>/dev/null
message restore_leg 3 2>/dev/null
must eventually 60 is AAAA pool_legs
ok "what was written without a leg is flushed when its failing is durable (I1)" flush_waits
wait
must leg_mend 0
must leg_mend 1
must message restore_leg 3
must eventually 60 is AAAA pool_legs

# --- a write that fails on both ----------------------------------------------------------

# where DEVICE FILE: the sector at which it holds what the file does
where() {
	python3 - "$1" "$2" <<-END
		import sys
		device = open(sys.argv[1], "rb").read()
		print(device.index(open(sys.argv[2], "rb").read()) // 512)
	END
}

# no_writes LEG SECTOR: of one block
no_writes() {
	leg_table "$1" "0 $2 linear /dev/nb$1 0
$2 8 flakey /dev/nb$1 $2 0 3600 1 error_writes
$(($2 + 8)) $((SIZES[$1] * 2048 - $2 - 8)) linear /dev/nb$1 $(($2 + 8))"
}

# put FILE: two blocks of random data, remembered there
put() {
	dd if=/dev/urandom of="$1" bs=4k count=2 status=none &&
		dd if="$1" of=$V bs=8k count=1 seek=5 oflag=direct status=none
}

# Once the copies are equal each of them is asked alone.
two_blocks() {
	dd if=$V bs=8k count=1 skip=5 iflag=direct status=none | md5sum
}

# The first block gets to one copy, the second to the other.
half_a_write() {
	local first second
	put /tmp/old && sync $V && drop_caches || return
	first=$(where /dev/nb2 /tmp/old) && second=$(where /dev/nb3 /tmp/old) &&
		no_writes 2 $((first + 8)) && no_writes 3 "$second" && not put /tmp/new &&
		is AAAA pool_legs
}

same_on_both() {
	local leg before
	before=$(two_blocks)
	eventually 20 is 0/1/0/0 pool_field 13 || return
	for leg in 2 3; do
		message fail_leg $leg && is "$before" two_blocks && message restore_leg $leg &&
			eventually 60 is AAAA pool_legs || return
	done
}

must close_all
must open_all
ok "a write fails of which each copy has another half" half_a_write
must leg_mend 2
must leg_mend 3
ok "what is read of it does not change with the copy (I2)" same_on_both
must stamp fill $V 4 10 2

# --- metadata -------------------------------------------------------------------------

must close_all
must open_all
message restore_leg 2 2>/dev/null
message restore_leg 3 2>/dev/null
must eventually 60 is AAAA pool_legs
ok "all is there after that" stamp check $V 4
ok "a write load starts" load_start
ok "a meta leg dies under it" all leg_break 1 AND message checkpoint AND eventually 30 is AFAA pool_legs
ok "the load goes on" goes_on
ok "without error" load_end
ok "new extents are made" all blkdiscard $V AND stamp fill $V 5 AND close_all AND \
	leg_mend 1 AND open_all AND stamp check $V 5 AND is AFAA pool_legs
old_meta_alone() {
	pool_missing 0 pool_create
}
ok "the stale meta leg alone is refused (I1)" all close_all AND \
	refused 'couche-pool.*meta' old_meta_alone
must open_all
ok "it is restored" all message restore_leg 1 AND eventually 30 is AAAA pool_legs
ok "and then enough alone" all close_all AND pool_missing 0 open_all AND stamp check $V 5 AND \
	is FAAA pool_legs
ok "both again" all reload $POOL "$(pool_table)" AND message restore_leg 0 AND \
	eventually 30 is AAAA pool_legs
no_meta() {
	leg_break 0 && leg_break 1 && blkdiscard $V
	stamp fill $V 6
	is Fail pool_mode
}
ok "without metadata legs no more writes are taken" no_meta
ok "reads go on" eval 'stamp check $V 5; [ $? -le 1 ]'
ok "it can be taken down" close_all
must leg_mend 0
must leg_mend 1
ok "and opens again, with old data or zeros or new" all open_all AND \
	eval 'r=$(stamp check $V 5); [ "$(counts_of "$r" garbage) $(counts_of "$r" unread)" = "0 0" ]'
ok "and goes down clean" all close_all AND eventually 10 rmmod dm_couche
finish
