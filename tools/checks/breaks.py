#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that testing/BREAKS.md and the breaks of the tree are the same.

A break is what is done wrong on purpose so that a test must fail; its id says
where it is: `alien/death/store_to_text`, `hermit/port/tick_register`,
`ledger/kForgetSync`, `audit/constructors`.

Usage: breaks.py ROOT
"""

import os
import re
import sys

PAGE = "testing/BREAKS.md"
PERSONALITIES = "testing/guest/personalities"
HERMIT = "testing/hermit"
ID = re.compile(r"`((?:[a-z_0-9]+/(?:death|port)|hermit/[a-z_]+|ledger|audit)/\w+)`")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def folders(root, path):
    return sorted(
        name
        for name in os.listdir(os.path.join(root, path))
        if os.path.exists(os.path.join(root, path, name, "BUILD"))
    )


def broken_folders(root, path):
    """`path` and what is in it, without those that are not there."""
    top = os.path.join(root, path)
    inside = sorted(os.listdir(top)) if os.path.isdir(top) else []
    return [path] + [f"{path}/{name}" for name in inside]


def deaths(text):
    """The keys of each guest_death_tests' `deaths`."""
    found = []
    for block in re.findall(r"deaths = \{(.*?)\n    \}", text, re.S):
        found += re.findall(r'^ +"(\w+)":', block, re.M)
    return found


def broken(root, folder):
    """Those of the folder's breaks.cc: names, and whether one kills."""
    path = f"{folder}/breaks.cc"
    if not os.path.exists(os.path.join(root, path)):
        return []
    pattern = r'\{"(\w+)",\s*"\w+\.\w+",\s*(kDies|")'
    return [(name, how == "kDies") for name, how in re.findall(pattern, read(root, path))]


def failures(text):
    """The words of the hermit_failures: keys of a dictionary, or the first of
    each tuple of a list."""
    found = []
    for call in re.findall(r"^\[?hermit_failures\((.*?)^(?:\)|\}\.items\(\)\]|\]\])$", text, re.S | re.M):
        block = re.search(r"failures = \{(.*?)\n {4,8}\}", call, re.S)
        words = re.findall(r'^ +"(\w+)":', block.group(1), re.M) if block else []
        found += words or re.findall(r'^ +\("(\w+)",', call, re.M)
    return found


def in_tree(root):
    found = set()
    for kernel in folders(root, PERSONALITIES):
        text = read(root, f"{PERSONALITIES}/{kernel}/BUILD")
        found |= {f"{kernel}/death/{name}" for name in deaths(text)}
        for name, kills in broken(root, f"{PERSONALITIES}/{kernel}"):
            if not kills:
                found.add(f"{kernel}/port/{name}")
    for part in folders(root, HERMIT):
        text = read(root, f"{HERMIT}/{part}/BUILD")
        found |= {f"hermit/{part}/{word}" for word in failures(text)}
    for folder in broken_folders(root, f"{HERMIT}/port"):
        found |= {f"hermit/port/{name}" for name, _ in broken(root, folder)}
    ledger = read(root, "testing/guest/ledger/ledger.h")
    ways = re.search(r"enum class Carelessness[^{]*\{(.*?)\};", ledger, re.S)
    found |= {f"ledger/{way}" for way in re.findall(r"^ +(k\w+),", ways.group(1), re.M)}
    found.discard("ledger/kNone")
    audit = read(root, "tools/build/testdata/audit/BUILD")
    for case in re.findall(r"audit_case\((.*?)^\)", audit, re.S | re.M):
        if "expect" in case:
            found.add("audit/" + re.search(r'name = "(\w+)"', case).group(1))
    return found


def never_booted(root):
    """What a breaks.cc says that it kills, and its BUILD has no death of."""
    found = set()
    for kernel in folders(root, PERSONALITIES):
        folder = f"{PERSONALITIES}/{kernel}"
        booted = deaths(read(root, f"{folder}/BUILD"))
        for name, kills in broken(root, folder):
            if kills and name not in booted:
                found.add(f"{kernel}/death/{name}")
    return found


def main():
    root = sys.argv[1]
    named = set(ID.findall(read(root, PAGE)))
    there = in_tree(root)
    bad = False
    for case, ids, why in (
        ("NamedOnesExist", named - there, f"{PAGE} names what is no break"),
        ("EachIsNamed", there - named, f"{PAGE} does not name"),
        ("EachDeathIsBooted", never_booted(root), "no BUILD boots"),
    ):
        if ids:
            bad = True
            print(f"[TEST] FAIL Breaks.{case} {why}: {', '.join(sorted(ids))}")
        else:
            print(f"[TEST] OK Breaks.{case}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
