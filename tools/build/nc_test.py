#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles what must not compile, case by case.

A source has cases of this form, and compiles when none is switched on:

    #if NC_TEST(UnlockedReadIsRefused)
    // error: requires holding
    ... lines that the compiler refuses with that message ...
    #endif

The text after `error:` is a regular expression. The verdicts go to RESULT, in
JUnit's form; the exit code is 0 even where a case failed.

Usage: nc_test.py RESULT SOURCE COMPILER FLAG...
"""

import collections
import os
import re
import subprocess
import sys
import tempfile
from xml.sax.saxutils import quoteattr

Case = collections.namedtuple("Case", "name error")

CASE = re.compile(r"^#if NC_TEST\((\w+)\)\n\s*// error: (.*)$", re.MULTILINE)
GUARD = re.compile(r"^#if NC_TEST\(", re.MULTILINE)


def read_cases(text):
    cases = [Case(*m) for m in CASE.findall(text)]
    if not cases or len(cases) != len(GUARD.findall(text)):
        sys.exit("each NC_TEST needs a line `// error: REGEX` below it")
    return cases


def with_case(text, name):
    """The source with one case on, or none; its line numbers stay."""

    def switch(match):
        return "#if 1" if match.group(1) == name else "#if 0"

    return re.sub(r"^#if NC_TEST\((\w+)\)", switch, text, flags=re.MULTILINE)


def compile_text(text, source, command):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(source))
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        done = subprocess.run(
            command + ["-fsyntax-only", path],
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stderr


def judge(case, text, source, command):
    """Why the case failed, or None."""
    status, errors = compile_text(with_case(text, case.name), source, command)
    if status == 0:
        return "it compiles"
    if not re.search(case.error, errors):
        return f"no error matches {case.error}:\n{errors}"
    return None


def main():
    result, source, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(source, encoding="utf-8") as f:
        text = f.read()
    cases = read_cases(text)
    verdicts = []
    status, errors = compile_text(with_case(text, None), source, command)
    verdicts.append(("WithoutACaseItCompiles", errors if status else None))
    for case in cases:
        verdicts.append((case.name, judge(case, text, source, command)))
    bad = sum(problem is not None for _, problem in verdicts)
    with open(result, "w", encoding="utf-8") as f:
        f.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        f.write(f'<testsuite name="nc" tests="{len(verdicts)}" failures="{bad}">\n')
        for name, problem in verdicts:
            f.write(f"<testcase name={quoteattr(name)}>")
            if problem is not None:
                f.write(f"<failure message={quoteattr(problem)}/>")
            f.write("</testcase>\n")
        f.write("</testsuite>\n</testsuites>\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
