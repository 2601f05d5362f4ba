#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes SUPPORT.md: what of Linux 6.12's eBPF exists here, out of the tables.

  tools/support.py          writes it
  tools/support.py --check  two test cases: it is up to date, and each thing in
                            it stands in a test
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "SUPPORT.md"

# Linux 6.12's commands, by number; what those that are not here are for.
COMMANDS = """MAP_CREATE MAP_LOOKUP_ELEM MAP_UPDATE_ELEM MAP_DELETE_ELEM
MAP_GET_NEXT_KEY PROG_LOAD OBJ_PIN OBJ_GET PROG_ATTACH PROG_DETACH PROG_TEST_RUN
PROG_GET_NEXT_ID MAP_GET_NEXT_ID PROG_GET_FD_BY_ID MAP_GET_FD_BY_ID
OBJ_GET_INFO_BY_FD PROG_QUERY RAW_TRACEPOINT_OPEN BTF_LOAD BTF_GET_FD_BY_ID
TASK_FD_QUERY MAP_LOOKUP_AND_DELETE_ELEM MAP_FREEZE BTF_GET_NEXT_ID
MAP_LOOKUP_BATCH MAP_LOOKUP_AND_DELETE_BATCH MAP_UPDATE_BATCH MAP_DELETE_BATCH
LINK_CREATE LINK_UPDATE LINK_GET_FD_BY_ID LINK_GET_NEXT_ID ENABLE_STATS
ITER_CREATE LINK_DETACH PROG_BIND_MAP TOKEN_CREATE""".split()

# What a kind of map can do, and the functions of Map that say so.
OPERATIONS = [
    ("program: lookup", {"Lookup"}),
    ("update", {"Update"}),
    ("delete", {"Delete"}),
    ("push, pop, peek", {"Push", "Pop", "Peek"}),
    ("for each", {"ForEach"}),
    ("other CPU's", {"LookupOnCpu"}),
    ("bpf(2): lookup", {"CopyValueOut"}),
    ("update", {"UpdateFromUser", "Set"}),
    ("delete", {"DeleteFromUser", "Clear", "Delete"}),
    ("next key", {"NextKey"}),
    ("lookup and delete", {"TakeOut"}),
    ("mmap", {"Pages"}),
]


def rows_of(path, macro):
    """The arguments of each use of `macro` in a table, as lists of strings."""
    text = re.sub(r"//[^\n]*", "", (ROOT / path).read_text())
    for match in re.finditer(r"\b%s\(" % macro, text):
        depth, start, arguments = 1, match.end(), []
        for i in range(match.end(), len(text)):
            depth += {"(": 1, ")": -1}.get(text[i], 0)
            if depth == 0 or (depth == 1 and text[i] == ","):
                arguments.append(" ".join(text[start:i].split()))
                start = i + 1
            if depth == 0:
                break
        yield arguments


def camel(name):
    return "".join(word.capitalize() for word in name.lower().split("_"))


class Tests:
    """Which test says a word most often."""

    def __init__(self):
        self.words = collections.defaultdict(collections.Counter)
        for pattern in ("core/**/*_test.cc", "testing/**/*_test.cc",
                        "testing/**/*_programs.cc",
                        "testing/programs/*.bpf.c", "testing/**/*.bpf.c"):
            for path in sorted(ROOT.glob(pattern)):
                name = path.relative_to(ROOT).as_posix()
                for word in re.findall(r"\w+", path.read_text()):
                    self.words[word][name] += 1

    def find(self, *words, near="", home=""):
        found = collections.Counter()
        for word in words:
            found.update(self.words.get(word, {}))
        if not found:
            return None
        # The test that is named for it, else one in its own folder, else the
        # one that speaks of it most.
        key = near.replace("_", "")
        named = [name for name in found
                 if key and key in pathlib.Path(name).name.replace("_", "")]
        at_home = [name for name in found if home and re.match(home, name)]
        return max(named or at_home or found,
                   key=lambda name: (found[name], name))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def commands(tests, missing):
    here = {row[1] for row in rows_of("core/syscall/commands.def",
                                      "EBPF_COMMAND")}
    rows = []
    for number, name in enumerate(COMMANDS):
        test = None
        if camel(name) in here:
            test = tests.find("k" + camel(name), near=name.lower())
            if test is None:
                missing.append("command " + name)
        rows.append([str(number), "`BPF_%s`" % name,
                     "yes" if camel(name) in here else "`EINVAL`",
                     "`%s`" % test if test else ""])
    return table(["", "command", "here", "a test"], rows)


