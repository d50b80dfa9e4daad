#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Writing goes on while cold legs are missing: stripes get the shards that can
# be placed, never fewer than the profile says, and the rest when the legs are
# back. 4+2 over six legs.
. "$(dirname "$0")/common.sh"

SIZE=$(scaled 4 16)
EXTENTS=$((SIZE * 8))
seed_init
module_load
V=/dev/mapper/vol1
ALL=AAAAAAAA
# Legs are to fail by order here, or by writes they miss.
echo 0 >/sys/module/dm_couche/parameters/leg_error_limit

# new_pool [FEATURE...]
new_pool() {
	machine_reset
	ROLES=() DEVS=() SIZES=()
	legs meta:32 hot:48 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32
	pool_format "$@" && volume_create 1 "$SIZE"
}

close_all() {
	volume_close 1 && pool_remove
}

open_all() {
	pool_create && volume_open 1 "$SIZE"
}

reopen() {
	close_all && open_all
}

fail() {
	local i
	for i in "$@"; do
		message fail_leg "$i" || return
	done
}

restore() {
	local i
	for i in "$@"; do
		message restore_leg "$i" || return
	done
	eventually 30 is $ALL pool_legs
}

# shards STATE LEG: so many of it are good, missing, ... by what stands on the legs
shards() {
	jq ".legs[] | select(.index == $2) | .$1" /tmp/verify.json
}

# verify_legs STATUS [ARGS...]: every shard there is, read by the tool.
verify_legs() {
	local want=$1 status=0
	shift
	couchectl verify "$@" -o json "${DEVS[@]}" >/tmp/verify.json 2>/tmp/verify.err || status=$?
	same "$status" "$want" || { cat /tmp/verify.err; jq -c .legs[] /tmp/verify.json; return 1; }
}

# All k + m shards of every stripe are on their legs.
whole() {
	close_all && verify_legs 0 && open_all && stamp check $V "$1" && is 0 volume_degraded 1
}

# The legs as they are now, as after a power cut: with what was durable.
crash_save() {
	local i
	rm -rf /tmp/crash && mkdir /tmp/crash || return
	for i in "${!DEVS[@]}"; do
		dd if="/dev/nb$i" of="/tmp/crash/$i" bs=1M iflag=direct conv=sparse status=none || return
	done
}

# Legs that are gone do not answer.
gone() {
	local i
	for i in "$@"; do
		leg_break "$i" || return
	done
}

back() {
	local i
	for i in "$@"; do
		leg_mend "$i" || return
	done
}

cold_extents() {
	volume_tier 1 cold
}

rebuild_state() {
	pool_field 15
}

# --- one leg, and a second one ---------------------------------------------------------

must new_pool
must stamp fill $V 1
ok "with a leg lost, data still goes cold" all fail 3 AND gone 3 AND migrate 1 cold AND \
	is "$EXTENTS" cold_extents
ok "and is read" all drop_caches AND stamp check $V 1
ok "the rebuilder has nothing that it could do better" eventually 20 is waiting rebuild_state
ok "it starts without the leg (I1)" all close_all AND pool_missing 3 open_all AND stamp check $V 1 AND \
	close_all AND back 3
ok "each stripe lacks the shard of that leg and no other" all verify_legs 7 AND \
	is 0 shards good 3 AND is "$EXTENTS" shards good 2 AND is "$EXTENTS" shards good 7
must open_all
ok "a stripe can be written, and written anew" all stamp fill $V 2 AND migrate 1 cold AND \
	stamp check $V 2
ok "the leg returns and is given what it lacks" all restore 3 AND whole 2
ok "then any two others may go" all fail 2 6 AND gone 2 6 AND drop_caches AND stamp check $V 2
must back 2 6
must restore 2 6

half_cold() {
	message migrate 1 0 $((EXTENTS / 2)) cold && eventually 60 is $((EXTENTS / 2)) cold_extents
}
must stamp fill $V 3
ok "a second leg is lost between two writes" all fail 4 AND gone 4 AND half_cold AND fail 7 AND \
	gone 7 AND migrate 1 cold AND drop_caches AND stamp check $V 3
ok "a third is not given up" refused 'without it data would be lost' message fail_leg 5
ok "it starts without both (I1)" all close_all AND pool_missing "4 7" open_all AND stamp check $V 3 AND \
	is 0 volume_lost 1 AND close_all AND back 4 7
must open_all
ok "one returns, the other one stays away" all message restore_leg 7 AND \
	eventually 30 is AAAAFAAA pool_legs AND gone 4 AND stamp check $V 3
ok "the first takes what it lacks, a further one may be lost" all fail 2 AND gone 2 AND drop_caches AND \
	stamp check $V 3
must back 2 4
ok "all of them return" all restore 2 4 AND whole 3

# --- a crash in between ------------------------------------------------------------------

must stamp fill $V 4
must message checkpoint
slow_cold() {
	couchectl migrate couche/volume-1 --to cold --rate $((EXTENTS * EXTENT * 512 / 10)) -q &&
		eventually 20 above 2 cold_extents
}
ok "power is cut while stripes are written short" all fail 5 AND gone 5 AND slow_cold AND crash_save
must back 5
must close_all
must legs_load /tmp/crash
ok "all is there, the leg is still known to have failed" all open_all AND is AAAAAFAA pool_legs AND \
	stamp check $V 4
