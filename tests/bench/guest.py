# SPDX-License-Identifier: GPL-2.0-only
"""What the benchmarks inside user-mode Linux share: legs, pools, and races.

A race alternates ours and the peer, because the machine's speed drifts, and
quotes the median of the ratios round by round with their spread.
"""

import fcntl
import json
import os
import statistics
import struct
import subprocess
import sys
import time

ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 7)
UUID = "c0c4e570-0000-4000-8000-00000000000%u"
NULLB = "/sys/kernel/config/nullb"
DM_TABLE_STATUS = 0xC138FD0C

# As fast as memory.
RAM = {}
# A hundred requests a second one by one, two thousand from a deep queue, and a
# disk's bandwidth. Neighbours that are sent together become one request.
DISK = {"irqmode": 2, "completion_nsec": 8000000, "submit_queues": 1,
        "hw_queue_depth": 16, "mbps": 150}

# Many requests a system call: one call costs about 50 us here.
SMALL = ["--bs=4k", "--iodepth=256", "--iodepth_batch_submit=128",
         "--iodepth_batch_complete_min=128"]
LARGE = ["--bs=1M", "--iodepth=16", "--iodepth_batch_submit=4",
         "--iodepth_batch_complete_min=4"]


def run(*args):
    """Run a program; what it prints is shown when it fails."""
    done = subprocess.run(args, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{' '.join(args)}: status {done.returncode}\n"
                 + done.stdout.decode(errors="replace"))
    return done.stdout


def write_file(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(text))


