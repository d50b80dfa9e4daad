#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# couchectl against the real module; runs in a test machine, started by
# test_couchectl_machine.sh. Legs are loop devices on files in memory.
set -u

cd "$COUCHE_TOP" || exit 1
. tests/control/lib-couchectl.sh
golden=tests/control/golden
work=/tmp/legs
mkdir -p $work

attach() {
	truncate -s "${2:-256M}" "$work/$1"
	losetup "/dev/loop$1" "$work/$1"
}

# devices TARGET: how many device mapper devices have it.
devices() {
	dmsetup table --target "$1" | grep -c "$1"
}

# Nothing of the first 2 MiB of any leg changed since the last call.
print_heads() {
	local leg
	for leg in 0 1 2 3 4 5 6 7; do
		head -c 2M "$work/$leg" | sha256sum
	done
}
mark() {
	heads=$(print_heads)
}
unchanged() {
	[ "$(print_heads)" = "$heads" ] && [ "$(devices couche-pool)" -eq 0 ]
}

# What differs from run to run becomes a fixed value.
normalize() {
	jq --sort-keys 'walk(
		if type == "object" then with_entries(
			if .key | IN("reads", "writes", "read_bytes", "written_bytes", "commits",
				"checkpoints", "journal_used_bytes", "elapsed_ms", "generation",
				"data_journal_used_bytes", "staged_bytes", "destaged_bytes",
				"heat_reads", "heat_writes", "races")
			then .value = 0
			elif (.key | IN("uuid", "pool_uuid")) then .value = "UUID"
			elif .key == "rebuild" then .value |=
				if type == "object" then .state = "STATE" | .extents_total = 0
				else . end
			elif .key == "table" then .value |= sub(" [0-9a-f-]{36} "; " UUID ")
			else . end)
		else . end)' "$1"
}

# matches FILE NAME: the last output is the golden one. COUCHE_GOLDEN=DIR
# writes new ones there.
matches() {
	if [ -n "${COUCHE_GOLDEN:-}" ]; then
		normalize "$OUT" >"$COUCHE_GOLDEN/$1"
	fi
	normalize "$OUT" | diff -u "$golden/$1" - >"$ERR" 2>&1
	tap_result $? "$2"
}

digest() {
	dd if=/dev/mapper/tank-vol bs=1M count=48 iflag=direct status=none | sha256sum
}

all_cold=(/dev/loop2 /dev/loop3 /dev/loop4 /dev/loop5 /dev/loop6 /dev/loop7)
create=(couchectl pool create tank --meta /dev/loop0 --hot /dev/loop1)
settings=(--leg-timeout 20 --destage-threshold 60 --destage-interval 0)
journal=(--data-journal 16MiB "${settings[@]}")
kept=" 6 leg_timeout 20 destage_threshold 60 destage_interval 0$"

refuses_devices() {
	mark
	refuses 2 /dev/loop1 "a device listed twice" \
		"${create[@]}" --cold "${all_cold[@]:0:5}" /dev/loop1
	ln -sf /dev/loop7 $work/alias
	refuses 2 /dev/loop7 "a device listed by two names" \
		"${create[@]}" --cold "${all_cold[@]:0:5}" $work/alias /dev/loop7
	refuses 2 tank "fewer legs than shards" "${create[@]}" --cold "${all_cold[@]:0:5}"
	refuses 2 tank "more shards than the matrix restores" "${create[@]}" \
		--cold "${all_cold[@]}" --cold-profile 2+4 --matrix vandermonde --hot-profile 1+9
	refuses 2 --cold-profile "more shards than the format has" \
		"${create[@]}" --cold "${all_cold[@]}" --cold-profile 31+2
	refuses 1 /dev/loop1 "a device smaller than a segment" \
		"${create[@]}" --cold "${all_cold[@]}" --segment-size 512MiB
	attach 8 512K
	refuses 1 /dev/loop8 "a device smaller than its header" \
		"${create[@]}" --cold "${all_cold[@]:0:5}" /dev/loop8
	attach 9 2M
	refuses 1 /dev/loop9 "a meta leg without room for the map" \
		couchectl pool create tank --meta /dev/loop9 --hot /dev/loop1
	refuses 2 tank "a pool where nothing can be written" couchectl pool create tank --meta /dev/loop0
	refuses 2 /dev/loop1 "two domains of one device" "${create[@]}" --domain /dev/loop1=1 /dev/loop1=2
	for size in 1020KiB 1025KiB 16385MiB; do
		refuses 2 --data-journal "a data journal of $size" \
			"${create[@]}" --cold "${all_cold[@]}" --data-journal $size
	done
	refuses 2 --data-journal "a data journal without a cold tier" \
		"${create[@]}" --data-journal 1MiB
	refuses 1 /dev/loop0 "a data journal larger than the meta leg" \
		"${create[@]}" --cold "${all_cold[@]}" --data-journal 1GiB
	refuses 2 --destage-threshold "a threshold of no data journal" \
		"${create[@]}" --cold "${all_cold[@]}" --destage-threshold 70
	refuses 2 --destage-interval "an interval of no data journal" \
		"${create[@]}" --cold "${all_cold[@]}" --destage-interval 5
	refuses 2 tank "an extent that is no power of two" \
		"${create[@]}" --cold "${all_cold[@]}" --extent-size 3MiB
	holds "nothing was written" unchanged

	mkfs.ext4 -q -F /dev/loop4
	mark
	refuses 4 /dev/loop4 "a filesystem" "${create[@]}" --cold "${all_cold[@]}"
	mkdir -p $work/mnt
	mount /dev/loop4 $work/mnt
	refuses 4 /dev/loop4 "a mounted filesystem, with --force" \
		"${create[@]}" --cold "${all_cold[@]}" --force --yes
	umount $work/mnt
	mark
	refuses 2 tank "overwriting without --yes where nobody can be asked" \
		"${create[@]}" --cold "${all_cold[@]}" --force -q
	holds "nothing was written to the filesystem" unchanged
	holds "and it is whole" e2fsck -fn /dev/loop4

	# a GUID partition table, protective record and header
	python3 - $work/5 <<-'END'
		import struct, sys, zlib, uuid
		disk = open(sys.argv[1], "r+b")
		sectors = 256 * 2048
		mbr = bytearray(512)
		mbr[446:462] = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff" * 3, 1, sectors - 1)
		mbr[510:512] = b"\x55\xaa"
		entries = bytes(128 * 128)
		def header(at, other, table):
		    h = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, at, other,
		                    34, sectors - 34, uuid.uuid4().bytes_le, table, 128, 128,
		                    zlib.crc32(entries))
		    return (h[:16] + struct.pack("<I", zlib.crc32(h)) + h[20:]).ljust(512, b"\0")
		disk.write(mbr)
		disk.write(header(1, sectors - 1, 2) + entries)
		disk.seek((sectors - 33) * 512)
		disk.write(entries + header(sectors - 1, 1, sectors - 33))
	END
	mkfs.ext4 -q -F /dev/loop4 && wipefs -qa /dev/loop4
	mark
	refuses 4 /dev/loop5 "a partition table" "${create[@]}" --cold "${all_cold[@]}"
	holds "nothing was written to it" unchanged
}

