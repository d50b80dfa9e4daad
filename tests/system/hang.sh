#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A leg that does not answer is failed after the pool's leg_timeout, and what
# was sent to it is served from elsewhere or is an error for itself only; what
# it has kept does no harm when it comes back.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 4 8)
TIMEOUT=$(scaled 4 2)
seed_init
module_load
# meta 0 1, hot 2 3, warm 4, cold 5..12
legs meta:32 meta:32 hot:64 hot:64 warm:64 cold:48 cold:48 cold:48 cold:48 cold:48 cold:48 cold:48 cold:48
ALL=AAAAAAAAAAAAA
must pool_format hot 1+1 cold 4+2 leg_timeout "$TIMEOUT"
must volume_create 1 "$SIZE"
V=/dev/mapper/vol1

# --- words -------------------------------------------------------------------------

COLD=(/dev/nb{5..12})

# leg_of EXTENT SHARD: of volume 1, as it lies on the cold legs
leg_of() {
	python3 "$(dirname "$0")/shards.py" find 1 "${COLD[@]}" "$1:$2" | cut -d' ' -f1
}

# The leg keeps what it gets and does not answer.
hang() {
	local i
	for i in "$@"; do
		dmsetup suspend --noflush --nolockfs "leg$i" || return
	done
}

# It goes on, with all that it has kept.
release() {
	local i
	for i in "$@"; do
		dmsetup resume --noflush "leg$i" || return
	done
}

leg_state() {
	local legs
	legs=$(pool_legs)
	echo "${legs:$1:1}"
}

# One of the two.
meta_failed() {
	[[ $(pool_legs) == FA* || $(pool_legs) == AF* ]]
}

has_failed() {
	is F leg_state "$1"
}

# within SECONDS COMMAND...
within() {
	local start=$SECONDS seconds=$1
	shift
	timeout -k 1 "$seconds" "$@" || return
	echo "# took $((SECONDS - start)) s"
}

LIMIT=$((TIMEOUT * 5 + 10))

check() {
	within $LIMIT "$STAMP" check $V "$1"
}

fill() {
	within $LIMIT "$STAMP" fill $V "$1"
}

restore() {
	local i
	for i in "$@"; do
		message restore_leg "$i" || return
	done
	eventually 60 is $ALL pool_legs
}

scrub_clean() {
	message scrub start && eventually 60 is "done" pool_field 17 &&
		same "$(pool_field 18 | cut -d/ -f3)/$(pool_field 19)" 0/0/0
}

# The caches forget: what is read comes from the legs.
reopen() {
	volume_close 1 && pool_remove && pool_create leg_timeout "$TIMEOUT" && volume_open 1 "$SIZE"
}

load_start() {
	fio --name=load --filename=$V --direct=1 --ioengine=libaio --iodepth=8 --rw=randrw \
		--bs=4k --size="${SIZE}M" --time_based --runtime=1000 --verify=crc32c \
		--verify_backlog=64 --verify_fatal=1 --fsync=64 --randseed="$SEED" \
		--output=/tmp/fio.log >/dev/null 2>&1 &
	LOAD=$!
	eventually 30 more_io vol1 $(($(io_count vol1) + 50))
}

goes_on() {
	eventually $LIMIT more_io vol1 $(($(io_count vol1) + 500))
}

load_end() {
	kill -0 $LOAD || { cat /tmp/fio.log; return 1; }
	kill -INT $LOAD
	wait $LOAD
	! grep -E 'verify:|error=' /tmp/fio.log
}

# --- stripes ------------------------------------------------------------------------

must stamp fill $V 1
must migrate 1 cold
must message checkpoint
must reopen
A=$(leg_of 0 0)
B=$(leg_of 0 3)
must hang "$A"
ok "a stripe is read although one of its legs hangs" check 1
ok "the leg has failed, and the status says which" eventually $LIMIT has_failed "$A"
ok "it is named in the log" logged_ever "leg $A has not answered"
ok "it is not restored while it keeps bios" not message restore_leg "$A"
must release "$A"
ok "it is restored when it has answered" restore "$A"
must reopen
A=$(leg_of 0 0)
B=$(leg_of 0 3)
must hang "$A" "$B"
ok "a stripe is read although m of its legs hang" check 1
must eventually $LIMIT has_failed "$A"
must eventually $LIMIT has_failed "$B"
must release "$A" "$B"
must restore "$A" "$B"
ok "nothing was lost" all check 1 AND scrub_clean
must reopen
A=$(leg_of 0 1)
must hang "$A"
must message migrate 1 0 0 hot
ok "a migration gets past a leg that hangs" eventually $LIMIT all_in 1 hot
must release "$A"
ok "what it read is right" check 1
must eventually $LIMIT has_failed "$A"
must restore "$A"

# --- mirrors ------------------------------------------------------------------------

for leg in 2 3; do
	must reopen
	must load_start
	must hang $leg
	ok "reads, writes and flushes of mirrors go on when leg $leg hangs" goes_on
	ok "leg $leg has failed" eventually $LIMIT has_failed $leg
	ok "no read was wrong" load_end
	must fill $leg
	must release $leg
	ok "leg $leg is restored" restore $leg
	ok "no late write shows" all reopen AND check $leg
	must message fail_leg $((5 - leg))
	ok "also on leg $leg alone" check $leg
	must restore $((5 - leg))
done

# Both copies: there is nothing to fall back to. Whatever the writer is told, what
# it does with its buffer afterwards is none of the block's business.
write_once() {
	python3 - $V /tmp/stay <<-END
		import mmap, os, sys
		device = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
		buffer = mmap.mmap(-1, 4096)
		buffer[:] = b"W" * 4096
		try:
		    os.pwritev(device, [buffer], 0)
		except OSError as error:
		    print(error)
		buffer[:] = b"X" * 4096
		print("ended", flush=True)
		open(sys.argv[2]).read()
	END
}

