#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Slots of the data journal that no metadata leg has as they were written: each is
# an error for who reads its block and for nobody else, stays one wherever its
# extent goes, and never comes to mean what was there before (I2). A leg that does
# not answer has lost nothing.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/stage_words.sh"

seed_init
module_load
SIZE=4
SLOTS=1024			# 4 MiB
LEG_CACHE=4
HOT=(2 3)			# the legs that are mirrors of each other
legs meta:12 meta:12 hot:14 hot:14 cold:8 cold:8 cold:8 cold:8 cold:8 cold:8
DESTAGE_LIMIT=60

truncate -s ${SIZE}M $MODEL
must pool_format hot 1+1 cold 4+2 data_journal $((SLOTS * 8)) "${KEEP[@]}"
must volume_create 1 $SIZE
must write 1 0 $((SIZE * 256))
must message set_journal 1 all
must dd if=/dev/urandom of=/tmp/extent bs=$((EXTENT * 512)) count=1 status=none

# --- one slot -----------------------------------------------------------------------

# lost_with_one_copy LEG BLOCK: as with_one_copy, but for the block
lost_with_one_copy() {
	local other=$((HOT[0] + HOT[1] - $1)) status
	message fail_leg $other && reads_but "$2" 1
	status=$?
	message restore_leg $other && eventually 30 all_online && return $status
}

FIRST=$((BLOCKS * 14 + 8))
must write 71 $FIRST 12
must write 72 $((BLOCKS * 16 + 3)) 5
must sync $V
ok "a block that no meta leg has any more is an error" all lose $((FIRST + 4)) 1 AND \
	reads_but $((FIRST + 4)) 1
log_mark
ok "all else of its extent is written back" all destage_but 1 16 AND all_in 1 hot
ok "it stays an error: it is not what it was before, nor zeros (I2)" reads_but $((FIRST + 4)) 1
ok "the log names it" logged 'volume 1 extent 14 block 12: slot [0-9]+ is lost'
ok "on each copy of the mirror" all lost_with_one_copy "${HOT[0]}" $((FIRST + 4)) AND \
	lost_with_one_copy "${HOT[1]}" $((FIRST + 4))
must power_cut
ok "it is one after a power cut (I2)" all start_after_cut AND reads_but $((FIRST + 4)) 1
must destage_but 1
must sync $V
must power_cut
ok "and once that is durable" all start_after_cut AND is 1 stage_used AND reads_but $((FIRST + 4)) 1
ok "couchectl's flush comes to its end" timeout 60 couchectl pool flush couche
ok "more of the extent is staged, and written back" all write 73 $((FIRST + 2)) 2 AND \
	destage_but 1 AND reads_but $((FIRST + 4)) 1
ok "a migration takes it along" all migrate 1 cold AND is 1 stage_used AND reads_but $((FIRST + 4)) 1
must sync $V
must power_cut
ok "for a power cut as well (I2)" all start_after_cut AND all_in 1 cold AND reads_but $((FIRST + 4)) 1
ok "there and back" all migrate 1 hot AND is 1 stage_used AND reads_but $((FIRST + 4)) 1
ok "a leg has it again: it is read, and written back" all regain AND reads_as_model AND \
	destage_all AND reads_as_model

must write 74 $FIRST 12
must sync $V
ok "two more are lost" all lose $((FIRST + 6)) 2 AND destage_but 2 AND reads_but $((FIRST + 6)) 2
ok "one is written anew" all write 76 $((FIRST + 6)) 1 AND reads_but $((FIRST + 7)) 1
must sync $V
must power_cut
ok "and is there after a power cut (I1)" all start_after_cut AND reads_but $((FIRST + 7)) 1
ok "the other one as well" all write 77 $((FIRST + 7)) 1 AND reads_as_model
ok "then all is written back" all destage_all AND with_one_copy "${HOT[0]}" AND \
	with_one_copy "${HOT[1]}"
must write 80 $((BLOCKS * 2)) $BLOCKS
must write 78 $((BLOCKS * 2 + 5)) 3
must write 79 $((BLOCKS * 3 + 5)) 3
must sync $V
ok "in two more extents" all lose $((BLOCKS * 2 + 5)) 2 AND lose $((BLOCKS * 3 + 6)) 1 AND destage_but 3
ok "one of which is discarded (I2)" all discard_extent AND reads_but $((BLOCKS * 3 + 6)) 1
ok "and one overwritten" all overwrite_extent AND reads_as_model AND eventually 10 is 0 stage_used
must power_cut
ok "also after a power cut (I1, I2)" all start_after_cut AND reads_as_model AND is 0 stage_used
must volume_close 1
must pool_remove

