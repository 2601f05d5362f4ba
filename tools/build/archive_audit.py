#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that a kernel's linker can take an archive, and its CPU run it.

Looked at are undefined symbols, sections that somebody would have to run or
set up, kinds of relocations, the table of static keys' branches, floating-point
and vector instructions, and what the code in ebpf_noprobe calls. Each finding is one line, `kind: what`; the
sizes of the archive are printed at the end.
"""

import argparse
import collections
import re
import subprocess
import sys

# The compiler itself may call these.
COMPILER_SYMBOLS = {"memcpy", "memmove", "memset", "memcmp"}

# The linker makes these: where a section of ours begins and ends.
LINKER_SYMBOL = re.compile(r"__(start|stop)_ebpf_\w+$")

# What is never provided, even where a prefix would allow it: C++'s run time.
RUNTIME_SYMBOL = re.compile(r"__cxa_|_Unwind|__gxx_|__dso_handle|_Zn[wa]|_Zd[la]|__tls_|__cxx_")

REFUSED_SECTIONS = re.compile(
    r"\.(init_array|fini_array|preinit_array|ctors|dtors|init|fini|"
    r"tdata|tbss|eh_frame|gcc_except_table|got|plt)\b"
)

# The one source with unwind data: a panic that unwinds finds its way through
# what functions return to there. Kernels that do not unwind discard it.
UNWIND_MEMBER = re.compile(r"(?:\w+-)?return_trampoline[.\w]*\.o(bj)?$")

# What a static link of a kernel resolves, and no linker stumbles over.
RELOCATIONS = {
    "x86_64": {
        "R_X86_64_64",
        "R_X86_64_PC32",
        "R_X86_64_PC64",
        "R_X86_64_PLT32",
        "R_X86_64_GOTPCREL",
        "R_X86_64_GOTPCRELX",
        "R_X86_64_REX_GOTPCRELX",
    },
    "aarch64": {
        "R_AARCH64_ABS64",
        "R_AARCH64_PREL32",
        "R_AARCH64_PREL64",
        "R_AARCH64_CALL26",
        "R_AARCH64_JUMP26",
        "R_AARCH64_CONDBR19",
        "R_AARCH64_ADR_PREL_LO21",
        "R_AARCH64_ADR_PREL_PG_HI21",
        "R_AARCH64_ADD_ABS_LO12_NC",
        "R_AARCH64_LDST8_ABS_LO12_NC",
        "R_AARCH64_LDST16_ABS_LO12_NC",
        "R_AARCH64_LDST32_ABS_LO12_NC",
        "R_AARCH64_LDST64_ABS_LO12_NC",
        "R_AARCH64_LDST128_ABS_LO12_NC",
        "R_AARCH64_ADR_GOT_PAGE",
        "R_AARCH64_LD64_GOT_LO12_NC",
    },
    # No R_RISCV_RELAX or R_RISCV_ALIGN: code must not move when it is linked.
    "riscv64": {
        "R_RISCV_32",
        "R_RISCV_64",
        "R_RISCV_32_PCREL",
        "R_RISCV_ADD8",
        "R_RISCV_ADD16",
        "R_RISCV_ADD32",
        "R_RISCV_ADD64",
        "R_RISCV_SUB8",
        "R_RISCV_SUB16",
        "R_RISCV_SUB32",
        "R_RISCV_SUB64",
        "R_RISCV_BRANCH",
        "R_RISCV_JAL",
        "R_RISCV_RVC_BRANCH",
        "R_RISCV_RVC_JUMP",
        "R_RISCV_CALL",
        "R_RISCV_CALL_PLT",
        "R_RISCV_GOT_HI20",
        "R_RISCV_PCREL_HI20",
        "R_RISCV_PCREL_LO12_I",
        "R_RISCV_PCREL_LO12_S",
    },
}

# Where static keys have branches (core/tracepoints/static_key.h): entries of 16
# bytes that hold offsets only, so that nobody relocates them when a kernel runs.
STATIC_SITES = "ebpf_static_sites"
STATIC_SITE_SIZE = 16
STATIC_SITE_RELOCATIONS = {
    "R_X86_64_PC32",
    "R_X86_64_PC64",
    "R_AARCH64_PREL32",
    "R_AARCH64_PREL64",
    "R_RISCV_32_PCREL",
    "R_RISCV_ADD32",
    "R_RISCV_ADD64",
    "R_RISCV_SUB32",
    "R_RISCV_SUB64",
}

FLOAT_REGISTERS = {
    "x86_64": re.compile(r"%([xyz]mm\d+|mm[0-7]|st\b|k[1-7]\b)"),
    "aarch64": re.compile(r"(^|[ ,\[{])[bhsdqv]([12]?\d|3[01])(\.|\b)"),
    "riscv64": re.compile(r"(^|[ ,(])(f[tas]\d+|v([12]?\d|3[01]))\b"),
}

# Mnemonics of floating point without such a register in sight.
FLOAT_MNEMONICS = {
    "x86_64": re.compile(r"(f(ld|st|add|sub|mul|div|nop|init|ncl|x?save|x?rstor|wait)\w*|emms)$"),
    "aarch64": re.compile(r"f[a-z]+$"),
    "riscv64": re.compile(r"(c\.)?(f[a-z]+\.[sdhwlqx]|fs?rm|frcsr|fscsr|vset\w+)"),
}

# Extensions that the disassembler must know in order to see them.
DISASSEMBLE = {
    "x86_64": [],
    "aarch64": ["--mattr=+all"],
    "riscv64": ["--mattr=+v,+zfh,+zfa,+zba,+zbb"],
}

# A jump or call through a register or memory, and a direct one.
INDIRECT = {
    "x86_64": re.compile(r"l?(call|jmp)[lq]?\s+\*"),
    "aarch64": re.compile(r"(blr|br|blraa\w*|braa\w*)\s"),
    "riscv64": re.compile(r"(c\.)?(jalr|jr)\s"),
}
DIRECT = {
    "x86_64": re.compile(r"(call|j)[a-z]*\s"),
    "aarch64": re.compile(r"(b|bl|b\.\w+|cbn?z|tbn?z)\s"),
    "riscv64": re.compile(r"(c\.)?(jal|j|call|tail|b(eq|ne|lt|ge|gt|le)u?z?)\s"),
}

# What the slots of RISC-V's detours call goes back by a register that is not
# ra, which has the value that the probed instruction is to see there.
RISCV_DETOURS = {"ebpf_detour_begin", "ebpf_detour_end"}

# An auipc and a jalr that the linker fills in together.
RISCV_CALLS = {"R_RISCV_CALL", "R_RISCV_CALL_PLT"}

NOPROBE = "ebpf_noprobe"

RELOCATION_LINE = re.compile(r"\s+([0-9a-f]+):\s+(R_\w+)\s+(\S+)")
INSN_LINE = re.compile(r"\s*([0-9a-f]+):\s+(.*)")
FUNCTION_LINE = re.compile(r"[0-9a-f]+ <(.*)>:")

Insn = collections.namedtuple("Insn", "section function text relocations")


class Archive:
    """What the LLVM tools say of an archive."""

    def __init__(self, options):
        self.options = options
        self.labels = collections.defaultdict(set)  # by section

    def _run(self, tool, *args):
        command = [getattr(self.options, tool), *args, self.options.archive]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def symbols(self, which):
        out = self._run("nm", which, "--extern-only", "--format=just-symbols")
        return {line for line in out.split("\n") if line and not line.endswith(":")}

    def sections(self):
        """(name, size, flags, member) of each section of each member."""
        member = ""
        for line in self._run("readelf", "--sections", "--wide").split("\n"):
            if m := re.match(r"File: .*\((.*)\)$", line):
                member = m.group(1)
            m = re.match(r"\s*\[\s*\d+\]\s+(\S+)\s+\S+\s+\S+\s+\S+\s+(\S+)\s+\S+\s+(\S*)", line)
            if m:
                yield m.group(1), int(m.group(2), 16), m.group(3), member

    def relocations(self):
        """(section, kind) of each relocation of what will be loaded."""
        section = ""
        for line in self._run("readelf", "--relocations", "--wide").split("\n"):
            m = re.match(r"Relocation section '\.rela?(\S*)'", line)
            if m:
                section = m.group(1)
            m = re.match(r"[0-9a-f]{8,}\s+\S+\s+(R_\w+)", line)
            if m and not section.startswith((".debug", ".eh_frame")):
                yield section, m.group(1)

    def instructions(self):
        flags = ["--disassemble", "--reloc", "--no-show-raw-insn", "--show-all-symbols"]
        out = self._run("objdump", *flags, *DISASSEMBLE[self.options.arch])
        section = function = ""
        current = None
        for line in out.split("\n"):
            if line.startswith("Disassembly of section "):
                section = line[len("Disassembly of section ") :].rstrip(":")
            elif m := FUNCTION_LINE.match(line):
                function = m.group(1)
                self.labels[section].add(function)
            elif m := RELOCATION_LINE.match(line):
                if current:
                    current.relocations.append((m.group(2), m.group(3)))
            elif m := INSN_LINE.match(line):
                if current:
                    yield current
                current = Insn(section, function, " ".join(m.group(2).split()), [])
        if current:
            yield current


def check_symbols(archive, options):
    defined = archive.symbols("--defined-only")
    for name in sorted(archive.symbols("--undefined-only") - defined):
        if RUNTIME_SYMBOL.match(name):
            yield f"runtime: {name} is of C++'s run time, which no kernel has"
        elif name in COMPILER_SYMBOLS or name in options.undefined:
            continue
        elif LINKER_SYMBOL.match(name):
            continue
        elif not name.startswith(tuple(options.undefined_prefix)):
            yield f"undefined: {name} is not a function that the kernel gives"


def check_sections(archive, options):
    seen = {
        name
        for name, size, _, member in archive.sections()
        if size and not (name == ".eh_frame" and UNWIND_MEMBER.match(member))
    }
    for name in sorted(seen):
        m = REFUSED_SECTIONS.match(name)
        if m and name not in options.section:
            yield f"section: {name} would need somebody to set it up"


def check_relocations(archive, options):
    found = {}
    for section, kind in archive.relocations():
        found.setdefault(kind, section)
    for kind, section in sorted(found.items()):
        if kind not in RELOCATIONS[options.arch]:
            yield f"relocation: {kind} in {section} is not on the list"


def check_got(archive, options):
    """A GOT is a table that the kernel's linker script must have a place for."""
    if not options.no_got:
        return
    found = {}
    for section, kind in archive.relocations():
        if "GOT" in kind:
            found.setdefault(kind, section)
    for kind, section in sorted(found.items()):
        yield f"got: {kind} in {section} wants an address from a GOT"


