#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is wrong is refused, says why, and changes nothing (I7).
. "$(dirname "$0")/common.sh"

seed_init
module_load
legs meta:16 hot:32 cold:16 cold:16 cold:16 cold:16 cold:16 cold:16 meta:16 hot:2

D=("${DEVS[@]}")
U=$UUID
GOOD="meta ${D[0]} hot ${D[1]}"
COLD="cold ${D[2]} cold ${D[3]} cold ${D[4]} cold ${D[5]} cold ${D[6]} cold ${D[7]}"

# Of where superblocks stand; of all there is with "whole".
sums() {
	local leg
	for leg in "${D[@]}"; do
		if [ "${1:-}" = whole ]; then
			cat "$leg"
		else
			head -c 32K "$leg"
		fi
	done | md5sum
}

table() {
	dmsetup create "$POOL" --table "0 2048 couche-pool $1"
}

# wrong NAME PATTERN TABLE: refused with a message, no device, legs as before.
wrong() {
	ok "$1" all refused "$2" table "$3" AND not dmsetup info "$POOL" AND \
		is "$BEFORE" sums
}

# --- table lines ------------------------------------------------------------------

BEFORE=$(sums)
WHOLE=$(sums whole)
wrong "no arguments" 'pool uuid: missing' ""
wrong "no UUID" 'pool uuid: .*is not a UUID' "hello 2 $GOOD 0"
wrong "the nil UUID" 'pool uuid' "00000000-0000-0000-0000-000000000000 2 $GOOD 0"
wrong "legs are no number" 'legs' "$U two $GOOD 0"
wrong "no legs" 'legs' "$U 0 0"
wrong "fewer legs than said" 'legs' "$U 3 $GOOD 0"
wrong "more legs than said" 'feature args|legs' "$U 1 $GOOD 0"
wrong "too many legs" 'legs: more than 64' "$U 65 $GOOD 0"
wrong "a huge number of legs" 'legs' "$U 99999999999999999999 $GOOD 0"
wrong "a negative number of legs" 'legs' "$U -1 $GOOD 0"
wrong "an unknown role" 'legs: role' "$U 2 meta ${D[0]} lukewarm ${D[1]} 0"
wrong "no meta leg" 'no meta leg' "$U 1 hot ${D[1]} 0"
wrong "a device twice" 'listed twice' "$U 3 $GOOD hot ${D[1]} 0"
wrong "a device twice, by another name" 'named twice' \
	"$U 3 $GOOD hot /dev/mapper/../mapper/leg1 0"
wrong "a device that is not there" 'cannot be opened' "$U 2 meta ${D[0]} hot /dev/nowhere 0"
wrong "a device that is a file" 'cannot be opened' "$U 2 meta ${D[0]} hot /etc/passwd 0"
wrong "no number of features" 'feature args: number missing' "$U 2 $GOOD"
wrong "fewer features than said" 'feature args' "$U 2 $GOOD 2 format"
wrong "more features than said" 'feature args' "$U 2 $GOOD 0 format"
wrong "an unknown feature" 'unknown' "$U 2 $GOOD 1 fromat"
wrong "a feature twice" 'given twice' "$U 2 $GOOD 2 format format"
wrong "an odd extent" 'extent' "$U 2 $GOOD 3 format extent 100"
wrong "an extent that is no power of two" 'extent' "$U 2 $GOOD 3 format extent 384"
wrong "a huge extent" 'extent' "$U 2 $GOOD 3 format extent 4294967296"
wrong "a tiny segment" 'segment' "$U 2 $GOOD 3 format segment 8"
wrong "a segment that is no multiple of the extent" 'segment' \
	"$U 2 $GOOD 5 format extent 2048 segment 3072"
