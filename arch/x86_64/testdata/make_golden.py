#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes each golden file beside it from the .s file of the same name.

A line of a .s file is one case: instructions, with "; " between them, where
"here" is the place of the first. The golden file has its bytes, as LLVM's
assembler makes them, a tab, and the line. With --check nothing is written: exit
1 if a file would change. Where there is no LLVM it says so and exits 0.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

TOOLS = ["llvm-mc-19", "llvm-objcopy-19", "llvm-nm-19"]


def run(command, text=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr)
    return result.stdout


def golden(mc, objcopy, nm, text, folder):
    """Assembles all cases at once; labels tell where each begins."""
    cases = text.splitlines()
    source = "".join(
        f"c{i}: {case}\n".replace("here", f"c{i}")
        for i, case in enumerate(cases))
    code = pathlib.Path(folder) / "code.o"
    raw = pathlib.Path(folder) / "code.bin"
    run([mc, "-triple=x86_64", "-x86-asm-syntax=intel", "-filetype=obj",
         "-o", code], ".intel_syntax noprefix\n" + source + "end:\n")
    run([objcopy, "-O", "binary", "-j", ".text", code, raw])
    place = {}
    for line in run([nm, code]).splitlines():
        offset, _, name = line.split()
        place[name] = int(offset, 16)
    code = raw.read_bytes()
    places = [place[f"c{i}"] for i in range(len(cases))] + [place["end"]]
    return "".join(code[begin:end].hex() + "\t" + case + "\n" for begin, end,
                   case in zip(places, places[1:], cases))


def main():
    tools = [shutil.which(tool) for tool in TOOLS]
    if None in tools:
        print("there is no LLVM 19: nothing done")
        return
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(pathlib.Path(__file__).parent.glob("*.s")):
            target = source.with_suffix(".golden")
            wanted = golden(*tools, source.read_text(), folder)
            if "--check" in sys.argv:
                if not target.exists() or target.read_text() != wanted:
                    stale.append(target.name)
            else:
                target.write_text(wanted)
    if stale:
        sys.exit("not what LLVM makes: " + ", ".join(stale))


if __name__ == "__main__":
    main()
