#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: checkpatch.sh [--tap]
#
# The kernel's checkpatch.pl --strict over all C files. What does not fit a
# place is named below with the reason.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Address spaces are __bitwise typedefs; nothing else may be a typedef, which
# the budgets check looks after. kmalloc_obj() is younger than Debian's kernels. A
# message is one string, however long, so that it can be searched for. What locks
# and barriers are for stands at the top of the headers, once, and not at each. A
# word of a message may be the name of a function. A limit like 1U << 20 is a
# number, not a bit. The macros make initialisers: their arguments are constants.
KERNEL_IGNORE=NEW_TYPEDEFS,ALLOC_WITH_SIZEOF,ALLOC_WITH_MULTIPLY,LONG_LINE_STRING,UNCOMMENTED_DEFINITION,MEMORY_BARRIER,EMBEDDED_FUNCTION_NAME,BIT_MACRO,MACRO_ARG_REUSE
# TRACE_EVENT() is laid out as in the kernel's own trace headers.
TRACE_IGNORE=$KERNEL_IGNORE,PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE
# BIT() is not part of the UAPI headers; _Static_assert is not CamelCase.
UAPI_IGNORE=BIT_MACRO,CAMELCASE
# Userspace has the C library's types, names and allocators, and declarations
# that start with a cleanup attribute, which checkpatch takes for statements. A
# table line or a JSON document of a test is longer than a line.
USER_IGNORE=PREFER_KERNEL_TYPES,BIT_MACRO,ARRAY_SIZE,ALLOC_WITH_MULTIPLY,ALLOC_SIZEOF_STRUCT,CAMELCASE,STRCPY,STRNCPY,SSCANF_TO_KSTRTO,VOLATILE,CONST_STRUCT,NEW_TYPEDEFS,DEEP_INDENTATION,MACRO_ARG_REUSE,LONG_LINE_STRING,AVOID_BUG,AVOID_EXTERNS,INLINE,USLEEP_RANGE,DEPRECATED_API,STATIC_CONST_CHAR_ARRAY,PREFER_DEFINED_ATTRIBUTE_MACRO,COMPLEX_MACRO,SPACING,LINE_SPACING,SPLIT_STRING,EMBEDDED_FUNCTION_NAME
# What stands for the kernel's own headers: macros that drop what only the
# kernel needs, and barriers that are no barriers.
SHIM_IGNORE=$USER_IGNORE,MEMORY_BARRIER,MACRO_ARG_UNUSED,MACRO_ARG_PRECEDENCE,JIFFIES_COMPARISON,UNNECESSARY_CASTS

check() {
	local ignore=$1
	shift
	[ $# -gt 0 ] || return 0
	printf '%s\n' "$@" | xargs -P "$(jobs_count)" -n 10 \
		perl "$linux/scripts/checkpatch.pl" --ignore "$ignore" -f 2>&1 |
		grep -vE '^No (codespell|typos)|^$' >>"$STYLE_OUT" || true
}

linux=$(style_linux)
readarray -t kernel < <(style_files 'kernel/*.[ch]' ':!kernel/trace.h')
readarray -t uapi < <(style_files 'uapi/*.h')
readarray -t user < <(style_files 'agent/*.[ch]' 'tools/*.[ch]' 'tests/*.[ch]' \
	':!tests/model/shim')
readarray -t shim < <(style_files 'tests/model/shim/*.h')
check "$KERNEL_IGNORE" "${kernel[@]}"
check "$TRACE_IGNORE" kernel/trace.h
check "$UAPI_IGNORE" "${uapi[@]}"
check "$USER_IGNORE" "${user[@]}"
check "$SHIM_IGNORE" "${shim[@]}"
style_end $((${#kernel[@]} + 1 + ${#uapi[@]} + ${#user[@]} + ${#shim[@]})) "C files"
