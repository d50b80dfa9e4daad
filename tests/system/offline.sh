#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Legs judged without the module: couchectl check and verify on pools that were
# stopped, that crashed and that were damaged, each time with the exact finding;
# couchectl rescue when no metadata is left.
. "$(dirname "$0")/common.sh"

seed_init
module_load
SIZE=4
SEGMENT=2048
legs meta:16 meta:16 hot:8 cold:8 cold:8 cold:8 cold:8
must pool_format cold 2+2
must volume_create 1 $SIZE
must volume_create 2 1
must stamp fill /dev/mapper/vol1 1
must stamp fill /dev/mapper/vol2 2
must message migrate 1 0 20 cold
must eventually 60 is 20 volume_tier 1 cold
must message checkpoint

# --- the legs as files: /tmp/crash as a crash leaves them, /tmp/clean stopped ----

IMAGES=/tmp/legs
snapshot() {
	local i
	mkdir -p "/tmp/$1"
	for i in "${!DEVS[@]}"; do
		dd if="/dev/nb$i" of="/tmp/$1/$i" bs=1M iflag=direct status=none || return
	done
}

# Records that only the journal has.
commits() {
	local i
	for i in 3 4 5 6 7 8; do
		message create_volume $i 2048 "volume-$i" || return
	done
	stamp fill /dev/mapper/vol1 1 600 64 && sync /dev/mapper/vol1
}

# image NAME: work on a copy of this snapshot.
image() {
	rm -rf $IMAGES && cp -r "/tmp/$1" $IMAGES
}

# check STATUS [ARGS...]: of all images; the document is in /tmp/check.json
check() {
	local status=0 want=$1
	shift
	[ $# -gt 0 ] || set -- $IMAGES/[0-6]
	couchectl check "$@" -o json \
		>/tmp/check.json 2>/tmp/check.err || status=$?
	same "$status" "$want" || { cat /tmp/check.err; jq -c '.findings[]' /tmp/check.json; return 1; }
}

# found N SEVERITY LEG OBJECT WHAT: exactly N findings are like this
found() {
	local n
	n=$(jq --arg s "$2" --argjson l "$3" --arg o "$4" --arg w "$5" '[.findings[] | select(
		.severity == $s and .leg == $l and (.object | test("^" + $o + "$")) and
		(.what | test($w)))] | length' /tmp/check.json)
	same "$n" "$1" || { jq -c '.findings[]' /tmp/check.json; return 1; }
}

# findings N: there are no others
findings() {
	same "$(jq '.findings | length' /tmp/check.json)" "$1" ||
		{ jq -c '.findings[]' /tmp/check.json; return 1; }
}

field() {
	jq -r "$1" /tmp/check.json
}

# spoil FILE BLOCK [BYTE]: flip a bit of this block of 4 KiB
spoil() {
	python3 - "$1" $(($2 * 4096 + ${3:-2000})) <<-'END'
		import os, sys
		fd = os.open(sys.argv[1], os.O_RDWR)
		byte = os.pread(fd, 1, int(sys.argv[2]))
		os.pwrite(fd, bytes([byte[0] ^ 4]), int(sys.argv[2]))
		os.fsync(fd)
	END
}

# blank FILE BLOCK COUNT
blank() {
	dd if=/dev/zero of="$1" bs=4k seek="$2" count="$3" conv=notrunc status=none
}

# super FIELD: from the superblock of leg 0
super() {
	python3 - $IMAGES/0 "$1" <<-'END'
		import struct, sys
		at = {"map_start": (88, "Q"), "journal_start": (104, "Q"), "journal_pos": (120, "I"),
		      "journal_blocks": (100, "I")}
		slots = []
		for slot in (1, 2):
		    block = open(sys.argv[1], "rb").read(3 * 4096)[slot * 4096:(slot + 1) * 4096]
		    order = struct.unpack_from("<QQ", block, 56)
		    offset, kind = at[sys.argv[2]]
		    slots.append((order, struct.unpack_from("<" + kind, block, offset)[0]))
		print(max(slots)[1])
	END
}

