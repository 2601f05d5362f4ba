#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes each golden file beside it from the .s file of the same name.

A line of a .s file is one case: instructions, with "; " between them. The
golden file has its bytes, as LLVM's assembler makes them, a tab, and the line.
With --check nothing is written: exit 1 if a file would change. Where there is
no llvm-mc it says so and exits 0.
"""

import pathlib
import re
import shutil
import subprocess
import sys


def assemble(llvm_mc, insns):
    # The assembler compresses by itself what it may, so it may only where the
    # text says so.
    lines = []
    for insn in insns:
        rvc = "rvc" if insn.startswith("c.") else "norvc"
        lines.append(f".option {rvc}\n{insn}\n")
    result = subprocess.run(
        [llvm_mc, "-triple=riscv64", "-mattr=+m,+a,+zba,+zbb",
         "-show-encoding"],
        input="".join(lines), capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr)
    found = re.findall(r"encoding: \[([0-9a-fx,]+)\]", result.stdout)
    if len(found) != len(insns):
        sys.exit(f"{len(insns)} instructions, {len(found)} encodings")
    return ["".join(byte[2:] for byte in insn.split(",")) for insn in found]


def golden(llvm_mc, text):
    cases = text.splitlines()
    insns = [case.split("; ") for case in cases]
    encodings = iter(assemble(llvm_mc, [insn for all in insns for insn in all]))
    return "".join(
        "".join(next(encodings) for _ in parts) + "\t" + case + "\n"
        for case, parts in zip(cases, insns))


def main():
    llvm_mc = shutil.which("llvm-mc-19")
    if llvm_mc is None:
        print("there is no llvm-mc-19: nothing done")
        return
    stale = []
    for source in sorted(pathlib.Path(__file__).parent.glob("*.s")):
        target = source.with_suffix(".golden")
        wanted = golden(llvm_mc, source.read_text())
        if "--check" in sys.argv:
            if not target.exists() or target.read_text() != wanted:
                stale.append(target.name)
        else:
            target.write_text(wanted)
    if stale:
        sys.exit("not what llvm-mc makes: " + ", ".join(stale))


if __name__ == "__main__":
    main()