wrong "k + m too large" 'cold' "$U 8 $GOOD $COLD 3 format cold 30+4"
wrong "k of zero" 'cold' "$U 8 $GOOD $COLD 3 format cold 0+2"
wrong "a profile that is none" 'cold' "$U 8 $GOOD $COLD 3 format cold 4-2"
wrong "an unknown matrix" 'cold_matrix' "$U 8 $GOOD $COLD 3 format cold_matrix random"
wrong "stripes on hot" 'hot' "$U 8 $GOOD $COLD 3 format hot 4+2"
wrong "no shards needed" 'cold_min_healthy' "$U 8 $GOOD $COLD 3 format cold_min_healthy 0"
wrong "fewer shards needed than k" 'cold_min_healthy' "$U 8 $GOOD $COLD 3 format cold_min_healthy 3"
wrong "more shards needed than k + m" 'cold_min_healthy' \
	"$U 8 $GOOD $COLD 3 format cold_min_healthy 7"
wrong "shards needed that are no number" 'cold_min_healthy' \
	"$U 8 $GOOD $COLD 3 format cold_min_healthy all"
wrong "shards needed without a cold tier" 'cold_min_healthy' \
	"$U 2 $GOOD 3 format cold_min_healthy 4"
wrong "a name with a blank line" 'name' "$U 2 $GOOD 3 format name $(printf 'x%.0s' {1..80})"
wrong "domains for fewer legs" 'domains' "$U 2 $GOOD 3 format domains 1"
wrong "domains that are no numbers" 'domains' "$U 2 $GOOD 3 format domains a,b"
S="segment $SEGMENT extent $EXTENT"
wrong "blank legs without a format" 'blank' "$U 8 $GOOD $COLD 0"
wrong "a format that is read-only" 'format' "$U 8 $GOOD $COLD 2 format readonly"
wrong "a format with a leg missing" 'format: a device is missing' \
	"$U 3 $GOOD hot - 5 format $S"
wrong "more shards than cold legs" 'cold: fewer legs than k' \
	"$U 8 $GOOD $COLD 7 format $S cold 5+2"
wrong "more mirrors than hot legs" 'hot: fewer legs than k' "$U 8 $GOOD $COLD 7 format $S hot 1+1"
wrong "a matrix that cannot restore" 'cold_matrix' \
	"$U 8 $GOOD $COLD 9 format $S cold 1+5 cold_matrix vandermonde"
wrong "only meta legs" 'nowhere to write|legs' "$U 1 meta ${D[0]} 5 format $S"
wrong "a leg too small for one segment" 'leg|sectors|segment' "$U 2 meta ${D[0]} hot ${D[9]} 5 format $S"
wrong "a meta leg too small" 'leg|sectors|meta|journal|map' "$U 2 meta ${D[9]} hot ${D[1]} 5 format $S"

ok "the legs are blank still, all of them" is "$WHOLE" sums whole

# --- volumes and messages -----------------------------------------------------------

ROLES=("${ROLES[@]:0:8}")
DEVS=("${DEVS[@]:0:8}")
must pool_format
must volume_create 1 8
must stamp fill /dev/mapper/vol1 1
must migrate 1 cold

