#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: write-ext4.sh SEED
#
# Files are written, synced, renamed and their directory synced, one after
# another in 48 places, and extents move to and fro, until the power is cut.
# "ack 0 N" follows when file N is safe.
. "$(dirname "$0")/pool.sh"

module_load
must pool_format hot 1+1
must volume_create 1 $SIZE
must mkfs.ext4 -q $V
mkdir -p /tmp/files
must mount $V /tmp/files
cd /tmp/files || exit 1
while :; do
	message migrate 1 0 0 cold
	eventually 1 is 0 volume_tier 1 hot
	message checkpoint
done >/dev/null 2>&1 &
for ((n = 0; ; n++)); do
	file_contents "$1" $n >new && sync new && mv new f$((n % FILES)) && sync . && echo "ack 0 $n"
done