plans() {
	mark
	expect 0 "a plan as text" "${create[@]}" --cold "${all_cold[@]}" -n --force
	holds "says what would be overwritten" grep -q "partition table: gpt" "$OUT"
	expect 0 "a plan as JSON" "${create[@]}" --cold "${all_cold[@]}" -n --force -o json \
		--domain /dev/loop2=1 /dev/loop3=1
	valid "the plan follows the schema"
	holds "the table has the domains" jq -e '.dm.create_table |
		test(" domains [0-9]+,[0-9]+,1,1,")' "$OUT"
	expect 0 "a plan with a data journal" "${create[@]}" --cold "${all_cold[@]}" -n --force \
		-o json "${journal[@]}"
	valid "follows the schema"
	holds "says how large" jq -e '.data_journal_bytes == 16777216' "$OUT"
	holds "both tables have what was asked for" jq -e '.dm | (.create_table |
		test(" data_journal 32768 .* leg_timeout 20 destage_threshold 60 destage_interval 0$"))
		and (.final_table | test($kept))' --arg kept "$kept" "$OUT"
	holds "a plan changes nothing" unchanged
}

# A meta leg that runs out of space behind its header: the kernel finds out when
# it formats the pool.
undoes_failed_create() {
	attach 11 1088K
	attach 12 4M
	dmsetup create space --table \
		"0 2176 thin-pool /dev/loop12 /dev/loop11 128 0 1 error_if_no_space"
	dmsetup message space 0 "create_thin 0"
	dmsetup create bad --table "0 524288 thin /dev/mapper/space 0"
	run couchectl pool create tank --meta /dev/mapper/bad --hot /dev/loop1 \
		--cold "${all_cold[@]}" --force --yes
	[ "$STATUS" -eq 1 ] && [ "$(wc -l <"$ERR")" -eq 1 ] &&
		grep -q "^couchectl: tank: cannot create the pool: No space left" "$ERR"
	tap_result $? "a pool that cannot be formatted is refused"
	holds "no device is left behind" test "$(devices couche-pool)" -eq 0
	for leg in /dev/mapper/bad /dev/loop1 "${all_cold[@]}"; do
		head -c 1M "$leg" | cmp -n 1048576 - /dev/zero || echo "$leg"
	done >"$OUT" 2>&1
	[ ! -s "$OUT" ]
	tap_result $? "no superblock is left behind"
	dmsetup remove bad
	dmsetup remove space
	losetup -d /dev/loop11
	losetup -d /dev/loop12
}

creates() {
	mkfs.ext4 -q -F /dev/loop6
	expect 0 "a pool is created over what was there" \
		"${create[@]}" --cold "${all_cold[@]}" --force --yes "${journal[@]}"
	holds "its table has what was asked for" eval "dmsetup table tank | grep -q '$kept'"
	refuses 4 tank "a name that is taken" couchectl pool create tank --meta /dev/loop8 \
		--hot /dev/loop9 --force
	attach 10
	refuses 4 /dev/loop7 "a leg of a running pool" \
		couchectl pool create other --meta /dev/loop10 --hot /dev/loop7 --force --yes
	expect 0 "pools are listed" couchectl pool list -o json
	valid "the list of pools follows the schema"
	matches pool-list.json "and is the golden one"
	expect 0 "names alone" couchectl pool list -o name
	holds "are the names" test "$(cat "$OUT")" = tank
	expect 0 "a list for scripts" couchectl pool list -Hp
	holds "has tabs and exact numbers" \
		test "$(cut -f 1-7 "$OUT")" = "$(printf 'tank\tonline\t8\t0\t1006632960\t0\t1006632960')"
}

volumes() {
	expect 0 "a plan for a volume" couchectl volume create tank/vol --size 48MiB -n
	expect 0 "the plan made none" couchectl volume list -H
	holds "so the list is empty" test ! -s "$OUT"
	refuses 3 nopool "a volume of a pool that is none" \
		couchectl volume create nopool/vol --size 48MiB
	expect 0 "a volume is created, rounded up" couchectl volume create tank/vol --size 63M
	expect 0 "another one" couchectl volume create tank/small --size 1
	holds "has one extent" test "$(blockdev --getsize64 /dev/mapper/tank-small)" = 1048576
	refuses 4 tank/vol "a volume that exists" couchectl volume create tank/vol --size 1GiB
	holds "has the size" test "$(blockdev --getsize64 /dev/mapper/tank-vol)" = $((63 << 20))
	dd if=/dev/urandom of=/dev/mapper/tank-vol bs=1M count=48 oflag=direct status=none
	sum=$(digest)
	expect 0 "volumes are listed" couchectl volume list tank -o json
	valid "the list of volumes follows the schema"
	matches volume-list.json "and is the golden one"
	expect 0 "legs are listed" couchectl leg list tank -o json
	valid "the list of legs follows the schema"
	matches leg-list.json "and is the golden one"
	expect 0 "YAML of the same" couchectl leg list tank -o yaml
	python3 -c 'import json, subprocess, sys, yaml
want = json.loads(subprocess.check_output(["couchectl", "leg", "list", "tank", "-o", "json"]))
got = yaml.safe_load(open(sys.argv[1]))
for document in (want, got):
    for leg in document["legs"]:
        leg["reads"] = leg["writes"] = 0
sys.exit(want != got)' "$OUT" 2>"$ERR"
	tap_result $? "says the same as JSON"
}

