#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: write.sh SEED [OPERATIONS]
#
# Two jobs write, migrations go to and fro, until the power is cut. With
# OPERATIONS one job alone writes about so many, the last one synchronously, and
# then nothing happens until the power is cut.
. "$(dirname "$0")/pool.sh"

module_load
must pool_format hot 1+1
must volume_create 1 $SIZE
if [ $# -gt 1 ]; then
	stamp run $V "$1" 0 0 $JOB $EXTENT_BLOCKS "$2" quiet
	echo quiet
	exec tail -f /dev/null
fi
stamp run $V "$1" 0 0 $JOB $EXTENT_BLOCKS 100000 &
stamp run $V "$1" 1 $JOB $JOB $EXTENT_BLOCKS 100000 &
while :; do
	message migrate 1 0 0 cold
	eventually 1 is 0 volume_tier 1 hot
	message migrate 1 0 32 hot
	eventually 1 above 31 volume_tier 1 hot
	message checkpoint
done >/dev/null 2>&1
