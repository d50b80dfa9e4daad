#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: run.sh RUNG...        (style, unit, fuzz, model, uml, crash, soak,
#        kernels, powercut, control)
#
# Run the suites of each rung, one line of progress per suite, and end with
# "N passed, N failed, N skipped" alone on the last line. A suite is a command
# that speaks TAP. It fails when a test fails, when it ends without a test,
# short of its plan or with a status of its own making, and when its list is
# missing. Logs: build/check/<rung>/<suite>.log.
#
# The short form, with COUCHE_QUICK, leaves out what the lists below say, tries
# fewer crashes and gives fuzzers less time.
#
# The lists tests/system/uml.list and tests/system/vm.list hold one suite per
# line: the script's name in tests/system, then words:
#
#   plain kasan lockdep 6.1 6.12   the kernels
#   full=KERNEL[,KERNEL...]        more of them, which the short form leaves out
#   timeout=SECONDS                default 300
#   memory=SIZE                    default 3G
#   allow=REGEX                    kernel reports that are expected (no blanks)
#   host                           the script runs here and starts its machines
#                                  with $COUCHE_RUN SCRIPT
set -euo pipefail

cd "$(dirname "$0")/.."
. tests/env/lib.sh

passed=0
failed=0
skipped=0
failures=()
LOGS=build/check
# From the Makefile.
UNIT_TESTS=${UNIT_TESTS:-}
FUZZERS=${FUZZERS:-}

