#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Activate damaged pools, and use them for all they are worth.

usage: rounds.py DIRECTORY SEED SECONDS ROUNDS

DIRECTORY has the legs of a sound pool, whose devices are /dev/nb0... Each
round damages them (damage.py) and tries to activate the pool: either it is
refused with a reason, or it is read, written, moved, scrubbed, flushed, and
taken down and up again. Ends when the kernel reports something, when a round
hangs, after ROUNDS, or after SECONDS. One line per round; TAP at the end.
"""
import collections
import errno
import fcntl
import mmap
import os
import random
import re
import signal
import struct
import sys
import time

import damage
import dm

REPORT = re.compile(r"BUG:|Oops|Kernel panic|WARNING:|KASAN:|UBSAN:|general protection|"
                    r"INFO: task .* blocked|INFO: rcu_|soft lockup|refcount_t:|list_(add|del) corr")
POOL = "hostile"
HANG = 60		# seconds that a round may take
WAIT = 10		# ... that a device may be busy
PIECE = 256 << 10
BLKDISCARD, BLKZEROOUT = 0x1277, 0x127F


class Hang(Exception):
    pass


def on_alarm(_signal, _frame):
    raise Hang()


class Kmsg:
    """The kernel's log: our marks, its complaints and its reasons."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def mark(self, text):
        os.write(self.fd, f"hostile: {text}\n".encode()[:900])

    def news(self):
        lines = []
        while True:
            try:
                lines.append(os.read(self.fd, 8192).decode(errors="replace").split(";", 1)[1])
            except BlockingIOError:
                return lines
            except BrokenPipeError:
                continue


