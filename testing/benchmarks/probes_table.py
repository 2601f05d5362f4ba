#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the table of probes.sh for one CPU from the figures of its runs.

    probes_table.py CPU < FIGURES

Each line of FIGURES is `KIND NAME VALUE`; KIND is insns (executed
instructions), ns (time at one CPU) or smp (time at all CPUs of the kernel).
"""

import sys

# Linux 6.12 in the same emulator: a breakpoint kprobe with an empty handler, a
# kretprobe by a breakpoint, what an empty program adds; in ns, with the plain
# call of that run. None: Linux has none there.
LINUX = {
    "x86_64": {"call": 11.8, "kprobe": 1084, "kretprobe": 1576, "program": 356},
    "aarch64": {"call": 13.1, "kprobe": 1974, "kretprobe": 3335, "program": 351},
    "riscv64": {"call": 23.6, "kprobe": 1991, "kretprobe": 2779, "program": 383},
}


# In R, by the row's kind.
GOALS = {"kprobe": "1.3", "detour": "0.2"}


def read(lines):
    figures = {"insns": {}, "ns": {}, "smp": {}}
    for line in lines:
        kind, name, value = line.split()
        figures[kind][name] = float(value)
    return figures


def hit_rows(figures):
    """(name, goal in R, instructions, ns, R) of each kind of hit."""
    bare = figures["ns"]["bare_trap"]
    for name, ns in figures["ns"].items():
        if not name.startswith(("kprobe/", "detour/", "kprobe_other/", "kretprobe")):
            continue
        goal = GOALS.get(name.partition("/")[0], "-")
        yield name, goal, figures["insns"][name], ns, ns / bare


def main():
    cpu = sys.argv[1]
    figures = read(sys.stdin)
    ns, insns, smp = figures["ns"], figures["insns"], figures["smp"]
    linux = LINUX[cpu]
    print(f"{cpu}: a call {ns['call']:.1f} ns; the bare trap {ns['bare_trap']:.0f} ns,")
    print(f"{insns['bare_trap']:.0f} instructions (the breakpoint among them).")
    print()
    print("| hit | instructions | ns | R | goal |")
    print("|---|---:|---:|---:|---:|")
    rows = list(hit_rows(figures))
    for name, goal, count, time, r in rows:
        print(f"| {name} | {count:.0f} | {time:.0f} | {r:.2f} | {goal} |")
    first = next(row for row in rows if row[0].startswith(("kprobe/", "detour/")))
    program = ns["kprobe_program"] - first[3]
    more = insns["kprobe_program"] - first[2]
    print(f"| + empty program | +{more:.0f} | +{program:.0f} "
          f"| {program / ns['call']:.0f} calls | 13 calls |")
    print(f"| kretprobe / {first[0]} | | | {ns['kretprobe'] / first[3]:.2f} | 1.5 |")
    print()
    print("| attaching | figure | goal |")
    print("|---|---:|---:|")
    for name, goal in [
        ("attach/median", "300"),
        ("attach/p99", "-"),
        ("detach/median", "300"),
        ("detach/p99", "-"),
        ("standstill/median", "100"),
        ("attach_1000", "100000"),
    ]:
        if name in smp:
            print(f"| {name}, us | {smp[name] / 1000:.0f} | {goal} |")
    print(f"| bytes per probe | {insns['bytes_per_probe']:.0f} | 256 |")
    print()
    print(f"Linux there: a call {linux['call']} ns, kprobe {linux['kprobe']} "
          f"({linux['kprobe'] / linux['call']:.0f} calls), kretprobe "
          f"{linux['kretprobe']}, an empty program +{linux['program']} "
          f"({linux['program'] / linux['call']:.0f} calls).")
    print()


if __name__ == "__main__":
    main()
