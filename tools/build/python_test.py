#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a unittest file and reports each case in Bazel's XML report.

Usage: python_test.py FILE
"""

import importlib.util
import os
import sys
import unittest
from xml.sax.saxutils import quoteattr


class Recorder(unittest.TextTestResult):
    """Keeps the verdict of each case, the good ones too."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.verdicts = []

    def _record(self, test, verdict, text=""):
        self.verdicts.append((test.id().rpartition("__test__.")[2], verdict, text))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._record(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._record(test, "failure", str(err[1]))

    def addError(self, test, err):
        super().addError(test, err)
        self._record(test, "error", str(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, "skipped", reason)


def write_xml(path, verdicts):
    bad = sum(v in ("failure", "error") for _, v, _ in verdicts)
    with open(path, "w", encoding="utf-8") as f:
        f.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        f.write(f'<testsuite name="python" tests="{len(verdicts)}" failures="{bad}">\n')
        for name, verdict, text in verdicts:
            f.write(f"<testcase name={quoteattr(name)}>")
            if verdict != "passed":
                f.write(f"<{verdict} message={quoteattr(text)}/>")
            f.write("</testcase>\n")
        f.write("</testsuite>\n</testsuites>\n")


def main():
    path = sys.argv[1]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("__test__", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["__test__"] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(resultclass=Recorder, verbosity=2).run(suite)
    if os.environ.get("XML_OUTPUT_FILE"):
        write_xml(os.environ["XML_OUTPUT_FILE"], result.verdicts)
    if not result.testsRun:
        print(f"{path} has no test", file=sys.stderr)
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
