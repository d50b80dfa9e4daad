#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each leg in turn, and pairs of legs, go wrong in each way that devices do,
# during reads and writes that are verified, migrations, rebuilds and scrubs:
# nothing acknowledged is lost, no wrong byte is returned, the status says
# which leg, and in the end a scrub finds nothing.
#
#   pulled    the device is gone: errors, and the leg is failed by order
#   errors    all I/O gets an error (dm-error)
#   reads     reads get an error (dm-flakey)
#   writes    writes get an error (dm-flakey)
#   dust      some sectors cannot be read (dm-dust)
#   badblocks some sectors get errors (null_blk)
#   corrupt   reads return wrong bytes (dm-flakey), on legs with checksums
#   hang      no answer (suspended)
#   slow      answers after a while, longer than leg_timeout (dm-delay)
#
# COUCHE_FAULT_ROUNDS says how many pairs are tried; COUCHE_SEED repeats them.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 4 8)
TIMEOUT=$(scaled 4 2)
ROUNDS=${COUCHE_FAULT_ROUNDS:-$(scaled 6 14)}
seed_init
module_load
# meta 0 1, hot 2 3, cold 4..11
legs meta:32 meta:32 hot:64 hot:64 cold:40 cold:40 cold:40 cold:40 cold:40 cold:40 cold:40 cold:40
ALL=AAAAAAAAAAAA
must pool_format hot 1+1 cold 4+2 leg_timeout "$TIMEOUT"
must volume_create 1 "$SIZE"
must volume_create 2 "$SIZE"
V=/dev/mapper/vol1		# under load
W=/dev/mapper/vol2		# written once
COLD=(/dev/nb{4..11})

# --- what goes wrong ----------------------------------------------------------------

is_cold() {
	[ "$1" -ge 4 ]
}

sectors() {
	echo $((SIZES[$1] * 2048))
}

# Every 37th block from the first MiB on: a shard has 9.
some_blocks() {
	seq 256 37 $((SIZES[$1] * 256 - 1))
}

dusty() {
	local block
	leg_table "$1" "0 $(sectors "$1") dust /dev/nb$1 0 4096" || return
	for block in $(some_blocks "$1"); do
		echo "$block"
	done | xargs -I{} dmsetup message "leg$1" 0 addbadblock {} >/dev/null || return
	dmsetup message "leg$1" 0 enable
}

badblocks() {
	local first
	for first in $(some_blocks "$1"); do
		echo "+$((first * 8))-$((first * 8 + 7))" >"/sys/kernel/config/nullb/nb$1/badblocks" || return
	done
}

# wrong LEG FAULT: from now on
wrong() {
	case $2 in
	pulled | errors) leg_break "$1" ;;
	reads) leg_table "$1" "0 $(sectors "$1") flakey /dev/nb$1 0 0 3600 1 error_reads" ;;
	writes) leg_break_writes "$1" ;;
	dust) dusty "$1" ;;
	badblocks) badblocks "$1" ;;
	corrupt) leg_table "$1" "0 $(sectors "$1") flakey /dev/nb$1 0 0 3600 5 corrupt_bio_byte 77 r 90 0" ;;
	hang) dmsetup suspend --noflush --nolockfs "leg$1" ;;
	slow) leg_table "$1" "0 $(sectors "$1") delay /dev/nb$1 0 $((TIMEOUT * 1500))" ;;
	esac
	if [ "$2" = pulled ]; then
		message fail_leg "$1" || [ "$(leg_state "$1")" = F ]
	fi
}

# right LEG FAULT: as it was
right() {
	case $2 in
	hang) dmsetup resume --noflush "leg$1" ;;
	badblocks)
		echo "-0-$(($(sectors "$1") - 1))" >"/sys/kernel/config/nullb/nb$1/badblocks"
		;;
	*) leg_mend "$1" ;;
	esac
}

leg_state() {
	local legs
	legs=$(pool_legs)
	echo "${legs:$1:1}"
}

# --- what goes on meanwhile ---------------------------------------------------------

LIMIT=$((TIMEOUT * 10 + 60))

load_start() {
	fio --name=load --filename=$V --direct=1 --ioengine=libaio --iodepth=8 --rw=randrw \
		--bs=4k --size="${SIZE}M" --time_based --runtime=1000 --verify=crc32c \
		--verify_backlog=64 --verify_fatal=1 --fsync=128 --randseed="$SEED" \
		--output=/tmp/fio.log >/dev/null 2>&1 &
	LOAD=$!
	eventually 30 more_io vol1 $(($(io_count vol1) + 50))
}

goes_on() {
	eventually $LIMIT more_io vol1 $(($(io_count vol1) + 300))
}

load_end() {
	kill -0 $LOAD || { cat /tmp/fio.log; return 1; }
	kill -INT $LOAD
	wait $LOAD
	! grep -E 'verify:|error=' /tmp/fio.log
}

moves() {
	message migrate 2 0 0 "$1" 2>/dev/null
	message migrate 1 0 0 cold 2>/dev/null
	eventually 2 all_in 2 "$1"
	true
}

scrub() {
	message scrub start 2>/dev/null
	eventually $LIMIT scrub_ended
}

scrub_ended() {
	case $(pool_field 17) in
	idle | "done" | stopped) ;;
	*) return 1 ;;
	esac
}

scrub_clean() {
	scrub && same "$(pool_field 18 | cut -d/ -f3)/$(pool_field 19)" 0/0/0
}