migrates() {
	refuses 2 tank/vol "a range behind the end" \
		couchectl migrate tank/vol --to cold --range 60:4
	refuses 1 tank/vol "a tier that the pool does not have" couchectl migrate tank/vol --to warm
	expect 0 "a plan for a migration" couchectl migrate tank/vol --to cold -n
	expect 0 "a range moves" couchectl migrate tank/vol --to cold --range 0:8 --wait --no-progress
	expect 0 "where the data is" couchectl volume status tank/vol -o json
	valid "the status of a volume follows the schema"
	matches volume-status.json "and is the golden one"
	holds "the range is in the cold tier" jq -e '.ranges[0] |
		.tier == "cold" and .first_extent == 0 and .extents == 8' "$OUT"
	expect 0 "the rest moves, and says so in JSON" couchectl migrate tank/vol --to cold -w -o json
	valid "the end of a migration follows the schema"
	holds "40 extents moved, the rest was there" jq -e '.migration |
		.state == "done" and .moved_extents == 40 and .skipped_extents == 23' "$OUT"
	expect 0 "migrations are listed" couchectl migrate list -o json
	valid "the list of migrations follows the schema"
	matches migrate-list.json "and is the golden one"
	expect 0 "back to hot without waiting" couchectl migrate tank/vol --to hot -o json
	valid "the begin of a migration follows the schema"
	expect 0 "and waited for later" couchectl migrate wait tank "$(jq .migration_id "$OUT")"
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
	refuses 3 "tank migration 4711" "cancel of a migration that is none" \
		couchectl migrate cancel tank 4711
	refuses 4 "tank migration 1" "cancel of a migration that has ended" \
		couchectl migrate cancel tank 1
	holds "says that it has" grep -q "has ended already" "$ERR"
}

# pool_number MEMBER: of the pool's status
pool_number() {
	couchectl pool status tank -o json | jq ".pools[0].$1"
}

stages() {
	couchectl migrate tank/vol --to cold -w -q </dev/null >/dev/null 2>&1
	staged=$(pool_number staged_bytes)
	dd if=/dev/urandom of=/dev/mapper/tank-vol bs=4096 count=3 seek=1001 oflag=direct \
		conv=notrunc status=none
	sum=$(digest)
	holds "three blocks are staged" test "$(pool_number data_journal_used_bytes)" = 12288
	holds "and counted" test $(($(pool_number staged_bytes) - staged)) = 12288
	run couchectl pool status tank
	holds "the status says so" grep -q "^  stage: 12KiB of 16MiB hold" "$OUT"
	run couchectl pool list -H -o wide
	holds "so does the list" grep -q "16MiB.*12KiB" <(tr '\t' ' ' <"$OUT")
	destaged=$(pool_number destaged_bytes)
	couchectl migrate tank/vol --to hot -w -q </dev/null >/dev/null 2>&1
	holds "a migration takes them along" test "$(pool_number data_journal_used_bytes)" = 0
	holds "which counts as well" test $(($(pool_number destaged_bytes) - destaged)) = 12288
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
}

flushes() {
	couchectl migrate tank/vol --to cold -w -q </dev/null >/dev/null 2>&1
	dd if=/dev/urandom of=/dev/mapper/tank-vol bs=4096 count=3 seek=2001 oflag=direct \
		conv=notrunc status=none
	sum=$(digest)
	refuses 3 nopool "a flush of a pool that is none" couchectl pool flush nopool
	expect 0 "a plan for a flush" couchectl pool flush tank -n
	holds "says how much" grep -q "would merge 12KiB" "$OUT"
	holds "flushes nothing" test "$(pool_number data_journal_used_bytes)" = 12288
	expect 0 "a flush" couchectl pool flush tank -o json
	valid "its end follows the schema"
	holds "it has waited for all there was" jq -es \
		'length == 1 and all(.flushed_bytes == 12288 and .left_bytes == 0)' "$OUT"
	holds "which is in stripes now" test "$(pool_number data_journal_used_bytes)" = 0
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
	dd if=/dev/urandom of=/dev/mapper/tank-vol bs=4096 count=3 seek=2001 oflag=direct \
		conv=notrunc status=none
	sum=$(digest)
	run script -qec "TERM=xterm couchectl pool flush tank" /dev/null
	[ "$STATUS" -eq 0 ] && grep -qE '\[#{30}\] +100% 12KiB done' "$OUT"
	tap_result $? "a terminal gets a progress bar"
	expect 0 "a flush of nothing" couchectl pool flush tank
	holds "says so" grep -q "tank: 0B merged into stripes" "$OUT"
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
	couchectl migrate tank/vol --to hot -w -q </dev/null >/dev/null 2>&1
}

# journal_is WHICH: what the list says of jam/asking, and its status
journal_is() {
	couchectl volume list jam -o json |
		jq -e --arg which "$1" '.volumes[] | select(.name == "asking") | .journal == $which' &&
		couchectl volume list jam -o wide | grep -q "asking .* $1 " &&
		[ "$1 $(couchectl volume status jam/asking | grep -c "^ stage: .* any extent")" = \
			"$([ "$1" = all ] && echo all 1 || echo cold 0)" ]
}

asks_for_journal() {
	attach 25 64M
	attach 26 64M
	couchectl pool create plain --meta /dev/loop25 --hot /dev/loop26 --segment-size 4MiB -q
	couchectl volume create plain/vol --size 1MiB -q
	refuses 1 plain/vol "a volume asks, and its pool has no data journal" \
		couchectl volume set-journal plain/vol all
	expect 0 "to ask for less changes nothing" couchectl volume set-journal plain/vol cold
	holds "and it says so" grep -q "nothing is staged: its pool has no data journal" "$OUT"
	refuses 1 plain/new "a new one as well" \
		couchectl volume create plain/new --size 1MiB --journal all
	expect 0 "a pool without one goes" couchectl pool export plain
	losetup -d /dev/loop25 /dev/loop26
	expect 0 "a plan for one that has all its writes staged" \
		couchectl volume create jam/asking --size 1MiB --journal all -n
	holds "says so" grep -q "set_journal 2 all" "$OUT"
	expect 0 "it is made" couchectl volume create jam/asking --size 1MiB --journal all
	holds "the list and the status show it" journal_is all
	expect 0 "it stops asking" couchectl volume set-journal jam/asking cold
	holds "which they show as well" journal_is cold
	expect 0 "it asks again" couchectl volume set-journal jam/asking all
	expect 0 "the volumes of the pool as JSON" couchectl volume list jam -o json
	valid "follow the schema"
	couchectl volume remove jam/asking --yes -q
}