def read_file(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def fill(device, mib, source="/dev/urandom"):
    run("dd", f"if={source}", f"of={device}", "bs=1M", "oflag=direct",
        f"count={mib}", "status=none")


def make_leg(name, mib, model=None):
    """A null_blk device; as fast as memory, it is written so that its pages are there."""
    os.mkdir(f"{NULLB}/{name}")
    keys = {"size": mib, "memory_backed": 1, "irqmode": 0, "submit_queues": 2,
            "blocksize": 4096, "max_sectors": 2560}
    keys.update(model or RAM)
    for key, value in keys.items():
        write_file(f"{NULLB}/{name}/{key}", value)
    write_file(f"{NULLB}/{name}/power", 1)
    write_file(f"/sys/block/{name}/queue/scheduler", "none")
    if not model:
        fill(f"/dev/{name}", mib, "/dev/zero")
    return f"/dev/{name}"


def load_modules():
    subprocess.run(["modprobe", "null_blk", "nr_devices=0"], check=False)
    run("insmod", f"{os.environ['COUCHE_BUILD']}/dm-couche.ko")


def table(name, line):
    run("dmsetup", "create", name, "--table", line)
    run("dmsetup", "mknodes")
    return f"/dev/mapper/{name}"


def message(pool, *words):
    run("dmsetup", "message", pool, "0", " ".join(str(w) for w in words))


def dm_status(name):
    """The status words of a device's first target, without a process for it."""
    head = struct.pack("=3I I I I i I I I Q 128s 129s 7x", 4, 0, 0, 16384, 312, 0, 0,
                       1 << 11, 0, 0, 0, name.encode(), b"")
    buf = bytearray(head.ljust(16384, b"\0"))
    with open("/dev/mapper/control", "rb") as control:
        fcntl.ioctl(control, DM_TABLE_STATUS, buf)
    start = struct.unpack_from("=I", buf, 16)[0] + 40
    return buf[start:buf.index(b"\0", start)].decode().split()


def wait_for(condition, seconds, what, pause=0.01):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {seconds} s in vain: {what}")
        time.sleep(pause)


class Pool:
    """A pool, with one volume that fills it as far as it is used."""

    def __init__(self, name, number, legs, features=""):
        self.name = name
        self.uuid = UUID % number
        self.legs = list(legs)
        self.leg_timeout = 0
        self.device = table(name, self.table(f"format cold 4+2 {features}"))
        self.volume = None
        self.mib = 0

    def table(self, features=""):
        # The peers wait for a device for ever; so do we, unless told otherwise.
        # With a time-out reads go through memory of the pool's own, a copy more.
        features += f" leg_timeout {self.leg_timeout}"
        words = " ".join(f"{role} {device}" for role, device in self.legs)
        return (f"0 2048 couche-pool {self.uuid} {len(self.legs)} {words} "
                f"{len(features.split())} {features}")

    def offer(self, leg, device):
        """Put another device where a leg has failed."""
        self.legs[leg] = (self.legs[leg][0], device)
        self.reload()

    def set_leg_timeout(self, seconds):
        self.leg_timeout = seconds
        self.reload()

    def reload(self):
        run("dmsetup", "suspend", self.name)
        run("dmsetup", "load", self.name, "--table", self.table())
        run("dmsetup", "resume", self.name)

    def add_volume(self, mib):
        self.mib = mib
        message(self.name, "create_volume", 1, mib * 2048, "bench")
        self.volume = table(f"{self.name}-volume", f"0 {mib * 2048} couche {self.device} 1")
        fill(self.volume, mib)
        return self.volume

    def status(self):
        return dm_status(self.name)

    def tiers(self):
        """Extents that are hot, warm and cold."""
        return [int(n) for n in dm_status(f"{self.name}-volume")[1].split("/")]

    def migrate(self, tier):
        message(self.name, "migrate", 1, 0, 0, tier)
        index = ("hot", "warm", "cold").index(tier)
        wait_for(lambda: self.tiers()[index] == sum(self.tiers()), 300, f"migration to {tier}")


class Raid6:
    """md raid6 over six legs, with what it needs to be fast.

    A resync that finds no free stripe sleeps for a tick, which is 10 ms here: so
    the stripe cache is as large as md allows. Whoever measures what is read from
    the devices asks for one that does not hold all of them.
    """

    def __init__(self, devices, options=(), name="md0", stripes=32768):
        self.device = f"/dev/{name}"
        self.sysfs = f"/sys/block/{name}/md"
        run("mdadm", "--create", self.device, "--run", "--level=6", "--raid-devices=6",
            "--chunk=256", "--assume-clean", "--bitmap=none", "--quiet", *options, *devices)
        for key, value in (("stripe_cache_size", stripes), ("group_thread_cnt", 2),
                           ("sync_speed_min", 10000000), ("sync_speed_max", 10000000)):
            self.set(key, value)

    def set(self, key, value):
        write_file(f"{self.sysfs}/{key}", value)

    def get(self, key):
        return read_file(f"{self.sysfs}/{key}")


def fio(device, mode, shape, *, mib, seconds=None):
    """Bytes a second of one run: so many seconds, or all of it once."""
    length = [f"--runtime={seconds}", "--time_based"] if seconds else []
    out = run("fio", "--name=x", f"--filename={device}", "--direct=1", "--ioengine=io_uring",
              f"--rw={mode}", f"--size={mib}M", "--output-format=json", *length, *shape)
    job = json.loads(out[out.index(b"{"):])["jobs"][0]
    return job["write" if "write" in mode else "read"]["bw_bytes"]


def quote(name, pairs, peer_name, **more):
    """Print the result of rounds of (ours, peer) in bytes a second."""
    ratios = sorted(a / b for a, b in pairs)
    result = {
        "name": name,
        "ours": round(statistics.median(a for a, _ in pairs) / 1e6, 1),
        "peer": round(statistics.median(b for _, b in pairs) / 1e6, 1),
        "peer_name": peer_name,
        "unit": "MB/s",
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(ratios[0], 3), round(ratios[-1], 3)],
    }
    result.update({key: value for key, value in more.items() if value is not None})
    print(json.dumps(result), flush=True)


def race(ours, peer, rounds=ROUNDS):
    """Rounds of (ours, peer), in turns; the first is a warm-up and left out."""
    pairs = []
    for turn in range(rounds + 1):
        if turn % 2:
            theirs = peer()
            mine = ours()
        else:
            mine = ours()
            theirs = peer()
        if turn:
            pairs.append((mine, theirs))
        print(f"# {mine / 1e6:.1f} {theirs / 1e6:.1f} MB/s", flush=True)
    return pairs
