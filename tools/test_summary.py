#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up the test cases of a run of tools/test.sh.

FOLDER has `events.json`, Bazel's build events, and `bazel.status`, its exit
code; for each further check NAME, its lines `[TEST] OK|FAIL|SKIP name reason`
in `NAME.cases` and its exit code in `NAME.status`.

Failed and skipped cases are named with their reasons; the last line is
`N passed, N failed`, with `, N skipped` where there are some.

Usage: test_summary.py FOLDER
"""

import collections
import glob
import json
import os
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

Case = collections.namedtuple("Case", "name verdict reason")

LINE = re.compile(r"\[TEST\] (OK|FAIL|SKIP) (\S+)\s*(.*)")
PLACE = re.compile(r"[^\s:]+:\d+")
VERDICTS = {"OK": "passed", "FAIL": "failed", "SKIP": "skipped"}


def first_line(text):
    """What a message begins with: GoogleTest puts a line `file:line` before."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if len(lines) > 1 and PLACE.fullmatch(lines[0]):
        return f"{lines[1]} ({lines[0]})"
    return lines[0] if lines else ""


def case_of(element, target):
    """One <testcase>, as GoogleTest, Bazel or our own runners write it."""
    suite = element.get("classname") or ""
    name = element.get("name") or ""
    if target not in suite + name:
        name = " ".join(part for part in (target, f"{suite}.{name}".strip(".")) if part)
    for kind in ("failure", "error"):
        child = element.find(kind)
        if child is not None:
            return Case(name, "failed", first_line(child.get("message") or child.text))
    child = element.find("skipped")
    if child is not None or element.get("result") == "skipped":
        text = "" if child is None else child.get("message") or child.text
        return Case(name, "skipped", first_line(text) or "no reason given")
    if element.get("status") == "notrun":
        return Case(name, "skipped", "disabled")
    return Case(name, "passed", "")


def read_xml(path, target):
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return []
    return [case_of(element, target) for element in root.iter("testcase")]


def cases_of_result(target, result):
    """The cases of one run of a test, at least one."""
    status = result.get("status", "NO_STATUS")
    cases = []
    log = ""
    for output in result.get("testActionOutput", []):
        path = urllib.parse.unquote(urllib.parse.urlparse(output.get("uri", "")).path)
        if output.get("name") == "test.xml":
            cases = read_xml(path, target)
        elif output.get("name") == "test.log":
            log = path
    if status == "PASSED":
        return cases or [Case(target, "passed", "")]
    if not any(c.verdict == "failed" for c in cases):
        cases.append(Case(target, "failed", f"{status}, see {log}"))
    return cases


def read_events(path):
    """(cases of the tests that ran, labels of tests that were not built)."""
    cases = []
    tests = set()
    ran = set()
    try:
        with open(path, encoding="utf-8") as f:
            events = [json.loads(line) for line in f if line.strip()]
    except OSError:
        return [], []
    for event in events:
        key = event.get("id", {})
        configured = key.get("targetConfigured")
        completed = key.get("targetCompleted")
        if configured and event.get("configured", {}).get("testSize"):
            tests.add(configured["label"])
        elif completed and event.get("aborted", {}).get("reason") == "SKIPPED":
            tests.discard(completed["label"])  # not for this platform
        elif "testResult" in key and "testResult" in event:
            label = key["testResult"]["label"]
            ran.add(label)
            cases += cases_of_result(label, event["testResult"])
    return cases, sorted(tests - ran)


def read_check(path):
    """The cases of one of tools/checks."""
    name = os.path.basename(path)[: -len(".cases")]
    with open(path, encoding="utf-8") as f:
        matches = [LINE.match(line) for line in f]
    cases = [Case(m[2], VERDICTS[m[1]], m[3].strip()) for m in matches if m]
    status = read_status(path[: -len(".cases")] + ".status")
    if not cases:
        cases.append(Case(name, "failed", "reported no case"))
    elif status and not any(c.verdict == "failed" for c in cases):
        cases.append(Case(name, "failed", f"ended with code {status}"))
    return cases


def read_status(path):
    try:
        with open(path, encoding="utf-8") as f:
            return int(f.read())
    except (OSError, ValueError):
        return 1


def collect(folder):
    cases, unbuilt = read_events(os.path.join(folder, "events.json"))
    cases += [Case(label, "failed", "was not built or not run") for label in unbuilt]
    for path in sorted(glob.glob(os.path.join(folder, "*.cases"))):
        cases += read_check(path)
    status = read_status(os.path.join(folder, "bazel.status"))
    if status and not any(c.verdict == "failed" for c in cases):
        cases.append(Case("bazel", "failed", f"ended with code {status}"))
    return cases


def main():
    cases = collect(sys.argv[1])
    count = collections.Counter(c.verdict for c in cases)
    print()
    for verdict in ("skipped", "failed"):
        for case in cases:
            if case.verdict == verdict:
                print(f"{verdict}: {case.name}: {case.reason}")
    line = f"{count['passed']} passed, {count['failed']} failed"
    if count["skipped"]:
        line += f", {count['skipped']} skipped"
    print(line)
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