# With as many healthy shards needed as there are, one leg is enough to jam it.
jams() {
	local leg pid
	for leg in 20 21 22 23 24; do
		attach $leg 64M
	done
	expect 0 "a pool that writes whole stripes only" couchectl pool create jam \
		--meta /dev/loop20 --hot /dev/loop21 --cold /dev/loop22 /dev/loop23 /dev/loop24 \
		--cold-profile 2+1 --cold-min-healthy 3 --segment-size 4MiB \
		--data-journal 1MiB --destage-interval 0
	couchectl volume create jam/vol --size 8MiB -q
	asks_for_journal
	dd if=/dev/urandom of=/dev/mapper/jam-vol bs=1M count=8 oflag=direct status=none
	couchectl migrate jam/vol --to cold -w -q </dev/null >/dev/null 2>&1
	dd if=/dev/urandom of=/dev/mapper/jam-vol bs=4096 count=2 seek=3 oflag=direct conv=notrunc \
		status=none
	jammed=$(sha256sum </dev/mapper/jam-vol)
	couchectl leg fail jam 4 -q
	couchectl pool flush jam >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	holds "a flush that cannot end goes on" soon eval \
		'couchectl pool status jam | grep -q "8KiB to be flushed"'
	kill -INT $pid
	STATUS=0
	wait $pid || STATUS=$?
	[ $STATUS -eq 130 ] && grep -q "jam flush: it goes on in the kernel" "$ERR"
	tap_result $? "Ctrl-C ends the wait only"
	refuses 1 jam "one that makes no progress is given up" couchectl pool flush jam --no-progress
	holds "for a reason" grep -q "for want of legs or room" "$ERR"
	run couchectl pool status jam
	holds "which the status has" grep -q "8KiB to be flushed; for want of legs" "$OUT"
	expect 0 "without waiting" couchectl pool flush jam --no-wait -o json
	valid "the order follows the schema"
	holds "it says what is left" jq -e '.flushed_bytes == 0 and .left_bytes == 8192' "$OUT"
	couchectl leg restore jam 4 -q
	holds "it goes on by itself when the leg is back" soon eval \
		'couchectl pool status jam -o json | jq -e ".pools[0] | .flush_left_bytes == 0 and
			.data_journal_used_bytes == 0 and (.data_journal_stuck | not)"'
	[ "$(sha256sum </dev/mapper/jam-vol)" = "$jammed" ]
	tap_result $? "the data is what was written"
	expect 0 "the pool goes" couchectl pool export jam
	for leg in 20 21 22 23 24; do
		losetup -d /dev/loop$leg
	done
}

# Slow ones, so that something can happen meanwhile: 48 MiB at 4 MiB/s.
interrupts() {
	local pid
	couchectl migrate tank/vol --to cold --rate 4MiB/s --wait >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	sleep 2
	kill -INT $pid
	STATUS=0
	wait $pid || STATUS=$?
	[ $STATUS -eq 130 ] && grep -q "goes on in the kernel" "$ERR"
	tap_result $? "Ctrl-C ends the wait only"
	holds "the migration goes on" test "$(couchectl migrate list -o json |
		jq -r '.migrations[-1].state | IN("analyze", "scale-up", "wait-sync", "scale-down")')" = true
	expect 0 "it can be cancelled" couchectl migrate cancel tank \
		"$(couchectl migrate list -o json | jq '.migrations[-1].id')"
	expect 0 "back to hot" couchectl migrate tank/vol --to hot -w -q
	run couchectl migrate tank/vol --to cold --rate 4MiB/s --timeout 1s -w
	[ "$STATUS" -eq 6 ] && grep -q "did not end in time" "$ERR"
	tap_result $? "a timeout has a status of its own"
	couchectl migrate tank/vol --to hot -w -q >"$OUT" 2>"$ERR" </dev/null
	# a terminal shows a bar, with rate and time left
	run script -qec "TERM=xterm couchectl migrate tank/vol --to cold --rate 24MiB/s --wait" /dev/null
	[ "$STATUS" -eq 0 ] && grep -qE '\[#+\.+\] +[0-9]+% .*MiB/s ETA' "$OUT"
	tap_result $? "a terminal gets a progress bar"
	run script -qec "NO_COLOR=1 TERM=xterm couchectl migrate tank/vol --to hot -w" /dev/null
	[ "$STATUS" -eq 0 ] && ! grep -q $'\033\\[36m' "$OUT"
	tap_result $? "NO_COLOR is respected"
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
}

