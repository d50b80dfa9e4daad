#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What blktests asks of a block device, asked of a volume in our own words:
# its block/003, 004, 008, 012 and 036, and dm/001. Debian has no package of
# it. Each runs on a volume that is hot, on one that is cold, and on one that
# moves meanwhile; afterwards the data of another volume is still right.
. "$(dirname "$0")/common.sh"

SIZE=16				# MiB of a volume
SECONDS_EACH=$(scaled 2 5)
seed_init
module_load
legs meta:32 hot:96 cold:48 cold:48 cold:48 cold:48 cold:48 cold:48
must pool_format
for id in 1 2; do
	must volume_create $id $SIZE
	must stamp fill /dev/mapper/vol$id $id
done
V=/dev/mapper/vol1

# --- words -------------------------------------------------------------------------

# moving COMMAND...: while the volume goes back and forth between its tiers
moving() {
	local status pid
	(
		tier=cold
		while :; do
			message migrate 1 0 0 $tier
			eventually 1 all_in 1 $tier
			if [ $tier = cold ]; then tier=hot; else tier=cold; fi
		done >/dev/null 2>&1
	) &
	pid=$!
	"$@"
	status=$?
	kill $pid
	wait $pid 2>/dev/null
	return $status
}

staying() {
	"$@"
}

quiet_fio() {
	fio --name=x --filename=$V --output-format=terse "$@" || return
}

whole() {
	stamp fill $V 7 && stamp check $V 7 && stamp check /dev/mapper/vol2 2
}

to_tier() {
	stamp fill $V 1 || return
	[ "$1" = moving ] || migrate 1 "$1"
}

# --- block/003: discards of any size -------------------------------------------------

discards() {
	quiet_fio --rw=randtrim --norandommap --bsrange=4k-${SIZE}m --time_based \
		--runtime="$SECONDS_EACH"
}

# --- block/004: hardly anything but flushes ------------------------------------------

flushes() {
	quiet_fio --rw=randwrite --norandommap --bs=4k --fsync=1 --number_ios="$(scaled 16 128)" \
		--numjobs=16 --thread
}

# --- block/008: reads while processors come and go -----------------------------------

hotplug() {
	local cpus=(/sys/devices/system/cpu/cpu[1-9]*/online) pid cpu
	quiet_fio --rw=randread --norandommap --bs=4k --direct=1 --numjobs=4 --thread \
		--time_based --runtime="$SECONDS_EACH" &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		cpu=${cpus[RANDOM % ${#cpus[@]}]}
		echo $((RANDOM % 2)) >"$cpu"
		eventually 0 false
	done
	for cpu in "${cpus[@]}"; do
		echo 1 >"$cpu"
	done
	wait $pid
}

# --- block/012: what is set read-only is not written ---------------------------------

write_two() {
	dd if=/dev/zero bs=1M count=2 status=none | tr '\0' "$1" |
		dd of=$V bs=2M iflag=fullblock oflag=direct status=none
}

starts_with() {
	same "$(dd if=$V bs=2M count=1 iflag=direct status=none | tr -d "$1" | wc -c)" 0
}

read_only() {
	local status=0
	all is 0 blockdev --getro $V AND write_two a AND starts_with a AND \
		blockdev --setro $V AND blockdev --setro $V AND is 1 blockdev --getro $V AND \
		not write_two b AND starts_with a || status=1
	all blockdev --setrw $V AND is 0 blockdev --getro $V AND write_two c AND \
		starts_with c || status=1
	return $status
}

# --- block/036: a partition table that cannot be read is an error --------------------

# dm devices have no partitions, a loop device above one has.
partitions() {
	local loop status=0 leg
	loop=$(losetup --find --show --partscan --direct-io=on $V) || return
	drop_caches
	blockdev --rereadpt "$loop" || status=1
	for leg in "$@"; do
		leg_break "$leg"
	done
	drop_caches
	log_mark
	blockdev --rereadpt "$loop" >/tmp/rereadpt 2>&1 && { echo "no error"; status=1; }
	grep -q 'Input/output error' /tmp/rereadpt || { cat /tmp/rereadpt; status=1; }
	for leg in "$@"; do
		leg_mend "$leg"
	done
	losetup -d "$loop"
	return $status
}

mended() {
	local leg
	for leg in 1 2 3 4 5 6 7; do
		message restore_leg $leg 2>/dev/null
	done
	eventually 30 is AAAAAAAA pool_legs
}

# --- dm/001: a device that maps to itself --------------------------------------------

to_itself() {
	local sectors
	sectors=$(sectors_of $V)
	dmsetup create self --table "0 $sectors linear $V 0" || return
	dmsetup suspend self
	not dmsetup load self --table "0 $sectors linear /dev/mapper/self 0" &&
		dmsetup remove self && whole
}

volume_to_itself() {
	dmsetup suspend vol1 || return
	not dmsetup load vol1 --table "0 $(sectors_of $V) couche $V 1"
	local status=$?
	dmsetup resume vol1
	return $status
}

pool_to_itself() {
	local saved=("${DEVS[@]}") status
	dmsetup suspend "$POOL" || return
	DEVS[1]=/dev/mapper/$POOL
	not dmsetup load "$POOL" --table "$(pool_table)"
	status=$?
	DEVS=("${saved[@]}")
	dmsetup resume "$POOL"
	return $status
}

# --- all of it -----------------------------------------------------------------------

for state in hot cold moving; do
	how=staying
	[ $state != moving ] || how=moving
	ok "$state: discards of any size (003)" all to_tier $state AND $how discards AND whole
	ok "$state: flushes (004)" all to_tier $state AND $how flushes AND whole
	if [ -e /sys/devices/system/cpu/cpu1/online ]; then
		ok "$state: processors come and go (008)" all to_tier $state AND $how hotplug AND whole
	fi
	ok "$state: read-only is read-only (012)" all to_tier $state AND $how read_only AND whole
done
ok "hot: a partition table that cannot be read (036)" all to_tier hot AND partitions 1 AND \
	mended AND whole
ok "cold: the same, with more than m legs broken" all to_tier cold AND partitions 2 3 4 AND \
	mended AND whole
ok "a device above a volume cannot be mapped to itself (dm/001)" to_itself
ok "nor can a volume" all volume_to_itself AND whole
ok "nor a pool" all pool_to_itself AND whole
ok "the pool goes down clean" all volume_close 1 AND volume_close 2 AND pool_remove AND \
	eventually 10 rmmod dm_couche
finish
