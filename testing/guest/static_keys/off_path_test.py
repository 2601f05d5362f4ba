#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a branch on a static key leaves in a function, by disassembly.

off_path_test.py OBJDUMP ARCHIVE ARCH: for each static_keys_plain_X and
static_keys_branch_X, the way through the latter that is gone where the branch
is not taken has one no-op more, and otherwise the same instructions. A function
that calls nothing may have fewer (no frame). One that passes its argument on may
move it between registers: the call behind the branch has used that up.
"""

import re
import subprocess
import sys

NO_OP = {
    "x86_64": re.compile(r"nopl? .*\(%rax,%rax\)|nopl .*0x0\(%rax,%rax.*\)"),
    "aarch64": re.compile(r"nop$"),
    "riscv64": re.compile(r"nop$"),
}
# What enters and leaves a call's frame, or saves and loads.
STACK = re.compile(r"push|pop|%rsp|%rbp|\[sp|\[x29|\(sp\)|\(s0\)|, sp")
# From register to register.
MOVE = re.compile(r"movq? %\w+, %\w+$|mov [xw]\d+, [xw]\d+$|mv \w+, \w+$")


def functions(objdump, archive):
    """name: instructions as text, from where the function begins."""
    out = subprocess.run(
        [objdump, "--disassemble", "--no-show-raw-insn", archive],
        check=True, capture_output=True, text=True).stdout
    found = {}
    code = None
    for line in out.split("\n"):
        if m := re.match(r"[0-9a-f]+ <(static_keys_\w+)>:", line):
            code = found.setdefault(m.group(1), [])
        elif line.startswith("Disassembly of section"):
            code = None
        elif code is not None and (m := re.match(r"\s*[0-9a-f]+:\s+(.*)", line)):
            code.append(" ".join(m.group(1).split()))
    return found


def shape(insn):
    """An instruction without where it lies, and what it goes to."""
    insn = re.sub(r"<.*>|#.*", "", insn)
    if re.match(r"(call|j|bl?\b|b\.|cb|tb|beq|bne|bl[te]|bg[te]|blez|bgtz)", insn):
        insn = re.sub(r"(0x)?[0-9a-f]+\s*$", "", insn)
    return insn.strip()


def until_return(code):
    for i, insn in enumerate(code):
        if insn.startswith("ret"):
            return code[: i + 1]
    return code


def check(arch, name, plain, branch):
    """What is wrong, or None."""
    no_op = NO_OP[arch]
    way = until_return(branch)
    count = sum(bool(no_op.match(insn)) for insn in way)
    if count != 1:
        return f"{count} no-ops on the way"
    rest = [shape(insn) for insn in way if not no_op.match(insn)]
    whole = [shape(insn) for insn in until_return(plain)]
    if name == "leaf":
        inner = [i for i in whole if not STACK.search(i)]
        if rest not in (whole, inner):
            return f"{rest}\nis not\n{whole}"
    elif name == "passes":
        more = [insn for insn in rest if insn not in whole]
        if len(rest) > len(whole) + 1 or not all(MOVE.match(i) for i in more):
            return f"{rest}\nis not\n{whole}"
    elif rest != whole:
        return f"{rest}\nis not\n{whole}"
    return None


def main():
    objdump, archive, arch = sys.argv[1:]
    found = functions(objdump, archive)
    names = [n[len("static_keys_plain_"):] for n in found if n.startswith("static_keys_plain_")]
    if len(names) != 3:
        sys.exit(f"{len(names)} functions in {archive}")
    failed = False
    for name in names:
        wrong = check(arch, name, found[f"static_keys_plain_{name}"],
                      found[f"static_keys_branch_{name}"])
        print(f"{arch} {name}: {wrong or 'one no-op more'}")
        failed = failed or wrong is not None
    sys.exit(failed)


if __name__ == "__main__":
    main()