fails_legs() {
	couchectl migrate tank/vol --to cold -w -q </dev/null >/dev/null 2>&1
	expect 0 "status of a healthy pool" couchectl pool status tank
	expect 0 "only unhealthy ones" couchectl pool status -x
	holds "are none" test "$(cat "$OUT")" = "all pools are healthy"
	expect 0 "a leg by index" couchectl leg fail tank 2
	refuses 4 "tank leg 2" "a leg that has failed" couchectl leg fail tank 2
	expect 0 "a leg by device" couchectl leg fail tank /dev/loop3
	refuses 4 "tank leg 4" "a leg that data depends on" couchectl leg fail tank 4
	holds "says why, and where to look" \
		grep -q "without it data would be lost; see .*couchectl pool status tank" "$ERR"
	refuses 3 99 "a leg that is none" couchectl leg fail tank 99
	expect 5 "a degraded pool has a status of its own" couchectl pool status -x tank -o json
	valid "the status of a pool follows the schema"
	matches pool-status.json "and is the golden one"
	echo 3 >/proc/sys/vm/drop_caches
	[ "$(digest)" = "$sum" ]
	tap_result $? "two lost legs lose no data"
	expect 5 "the status of a degraded pool" couchectl pool status tank
	holds "names all legs to restore, or to replace" \
		grep -q "^action: .*for each of the legs 2, 3; or 'couchectl leg replace tank" "$OUT"
	holds "says what that means for the cold tier" \
		grep -q "^status: .*What moves to the cold tier lacks shards until they return" "$OUT"
	couchectl migrate tank/vol --to hot --range 0:1 -w -q </dev/null >/dev/null 2>&1
	expect 0 "to which data moves all the same" couchectl migrate tank/vol --to cold -w -q
	expect 0 "what is, as events" couchectl events --now -o json
	valid "events follow the schema"
	holds "one for each object" test "$(jq -s 'map(.kind) | unique | length' "$OUT")" = 7
	expect 0 "for a person" couchectl events --now
	holds "what matters" grep -q \
		' exists leg pool:tank index:2 role:cold state:failed device:/dev/loop2' "$OUT"
	[ "$(grep -cE ' (uuid|reads|read_errors):' "$OUT")" -eq 0 ]
	tap_result $? "and no identities, counters, or errors that did not happen"
	expect 0 "for a person who wants all of it" couchectl events --now -o wide
	holds "is in them" grep -q ' exists leg pool:tank index:2 uuid:.* read_errors:0' "$OUT"
	expect 0 "a leg by UUID" couchectl leg restore tank \
		"$(couchectl leg list tank -o json | jq -r '.legs[2].uuid')"
	expect 0 "the other leg, and waited for" couchectl leg restore tank 3 --wait -o json
	valid "its end follows the schema"
	holds "the leg is online" jq -es 'length == 1 and all(.leg.index == 3 and
		.leg.state == "online")' "$OUT"
	refuses 4 "tank leg 4" "a leg that is well" couchectl leg restore tank 4
}

# scrub_rate_is BYTES
scrub_rate_is() {
	couchectl pool status tank -o json | jq -e ".pools[0].scrub.rate_bytes == $1" >/dev/null
}

limits_sweeps() {
	refuses 2 "pool scrub" "a rate that is not given" couchectl pool scrub rate tank
	expect 0 "a rate for scrubs" couchectl pool scrub rate tank --rate 1MiB/s -o json
	valid "what came of it follows the schema"
	holds "and has the rate" jq -e '.scrub.pool == "tank" and .scrub.rate_bytes == 1048576' "$OUT"
	holds "as has the status" scrub_rate_is 1048576
	expect 0 "and with 0 is none any more" couchectl pool scrub rate tank --rate 0
	holds "nor in the status" scrub_rate_is 0
}

follows_events() {
	local pid
	couchectl events -o json >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	sleep 0.5
	couchectl migrate tank/vol --to hot -w -q </dev/null >/dev/null 2>&1
	couchectl leg fail tank 7 -q
	couchectl leg restore tank 7 -q
	couchectl pool scrub start tank -q
	sleep 0.5
	kill -INT $pid
	STATUS=0
	wait $pid || STATUS=$?
	[ "$STATUS" -eq 130 ]
	tap_result $? "the stream of events ends with Ctrl-C"
	valid "the stream follows the schema"
	holds "has the end of the migration" jq -es 'any(.event == "change" and
		.kind == "migration" and .migration.state == "done")' "$OUT"
	holds "has the leg that failed" jq -es 'any(.event == "change" and .kind == "leg" and
		.leg.index == 7 and .leg.state == "failed")' "$OUT"
	holds "has the scrub" jq -es 'any(.event == "change" and .kind == "scrub" and
		.scrub.state == "done")' "$OUT"
	holds "has the rebuild" jq -es 'any(.event == "change" and .kind == "rebuild")' "$OUT"
}

# leg_is INDEX STATE
leg_is() {
	couchectl leg list tank -o json |
		jq -e ".legs[] | select(.index == $1) | .state == \"$2\"" >/dev/null
}
soon() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	return 1
}
print_legs() {
	dmsetup table tank
	couchectl leg list tank -o json | jq '.legs[] | [.index, .state, .uuid, .device, .draining]'
}
same_legs() {
	[ "$(print_legs)" = "$legs" ]
}

refuses_legs() {
	legs=$(print_legs)
	refuses 3 nopool "a leg for a pool that is none" couchectl leg add nopool --cold /dev/loop10
	refuses 2 /dev/loop10 "a leg for a tier that is none" couchectl leg add tank --warm /dev/loop10
	refuses 4 /dev/loop7 "a device that is a leg" couchectl leg add tank --cold /dev/loop7 --force
	refuses 2 /dev/loop10 "a device twice" \
		couchectl leg add tank --cold /dev/loop10 --hot /dev/loop10
	refuses 1 /dev/loop8 "a device smaller than its header" couchectl leg add tank --cold /dev/loop8
	refuses 1 /dev/loop9 "a device smaller than a segment" couchectl leg add tank --hot /dev/loop9
	refuses 2 tank "a fourth meta leg" couchectl leg add tank --meta /dev/loop10 /dev/loop12 /dev/loop13
	refuses 2 --domain "a domain that is none" \
		couchectl leg add tank --cold /dev/loop10 --domain /dev/loop10=x
	refuses 2 /dev/loop10 "two domains of one device, even the same" couchectl leg add tank \
		--cold /dev/loop10 --domain /dev/loop10=0 --domain /dev/loop10=0
	refuses 2 /dev/loop7 "a domain of another device" \
		couchectl leg add tank --cold /dev/loop10 --domain /dev/loop7=1
	mkfs.ext4 -q -F /dev/loop10
	refuses 4 /dev/loop10 "a filesystem" couchectl leg add tank --cold /dev/loop10
	mount /dev/loop10 $work/mnt
	refuses 4 /dev/loop10 "a mounted filesystem, with --force" \
		couchectl leg add tank --cold /dev/loop10 --force --yes
	umount $work/mnt
	refuses 2 tank "overwriting without --yes where nobody can be asked" \
		couchectl leg add tank --cold /dev/loop10 --force -q
	holds "the filesystem is whole" e2fsck -fn /dev/loop10
	refuses 4 "tank leg 5" "replacing a leg that is well" couchectl leg replace tank 5 /dev/loop12
	refuses 3 9 "draining a leg that is none" couchectl leg drain tank 9
	refuses 1 "tank leg 0" "draining a meta leg" couchectl leg drain tank 0
	refuses 4 "tank leg 5" "draining a leg that stripes need" couchectl leg drain tank 5
	refuses 4 "tank leg 5" "undraining a leg that is not drained" couchectl leg undrain tank 5
	refuses 4 "tank leg 5" "removing a leg in use" couchectl leg remove tank 5
	holds "nothing of the pool has changed" same_legs
}