ok "a running pool is not read" not couchectl check "${DEVS[@]}"
ok "and says why" test "$(couchectl check "${DEVS[@]}" 2>&1 | grep -c 'is in use; stop the pool')" = 1
ok "the exit code is that of a conflict" is 4 bash -c 'couchectl check "$@" 2>/dev/null; echo $?' - "${DEVS[@]}"
couchectl check --repair "${DEVS[@]}" 2>/dev/null
echo $? >/tmp/running
ok "unless it is told to" couchectl check --live "${DEVS[@]}"
ok "but not to repair it" is 2 bash -c 'couchectl check --live --repair "$@" 2>/dev/null; echo $?' - "${DEVS[@]}"
must commits
must snapshot crash
for i in 1 2; do
	must volume_close $i
done
must pool_remove
must snapshot clean
ok "the stopped pool is clean, by its devices" couchectl check "${DEVS[@]}"
ok "and found by its UUID" couchectl check --pool $UUID
ok "another UUID is not found" is 3 bash -c \
	'couchectl check --pool 11111111-2222-4333-8444-555555555555 2>/dev/null; echo $?'

# --- nothing wrong ---------------------------------------------------------------

ok "the images of it are clean" all image clean AND check 0 AND findings 0
ok "with nothing to replay" is 0 field .journal.replayed_records
ok "18 extents are cold" is 18 field '.volumes[] | select(.id == 1) | .tier_extents.cold'
ok "8 volumes are there" is 8 field '.volumes | length'
ok "what a crash left is clean" all image crash AND check 0 AND findings 0
ok "once the journal is replayed" above 5 field .journal.replayed_records
ok "the same volumes are there" is 8 field '.volumes | length'
ok "check has written nothing" diff -r /tmp/crash $IMAGES
ok "the kernel opens what check calls clean" all pool_create AND pool_remove

# What differs from run to run becomes a fixed value.
golden() {
	jq --sort-keys 'walk(if type == "object" then with_entries(
		if .key | IN("uuid", "sequence", "checkpoint", "replayed_blocks", "replayed_commits",
			"replayed_records", "groups", "assigned_segments") then .value = 0 else . end) else . end)' "/tmp/$1.json" |
		diff -u "$COUCHE_TOP/tests/control/golden/$1.json" -
}

# follows_schema DOCUMENT
follows_schema() {
	python3 - "$COUCHE_TOP/Documentation/schema/couchectl-v1.schema.json" "$1" <<-'END'
		import json, sys
		import jsonschema
		schema, document = (json.load(open(name)) for name in sys.argv[1:])
		jsonschema.Draft202012Validator(schema).validate(document)
	END
}
ok "its document is the golden one and follows the schema" all image clean AND check 0 AND \
	golden check AND follows_schema /tmp/check.json

# --- superblocks -----------------------------------------------------------------

spoil_both() {
	spoil "$1" 1 && spoil "$1" 2
}
ok "a damaged superblock slot is named" all image clean AND spoil $IMAGES/3 1 AND check 7 AND \
	found 1 damage 3 'superblock slot A' 'crc: does not match' AND findings 1
ok "and after a crash, which may tear one, it is a note" all image crash AND spoil $IMAGES/3 2 AND \
	check 0 AND found 1 note 3 'superblock slot B' 'crc: does not match' AND findings 1
ok "a device without a superblock is no leg" all image clean AND spoil_both $IMAGES/3 AND check 7 AND \
	found 2 damage null 'superblock slot .' 'crc: does not match' AND \
	found 1 damage 3 'cold leg' 'leg: missing' AND findings 3
old_meta() {
	cp /tmp/crash/1 $IMAGES/1
}
ok "a metadata leg of before is named" all image clean AND old_meta AND check 7 AND \
	found 1 damage 1 superblock 'sequence: older than that of other legs'

# --- legs that are not there --------------------------------------------------------