def operations_of(create):
    """The functions that the class behind a Create function has."""
    for header in sorted((ROOT / "core/maps").glob("*.h")):
        text = header.read_text()
        if re.search(r"Result<Ref<Map>> %s\(" % create, text):
            return set(re.findall(r"\b(\w+)\(", text))
    return set()


def kinds(tests, missing):
    rows = []
    for path, is_here in (("core/maps/map_types.def", True),
                          ("core/maps/described_map_types.def", False)):
        for number, name, create in rows_of(path, "EBPF_MAP_TYPE"):
            test = None
            marks = ["" for _ in OPERATIONS]
            if is_here:
                has = operations_of(create)
                marks = ["yes" if wanted & has else ""
                         for _, wanted in OPERATIONS]
                test = tests.find("k" + name, "kMapType" + name,
                                  near=name.lower())
                if test is None:
                    missing.append("map kind " + name)
            rows.append([number, name, "yes" if is_here else "`EINVAL`"] +
                        marks + ["`%s`" % test if test else ""])
    rows.sort(key=lambda row: int(row[0]))
    return table(["", "kind", "here"] + [name for name, _ in OPERATIONS] +
                 ["a test"], rows)


def helpers(tests, missing):
    needs = dict(rows_of("core/helpers/helper_extras.def",
                         "EBPF_HELPER_NEEDS"))
    rows = []
    for row in rows_of("core/helpers/helpers.def", "EBPF_HELPER"):
        number, name, types = row[0], row[1], row[5]
        test = tests.find(name, "bpf_" + name, "BPF_FUNC_" + name,
                          home=r"core/helpers/\w+_helpers_test\.cc")
        if test is None:
            missing.append("helper " + name)
        where = "yes"
        if name in needs:
            where += ", ports with " + needs[name].lower().replace("_", " ")
        rows.append([number, "`%s`" % name, types.replace("|", "\\|"), where,
                     "`%s`" % test if test else ""])
    for row in rows_of("core/helpers/helpers.def", "EBPF_HELPER_KNOWN"):
        rows.append([row[0], "`%s`" % row[1], row[4].replace("|", "\\|"),
                     "refused", ""])
    rows.sort(key=lambda row: int(row[0]))
    return table(["", "helper", "program types (`type_sets.h`)", "here",
                  "a test"], rows)


def document():
    tests = Tests()
    missing = []
    text = """# What is supported, beside Linux 6.12

Written by `tools/support.py` out of the tables of the code; `tools/checks/support.sh`
fails when it is out of date, or names something that stands in no test.

`ebpf verify` judges by all that Linux has. What a kernel runs is this.

## Commands of bpf(2)

%s
## Kinds of map

Blank is what a kind has not, in Linux either, or what is not here. Kinds that are
not here can be described to `ebpf verify`, and bpf(2) answers `EINVAL`.

%s
## Helpers

What is not here is refused when the program is loaded, with Linux's message.

%s""" % (commands(tests, missing), kinds(tests, missing),
         helpers(tests, missing))
    return text, missing


def main():
    text, missing = document()
    if sys.argv[1:] != ["--check"]:
        DOCUMENT.write_text(text)
        return 0
    is_new = DOCUMENT.exists() and DOCUMENT.read_text() == text
    print("[TEST] OK support/fresh" if is_new else
          "[TEST] FAIL support/fresh SUPPORT.md is out of date: tools/support.py")
    print("[TEST] FAIL support/tested in no test: " + ", ".join(missing)
          if missing else "[TEST] OK support/tested")
    return 0 if is_new and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
