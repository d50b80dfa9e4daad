# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of couchectl share: TAP, and checks of status, output and
# error line. Sourced. Output and errors of the last command are in $OUT and
# $ERR, its status in $STATUS.

OUT=$(mktemp)
ERR=$(mktemp)
STATUS=0
tap_count=0
tap_failed=0

tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
		return
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $2"
	echo "# status $STATUS"
	sed 's/^/# out: /' "$OUT"
	sed 's/^/# err: /' "$ERR"
}

tap_end() {
	echo "1..$tap_count"
	rm -f "$OUT" "$ERR"
	[ "$tap_failed" -eq 0 ]
}

# run COMMAND...: keep what it did for the checks that follow.
run() {
	STATUS=0
	"$@" >"$OUT" 2>"$ERR" </dev/null || STATUS=$?
}

# expect STATUS NAME COMMAND...
expect() {
	local want=$1 name=$2
	shift 2
	run "$@"
	[ "$STATUS" -eq "$want" ]
	tap_result $? "$name"
}

# refuses STATUS OBJECT NAME COMMAND...: one line that names the object, says
# what is wrong and what to do, and nothing on standard output.
refuses() {
	local want=$1 object=$2 name=$3
	shift 3
	run "$@"
	[ "$STATUS" -eq "$want" ] && [ ! -s "$OUT" ] && [ "$(wc -l <"$ERR")" -eq 1 ] &&
		[ "$(grep -cF "couchectl: $object: " "$ERR")" -eq 1 ]
	tap_result $? "$name"
}

# holds NAME COMMAND...: a check of the last output, silent.
holds() {
	local name=$1
	shift
	"$@" >/dev/null 2>&1
	tap_result $? "$name"
}

SCHEMA=$(dirname "${BASH_SOURCE[0]}")/../../Documentation/schema/couchectl-v1.schema.json

# valid NAME: the last output is one JSON document, or one a line, and follows
# the schema.
valid() {
	python3 - "$SCHEMA" "$OUT" >"$ERR" 2>&1 <<-'END'
		import json, sys
		import jsonschema
		schema = json.load(open(sys.argv[1]))
		validator = jsonschema.Draft202012Validator(schema)
		text = open(sys.argv[2]).read()
		decoder = json.JSONDecoder()
		count = 0
		while text.strip():
		    text = text.lstrip()
		    document, end = decoder.raw_decode(text)
		    text = text[end:]
		    validator.validate(document)
		    count += 1
		sys.exit(0 if count else "no document")
	END
	tap_result $? "$1"
}
