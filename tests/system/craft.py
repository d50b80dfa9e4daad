#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Damage fields of a pool's metadata and seal the blocks again.

usage: craft.py SEED KIND DEVICE...

KIND is super, page, journal or footer. Some fields of one block or a few get
values that a reader has to expect from an enemy: the checksum is right
afterwards, so that what is validated behind it is reached. Prints what was
changed.
"""
import os
import random
import struct
import sys

BLOCK = 4096
CRC_AT = {"super": 8, "page": 4, "journal": 4, "footer": 4}
MAGIC = {
    "super": struct.pack("<Q", 0x31627368636F6300),
    "page": struct.pack("<I", 0x67706863),
    "journal": struct.pack("<I", 0x6C6A6863),
    "footer": struct.pack("<I", 0x74666863),
}
# Where fields begin and how large they are: (offset, bytes), or a table of
# records (offset, bytes of a record, how many, fields of one).
HEAD = {
    "super": [(12, 4), (16, 8), (32, 8), (40, 8), (48, 8), (56, 8), (64, 8), (72, 4), (76, 4),
              (80, 4), (84, 4), (88, 8), (96, 4), (100, 4), (104, 8), (112, 8), (120, 4),
              (124, 1), (128, 4), (200, 1), (201, 1), (202, 1), (203, 1), (208, 1), (209, 1),
              (216, 1), (217, 1), (218, 1), (219, 1), (220, 1), (224, 8), (232, 4)],
    "page": [(8, 8), (16, 4), (20, 1), (24, 4), (28, 4)],
    "journal": [(8, 8), (16, 4), (20, 2), (22, 2)],
    "footer": [(8, 8), (24, 4), (28, 4), (32, 8), (40, 4), (44, 4), (48, 1), (49, 1), (50, 1),
               (51, 1), (52, 2), (54, 2), (56, 4), (60, 4), (64, 4)],
}
LEG = (512, 32, 64, [(0, 8), (16, 8), (24, 1), (25, 1), (26, 2)])
PAGE_RECORDS = {
    1: (64, 128, 31, [(0, 4), (4, 4), (8, 8), (32, 8)]),
    2: (64, 264, 15, [(0, 1), (1, 1), (2, 1), (3, 1), (8, 4), (12, 4), (16, 4), (20, 4),
                      (24, 4), (28, 4)]),
    3: (64, 16, 252, [(0, 4), (4, 4), (8, 4), (12, 2), (14, 1), (15, 1)]),
    4: (64, 32, 126, [(0, 8), (8, 8), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2)]),
}
# Journal records by type: type, len, id, then what follows.
JOURNAL_RECORDS = {
    1: [(0, 2), (2, 2), (4, 4), (8, 8), (16, 4), (20, 4), (24, 4), (28, 2), (30, 1), (31, 1)],
    2: [(0, 2), (2, 2), (4, 4), (8, 1), (9, 1), (10, 1), (11, 1), (16, 4), (20, 4), (24, 4)],
    3: [(0, 2), (2, 2), (4, 4), (8, 4), (12, 4), (16, 8)],
    4: [(0, 2), (2, 2), (4, 4), (8, 8), (16, 8), (24, 4), (28, 4), (32, 4), (36, 2), (38, 2)],
}


def crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


TABLE = crc_table()


def crc32c(crc, data):
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def seal(block, kind, seed):
    at = CRC_AT[kind]
    block[at:at + 4] = bytes(4)
    struct.pack_into("<I", block, at, crc32c(seed, block))


def sealed(block, kind, seed):
    at = CRC_AT[kind]
    copy = bytearray(block)
    copy[at:at + 4] = bytes(4)
    return struct.unpack_from("<I", block, at)[0] == crc32c(seed, copy)


def value(rng, old, size):
    top = (1 << 8 * size) - 1
    return rng.choice([0, 1, 2, top, top >> 1, (top >> 1) + 1, old + 1, old - 1, old * 2,
                       old ^ 1 << rng.randrange(8 * size), rng.randrange(256),
                       rng.randrange(top + 1)]) & top


def journal_fields(block):
    """Fields of a random record: walk the lengths as the replay does."""
    at, records = 64, []
    used = 64 + min(struct.unpack_from("<H", block, 20)[0], BLOCK - 64)
    while at + 8 <= used:
        kind, length = struct.unpack_from("<HH", block, at)
        if kind not in JOURNAL_RECORDS or length < 8:
            break
        records.append([(at + f, n) for f, n in JOURNAL_RECORDS[kind] if at + f + n <= BLOCK])
        at += length
    return records


def record_fields(rng, kind, block):
    """Fields of one of the block's records, or None."""
    if kind == "journal":
        records = journal_fields(block)
        return rng.choice(records) if records else None
    if kind == "super":
        table = LEG
    elif kind == "page":
        table = PAGE_RECORDS.get(block[20])
    else:
        table = None
    if not table:
        return None
    first, size, count, fields = table
    used = [i for i in range(count) if any(block[first + i * size:first + (i + 1) * size])]
    i = rng.choice(used) if used and rng.randrange(8) else rng.randrange(count)
    return [(first + i * size + f, n) for f, n in fields]


def damage(rng, kind, block):
    """Change one to three fields; returns what was changed."""
    fields = record_fields(rng, kind, block) if rng.randrange(3) else None
    fields = fields or HEAD[kind]
    changes = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at, size = rng.choice(fields)
        old = int.from_bytes(block[at:at + size], "little")
        new = value(rng, old, size)
        block[at:at + size] = new.to_bytes(size, "little")
        changes.append(f"{at}/{size}: {old:#x} -> {new:#x}")
    return changes


def blocks_of(fd, kind, seed):
    size = os.lseek(fd, 0, os.SEEK_END)
    found = []
    for first in range(0, size, 1 << 20):
        data = os.pread(fd, 1 << 20, first)
        for at in range(0, len(data), BLOCK):
            if data.startswith(MAGIC[kind], at) and sealed(data[at:at + BLOCK], kind, seed):
                found.append(first + at)
    return found


def pool_uuid(fd):
    """From the superblock in either slot."""
    for slot in (1, 2):
        block = os.pread(fd, BLOCK, slot * BLOCK)
        if block.startswith(MAGIC["super"]):
            return block[16:32]
    sys.exit("no superblock")


def main():
    number, kind, devices = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    rng = random.Random(number)
    fds = [os.open(device, os.O_RDWR) for device in devices]
    seed = crc32c(0xFFFFFFFF, pool_uuid(fds[0]))
    places = [(i, at) for i, fd in enumerate(fds) for at in blocks_of(fd, kind, seed)]
    if not places:
        sys.exit(f"no {kind} block")
    # One block; a few; for superblocks, also the same change on all of them.
    mode = rng.choice(["one", "one", "few", "all"] if kind == "super" else ["one", "few"])
    chosen = places if mode == "all" else rng.sample(places, min(len(places),
                                                               1 if mode == "one" else 4))
    again = rng.randrange(1 << 32)
    for i, at in chosen:
        block = bytearray(os.pread(fds[i], BLOCK, at))
        source = random.Random(again) if mode == "all" else rng
        changes = damage(source, kind, block)
        seal(block, kind, seed)
        os.pwrite(fds[i], block, at)
        print(f"{devices[i]} {at}: {', '.join(changes)}")
    for fd in fds:
        os.fsync(fd)
        os.close(fd)


if __name__ == "__main__":
    main()
