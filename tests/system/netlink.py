#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: netlink.py CASE UUID [SEED]
#
# Speak the netlink family "couche" from bytes, as a program that knows the
# protocol only, or that means ill. Ends with 0 when the case holds, and says
# what was wrong otherwise. The numbers are read from the header, strings of
# system calls from Python's own names.

import errno
import os
import random
import re
import socket
import struct
import sys

HEADER = os.path.join(os.environ["COUCHE_TOP"], "uapi/couche_netlink.h")
REQUEST, ACK, DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
CTRL, GETFAMILY, FAMILY_ID, FAMILY_NAME, MCAST_GROUPS = 16, 3, 1, 2, 7
SOL_NETLINK, ADD_MEMBERSHIP, CAP_ACK, EXT_ACK, STRICT = 270, 1, 10, 11, 12
NOBODY = 65534


def numbers():
    """COUCHE_* of the header: those it gives, and those its enums count."""
    found, value = {}, 0
    with open(HEADER, encoding="ascii") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    for body in re.findall(r"enum[^{]*\{(.*?)\}", text, flags=re.S):
        value = 0
        for name, given in re.findall(r"(\w+)(?:\s*=\s*([^,]+))?\s*,?", body):
            if not name.startswith("COUCHE_") or name.endswith("_MAX"):
                continue
            value = int(given, 0) if given else value
            found[name[len("COUCHE_"):]] = value
            value += 1
    return found


N = numbers()


# Each takes a pool and the index of a leg.
LEG_ORDERS = ("LEG_FAIL", "LEG_RESTORE", "LEG_ADD", "LEG_REPLACE", "LEG_REMOVE", "LEG_DRAIN",
              "LEG_UNDRAIN")


class Refused(Exception):
    """What the kernel answered: an errno."""


def attr(number, payload):
    head = struct.pack("=HH", len(payload) + 4, number)
    return head + payload + b"\0" * (-len(payload) % 4)


def u32(name, value):
    return attr(N[name], struct.pack("=I", value))


def u64(name, value):
    return attr(N[name], struct.pack("=Q", value))


def attrs_of(data):
    found = {}
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        if length < 4:
            raise ValueError("an attribute shorter than its header")
        found[number & 0x3fff] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


class Netlink:
    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.sock.settimeout(20)
        for option in (CAP_ACK, EXT_ACK, STRICT):
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        self.seq = 0
        family = next(self.ask(CTRL, GETFAMILY, attr(FAMILY_NAME, b"couche\0")))
        self.family = struct.unpack("=H", family[FAMILY_ID])[0]
        groups = attrs_of(family[MCAST_GROUPS])
        self.group = struct.unpack("=I", attrs_of(groups[1])[2])[0]

    def send(self, kind, command, payload, flags):
        self.seq += 1
        data = struct.pack("=BBH", command, 1, 0) + payload
        self.sock.send(struct.pack("=IHHII", len(data) + 16, kind, flags, self.seq, 0) + data)

    def messages(self, size=65536):
        data = self.sock.recv(size)
        while len(data) >= 16:
            length, kind, _, seq, _ = struct.unpack_from("=IHHII", data)
            yield kind, seq, data[16:length]
            data = data[(length + 3) & ~3:]

    def ask(self, kind, command, payload=b"", flags=ACK, size=65536):
        """Yield the attributes of each answer; raise what it is refused with."""
        self.send(kind, command, payload, REQUEST | flags)
        while True:
            for got, seq, body in self.messages(size):
                if seq != self.seq:
                    continue
                if got in (NLMSG_ERROR, NLMSG_DONE):
                    code = struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                    if code:
                        raise Refused(-code)
                    return
                yield attrs_of(body[4:])

    def do(self, name, *payload):
        return list(self.ask(self.family, N["CMD_" + name], b"".join(payload)))

    def dump(self, name, *payload, size=65536):
        return self.ask(self.family, N["CMD_" + name], b"".join(payload), DUMP, size)


