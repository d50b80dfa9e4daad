#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What must be durable before what, and when rows may be used again (I1, I2,
# I4). Instead of cutting the power the legs are copied at the very moment, and
# the pool is started from the copies.
. "$(dirname "$0")/common.sh"

seed_init
module_load
modprobe ext4 2>/dev/null
SIZE=24
V=/dev/mapper/vol1
M=/tmp/couche-mount
BLOCKS=$((EXTENT / 8))		# of 4 KiB in an extent
SEGMENT=2048
legs meta:16 hot:20 cold:24 cold:24 cold:24
must pool_format cold 2+1
must volume_create 1 $SIZE
mkdir -p $M

power_cut() {
	legs_save /tmp/image
}

start_after_cut() {
	volume_close 1 && pool_remove && legs_load /tmp/image && pool_create &&
		volume_open 1 $SIZE
}

# --- FUA ---------------------------------------------------------------------

# Overwriting allocated blocks of a file with O_DIRECT and O_DSYNC, a file
# system sends FUA and no FLUSH.
file_on_stripes() {
	mkfs.ext4 -q -F $V && mount -o noatime,commit=3600 $V $M && yes old | head -c 1M >$M/file &&
		sync -f $M/file && eventually 30 ordered_to_cold
}

ordered_to_cold() {
	message migrate 1 0 0 cold
	all_in 1 cold
}

fua_write() {
	yes new | head -c 4096 >/tmp/new && dd if=/tmp/new of=$M/file bs=4096 seek=100 conv=notrunc \
		oflag=direct,dsync status=none
}

new_is_there() {
	mount $V $M && dd if=$M/file bs=4096 skip=100 count=1 iflag=direct status=none | cmp - /tmp/new
}

ok "a file whose blocks are all in stripes" file_on_stripes
PROMOTES=$(volume_promotes 1)
ok "a synchronous write to it (FUA)" fua_write
ok "moved its extent" above "$PROMOTES" volume_promotes 1
must power_cut
ok "the machine starts again" all umount $M AND start_after_cut
ok "what FUA acknowledged is there, so the move of its extent is (I1)" new_is_there
must umount $M

# --- freed rows --------------------------------------------------------------

# Extents that the hot tier has room for, from the first of the volume on.
fill_tier() {
	local n=0
	while stamp fill $V 1 $((n * BLOCKS)) $BLOCKS; do
		n=$((n + 1))
	done
	FULL=$n
	[ "$FULL" -gt 10 ] && sync $V
}

discard() {
	blkdiscard -f -o $(($1 * EXTENT * 512)) -l $((EXTENT * 512)) $V
}

# What stamp fill writes to blocks of an extent, without a flush behind it.
write_unflushed() {
	truncate -s $((SIZE << 20)) /tmp/stamped && stamp fill /tmp/stamped 2 $(($1 * BLOCKS)) $BLOCKS &&
		dd if=/tmp/stamped of=$V bs=$((EXTENT * 512)) skip="$1" seek="$1" count=1 \
			iflag=fullblock oflag=direct conv=notrunc status=none
}

# holds SEED FIRST COUNT: extents, of what was stamped; zeros are not.
holds() {
	same "$(counts_of "$(stamp check $V "$1" $(($2 * BLOCKS)) $(($3 * BLOCKS)))" good)" \
		$(($3 * BLOCKS))
}

# old_or_zeros EXTENT: of seed 1
old_or_zeros() {
	holds 1 "$1" 1 || reads_zeros $V $(($1 * BLOCKS)) $BLOCKS
}

must blkdiscard -f $V
must sync $V
ok "the tier is full" fill_tier
ok "one extent is discarded, and another takes its rows, without a flush" all discard 3 AND \
	write_unflushed "$FULL"
must power_cut
must start_after_cut
ok "after a crash none reads the other's data (I2, I4)" old_or_zeros 3

ok "the rest is as it was" all holds 1 0 3 AND holds 1 4 $((FULL - 4))

reads_in_flight() {
	[ "$(awk '{ print $1 }' "/sys/dev/block/$(dmsetup info -c --noheadings -o major,minor \
		--separator : vol1)/inflight")" -gt 0 ]
}

# Its reads come late.
slow_reads() {
	leg_table 1 "0 $((SIZES[1] * 2048)) delay /dev/nb1 0 8000 /dev/nb1 0 0"
}

start_reading() {
	dd if=$V of=/tmp/read bs=$((EXTENT * 512)) skip=5 count=1 iflag=direct status=none &
	READER=$!
	eventually 5 reads_in_flight
}

seen_is_old() {
	wait $READER && truncate -s $((SIZE << 20)) /tmp/old &&
		dd if=/tmp/read of=/tmp/old bs=$((EXTENT * 512)) seek=5 conv=notrunc status=none &&
		V=/tmp/old holds 1 5 1
}

still_reading() {
	kill -0 $READER
}

must discard 3
must discard "$FULL"
must fill_tier
must slow_reads
ok "somebody reads an extent from a slow leg" start_reading
ok "which is discarded, durably, while another extent takes its rows" all discard 5 AND sync $V AND \
	still_reading AND write_unflushed "$FULL"
ok "the reader sees what it held (I2)" seen_is_old
must leg_mend 1
ok "and the other extent what was written to it" holds 2 "$FULL" 1

ok "the pool closes" all volume_close 1 AND pool_remove
ok "and the module goes" eventually 10 rmmod dm_couche
finish