ok "a missing cold leg is damage" all image clean AND check 7 $IMAGES/[0-5] AND \
	found 1 damage 6 'cold leg' 'leg: missing' AND findings 1
ok "more than m of them are a loss" all check 8 $IMAGES/[0-3] AND \
	found 1 loss null 'cold legs' 'legs: 3 of 4 are missing or stale, 2 may be'
ok "one metadata leg is enough to check" all check 7 $IMAGES/[1-6] AND \
	found 1 damage 0 'meta leg' 'leg: missing' AND findings 1 AND is 8 field '.volumes | length'
ok "no metadata leg is a loss" all check 8 $IMAGES/[2-6] AND follows_schema /tmp/check.json AND \
	found 1 loss null 'meta legs' 'legs: 2 of 2 are missing or stale, 1 may be'

# --- map pages ----------------------------------------------------------------------

# page_block PAGE SLOT: block number on a metadata leg
page_block() {
	echo $(($(super map_start) / 8 + $1 * 2 + $2))
}

# newest_slot FILE PAGE: 0 or 1
newest_slot() {
	python3 - "$1" "$(page_block "$2" 0)" <<-'END'
		import struct, sys
		data = open(sys.argv[1], "rb")
		data.seek(int(sys.argv[2]) * 4096)
		a, b = (struct.unpack_from("<Q", data.read(4096), 8)[0] for _ in range(2))
		print(int(b > a))
	END
}
spoil_newest() {
	local slot
	slot=$(newest_slot $IMAGES/0 0)
	spoil $IMAGES/0 "$(page_block 0 "$slot")"
	spoil $IMAGES/1 "$(page_block 0 "$slot")"
}
spoil_page() {
	local leg slot
	for leg in 0 1; do
		for slot in 0 1; do
			spoil $IMAGES/$leg "$(page_block 0 $slot)" || return
		done
	done
}
blank_newest() {
	blank $IMAGES/1 "$(page_block 0 "$(newest_slot $IMAGES/1 0)")" 1
}
SLOT=$(image clean && newest_slot $IMAGES/0 0)
ok "a damaged slot of a map page is named" all image clean AND \
	spoil $IMAGES/1 "$(page_block 0 "$SLOT")" AND check 7 AND \
	found 1 damage 1 "map page 0 slot $(tr 01 AB <<<"$SLOT")" 'page crc: does not match'
ok "both legs' newest version damaged is a loss: the older one is stale" all image clean AND \
	spoil_newest AND check 8 AND found 1 loss null 'map page 0' 'its newest version is damaged on every leg'
ok "all four versions damaged is a loss" all image clean AND spoil_page AND check 8 AND \
	found 1 loss null 'map page 0' 'all its versions are damaged' AND \
	found 2 damage 0 'map page 0 slot .' 'crc' AND found 2 damage 1 'map page 0 slot .' 'crc'
ok "a version that one leg never got is named" all image clean AND blank_newest AND check 7 AND \
	found 1 damage 1 'map page 0' 'its newest version is on other legs only' AND findings 1

# --- the journal --------------------------------------------------------------------

# log_block N: the Nth block of the log, on a metadata leg
log_block() {
	echo $(($(super journal_start) / 8 + ($(super journal_pos) + $1) % $(super journal_blocks)))
}
spoil_log() {
	local leg
	for leg in "$@"; do
		spoil $IMAGES/$leg "$(log_block 1)" 70 || return
	done
}
image crash
POS=$((($(super journal_pos) + 1) % $(super journal_blocks)))
ok "a damaged journal block is named" all spoil_log 1 AND check 7 AND \
	found 1 damage 1 "journal block $POS" 'journal crc: does not match' AND findings 1
ok "and all is replayed from the other leg" is 8 field '.volumes | length'
ok "on all legs it is a loss: the log went on" all image crash AND spoil_log 0 1 AND check 8 AND \
	found 1 loss null "journal block $POS" 'the log goes on behind it, [0-9]+ blocks are lost'

