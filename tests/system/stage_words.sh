# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where this is sourced
#
# What suites of the data journal share: a volume, $V, whose legs and size ($SIZE)
# are theirs, and a file, $MODEL, that says what it must read as. Sourced after
# common.sh.

V=/dev/mapper/vol1
MODEL=/tmp/model
BLOCKS=$((EXTENT / 8))		# of 4 KiB in an extent
# Nothing is destaged before it is asked for, or there is no room.
KEEP=(destage_interval 0 destage_threshold 95)
DESTAGE_LIMIT=30		# seconds, until all is destaged

stage_used() {
	dmsetup status "$POOL" | awk '{ print $(NF - 3) }' | cut -d/ -f1
}

destaged() {
	dmsetup status "$POOL" | awk '{ print $(NF - 2) }' | cut -d/ -f2
}

# both COMMAND... DEVICE-IS-@...: to the volume and to the model.
both() {
	"${@//@/$V}" && "${@//@/$MODEL}"
}

# write SEED FIRST COUNT: blocks
write() {
	both stamp fill @ "$1" "$2" "$3"
}

reads_as_model() {
	drop_caches
	cmp <(dd if=$V bs=1M iflag=direct status=none) $MODEL
}

# Every other block of a few extents, runs, both ends of extents, and again.
write_here_and_there() {
	local i
	for i in $(seq 0 2 40); do
		write $((SEED + i)) "$i" 1 || return
	done
	write 11 $((BLOCKS * 3 - 1)) 2 && write 12 $((BLOCKS * 5)) $((BLOCKS - 1)) &&
		write 13 $((BLOCKS * 7 + 3)) 20 && write 14 4 1 && write 15 4 1 && sync $V
}

destage_all() {
	message flush && eventually "$DESTAGE_LIMIT" is 0 stage_used
}

power_cut() {
	legs_save /tmp/image
}

start_after_cut() {
	volume_close 1 && pool_remove && legs_load /tmp/image &&
		pool_create "${KEEP[@]}" && volume_open 1 $SIZE
}

zero_part() {
	blkdiscard -z -f -o $(((BLOCKS * 9 + 2) * 4096)) -l $((5 * 4096)) $V &&
		dd if=/dev/zero of=$MODEL bs=4096 seek=$((BLOCKS * 9 + 2)) count=5 conv=notrunc \
			status=none
}

discard_extent() {
	blkdiscard -f -o $((BLOCKS * 2 * 4096)) -l $((BLOCKS * 4096)) $V &&
		dd if=/dev/zero of=$MODEL bs=4096 seek=$((BLOCKS * 2)) count=$BLOCKS conv=notrunc \
			status=none
}

overwrite_extent() {
	both dd if=/tmp/extent of=@ bs=$((EXTENT * 512)) seek=3 count=1 oflag=direct conv=notrunc \
		status=none && sync $V
}

random_writes() {
	fio --name=fill --filename=$V --direct=1 --ioengine=libaio --iodepth=16 --rw=randwrite --bs=4k \
		--size=${SIZE}M --io_size=20M --randseed="$SEED" --verify=crc32c --do_verify=1 \
		--verify_fatal=1 --verify_dump=0 --fsync=200 --end_fsync=1
}

# endless IO_SIZE: random writes, all of which end, one way or the other. Each that
# fails has tried to move its extent before: with all checks of the kernel on, a busy
# machine does some twenty a second.
endless() {
	timeout 240 fio --name=stuck --filename=$V --direct=1 --ioengine=libaio --iodepth=16 \
		--rw=randwrite --bs=4k --size="${SIZE}M" --io_size="$1" --randseed="$SEED" \
		--continue_on_error=all --output-format=terse
	[ $? -ne 124 ]
}

ONLINE=AAAAAAAAAAAAAAAA
all_online() {
	is "${ONLINE:0:${#DEVS[@]}}" pool_legs
}

# with_one_copy LEG: reads as it should when this one is all there is of the mirror, of
# which the legs are $HOT
with_one_copy() {
	local other=$((HOT[0] + HOT[1] - $1)) status
	message fail_leg $other && reads_as_model
	status=$?
	message restore_leg $other && eventually 30 all_online && return $status
}

# leg_back LEG: restored, unless it is back by itself
leg_back() {
	[ "$(pool_legs | cut -c$(($1 + 1)))" = A ] || message restore_leg "$1"
}

# --- slots that no meta leg has ----------------------------------------------------

# slots_of FIRST COUNT: of these blocks, all of which are staged: $LOST
slots_of() {
	local start=$(($(sectors_of /dev/nb0) / 8 - SLOTS))
	dd if=$MODEL of=/tmp/lost bs=4096 skip="$1" count="$2" status=none
	dd if=/dev/nb0 of=/tmp/slots bs=4096 skip=$start count=$SLOTS iflag=direct status=none
	LOST=$(
		python3 - <<-'END'
			def blocks(name):
			    data = open(name, "rb").read()
			    return [data[i:i + 4096] for i in range(0, len(data), 4096)]
			lost = blocks("/tmp/lost")
			print(*[i for i, block in enumerate(blocks("/tmp/slots")) if block in lost])
		END
	)
	[ "$(wc -w <<<"$LOST")" -ge "$2" ]
}

# lose FIRST COUNT: what both meta legs hold of these blocks, all of which are staged
lose() {
	local start=$(($(sectors_of /dev/nb0) / 8 - SLOTS)) leg slot
	slots_of "$@" || return
	for leg in 0 1; do
		for slot in $LOST; do
			dd if=/dev/urandom of=/dev/nb$leg bs=4096 seek=$((start + slot)) count=1 oflag=direct \
				conv=notrunc status=none || return
		done
	done
}

# The second meta leg has it again.
regain() {
	local start=$(($(sectors_of /dev/nb0) / 8 - SLOTS)) slot
	for slot in $LOST; do
		dd if=/tmp/slots of=/dev/nb1 bs=4096 skip="$slot" seek=$((start + slot)) count=1 \
			oflag=direct conv=notrunc status=none || return
	done
}

same_blocks() {
	local part=(skip=$(($1 * 4096)) count=$(($2 * 4096)) bs=1M status=none)
	cmp <(dd if=$V iflag=direct,skip_bytes,count_bytes "${part[@]}") \
		<(dd if=$MODEL iflag=skip_bytes,count_bytes "${part[@]}")
}

# reads_but FIRST COUNT: these are errors, each of them, and all else as it should be
reads_but() {
	local i end=$(($1 + $2))
	drop_caches
	for ((i = $1; i < end; i++)); do
		! dd if=$V of=/tmp/stale bs=4096 skip=$i count=1 iflag=direct status=none || return
	done
	same_blocks 0 "$1" && same_blocks $end $((SIZE * 256 - end))
}

# destage_but LOST [DESTAGED]: all but so many blocks, which no leg has
destage_but() {
	local before
	before=$(destaged)
	message flush && eventually "$DESTAGE_LIMIT" is "$1" stage_used &&
		{ [ $# -eq 1 ] || same $(($(destaged) - before)) "$2"; }
}
