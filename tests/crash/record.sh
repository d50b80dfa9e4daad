#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: record.sh SEED SHAPE OPS POINTS STOP [MODULE-DIRECTORY]
#
# Record what a pool writes to all its legs, which are slices of one disk under
# dm-log-writes, and replay it (couche-replay.c). Meanwhile three jobs of OPS
# operations write, zero, discard and flush; extents move to and fro; legs fail
# and return; the pool is checkpointed; the profile of the cold tier changes, and
# which writes are staged; a scratch area is filled and discarded as a whole, so
# that a commit takes more than one block. SHAPE is "single" (one hot leg), "mirror" (two) or "staged"
# (one, and a data journal). Runs in a machine.
. "$(dirname "$0")/../system/common.sh"

SEED=$1
SHAPE=$2
OPS=$3
POINTS=$4
STOP=$5
COUCHE_BUILD=${6:-$COUCHE_BUILD}
RANDOM=$((SEED % 32768))
EXTENT=128			# sectors: 64 KiB
SEGMENT=2048			# sectors: 1 MiB
BLOCKS=$((EXTENT / 8))
JOB=512				# blocks of a job: 2 MiB
SCRATCH=10			# MiB
REPLAY=$COUCHE_TOP/build/crash/couche-replay
DESCRIPTION=/tmp/crash-description
DISK=0				# sectors of it that legs have taken

