# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where this is sourced
#
# What the system tests share. Sourced, never run, in a machine of its own:
# user-mode Linux or a virtual machine. Legs are null_blk devices in memory,
# each under a dm-linear device that can be broken and mended, unless a test
# brings its own.

set -u

COUNT=0
FAILED=0
UUID=5eed0000-1111-4222-8333-$(printf '%012x' $$)
POOL=pool
STAMP=$COUCHE_TOP/build/system/couche-stamp
EXTENT=256			# sectors of an extent: 128 KiB
SEGMENT=8192			# sectors of a segment: 4 MiB
LEG_CACHE=0			# MiB of a leg's volatile cache; without one no flush gets there
ROLES=()
DEVS=()
SIZES=()			# MiB

# --- TAP ---------------------------------------------------------------------

# ok NAME COMMAND...: one TAP line; says what the command printed if it failed.
# Not in a subshell: the command may set variables.
ok() {
	local name=$1
	shift
	COUNT=$((COUNT + 1))
	if "$@" >/tmp/couche-test.out 2>&1; then
		echo "ok $COUNT - $name"
		return 0
	fi
	echo "not ok $COUNT - $name"
	echo "# $*"
	tail -n 20 /tmp/couche-test.out | sed 's/^/#   /'
	dmesg | grep -a device-mapper | tail -n 5 | sed 's/^/#   /'
	dmsetup status 2>/dev/null | grep couche | sed 's/^/#   /'
	FAILED=1
	return 1
}