both_hang() {
	[[ $(pool_legs) == AA[hF][hF]* ]]
}

block_is() {
	drop_caches
	same "$(dd if=$V bs=4096 count=1 iflag=direct status=none | tr -d '\0' | head -c 1)" "$1"
}

must fill 4
must eval 'tr "\0" O </dev/zero | dd of=$V bs=4096 count=1 iflag=fullblock oflag=direct status=none'
must block_is O
must mkfifo /tmp/stay
must hang 2 3
write_once >/tmp/write 2>&1 &
WRITE=$!
ok "both copies hang" eventually $LIMIT both_hang
eventually 3 grep -q ended /tmp/write
must release 2 3
ok "the writer is told" all eval ': >/tmp/stay' AND wait $WRITE
for leg in 2 3; do
	eventually 10 is A leg_state $leg || must message restore_leg $leg
done
must eventually 60 is $ALL pool_legs
W=$(dd if=$V bs=4096 count=1 iflag=direct status=none | head -c 1)
ok "nothing shows that was not written (I2)" eval '[[ $W == [OW] ]]'
ok "nor on the one copy or the other" all message fail_leg 2 AND block_is "$W" AND restore 2 AND \
	message fail_leg 3 AND block_is "$W" AND restore 3

# --- metadata -----------------------------------------------------------------------

must load_start
must hang 1
ok "commits go on when a metadata leg hangs" within $LIMIT dmsetup message $POOL 0 checkpoint
ok "which has failed" eventually $LIMIT has_failed 1
ok "and so do reads and writes" goes_on
ok "no read was wrong" load_end
ok "orders are taken" all message create_volume 2 16384 second AND message remove_volume 2
must release 1
ok "it is restored" restore 1
must fill 5
must reopen
ok "all is there" check 5

# The last one: nothing is durable without it, so it gets the time it needs.
must hang 0 1
{ blkdiscard $V && "$STAMP" fill $V 6 && sync $V; } >/tmp/fill 2>&1 &
FILL=$!
ok "one of two metadata legs that hang fails" eventually $LIMIT meta_failed
ok "without any metadata leg writes wait" kill -0 $FILL
must release 0 1
ok "and go on when it answers" all wait $FILL AND check 6
ok "nothing failed for good" is rw pool_mode
case $(pool_legs) in
F*) must restore 0 ;;
AF*) must restore 1 ;;
esac

# --- no redundancy ------------------------------------------------------------------

ok "a leg without redundancy: its extents" all migrate 1 warm AND check 6 AND message checkpoint
must message create_volume 3 4096 third
must reopen
must hang 4
"$STAMP" check $V 6 >/tmp/check 2>&1 &
CHECK=$!
must message migrate 1 0 0 cold
ok "a relocation from it is given up" eventually $LIMIT is AAAAhAAAAAAAA pool_legs
ok "what came before waits for the device" kill -0 $CHECK
dd if=$V of=/dev/null bs=4k count=1 iflag=direct 2>/tmp/dd
ok "what comes after is an error at once" grep -q 'error reading' /tmp/dd
must volume_open 3 2
ok "other legs go on" all within $LIMIT "$STAMP" fill /dev/mapper/vol3 1 AND \
	within $LIMIT sync /dev/mapper/vol3 AND "$STAMP" check /dev/mapper/vol3 1
ok "the pool is whole" is rw pool_mode
must release 4
ok "when it answers, all goes on" all wait $CHECK AND is $ALL pool_legs AND check 6

# --- the end ------------------------------------------------------------------------

must volume_close 3
must migrate 1 cold
must message checkpoint
must reopen
A=$(leg_of 0 2)
must hang "$A"
ok "a leg that hangs: the pool is read" check 6
must volume_close 1
dmsetup remove $POOL >/tmp/remove 2>&1 &
REMOVE=$!
ok "its removal waits for the device" all not timeout 3 tail --pid=$REMOVE -f /dev/null AND kill -0 $REMOVE
must release "$A"
ok "and no longer" eventually 20 not kill -0 $REMOVE
wait $REMOVE
must hang "$A"
ok "a start does without a leg that had failed and hangs" pool_create leg_timeout "$TIMEOUT"
must release "$A"
must reload $POOL "$(pool_table leg_timeout "$TIMEOUT")"
must restore "$A"
must pool_remove
must hang "$A"
log_mark
pool_create leg_timeout "$TIMEOUT" >/tmp/create 2>&1 &
CREATE=$!
ok "a start is refused when one hangs that had not, and says which" eventually $LIMIT logged "leg $A: superblock: cannot be read"
must release "$A"
ok "the command ends when the device has given back what it kept" not wait $CREATE
ok "and then it starts" all pool_create AND volume_open 1 "$SIZE" AND check 6

# The first rows of a group, while a superblock waits for a leg of another tier.
must reload $POOL "$(pool_table leg_timeout 60)"
must message remove_volume 3
must message create_volume 4 4096 fourth
must volume_open 4 2
must message checkpoint
must eventually 20 is 0 pool_used hot
must hang 5
log_mark
message fail_leg 6 >/tmp/order 2>&1 &
ORDER=$!
must eventually 20 has_failed 6
ok "a first write does not wait for a leg that it does not need" all \
	dd if=/dev/zero of=/dev/mapper/vol4 bs=4k count=1 oflag=direct status=none AND \
	kill -0 $ORDER AND not logged 'leg 5 has not answered'
must release 5
ok "the order that does is carried out" wait $ORDER

finish
