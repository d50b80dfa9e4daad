#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: heal_guest.py ram|disk
#
# Inside user-mode Linux: what it takes to mend a cold volume, beside md raid6
# on legs of the same kind: one JSON object per benchmark.
#
#   rebuild            bytes a second of what a failed leg held, until a new one
#                      that took its place holds all of it
#   rebuild-spread     the same until what it held is redundant again elsewhere:
#                      extents move, a seventh leg has room; md's is as before
#   scrub              bytes a second of the volume, every shard of it read and
#                      compared; md's is "check"
#   degraded-seqread   bytes a second read with one leg failed (degraded2: two),
#                      beside the same volume with all its legs
#
# Both are full to the last byte. md has no SIMD here, which real kernels have:
# "parity_free" is the ratio if md's parity took no time at all, from what the
# kernel measured of its raid6 code at boot.

import os
import re
import statistics
import sys
import time

from guest import (DISK, LARGE, RAM, Pool, Raid6, fill, fio, load_modules, make_leg,
                   message, quote, race, read_file, run, wait_for)

SHARD = 256 << 10
SECONDS = float(os.environ.get("BENCH_SECONDS", "1.5"))


class Ours:
    """A full cold volume over so many legs."""

    def __init__(self, number, mib, model, nr_legs):
        self.cold = range(2, 2 + nr_legs)
        each = mib // 4 * (1 if nr_legs == 6 else 2) + 72
        names = [f"p{number}l{i}" for i in self.cold]
        legs = [("meta", make_leg(f"p{number}meta", 64)),
                ("hot", make_leg(f"p{number}hot", mib + 68))]
        legs += [("cold", make_leg(name, each, model)) for name in names]
        self.spare = make_leg(f"p{number}spare", each, model) if nr_legs == 6 else None
        self.pool = Pool(f"pool{number}", number, legs, "segment 32768")
        self.pool.add_volume(mib)
        self.pool.migrate("cold")
        message(self.pool.name, "checkpoint")
        self.next = 0

    def legs_online(self):
        return set(self.pool.status()[1]) == {"A"}

    def restore(self, legs):
        for leg in legs:
            message(self.pool.name, "restore_leg", leg)
        wait_for(self.legs_online, 120, "legs to be restored")

    def next_leg(self):
        self.next += 1
        return self.cold[self.next % len(self.cold)]

    def replace(self):
        leg = self.next_leg()
        message(self.pool.name, "fail_leg", leg)
        failed = self.pool.legs[leg][1]
        self.pool.offer(leg, self.spare)
        start = time.monotonic()
        message(self.pool.name, "replace_leg", leg)
        wait_for(self.legs_online, 300, "the new leg", 0.002)
        seconds = time.monotonic() - start
        fill(failed, 1, "/dev/zero")
        self.spare = failed
        return self.pool.mib * SHARD / seconds

    def rebuild(self):
        leg = self.next_leg()
        start = time.monotonic()
        message(self.pool.name, "fail_leg", leg)
        wait_for(lambda: self.pool.status()[11] == "idle", 300, "the rebuild", 0.002)
        seconds = time.monotonic() - start
        done, total, failed = (int(n) for n in self.pool.status()[12].split("/"))
        if not done or done != total or failed:
            sys.exit(f"rebuilt {done} of {total}, {failed} failed")
        self.restore([leg])
        return done * SHARD / seconds

    def scrub(self):
        start = time.monotonic()
        message(self.pool.name, "scrub", "start")
        wait_for(lambda: self.pool.status()[13] == "done", 300, "the scrub", 0.002)
        seconds = time.monotonic() - start
        done, total, failed = (int(n) for n in self.pool.status()[14].split("/"))
        if done != total or done != self.pool.mib or failed:
            sys.exit(f"scrubbed {done} of {total}, {failed} failed")
        return (self.pool.mib << 20) / seconds

    def read(self):
        return fio(self.pool.volume, "read", LARGE, mib=self.pool.mib, seconds=SECONDS)

    def read_without(self, legs):
        message(self.pool.name, "rebuild", "stop")
        for leg in legs:
            message(self.pool.name, "fail_leg", leg)
        speed = self.read()
        self.restore(legs)
        message(self.pool.name, "rebuild", "start")
        return speed


