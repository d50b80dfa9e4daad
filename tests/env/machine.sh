# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What uml-run.sh and vm-run.sh share: options, the job handed to the guest,
# relaying its output, and judging how the machine ended. Sourced after lib.sh.
#
# Exit status of both scripts:
#   0..123  the script's own, as long as the kernel stayed quiet
#   0       also when -K was given and the machine was killed as asked
#   124     the time was up
#   125     the machine ended without leaving a status
#   126     the guest's kernel reported an error

machine_kernel=
machine_memory=3G
machine_cpus=2
machine_timeout=600
machine_kill_at=
machine_kill_delay=0
machine_allow=
machine_forwards=()
machine_disks=()
machine_argv=()
machine_pidfile=
machine_work=
machine_keep_work=
machine_pid=
machine_watchdog=

# One line of these in the console fails the run.
KERNEL_REPORTS='BUG:|Oops|Kernel panic|WARNING:|KASAN:|UBSAN:|general protection|unable to handle|possible recursive locking|possible circular locking|inconsistent lock state|suspicious RCU usage|INFO: task .* blocked for more|INFO: rcu_|soft lockup|hard LOCKUP|kernel BUG at|refcount_t:|list_(add|del) corruption|unreferenced object|Bad page (state|map)|Segfault with no mm'

machine_usage() {
	cat >&2 <<-END
		usage: ${0##*/} [OPTIONS] SCRIPT [ARGS...]
		  -k KERNEL     $1
		  -m SIZE       memory (default $machine_memory)
		  -c CPUS       processors (default $machine_cpus)
		  -t SECONDS    give up after (default $machine_timeout)
		  -d FILE[:SERIAL]  add a disk; repeat for more (COUCHE_DISKS in the guest)
		  -w DIR        keep the work directory (console.log, ...) there;
		                COUCHE_WORK in the guest, and writable there
		  -K REGEX      kill the machine at the first output line that matches
		  -D SECONDS    ... this much later (fractions allowed)
		  -P FILE       write the machine's process id to FILE
		  -a REGEX      kernel reports that are expected
		  -p FORWARD    tcp port HOST:GUEST on 127.0.0.1 (virtual machine only)
	END
	exit 125
}

machine_parse() {
	local what=$1 opt
	shift
	while getopts 'k:m:c:t:d:w:K:D:P:a:p:h' opt; do
		case $opt in
		k) machine_kernel=$OPTARG ;;
		m) machine_memory=$OPTARG ;;
		c) machine_cpus=$OPTARG ;;
		t) machine_timeout=$OPTARG ;;
		d) machine_disks+=("$OPTARG") ;;
		w) machine_keep_work=$OPTARG ;;
		K) machine_kill_at=$OPTARG ;;
		D) machine_kill_delay=$OPTARG ;;
		P) machine_pidfile=$OPTARG ;;
		a) machine_allow=$OPTARG ;;
		p) machine_forwards+=("$OPTARG") ;;
		*) machine_usage "$what" ;;
		esac
	done
	shift $((OPTIND - 1))
	[ $# -gt 0 ] || machine_usage "$what"
	machine_argv=("$@")
}

# A script of the tree may be named relative to the current directory.
machine_resolve_script() {
	local script=${machine_argv[0]}
	if [ -f "$script" ]; then
		machine_argv[0]=$(readlink -f "$script")
	elif ! command -v "$script" >/dev/null; then
		say "no such script: $script"
		exit 125
	fi
}

# machine_prepare_work MACHINE BUILD DISK...: the directory shared with the guest.
machine_prepare_work() {
	local kind=$1 build=$2
	shift 2
	if [ -n "$machine_keep_work" ]; then
		mkdir -p "$machine_keep_work"
		machine_work=$(readlink -f "$machine_keep_work")
	else
		mkdir -p "$COUCHE_TOP/build/run"
		machine_work=$(mktemp -d "$COUCHE_TOP/build/run/$kind.XXXXXX")
	fi
	rm -f "$machine_work/status" "$machine_work/dmesg-warnings"
	cp "$COUCHE_TOP/tests/env/guest/main" "$machine_work/guest-main"
	{
		printf 'export COUCHE_TOP=%q\n' "$COUCHE_TOP"
		printf 'export COUCHE_CACHE=%q\n' "$COUCHE_CACHE"
		printf 'export COUCHE_WORK=%q\n' "$machine_work"
		printf 'export COUCHE_BUILD=%q\n' "$build"
		printf 'export COUCHE_MACHINE=%q\n' "$kind"
		printf 'export COUCHE_KERNEL=%q\n' "$machine_kernel"
		printf 'export COUCHE_DISKS=%q\n' "$*"
		printf 'export DM_DISABLE_UDEV=1\n'
		# shellcheck disable=SC2016 # the guest's PATH
		printf 'export PATH=%q:"$PATH"\n' "$COUCHE_TOP/build"
		printf 'job_dir=%q\n' "$PWD"
		printf 'job_argv=('
		printf ' %q' "${machine_argv[@]}"
		printf ' )\n'
	} >"$machine_work/job"
}

