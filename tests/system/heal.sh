#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is wrong or lost mends itself: reads repair, legs that fail are rebuilt
# onto the others, a scrub finds the rest. 4+2 over eight cold legs.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 4 16)
EXTENTS=$((SIZE * 8))
TOP_DIR=$(dirname "$0")
seed_init
module_load
legs meta:32 hot:96 cold:48 cold:48 cold:48 cold:48 cold:48 cold:48 cold:48 cold:48
ALL=AAAAAAAAAA
must pool_format
must volume_create 1 "$SIZE"
V=/dev/mapper/vol1
# Legs are to fail by order here, not for what is done to their shards.
echo 0 >/sys/module/dm_couche/parameters/leg_error_limit

# --- words -------------------------------------------------------------------------

part() {
	cut -d/ -f"$1"
}

repairs_queued() {
	pool_field 13 | part 1
}

repairs() {
	pool_field 13 | part 2
}

repairs_failed() {
	pool_field 13 | part 3
}

repairs_dropped() {
	pool_field 13 | part 4
}

reconstructions() {
	pool_field 14 | part 1
}

reconstruction_reads() {
	pool_field 14 | part 2
}

rebuild_state() {
	pool_field 15
}

rebuild_done() {
	pool_field 16 | part 1
}

rebuild_total() {
	pool_field 16 | part 2
}

rebuild_failed() {
	pool_field 16 | part 3
}

scrub_state() {
	pool_field 17
}

scrub_done() {
	pool_field 18 | part 1
}

scrub_total() {
	pool_field 18 | part 2
}

scrub_failed() {
	pool_field 18 | part 3
}

scrub_repaired() {
	pool_field 19 | part 1
}

scrub_bad() {
	pool_field 19 | part 2
}

COLD=(/dev/nb{2..9})

# flip EXTENT:SHARD[:footer]...: damage these shards of volume 1, or undo it
flip() {
	python3 "$TOP_DIR/shards.py" flip 1 "${COLD[@]}" "$@"
}

# place EXTENT SHARD: its leg, and the sector there
place() {
	python3 "$TOP_DIR/shards.py" find 1 "${COLD[@]}" "$1:$2"
}

leg_of() {
	place "$1" "$2" | cut -d' ' -f1
}

# other_legs COUNT LEG...: cold legs that are none of these
other_legs() {
	local count=$1 leg
	shift
	for leg in 2 3 4 5 6 7 8 9; do
		[[ " $* " == *" $leg "* ]] || [ "$count" = 0 ] || { echo "$leg"; count=$((count - 1)); }
	done
}

# leg_count LEG NAME: a counter of it, as netlink has it
leg_count() {
	couchectl leg list -o json | python3 -c '
import json, sys
def legs(x):
    if isinstance(x, dict):
        if sys.argv[2] in x:
            yield x
        for y in x.values():
            yield from legs(y)
    elif isinstance(x, list):
        for y in x:
            yield from legs(y)
for leg in legs(json.load(sys.stdin)):
    if leg.get("index") == int(sys.argv[1]):
        print(leg[sys.argv[2]])
' "$1" "$2"
}

close_all() {
	volume_close 1 && pool_remove
}

open_all() {
	pool_create && volume_open 1 "$SIZE"
}

# The caches forget: what is read comes from the legs.
reopen() {
	close_all && open_all
}

# With no flush and no checkpoint: every leg is gone at once, and comes back.
power_cut() {
	local i
	for i in "${!DEVS[@]}"; do
		leg_break "$i"
	done
	close_all || return
	for i in "${!DEVS[@]}"; do
		leg_mend "$i"
	done
}

restore() {
	local i
	for i in "$@"; do
		message restore_leg "$i" || return
	done
	eventually 30 is $ALL pool_legs
}

fail() {
	local i
	for i in "$@"; do
		message fail_leg "$i" || return
	done
}

rebuilt() {
	is idle rebuild_state && same "$(rebuild_done)" "$(rebuild_total)" && is 0 rebuild_failed
}

scrub() {
	message scrub start && eventually 60 is "done" scrub_state
}

