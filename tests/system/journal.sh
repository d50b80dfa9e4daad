#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A volume that has the writes to all its extents staged: partial writes to hot
# and mirrored extents go to the data journal, are read back from there, survive
# power cuts and lost legs, and are written back in place. A file is the model of
# what the volume must read as.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/stage_words.sh"

seed_init
module_load
SIZE=16
SLOTS=1024			# 4 MiB
LEG_CACHE=4
HOT=(2 3)			# the legs that are mirrors of each other
legs meta:24 meta:24 hot:26 hot:26 cold:16 cold:16 cold:16 cold:16 cold:16 cold:16
DESTAGE_LIMIT=60

volume_journal() {
	volume_field "$1" 9
}

# Requests to write that a leg has had, and all hot ones.
leg_writes() {
	awk '{ print $5 }' "/sys/block/nb$1/stat"
}

hot_writes() {
	echo $(($(leg_writes "${HOT[0]}") + $(leg_writes "${HOT[1]}")))
}

# --- partial writes --------------------------------------------------------------

truncate -s ${SIZE}M $MODEL
must pool_format hot 1+1 cold 4+2 data_journal $((SLOTS * 8)) "${KEEP[@]}"
must volume_create 1 $SIZE
ok "a volume has writes to cold extents staged, unless it asks" is cold volume_journal 1
must write 1 0 $((SIZE * 256))
must sync $V
must write 2 5 3
ok "a write in place is not staged" is 0 stage_used
ok "it may ask for all" all message set_journal 1 all AND is all volume_journal 1
ok "anything else is refused" refused "must be cold or all" message set_journal 1 hot
ok "a volume that is not there as well" refused "no such id" message set_journal 7 all

HOT_WRITES=$(hot_writes)
ok "partial writes to hot extents" write_here_and_there
ok "are staged, one slot for each block" is 74 stage_used
ok "and not written where the extents lie" same "$(hot_writes)" "$HOT_WRITES"
ok "readers see them over the extents" reads_as_model

must power_cut
ok "couchectl finds nothing wrong with what is left" couchectl check /tmp/image/?
ok "the machine starts again" start_after_cut
ok "what was staged is there (I1)" all reads_as_model AND is 74 stage_used
ok "and what the volume asked for" is all volume_journal 1
ok "on each copy of the mirror" all with_one_copy "${HOT[0]}" AND with_one_copy "${HOT[1]}"

ok "one synchronous write" both dd if=/dev/urandom of=@ bs=4096 seek=100 count=1 conv=notrunc \
	oflag=dsync status=none
must dd if=$V of=$MODEL bs=4096 skip=100 seek=100 count=1 iflag=direct conv=notrunc status=none
must power_cut
ok "is there after a power cut (I1)" all start_after_cut AND reads_as_model

ok "zeroes of a part are staged as such" all zero_part AND reads_as_model AND is 80 stage_used
must sync $V
must power_cut
ok "and still zeroes after a power cut (I1)" all start_after_cut AND reads_as_model

# --- what is written back -----------------------------------------------------------

DESTAGED=$(destaged)
USED=$(pool_used hot)
ok "flush writes all of it back" destage_all
ok "where the extents are" all all_in 1 hot AND is "$USED" pool_used hot
ok "as many blocks as there were" same "$(($(destaged) - DESTAGED))" 80
ok "and it reads as before" reads_as_model
must power_cut
ok "also after a power cut (I1)" all start_after_cut AND reads_as_model
must destage_all
must sync $V
ok "on each copy of the mirror, too" all with_one_copy "${HOT[0]}" AND with_one_copy "${HOT[1]}"
must power_cut
ok "and once that is durable, nothing comes back" all start_after_cut AND reads_as_model AND \
	is 0 stage_used

# While it is written back the power fails: some of it is there, on some copies.
cut_beside_write_back() {
	local first=${HOT[0]} second=${HOT[1]} before
	write 16 $((BLOCKS * 30)) $((BLOCKS - 1)) && write 17 $((BLOCKS * 31 + 1)) $((BLOCKS - 1)) &&
		sync $V && leg_table "$second" \
		"0 $((SIZES[second] * 2048)) delay /dev/nb$second 0 0 /dev/nb$second 0 1500" || return
	before=$(leg_writes "$first")
	message flush && eventually 20 above "$before" leg_writes "$first" && power_cut &&
		leg_mend "$second"
}
ok "the power fails while it is written to the second copy" cut_beside_write_back
ok "nothing is lost, whichever copy is asked (I1)" all start_after_cut AND reads_as_model AND \
	with_one_copy "${HOT[0]}" AND with_one_copy "${HOT[1]}"
must destage_all
ok "and it is written back again" all reads_as_model AND with_one_copy "${HOT[1]}"

# --- what takes the place of an extent ---------------------------------------------

must write 21 $((BLOCKS * 2 + 5)) 3
must write 22 $((BLOCKS * 3 + 5)) 3
ok "a discarded extent reads as zeros, whatever was staged of it (I2)" all discard_extent AND \
	reads_as_model