def refused(wanted, action):
    try:
        action()
    except Refused as error:
        code = error.args[0]
        if code not in wanted:
            sys.exit(f"refused with {errno.errorcode.get(code, code)}")
        return
    sys.exit("was not refused")


def pool_attr(uuid):
    return attr(N["A_POOL_UUID"], bytes.fromhex(uuid.replace("-", "")))


def order(uuid, tier=2, **extra):
    return [pool_attr(uuid), u32("A_VOLUME_ID", 1), attr(N["A_TIER"], bytes([tier]))] + \
        [u32(k, v) for k, v in extra.items()]


def u8(name, value):
    return attr(N[name], bytes([value]))


def profile(uuid, k, m, tier=2):
    return [pool_attr(uuid), u8("A_TIER", tier), u8("A_PROFILE_K", k), u8("A_PROFILE_M", m)]


def case_unprivileged(nl, uuid):
    """Who is nobody may look, and change nothing."""
    os.setgroups([])
    os.setuid(NOBODY)
    nl = Netlink()
    if not list(nl.dump("POOL_GET")) or not list(nl.dump("LEG_GET", pool_attr(uuid))):
        sys.exit("nobody may not look")
    refused([errno.EPERM], lambda: nl.do("MIGRATE", *order(uuid)))
    for name in LEG_ORDERS:
        refused([errno.EPERM], lambda name=name: nl.do(name, pool_attr(uuid),
                                                       u32("A_LEG_INDEX", 2)))
    refused([errno.EPERM], lambda: nl.do("MIGRATE_CANCEL", pool_attr(uuid),
                                         u32("A_MIGRATION_ID", 1)))
    refused([errno.EPERM], lambda: nl.do("FLUSH", pool_attr(uuid)))
    refused([errno.EPERM], lambda: nl.do("POOL_SET_PROFILE", *profile(uuid, 1, 1)))


def case_no_journal(nl, uuid):
    """Where there is no data journal, none is flushed."""
    refused([errno.ENODEV], lambda: nl.do("FLUSH", pool_attr(uuid)))


def case_journal(nl, uuid, wanted):
    """Which volumes have writes to all their extents staged."""
    found = [str(struct.unpack("=I", volume[N["A_VOLUME_ID"]])[0])
             for volume in nl.dump("VOLUME_GET", pool_attr(uuid))
             if N["A_VOLUME_JOURNAL_ALL"] in volume]
    if " ".join(found) != wanted:
        sys.exit(f"volumes '{' '.join(found)}' ask, not '{wanted}'")


def case_malformed_profile(nl, uuid):
    """A profile that is none, or none for this pool."""
    bad = (errno.EINVAL, errno.ERANGE)
    sound = profile(uuid, 1, 1)
    for i in range(len(sound)):
        refused(bad, lambda i=i: nl.do("POOL_SET_PROFILE", *sound[:i], *sound[i + 1:]))
    for extra in ([u8("A_PROFILE_MATRIX", 2)], [u8("A_PROFILE_MIN_HEALTHY", 0)],
                  [u8("A_PROFILE_MIN_HEALTHY", 33)], [u8("A_PROFILE_MIN_HEALTHY", 3)],
                  [attr(N["A_PROFILE_MATRIX"], b"")], [u32("A_LEG_INDEX", 1)],
                  [attr(N["A_RATE_BYTES"], b"\1\2\3")]):
        refused(bad, lambda extra=extra: nl.do("POOL_SET_PROFILE", *sound, *extra))
    for k, m in ((0, 2), (0, 0), (33, 0), (1, 33), (255, 255), (32, 32), (1, 32), (32, 1), (3, 1)):
        refused(bad, lambda k=k, m=m: nl.do("POOL_SET_PROFILE", *profile(uuid, k, m)))
    for tier in (0, 1, 3, 255):
        refused(bad, lambda tier=tier: nl.do("POOL_SET_PROFILE", *profile(uuid, 1, 1, tier)))
    for name in ("A_PROFILE_K", "A_PROFILE_M", "A_TIER"):
        refused(bad, lambda name=name: nl.do("POOL_SET_PROFILE", *sound, attr(N[name], b"")))
    refused([errno.EALREADY], lambda: nl.do("POOL_SET_PROFILE", *profile(uuid, 2, 1)))