refuses() {
	local name=$1 pattern=$2
	shift 2
	ok "message refused: $name" refused "$pattern" message "$@"
}
refuses "an unknown one" 'unknown message' make_coffee
refuses "no arguments" 'wrong number' create_volume
refuses "too many" 'wrong number' checkpoint now
refuses "volume 0" 'create_volume' create_volume 0 2048 x
refuses "volume 1024 and one" 'create_volume' create_volume 1025 2048 x
refuses "a volume that exists" 'create_volume' create_volume 1 2048 x
refuses "a volume without sectors" 'create_volume' create_volume 2 0 x
refuses "an odd number of sectors" 'create_volume' create_volume 2 2047 x
refuses "a volume larger than its map can be" 'create_volume' create_volume 2 9223372036854775000 x
refuses "a volume larger than any" 'create_volume' create_volume 2 18446744073709551615 x
refuses "sectors that are no number" 'not a number' create_volume 2 many x
refuses "a name that is too long" 'create_volume' create_volume 2 2048 "$(printf 'x%.0s' {1..80})"
refuses "removing what is not there" 'remove_volume' remove_volume 77
refuses "resizing what is not there" 'resize_volume' resize_volume 77 2048
refuses "migrating what is not there" 'migrate' migrate 77 0 0 cold
refuses "migrating to nowhere" 'tier' migrate 1 0 0 tepid
refuses "migrating to a tier the pool has not" 'migrate' migrate 1 0 0 warm
refuses "migrating from behind the end" 'migrate' migrate 1 1000 1 cold
refuses "migrating past the end" 'migrate' migrate 1 0 18446744073709551615 cold
refuses "cancelling nothing" 'cancel' cancel 12345
refuses "failing the only meta leg" 'data would be lost' fail_leg 0
refuses "failing leg 4294967296" 'not a number' fail_leg 4294967296
refuses "restoring a leg that is well" 'has not failed' restore_leg 2
for order in add replace remove drain undrain; do
	refuses "$order: no leg" 'wrong number' ${order}_leg
	refuses "$order: two legs" 'wrong number' ${order}_leg 2 3
	refuses "$order: a leg that is no number" 'not a number' ${order}_leg two
	refuses "$order: half a leg" 'not a number' ${order}_leg 2.5
	refuses "$order: leg 4294967296" 'not a number' ${order}_leg 4294967296
	refuses "$order: leg 64" 'leg: ' ${order}_leg 64
	refuses "$order: a leg beyond the last" 'leg: ' ${order}_leg 9
done
refuses "adding a leg where there is one" 'leg: the pool has one there' add_leg 2
refuses "adding a leg that no table names" 'leg: .*no new device' add_leg 8
refuses "replacing a leg that is well" 'leg: it has not failed' replace_leg 2
refuses "removing a leg that is well" 'leg: it is in use' remove_leg 2
refuses "removing the only meta leg" 'leg: it is in use' remove_leg 0
refuses "draining a meta leg" 'leg: a meta leg' drain_leg 0
refuses "draining the only hot leg" 'leg: fewer than k' drain_leg 1
refuses "draining a leg that stripes need" 'leg: fewer than k' drain_leg 2
refuses "undraining a leg that is not drained" 'leg: it is not being drained' undrain_leg 2
must message fail_leg 3
refuses "replacing a failed leg without a device" 'leg: .*no new device' replace_leg 3
refuses "removing a failed leg that holds something" 'leg: there are groups on it' remove_leg 3
must message restore_leg 3
ok "the leg is back" eventually 20 is AAAAAAAA pool_legs
ok "and nothing has changed" stamp check /dev/mapper/vol1 1
V="0 16384 couche"
volume_wrong() {
	ok "volume refused: $1" all refused "$2" dmsetup create wrong --table "$3" AND \
		not dmsetup info wrong
}
volume_wrong "no arguments" 'needs 2' "$V"
volume_wrong "a pool that is none" 'is not an active pool' "$V ${D[8]} 1"
volume_wrong "a pool that is not there" 'cannot be opened' "$V /dev/nowhere 1"
volume_wrong "an id that is none" 'not a number' "$V /dev/mapper/$POOL one"
volume_wrong "an id nobody has" 'volume' "$V /dev/mapper/$POOL 9"
volume_wrong "longer than it is" 'volume' "0 32768 couche /dev/mapper/$POOL 1"
ok "a second pool device of the same UUID is refused" refused 'couche-pool' \
	dmsetup create twin --table "$(pool_table)"
ok "a table with fewer legs is refused while it runs" not dmsetup load $POOL \
	--table "0 2048 couche-pool $UUID 2 $GOOD 0"
