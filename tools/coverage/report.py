#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints how much of each folder `bazel coverage` saw run.

Usage: report.py [LCOV_FILE]   (bazel-out/_coverage/_coverage_report.dat)
"""

import collections
import os
import sys

DEFAULT = "bazel-out/_coverage/_coverage_report.dat"


def read(lines):
    """{folder: Counter of LF, LH (lines) and BRF, BRH (branches)}."""
    folders = collections.defaultdict(collections.Counter)
    folder = ""
    for line in lines:
        key, _, value = line.strip().partition(":")
        if key == "SF":
            folder = os.path.dirname(value)
        elif key in ("LF", "LH", "BRF", "BRH"):
            folders[folder][key] += int(value)
    return folders


def percent(part, whole):
    return f"{100 * part / whole:5.1f} %" if whole else "      -"


def main():
    with open(sys.argv[1] if len(sys.argv) > 1 else DEFAULT, encoding="utf-8") as f:
        folders = read(f)
    total = collections.Counter()
    print(f"{'folder':32} {'lines':>7} {'run':>8} {'branches':>9}")
    for folder, n in sorted(folders.items()):
        total.update(n)
        lines, branches = percent(n["LH"], n["LF"]), percent(n["BRH"], n["BRF"])
        print(f"{folder:32} {n['LF']:7} {lines:>8} {branches:>9}")
    lines, branches = percent(total["LH"], total["LF"]), percent(total["BRH"], total["BRF"])
    print(f"{'all':32} {total['LF']:7} {lines:>8} {branches:>9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
