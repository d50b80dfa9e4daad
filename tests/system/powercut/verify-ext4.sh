#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: verify-ext4.sh SEED "LEGS THAT ARE MISSING" ACKED
#
# Start again without some legs: the file system is in order, and every file
# that was acknowledged is there, or one that came after it in its place.
. "$(dirname "$0")/pool.sh"

module_load
must pool_missing "$2" pool_create
must volume_open 1 $SIZE

# place N: what is there is whole, and not older than the last acknowledged
file_good() {
	local place=$1 seed=$2 acked=$3 oldest n
	oldest=$((acked - (acked - place + FILES) % FILES))
	if [ ! -e "/tmp/files/f$place" ]; then
		[ $oldest -lt 0 ] || { echo "f$place: file $oldest is gone"; return 1; }
		return 0
	fi
	read -r _ n <"/tmp/files/f$place" || { echo "f$place: empty"; return 1; }
	if [ "$n" -lt $oldest ] || [ "$n" -gt $((acked + 1)) ]; then
		echo "f$place: holds file $n, $oldest was acknowledged"
		return 1
	fi
	file_contents "$seed" "$n" | cmp - "/tmp/files/f$place"
}

files_good() {
	local place
	for ((place = 0; place < FILES; place++)); do
		file_good $place "$1" "$3" || return
	done
}

mkdir -p /tmp/files
# The file system's own journal is replayed first, as at any mount.
must mount $V /tmp/files
must files_good "$@"
must umount /tmp/files
must e2fsck -fn $V
must volume_close 1
must pool_remove
must pool_create
must volume_open 1 $SIZE
for leg in $2; do
	must message restore_leg "$leg"
done
must eventually 60 is AAAAAAAAAA pool_legs
must message scrub start
must eventually 120 is "done" pool_field 17
must same "$(pool_field 18 | cut -d/ -f3)" 0
must mount $V /tmp/files
must files_good "$@"
must umount /tmp/files
must volume_close 1
must pool_remove
