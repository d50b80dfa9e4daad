#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Functions that a header declares and no kernel-doc comment describes.

usage: kerneldoc_missing.py FILE...

A comment may stand in the header or above the definition. Inline functions
of headers count as declared.
"""
import re
import sys

COMMENT = re.compile(r"/\*\*\n \* (?:struct |enum |union )?(\w+)(?:\(\))? ?[-:](.*?)\*/", re.S)
PROTO = re.compile(r"^(?!static_assert|#|typedef|extern struct)"
                   r"((?:static inline |extern )?[a-z_][\w \t]*?[\s*]+)(couche_\w+)\(", re.M)
BLOCK = re.compile(r"/\*.*?\*/", re.S)


def main():
    documented = {}
    declared = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in COMMENT.finditer(text):
            documented[match.group(1)] = match.group(2)
        if path.endswith(".h") and path.startswith("kernel/"):
            bare = BLOCK.sub(lambda m: "\n" * m.group(0).count("\n"), text)
            for match in PROTO.finditer(bare):
                line = bare.count("\n", 0, match.start(2)) + 1
                returns = match.group(1).replace("static inline", "").replace("extern", "").strip()
                declared.append((path, line, match.group(2), returns))
    for path, line, name, returns in declared:
        if name not in documented:
            print(f"{path}:{line}: {name}() has no kernel-doc comment")
        elif returns != "void" and "Return" not in documented[name]:
            print(f"{path}:{line}: the kernel-doc of {name}() lacks Return:")


main()
