#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of test_summary.py."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "test_summary.py")

GTEST = """<testsuites><testsuite name="A">
<testcase name="Adds" status="run" result="completed" classname="A" />
<testcase name="Wraps" status="run" result="completed" classname="A">
  <failure message="1 is not 2&#x0A;more" type=""/></testcase>
<testcase name="Later" status="run" result="skipped" classname="A">
  <skipped message="needs root"/></testcase>
<testcase name="Elsewhere" status="run" result="skipped" classname="A">
  <skipped message="a/a_test.cc:12&#x0A;one CPU"/></testcase>
<testcase name="Old" status="notrun" result="suppressed" classname="A" />
</testsuite></testsuites>"""

GOOD = '<testsuites><testsuite name="A"><testcase name="Adds" /></testsuite></testsuites>'


class TestSummaryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.events = []
        self.write("bazel.status", "0\n")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def configure(self, label):
        self.events.append(
            {"id": {"targetConfigured": {"label": label}}, "configured": {"testSize": "SMALL"}}
        )

    def result(self, label, status, xml=None):
        self.configure(label)
        outputs = []
        if xml is not None:
            path = self.write(f"{len(self.events)}.xml", xml)
            outputs.append({"name": "test.xml", "uri": "file://" + path})
        self.events.append(
            {
                "id": {"testResult": {"label": label}},
                "testResult": {"status": status, "testActionOutput": outputs},
            }
        )

    def summarize(self):
        self.write("events.json", "\n".join(json.dumps(e) for e in self.events))
        done = subprocess.run(
            [sys.executable, SUMMARY, self.folder], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout.strip().splitlines()

    def test_counts_cases_and_names_the_bad_ones(self):
        self.result("//a:a_test", "FAILED", GTEST)

        status, lines = self.summarize()

        self.assertEqual(lines[-1], "1 passed, 1 failed, 3 skipped")
        self.assertIn("failed: //a:a_test A.Wraps: 1 is not 2", lines)
        self.assertIn("skipped: //a:a_test A.Elsewhere: one CPU (a/a_test.cc:12)", lines)
        self.assertIn("skipped: //a:a_test A.Later: needs root", lines)
        self.assertEqual(status, 1)

    def test_ends_well_when_all_pass(self):
        self.result("//a:a_test", "PASSED", GOOD)

        self.assertEqual(self.summarize(), (0, ["1 passed, 0 failed"]))

    def test_test_without_a_report_counts_one(self):
        self.result("//a:a_test", "PASSED")

        self.assertEqual(self.summarize(), (0, ["1 passed, 0 failed"]))

    def test_bad_end_after_good_cases_is_a_failure(self):
        self.result("//a:a_test", "FAILED", GOOD)

        status, lines = self.summarize()

        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))

    def test_timeout_is_a_failure(self):
        self.result("//a:a_test", "TIMEOUT")

        status, lines = self.summarize()

        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed"))
        self.assertIn("TIMEOUT", lines[0])

    def test_test_that_was_not_built_is_a_failure(self):
        self.result("//a:a_test", "PASSED", GOOD)
        self.configure("//a:b_test")
        self.write("bazel.status", "1\n")

        status, lines = self.summarize()

        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("//a:b_test", lines[0])

    def test_test_for_another_platform_does_not_count(self):
        self.result("//a:a_test", "PASSED", GOOD)
        self.configure("//a:b_test")
        self.events.append(
            {"id": {"targetCompleted": {"label": "//a:b_test"}}, "aborted": {"reason": "SKIPPED"}}
        )

        self.assertEqual(self.summarize(), (0, ["1 passed, 0 failed"]))

    def test_failed_build_of_something_else_is_a_failure(self):
        self.result("//a:a_test", "PASSED", GOOD)
        self.write("bazel.status", "1\n")

        status, lines = self.summarize()

        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))

    def test_adds_the_cases_of_other_checks(self):
        self.result("//a:a_test", "PASSED", GOOD)
        self.write("x.sh.cases", "[TEST] OK X.A\nnoise\n[TEST] SKIP X.B no tool\n")
        self.write("x.sh.status", "0\n")

        self.assertEqual(
            self.summarize(),
            (0, ["skipped: X.B: no tool", "2 passed, 0 failed, 1 skipped"]),
        )

    def test_check_that_breaks_is_a_failure(self):
        self.result("//a:a_test", "PASSED", GOOD)
        self.write("x.sh.cases", "[TEST] OK X.A\n")
        self.write("x.sh.status", "3\n")
        self.write("y.sh.cases", "")
        self.write("y.sh.status", "0\n")

        status, lines = self.summarize()

        self.assertEqual((status, lines[-1]), (1, "2 passed, 2 failed"))

    def test_nothing_at_all_is_no_success(self):
        status, lines = self.summarize()

        self.assertEqual((status, lines[-1]), (1, "0 passed, 0 failed"))


if __name__ == "__main__":
    unittest.main()