# --- repair: good copies over bad ones ----------------------------------------------------

# repair STATUS N: it writes N blocks
repair() {
	check "$1" --repair $IMAGES/[0-6] && is "$2" field .repair_count &&
		follows_schema /tmp/check.json
}
# mended N: it does, and nothing is left to say
mended() {
	repair 0 "$1" && findings 0 && check 0 && findings 0
}
ok "a running pool was not repaired" all is 4 cat /tmp/running
ok "a clean pool needs none" all image clean AND mended 0 AND diff -r /tmp/clean $IMAGES
ok "a superblock slot gets what the others say" all image clean AND spoil $IMAGES/3 1 AND mended 1
ok "of a metadata leg too" all image clean AND spoil $IMAGES/0 1 AND spoil $IMAGES/1 2 AND mended 3
planned() {
	image clean && spoil $IMAGES/3 1 && cp -r $IMAGES /tmp/before &&
		check 7 --repair --dry-run $IMAGES/[0-6] && is 1 field .repair_count &&
		is false field '.repairs[0].written' && is 'superblock slot A' field '.repairs[0].object' &&
		diff -r /tmp/before $IMAGES
}
ok "a dry run says so and writes nothing" planned
ok "a device that may be any leg is left alone, and what to do is said" all image clean AND \
	spoil_both $IMAGES/3 AND repair 7 0 AND \
	is 'name the device of the leg that it was, or: couchectl leg replace' field \
	'[.findings[] | select(.object == "superblock slot A")][0].remedy' AND \
	is 'attach the leg, or: couchectl leg replace' field '[.findings[] | select(.what == "leg: missing")][0].remedy'
ok "a damaged slot of a map page" all image clean AND \
	spoil $IMAGES/1 "$(page_block 0 "$SLOT")" AND mended 1
ok "the older one as well" all image clean AND \
	spoil $IMAGES/1 "$(page_block 0 $((1 - SLOT)))" AND mended 1
# The next checkpoint writes over this slot, on all legs.
ok "which is not the newest one on any leg (I1)" diff -r /tmp/clean $IMAGES
ok "a version that one leg never got" all image clean AND blank_newest AND mended 1
ok "one that no leg has stays lost, and is not written over" all image clean AND spoil_newest AND \
	cp -r $IMAGES /tmp/spoilt AND repair 8 0 AND diff -r /tmp/spoilt $IMAGES
ok "a journal block" all image crash AND spoil_log 1 AND mended 1
# Devices this time: one metadata leg stale, a slot of each cold one's superblock damaged.
opens_repaired() {
	local i
	legs_load /tmp/clean && dd if=/tmp/crash/1 of=/dev/nb1 bs=1M oflag=direct status=none || return
	for i in 3 4 5 6; do
		spoil /dev/nb$i 1 || return
	done
	couchectl check --repair "${DEVS[@]}" && couchectl check "${DEVS[@]}" -q &&
		pool_missing 0 pool_create && volume_open 1 $SIZE && stamp check /dev/mapper/vol1 1 &&
		volume_close 1 && pool_remove && legs_load /tmp/clean
}
stale_leg() {
	image clean && old_meta && check 0 --repair $IMAGES/[0-6] && findings 0 && check 0 && findings 0 &&
		mv $IMAGES/0 /tmp/leg0 && check 7 $IMAGES/[1-6] && is 8 field '.volumes | length' &&
		is 18 field '.volumes[] | select(.id == 1) | .tier_extents.cold' && findings 1
}
ok "a stale metadata leg is as good as the other afterwards" stale_leg
ok "the kernel opens what was repaired" opens_repaired

# --- dump ------------------------------------------------------------------------------

# dump WHAT
dump() {
	couchectl dump --what "$1" $IMAGES/[0-6] -o json >/tmp/check.json && follows_schema /tmp/check.json
}
image clean
ok "both slots of all superblocks" all dump superblocks AND is 14 field '.superblocks | length' AND \
	is 0 field '[.superblocks[] | select(.error)] | length' AND \
	is 6 field '.superblocks[-1].leg_index'
