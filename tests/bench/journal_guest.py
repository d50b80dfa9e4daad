#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: journal_guest.py burst|sustained
#
# Inside user-mode Linux: random writes of 4 KiB to a cold volume on legs like
# disks, with its metadata and journal on a fast leg; beside md raid6 with a
# write-back journal and beside dm-writecache above md raid6, each on six legs
# and a fast one of the same kinds. One JSON object per benchmark and peer.
#
# md's journal serves what its stripe cache has room for, 24 KiB of memory for
# each stripe. So it is measured twice: as it comes, with 256 stripes (6 MiB), and
# as "-cache" with as many as md allows (768 MiB), which holds the whole volume.
# Ours has 72 bytes in memory for each 4 KiB of its journal.
#
#   journal-burst-randwrite-4k      a sixteenth of the fast leg: md needs seven
#                                   times a random write's size there; between
#                                   rounds everything is written back
#   journal-sustained-randwrite-4k  ten times the fast leg
#
# "promoted" counts the extents that ours moved to its hot leg meanwhile, which
# is what it does with a write that no journal takes: 0, or the ratio says how
# fast the hot leg is, and nothing about a journal.
#
# Positions are uniform over the volume, the same for all in a round.

import os
import sys

from guest import (DISK, SMALL, Pool, Raid6, fill, fio, load_modules, make_leg, message, quote,
                   run, table, wait_for)

SHAPES = {
    # what: volume MiB, fast leg MiB, MiB written in a round, rounds
    "burst": (256, 512, 32, 9),
    "sustained": (256, 16, 160, 3),
}
MD_DEFAULT, MD_MOST = 256, 32768		# stripes in md's cache


class Ours:
    """A full cold volume. The fast leg also has room for the map."""

    def __init__(self, mib, fast):
        legs = [("meta", make_leg("fast0", fast + 16)), ("hot", make_leg("hot0", mib + 68))]
        legs += [("cold", make_leg(f"nb{i}", mib // 2 + 64, DISK)) for i in range(6)]
        self.pool = Pool("pool", 1, legs, f"segment 32768 data_journal {fast * 2048}")
        self.device = self.pool.add_volume(mib)
        self.drain()

    def promoted(self):
        """Extents that are not cold any more."""
        return sum(self.pool.tiers()[:2])

    def drain(self):
        """The journal is empty, all is cold, and the map written."""
        message(self.pool.name, "flush")
        wait_for(lambda: self.pool.status()[16].startswith("0/"), 300, "the journal to be empty")
        self.pool.migrate("cold")
        message(self.pool.name, "checkpoint")


class Journalled:
    """md raid6 with its write-back journal."""

    def __init__(self, mib, fast, name, stripes):
        devices = [make_leg(f"{name}j{i}", mib // 4 + 8, DISK) for i in range(6)]
        self.raid = Raid6(devices, [f"--size={mib // 4}M", "--write-journal",
                                    make_leg(f"{name}j", fast)], name, stripes)
        self.raid.set("journal_mode", "write-back")
        if "[write-back]" not in self.raid.get("journal_mode"):
            sys.exit("md does not cache in its journal")
        self.device = self.raid.device
        fill(self.device, mib)
        self.drain()

    def drain(self):
        """md writes back what it caches when it is made quiet, as here."""
        self.raid.set("journal_mode", "write-back")


class Writecache:
    """dm-writecache above md raid6."""

    def __init__(self, mib, fast):
        devices = [make_leg(f"w{i}", mib // 4 + 8, DISK) for i in range(6)]
        self.raid = Raid6(devices, [f"--size={mib // 4}M"], "md2")
        fill(self.raid.device, mib)
        self.device = table("writecache", f"0 {mib * 2048} writecache s {self.raid.device} "
                                          f"{make_leg('fast2', fast)} 4096 0")

    def drain(self):
        run("dmsetup", "message", "writecache", "0", "flush")


def measure(side, written, mib, seed, promoted):
    """Bytes a second until all is acknowledged, the flush at the end included."""
    speed = fio(side.device, "randwrite",
                [*SMALL, f"--io_size={written}M", f"--randseed={seed}", "--norandommap",
                 "--end_fsync=1"], mib=mib)
    if isinstance(side, Ours):
        promoted.append(side.promoted())
    side.drain()
    print(f"# {side.device} {speed / 1e6:.1f} MB/s", flush=True)
    return speed


def main():
    what = sys.argv[1]
    mib, fast, written, rounds = SHAPES[what]
    rounds = int(os.environ.get("BENCH_ROUNDS") or rounds)
    load_modules()
    ours = Ours(mib, fast)
    peers = {
        "": (Journalled(mib, fast, "md0", MD_DEFAULT), "md raid6 write-back journal"),
        "-cache": (Journalled(mib, fast, "md1", MD_MOST),
                   "md raid6 write-back journal, stripe cache of 768 MiB"),
        "-wc": (Writecache(mib, fast), "dm-writecache over md raid6"),
    }
    sides = [ours] + [peer for peer, _ in peers.values()]
    results, promoted = [], []
    for turn in range(rounds + 1):
        first = turn % len(sides)
        order = sides[first:] + sides[:first]
        results.append({side: measure(side, written, mib, turn + 1, promoted) for side in order})
    # The first round is a warm-up.
    for suffix, (peer, name) in peers.items():
        quote(f"journal-{what}-randwrite-4k{suffix}", [(r[ours], r[peer]) for r in results[1:]],
              name, promoted=max(promoted))


if __name__ == "__main__":
    main()