# --- a leg that does not answer in time ------------------------------------------------

# slow_reads LEG MS: its reads take so long; what is written to it is written.
slow_reads() {
	leg_table "$1" "0 $((SIZES[$1] * 2048)) delay /dev/nb$1 0 $2 /dev/nb$1 0 0"
}

# late_error BLOCK: the first leg's slot of it is an error, but not before 3 s.
late_error() {
	local sector
	slots_of "$1" 1 && [ "$(wc -w <<<"$LOST")" -eq 1 ] || return
	sector=$(($(sectors_of /dev/nb0) - (SLOTS - LOST) * 8))
	dmsetup create bad --table "0 8 error" &&
		leg_table 0 "0 $sector linear /dev/nb0 0
$sector 8 delay /dev/mapper/bad 0 3000 /dev/nb0 $sector 0
$((sector + 8)) $((SIZES[0] * 2048 - sector - 8)) linear /dev/nb0 $((sector + 8))"
}

# A read of it is being delayed.
is_read() {
	[ "$(dmsetup status "leg$1" | awk '{ print $4 }')" -gt 0 ]
}

hung() {
	logged "leg $1 .*hung"
}

# Once it has given back all that it was sent.
restored() {
	eventually 30 message restore_leg "$1" && eventually 30 all_online
}

read_block() {
	dd if=$V of=/dev/null bs=4096 skip="$1" count=1 iflag=direct status=none
}

# read_in_vain FIRST
read_in_vain() {
	local i
	for i in {1..50}; do
		! read_block $(($1 + i % 12)) || return
	done
}

# writes_go_on FIRST: for some seconds
writes_go_on() {
	local i
	for i in {0..3}; do
		write $((SEED + i)) $(($1 + i)) 1 && sleep 1 || return
	done
	sync $V
}

must legs_blank
truncate -s ${SIZE}M $MODEL
must pool_format hot 1+1 cold 4+2 data_journal $((SLOTS * 8)) leg_timeout 1 "${KEEP[@]}"
must volume_create 1 $SIZE
must write 1 0 $((SIZE * 256))
must message set_journal 1 all
must message fail_leg 1
must write 31 $((BLOCKS * 2 + 5)) 12
must write 32 $((BLOCKS * 3 + 5)) 3
must sync $V
must slow_reads 0 10000
log_mark
ok "what is staged is an error while the only leg that has it does not answer" all \
	not read_block $((BLOCKS * 2 + 5)) AND eventually 20 hung 0
ok "and so is all else that is" read_in_vain $((BLOCKS * 2 + 5))
ok "nothing is taken for lost that is only late" all is 0 volume_lost 1 AND \
	not logged 'slot [0-9]+ is lost'
ok "an extent is overwritten, which needs none of it" overwrite_extent
must leg_mend 0
ok "when it answers all is there" all eventually 10 is AFAAAAAAAA pool_legs AND reads_as_model

must slow_reads 0 30000
must message flush
must eventually 10 is_read 0
ok "a pool is suspended all the same" timeout 15 dmsetup suspend $POOL
must leg_mend 0
must dmsetup resume $POOL
ok "and what was being merged is there" reads_as_model

must write 36 $((BLOCKS * 2 + 5)) 12
must sync $V
must slow_reads 0 3000
MERGED=$(destaged)
ok "what is late is merged, and writes elsewhere go on meanwhile" all message flush AND \
	writes_go_on $((BLOCKS * 9 + 5)) AND eventually 30 above $((MERGED + 11)) destaged
must write 33 $((BLOCKS * 4 + 5)) 3
must sync $V
ok "another leg becomes current with all that is late (I1)" all message restore_leg 1 AND \
	eventually 30 all_online
ok "nothing was taken for lost" not logged 'slot [0-9]+ is lost'
must leg_mend 0
ok "what a leg was not even asked is no error of it" all lose $((BLOCKS * 4 + 5)) 1 AND regain AND \
	read_block $((BLOCKS * 4 + 5)) AND sleep 1 AND all_online
ok "the one that was late may go (I1)" all message fail_leg 0 AND reads_as_model AND restored 0
ok "and all of it is merged" all destage_all AND reads_as_model

FIRST=$((BLOCKS * 5 + 5))
must message fail_leg 1
must write 34 $FIRST 12
must sync $V
must late_error $((FIRST + 4))
log_mark
ok "beside a block that is an error late all is merged, and writes go on" all message flush AND \
	writes_go_on $((BLOCKS * 10 + 5)) AND \
	eventually 30 logged 'volume 1 extent 5 block 9: slot [0-9]+ is lost'