# Behind its header a meta leg cannot be written: the kernel finds out.
undoes_failed_add() {
	attach 11 1088K
	attach 14 4M
	dmsetup create space --table \
		"0 2176 thin-pool /dev/loop14 /dev/loop11 128 0 1 error_if_no_space"
	dmsetup message space 0 "create_thin 0"
	dmsetup create bad --table "0 524288 thin /dev/mapper/space 0"
	refuses 1 "tank leg 8" "a leg that cannot be written" couchectl leg add tank --meta /dev/mapper/bad
	holds "nothing of the pool has changed" same_legs
	holds "no superblock is left behind" \
		eval 'head -c 1M /dev/mapper/bad | cmp -n 1048576 - /dev/zero'
	expect 0 "the device is free" dmsetup remove bad
	dmsetup remove space
	losetup -d /dev/loop11
	losetup -d /dev/loop14
}

adds_legs() {
	expect 0 "a plan for a leg" couchectl leg add tank --cold /dev/loop10 -n --force
	holds "says what would be overwritten" grep -q "a filesystem: ext4" "$OUT"
	expect 0 "the plan as JSON" couchectl leg add tank --cold /dev/loop10 -n --force -o json
	valid "the plan follows the schema"
	matches leg-add.json "and is the golden one"
	holds "a plan changes nothing" same_legs
	holds "nor the device" e2fsck -fn /dev/loop10
	expect 0 "a leg is added" couchectl leg add tank --cold /dev/loop10 --force --yes
	holds "it comes online" soon leg_is 8 online
	attach 14
	expect 0 "so are others, one in a domain" couchectl leg add tank --cold /dev/loop12 \
		--hot /dev/loop14 --domain /dev/loop12=77 -o json
	valid "what was done follows the schema"
	holds "the leg has the domain" test "$(couchectl leg list tank -o json |
		jq '.legs[] | select(.device == "/dev/loop12").domain')" = 77
	couchectl migrate tank/vol --to cold -w -q </dev/null >/dev/null 2>&1
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
}

drains_legs() {
	expect 0 "a plan for a drain" couchectl leg drain tank 8 -n
	expect 0 "a leg is drained" couchectl leg drain tank 8 -o json
	valid "the order follows the schema"
	refuses 4 "tank leg 8" "a leg that is drained already" couchectl leg drain tank 8
	run couchectl pool status tank
	holds "the status shows it" grep -qE '^  drain: leg 8: [0-9]+ extents moved, [0-9]+ left' "$OUT"
	holds "a list for programs does" test "$(couchectl leg list tank -o json |
		jq '.legs[8].draining')" = true
	expect 0 "another is drained, and waited for" couchectl leg drain tank 9 --wait -o json
	valid "its end follows the schema"
	holds "the leg is empty" jq -es 'length == 1 and all(.leg.used_bytes == 0 and .leg.draining)' "$OUT"
	expect 0 "or not" couchectl leg undrain tank 9
	refuses 4 "tank leg 9" "it is not being drained" couchectl leg undrain tank 9
	holds "a drained leg is removed when it is empty" soon couchectl leg remove tank 8
	refuses 3 8 "it is no leg any more" couchectl leg remove tank 8
	expect 0 "its device is free, its place is taken again" \
		couchectl leg add tank --cold /dev/loop10
	holds "by the new leg" soon leg_is 8 online
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
}

replaces_legs() {
	attach 13 128M
	couchectl leg fail tank 5 -q
	refuses 1 /dev/loop13 "a smaller device" couchectl leg replace tank 5 /dev/loop13
	refuses 4 /dev/loop6 "a device that is a leg" couchectl leg replace tank 5 /dev/loop6
	losetup -d /dev/loop13
	attach 13
	expect 0 "a plan for a replacement" couchectl leg replace tank 5 /dev/loop13 -n -o json
	valid "the plan follows the schema"
	matches leg-replace.json "and is the golden one"
	holds "it changes nothing" leg_is 5 failed
	expect 0 "a leg is replaced" couchectl leg replace tank 5 /dev/loop13
	holds "and it says how to follow that" grep -q "lacks; see couchectl pool status tank" "$OUT"
	holds "the new one comes online" soon leg_is 5 online
	couchectl leg fail tank 5 -q
	refuses 4 /dev/loop5 "the old device, which holds a leg" couchectl leg replace tank 5 /dev/loop5
	run script -qec \
		"TERM=xterm couchectl leg replace tank 5 /dev/loop5 --force --yes --wait" /dev/null
	[ "$STATUS" -eq 0 ] && grep -qE 'online, [0-9.]+s' "$OUT" &&
		grep -q "replaced by /dev/loop5, which holds all" "$OUT"
	tap_result $? "which may be wiped, and is waited for"
	holds "and is online" leg_is 5 online
	for leg in 9 10 8; do
		couchectl leg drain tank $leg -q
		holds "leg $leg goes" soon couchectl leg remove tank $leg
	done
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
	couchectl migrate tank/vol --to hot -w -q </dev/null >/dev/null 2>&1
	expect 0 "and all is well" couchectl pool status tank
	expect 0 "a leg comes and goes" couchectl leg add tank --cold /dev/loop10 -q
	couchectl leg drain tank 8 -q
	holds "it is empty soon" soon couchectl leg remove tank 8
	holds "other settings of the table stay" eval "dmsetup table tank | grep -q '$kept'"
}

