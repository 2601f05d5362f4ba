#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that each test which a document names exists.

A test is `Suite.Case` in backticks, `Suite.*` all of a suite, which must have
one. Behind one, in the same cell of a table, a name alone is another case of
one of the suites that the cell has named.

Usage: named_tests.py ROOT
"""

import os
import re
import sys

from doc_paths import files_of

TEST = re.compile(r"\b(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|GUEST_TEST)\(\s*(\w+),\s*(\w+)\)")
# A line of a table of core/selftest's.
PORT_CASE = re.compile(r'\{"(\w+)\.(\w+)",')
NAME = re.compile(r"`(?:([A-Z]\w*)\.)?([A-Z]\w*|\*)`")


def cases_by_suite(root, tree):
    cases = {}
    for path in tree:
        if path.endswith((".cc", ".h")):
            with open(os.path.join(root, path), encoding="utf-8") as f:
                text = f.read()
                found = TEST.findall(text)
                if path.endswith("_port_test.cc"):
                    found += PORT_CASE.findall(text)
                for suite, case in found:
                    cases.setdefault(suite, set()).add(case)
    return cases


def missing(text, cases):
    """The tests that `text` names and that are not in `cases`, once each."""
    for line in text.splitlines():
        for cell in line.split("|"):
            suites = []
            for suite, case in NAME.findall(cell):
                if suite:
                    suites.append(suite)
                # Bare names may be of any suite that the cell has named.
                searched = [suite] if suite else suites
                known = set().union(*(cases.get(s, set()) for s in searched))
                if suites and not (known if case == "*" else case in known):
                    yield f"{suite or suites[-1]}.{case}"


def main():
    root = sys.argv[1]
    tree = files_of(root)
    cases = cases_by_suite(root, tree)
    bad = False
    for document in sorted(f for f in tree if f.endswith(".md")):
        with open(os.path.join(root, document), encoding="utf-8") as f:
            names = sorted(set(missing(f.read(), cases)))
        case = "NamedTests." + document.replace(" ", "_")
        if names:
            bad = True
            print(f"[TEST] FAIL {case} names tests that do not exist: {', '.join(names)}")
        else:
            print(f"[TEST] OK {case}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
