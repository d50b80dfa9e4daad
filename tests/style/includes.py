#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which file may include which.

usage: includes.py FILE...

The order is uapi <- kernel/core <- kernel; agent and tools see uapi only. And
no circle within kernel/: x.c and x.h count as one, so that one can always say
which of two files stands above the other.
"""
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
CONDITIONAL = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif).*"
                         r"(__KERNEL__|LINUX_VERSION_CODE|KERNEL_VERSION)", re.M)

# What portable code may take from the kernel; tests/shim has to offer it.
CORE_LINUX = {
    "align", "atomic", "bitmap", "bitops", "bits", "bug", "build_bug", "compiler",
    "container_of", "cpufeature", "crc32c", "err", "errno", "find", "hash", "jhash",
    "kernel", "limits", "list", "log2", "math", "math64", "minmax", "mm", "module",
    "overflow", "rbtree", "rcupdate", "slab", "sort", "spinlock", "stddef", "string",
    "swab", "types", "unaligned", "uuid", "vmalloc",
}
CORE_ASM = {"byteorder", "unaligned", "cpufeature", "fpu/api", "simd", "cpu_device_id"}

# Files of couchectl that read legs or judge by the rules of the kernel, with kernel/core.
CORE_USERS = re.compile(r"^tools/(check|device|health|label|leg_room|offline|plan|rescue|scan|super"
                        r"|cmd_check|cmd_pool|cmd_rescue)\w*\.[ch]$")

PURE_FORBIDDEN = re.compile(r"^(sys/(socket|timerfd|epoll|stat|inotify)|netinet/|arpa/|curl/|"
                            r"netlink/|fcntl\.h|unistd\.h|time\.h|systemd/|microhttpd)")


def area(path):
    """The layer of a file of the tree."""
    for name in ("uapi", "kernel/core", "kernel/tests", "kernel", "agent", "tools", "tests"):
        if path.startswith(name + "/"):
            return name
    return None


def resolve(path, included, known):
    """The file of the tree that a quoted name means, or None."""
    candidates = [os.path.join(os.path.dirname(path), included), included]
    candidates += [os.path.join(top, included) for top in
                   ("uapi", "kernel/core", "kernel", "agent", "agent/lib", "tools", "tests/unit",
                    "tests/shim")]
    for candidate in candidates:
        candidate = os.path.normpath(candidate)
        if candidate in known:
            return candidate
    return None


def system_include(path, here, name):
    """A complaint about <name>, or None."""
    stem = name[:-2] if name.endswith(".h") else name
    if here == "uapi" and name not in ("linux/types.h", "linux/build_bug.h"):
        return f"uapi includes <{name}>, only <linux/types.h> is allowed"
    if here == "kernel/core":
        if stem.startswith("linux/") and stem[6:] in CORE_LINUX:
            return None
        if stem.startswith("asm/") and stem[4:] in CORE_ASM:
            return None
        if name.endswith("mmintrin.h"):
            return None
        return f"kernel/core includes <{name}>, which portable code cannot have"
    if path.startswith("agent/decide/") and PURE_FORBIDDEN.match(name):
        return f"decide/ is pure and includes <{name}>"
    return None


def tree_include(path, here, target):
    """A complaint about a file of the tree that is included, or None."""
    there = area(target)
    allowed = {
        "uapi": {"uapi"},
        "kernel/core": {"uapi", "kernel/core"},
        "kernel": {"uapi", "kernel/core", "kernel"},
        "kernel/tests": {"uapi", "kernel/core", "kernel", "kernel/tests"},
        "agent": {"uapi", "agent"},
        "tools": {"uapi", "tools"},
    }
    if here not in allowed or there in allowed[here]:
        return None
    if here == "tools" and target.startswith("agent/lib/"):
        return None
    if here == "tools" and there == "kernel/core" and CORE_USERS.match(path):
        return None
    return f"{here} includes {target}"


def check(path, known):
    """Yield (line, complaint)."""
    here = area(path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        target = resolve(path, match.group(2), known) if match.group(1) == '"' else None
        if match.group(1) == '"' and target is None:
            target = match.group(2) if match.group(2).startswith("../") else None
        complaint = tree_include(path, here, target) if target else \
            system_include(path, here, match.group(2)) if match.group(1) == "<" else None
        if complaint:
            yield line, complaint
    if here in ("uapi", "kernel/core", "kernel") and path != "kernel/compat.h":
        for match in CONDITIONAL.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            yield line, f"{match.group(1)} outside kernel/compat.h"


def modules(paths):
    """What each pair of files of kernel/ includes of the others: {stem: {stem: place}}."""
    known = set(paths)
    graph = {}
    for path in paths:
        if area(path) != "kernel":
            continue
        stem = os.path.splitext(path)[0]
        edges = graph.setdefault(stem, {})
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in INCLUDE.finditer(text):
            target = resolve(path, match.group(2), known) if match.group(1) == '"' else None
            if target and area(target) == "kernel" and os.path.splitext(target)[0] != stem:
                line = text.count("\n", 0, match.start(1)) + 1
                edges.setdefault(os.path.splitext(target)[0], f"{path}:{line}")
    return graph


def circle(graph):
    """The stems of one circle, in order, or None."""
    done = set()

    def visit(stem, way):
        if stem in way:
            return way[way.index(stem):]
        if stem in done:
            return None
        for target in sorted(graph.get(stem, ())):
            found = visit(target, way + [stem])
            if found:
                return found
        done.add(stem)
        return None

    for stem in sorted(graph):
        found = visit(stem, [])
        if found:
            return found
    return None


def main():
    known = set(sys.argv[1:])
    for path in sys.argv[1:]:
        for line, complaint in check(path, known):
            print(f"{path}:{line}: {complaint}")
    graph = modules(sys.argv[1:])
    found = circle(graph)
    for stem, target in zip(found or (), (found or [])[1:] + (found or [])[:1]):
        print(f"{graph[stem][target]}: part of a circle: {stem} includes {target}")


main()
