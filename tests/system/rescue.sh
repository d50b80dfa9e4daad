#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All metadata legs are lost: couchectl rescue --write-meta makes the pool anew
# around its cold legs. Every cold byte is compared, with cold legs lost as well,
# replaced and come back, after a second crash, after a power cut in the middle
# of the rescue, and with footers that were forged.
. "$(dirname "$0")/common.sh"

seed_init
module_load
SEGMENT=2048
legs meta:16 meta:16 hot:16 cold:12 cold:12 cold:12 cold:12 cold:12
V=/dev/mapper/vol1
COLD=(3 4 5 6 7)
BYTES=131072			# of an extent

# device ROLE MIB: one more, for whoever needs it; its number is in NEW
device() {
	NEW=${#SIZES[@]}
	null_create "nb$NEW" "$2" &&
		dmsetup create "leg$NEW" --table "0 $(($2 * 2048)) linear /dev/nb$NEW 0" || return
	SIZES+=("$2")
}

dev() {
	local i
	for i in "$@"; do
		echo "/dev/mapper/leg$i"
	done
}

# volume_open_sectors ID SECTORS
volume_open_sectors() {
	dmsetup create "vol$1" --table "0 $2 couche /dev/mapper/$POOL $1"
}

must pool_format cold 2+2 data_journal 4096
must volume_create 1 4
must volume_create 2 2
must volume_create 3 1
for i in 1 2 3; do
	must stamp fill /dev/mapper/vol$i $i
done
# Twice cold, so that older shards of the same extents lie about.
must message migrate 1 0 24 cold
must eventually 60 is 24 volume_tier 1 cold
must message migrate 1 0 8 hot
must eventually 60 is 16 volume_tier 1 cold
must stamp fill $V 11 0 96
must message migrate 1 0 8 cold
must eventually 60 is 24 volume_tier 1 cold
must message migrate 2 0 3 cold
must eventually 60 is 3 volume_tier 2 cold
must message checkpoint

# save_cold: what the cold extents hold, from the first to the last
save_cold() {
	dd if=$V of=/tmp/expected.1 bs=$BYTES count=24 iflag=direct status=none &&
		dd if=/dev/mapper/vol2 of=/tmp/expected.2 bs=$BYTES count=3 iflag=direct status=none
}

# same_cold: the volumes hold that, and nothing else
same_cold() {
	cmp /tmp/expected.1 $V && cmp /tmp/expected.2 /dev/mapper/vol2 &&
		is $((24 * 256)) sectors_of $V && is $((3 * 256)) sectors_of /dev/mapper/vol2
}

volumes_open() {
	volume_open_sectors 1 $((24 * 256)) && volume_open_sectors 2 $((3 * 256))
}

all_close() {
	local i
	for i in 1 2 3; do
		[ ! -e /dev/mapper/vol$i ] || volume_close $i || return
	done
	pool_remove
}

scrubbed() {
	message scrub start && eventually 60 is "done" pool_field 17 &&
		same "$(pool_field 18 | cut -d/ -f3)/$(pool_field 19)" 0/0/0
}

must save_cold
ok "a pool that runs is not rescued" not couchectl rescue "${DEVS[@]:2}" --write-meta "${DEVS[0]}"
must legs_save /tmp/crash
must all_close

# --- all metadata is lost -----------------------------------------------------------

# rescue STATUS OPTION...: document in /tmp/doc.json, errors in /tmp/err
rescue() {
	local status=0 want=$1
	shift
	couchectl rescue "$@" -o json >/tmp/doc.json 2>/tmp/err || status=$?
	same "$status" "$want" || { cat /tmp/err; jq -c '.findings[]?' /tmp/doc.json; return 1; }
}

field() {
	jq -r "$1" /tmp/doc.json
}

says() {
	grep -qF "$1" /tmp/err || { cat /tmp/err; return 1; }
}

follows_schema() {
	python3 - "$COUCHE_TOP/Documentation/schema/couchectl-v1.schema.json" /tmp/doc.json <<-'END'
		import json, sys
		import jsonschema
		schema, document = (json.load(open(name)) for name in sys.argv[1:])
		jsonschema.Draft202012Validator(schema).validate(document)
	END
}

# What was written went around the cache of these devices.
is_blank() {
	local i
	drop_caches
	for i in "$@"; do
		cmp -n $((SIZES[i] << 20)) "/dev/nb$i" /dev/zero || return
	done
}

# unchanged I...: the leg holds what it did after the crash
unchanged() {
	local i
	drop_caches
	for i in "$@"; do
		cmp "/tmp/kept/$i" "/dev/nb$i" || return
	done
}

lose() {
	local i
	for i in "$@"; do
		leg_blank "$i"
	done
}

# keep: to compare with
keep() {
	rm -rf /tmp/kept && mkdir /tmp/kept || return
	local i
	for i in "${!DEVS[@]}"; do
		dd if="/dev/nb$i" of="/tmp/kept/$i" bs=1M iflag=direct status=none || return
	done
}

CRASHED=("${DEVS[@]:2}")
ok "a metadata leg that can be read is not overwritten" all \
	rescue 4 "${CRASHED[@]}" --write-meta "${DEVS[0]}" AND says "holds a leg of pool" AND \
	says "give --force"
ok "nor left aside" all rescue 4 "${DEVS[@]:1}" --write-meta "${DEVS[0]}" AND \
	says "a metadata leg is here, and knows more than footers do; import the pool with it"
must lose 0 1
must keep
ok "without metadata the pool does not start" refused 'there is none|blank' pool_create
ok "a dry run says what would be" all \
	rescue 0 "${CRASHED[@]}" --write-meta "${DEVS[@]:0:2}" --dry-run AND follows_schema AND \
	is 27 field .rebuilt.extents AND is false field .rebuilt.written AND \
	is 0 field .rebuilt.degraded_extents AND is '0,1' field '[.rebuilt.legs[].index | tostring] | join(",")' AND \
	is 24 field '.volumes[] | select(.id == 1) | .extents'
ok "and writes nothing" all is_blank 0 1 AND unchanged 2 3 4 5 6 7
in_words() {
	couchectl rescue "${CRASHED[@]}" --write-meta "${DEVS[0]}" --dry-run >/tmp/out &&
		grep -q 'nothing was written' /tmp/out &&
		grep -q 'is lost; how much that was, cold legs do not know' /tmp/out
}
ok "in words too, with what it cannot know" in_words
ok "a leg of the pool is no metadata leg" all \
	rescue 2 "${CRASHED[@]}" --write-meta "${DEVS[3]}" AND says 'is leg 3 of the pool'
ok "nor one device two" all \
	rescue 2 "${CRASHED[@]}" --write-meta "${DEVS[0]}" "${DEVS[0]}" AND says 'listed twice'
device meta 1
ok "nor one that is too small" all rescue 1 "${CRASHED[@]}" --write-meta "$(dev $NEW)" AND \
	says 'is too small'
ok "a name for a volume that is not there" all \
	rescue 3 "${CRASHED[@]}" --write-meta "${DEVS[0]}" --volume 9=nine AND says 'no cold extent'
for word in 1 =nine 0=nine 1x=nine 0000000000000012=nine; do
	ok "a name for a volume '$word'" all \
		rescue 2 "${CRASHED[@]}" --write-meta "${DEVS[0]}" --volume $word AND says 'write ID=NAME'
done
ok "one name for two" all \
	rescue 2 "${CRASHED[@]}" --write-meta "${DEVS[0]}" --volume 1=volume-2 AND says 'give another'
ok "nothing was written by any of these" all is_blank 0 1 AND unchanged 2 3 4 5 6 7

# A device that breaks behind its map: no superblock may be anywhere yet.
break_behind_map() {
	leg_table 1 "0 8192 linear /dev/nb1 0
8192 $((SIZES[1] * 2048 - 8192)) flakey /dev/nb1 8192 0 3600 1 error_writes"
}
no_superblock() {
	local i
	drop_caches
	for i in "$@"; do
		cmp -n 12288 "/dev/nb$i" /dev/zero || return
	done
}
must break_behind_map
ok "a rescue that is cut short" all \
	rescue 1 "${CRASHED[@]}" --write-meta "${DEVS[@]:0:2}" AND says 'cannot be written'
ok "leaves no pool, and the cold legs as they were" all \
	no_superblock 0 1 AND unchanged 3 4 5 6 7
must leg_mend 1
ok "it is done again" all \
	rescue 0 "${CRASHED[@]}" --write-meta "${DEVS[@]:0:2}" --volume 1=archive 1=other AND follows_schema AND \
	is true field .rebuilt.written AND is archive field '.volumes[] | select(.id == 1) | .name' AND \
	is volume-2 field '.volumes[] | select(.id == 2) | .name'
ok "nothing was written to other legs" unchanged 2 3 4 5 6 7
ok "check and verify find the pool in order" all couchectl check "${DEVS[@]}" AND \
	couchectl verify "${DEVS[@]}"
is_extents() {
	same "$(couchectl verify "${DEVS[@]}" -o json | jq .extents.healthy)" "$1"
}
ok "with all extents" is_extents 27

# The superblock says which pages there are: one that is gone is no empty one.
spoil_page() {
	local i
	for i in 0 1; do
		dd if=/dev/urandom of="/dev/nb$i" bs=4k seek=256 count=1 oflag=direct status=none || return
	done
}
lost_page() {
	couchectl check "${DEVS[@]}" >/tmp/out
	same $? 8 && grep -q 'map page 0 .*its only version is damaged' /tmp/out
}
save() {
	local i
	mkdir -p "$1" || return
	for i in "${!DEVS[@]}"; do
		dd if="/dev/nb$i" of="$1/$i" bs=1M iflag=direct status=none || return
	done
}
must save /tmp/rebuilt
must spoil_page
ok "a page of its map that is damaged on all legs is a loss" lost_page
ok "and the pool does not start without it" \
	refused 'map page 0: its newest version is damaged on all metadata legs' pool_create
must legs_load /tmp/rebuilt

# One superblock of two was not written yet: what a power cut may leave.
must lose 1
ok "with one metadata leg written it is a whole pool" all \
	pool_missing 1 pool_create AND volumes_open AND same_cold AND all_close
must legs_load /tmp/rebuilt

by_import() {
	couchectl pool import couche --device "${DEVS[@]}" -q &&
		cmp /tmp/expected.1 /dev/mapper/couche-archive &&
		cmp /tmp/expected.2 /dev/mapper/couche-volume-2 &&
		couchectl pool status couche >/dev/null &&
		couchectl pool export couche -q
}
ok "it is imported, and every cold byte is right" by_import
ok "also without a tool" all pool_create AND volumes_open AND same_cold
ok "all legs are in use" is AAAAAAAA pool_legs
ok "a scrub finds nothing" scrubbed
ok "a volume grows to what it was" all volume_close 1 AND message resize_volume 1 8192 AND \
	volume_open 1 4 AND reads_zeros $V $((24 * 32)) 256
ok "it is written to and moved as ever" all stamp fill $V 21 0 1024 AND migrate 1 cold AND \
	stamp fill $V 22 0 300 AND migrate 1 cold AND stamp check $V 22 0 300 AND \
	stamp check $V 21 300 724 AND scrubbed
ok "stopped, all is in order" all all_close AND couchectl check "${DEVS[@]}" AND \
	couchectl verify "${DEVS[@]}"

# --- a second crash, and cold and hot legs are lost too --------------------------------

must pool_create
must volume_open 1 4
must volume_open_sectors 2 $((3 * 256))
# What is in the data journal is lost with the metadata.
must message flush
must dd if=$V of=/tmp/expected.1 bs=$BYTES count=32 iflag=direct status=none
must legs_save /tmp/second
must all_close

same_second() {
	cmp /tmp/expected.1 $V && cmp /tmp/expected.2 /dev/mapper/vol2
}
second_open() {
	volume_open 1 4 && volume_open_sectors 2 $((3 * 256))
}

device meta 24
META=$NEW
device hot 32
HOT=$NEW
without() {
	local i
	for i in "${COLD[@]}"; do
		[[ " $* " == *" $i "* ]] || dev "$i"
	done
}
# rebuild_without I...: cold legs; metadata and hot leg are lost as well
rebuild_without() {
	local legs
	mapfile -t legs < <(without "$@")
	legs_load /tmp/second && lose 0 1 2 "$META" "$HOT" &&
		rescue 0 "${legs[@]}" --write-meta "$(dev "$META")" --write-hot "$(dev "$HOT")" &&
		is 35 field .rebuilt.extents
}
OLD=("${DEVS[@]}")
# The lost metadata legs were only away: they are strangers now, and not believed.
turned_up() {
	legs_load /tmp/second && lose "$META" &&
		rescue 0 "${OLD[@]:2}" --write-meta "$(dev "$META")" &&
		couchectl pool import couche --device "${OLD[@]}" "$(dev "$META")" -q || return
	cmp /tmp/expected.1 /dev/mapper/couche-volume-1 && cmp /tmp/expected.2 /dev/mapper/couche-volume-2
	local status=$?
	couchectl pool export couche -q
	return $status
}
ok "old metadata legs turn up again: the new one counts" turned_up
# What the table has now: one metadata leg, the other's place is empty.
DEVS[0]=/dev/mapper/leg$META
DEVS[1]=-
DEVS[2]=/dev/mapper/leg$HOT
mapfile -t LEGS < <(without 4 6)
must legs_load /tmp/second
must lose 0 1 2 "$META"
ok "without a hot leg it says what to do" all \
	rescue 2 "${LEGS[@]}" --write-meta "$(dev $META)" AND says 'give --write-hot DEV with new ones'
restored() {
	message restore_leg "$1" && message restore_leg "$2"
}
for gone in "3 4" "5 7"; do
	read -r A B <<<"$gone"
	# shellcheck disable=SC2086 # two legs
	ok "cold legs $A and $B are lost too: they are failed" all rebuild_without $gone AND \
		is "failed,failed" field '[.legs[] | select(.device == null and .role == "cold") | .state] | join(",")'
	ok "and every byte is there" all pool_missing "$gone" pool_create AND second_open AND same_second
	ok "they come back, and are given what they lack" all all_close AND pool_create AND second_open AND \
		restored "$A" "$B" AND eventually 60 is A-AAAAAA pool_legs AND same_second AND scrubbed AND \
		all_close AND couchectl verify "${DEVS[0]}" "${DEVS[@]:2}"
done

ok "once more, with legs 4 and 6 gone for good" rebuild_without 4 6
imported() {
	local legs
	mapfile -t legs < <(without 4 6)
	couchectl pool import couche --device "${DEVS[0]}" "${DEVS[2]}" "${legs[@]}" -q &&
		cmp /tmp/expected.1 /dev/mapper/couche-volume-1 &&
		cmp /tmp/expected.2 /dev/mapper/couche-volume-2
}
ok "it is imported, and every byte is there" imported
POOL=couche
ok "it is written to meanwhile" all stamp fill /dev/mapper/couche-volume-1 31 0 64 AND \
	couchectl migrate couche/volume-1 --to cold --wait -q AND \
	stamp check /dev/mapper/couche-volume-1 31 0 64
must dd if=/dev/mapper/couche-volume-1 of=/tmp/expected.1 bs=$BYTES count=32 iflag=direct status=none
leg_is() {
	local legs
	legs=$(pool_legs)
	same "${legs:$1:1}" "$2"
}
replaced() {
	device cold 12 && lose "$NEW" &&
		couchectl leg replace couche "$1" "$(dev "$NEW")" -q || return
	DEVS[$1]=/dev/mapper/leg$NEW
	eventually 60 leg_is "$1" A
}
ok "one is replaced" replaced 4
ok "and the other" all replaced 6 AND is A-AAAAAA pool_legs AND \
	cmp /tmp/expected.1 /dev/mapper/couche-volume-1 AND cmp /tmp/expected.2 /dev/mapper/couche-volume-2
ok "a scrub finds nothing again" scrubbed
ok "stopped, all is in order once more" all couchectl pool export couche -q AND \
	couchectl check "${DEVS[0]}" "${DEVS[@]:2}" AND couchectl verify "${DEVS[0]}" "${DEVS[@]:2}"
POOL=pool

# --- footers that somebody forged -------------------------------------------------------

DEVS=("${OLD[@]}")
IMAGES=/tmp/images
FORGE=$COUCHE_TOP/tests/system/forge.py
# forged HOW: images of the cold legs after the first crash, with such footers
forged() {
	local i
	rm -rf $IMAGES && mkdir $IMAGES || return
	for i in 2 "${COLD[@]}"; do
		cp "/tmp/crash/$i" "$IMAGES/$i" || return
	done
	truncate -s 16M $IMAGES/meta && python3 "$FORGE" "$1" $IMAGES/[3-7]
}

# rebuilt STATUS: from the images; all that is true is there
rebuilt() {
	rescue "$1" $IMAGES/[2-7] --write-meta $IMAGES/meta && follows_schema &&
		is 24 field '.volumes[] | select(.id == 1) | .extents' &&
		is 3 field '.volumes[] | select(.id == 2) | .extents' &&
		couchectl check $IMAGES/* && couchectl verify $IMAGES/* >/dev/null
}

# found SEVERITY WHAT: there is such a finding
found() {
	same "$(jq --arg s "$1" --arg w "$2" \
		'[.findings[] | select(.severity == $s and (.what | test($w)))] | length > 0' /tmp/doc.json)" true ||
		{ jq -c '.findings[]' /tmp/doc.json; return 1; }
}

ok "images will do as well as devices" all forged nothing AND rebuilt 0
ok "footers of another pool are none of ours" all forged pool AND rebuilt 0 AND \
	is 0 field '.findings | length'
ok "one of a volume that never was is a loss, and makes no volume" all forged volume AND rebuilt 8 AND \
	found loss 'fewer than 2 are good' AND is 0 field '[.volumes[] | select(.id == 777 and .name)] | length'
ok "an absurd extent is left out" all forged extent AND rebuilt 0 AND found note 'extent: far beyond'
ok "an absurd group is left out" all forged group AND rebuilt 0 AND found note 'group: beyond'
ok "an absurd generation is left out" all forged generation AND rebuilt 0 AND \
	found note 'generation: beyond'
ok "another shape is left out" all forged shape AND rebuilt 0 AND found note 'not the shape of this pool: 1 versions'
ok "footers in the wrong place are left out" all forged moved AND rebuilt 0 AND \
	found note 'do not belong where they stand'
ok "a newer version with too few shards: the older one is taken" all forged newer AND rebuilt 7 AND \
	found damage 'cannot be restored, the older'
ok "shards that stand twice are taken once" all forged twice AND rebuilt 0
ok "nor does one shard make a volume younger" all forged born AND rebuilt 0 AND \
	is 0 field '[.findings[] | select(.what | test("are of a removed volume"))] | length'
ok "a newer version that is whole is the extent" all forged whole AND rebuilt 0
ok "one that was torn is not: the older one is taken" all forged torn AND rebuilt 7 AND \
	found damage 'cannot be restored, the older'

# --- a volume with the number of one that was removed -----------------------------------

# cold_part SEED FIRST COUNT: extents of the volume
cold_part() {
	stamp fill $V "$1" $(($2 * 32)) $(($3 * 32)) && message migrate 1 "$2" "$3" cold &&
		eventually 60 is $(($2 + $3)) volume_tier 1 cold
}

crash() {
	legs_save /tmp/removed && volume_close 1 && pool_remove && legs_load /tmp/removed &&
		pool_create && volume_open 1 2
}

# What the footers say of when the volume was born that is not what its record says.
born_otherwise() {
	local born
	born=$(couchectl dump "${DEVS[@]}" --what map -o json | jq '[.. | objects | select(.created) | .born] | max')
	[ "$born" -gt 0 ] || { echo "the record says $born"; return 1; }
	couchectl dump "${DEVS[@]}" --what footers -o json |
		jq "[.. | objects | select(.shard? and .generation >= $born and .born != $born)] | length"
}

must lose "${!DEVS[@]}"
must pool_format cold 2+2
must volume_create 1 4
ok "a volume is cold, and removed" all cold_part 51 0 32 AND message checkpoint AND volume_close 1 AND \
	message remove_volume 1
must volume_create 1 2
ok "another has its number, with less in it" cold_part 52 0 1
must crash
ok "also after a crash" cold_part 53 1 1
ok "and a start" all message checkpoint AND volume_close 1 AND pool_remove AND pool_create AND \
	volume_open 1 2 AND cold_part 54 2 1
must volume_close 1
must pool_remove
ok "footers say when the volume was born" is 0 born_otherwise
must lose 0 1
removed_is_told() {
	jq -e '.findings[] | select(.severity == "note" and .object == "volume 1" and
		(.what | test("are of a removed volume")))' /tmp/doc.json
}
ok "its pool is restored without the removed one's" all \
	rescue 0 "${DEVS[@]:2}" --write-meta "${DEVS[@]:0:2}" AND removed_is_told AND \
	is 3 field '.volumes[] | select(.id == 1) | .extents'
ok "an image has nothing of it either" all \
	rescue 0 "${DEVS[@]:3}" --output-dir /tmp/images-removed AND removed_is_told AND \
	is $((3 * BYTES)) stat -c %s /tmp/images-removed/volume-1.img
must pool_create
must volume_open_sectors 1 $((3 * 256))
ok "and what it held is right" all stamp check $V 52 0 32 AND stamp check $V 53 32 32 AND \
	stamp check $V 54 64 32 AND cmp $V /tmp/images-removed/volume-1.img
ok "written to again, it is as old as it was" all cold_part 55 2 1 AND message checkpoint AND \
	volume_close 1 AND pool_remove AND is 0 born_otherwise
finish
