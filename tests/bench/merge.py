#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: merge.py [--new] FILE < RESULTS
#
# Add results, one JSON object per line, to FILE, which holds a list of them;
# a result replaces an earlier one of its name. --new forgets what FILE held.
# Shows each result as it comes.

import json
import os
import sys


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return []


def store(path, results):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


def main():
    args = sys.argv[1:]
    new = args[:1] == ["--new"]
    if new:
        args = args[1:]
    if len(args) != 1:
        sys.exit("usage: merge.py [--new] FILE < RESULTS")
    results = {} if new else {r["name"]: r for r in load(args[0])}
    count = 0
    for line in sys.stdin:
        result = json.loads(line)
        results[result["name"]] = result
        count += 1
        print("{name:26} {ours:9} {unit:6} {peer:9} {peer_name:18} x{ratio}".format(**result),
              flush=True)
    if not count:
        sys.exit("merge.py: no result")
    store(args[0], list(results.values()))


if __name__ == "__main__":
    main()
