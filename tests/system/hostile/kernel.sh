#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kernel.sh SEED SECONDS ROUNDS
#
# In the machine: makes a pool that has some of everything, leaves its legs in
# $COUCHE_WORK/image as a crash would, and activates damaged ones.
. "$(dirname "$0")/../common.sh"

SIZE=1
EXTENT=128
SEGMENT=2048
IMAGE=$COUCHE_WORK/image
module_load
legs meta:8 meta:8 hot:6 hot:6 cold:6 cold:6 cold:6 cold:6
must pool_format hot 1+1 cold 2+1 data_journal 2048 destage_interval 0 destage_threshold 95
for id in 1 2; do
	must volume_create $id $SIZE
	must stamp fill /dev/mapper/vol$id $id
done
must migrate 1 cold
must message checkpoint
# What only the journal knows: a volume, extents, a group, slots.
must volume_create 3 1
must stamp fill /dev/mapper/vol3 3
must migrate 3 cold
for block in 1 5 90 91 200 250; do
	must stamp fill /dev/mapper/vol1 4 $block 1
done
must stamp fill /dev/mapper/vol3 4 17 1
must sync
mkdir -p "$IMAGE"
for i in "${!ROLES[@]}"; do
	must dd if="/dev/nb$i" of="$IMAGE/$i" bs=1M iflag=direct status=none
done
echo "${ROLES[*]}" >"$IMAGE/roles"
for id in 1 2 3; do
	must volume_close $id
done
must pool_remove
for i in "${!ROLES[@]}"; do
	must dmsetup remove "leg$i"
done
touch "$IMAGE/whole"
echo 30 >/proc/sys/kernel/hung_task_timeout_secs
# Taking devices down is mostly waiting for grace periods.
echo 1 >/sys/kernel/rcu_expedited
python3 "$(dirname "$0")/rounds.py" "$IMAGE" "$@" || FAILED=1
eventually 10 rmmod dm_couche || FAILED=1
exit $FAILED
