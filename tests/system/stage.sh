#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The data journal: partial writes to stripes are staged on the meta legs, read
# back from there, survive power cuts and lost legs, and are merged into new
# stripes. A file is the model of what the volume must read as.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/stage_words.sh"

seed_init
module_load
SIZE=24
SLOTS=2048			# 8 MiB
LEG_CACHE=4
legs meta:32 meta:32 hot:48 cold:24 cold:24 cold:24 cold:24 cold:24 cold:24

truncate -s ${SIZE}M $MODEL
must pool_format cold 4+2 data_journal $((SLOTS * 8)) "${KEEP[@]}"
must volume_create 1 $SIZE
must write 1 0 $((SIZE * 256))
must sync $V
must migrate 1 cold
PROMOTES=$(volume_promotes 1)

ok "partial writes to stripes" write_here_and_there
ok "are staged, one slot for each block" is 74 stage_used
ok "and promote nothing" all is "$PROMOTES" volume_promotes 1 AND all_in 1 cold
ok "readers see them over the stripes" reads_as_model

must power_cut
ok "the machine starts again" start_after_cut
ok "what was staged is there (I1)" all reads_as_model AND is 74 stage_used

ok "one synchronous write" both dd if=/dev/urandom of=@ bs=4096 seek=100 count=1 conv=notrunc \
	oflag=dsync status=none
must dd if=$V of=$MODEL bs=4096 skip=100 seek=100 count=1 iflag=direct conv=notrunc status=none
must power_cut
ok "is there after a power cut (I1)" all start_after_cut AND reads_as_model

ok "zeroes of a part are staged as such" all zero_part AND reads_as_model AND is 80 stage_used
must sync $V
must power_cut
ok "and still zeroes after a power cut (I1)" all start_after_cut AND reads_as_model

DESTAGED=$(destaged)
ok "flush merges all of it into new stripes" destage_all
ok "which stay where they were" all_in 1 cold
ok "as many blocks as there were" same "$(($(destaged) - DESTAGED))" 80
ok "and read as before" reads_as_model
must power_cut
ok "also after a power cut (I1)" all start_after_cut AND reads_as_model
must destage_all
must sync $V
must power_cut
ok "and once that is durable, nothing comes back" all start_after_cut AND reads_as_model AND \
	is 0 stage_used

# --- what takes the place of an extent ----------------------------------------

must write 21 $((BLOCKS * 2 + 5)) 3
must write 22 $((BLOCKS * 3 + 5)) 3
ok "a discarded extent reads as zeros, whatever was staged of it (I2)" all discard_extent AND \
	reads_as_model
must dd if=/dev/urandom of=/tmp/extent bs=$((EXTENT * 512)) count=1 status=none
ok "an overwritten one as it was written" all overwrite_extent AND reads_as_model
ok "their slots are free" is 0 stage_used
must power_cut
ok "also after a power cut (I1, I2)" all start_after_cut AND reads_as_model

must migrate 1 cold
must write 24 $((BLOCKS * 4 + 1)) 30
must write 25 $((BLOCKS * 6 + 1)) 1
ok "a migration takes along what is staged" all migrate 1 hot AND reads_as_model AND is 0 stage_used
ok "there and back" all migrate 1 cold AND reads_as_model

# --- legs ---------------------------------------------------------------------

must write 31 $((BLOCKS * 10 + 7)) 12
must sync $V
ok "without one of the meta legs and two cold ones" all leg_break 0 AND leg_break 3 AND \
	leg_break 4 AND reads_as_model
ok "writes go on" all write 32 $((BLOCKS * 11 + 7)) 12 AND sync $V AND reads_as_model
ok "the meta leg comes back" all leg_mend 0 AND leg_mend 3 AND leg_mend 4 AND leg_back 0
ok "and the others" all leg_back 3 AND leg_back 4 AND eventually 20 all_online
ok "the meta leg that was away has what was staged: the other may go (I1)" all leg_break 1 AND \
	reads_as_model
must leg_mend 1
ok "and comes back too" all eventually 5 leg_back 1 AND eventually 20 all_online
garble_slots() {
	local start
	start=$(($(sectors_of /dev/nb0) / 8 - SLOTS))
	dd if=/dev/urandom of=/dev/nb0 bs=4096 seek=$start count=$SLOTS oflag=direct status=none
}
ok "slots that one leg garbled are read from the other (I6)" all garble_slots AND reads_as_model
ok "and destaged from there" all destage_all AND reads_as_model

