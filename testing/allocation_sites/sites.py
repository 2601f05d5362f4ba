#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether each call in core/ that asks for memory was refused it in a test.

    sites.py NOTES=BINARY...

finds these calls in the source, and the places that the tests' notes of failed
allocations name (EBPF_FAILED_ALLOCATIONS, testing/host_port) in their binaries'
line tables. Ends with 1 where a call was never refused that unreached.txt does
not name with its reason, or was although it is named there.
"""

import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNREACHED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unreached.txt")

# What asks for memory, or may: arrays that grow, buffers.
CALL = re.compile(
    r"\bNew(?:Array)?<|\bebpf_port(?:_exec|_mappable)?_alloc\(|(?:\.|->)(?:Allocate"
    r"|AllocateMappable|AllocateZeroed|PushBack|Append|Reserve|Resize|Grow)\(")
# The functions that pass a request on: their callers are the calls.
PASSED_ON = {"core/memory/allocator.h", "core/memory/vector.h",
             "core/memory/buffer.h", "core/memory/counted_allocator.cc",
             "core/memory/port_allocator.cc", "core/memory/keeper.h"}
NO_CODE = re.compile(r"_test\.cc$|_fuzz\.cc$|_nc\.cc$|_cases\.cc$|/test_|_test_"
                     r"|_test\.h$|fixture|core/platform/")


def end_of_call(text, start):
    """Where the parentheses that open behind `start` close."""
    at = text.index("(", start)
    depth = 0
    while True:
        if text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1


def without_comments(text):
    return re.sub(r"//[^\n]*", lambda m: " " * len(m.group(0)), text)


def sites():
    """[(file, first line, last line, the line's text)]."""
    found = []
    for path in sorted(glob.glob(os.path.join(ROOT, "core/**/*.[ch]*"), recursive=True)):
        name = os.path.relpath(path, ROOT)
        if not name.endswith((".cc", ".h")) or NO_CODE.search(name) or name in PASSED_ON:
            continue
        with open(path, encoding="utf-8") as source:
            text = without_comments(source.read())
        for match in CALL.finditer(text):
            # The line where the expression begins may be the one before.
            first = text.count("\n", 0, match.start()) + 1
            last = text.count("\n", 0, end_of_call(text, match.start())) + 1
            line = " ".join(text.split("\n")[first - 1].split())
            found.append((name, first, last, line))
    return found


def places(notes, binary):
    """The (file, line) of each noted call, inlined ones too."""
    with open(notes, encoding="utf-8") as file:
        addresses = file.read()
    symbolizer = os.environ.get("SYMBOLIZER", "llvm-symbolizer-19")
    out = subprocess.run([symbolizer, "--obj=" + binary, "--relative-address",
                          "--output-style=GNU"], input=addresses, check=True,
                         stdout=subprocess.PIPE, encoding="utf-8").stdout
    found = set()
    for line in out.splitlines():
        match = re.search(r"(core/[\w/]+\.\w+):(\d+)", line)
        if match:
            found.add((match.group(1), int(match.group(2))))
    return found


def named():
    """{(file, text of the line): reason} of unreached.txt."""
    reasons = {}
    with open(UNREACHED, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, text, reason = line.rstrip("\n").split(" | ")
                reasons[name, text] = reason
    return reasons


def main():
    refused = set()
    for pair in sys.argv[1:]:
        notes, binary = pair.split("=")
        refused |= places(notes, binary)
    reasons = named()
    used, missing, total, reached = set(), [], 0, 0
    for name, first, last, line in sites():
        total += 1
        hit = any((name, at) in refused for at in range(first - 1, last + 1))
        reached += hit
        if (name, line) in reasons:
            used.add((name, line))
        elif not hit:
            missing.append("%s:%d: %s" % (name, first, line))
    for line in missing:
        print("never refused: " + line)
    stale = set(reasons) - used
    for name, line in sorted(stale):
        print("no such call: %s | %s" % (name, line))
    print("%d calls that ask for memory: %d refused, %d named with a reason, %d missing"
          % (total, reached, len(used), len(missing)))
    return 1 if missing or stale else 0


if __name__ == "__main__":
    sys.exit(main())