ok "the map of volume 1 on leg 1" all dump map AND is 32 field \
	'[.pages[] | select(.leg == 1 and .volume == 1)] | max_by(.sequence) | .extents | length'
ok "the journal has made volume 3" all dump journal AND is volume-3 field \
	'[.journal[] | select(.leg == 0) | .volumes[] | select(.id == 3)] | first | .name'
ok "every cold extent has four footers" all dump footers AND above 71 field '.footers | length' AND \
	is '[0,1,2,3]' field '[.footers[] | select(.volume == 1 and .extent == 4) | .shard] | unique | tostring'
ok "as text too" test "$(couchectl dump $IMAGES/[0-6] | grep -c 'journal_seq:')" = 14
damaged_is_shown() {
	spoil $IMAGES/0 1 && dump superblocks && is 'crc: does not match' field '.superblocks[0].error'
}
ok "what is damaged is shown as that" damaged_is_shown

# --- verify: every shard --------------------------------------------------------------

# verify_legs STATUS [OPTION...]: of the images there are, as check
verify_legs() {
	local status=0 want=$1
	shift
	couchectl verify $IMAGES/[0-6] "$@" -o json >/tmp/check.json 2>/tmp/check.err || status=$?
	same "$status" "$want" || { cat /tmp/check.err; jq -c '.findings[]' /tmp/check.json; return 1; }
}

# shards LEG STATE: how many of its shards are in this state
shards() {
	field ".legs[$1].$2"
}

