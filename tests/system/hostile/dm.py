# SPDX-License-Identifier: GPL-2.0-only
"""Device-mapper without a process for each order. Raises OSError."""
import fcntl
import struct

HEAD = struct.Struct("<3I I I I i I I I Q 128s 129s 7s")
SPEC = struct.Struct("<QQiI16s")
(CREATE, REMOVE, SUSPEND, STATUS, LOAD, TABLE_STATUS, MESSAGE) = (3, 4, 6, 7, 9, 12, 14)
SUSPEND_FLAG = 1 << 1
NOFLUSH_FLAG = 1 << 11
SIZE = 1 << 16


def ioctl(command, name, data=b"", flags=0, targets=0):
    """Returns (dev, data of the answer)."""
    buffer = bytearray(max(SIZE, HEAD.size + len(data)))
    HEAD.pack_into(buffer, 0, 4, 0, 0, len(buffer), HEAD.size, targets, 0, flags, 0, 0, 0,
                   name.encode(), b"", b"")
    buffer[HEAD.size:HEAD.size + len(data)] = data
    with open("/dev/mapper/control", "rb+", buffering=0) as control:
        fcntl.ioctl(control, 0xC138FD00 | command, buffer, True)
    head = HEAD.unpack_from(buffer)
    return head[10], bytes(buffer[head[4]:head[3]])


def create(name, sectors, target, line):
    """Create, load and resume; leaves nothing when it fails. Returns its numbers."""
    text = line.encode() + b"\0"
    text += bytes(-len(text) % 8)
    dev, _ = ioctl(CREATE, name)
    try:
        spec = SPEC.pack(0, sectors, 0, SPEC.size + len(text), target.encode())
        ioctl(LOAD, name, spec + text, targets=1)
        ioctl(SUSPEND, name)
    except OSError:
        ioctl(REMOVE, name)
        raise
    return dev >> 8 & 0xFFF, dev & 0xFF | dev >> 12 & 0xFFF00


def remove(name):
    ioctl(REMOVE, name)


def suspend(name):
    ioctl(SUSPEND, name, flags=SUSPEND_FLAG)


def resume(name):
    ioctl(SUSPEND, name)


def message(name, text):
    ioctl(MESSAGE, name, struct.pack("<Q", 0) + text.encode() + b"\0")


def status(name):
    """The words of a target's status line."""
    _, data = ioctl(TABLE_STATUS, name)
    text = data[SPEC.size:]
    return text[:text.index(b"\0")].decode().split()