ok "couchectl's flush comes to its end" timeout 60 couchectl pool flush couche
ok "another leg becomes current without it" restored 1
must leg_mend 0
must dmsetup remove bad
ok "it is read again when it can be" all destage_all AND reads_as_model

must write 35 $FIRST 3
must sync $V
must slow_reads 0 3000
must slow_reads 1 3000
ok "of two legs that are late one fails, and the other is waited for" all destage_all AND \
	is FAAAAAAAAA pool_legs
must leg_mend 0
must leg_mend 1
ok "both go on" all restored 0 AND reads_as_model
must volume_close 1
must pool_remove

# --- a journal full of lost slots ----------------------------------------------------

# Of the 256 slots writers may have 231, and a few more that they must give back.
SLOTS=256
SIZE=8
FULL=11				# extents of which something is lost
NR=21				# blocks of each: 231 together

stage_many() {
	local i
	for ((i = 0; i < FULL; i++)); do
		write $((SEED + i)) $((i * BLOCKS + 3)) $NR || return
	done
	sync $V
}

lose_all() {
	local leg
	for leg in 0 1; do
		dd if=/dev/urandom of=/dev/nb$leg bs=4096 oflag=direct conv=notrunc status=none \
			seek=$(($(sectors_of /dev/nb$leg) / 8 - SLOTS)) count=$SLOTS || return
	done
}

# write_within SECONDS SEED FIRST COUNT: as write
write_within() {
	both timeout "$1" "$STAMP" fill @ "$2" "$3" "$4"
}

# Of extents of which nothing is lost, and more than there are slots left.
write_elsewhere() {
	local i
	for ((i = FULL + 1; i < FULL + 9; i++)); do
		write_within 60 $((SEED + i)) $((i * BLOCKS + 1)) $((BLOCKS - 2)) || return
	done
	sync $V
}

# Beside what is lost of each extent.
write_beside() {
	local i
	for ((i = 0; i < FULL; i++)); do
		write_within 60 $((SEED + 50 + i)) $((i * BLOCKS)) 2 || return
	done
	sync $V
}

reads_but_lost() {
	local i first
	drop_caches
	for ((i = 0; i < FULL; i++)); do
		first=$((i * BLOCKS + 3))
		! dd if=$V of=/tmp/stale bs=4096 skip=$((first + i)) count=1 iflag=direct \
			status=none || return
		same_blocks $((i * BLOCKS)) 3 && same_blocks $((first + NR)) $((BLOCKS - NR - 3)) ||
			return
	done
	same_blocks $((FULL * BLOCKS)) $((SIZE * 256 - FULL * BLOCKS))
}

overwrite_many() {
	both dd if=/tmp/extents of=@ bs=$((EXTENT * 512)) count=$FULL oflag=direct conv=notrunc \
		status=none && sync $V
}

must legs_blank
truncate -s ${SIZE}M $MODEL
must pool_format hot 1+1 cold 4+2 data_journal $((SLOTS * 8)) "${KEEP[@]}"
must volume_create 1 $SIZE
must write 1 0 $((SIZE * 256))
must message set_journal 1 all
must stage_many
must is $((FULL * NR)) stage_used
must lose_all
ok "writers do not wait for slots that are found lost" write_elsewhere
ok "nor for slots that are known to be" all write_elsewhere AND reads_but_lost
ok "beside what is lost writes go on" all write_beside AND reads_but_lost
ok "a flush comes to its end" timeout 60 couchectl pool flush couche
ok "and leaves what is lost" is $((FULL * NR)) stage_used
ok "after which writers wait for nothing" all write_elsewhere AND write_beside AND reads_but_lost
ok "a migration takes along all that is lost" all migrate 1 cold AND reads_but_lost
must sync $V
must power_cut
ok "for a power cut as well (I1, I2)" all start_after_cut AND reads_but_lost
ok "then, too, nobody waits" all write_elsewhere AND write_beside AND reads_but_lost
must dd if=/dev/urandom of=/tmp/extents bs=$((EXTENT * 512)) count=$FULL status=none
ok "what is overwritten is whole, and its slots are free" all overwrite_many AND destage_all AND \
	reads_as_model
must write 95 $((BLOCKS * 2 + 3)) 4
ok "and used again" is 4 stage_used
ok "no leg failed for what no other leg has either" all_online
must volume_close 1
must pool_remove
ok "and the module goes" eventually 10 rmmod dm_couche
finish