# It would outlive this shell and kill whoever has the machine's number then.
machine_stop_watchdog() {
	[ -n "$machine_watchdog" ] || return 0
	kill "$machine_watchdog" 2>/dev/null || true
	wait "$machine_watchdog" 2>/dev/null || true
	machine_watchdog=
}

machine_cleanup() {
	machine_stop_watchdog
	if [ -n "$machine_pid" ]; then
		kill -KILL -- "-$machine_pid" 2>/dev/null || true
		wait "$machine_pid" 2>/dev/null || true
	fi
	if [ -z "$machine_keep_work" ] && [ -n "$machine_work" ]; then
		rm -rf "$machine_work"
	fi
}

# Pass the guest's output on, and kill the machine where -K asks for it.
machine_relay() {
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		printf '%s\n' "${line%$'\r'}"
		if [ -n "$machine_kill_at" ] && [[ $line =~ $machine_kill_at ]]; then
			sleep "$machine_kill_delay"
			touch "$machine_work/killed"
			kill -KILL -- "-$(cat "$machine_work/pid")" 2>/dev/null || true
		fi
	done
}

# Did the kernel die before its first process, and with that before any of ours?
machine_died_booting() {
	[ ! -e "$machine_work/timed-out" ] && [ ! -e "$machine_work/killed" ] &&
		[ ! -s "$machine_work/status" ] &&
		grep -aqE 'Kernel panic|Oops|---\[ end trace' "$machine_work/console.log" &&
		! grep -aqE 'Run .* as init process' "$machine_work/console.log"
}

# machine_run COMMAND...: run the machine in a process group of its own, with
# the guest's output on its descriptor 3 and its console on 1 and 2. The
# process dies with this shell, even when the shell is killed. An emulated
# machine that dies while it boots is started anew, and says so.
machine_run() {
	local try
	trap machine_cleanup EXIT
	trap 'exit 130' INT TERM HUP
	for try in 1 2 3; do
		machine_start "$@"
		machine_died_booting || break
		[ "$try" -lt 3 ] || break
		say "the machine died while it booted (try $try of 3); the console's last lines:"
		tail -n 30 "$machine_work/console.log" >&2
	done
}

machine_start() {
	local relay
	rm -f "$machine_work/killed" "$machine_work/timed-out" "$machine_work/output"
	mkfifo "$machine_work/output"
	machine_relay <"$machine_work/output" &
	relay=$!
	setsid setpriv --pdeathsig KILL "$@" </dev/null \
		3>"$machine_work/output" >"$machine_work/console.log" 2>&1 &
	machine_pid=$!
	echo "$machine_pid" >"$machine_work/pid"
	if [ -n "$machine_pidfile" ]; then
		echo "$machine_pid" >"$machine_pidfile"
	fi
	(
		sleep "$machine_timeout" &
		trap 'kill $!' TERM
		wait $!
		# Killed shells leave their number to others.
		kill -0 $$ 2>/dev/null || exit 0
		touch "$machine_work/timed-out"
		kill -KILL -- "-$machine_pid"
	) >/dev/null 2>&1 &
	machine_watchdog=$!
	wait "$machine_pid" 2>/dev/null || true
	machine_stop_watchdog
	kill -KILL -- "-$machine_pid" 2>/dev/null || true
	machine_pid=
	wait "$relay" 2>/dev/null || true
}

# The console from the first process on: what a kernel says against itself while
# it boots is not ours. All of it when there never was a process.
machine_console() {
	if grep -aqE 'Run .* as init process' "$machine_work/console.log"; then
		sed -n '/Run .* as init process/,$p' "$machine_work/console.log"
	else
		cat "$machine_work/console.log"
	fi
}

machine_kernel_reports() {
	machine_console | grep -aE "$KERNEL_REPORTS" | if [ -n "$machine_allow" ]; then
		grep -avE "$machine_allow"
	else
		cat
	fi
}

# machine_end: exit as the table at the top says.
machine_end() {
	machine_kernel_reports >"$machine_work/reports" || true
	if [ -s "$machine_work/reports" ]; then
		say "the guest's kernel reported an error:"
		machine_console |
			grep -aF -m 1 -A 40 -e "$(head -n 1 "$machine_work/reports")" >&2
		exit 126
	fi
	if [ -e "$machine_work/timed-out" ]; then
		say "timed out after $machine_timeout s; the console's last lines:"
		tail -n 20 "$machine_work/console.log" >&2
		exit 124
	fi
	if [ -e "$machine_work/killed" ]; then
		exit 0
	fi
	if [ ! -s "$machine_work/status" ]; then
		say "the machine ended without a status; the console's last lines:"
		tail -n 30 "$machine_work/console.log" >&2
		exit 125
	fi
	if [ -n "$machine_kill_at" ]; then
		say "the machine ended before a line matched '$machine_kill_at'"
		exit 125
	fi
	exit "$(cat "$machine_work/status")"
}