# A cold leg of 8 GiB is refused, and nothing of it is written
keeps_large_leg() {
	local before
	before=$(head -c 1M /dev/loop18 | sha256sum)
	refuses 1 grow "a leg that its map has no room for" couchectl leg add grow --cold /dev/loop18
	holds "which is as it was" test "$(head -c 1M /dev/loop18 | sha256sum)" = "$before"
}

# A map cannot grow: on a small metadata leg, and before a data journal.
outgrows_metadata() {
	local journal leg
	attach 16 8M
	attach 17 64M
	attach 18 8G
	yes | head -c 1M >/dev/loop18
	for leg in 19 20 21 22; do
		attach $leg 64M
	done
	for journal in 0 1MiB; do
		couchectl pool create grow --meta /dev/loop16 --hot /dev/loop19 \
			--cold /dev/loop2[0-2] --cold-profile 2+1 --segment-size 4MiB \
			--extent-size 64KiB --data-journal $journal --force --yes -q
		if [ $journal = 0 ]; then
			keeps_large_leg
			holds "and says how it may have it" grep -q "; add larger metadata legs, then fail" "$ERR"
		else
			couchectl leg add grow --meta /dev/loop17 --force --yes -q
			holds "a larger metadata leg comes" soon eval \
				'couchectl leg list grow -o json | jq -e ".legs[5].state == \"online\""'
			couchectl leg fail grow 0 -q
			expect 0 "the small one goes" couchectl leg remove grow 0
			keeps_large_leg
			holds "and says that it cannot" grep -q "beyond its data journal, which never moves" "$ERR"
		fi
		expect 0 "the pool goes" couchectl pool export grow
	done
	for leg in 16 17 18 19 20 21 22; do
		losetup -d /dev/loop$leg
	done
}

# offer INDEX DEVICE: what the running table has at this place
offer() {
	local table
	table=$(dmsetup table tank | awk -v at=$((7 + 2 * $1)) -v device="$2" \
		'{ $at = device; print }')
	dmsetup reload tank --table "$table" && dmsetup resume tank
}

# own_table TARGET: of the device
own_table() {
	dmsetup suspend --noflush own && dmsetup load own --table "0 524288 $1" &&
		dmsetup resume own
}

# The device of a failed leg, which the pool has open and has written to.
replaces_by_itself() {
	local own=/dev/mapper/own table
	attach 15
	dmsetup create own --table "0 524288 linear /dev/loop15 0"
	# What is read now stays in the cache for as long as it is open.
	exec 9<$own
	head -c 1M <&9 >/dev/null
	couchectl leg add tank --cold $own -q
	holds "a leg comes" soon leg_is 8 online
	couchectl leg fail tank 8 -q
	refuses 4 $own "the device that holds the leg" couchectl leg replace tank 8 $own
	holds "and says how to keep what it has" grep -q "couchectl leg restore tank 8 keeps" "$ERR"
	expect 0 "which it does" couchectl leg restore tank 8 --wait
	exec 9<&-
	couchectl leg fail tank 8 -q
	table=$(dmsetup table tank)
	own_table "flakey /dev/loop15 0 0 3600 1 error_writes"
	refuses 1 $own "one that cannot be written" \
		couchectl leg replace tank 8 $own --force --yes
	holds "which the table keeps" test "$(dmsetup table tank)" = "$table"
	own_table "linear /dev/loop15 0"
	holds "the table lets go of it" offer 8 -
	dd if=/dev/zero of=$own bs=1M count=1 conv=fsync status=none
	holds "it is offered again, without a superblock" offer 8 $own
	refuses 3 tank "it is no leg" couchectl leg restore tank 8
	holds "and what it says to do" grep -q "couchectl leg replace tank 8 DEV" "$ERR"
	expect 0 "works" couchectl leg replace tank 8 $own --wait
	couchectl leg drain tank 8 --wait -q
	expect 0 "it goes" couchectl leg remove tank 8
	dmsetup remove own
	losetup -d /dev/loop15
}

fills() {
	expect 0 "a volume larger than the pool" couchectl volume create tank/large --size 4GiB
	holds "is made, and told of" grep -q "tank/large: 4GiB is more than the .* of the pool" "$OUT"
	expect 1 "writes until the pool is full" \
		dd if=/dev/zero of=/dev/mapper/tank-large bs=1M oflag=direct status=none
	expect 5 "a full pool has a status" couchectl pool status tank
	holds "that says so" grep -q "^status: The pool is full" "$OUT"
	holds "and what to do" grep -q "^action: .*couchectl migrate tank/VOLUME --to cold" "$OUT"
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data of other volumes is what was written"
	expect 0 "the large volume goes" couchectl volume remove tank/large --yes
	expect 0 "and all is well" couchectl pool status tank
}

resizes_and_removes() {
	refuses 2 tank/vol "a volume does not shrink" couchectl volume resize tank/vol --size 10MiB
	expect 0 "a volume grows" couchectl volume resize tank/vol --size 80MiB
	holds "says to which size" grep -q "resized to 80MiB" "$OUT"
	holds "the device has the size" \
		test "$(blockdev --getsize64 /dev/mapper/tank-vol)" = $((80 << 20))
	[ "$(digest)" = "$sum" ]
	tap_result $? "growing keeps the data"
	refuses 2 tank/small "removing without --yes where nobody can be asked" \
		couchectl volume remove tank/small
	exec 9<>/dev/mapper/tank-small
	refuses 4 tank/small "removing an open volume" couchectl volume remove tank/small --yes
	refuses 4 tank-small "exporting with an open volume" couchectl pool export tank
	holds "stopped no other volume" test -e /dev/mapper/tank-vol
	exec 9>&-
	expect 0 "a plan for removing" couchectl volume remove tank/small -n
	holds "removes nothing" test -e /dev/mapper/tank-small
	run script -qec "echo tank/small | couchectl volume remove tank/small" /dev/null
	[ "$STATUS" -eq 2 ] && [ -e /dev/mapper/tank-small ]
	tap_result $? "a pipe is not a person"
	expect 0 "removing with --yes" couchectl volume remove tank/small --yes
	refuses 3 tank/small "it is gone" couchectl volume status tank/small
}

