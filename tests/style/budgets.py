#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Size budgets of files and functions.

usage: ctags ... | budgets.py LONG-LIST FILE...
"""
import json
import re
import sys

FILE_LINES = {".c": 1000, ".h": 300}
FUNCTION_LINES = 60
LONG_FUNCTION_LINES = 100
TYPEDEF = re.compile(r"^\s*typedef\s+(struct|union|enum)\b", re.M)


def read_long(path):
    """Names of functions that may be long, from lines 'name  reason'."""
    names = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split(None, 1)
            if not words or words[0].startswith("#"):
                continue
            names[words[0]] = (number, words[1].strip() if len(words) > 1 else "")
    return names


def main():
    long_list = sys.argv[1]
    allowed = read_long(long_list)
    used = set()
    paths = sys.argv[2:]
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        lines = text.count("\n")
        limit = FILE_LINES[path[-2:]]
        if lines > limit and path in allowed:
            used.add(path)
        elif lines > limit:
            print(f"{path}: {lines} lines, {limit} are the limit")
        # What stands for the kernel's own headers has the kernel's own types.
        for match in TYPEDEF.finditer(text) if "/shim/" not in path else ():
            line = text.count("\n", 0, match.start(1)) + 1
            print(f"{path}:{line}: typedef of a {match.group(1)}")
    for line in sys.stdin:
        tag = json.loads(line)
        if "end" not in tag:
            continue
        size = tag["end"] - tag["line"] + 1
        if size <= FUNCTION_LINES:
            continue
        name = tag["name"]
        used.add(name)
        if name not in allowed or not allowed[name][1]:
            print(f"{tag['path']}:{tag['line']}: {name} has {size} lines, "
                  f"{FUNCTION_LINES} are the limit")
        elif size > LONG_FUNCTION_LINES:
            print(f"{tag['path']}:{tag['line']}: {name} has {size} lines, "
                  f"{LONG_FUNCTION_LINES} are the limit of a long one")
    for name, (number, _) in allowed.items():
        if name not in used:
            print(f"{long_list}:{number}: {name} is not long any more")


main()