check() {
	stamp check $W 1
}

# All legs are in order again, and hold what they should.
heal() {
	local i
	for i in "${!DEVS[@]}"; do
		[ "$(leg_state "$i")" != F ] || eventually $LIMIT message restore_leg "$i" || return
	done
	eventually $LIMIT is $ALL pool_legs && eventually $LIMIT quiet || return
	# What a scrub finds it repairs, and then there is nothing to find.
	scrub && eventually $LIMIT quiet && scrub_clean
}

# Nothing is being repaired or rebuilt.
quiet() {
	[ "$(pool_field 13 | cut -d/ -f1)" = 0 ] && [ "$(pool_field 15)" = idle ]
}

reopen() {
	volume_close 1 && volume_close 2 && pool_remove && pool_create leg_timeout "$TIMEOUT" &&
		volume_open 1 "$SIZE" && volume_open 2 "$SIZE"
}

# leg_sum LEG NAME...: the sum of these numbers of a leg
leg_sum() {
	couchectl leg list -o json | python3 -c '
import json, sys
def legs(x):
    if isinstance(x, dict):
        yield x
        x = list(x.values())
    for y in x if isinstance(x, list) else []:
        yield from legs(y)
print(sum(leg.get(name, 0) for leg in legs(json.load(sys.stdin))
          if leg.get("index") == int(sys.argv[1]) for name in sys.argv[2:]))' "$@"
}

# It has failed, hangs, or has errors.
told() {
	[[ $(leg_state "$1") == [Fhr] ]] || above 0 leg_sum "$1" read_errors write_errors csum_errors
}

# A shard of the second volume is on the leg. Of extents that went elsewhere
# shards are left that nobody reads, so all of it has to be cold.
has_shards() {
	local extents shards
	all_in 2 cold >/dev/null || return
	extents=$((SIZE * 2048 / EXTENT))
	mapfile -t shards < <(for ((i = 0; i < extents * 6; i++)); do echo "$((i / 6)):$((i % 6))"; done)
	"$(dirname "$0")/shards.py" find 2 "${COLD[@]}" "${shards[@]}" | grep -q "^$1 "
}

# Is there something to be seen for certain? Metadata is read at a start only,
# blocks of mirrors are read from either copy, single bad blocks may lie where
# nothing is stored, and the moves may write to other cold legs.
visible() {
	case $2 in
	dust | badblocks) return 1 ;;
	reads | corrupt) is_cold "$1" && has_shards "$1" ;;
	writes) ! is_cold "$1" ;;
	*) ! is_cold "$1" || has_shards "$1" ;;
	esac
}

# What was stored after everything had been read is seen by a scrub.
shown() {
	eventually 5 told "$1" >/dev/null || { scrub && eventually 20 told "$1"; }
}

SHOWN=				# of what is not certain to be

# was_shown FAULT: on one leg at least
was_shown() {
	[[ "$SHOWN " == *" $1 "* ]]
}

# round "LEG..." FAULT: everything at once, with these legs wrong
round() {
	local leg name="$2 on $1" tier=cold
	load_start || return
	for leg in $1; do
		wrong "$leg" "$2" || { echo "cannot make leg $leg wrong"; return 1; }
	done
	[ $((RANDOM % 2)) = 0 ] || tier=hot
	moves $tier && message rebuild start 2>/dev/null
	message checkpoint
	check && goes_on || return
	message scrub start 2>/dev/null
	check && moves cold && check && goes_on || return
	load_end || return
	check
}

one() {
	local leg
	ok "$2 on $1: reads, writes, moves and a scrub go on, nothing is wrong" round "$1" "$2"
	for leg in $1; do
		if told "$leg" >/dev/null || visible "$leg" "$2"; then
			ok "$2 on $leg: it is told" shown "$leg" && SHOWN+=" $2"
		elif is_cold "$leg" && shown "$leg" >/dev/null; then
			SHOWN+=" $2"
		fi
	done
	for leg in $1; do
		must right "$leg" "$2"
	done
	ok "$2 on $1: it heals, and a scrub finds nothing" heal
	ok "$2 on $1: all is there, from the legs" all reopen AND check
}

# --- each leg -----------------------------------------------------------------------

must stamp fill $W 1
must migrate 2 cold
must message checkpoint
FAULTS=(pulled errors reads writes dust badblocks corrupt hang slow)
n=$((RANDOM % 9))
for leg in "${!DEVS[@]}"; do
	fault=${FAULTS[n % ${#FAULTS[@]}]}
	# Wrong bytes are for whoever has checksums to see.
	if [ "$fault" = corrupt ] && ! is_cold "$leg"; then
		fault=hang
	fi
	one "$leg" "$fault"
	n=$((n + 1))
done

# --- pairs: two cold ones, or one of each kind ----------------------------------------

for ((i = 0; i < ROUNDS; i++)); do
	a=$((4 + RANDOM % 8))
	b=$((4 + (a - 4 + 1 + RANDOM % 7) % 8))
	[ $((i % 3)) -ne 2 ] || b=$((RANDOM % 4))
	fault=${FAULTS[n % ${#FAULTS[@]}]}
	if [ "$fault" = corrupt ] && ! is_cold "$b"; then
		fault=hang
	fi
	one "$a $b" "$fault"
	n=$((n + 1))
done

ok "blocks that cannot be read are told" all was_shown dust AND was_shown badblocks
finish
