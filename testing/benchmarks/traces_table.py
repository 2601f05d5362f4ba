#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the table of traces.sh for one CPU from the figures of its runs.

    traces_table.py CPU < FIGURES

FIGURES are lines of guest_figures.sh. What passing a tracepoint costs is shown
with the call that passes it, in plain calls, as the goals are.
"""

import sys

from probes_table import read

# Linux 6.12 in the same emulator: a call with a tracepoint in it that is off,
# and with an empty program on it, in ns, with the plain call of that run.
LINUX = {
    "x86_64": {"call": 11.8, "off": 15.3, "raw": 140, "record": 347},
    "aarch64": {"call": 13.1, "off": 20.6, "raw": 125, "record": 357},
    "riscv64": {"call": 23.6, "off": 29.3, "raw": 457, "record": 562},
}
# In calls.
RAW_GOALS = {"x86_64": 7, "aarch64": 6, "riscv64": 11}


def rows(cpu):
    """(figure, what it is, goal, Linux's name) of each row."""
    return [
        ("tracepoint_off", "off", "1 instruction", "off"),
        ("key_off", "static key off", "1 instruction", None),
        ("clock", "(the port's clock alone)", "-", None),
        ("task", "(its task alone)", "-", None),
        ("function", "empty function", "-", None),
        ("raw_program", "empty program on arguments", RAW_GOALS[cpu], "raw"),
        ("record_program", "empty program on the record", "-", "record"),
        ("trace_record", "record into the trace", 10, None),
        ("filtered_record", "the same, filtered out", "-", None),
        ("perf_record", "record into a perf event's buffer", 13, None),
        ("perf_record/with_time", "... with task, time and CPU", "-", None),
    ]


def main():
    cpu = sys.argv[1]
    figures = read(sys.stdin)
    ns, insns, smp = figures["ns"], figures["insns"], figures["smp"]
    call, linux = ns["call"], LINUX[cpu]
    print(f"{cpu}: a call {call:.1f} ns, {insns['call']:.0f} instructions.")
    print()
    print("| passing a tracepoint | instructions more | ns more "
          "| with the call, in calls | goal | Linux |")
    print("|---|---:|---:|---:|---:|---:|")
    for figure, what, goal, theirs in rows(cpu):
        there = f"{linux[theirs] / linux['call']:.1f}" if theirs else "-"
        print(f"| {what} | {insns[figure]:.0f} | {ns[figure]:.1f} "
              f"| {1 + ns[figure] / call:.1f} | {goal} | {there} |")
    print(f"| a filter of three terms, more | {insns['filter/kept']:.0f} "
          f"| {ns['filter/kept']:.1f} | {ns['filter/kept'] / call:.1f} | 5 | - |")
    print()
    print("| switching a key, at all CPUs | us | goal |")
    print("|---|---:|---:|")
    print(f"| median | {smp['key_switch/median'] / 1000:.1f} | 100 |")
    print(f"| p99 | {smp['key_switch/p99'] / 1000:.1f} | - |")
    print()


if __name__ == "__main__":
    main()