class Theirs:
    """The same bytes on md raid6 with a spare."""

    def __init__(self, mib, model):
        self.size = mib // 4
        devices = [make_leg(f"peer{i}", self.size + 8, model) for i in range(7)]
        self.raid = Raid6(devices[:6], [f"--size={self.size}M"], stripes=self.size * 64)
        self.bytes = mib << 20
        self.members = devices
        fill(self.raid.device, mib)
        run("mdadm", "/dev/md0", "--add", devices[6])

    def idle(self):
        return self.raid.get("sync_action") == "idle"

    def rebuild(self):
        failed = self.members.pop(0)
        self.members.append(failed)
        run("mdadm", "/dev/md0", "--fail", failed)
        start = time.monotonic()
        wait_for(lambda: self.idle() and self.raid.get("degraded") == "0", 300, "md's rebuild",
                 0.002)
        seconds = time.monotonic() - start
        run("mdadm", "/dev/md0", "--remove", failed)
        run("mdadm", "--zero-superblock", failed)
        run("mdadm", "/dev/md0", "--add", failed)
        return (self.size << 20) / seconds

    def sectors_read(self):
        return sum(int(read_file(f"/sys/block/{os.path.basename(d)}/stat").split()[2])
                   for d in self.members)

    def scrub(self):
        before = self.sectors_read()
        start = time.monotonic()
        self.raid.set("sync_action", "check")
        wait_for(self.idle, 300, "md's check", 0.002)
        seconds = time.monotonic() - start
        if self.raid.get("mismatch_cnt") != "0":
            sys.exit("md found what it wrote wrong")
        read = (self.sectors_read() - before) << 9
        if read < self.bytes:
            sys.exit(f"md's check read {read} of {self.bytes * 3 // 2} bytes from its devices")
        return self.bytes / seconds


def syndrome_speed():
    """Bytes a second of data that md's raid6 code makes parity of here."""
    found = re.search(rb"raid6: using algorithm .* gen\(\) (\d+) MB/s", run("dmesg"))
    return int(found.group(1)) * (1 << 20) if found else None


def parity_free(pairs, data_per_byte):
    """The ratio if the peer's parity cost nothing; it checks all of it in both."""
    speed = syndrome_speed()
    if not speed:
        return None
    return round(statistics.median(
        mine * (1 / theirs - data_per_byte / speed) for mine, theirs in pairs), 3)


def main():
    model = sys.argv[1]
    legs = RAM if model == "ram" else DISK
    suffix = "" if model == "ram" else "-disk"
    mib = 512
    load_modules()
    theirs = Theirs(mib, legs)
    ours = Ours(1, mib, legs, 6)
    pairs = race(ours.scrub, theirs.scrub)
    quote(f"scrub{suffix}", pairs, "md check (no SIMD)", parity_free=parity_free(pairs, 1))
    pairs = race(ours.replace, theirs.rebuild)
    quote(f"rebuild{suffix}", pairs, "md raid6 (no SIMD)", parity_free=parity_free(pairs, 4))
    for name, lost in (("degraded", [2]), ("degraded2", [2, 5])):
        pairs = race(lambda lost=lost: ours.read_without(lost), ours.read)
        quote(f"{name}-seqread{suffix}", pairs, "healthy")
    spread = Ours(2, mib, legs, 7)
    pairs = race(spread.rebuild, theirs.rebuild)
    quote(f"rebuild-spread{suffix}", pairs, "md raid6 (no SIMD)",
          parity_free=parity_free(pairs, 4))


if __name__ == "__main__":
    main()