changes_profile() {
	refuses 4 tank "the minimum of healthy shards alone" \
		couchectl pool set-profile tank cold 4+2 --min-healthy 5
	holds "which it says" grep -q "cannot be changed alone, give another profile" "$ERR"
	refuses 4 tank "the profile that there is" couchectl pool set-profile tank cold 4+2
	holds "and another is asked for" grep -q "; give another profile$" "$ERR"
	refuses 2 --min-healthy "more healthy shards than there are" \
		couchectl pool set-profile tank cold 3+2 --min-healthy 6
	holds "and says what is possible" grep -q "; give 3 to 5$" "$ERR"
	refuses 1 tank "more shards than legs" couchectl pool set-profile tank cold 5+3
	holds "and says how to get more" grep -q "; .* couchectl leg add tank --cold DEV" "$ERR"
	couchectl leg fail tank 7 -q
	refuses 4 tank "more shards than legs in order" couchectl pool set-profile tank cold 3+3
	holds "and says where to look" grep -q "; see couchectl leg list tank" "$ERR"
	dd if=/dev/loop7 of=$work/begin bs=1M count=1 status=none
	dd if=/dev/zero of=/dev/loop7 bs=1M count=1 conv=fsync status=none
	refuses 4 "tank leg 7" "a device that holds the leg no more" couchectl leg restore tank 7
	holds "and says what to do with it" grep -q "couchectl leg replace tank 7 DEV" "$ERR"
	dd if=$work/begin of=/dev/loop7 bs=1M conv=fsync status=none
	couchectl leg restore tank 7 -q
	holds "the leg is back" soon leg_is 7 online
	expect 0 "another profile" couchectl pool set-profile tank cold 3+2 -q -o json
	valid "what was done follows the schema"
	holds "and is done" jq -e '.profile == "3+2" and .min_healthy_shards == 3 and
		.reshape.state == "idle"' "$OUT"
	expect 0 "and back, without waiting" \
		couchectl pool set-profile tank cold 4+2 --min-healthy 5 --no-wait -o json
	valid "what was begun follows the schema"
	holds "and has the new profile" jq -e '.profile == "4+2" and .min_healthy_shards == 5' "$OUT"
	holds "it ends" soon reshape_is idle
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
}

# reshape_is STATE
reshape_is() {
	couchectl pool reshape status tank -o json | jq -e ".reshape.state == \"$1\"" >/dev/null
}

imports() {
	expect 0 "a pool is exported" couchectl pool export tank
	holds "no device is left" test "$(devices couche)$(devices couche-pool)" = 00
	refuses 3 tank "an exported pool is not active" couchectl pool export tank
	# legs are found by what is on them: swap the devices of all
	for leg in 0 1 2 3 4 5 6 7; do
		losetup -d /dev/loop$leg
	done
	for leg in 0 1 2 3 4 5; do
		losetup /dev/loop$((7 - leg)) $work/$leg
	done
	losetup /dev/loop0 $work/7
	expect 0 "what can be imported" couchectl pool import -o json
	valid "follows the schema"
	matches pool-import.json "and is the golden one"
	expect 0 "a plan for an import" couchectl pool import tank -n
	holds "names the missing leg" grep -q "cold - cold /dev/loop0 " "$OUT"
	losetup /dev/loop11 $work/7
	refuses 4 tank "a leg that is there twice" couchectl pool import tank
	losetup -d /dev/loop11
	expect 0 "an import with a leg missing and all devices swapped" \
		couchectl pool import tank "${settings[@]}"
	holds "is run as it was told" eval "dmsetup table tank | grep -q '$kept'"
	holds "and has its data journal" test "$(pool_number data_journal_bytes)" = 16777216
	refuses 4 tank "an import of an active pool" couchectl pool import tank
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
	expect 5 "the pool is degraded" couchectl pool status tank
	holds "and says what to do" grep -q "couchectl leg restore tank 6" "$OUT"
	refuses 3 tank "a leg whose device is not there" couchectl leg restore tank 6
	losetup /dev/loop1 $work/6
	expect 0 "a leg that came back" couchectl leg restore tank 6 --wait
	holds "is told to be whole" grep -q "tank leg 6: restored, holds all" "$OUT"
	expect 0 "the pool is whole again" couchectl pool status tank
	expect 0 "export" couchectl pool export tank
}

refuses_imports() {
	local leg
	for leg in 3 4 5; do
		losetup -d /dev/loop$leg
	done
	refuses 1 tank "an import with more legs missing than may be" couchectl pool import tank
	for leg in 3 4 5; do
		losetup /dev/loop$leg $work/$((7 - leg))
	done
	losetup -d /dev/loop7
	refuses 1 tank "an import without a meta leg" couchectl pool import tank
	losetup /dev/loop7 $work/0
	refuses 3 nopool "an import of what is not there" couchectl pool import nopool
	# both slots of one leg damaged: it counts as missing
	printf x | dd of=$work/7 bs=1 seek=5000 conv=notrunc status=none
	printf x | dd of=$work/7 bs=1 seek=9100 conv=notrunc status=none
	blockdev --flushbufs /dev/loop0
	expect 0 "an import with a damaged superblock" couchectl pool import tank
	holds "says which" grep -q "/dev/loop0: its superblock is damaged" "$ERR"
	[ "$(digest)" = "$sum" ]
	tap_result $? "the data is what was written"
	couchectl pool export tank -q
	refuses 4 /dev/loop0 "a damaged leg is not taken for empty" \
		couchectl pool create new --meta /dev/loop10 --hot /dev/loop0
	refuses 4 /dev/loop6 "nor is a leg of a pool that is not active" \
		couchectl pool create new --meta /dev/loop10 --hot /dev/loop6
}

insmod "$COUCHE_BUILD/dm-couche.ko" || exit 1
for leg in 0 1 2 3 4 5 6 7; do
	attach $leg
done
expect 0 "no pools at first" couchectl pool list -o json
valid "an empty list follows the schema"
refuses_devices
plans
undoes_failed_create
creates
volumes
migrates
stages
flushes
jams
interrupts
fails_legs
limits_sweeps
follows_events
attach 12
attach 13
refuses_legs
undoes_failed_add
adds_legs
drains_legs
losetup -d /dev/loop13
replaces_legs
replaces_by_itself
outgrows_metadata
fills
resizes_and_removes
changes_profile
imports
refuses_imports
tap_end