# A pool with nothing wrong on it, all of it on all legs.
fresh() {
	stamp fill $V "$1" && migrate 1 cold && message checkpoint && reopen
}

sectors_read() {
	local i sum=0
	for i in "$@"; do
		sum=$((sum + $(awk '{ print $3 }' "/sys/block/nb$i/stat")))
	done
	echo $sum
}

# --- reads repair -------------------------------------------------------------------

must fresh 1
LEG=$(leg_of 3 0)
must flip 3:0 5:0 9:0
ok "a read of wrong shards returns what was written (I6)" stamp check $V 1
ok "the extents are repaired" eventually 20 is 3 repairs
ok "none was given up" all is 0 repairs_failed AND is 0 repairs_dropped
ok "the leg that lied is named" above 0 leg_count "$LEG" csum_errors
ok "what was replaced is counted on it" above 0 leg_count "$LEG" repairs
must message checkpoint
must reopen
ok "then nothing has to be rebuilt any more" all stamp check $V 1 AND is 0 volume_degraded 1
must flip 7:0 7:3
ok "m wrong shards of one extent are repaired together" all stamp check $V 1 AND \
	eventually 20 eval 'above 0 repairs && is 0 repairs_queued' AND stamp check $V 1
must reopen
ok "and stay so" all stamp check $V 1 AND is 0 volume_degraded 1