def check_static_sites(archive, options):
    for name, size, flags, member in archive.sections():
        if name != STATIC_SITES:
            continue
        if "W" in flags or "A" not in flags:
            yield f"static sites: those of {member} are not read-only data"
        if "R" not in flags:
            yield f"static sites: those of {member} may be collected as garbage"
        if size % STATIC_SITE_SIZE:
            yield f"static sites: those of {member} are of another size"
    for kind in sorted({k for s, k in archive.relocations() if s == STATIC_SITES}):
        if kind not in STATIC_SITE_RELOCATIONS:
            yield f"static sites: {kind} is no offset from the entry"


def check_floating_point(insns, options):
    registers = FLOAT_REGISTERS[options.arch]
    mnemonics = FLOAT_MNEMONICS[options.arch]
    for insn in insns:
        # Names of symbols are no operands.
        text = re.sub(r"<.*>", "", insn.text)
        mnemonic = text.partition(" ")[0]
        if "<unknown>" in insn.text or "(bad)" in insn.text:
            yield f"float: {insn.function} has code that cannot be read"
        elif registers.search(text) or mnemonics.match(mnemonic):
            yield f"float: {insn.function} has `{insn.text}`"


def local_name(name):
    """A symbol without the addend of its relocation."""
    return re.sub(r"[+-]0x[0-9a-f]+$", "", name)