# --- slots that no leg has --------------------------------------------------------

destages() {
	grep -c couche_destage: /sys/kernel/tracing/trace
}

# What is staged elsewhere is merged, and that is all that is done.
destage_elsewhere() {
	echo >/sys/kernel/tracing/trace
	echo 1 >/sys/kernel/tracing/events/couche/couche_destage/enable
	reload $POOL "$(pool_table destage_interval 1 destage_threshold 0)" &&
		write 75 $((BLOCKS * 16)) 1 && eventually 20 is 1 stage_used && is 1 destages || return
	echo 0 >/sys/kernel/tracing/events/couche/couche_destage/enable
	reload $POOL "$(pool_table "${KEEP[@]}")"
}

# Its neighbours go to the hot tier, one after the other.
migrate_around() {
	message migrate 1 13 2 hot && eventually 20 is 1 volume_tier 1 hot &&
		message migrate 1 15 1 hot && eventually 20 is 2 volume_tier 1 hot
}

FIRST=$((BLOCKS * 14 + 8))
must write 71 $FIRST 12
must write 72 $((BLOCKS * 16 + 3)) 5
must sync $V
ok "a block that no meta leg has any more is an error" all lose $((FIRST + 4)) 1 AND \
	reads_but $((FIRST + 4)) 1
log_mark
ok "all else of its extent is merged" destage_but 1 16
ok "it stays an error: it is not what it was before, nor zeros (I2)" reads_but $((FIRST + 4)) 1
ok "the log names it" logged 'volume 1 extent 14 block 12: slot [0-9]+ is lost'
ok "and the volume counts the reads" above 1 volume_lost 1
must power_cut
ok "it is one after a power cut (I2)" all start_after_cut AND reads_but $((FIRST + 4)) 1
must destage_but 1
must sync $V
must power_cut
ok "and once that is durable" all start_after_cut AND is 1 stage_used AND reads_but $((FIRST + 4)) 1
ok "couchectl's flush comes to its end" timeout 60 couchectl pool flush couche
ok "more of the extent is staged, and merged" all write 73 $((FIRST + 2)) 2 AND destage_but 1 AND \
	reads_but $((FIRST + 4)) 1
ok "the lost block alone gives the destager nothing to do" destage_elsewhere
ok "in a tier in which nothing is staged it would come back: its extent stays" all \
	migrate_around AND reads_but $((FIRST + 4)) 1
must sync $V
must power_cut
ok "the machine starts with it" all start_after_cut AND is 2 volume_tier 1 hot AND \
	reads_but $((FIRST + 4)) 1
ok "a leg has it again: it is read, and merged" all regain AND reads_as_model AND destage_all AND \
	reads_as_model
must migrate 1 cold

must write 74 $FIRST 12
must sync $V
ok "two more are lost" all lose $((FIRST + 6)) 2 AND destage_but 2 AND reads_but $((FIRST + 6)) 2
ok "one is written anew" all write 76 $((FIRST + 6)) 1 AND reads_but $((FIRST + 7)) 1
must sync $V
must power_cut
ok "and is there after a power cut (I1)" all start_after_cut AND reads_but $((FIRST + 7)) 1
ok "the other one as well" all write 77 $((FIRST + 7)) 1 AND reads_as_model
ok "then all is merged" all destage_all AND reads_as_model
must write 80 $((BLOCKS * 2)) $BLOCKS
must migrate 1 cold
must write 78 $((BLOCKS * 2 + 5)) 3
must write 79 $((BLOCKS * 3 + 5)) 3
must sync $V
ok "in two more extents" all lose $((BLOCKS * 2 + 5)) 2 AND lose $((BLOCKS * 3 + 6)) 1 AND destage_but 3
ok "one of which is discarded (I2)" all discard_extent AND reads_but $((BLOCKS * 3 + 6)) 1
ok "and one overwritten" all overwrite_extent AND reads_as_model AND eventually 10 is 0 stage_used
must power_cut
ok "also after a power cut (I1, I2)" all start_after_cut AND reads_as_model AND is 0 stage_used
must migrate 1 cold

# --- writes beside a flush --------------------------------------------------------

commit_begun() {
	grep -q couche_commit: /sys/kernel/tracing/trace
}

