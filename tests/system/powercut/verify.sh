#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: verify.sh SEED "LEGS THAT ARE MISSING" ACKED0 ACKED1
#
# Start again without some legs and see whether all is there; then with all.
. "$(dirname "$0")/pool.sh"

module_load
all_there() {
	stamp verify $V "$1" 0 0 $JOB $EXTENT_BLOCKS "$3" &&
		stamp verify $V "$1" 1 $JOB $JOB $EXTENT_BLOCKS "$4"
}

must pool_missing "$2" pool_create
must volume_open 1 $SIZE
must all_there "$@"
dmesg | grep -a device-mapper
dmsetup status
# It works: takes data, moves it, goes down and comes up whole.
must migrate 1 hot
must all_there "$@"
must volume_close 1
must pool_remove
must pool_create
must volume_open 1 $SIZE
must all_there "$@"
for leg in $2; do
	must message restore_leg "$leg"
done
must eventually 60 is AAAAAAAAAA pool_legs
must all_there "$@"
must migrate 1 cold
must all_there "$@"
must volume_close 1
must pool_remove