# Places of the shards of cold extents: "extent shard leg block", block of 4 KiB
# where the shard begins, as the footers on the legs have it.
footers() {
	python3 - $IMAGES/[3-6] <<-'END'
		import struct, sys
		for leg, name in enumerate(sys.argv[1:], 3):
		    data = open(name, "rb").read()
		    for at in range(1 << 20, len(data), 4096):
		        if data.startswith(struct.pack("<I", 0x74666863), at):
		            volume, generation, extent = struct.unpack_from("<IIQ", data, at + 24)
		            shard, k, m, _, rows = struct.unpack_from("<BBBBH", data, at + 48)
		            print(generation, volume, extent, shard, leg, at // 4096 - rows + 1, rows)
	END
}

# shard_of EXTENT SHARD: leg, first block and rows of its newest version
shard_of() {
	footers | sort -rn | awk -v e="$1" -v s="$2" \
		'$2 == 1 && $3 == e && $4 == s { print $5, $6, $7; exit }'
}

# damage_shard EXTENT SHARD ROW: a bit of it; the last row is the footer
damage_shard() {
	local leg block rows
	read -r leg block rows < <(shard_of "$1" "$2")
	spoil "$IMAGES/$leg" $((block + ($3 < 0 ? rows + $3 : $3))) && echo "$leg" >/tmp/leg
}

ok "verify finds all shards in order" all image clean AND verify_legs 0 AND findings 0 AND \
	is 18 field .extents.healthy AND follows_schema /tmp/check.json
ok "after a crash as well" all image crash AND verify_legs 0 AND is 18 field .extents.healthy
# lies EXTENT SHARD ROW WHAT: after a bit of this is flipped, verify says just that
lies() {
	local leg
	image clean && damage_shard "$1" "$2" "$3" && leg=$(cat /tmp/leg) && verify_legs 7 &&
		found 1 damage "$leg" "volume 1 extent $1 shard $2" "$4" && findings 1 &&
		is 1 shards "$leg" lying && is 1 field .extents.degraded
}
for shard in 0 1 2 3; do
	ok "a bit of shard $shard of extent 5 flips: that shard's leg lies" \
		lies 5 $shard 3 'data: not what its checksum says'
done
ok "a bit of a footer flips" lies 7 1 -1 'crc: does not match'
three_shards() {
	damage_shard 9 0 1 && damage_shard 9 1 2 && damage_shard 9 3 3
}
ok "more than m shards of one extent are a loss, of it alone" all image clean AND three_shards AND \
	verify_legs 8 AND found 1 loss null 'volume 1 extent 9' 'shards: 1 are good, 2 are needed' AND \
	is 17 field .extents.healthy
without() {
	local leg
	image clean || return
	for leg in "$@"; do
		rm "$IMAGES/$leg" || return
	done
}
ok "a missing leg is damage" all without 5 AND verify_legs 7 AND \
	is 18 shards 5 missing AND is 18 field .extents.degraded AND \
	found 1 damage 5 'cold leg' 'leg: missing, 18 shards are missing or stale' AND findings 1
ok "unless that is said to be fine" all without 5 6 AND verify_legs 0 --degraded AND \
	is 18 shards 5 missing AND is 18 shards 6 missing AND is 18 field .extents.degraded
one_lies_too() {
	without 6 && damage_shard 5 "$(footers | awk '$2 == 1 && $3 == 5 && $5 == 3 { print $4 }')" 0 &&
		verify_legs 7 --degraded && is 1 shards 3 lying
}
ok "a lying shard is not, even then" one_lies_too
blank_leg() {
	blank $IMAGES/4 256 $((7 * 256))
}
ok "shards that were never written are missing" all image clean AND blank_leg AND \
	verify_legs 7 AND is 18 shards 4 missing
other_leg() {
	# Sound shards of the right extents, of other places.
	dd if=/tmp/clean/3 of=$IMAGES/4 bs=4k skip=256 seek=256 count=1792 conv=notrunc status=none
}
ok "shards of another leg are stale" all image clean AND other_leg AND verify_legs 7 AND \
	is 18 shards 4 stale AND is 0 shards 4 lying

# --- rescue: no metadata at all ----------------------------------------------------------

# What volume 1 held, cold extents only: 0..17 of 128 KiB.
COLD_BYTES=$((18 * 131072))
must pool_create
must volume_open 1 $SIZE
must dd if=/dev/mapper/vol1 of=/tmp/expected bs=1M count=$SIZE iflag=direct status=none
must volume_close 1
must pool_remove

# rescue STATUS: from the images there are
rescue() {
	local status=0 want=$1
	rm -rf /tmp/rescued
	couchectl rescue $IMAGES/[0-6] --output-dir /tmp/rescued -o json >/tmp/check.json 2>/tmp/check.err || status=$?
	same "$status" "$want" || { cat /tmp/check.err; jq -c '.findings[]' /tmp/check.json; return 1; }
}
same_data() {
	cmp -n $COLD_BYTES /tmp/expected /tmp/rescued/volume-1.img
}
ok "all metadata is lost: cold data comes back byte for byte" all without 0 1 2 AND \
	rescue 0 AND same_data AND follows_schema /tmp/check.json
ok "and no leg was written to" all diff /tmp/clean/3 $IMAGES/3 AND diff /tmp/clean/6 $IMAGES/6
for gone in "3 4" "3 5" "3 6" "4 5" "4 6" "5 6"; do
	# shellcheck disable=SC2086 # two legs
	ok "also with cold legs ${gone/ / and } lost" all without 0 1 2 $gone AND rescue 0 AND \
		same_data
done
ok "a third lost leg is one too many" all without 0 1 2 3 4 5 AND rescue 8 AND \
	found 20 loss null 'volume 1 extent .*' 'fewer than 2 are good'
ok "shards that lie are not used" all without 0 1 2 AND damage_shard 5 0 3 AND damage_shard 5 2 1 AND \
	damage_shard 6 1 -1 AND damage_shard 6 3 2 AND rescue 0 AND same_data
over() {
	couchectl rescue $IMAGES/[3-6] --output-dir /tmp/rescued 2>/tmp/check.err
	same $? 4 && grep -q 'volume-1.img: cannot be made' /tmp/check.err
}
ok "an existing image is not written over" over
finish
