#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares functions that pass a tracepoint with the same ones that do not.

Of each pair `plain_<name>` and `place_<name>` in an object of
core/capi/rust/examples/places.rs the second must be the first and one no-op, up
to where it returns: nothing is loaded or saved for an event that nobody wants.
Each place and each event must have its entry in a section that is kept.

Usage: rust_places.py OBJECT LLVM_OBJDUMP LLVM_READELF
"""

import re
import subprocess
import sys

# Bytes as the assembler writes them; x86-64's has five.
NOPS = {"0f 1f 44 00 00", "d503201f", "00000013"}
SIZES = {"ebpf_static_sites": (16, "A"), "ebpf_tracepoints": (8, "WA")}
FUNCTION = re.compile(r"^[0-9a-f]+ <((?:plain|place)_(\w+))>:$")
INSN = re.compile(r"^\s+[0-9a-f]+:\s*((?:[0-9a-f]{2,8} ?)+)\s*\t(\S+)")
RETURNS = {"ret", "retq"}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def functions_of(listing):
    """Name -> [(bytes, mnemonic), ...] up to the return."""
    functions = {}
    current = None
    for line in listing.splitlines():
        if line.endswith(">:"):
            match = FUNCTION.match(line)
            current = functions.setdefault(match[1], []) if match else None
            continue
        match = INSN.match(line)
        if current is None or not match:
            continue
        current.append((match[1].strip(), match[2]))
        if match[2] in RETURNS:
            current = None
    return functions


def problems(functions):
    names = [n[len("place_"):] for n in functions if n.startswith("place_")]
    if len(names) < 3:
        yield f"there are {len(names)} places instead of 3"
    for name in names:
        place = functions[f"place_{name}"]
        plain = functions.get(f"plain_{name}", [])
        without = [insn for insn in place if insn[0] not in NOPS]
        if len(place) - len(without) != 1:
            yield f"place_{name} has {len(place) - len(without)} no-ops"
        if [m for _, m in without] != [m for _, m in plain]:
            yield (f"place_{name} is {' '.join(m for _, m in place)}"
                   f" instead of {' '.join(m for _, m in plain)} and a no-op")


def section_problems(text, place_count):
    for name, (size, flags) in SIZES.items():
        found = 0
        for match in re.finditer(rf" {name}\s+\w+\s+\w+ \w+ (\w+) \w+ +(\w+)", text):
            if match[2] != flags + "R":
                yield f"{name} has flags {match[2]}"
            found += int(match[1], 16)
        if found != size * place_count:
            yield f"{name} has {found} bytes for {place_count} places"


def main():
    path, objdump, readelf = sys.argv[1:]
    functions = functions_of(run(objdump, "-d", path))
    found = list(problems(functions))
    places = sum(1 for name in functions if name.startswith("place_"))
    found += section_problems(run(readelf, "-S", "-W", path), places)
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