def case_malformed(nl, uuid):
    """Each field out of place is refused."""
    bad = (errno.EINVAL, errno.ERANGE)
    pool, volume, tier = order(uuid)
    for fields in ([volume, tier], [pool, tier], [pool, volume], [],
                   [attr(N["A_POOL_UUID"], b"short"), volume, tier],
                   [pool, u32("A_VOLUME_ID", 0), tier], [pool, u32("A_VOLUME_ID", 1025), tier],
                   [pool, volume, attr(N["A_TIER"], b"\3")],
                   [pool, volume, attr(N["A_TIER"], b"")],
                   [pool, volume, tier, u32("A_MIGRATE_FLAGS", 4)],
                   [pool, volume, tier, attr(N["A_RATE_BYTES"], b"\1\2\3")],
                   [pool, volume, tier, u32("A_LEG_INDEX", 1)],
                   [pool, volume, tier, attr(4000, b"what")],
                   [pool, volume, tier, u64("A_EXTENT_FIRST", 1 << 63)],
                   [pool, volume, tier, u64("A_EXTENT_COUNT", (1 << 64) - 1)]):
        refused(bad, lambda fields=fields: nl.do("MIGRATE", *fields))
    for name in LEG_ORDERS:
        for fields in ([], [pool], [u32("A_LEG_INDEX", 2)], [pool, u32("A_LEG_INDEX", 64)],
                       [pool, attr(N["A_LEG_INDEX"], b"\2")], [pool, attr(N["A_LEG_INDEX"], b"")],
                       [pool, u32("A_LEG_INDEX", 2), volume],
                       [attr(N["A_POOL_UUID"], b"short"), u32("A_LEG_INDEX", 2)]):
            refused(bad, lambda name=name, fields=fields: nl.do(name, *fields))
        refused([errno.ENOENT, errno.EINVAL, errno.ENODEV],
                lambda name=name: nl.do(name, pool, u32("A_LEG_INDEX", 63)))
    for fields in ([], [attr(N["A_POOL_UUID"], b"short")], [pool, volume],
                   [pool, u32("A_FLUSH_LEFT", 1)]):
        refused(bad, lambda fields=fields: nl.do("FLUSH", *fields))
    case_malformed_profile(nl, uuid)
    refused([errno.EOPNOTSUPP], lambda: list(nl.ask(nl.family, 200)))
    refused([errno.ESTALE], lambda: nl.do("MIGRATE", pool, volume, tier,
                                          u64("A_VOLUME_GENERATION", 1 << 40)))
    stranger = pool_attr("ffffffff-ffff-4fff-8fff-ffffffffffff")
    refused([errno.ENOENT, errno.ENODEV], lambda: nl.do("MIGRATE", stranger, volume, tier))


def extents(nl, uuid, size=65536):
    numbers_seen = []
    for got in nl.dump("EXTENT_GET", pool_attr(uuid), u32("A_VOLUME_ID", 1), size=size):
        column = got[N["A_EXTENT_NUMBERS"]]
        numbers_seen += struct.unpack(f"={len(column) // 8}Q", column)
    return numbers_seen


def case_extents(nl, uuid):
    """A dump of many messages has every extent once, in order."""
    seen = extents(nl, uuid)
    if len(seen) < 300 or seen != sorted(set(seen)):
        sys.exit(f"{len(seen)} extents, {len(set(seen))} of them different")
    part = [list(struct.unpack(f"={len(c) // 8}Q", c)) for c in
            (got[N["A_EXTENT_NUMBERS"]] for got in
             nl.dump("EXTENT_GET", pool_attr(uuid), u32("A_VOLUME_ID", 1),
                     u64("A_EXTENT_FIRST", 100), u64("A_EXTENT_COUNT", 50)))]
    if sum(part, []) != seen[100:150]:
        sys.exit(f"extents 100 to 149 are {part}")