# put NAME DEVICE BLOCK: a block that is remembered as NAME, without a flush
put() {
	dd if=/dev/urandom of="/tmp/$1" bs=4096 count=1 status=none &&
		dd if="/tmp/$1" of="$2" bs=4096 seek="$3" oflag=direct conv=notrunc status=none
}

is_block() {
	cmp "/tmp/$1" <(dd if=$V bs=4096 skip="$2" count=1 iflag=direct status=none)
}

# A flush stands still between the closing of its commit and the writing of the
# records, because a leg of others keeps it; meanwhile the block is written anew,
# behind another.
overwrite_beside_flush() {
	local first=$1 sync
	put other /dev/mapper/vol2 0 && put flushed $V "$first" || return
	echo >/sys/kernel/tracing/trace
	dmsetup suspend --noflush --nolockfs leg2 || return
	sync $V &
	sync=$!
	eventually 10 commit_begun && put other $V $((first + 1)) && put later $V "$first" || return
	kill -0 $sync && dmsetup resume --noflush leg2 && wait $sync
}

flushed_or_later() {
	is_block flushed "$1" || is_block later "$1"
}

must destage_all
must volume_create 2 1
must sync $V
must eval 'echo 1 >/sys/kernel/tracing/events/couche/couche_commit/enable'
FIRST=$((BLOCKS * 13 + 20))
ok "a block is written anew while a flush of it is under way" overwrite_beside_flush $FIRST
must power_cut
must eval 'echo 0 >/sys/kernel/tracing/events/couche/couche_commit/enable'
must volume_close 2
ok "what was flushed is there after a power cut, or what came later (I1)" all start_after_cut \
	AND flushed_or_later $FIRST
must write 54 $FIRST 2

# --- writes beside a merge ---------------------------------------------------------

merge_begun() {
	grep -q couche_relocate: /sys/kernel/tracing/trace
}

# The merge reads slots from a leg that is slow to read; meanwhile the blocks are
# written again and again, until their first slots could have been reused.
overwrite_beside_merge() {
	local i
	echo >/sys/kernel/tracing/trace
	leg_table 0 "0 $((SIZES[0] * 2048)) delay /dev/nb0 0 3000 /dev/nb0 0 0" &&
		message flush && eventually 10 merge_begun || return
	for i in 1 2 3; do
		dd if=/dev/urandom of=$V bs=4096 count=$((BLOCKS * 30 - 8)) seek=$((BLOCKS * 60)) \
			oflag=direct conv=notrunc status=none && write $((60 + i)) "$1" 8 || return
	done
	leg_mend 0
}

must eval 'echo 1 >/sys/kernel/tracing/events/couche/couche_relocate/enable'
must eval 'echo 1 >/sys/module/dm_couche/parameters/leg_error_limit'
must write 60 $FIRST 8
ok "blocks are written while their extent is destaged" overwrite_beside_merge $FIRST
must eval 'echo 0 >/sys/kernel/tracing/events/couche/couche_relocate/enable'
ok "that is no error of any leg (I6)" all destage_all AND is AAAAAAAAA pool_legs
must eval 'echo 64 >/sys/module/dm_couche/parameters/leg_error_limit'

# --- full ---------------------------------------------------------------------

PROMOTES=$(volume_promotes 1)
ok "more random writes than the journal has slots, read back" random_writes
ok "none of which had to go around it" is "$PROMOTES" volume_promotes 1
dd if=$V of=$MODEL bs=1M iflag=direct conv=notrunc status=none
must power_cut
ok "all is there after a power cut (I1)" all start_after_cut AND reads_as_model
ok "and destaged" all destage_all AND reads_as_model

# By time alone.
KEEP=(destage_interval 1 destage_threshold 95)
must reload $POOL "$(pool_table "${KEEP[@]}")"
ok "the table says how the pool is run" eval \
	'dmsetup table $POOL | grep " 4 destage_threshold 95 destage_interval 1$"'
must write 41 $((BLOCKS * 20 + 7)) 12
ok "what has been there for longer than the interval is destaged" eventually 20 is 0 stage_used
ok "and reads as before" reads_as_model

# --- nothing can be destaged --------------------------------------------------