finish() {
	echo "1..$COUNT"
	exit $FAILED
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# The rest cannot run without this.
must() {
	"$@" && return
	echo "Bail out! $*"
	dmesg | tail -n 20 | sed 's/^/# /'
	exit 1
}

# not COMMAND...: a function, because "!" is a keyword.
not() {
	! "$@"
}

# all COMMAND AND COMMAND...: each one succeeds.
all() {
	local command=()
	while [ $# -gt 0 ]; do
		if [ "$1" = AND ]; then
			"${command[@]}" || return
			command=()
		else
			command+=("$1")
		fi
		shift
	done
	"${command[@]}"
}

# eventually SECONDS COMMAND...: polls until the command succeeds.
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			"$@"
			return
		fi
		sleep 0.05
	done
}

same() {
	[ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }
}

# is VALUE COMMAND...: the command prints it.
is() {
	local value=$1
	shift
	same "$("$@")" "$value"
}

# above NUMBER COMMAND...: the command prints a higher one.
above() {
	local number=$1 output
	shift
	output=$("$@")
	[ "$output" -gt "$number" ] || { echo "'$output' is not above $number: $*"; return 1; }
}

# --- the kernel's log --------------------------------------------------------

# From here on "logged" looks.
log_mark() {
	LOG_MARK="mark $RANDOM$RANDOM"
	echo "couche-test: $LOG_MARK" >/dev/kmsg
}

logged() {
	dmesg | sed -n "/$LOG_MARK/,\$p" | grep -aE "$1" && return
	echo "not in the log: $1"
	dmesg | sed -n "/$LOG_MARK/,\$p" | tail -n 5
	return 1
}

logged_ever() {
	dmesg | grep -aE "$1"
}

# refused PATTERN COMMAND...: fails, and the log says why.
refused() {
	local pattern=$1
	shift
	log_mark
	if "$@"; then
		echo "was not refused"
		return 1
	fi
	logged "$pattern"
}

# --- legs --------------------------------------------------------------------

# Suites of one rung may share a machine: take down what the last one left.
machine_reset() {
	local dir pass
	for pass in 1 2 3; do
		dmsetup remove_all >/dev/null 2>&1
	done
	for dir in /sys/kernel/config/nullb/*/; do
		[ -e "$dir/power" ] || continue
		echo 0 >"$dir/power"
		rmdir "$dir"
	done
}

module_load() {
	machine_reset
	modprobe dm-mod 2>/dev/null
	modprobe -a null_blk loop dm-flakey 2>/dev/null nr_devices=0
	modprobe null_blk nr_devices=0 2>/dev/null
	grep -q '^dm_couche' /proc/modules || must insmod "$COUCHE_BUILD/dm-couche.ko"
}

null_create() {
	local dir=/sys/kernel/config/nullb/$1
	mkdir "$dir" || return
	echo "$2" >"$dir/size"
	echo "${3:-4096}" >"$dir/blocksize"
	echo 1 >"$dir/memory_backed"
	echo $LEG_CACHE >"$dir/cache_size"
	echo 1 >"$dir/discard"
	echo 0 >"$dir/irqmode"
	echo 1 >"$dir/power"
}

sectors_of() {
	blockdev --getsz "$1"
}

# legs ROLE:MIB...: makes the legs of a new pool: ROLES, DEVS, SIZES.
legs() {
	local leg i=0
	for leg in "$@"; do
		ROLES+=("${leg%:*}")
		SIZES+=("${leg#*:}")
		must null_create "nb$i" "${leg#*:}"
		must dmsetup create "leg$i" --table "0 $((${leg#*:} * 2048)) linear /dev/nb$i 0"
		DEVS+=("/dev/mapper/leg$i")
		i=$((i + 1))
	done
}

# leg_new ROLE MIB: one more device, named by the table from the next reload on.
leg_new() {
	local i=${#DEVS[@]}
	null_create "nb$i" "$2" &&
		dmsetup create "leg$i" --table "0 $(($2 * 2048)) linear /dev/nb$i 0" || return
	ROLES+=("$1")
	SIZES+=("$2")
	DEVS+=("/dev/mapper/leg$i")
}

leg_table() {
	dmsetup suspend --noflush --nolockfs "leg$1" && dmsetup load "leg$1" --table "$2" &&
		dmsetup resume --noflush "leg$1"
}

# Every bio to the leg gets an error from now on.
leg_break() {
	leg_table "$1" "0 $((SIZES[$1] * 2048)) error"
}

# Reads go on.
leg_break_writes() {
	leg_table "$1" "0 $((SIZES[$1] * 2048)) flakey /dev/nb$1 0 0 3600 1 error_writes"
}

leg_mend() {
	leg_table "$1" "0 $((SIZES[$1] * 2048)) linear /dev/nb$1 0"
}

# leg_blank I: as new.
leg_blank() {
	blkdiscard -z "/dev/nb$1" 2>/dev/null || dd if=/dev/zero of="/dev/nb$1" bs=1M status=none 2>/dev/null
	sync "/dev/nb$1" 2>/dev/null || true
}

legs_blank() {
	local i
	for i in "${!DEVS[@]}"; do
		leg_blank "$i" || return
	done
}

# legs_save DIRECTORY: the legs as a power cut would leave them now, of one instant
# though something is at work: once the meta legs, which are the first, take
# nothing more, nothing is freed that they point at.
legs_save() {
	local i
	mkdir -p "$1" || return
	for i in "${!DEVS[@]}"; do
		dmsetup suspend --noflush --nolockfs "leg$i" || return
	done
	for i in "${!DEVS[@]}"; do
		dd if="/dev/nb$i" of="$1/$i" bs=1M iflag=direct status=none || return
	done
	for i in "${!DEVS[@]}"; do
		dmsetup resume --noflush "leg$i" || return
	done
}

# legs_load DIRECTORY: they hold that again
legs_load() {
	local i
	for i in "${!DEVS[@]}"; do
		dd if="$1/$i" of="/dev/nb$i" bs=1M oflag=direct status=none || return
	done
}

# garbage DEVICE OFFSET-MIB MIB
garbage() {
	dd if=/dev/urandom of="$1" bs=1M seek="$2" count="$3" oflag=direct status=none
}

# --- the pool ----------------------------------------------------------------

# pool_table FEATURE...: the table line of ROLES and DEVS.
pool_table() {
	local i line="0 2048 couche-pool $UUID ${#DEVS[@]}"
	for i in "${!DEVS[@]}"; do
		line+=" ${ROLES[i]} ${DEVS[i]}"
	done
	echo "$line $# $*"
}

pool_create() {
	dmsetup create "$POOL" --table "$(pool_table "$@")"
}

# pool_format FEATURE...: with the sizes of EXTENT and SEGMENT.
pool_format() {
	pool_create format extent $EXTENT segment $SEGMENT "$@"
}

pool_remove() {
	eventually 10 dmsetup remove "$POOL"
}

# pool_missing "I..." COMMAND...: run it with these legs missing.
pool_missing() {
	local saved=("${DEVS[@]}") i status
	for i in $1; do
		DEVS[i]=-
	done
	shift
	"$@"
	status=$?
	DEVS=("${saved[@]}")
	return $status
}

message() {
	dmsetup message "$POOL" 0 "$@"
}

# The pages of the map, as the newer superblock of the first meta leg says (byte 96).
pool_map_pages() {
	local slot
	for slot in 1 2; do
		dd if="${DEVS[0]}" bs=4096 skip=$slot count=1 iflag=direct status=none |
			od -An -tu4 -j96 -N4
	done | sort -n | tail -n 1 | tr -d ' '
}

# pool_field N: word N of the pool's status, counted as dmsetup prints it.
pool_field() {
	dmsetup status "$POOL" | cut -d' ' -f"$1"
}

pool_mode() {
	pool_field 4
}

pool_legs() {
	pool_field 5
}

# pool_used hot|warm|cold: raw sectors
pool_used() {
	local fields=([6]=hot [7]=warm [8]=cold) i
	for i in 6 7 8; do
		[ "${fields[i]}" != "$1" ] || pool_field $i | cut -d/ -f1
	done
}

pool_journal() {
	pool_field 9 | cut -d/ -f1
}

# reload TARGET-NAME TABLE
reload() {
	dmsetup suspend "$1" && dmsetup load "$1" --table "$2" && dmsetup resume "$1"
}

# The pool's table names all legs.
offer() {
	reload "$POOL" "$(pool_table)"
}

# --- volumes -----------------------------------------------------------------

# volume_create ID MIB: create and activate as vol<ID>.
volume_create() {
	message create_volume "$1" $(($2 * 2048)) "volume-$1" && volume_open "$1" "$2"
}

volume_open() {
	dmsetup create "vol$1" --table "0 $(($2 * 2048)) couche /dev/mapper/$POOL $1"
}

volume_close() {
	eventually 10 dmsetup remove "vol$1"
}

volume_field() {
	dmsetup status "vol$1" | cut -d' ' -f"$2"
}

# volume_tier ID hot|warm|cold: how many extents are there
volume_tier() {
	local fields=([1]=hot [2]=warm [3]=cold) i
	for i in 1 2 3; do
		[ "${fields[i]}" != "$2" ] || volume_field "$1" 5 | cut -d/ -f$i
	done
}

volume_degraded() {
	volume_field "$1" 6
}

volume_promotes() {
	volume_field "$1" 7
}

volume_lost() {
	volume_field "$1" 8
}

# all_in ID TIER: every mapped extent is there.
all_in() {
	local tier
	for tier in hot warm cold; do
		[ "$tier" = "$2" ] || is 0 volume_tier "$1" $tier || return
	done
}

# migrate ID TIER [SECONDS]: all of it, and wait.
migrate() {
	message migrate "$1" 0 0 "$2" && eventually "${3:-60}" all_in "$1" "$2"
}

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

stamp() {
	"$STAMP" "$@"
}

# counts_of TEXT WORD: the number behind a word of couche-stamp's last line.
counts_of() {
	printf '%s\n' "$1" | sed -n "s/.*\\b$2 \\([0-9]*\\).*/\\1/p" | tail -n 1
}

# reads_zeros DEVICE [FIRST COUNT]: blocks of 4 KiB
reads_zeros() {
	local count=${3:-$(($(sectors_of "$1") / 8))}
	same "$(counts_of "$(stamp check "$1" 0 "${2:-0}" "$count")" zeros)" "$count"
}

# io_count DEVICE: reads and writes that it has completed
io_count() {
	local number
	number=$(dmsetup info -c --noheadings -o major,minor --separator : "$(basename "$1")")
	awk '{ print $1 + $5 }' "/sys/dev/block/$number/stat"
}

# more_io DEVICE COUNT: it has completed more than these
more_io() {
	[ "$(io_count "$1")" -gt "$2" ]
}

# beside LOAD COMMAND...: run it while LOAD, a function, is called over and over;
# both have to pass.
beside() {
	local load=$1 pid status
	shift
	rm -f /tmp/stop
	( while ! [ -e /tmp/stop ]; do "$load" || exit; done ) >/tmp/load.out 2>&1 &
	pid=$!
	"$@"
	status=$?
	touch /tmp/stop
	wait "$pid" || { tail -n 5 /tmp/load.out; return 1; }
	return $status
}

# --- fio ---------------------------------------------------------------------

# verify DEVICE ARGS...: fio writes, reads back and compares.
verify() {
	local device=$1 size
	shift
	size=$(blockdev --getsize64 "$device")
	fio --name=verify --filename="$device" --direct=1 --ioengine=libaio --iodepth=16 \
		--verify=crc32c --verify_fatal=1 --verify_dump=0 --size="$size" \
		--randseed="${SEED:-1}" --group_reporting --output-format=terse "$@"
}

# The seed of this run; say so.
seed_init() {
	SEED=${COUCHE_SEED:-$(($(date +%s%N) % 1000000007))}
	echo "# seed $SEED (repeat with COUCHE_SEED=$SEED)"
	RANDOM=$((SEED % 32768))
}

# In a virtual machine without KVM everything takes ten times as long.
# scaled SMALL LARGE: the first there, the second in user-mode Linux.
scaled() {
	if [ "$COUCHE_MACHINE" = vm ] || [ "$COUCHE_KERNEL" != plain ]; then
		echo "$1"
	else
		echo "$2"
	fi
}
