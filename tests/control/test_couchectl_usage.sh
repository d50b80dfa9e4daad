#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# couchectl without a kernel module or a device: arguments, help, completion,
# the manual page.
set -u

cd "$(dirname "$0")/../.." || exit 1
. tests/control/lib-couchectl.sh
PATH=$PWD/build:$PATH
manual=Documentation/man/couchectl.8

expect 2 "no arguments is wrong usage" couchectl
expect 0 "help is no error" couchectl --help
expect 0 "version needs no kernel" couchectl version -o json
valid "version follows the schema"
expect 0 "options may stand before the noun" couchectl -o json version
valid "and are understood there"

expect 0 "help of a noun" couchectl help pool
holds "lists its verbs" grep -q "^  couchectl pool create NAME" "$OUT"
expect 0 "help of a verb" couchectl help pool create
holds "lists its options" grep -q -- "--cold-profile" "$OUT"
refuses 2 frob "help of what there is not" couchectl help frob
expect 0 "help can be asked for first" couchectl help pool create
refuses 2 frob "help of a verb that is none" couchectl help pool frob
refuses 2 frob "and where no verb is needed" couchectl help migrate frob

refuses 2 frob "unknown noun" couchectl frob
refuses 2 frob "unknown verb" couchectl pool frob
refuses 2 --frob "unknown option" couchectl pool list --frob
refuses 2 --output "unknown output format" couchectl pool list -o xml
refuses 2 --extent-size "size without a unit that exists" \
	couchectl pool create p --extent-size 1Q
refuses 2 --extent-size "size that does not fit in 64 bits" \
	couchectl pool create p --extent-size 99999999999999999999
refuses 2 --extent-size "option without its value" couchectl pool create p --extent-size
refuses 2 --force "flag with a value" couchectl pool create p --force=yes
refuses 2 --extent-size "an option given twice" \
	couchectl pool create p -n --extent-size 1MiB --extent-size 2MiB
holds "which it says" grep -q "given twice, as '1MiB' and as '2MiB'; give it once" "$ERR"
refuses 2 --size "once in short" couchectl volume create p/v -s 1GiB --size=2GiB
refuses 2 --output "a global one, on both sides of the noun" couchectl -o json pool list -o yaml
expect 0 "a flag may be repeated" couchectl pool create --help -n -n
refuses 3 a "and a list be given in parts" couchectl pool create p -nn --cold a --cold b
refuses 2 "pool create" "pool without a name" couchectl pool create
refuses 2 "pool create" "two names" couchectl pool create a b
refuses 2 "p q" "name with a blank" couchectl pool create "p q" -n
refuses 2 "-x-" "name that begins with a dash" couchectl pool create -n -- -x-
refuses 2 "p/q" "name with a slash" couchectl pool create p/q -n
refuses 2 p "pool without a meta leg" couchectl pool create p -n
refuses 3 /dev/does-not-exist "device that does not exist" \
	couchectl pool create p -n --meta /dev/does-not-exist
refuses 2 '/dev/my disk' "device with a blank in its path" \
	couchectl pool create p -n --meta '/dev/my disk'
refuses 2 '/dev/my\disk' "or with a backslash" couchectl pool create p -n --meta '/dev/my\disk'
refuses 1 /dev/null "character device" couchectl pool create p -n --meta /dev/null
refuses 1 "$manual" "file" couchectl pool create p -n --meta "$manual"
refuses 2 --segment-size "segment beyond the format" \
	couchectl pool create p -n --segment-size 8GiB
refuses 2 --data-journal "data journal without a unit that exists" \
	couchectl pool create p -n --data-journal 1Q
for verb in create import; do
	for value in 86401 25h 1500ms soon; do
		refuses 2 --leg-timeout "$verb with a time-out of $value" \
			couchectl pool $verb p -n --leg-timeout $value
		refuses 2 --destage-interval "$verb with a destage interval of $value" \
			couchectl pool $verb p -n --destage-interval $value
	done
	for value in 31536001 53w; do
		refuses 2 --scrub-interval "$verb with a scrub interval of $value" \
			couchectl pool $verb p -n --scrub-interval $value
	done
	for value in 96 80% all; do
		refuses 2 --destage-threshold "$verb with a destage threshold of $value" \
			couchectl pool $verb p -n --destage-threshold $value
	done
done
refuses 2 p "a time-out with a unit is no reason" couchectl pool create p -n --leg-timeout 90s \
	--scrub-interval 1w
refuses 2 --destage-interval "and goes as far as another" \
	couchectl pool create p -n --leg-timeout 1d --destage-interval 1d1s
refuses 2 "pool flush" "flush of nothing" couchectl pool flush
refuses 2 "pool flush" "flush of two pools" couchectl pool flush p q
refuses 2 "pool set-profile" "a profile without data shards" couchectl pool set-profile p cold 0+2
holds "which it says" grep -q "0+2: K is at least 1; give" "$ERR"
for shards in 3 9; do
	refuses 2 --min-healthy "a stripe that needs $shards of 4+2" \
		couchectl pool set-profile p cold 4+2 --min-healthy $shards
