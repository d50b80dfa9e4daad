#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: cppcheck.sh [--tap]
#
# cppcheck over everything that compiles in userspace. It does not know the
# cleanup attribute: leaks are AddressSanitizer's to find.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

readarray -t files < <(style_files 'kernel/core/*.c' 'agent/*.c' 'tools/*.c')
cppcheck --quiet --enable=warning,performance,portability --inline-suppr \
	--suppress=missingInclude --suppress=resourceLeak --suppress=memleak \
	--suppress=readdirCalled --suppress=unknownMacro --std=c11 \
	--library=posix -j"$(jobs_count)" -Iuapi -Itests/shim -Ikernel/core -I. \
	-D__x86_64__ --template='{file}:{line}: {severity}: {message} [{id}]' \
	"${files[@]}" 2>"$STYLE_OUT" || true
style_end "${#files[@]}" "C files"
