#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Find shards on the cold legs of a pool by their footers, and damage them.

usage: shards.py find|flip VOLUME DEVICE... EXTENT:SHARD[:footer]...

Prints "LEG SECTOR" for each: the number that its device's name ends in, and
where the newest shard of that extent and number begins. flip changes a bit of
its first block, or of its footer; twice is as before. It goes past the page
cache, so that it sees what the pool writes and the other way round.
"""
import mmap
import os
import re
import struct
import sys

BLOCK = 4096
CHUNK = 4 << 20
DATA_START = 1 << 20
MAGIC = struct.pack("<I", 0x74666863)


def read(fd, offset, length):
    """Bytes of the device itself."""
    buffer = mmap.mmap(-1, length)
    length = os.preadv(fd, [buffer], offset)
    return buffer[:length]


def write(fd, offset, data):
    """Likewise."""
    buffer = mmap.mmap(-1, len(data))
    buffer[:] = data
    os.pwritev(fd, [buffer], offset)


def footers(fd):
    """The place of each shard's first footer, whose it is, and its rows."""
    end = os.lseek(fd, 0, os.SEEK_END)
    for offset in range(DATA_START, end, CHUNK):
        chunk = read(fd, offset, min(CHUNK, end - offset))
        at = chunk.find(MAGIC)
        while at >= 0:
            if at % BLOCK == 0:
                volume, generation, extent = struct.unpack_from("<IIQ", chunk, at + 24)
                rows = struct.unpack_from("<H", chunk, at + 52)[0]
                yield offset + at, (volume, extent, chunk[at + 48]), generation, rows
            at = chunk.find(MAGIC, at + 1)


def newest_shards(devices):
    """By volume, extent and number of the shard."""
    newest = {}
    for device in devices:
        fd = os.open(device, os.O_RDWR | os.O_DIRECT)
        leg = int(re.search(r"\d+$", device).group())
        for at, whose, generation, rows in footers(fd):
            if generation >= newest.get(whose, (0,))[0]:
                newest[whose] = (generation, leg, fd, at - (rows - 1) * BLOCK, at)
    return newest


def main():
    """See above."""
    command, volume = sys.argv[1], int(sys.argv[2])
    newest = newest_shards([a for a in sys.argv[3:] if a.startswith("/")])
    for wanted in (a.split(":") for a in sys.argv[3:] if not a.startswith("/")):
        shard = newest.get((volume, int(wanted[0]), int(wanted[1])))
        if not shard:
            sys.exit(f"no such shard: {wanted}")
        _, leg, fd, start, footer = shard
        print(leg, start // 512)
        if command == "flip":
            at = footer if wanted[2:] == ["footer"] else start
            block = bytearray(read(fd, at, BLOCK))
            block[100] ^= 0x10
            write(fd, at, bytes(block))


if __name__ == "__main__":
    main()