def case_removed(nl, uuid):
    """A dump whose pool goes away ends; the next one says so."""
    answers = nl.dump("EXTENT_GET", pool_attr(uuid), u32("A_VOLUME_ID", 1), size=4096)
    next(answers)
    if os.system("dmsetup remove vol1 && dmsetup remove pool"):
        sys.exit("the reader of a dump keeps the pool")
    try:
        for _ in answers:
            pass
    except Refused:
        pass
    refused([errno.ENOENT, errno.ENODEV], lambda: extents(nl, uuid))


def case_shifted(nl, uuid, first, count):
    """A dump of all pools is not thrown off when one that is through goes."""
    whose = bytes.fromhex(uuid.replace("-", ""))
    seen = []
    for got in nl.dump("VOLUME_GET"):
        if got[N["A_POOL_UUID"]] != whose:
            continue
        seen.append(struct.unpack("=I", got[N["A_VOLUME_ID"]])[0])
        if len(seen) == 1 and os.system(f"dmsetup remove {first}"):
            sys.exit("the reader of a dump keeps the pool")
    if seen != list(range(1, int(count) + 1)):
        sys.exit(f"{len(seen)} of {count} volumes: {seen}")


def case_events(nl, uuid):
    """A migration says that it begins and how it ends, in this order."""
    ear = Netlink()
    ear.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, ear.group)
    wanted = struct.unpack("=I", nl.do("MIGRATE", *order(uuid, 2))[0][N["A_MIGRATION_ID"]])[0]
    states = []
    while not states or states[-1] < N["MIGRATION_DONE"]:
        for kind, _, body in ear.messages():
            got = attrs_of(body[4:])
            if kind == ear.family and body[0] == N["CMD_MIGRATION_NTF"] and \
                    struct.unpack("=I", got[N["A_MIGRATION_ID"]])[0] == wanted:
                states.append(got[N["A_MIGRATION_STATE"]][0])
    if states[-1] != N["MIGRATION_DONE"] or states != sorted(states):
        sys.exit(f"the states were {states}")


def noise(rng, uuid):
    """An attribute that is more or less like a right one."""
    number = rng.choice([rng.randrange(1, 80), rng.randrange(1 << 16)])
    payload = rng.choice([
        bytes.fromhex(uuid.replace("-", "")), rng.randbytes(rng.randrange(40)),
        struct.pack("=I", rng.choice([0, 1, 2, 63, 64, 1 << 31, (1 << 32) - 1])),
        struct.pack("=Q", rng.choice([0, 1, 1 << 32, 1 << 63, (1 << 64) - 1]))])
    data = attr(number, payload)
    if rng.random() < 0.1:
        data = struct.pack("=H", rng.randrange(1 << 16)) + data[2:]
    return data


def case_noise(nl, uuid, seed):
    """Whatever is sent, there is an answer, and the pool stays as it was."""
    rng = random.Random(seed)
    harmless = [N["CMD_" + name] for name in ("POOL_GET", "LEG_GET", "VOLUME_GET", "EXTENT_GET",
                                              "MIGRATION_GET", "MIGRATE_CANCEL")]
    for _ in range(4000):
        command = rng.choice(harmless + [rng.randrange(256)])
        if command in [N["CMD_" + name] for name in (*LEG_ORDERS, "MIGRATE")] and \
                rng.random() < 0.9:
            command = rng.choice(harmless)
        right = [pool_attr(uuid), u32("A_VOLUME_ID", 1)] if rng.random() < 0.5 else []
        payload = b"".join(right + [noise(rng, uuid) for _ in range(rng.randrange(4))])
        try:
            for _ in nl.ask(nl.family, command, payload, rng.choice([ACK, DUMP | ACK])):
                pass
        except Refused:
            pass
    if not list(nl.dump("POOL_GET", pool_attr(uuid))):
        sys.exit("the pool does not answer any more")


def main():
    case, *arguments = sys.argv[1:]
    globals()["case_" + case](Netlink(), *arguments)


if __name__ == "__main__":
    main()
