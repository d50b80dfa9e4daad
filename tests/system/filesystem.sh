#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# File systems on a volume whose extents move underneath.
. "$(dirname "$0")/common.sh"

seed_init
module_load
modprobe -a ext4 xfs 2>/dev/null
legs meta:32 hot:420 cold:160 cold:160 cold:160
must pool_format cold 2+1
SIZE=320
V=/dev/mapper/vol1
M=/tmp/couche-mount
mkdir -p $M

# Files of many sizes and their checksums.
write_files() {
	local i
	mkdir -p $M/files && for ((i = 0; i < $(scaled 40 150); i++)); do
		head -c $((RANDOM * 8 % 300000 + 1)) /dev/urandom >$M/files/$i || return
	done
	(cd $M && md5sum files/* >sums) && sync
}

right_files() {
	(cd $M && md5sum --quiet -c sums)
}

moves() {
	local i
	for i in 1 2 3; do
		message migrate 1 0 0 cold
		eventually 5 is 0 volume_tier 1 hot
		message migrate 1 0 0 hot
		eventually 5 is 0 volume_tier 1 cold
	done >/dev/null 2>&1
	true
}

# A file system writes of its own accord (what it writes is hot again), so a
# migration may have to be ordered anew.
order_again() {
	message migrate 1 0 0 "$1"
	all_in 1 "$1"
}

migrate_mounted() {
	sync && eventually 60 order_again "$1"
}

remounted() {
	umount $M && drop_caches && mount $V $M
}

checked() {
	umount $M || return
	case $1 in
	ext4) e2fsck -fn $V ;;
	xfs) xfs_repair -n $V ;;
	esac
}

for fs in ext4 xfs; do
	must volume_create 1 $SIZE
	case $fs in
	ext4) ok "mkfs.ext4" mkfs.ext4 -q -F $V ;;
	xfs) ok "mkfs.xfs" mkfs.xfs -q -f $V ;;
	esac
	must mount $V $M
	ok "$fs: files are written while extents move" eval 'moves & write_files && wait'
	ok "$fs: they are right" right_files
	ok "$fs: and after a move to cold" all migrate_mounted cold AND remounted AND right_files
	ok "$fs: written to, removed and read on cold" eval \
		'rm -f $M/files/1? && (cd $M && md5sum files/* >sums) && write_files && right_files'
	ok "$fs: right after a crash of nothing but the mount" all remounted AND right_files
	# shellcheck disable=SC2034 # for the eval below
	used=$(pool_used hot)
	ok "$fs: fstrim gives space back" all rm -rf $M/files AND sync AND fstrim $M AND \
		message checkpoint AND eventually 20 eval '[ "$(pool_used hot)" -lt $used ]'
	ok "$fs: new files fit in" all write_files AND remounted AND right_files
	ok "$fs: read degraded" all migrate_mounted cold AND message fail_leg 3 AND remounted AND \
		right_files AND message restore_leg 3 AND eventually 30 is AAAAA pool_legs
	ok "$fs: nothing is wrong with it" checked $fs
	must volume_close 1
	must message remove_volume 1
done
ok "the pool goes down clean" all pool_remove AND eventually 10 rmmod dm_couche
finish
