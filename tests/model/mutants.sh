#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: mutants.sh [NAME...]
#
# The model test must find what tests/crash/mutations and tests/model/mutations
# break: each patch is put on a copy of the sources, built there, and run with
# one seed after the other until one fails. Speaks TAP. Nothing found within
# COUCHE_MUTANT_SECONDS (default 1200), a patch that does not apply to the letter,
# or one whose failure its own seed does not repeat, is a failure.
set -euo pipefail

cd "$(dirname "$0")/../.."
. tests/env/lib.sh

SECONDS_EACH=${COUCHE_MUTANT_SECONDS:-1200}
OPERATIONS=20000

# build_mutant PATCH TREE: the objects of the sound tree are taken where the
# sources are the same.
build_mutant() {
	local patch=$PWD/$1 tree=$2
	mkdir -p "$tree/build"
	rsync -rlpt --delete kernel uapi Makefile tests "$tree/"
	rsync -rlpt --delete build/model "$tree/build/"
	cp -p build/flags "$tree/build/"
	rm -f "$tree/build/model/couche-model"
	patch --directory="$tree" --strip=1 --fuzz=0 --batch --quiet <"$patch"
	make --no-print-directory -C "$tree" build/model/couche-model
}

# fails LOG COMMAND...: whether it reports a failure, as opposed to breaking
fails() {
	local log=$1
	shift
	! "$@" >"$log" 2>&1 && grep -q '^not ok' "$log"
}

# said LOG: by the model, for in a sanitizer's report are addresses
said() {
	grep -E '^(#|not ok)' "$1"
}

# find_it TREE LOG: prints the seed
find_it() {
	local tree=$1 log=$2 seed end=$((SECONDS + SECONDS_EACH))
	for ((seed = 1; SECONDS < end; seed++)); do
		if fails "$log" "$tree/build/model/couche-model" -s "$seed" -n $OPERATIONS; then
			echo "$seed"
			return
		fi
	done
	return 1
}

number=0 bad=0
result() {
	number=$((number + 1))
	[ "$1" = ok ] || bad=1
	echo "$1 $number - $2"
}

patches=(tests/crash/mutations/*.patch)
for patch in tests/model/mutations/*.patch; do
	[ ! -e "$patch" ] || patches+=("$patch")
done
make --no-print-directory build/model/couche-model >&2
for patch in "${patches[@]}"; do
	name=$(basename "$patch" .patch)
	[ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
	tree=build/model-mutants/$name
	log=$tree.log
	if ! build_mutant "$patch" "$tree" >&2; then
		result "not ok" "$name can be built"
	elif ! seed=$(find_it "$tree" "$log"); then
		result "not ok" "$name is found within $SECONDS_EACH s"
	else
		how=$(grep -m 1 '^not ok' "$log")
		sed -n 's/^# operation/#   &/p' "$log"
		result ok "$name is found by seed $seed: ${how#not ok 1 - }"
		cp "$log" "$log.first"
		fails "$log" "$tree/build/model/couche-model" -s "$seed" -n $OPERATIONS || true
		if cmp -s <(said "$log") <(said "$log.first"); then
			result ok "$name: the seed repeats it"
		else
			result "not ok" "$name: the seed repeats it"
		fi
	fi
done
echo "1..$number"
exit "$bad"