# unreadable LEG EXTENT SHARD: the first sectors of that shard, which is on it
unreadable() {
	local at
	at=$(place "$2" "$3") || return
	at=${at#* }
	leg_table "${1}" "0 $at linear /dev/nb$1 0
$at 8 error
$((at + 8)) $((SIZES[$1] * 2048 - at - 8)) linear /dev/nb$1 $((at + 8))"
}
# What lies there moves off them.
ok "a sector that cannot be read is read around and repaired" all unreadable "$(leg_of 11 0)" 11 0 AND \
	stamp check $V 1 AND eventually 20 is 1 repairs
ok "the extent lies elsewhere" all message checkpoint AND reopen AND stamp check $V 1 AND \
	is 0 volume_degraded 1
for leg in 2 3 4 5 6 7 8 9; do
	must leg_mend $leg
done

# --- reconstruction ---------------------------------------------------------------------

# One block of a lost shard, with what the device then had to read.
one_block() {
	local before after
	before=$(sectors_read 2 3 4 5 6 7 8 9)
	stamp check $V 1 $((13 * EXTENT / 8)) 1 || return
	after=$(sectors_read 2 3 4 5 6 7 8 9)
	echo "# $((after - before)) sectors were read"
	# k blocks and their footers, which also lie in a block each
	[ $((after - before)) -le $((4 * 8 + 4 * 8)) ]
}
LEG=$(leg_of 13 0)
ok "the rebuilder can be stopped" all message rebuild stop AND is stopped rebuild_state
must message fail_leg "$LEG"
R=$(reconstructions)
RR=$(reconstruction_reads)
ok "one lost block takes k blocks of others to compute" one_block
ok "which is counted: one reconstruction, k ranges" all is $((R + 1)) reconstructions AND \
	is $((RR + 4)) reconstruction_reads
ok "a stopped rebuilder moves nothing" all is stopped rebuild_state AND is 0 rebuild_done
ok "an unknown order is refused" refused 'must be start, pause' message rebuild quickly
ok "and one that does not fit" refused 'not paused' message rebuild resume

# --- a leg fails --------------------------------------------------------------------------

ok "started, it moves all that lay on the leg" all message rebuild start AND \
	eventually 60 rebuilt AND above 0 rebuild_done
mapfile -t OTHERS < <(other_legs 2 "$LEG")
ok "all is read without reconstruction" all message checkpoint AND reopen AND stamp check $V 1 AND \
	is 0 volume_degraded 1
ok "two more legs may fail now" all message rebuild stop AND fail "${OTHERS[@]}" AND stamp check $V 1
ok "also at a start without all three" all close_all AND \
	pool_missing "$LEG ${OTHERS[*]}" open_all AND stamp check $V 1 AND is 0 volume_lost 1
too_few() {
	eventually 60 is waiting rebuild_state && logged 'wait for a healthy leg'
}
log_mark
must reopen
ok "with too few healthy legs the rebuilder waits and says so" too_few
ok "what lacked two shards lacks one now, and all is read" all is 0 rebuild_failed AND \
	stamp check $V 1
ok "with one more it can go on" all message restore_leg "$LEG" AND eventually 60 rebuilt
ok "once the legs are back it is idle" all restore "${OTHERS[@]}" AND is idle rebuild_state
ok "and everything healthy" all reopen AND stamp check $V 1 AND is 0 volume_degraded 1 AND \
	is idle rebuild_state

# --- a leg that lost what it had not flushed ---------------------------------------------------

must fresh 9
must message rebuild stop
LEG=$(leg_of 5 0)
OTHERS=("$(leg_of 5 1)" "$(leg_of 5 2)")
ok "a leg fails and loses part of a shard, not its footer" all fail "$LEG" AND flip 5:0
ok "it comes back" restore "$LEG"
must fail "${OTHERS[@]}"
must leg_break "${OTHERS[0]}"
must leg_break "${OTHERS[1]}"
ok "and has all its shards: two others may be lost (I1)" all stamp check $V 9 AND is 0 volume_lost 1
must leg_mend "${OTHERS[0]}"
must leg_mend "${OTHERS[1]}"
must restore "${OTHERS[@]}"
must message rebuild start

# --- a leg that comes back while an extent cannot be read ----------------------------------------

must fresh 10
must message rebuild stop
LEG=$(leg_of 5 0)
OTHERS=("$(leg_of 5 1)" "$(leg_of 5 2)" "$(leg_of 5 3)")
must fail "$LEG"
must flip 5:0
must unreadable "${OTHERS[0]}" 5 1
must unreadable "${OTHERS[1]}" 5 2
behind() {
	message restore_leg "$LEG" && eventually 20 logged "extent 5 cannot be read" &&
		eventually 20 logged 'could not all be made equal' && not is $ALL pool_legs
}
log_mark
ok "a leg that lacks a shard, which cannot be computed just then, is not restored" behind
wait_interrupted() {
	local pid status=0
	couchectl leg restore couche "$LEG" --wait >/tmp/wait.out 2>&1 &
	pid=$!
	eventually 20 grep -q 'restoring, ' /tmp/wait.out || return
	kill -INT $pid
	wait $pid || status=$?
	cat /tmp/wait.out
	[ $status -eq 130 ] && grep -q 'it goes on in the kernel' /tmp/wait.out &&
		not is $ALL pool_legs
}
ok "who waits for it waits until Ctrl-C" wait_interrupted
must leg_mend "${OTHERS[0]}"
must leg_mend "${OTHERS[1]}"
ok "ordered again, it is, and waited for" all couchectl leg restore couche "$LEG" --wait AND \
	is $ALL pool_legs
must fail "${OTHERS[@]:0:2}"
must leg_break "${OTHERS[0]}"
must leg_break "${OTHERS[1]}"
ok "with all its shards: two others may be lost (I1)" all stamp check $V 10 AND is 0 volume_lost 1
must leg_mend "${OTHERS[0]}"
must leg_mend "${OTHERS[1]}"
must restore "${OTHERS[@]:0:2}"
must fail "$LEG"
must flip 5:0 5:1 5:3
ok "an extent that is lost for good keeps no leg from being restored" all restore "$LEG" AND \
	logged 'extent 5 is lost'
must flip 5:0 5:1 5:3
must message rebuild start

# --- while a rebuild goes on ------------------------------------------------------------------

must fresh 2
must message rebuild_rate $((EXTENTS * EXTENT * 512 / 20))
LEG=$(leg_of 5 0)
ok "a rate makes it slow" all message fail_leg "$LEG" AND eventually 20 above 1 rebuild_done AND \
	is running rebuild_state
ok "a suspend in the middle stops it, a resume lets it go on" all dmsetup suspend $POOL AND \
	dmsetup resume $POOL AND is running rebuild_state
DONE=$(rebuild_done)
ok "it goes on" eventually 20 above "$DONE" rebuild_done
ok "it can be paused" all message rebuild pause AND is paused rebuild_state
ok "and resumed, faster" all message rebuild resume AND message rebuild_rate 0 AND \
	eventually 60 rebuilt
ok "all is there, without the leg" all stamp check $V 2 AND restore "$LEG"

must fresh 3
must message rebuild_rate $((EXTENTS * EXTENT * 512 / 20))
LEG=$(leg_of 5 0)
SECOND=$(leg_of 5 1)
mapfile -t OTHERS < <(other_legs 2 "$LEG" "$SECOND")
# It may be found out by a write of the rebuilder, or not.
second_failure() {
	leg_break "$SECOND" || return
	message fail_leg "$SECOND"
	[[ $(pool_legs) == *F*F* ]]
}
ok "another leg fails in the middle" all message fail_leg "$LEG" AND \
	eventually 20 above 1 rebuild_done AND is running rebuild_state AND second_failure AND \
	message rebuild_rate 0
ok "both are rebuilt" all eventually 60 rebuilt AND stamp check $V 3
must leg_mend "$SECOND"
ok "then two more can fail" all message rebuild stop AND fail "${OTHERS[@]}" AND stamp check $V 3 AND \
	is 0 volume_lost 1
must restore "${OTHERS[@]}" "$LEG" "$SECOND"
must message rebuild start

must fresh 4
must message rebuild_rate $((EXTENTS * EXTENT * 512 / 20))
LEG=$(leg_of 5 0)
ok "a power cut in the middle" all message fail_leg "$LEG" AND eventually 20 above 1 rebuild_done AND \
	is running rebuild_state AND power_cut
ok "after it the rest is found anew" all open_all AND eventually 60 rebuilt AND \
	above 0 rebuild_done AND stamp check $V 4
ok "and healthy" all message checkpoint AND reopen AND stamp check $V 4 AND is 0 volume_degraded 1
must restore "$LEG"

must fresh 5
LEG=$(leg_of 5 0)
busy() {
	message rebuild_rate $((EXTENTS * EXTENT * 512 / 4)) && message fail_leg "$LEG" || return
	message migrate 1 0 0 hot
	stamp fill $V 6 0 512 || return
	eventually 60 all_in 1 hot
	message migrate 1 0 0 cold
	message rebuild_rate 0
	eventually 60 all_in 1 cold && eventually 60 rebuilt
}
ok "a migration and writes go on with it" busy
ok "and all is right" all stamp check $V 6 0 512 AND stamp check $V 5 512 $((SIZE * 256 - 512))
must restore "$LEG"

# --- scrub -----------------------------------------------------------------------------------

must fresh 7
ok "a scrub of a healthy pool finds nothing" all scrub AND is 0 scrub_bad AND is 0 scrub_failed
ok "and has looked at every extent" same "$(scrub_done) $(scrub_total)" "$EXTENTS $EXTENTS"
# Now the checksums are in the cache; a scrub must not believe it.
must stamp check $V 7
must flip 1:2 1:4 2:4 2:5 4:5:footer 6:1:footer
LEG=$(leg_of 4 5)
ok "it finds wrong data, parity and footers" all scrub AND is 6 scrub_bad
ok "it repairs them, m of one stripe included" all is 6 scrub_repaired AND is 0 scrub_failed
ok "it says which leg lied" above 0 leg_count "$LEG" scrub_errors
must message checkpoint
ok "the next finds nothing" all scrub AND is 0 scrub_bad AND stamp check $V 7
must flip 10:0 10:1 10:4 12:3
log_mark
ok "more than m wrong shards are a failure of that extent alone" all scrub AND is 1 scrub_failed AND \
	is 1 scrub_repaired AND is 4 scrub_bad
ok "which the log names" logged 'volume 1 extent 10 could not be mended'
must flip 10:0 10:1 10:4
ok "right again, it is" all scrub AND is 0 scrub_bad AND stamp check $V 7

by_tool() {
	couchectl pool scrub start couche -q || return
	eventually 60 is "done" scrub_state
	couchectl pool scrub status couche -o json | grep -q '"state": *"done"' &&
		couchectl pool scrub status couche | grep -q "$EXTENTS of $EXTENTS extents" &&
		! couchectl pool scrub resume couche 2>/tmp/tool && grep -q 'not paused' /tmp/tool &&
		couchectl pool rebuild status couche | grep -q 'rebuild idle'
}
ok "couchectl orders and shows it" by_tool
must message scrub_rate $((EXTENTS * EXTENT * 512 / 20))
ok "a slow scrub starts" all message scrub start AND eventually 20 above 1 scrub_done
ok "a second is refused" refused 'under way already' message scrub start
ok "it can be paused" all message scrub pause AND is paused scrub_state
ok "a paused one survives a suspend" all dmsetup suspend $POOL AND dmsetup resume $POOL AND \
	is paused scrub_state
ok "it goes on from its place" all message scrub resume AND message scrub_rate 0 AND \
	eventually 60 is "done" scrub_state AND is "$EXTENTS" scrub_done
must message scrub_rate $((EXTENTS * EXTENT * 512 / 20))
ok "a suspend in the middle lets it go on afterwards" all message scrub start AND \
	eventually 20 above 1 scrub_done AND dmsetup suspend $POOL AND dmsetup resume $POOL AND \
	is running scrub_state AND message scrub_rate 0 AND eventually 60 is "done" scrub_state AND \
	is "$EXTENTS" scrub_done
must message scrub_rate 1024
ok "a scrub at a KiB a second starts" all message scrub start AND eventually 20 above 0 scrub_done
ok "and does not wait by the old rate once that is lifted" all message scrub_rate 0 AND \
	eventually 20 is "done" scrub_state
must message scrub_rate $((EXTENTS * EXTENT * 512 / 20))
ok "it can be stopped" all message scrub start AND eventually 20 above 1 scrub_done AND \
	message scrub stop AND is stopped scrub_state

# By itself. EXTENT-NUMBER:SHARD: damages it; seen: a scrub has found that.
spoil() {
	LEG=$(leg_of "${1%:*}" "${1#*:}")
	BEFORE=$(leg_count "$LEG" scrub_errors)
	flip "$1"
}
seen() {
	above "$BEFORE" leg_count "$LEG" scrub_errors
}
every() {
	reload $POOL "$(pool_table scrub_interval "$1")"
}
reloaded_and_seen() {
	every 3 && seen
}
must message scrub_rate 0
must spoil 20:0
ok "with an interval a scrub starts by itself" all every 1 AND eventually 20 seen
must message checkpoint
must spoil 21:1
ok "and again after its end" eventually 20 seen
ok "couchectl says so" eval \
	'couchectl pool scrub status couche | grep -q "starts by itself 1.0s after its end"'
ok "the table, too" eval 'dmsetup table $POOL | grep -q " 2 scrub_interval 1$"'
must message checkpoint
must spoil 22:2
ok "a table loaded anew does not begin to count again" eventually 30 reloaded_and_seen
must every 1
must eventually 20 is "done" scrub_state
must message scrub_rate $((EXTENTS * EXTENT * 512 / 60))
must eventually 20 is running scrub_state
ok "one that is paused stays so" all message scrub pause AND not eventually 4 is running scrub_state AND \
	is paused scrub_state
must message scrub_rate 0
ok "one that was stopped starts again" all message scrub stop AND eventually 20 is "done" scrub_state
must every 0
must eventually 20 is "done" scrub_state
must message checkpoint
must spoil 23:3
ok "without an interval none starts" not eventually 4 seen
ok "until it is told to" all scrub AND seen AND stamp check $V 7
must message scrub_rate $((EXTENTS * EXTENT * 512 / 20))

# --- what is taken away under it ---------------------------------------------------------------

ok "a volume can be removed under a scrub" all volume_create 2 "$SIZE" AND \
	stamp fill /dev/mapper/vol2 8 AND migrate 2 cold AND message scrub start AND \
	eventually 20 above 1 scrub_done AND volume_close 2 AND message remove_volume 2
ok "and the pool" all is running scrub_state AND close_all
ok "all is there afterwards" all open_all AND stamp check $V 7
ok "what a scrub did is forgotten" is idle scrub_state
LEG=$(leg_of 5 0)
ok "the pool goes under a rebuild as well" all message rebuild_rate $((EXTENTS * EXTENT * 512 / 20)) AND \
	message fail_leg "$LEG" AND eventually 20 above 1 rebuild_done AND close_all
ok "which goes on when it is back" all open_all AND eventually 60 rebuilt AND stamp check $V 7
must restore "$LEG"

# --- no room -------------------------------------------------------------------------------------

must fresh 9
must message rebuild stop
LEG=$(leg_of 5 0)
must message fail_leg "$LEG"
# More than half of the tier is in use: with all copies made and none given back
# it would not do.
fill_half() {
	local id
	for id in 3 4; do
		volume_create $id 56 && stamp fill /dev/mapper/vol$id $id || return
		message migrate $id 0 0 cold
		eventually 60 all_in $id cold || return
	done
}
check_half() {
	stamp check $V 9 && stamp check /dev/mapper/vol3 3 && stamp check /dev/mapper/vol4 4
}
drop_half() {
	local id
	for id in 3 4; do
		volume_close $id && message remove_volume $id || return
	done
}
must restore "$LEG"
ok "a rebuild goes on in the room that it makes" all fill_half AND message fail_leg "$LEG" AND \
	message rebuild start AND eventually 60 rebuilt AND above 0 rebuild_done AND check_half
ok "and all is healthy then" all restore "$LEG" AND drop_half AND message checkpoint
must message rebuild stop
must message fail_leg "$LEG"
# What is free of the cold tier goes to another volume, on the other legs.
fill_up() {
	volume_create 3 80 || return
	stamp fill /dev/mapper/vol3 10 || return
	message migrate 3 0 0 cold
	eventually 60 migrated
	message rebuild start
}
# As far as there was room.
migrated() {
	couchectl migrate list "couche" -o json | python3 -c '
import json, sys
for m in json.load(sys.stdin)["migrations"]:
    if "volume-3" in json.dumps(m) and m["state"] not in ("failed", "done"):
        sys.exit(1)
'
}
waits_or_ends() {
	[[ $(rebuild_state) == waiting || $(rebuild_state) == idle ]]
}
ok "a full tier makes it wait, or it finds room, but does not spin" all fill_up AND \
	eventually 60 waits_or_ends AND stamp check $V 9 AND stamp check /dev/mapper/vol3 10
ok "with room again it ends" all volume_close 3 AND message remove_volume 3 AND \
	eventually 60 rebuilt AND stamp check $V 9
ok "all goes down clean" all close_all AND eventually 10 rmmod dm_couche

# --- copies -----------------------------------------------------------------------------------------

DEVS=("${DEVS[@]:0:5}")
ROLES=(meta hot hot hot cold)
for leg in 0 1 2 3 4; do
	must leg_blank $leg
done
module_load_again() {
	insmod "$COUCHE_BUILD/dm-couche.ko"
}
must module_load_again
must pool_format hot 1+1 cold 1+0
must volume_create 1 "$SIZE"
must stamp fill $V 11
ok "copies of hot extents are rebuilt on a third leg" all message fail_leg 1 AND \
	eventually 60 rebuilt AND above 0 rebuild_done AND stamp check $V 11
ok "then another may fail, and a start without both" all message fail_leg 2 AND stamp check $V 11 AND \
	close_all AND pool_missing "1 2" open_all AND stamp check $V 11
ok "with one leg left it waits" all eventually 20 is waiting rebuild_state AND \
	stamp fill $V 12 AND stamp check $V 12
ok "a scrub reads copies too" all scrub AND is 0 scrub_bad AND is 0 scrub_failed
ok "and goes down clean" all close_all AND eventually 10 rmmod dm_couche
finish