KEEP=(destage_interval 0 destage_threshold 50)
must reload $POOL "$(pool_table "${KEEP[@]}")"
must leg_break 3
must leg_break 4
must leg_break 5
ok "with more cold legs gone than parity stands, a full journal holds nobody up" endless 10M
must leg_mend 3
must leg_mend 4
must leg_mend 5
ok "volumes go, with what is staged of them" all volume_close 1 AND message remove_volume 1 AND \
	message checkpoint AND eventually 10 is 0 stage_used
ok "the pool closes" pool_remove

# --- writes beside a growing map ---------------------------------------------------

# A leg is added for which the map must grow. Its pages are written while a write
# that got its slot before comes to its end, and the power fails before anything
# else is committed. The meta legs keep what is written to them until they are told
# to let go of it, so that none of this depends on how fast anything is.
KEEP_MS=3600000

map_is_larger() {
	above "$1" pool_map_pages
}

keep_writes() {
	local i
	for i in 0 1; do
		leg_table $i "0 $((SIZES[i] * 2048)) delay /dev/nb$i 0 0 /dev/nb$i 0 $KEEP_MS" || return
	done
}

# A delay that is suspended lets go of what it has, and keeps what comes then.
let_go() {
	local i
	for i in 0 1; do
		dmsetup suspend --noflush --nolockfs leg$i && dmsetup resume --noflush leg$i || return
	done
}

# grows_beyond PAGES: at each step, until it has
grows_beyond() {
	map_is_larger "$1" || { let_go && map_is_larger "$1"; }
}

write_begun() {
	grep -q couche_stage: /sys/kernel/tracing/trace
}

# forget_extent NUMBER: of volume 2, a change of the map
forget_extent() {
	blkdiscard -f -o $(($1 * EXTENT * 512)) -l $((EXTENT * 512)) /dev/mapper/vol2
}

overwrite_beside_growth() {
	local add write i pages
	pages=$(pool_map_pages)
	# The first new generation after a resume asks for a checkpoint.
	put other /dev/mapper/vol2 0 && put other /dev/mapper/vol2 "$BLOCKS" && sync $V &&
		message checkpoint && put flushed $V "$1" || return
	# The next slot is described by a page that has not changed.
	for i in 2 3 4 5 6; do
		dd if=/dev/urandom of=$V bs=4096 count=25 seek=$((i * BLOCKS)) oflag=direct \
			conv=notrunc status=none || return
	done
	sync $V && is 126 stage_used && forget_extent 1 && keep_writes || return
	echo >/sys/kernel/tracing/trace
	message add_leg 9 &
	add=$!
	# For the commit behind this one, after which the map is written.
	eventually 10 commit_begun && forget_extent 0 || return
	put later $V "$1" &
	write=$!
	eventually 10 write_begun && eventually 60 grows_beyond "$pages" || return
	mkdir -p /tmp/image
	for i in "${!DEVS[@]}"; do
		dd if="/dev/nb$i" of="/tmp/image/$i" bs=1M iflag=direct conv=sparse status=none || return
	done
	kill -0 $add && leg_mend 0 && leg_mend 1 && wait $write && wait $add
}

grown_map() {
	for i in "${!DEVS[@]}"; do
		must leg_blank "$i"
	done
	# Nor is a leg given up meanwhile.
	KEEP=(destage_interval 0 destage_threshold 95 leg_timeout 0)
	must pool_format cold 4+2 data_journal $((SLOTS * 8)) "${KEEP[@]}"
	must volume_create 1 4
	must volume_create 2 1
	must stamp fill $V 71
	must migrate 1 cold
	must null_create nb9 512
	must dmsetup create leg9 --table "0 $((512 * 2048)) linear /dev/nb9 0"
	ROLES+=(cold)
	SIZES+=(512)
	DEVS+=(/dev/mapper/leg9)
	must reload $POOL "$(pool_table "${KEEP[@]}")"
	must eval 'echo 1 | tee /sys/kernel/tracing/events/couche/couche_{commit,stage}/enable >/dev/null'
	ok "a block is written anew while the map grows" overwrite_beside_growth 20
	must eval 'echo 0 | tee /sys/kernel/tracing/events/couche/couche_{commit,stage}/enable >/dev/null'
	must volume_close 2
	SIZE=4
	ok "what was flushed is there after a power cut, or what came later (I1)" all start_after_cut \
		AND flushed_or_later 20
	must volume_close 1
	ok "the pool closes again" pool_remove
}

[ "$COUCHE_KERNEL" != plain ] || grown_map
ok "and the module goes" eventually 10 rmmod dm_couche
finish
