#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that each path which a document names exists.

A path is what starts with a folder of the top level, anywhere in a text; a
link's target; and a file name with a known ending in backticks, which must be
beside the document or somewhere in the tree (Rust's are left out: most are a
kernel's own). Names with a placeholder
(`arch/<isa>/`, `//core/...`) are checked up to it; `*` and `{a,b}` must match
something.

Usage: doc_paths.py ROOT
"""

import fnmatch
import glob
import itertools
import os
import re
import subprocess
import sys

# The kernel that PORTING.md makes up: its files are what tools/port writes, and
# those that the document itself has.
EXAMPLE = "ports/rainbow"
SKELETON = "tools/porting/skeleton"
TOP = "core|arch|ports|testing|tools|.ci"
PATH = re.compile(r"(?<![\w/.@$-])(?://)?((?:%s)/[\w./*{},<>:@+-]*)" % TOP.replace(".", r"\."))
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
NAME = re.compile(r"`([A-Za-z0-9*][\w.*-]*\.(?:h|cc|c|S|def|md|py|sh|bzl|ld|toml|bpf\.c))`")


def files_of(root):
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
        return [n for n in names if os.path.exists(os.path.join(root, n))]
    return [
        os.path.relpath(os.path.join(folder, name), root)
        for folder, _, names in os.walk(root)
        for name in names
    ]


def expand(path):
    """`a/{b,c}` as two paths."""
    parts = re.split(r"\{([^{}]*)\}", path)
    choices = [p.split(",") if i % 2 else [p] for i, p in enumerate(parts)]
    return ["".join(c) for c in itertools.product(*choices)]


def known_part(path):
    """The path without a target's name, and up to a placeholder."""
    return re.split(r":|\.\.\.|<", path)[0].rstrip(".,-/")


def exists(root, path):
    return bool(glob.glob(os.path.join(root, path)))


def in_example(root, path, text):
    if path == EXAMPLE:
        return True
    folder, name = os.path.split(path)
    return folder == EXAMPLE and (f"\n// {path}\n" in text or exists(root, f"{SKELETON}/{name}.skeleton") or name == "interrupts.h")


def missing(root, document, tree):
    with open(os.path.join(root, document), encoding="utf-8") as f:
        text = f.read()
    here = os.path.dirname(document)
    for match in PATH.finditer(text):
        for path in expand(match.group(1)):
            path = known_part(path)
            if path and not exists(root, path) and not in_example(root, path, text):
                yield path
    for target in LINK.findall(text):
        if "://" in target or target.startswith("mailto:"):
            continue
        base = "" if target.startswith("/") else here
        if not exists(root, os.path.join(base, target.lstrip("/"))):
            yield target
    for name in NAME.findall(text):
        if exists(root, os.path.join(here, name)):
            continue
        if not any(fnmatch.fnmatch(os.path.basename(f), name) for f in tree):
            yield name


def main():
    root = sys.argv[1]
    tree = files_of(root)
    bad = False
    for document in sorted(f for f in tree if f.endswith(".md")):
        names = sorted(set(missing(root, document, tree)))
        case = "DocPaths." + document.replace(" ", "_")
        if names:
            bad = True
            print(f"[TEST] FAIL {case} names what does not exist: {', '.join(names)}")
        else:
            print(f"[TEST] OK {case}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
