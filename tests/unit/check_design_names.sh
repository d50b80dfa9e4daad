#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Documentation/design.rst follows bios through functions by name: each name
# must be a function of the kernel module, or of couchectl.
set -euo pipefail

cd "$(dirname "$0")/../.."
mapfile -t names < <(grep -oE '``couche_[a-z0-9_]+\(\)``' Documentation/design.rst |
	tr -d '`()' | sort -u)
[ "${#names[@]}" -gt 0 ] || { echo "1..0 # no names found"; exit 1; }
echo "1..${#names[@]}"
number=0 bad=0
for name in "${names[@]}"; do
	number=$((number + 1))
	# A definition: the name at a line's start, or behind its return type.
	if grep -rqE "^([a-z][a-z0-9_ ]*[ *])?$name\(" kernel tools --include='*.[ch]'; then
		echo "ok $number - design.rst: $name() exists"
	else
		echo "not ok $number - design.rst: $name() exists"
		bad=1
	fi
done
exit "$bad"