done
refuses 2 "pool import" "import of a name and of all" couchectl pool import p --all
refuses 2 v "volume without a pool" couchectl volume create v --size 1GiB
refuses 2 p/v/w "volume with two slashes" couchectl volume create p/v/w --size 1GiB
refuses 2 p/v "volume without a size" couchectl volume create p/v
refuses 2 --size "volume larger than any" couchectl volume create p/v --size 100EiB
holds "which it says" grep -q "'100EiB' is too large" "$ERR"
refuses 2 --journal "volume with a journal of nothing that is" \
	couchectl volume create p/v --size 1GiB --journal hot
refuses 2 "volume set-journal" "set-journal without a choice" couchectl volume set-journal p/v
refuses 2 "volume set-journal" "set-journal of nothing that is" \
	couchectl volume set-journal p/v hot
refuses 2 p/v "migration without a tier" couchectl migrate p/v
refuses 2 --to "migration to a tier that is none" couchectl migrate p/v --to lukewarm
refuses 2 --timeout "timeout that is none" couchectl migrate p/v --to cold --timeout soon
refuses 2 --rate "rate that is none" couchectl migrate p/v --to cold --rate fast
refuses 2 twelve "migration number that is none" couchectl migrate cancel p twelve
refuses 2 x "events take no argument" couchectl events x
refuses 2 "leg fail" "leg fail without a leg" couchectl leg fail p
for verb in drain undrain remove; do
	refuses 2 "leg $verb" "leg $verb without a leg" couchectl leg $verb p
	refuses 2 "leg $verb" "leg $verb of two" couchectl leg $verb p 1 2
done
refuses 2 "leg add" "leg add without a pool" couchectl leg add
refuses 2 "leg add" "leg add with a device that has no tier" couchectl leg add p /dev/null
refuses 2 "leg replace" "leg replace without a device" couchectl leg replace p 1
refuses 2 --tepid "leg add to a tier that is none" couchectl leg add p --tepid /dev/null
for noun in check dump verify rescue; do
	refuses 2 devices "$noun of nothing" couchectl $noun
done
refuses 2 rescue "a hot leg without metadata" couchectl rescue "$manual" --write-hot /dev/null
refuses 2 --write-meta "a pool and images at once" \
	couchectl rescue "$manual" --write-meta /dev/null --output-dir /tmp
refuses 2 --write-meta "a pool out of legs in use" \
	couchectl rescue "$manual" --write-meta /dev/null --live
refuses 2 --repair "a repair of legs in use" couchectl check "$manual" --repair --live
refuses 2 --what "dump of what is not there" couchectl dump --what all "$manual"
refuses 3 /dev/does-not-exist "check of a device that does not exist" \
	couchectl check /dev/does-not-exist
refuses 1 /dev/null "check of a character device" couchectl check /dev/null
refuses 3 "$manual" "check of a file that is no leg" couchectl check "$manual"

expect 0 "pool create has help" couchectl pool create --help
holds "its usage names what it cannot do without" \
	grep -q "^usage: couchectl pool create NAME --meta DEV" "$OUT"

# Every verb has help, is in the manual and completes.
# shellcheck source=/dev/null
. tools/completion/couchectl
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_couchectl
	printf '%s\n' "${COMPREPLY[@]}"
}
# options_in_manual NOUN [VERB]
options_in_manual() {
	local option
	for option in $(couchectl __words "$@" | grep -o '^--[a-z-]*'); do
		grep -qF -- "${option//-/\\-}" $manual || echo "$option"
	done >"$OUT"
	[ ! -s "$OUT" ]
	tap_result $? "options of $* are in the manual"
}
for noun in $(couchectl __words); do
	holds "$noun completes" grep -qx "$noun" <(complete_words couchectl "${noun:0:2}")
	holds "$noun is in the manual" grep -q "^\.B[RI]* .*$noun" $manual
	options_in_manual "$noun"
	for verb in $(couchectl __words "$noun" | grep -v '^-'); do
		expect 0 "$noun $verb has help" couchectl "$noun" "$verb" --help
		holds "that says how to ask for it" grep -q "^  -h, --help" "$OUT"
		holds "$noun $verb is in the manual" \
			grep -q "^\.B[RI]* .*$noun ${verb//-/\\\\-}" $manual
		holds "$noun $verb completes" \
			grep -qx "$verb" <(complete_words couchectl "$noun" "${verb:0:3}")
		options_in_manual "$noun" "$verb"
	done
done
holds "values of options complete" \
	grep -qx cold <(complete_words couchectl migrate p/v --to c)
holds "an option without a value counts for no argument" \
	grep -qx cold <(complete_words couchectl pool set-profile --no-wait p c)
holds "nor does the value of another" \
	grep -qx cold <(complete_words couchectl pool set-profile --rate 5MiB/s p c)
holds "a value that cannot be known does not complete" \
	diff <(echo) <(complete_words couchectl pool scrub --rate "")
for code in 0 1 2 3 4 5 6 7 8 130; do
	holds "exit code $code is in the manual" \
		grep -qx "\.B $code" <(sed -n '/^\.SH EXIT STATUS/,/^\.SH/p' $manual)
done

tap_end
