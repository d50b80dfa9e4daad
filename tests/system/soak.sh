#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fio writes, reads back and compares for COUCHE_SOAK_SECONDS (default one
# hour): on a volume that stays hot, on one that lies cold between its rounds,
# and on one that goes back and forth all the time; meanwhile two legs fail,
# are rebuilt and come back, and scrubs run. Every round is another pattern.
#
# COUCHE_SOAK_CORRUPT=hot or cold: in the middle something else writes to the
# legs, and the suite must fail: a hot extent has no checksum but fio's, and of
# a cold one more shards are damaged than it can do without.
. "$(dirname "$0")/common.sh"

TIME=${COUCHE_SOAK_SECONDS:-3600}
CORRUPT=${COUCHE_SOAK_CORRUPT:-}
SIZE=32				# MiB of a volume
BLOCKS=(4k 16k 128k)
seed_init
module_load
legs meta:64 hot:224 cold:96 cold:96 cold:96 cold:96 cold:96 cold:96 cold:96 cold:96
ALL=AAAAAAAAAA
must pool_format
for id in 1 2 3; do
	must volume_create $id $SIZE
done
END=$((SECONDS + TIME))

# goes_on ROUND: the first is always made.
goes_on() {
	[ "$1" = 0 ] || [ "$SECONDS" -lt "$END" ]
}

# fio_round ID ROUND ARGS...: one pattern, of its own in every round
fio_round() {
	local id=$1 round=$2
	shift 2
	SEED=$((SEED + id * 1000 + round)) verify "/dev/mapper/vol$id" \
		--bs="${BLOCKS[round % ${#BLOCKS[@]}]}" "$@"
}

# Written and at once compared, again and again.
hot() {
	local round
	for ((round = 0; ; round++)); do
		goes_on $round || break
		fio_round 1 $round --rw=randwrite --do_verify=1 || return
	done
	echo "rounds $round"
}

# Written, moved to the cold tier, compared there, and half of it written again.
cold() {
	local round
	for ((round = 0; ; round++)); do
		goes_on $round || break
		fio_round 2 $round --rw=randwrite --do_verify=0 || return
		eventually 60 to_cold || return
		fio_round 2 $round --rw=randwrite --verify_only || return
		fio_round 2 $((round + 500)) --rw=randwrite --do_verify=1 --io_size=$((SIZE / 2))m ||
			return
	done
	echo "rounds $round"
}

# Legs that fail meanwhile may end a migration: ordered anew then.
to_cold() {
	message migrate 2 0 0 cold
	eventually 5 all_in 2 cold
}

# Written and compared while its extents move.
moving() {
	local round
	for ((round = 0; ; round++)); do
		goes_on $round || break
		fio_round 3 $round --rw=randwrite --do_verify=1 --verify_backlog=512 || return
	done
	echo "rounds $round"
}

mover() {
	local moves
	for ((moves = 0; ; moves++)); do
		goes_on $moves || break
		message migrate 3 0 0 cold
		eventually 2 all_in 3 cold
		message migrate 3 0 0 hot
		eventually 2 all_in 3 hot
	done >/dev/null 2>&1
	echo "rounds $moves"
}

rebuilt() {
	is idle pool_field 15
}

breaker() {
	local round leg
	for ((round = 0; ; round++)); do
		goes_on $round || break
		for leg in $((2 + round % 8)) $((2 + (round + 3) % 8)); do
			message fail_leg $leg || return
		done
		eventually 120 rebuilt || return
		message scrub start
		for leg in $((2 + round % 8)) $((2 + (round + 3) % 8)); do
			message restore_leg $leg || return
		done
		eventually 120 is $ALL pool_legs || return
		eventually 120 is "done" pool_field 17 || return
	done
	echo "rounds $round"
}

# Another program writes to the legs: to hot ones, or to all cold ones.
corrupt() {
	eventually $((TIME / 2)) false >/dev/null
	case $CORRUPT in
	hot) garbage /dev/nb1 8 208 ;;
	cold)
		for leg in 2 3 4 5 6 7 8 9; do
			garbage /dev/nb$leg 8 80
		done
		;;
	esac
	echo "rounds 1"
}

JOBS=(hot cold moving mover)
case $CORRUPT in
'') JOBS+=(breaker) ;;
*) JOBS+=(corrupt) ;;
esac
PIDS=()
for job in "${JOBS[@]}"; do
	$job >"/tmp/soak-$job" 2>&1 &
	PIDS+=($!)
done
for i in "${!JOBS[@]}"; do
	ok "${JOBS[i]}: nothing was wrong to the end" wait "${PIDS[i]}"
	grep -a '^rounds' "/tmp/soak-${JOBS[i]}" | sed 's/^/# /'
done
if [ -z "$CORRUPT" ]; then
	ok "a scrub finds nothing" all message scrub start AND eventually 120 is "done" pool_field 17 AND \
		is 0/0 pool_field 19
	echo "# $(dmsetup status "$POOL")"
fi
ok "the pool goes down clean" all volume_close 1 AND volume_close 2 AND volume_close 3 AND \
	pool_remove AND eventually 10 rmmod dm_couche
[ "$FAILED" = 0 ] || tail -n 5 /tmp/soak-* | sed 's/^/# /'
finish
