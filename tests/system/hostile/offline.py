#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Show damaged pools to couchectl, which judges and never crashes.

usage: offline.py COUCHECTL DIRECTORY SEED SECONDS ROUNDS

DIRECTORY has the legs of a sound pool. Each round damages them as rounds.py
does for the kernel from the same number, and runs check, dump, verify and
rescue on them: COUCHECTL is built with sanitizers. Prints TAP without a plan.
"""
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import damage

# couchectl(8), EXIT STATUS. A sanitizer's is 99.
STATUS = (0, 1, 3, 4, 7, 8)
HANG = 60
COMMANDS = [["check"], ["dump"], ["verify"], ["rescue"]]


class Files:
    """The legs as files, made sound again after each round."""

    def __init__(self, pool, directory):
        self.pool = pool
        self.paths = [os.path.join(directory, str(i)) for i in range(len(pool.legs))]
        for path, leg in zip(self.paths, pool.legs):
            with open(path, "wb") as file:
                file.write(leg)

    def apply(self, made, block_of):
        for leg, at in made.writes:
            with open(self.paths[leg], "rb+") as file:
                file.seek(at)
                file.write(block_of(leg, at))

    def damaged(self, made):
        self.apply(made, lambda leg, at: made.writes[leg, at])
        for leg, size in made.short.items():
            os.truncate(self.paths[leg], size)

    def sound(self, made):
        for leg, size in made.short.items():
            with open(self.paths[leg], "rb+") as file:
                file.seek(size)
                file.write(self.pool.legs[leg][size:])
        self.apply(made, lambda leg, at: self.pool.legs[leg][at:at + damage.BLOCK])


def run(program, command, paths):
    """(status, complaint or None)"""
    environment = dict(os.environ, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="print_stacktrace=1")
    try:
        done = subprocess.run([program, *command, *paths, "-o", "json"], capture_output=True,
                              env=environment, timeout=HANG, check=False)
    except subprocess.TimeoutExpired:
        return -1, f"took more than {HANG} s"
    errors = done.stderr.decode(errors="replace")
    if done.returncode not in STATUS or "runtime error" in errors or "Sanitizer" in errors:
        return done.returncode, f"status {done.returncode}\n{errors}"
    if done.stdout:
        try:
            json.loads(done.stdout)
        except ValueError as error:
            return done.returncode, f"no JSON: {error}"
    return done.returncode, None


def main():
    program, directory = sys.argv[1:3]
    seed, seconds, limit = map(int, sys.argv[3:6])
    end = time.monotonic() + seconds
    pool, number, complaint = damage.load(directory), seed, None
    count = collections.Counter()
    work = tempfile.mkdtemp(dir=directory)
    files = Files(pool, work)
    while not complaint and number < seed + limit and time.monotonic() < end:
        made = damage.damage(pool, number)
        files.damaged(made)
        for command in COMMANDS:
            status, complaint = run(program, command, files.paths)
            count[f"{command[0]}: status {status}"] += 1
            if complaint:
                print(f"# {number}: {'; '.join(made.words)}")
                print(f"# couchectl {command[0]}: " + complaint.replace("\n", "\n# "))
                break
        files.sound(made)
        number += 1
    shutil.rmtree(work)
    for what, times in sorted(count.items()):
        print(f"# {what}: {times}")
    print(f"{'not ok' if complaint else 'ok'} - {number - seed} damaged pools, shown to couchectl")
    sys.exit(bool(complaint))


if __name__ == "__main__":
    main()