def jump_targets(insn, arch, jump):
    """Where a direct jump or call goes, by name."""
    if not jump and not DIRECT[arch].match(insn.text):
        return []
    if insn.relocations:
        return [local_name(symbol) for _, symbol in insn.relocations]
    return [local_name(symbol) for symbol in re.findall(r"<([^>]*)>", insn.text)]


def carries_call(insn):
    return any(kind in RISCV_CALLS for kind, _ in insn.relocations)


def check_noprobe(archive, insns, options):
    inside = set().union(*(names for section, names in archive.labels.items() if section.startswith(NOPROBE)))
    outside = set().union(*(names for section, names in archive.labels.items() if not section.startswith(NOPROBE)))
    # What is there and elsewhere, too, is a weak default that a port's own wins over.
    allowed = set(options.noprobe_call) | {name for name in inside if name not in outside or name.startswith(".L")}
    previous = None
    for insn in insns:
        before, previous = previous, insn
        if not insn.section.startswith(NOPROBE):
            continue
        # RISC-V's auipc and jalr are one jump. Its target is on the auipc, or
        # is known already and shown with the jalr.
        first = carries_call(insn)
        indirect = INDIRECT[options.arch].match(insn.text)
        second = indirect and before and before.text.startswith("auipc ")
        if second and carries_call(before):
            continue
        known = second and not before.relocations and "<" in insn.text
        if indirect and options.arch == "riscv64" and insn.function in RISCV_DETOURS:
            continue
        if indirect and insn.function in options.noprobe_jump:
            continue
        if indirect and not known:
            yield f"noprobe: {insn.function} has an indirect `{insn.text}`"
            continue
        for target in jump_targets(insn, options.arch, first or known):
            if target not in allowed and not target.startswith(NOPROBE):
                yield f"noprobe: {insn.function} leaves for {target}"