# tap_count LOG STATUS: prints "passed failed skipped" and complaints on lines
# that start with "!".
tap_count() {
	awk -v status="$2" '
		{ sub(/\r$/, "") }
		/^ok([ \t]|$)/ {
			seen++
			if ($0 ~ /# *[Ss][Kk][Ii][Pp]/) skip++; else ok++
			next
		}
		/^not ok([ \t]|$)/ {
			seen++
			if ($0 ~ /# *[Tt][Oo][Dd][Oo]/) { skip++; next }
			bad++
			print "!" $0
			next
		}
		/^1\.\.[0-9]+/ {
			planned += substr($1, 4)
			plans++
			if ($1 == "1..0" && $0 ~ /# *[Ss][Kk][Ii][Pp]/) { skip++; seen++; planned++ }
			next
		}
		/^Bail out!/ { bad++; print "!" $0 }
		END {
			if (!seen) { bad++; print "!ended without a test" }
			else if (plans && planned != seen) {
				bad++
				print "!ran " seen " of " planned " planned tests"
			}
			if (!plans && seen) { bad++; print "!ended without a plan" }
			if (status != 0 && !bad) { bad++; print "!ended with status " status }
			print ok + 0, bad + 0, skip + 0
		}' "$1"
}

# tap_details LOG: what it says of the first failures, and how it ends.
tap_details() {
	awk '
		/^# .*(seed|SEED)/ { print; next }
		/^not ok/ { left = ++bad > 5 ? 0 : 16 }
		/^ok/ { left = 0 }
		left-- > 0
	' "$1"
	echo ...
	tail -n 12 "$1"
}

# Lines of a rung's logs that are worth a line of ours.
declare -A suite_says=(
	[model]='^ok .* is found'
	[crash]='^ok .* (replayed|is found)'
	[soak]='^# (rounds|seed)'
)

# suite_result RUNG NAME LOG STATUS SECONDS: count it and say so.
suite_result() {
	local rung=$1 name=$2 log=$3 status=$4 seconds=$5 counts
	local ok bad skip
	counts=$(tap_count "$log" "$status" | tail -n 1)
	read -r ok bad skip <<<"$counts"
	passed=$((passed + ok))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	printf '%-9s %-40s %4d passed' "$rung" "$name" "$ok"
	[ "$skip" -eq 0 ] || printf ', %d skipped' "$skip"
	[ "$bad" -eq 0 ] || printf ', %d FAILED' "$bad"
	printf '  (%d s)\n' "$seconds"
	sed -n -E 's/^(ok .*# *[Ss][Kk][Ii][Pp].*|1\.\.0.*[Ss][Kk][Ii][Pp].*)$/          \1/p' "$log"
	[ -z "${suite_says[$rung]:-}" ] ||
		grep -aE "${suite_says[$rung]}" "$log" | sed -E 's/^(ok [0-9]* -|#) /          /' || :
	if [ "$bad" -gt 0 ]; then
		failures+=("$rung $name: $log")
		tap_count "$log" "$status" | sed -n 's/^!/          /p'
		tap_details "$log" | sed 's/^/          | /'
	fi
}

# run_suite RUNG NAME COMMAND...
run_suite() {
	local rung=$1 name=$2 log status=0 start=$SECONDS
	shift 2
	log=$LOGS/$rung/${name//[ \/]/_}.log
	mkdir -p "$(dirname "$log")"
	"$@" </dev/null >"$log" 2>&1 || status=$?
	suite_result "$rung" "$name" "$log" "$status" $((SECONDS - start))
}

# Suites that have a machine each run beside each other, as many as there are
# processors: by process, what suite_result() needs.
declare -A lane_suite=() lane_began=()

# lane_end: one suite of them
lane_end() {
	local pid status=0 rung name log
	wait -n -p pid "${!lane_suite[@]}" || status=$?
	IFS='|' read -r rung name log <<<"${lane_suite[$pid]}"
	suite_result "$rung" "$name" "$log" "$status" $((SECONDS - lane_began[$pid]))
	unset "lane_suite[$pid]" "lane_began[$pid]"
}

# lane_begin RUNG NAME COMMAND...: begin it as soon as there is a processor
lane_begin() {
	local rung=$1 name=$2 log
	shift 2
	while [ ${#lane_suite[@]} -ge "$(jobs_count)" ]; do
		lane_end
	done
	log=$LOGS/$rung/${name//[ \/]/_}.log
	mkdir -p "$(dirname "$log")"
	"$@" </dev/null >"$log" 2>&1 &
	lane_suite[$!]="$rung|$name|$log"
	lane_began[$!]=$SECONDS
}

lanes_end() {
	while [ ${#lane_suite[@]} -gt 0 ]; do
		lane_end
	done
}

# long_suite RUNG NAME COMMAND...: a suite that takes long, by itself; with
# COUCHE_BESIDE, beside those of the rungs that follow.
long_suite() {
	if [ -n "${COUCHE_BESIDE:-}" ]; then
		lane_begin "$@"
	else
		run_suite "$@"
	fi
}

# A step that has to work before suites can run; it is a failure of the rung.
step() {
	local rung=$1 what=$2 log status=0 start=$SECONDS
	shift 2
	log=$LOGS/$rung/${what//[ \/]/_}.log
	mkdir -p "$(dirname "$log")"
	"$@" </dev/null >"$log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		failed=$((failed + 1))
		failures+=("$rung $what: $log")
		printf '%-9s %-40s FAILED  (%d s)\n' "$rung" "$what" $((SECONDS - start))
		tail -n 40 "$log" | sed 's/^/          | /'
		return 1
	fi
	if [ $((SECONDS - start)) -ge 2 ]; then
		printf '%-9s %-40s done  (%d s)\n' "$rung" "$what" $((SECONDS - start))
	fi
}

missing() {
	failed=$((failed + 1))
	failures+=("$1: $2")
	printf '%-9s FAILED: %s\n' "$1" "$2"
}

make_quiet() {
	make --no-print-directory -j"$(jobs_count)" "$@"
}

rung_style() {
	local script
	step style packages tests/env/packages.sh style docs build agent unit || return 0
	step style linux-source tests/env/linux-source.sh || return 0
	for script in tests/style/*.sh; do
		[ -x "$script" ] || continue
		lane_begin style "$(basename "$script" .sh)" "$script" --tap
	done
	lanes_end
}

rung_unit() {
	local test
	step unit packages tests/env/packages.sh build agent unit fuzz || return 0
	if [ -z "${UNIT_TESTS// /}" ]; then
		missing unit "no unit tests (UNIT_TESTS is empty)"
	elif step unit build make_quiet unit-programs; then
		for test in $UNIT_TESTS; do
			run_suite unit "$(basename "$test" .sh)" env CMOCKA_MESSAGE_OUTPUT=TAP \
				ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
				UBSAN_OPTIONS=print_stacktrace=1 \
				timeout -k 5 600 "$test"
		done
	fi
	rung_fuzz
}

# The model test's short form is among the unit tests.
rung_model() {
	step model packages tests/env/packages.sh build agent unit || return 0
	step model build make_quiet build/model/couche-model || return 0
	[ -z "${COUCHE_MODEL_OPERATIONS:-}" ] ||
		long_suite model operations timeout -k 5 14400 tests/model/model.sh
	long_suite model mutants timeout -k 5 7200 tests/model/mutants.sh
}

# One fuzzer as a TAP suite of one test.
fuzz_one() {
	local fuzzer=$1 name corpus seeds status=0
	name=$(basename "$fuzzer")
	corpus=build/fuzz/corpus/$name
	seeds=tests/fuzz/corpus/${name#fuzz_}
	mkdir -p "$corpus" "build/fuzz/artifacts/$name"
	[ -d "$seeds" ] || seeds=
	echo 1..1
	# shellcheck disable=SC2086 # no seeds, no argument
	timeout -k 5 $((FUZZ_SECONDS * 2 + 60)) "$fuzzer" -max_total_time="$FUZZ_SECONDS" \
		-timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="build/fuzz/artifacts/$name/" "$corpus" $seeds 2>&1 ||
		status=$?
	if [ "$status" -eq 0 ]; then
		echo "ok 1 - $name survives $FUZZ_SECONDS s"
	else
		echo "not ok 1 - $name survives $FUZZ_SECONDS s (status $status)"
	fi
	return "$status"
}

rung_fuzz() {
	local fuzzers=() fuzzer
	FUZZ_SECONDS=${FUZZ_SECONDS:-${COUCHE_QUICK:+5}}
	FUZZ_SECONDS=${FUZZ_SECONDS:-60}
	step unit packages tests/env/packages.sh build agent unit fuzz || return 0
	if [ -z "${FUZZERS// /}" ]; then
		missing unit "no fuzzers (FUZZERS is empty)"
		return 0
	fi
	step unit build-fuzzers make_quiet fuzz-programs || return 0
	read -ra fuzzers <<<"$FUZZERS"
	for fuzzer in "${fuzzers[@]}"; do
		lane_begin fuzz "$(basename "$fuzzer")" fuzz_one "$fuzzer"
	done
	lanes_end
}

# read_list FILE FUNCTION: call FUNCTION once per line and kernel, with the
# line's settings in suite_*.
read_list() {
	local list=$1 function=$2 words word kernel kernels more
	while read -r -a words; do
		[ "${#words[@]}" -gt 0 ] || continue
		case ${words[0]} in
		'#'*) continue ;;
		esac
		suite_script=tests/system/${words[0]}
		suite_name=${words[0]%.sh}
		suite_timeout=300
		suite_memory=3G
		suite_allow=
		suite_host=
		kernels=()
		for word in "${words[@]:1}"; do
			case $word in
			plain | kasan | lockdep | 6.1 | 6.12) kernels+=("$word") ;;
			full=*)
				[ -z "${COUCHE_QUICK:-}" ] || continue
				IFS=, read -ra more <<<"${word#*=}"
				kernels+=("${more[@]}")
				;;
			timeout=*) suite_timeout=${word#*=} ;;
			memory=*) suite_memory=${word#*=} ;;
			allow=*) suite_allow=${word#*=} ;;
			host) suite_host=yes ;;
			*) die "$list: unknown word '$word'" ;;
			esac
		done
		for kernel in "${kernels[@]}"; do
			"$function" "$kernel"
		done
	done <"$list"
}

# What the machines of a list have in common: where they count, the script that
# starts one, the folders of the module without the kernel's name, and the
# kernels for which all is built.
machine_rung=
machine_runner=
machine_build=
machine_ready=

machine_suite() {
	local kernel=$1 run="$machine_runner -k $1" options=()
	case " $machine_ready " in
	*" $kernel "*) ;;
	*) return 0 ;;
	esac
	if [ -n "$suite_host" ]; then
		lane_begin "$machine_rung" "$suite_name ($kernel)" timeout -k 5 "$suite_timeout" \
			env COUCHE_RUN="$run" COUCHE_KERNEL="$kernel" \
			COUCHE_BUILD="$PWD/$machine_build-$kernel" "$suite_script"
		return 0
	fi
	[ -z "$suite_allow" ] || options=(-a "$suite_allow")
	# shellcheck disable=SC2086 # $run is words
	lane_begin "$machine_rung" "$suite_name ($kernel)" $run -t "$suite_timeout" \
		-m "$suite_memory" "${options[@]}" "$suite_script"
}

note_kernel() {
	kernels_wanted="$kernels_wanted $1"
}

rung_uml() {
	local kernel target kernels_wanted=
	machine_rung=uml
	machine_runner=tests/env/uml-run.sh
	machine_build=build/module-uml
	machine_ready=
	step uml packages tests/env/packages.sh build agent uml || return 0
	if [ ! -s tests/system/uml.list ]; then
		missing uml "tests/system/uml.list is missing"
		return 0
	fi
	read_list tests/system/uml.list note_kernel
	for kernel in plain kasan lockdep; do
		case " $kernels_wanted " in
		*" $kernel "*) ;;
		*) continue ;;
		esac
		target=module-uml
		[ "$kernel" = plain ] || target=module-uml-$kernel
		step uml "kernel-$kernel" tests/env/uml-kernel.sh "$kernel" || continue
		step uml "module-$kernel" make_quiet "$target" || continue
		machine_ready="$machine_ready $kernel"
	done
	step uml tools make_quiet tools agent system-programs || return 0
	read_list tests/system/uml.list machine_suite
	lanes_end
}

rung_kernels() {
	local kernel
	machine_rung=kernels
	machine_runner=tests/env/vm-run.sh
	machine_build=build/module
	machine_ready=
	step kernels packages tests/env/packages.sh build agent vm || return 0
	if [ ! -s tests/system/vm.list ]; then
		missing kernels "tests/system/vm.list is missing"
		return 0
	fi
	step kernels tools make_quiet tools agent system-programs || return 0
	for kernel in 6.1 6.12; do
		step kernels "module-$kernel" make_quiet "module-$kernel" || continue
		machine_ready="$machine_ready $kernel"
	done
	read_list tests/system/vm.list machine_suite
	lanes_end
}

# The log has the seed and a line per machine; its last lines are the sum.
rung_crash() {
	local points=${COUCHE_CRASH_POINTS:-${COUCHE_QUICK:+100}}
	step crash packages tests/env/packages.sh build agent uml || return 0
	step crash kernel-plain tests/env/uml-kernel.sh plain || return 0
	step crash module-plain make_quiet module-uml || return 0
	step crash programs make_quiet crash-programs || return 0
	long_suite crash replay tests/crash/crash.sh "${points:-2000}"
}

# fio for a long time. The log has the seed and how many rounds there were.
rung_soak() {
	local seconds=${COUCHE_SOAK_SECONDS:-3600}
	step soak packages tests/env/packages.sh build agent uml || return 0
	step soak kernel-plain tests/env/uml-kernel.sh plain || return 0
	step soak module-plain make_quiet module-uml || return 0
	step soak programs make_quiet tools agent system-programs || return 0
	long_suite soak verify tests/env/uml-run.sh -k plain -t $((seconds * 2 + 900)) \
		env COUCHE_SOAK_SECONDS="$seconds" COUCHE_SOAK_CORRUPT="${COUCHE_SOAK_CORRUPT:-}" \
		"$PWD/tests/system/soak.sh"
}

# Stock kernels take a few cuts each in rung_kernels; here, one takes many.
rung_powercut() {
	local kernel=6.12
	step powercut packages tests/env/packages.sh build agent vm || return 0
	step powercut tools make_quiet tools agent system-programs || return 0
	step powercut "module-$kernel" make_quiet "module-$kernel" || return 0
	long_suite powercut "$kernel" env COUCHE_RUN="tests/env/vm-run.sh -k $kernel" \
		COUCHE_KERNEL="$kernel" COUCHE_BUILD="$PWD/build/module-$kernel" \
		COUCHE_CUTS="${COUCHE_CUTS:-100}" tests/system/powercut.sh
}

rung_control() {
	local script found=
	step control packages tests/env/packages.sh build agent control || return 0
	step control programs make_quiet tools agent control-programs || return 0
	for script in tests/control/*.sh; do
		[ -x "$script" ] || continue
		case ${script##*/} in
		lib*) continue ;;
		esac
		found=yes
		lane_begin control "$(basename "$script" .sh)" timeout -k 5 300 "$script"
	done
	lanes_end
	[ -n "$found" ] || missing control "tests/control holds no suite"
}

main() {
	local rung start=$SECONDS failure
	[ $# -gt 0 ] || die "usage: run.sh RUNG..."
	for rung in "$@"; do
		case $rung in
		style | unit | fuzz | model | uml | crash | soak | kernels | powercut | control) "rung_$rung" ;;
		*) die "unknown rung '$rung'" ;;
		esac
	done
	lanes_end
	echo
	for failure in "${failures[@]}"; do
		echo "failed: $failure"
	done
	printf 'took %d min %d s\n' $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60))
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

main "$@"