ok "a running leg cannot be swapped" refused 'may change only after it failed' all \
	dmsetup suspend $POOL AND dmsetup load $POOL --table \
	"0 2048 couche-pool $UUID 8 $GOOD cold ${D[3]} cold ${D[2]} cold ${D[4]} cold ${D[5]} cold ${D[6]} cold ${D[7]} 0" \
	AND dmsetup resume $POOL
ok "the old table still does" all reload $POOL "$(pool_table)" AND stamp check /dev/mapper/vol1 1
must volume_close 1
must pool_remove

# --- superblocks --------------------------------------------------------------------

BEFORE=$(sums)
wrong "a pool's legs: fewer legs than said" 'legs' "$U 3 $GOOD 0"
wrong "a pool's legs: an unknown feature" 'unknown' "$U 8 $GOOD $COLD 1 fromat"
wrong "a pool's legs: k + m too large" 'cold' "$U 8 $GOOD $COLD 3 format cold 30+4"
ok "the pool is as it was" all pool_create AND volume_open 1 8 AND stamp check /dev/mapper/vol1 1
must volume_close 1
must pool_remove

mkdir -p /tmp/legs
for i in 0 1 2 3 4 5 6 7; do
	dd if="/dev/nb$i" of="/tmp/legs/$i" bs=1M status=none
done
put_back() {
	local i
	for i in "$@"; do
		dd if="/tmp/legs/$i" of="/dev/nb$i" bs=1M oflag=direct status=none || return
	done
}
opens() {
	pool_create && volume_open 1 8 && stamp check /dev/mapper/vol1 1 && volume_close 1 &&
		pool_remove
}
noise() {
	dd if=/dev/urandom of="$1" bs=4k seek="$2" count="$3" oflag=direct status=none
}
for leg in 0 1 4; do
	ok "one slot of leg $leg is damaged: the other is used" all noise /dev/nb$leg 1 1 AND \
		opens AND put_back 0 1 2 3 4 5 6 7 AND noise /dev/nb$leg 2 1 AND opens AND \
		put_back 0 1 2 3 4 5 6 7
	must noise /dev/nb$leg 1 2
	BEFORE=$(sums)
	wrong "both slots of leg $leg are damaged" "leg $leg: superblock" "$(pool_table | cut -d' ' -f4-)"
	must put_back $leg
done
ok "an ext4 where a leg was is refused" all mkfs.ext4 -q -F /dev/mapper/leg4 AND \
	noise /dev/mapper/leg4 2 1 AND refused 'leg 4' pool_create AND put_back 4
ok "blank legs beside others are refused" all dd if=/dev/zero of=/dev/nb4 bs=4k seek=1 count=2 \
	oflag=direct status=none AND refused 'blank' pool_format AND put_back 4
ok "the only meta leg is missing" refused 'meta' pool_missing 0 pool_create
ok "the only hot leg is missing" refused 'legs' pool_missing 1 pool_create
differs() {
	ok "asked for another $1 than it has" refused "$1|$2" pool_create "$2" "$3"
}
differs extent extent 1024
differs segment segment 16384
differs name name other
differs profile cold 3+3
small_leg() {
	dmsetup suspend leg3 && dmsetup load leg3 --table "0 20480 linear /dev/nb3 0" &&
		dmsetup resume leg3 && pool_create
}
ok "a leg that became smaller is refused" refused 'leg 3: its device has become smaller' small_leg
must leg_mend 3
read_only() {
	pool_create readonly && is ro pool_mode && dmsetup create vol1 --readonly \
		--table "0 16384 couche /dev/mapper/$POOL 1"
}
BEFORE=$(sums whole)
ok "read-only it opens" read_only
ok "takes no messages" refused 'takes no changes' message create_volume 2 2048 x
ok "and writes nothing" all volume_close 1 AND pool_remove AND is "$BEFORE" sums whole
ok "after all this it opens and holds what it held" opens
ok "and the module goes" eventually 10 rmmod dm_couche
finish