class Device:
    """A volume, with I/O that may fail and must end."""

    def __init__(self, numbers, rng):
        self.fd = os.open(f"/dev/dm-{numbers[1]}", os.O_RDWR | os.O_DIRECT)
        self.size = os.lseek(self.fd, 0, os.SEEK_END)
        self.buffer = mmap.mmap(-1, PIECE)
        self.rng = rng

    def close(self):
        os.close(self.fd)

    def io(self, call, at, length):
        with memoryview(self.buffer)[:length] as view:
            try:
                return call(self.fd, [view], at)
            except OSError:
                return -1

    def read_all(self):
        for at in range(0, min(self.size, 16 << 20), PIECE):
            if self.io(os.preadv, at, PIECE) < 0:
                for piece in range(at, at + PIECE, PIECE // 8):
                    self.io(os.preadv, piece, 4096)
        self.io(os.preadv, max(0, self.size - 4096), 4096)

    def write_some(self, extent):
        last = min(self.size, 16 << 20)
        for _ in range(3):
            self.io(os.pwritev, self.rng.randrange(0, last, extent), min(extent, PIECE))
        for _ in range(8):
            self.io(os.pwritev, self.rng.randrange(0, last, 4096), 4096)
        for order in (BLKDISCARD, BLKZEROOUT):
            at = self.rng.randrange(0, last, 4096)
            try:
                fcntl.ioctl(self.fd, order, struct.pack("QQ", at, min(extent, last - at)))
            except OSError:
                pass
        try:
            os.fsync(self.fd)
        except OSError:
            pass


class Rounds:
    def __init__(self, directory):
        self.pool = damage.load(directory)
        self.paths = [f"/dev/nb{i}" for i in range(len(self.pool.legs))]
        self.fds = [os.open(path, os.O_RDWR | os.O_DIRECT) for path in self.paths]
        self.kmsg = Kmsg()
        self.reasons, self.count = collections.Counter(), collections.Counter()
        # What is not zero, in runs: all that has to be written to start anew.
        self.runs = [list(self.runs_of(leg)) for leg in self.pool.legs]
        self.block = mmap.mmap(-1, damage.BLOCK)
        self.sizes = self.sizes_of_volumes()
        self.extent = struct.unpack_from("<I", self.pool.supers[0].data, 80)[0] * 512
        with open(os.path.join(directory, "roles"), encoding="ascii") as file:
            self.roles = file.read().split()

    @staticmethod
    def runs_of(leg):
        """(offset, bytes in memory that direct I/O takes)"""
        start = None
        for at in range(0, len(leg) + damage.BLOCK, damage.BLOCK):
            used = at < len(leg) and leg[at:at + damage.BLOCK] != damage.ZERO
            if used and start is None:
                start = at
            elif not used and start is not None:
                memory = mmap.mmap(-1, at - start)
                memory[:] = leg[start:at]
                yield start, memory
                start = None

    def sizes_of_volumes(self):
        sizes = {}
        for block in self.pool.pages:
            for i in range(31 if block.data[20] == 1 else 0):
                vid, _, sectors = struct.unpack_from("<IIQ", block.data, 64 + 128 * i)
                if sectors:
                    sizes[vid] = sectors
        for block in self.pool.journal:
            for fields in damage.craft.journal_fields(block.data):
                base = fields[0][0]
                kind, _, vid = struct.unpack_from("<HHI", block.data, base)
                if kind == 3:
                    sizes[vid] = struct.unpack_from("<Q", block.data, base + 16)[0]
        return sizes

    # --- legs ------------------------------------------------------------------

    def restore(self, made):
        for fd, leg, runs in zip(self.fds, self.pool.legs, self.runs):
            fcntl.ioctl(fd, BLKDISCARD, struct.pack("QQ", 0, len(leg)))
            for at, data in runs:
                os.pwritev(fd, [data], at)
        for (leg, at), block in made.writes.items():
            self.block[:] = block
            os.pwritev(self.fds[leg], [self.block], at)

    def table(self, made):
        line = f"{uuid_text(self.pool.uuid)} {len(self.paths)}"
        for i, (role, path) in enumerate(zip(self.roles, self.paths)):
            if i in made.short:
                short = dm.create("short", made.short[i] // 512, "linear", f"{path} 0")
                path = "/dev/dm-%d" % short[1]
            line += f" {role} {path}"
        return line + " 0"

    # --- one round -------------------------------------------------------------

    def order(self, text):
        try:
            dm.message(POOL, text)
            self.count["orders"] += 1
            return True
        except OSError:
            self.count["orders refused"] += 1
            return False

    def open_volumes(self, pool, rng):
        devices = {}
        for vid, sectors in rng.sample(sorted(self.sizes.items()), 2):
            for length in (sectors, 8):
                try:
                    numbers = dm.create(f"vol{vid}", length, "couche", f"{pool[0]}:{pool[1]} {vid}")
                    devices[vid] = Device(numbers, rng)
                    break
                except OSError:
                    continue
        return devices

    def change(self, devices, rng):
        """All that can be asked for, with as many legs and without one."""
        tiers = ["cold", "hot"]
        rng.shuffle(tiers)
        for vid, device in devices.items():
            device.write_some(self.extent)
            for tier in tiers:
                self.order(f"migrate {vid} 0 0 {tier}")
        self.order("scrub start")
        leg = rng.randrange(len(self.paths))
        if rng.randrange(2) and self.order(f"fail_leg {leg}"):
            for device in devices.values():
                device.write_some(self.extent)
            self.order(f"restore_leg {leg}")
        for text in ("flush", "checkpoint", f"create_volume {rng.randrange(4, 9)} 2048 new"):
            self.order(text)
        if rng.randrange(2):
            dm.suspend(POOL)
            dm.resume(POOL)

    def use(self, pool, rng, change):
        devices = self.open_volumes(pool, rng)
        try:
            for device in devices.values():
                device.read_all()
            if change:
                self.change(devices, rng)
                for device in devices.values():
                    device.read_all()
        finally:
            for vid, device in devices.items():
                device.close()
                self.remove(f"vol{vid}")

    def remove(self, name):
        end = time.monotonic() + WAIT
        while True:
            try:
                dm.remove(name)
                return
            except OSError as error:
                if error.errno == errno.ENXIO:
                    return
                if error.errno != errno.EBUSY or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def activate(self, line, what):
        try:
            numbers = dm.create(POOL, 2048, "couche-pool", line)
            self.count[what] += 1
            return numbers
        except OSError:
            self.count[f"not {what}"] += 1
            return None

    def round(self, number):
        made = damage.damage(self.pool, number)
        self.kmsg.mark(f"{number}: {'; '.join(made.words)}")
        self.restore(made)
        rng = random.Random(number + 1)
        line = self.table(made)
        try:
            for what in ("opened", "opened again")[:1 + (rng.randrange(3) == 0)]:
                pool = self.activate(line, what)
                if not pool:
                    break
                self.use(pool, rng, what == "opened")
                self.remove(POOL)
        finally:
            self.remove(POOL)
            self.remove("short")
        return made

    def judge(self, refused):
        """Lines of the kernel's log since the last round that must not be."""
        lines = self.kmsg.news()
        for line in lines:
            if refused and "device-mapper: couche-pool: " in line:
                text = line.split("device-mapper: couche-pool: ", 1)[1].strip()
                self.reasons[re.sub(r"[0-9]+", "N", text.split(": ", 1)[-1])] += 1
        return lines if any(REPORT.search(line) for line in lines) else []


def uuid_text(raw):
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def one(rounds, number):
    """Returns what was wrong with the round itself, and what the kernel said of it."""
    before, start, wrong = dict(rounds.count), time.monotonic(), ""
    signal.alarm(HANG)
    try:
        rounds.round(number)
    except Hang:
        wrong = f": {number} took more than {HANG} s"
    except OSError as error:
        wrong = f": {number}: what it left cannot be taken down: {error}"
    signal.alarm(0)
    new = [f"{times - before.get(what, 0)} {what}" for what, times in rounds.count.items()
           if times > before.get(what, 0)]
    print(f"# {number}: {time.monotonic() - start:.2f} s, {', '.join(new)}", flush=True)
    return wrong, rounds.judge(rounds.count["not opened"] > before.get("not opened", 0))


def main():
    directory, seed, seconds, limit = sys.argv[1], *map(int, sys.argv[2:5])
    end = time.monotonic() + seconds
    rounds, number, wrong, lines = Rounds(directory), seed, "", []
    signal.signal(signal.SIGALRM, on_alarm)
    while number < seed + limit and time.monotonic() < end and not lines and not wrong:
        wrong, lines = one(rounds, number)
        number += 1
    for what, times in rounds.count.most_common():
        print(f"# {what}: {times}")
    for reason, times in rounds.reasons.most_common():
        print(f"#   {times} refused: {reason}")
    for line in lines[:80]:
        print(f"# {line.rstrip()}")
    some = rounds.count["opened"] and rounds.reasons or number - seed < 10
    for good, name in [(not lines, f"{number - seed} damaged pools without a report by the kernel"),
                       (not wrong, f"all of them went down again{wrong}"),
                       (some, f"{rounds.count['opened']} of them were opened, others refused for "
                              f"{len(rounds.reasons)} reasons")]:
        print(f"{'ok' if good else 'not ok'} - {name}")
    sys.exit(not all((not lines, not wrong, some)))


if __name__ == "__main__":
    main()