def print_sizes(archive, out):
    sizes = collections.Counter()
    for name, size, flags, _ in archive.sections():
        if "A" not in flags:
            continue
        if "X" in flags:
            sizes["text"] += size
        elif name.startswith(".bss"):
            sizes["bss"] += size
        elif "W" in flags:
            sizes["data"] += size
        else:
            sizes["rodata"] += size
    print("sizes:", ", ".join(f"{k} {sizes[k]}" for k in ("text", "rodata", "data", "bss")), file=out)


def audit(options):
    archive = Archive(options)
    insns = list(archive.instructions())
    findings = []
    findings += check_symbols(archive, options)
    findings += check_sections(archive, options)
    findings += check_relocations(archive, options)
    findings += check_got(archive, options)
    findings += check_static_sites(archive, options)
    findings += check_floating_point(insns, options)
    findings += check_noprobe(archive, insns, options)
    print_sizes(archive, sys.stdout)
    print(f"instructions: {len(insns)}")
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for tool in ("nm", "objdump", "readelf"):
        parser.add_argument("--" + tool, default="llvm-" + tool)
    parser.add_argument("--arch", required=True, choices=sorted(RELOCATIONS))
    parser.add_argument("--undefined", action="append", default=[])
    parser.add_argument("--undefined-prefix", action="append", default=[])
    parser.add_argument("--noprobe-call", action="append", default=[])
    parser.add_argument("--noprobe-jump", action="append", default=[])
    parser.add_argument("--section", action="append", default=[])
    parser.add_argument("--no-got", action="store_true", help="nothing takes addresses from a GOT")
    parser.add_argument("--expect", action="append", default=[], help="a finding that must be there, and no other")
    parser.add_argument("archive")
    options = parser.parse_args()
    findings = audit(options)
    for finding in findings:
        print(finding)
    if options.expect:
        return 0 if judge_expected(findings, options.expect) else 1
    return 1 if findings else 0


def judge_expected(findings, expect):
    """For the audit's own tests: the findings are those expected, all of them."""
    good = True
    for pattern in expect:
        if not any(re.search(pattern, f) for f in findings):
            print(f"the audit did not find: {pattern}")
            good = False
    for finding in findings:
        if not any(re.search(pattern, finding) for pattern in expect):
            print(f"not expected: {finding}")
            good = False
    return good


if __name__ == "__main__":
    sys.exit(main())