must dd if=/dev/urandom of=/tmp/extent bs=$((EXTENT * 512)) count=1 status=none
ok "an overwritten one as it was written" all overwrite_extent AND reads_as_model
ok "their slots are free" is 0 stage_used
ok "one of which nothing is staged is overwritten where it lies" all overwrite_extent AND \
	reads_as_model AND is 0 stage_used
must power_cut
ok "also after a power cut (I1, I2)" all start_after_cut AND reads_as_model

must write 24 $((BLOCKS * 4 + 1)) 30
must write 25 $((BLOCKS * 6 + 1)) 1
ok "a migration takes along what is staged" all migrate 1 cold AND reads_as_model AND \
	is 0 stage_used
must write 26 $((BLOCKS * 6 + 9)) 2
ok "there and back" all migrate 1 hot AND reads_as_model AND is 0 stage_used

# --- a volume that does not ask any more --------------------------------------------

must write 27 $((BLOCKS * 8 + 1)) 4
ok "a volume stops asking" all message set_journal 1 cold AND is cold volume_journal 1
ok "what is staged of it stays so" all is 4 stage_used AND reads_as_model
HOT_WRITES=$(hot_writes)
must write 28 $((BLOCKS * 8 + 3)) 4
ok "where something is, more is staged, for older data must not lie over newer (I1)" all \
	is 6 stage_used AND same "$(hot_writes)" "$HOT_WRITES" AND reads_as_model
must write 29 $((BLOCKS * 10 + 3)) 4
ok "elsewhere it is written in place" all is 6 stage_used AND \
	above "$HOT_WRITES" hot_writes AND reads_as_model
must sync $V
must power_cut
ok "that is so after a power cut, too (I1)" all start_after_cut AND reads_as_model AND \
	is 6 stage_used AND is cold volume_journal 1
must destage_all
must write 30 $((BLOCKS * 8 + 2)) 6
ok "and once it is written back nothing is staged" all is 0 stage_used AND reads_as_model
must sync $V
must power_cut
ok "nor comes back after a power cut (I1)" all start_after_cut AND reads_as_model
must message set_journal 1 all

# --- a full tier, a full journal -------------------------------------------------------

fill_hot_tier() {
	message create_volume 2 $((64 * 2048)) filler && volume_open 2 64 || return
	! dd if=/dev/zero of=/dev/mapper/vol2 bs=1M oflag=direct status=none
}
ok "another volume takes all that is left of the hot tier" fill_hot_tier
must write 31 $((BLOCKS * 12 + 7)) 12
ok "what is staged needs no room there" all destage_all AND reads_as_model AND all_in 1 hot
must volume_close 2
must message remove_volume 2

ok "more random writes than the journal has slots, read back" random_writes
dd if=$V of=$MODEL bs=1M iflag=direct conv=notrunc status=none
must power_cut
ok "all is there after a power cut (I1)" all start_after_cut AND reads_as_model
ok "and written back" all destage_all AND reads_as_model

large_writes() {
	fio --name=large --filename=$V --direct=1 --ioengine=libaio --iodepth=8 --rw=randwrite \
		--bsrange=4k-124k --bs_unaligned=0 --blockalign=4k --size=${SIZE}M --io_size=24M \
		--randseed="$SEED" --verify=crc32c --do_verify=1 --verify_fatal=1 --verify_dump=0 \
		--serialize_overlap=1 --fsync=50
}
ok "writes of all sizes beside each other" large_writes
dd if=$V of=$MODEL bs=1M iflag=direct conv=notrunc status=none
ok "are written back as they were" all destage_all AND reads_as_model

# --- legs ---------------------------------------------------------------------------

must write 41 $((BLOCKS * 10 + 7)) 12
must sync $V
ok "without one of the meta legs and one copy" all leg_break 0 AND leg_break "${HOT[0]}" AND \
	reads_as_model
ok "writes go on" all write 42 $((BLOCKS * 11 + 7)) 12 AND sync $V AND reads_as_model
ok "and so does writing back" all destage_all AND reads_as_model
ok "the legs come back" all leg_mend 0 AND leg_mend "${HOT[0]}" AND leg_back 0 AND \
	leg_back "${HOT[0]}" AND eventually 30 all_online
ok "with what they missed" all with_one_copy "${HOT[0]}" AND reads_as_model

must leg_break_writes "${HOT[0]}"
must leg_break_writes "${HOT[1]}"
ok "where nothing can be written back, a full journal holds nobody up" endless 6M
must leg_mend "${HOT[0]}"
must leg_mend "${HOT[1]}"
ok "volumes go, with what is staged of them" all volume_close 1 AND message remove_volume 1 AND \
	message checkpoint AND eventually 10 is 0 stage_used
ok "the pool closes" pool_remove

# --- no data journal -----------------------------------------------------------------

must legs_blank
must pool_format hot 1+1 cold 4+2
must volume_create 1 1
ok "without a data journal a volume cannot ask" refused "no data journal" message set_journal 1 all
ok "but for what is so anyway" message set_journal 1 cold
must volume_close 1
must pool_remove
ok "and the module goes" eventually 10 rmmod dm_couche
finish
