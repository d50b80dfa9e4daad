#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The netlink family, spoken to by a client of its own: what it refuses, whom,
# and what its dumps and events hold.
. "$(dirname "$0")/common.sh"

seed_init
module_load
legs meta:32 hot:100 cold:40 cold:40 cold:40
must pool_format cold 2+1 data_journal 2048
must volume_create 1 80
must volume_create 2 1
must dd if=/dev/zero of=/dev/mapper/vol1 bs=1M count=60 oflag=direct status=none

client() {
	python3 "$COUCHE_TOP/tests/system/netlink.py" "$1" "$UUID" "${@:2}"
}

# unchanged COMMAND...: it leaves the map and the legs as they are.
unchanged() {
	local before
	before=$(dmsetup status vol1; pool_legs)
	"$@" && same "$(dmsetup status vol1; pool_legs)" "$before"
}

ok "nobody may look, and change nothing" unchanged client unprivileged
ok "fields that are wrong or missing are refused (I7)" unchanged client malformed
ok "a dump has every extent once" client extents
ok "and which volumes have all their writes staged" all message set_journal 2 all AND \
	client journal 2 AND message set_journal 2 cold AND client journal ""
must volume_close 2
must message remove_volume 2
ok "a migration is told of from begin to end" all client events AND eventually 10 all_in 1 cold
ok "noise is answered and changes nothing (I7)" unchanged client noise "$SEED"
ok "the kernel has nothing to report" not eval 'dmesg | grep -aE "BUG|WARNING|Oops"'
ok "a dump does not keep its pool" client removed

# Of two pools the second has more than one message can hold.
for i in 0 1 2 3; do
	must leg_blank $i
done
SIZES_OF="extent $EXTENT segment $SEGMENT"
must dmsetup create first --table \
	"0 2048 couche-pool ${UUID/5eed/feed} 2 meta ${DEVS[0]} hot ${DEVS[1]} 5 format $SIZES_OF"
must dmsetup create second --table \
	"0 2048 couche-pool $UUID 2 meta ${DEVS[2]} hot ${DEVS[3]} 5 format $SIZES_OF"
must dmsetup message first 0 create_volume 1 2048 one
for ((i = 1; i <= 400; i++)); do
	must dmsetup message second 0 create_volume $i 2048 "volume-$i"
done
ok "where there is no data journal, none is flushed" client no_journal
ok "a dump of all pools misses none of another's when one goes" client shifted first 400
must dmsetup remove second
ok "and all goes down clean" eventually 10 rmmod dm_couche
finish
