#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What users and operators do that nobody had in mind: it works or is refused;
# nothing hangs.
. "$(dirname "$0")/common.sh"

seed_init
module_load
SIZE=8
V=/dev/mapper/vol1

# Legs that know polled I/O: their requests end only if somebody polls.
null_create() {
	local dir=/sys/kernel/config/nullb/$1
	mkdir "$dir" && echo "$2" >"$dir/size" && echo 4096 >"$dir/blocksize" &&
		echo 1 >"$dir/memory_backed" && echo 1 >"$dir/poll_queues" && echo 1 >"$dir/power"
}
legs meta:16 hot:16 hot:16 cold:16 cold:16 cold:16

# polled_io READ-OR-WRITE: as io_uring does with IORING_SETUP_IOPOLL
polled_io() {
	timeout -s KILL 40 fio --name=polled --filename=$V --direct=1 --ioengine=io_uring --hipri \
		--iodepth=4 --bs=16k --size=${SIZE}M --rw="$1" --output-format=terse --number_ios=100
}

# With one copy, where bios go to the leg as they are, and with two.
for profile in 1+0 1+1; do
	must pool_format hot $profile cold 2+1
	must volume_create 1 $SIZE
	ok "hot $profile: polled writes end" polled_io write
	ok "hot $profile: polled reads end" polled_io randread
	must stamp fill $V 1
	must migrate 1 cold
	ok "hot $profile: polled reads of stripes end" polled_io randread
	ok "hot $profile: polled writes to stripes end" polled_io write
	must volume_close 1
	must pool_remove
	for i in "${!DEVS[@]}"; do
		must leg_blank "$i"
	done
done

# --- a pool that is taken away ------------------------------------------------

must pool_format cold 2+1
must volume_create 1 $SIZE
must stamp fill $V 1
ok "a pool is taken from under an open volume" dmsetup wipe_table --noflush $POOL
not_read() {
	! timeout -s KILL 20 dd if=$V of=/dev/null bs=4096 count=1 iflag=direct status=none
}
not_written() {
	! timeout -s KILL 20 dd if=/dev/zero of=$V bs=4096 count=1 oflag=direct status=none
}
no_stuck() {
	! pgrep -x dd
}
ok "its reads get an error, and do not wait for ever" all not_read AND no_stuck
ok "its writes get one" all not_written AND no_stuck
ok "the volume can be closed" timeout -s KILL 30 dmsetup remove vol1
ok "what remains of the pool goes" pool_remove
ok "the pool starts again, with all of it" all pool_create AND volume_open 1 $SIZE AND stamp check $V 1
must volume_close 1
must pool_remove

# --- sizes ---------------------------------------------------------------------

for i in "${!DEVS[@]}"; do
	must leg_blank "$i"
done
EXTENT=128
must pool_format cold 2+1
log_mark
ok "a volume of 16 PiB is too large for a map in memory: refused" \
	not message create_volume 1 $((1 << 45)) huge
ok "without a fuss in the log" not logged 'WARNING|Call Trace'
must pool_remove
ok "and the module goes" eventually 10 rmmod dm_couche
finish