ok "also with a second leg gone" all fail 3 AND gone 3 5 AND drop_caches AND stamp check $V 4 AND \
	is 0 volume_lost 1
must back 3 5
ok "the legs return" all migrate 1 cold AND restore 3 5 AND whole 4

must stamp fill $V 5
ok "power is cut while a leg is given what it lacks" all fail 6 AND migrate 1 cold AND \
	message restore_leg 6 AND crash_save
must eventually 30 is $ALL pool_legs
must close_all
must legs_load /tmp/crash
ok "all is there, and the leg gets the rest" all open_all AND stamp check $V 5 AND eval \
	'is F eval "pool_legs | cut -c7" && message restore_leg 6; eventually 30 is $ALL pool_legs' AND whole 5

# --- lost under the hands of the writer ------------------------------------------------------

must stamp fill $V 6
lost_meanwhile() {
	slow_cold || return
	leg_break_writes 7
	couchectl migrate wait couche "$(couchectl migrate list -o json | jq '.migrations[-1].id')" \
		--no-progress -q
	is "$EXTENTS" cold_extents && is F eval "pool_legs | cut -c8" && drop_caches && stamp check $V 6
}
ok "a leg lost in the middle of a migration does not stop it" lost_meanwhile
must back 7
ok "it gets all that it lacks" all restore 7 AND whole 6
# When the first stripes are written others are on their way.
back_meanwhile() {
	fail 4 && leg_table 3 "0 $((SIZES[3] * 2048)) delay /dev/nb3 0 0 /dev/nb3 0 1000" &&
		message migrate 1 0 0 cold && eventually 20 above 0 volume_tier 1 cold &&
		message restore_leg 4 && eventually 60 all_in 1 cold && leg_mend 3 &&
		eventually 30 is $ALL pool_legs
}
must migrate 1 hot
ok "a leg comes back while stripes are written without it, and stays" back_meanwhile
ok "it gets what was written meanwhile" whole 6
restoring_and_lost() {
	stamp fill $V 7 && fail 2 && migrate 1 cold && message restore_leg 2 && gone 5
	stamp check $V 7 || return
	message fail_leg 5
	eventually 30 is AAAAAFAA pool_legs && drop_caches && stamp check $V 7
}
ok "a second leg is lost while the first is given what it lacks" restoring_and_lost
must back 5
ok "both have everything in the end" all restore 5 AND whole 7

# --- replaced ---------------------------------------------------------------------------------

must stamp fill $V 8
replaced() {
	fail 4 && migrate 1 cold && null_create new4 32 &&
		dmsetup create new4 --table "0 65536 linear /dev/new4 0" || return
	DEVS[4]=/dev/mapper/new4
	reload $POOL "$(pool_table)" && message replace_leg 4 && eventually 30 is $ALL pool_legs
}
ok "another device takes the leg's place, and gets all shards" all replaced AND whole 8
must close_all

# --- never fewer than asked for -----------------------------------------------------------------

must new_pool cold_min_healthy 5
must stamp fill $V 1
stays_hot() {
	message migrate 1 0 0 cold
	eventually 20 ended && all_in 1 hot && stamp check $V 1
}
ended() {
	couchectl migrate list -o json | jq -e '.migrations[-1].state == "failed"'
}
ok "with two lost, five shards cannot be written: it stays where it was" all fail 3 6 AND stays_hot
ok "with one lost they can" all message restore_leg 6 AND eventually 30 is AAAFAAAA pool_legs AND \
	migrate 1 cold AND stamp check $V 1
ok "the pool keeps the number" all reopen AND stamp check $V 1 AND fail 6 AND stamp fill $V 1 AND \
	stays_hot
ok "and shows it" is 5 eval "couchectl pool list -o json |
	jq '.pools[0].tiers[] | select(.tier == \"cold\").min_healthy_shards'"
ok "all return" all restore 3 6 AND migrate 1 cold AND whole 1
must close_all
ok "a table that asks for another number is refused" refused 'cold_min_healthy' pool_create cold_min_healthy 4

# --- more legs than shards -------------------------------------------------------------------------

machine_reset
ROLES=() DEVS=() SIZES=()
legs meta:32 hot:48 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32 cold:32
ALL=AAAAAAAAA
must pool_format
must volume_create 1 "$SIZE"
must stamp fill $V 1
must migrate 1 cold
better() {
	fail 3 6 && gone 3 6 && eventually 60 is waiting rebuild_state || return
	# Five are left, so no stripe needs to lack two.
	couchectl pool rebuild status couche -o json | jq -e '.rebuild.extents_failed == 0' &&
		drop_caches && stamp check $V 1 && fail 8 && gone 8 && stamp check $V 1
}
ok "what lacked two shards is moved to lack one: a third leg may go" better
must back 3 6 8
ok "and all return" all restore 3 6 8 AND whole 1
ok "and all goes down clean" all close_all AND eventually 10 rmmod dm_couche
finish