# crash_legs ROLE:MIB...
crash_legs() {
	local leg i=0 size total=0
	for leg in "$@"; do
		total=$((total + ${leg#*:}))
	done
	must null_create nbdisk $total 512
	must null_create nblog 2048 512
	must dmsetup create crash-log --table "0 $((total * 2048)) log-writes /dev/nbdisk /dev/nblog"
	for leg in "$@"; do
		size=$((${leg#*:} * 2048))
		must dmsetup create "leg$i" --table "0 $size linear /dev/mapper/crash-log $DISK"
		ROLES+=("${leg%:*}")
		DEVS+=("/dev/mapper/leg$i")
		echo "leg ${leg%:*} $size" >>$DESCRIPTION
		DISK=$((DISK + size))
		i=$((i + 1))
	done
}

mark() {
	must dmsetup message crash-log 0 mark "$1"
}

add_volume() {
	must volume_create "$1" "$2"
	echo "volume $1 $(($2 * 2048))" >>$DESCRIPTION
}

# All of a volume is zeros that were written, and cold: what is written from now
# on goes to the data journal.
make_cold() {
	must dd if=/dev/zero "of=/dev/mapper/vol$1" bs=64k "count=$(($2 * 16))" oflag=direct \
		status=none
	must migrate "$1" cold
}

# How many blocks the data journal has taken.
pool_staged() {
	dmsetup status $POOL | awk '{ print $(NF - 2) }' | cut -d/ -f1
}

add_job() {
	echo "job $1 $2 $3 $JOB $BLOCKS" >>$DESCRIPTION
	stamp run "/dev/mapper/vol$2" "$SEED" "$1" "$3" $JOB $BLOCKS "$OPS" crash-log >/dev/null &
	JOBS+=($!)
}

jobs_go_on() {
	local pid
	for pid in "${JOBS[@]}"; do
		! kill -0 "$pid" 2>/dev/null || return 0
	done
	return 1
}

all_online() {
	is "${ONLINE:0:${#DEVS[@]}}" pool_legs
}
ONLINE=AAAAAAAAAAAAAAAA
WHICH=(all all cold)		# writes that the data journal takes

# A leg is away for a while. It may be refused: too many are. It comes back when
# its device has answered all it was asked.
leg_trip() {
	mark "down-$1"
	if message fail_leg "$1"; then
		message migrate 1 0 48 cold
		message checkpoint
		must eventually 30 message restore_leg "$1"
		must eventually 30 all_online
	fi
	mark "up-$1"
}

scratch_round() {
	mark "fill-$1"
	must stamp fill $V $((1000000000 + $1)) $((3 * JOB)) $((SCRATCH * 256))
	mark "filled-$1"
	mark "discard-$1"
	must blkdiscard -o $((3 * JOB * 4096)) -l $((SCRATCH * 1048576)) $V
	must sync $V
}

# While the jobs write.
disturb() {
	local first
	message migrate 1 0 96 cold
	message migrate 2 0 0 cold 2>/dev/null
	first=$((RANDOM % 80))
	message migrate 1 $first 16 hot
	case $((RANDOM % 6)) in
	0 | 1) message checkpoint ;;
	2) leg_trip $((RANDOM % ${#DEVS[@]})) ;;
	3) [ "$SHAPE" != staged ] || message flush ;;
	4) message set_profile cold $((3 + RANDOM % 2))+2 ;;
	5) [ "$SHAPE" != staged ] || message set_journal $((1 + RANDOM % 2)) "${WHICH[RANDOM % 3]}" ;;
	esac
	eventually 1 is 0 volume_tier 1 hot
}

# The last user of a slab waits long for its end: another pool stays in use all
# the time, so that thousands can come and go quickly.
keeper() {
	must null_create nbkeep 16
	must dmsetup create keep-meta --table "0 16384 linear /dev/nbkeep 0"
	must dmsetup create keep-hot --table "0 16384 linear /dev/nbkeep 16384"
	must dmsetup create keep-pool --table "0 2048 couche-pool \
		6eed0000-1111-4222-8333-0123456789ab 2 meta /dev/mapper/keep-meta \
		hot /dev/mapper/keep-hot 5 format extent $EXTENT segment $SEGMENT"
	must dmsetup message keep-pool 0 create_volume 1 2048 keep
	must dmsetup create keep-volume --table "0 2048 couche /dev/mapper/keep-pool 1"
}

module_load
echo 1 >/sys/kernel/rcu_expedited
keeper
dmesg -n 1
: >$DESCRIPTION
echo "uuid $UUID" >>$DESCRIPTION
echo "parity 2" >>$DESCRIPTION
JOBS=()
case $SHAPE in
single)
	crash_legs meta:4 meta:4 hot:22 cold:5 cold:5 cold:5 cold:5 cold:5 cold:5
	must pool_format
	;;
staged)
	crash_legs meta:4 meta:4 hot:16 cold:5 cold:5 cold:5 cold:5 cold:5 cold:5
	must pool_format data_journal 2048 destage_threshold 40 destage_interval 2
	;;
mirror)
	crash_legs meta:4 meta:4 hot:11 hot:11 cold:5 cold:5 cold:5 cold:5 cold:5 cold:5
	must pool_format hot 1+1
	;;
esac
# Jobs first, then the scratch area; or a second volume.
V=/dev/mapper/vol1
if [ "$SHAPE" = single ]; then
	add_volume 1 $((6 + SCRATCH))
	echo "scratch 1 $((3 * JOB))" >>$DESCRIPTION
	last="1 $((2 * JOB))"
else
	add_volume 1 4
	add_volume 2 2
	last="2 0"
fi
if [ "$SHAPE" = staged ]; then
	make_cold 1 4
	make_cold 2 2
	must message set_journal 1 all
fi
message checkpoint
mark ready
add_job 0 1 0
add_job 1 1 $JOB
# shellcheck disable=SC2086 # two words
add_job 2 $last
exec 3>&1
trap 'tail -n 20 /tmp/crash-disturb >&3' EXIT
while jobs_go_on; do
	disturb >/tmp/crash-disturb 2>&1
done
trap - EXIT
for pid in "${JOBS[@]}"; do
	must wait "$pid"
done
[ "$SHAPE" != staged ] || must above 0 pool_staged
if [ "$SHAPE" = single ]; then
	for ((round = 1; round <= 6 + OPS / 8; round++)); do
		scratch_round $round
	done
fi
[ "$SHAPE" = single ] || must volume_close 2
must volume_close 1
must pool_remove
for i in "${!DEVS[@]}"; do
	must dmsetup remove "leg$i"
done
must test -z "$(dmsetup status crash-log | grep disabled)"
must dmsetup remove crash-log

truncate -s $((DISK * 512)) /dev/shm/crash-disk
LOOP=$(losetup --find --show /dev/shm/crash-disk)
exec "$REPLAY" $DESCRIPTION /dev/nblog "$LOOP" /dev/shm/crash-disk "$SEED" "$POINTS" "$STOP"
